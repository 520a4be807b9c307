/* The conditions of an experiment: arms with the same values of every setting that
 * shapes them, except the seeds, are one condition. Any thread. */
#ifndef SAETOP_RUN_CONDITIONS_H
#define SAETOP_RUN_CONDITIONS_H

#include "num/paired.h"
#include "train/history.h"
#include "train/settings.h"

#define CONDITIONS_MAX 26 /* letters of the alphabet */
#define CONDITION_TEXT 256
#define CONDITION_SEED 48

struct condition {
    char letter;
    size_t arm;                    /* its first arm */
    char settings[CONDITION_TEXT]; /* those in which the conditions differ:
                                      "mask.rate=0.3, k=8"; cut where too long */
    bool unmasked;
};
struct conditions {
    size_t n;
    struct condition at[CONDITIONS_MAX];
    size_t *of;                   /* [arms] the condition of each arm */
    struct paired_seed *pair;     /* [arms] its seeds, which arms are paired by */
    char (*seed)[CONDITION_SEED]; /* [arms] its seeds as text */
};
/* Groups n arms by their settings into conditions, in the order of their first arms: A
 * has the first arm. Release with conditions_deinit. ERR_USAGE for more than
 * CONDITIONS_MAX, and for two arms that do not differ at all (name[n]: the arms'
 * names); ERR_NOMEM. O(n^2 settings). */
enum err conditions_of(const struct settings *const *set, const char *const *name,
                       size_t n, struct conditions *out, struct errinfo *e) ERR_CHECKED;
void conditions_deinit(struct conditions *c);

/* Writes the seeds: "21", or "21/2" where weights and text have different seeds. */
void conditions_seeds(const struct settings *set, char out[CONDITION_SEED]);

struct paired_seed conditions_seed(const struct settings *set);

/* Returns the condition that the others are compared with: verdict_baseline. */
size_t conditions_baseline(const struct conditions *c);

/* Returns a hash of all settings that shape an SAE except masks and seeds.
 * O(settings). */
uint64_t conditions_beyond_masks(const struct settings *set);
/* Returns the same hash without settings of the decoder too, so that an arm with a
 * random decoder matches the one that it is a control of. */
uint64_t conditions_beyond_decoder(const struct settings *set);
/* Returns whether these are the settings of a random control: its decoder is not
 * trained. */
bool conditions_is_random(const struct settings *set);
/* Returns the random control of condition `of` among the conditions with these
 * settings, n up to CONDITIONS_MAX: the first that is random and otherwise alike
 * (verdict_control). */
size_t conditions_control(const struct settings *const *set, size_t n, size_t of);

/* Finds the arms of conditions a and b that have the same seeds: paired_by_seed over
 * all n arms. */
size_t conditions_pairs(const struct conditions *c, size_t n, size_t a, size_t b,
                        size_t *of_a, size_t *of_b);

/* One setting in which two arms differ. */
#define DIFFERENCE_VALUE 64
struct difference {
    const char *key;
    char value[2][DIFFERENCE_VALUE]; /* cut where too long */
    enum difference_kind {
        DIFFERENCE_SEED,    /* of weights or text */
        DIFFERENCE_MASKING, /* what is masked, how and how often */
        DIFFERENCE_INPUTS,  /* source, model, hook, text, ...: the data differ */
        DIFFERENCE_OTHER    /* anything else that shapes the SAE */
    } kind;
};
/* Writes the settings in which a and b differ, in the order of the table of settings,
 * at most `cap` into out; returns how many there are. Settings for watching, saving and
 * evaluating do not count. */
size_t conditions_differences(const struct settings *a, const struct settings *b,
                              struct difference *out, size_t cap);
/* Writes the differences of one kind, "k 4 against 8: not the masking alone", or ""
 * where there are none. The values are in the order of `value`, first to second. */
void conditions_differ_in(const struct difference *d, size_t n,
                          enum difference_kind kind, char *out, size_t cap);

/* What an event changes in an arm during training. */
enum change_kind {
    CHANGE_MASKS,    /* its mask rate */
    CHANGE_SETTINGS, /* other settings, by :tune */
    CHANGE_KINDS     /* none of these */
};
enum change_kind conditions_change_kind(const char *event);
/* The changes of one kind to an arm during training, including those undone later. */
#define CONDITION_CHANGES 160
struct condition_changes {
    uint64_t hash;                /* over all changes: equal for arms changed alike */
    char text[CONDITION_CHANGES]; /* "lr 0.002 -> 0.001 at step 120, lr 0.001 -> 0.002
                                     at step 300", ends in "..." where cut; "": none */
};
void conditions_changes(const struct history *h,
                        struct condition_changes out[CHANGE_KINDS]);

#endif
