#include "latents/latent_labels.h"

#include "base/csvfile.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct csv_limits FILE_LIMITS = {64u << 20, 5000000, 4096};

struct label {
    int32_t latent;
    char text[LATENT_LABEL_MAX + 1];
};

struct latent_labels {
    atomic_int refs;
    size_t n;
    struct label at[]; /* [n] by latent, ascending, each once */
};

static enum err new_set(size_t n, struct latent_labels **out, struct errinfo *e)
{
    struct latent_labels *l = NULL;
    TRY(mem_new(&l, 1, sizeof *l + n * sizeof *l->at, "labels", e));
    atomic_init(&l->refs, 1);
    *out = l;
    return OK;
}

struct latent_labels *latent_labels_ref(struct latent_labels *l)
{
    atomic_fetch_add(&l->refs, 1);
    return l;
}

void latent_labels_unref(struct latent_labels *l)
{
    if (l && atomic_fetch_sub(&l->refs, 1) == 1) {
        mem_free(l);
    }
}

/* ---- asking ---- */

size_t latent_labels_count(const struct latent_labels *l)
{
    return l ? l->n : 0;
}

static int by_latent(const void *x, const void *y)
{
    const int32_t a = ((const struct label *)x)->latent;
    const int32_t b = ((const struct label *)y)->latent;
    return (a > b) - (a < b);
}

const char *latent_labels_of(const struct latent_labels *l, int32_t latent)
{
    const struct label key = {.latent = latent};
    const struct label *found =
        l && l->n ? bsearch(&key, l->at, l->n, sizeof *l->at, by_latent) : NULL;
    return found ? found->text : "";
}

/* ---- what may be a label ---- */

/* Why a text is no label; NULL: it is one. */
static const char *refuse(const char *text)
{
    const size_t len = strlen(text);
    if (!len) {
        return "an empty label";
    }
    if (len > LATENT_LABEL_MAX) {
        return "a label that is too long";
    }
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        i += utf8_next(text + i, len - i, &cp);
        if (cp == UTF8_INVALID || utf8_is_unsafe(cp)) {
            return "a label with control or invisible characters";
        }
    }
    return NULL;
}

#define EXPECTED_LABEL "expected 1 to 96 bytes of plain text"
_Static_assert(LATENT_LABEL_MAX == 96, "the message says so");

enum err latent_labels_with(const struct latent_labels *old, int32_t latent,
                            const char *text, struct latent_labels **out,
                            struct errinfo *e)
{
    const char *why = text[0] ? refuse(text) : NULL;
    if (latent < 0 || why) {
        return err_set(e, ERR_USAGE, "latent %d: found %s, " EXPECTED_LABEL, latent,
                       why ? why : "a negative number");
    }
    const size_t had = latent_labels_count(old);
    struct latent_labels *l = NULL;
    TRY(new_set(had + 1, &l, e));
    size_t i = 0;
    for (; i < had && old->at[i].latent < latent; i++) {
        l->at[l->n++] = old->at[i];
    }
    if (text[0]) {
        struct label *own = &l->at[l->n++];
        own->latent = latent;
        snprintf(own->text, sizeof own->text, "%s", text);
    }
    for (; i < had; i++) {
        if (old->at[i].latent != latent) {
            l->at[l->n++] = old->at[i];
        }
    }
    *out = l;
    return OK;
}

/* ---- files ---- */

/* Reads row i of the table; the header is row 1 of the file. */
static enum err read_row(const struct csv_table *t, size_t i, const size_t col[2],
                         const char *name, size_t F, struct label *out,
                         struct errinfo *e)
{
    const char *number = csv_at(t, i, col[0]), *text = csv_at(t, i, col[1]);
    char *end = NULL;
    const unsigned long long id = strtoull(number, &end, 10);
    if (number[0] < '0' || number[0] > '9' || *end || id >= F) {
        return err_set(e, ERR_FORMAT, "%s: row %zu: latent: found '%.40s', expected %s",
                       name, i + 2, number, "a number below the SAE's width");
    }
    const char *why = refuse(text);
    if (why) {
        return err_set(e, ERR_FORMAT, "%s: row %zu: label: found %s, " EXPECTED_LABEL,
                       name, i + 2, why);
    }
    out->latent = (int32_t)id;
    snprintf(out->text, sizeof out->text, "%s", text);
    return OK;
}

static enum err from_table(const struct csv_table *t, const char *name, size_t F,
                           struct latent_labels *l, struct errinfo *e)
{
    size_t col[2];
    TRY(csv_need_col(t, name, "latent", &col[0], e));
    TRY(csv_need_col(t, name, "label", &col[1], e));
    for (size_t i = 0; i < t->rows; i++) {
        TRY(read_row(t, i, col, name, F, &l->at[i], e));
    }
    l->n = t->rows;
    if (l->n) {
        qsort(l->at, l->n, sizeof *l->at, by_latent);
    }
    for (size_t i = 1; i < l->n; i++) {
        if (l->at[i].latent == l->at[i - 1].latent) {
            return err_set(e, ERR_FORMAT,
                           "%s: latent %d has two labels, expected one each", name,
                           l->at[i].latent);
        }
    }
    return OK;
}

enum err latent_labels_parse(const char *data, size_t len, const char *name, size_t F,
                             struct latent_labels **out, struct errinfo *e)
{
    struct csv_table *t = NULL;
    struct latent_labels *l = NULL;
    TRY(csv_parse_table(data, len, name, &FILE_LIMITS, &t, e));
    const size_t rows = t->rows;
    enum err rc =
        rows > F ? err_set(e, ERR_FORMAT, "%s: found %zu labels, expected at most %zu",
                           name, rows, F)
                 : new_set(rows, &l, e);
    if (rc == OK) {
        rc = from_table(t, name, F < INT32_MAX ? F : INT32_MAX, l, e);
    }
    csv_free_table(t);
    if (rc != OK) {
        latent_labels_unref(l);
        return rc;
    }
    *out = l;
    return OK;
}

enum err latent_labels_load(const char *dir, size_t F, struct latent_labels **out,
                            struct errinfo *e)
{
    char path[4096];
    char *data = NULL;
    size_t len = 0;
    TRY(path_join(path, sizeof path, dir, LATENT_LABEL_FILE, e));
    if (!file_exists(path)) {
        return new_set(0, out, e);
    }
    TRY(file_read(path, FILE_LIMITS.max_bytes, &data, &len, e));
    const enum err rc = latent_labels_parse(data, len, path, F, out, e);
    mem_free(data);
    return rc;
}

enum err latent_labels_save(const struct latent_labels *l, const char *dir,
                            struct errinfo *e)
{
    char path[4096];
    struct str text;
    TRY(path_join(path, sizeof path, dir, LATENT_LABEL_FILE, e));
    if (!latent_labels_count(l) && !file_exists(path)) {
        return OK;
    }
    str_init(&text, FILE_LIMITS.max_bytes);
    str_add(&text, "latent,label\n");
    for (size_t i = 0; l && i < l->n; i++) {
        str_addf(&text, "%d,", l->at[i].latent);
        csv_add(&text, l->at[i].text, 1);
        str_addc(&text, '\n');
    }
    enum err rc = str_err(&text, path, e);
    if (rc == OK) {
        rc = file_write_text(path, text.p, e);
    }
    str_free(&text);
    return rc;
}
