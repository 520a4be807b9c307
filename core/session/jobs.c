/* The job thread: makes the evaluation set in the background, then latent tables and
 * details from frozen copies, on a harvester of its own without a pool, so that
 * training keeps the processors. */
#include "base/mem.h"
#include "base/pool.h"
#include "session/session_priv.h"

#include <stdio.h>

/* Rows of text to describe between looks at what else is asked for; the first table
 * shown starts with as many, and each further one has twice as many. */
#define SLICE_ROWS ((size_t)32)
/* Contexts of a latent whose next tokens to measure between looks at what is shown. */
#define SLICE_CONTEXTS ((size_t)10)

struct workbench {
    struct session *s;
    struct harvester *h;
    struct acts_set *set;  /* browsing rows; NULL until first needed */
    struct ask_rows *text; /* the same without activations; likewise */
    /* The table in progress; no pass: none. */
    struct job filling;
    struct latent_pass *pass;
    size_t show_at; /* rows at which it is shown next */
    bool shows;     /* the part made so far is shown */
    bool brought;   /* the last one was made for Prompt, unasked */
};

/* Waits until the trainer has opened the inputs; false: there will be none. */
static bool wait_for_inputs(struct session *s)
{
    pthread_mutex_lock(&s->mu);
    while (!s->inputs_ready && !s->inputs_failed && !atomic_load(&s->stop)) {
        pthread_cond_wait(&s->jobs_ready, &s->mu);
    }
    const bool ready = s->inputs_ready && !atomic_load(&s->stop);
    pthread_mutex_unlock(&s->mu);
    return ready;
}

enum work { WORK_END, WORK_EVAL_SET, WORK_JOB, WORK_FILL };

/* Whether a later request makes this one pointless: of details, words, comparisons and
 * pairs only the last one asked for is shown. mu held. */
static bool is_overtaken(const struct session *s, const struct job *job)
{
    for (size_t i = 0; i < s->job_len; i++) {
        const struct job *later = &s->job[(s->job_head + i) % QUEUE_MAX];
        const enum command_kind kind = job->command.kind;
        if (kind == later->command.kind &&
            (kind == COMMAND_DETAIL || kind == COMMAND_WORD ||
             kind == COMMAND_COMPARE || kind == COMMAND_PAIR ||
             kind == COMMAND_SUBJECT)) {
            return true;
        }
    }
    return false;
}

/* Whether the next job makes ready the model that prompts are asked of, which takes
 * only a moment. mu held. */
static bool prompt_waits(const struct session *s)
{
    return s->job_len > 0 && s->job[s->job_head].command.kind == COMMAND_SUBJECT;
}

/* `filling`: there is a table to continue when nothing else waits. */
static enum work next_work(struct session *s, bool filling, struct job *out,
                           bool *overtaken)
{
    enum work work = WORK_END;
    pthread_mutex_lock(&s->mu);
    while (!filling && !s->job_len && !s->eval_wanted && !atomic_load(&s->stop)) {
        pthread_cond_wait(&s->jobs_ready, &s->mu);
    }
    if (!atomic_load(&s->stop) && s->eval_wanted && !prompt_waits(s)) {
        s->eval_wanted = false;
        work = WORK_EVAL_SET;
    } else if (!atomic_load(&s->stop) && !s->job_len) {
        work = WORK_FILL;
    } else if (!atomic_load(&s->stop)) {
        *out = s->job[s->job_head];
        s->job_head = (s->job_head + 1) % QUEUE_MAX;
        s->job_len--;
        *overtaken = is_overtaken(s, out);
        work = WORK_JOB;
    }
    pthread_mutex_unlock(&s->mu);
    return work;
}

static enum err make_eval_set(struct session *s, struct harvester *h, struct errinfo *e)
{
    struct eval_set *set = NULL;
    TRY(engine_eval_set(s->in, h, NULL, &s->stop, &set, e));
    if (set) {
        eval_set_keep_evidence(set);
    }
    pthread_mutex_lock(&s->mu);
    s->eval_set = set;
    pthread_cond_signal(&s->commands_ready);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    return OK;
}

/* Make the rows for browsing, with activations of the first `rows`. */
static enum err browsing_rows(struct workbench *b, size_t rows, struct errinfo *e)
{
    const struct inputs *in = b->s->in;
    if (!b->set && in->shards) {
        return acts_set_of_shards(in->shards, (size_t)in->set.browse_rows, &b->set, e);
    }
    if (!b->set) {
        TRY(acts_set_open(b->h, in->corpus, CORPUS_HELDOUT, in->lm->tok,
                          (size_t)in->set.browse_rows, &b->set, e));
    }
    while (b->set->harvested < b->set->rows && b->set->harvested < rows) {
        if (atomic_load(&b->s->stop)) {
            return err_set(e, ERR_CANCELLED, "stopped");
        }
        acts_set_harvest(b->set, b->h, SLICE_ROWS);
    }
    return OK;
}

/* Takes a reference. */
static void show_table(struct session *s, const struct job *job,
                       struct latent_table *table)
{
    const size_t arm = job->command.arm;
    pthread_mutex_lock(&s->mu);
    struct latent_table *old = s->table[arm];
    s->table[arm] = latent_table_ref(table);
    session_wake_locked(s);
    const bool first = !old || old->positions < old->positions_all;
    const bool browsed = arm < s->n_records;
    pthread_mutex_unlock(&s->mu);
    latent_table_unref(old);
    if (browsed && first && table->positions == table->positions_all) {
        const struct sae_measured m = latent_table_measured(table);
        session_remark(s, arm, &m);
    }
}

/* Does a step in making the table. The part made so far is shown if the arm has no
 * whole table yet; Prompt, if it asks this SAE, has it in any case. */
static enum err fill_table(struct workbench *b, struct errinfo *e)
{
    struct session *s = b->s;
    struct latent_table *table = NULL;
    TRY(browsing_rows(b, latent_pass_rows(b->pass) + SLICE_ROWS, e));
    TRY(latent_pass_read(b->pass, SLICE_ROWS, NULL, &s->stop, e));
    const bool done = latent_pass_is_done(b->pass);
    if (!done && latent_pass_rows(b->pass) < b->show_at) {
        return OK;
    }
    b->show_at *= 2;
    TRY(latent_pass_table(b->pass, NULL, &s->stop, &table, e));
    if (done || b->shows) {
        show_table(s, &b->filling, table);
    }
    const enum err rc = session_describe_subject(s, &b->filling, table, e);
    latent_table_unref(table);
    return rc;
}

/* Returns a reference to the table of this very SAE, maybe of part of the text; NULL:
 * there is another, or none. */
static struct latent_table *table_of_job(struct session *s, const struct job *job)
{
    pthread_mutex_lock(&s->mu);
    struct latent_table *t = s->table[job->command.arm];
    t = t && t->step == job->step ? latent_table_ref(t) : NULL;
    pthread_mutex_unlock(&s->mu);
    return t;
}

/* Whether that table has everything that a new one would have. */
static bool is_described(struct session *s, const struct job *job)
{
    struct latent_table *t = table_of_job(s, job);
    const bool is = t && t->positions == t->positions_all;
    latent_table_unref(t);
    return is;
}

static enum err begin_pass(struct workbench *b, const struct job *job,
                           struct errinfo *e)
{
    struct session *s = b->s;
    TRY(latent_pass_new(job->sae, b->set, s->in->concepts, job->step, &b->pass, e));
    b->filling = *job;
    b->show_at = SLICE_ROWS;
    pthread_mutex_lock(&s->mu);
    const struct latent_table *old = s->table[job->command.arm];
    b->shows = !old || old->positions < old->positions_all;
    pthread_mutex_unlock(&s->mu);
    return OK;
}

/* Begins a table, unless Prompt's question for the SAE has just brought it: the screen
 * asks for both at once. */
static enum err begin_table(struct workbench *b, const struct job *job,
                            struct errinfo *e)
{
    const bool brought = b->brought;
    b->brought = false;
    return brought && is_described(b->s, job) ? OK : begin_pass(b, job, e);
}

static void end_table(struct workbench *b)
{
    latent_pass_free(b->pass);
    b->pass = NULL;
    b->brought = b->filling.command.kind == COMMAND_SUBJECT;
    session_answered(b->s, &b->filling.command);
    session_job_deinit(&b->filling);
}

/* Continues the table; to the end if `whole`. */
static void go_on_filling(struct workbench *b, bool whole)
{
    struct errinfo e = {0};
    enum err rc = OK;
    do {
        rc = fill_table(b, &e);
    } while (whole && rc == OK && !latent_pass_is_done(b->pass));
    if (rc != OK && rc != ERR_CANCELLED) {
        session_say(b->s, true, "%s", e.msg);
    }
    if (rc != OK || latent_pass_is_done(b->pass)) {
        end_table(b);
    }
}

/* Takes a reference. */
static void show_detail(struct session *s, const struct job *job,
                        struct latent_detail *detail)
{
    pthread_mutex_lock(&s->mu);
    struct latent_detail *old = s->detail;
    s->detail = latent_detail_ref(detail);
    s->detail_arm = job->command.arm;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    latent_detail_unref(old);
}

/* Adds what the model expects next in each context of a detail already shown. Shows the
 * detail again with a few more each time, until another is asked for. Takes over the
 * reference. */
static enum err add_next(struct workbench *b, const struct job *job,
                         struct latent_detail *shown, struct errinfo *e)
{
    struct session *s = b->s;
    const size_t n = shown->n_contexts;
    enum err rc = OK;
    for (size_t i = 0; i < n && rc == OK; i += SLICE_CONTEXTS) {
        struct latent_detail *more = NULL;
        pthread_mutex_lock(&s->mu);
        const bool overtaken = is_overtaken(s, job);
        pthread_mutex_unlock(&s->mu);
        if (overtaken) {
            break;
        }
        rc = latent_detail_copy(shown, &more, e);
        latent_detail_unref(shown);
        shown = more;
        if (rc == OK) {
            rc = latent_detail_next(more, job->sae, b->set, s->in->lm, b->h, i,
                                    SLICE_CONTEXTS, &s->stop, e);
        }
        if (rc == OK) {
            show_detail(s, job, more);
        }
    }
    latent_detail_unref(shown);
    return rc;
}

static enum err make_detail(struct workbench *b, const struct job *job,
                            struct errinfo *e)
{
    struct session *s = b->s;
    struct latent_detail *detail = NULL;
    pthread_mutex_lock(&s->mu);
    struct latent_table *table = s->table[job->command.arm];
    table = table ? latent_table_ref(table) : NULL;
    pthread_mutex_unlock(&s->mu);
    enum err rc = table ? OK : browsing_rows(b, SIZE_MAX, e);
    if (rc == OK) {
        rc = latent_detail_new(job->sae, b->set, s->in->concepts, table, s->in->lm,
                               s->in->hook, b->h, job->command.latent,
                               job->command.interval, job->step, NULL, &s->stop,
                               &detail, e);
    }
    if (rc == OK && table && s->in->lm) {
        rc = latent_detail_mask(detail, job->sae, b->set, table, s->in->lm, b->h,
                                inputs_mask_token(s->in), e);
    }
    latent_table_unref(table);
    if (rc != OK) {
        latent_detail_unref(detail);
        return rc;
    }
    show_detail(s, job, detail);
    if (b->h) {
        return add_next(b, job, detail, e);
    }
    latent_detail_unref(detail);
    return OK;
}

/* Shows the subject at once with its text and what table there is, and begins that of
 * its latents if none is on its way: with each part of it the subject is shown again.
 */
static enum err make_subject(struct workbench *b, const struct job *job,
                             struct errinfo *e)
{
    struct session *s = b->s;
    TRY(browsing_rows(b, 0, e));
    if (!b->text) {
        TRY(ask_rows_new(b->set, &b->text, e));
    }
    session_show_examples(s, b->set);
    struct latent_table *table = table_of_job(s, job);
    const bool whole = table && table->positions == table->positions_all;
    const enum err rc = session_show_subject(s, job, table, b->text, e);
    latent_table_unref(table);
    TRY(rc);
    const bool comes = b->pass && b->filling.command.arm == job->command.arm &&
                       b->filling.step == job->step;
    if (whole || comes) {
        return OK;
    }
    if (b->pass) {
        go_on_filling(b, true); /* one after the other */
    }
    return is_described(s, job) ? OK : begin_pass(b, job, e);
}

static enum err make_word(struct workbench *b, const struct job *job, struct errinfo *e)
{
    struct session *s = b->s;
    struct word_contexts *w = NULL;
    TRY(word_contexts_new(job->sae, b->set, &job->command.word, job->step, &s->stop, &w,
                          e));
    pthread_mutex_lock(&s->mu);
    struct word_contexts *old = s->word;
    s->word = w;
    s->word_arm = job->command.arm;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    word_contexts_unref(old);
    return OK;
}

/* Pairs the latents of two arms, by tables over the same rows. */
static enum err make_partners(struct workbench *b, const struct job *job,
                              struct errinfo *e)
{
    struct session *s = b->s;
    const struct sae *const sae[2] = {job->sae, job->other};
    struct latent_table *table[2] = {NULL, NULL};
    struct latent_pairs *pairs = NULL;
    enum err rc = OK;
    for (size_t i = 0; i < 2; i++) {
        TRY_OUT(rc, latent_table_new(sae[i], b->set, s->in->concepts, job->step, NULL,
                                     &s->stop, &table[i], e));
    }
    const struct latent_table *const t[2] = {table[0], table[1]};
    TRY_OUT(rc, latent_pairs_new(sae, t, &s->stop, &pairs, e));
    pthread_mutex_lock(&s->mu);
    struct latent_pairs *old = s->partners;
    s->partners = pairs;
    s->partners_arm[0] = job->command.arm;
    s->partners_arm[1] = (size_t)job->command.at;
    s->partners_step = job->step;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    latent_pairs_unref(old);
out:
    latent_table_unref(table[0]);
    latent_table_unref(table[1]);
    return rc;
}

/* Only this thread makes the set, so it may look for it without the lock. */
enum err session_need_eval_set(struct session *s, struct harvester *h,
                               struct errinfo *e)
{
    return s->eval_set ? OK : make_eval_set(s, h, e);
}

static enum err measure_concepts(struct workbench *b, const struct job *job,
                                 struct errinfo *e)
{
    TRY(session_need_eval_set(b->s, b->h, e));
    return session_measure_concepts(b->s, job, b->h, e);
}

static void run_job(struct workbench *b, const struct job *job)
{
    struct session *s = b->s;
    struct errinfo e = {0};
    enum err rc = OK;
    if (job->command.kind == COMMAND_CONCEPTS) {
        rc = measure_concepts(b, job, &e);
    } else if (job->command.kind == COMMAND_SUBJECT) {
        rc = make_subject(b, job, &e);
    } else {
        const bool first =
            job->command.kind == COMMAND_TABLE || job->command.kind == COMMAND_DETAIL;
        rc = browsing_rows(b, first ? 0 : SIZE_MAX, &e);
    }
    if (rc == OK && job->command.kind == COMMAND_TABLE) {
        rc = begin_table(b, job, &e);
    } else if (rc == OK && job->command.kind == COMMAND_DETAIL) {
        rc = make_detail(b, job, &e);
    } else if (rc == OK && job->command.kind == COMMAND_WORD) {
        rc = make_word(b, job, &e);
    } else if (rc == OK && job->command.kind == COMMAND_PARTNERS) {
        rc = make_partners(b, job, &e);
    } else if (rc == OK && job->command.kind == COMMAND_COMPARE) {
        rc = session_compare(s, job, b->set, b->h, &e);
    } else if (rc == OK && job->command.kind == COMMAND_PAIR) {
        rc = session_compare_pair(s, job, b->set, &e);
    }
    if (rc != OK && job->command.kind == COMMAND_COMPARE) {
        session_comparison_failed(s);
    }
    if (rc != OK && rc != ERR_CANCELLED) {
        session_say(s, true, "%s", e.msg);
    }
}

static void say_failure(struct session *s, const char *what, enum err rc,
                        const struct errinfo *e)
{
    if (rc != OK && rc != ERR_CANCELLED) {
        session_say(s, true, "%s: %s", what, e->msg);
    }
}

/* Answers requests until the end, even without anything to work with, since the asker
 * waits. */
static void work(struct workbench *b)
{
    struct session *s = b->s;
    for (;;) {
        struct errinfo e = {0};
        struct job job;
        bool overtaken = false;
        const enum work w = next_work(s, b->pass != NULL, &job, &overtaken);
        if (w == WORK_END) {
            return;
        }
        if (w == WORK_EVAL_SET) {
            if (b->h) {
                say_failure(s, "no evaluation", session_need_eval_set(s, b->h, &e), &e);
            }
            continue;
        }
        if (w == WORK_FILL) {
            go_on_filling(b, false);
            continue;
        }
        if (b->pass && job.command.kind == COMMAND_TABLE) {
            go_on_filling(b, true); /* one after the other */
        }
        const bool works = b->h || s->in->shards;
        if (works && !overtaken) {
            run_job(b, &job);
        } else if (!works) {
            session_say(s, true, "nothing can be described: the model does not run");
            if (job.command.kind == COMMAND_COMPARE) {
                session_comparison_failed(s);
            }
        }
        if (b->pass && b->filling.sae == job.sae) {
            continue; /* begun; answered when it is whole */
        }
        session_answered(s, &job.command);
        session_job_deinit(&job);
    }
}

void *session_jobs_main(void *arg)
{
    struct session *s = arg;
    struct workbench b = {.s = s};
    struct errinfo e = {0};
    pool_be_nice();
    if (!wait_for_inputs(s)) {
        return NULL;
    }
    if (s->in->lm) {
        const enum err rc = harvester_new(s->in->lm, s->in->hook,
                                          (size_t)s->in->set.context, NULL, &b.h, &e);
        say_failure(s, "no evaluation", rc, &e);
    }
    session_begin_asking(s);
    work(&b);
    latent_pass_free(b.pass);
    session_job_deinit(&b.filling);
    ask_rows_unref(b.text);
    acts_set_free(b.set);
    harvester_free(b.h);
    return NULL;
}
