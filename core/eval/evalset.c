#include "eval/evalset.h"

#include "base/mem.h"
#include "eval/evalset_priv.h"
#include "eval/words.h"

struct eval_config eval_defaults(void)
{
    return (struct eval_config){.fidelity_rows = 16,
                                .concept_rows = 512,
                                .per_word = 16,
                                .test_share = 0.2,
                                .min_probe_f1 = 0.6,
                                .min_positives = 20,
                                .word_least = WORD_LEAST,
                                .min_letters = 20,
                                .seed = 0};
}

/* Copies what evaluation needs of the concepts, so that a set does not depend on
 * them. */
static enum err copy_kinds(struct eval_set *s, const struct concepts *c,
                           struct errinfo *e)
{
    TRY(mem_new(&s->kind, c->n_probed, sizeof *s->kind, "concepts", e));
    for (size_t i = 0; i < c->n_probed; i++) {
        s->kind[i] = c->def[i].kind;
        s->n_leaf += c->def[i].kind == CONCEPT_LEAF;
        s->n_common += c->def[i].kind <= CONCEPT_LETTER;
    }
    return OK;
}

static enum err build(struct eval_set *s, const struct concepts *concepts,
                      struct harvester *h, struct pool *pool, const atomic_bool *cancel,
                      struct errinfo *e)
{
    const struct eval_config *cfg = &s->cfg;
    TRY(copy_kinds(s, concepts, e));
    const size_t rows = cfg->fidelity_rows;
    const size_t ce = cfg->ce_rows > 0 ? cfg->ce_rows : rows;
    TRY(fidelity_rows_init(&s->fid_id, s->id, rows, ce, h, cancel, e));
    TRY(fidelity_rows_init(&s->fid_ood, s->ood, rows, ce, h, cancel, e));
    TRY(concept_sample_init(&s->sample, cfg, s->id, concepts, e));
    TRY(eval_poll(cancel, e));
    return probe_bank_init(&s->bank, FORM_MAIN, concepts->n_probed, &s->sample, s->id,
                           cfg, cfg->min_positives, pool, cancel, e);
}

enum err eval_set_build(const struct eval_config *cfg, struct acts_set *id,
                        struct acts_set *ood, const struct concepts *concepts,
                        struct harvester *h, struct pool *pool,
                        const atomic_bool *cancel, struct eval_set **out,
                        struct errinfo *e)
{
    struct eval_set *s = NULL;
    enum err rc = mem_new(&s, 1, sizeof *s, "evaluation set", e);
    if (rc != OK) {
        acts_set_free(id);
        acts_set_free(ood);
        return rc;
    }
    s->cfg = *cfg;
    s->id = id;
    s->ood = ood;
    rc = build(s, concepts, h, pool, cancel, e);
    if (rc != OK) {
        eval_set_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

enum err eval_set_new(const struct eval_config *cfg, struct harvester *h,
                      struct corpus *id, struct corpus *ood,
                      const struct concepts *concepts, const struct tok *tok,
                      struct pool *pool, const atomic_bool *cancel,
                      struct eval_set **out, struct errinfo *e)
{
    struct acts_set *a = NULL;
    struct acts_set *b = NULL;
    const size_t rows =
        cfg->concept_rows > cfg->fidelity_rows ? cfg->concept_rows : cfg->fidelity_rows;
    enum err rc = OK;
    TRY_OUT(rc, eval_poll(cancel, e));
    TRY_OUT(rc, acts_set_new(h, id, CORPUS_HELDOUT, tok, rows, &a, e));
    TRY_OUT(rc, eval_poll(cancel, e));
    if (ood != NULL) {
        TRY_OUT(rc,
                acts_set_new(h, ood, CORPUS_HELDOUT, tok, cfg->fidelity_rows, &b, e));
    }
    return eval_set_build(cfg, a, b, concepts, h, pool, cancel, out, e);
out:
    acts_set_free(a);
    acts_set_free(b);
    return rc;
}

void eval_set_free(struct eval_set *s)
{
    if (s == NULL) {
        return;
    }
    acts_set_free(s->id);
    acts_set_free(s->ood);
    concept_sample_deinit(&s->sample);
    fidelity_rows_deinit(&s->fid_id);
    fidelity_rows_deinit(&s->fid_ood);
    probe_bank_deinit(&s->bank);
    mem_free(s->kind);
    mem_free(s);
}

void eval_set_keep_evidence(struct eval_set *s)
{
    s->cfg.evidence = true;
}

const struct acts_set *eval_set_rows(const struct eval_set *s)
{
    return s->id;
}

struct eval_config eval_set_config(const struct eval_set *s)
{
    return s->cfg;
}

size_t eval_set_sample(const struct eval_set *s, size_t *n_test)
{
    *n_test = s->sample.n - s->sample.n_train;
    return s->sample.n_train;
}

size_t eval_set_bytes(const struct eval_config *cfg, size_t D, size_t T)
{
    const size_t text = (cfg->concept_rows + cfg->fidelity_rows) * T;
    const size_t sample = cfg->concept_rows * T / 3;
    /* Ids, special flags and activations; labels and the like are about 12 numbers a
     * word of the sample. Nearly all text is words of some concept, as each begins with
     * a letter; of up to three each, with 17 bytes of what its probe says. */
    return text * (D * sizeof(float) + 5) + sample * (D * sizeof(float) + 48) +
           cfg->concept_rows * T * 59;
}
