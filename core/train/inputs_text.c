/* What is to be said of a run's texts before its figures are believed. */
#include "base/mem.h"
#include "train/inputs_priv.h"

#include <math.h>

/* A text that a run reads this often is learnt by heart rather than from. */
#define MANY_TIMES 10.0
/* Held-out tokens below which figures say little: 32 rows of 128. */
#define FEW_TOKENS 4096

/* Mean of the finite losses. */
static double mean_nll(const float *nll, size_t n)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(nll[i])) {
            sum += (double)nll[i];
            count++;
        }
    }
    return count ? sum / (double)count : (double)NAN;
}

/* Well-fitting text has 1.2 to 1.6 tokens a word; and a loss near that of a uniform
 * guess means that the model knows nothing of the text. */
static enum err note_foreign(struct inputs *in, const struct acts_set *set,
                             double tokens_per_word, struct errinfo *e)
{
    const double guess = log((double)in->lm->cfg.vocab);
    float *nll = NULL;
    TRY(mem_new(&nll, set->n, sizeof *nll, "losses", e));
    const enum err rc = harvest_nll(in->h, set->ids, set->rows, NULL, nll, e);
    if (rc != OK) {
        mem_free(nll);
        return rc;
    }
    const double clean = mean_nll(nll, set->n);
    mem_free(nll);
    if (tokens_per_word > 2.5) {
        remarks_add(&in->remarks,
                    "this text is foreign to the model: %.1f tokens a word, loss %.1f "
                    "nats a token (%.1f if all were as likely); latents will describe "
                    "pieces of words",
                    tokens_per_word, clean, guess);
    } else if (clean > 0.75 * guess) {
        remarks_add(
            &in->remarks,
            "this text is foreign to the model: loss %.1f nats a token, not much "
            "less than the %.1f of taking all tokens as equally likely",
            clean, guess);
    }
    return OK;
}

/* The held-out text, up to FEW_TOKENS: how many tokens there are, and how many
 * different ones among them. */
static enum err count_heldout(const struct inputs *in, const struct corpus *c,
                              uint64_t *tokens, size_t *different, struct errinfo *e)
{
    const struct tok *t = in->lm->tok;
    uint64_t *counts = NULL;
    TRY(mem_new(&counts, tok_vocab(t), sizeof *counts, "token counts", e));
    const enum err rc = pack_unigram(c, CORPUS_HELDOUT, t, FEW_TOKENS, counts, e);
    *tokens = 0;
    *different = 0;
    for (size_t i = 0; i < tok_vocab(t); i++) {
        *tokens += counts[i];
        *different += counts[i] > 0;
    }
    mem_free(counts);
    return rc;
}

static enum err note_little(struct inputs *in, const struct pack_counts *read,
                            struct errinfo *e)
{
    const struct settings *s = &in->set;
    const char *name = corpus_name(in->corpus);
    uint64_t held = 0;
    size_t different = 0;
    if (!corpus_is_finite(in->corpus) || read->docs == 0) {
        return OK;
    }
    const double tokens = (double)read->tokens / (double)read->docs *
                          (double)corpus_count(in->corpus, CORPUS_TRAIN);
    const double times = (double)s->steps * (double)s->batch / tokens;
    if (times >= MANY_TIMES) {
        remarks_add(&in->remarks,
                    "%s: little text: about %.0f tokens to train on, read some %.0f "
                    "times in %lld steps of %lld",
                    name, tokens, times, (long long)s->steps, (long long)s->batch);
    }
    TRY(count_heldout(in, in->corpus, &held, &different, e));
    if (held < FEW_TOKENS) {
        remarks_add(&in->remarks,
                    "%s: figures rest on %llu held-out tokens, %zu of them different; "
                    "intervals of so few say little",
                    name, (unsigned long long)held, different);
    }
    return OK;
}

enum err inputs_note_texts(struct inputs *in, const struct acts_set *set,
                           struct errinfo *e)
{
    struct pack *p = NULL;
    int32_t *ids = NULL;
    TRY(pack_new(in->corpus, CORPUS_TRAIN, in->lm->tok, set->T, &p, e));
    enum err rc = mem_new(&ids, set->n, sizeof *ids, "token rows", e);
    if (rc == OK) {
        rc = pack_rows(p, set->rows, ids, e);
    }
    const struct pack_counts read = pack_counted(p);
    mem_free(ids);
    pack_free(p);
    TRY(rc);
    TRY(note_foreign(in, set, pack_tokens_per_word(&read), e));
    remarks_append(&in->remarks, corpus_remarks(in->corpus));
    if (in->ood) {
        remarks_append(&in->remarks, corpus_remarks(in->ood));
    }
    return note_little(in, &read, e);
}
