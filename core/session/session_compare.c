/* A comparison: the trainer gathers its inputs, including frozen copies, and the job
 * thread makes it. */
#include "base/mem.h"
#include "sae/sae_remarks.h"
#include "session/runs.h"
#include "session/session_compare_priv.h"
#include "train/run_open.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void arms_free(struct compare_arm *arm, size_t n)
{
    for (size_t i = 0; arm != NULL && i < n; i++) {
        history_free(&arm[i].history);
        concept_table_unref(arm[i].concepts);
        sae_free(arm[i].sae);
    }
    mem_free(arm);
}

void session_compare_free(struct compare_input *in)
{
    if (in != NULL) {
        arms_free(in->arm, in->n);
        mem_free(in);
    }
}

/* ---- conditions of another run ---- */

static void label_arm(struct compare_arm *a, const char *settings)
{
    if (a->imported) {
        (void)snprintf(a->label, sizeof a->label, "imported");
        return;
    }
    const bool more =
        settings[0] != '\0' &&
        (strncmp(settings, "mask.rate=", 10) != 0 || strstr(settings, ", ") != NULL);
    if (more) {
        (void)snprintf(a->label, sizeof a->label, "%.90s", settings);
    } else if (a->set.mask_rate > 0.0) {
        (void)snprintf(a->label, sizeof a->label, "mask p=%.2f", a->set.mask_rate);
    } else {
        (void)snprintf(a->label, sizeof a->label, "no mask");
    }
}

/* Add to an arm's label that it was masked, if it is not now: a fork, until it forked,
 * or by hand. */
static void label_history(struct compare_arm *a)
{
    const size_t len = strlen(a->label);
    bool was = false;
    for (size_t i = 0; i < a->history.rows; i++) {
        was = was || a->history.row[i].v[METRIC_MASK_RATE] > 0.0;
    }
    if (was && !a->imported && !(a->set.mask_rate > 0.0)) {
        (void)snprintf(a->label + len, sizeof a->label - len, ", masked at first");
    }
}

/* Two arms that do not differ (a twin masked alike meanwhile) become conditions of
 * their own. */
static void group(struct compare_arm *arm, size_t n)
{
    const struct settings *set[RUN_ARMS_MAX] = {NULL};
    const char *name[RUN_ARMS_MAX] = {NULL};
    struct conditions c;
    struct errinfo unsaid;
    for (size_t i = 0; i < n; i++) {
        set[i] = &arm[i].set;
        name[i] = arm[i].dir;
        arm[i].cond = i;
        label_arm(&arm[i], "");
    }
    if (conditions_of(set, name, n, &c, &unsaid) == OK) {
        for (size_t i = 0; i < n; i++) {
            arm[i].cond = c.of[i];
            label_arm(&arm[i], c.at[c.of[i]].settings);
        }
        conditions_deinit(&c);
    }
    for (size_t i = 0; i < n; i++) {
        label_history(&arm[i]);
    }
}

/* ---- what the trainer gives ---- */

static enum err copy_rows(const struct history *from, struct history *to,
                          struct errinfo *e)
{
    TRY(mem_new(&to->row, from->rows, sizeof *to->row, "history", e));
    if (from->rows > 0) {
        memcpy(to->row, from->row, from->rows * sizeof *to->row);
    }
    to->rows = to->row_cap = from->rows;
    return OK;
}

/* The text that arms in training read; 0: none. */
static uint64_t live_text(const struct session *s)
{
    return s->in->corpus != NULL ? corpus_hash(s->in->corpus) : 0;
}

static enum err gather_arm(struct session *s, size_t i, struct compare_arm *to,
                           struct errinfo *e)
{
    const struct engine_arm *a = s->engine != NULL ? &s->engine->arm[i] : NULL;
    to->set = a != NULL ? a->arm->set : s->record[i].set;
    to->set.mask_rate = a != NULL ? arm_rate_set(a->arm) : s->record[i].mask_rate;
    to->step = a != NULL ? arm_steps_done(a->arm) : s->record[i].step;
    to->imported = a == NULL && s->record[i].imported;
    to->step = to->imported ? -1 : to->step;
    const struct history *h = a != NULL ? &a->history : &s->record[i].history;
    TRY(copy_rows(h, &to->history, e));
    to->text = a != NULL ? live_text(s) : s->record[i].corpus_hash;
    conditions_changes(h, to->changes);
    conditions_seeds(&to->set, to->seed);
    pthread_mutex_lock(&s->mu);
    const struct arm_view *shown = &s->pub.arm[i];
    to->cond = shown->cond;
    to->shown = to->cond < VIEW_CONDS && session_view_shown(&s->pub, to->cond) == i;
    (void)snprintf(to->label, sizeof to->label, "%s",
                   to->cond < VIEW_CONDS ? s->pub.cond[to->cond].label : "");
    (void)snprintf(to->dir, sizeof to->dir, "%s", shown->dir);
    to->concepts = s->concepts[i] != NULL ? concept_table_ref(s->concepts[i]) : NULL;
    pthread_mutex_unlock(&s->mu);
    if (to->imported) {
        label_arm(to, "");
    }
    label_history(to);
    return OK;
}

/* The arms whose latents may be compared: the shown one of each condition and its
 * first; of two conditions the first pair of one seed; beside another run, whose seeds
 * are not known yet, all. need [n] begins as false. */
static void mark_needed(const struct compare_input *in, bool others, bool *need)
{
    size_t of[RUN_ARMS_MAX], x[RUN_ARMS_MAX], y[RUN_ARMS_MAX];
    struct paired_seed seed[RUN_ARMS_MAX];
    bool has[VIEW_CONDS] = {false};
    for (size_t i = 0; i < in->n; i++) {
        of[i] = in->arm[i].cond;
        seed[i] = conditions_seed(&in->arm[i].set);
        need[i] = in->arm[i].shown || (of[i] < VIEW_CONDS && (others || !has[of[i]]));
        if (of[i] < VIEW_CONDS) {
            has[of[i]] = true;
        }
    }
    for (size_t a = 0; a < VIEW_CONDS; a++) {
        for (size_t b = a + 1; b < VIEW_CONDS; b++) {
            if (paired_by_seed(in->n, of, seed, a, b, x, y) > 0) {
                need[x[0]] = need[y[0]] = true;
            }
        }
    }
}

enum err session_compare_gather(struct session *s, bool others,
                                struct compare_input **out, struct errinfo *e)
{
    const size_t n = s->engine != NULL ? s->engine->n_arms : s->n_records;
    bool need[RUN_ARMS_MAX] = {false};
    struct compare_input *in = NULL;
    enum err rc = OK;
    TRY(mem_new(&in, 1, sizeof *in, "comparison", e));
    TRY_OUT(rc, mem_new(&in->arm, n, sizeof *in->arm, "comparison", e));
    for (in->n = 0; in->n < n; in->n++) {
        TRY_OUT(rc, gather_arm(s, in->n, &in->arm[in->n], e));
    }
    mark_needed(in, others, need);
    for (size_t i = 0; i < n; i++) {
        if (need[i]) {
            TRY_OUT(rc, s->engine != NULL
                            ? arm_freeze(s->engine->arm[i].arm, &in->arm[i].sae, e)
                            : sae_copy(s->record[i].sae, &in->arm[i].sae, e));
        }
    }
    *out = in;
    return OK;
out:
    session_compare_free(in);
    return rc;
}

/* ---- the other run ---- */

void session_compare_doing(struct session *s, const char *what)
{
    pthread_mutex_lock(&s->mu);
    (void)snprintf(s->pub.compare_doing, sizeof s->pub.compare_doing, "%s", what);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

/* Where another tool's files name no hook, it is that of the open run. */
static enum err open_record(struct session *s, const char *dir, struct run_record *r,
                            struct errinfo *e)
{
    struct settings *named = NULL;
    const enum err rc = run_open(dir, &s->in->set, NULL, r, e);
    if (rc != ERR_USAGE || rundir_is(dir)) {
        return rc;
    }
    TRY(mem_new(&named, 1, sizeof *named, "settings", e));
    settings_init(named);
    enum err again = settings_set(named, setting_key.hook, s->in->set.hook,
                                  from_user("the run that is open"), e);
    again = again == OK ? run_open(dir, &s->in->set, named, r, e) : again;
    mem_free(named);
    return again;
}

/* Adds the remarks on a record, under this letter of its choice. */
static void remarks_of(struct compare_bench *b, const struct run_record *r, char letter)
{
    struct remarks own = {0};
    run_record_remarks(r, b->s->in, &own);
    sae_remarks(r->sae, run_record_says_k(r), NULL, &own);
    for (size_t i = 0; i < own.n; i++) {
        remarks_add(&b->out->remarks, "%c: %s", letter, own.line[i]);
    }
}

static enum err take_other(struct compare_bench *b, struct compare_input *other,
                           const char *dir, struct errinfo *e)
{
    struct compare_arm *to = &other->arm[other->n];
    struct run_record r = {0};
    TRY(open_record(b->s, dir, &r, e));
    other->n++;
    to->set = r.set;
    to->set.mask_rate = r.mask_rate;
    to->imported = r.imported;
    to->step = r.imported ? -1 : r.step;
    to->text = r.corpus_hash;
    conditions_seeds(&to->set, to->seed);
    conditions_changes(&r.history, to->changes);
    to->history = r.history;
    r.history = (struct history){0};
    (void)snprintf(to->dir, sizeof to->dir, "%s", dir);
    if (other->n == 1) { /* remarks on one arm hold for all */
        remarks_of(b, &r, (char)('A' + (int)b->out->n_choices));
    }
    struct errinfo unfit;
    if (run_record_fit(&r, dir, b->s->in, &unfit) == OK) {
        to->sae = r.sae;
        r.sae = NULL;
    } else {
        (void)snprintf(b->out->unpaired, sizeof b->out->unpaired, "%.200s", unfit.msg);
    }
    run_record_deinit(&r);
    return OK;
}

static enum err open_other(struct compare_bench *b, struct compare_input *other,
                           const char *path, struct errinfo *e)
{
    struct run_arms *arms = NULL;
    session_compare_doing(b->s, "opening the other run");
    if (!run_is_openable(path)) {
        return err_set(e, ERR_MISSING,
                       "%s: no run directory, nor an SAE of another tool", path);
    }
    TRY(mem_new(&arms, 1, sizeof *arms, "arms", e));
    enum err rc = run_arms(path, arms, &b->out->remarks, e);
    rc = rc == OK ? mem_new(&other->arm, arms->n, sizeof *other->arm, "arms", e) : rc;
    for (size_t i = 0; rc == OK && i < arms->n; i++) {
        rc = take_other(b, other, arms->dir[i], e);
    }
    mem_free(arms);
    return rc;
}

/* ---- what there is to choose from ---- */

static const char *last_name(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    while (n > 0 && path[n - 1] != '/') {
        n--;
    }
    return path + n;
}

/* Adds the conditions of a run; `path` names a run that is not the open one. */
static void add_choices(struct compare_bench *b, size_t run, struct compare_arm *arm,
                        size_t n, const char *path)
{
    struct comparison *o = b->out;
    const size_t first = o->n_choices;
    for (size_t i = 0; i < n; i++) {
        const size_t at = first + arm[i].cond;
        if (at >= COMPARE_CHOICES || (run == 0 && arm[i].cond >= VIEW_CONDS)) {
            continue; /* conditions that are not shown */
        }
        struct compare_choice *c = &o->choice[at];
        if (c->seeds++ == 0) {
            c->letter = (char)('A' + (int)at);
            (void)snprintf(c->name, sizeof c->name, "%.40s%s%.50s", last_name(path),
                           path[0] != '\0' ? ": " : "", arm[i].label);
        }
        c->run = run;
        b->of[at].arm[b->of[at].n++] = &arm[i];
        o->n_choices = at >= o->n_choices ? at + 1 : o->n_choices;
    }
}

/* Returns the first choice of a run; n_choices: it has none. */
static size_t first_of(const struct compare_bench *b, size_t run)
{
    size_t i = 0;
    while (i < b->out->n_choices && b->out->choice[i].run != run) {
        i++;
    }
    return i;
}

/* Chooses both sides: as asked for; else the first arm against the first of the other
 * run, or against the next; with two other runs the first of each. */
static enum err choose(struct compare_bench *b, struct errinfo *e)
{
    const struct comparison *o = b->out;
    const size_t one = first_of(b, 1), two = first_of(b, 2);
    const size_t usual[2] = {two < o->n_choices ? one : 0, two < o->n_choices   ? two
                                                           : one < o->n_choices ? one
                                                                                : 1};
    if (o->n_choices < 2) {
        return err_set(e, ERR_USAGE,
                       "compare: one condition alone; :compare RUN names another run");
    }
    for (size_t i = 0; i < 2; i++) {
        const int32_t want = b->command->two[i];
        const bool known = want >= 0 && (size_t)want < o->n_choices;
        b->out->side[i].choice = known ? (size_t)want : usual[i];
    }
    if (o->side[0].choice == o->side[1].choice) {
        return err_set(e, ERR_USAGE, "compare: %c with itself, expected two of A to %c",
                       o->choice[o->side[0].choice].letter,
                       o->choice[o->n_choices - 1].letter);
    }
    return OK;
}

/* ---- an arm on both sides ---- */

/* An arm trained on since its save is not the same as the save. */
static bool is_same_arm(const struct compare_arm *x, const struct compare_arm *y)
{
    return x->step == y->step && y->dir[0] != '\0' && runs_same_dir(x->dir, y->dir);
}

static bool has_arm(const struct compare_choice_arms *of, const struct compare_arm *arm)
{
    for (size_t i = 0; i < of->n; i++) {
        if (is_same_arm(of->arm[i], arm)) {
            return true;
        }
    }
    return false;
}

static size_t in_common(const struct compare_choice_arms *x,
                        const struct compare_choice_arms *y)
{
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++) {
        n += has_arm(y, x->arm[i]) ? 1 : 0;
    }
    return n;
}

/* Returns the arm that stands for a condition beside one of the same condition: the
 * shown one; in a run that is not open, the first other one. */
static struct compare_arm *stands_for(const struct compare_choice_arms *of,
                                      const struct compare_arm *beside)
{
    struct compare_arm *other = NULL;
    for (size_t i = 0; i < of->n; i++) {
        if (of->arm[i]->shown) {
            return of->arm[i];
        }
        if (other == NULL && !is_same_arm(of->arm[i], beside)) {
            other = of->arm[i];
        }
    }
    return other;
}

/* Keeps an arm from being compared with itself: if it is in the other side's condition,
 * it is held against another seed of it. */
static enum err keep_apart(struct compare_bench *b, struct errinfo *e)
{
    struct comparison *o = b->out;
    struct compare_choice_arms *of[2] = {&b->of[o->side[0].choice],
                                         &b->of[o->side[1].choice]};
    const size_t many = of[0]->n > 1 ? 0 : 1;
    struct compare_choice *k = &o->choice[o->side[many].choice];
    const struct compare_choice *single = &o->choice[o->side[1 - many].choice];
    if (in_common(of[0], of[1]) == 0) {
        return OK;
    }
    if (of[0]->n == of[1]->n || of[1 - many]->n > 1) {
        return err_set(e, ERR_USAGE,
                       "compare: %c (%.60s) has the same seeds of the same run as %c, "
                       "expected another run",
                       o->choice[o->side[1].choice].letter,
                       o->choice[o->side[1].choice].name,
                       o->choice[o->side[0].choice].letter);
    }
    const struct compare_arm *one = of[1 - many]->arm[0];
    struct compare_arm *beside = stands_for(of[many], one);
    if (beside == NULL || is_same_arm(beside, one)) {
        return err_set(e, ERR_USAGE,
                       "compare: %c (%.60s) is seed %s of %c, the one that is shown; "
                       ":seed shows another to compare it with",
                       single->letter, single->name, one->seed, k->letter);
    }
    remarks_add(&o->remarks, "%c is seed %s of %c: compared with seed %s of it alone",
                single->letter, one->seed, k->letter, beside->seed);
    of[many]->arm[0] = beside;
    of[many]->n = k->seeds = 1;
    return OK;
}

/* ---- curves ---- */

static enum err take_curves(struct compare_bench *b, struct errinfo *e)
{
    for (size_t i = 0; i < 2; i++) {
        struct comparison_side *side = &b->out->side[i];
        const struct history *h[RUN_ARMS_MAX];
        const size_t n = b->of[side->choice].n;
        for (size_t k = 0; k < n; k++) {
            h[k] = &b->of[side->choice].arm[k]->history;
        }
        for (int m = 0; m < METRIC_COUNT; m++) {
            TRY(compare_curve(h, n, (enum metric)m, &side->curve[m], e));
        }
    }
    return OK;
}

/* ---- latents ---- */

static enum err describe(struct compare_bench *b, size_t i, const struct compare_arm *a,
                         struct errinfo *e)
{
    struct comparison_side *side = &b->out->side[i];
    char text[80];
    (void)snprintf(text, sizeof text, "reading the latents of %c",
                   b->out->choice[side->choice].letter);
    session_compare_doing(b->s, text);
    TRY(sae_clone(a->sae, &side->sae, e));
    return latent_table_new(side->sae, b->set, b->s->in->concepts, a->step, NULL,
                            &b->s->stop, &side->table, e);
}

/* Says why their latents do not read the same activations; false: they do. */
static bool reads_elsewhere(struct compare_bench *b,
                            const struct compare_arm *const a[2])
{
    char *why = b->out->unpaired;
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(a[i]->set.hook, b->s->in->set.hook) != 0) {
            (void)snprintf(why, sizeof b->out->unpaired,
                           "hook %.80s against %.80s: the latents read other "
                           "activations",
                           a[0]->set.hook, a[1]->set.hook);
            return true;
        }
        if (a[i]->sae == NULL && why[0] == '\0') {
            (void)snprintf(why, sizeof b->out->unpaired, "%c: its SAE does not fit",
                           b->out->choice[b->out->side[i].choice].letter);
        }
    }
    return a[0]->sae == NULL || a[1]->sae == NULL;
}

/* Latents are those of the first pair that the measures are of; where no seed is on
 * both sides, of the first arms. */
static enum err pair_latents(struct compare_bench *b, const struct arm_pairs *p,
                             struct errinfo *e)
{
    struct comparison *o = b->out;
    const struct compare_arm *a[2];
    char text[80];
    for (size_t i = 0; i < 2; i++) {
        struct comparison_side *side = &o->side[i];
        a[i] = p->n > 0 ? p->of[i][0] : b->of[side->choice].arm[0];
        side->step = a[i]->step;
        side->F = a[i]->sae != NULL ? a[i]->sae->F : 0;
        side->arm = o->choice[side->choice].run == 0 ? (size_t)(a[i] - b->own->arm) : 0;
        (void)snprintf(side->seed, sizeof side->seed, "%s", a[i]->seed);
    }
    if (reads_elsewhere(b, a)) {
        return OK;
    }
    o->unpaired[0] = '\0';
    TRY(describe(b, 0, a[0], e));
    TRY(describe(b, 1, a[1], e));
    (void)snprintf(text, sizeof text, "pairing %zu with %zu latents", o->side[0].F,
                   o->side[1].F);
    session_compare_doing(b->s, text);
    const struct sae *const s[2] = {o->side[0].sae, o->side[1].sae};
    const struct latent_table *const t[2] = {o->side[0].table, o->side[1].table};
    return latent_pairs_new(s, t, &b->s->stop, &o->pairs, e);
}

/* ---- all of it ---- */

/* For another tool's SAE, the files tell only the shape; the rest is this run's. */
static void keep_known(struct comparison *o, const struct compare_arm *a, char letter)
{
    static const char *const known[] = {"arch", "k", "width", "hook"};
    size_t n = 0;
    if (!a->imported) {
        return;
    }
    for (size_t i = 0; i < o->n_differences && i < COMPARE_DIFFERENCES; i++) {
        for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
            if (strcmp(o->difference[i].key, known[k]) == 0) {
                o->difference[n++] = o->difference[i];
            }
        }
    }
    o->n_differences = n;
    remarks_add(
        &o->remarks,
        "%c was made elsewhere: how it was trained is not known, so a difference "
        "is of no setting alone",
        letter);
}

/* Adds the runs that the command names, one per line. */
static enum err add_others(struct compare_bench *b, struct errinfo *e)
{
    const char *p = b->command->text;
    for (size_t i = 0; i < COMPARE_OTHERS && *p != '\0'; i++) {
        char path[sizeof b->command->text];
        const size_t n = strcspn(p, "\n");
        (void)snprintf(path, sizeof path, "%.*s", (int)n, p);
        p += n + (p[n] == '\n' ? 1 : 0);
        TRY(open_other(b, &b->other[i], path, e));
        group(b->other[i].arm, b->other[i].n);
        add_choices(b, i + 1, b->other[i].arm, b->other[i].n, path);
    }
    return OK;
}

/* Adds remarks on a side from the open run, like those that a side from disk gets when
 * opened. */
static void own_remarks(struct compare_bench *b, size_t side)
{
    struct session *s = b->s;
    const size_t choice = b->out->side[side].choice;
    const size_t at = b->out->choice[choice].run == 0
                          ? (size_t)(b->of[choice].arm[0] - b->own->arm)
                          : 0;
    if (b->out->choice[choice].run != 0 || at >= s->n_records) {
        return; /* one in training has no record */
    }
    pthread_mutex_lock(&s->mu); /* session_follow replaces records */
    remarks_of(b, &s->record[at], b->out->choice[choice].letter);
    pthread_mutex_unlock(&s->mu);
}

static enum err make(struct compare_bench *b, struct errinfo *e)
{
    struct comparison *o = b->out;
    struct arm_pairs p;
    double l0[2] = {(double)NAN, (double)NAN};
    for (size_t i = 0; i < RUN_ARMS_MAX; i++) {
        const bool has = i < b->own->n && b->own->arm[i].concepts != NULL;
        o->measured[i] = has ? b->own->arm[i].concepts->step : -1;
    }
    add_choices(b, 0, b->own->arm, b->own->n, "");
    TRY(add_others(b, e));
    TRY(choose(b, e));
    TRY(keep_apart(b, e));
    const size_t x = o->side[0].choice, y = o->side[1].choice;
    o->n_differences =
        conditions_differences(&b->of[x].arm[0]->set, &b->of[y].arm[0]->set,
                               o->difference, COMPARE_DIFFERENCES);
    keep_known(o, b->of[x].arm[0], o->choice[x].letter);
    keep_known(o, b->of[y].arm[0], o->choice[y].letter);
    session_compare_pair_arms(b, x, y, &p);
    TRY(take_curves(b, e));
    TRY(pair_latents(b, &p, e));
    TRY(session_compare_measure_pairs(b, &p, l0, e));
    TRY(session_compare_say_it(b, &p, l0, e));
    for (size_t i = 0; i < 2; i++) {
        own_remarks(b, i);
    }
    remarks_append(&o->remarks, &b->s->in->remarks); /* on the text, which all share */
    return OK;
}

enum err session_compare(struct session *s, const struct job *job,
                         const struct acts_set *set, struct harvester *h,
                         struct errinfo *e)
{
    struct compare_bench *b = NULL;
    enum err rc = OK;
    TRY(mem_new(&b, 1, sizeof *b, "comparison", e));
    *b = (struct compare_bench){
        .s = s, .set = set, .h = h, .command = &job->command, .own = job->compare};
    TRY_OUT(rc, mem_new(&b->out, 1, sizeof *b->out, "comparison", e));
    atomic_init(&b->out->refs, 1);
    (void)snprintf(b->out->other, sizeof b->out->other, "%s", job->command.text);
    TRY_OUT(rc, make(b, e));
    pthread_mutex_lock(&s->mu);
    struct comparison *old = s->compare;
    s->compare = b->out;
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
    b->out = NULL;
    comparison_unref(old);
out:
    session_compare_doing(s, "");
    comparison_unref(b->out);
    for (size_t i = 0; i < COMPARE_OTHERS; i++) {
        arms_free(b->other[i].arm, b->other[i].n);
    }
    mem_free(b);
    return rc;
}

/* Describes a latent of each side of the comparison that is shown. */
enum err session_compare_pair(struct session *s, const struct job *job,
                              const struct acts_set *set, struct errinfo *e)
{
    struct latent_detail *fresh[2] = {NULL, NULL};
    enum err rc = OK;
    pthread_mutex_lock(&s->mu);
    struct comparison *c = s->compare != NULL ? comparison_ref(s->compare) : NULL;
    pthread_mutex_unlock(&s->mu);
    if (c == NULL) {
        return OK;
    }
    for (size_t i = 0; i < 2; i++) {
        const struct comparison_side *side = &c->side[i];
        if (side->table != NULL && job->command.two[i] >= 0) {
            TRY_OUT(rc, latent_detail_new(side->sae, set, s->in->concepts, side->table,
                                          s->in->lm, s->in->hook, NULL,
                                          job->command.two[i], INTERVAL_TOP, side->step,
                                          NULL, &s->stop, &fresh[i], e));
        }
    }
    pthread_mutex_lock(&s->mu);
    for (size_t i = 0; i < 2; i++) {
        struct latent_detail *old = s->pair[i];
        s->pair[i] = fresh[i];
        fresh[i] = old;
    }
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
out:
    latent_detail_unref(fresh[0]);
    latent_detail_unref(fresh[1]);
    comparison_unref(c);
    return rc;
}
