/* Every setting of a run, in one table: command line, configuration files, --set,
 * --print-config, config.json and help all come from it. */
#ifndef SAETOP_TRAIN_SETTINGS_H
#define SAETOP_TRAIN_SETTINGS_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SETTING_TEXT_MAX 1024
#define SETTING_MAX      128 /* rows of the table at most */
#define SETTING_ORIGINS  8   /* different origins at most */
#define SETTING_DEFAULT  "default"

enum mask_positions { POSITIONS_KEEP, POSITIONS_DROP, POSITIONS_MIX };
enum twin_kind { TWIN_NONE, TWIN_UNMASKED };
enum source_kind { SOURCE_MODEL, SOURCE_SYNTHETIC };

/* What an architecture has beyond the rest; which key applies to which is in
 * settings_arch.c. */
#define SETTING_LIST_ARCH(X)                                                           \
    X(ENUM, normalize, "normalize_activations", NULL, "expected_average_only_in", 0,   \
      0,                                                                               \
      "expected_average_only_in|none|constant_norm_rescale|layer_norm: one factor "    \
      "for all, or by row")                                                            \
    X(ENUM, apply_b_dec, "apply_b_dec", NULL, "yes", 0, 0,                             \
      "yes|no: whether b_dec is taken from the input of the encoder")                  \
    X(ENUM, decoder, "decoder", NULL, "auto", 0, 0,                                    \
      "auto|unit|free: decoder rows kept at norm 1, or free with norms in penalties")  \
    X(NUM, decoder_init, "decoder_init", NULL, "auto", 1e-9, 1e6,                      \
      "norm of decoder rows at the start; auto: 1, for standard 0.1")                  \
    X(ENUM, dead, "dead", NULL, "auto", 0, 0,                                          \
      "auto|leave|auxk|resample: what is done about dead latents")                     \
    X(INT, resample_every, "resample.every", NULL, "0", 0, 1000000000,                 \
      "steps between resamplings of dead latents; 0: a quarter of the run")            \
    X(ENUM, resample_form, "resample.form", NULL, "centred", 0, 0,                     \
      "centred|input: a resampled latent takes the direction of x - b_dec, or x as "   \
      "it is (dictionary_learning)")                                                   \
    X(ENUM, aux_form, "aux.form", NULL, "normalised", 0, 0,                            \
      "normalised|scaled: AuxK as dictionary_learning has it, or as SAELens")          \
    X(NUM, l1, "l1", NULL, "auto", 0, 1e9,                                             \
      "weight of the penalty on activations; auto: by architecture")                   \
    X(NUM, l0, "l0", NULL, "auto", 0, 1e9, "weight of jumprelu's L0 loss")             \
    X(INT, coef_warmup, "sparsity.warmup", NULL, "auto", 0, 1000000000,                \
      "steps in which l1 or l0 rises from 0; auto: a twentieth of the run, for "       \
      "jumprelu all")                                                                  \
    X(NUM, lp, "lp", NULL, "1", 0.01, 2, "exponent of the penalty; 1: L1")             \
    X(ENUM, lp_form, "lp.form", NULL, "sum", 0, 0,                                     \
      "sum|root: the penalty of a token is sum f^p, or its p-th root")                 \
    X(STR, groups, "matryoshka.groups", NULL, "0.03125,0.0625,0.125,0.25,0.53125", 0,  \
      0, "shares of the latents, or widths of the prefixes (64,256,1024)")             \
    X(STR, group_weights, "matryoshka.weights", NULL, "", 0, 0,                        \
      "weight of each prefix's error; empty: the same for all")                        \
    X(ENUM, group_loss, "matryoshka.loss", NULL, "mean", 0, 0,                         \
      "mean|sum: weights 1/G and the mean of it (dictionary_learning), or the plain "  \
      "sum (SAELens)")                                                                 \
    X(ENUM, group_prefixes, "matryoshka.prefixes", NULL, "fixed", 0, 0,                \
      "fixed|drawn: the same prefixes always, or new ones each step, log-uniform")     \
    X(ENUM, group_aux, "matryoshka.aux", NULL, "whole", 0, 0,                          \
      "whole|groups: dead latents learn what the SAE leaves, or what their own "       \
      "prefix does (SAELens' use_matryoshka_aux_loss, with aux.form=scaled)")          \
    X(ENUM, gated_detach, "gated.detach", NULL, "yes", 0, 0,                           \
      "yes|no: whether the gate's own error trains the encoder alone")                 \
    X(ENUM, jump_loss, "jumprelu.loss", NULL, "step", 0, 0,                            \
      "step|tanh|quadratic|quadratic_rows: sum H, sum tanh(c f n), (L0/t - 1)^2 "      \
      "of the batch, 2/t (L0 - t)^2 of each row, t: target_l0")                        \
    X(NUM, bandwidth, "jumprelu.bandwidth", NULL, "auto", 1e-9, 1e6,                   \
      "width of the window that thresholds learn from; auto: 2")                       \
    X(NUM, init_threshold, "jumprelu.threshold", NULL, "auto", 0, 1e6,                 \
      "thresholds at the start; auto: 1, for tanh 0.1")                                \
    X(NUM, tanh_scale, "jumprelu.tanh_scale", NULL, "4", 1e-6, 1e6, "c of tanh")       \
    X(NUM, target_l0, "jumprelu.target_l0", NULL, "auto", 1e-6, 1e6,                   \
      "target of the quadratic loss; auto: k")                                         \
    X(NUM, pre_act, "jumprelu.pre_act", NULL, "auto", 0, 1e6,                          \
      "weight that pulls dead latents up; auto: 3e-6 for tanh, else 0")                \
    X(ENUM, jump_ste, "jumprelu.ste_to_input", NULL, "no", 0, 0,                       \
      "no|yes: whether the encoder gets the thresholds' gradient too, negated")        \
    X(ENUM, jump_of, "jumprelu.step_of", NULL, "pre", 0, 0,                            \
      "pre|acts: what the step function of the loss sees")                             \
    X(NUM, anneal_from, "p_anneal.from", NULL, "0.2", 0, 1,                            \
      "share of the run at which the exponent begins to fall")                         \
    X(NUM, anneal_to, "p_anneal.to", NULL, "0.9", 0, 1, "share at which it is down")   \
    X(NUM, p_end, "p_anneal.end", NULL, "0.2", 0.01, 1, "the exponent at the end")     \
    X(INT, anneal_updates, "p_anneal.updates", NULL, "10", 1, 1000000, "in so many")   \
    X(NUM, calibrate_l0, "threshold.target_l0", NULL, "0", 0, 1e6,                     \
      "L0 that inference thresholds are set to on clean text before they are used; "   \
      "0: the running average, or what was learned")

/* Known features in a model's place; synth_config of acts/synthetic.h. */
#define SETTING_LIST_SYNTH(X)                                                          \
    X(ENUM, source, "source", "source", "model", 0, 0,                                 \
      "model|synthetic: where activations come from; synthetic: known features, no "   \
      "model and no text")                                                             \
    X(INT, synth_d, "synthetic.d", NULL, "80", 1, 65536, "width of a synthetic row")   \
    X(INT, synth_parents, "synthetic.parents", NULL, "8", 1, 4096, "parent features")  \
    X(INT, synth_children, "synthetic.children", NULL, "5", 1, 4096,                   \
      "children of each, which exclude one another")                                   \
    X(INT, synth_others, "synthetic.others", NULL, "24", 0, 65536,                     \
      "features of no family")                                                         \
    X(NUM, synth_parent_rate, "synthetic.parent_rate", NULL, "0.15", 0, 0.5,           \
      "mean probability of a parent")                                                  \
    X(NUM, synth_other_rate, "synthetic.other_rate", NULL, "0.05", 0, 0.5,             \
      "mean probability of a feature of no family")                                    \
    X(NUM, synth_child_share, "synthetic.child_share", NULL, "0.8", 0, 1,              \
      "share of a parent's occurrences with a child")                                  \
    X(NUM, synth_zipf, "synthetic.zipf", NULL, "0.5", 0, 10,                           \
      "exponent of their frequencies")                                                 \
    X(NUM, synth_magnitude, "synthetic.magnitude", NULL, "1", 1e-6, 1e6,               \
      "mean magnitude of a feature that is on")                                        \
    X(NUM, synth_spread, "synthetic.spread", NULL, "0.1", 0, 1e6, "sd of it")          \
    X(NUM, synth_correlation, "synthetic.correlation", NULL, "0", 0, 0.999,            \
      "loading of features on the factors of a row; 0: independent")                   \
    X(INT, synth_factors, "synthetic.factors", NULL, "1", 1, 64, "factors of a row")   \
    X(ENUM, synth_loadings, "synthetic.loadings", NULL, "groups", 0, 0,                \
      "groups|random: each feature on one factor, or on all of them (low rank)")       \
    X(ENUM, synth_correlated, "synthetic.correlated", NULL, "all", 0, 0,               \
      "all|others: parents correlate too, or only features of no family")              \
    X(NUM, synth_context, "synthetic.context", NULL, "0", 0, 1,                        \
      "probability of a child's context feature where it is on; 0: there are none")    \
    X(NUM, synth_context_rate, "synthetic.context_rate", NULL, "0", 0, 1,              \
      "probability of a context feature where its child is not on")                    \
    X(ENUM, synth_context_of, "synthetic.context_of", NULL, "child", 0, 0,             \
      "child|family: a context feature for each child, or one for its family")         \
    X(INT, synth_sequence, "synthetic.sequence", NULL, "1", 1, 4096,                   \
      "rows of a sequence, which has one parent; 1: rows are independent")             \
    X(NUM, synth_content, "synthetic.content", NULL, "0.5", 0, 1,                      \
      "share of a sequence's rows with its parent of their own")                       \
    X(NUM, synth_carry, "synthetic.carry", NULL, "0", 0, 1,                            \
      "how much of the parent the later rows of a sequence have from their context")   \
    X(ENUM, synth_masked, "synthetic.masked", NULL, "token", 0, 0,                     \
      "token|context: a mask takes the row's own child, or what its context gives")    \
    X(NUM, synth_keep_parent, "synthetic.keep_parent", NULL, "1", 0, 1,                \
      "probability that a masked row keeps its parents")                               \
    X(ENUM, synth_mask_feature, "synthetic.mask_feature", NULL, "yes", 0, 0,           \
      "yes|no: whether the mask itself is a feature")                                  \
    X(INT, synth_eval_rows, "synthetic.eval_rows", NULL, "20000", 100, 10000000,       \
      "clean rows that an SAE is held against the truth on")

/* X(TYPE, field, key, flag, default, min, max, help)
 * TYPE: STR text; INT int64_t; NUM double; ENUM int, `help` after a list of its
 * words. flag NULL: only --set. What is "auto" (for an INT also a default of 0
 * that is documented so) is resolved by settings_resolve, so that a run records
 * what it used.
 */
#define SETTING_LIST(X)                                                                \
    X(STR, model, "model", "model", "", 0, 0, "model directory (Hugging Face layout)") \
    X(STR, corpus, "corpus", "corpus", "", 0, 0,                                       \
      "training text: .txt, .csv, .jsonl or a grammar (FILE#register)")                \
    X(STR, ood, "ood", "ood", "", 0, 0, "out-of-distribution text, same formats")      \
    X(STR, concepts, "concepts", "concepts", "", 0, 0, "concepts.csv")                 \
    X(STR, hook, "hook", "hook", "blocks.1.hook_resid_post", 0, 0,                     \
      "where the SAE reads: blocks.N.hook_resid_post or _pre")                         \
    X(STR, arch, "arch", "arch", "matryoshka", 0, 0, "SAE architecture")               \
    X(INT, width, "width", "width", "512", 1, 4194304, "latents (d_sae)")              \
    X(NUM, k, "k", "k", "4", 0.01, 65536,                                              \
      "active latents of a token; on average for batchtopk and matryoshka, where it "  \
      "need not be whole")                                                             \
    X(NUM, mask_rate, "mask.rate", "mask-rate", "0.3", 0, 0.95,                        \
      "share of input tokens masked in training")                                      \
    X(STR, mask_token, "mask.token", "mask-token", "", 0, 0,                           \
      "what stands for a masked token: text of one token, or #ID")                     \
    X(ENUM, mask_kind, "mask.kind", NULL, "token", 0, 0,                               \
      "token|random|unigram: replace by a fixed token or by a draw (draws can leak "   \
      "words of the OOD text)")                                                        \
    X(ENUM, mask_positions, "mask.positions", NULL, "keep", 0, 0,                      \
      "keep|drop|mix: train on activations at masked positions, leave them out, or "   \
      "take all others from unmasked rows (a control: no context is masked)")          \
    X(ENUM, mask_schedule, "mask.schedule", NULL, "constant", 0, 0,                    \
      "constant|linear|cosine: how the rate moves from mask.rate to mask.rate_end")    \
    X(NUM, mask_rate_end, "mask.rate_end", NULL, "0", 0, 0.95,                         \
      "rate at the end of a linear or cosine schedule")                                \
    X(INT, mask_schedule_steps, "mask.schedule_steps", NULL, "0", 0, 1000000000,       \
      "length of the schedule; 0: the whole run")                                      \
    X(INT, steps, "steps", "steps", "1500", 1, 1000000000, "optimizer steps")          \
    X(INT, batch, "batch", "batch", "1024", 1, 1048576, "activations in a step")       \
    X(NUM, lr, "lr", "lr", "auto", 0, 10, "Adam learning rate; auto: by architecture") \
    X(INT, lr_warmup, "lr.warmup", NULL, "0", 0, 1000000000,                           \
      "steps of linear warm-up; 0: a thirtieth of the run, 50 at most")                \
    X(ENUM, lr_warmup_from, "lr.warmup_from", NULL, "first", 0, 0,                     \
      "first|zero: the first step moves at 1/lr.warmup of the rate, or not at all "    \
      "(dictionary_learning)")                                                         \
    X(NUM, lr_decay_from, "lr.decay_from", NULL, "0.75", 0, 1,                         \
      "share of the run after which the rate falls to 0; 1: never")                    \
    X(ENUM, lr_schedule, "lr.schedule", NULL, "linear", 0, 0,                          \
      "linear|cosine: constant until lr.decay_from, or half a cosine to a tenth")      \
    X(NUM, adam_beta1, "adam.beta1", NULL, "auto", 0, 0.99999,                         \
      "Adam's first decay; auto: by architecture")                                     \
    X(NUM, adam_beta2, "adam.beta2", NULL, "0.999", 0, 0.9999999,                      \
      "Adam's second decay")                                                           \
    X(NUM, adam_eps, "adam.eps", NULL, "1e-8", 0, 1, "Adam's epsilon")                 \
    X(NUM, clip, "clip", NULL, "1", 1e-9, 1e9, "global gradient norm at most")         \
    SETTING_LIST_ARCH(X)                                                               \
    SETTING_LIST_SYNTH(X)                                                              \
    X(NUM, aux_coef, "aux.coef", NULL, "0.03125", 0, 1000,                             \
      "weight of the AuxK loss on dead latents; 0: none")                              \
    X(INT, aux_k, "aux.k", NULL, "0", 0, 65536, "latents of AuxK; 0: half of d_model") \
    X(INT, dead_after, "dead_after", NULL, "0", 0, 1000000000,                         \
      "steps without firing that make a latent dead; 0: a fifteenth of the run, 20 "   \
      "to "                                                                            \
      "1000")                                                                          \
    X(NUM, threshold_lr, "threshold_lr", NULL, "0.01", 0, 1,                           \
      "running average of a batch architecture's threshold")                           \
    X(INT, context, "context", NULL, "0", 0, 65536,                                    \
      "tokens of a row; 0: the model's own context, 128 at most")                      \
    X(INT, fill_rows, "fill_rows", NULL, "128", 1, 65536,                              \
      "rows of text in the shuffle buffer")                                            \
    X(INT, log_every, "log.every", NULL, "10", 1, 1000000000,                          \
      "steps between rows of metrics.csv")                                             \
    X(INT, eval_every, "eval.every", NULL, "0", 0, 1000000000,                         \
      "steps between evaluations; 0: ten in a run; always one at its end")             \
    X(INT, eval_rows, "eval.rows", NULL, "16", 1, 65536,                               \
      "held-out rows for explained variance and cross-entropy")                        \
    X(INT, eval_ce_rows, "eval.ce_rows", NULL, "0", 0, 65536,                          \
      "of these the first for cross-entropy; 0: all of them, in the explorer 4")       \
    X(INT, concept_rows, "eval.concept_rows", NULL, "512", 1, 1048576,                 \
      "held-out rows searched for concept words")                                      \
    X(INT, browse_rows, "browse.rows", NULL, "512", 1, 1048576,                        \
      "held-out rows that latents are described from")                                 \
    X(ENUM, twin, "twin", NULL, "none", 0, 0,                                          \
      "none|unmasked: train a second arm, the same but for masking, from step 0")      \
    X(STR, also, "also", NULL, "", 0, 0,                                               \
      "further arms from the same harvest: k=8,mask-rate=0.3; several by ';'")         \
    X(INT, checkpoint_every, "checkpoint.every", "checkpoint-every", "0", 0,           \
      1000000000, "steps between checkpoints; 0: save at the end only")                \
    X(INT, checkpoint_keep, "checkpoint.keep", NULL, "0", 0, 1000000000,               \
      "of the checkpoints those at multiples of this many steps are kept; 0: every "   \
      "one")                                                                           \
    X(STR, checkpoint_best, "checkpoint.best", NULL, "explained_variance", 0, 0,       \
      "with checkpoint.every: column of metrics.csv by which the best evaluation is "  \
      "kept as well; none: no")                                                        \
    X(STR, cache, "cache", "cache", "", 0, 0,                                          \
      "folder that keeps activations for further runs on the same model and text")     \
    X(ENUM, cache_dtype, "cache.dtype", NULL, "fp32", 0, 0,                            \
      "fp32|fp16: fp32 changes nothing; fp16 rounds what is trained on, at half the "  \
      "space")                                                                         \
    X(INT, seed, "seed", "seed", "1", 0, 9007199254740991,                             \
      "seed of everything random")                                                     \
    X(INT, threads, "threads", "threads", "0", 0, 1024,                                \
      "threads; 0: as many as the process may use")

struct settings {
#define SETTING_STR(f)                                         char f[SETTING_TEXT_MAX];
#define SETTING_INT(f)                                         int64_t f;
#define SETTING_NUM(f)                                         double f;
#define SETTING_ENUM(f)                                        int f;
#define SETTING_FIELD(type, f, key, flag, def, min, max, help) SETTING_##type(f)
    SETTING_LIST(SETTING_FIELD)
#undef SETTING_FIELD
    /* Where setting i came from, as an index into origin_name: "default", "command
     * line", a file's path. */
    uint8_t origin[SETTING_MAX];
    size_t n_origins;
    char origin_name[SETTING_ORIGINS][SETTING_TEXT_MAX];
    /* Where the bundled samples are on this machine, not a setting: a path that begins
     * with "samples/" is looked for there, so that runs keep opening elsewhere. */
    char samples_dir[SETTING_TEXT_MAX];
};

enum setting_type { SETTING_IS_STR, SETTING_IS_INT, SETTING_IS_NUM, SETTING_IS_ENUM };
struct setting_def {
    enum setting_type type;
    size_t offset;
    const char *key, *flag, *def, *help; /* flag NULL: none. ENUM help: "a|b|c:text" */
    double min, max;
};

/* The table: *n rows. Any thread. */
const struct setting_def *settings_table(size_t *n);
const struct setting_def *setting_find(const char *key); /* NULL if unknown */

/* What a setting decides. */
enum setting_scope {
    SETTING_OF_ARM, /* one arm: another may have another value */
    SETTING_OF_RUN, /* text and model, which all arms share */
    SETTING_FREE,   /* not what is learned: threads, logging, evaluation, saving */
};
enum setting_scope setting_scope(const struct setting_def *d);

/* Where the value of a setting came from. */
const char *settings_origin(const struct settings *s, const struct setting_def *d);
/* Whether somebody named a value for `key`, which must be one of the table. */
bool settings_given(const struct settings *s, const char *key);
/* rc, of a check of the value of `key`: an error in e gets the file before it that the
 * value came from, if it did not come from the command line. */
enum err settings_blame(const struct settings *s, const char *key, enum err rc,
                        struct errinfo *e) ERR_CHECKED;

/* Everything at its default. */
void settings_init(struct settings *s);
/* Set one by key from text; checks type and range. ERR_USAGE names origin, key,
 * what was given and what is allowed; an unknown key names the nearest known one.
 */
enum err settings_set(struct settings *s, const char *key, const char *text,
                      const char *origin, struct errinfo *e) ERR_CHECKED;
/* Append the value of a setting as text. */
void settings_print(const struct settings *s, const struct setting_def *d,
                    struct str *out);
/* Read a configuration file: an object whose members are keys ("mask.rate") or
 * nested objects of them ("mask": {"rate": ..}); unknown keys are errors, "about"
 * is a comment. Relative paths in it stay as they are. */
enum err settings_load(struct settings *s, const char *path,
                       struct errinfo *e) ERR_CHECKED;
/* The same from a parsed object. */
enum err settings_from_json(struct settings *s, const cJSON *obj, const char *file,
                            struct errinfo *e) ERR_CHECKED;
/* All settings as members "key": value of a JSON object, of the kinds that
 * settings_from_json takes. */
enum err settings_add_json(const struct settings *s, cJSON *obj,
                           struct errinfo *e) ERR_CHECKED;
/* Those that were given (settings_given), in the place of members of their names. */
enum err settings_put_given(const struct settings *s, cJSON *obj,
                            struct errinfo *e) ERR_CHECKED;

/* The path behind a setting: itself, or for "samples/X" that does not exist here
 * the file X of samples_dir. out[cap]; ERR_LIMIT when it does not fit. */
enum err settings_path(const struct settings *s, const char *text, char *out,
                       size_t cap, struct errinfo *e) ERR_CHECKED;

/* Replace every "auto" by what it stands for in a run of this length and architecture.
 * `n_ctx` is the model's context, d_model its width. What does not apply to the
 * architecture stays; so does mask.schedule_steps 0, "the whole run", since a run can
 * be extended. */
void settings_resolve(struct settings *s, size_t n_ctx, size_t d_model);

#endif
