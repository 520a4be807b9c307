/* Internals of a session; included only in core/session. */
#ifndef SAETOP_SESSION_PRIV_H
#define SAETOP_SESSION_PRIV_H

#include "run/engine.h"
#include "run/run_arms.h"
#include "session/eta.h"
#include "session/session.h"

#include <pthread.h>
#include <stdatomic.h>

#define QUEUE_MAX 64

/* A row or event on its way to the screen. */
struct sent_row {
    size_t arm;
    struct metric_row row;
};
struct sent_event {
    struct event_view ev;
};

struct compare_input; /* session_compare.c */

/* A request for the job thread, with the frozen copy that it reads. */
struct job {
    struct command command; /* one that session_ask.c handles */
    struct sae *sae;        /* owned */
    struct sae *other;      /* the other arm's, for COMMAND_PARTNERS; owned; else
                               NULL */
    int64_t step;
    struct compare_input *compare; /* owned; for COMMAND_COMPARE */
};

struct session {
    struct session_config cfg;
    char open_run[SETTING_TEXT_MAX], runs_dir[SETTING_TEXT_MAX];
    struct settings given; /* by the user, for resuming */
    bool has_given;
    pthread_t trainer, jobs;
    bool trainer_started, jobs_started;
    atomic_bool stop; /* set by session_free: end everything soon */
    atomic_size_t outstanding;
    int wake[2];

    /* ---- commands down; guarded by mu ---- */
    pthread_mutex_t mu;
    pthread_cond_t commands_ready, jobs_ready;
    struct command queue[QUEUE_MAX];
    size_t queue_head, queue_len;

    /* ---- jobs; guarded by mu ---- */
    struct job job[QUEUE_MAX];
    size_t job_head, job_len;
    bool inputs_ready; /* `in` may be read by the job thread */
    bool inputs_failed;
    bool eval_wanted; /* the job thread is asked to make the evaluation set */

    /* ---- up to the screen; guarded by mu ---- */
    struct session_view pub; /* plain values of the view and its arms, names, facts; no
                                series or events */
    struct sent_row *rows;
    size_t n_rows, row_cap;
    struct sent_event *events;
    size_t n_events, event_cap;
    struct latent_table *table[VIEW_ARMS];
    struct latent_labels *labels[VIEW_ARMS]; /* changed by the trainer only */
    struct ask_presets *presets[VIEW_ARMS];  /* likewise */
    struct concept_table *concepts[VIEW_ARMS];
    struct concept_history *over[VIEW_ARMS];
    struct word_contexts *word;
    size_t word_arm;
    struct latent_pairs *partners;
    size_t partners_arm[2];
    int64_t partners_step;
    size_t partners_asked; /* not answered yet */
    struct latent_detail *detail;
    size_t detail_arm;
    struct comparison *compare;
    struct latent_detail *pair[2];
    struct ask_subject *subject;
    size_t subject_arm;
    int64_t subject_step;
    size_t subjects_asked;                              /* not answered yet */
    size_t compares_asked, pairs_asked, words_asked;    /* not answered yet, */
    size_t tables_asked, details_asked, concepts_asked; /* likewise */
    size_t weights_whole; /* bytes of all of the model's weights */
    bool changed, awake;
    enum err error;
    struct eval_set *eval_set; /* made by the job thread, taken by the trainer */

    /* ---- written before inputs_ready, immutable after ---- */
    struct inputs *in;
    struct names names;
    /* ---- job thread only ---- */
    bool chat_known; /* the model's files were searched for a chat template: */
    const struct chat_family *chat; /* NULL: chat_why says why */
    struct errinfo chat_why;

    struct ask_worker *asker; /* made by the job thread; has its own lock. NULL: none */

    /* ---- trainer thread only ---- */
    struct engine *engine;
    struct run_record *record; /* [n_records] one record per arm, in browsing. The job
                                  thread reads them under mu, which session_follow holds
                                  when it replaces them */
    size_t n_records;
    char last_dir[SETTING_TEXT_MAX];
    struct run_cost cost; /* of the run that starts */
    struct eta eta;
};

/* session.c: publishing. Each takes the lock, changes `pub` and wakes the screen. */
void session_say(struct session *s, bool bad, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void session_set_state(struct session *s, enum session_state state);
enum session_state session_state(struct session *s);
/* Warns of what does not go together in the run of a browsed arm; m as for sae_remarks.
 * Any thread. */
void session_remark(struct session *s, size_t arm, const struct sae_measured *m);
void session_loading(struct session *s, const char *what);
/* Publish from now on how much of the opened model's weights was read. */
void session_watch_weights(struct session *s, const struct inputs *in);
void session_wake_locked(struct session *s); /* mu held */
/* Returns the published condition of an arm, NULL where it is not shown. mu held. */
struct cond_view *session_cond_of(struct session *s, size_t arm);
void session_send_row(struct session *s, size_t arm, const struct metric_row *row);
/* Sends an event to the view. From seeds after the first it sends only events that the
 * first lacks; the text then names the seed. `first`: the first seed's history, which
 * may be the arm's own. */
void session_send_event(struct session *s, size_t arm, const struct history *first,
                        const struct run_event *ev);
bool session_same_event(const struct run_event *x, const struct run_event *y);
/* Returns the first arm of an arm's condition, or the arm itself where that is not
 * shown. */
size_t session_first_arm(const struct session *s, size_t arm);
/* Sends all rows and events of the histories past[n], once the arms' conditions are
 * published. Events come in the order of their steps, with those that two conditions
 * share side by side, whatever order the arms were read in (session_past.c). */
void session_send_past(struct session *s, const struct history *const past[], size_t n);
/* Hands a job and all that it owns to the job thread. Where the queue is full, the job
 * is freed, counts as answered, and a message says so. */
void session_send_job(struct session *s, const struct job *job);
void session_job_deinit(struct job *job);
/* Notes that a comparison could not be made; call before session_answered. Any
 * thread. */
void session_comparison_failed(struct session *s);
/* Notes that a command has been dealt with. Any thread. */
void session_answered(struct session *s, const struct command *c);

/* session_conds.c: puts conditions and arms into the published view. A returned number
 * is that of the conditions, which may be more than are shown. */
/* Publishes all state of the engine that changes during training. Trainer thread. */
size_t session_publish(struct session *s);
/* Renews the facts of the run, including the memory per arm. Trainer thread. */
void session_renew_facts(struct session *s);
/* If there are more conditions than a screen shows, puts that in front of the last
 * message. */
void session_say_shown(struct session *s, size_t conds);
/* Publishes the arms of the engine; mu held. Returns the number of conditions. */
size_t session_publish_arms_locked(struct session *s);
/* Publishes the arms of the records, which come from these directories. Returns the
 * number of conditions. */
size_t session_publish_records(struct session *s, const struct run_arms *arms);

/* session_names.c: token texts, concept names and the facts of the run. */
enum err session_make_names(struct session *s, struct errinfo *e) ERR_CHECKED;
void session_free_names(struct session *s);
void session_make_facts(struct session *s);
void session_add_fact(struct session *s, const char *name, const char *value);

/* session_concepts.c: publishes an arm's concepts. The session takes over `fresh`. */
void session_publish_concepts(struct session *s, size_t arm,
                              struct concept_table *fresh);
/* COMMAND_RULE: judges all concepts by another rule. Some milliseconds per arm. Trainer
 * thread. */
void session_set_rule(struct session *s, const struct absorption_rule *rule);
/* Publishes the concepts of each arm's last evaluation. Trainer thread. */
enum err session_show_concepts(struct session *s, struct errinfo *e) ERR_CHECKED;
/* Loads an arm's concepts from its directory, with those of its evaluations up to step
 * `last`; either may be missing. F: latents of its SAE. */
void session_load_concepts(struct session *s, size_t arm, const char *dir, size_t F,
                           int64_t last);
/* Measures the concepts of the job's SAE, with their words. Needs an evaluation set.
 * Job thread, which owns h. */
enum err session_measure_concepts(struct session *s, const struct job *job,
                                  struct harvester *h, struct errinfo *e) ERR_CHECKED;

/* jobs.c: makes the evaluation set if there is none. Job thread, which owns h. */
enum err session_need_eval_set(struct session *s, struct harvester *h,
                               struct errinfo *e) ERR_CHECKED;

/* session_subject.c: the model and SAE that answer prompts. Job thread. */
/* Begins to answer questions; an error becomes a message. */
void session_begin_asking(struct session *s);
/* Publishes a copy of the job's SAE with its model and held-out text; `table`: of this
 * very SAE, or NULL. */
enum err session_show_subject(struct session *s, const struct job *job,
                              struct latent_table *table, struct ask_rows *text,
                              struct errinfo *e) ERR_CHECKED;
/* Publishes the subject again with a table, whole or not, if it is of the table's SAE:
 * that of `job`. */
enum err session_describe_subject(struct session *s, const struct job *job,
                                  struct latent_table *table,
                                  struct errinfo *e) ERR_CHECKED;
/* Publishes beginnings of rows as example texts. */
void session_show_examples(struct session *s, const struct acts_set *set);

/* session_compare.c. Gathers the inputs of a comparison, with frozen copies of the arms
 * whose latents may be compared: one or two of each condition, all where other runs are
 * named; release with session_compare_free. Trainer thread. */
enum err session_compare_gather(struct session *s, bool others,
                                struct compare_input **out,
                                struct errinfo *e) ERR_CHECKED;
void session_compare_free(struct compare_input *in); /* NULL is fine */
/* Makes the comparison and publishes it; set: rows for browsing. ERR_USAGE where there
 * is nothing to compare with, errors of opening the other run. Job thread, which owns
 * h. */
enum err session_compare(struct session *s, const struct job *job,
                         const struct acts_set *set, struct harvester *h,
                         struct errinfo *e) ERR_CHECKED;
/* Publishes contexts of a latent of each side of the comparison that is shown. Job
 * thread. */
enum err session_compare_pair(struct session *s, const struct job *job,
                              const struct acts_set *set,
                              struct errinfo *e) ERR_CHECKED;

/* session_keep.c: what a person adds to a run. Trainer thread. */
/* Gives an arm with F latents the labels and presets in a run's directory. */
enum err session_load_kept(struct session *s, size_t arm, const char *dir, size_t F,
                           struct errinfo *e) ERR_CHECKED;
/* COMMAND_LABEL for an arm with F latents. Where the arm has a directory the label is
 * written there, with the labels already there kept. */
enum err session_set_label(struct session *s, const struct command *c, size_t F,
                           struct errinfo *e) ERR_CHECKED;
/* COMMAND_PRESET for an arm with this SAE, likewise. */
enum err session_set_preset(struct session *s, const struct command *c,
                            const struct sae *sae, struct errinfo *e) ERR_CHECKED;
/* Writes each arm's labels and presets, if any, to the directory that it was saved
 * in. */
enum err session_save_kept(struct session *s, struct errinfo *e) ERR_CHECKED;
/* Writes the present settings as a configuration file; an existing file is refused. */
enum err session_save_config(struct session *s, const char *path,
                             struct errinfo *e) ERR_CHECKED;

/* session_follow.c: takes in what another process has saved of the run being browsed:
 * new rows and events, the SAE, labels, concepts. ERR_USAGE where that does not
 * continue what is shown. Trainer thread. */
enum err session_follow(struct session *s, struct errinfo *e) ERR_CHECKED;

/* session_ask.c: sends requests to the job thread, with what they read. Trainer
 * thread. */
/* Finds the SAE of the arm that a command is about; ERR_USAGE where there is no such
 * arm, or it has no such latent. */
enum err session_find_sae(const struct session *s, const struct command *c,
                          const struct sae **out, struct errinfo *e) ERR_CHECKED;
/* COMMAND_TABLE, DETAIL, CONCEPTS, PARTNERS, SUBJECT, WORD: sends a frozen copy of the
 * arm along. */
enum err session_ask_of_arm(struct session *s, const struct command *c,
                            struct errinfo *e) ERR_CHECKED;
/* COMMAND_COMPARE, PAIR. */
enum err session_ask_comparison(struct session *s, const struct command *c,
                                struct errinfo *e) ERR_CHECKED;

/* session_open.c, in the trainer thread: opens what the configuration names: a new run,
 * one to go on with, or one to browse. */
enum err session_open(struct session *s, struct errinfo *e) ERR_CHECKED;
/* :resume in a run opened for browsing; with `steps` > 0 :extend, up to that step. */
enum err session_train_on(struct session *s, int64_t steps,
                          struct errinfo *e) ERR_CHECKED;
/* session_steer.c: carries out a command that changes the course of training. Needs an
 * engine. Trainer thread. */
enum err session_steer(struct session *s, const struct command *c,
                       struct errinfo *e) ERR_CHECKED;

/* trainer.c, jobs.c: thread bodies; arg is the session. */
void *session_trainer_main(void *arg);
void *session_jobs_main(void *arg);

#endif
