#include "lm/generate.h"

#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <string.h>

/* Tokens of a prompt that are fed at a time. */
#define FEED ((size_t)256)
/* Positions kept in the cache, at most: what a text of this length leaves behind. */
#define ROOM_MAX ((size_t)8192)

struct sampler {
    const struct lm *m;
    const struct generate_config *cfg;
    struct lm_ws *ws;
    struct lm_cache *cache;
    size_t room;   /* positions that the cache has */
    float *resid;  /* [FEED, D] */
    float *logits; /* [V] */
    float *sorted; /* [V] scratch of the top-k threshold */
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

/* Draw from softmax(logits / temperature) over the ids that may be drawn; -1 if none.
 */
static int32_t draw(struct sampler *s)
{
    const size_t ids = tok_vocab(s->m->tok), rows = s->m->cfg.vocab;
    const size_t V = ids < rows ? ids : rows;
    const int32_t eos = tok_eos(s->m->tok);
    for (size_t i = 0; i < V; i++) {
        const int32_t id = (int32_t)i;
        size_t len = 0;
        const bool hole = !tok_piece_view(s->m->tok, id, &len);
        if (hole || (tok_is_special(s->m->tok, id) && id != eos) ||
            !isfinite(s->logits[i])) {
            s->logits[i] = -INFINITY;
        }
    }
    const int32_t best = argmax(s->logits, V);
    if (best < 0 || s->cfg->temperature <= 0) {
        return best;
    }
    float least = -INFINITY;
    if (s->cfg->top_k > 0 && s->cfg->top_k < V) {
        memcpy(s->sorted, s->logits, V * sizeof *s->sorted);
        least = kth_largest(s->sorted, V, s->cfg->top_k);
    }
    const double top = (double)s->logits[best];
    double total = 0;
    for (int pass = 0; pass < 2; pass++) {
        const double stop = pass == 0 ? (double)INFINITY : rng_unit(&s->rng) * total;
        double sum = 0;
        for (size_t i = 0; i < V; i++) {
            if (!isfinite(s->logits[i]) || s->logits[i] < least) {
                continue;
            }
            sum += exp(((double)s->logits[i] - top) / s->cfg->temperature);
            if (sum > stop) {
                return (int32_t)i;
            }
        }
        total = sum;
    }
    return best; /* rounding at the very end of the sum */
}

/* Where the cache is full: BOS and the newer half of the text, to be read anew. */
static void slide(const struct sampler *s, struct tok_ids *ids)
{
    if (ids->n < s->room) {
        return;
    }
    const size_t keep = s->room / 2;
    const size_t head = tok_bos(s->m->tok) >= 0 ? 1 : 0;
    memmove(ids->p + head, ids->p + ids->n - keep, keep * sizeof *ids->p);
    ids->n = head + keep;
    lm_cache_cut(s->cache, 0);
}

/* The tokens that the cache does not have yet; logits behind the last one. */
static void feed(const struct sampler *s, const struct tok_ids *ids)
{
    size_t n = 0;
    for (size_t at = lm_cache_len(s->cache); at < ids->n; at += n) {
        n = ids->n - at < FEED ? ids->n - at : FEED;
        const struct lm_pass p = {
            .ids = ids->p + at, .B = 1, .T = n, .cache = s->cache};
        lm_run(s->m, s->ws, &p, s->resid);
    }
    lm_logits(s->m, s->resid + (n - 1) * s->m->cfg.d_model, s->logits);
}

static enum err continue_text(struct sampler *s, struct tok_ids *ids, struct str *out,
                              struct errinfo *e)
{
    for (size_t i = 0; i < s->cfg->max_tokens; i++) {
        slide(s, ids);
        feed(s, ids);
        const int32_t id = draw(s);
        if (id < 0) {
            return err_set(e, ERR_NUMERIC, "%s: the model's logits are not numbers",
                           s->m->dir ? s->m->dir : "model");
        }
        if (id == tok_eos(s->m->tok)) {
            break;
        }
        tok_piece(s->m->tok, id, out);
        TRY(tok_ids_add(ids, id, e));
    }
    return str_err(out, "the generated text", e);
}

enum err lm_generate(const struct lm *m, const char *prompt,
                     const struct generate_config *cfg, struct str *out,
                     struct errinfo *e)
{
    struct sampler s = {.m = m, .cfg = cfg, .rng = rng_begin(cfg->seed, RNG_SAMPLE, 0)};
    struct tok_ids ids = {0};
    enum err rc = OK;
    /* As in packed rows: BOS begins a row, and often in the middle of a document; EOS
     * is what a document begins after. */
    if (tok_bos(m->tok) >= 0) {
        TRY_OUT(rc, tok_ids_add(&ids, tok_bos(m->tok), e));
    }
    if (tok_eos(m->tok) >= 0 && tok_eos(m->tok) != tok_bos(m->tok)) {
        TRY_OUT(rc, tok_ids_add(&ids, tok_eos(m->tok), e));
    }
    TRY_OUT(rc, tok_encode(m->tok, prompt, strlen(prompt), &ids, e));
    if (ids.n == 0) {
        rc = err_set(e, ERR_USAGE,
                     "prompt: found nothing, expected text (the tokenizer "
                     "has no token to begin with)");
        goto out;
    }
    s.room = ids.n + cfg->max_tokens < ROOM_MAX ? ids.n + cfg->max_tokens : ROOM_MAX;
    s.room = s.room < m->cfg.n_ctx ? s.room : m->cfg.n_ctx;
    const size_t T = s.room < FEED ? s.room : FEED;
    TRY_OUT(rc, lm_ws_new(m, LM_WHOLE, T, &s.ws, e));
    TRY_OUT(rc, lm_cache_new(m, s.room, &s.cache, e));
    TRY_OUT(rc, mem_new(&s.resid, T, m->cfg.d_model * sizeof *s.resid,
                        "residual stream", e));
    TRY_OUT(rc, mem_new(&s.logits, m->cfg.vocab, sizeof *s.logits, "logits", e));
    TRY_OUT(rc, mem_new(&s.sorted, m->cfg.vocab, sizeof *s.sorted, "logits", e));
    rc = continue_text(&s, &ids, out, e);
out:
    mem_free(s.sorted);
    mem_free(s.logits);
    mem_free(s.resid);
    lm_cache_free(s.cache);
    lm_ws_free(s.ws);
    tok_ids_free(&ids);
    return rc;
}
