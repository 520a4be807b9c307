/* saetop corpus rows: what a run reads, row by row. */
#include "acts/stream.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cmd.h"
#include "corpus_cmds.h"
#include "corpus_opts.h"
#include "lm_cmds.h"
#include "samples_dir.h"
#include "token_out.h"

#include <stdlib.h>
#include <string.h>

#define PATH_CAP     4096
#define OUTPUT_BYTES ((size_t)1 << 30)

struct rows_args {
    const char *model;
    struct row_opts rows;
    int64_t fill_rows;
    bool order, json;
};

/* ---- one row ---- */

static size_t count_masked(const uint8_t *masked, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += masked[i];
    }
    return count;
}

static void add_json(const struct token_rows *r, size_t row, struct str *out)
{
    const size_t at = row * r->T;
    str_addf(out, "{\"row\":%llu,\"ids\":[", (unsigned long long)(r->first + row));
    for (size_t i = 0; i < r->T; i++) {
        str_addf(out, "%s%d", i ? "," : "", (int)r->ids[at + i]);
    }
    str_add(out, "],\"masked\":[");
    for (size_t i = 0; i < r->T; i++) {
        str_addf(out, "%s%d", i ? "," : "", (int)r->masked[at + i]);
    }
    str_addf(out, "],\"fresh\":%zu}\n", row + 1 == r->rows ? r->fresh : r->T);
}

/* Add the text, with masked tokens in brackets. */
static void add_text(const struct token_rows *r, const struct tok *t, size_t row,
                     struct str *out)
{
    const size_t at = row * r->T;
    str_addf(out, "%6llu  %zu of %zu masked  ", (unsigned long long)(r->first + row),
             count_masked(r->masked + at, r->T), r->T);
    for (size_t i = 0; i < r->T; i++) {
        str_add(out, r->masked[at + i] ? "[" : "");
        token_out_text(t, r->ids[at + i], out);
        str_add(out, r->masked[at + i] ? "]" : "");
    }
    str_addc(out, '\n');
}

/* ---- the order of activations ---- */

/* Check that the rows are whole fills of the buffer. */
static enum err check_fills(const struct rows_args *a, const struct token_rows *r,
                            struct errinfo *e)
{
    const size_t f = (size_t)a->fill_rows;
    const bool train = strcmp(a->rows.split, "train") == 0;
    return train && r->first % f == 0 && r->rows % f == 0
               ? OK
               : err_set(e, ERR_USAGE,
                         "--order: expected --split train, and --from and --rows that "
                         "are multiples of %zu, the rows of a fill",
                         f);
}

/* Add a line for the fill whose rows ended with `row`. */
static enum err add_order(const struct rows_args *a, const struct token_rows *r,
                          const struct tok *t, size_t row, struct str *out,
                          struct errinfo *e)
{
    const size_t rows = (size_t)a->fill_rows;
    const size_t begin = row + 1 - rows;
    const uint64_t number = (r->first + begin) / rows + 1;
    const char *between = a->json ? "," : " ";
    uint32_t *order = NULL;
    TRY(mem_new(&order, rows * r->T, sizeof *order, "an order", e));
    const size_t n = stream_order(t, (uint64_t)a->rows.seed, number,
                                  r->ids + begin * r->T, rows * r->T, order);
    str_addf(out,
             a->json ? "{\"fill\":%llu,\"first_row\":%llu,\"order\":["
                     : "fill %llu from row %llu: ",
             (unsigned long long)number, (unsigned long long)(r->first + begin));
    for (size_t i = 0; i < n; i++) {
        str_addf(out, "%s%u", i ? between : "", (unsigned)order[i]);
    }
    str_add(out, a->json ? "]}\n" : "\n");
    mem_free(order);
    return OK;
}

/* ---- all ---- */

static enum err print_rows(const struct rows_args *a, const struct token_rows *r,
                           const struct tok *t, struct str *out, struct errinfo *e)
{
    for (size_t i = 0; i < r->rows; i++) {
        if (a->json) {
            add_json(r, i, out);
        } else {
            add_text(r, t, i, out);
        }
        if (a->order && (i + 1) % (size_t)a->fill_rows == 0) {
            TRY(add_order(a, r, t, i, out, e));
        }
    }
    return OK;
}

static enum err list_rows(const struct rows_args *a, struct str *out, struct errinfo *e)
{
    char dir[PATH_CAP];
    struct lm *m = NULL;
    struct token_rows *r = NULL;
    enum err rc;
    TRY(lm_model_dir(a->model, dir, sizeof dir, e));
    TRY(lm_load(dir, &m, e));
    TRY_OUT(rc, row_opts_read(&a->rows, m, &r, e));
    if (a->order) {
        TRY_OUT(rc, check_fills(a, r, e));
    }
    /* Which positions are masked does not depend on what replaces them. */
    TRY_OUT(rc, token_rows_mask(r, m->tok, 0, a->rows.rate, (uint64_t)a->rows.seed, e));
    TRY_OUT(rc, print_rows(a, r, m->tok, out, e));
out:
    token_rows_free(r);
    lm_free(m);
    return rc;
}

int cmd_corpus_rows(int argc, char **argv)
{
    struct rows_args a = {.rows = ROW_OPTS_DEFAULT, .fill_rows = 128};
    // clang-format off
    const struct opt table[] = {
        {"corpus", OPT_STRING, &a.rows.corpus, "FILE", "a corpus; without it the bundled grammar's first register", 0, 0, NULL},
        {"model", OPT_STRING, &a.model, "DIR", "model directory or GGUF file; without it the bundled one", 0, 0, NULL},
        ROW_OPTS(&a.rows),
        {"order", OPT_FLAG, &a.order, NULL, "after each fill of the buffer a line with the order in which its activations are trained on, as row * context + position", 0, 0, NULL},
        {"fill-rows", OPT_INT, &a.fill_rows, "N", "of --order: rows of a fill, as the setting fill_rows", 1, 65536, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "one object a row: row, ids, masked (0 or 1 a position), fresh (positions whose text did not stand before)", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "corpus rows",
        .usage = "[--corpus FILE] [--model DIR] [OPTIONS]",
        .about = "The rows of tokens that a run of that seed trains on or is evaluated "
                 "on, in their order, and which positions it masks at a rate. The rule "
                 "of both: core/acts/README.md in the sources.",
        .table = table,
        .n = sizeof table / sizeof table[0],
    };
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    struct errinfo e = {0};
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    const enum err rc = list_rows(&a, &out, &e);
    return cmd_end(rc, &e, &out, a.json);
}
