#include "ui/word_match.h"

#include "ui/filter.h"

#include <string.h>

void match_begin(struct word_match *m, const char *typed, enum match_by by)
{
    *m = (struct word_match){.by = by, .rank = MATCH_EVERY_RANK};
    words_begin(&m->words, typed);
}

static bool has_phrase(const struct word_match *m, const char *const *text, size_t n)
{
    bool is = false;
    for (size_t i = 0; i < n && !is; i++) {
        is = text[i] && filter_text_in(text[i], m->words.typed);
    }
    return is;
}

static bool is_near(struct word_match *m, const char *const *text, size_t n)
{
    char near[FUZZY_NEAR_MAX];
    const bool is = words_near(&m->words, text, n, near);
    if (is && !m->near[0]) {
        memcpy(m->near, near, sizeof near);
    }
    return is;
}

bool match_answers(struct word_match *m, const char *const *text, size_t n)
{
    return m->by == MATCH_PHRASE  ? has_phrase(m, text, n)
           : m->by == MATCH_WORDS ? words_answer(&m->words, text, n)
                                  : is_near(m, text, n);
}

bool match_wants(struct word_match *m, const char *const *name, size_t n_names,
                 const char *const *text, size_t n)
{
    return match_answers(m, text, n) &&
           (m->rank == MATCH_EVERY_RANK ||
            (int)words_rank(&m->words, name, n_names, text, n) == m->rank);
}
