/* The settings in which runs of a plan differ, and their values. */
#include "base/mem.h"
#include "sweep/table_priv.h"

#include <stdlib.h>
#include <string.h>

void word_list_deinit(struct word_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        mem_free(l->word[i]);
    }
    mem_free(l->word);
    *l = (struct word_list){0};
}

static bool has(const struct word_list *l, const char *word)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->word[i], word) == 0) {
            return true;
        }
    }
    return false;
}

enum err word_list_add(struct word_list *l, const char *word, struct errinfo *e)
{
    if (has(l, word)) {
        return OK;
    }
    TRY(mem_grow(&l->word, &l->cap, l->n + 1, sizeof *l->word, SWEEP_CELLS_MAX, e));
    l->word[l->n] = mem_strdup(word);
    if (!l->word[l->n]) {
        return err_set(e, ERR_NOMEM, "sweep: out of memory");
    }
    l->n++;
    return OK;
}

/* Numbers by value, before texts by strcmp. */
static int by_value(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    char *x_end = NULL, *y_end = NULL;
    const double v = strtod(x, &x_end), w = strtod(y, &y_end);
    const bool x_text = x_end == x || *x_end, y_text = y_end == y || *y_end;
    if (x_text || y_text) {
        return x_text && y_text ? strcmp(x, y) : x_text - y_text;
    }
    return (v > w) - (v < w);
}

void word_list_sort(struct word_list *l)
{
    if (l->n > 1) {
        qsort(l->word, l->n, sizeof *l->word, by_value);
    }
}

enum err keys_of_plan(const struct sweep_plan *p, struct word_list *out,
                      struct errinfo *e)
{
    for (size_t i = 0; i < p->n_cells; i++) {
        const struct sweep_cell *c = &p->cell[i];
        for (size_t j = 0; j < c->n_pairs; j++) {
            TRY(word_list_add(out, c->pair[j].key, e));
        }
    }
    return OK;
}

enum err values_in_condition(const struct sweep_plan *p, size_t condition,
                             const char *key, struct word_list *out, struct errinfo *e)
{
    const struct sweep_condition *a = &p->condition[condition];
    enum err rc = OK;
    struct str text;
    str_init(&text, TEXT_BYTES);
    for (size_t i = 0; rc == OK && i < a->n_cells; i++) {
        str_clear(&text);
        sweep_cell_print(p, &p->cell[a->cell[i]], key, &text);
        rc = str_err(&text, "sweep", e);
        rc = rc == OK ? word_list_add(out, text.p, e) : rc;
    }
    str_free(&text);
    return rc;
}
