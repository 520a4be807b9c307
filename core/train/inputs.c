#include "train/inputs.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "measure/wants.h"
#include "num/blas.h"
#include "sae/sae.h"
#include "sae/sae_train.h"
#include "train/arm.h"
#include "train/inputs_priv.h"
#include "train/metric.h"
#include "train/settings_arch.h"
#include "train/settings_shards.h"
#include "train/settings_synth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* NORM_ROWS for a synthetic source. */
#define SYNTH_ROWS 4096
/* Tokens to count for the unigram mask: gives frequencies of common words to a
 * percent. */
#define UNIGRAM_TOKENS 200000

size_t inputs_width(const struct inputs *in)
{
    return in->synth    ? synth_config_of(in->synth)->D
           : in->shards ? shards_facts(in->shards)->D
                        : lm_hook_width(&in->lm->cfg, in->hook);
}

const struct tok *inputs_tok(const struct inputs *in)
{
    return in->lm ? in->lm->tok : in->tok;
}

struct inputs_hashes inputs_hashes(const struct inputs *in)
{
    return (struct inputs_hashes){.model = in->lm ? in->lm->hash : 0,
                                  .corpus = in->corpus ? corpus_hash(in->corpus)
                                            : in->shards
                                                ? shards_facts(in->shards)->hash
                                                : 0,
                                  .ood = in->ood ? corpus_hash(in->ood) : 0,
                                  .concepts = in->concepts_hash};
}

const char *inputs_text_doubt(const struct corpus *c)
{
    return c && corpus_grammar(c)
               ? " (an earlier version recorded its probe tasks too: by such a record "
                 "they alone may have changed)"
               : "";
}

static enum err within_width(const struct settings *s, const char *key, double value,
                             struct errinfo *e)
{
    return value <= (double)s->width
               ? OK
               : settings_blame(s, key,
                                err_set(e, ERR_USAGE,
                                        "%s is %.10g, more than the %lld latents of "
                                        "width",
                                        key, value, (long long)s->width),
                                e);
}

enum err inputs_check_arm(const struct inputs *in, const struct settings *s,
                          struct errinfo *e)
{
    TRY(settings_check_arch(s, e));
    TRY(in->shards ? settings_shards_check(s, in->shards, e) : OK);
    TRY(within_width(s, setting_key.k, s->k, e));
    return setting_applies(s->arch, setting_key.calibrate_l0)
               ? within_width(s, setting_key.calibrate_l0, s->calibrate_l0, e)
               : OK;
}

/* Checks checkpoint.best: a misspelt measure would silently keep nothing. */
static enum err check_best(const struct settings *s, struct errinfo *e)
{
    const int m = metric_find(s->checkpoint_best);
    const bool none = strcmp(s->checkpoint_best, "none") == 0;
    return none || (m >= 0 && measure_at((enum metric)m)->better != 0)
               ? OK
               : err_set(e, ERR_USAGE,
                         "checkpoint.best: found '%.60s', expected none or a column of "
                         "metrics.csv that is better higher or lower, as %s",
                         s->checkpoint_best, measure_at(METRIC_EV)->column);
}

static enum err check_settings(const struct inputs *in, struct errinfo *e)
{
    const size_t T = (size_t)in->set.context;
    TRY(inputs_check_arm(in, &in->set, e));
    if (T < 2 || T > in->lm->cfg.n_ctx) {
        const enum err rc = err_set(
            e, ERR_USAGE, "context: found %zu, expected 2 to %zu (the model's context)",
            T, in->lm->cfg.n_ctx);
        return settings_blame(&in->set, setting_key.context, rc, e);
    }
    return OK;
}

/* Chooses a mask token for a model without one, so that a run records which. */
static void choose_mask(const struct inputs *in, struct settings *s)
{
    if (in->lm && s->mask_kind == MASK_TOKEN && !s->mask_token[0] &&
        tok_mask(in->lm->tok) < 0) {
        const int32_t id = mask_token_choose(in->lm->tok, NULL);
        if (id >= 0) {
            mask_token_name(in->lm->tok, id, s->mask_token, sizeof s->mask_token);
        }
    }
}

double inputs_usual_rate(const struct inputs *in)
{
    const double theirs = in->shards ? shards_facts(in->shards)->mask_rate : 0;
    return theirs > 0 ? theirs : MASK_RATE_USUAL;
}

void inputs_resolve(const struct inputs *in, struct settings *s)
{
    if (in->shards && !s->context) {
        s->context = (int64_t)shards_facts(in->shards)->T;
    }
    settings_resolve(s, in->lm ? in->lm->cfg.n_ctx : 1, inputs_width(in));
    memmove(s->hook, in->set.hook, sizeof s->hook); /* s may be in->set itself */
    if (!s->threads) {
        s->threads = (int64_t)pool_cpus();
    }
    choose_mask(in, s);
}

void inputs_unresolve(const struct inputs *in, struct settings *s)
{
    settings_unresolve(s, in->lm ? in->lm->cfg.n_ctx : 1, inputs_width(in));
}

static enum err open_mask(struct inputs *in, struct errinfo *e)
{
    const struct settings *s = &in->set;
    uint64_t *counts = NULL;
    enum err rc = OK;
    if (s->mask_kind == MASK_UNIGRAM) {
        TRY(mem_new(&counts, tok_vocab(in->lm->tok), sizeof *counts, "token counts",
                    e));
        TRY_OUT(rc, pack_unigram(in->corpus, CORPUS_TRAIN, in->lm->tok, UNIGRAM_TOKENS,
                                 counts, e));
    }
    TRY_OUT(rc, mask_vocab_new(in->lm->tok, counts, &in->mask_vocab, e));
    in->mask_token = -1;
    if (s->mask_kind == MASK_TOKEN) {
        rc = mask_token_find(in->lm->tok, s->mask_token, &in->mask_token, e);
        /* A run that never masks needs none; masking can then not be switched on. */
        const struct mask_schedule masks = arm_schedule(s);
        rc = mask_never(&masks) && !s->mask_token[0]
                 ? OK
                 : settings_blame(s, setting_key.mask_token, rc, e);
    }
out:
    mem_free(counts);
    return rc;
}

enum err inputs_can_mask(const struct inputs *in, double rate, struct errinfo *e)
{
    if (in->shards) {
        return settings_shards_rate(in->shards, rate, e);
    }
    if (rate > 0 && !in->synth && in->set.mask_kind == MASK_TOKEN &&
        in->mask_token < 0) {
        return err_set(e, ERR_USAGE, "this tokenizer has %s", want_says(WANT_MASK));
    }
    return OK;
}

/* Done once: the same for every arm and rate. */
enum err inputs_normalise(struct inputs *in, float *x, size_t n, struct errinfo *e)
{
    const size_t D = inputs_width(in);
    struct sae *probe = NULL;
    enum err rc = OK;
    in->scale = settings_scales(&in->set) ? acts_scale(x, n, D) : 1.0f;
    if (!isfinite(in->scale) || in->scale <= 0) {
        return err_set(e, ERR_NUMERIC, "the activations at %s are not finite",
                       in->set.hook);
    }
    if (in->set.calibrate_l0 > 0) {
        TRY(mem_new(&in->clean, n * D, sizeof *in->clean, "activations", e));
        memcpy(in->clean, x, n * D * sizeof *x);
        in->n_clean = n;
    }
    sae_normalise(settings_norm(&in->set), in->scale, D, x, n, x, NULL);
    /* The median is computed by the SAE's own start, on a throw-away of one latent. */
    TRY_OUT(rc, sae_new(sae_arch_find(in->set.arch), D, 1, 1, &probe, e));
    rc = sae_init_bias(probe, x, n, e);
    if (rc != OK) {
        rc = err_prefix(e, rc, "%s", in->set.hook);
        goto out;
    }
    if (!in->b_dec) {
        TRY_OUT(rc, mem_new(&in->b_dec, D, sizeof *in->b_dec, "b_dec", e));
    }
    memcpy(in->b_dec, probe->b_dec, D * sizeof *in->b_dec);
out:
    sae_free(probe);
    return rc;
}

/* Puts the source of the activations in front of an error about their numbers. */
static enum err name_source(const struct inputs *in, enum err rc, struct errinfo *e)
{
    if (rc != ERR_NUMERIC) {
        return rc;
    }
    return in->lm ? err_prefix(e, rc, "%s on %s", in->lm->dir, corpus_spec(in->corpus))
                  : err_prefix(e, rc, "the synthetic source");
}

static enum err normalise_text(struct inputs *in, struct errinfo *e)
{
    const size_t D = inputs_width(in);
    struct acts_set *set = NULL;
    float *x = NULL;
    size_t n = 0;
    TRY(acts_set_new(in->h, in->corpus, CORPUS_TRAIN, in->lm->tok, NORM_ROWS, &set, e));
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&x, set->n * D, sizeof *x, "activations", e));
    for (size_t i = 0; i < set->n; i++) {
        if (!set->special[i]) {
            memcpy(x + n++ * D, set->x + i * D, D * sizeof *x);
        }
    }
    TRY_OUT(rc, name_source(in, inputs_normalise(in, x, n, e), e));
    TRY_OUT(rc, inputs_note_texts(in, set, e));
out:
    mem_free(x);
    acts_set_free(set);
    return rc;
}

static enum err normalise_synth(struct inputs *in, struct errinfo *e)
{
    float *x = NULL;
    TRY(mem_new(&x, SYNTH_ROWS, inputs_width(in) * sizeof *x, "synthetic rows", e));
    synth_rows(in->synth, 0.0, 0, SYNTH_ROWS, x, NULL);
    const enum err rc = name_source(in, inputs_normalise(in, x, SYNTH_ROWS, e), e);
    mem_free(x);
    return rc;
}

static enum err open_corpus(const struct settings *s, const char *text,
                            const atomic_bool *cancel, struct corpus **out,
                            struct errinfo *e)
{
    char path[4096];
    TRY(settings_path(s, text, path, sizeof path, e));
    return corpus_open(path, (uint64_t)s->seed, cancel, out, e);
}

/* Takes the tail of the text as OOD text. A text without a tail gives none, or
 * ERR_USAGE if the user asked for it. */
static enum err open_tail(struct inputs *in, const atomic_bool *cancel,
                          struct errinfo *e)
{
    struct settings *s = &in->set;
    if (corpus_has_tail(in->corpus)) {
        TRY(open_corpus(s, s->corpus, cancel, &in->ood, e));
        corpus_keep(in->corpus, CORPUS_BODY);
        corpus_keep(in->ood, CORPUS_TAIL);
        return OK;
    }
    if (settings_named(s, setting_key.ood)) {
        return settings_blame(s, setting_key.ood,
                              err_set(e, ERR_USAGE,
                                      "%s: ood=" OOD_TAIL
                                      ": found no tail, expected a file of at least "
                                      "%d documents",
                                      corpus_spec(in->corpus), CORPUS_FEW),
                              e);
    }
    s->ood[0] = '\0';
    return OK;
}

static enum err open_texts(struct inputs *in, const atomic_bool *cancel,
                           struct errinfo *e)
{
    const struct settings *s = &in->set;
    TRY(open_corpus(s, s->corpus, cancel, &in->corpus, e));
    if (strcmp(s->ood, OOD_TAIL) == 0) {
        return open_tail(in, cancel, e);
    }
    return s->ood[0] ? open_corpus(s, s->ood, cancel, &in->ood, e) : OK;
}

static enum err open_synth(struct inputs *in, struct errinfo *e)
{
    const struct synth_config c = settings_synth(&in->set);
    TRY(synth_new(&c, &in->synth, e));
    inputs_resolve(in, &in->set);
    TRY(inputs_check_arm(in, &in->set, e));
    TRY(pool_new((size_t)in->set.threads, &in->pool, e));
    in->mask_token = -1;
    return normalise_synth(in, e);
}

enum linear_kind inputs_linear_kind(const struct settings *s)
{
    const bool rounded = s->precision == PRECISION_BF16 ||
                         (s->precision == PRECISION_AUTO && linear_has_bf16());
    return rounded ? LINEAR_BF16 : LINEAR_F32;
}

enum err inputs_load_lm(const struct settings *s, struct lm **out, struct errinfo *e)
{
    char path[4096];
    TRY(settings_path(s, s->model, path, sizeof path, e));
    TRY(lm_load(path, out, e));
    lm_set_kind(*out, inputs_linear_kind(s));
    return OK;
}

/* The most blocks for which the default hook, after the second block, is kept: the
 * bundled model has as many. */
#define SHALLOW 4

/* For a deeper model, and one of a single block, where nobody named a hook, chooses the
 * middle. */
static enum err choose_hook(struct inputs *in, struct errinfo *e)
{
    const size_t n = in->lm->cfg.n_layer;
    char name[64];
    if ((n > 1 && n <= SHALLOW) || settings_given(&in->set, setting_key.hook)) {
        return OK;
    }
    snprintf(name, sizeof name, "blocks.%zu.hook_resid_post", (n - 1) / 2);
    remarks_add(&in->remarks, "no --hook is named: %s, the middle of %zu block%s", name,
                n, plural_s(n));
    return settings_set(&in->set, setting_key.hook, name,
                        from_program("middle of the model"), e);
}

/* Opens all inputs of a model but its weights. */
static enum err open_parts(struct inputs *in, const atomic_bool *cancel,
                           struct errinfo *e)
{
    struct settings *s = &in->set;
    char path[4096];
    TRY(inputs_load_lm(s, &in->lm, e));
    TRY(choose_hook(in, e));
    TRY(settings_blame(s, setting_key.hook,
                       lm_hook_parse(s->hook, &in->lm->cfg, &in->hook, e), e));
    inputs_resolve(in, s);
    TRY(settings_blame(s, setting_key.cache_hooks, inputs_kept(in, e), e));
    TRY(check_settings(in, e));
    TRY(open_texts(in, cancel, e));
    TRY(settings_path(s, s->concepts, path, sizeof path, e));
    TRY(path[0] ? concepts_load(path, in->lm->tok, &in->concepts, e)
                : concepts_built_in(in->lm->tok, &in->concepts, e));
    if (path[0]) {
        TRY(file_hash(path, &in->concepts_hash, e));
    }
    TRY(pool_new((size_t)s->threads, &in->pool, e));
    TRY(acts_share_new(&in->share, e));
    TRY(open_mask(in, e));
    in->scale = 1.0f;
    return mem_new(&in->b_dec, inputs_width(in), sizeof *in->b_dec, "b_dec", e);
}

enum err inputs_open(const struct settings *set, const atomic_bool *cancel,
                     struct inputs **out, struct errinfo *e)
{
    struct inputs *in = NULL;
    TRY(settings_blame(set, setting_key.checkpoint_best, check_best(set, e), e));
    TRY(num_ready(e));
    TRY(mem_new(&in, 1, sizeof *in, "inputs", e));
    in->asked = *set;
    in->set = *set;
    const enum err rc = set->source == SOURCE_SYNTHETIC     ? open_synth(in, e)
                        : set->source == SOURCE_ACTIVATIONS ? inputs_open_shards(in, e)
                                                            : open_parts(in, cancel, e);
    if (rc != OK) {
        inputs_free(in);
        return rc;
    }
    *out = in;
    return OK;
}

enum err inputs_read(struct inputs *in, struct errinfo *e)
{
    return !in->lm || in->h ? OK
                            : harvester_new(in->lm, in->hook, (size_t)in->set.context,
                                            in->pool, &in->h, e);
}

enum err inputs_start(struct inputs *in, struct errinfo *e)
{
    return in->lm ? normalise_text(in, e) : OK;
}

enum err inputs_new(const struct settings *set, const atomic_bool *cancel,
                    struct inputs **out, struct errinfo *e)
{
    struct inputs *in = NULL;
    TRY(inputs_open(set, cancel, &in, e));
    enum err rc = inputs_read(in, e);
    rc = rc == OK ? inputs_start(in, e) : rc;
    if (rc != OK) {
        inputs_free(in);
        return rc;
    }
    *out = in;
    return OK;
}

void inputs_free(struct inputs *in)
{
    if (!in) {
        return;
    }
    for (size_t i = 0; i < in->n_caches; i++) {
        acts_cache_close(in->cache[i]);
    }
    synth_free(in->synth);
    shards_free(in->shards);
    acts_share_free(in->share);
    harvester_free(in->h);
    pool_free(in->pool);
    mask_vocab_free(in->mask_vocab);
    concepts_free(in->concepts);
    corpus_free(in->ood);
    corpus_free(in->corpus);
    lm_free(in->lm);
    tok_free(in->tok);
    mem_free(in->b_dec);
    mem_free(in->clean);
    mem_free(in);
}

struct stream_config inputs_stream_config(const struct inputs *in,
                                          const struct settings *s)
{
    struct stream_config c = {
        .T = (size_t)s->context,
        .fill_rows = (size_t)s->fill_rows,
        .batch = (size_t)s->batch,
        .order_seed = settings_weights_seed(s),
        .scale = in->scale,
        .mask = {.kind = (enum mask_kind)s->mask_kind,
                 .token = in->mask_token,
                 .seed = (uint64_t)s->seed,
                 .vocab = in->mask_vocab},
        .drop_masked = s->mask_positions == POSITIONS_DROP,
        .mix = s->mask_positions == POSITIONS_MIX,
        .share = in->share,
        .n_kept = in->n_kept,
    };
    for (size_t i = 0; i < in->n_kept; i++) {
        c.kept[i].hook = in->kept[i];
        c.kept[i].width = lm_hook_width(&in->lm->cfg, in->kept[i]);
    }
    return c;
}

static enum err synth_source(struct inputs *in, const struct settings *s,
                             struct acts_source **out, struct errinfo *e)
{
    const struct synth_stream_config c = {.batch = (size_t)s->batch,
                                          .order_seed = settings_weights_seed(s),
                                          .scale = in->scale,
                                          .drop_masked =
                                              s->mask_positions == POSITIONS_DROP,
                                          .mix = s->mask_positions == POSITIONS_MIX,
                                          .pool = in->pool};
    return source_of_features(in->synth, &c, out, e);
}

enum err inputs_source(struct inputs *in, const struct settings *s,
                       struct acts_source **out, struct errinfo *e)
{
    if (in->synth) {
        return synth_source(in, s, out, e);
    }
    struct stream_config c = inputs_stream_config(in, s);
    if (in->shards) {
        return source_of_shards(in->shards, &c, out, e);
    }
    TRY(inputs_caches(in, s, &c, e));
    return source_of_text(in->h, in->corpus, in->lm->tok, &c, out, e);
}

int32_t inputs_mask_token(const struct inputs *in)
{
    return in->mask_token >= 0 ? in->mask_token : tok_mask(in->lm->tok);
}
