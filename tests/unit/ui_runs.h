/* A folder of runs made by formula, for tests of the interface: what nobody trained. */
#ifndef SAETOP_TESTS_UNIT_UI_RUNS_H
#define SAETOP_TESTS_UNIT_UI_RUNS_H

#include "base/mem.h"
#include "ui/app.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_FOLDER "/home/you/.local/state/saetop/runs"

static inline void sample_run(struct run_row *r, const char *name, size_t conditions,
                              size_t seeds, int64_t step, int64_t saved)
{
    *r = (struct run_row){.opens = true,
                          .step = step,
                          .steps = 2000,
                          .k = 4,
                          .width = 512,
                          .arms = conditions * seeds,
                          .conditions = conditions,
                          .bytes = 1234567 * (int64_t)(1 + conditions * seeds),
                          .saved = saved};
    snprintf(r->name, sizeof r->name, "%s", name);
    snprintf(r->arch, sizeof r->arch, "topk");
    for (size_t k = 0; k < conditions; k++) {
        r->condition[k] = (struct run_condition){
            .letter = (char)('A' + (int)k),
            .mask_rate = k == 0 ? 0.3 : 0.0,
            .seeds = seeds,
            .figure = {4.0, 0.81 + 0.01 * (double)k, step > 1000 ? 0.06 : (double)NAN}};
    }
}

/* Seven runs: experiments of several seeds, one that a process trains, one imported,
 * one with names that nobody wants on a terminal, a broken one, a link. By name. */
static inline void sample_runs(struct app *a)
{
    static const char *const name[] = {
        "20260301-101500", "20260302-093012", "a long name that goes on and on and on",
        "broken",          "gemma-scope",     "hostile-\x1b[31m\xe2\x80\xae",
        "latest"};
    struct run_list *l = NULL;
    struct errinfo e;
    const int64_t day = 86400, first = INT64_C(1772360100);
    if (run_list_none(SAMPLE_FOLDER, &l, &e) != OK ||
        mem_new(&l->row, 7, sizeof *l->row, "rows", &e) != OK) {
        abort();
    }
    l->n = 7;
    l->trashed = 2;
    l->version = 7;
    for (size_t i = 0; i < l->n; i++) {
        sample_run(&l->row[i], name[i], 1 + i % 2, i % 2 ? 5 : 1,
                   280 * (int64_t)(i + 1), first + day * (int64_t)((i * 3) % 7));
    }
    snprintf(l->row[1].label, sizeof l->row[1].label, "mask .3 against none");
    snprintf(l->row[1].note, sizeof l->row[1].note, "the loss bumps at 600");
    l->row[2].holder = 4242;
    l->row[3] = (struct run_row){.bytes = 4096, .saved = first};
    snprintf(l->row[3].name, sizeof l->row[3].name, "broken");
    snprintf(l->row[3].remark, sizeof l->row[3].remark,
             SAMPLE_FOLDER "/broken/config.json: line 1, column 9: expected a value");
    l->row[4].imported = true;
    snprintf(l->row[4].arch, sizeof l->row[4].arch, "jumprelu");
    snprintf(l->row[5].note, sizeof l->row[5].note, "\x1b[2J wiped");
    l->row[6] = (struct run_row){.opens = false};
    snprintf(l->row[6].name, sizeof l->row[6].name, "latest");
    snprintf(l->row[6].remark, sizeof l->row[6].remark,
             "a symbolic link: not followed");
    run_list_unref((struct run_list *)(uintptr_t)a->runs.list);
    a->runs.list = l;
    snprintf(a->runs_home, sizeof a->runs_home, "%s", SAMPLE_FOLDER);
}

#endif
