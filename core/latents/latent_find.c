#include "latents/latent_find.h"

#include "base/fuzzy.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8, TEXT_MAX = 256 };
/* The range of scores within one quality: less than the step between two qualities. */
#define WITHIN 14.0

const char *latent_found_by_name(enum latent_found_by by)
{
    static const char *const name[LATENT_FOUND_BY] = {[BY_NUMBER] = "number",
                                                      [BY_LABEL] = "label",
                                                      [BY_MATCH] = "match",
                                                      [BY_KIND] = "kind",
                                                      [BY_TOKEN] = "token"};
    return name[by];
}

/* The word asked for, and how well each token's text matches it. */
struct asked {
    char word[TEXT_MAX];
    uint8_t *token; /* [vocab] */
};

static void ask_tokens(struct asked *a, const struct names *names)
{
    for (size_t i = 0; i < names->vocab; i++) {
        a->token[i] =
            (uint8_t)fuzzy_score(a->word, names_token(names, (int32_t)i), false);
    }
}

/* Keeps the better of two answers. `within`: from 0 to 1, among texts of one
 * quality. */
static void offer(struct latent_found *best, enum latent_found_by by, int quality,
                  double within)
{
    const double score = quality ? (double)quality + WITHIN * within : 0.0;
    if (score > best->score) {
        best->score = score;
        best->by = by;
        best->token = NULL;
    }
}

static void by_number(const char *word, int32_t latent, struct latent_found *best)
{
    char own[24];
    snprintf(own, sizeof own, "#%d", latent);
    if (!strcmp(word, own) || !strcmp(word, own + 1)) {
        offer(best, BY_NUMBER, 2 * FUZZY_WHOLE, 0.0);
    }
}

/* Tokens of one quality count together; only those of the best quality count. */
static void by_token(const struct asked *a, const struct latent_table *t,
                     struct latent_found *best)
{
    const struct latent_row *row = &t->row[best->latent];
    const double all = (double)row->mean * (double)row->fires;
    size_t n = 0;
    const struct latent_token *token = latent_tokens(t, best->latent, &n);
    const struct latent_token *first = NULL;
    double sum = 0.0;
    uint8_t top = FUZZY_NONE;
    for (size_t i = 0; i < n; i++) {
        const uint8_t quality = a->token[token[i].token];
        if (quality > top) {
            top = quality;
            first = &token[i];
            sum = 0.0;
        }
        sum += top > FUZZY_NONE && quality == top ? (double)token[i].sum : 0.0;
    }
    const double share = all > 0.0 ? sum / all : 0.0;
    const double before = best->score;
    offer(best, BY_TOKEN, top, share < 1.0 ? share / 2.0 : 0.5);
    if (best->score > before) {
        best->token = first;
        best->sum = sum;
        best->share = share < 1.0 ? share : 1.0;
    }
}

/* Whether a text of several words is a label or match as lists show it, "after
 * 'animal'", with or without its quotes: then no single word of it is a better
 * answer. */
static bool is_as_shown(const char *text, const char *shown)
{
    if (!strchr(text, ' ')) {
        return false;
    }
    for (;;) {
        text += strspn(text, "'");
        shown += strspn(shown, "'");
        if (*text != *shown || *text == '\0') {
            return *text == *shown;
        }
        text++;
        shown++;
    }
}

static int quality_of(const char *text, const char *shown, bool gaps)
{
    return is_as_shown(text, shown) ? 2 * FUZZY_WHOLE : fuzzy_score(text, shown, gaps);
}

static void ask(const struct asked *a, const struct latent_table *t,
                const struct names *names, const struct latent_labels *labels,
                struct latent_found *best)
{
    const struct latent_row *row = &t->row[best->latent];
    const char *label = latent_labels_of(labels, best->latent);
    char match[TEXT_MAX];
    by_number(a->word, best->latent, best);
    offer(best, BY_LABEL, quality_of(a->word, label, true), 1.0);
    names_match(names, row, match, sizeof match);
    offer(best, BY_MATCH, quality_of(a->word, match, false), (double)row->f1);
    if (fuzzy_score(a->word, latent_kind_name(row->kind), false) == FUZZY_WHOLE) {
        offer(best, BY_KIND, FUZZY_WHOLE, 0.0);
    }
    by_token(a, t, best);
}

/* Adds a score for firing most on what was asked for. */
static void add_sums(struct latent_found *found, size_t n)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++) {
        most = found[i].token && found[i].sum > most ? found[i].sum : most;
    }
    for (size_t i = 0; i < n; i++) {
        if (found[i].token) {
            found[i].score += WITHIN / 2.0 * found[i].sum / most;
        }
    }
}

static int by_score(const void *x, const void *y)
{
    const struct latent_found *a = x, *b = y;
    if (a->score > b->score || a->score < b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return (a->latent > b->latent) - (a->latent < b->latent);
}

/* The whole text, and if it has several words each of them. */
struct query {
    struct asked whole, word[WORDS_MAX];
    size_t n; /* words; 0: the whole is one */
};

static void query_deinit(struct query *q)
{
    mem_free(q->whole.token);
    for (size_t i = 0; i < WORDS_MAX; i++) {
        mem_free(q->word[i].token);
    }
}

static enum err begin_asked(struct asked *a, const struct names *names,
                            const char *text, size_t len, struct errinfo *e)
{
    snprintf(a->word, sizeof a->word, "%.*s",
             (int)(len < TEXT_MAX ? len : TEXT_MAX - 1), text);
    TRY(mem_new(&a->token, names->vocab, 1, "what is looked for", e));
    ask_tokens(a, names);
    return OK;
}

static enum err query_init(struct query *q, const struct names *names, const char *text,
                           struct errinfo *e)
{
    memset(q, 0, sizeof *q);
    text += strspn(text, " ");
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    TRY(begin_asked(&q->whole, names, text, len, e));
    for (size_t at = 0; at < len && q->n < WORDS_MAX && memchr(text, ' ', len);) {
        const size_t n = strcspn(text + at, " ");
        TRY(begin_asked(&q->word[q->n++], names, text + at, n, e));
        at += n + strspn(text + at + n, " ");
    }
    return OK;
}

static struct latent_found answer(const struct query *q, const struct latent_table *t,
                                  const struct names *names,
                                  const struct latent_labels *labels, int32_t latent)
{
    struct latent_found best = {.latent = latent};
    struct latent_found words = {.latent = latent};
    double sum = 0.0;
    ask(&q->whole, t, names, labels, &best);
    for (size_t i = 0; i < q->n; i++) {
        struct latent_found one = {.latent = latent};
        ask(&q->word[i], t, names, labels, &one);
        if (!(one.score > 0.0)) {
            return best;
        }
        words = i == 0 || one.score > words.score ? one : words;
        sum += one.score;
    }
    words.score = q->n ? sum / (double)q->n : 0.0;
    return words.score > best.score ? words : best;
}

enum err latent_find(const struct latent_table *t, const struct names *names,
                     const struct latent_labels *labels, const char *text, size_t most,
                     struct latent_found *out, size_t *n, size_t *all,
                     struct errinfo *e)
{
    struct query q;
    struct latent_found *found = NULL;
    size_t count = 0;
    enum err rc = query_init(&q, names, text, e);
    *n = 0;
    if (rc == OK) {
        rc = mem_new(&found, t->F, sizeof *found, "what was found", e);
    }
    for (size_t j = 0; rc == OK && j < t->F; j++) {
        const struct latent_found one = answer(&q, t, names, labels, (int32_t)j);
        if (one.score > 0.0) {
            found[count++] = one;
        }
    }
    if (count > 0) {
        add_sums(found, count);
        qsort(found, count, sizeof *found, by_score);
        *n = count < most ? count : most;
        memcpy(out, found, *n * sizeof *out);
    }
    if (all) {
        *all = count;
    }
    mem_free(found);
    query_deinit(&q);
    return rc;
}
