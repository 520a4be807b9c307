#include "text/corpus.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "text/corpus_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- opening ---- */

void corpus_free(struct corpus *c)
{
    if (!c) {
        return;
    }
    for (size_t i = 0; i < c->n_files; i++) {
        corpus_file_deinit(&c->file[i]);
    }
    grammar_free(c->grammar);
    mem_free(c->file);
    mem_free(c->order);
    mem_free(c->spec);
    mem_free(c->path);
    mem_free(c->key);
    mem_free(c->other);
    mem_free(c);
}

/* Splits "path#key", unless a file or folder has exactly that name. */
static enum err split_spec(struct corpus *c, const char *spec, struct errinfo *e)
{
    c->spec = mem_strdup(spec);
    c->path = mem_strdup(spec);
    if (!c->spec || !c->path) {
        return err_set(e, ERR_NOMEM, "out of memory for a path");
    }
    char *hash = strrchr(c->path, '#');
    if (hash && !file_exists(spec) && !file_is_dir(spec)) {
        *hash = '\0';
        c->key = mem_strdup(hash + 1);
        if (!c->key) {
            return err_set(e, ERR_NOMEM, "out of memory for a path");
        }
    }
    return OK;
}

static bool is_stdin(const struct corpus *c)
{
    return strcmp(c->path, "-") == 0;
}

/* Returns the name of the corpus in error lines. */
static const char *place(const struct corpus *c)
{
    return is_stdin(c) ? "standard input" : c->path;
}

static void make_name(struct corpus *c)
{
    const char *base = path_base(c->path);
    struct str name;
    str_init(&name, 4 * strlen(base) + 1);
    utf8_escape(&name, base, strlen(base));
    snprintf(c->name, sizeof c->name, "%s", is_stdin(c) ? place(c) : name.p);
    str_free(&name);
}

/* ---- its files ---- */

static enum err open_grammar(struct corpus *c, struct errinfo *e)
{
    TRY(grammar_load(c->path, &c->grammar, e)); /* first: it may be any size */
    TRY(file_hash(c->path, &c->hash_whole, e));
    c->hash = grammar_hash(c->grammar);
    if (!c->key) {
        return OK;
    }
    const int reg = grammar_register_find(c->grammar, c->key);
    if (reg < 0) {
        struct str names;
        str_init(&names, 300);
        for (size_t i = 0; i < grammar_register_count(c->grammar); i++) {
            str_addf(&names, "%s%s", i ? ", " : "",
                     grammar_register_name(c->grammar, i));
        }
        const enum err rc =
            err_set(e, ERR_USAGE, "%s: no register \"%.60s\"; it has %s", c->path,
                    c->key, names.p);
        str_free(&names);
        return rc;
    }
    c->reg = (size_t)reg;
    return OK;
}

/* Adds remarks on files; if there are many, only on the first few. */
static void remark_files(struct corpus *c)
{
    size_t unsaid = 0;
    for (size_t i = 0; i < c->n_files; i++) {
        struct remarks of = {0};
        corpus_remark_seen(&c->file[i], &of);
        if (c->remarks.n + of.n + 2 > REMARKS_MAX) {
            unsaid += of.n > 0;
        } else {
            remarks_append(&c->remarks, &of);
        }
    }
    if (unsaid > 0) {
        remarks_add(&c->remarks, "%s: the like of %zu more of its files", c->name,
                    unsaid);
    }
    if (is_stdin(c)) {
        remarks_add(
            &c->remarks,
            "%s: a run from it goes on when the same text comes in again, or is "
            "named as a file: train --resume RUN --corpus FILE; eval --corpus "
            "FILE measures it on a file",
            c->name);
    }
    if (c->textless_n > 0) {
        remarks_add(&c->remarks, "%s: %zu file%s without text passed over: %s%s",
                    c->name, c->textless_n, plural_s(c->textless_n), c->textless.msg,
                    c->textless_n > 1 ? ", ..." : "");
    }
    if (c->skipped + c->links > 0) {
        remarks_add(&c->remarks,
                    "%s: %zu files passed over that are no texts by their ending, and "
                    "%zu links and the like",
                    c->name, c->skipped, c->links);
    }
}

/* Returns ERR_FORMAT unless all files are text, or all are token ids. */
static enum err same_kind(const struct corpus_file *first, const struct corpus_file *f,
                          struct errinfo *e)
{
    return f->has_ids == first->has_ids
               ? OK
               : err_set(e, ERR_FORMAT, "%s: found %s, expected %s as in %s", f->path,
                         f->has_ids ? "token ids" : "text",
                         f->has_ids ? "text" : "token ids", first->path);
}

/* Drops file i from the corpus. */
static void pass_over(struct corpus *c, size_t i)
{
    corpus_file_deinit(&c->file[i]);
    memmove(&c->file[i], &c->file[i + 1], (c->n_files - i - 1) * sizeof *c->file);
    c->n_files--;
}

static enum err pass_on(enum err rc, const struct errinfo *why, struct errinfo *e)
{
    if (e) {
        *e = *why;
    }
    return rc;
}

/* Opens file i. Of several, files without text are skipped; their number and the first
 * one's error are kept. */
static enum err open_file(struct corpus *c, size_t i, struct errinfo *e)
{
    struct errinfo why = {0};
    enum err rc = ERR_FORMAT;
    while (rc != OK && i < c->n_files) {
        struct corpus_file *f = &c->file[i];
        rc = corpus_file_open(f, i < CORPUS_OPEN, &why);
        if (rc != OK && (f->alone || !f->no_text)) {
            return pass_on(rc, &why, e);
        }
        if (rc != OK) {
            c->textless = c->textless_n++ == 0 ? why : c->textless;
            pass_over(c, i);
        }
    }
    return OK;
}

static enum err open_files(struct corpus *c, const atomic_bool *cancel,
                           struct errinfo *e)
{
    size_t packed = 0;
    c->hash = HASH_START;
    for (size_t i = 0; i < c->n_files; i++) {
        c->file[i].alone = c->n_files == 1;
        c->file[i].cancel = cancel;
    }
    for (size_t i = 0; i < c->n_files; i++) {
        TRY(open_file(c, i, e));
        struct corpus_file *f = &c->file[i];
        if (i == c->n_files) {
            break; /* the last ones had no text */
        }
        f->first = c->n_docs;
        packed += f->packed;
        if (packed > CORPUS_UNPACKED) {
            return err_set(e, ERR_LIMIT,
                           "%s: more than %d compressed files; unpack them", c->path,
                           CORPUS_UNPACKED);
        }
        TRY(same_kind(&c->file[0], f, e));
        if (f->n_docs > CORPUS_MAX_DOCS - c->n_docs) {
            return err_set(e, ERR_LIMIT, "%s: more than %zu documents", place(c),
                           CORPUS_MAX_DOCS);
        }
        c->n_docs += f->n_docs;
        c->hash = f->alone ? f->hash : hash_bytes(c->hash, &f->hash, sizeof f->hash);
    }
    if (c->n_files == 0) {
        return pass_on(ERR_FORMAT, &c->textless, e);
    }
    /* Another column of the same bytes is another text. */
    if (c->key && strcmp(c->key, "text") != 0) {
        c->hash = hash_bytes(c->hash, c->key, strlen(c->key));
    }
    c->hash_whole = c->hash;
    remark_files(c);
    return OK;
}

/* Whether document i of n is held out. Does not depend on the seed: see
 * corpus_split. */
static bool is_held(size_t i, size_t n)
{
    return n < CORPUS_FEW ? i + 1 == n
                          : rng_unit_at(0, RNG_HELDOUT, i, 0) < CORPUS_HELD_PART;
}

static enum err split_docs(struct corpus *c, struct errinfo *e)
{
    if (c->n_docs < 2) {
        return err_set(
            e, ERR_FORMAT,
            "%s: found %zu document%s with text, expected at least 2 (one is "
            "held out)",
            place(c), c->n_docs, plural_s(c->n_docs));
    }
    TRY(mem_new(&c->order, c->n_docs, sizeof *c->order, "an index", e));
    size_t n = 0;
    for (size_t i = 0; i < c->n_docs; i++) {
        if (!is_held(i, c->n_docs)) {
            c->order[n++] = (uint32_t)i;
        }
    }
    if (n == c->n_docs) {
        n--; /* the hash chose none: the last one, which is in its place already */
    }
    c->n_train = n;
    for (size_t i = 0; i < c->n_docs && n < c->n_docs; i++) {
        if (is_held(i, c->n_docs)) {
            c->order[n++] = (uint32_t)i;
        }
    }
    return OK;
}

bool corpus_has_tail(const struct corpus *c)
{
    return !c->grammar && c->n_docs >= CORPUS_FEW && !is_stdin(c);
}

/* Removes documents from `first` on from order [n_train TRAIN, then HELDOUT]. */
static void keep_body(struct corpus *c, size_t first)
{
    size_t n = 0, train = 0;
    for (size_t i = 0; i < c->n_docs; i++) {
        if (c->order[i] < first) {
            train += i < c->n_train;
            c->order[n++] = c->order[i];
        }
    }
    if (train == n) {
        train--; /* all that was held out is in the tail */
    }
    c->n_train = train;
    c->n_docs = n;
}

/* Makes both splits all of the tail: order has it twice; there is room. */
static void keep_tail(struct corpus *c, size_t first)
{
    const size_t n = c->n_docs - first;
    for (size_t i = 0; i < n; i++) {
        c->order[i] = c->order[n + i] = (uint32_t)(first + i);
    }
    c->n_train = n;
    c->n_docs = 2 * n;
}

void corpus_keep(struct corpus *c, enum corpus_part part)
{
    static const char tail[] = "held-back tail";
    char name[sizeof c->name];
    const size_t held = (size_t)((double)c->n_docs * CORPUS_HELD_PART);
    const size_t first = c->n_docs - (held ? held : 1);
    if (part == CORPUS_BODY) {
        keep_body(c, first);
        return;
    }
    keep_tail(c, first);
    c->hash = hash_bytes(c->hash, tail, sizeof tail);
    c->hash_whole = c->hash;
    c->remarks.n = 0; /* said of the body */
    snprintf(name, sizeof name, "%s of %.70s", tail, c->name);
    memcpy(c->name, name, sizeof name);
}

enum err corpus_open(const char *spec, uint64_t seed, const atomic_bool *cancel,
                     struct corpus **out, struct errinfo *e)
{
    struct corpus *c = NULL;
    TRY(mem_new(&c, 1, sizeof *c, "corpus", e));
    c->seed = seed;
    enum err rc = OK;
    TRY_OUT(rc, split_spec(c, spec, e));
    make_name(c);
    TRY_OUT(rc, corpus_list(c, e));
    if (c->file[0].format && !c->file[0].format->open) {
        TRY_OUT(rc, open_grammar(c, e));
    } else {
        TRY_OUT(rc, open_files(c, cancel, e));
        TRY_OUT(rc, split_docs(c, e));
    }
    const char *reg = corpus_register(c);
    c->hash = hash_bytes(c->hash, reg, strlen(reg));
    c->hash_whole = hash_bytes(c->hash_whole, reg, strlen(reg));
    *out = c;
    return OK;
out:
    corpus_free(c);
    return rc;
}

/* ---- questions ---- */

const struct remarks *corpus_remarks(const struct corpus *c)
{
    return &c->remarks;
}

const char *corpus_spec(const struct corpus *c)
{
    return c->spec;
}

const char *corpus_name(const struct corpus *c)
{
    return c->name;
}

const char *corpus_register(const struct corpus *c)
{
    return c->grammar ? grammar_register_name(c->grammar, c->reg) : "";
}

uint64_t corpus_hash(const struct corpus *c)
{
    return c->hash;
}

bool corpus_is(const struct corpus *c, uint64_t recorded)
{
    return recorded == c->hash || recorded == c->hash_whole;
}

const struct grammar *corpus_grammar(const struct corpus *c)
{
    return c->grammar;
}

bool corpus_is_finite(const struct corpus *c)
{
    return !c->grammar;
}

uint64_t corpus_count(const struct corpus *c, enum corpus_split split)
{
    return c->grammar ? 0 : split == CORPUS_TRAIN ? c->n_train : c->n_docs - c->n_train;
}

bool corpus_has_ids(const struct corpus *c)
{
    return c->n_docs > 0 && c->file[0].has_ids;
}

int32_t corpus_max_id(const struct corpus *c, size_t *line)
{
    int32_t most = -1;
    *line = 0;
    for (size_t i = 0; corpus_has_ids(c) && i < c->n_files; i++) {
        if (c->file[i].max_id > most) {
            most = c->file[i].max_id;
            *line = c->file[i].max_id_line;
        }
    }
    return most;
}

/* ---- documents ---- */

/* Returns the file that has document `index` of a split, and its number there. */
static const struct corpus_file *
find_doc(const struct corpus *c, enum corpus_split split, uint64_t index, size_t *doc)
{
    const uint64_t n = corpus_count(c, split);
    const size_t at =
        c->order[(split == CORPUS_TRAIN ? 0 : c->n_train) + (size_t)(index % n)];
    size_t lo = 0, hi = c->n_files; /* file[lo].first <= at < file[hi].first */
    while (hi - lo > 1) {
        const size_t mid = lo + (hi - lo) / 2;
        if (c->file[mid].first <= at) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    *doc = at - c->file[lo].first;
    return &c->file[lo];
}

enum err corpus_doc(const struct corpus *c, enum corpus_split split, uint64_t index,
                    struct str *out, struct errinfo *e)
{
    if (corpus_has_ids(c)) {
        return err_set(e, ERR_USAGE, "%s: holds token ids, expected text", place(c));
    }
    str_clear(out);
    if (c->grammar) {
        const uint64_t seed =
            split == CORPUS_TRAIN ? c->seed : rng_at(0, RNG_HELDOUT, 0, 1);
        return grammar_document(c->grammar, c->reg, seed, index, out, e);
    }
    size_t doc = 0;
    const struct corpus_file *f = find_doc(c, split, index, &doc);
    return f->format->text(f, doc, out, e);
}

enum err corpus_doc_ids(const struct corpus *c, enum corpus_split split, uint64_t index,
                        struct tok_ids *out, struct errinfo *e)
{
    if (!corpus_has_ids(c)) {
        return err_set(e, ERR_USAGE, "%s: holds text, expected token ids", place(c));
    }
    out->n = 0;
    size_t doc = 0;
    const struct corpus_file *f = find_doc(c, split, index, &doc);
    return f->format->ids(f, doc, out, e);
}

uint64_t corpus_at(const struct corpus *c, enum corpus_split split, uint64_t position)
{
    const uint64_t n = corpus_count(c, split);
    if (n == 0) {
        return position;
    }
    const bool train = split == CORPUS_TRAIN;
    /* The high bit keeps these draws apart from the shuffling of activations. */
    const uint64_t key = (uint64_t)1 << 63 | (2 * (position / n) + !train);
    return rng_permuted_at(train ? c->seed : 0, key, n, position % n);
}
