/* A run's files of any bytes: refused in a line, or a record in its ranges with a
 * history in order; its arms and what it is called; and a row of a list, whatever they
 * hold. */
#include "one_folder.h"
#include "run/compared.h"
#include "run/run_arms.h"
#include "run/run_list.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct folder_file files[] = {
    {'c', "config.json"},
    {'f', "cfg.json"},
    {'w', "sae_weights.safetensors"},
    {'t', "trainer_state.safetensors"},
    {'m', "metrics.csv"},
    {'e', "events.csv"},
    {'v', "eval.json"},
    {'n', "label.txt"},
};

static void check_record(const struct run_record *r)
{
    require(r->step >= 0 && r->mask_rate >= 0 && r->mask_rate <= 1);
    require(sae_arch_find(r->set.arch) != NULL);
    require(r->sae->D > 0 && r->sae->F > 0 && r->sae->k > 0);
    for (size_t i = 1; i < r->history.rows; i++) {
        require(r->history.row[i].v[METRIC_STEP] >=
                r->history.row[i - 1].v[METRIC_STEP]);
    }
}

static void try_record(void)
{
    struct errinfo e = {0};
    struct run_record r = {0};
    struct report kept;
    if (rundir_load(folder, &r, &e) != OK) {
        folder_refused(&e);
        return;
    }
    check_record(&r);
    report_init(&kept, 0);
    kept.reps = 0;
    if (compare_kept(folder, r.step, &kept, &e) != OK) {
        folder_refused(&e);
    }
    report_deinit(&kept);
    run_record_deinit(&r);
}

static void try_arms(void)
{
    struct errinfo e = {0};
    struct remarks remarks = {0};
    static struct run_arms arms;
    if (run_arms(folder, &arms, &remarks, &e) != OK) {
        folder_refused(&e);
    }
    require(arms.n > 0 && strcmp(arms.dir[0], folder) == 0);
    for (size_t i = 0; i < arms.n; i++) {
        require(strncmp(arms.dir[i], folder, strlen(folder)) == 0);
        require(!strstr(arms.dir[i], ".."));
    }
}

static void try_list(void)
{
    struct errinfo e = {0};
    struct run_list *l = NULL;
    char text[RUN_CELL_ROOM];
    require(run_list_look(folder, NULL, &l, &e) == OK);
    for (size_t i = 0; i < l->n; i++) {
        const struct run_row *r = &l->row[i];
        require(!strpbrk(r->remark, "\n\x1b") && (r->opens || r->remark[0]));
        require(r->conditions <= CONDITIONS_MAX && r->bytes >= 0);
        for (size_t k = 0; run_column_at(k); k++) {
            require(
                memchr(run_cell_show(run_column_at(k), r, text), '\0', sizeof text));
        }
    }
    run_list_unref(l);
}

static void try_label(void)
{
    struct errinfo e = {0};
    char label[RUN_LABEL_MAX + 1];
    if (rundir_label(folder, label, &e) == OK) {
        require(!strpbrk(label, "\n\x1b"));
    } else {
        folder_refused(&e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)folder_make();
    folder_fill(files, sizeof files / sizeof *files, data, size, NULL, NULL);
    try_record();
    try_arms();
    try_list();
    try_label();
    return 0;
}
