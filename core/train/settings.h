/* Every setting of a run, in one table: command line, configuration files, --set,
 * --print-config, config.json and help all come from it. */
#ifndef SAETOP_TRAIN_SETTINGS_H
#define SAETOP_TRAIN_SETTINGS_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "train/setting_list.h"

#include <stdbool.h>
#include <stdint.h>

#define SETTING_TEXT_MAX  1024             /* bytes of a STR, with its NUL */
#define SETTING_LONG_MAX  8192             /* bytes of a LONG, likewise */
#define SETTING_VALUE_MAX SETTING_LONG_MAX /* of a value by settings_print */
#define SETTING_MAX       128              /* most rows of the table */
#define SETTING_ORIGINS   8                /* most different origins */

/* The value of the setting `ood` for the held-back tail of the training text
 * (corpus_keep). */
#define OOD_TAIL "tail"

/* Values of ENUM settings that no other folder defines. */
enum mask_positions { POSITIONS_KEEP, POSITIONS_DROP, POSITIONS_MIX };
enum precision_choice { PRECISION_F32, PRECISION_BF16, PRECISION_AUTO };
enum twin_kind { TWIN_NONE, TWIN_UNMASKED };
enum source_kind { SOURCE_MODEL, SOURCE_SYNTHETIC, SOURCE_ACTIVATIONS };
enum normalize_kind { NORM_EXPECTED, NORM_NONE, NORM_CONSTANT, NORM_LAYER };
enum decoder_choice { DECODER_AUTO, DECODER_UNIT, DECODER_FREE, DECODER_RANDOM };
enum dead_choice { DEAD_AUTO, DEAD_LEAVE, DEAD_AUXK, DEAD_RESAMPLE };
enum lp_form { LP_SUM, LP_ROOT };
enum group_loss { GROUP_LOSS_MEAN, GROUP_LOSS_SUM };
enum group_prefixes { GROUP_PREFIXES_FIXED, GROUP_PREFIXES_DRAWN };
enum group_aux { GROUP_AUX_WHOLE, GROUP_AUX_GROUPS };
enum jump_of { JUMP_OF_PRE, JUMP_OF_ACTS };
enum warmup_from { WARMUP_FROM_FIRST, WARMUP_FROM_ZERO };

/* Who gave a value. */
enum setting_giver {
    GIVEN_BY_NOBODY,  /* the table's default */
    GIVEN_BY_USER,    /* for this very arm: a value that does not apply is an error */
    GIVEN_BY_FILE,    /* a file may serve several architectures; errors name it */
    GIVEN_BY_PROGRAM, /* to fit the rest, or from a sweep or another arm */
};
struct setting_origin {
    enum setting_giver by;
    const char *name; /* as a person reads it: "command line", a path, "twin" */
};
static inline struct setting_origin from_user(const char *where)
{
    return (struct setting_origin){GIVEN_BY_USER, where};
}
static inline struct setting_origin from_file(const char *path)
{
    return (struct setting_origin){GIVEN_BY_FILE, path};
}
static inline struct setting_origin from_program(const char *what)
{
    return (struct setting_origin){GIVEN_BY_PROGRAM, what};
}

struct settings {
#define SETTING_STR(f)                                           char f[SETTING_TEXT_MAX];
#define SETTING_LONG(f)                                          char f[SETTING_LONG_MAX];
#define SETTING_INT(f)                                           int64_t f;
#define SETTING_NUM(f)                                           double f;
#define SETTING_BOOL(f)                                          bool f;
#define SETTING_ENUM(f)                                          int f;
#define SETTING_FIELD(type, f, key, flag, def, lim, scope, n, h) SETTING_##type(f)
    SETTING_LIST(SETTING_FIELD)
#undef SETTING_FIELD
    /* Where setting i came from: an index into giver and origin_name. */
    uint8_t origin[SETTING_MAX];
    size_t n_origins;
    enum setting_giver giver[SETTING_ORIGINS];
    char origin_name[SETTING_ORIGINS][SETTING_TEXT_MAX];
    /* Where the bundled samples are on this machine; not a setting. A path that begins
     * with "samples/" is looked for there, so that runs can be opened elsewhere. */
    char samples_dir[SETTING_TEXT_MAX];
    /* --centre; not a setting of a run: an opened SAE of another tool was trained on
     * activations minus their mean (sae_centre), which its files do not say. */
    bool centre;
};

enum setting_type {
    SETTING_IS_STR,
    SETTING_IS_INT,
    SETTING_IS_NUM,
    SETTING_IS_BOOL,
    SETTING_IS_ENUM,
    SETTING_IS_LONG = SETTING_IS_STR /* a longer text */
};
/* Where a setting has its effect. */
enum setting_scope {
    SETTING_OF_ARM,  /* one arm: each may have its own value */
    SETTING_OF_RUN,  /* text and model, which all arms share */
    SETTING_OF_FREE, /* nothing that is learned: threads, logging, evaluation, saving */
};
struct setting_word {
    const char *word; /* NULL ends a list */
    int value;
};
struct setting_def {
    enum setting_type type;
    size_t offset, size;                 /* of its field */
    const char *key, *flag, *def, *help; /* flag NULL: none */
    double min, max;                     /* of a number */
    const struct setting_word *words;    /* of a BOOL or an ENUM, else NULL */
    enum setting_scope scope;
    bool tunable;   /* of an arm, and may change during training */
    unsigned needs; /* at least one of these SAE_HAS_ bits; 0: all architectures */
};

/* The keys, so that the compiler checks the name of a setting: setting_key.mask_rate is
 * "mask.rate". */
struct setting_keys {
#define SETTING_KEY(type, f, key, flag, def, lim, scope, n, h) const char *f;
    SETTING_LIST(SETTING_KEY)
#undef SETTING_KEY
};
extern const struct setting_keys setting_key;

/* Returns the table of *n rows. Any thread. */
const struct setting_def *settings_table(size_t *n);
const struct setting_def *setting_find(const char *key); /* NULL if unknown */

bool setting_is_number(const struct setting_def *d);
/* Appends the words of a BOOL or an ENUM, "yes|no"; nothing for other types. */
void setting_words(const struct setting_def *d, struct str *out);

/* Returns where the value of a setting came from; the settings own the name. */
struct setting_origin settings_origin(const struct settings *s,
                                      const struct setting_def *d);
/* Returns whether `key`, which must be in the table, was given a value by anybody. */
bool settings_given(const struct settings *s, const char *key);
/* Returns whether the user gave it one, for this arm. */
bool settings_named(const struct settings *s, const char *key);
/* Returns rc, the result of a check of `key`'s value. On an error, puts the file that
 * the value came from, if any, in front of the message in e. */
enum err settings_blame(const struct settings *s, const char *key, enum err rc,
                        struct errinfo *e) ERR_CHECKED;

/* Sets everything to its default. */
void settings_init(struct settings *s);
/* Sets one by key from text; checks type and range. ERR_USAGE names origin, key, what
 * was given and what is allowed; for an unknown key, the nearest known one. */
enum err settings_set(struct settings *s, const char *key, const char *text,
                      struct setting_origin from, struct errinfo *e) ERR_CHECKED;
/* Appends the value of a setting as text. */
void settings_print(const struct settings *s, const struct setting_def *d,
                    struct str *out);
/* Reads a configuration file: an object whose members are keys ("mask.rate") or nested
 * objects of them ("mask": {"rate": ..}); unknown keys are errors, "about" is a
 * comment. Relative paths in it stay as they are. */
enum err settings_load(struct settings *s, const char *path,
                       struct errinfo *e) ERR_CHECKED;
/* The same from a parsed object. */
enum err settings_from_json(struct settings *s, const cJSON *obj, const char *file,
                            struct errinfo *e) ERR_CHECKED;
/* Adds all settings to a JSON object as members "key": value, of the types that
 * settings_from_json takes. */
enum err settings_add_json(const struct settings *s, cJSON *obj,
                           struct errinfo *e) ERR_CHECKED;
/* Puts the settings that were given (settings_given) into obj, replacing members of the
 * same names. */
enum err settings_put_given(const struct settings *s, cJSON *obj,
                            struct errinfo *e) ERR_CHECKED;

/* Writes the path that a setting means: itself, or for a "samples/X" that does not
 * exist here the file X of samples_dir. out[cap]; ERR_LIMIT when it does not fit. */
enum err settings_path(const struct settings *s, const char *text, char *out,
                       size_t cap, struct errinfo *e) ERR_CHECKED;

/* Replaces every "auto" by its value in a run of this length and architecture. `n_ctx`
 * is the model's context, d_model its width. Settings that do not apply to the
 * architecture stay; so does mask.schedule_steps 0, "the whole run", since a run can be
 * extended. */
void settings_resolve(struct settings *s, size_t n_ctx, size_t d_model);
/* Undoes that as far as values tell: a setting of an arm becomes "auto" again where
 * "auto" would have given its value, so that in a further arm it follows the other
 * settings. O(settings^2). */
void settings_unresolve(struct settings *s, size_t n_ctx, size_t d_model);
/* Returns seed.weights, or the text's seed where that is "auto". */
uint64_t settings_weights_seed(const struct settings *s);

#endif
