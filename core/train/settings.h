/* Every setting of a run, in one table: command line, configuration files, --set,
 * --print-config, config.json and help all come from it. */
#ifndef SAETOP_TRAIN_SETTINGS_H
#define SAETOP_TRAIN_SETTINGS_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

#include <stdint.h>

#define SETTING_TEXT_MAX 1024

enum mask_positions { POSITIONS_KEEP, POSITIONS_DROP };
enum twin_kind { TWIN_NONE, TWIN_UNMASKED };

/* X(TYPE, field, key, flag, default, min, max, help)
 * TYPE: STR text; INT int64_t; NUM double; ENUM int, `help` after a list of its words.
 * flag NULL: only --set. A default of 0 that is documented as "auto" is resolved by
 * settings_resolve, so that a run records what it used. */
#define SETTING_LIST(X)                                                                \
    X(STR, model, "model", "model", "", 0, 0, "model directory (Hugging Face layout)") \
    X(STR, corpus, "corpus", "corpus", "", 0, 0,                                       \
      "training text: .txt, .csv, .jsonl or a grammar (FILE#register)")                \
    X(STR, ood, "ood", "ood", "", 0, 0, "out-of-distribution text, same formats")      \
    X(STR, concepts, "concepts", "concepts", "", 0, 0, "concepts.csv")                 \
    X(STR, hook, "hook", "hook", "blocks.1.hook_resid_post", 0, 0,                     \
      "where the SAE reads: blocks.N.hook_resid_post or _pre")                         \
    X(STR, arch, "arch", "arch", "topk", 0, 0, "SAE architecture")                     \
    X(INT, width, "width", "width", "512", 1, 4194304, "latents (d_sae)")              \
    X(INT, k, "k", "k", "4", 1, 65536, "active latents of a token")                    \
    X(NUM, mask_rate, "mask.rate", "mask-rate", "0.3", 0, 0.95,                        \
      "share of input tokens masked in training")                                      \
    X(STR, mask_token, "mask.token", "mask-token", "", 0, 0,                           \
      "what stands for a masked token: text of one token, or #ID")                     \
    X(ENUM, mask_kind, "mask.kind", NULL, "token", 0, 0,                               \
      "token|random|unigram: replace by a fixed token or by a draw (draws can leak "    \
      "words of the OOD text)")                                                        \
    X(ENUM, mask_positions, "mask.positions", NULL, "keep", 0, 0,                      \
      "keep|drop: train on activations at masked positions, or leave them out")         \
    X(ENUM, mask_schedule, "mask.schedule", NULL, "constant", 0, 0,                    \
      "constant|linear|cosine: how the rate moves from mask.rate to mask.rate_end")     \
    X(NUM, mask_rate_end, "mask.rate_end", NULL, "0", 0, 0.95,                         \
      "rate at the end of a linear or cosine schedule")                                \
    X(INT, mask_schedule_steps, "mask.schedule_steps", NULL, "0", 0, INT64_MAX / 2,    \
      "length of the schedule; 0: the whole run")                                      \
    X(INT, steps, "steps", "steps", "1500", 1, 1000000000, "optimizer steps")          \
    X(INT, batch, "batch", "batch", "1024", 1, 1048576, "activations in a step")       \
    X(NUM, lr, "lr", "lr", "0.002", 0, 10, "Adam learning rate")                       \
    X(INT, lr_warmup, "lr.warmup", NULL, "0", 0, 1000000000,                           \
      "steps of linear warm-up; 0: a thirtieth of the run, 50 at most")                \
    X(NUM, lr_decay_from, "lr.decay_from", NULL, "0.75", 0, 1,                         \
      "share of the run after which the rate falls to 0; 1: never")                    \
    X(NUM, adam_beta1, "adam.beta1", NULL, "0.9", 0, 0.99999, "Adam's first decay")    \
    X(NUM, adam_beta2, "adam.beta2", NULL, "0.999", 0, 0.9999999,                      \
      "Adam's second decay")                                                           \
    X(NUM, adam_eps, "adam.eps", NULL, "1e-8", 0, 1, "Adam's epsilon")                 \
    X(NUM, clip, "clip", NULL, "1", 1e-9, 1e9, "global gradient norm at most")         \
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
      "none|unmasked: train a second arm, the same but for masking, from step 0")       \
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
    char origin[64][24]; /* where setting i came from: "default", "command line", ... */
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

/* Everything at its default. */
void settings_init(struct settings *s);
/* Set one by key from text; checks type and range. ERR_USAGE names origin, key, what
 * was given and what is allowed; an unknown key names the nearest known one. */
enum err settings_set(struct settings *s, const char *key, const char *text,
                      const char *origin, struct errinfo *e) ERR_CHECKED;
/* Append the value of a setting as text. */
void settings_print(const struct settings *s, const struct setting_def *d,
                    struct str *out);
/* Read a configuration file: an object whose members are keys ("mask.rate") or nested
 * objects of them ("mask": {"rate": ..}); unknown keys are errors, "about" is a
 * comment. Relative paths in it stay as they are. */
enum err settings_load(struct settings *s, const char *path,
                       struct errinfo *e) ERR_CHECKED;
/* The same from a parsed object. */
enum err settings_from_json(struct settings *s, const cJSON *obj, const char *file,
                            struct errinfo *e) ERR_CHECKED;
/* All settings as members "key": value of a JSON object. */
enum err settings_add_json(const struct settings *s, cJSON *obj,
                           struct errinfo *e) ERR_CHECKED;

/* The path behind a setting: itself, or for "samples/X" that does not exist here the
 * file X of samples_dir. out[cap]; ERR_LIMIT when it does not fit. */
enum err settings_path(const struct settings *s, const char *text, char *out,
                       size_t cap, struct errinfo *e) ERR_CHECKED;

/* Replace every "auto" by what it stands for in a run of this length. `n_ctx` is the
 * model's context. */
void settings_resolve(struct settings *s, size_t n_ctx);

#endif
