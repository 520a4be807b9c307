#include "run/doctor.h"

#include "base/mem.h"

#include <string.h>

/* Rows of the text to measure the loss on; a large model reads fewer
 * (inputs_look_rows). */
#define ROWS 64

/* Measures the losses of the text, and adds the remarks on them. */
static enum err look_at_text(struct inputs *in, struct errinfo *e)
{
    const size_t T = (size_t)in->set.context, rows = inputs_look_rows(in, ROWS);
    struct pack *p = NULL;
    int32_t *ids = NULL;
    TRY(mem_new(&ids, rows * T, sizeof *ids, "token rows", e));
    enum err rc = pack_new(in->corpus, CORPUS_TRAIN, in->lm->tok, T, &p, e);
    rc = rc == OK ? pack_rows(p, rows, ids, e) : rc;
    if (rc == OK) {
        const struct pack_counts read = pack_counted(p);
        rc = inputs_text_loss(in, ids, rows, &read, true, &in->text, e);
    }
    pack_free(p);
    mem_free(ids);
    return rc == OK ? inputs_note_loss(in, &in->text, e) : rc;
}

static enum err measure(struct doctor *d, const struct arm_plan *arms, size_t n,
                        struct run_shape *shape, struct errinfo *e)
{
    TRY(inputs_open(&arms[0].set, NULL, &d->in, e));
    TRY(run_shape_of_plans(d->in, arms, n, shape, e));
    d->cost = run_cost_of(shape, d->in->set.steps);
    TRY(inputs_read(d->in, e));
    TRY(run_cost_time(d->in, shape, RUN_COST_LONG, &d->cost, e));
    return look_at_text(d->in, e);
}

enum err doctor_look(const struct settings *set, struct doctor *out, struct errinfo *e)
{
    struct doctor d = {0};
    struct arm_plan *arms = NULL;
    struct run_shape *shape = NULL;
    size_t n = 0;
    if (set->source != SOURCE_MODEL) {
        return err_set(e, ERR_USAGE,
                       "source: expected model: there is no model to look at");
    }
    TRY(arm_plans_of(set, &arms, &n, e));
    enum err rc = mem_new(&shape, 1, sizeof *shape, "arms", e);
    if (rc == OK) {
        rc = measure(&d, arms, n, shape, e);
        run_shape_deinit(shape);
    }
    mem_free(shape);
    mem_free(arms);
    if (rc != OK) {
        doctor_deinit(&d);
        return rc;
    }
    *out = d;
    return OK;
}

void doctor_deinit(struct doctor *d)
{
    inputs_free(d->in);
    d->in = NULL;
}
