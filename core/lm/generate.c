#include "lm/generate.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Tokens of a prompt fed at a time. */
#define FEED ((size_t)256)
/* Most positions kept in the cache: a longer text loses its older half. */
#define ROOM_MAX ((size_t)8192)

struct generator {
    const struct lm *m;
    struct generate_config cfg;
    const struct lm_edit *edit;
    size_t edits;
    struct lm_ws *ws;
    struct lm_cache *cache;
    struct tok_ids ids; /* the row */
    size_t head;        /* tokens of it that stay when older ones are forgotten */
    size_t dropped;     /* ... that were */
    size_t room;        /* positions that the cache has */
    float *resid;       /* [FEED, D] of the last pass */
    float *logits;      /* [V] */
    float *left;        /* [V] of those that may be drawn */
    float *sorted;      /* [V] scratch */
    struct rng rng;
};

static int32_t argmax(const float *x, size_t n)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]) && (best == n || x[i] > x[best])) {
            best = i;
        }
    }
    return best == n ? -1 : (int32_t)best;
}

/* The k-th largest of x[n]; x is permuted. Quickselect with the middle as pivot. */
static float kth_largest(float *x, size_t n, size_t k)
{
    size_t lo = 0, hi = n - 1;
    const size_t want = k - 1;
    while (lo < hi) {
        const float pivot = x[lo + (hi - lo) / 2];
        size_t i = lo, j = hi;
        for (;;) {
            while (x[i] > pivot) {
                i++;
            }
            while (x[j] < pivot) {
                j--;
            }
            if (i >= j) {
                break;
            }
            const float t = x[i];
            x[i++] = x[j];
            x[j--] = t;
        }
        /* x[lo..j] >= pivot >= x[j+1..hi] */
        if (want <= j) {
            hi = j;
        } else {
            lo = j + 1;
        }
    }
    return x[want];
}

static int descending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* The least logit of the likeliest tokens, among those of at least `least`, that
 * together have a share top_p of the probability. */
static float nucleus(const struct generator *g, size_t V, float least, double top)
{
    double total = 0, sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < V; i++) {
        if (isfinite(g->left[i]) && g->left[i] >= least) {
            g->sorted[n++] = g->left[i];
        }
    }
    qsort(g->sorted, n, sizeof *g->sorted, descending);
    for (size_t i = 0; i < n; i++) {
        total += exp(((double)g->sorted[i] - top) / g->cfg.temperature);
    }
    for (size_t i = 0; i < n; i++) {
        sum += exp(((double)g->sorted[i] - top) / g->cfg.temperature);
        if (sum >= g->cfg.top_p * total) {
            return g->sorted[i];
        }
    }
    return least;
}

/* Draws from softmax(logits / temperature) over the ids that may be drawn; -1 if there
 * are none. */
static int32_t draw(struct generator *g)
{
    const struct tok *tok = g->m->tok;
    const size_t ids = tok_vocab(tok), rows = g->m->cfg.vocab;
    const size_t V = ids < rows ? ids : rows;
    const int32_t eos = tok_eos(tok);
    for (size_t i = 0; i < V; i++) {
        const int32_t id = (int32_t)i;
        size_t len = 0;
        const bool hole = !tok_piece_view(tok, id, &len);
        const bool never = hole || (tok_is_special(tok, id) && id != eos);
        g->left[i] = never || !isfinite(g->logits[i]) ? -INFINITY : g->logits[i];
    }
    const int32_t best = argmax(g->left, V);
    if (best < 0 || g->cfg.temperature <= 0) {
        return best;
    }
    const double top = (double)g->left[best];
    float least = -INFINITY;
    if (g->cfg.top_k > 0 && g->cfg.top_k < V) {
        memcpy(g->sorted, g->left, V * sizeof *g->sorted);
        least = kth_largest(g->sorted, V, g->cfg.top_k);
    }
    if (g->cfg.top_p > 0 && g->cfg.top_p < 1) {
        least = nucleus(g, V, least, top);
    }
    double total = 0;
    for (int pass = 0; pass < 2; pass++) {
        const double stop = pass == 0 ? (double)INFINITY : rng_unit(&g->rng) * total;
        double sum = 0;
        for (size_t i = 0; i < V; i++) {
            if (!isfinite(g->left[i]) || g->left[i] < least) {
                continue;
            }
            sum += exp(((double)g->left[i] - top) / g->cfg.temperature);
            if (sum > stop) {
                return (int32_t)i;
            }
        }
        total = sum;
    }
    return best; /* rounding at the very end of the sum */
}

/* If the cache is full, keeps the start of the row and the newer half of the text,
 * which are then read again. */
static void slide(struct generator *g)
{
    if (g->ids.n < g->room) {
        return;
    }
    const size_t half = g->room / 2, keep = half + g->head > 0 ? half : 1;
    const size_t head = g->head <= g->room - keep ? g->head : 0;
    const size_t drop = g->ids.n - keep - head;
    memmove(g->ids.p + head, g->ids.p + head + drop, keep * sizeof *g->ids.p);
    g->ids.n -= drop;
    g->dropped += drop;
    lm_cache_cut(g->cache, 0);
}

bool generator_run(struct generator *g)
{
    if (lm_cache_len(g->cache) == g->ids.n) {
        return true;
    }
    slide(g);
    const size_t at = lm_cache_len(g->cache), left = g->ids.n - at;
    const size_t n = left < FEED ? left : FEED;
    const struct lm_pass p = {.ids = g->ids.p + at,
                              .B = 1,
                              .T = n,
                              .cache = g->cache,
                              .edit = g->edit,
                              .edits = g->edits};
    lm_run(g->m, g->ws, &p, g->resid);
    if (n < left) {
        return false;
    }
    lm_logits(g->m, g->resid + (n - 1) * g->m->cfg.d_model, g->logits);
    return true;
}

const float *generator_logits(const struct generator *g)
{
    return g->logits;
}

enum err generator_draw(struct generator *g, int32_t *id, struct errinfo *e)
{
    *id = draw(g);
    if (*id < 0) {
        return err_set(e, ERR_NUMERIC, "%s: the model's logits are not numbers",
                       g->m->dir ? g->m->dir : "model");
    }
    return OK;
}

enum err generator_add(struct generator *g, int32_t id, struct errinfo *e)
{
    return tok_ids_add(&g->ids, id, e);
}

size_t generator_dropped(const struct generator *g)
{
    return g->dropped;
}

size_t generator_head(const struct generator *g)
{
    return g->head;
}

void generator_free(struct generator *g)
{
    if (!g) {
        return;
    }
    tok_ids_free(&g->ids);
    mem_free(g->left);
    mem_free(g->sorted);
    mem_free(g->logits);
    mem_free(g->resid);
    lm_cache_free(g->cache);
    lm_ws_free(g->ws);
    mem_free(g);
}

/* Counts the tokens of `start` that every row begins with. */
static enum err find_head(const struct lm *m, const struct tok_ids *start, size_t *out,
                          struct errinfo *e)
{
    struct tok_ids front = {0};
    const enum err rc = lm_begin_row(m, &front, e);
    size_t n = 0;
    while (n < front.n && n < start->n && front.p[n] == start->p[n]) {
        n++;
    }
    tok_ids_free(&front);
    *out = n;
    return rc;
}

enum err generator_new(const struct lm *m, const struct tok_ids *start,
                       const struct generate_config *cfg, const struct lm_edit *edit,
                       size_t edits, struct generator **out, struct errinfo *e)
{
    const size_t D = m->cfg.d_model, V = m->cfg.vocab;
    struct generator *g = NULL;
    enum err rc = OK;
    TRY(mem_new(&g, 1, sizeof *g, "a text", e));
    g->m = m;
    g->cfg = *cfg;
    g->edit = edit;
    g->edits = edits;
    g->rng = rng_begin(cfg->seed, RNG_SAMPLE, 0);
    TRY_OUT(rc, find_head(m, start, &g->head, e));
    TRY_OUT(rc, tok_ids_addn(&g->ids, start->p, start->n, e));
    const size_t all =
        cfg->max_tokens < ROOM_MAX ? start->n + cfg->max_tokens : ROOM_MAX;
    g->room = all < ROOM_MAX ? all : ROOM_MAX;
    g->room = g->room < m->cfg.n_ctx ? g->room : m->cfg.n_ctx;
    const size_t T = g->room < FEED ? g->room : FEED;
    TRY_OUT(rc, lm_ws_new(m, LM_WHOLE, T, &g->ws, e));
    TRY_OUT(rc, lm_cache_new(m, g->room, &g->cache, e));
    TRY_OUT(rc, mem_new(&g->resid, T, D * sizeof *g->resid, "residual stream", e));
    TRY_OUT(rc, mem_new(&g->logits, V, sizeof *g->logits, "logits", e));
    TRY_OUT(rc, mem_new(&g->left, V, sizeof *g->left, "logits", e));
    TRY_OUT(rc, mem_new(&g->sorted, V, sizeof *g->sorted, "logits", e));
    *out = g;
    return OK;
out:
    generator_free(g);
    return rc;
}

/* ---- a text ---- */

enum err lm_begin_row(const struct lm *m, struct tok_ids *ids, struct errinfo *e)
{
    const struct tok_ids *front = tok_front(m->tok);
    const int32_t bos = tok_bos(m->tok);
    const int32_t lead = bos >= 0 ? bos : tok_eos(m->tok);
    if (lead >= 0 && !(front->n > 0 && front->p[0] == lead)) {
        TRY(tok_ids_add(ids, lead, e));
    }
    return tok_ids_addn(ids, front->p, front->n, e);
}

static enum err begin_text(const struct lm *m, const char *prompt, struct tok_ids *ids,
                           struct errinfo *e)
{
    const int32_t eos = tok_eos(m->tok);
    TRY(lm_begin_row(m, ids, e));
    if (!prompt[0] && eos >= 0 && !(ids->n > 0 && ids->p[0] == eos)) {
        TRY(tok_ids_add(ids, eos, e));
    }
    TRY(tok_encode(m->tok, prompt, strlen(prompt), ids, e));
    if (ids->n == 0) {
        return err_set(e, ERR_USAGE,
                       "prompt: found nothing, expected text (the tokenizer has no "
                       "token to begin with)");
    }
    return OK;
}

static enum err continue_text(struct generator *g, struct str *out, struct errinfo *e)
{
    for (size_t i = 0; i < g->cfg.max_tokens; i++) {
        int32_t id = -1;
        while (!generator_run(g)) {
        }
        TRY(generator_draw(g, &id, e));
        if (id == tok_eos(g->m->tok)) {
            break;
        }
        tok_piece(g->m->tok, id, out);
        TRY(generator_add(g, id, e));
    }
    return str_err(out, "the generated text", e);
}

enum err lm_generate(const struct lm *m, const char *prompt,
                     const struct generate_config *cfg, struct str *out,
                     struct errinfo *e)
{
    struct generator *g = NULL;
    struct tok_ids ids = {0};
    enum err rc = OK;
    TRY_OUT(rc, begin_text(m, prompt, &ids, e));
    TRY_OUT(rc, generator_new(m, &ids, cfg, NULL, 0, &g, e));
    rc = continue_text(g, out, e);
out:
    generator_free(g);
    tok_ids_free(&ids);
    return rc;
}
