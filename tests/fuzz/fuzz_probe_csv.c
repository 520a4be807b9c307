/* CSV files of sentence tasks: refused in a line, or tasks whose rows are all there. */
#include "eval/probe_csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_task(const struct probe_csv *p, const struct probe_rows *t)
{
    require(t->n > 0 && t->n == t->n_train + t->n_test + t->n_ood);
    for (size_t i = 0; i < t->n; i++) {
        const bool begins = i == 0 || i == t->n_train || i == t->n_train + t->n_test;
        require(t->row[i] < p->csv->rows);
        require(begins || t->row[i] > t->row[i - 1]);
        require(t->y[i] <= 1);
        require(t->spurious == NULL || t->spurious[i] <= 1);
        require(probe_csv_text(p, t, i) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct probe_csv p = {0};
    struct errinfo e = {0};
    if (probe_csv_parse((const char *)data, size, "input", &p, &e) != OK) {
        require(p.task == NULL && strlen(e.msg) > 0);
        return 0;
    }
    size_t rows = 0;
    for (size_t i = 0; i < p.n; i++) {
        check_task(&p, &p.task[i]);
        rows += p.task[i].n;
        for (size_t k = 0; k < i; k++) {
            require(strcmp(p.task[i].name, p.task[k].name) != 0);
        }
    }
    require(rows == p.csv->rows);
    probe_csv_deinit(&p);
    return 0;
}
