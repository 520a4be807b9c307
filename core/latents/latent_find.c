#include "latents/latent_find.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 8, TEXT_MAX = 256, FEW = 3 };
/* The range of scores within one quality: less than the step between two qualities. */
#define WITHIN 14.0
/* Added for the best latent of a concept that is typed whole: more than that. */
#define TELLS_BEST 15.0

const char *latent_found_by_name(enum latent_found_by by)
{
    static const char *const name[LATENT_FOUND_BY] = {
        [BY_NUMBER] = "number", [BY_LABEL] = "label", [BY_CONCEPT] = "concept",
        [BY_MATCH] = "match",   [BY_KIND] = "kind",   [BY_TOKEN] = "token"};
    return name[by];
}

/* The word asked for, and how well each token's text matches it. */
struct asked {
    char word[TEXT_MAX];
    bool loose;     /* fuzzy_loose where fuzzy_score finds nothing */
    uint8_t *token; /* [vocab] */
};

static int quality_of(const struct asked *a, const char *text, bool gaps,
                      char near[FUZZY_NEAR_MAX])
{
    const int quality = fuzzy_score(a->word, text, gaps);
    near[0] = '\0';
    return quality == FUZZY_NONE && a->loose ? fuzzy_loose(a->word, text, near)
                                             : quality;
}

static void ask_tokens(struct asked *a, const struct names *names)
{
    char near[FUZZY_NEAR_MAX];
    for (size_t i = 0; i < names->vocab; i++) {
        a->token[i] =
            (uint8_t)quality_of(a, names_token(names, (int32_t)i), false, near);
    }
}

/* The range of scores within a quality. */
static double within_of(int quality)
{
    return quality < FUZZY_GAPS ? quality / 2.0 : WITHIN;
}

/* Keeps the better of two answers; returns whether it is the new one. `within`: from 0
 * to 1, among texts of one quality. */
static bool offer(struct latent_found *best, enum latent_found_by by, int quality,
                  double within, const char *near)
{
    const double score = quality ? (double)quality + within_of(quality) * within : 0.0;
    const bool better = score > best->score;
    if (better) {
        best->score = score;
        best->by = by;
        best->quality = quality;
        snprintf(best->near, sizeof best->near, "%s", near);
        best->token = NULL;
        best->teller = NULL;
    }
    return better;
}

static void by_number(const char *word, int32_t latent, struct latent_found *best)
{
    char own[24];
    snprintf(own, sizeof own, "#%d", latent);
    if (!strcmp(word, own) || !strcmp(word, own + 1)) {
        (void)offer(best, BY_NUMBER, 2 * FUZZY_WHOLE, 0.0, "");
    }
}

/* Tokens of one quality count together; only those of the best quality count. */
static void by_token(const struct asked *a, const struct latent_scope *in,
                     struct latent_found *best)
{
    const struct latent_table *t = in->table;
    char near[FUZZY_NEAR_MAX] = "";
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
    if (top && top < FUZZY_GAPS) {
        (void)fuzzy_loose(a->word, names_token(in->names, first->token), near);
    }
    if (offer(best, BY_TOKEN, top, share < 1.0 ? share / 2.0 : 0.5, near)) {
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

/* Offers a label or a match. */
static void by_name(const struct asked *a, enum latent_found_by by, const char *shown,
                    double within, struct latent_found *best)
{
    char near[FUZZY_NEAR_MAX] = "";
    const int quality = is_as_shown(a->word, shown)
                            ? 2 * FUZZY_WHOLE
                            : quality_of(a, shown, by == BY_LABEL, near);
    (void)offer(best, by, quality, within, near);
}

/* Offers the concepts that a latent tells. */
static void by_concept(const struct asked *a, const struct names *names,
                       const struct latent_teller *teller, size_t n,
                       struct latent_found *best)
{
    for (size_t i = 0; i < n; i++) {
        char near[FUZZY_NEAR_MAX];
        const int quality =
            quality_of(a, names->concept_name[teller[i].concept], true, near);
        struct latent_found one = {.latent = best->latent};
        (void)offer(&one, BY_CONCEPT, quality, (double)teller[i].f1, near);
        one.score += teller[i].best && quality == FUZZY_WHOLE ? TELLS_BEST : 0.0;
        one.teller = &teller[i];
        *best = one.score > best->score ? one : *best;
    }
}

/* Offers a kind: only by its whole name, or loosely. */
static void by_kind(const struct asked *a, const char *kind, struct latent_found *best)
{
    char near[FUZZY_NEAR_MAX];
    const int quality = quality_of(a, kind, false, near);
    if (quality == FUZZY_WHOLE || near[0]) {
        (void)offer(best, BY_KIND, quality, 0.0, near);
    }
}

/* The evaluation's word on a latent: tellers of this one. */
struct told {
    const struct latent_teller *teller;
    size_t n;
};

static void ask(const struct asked *a, const struct latent_scope *in, struct told told,
                struct latent_found *best)
{
    const struct latent_row *row = &in->table->row[best->latent];
    char match[TEXT_MAX];
    by_number(a->word, best->latent, best);
    by_name(a, BY_LABEL, latent_labels_of(in->labels, best->latent), 1.0, best);
    by_concept(a, in->names, told.teller, told.n, best);
    names_match(in->names, row, match, sizeof match);
    by_name(a, BY_MATCH, match, (double)row->f1, best);
    by_kind(a, latent_kind_name(row->kind), best);
    by_token(a, in, best);
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
            found[i].score += within_of(found[i].quality) / 2.0 * found[i].sum / most;
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
                            const char *text, size_t len, bool loose, struct errinfo *e)
{
    snprintf(a->word, sizeof a->word, "%.*s",
             (int)(len < TEXT_MAX ? len : TEXT_MAX - 1), text);
    a->loose = loose;
    TRY(mem_new(&a->token, names->vocab, 1, "what is looked for", e));
    ask_tokens(a, names);
    return OK;
}

static enum err query_init(struct query *q, const struct names *names, const char *text,
                           bool loose, struct errinfo *e)
{
    memset(q, 0, sizeof *q);
    text += strspn(text, " ");
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    TRY(begin_asked(&q->whole, names, text, len, loose, e));
    for (size_t at = 0; at < len && q->n < WORDS_MAX && memchr(text, ' ', len);) {
        const size_t n = strcspn(text + at, " ");
        TRY(begin_asked(&q->word[q->n++], names, text + at, n, loose, e));
        at += n + strspn(text + at + n, " ");
    }
    return OK;
}

/* An answer to several words is as good as the mean of them, unless one is loose. */
static double mean_of(const struct latent_found *worst, double sum, size_t n)
{
    return worst->score < FUZZY_GAPS ? worst->score : sum / (double)n;
}

static struct latent_found answer(const struct query *q, const struct latent_scope *in,
                                  struct told told, int32_t latent)
{
    struct latent_found best = {.latent = latent};
    struct latent_found first = {.latent = latent}, worst = {.latent = latent};
    double sum = 0.0;
    ask(&q->whole, in, told, &best);
    for (size_t i = 0; i < q->n; i++) {
        struct latent_found one = {.latent = latent};
        ask(&q->word[i], in, told, &one);
        if (!(one.score > 0.0)) {
            return best;
        }
        first = i == 0 || one.score > first.score ? one : first;
        worst = i == 0 || one.score < worst.score ? one : worst;
        sum += one.score;
    }
    struct latent_found words = worst.score < FUZZY_GAPS ? worst : first;
    words.score = q->n ? mean_of(&worst, sum, q->n) : 0.0;
    return words.score > best.score ? words : best;
}

/* Adds the latents that answer, best first, to the `count` ones of `found`, which are
 * not asked again: `has` [F] says which those are. */
static enum err look(const struct latent_scope *in, const char *text, bool loose,
                     bool *has, struct latent_found *found, size_t *count,
                     struct errinfo *e)
{
    struct query q;
    const size_t before = *count;
    size_t at = 0;
    const enum err rc = query_init(&q, in->names, text, loose, e);
    for (size_t j = 0; rc == OK && j < in->table->F; j++) {
        const size_t from = at;
        while (at < in->n_tellers && (size_t)in->teller[at].latent <= j) {
            at++;
        }
        if (has[j]) {
            continue;
        }
        const struct told told = {in->teller ? in->teller + from : NULL, at - from};
        const struct latent_found one = answer(&q, in, told, (int32_t)j);
        if (one.score > 0.0) {
            has[j] = true;
            found[(*count)++] = one;
        }
    }
    if (*count > before) {
        add_sums(found + before, *count - before);
        qsort(found + before, *count - before, sizeof *found, by_score);
    }
    query_deinit(&q);
    return rc;
}

enum err latent_find(const struct latent_scope *in, const char *text, size_t most,
                     struct latent_found *out, size_t *n, size_t *all,
                     struct errinfo *e)
{
    struct latent_found *found = NULL;
    bool *has = NULL;
    size_t count = 0;
    enum err rc = OK;
    *n = 0;
    TRY_OUT(rc, mem_new(&found, in->table->F, sizeof *found, "what was found", e));
    TRY_OUT(rc, mem_new(&has, in->table->F, sizeof *has, "what was found", e));
    TRY_OUT(rc, look(in, text, false, has, found, &count, e));
    if (count < FEW) {
        TRY_OUT(rc, look(in, text, true, has, found, &count, e));
    }
    *n = count < most ? count : most;
    memcpy(out, found, *n * sizeof *out);
    if (all) {
        *all = count;
    }
out:
    mem_free(found);
    mem_free(has);
    return rc;
}
