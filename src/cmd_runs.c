/* saetop runs: the runs in a folder, one per line. */
#include "base/json.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "cmd.h"
#include "run/run_list.h"
#include "state_dir.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)64 << 20)
#define NAME_COLUMNS 24 /* a longer name moves its line */
#define LINE_COLUMNS 80
#define COLUMNS_MOST 32 /* of a list */

struct runs_args {
    bool json, all, reverse;
    const char *sort;
};

/* ---- text ---- */

/* About how many columns of a terminal the text takes: its code points. */
static int columns_of(const char *text)
{
    int n = 0;
    for (; *text; text++) {
        n += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return n;
}

static void add_padded(struct str *out, const char *text, int width, bool left)
{
    const int pad = width - columns_of(text);
    str_addf(out, "%*s", left || pad < 0 ? 0 : pad, "");
    str_add(out, text);
    str_addf(out, "%*s", left && pad > 0 ? pad : 0, "");
}

/* A text column is as wide as its widest cell, within limits. */
static int width_of(const struct run_list *l, const struct run_column *c)
{
    int width = columns_of(run_column_title(c));
    char room[RUN_CELL_ROOM];
    for (size_t i = 0; i < l->n; i++) {
        const int w = columns_of(run_cell_show(c, &l->row[i], room));
        width = w > width ? w : width;
    }
    return c->number ? width : width < NAME_COLUMNS ? width : NAME_COLUMNS;
}

/* Whether any run has something in it. */
static bool is_used(const struct run_list *l, const struct run_column *c)
{
    char room[RUN_CELL_ROOM];
    bool used = false;
    for (size_t i = 0; i < l->n && !used; i++) {
        used = strcmp(run_cell_show(c, &l->row[i], room), "-") != 0;
    }
    return used;
}

/* Choose the widths of the columns shown, 0 for the others: those of the first ranks
 * that fit 80 columns, or all; none that is empty. */
static void choose_columns(const struct run_list *l, bool all, int width[COLUMNS_MOST])
{
    int used = 0;
    const struct run_column *c = NULL;
    memset(width, 0, COLUMNS_MOST * sizeof *width);
    for (int rank = 1; rank <= COLUMNS_MOST; rank++) {
        for (size_t i = 0; i < COLUMNS_MOST && (c = run_column_at(i)) != NULL; i++) {
            if (c->rank != rank || !(rank == 1 || is_used(l, c))) {
                continue;
            }
            const int w = width_of(l, c), gap = used > 0 ? 2 : 0;
            if (all || rank == 1 || used + gap + w <= LINE_COLUMNS) {
                width[i] = w;
                used += gap + w;
            }
        }
    }
}

static void add_line(struct str *out, const int *width, const struct run_row *r)
{
    char room[RUN_CELL_ROOM];
    const struct run_column *c = NULL;
    bool first = true;
    for (size_t i = 0; i < COLUMNS_MOST && (c = run_column_at(i)) != NULL; i++) {
        if (width[i] > 0) {
            const char *text = r ? run_cell_show(c, r, room) : run_column_title(c);
            struct str safe;
            str_init(&safe, OUTPUT_BYTES);
            utf8_escape(&safe, text, strlen(text));
            str_add(out, first ? "" : "  ");
            add_padded(out, safe.len ? safe.p : "", width[i], c->number == NULL);
            str_free(&safe);
            first = false;
        }
    }
    while (out->len > 0 && out->p[out->len - 1] == ' ') {
        str_cut(out, out->len - 1);
    }
    str_addc(out, '\n');
    if (r && r->holder > 0) {
        str_addf(out, "  ^ open in process %ld\n", r->holder);
    }
}

static void add_text(const struct run_list *l, const int32_t *order, bool all,
                     struct str *out)
{
    int width[COLUMNS_MOST];
    choose_columns(l, all, width);
    if (l->n > 0) {
        add_line(out, width, NULL);
    }
    for (size_t i = 0; i < l->n; i++) {
        add_line(out, width, &l->row[order[i]]);
    }
}

/* Print remarks on stderr, one per line, so that they do not mix with the table. */
static void say_remarks(const struct run_list *l, const int32_t *order)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct run_row *r = &l->row[order[i]];
        const bool named = strncmp(r->remark, l->dir, strlen(l->dir)) == 0;
        if (r->remark[0] && named) {
            cmd_say(stderr, "saetop: %s", r->remark);
        } else if (r->remark[0]) {
            cmd_say(stderr, "saetop: %s/%s: %s", l->dir, r->name, r->remark);
        }
    }
    cmd_remarks(NULL, &l->remarks);
    if (l->trashed > 0) {
        cmd_say(stderr, "saetop: %zu in %s/.trash, deleted in the explorer", l->trashed,
                l->dir);
    }
    if (l->n == 0) {
        cmd_say(stderr,
                "saetop: %s: no runs; `c` in the explorer and `saetop train --out` "
                "save some",
                l->dir);
    }
}

/* ---- JSON ---- */

static void add_key(struct str *out, const char *name, bool first)
{
    str_add(out, first ? "{" : ", ");
    json_add_string(out, name, strlen(name));
    str_add(out, ": ");
}

static void add_conditions(const struct run_row *r, struct str *out)
{
    add_key(out, "conditions", false);
    str_addc(out, '[');
    for (size_t k = 0; k < r->conditions; k++) {
        const struct run_condition *c = &r->condition[k];
        str_addf(out,
                 "%s{\"name\": \"%c\", \"seeds\": %zu, \"mask_rate\": ", k ? ", " : "",
                 c->letter, c->seeds);
        json_add_number(out, c->mask_rate);
        for (size_t f = 0; f < RUN_FIGURES; f++) {
            add_key(out, measure_at(run_figure(f))->column, false);
            json_add_number(out, c->figure[f]);
        }
        str_addc(out, '}');
    }
    str_add(out, "]");
}

static void add_object(const struct run_list *l, const struct run_row *r,
                       struct str *out)
{
    const struct run_column *c = NULL;
    for (size_t i = 0; (c = run_column_at(i)) != NULL; i++) {
        char room[RUN_CELL_ROOM] = "";
        add_key(out, run_column_name(c), i == 0);
        if (c->number) {
            json_add_number(out, c->number(r));
        } else {
            const char *text = c->text(r, room, sizeof room);
            json_add_string(out, text, strlen(text));
        }
    }
    add_conditions(r, out);
    char path[2 * RUNDIR_PATH];
    const int n = snprintf(path, sizeof path, "%s/%s", l->dir, r->name);
    add_key(out, "path", false);
    json_add_string(out, path, n > 0 ? strlen(path) : 0);
    str_addf(out,
             ", \"width\": %lld, \"imported\": %s, \"process\": ", (long long)r->width,
             r->imported ? "true" : "false");
    json_add_number(out, r->holder > 0 ? (double)r->holder : (double)NAN);
    add_key(out, "remark", false);
    json_add_string(out, r->remark, strlen(r->remark));
    str_addc(out, '}');
}

static void add_json(const struct run_list *l, const int32_t *order, struct str *out)
{
    str_add(out, "{\"folder\": ");
    json_add_string(out, l->dir, strlen(l->dir));
    str_addf(out, ", \"in_trash\": %zu, \"runs\": [", l->trashed);
    for (size_t i = 0; i < l->n; i++) {
        str_add(out, i ? ",\n " : "\n ");
        add_object(l, &l->row[order[i]], out);
    }
    str_add(out, "]}\n");
}

/* ---- the command ---- */

static enum err sort_column(const char *name, int *out, struct errinfo *e)
{
    char names[256], hint[NEAREST_HINT];
    *out = name ? run_column_find(name) : run_column_default();
    run_column_names(names, sizeof names);
    return *out != RUN_LIST_NONE
               ? OK
               : err_set(e, ERR_USAGE, "--sort: found '%s', expected one of: %s%s",
                         name, names, nearest_hint(name, names, hint));
}

/* List the folder named, or that in which the explorer saves; one that is not there yet
 * has no runs. */
static enum err look(const char *dir, struct run_list **out, struct errinfo *e)
{
    char own[RUNDIR_PATH];
    if (dir) {
        return run_list_look(dir, NULL, out, e);
    }
    TRY(state_dir("runs", own, sizeof own, e));
    const enum err rc = run_list_look(own, NULL, out, e);
    return rc == ERR_MISSING ? run_list_none(own, out, e) : rc;
}

static enum err runs(const struct runs_args *a, const char *dir, struct str *out,
                     struct errinfo *e)
{
    struct run_list *l = NULL;
    int32_t *order = NULL;
    int column = 0;
    TRY(sort_column(a->sort, &column, e));
    TRY(look(dir, &l, e));
    const enum err rc = mem_new(&order, l->n, sizeof *order, "an order of runs", e);
    if (rc == OK) {
        run_list_order(l, column, a->reverse, order);
        if (a->json) {
            add_json(l, order, out);
        } else {
            add_text(l, order, a->all, out);
            say_remarks(l, order);
        }
    }
    mem_free(order);
    run_list_unref(l);
    return rc;
}

int cmd_runs(int argc, char **argv)
{
    struct runs_args a = {0};
    // clang-format off
    const struct opt table[] = {
        {"json", OPT_FLAG, &a.json, NULL, "one object: the folder, and a row a run", 0, 0, NULL},
        {"all", OPT_FLAG, &a.all, NULL, "every column that a run has something in, however long the lines", 0, 0, NULL},
        {"sort", OPT_STRING, &a.sort, "COLUMN", "name, step, steps, arch, mask_rate, k, arms, l0_clean, explained_variance, absorption, bytes, saved, label or note (default: saved, the newest first)", 0, 0, NULL},
        {"reverse", OPT_FLAG, &a.reverse, NULL, "the other way round", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "runs",
        .usage = "[DIR] [OPTIONS]",
        .about =
            "The runs in a folder, a line each; DIR may be a run itself. Without DIR: "
            "where the explorer saves. Figures are condition A's, means over its "
            "seeds, of the last evaluation; --json has those of all conditions. "
            "Weights are not read, links not followed; a run that can't be read is "
            "remarked upon.",
        .table = table,
        .n = sizeof table / sizeof *table,
        .max_args = 1,
    };
    struct opts_result line;
    struct errinfo e = {0};
    struct str out;
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &line, &status)) {
        return status;
    }
    str_init(&out, OUTPUT_BYTES);
    const enum err rc = runs(&a, line.n_args ? line.args[0] : NULL, &out, &e);
    return cmd_end(rc, &e, &out, a.json);
}
