/* The rows of a step: which text, which tokens are masked. Every draw is a function of
 * the seed and the row's number. */
#include "base/mem.h"
#include "base/rng.h"
#include "lm/pretrain_priv.h"
#include "text/bpe_train.h"

#include <string.h>

/* Second index of a row's draws (stream RNG_PRETRAIN_MASK, first index the row). */
enum { DRAW_TEXT, DRAW_IS_MASKED, DRAW_RATE, DRAW_POSITIONS = 16 };

/* ---- tokenizer ---- */

struct reader {
    const struct pretrain_config *cfg;
    const struct pretrain_text *texts;
    size_t n_texts;
    double weights; /* sum */
    size_t text;
    uint64_t doc;
    double bytes; /* read of this text */
    struct str buffer;
};

/* Gives documents of each text in turn, up to its share of tokenizer_bytes, none
 * twice. */
static bool next_document(void *ctx, const char **text, size_t *len, enum err *rc,
                          struct errinfo *e)
{
    struct reader *r = ctx;
    while (r->text < r->n_texts) {
        const struct pretrain_text *t = &r->texts[r->text];
        const double share = (double)r->cfg->tokenizer_bytes * t->weight / r->weights;
        const bool at_end = corpus_is_finite(t->corpus) &&
                            r->doc >= corpus_count(t->corpus, CORPUS_TRAIN);
        if (r->bytes >= share || at_end) {
            r->text++;
            r->doc = 0;
            r->bytes = 0;
            continue;
        }
        const uint64_t index = corpus_at(t->corpus, CORPUS_TRAIN, r->doc++);
        *rc = corpus_doc(t->corpus, CORPUS_TRAIN, index, &r->buffer, e);
        if (*rc != OK) {
            return false;
        }
        r->bytes += (double)r->buffer.len + 1; /* an empty document counts too */
        *text = r->buffer.p;
        *len = r->buffer.len;
        return true;
    }
    return false;
}

static double sum_weights(const struct pretrain_text *texts, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += texts[i].weight;
    }
    return sum;
}

enum err pretrain_tokenizer(const struct pretrain_config *cfg,
                            const struct pretrain_text *texts, size_t n_texts,
                            struct tok **out, struct errinfo *e)
{
    for (size_t i = 0; i < n_texts; i++) {
        if (corpus_has_ids(texts[i].corpus)) {
            return err_set(
                e, ERR_USAGE,
                "%s: holds token ids: the tokenizer that made them is needed",
                corpus_spec(texts[i].corpus));
        }
    }
    struct reader r = {.cfg = cfg,
                       .texts = texts,
                       .n_texts = n_texts,
                       .weights = sum_weights(texts, n_texts)};
    str_init(&r.buffer, 1u << 30);
    const struct bpe_train_opts o = {
        .vocab = cfg->vocab, .forms = cfg->forms, .n_forms = cfg->n_forms};
    const enum err rc = bpe_train(&o, next_document, &r, out, e);
    str_free(&r.buffer);
    return rc;
}

/* ---- rows ---- */

static size_t pick_text(const struct pretrainer *t, uint64_t row)
{
    const double total = sum_weights(t->texts, t->n_texts);
    double u = rng_unit_at(t->cfg.seed, RNG_PRETRAIN_MASK, row, DRAW_TEXT) * total;
    for (size_t i = 0; i + 1 < t->n_texts; i++) {
        u -= t->texts[i].weight;
        if (u < 0) {
            return i;
        }
    }
    return t->n_texts - 1;
}

/* Sets targets to the tokens that follow; BOS is no target. Returns how many. */
static size_t set_targets(const struct tok *tok, const int32_t *ids, size_t T,
                          int32_t *targets)
{
    const int32_t bos = tok_bos(tok);
    const bool skip_bos = bos >= 0 && bos != tok_eos(tok);
    size_t count = 0;
    for (size_t i = 0; i < T; i++) {
        const bool none = i + 1 == T || (skip_bos && ids[i + 1] == bos);
        targets[i] = none ? -1 : ids[i + 1];
        count += none ? 0 : 1;
    }
    return count;
}

static void mask_row(const struct pretrainer *t, uint64_t row, int32_t *ids, size_t T)
{
    const uint64_t seed = t->cfg.seed;
    const struct tok *tok = t->model.tok;
    if (rng_unit_at(seed, RNG_PRETRAIN_MASK, row, DRAW_IS_MASKED) >= t->cfg.mask_rows) {
        return;
    }
    const double rate =
        t->cfg.mask_rate_max * rng_unit_at(seed, RNG_PRETRAIN_MASK, row, DRAW_RATE);
    for (size_t i = 0; i < T; i++) {
        if (!tok_is_special(tok, ids[i]) &&
            rng_unit_at(seed, RNG_PRETRAIN_MASK, row, DRAW_POSITIONS + i) < rate) {
            ids[i] = tok_mask(tok);
        }
    }
}

enum err pretrain_batch(struct pretrainer *t, size_t *n_targets, struct errinfo *e)
{
    const size_t T = t->model.cfg.n_ctx;
    size_t count = 0;
    for (size_t i = 0; i < t->cfg.batch_rows; i++) {
        const uint64_t row = (uint64_t)t->step * t->cfg.batch_rows + i;
        int32_t *ids = t->inputs + i * T;
        TRY(pack_rows(t->pack[pick_text(t, row)], 1, ids, e));
        count += set_targets(t->model.tok, ids, T, t->targets + i * T);
        mask_row(t, row, ids, T);
    }
    *n_targets = count;
    return OK;
}
