/* A comparison's measures, and the sentences about them. Job thread. */
#include "base/mem.h"
#include "eval/heldout.h"
#include "session/session_compare_priv.h"
#include "train/also.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SAID_BYTES ((size_t)1 << 14)

void session_compare_pair_arms(const struct compare_bench *b, size_t x, size_t y,
                               struct arm_pairs *out)
{
    enum { BOTH = 2 * RUN_ARMS_MAX };
    const struct compare_arm *arm[BOTH];
    size_t of[BOTH], first[BOTH], second[BOTH], n = 0;
    struct paired_seed seed[BOTH];
    for (size_t side = 0; side < 2; side++) {
        const size_t choice = side == 0 ? x : y;
        for (size_t i = 0; i < b->of[choice].n; i++) {
            arm[n] = b->of[choice].arm[i];
            of[n] = side;
            seed[n] = conditions_seed(&arm[n]->set);
            n++;
        }
    }
    out->n = paired_by_seed(n, of, seed, 0, 1, first, second);
    for (size_t i = 0; i < out->n; i++) {
        out->of[0][i] = arm[first[i]];
        out->of[1][i] = arm[second[i]];
    }
}

static enum err evaluate_now(struct compare_bench *b, const struct sae *sae,
                             struct report *out, struct errinfo *e)
{
    struct session *s = b->s;
    struct eval_result r = {0};
    TRY(session_need_eval_set(s, b->h, e));
    enum err rc = evaluate_spread(s->eval_set, sae, b->h, NULL, &s->stop, &r, e);
    rc = rc == OK
             ? heldout_measure(s->eval_set, s->in->concepts, sae, NULL, &s->stop, &r, e)
             : rc;
    rc = rc == OK ? compare_evaluated(&r, s->in->concepts, out, e) : rc;
    eval_result_deinit(&r);
    return rc;
}

/* Names an arm in errors: by its directory, else by what it is. */
static void name_arm(const struct compare_arm *a, char *out, size_t cap)
{
    if (a->dir[0] != '\0') {
        (void)snprintf(out, cap, "%s", a->dir);
    } else {
        (void)snprintf(out, cap, "%s, seed %s", a->label, a->seed);
    }
}

static enum err report_of(struct compare_bench *b, const struct compare_arm *a,
                          enum compare_source from, struct report *out,
                          struct errinfo *e)
{
    char name[SETTING_TEXT_MAX];
    name_arm(a, name, sizeof name);
    switch (from) {
    case COMPARE_FROM_KEPT:
        return a->dir[0] != '\0'
                   ? compare_kept(a->dir, a->step, out, e)
                   : err_set(e, ERR_MISSING, "%s: not saved, so nothing is kept", name);
    case COMPARE_FROM_RUN:
        TRY(compare_live(&a->history, a->concepts, b->s->in->concepts, out, e));
        return out->n > 0 ? OK
                          : err_set(e, ERR_MISSING, "%s: nothing measured yet", name);
    case COMPARE_FROM_JUST_NOW: break;
    }
    return a->sae != NULL ? evaluate_now(b, a->sae, out, e)
                          : err_set(e, ERR_MISSING, "%s: cannot be evaluated", name);
}

/* Returns the step of its figures; -1: not known. */
static int64_t step_of(const struct compare_arm *a, enum compare_source from)
{
    const struct history *h = &a->history;
    size_t i = h->rows;
    if (from != COMPARE_FROM_RUN || a->imported) {
        return a->step;
    }
    while (i > 0 && !isfinite(h->row[i - 1].v[METRIC_EV])) {
        i--;
    }
    return i > 0 ? (int64_t)h->row[i - 1].v[METRIC_STEP] : -1;
}

/* Returns the first of these pairs whose figures are not from one step; n: there is
 * none. */
static size_t pair_apart(const struct arm_pairs *p, enum compare_source from)
{
    size_t i = 0;
    while (i < p->n && step_of(p->of[0][i], from) == step_of(p->of[1][i], from)) {
        i++;
    }
    return i;
}

static double l0_of(const struct report *r)
{
    const struct figure *f = report_find(r, measure_at(METRIC_L0_CLEAN)->path);
    return f != NULL ? f->v.value : (double)NAN;
}

/* Reports of all arms of some pairs, from one source; released by reports_free. */
struct pair_reports {
    size_t n;
    struct report *all; /* [2 * n] */
    const struct report *of[2][RUN_ARMS_MAX];
};

static enum err reports_read(struct compare_bench *b, const struct arm_pairs *p,
                             enum compare_source from, struct pair_reports *out,
                             struct errinfo *e)
{
    *out = (struct pair_reports){.n = p->n};
    TRY(mem_new(&out->all, 2 * p->n, sizeof *out->all, "figures", e));
    for (size_t i = 0; i < 2 * p->n; i++) {
        report_init(&out->all[i], 0);
        out->all[i].reps = 0; /* values alone */
        out->of[i % 2][i / 2] = &out->all[i];
    }
    for (size_t i = 0; i < 2 * p->n; i++) {
        TRY(report_of(b, p->of[i % 2][i / 2], from, &out->all[i], e));
    }
    return OK;
}

static void reports_free(struct pair_reports *r)
{
    for (size_t i = 0; r->all != NULL && i < 2 * r->n; i++) {
        report_deinit(&r->all[i]);
    }
    mem_free(r->all);
}

/* Returns how many rows of text the figures of a source are from: kept ones record it;
 * 0: not known. */
static size_t rows_of(const struct compare_bench *b, enum compare_source from,
                      const struct report *r)
{
    const struct figure *f = report_find(r, verdict_measure(VERDICT_OF_EV)->path);
    if (from != COMPARE_FROM_KEPT) {
        return (size_t)b->s->in->set.eval_rows;
    }
    return f != NULL && f->unit != NULL && strcmp(f->unit, "rows") == 0 ? f->n : 0;
}

/* Returns the planned seeds of a choice's run, which its first arm says. */
static size_t planned_of(const struct compare_bench *b, size_t choice)
{
    const size_t run = b->out->choice[choice].run;
    const struct compare_arm *first = run == 0 ? b->own->arm : b->other[run - 1].arm;
    return arm_plans_seeds(&first->set);
}

/* Returns paired_first for two choices: of two runs, the one that planned fewer
 * counts. */
static size_t first_of_pairs(const struct compare_bench *b, size_t x, size_t y,
                             size_t pairs)
{
    const size_t of_x = planned_of(b, x), of_y = planned_of(b, y);
    return paired_first(pairs, of_x < of_y ? of_x : of_y);
}

/* Computes the differences of all pairs. l0: mean of each side. */
static enum err measure_from(struct compare_bench *b, const struct arm_pairs *p,
                             enum compare_source from, double l0[2], struct errinfo *e)
{
    struct pair_reports r;
    enum err rc = reports_read(b, p, from, &r, e);
    l0[0] = l0[1] = 0.0;
    for (size_t i = 0; i < 2 * p->n && rc == OK; i++) {
        l0[i % 2] += l0_of(r.of[i % 2][i / 2]) / (double)p->n;
    }
    const size_t first =
        first_of_pairs(b, b->out->side[0].choice, b->out->side[1].choice, p->n);
    rc = rc == OK ? compare_alone(r.of[0], r.of[1], p->n, first, &b->out->measures, e)
                  : rc;
    b->out->source = rc == OK ? from : b->out->source;
    b->out->rows = rc == OK ? rows_of(b, from, r.of[0][0]) : 0;
    reports_free(&r);
    return rc;
}

/* Returns the choice that is the random control of the first side; n_choices: none. */
static size_t find_control(const struct compare_bench *b)
{
    const size_t n = b->out->n_choices, of = b->out->side[0].choice;
    const struct settings *set[COMPARE_CHOICES];
    for (size_t i = 0; i < n; i++) {
        set[i] = &b->of[i].arm[0]->set;
    }
    return b->of[of].arm[0]->imported ? n : conditions_control(set, n, of);
}

/* Holds the first side against its random control, by figures of the same source. A
 * control that has none, or is at an earlier step, says nothing. */
static enum err hold_against_control(struct compare_bench *b, struct errinfo *e)
{
    struct comparison *o = b->out;
    struct pair_reports r;
    struct arm_pairs p;
    struct errinfo unsaid;
    o->control = find_control(b);
    if (o->control == o->n_choices) {
        return OK;
    }
    session_compare_pair_arms(b, o->side[0].choice, o->control, &p);
    const bool fits = p.n > 1 && pair_apart(&p, o->source) == p.n;
    enum err rc = fits ? reports_read(b, &p, o->source, &r, &unsaid) : ERR_MISSING;
    if (rc == OK) {
        rc = compare_within(r.of[0], r.of[1], p.n, NULL,
                            first_of_pairs(b, o->side[0].choice, o->control, p.n),
                            o->measures.within_random, &unsaid);
    }
    if (fits) {
        reports_free(&r);
    }
    o->control = rc == OK ? o->control : o->n_choices;
    return rc == ERR_NOMEM || rc == ERR_CANCELLED ? err_set(e, rc, "%s", unsaid.msg)
                                                  : OK;
}

/* ---- all of them ---- */

/* Whether an arm of a choice has not reached the end of its plan. */
static bool is_on_the_way(const struct compare_bench *b, size_t choice)
{
    bool r = false;
    for (size_t i = 0; i < b->of[choice].n; i++) {
        const struct compare_arm *a = b->of[choice].arm[i];
        r = r || (!a->imported && a->step >= 0 && a->step < a->set.steps);
    }
    return r;
}

/* Whether two arms were trained, and so measured, on different texts, whatever their
 * names. */
static bool texts_differ(const struct compare_bench *b, const struct compare_arm *x,
                         const struct compare_arm *y)
{
    const struct corpus *now = b->s->in->corpus;
    return x->text != 0 && y->text != 0 && x->text != y->text &&
           !(now != NULL && corpus_is(now, x->text) && corpus_is(now, y->text));
}

/* Returns what differs in the data that both sides were trained on, "text" before any
 * setting; NULL: nothing. */
static const char *other_data(const struct compare_bench *b, const struct arm_pairs *p)
{
    const struct comparison *o = b->out;
    const char *key = NULL;
    for (size_t i = 0; i < o->n_differences && i < COMPARE_DIFFERENCES; i++) {
        const bool is = o->difference[i].kind == DIFFERENCE_INPUTS;
        key = key == NULL && is ? o->difference[i].key : key;
        if (is && strcmp(o->difference[i].key, setting_key.corpus) == 0) {
            return "text";
        }
    }
    return key == NULL && texts_differ(b, p->of[0][0], p->of[1][0]) ? "text" : key;
}

/* Kept figures come first, as they are from most text. What two runs measured in
 * training may be on different texts, and is used only for several seeds. */
enum err session_compare_measure_pairs(struct compare_bench *b,
                                       const struct arm_pairs *p, double l0[2],
                                       struct errinfo *e)
{
    const struct comparison *o = b->out;
    const bool one_run =
        o->choice[o->side[0].choice].run == o->choice[o->side[1].choice].run;
    enum err rc = p->n > 0 ? ERR_MISSING : OK;
    for (int from = COMPARE_FROM_KEPT; rc != OK && from <= COMPARE_FROM_JUST_NOW;
         from++) {
        const bool fits = from == COMPARE_FROM_KEPT ||
                          (from == COMPARE_FROM_RUN && (one_run || p->n > 1)) ||
                          (from == COMPARE_FROM_JUST_NOW && p->n == 1);
        if (from == COMPARE_FROM_JUST_NOW && fits) {
            session_compare_doing(b->s, "evaluating both");
        }
        rc = fits ? measure_from(b, p, (enum compare_source)from, l0, e) : rc;
        if (rc == ERR_CANCELLED || rc == ERR_NOMEM) {
            return rc;
        }
    }
    if (rc != OK) { /* the rest can be compared all the same */
        remarks_add(&b->out->remarks, "no measures: %s", e->msg);
        b->out->measures = (struct compared){.pairs = p->n};
    }
    if (is_on_the_way(b, b->out->side[0].choice) ||
        is_on_the_way(b, b->out->side[1].choice)) {
        compare_so_far(&b->out->measures);
    }
    b->out->control = b->out->n_choices;
    const char *data = rc == OK && p->n > 0 ? other_data(b, p) : NULL;
    if (data != NULL && o->source == COMPARE_FROM_JUST_NOW) { /* all of one text */
        b->out->measures.other_texts = strcmp(data, "text") == 0;
    } else if (data != NULL) {
        compare_not_comparable(&b->out->measures, data);
        return OK;
    }
    return rc == OK && p->n > 1 ? hold_against_control(b, e) : OK;
}

/* ---- sentences ---- */

/* "A (mask p=0.30)" */
#define SIDE_NAME (COMPARE_NAME + 8)
static void name_choice(const struct comparison *o, size_t choice, char out[SIDE_NAME])
{
    (void)snprintf(out, SIDE_NAME, "%c (%s)", o->choice[choice].letter,
                   o->choice[choice].name);
}

enum err session_compare_say_it(struct compare_bench *b, const struct arm_pairs *p,
                                const double l0[2], struct errinfo *e)
{
    struct comparison *o = b->out;
    struct compare_facts f = {.difference = o->difference,
                              .n = o->n_differences < COMPARE_DIFFERENCES
                                       ? o->n_differences
                                       : COMPARE_DIFFERENCES,
                              .one_data = o->source == COMPARE_FROM_JUST_NOW,
                              .row = o->measures.row};
    const size_t apart = pair_apart(p, o->source);
    char name[2][SIDE_NAME], control[SIDE_NAME];
    struct str s;
    for (size_t i = 0; i < 2; i++) {
        const size_t choice = o->side[i].choice;
        f.letter[i] = o->choice[choice].letter;
        f.l0[i] = l0[i];
        f.changes[i] = b->of[choice].arm[0]->changes;
        f.step[i] = apart < p->n ? step_of(p->of[i][apart], o->source) : -1;
        name_choice(o, choice, name[i]);
    }
    if (o->control < o->n_choices) {
        name_choice(o, o->control, control);
    }
    str_init(&s, SAID_BYTES);
    compare_say(&o->measures, name[0], name[1],
                o->control < o->n_choices ? control : NULL, &s);
    compare_warn(&f, &o->remarks);
    const enum err rc = str_err(&s, "comparison", e);
    o->said = rc == OK ? str_take(&s) : NULL;
    str_free(&s);
    return rc;
}
