/* The state of a session at one moment: plain data that screens read and tests can fill
 * in. Owned by the UI thread; session_poll brings it up to date. */
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

/* One measure over the steps; x ascending. Rows where it was not measured are left out,
 * except that a value that is not finite stays as NaN. */
struct series {
    double *x, *y;
    double *seconds;
    double *lo, *hi; /* interval, or NULL where the measure has none */
    size_t n, cap;
};

/* One SAE of the run: a condition with a seed of weights. A view has all of a run's. */
#define VIEW_ARMS RUN_ARMS_MAX
struct arm_view {
    /* Plain values, copied whole at each poll: until `series`. */
    size_t cond; /* its condition; VIEW_CONDS: of one beyond those that are shown */
    uint64_t weights; /* its seed of weights */
    char dir[1024];   /* where it was saved last; "" */
    struct series series[METRIC_COUNT];
    double last[METRIC_COUNT];          /* latest value of each, NaN before the first */
    const struct latent_table *table;   /* latest, or NULL */
    const struct latent_labels *labels; /* what its latents are called, or NULL */
    const struct ask_presets *presets;  /* named edits of its latents, or NULL */
    const struct concept_table *concepts; /* of the latest evaluation, or NULL */
    const struct concept_history *over;   /* of all evaluations so far, or NULL */
};

/* A condition: arms that differ in nothing but their seeds, and are masked alike. Those
 * that screens show, in the order of their first arms; a run may have more. */
#define VIEW_CONDS     4
#define COND_LABEL_MAX 48
struct cond_view {
    /* Plain values, copied whole at each poll: until `series`. */
    char letter;                /* 'A', 'B' */
    char label[COND_LABEL_MAX]; /* "mask p=0.30", "no mask", "random p=0.30" */
    bool random;                /* its decoder is not trained: a control */
    char tunable[160]; /* "lr=0.002,k=4": settings that may be changed during training,
                        * with their values */
    uint64_t beyond_masks;   /* the same where conditions differ in masks alone,
                                conditions_beyond_masks */
    uint64_t beyond_decoder; /* likewise, conditions_beyond_decoder */
    double k;                /* of its settings */
    bool unmasked;           /* at all steps, as its plan stands */
    size_t n_seeds;          /* 1 at least */
    size_t arm[VIEW_ARMS];   /* [n_seeds] of the view's; seed i stands at i in each
                                condition that has all seeds */
    double rate_set,
        rate_in_use;      /* what is set, and what the text in use was masked at */
    double rate_when_on;  /* what masking comes back to */
    int64_t applies_from; /* step from which rate_set is trained on */
    bool pending;         /* `:mask P at STEP` is waiting */
    double pending_rate;
    int64_t pending_at;
    int64_t forked_at; /* -1: not a fork */
    /* With one seed: its curve. With several: the mean of their finite values, with the
     * least and the greatest as lo and hi, at the steps that all of them have reached.
     * A seed that was added later counts as far as it has got. Cross-entropies are
     * measured in turn: the mean is of the seeds that have one at that step. lo and hi
     * are never NULL, but may be NaN. */
    struct series series[METRIC_COUNT];
    double last[METRIC_COUNT]; /* latest value of each, NaN before the first */
};

struct event_view {
    int64_t step;
    char letter; /* condition, or ' '; seeds have their events in common */
    char kind[24];
    char text[1024];
};

/* A setting as a line: "k" "4". */
struct fact {
    char name[32];
    char value[160];
};
#define VIEW_FACTS 24

/* Said where something takes the model that made the activations. */
#define VIEW_NO_MODEL                                                                  \
    "no model here: concepts, prompts and comparing need " WANT_GIVES_MODEL

/* Texts to begin with in a prompt: beginnings of held-out text. */
#define VIEW_EXAMPLES    8
#define VIEW_EXAMPLE_MAX 160

#define VIEW_SAID 8 /* things said that an event may bring at once, and keep */
struct said_view {
    char text[400];
    bool bad;
};

/* The fact "ood" where the text's own tail stands for text of another kind. */
#define SESSION_TAIL "held-back tail"

/* What is copied whole at each poll stands first, plain values all of them; what a view
 * owns, or has a reference to, from `cond` on. */
struct session_view {
    enum session_state state;
    char loading[80];                  /* what is being opened, while LOADING */
    size_t weights_ready, weights_all; /* bytes of the model's weights that were read,
                                          of those that are needed so far */
    struct cost_line cost[COST_LINES]; /* what a run that is trained takes, */
    size_t n_cost;                     /* as far as it is known */
    char message[400];                 /* the latest thing to say; may be "" */
    bool message_bad;
    uint64_t said; /* things said so far: grows with each, the same words or not */
    struct said_view spoken[VIEW_SAID]; /* the last of them: number n, from 1 on, is
                                           spoken[n % VIEW_SAID] */
    char warning[400];   /* stands until the end: a foreign corpus, ... */
    int64_t step, steps; /* `steps` of a run being browsed: step */
    int64_t planned;     /* last step of the run's plan */
    double seconds;      /* of training, pauses left out */
    double tokens_per_second, eta_seconds; /* eta NaN when unknown */
    bool eval_ready; /* the held-out set is made; evaluations come from now on */
    bool evaluating; /* at this moment */
    double eval_next_step;
    double arm_bytes; /* about what an arm of a run in training takes; 0: not known */
    size_t threads;
    size_t n_conds;       /* 0: not known yet */
    size_t seeds_planned; /* of each condition at the start; more were added after a
                             look */
    size_t seed; /* the one whose latents and concepts are shown, of each condition */
    size_t n_arms;
    struct names names;
    struct fact fact[VIEW_FACTS]; /* model, corpus, hook, arch, ... */
    size_t n_facts;
    bool no_model;            /* activations made elsewhere: VIEW_NO_MODEL */
    struct ask_worker *asker; /* the session's, which answers questions; NULL: none */
    char example[VIEW_EXAMPLES][VIEW_EXAMPLE_MAX]; /* "" beyond the last */
    struct absorption_rule rule; /* by which words and concepts are judged */
    char other[COMPARE_PATH];    /* a second run that was named at the start; "" */
    char compare_doing[80];      /* what is being done for the next comparison; "" */
    uint64_t compares_failed;    /* so far; why is said. What there was stays */
    bool table_busy, detail_busy, concepts_busy, word_busy, partners_busy, subject_busy,
        compare_busy, pair_busy; /* asked for and not yet there */
    struct cond_view cond[VIEW_CONDS];
    struct arm_view arm[VIEW_ARMS];
    struct event_view *event;
    size_t n_events, event_cap;
    const struct latent_detail *detail; /* the latest asked for, or NULL */
    size_t detail_arm;
    const struct word_contexts *word; /* the latest asked for, or NULL */
    size_t word_arm;
    const struct latent_pairs
        *partners; /* of two arms, the latest asked for, or NULL */
    size_t partners_arm[2];
    int64_t partners_step;
    const struct ask_subject *subject; /* the latest asked for, or NULL: the model with
                                          the SAE of an arm as of a step */
    size_t subject_arm;
    int64_t subject_step;
    const struct comparison *compare;    /* the latest, or NULL */
    const struct latent_detail *pair[2]; /* a latent of each of its sides, or NULL */
    int64_t rss_bytes;
    uint64_t version; /* grows with every change */
};

/* Key i of the settings that a condition may have for itself; tunable: of those that
 * may change while it trains. NULL beyond the last. Any thread. */
const char *session_setting(size_t i, bool tunable);
/* The value of a setting in a list, "k=8,mask.rate=0"; NULL: it is not there. It ends
 * at the next comma or the end. */
const char *session_setting_in(const char *list, const char *key);

void session_view_init(struct session_view *v);
/* Releases series, events and references. */
void session_view_deinit(struct session_view *v);
/* The arm of a condition (below VIEW_CONDS) whose latents are shown: of the seed
 * chosen, of the last where it has fewer. */
size_t session_view_shown(const struct session_view *v, size_t cond);
/* Append a row of measures to the series and last values of an arm, and of its
 * condition. */
enum err session_view_add_row(struct session_view *v, size_t arm,
                              const struct metric_row *row,
                              struct errinfo *e) ERR_CHECKED;
enum err session_view_add_event(struct session_view *v, const struct event_view *ev,
                                struct errinfo *e) ERR_CHECKED;

#endif
