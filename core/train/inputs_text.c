/* Remarks on a run's texts that a reader needs before believing its figures. */
#include "base/mem.h"
#include "base/utf8.h"
#include "measure/wants.h"
#include "train/arm.h"
#include "train/inputs_priv.h"

#include <math.h>
#include <string.h>

/* With fewer held-out tokens figures say little: 32 rows of 128. */
#define FEW_TOKENS 4096

/* Most weights times tokens for a look: seconds. A small model reads all. */
#define LOOK_WORK ((size_t)1 << 36)
#define LOOK_ROWS ((size_t)4) /* and at least so many rows */
/* If masks raise a model's loss by this many nats per token there is a remark. The
 * bundled model, trained on masked text, loses 0.5. */
#define MASKS_COST 1.0

size_t inputs_look_rows(const struct inputs *in, size_t rows)
{
    size_t weights = 0;
    struct errinfo unused;
    if (lm_weight_count(&in->lm->cfg, &weights, &unused) != OK || weights == 0) {
        return rows;
    }
    size_t n = LOOK_WORK / weights / (size_t)in->set.context;
    n = n < LOOK_ROWS ? LOOK_ROWS : n;
    return n < rows ? n : rows;
}

static enum err masked_loss(struct inputs *in, const int32_t *ids, size_t rows,
                            double *out, struct errinfo *e)
{
    const size_t T = (size_t)in->set.context;
    const struct mask_spec spec = inputs_stream_config(in, &in->set).mask;
    int32_t *fed = NULL;
    TRY(mem_new(&fed, rows * T, sizeof *fed, "masked rows", e));
    (void)mask_apply(&spec, MASK_RATE_USUAL, 0, ids, rows, T, fed, NULL);
    const enum err rc = harvest_loss(in->h, fed, ids, rows, out, e);
    mem_free(fed);
    return rc;
}

enum err inputs_text_loss(struct inputs *in, const int32_t *ids, size_t rows,
                          const struct pack_counts *read, bool masks,
                          struct text_loss *out, struct errinfo *e)
{
    *out = (struct text_loss){.rows = inputs_look_rows(in, rows),
                              .tokens_per_word = pack_tokens_per_word(read),
                              .guess = log((double)in->lm->cfg.vocab),
                              .masked = (double)NAN,
                              .documents = read->docs,
                              .tokens = read->tokens};
    TRY(harvest_loss(in->h, ids, ids, out->rows, &out->clean, e));
    return masks && in->mask_token >= 0
               ? masked_loss(in, ids, out->rows, &out->masked, e)
               : OK;
}

/* Remarks on foreign text. Well-fitting text has 1.2 to 1.6 tokens per word; a loss
 * near that of a uniform guess means that the model knows nothing of the text. */
static void note_foreign(struct inputs *in, const struct text_loss *l)
{
    if (l->tokens_per_word > 2.5) {
        remarks_add(&in->remarks,
                    "this text is foreign to the model: %.1f tokens a word, loss %.1f "
                    "nats a token (%.1f if all were as likely); latents will describe "
                    "pieces of words",
                    l->tokens_per_word, l->clean, l->guess);
    } else if (l->clean > 0.75 * l->guess) {
        remarks_add(
            &in->remarks,
            "this text is foreign to the model: loss %.1f nats a token, %s the %.1f "
            "of taking all tokens as equally likely",
            l->clean, l->clean < l->guess ? "not much less than" : "more than",
            l->guess);
    }
}

/* Remarks on the mask token where the model may not know it, and on the loss with
 * masks. */
static void note_masks(struct inputs *in, const struct text_loss *l)
{
    const struct tok *t = in->lm->tok;
    char name[SETTING_TEXT_MAX];
    struct str safe;
    if (!isfinite(l->masked) ||
        (in->mask_token == tok_mask(t) && l->masked - l->clean < MASKS_COST)) {
        return;
    }
    mask_token_name(t, in->mask_token, name, sizeof name);
    str_init(&safe, 4096);
    utf8_escape(&safe, name, strlen(name));
    remarks_add(&in->remarks,
                "%s%.60s stands for a masked token; with %.0f %% of the text masked "
                "the model's loss is %.1f nats a token, clean %.1f",
                tok_mask(t) < 0 ? "the model has no mask token: " : "",
                safe.len ? safe.p : "", 100 * MASK_RATE_USUAL, l->masked, l->clean);
    str_free(&safe);
}

/* Counts tokens in the held-out text, up to FEW_TOKENS, and how many of them are
 * different. */
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

double inputs_text_tokens(const struct inputs *in, const struct text_loss *read)
{
    return corpus_is_finite(in->corpus) && read->documents > 0
               ? (double)read->tokens / (double)read->documents *
                     (double)corpus_count(in->corpus, CORPUS_TRAIN)
               : (double)NAN;
}

static enum err note_little(struct inputs *in, const struct text_loss *read,
                            struct errinfo *e)
{
    const struct settings *s = &in->set;
    const char *name = corpus_name(in->corpus);
    uint64_t held = 0;
    size_t different = 0;
    const double tokens = inputs_text_tokens(in, read);
    if (isnan(tokens)) {
        return OK;
    }
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

/* Remarks on the text that OOD figures use where none of another kind was named, or
 * that there is none. */
static void note_tail(struct inputs *in)
{
    if (in->ood && strcmp(in->set.ood, OOD_TAIL) == 0) {
        remarks_add(&in->remarks,
                    "%s; figures called OOD are of the %s, %llu documents that nothing "
                    "is trained on",
                    want_says(WANT_OOD), corpus_name(in->ood),
                    (unsigned long long)corpus_count(in->ood, CORPUS_HELDOUT));
    } else if (!in->ood && strcmp(in->asked.ood, OOD_TAIL) == 0) {
        remarks_add(&in->remarks,
                    "%s; %s has no tail to hold back, so figures called OOD stay empty",
                    want_says(WANT_OOD), corpus_name(in->corpus));
    }
}

enum err inputs_note_loss(struct inputs *in, const struct text_loss *l,
                          struct errinfo *e)
{
    note_foreign(in, l);
    note_masks(in, l);
    remarks_append(&in->remarks, corpus_remarks(in->corpus));
    note_tail(in);
    if (in->ood) {
        remarks_append(&in->remarks, corpus_remarks(in->ood));
    }
    return note_little(in, l, e);
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
    const struct mask_schedule rates = arm_schedule(&in->set);
    const bool masks = in->set.mask_kind == MASK_TOKEN && !mask_never(&rates);
    TRY(inputs_text_loss(in, set->ids, set->rows, &read, masks, &in->text, e));
    return inputs_note_loss(in, &in->text, e);
}
