/* The state of a session at one moment: plain data that screens read and tests can fill
 * in. The UI thread owns it; session_poll brings it up to date. */
#ifndef SAETOP_SESSION_VIEW_H
#define SAETOP_SESSION_VIEW_H

#include "ask/ask_preset.h"
#include "ask/ask_worker.h"
#include "eval/concept_history.h"
#include "latents/latent_columns.h"
#include "latents/latent_find.h"
#include "latents/latent_labels.h"
#include "latents/latent_pairs.h"
#include "measure/wants.h"
#include "run/run_cost.h"
#include "session/command.h"
#include "session/comparison.h"
#include "train/arm_place.h"
#include "train/metric.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum session_state {
    SESSION_LOADING, /* opening model, text, evaluation set */
    SESSION_TRAINING,
    SESSION_PAUSED,
    SESSION_DONE,     /* at the last step; can be extended */
    SESSION_BROWSING, /* a run opened from its directory */
    SESSION_FAILED,   /* message says why; what was measured stays readable */
    SESSION_ENDED,    /* after COMMAND_STOP */
};
const char *session_state_name(enum session_state s); /* "TRAIN", "PAUSED", ... */

/* One measure over the steps, x ascending. Steps at which it was not measured have no
 * point; a value that is not finite is kept as NaN. */
struct series {
    double *x, *y;
    double *seconds;
    double *lo, *hi; /* interval, or NULL where the measure has none */
    size_t n, cap;
};

/* One SAE of the run: a condition with a seed of weights. A view has all arms of a
 * run. */
#define VIEW_ARMS RUN_ARMS_MAX
struct arm_view {
    /* Up to `series`: plain values, copied whole at each poll. */
    size_t cond;      /* its condition; VIEW_CONDS: one that is not shown */
    uint64_t weights; /* its seed of weights */
    char dir[1024];   /* where it was last saved; "": nowhere yet */
    struct series series[METRIC_COUNT];
    double last[METRIC_COUNT];          /* latest value of each, NaN before the first */
    const struct latent_table *table;   /* latest, or NULL */
    const struct latent_labels *labels; /* what its latents are called, or NULL */
    const struct ask_presets *presets;  /* named edits of its latents, or NULL */
    const struct concept_table *concepts; /* of the latest evaluation, or NULL */
    const struct concept_history *over;   /* of all evaluations so far, or NULL */
};

/* A condition: arms that differ only in their seeds and share their masking. A view has
 * those that screens show, in the order of their first arms; a run may have more. */
#define VIEW_CONDS     4
#define COND_LABEL_MAX 48
struct cond_view {
    /* Up to `series`: plain values, copied whole at each poll. */
    char letter;                /* 'A', 'B' */
    char label[COND_LABEL_MAX]; /* "mask p=0.30", "no mask", "random p=0.30" */
    bool random;                /* its decoder is not trained: a control */
    char tunable[160]; /* settings that may change during training, with their values:
                          "lr=0.002,k=4" */
    uint64_t beyond_masks;   /* equal in conditions that differ only in masks:
                                conditions_beyond_masks */
    uint64_t beyond_decoder; /* likewise: conditions_beyond_decoder */
    double k;                /* from its settings, */
    bool has_k;              /* and whether its L0 is k by design */
    bool unmasked;           /* at all steps, by its present plan */
    size_t n_seeds;          /* at least 1 */
    size_t arm[VIEW_ARMS];   /* [n_seeds] indices into the view's arms; seed i is at i
                                in each condition that has all seeds */
    double rate_set, rate_in_use; /* the rate that is set, and the one the text in use
                                     was masked at */
    double rate_when_on;          /* the rate when masking is switched on again */
    int64_t applies_from;         /* step from which rate_set is trained on */
    bool pending;                 /* `:mask P at STEP` is waiting */
    double pending_rate;
    int64_t pending_at;
    int64_t forked_at; /* -1: not a fork */
    /* With one seed: its curve. With several: the mean of their finite values, with the
     * least and the greatest as lo and hi, at the steps that all of them have reached.
     * A seed that was added later counts for the steps it has reached. Cross-entropies
     * are measured for the seeds in turn: the mean is over those that have one at that
     * step. lo and hi are never NULL, but may be NaN. */
    struct series series[METRIC_COUNT];
    double last[METRIC_COUNT]; /* latest value of each, NaN before the first */
};

struct event_view {
    int64_t step;
    char letter; /* condition, or ' '; its seeds share their events */
    char kind[24];
    char text[1024];
};

/* A setting on a line: "k" "4". */
struct fact {
    char name[32];
    char value[160];
};
#define VIEW_FACTS 24

/* Shown where something needs the model that made the activations. */
#define VIEW_NO_MODEL                                                                  \
    "no model here: concepts, prompts and comparing need " WANT_GIVES_MODEL

/* Texts to start a prompt with: beginnings of held-out text. */
#define VIEW_EXAMPLES    8
#define VIEW_EXAMPLE_MAX 160

#define VIEW_SAID 8 /* latest messages that are kept; an event may bring several */
struct said_view {
    char text[400];
    bool bad;
};

/* The fact "ood" where the text's own tail stands in for text of another kind. */
#define SESSION_TAIL "held-back tail"

/* The state of a session. Up to `cond`: plain values, copied whole at each poll. From
 * `cond` on: what the view owns or holds references to. */
struct session_view {
    enum session_state state;
    char loading[80];                  /* what is being opened, while LOADING */
    size_t weights_ready, weights_all; /* bytes of the model's weights that were read,
                                          of those needed so far */
    struct cost_line cost[COST_LINES]; /* what the run in training takes, */
    size_t n_cost;                     /* as far as is known */
    char message[400];                 /* the latest thing to say; may be "" */
    bool message_bad;
    uint64_t said; /* messages so far; grows with each, even a repeated one */
    struct said_view spoken[VIEW_SAID]; /* the latest of them: message n, from 1 on, is
                                           spoken[n % VIEW_SAID] */
    char warning[400];                  /* stays until the end: a foreign corpus, ... */
    int64_t step, steps;                /* in a run being browsed, steps = step */
    int64_t planned;                    /* last step of the run's plan */
    double seconds;                     /* of training, without pauses */
    double tokens_per_second, eta_seconds; /* eta NaN when unknown */
    bool eval_ready; /* the held-out set is made, so evaluations can follow */
    bool evaluating; /* at this moment */
    double eval_next_step;
    double arm_bytes; /* about what one arm takes in training; 0: not known */
    size_t threads;
    size_t n_conds;       /* 0: not known yet */
    size_t seeds_planned; /* of each condition at the start, without those added after a
                             look */
    size_t seed;          /* the seed whose latents and concepts each condition shows */
    size_t n_arms;
    struct names names;
    struct fact fact[VIEW_FACTS]; /* model, corpus, hook, arch, ... */
    size_t n_facts;
    bool no_model;            /* activations were made elsewhere: VIEW_NO_MODEL */
    struct ask_worker *asker; /* answers questions; the session's; NULL: none */
    char example[VIEW_EXAMPLES][VIEW_EXAMPLE_MAX]; /* "" beyond the last */
    struct absorption_rule rule; /* that words and concepts are judged by */
    char other[COMPARE_PATH];    /* a second run named at the start; "": none */
    char compare_doing[80];      /* what is being done for the next comparison; "":
                                    nothing */
    uint64_t compares_failed;    /* so far; a message says why. The previous comparison
                                    stays */
    bool table_busy, detail_busy, concepts_busy, word_busy, partners_busy, subject_busy,
        compare_busy, pair_busy; /* asked for, not yet answered */
    struct cond_view cond[VIEW_CONDS];
    struct arm_view arm[VIEW_ARMS];
    struct event_view *event;
    size_t n_events, event_cap;
    const struct latent_detail *detail; /* the latest asked for, or NULL */
    size_t detail_arm;
    const struct word_contexts *word; /* the latest asked for, or NULL */
    size_t word_arm;
    const struct latent_pairs
        *partners; /* of two arms; the latest asked for, or NULL */
    size_t partners_arm[2];
    int64_t partners_step;
    const struct ask_subject *subject; /* the model with the SAE of an arm as of a step;
                                          the latest asked for, or NULL */
    size_t subject_arm;
    int64_t subject_step;
    const struct comparison *compare;    /* the latest, or NULL */
    const struct latent_detail *pair[2]; /* a latent of each of its sides, or NULL */
    int64_t rss_bytes;
    uint64_t version; /* grows with every change */
};

/* Returns key i of the settings that a condition may have of its own, or with `tunable`
 * of those that may change while it trains. NULL beyond the last. Any thread. */
const char *session_setting(size_t i, bool tunable);
/* Returns the value of a setting in a list such as "k=8,mask.rate=0", or NULL where the
 * list lacks it. The value ends at the next comma or at the end. */
const char *session_setting_in(const char *list, const char *key);

void session_view_init(struct session_view *v);
/* Releases series, events and references. */
void session_view_deinit(struct session_view *v);
/* Returns the arm of a condition (below VIEW_CONDS) whose latents are shown: the one of
 * the chosen seed, or of the last seed where the condition has fewer. */
size_t session_view_shown(const struct session_view *v, size_t cond);
/* Appends a row of measures to the series and last values of an arm and of its
 * condition. */
enum err session_view_add_row(struct session_view *v, size_t arm,
                              const struct metric_row *row,
                              struct errinfo *e) ERR_CHECKED;
enum err session_view_add_event(struct session_view *v, const struct event_view *ev,
                                struct errinfo *e) ERR_CHECKED;

#endif
