#include "eval/letters.h"

#include "base/mem.h"
#include "base/rng.h"
#include "eval/evaluate.h"

#include <stdio.h>
#include <string.h>

#define CHUNK_ROWS 64

/* ---- the prompt ---- */

static const char tail_text[] = " has the first letter:";

/* Whether exactly these tokens stand for the text, byte for byte. */
static enum err encodes_to(const struct tok *tok, const char *text, size_t n,
                           int32_t *ids, bool *yes, struct errinfo *e)
{
    struct tok_ids got = {0};
    struct str back;
    str_init(&back, 4096);
    const enum err rc = tok_encode(tok, text, strlen(text), &got, e);
    *yes = *yes && rc == OK && got.n == n;
    if (*yes) {
        memcpy(ids, got.p, n * sizeof *ids);
        tok_decode(tok, ids, n, &back);
        *yes = strcmp(back.p, text) == 0;
    }
    str_free(&back);
    tok_ids_free(&got);
    return rc;
}

enum err letter_prompt_init(struct letter_prompt *p, const struct tok *tok,
                            size_t n_ctx, bool *allowed, struct errinfo *e)
{
    bool yes = true;
    *p = (struct letter_prompt){.bos = tok_bos(tok)};
    TRY(encodes_to(tok, "\n", 1, &p->newline, &yes, e));
    TRY(encodes_to(tok, tail_text, LETTER_TAIL, p->tail, &yes, e));
    for (size_t i = 0; i < 26; i++) {
        const char text[3] = {' ', (char)('A' + (int)i), '\0'};
        TRY(encodes_to(tok, text, 1, &p->answer[i], &yes, e));
    }
    p->length = (p->bos >= 0 ? 1 : 0) + LETTER_EXAMPLES * (1 + 1 + LETTER_TAIL + 1) +
                1 + 1 + LETTER_TAIL;
    *allowed = yes && p->length <= n_ctx;
    return OK;
}

/* 0..25, for a token that is a word. */
static size_t letter_of(const struct tok *tok, int32_t word)
{
    size_t len = 0;
    const char *piece = tok_piece_view(tok, word, &len);
    const char first = len > 1 && piece[0] == ' ' ? piece[1] : piece[0];
    return (size_t)((first | 0x20) - 'a');
}

static size_t put_question(const struct letter_prompt *p, int32_t word, int32_t *ids)
{
    ids[0] = p->newline;
    ids[1] = word;
    memcpy(ids + 2, p->tail, sizeof p->tail);
    return 2 + LETTER_TAIL;
}

void letter_prompt_fill(const struct letter_prompt *p, const struct tok *tok,
                        const int32_t *words, size_t n, size_t i, uint64_t seed,
                        int32_t *ids)
{
    struct rng r = rng_begin(seed, RNG_PROBE, (uint64_t)(uint32_t)words[i]);
    size_t used[LETTER_EXAMPLES], at = 0;
    if (p->bos >= 0) {
        ids[at++] = p->bos;
    }
    for (size_t k = 0; k < LETTER_EXAMPLES; k++) {
        bool again = true;
        while (again) { /* n is above LETTER_EXAMPLES */
            used[k] = (size_t)rng_below(&r, n);
            again = used[k] == i;
            for (size_t j = 0; j < k; j++) {
                again = again || used[j] == used[k];
            }
        }
        at += put_question(p, words[used[k]], ids + at);
        ids[at++] = p->answer[letter_of(tok, words[used[k]])];
    }
    (void)put_question(p, words[i], ids + at);
}

/* ---- the words ---- */

struct word_list {
    size_t n;
    int32_t *id;
};

/* Draws at most LETTER_WORDS tokens for each letter, by a reservoir, so that all are
 * equally likely. */
static enum err choose_words(const struct concepts *c, const struct tok *tok,
                             uint64_t seed, struct word_list *w, struct errinfo *e)
{
    size_t seen[26] = {0};
    int32_t *kept = NULL; /* [26, LETTER_WORDS] */
    TRY(mem_new(&kept, 26, LETTER_WORDS * sizeof *kept, "letters", e));
    for (size_t t = 0; t < c->vocab; t++) {
        size_t labels = 0;
        (void)concepts_probed(c, (int32_t)t, &labels);
        if (labels == 0 || tok_is_special(tok, (int32_t)t)) {
            continue;
        }
        const size_t a = letter_of(tok, (int32_t)t);
        struct rng r = rng_begin(seed, RNG_SAMPLE, (uint64_t)t);
        const size_t at =
            seen[a] < LETTER_WORDS ? seen[a] : (size_t)rng_below(&r, seen[a] + 1);
        seen[a]++;
        if (at < LETTER_WORDS) {
            kept[a * LETTER_WORDS + at] = (int32_t)t;
        }
    }
    enum err rc = mem_new(&w->id, 26, LETTER_WORDS * sizeof *w->id, "letters", e);
    for (size_t a = 0; a < 26 && rc == OK; a++) {
        const size_t n = seen[a] < LETTER_WORDS ? seen[a] : LETTER_WORDS;
        memcpy(w->id + w->n, kept + a * LETTER_WORDS, n * sizeof *kept);
        w->n += n;
    }
    mem_free(kept);
    return rc;
}

/* ---- activations ---- */

/* Makes rows to draw a concept sample from: each word as a row of one token. */
static enum err rows_new(size_t n, size_t D, const int32_t *words,
                         struct acts_set **out, struct errinfo *e)
{
    struct acts_set *a = NULL;
    TRY(mem_new(&a, 1, sizeof *a, "letters", e));
    a->rows = n;
    a->T = 1;
    a->D = D;
    a->n = n;
    enum err rc = mem_new(&a->ids, n, sizeof *a->ids, "letters", e);
    rc = rc == OK ? mem_new(&a->special, n, sizeof *a->special, "letters", e) : rc;
    rc = rc == OK ? mem_new(&a->x, n, D * sizeof *a->x, "letters", e) : rc;
    if (rc != OK) {
        acts_set_free(a);
        return rc;
    }
    memcpy(a->ids, words, n * sizeof *words);
    *out = a;
    return OK;
}

struct asker {
    const struct letter_prompt *p;
    const struct tok *tok;
    const struct word_list *w;
    uint64_t seed;
    struct harvester *h;
    int32_t *ids; /* [CHUNK_ROWS, length] */
    float *x;     /* [CHUNK_ROWS * length, D] */
};

static void ask_rows(const struct asker *k, size_t first, size_t n, struct acts_set *a)
{
    const size_t T = k->p->length, D = a->D;
    const size_t at = T - (LETTER_TAIL + 1);
    for (size_t i = 0; i < n; i++) {
        letter_prompt_fill(k->p, k->tok, k->w->id, k->w->n, first + i, k->seed,
                           k->ids + i * T);
    }
    harvest_rows(k->h, k->ids, n, k->x);
    for (size_t i = 0; i < n; i++) {
        memcpy(a->x + (first + i) * D, k->x + (i * T + at) * D, D * sizeof *a->x);
    }
}

static enum err ask_all(struct asker *k, const struct lm *lm, struct lm_hook hook,
                        struct pool *pool, const atomic_bool *cancel,
                        struct acts_set *a, struct errinfo *e)
{
    const size_t T = k->p->length;
    enum err rc = OK;
    TRY_OUT(rc, harvester_new(lm, hook, T, pool, &k->h, e));
    TRY_OUT(rc, mem_new(&k->ids, CHUNK_ROWS, T * sizeof *k->ids, "prompts", e));
    TRY_OUT(rc, mem_new(&k->x, CHUNK_ROWS * T, a->D * sizeof *k->x, "prompts", e));
    for (size_t first = 0; first < a->n; first += CHUNK_ROWS) {
        const size_t left = a->n - first;
        TRY_OUT(rc, eval_poll(cancel, e));
        ask_rows(k, first, left < CHUNK_ROWS ? left : CHUNK_ROWS, a);
    }
out:
    harvester_free(k->h);
    mem_free(k->ids);
    mem_free(k->x);
    return rc;
}

/* ---- the task ---- */

static enum err build(struct letter_task *t, const struct eval_config *cfg,
                      const struct letter_prompt *p, const struct word_list *w,
                      const struct lm *lm, struct lm_hook hook, struct pool *pool,
                      const atomic_bool *cancel, struct errinfo *e)
{
    struct eval_config c = *cfg;
    struct acts_set *a = NULL;
    struct asker k = {.p = p, .tok = lm->tok, .w = w, .seed = cfg->seed};
    c.fidelity_rows = 1;
    c.min_positives = LETTER_LEAST;
    c.word_least = 1; /* a word is asked for once */
    TRY(rows_new(w->n, lm_hook_width(&lm->cfg, hook), w->id, &a, e));
    const enum err rc = ask_all(&k, lm, hook, pool, cancel, a, e);
    if (rc != OK) {
        acts_set_free(a);
        return rc;
    }
    TRY(eval_set_build(&c, a, NULL, t->concepts, NULL, pool, cancel, &t->set, e));
    return eval_saebench_bank(t->set, pool, cancel, &t->saebench, e);
}

enum err letter_task_new(const struct eval_config *cfg, const struct lm *lm,
                         struct lm_hook hook, struct pool *pool,
                         const atomic_bool *cancel, struct letter_task **out, char *why,
                         struct errinfo *e)
{
    struct letter_prompt p;
    struct letter_task *t = NULL;
    struct word_list w = {0};
    bool allowed = false;
    enum err rc = OK;
    *out = NULL;
    why[0] = '\0';
    TRY(letter_prompt_init(&p, lm->tok, lm->cfg.n_ctx, &allowed, e));
    if (!allowed) {
        (void)snprintf(
            why, LETTER_WHY,
            "the tokenizer has no single tokens for the words of the prompt, "
            "or the context is below its %zu tokens",
            p.length);
        return OK;
    }
    TRY_OUT(rc, mem_new(&t, 1, sizeof *t, "letters", e));
    TRY_OUT(rc, concepts_load(NULL, lm->tok, &t->concepts, e));
    TRY_OUT(rc, choose_words(t->concepts, lm->tok, cfg->seed, &w, e));
    if (w.n <= LETTER_EXAMPLES) {
        (void)snprintf(why, LETTER_WHY, "the vocabulary has %zu words", w.n);
        goto out;
    }
    TRY_OUT(rc, build(t, cfg, &p, &w, lm, hook, pool, cancel, e));
    if (t->set->bank.n_units < cfg->min_letters) {
        (void)snprintf(why, LETTER_WHY,
                       "in a prompt probes tell %zu of %zu letters, expected %zu",
                       t->set->bank.n_units, t->set->bank.C, cfg->min_letters);
        goto out;
    }
    *out = t;
    t = NULL;
out:
    mem_free(w.id);
    letter_task_free(t);
    return rc;
}

void letter_task_free(struct letter_task *t)
{
    if (t == NULL) {
        return;
    }
    probe_bank_deinit(&t->saebench);
    eval_set_free(t->set);
    concepts_free(t->concepts);
    mem_free(t);
}
