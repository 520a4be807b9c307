#include "text/corpus.h"

#include "base/file.h"
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
    infile_release(&c->bytes);
    infile_close(c->file);
    csv_free_table(c->csv);
    grammar_free(c->grammar);
    mem_free(c->span);
    mem_free(c->order);
    mem_free(c->csv_row);
    mem_free(c->spec);
    mem_free(c->path);
    mem_free(c->reg_name);
    mem_free(c);
}

/* "path#register", unless a file has that very name. */
static enum err split_spec(struct corpus *c, const char *spec, struct errinfo *e)
{
    c->spec = mem_strdup(spec);
    c->path = mem_strdup(spec);
    if (!c->spec || !c->path) {
        return err_set(e, ERR_NOMEM, "out of memory for a path");
    }
    char *hash = strrchr(c->path, '#');
    if (hash && !file_exists(spec)) {
        *hash = '\0';
        c->reg_name = mem_strdup(hash + 1);
        if (!c->reg_name) {
            return err_set(e, ERR_NOMEM, "out of memory for a path");
        }
    }
    return OK;
}

static void make_name(struct corpus *c)
{
    const char *base = path_base(c->path);
    struct str name;
    str_init(&name, 4 * strlen(base) + 1);
    utf8_escape(&name, base, strlen(base));
    snprintf(c->name, sizeof c->name, "%s", name.p);
    str_free(&name);
}

static enum err find_format(struct corpus *c, struct errinfo *e)
{
    if (!file_exists(c->path)) {
        return err_set(e, ERR_MISSING, "%s: no such file, expected a corpus", c->path);
    }
    if (file_is_dir(c->path)) {
        return err_set(e, ERR_FORMAT, "%s: is a directory, expected a corpus file",
                       c->path);
    }
    struct str names;
    str_init(&names, 200);
    c->format = corpus_format_find(c->path, &names);
    enum err rc = OK;
    if (!c->format) {
        rc = err_set(e, ERR_USAGE, "%s: expected a corpus file ending in %s", c->path,
                     names.p);
    } else if (c->reg_name && c->format->text) {
        rc = err_set(e, ERR_USAGE,
                     "%s: found \"#%.60s\", but only a grammar has registers", c->path,
                     c->reg_name);
    }
    str_free(&names);
    return rc;
}

/* Whether document i of n is held out. Not by the seed: see corpus_split. */
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
            c->path, c->n_docs, plural_s(c->n_docs));
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

enum err corpus_open(const char *spec, uint64_t seed, struct corpus **out,
                     struct errinfo *e)
{
    struct corpus *c = NULL;
    TRY(mem_new(&c, 1, sizeof *c, "corpus", e));
    c->seed = seed;
    c->max_id = -1;
    enum err rc = OK;
    TRY_OUT(rc, split_spec(c, spec, e));
    make_name(c);
    TRY_OUT(rc, find_format(c, e));
    TRY_OUT(rc, c->format->open(c, e));
    corpus_remark_seen(c);
    infile_release(&c->bytes);
    c->map = NULL; /* from here on documents are read from the file */
    if (corpus_is_finite(c)) {
        TRY_OUT(rc, split_docs(c, e));
    }
    const char *reg = corpus_register(c);
    c->hash_whole = c->grammar ? c->hash_whole : c->hash;
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
    return c->has_ids;
}

int32_t corpus_max_id(const struct corpus *c, size_t *line)
{
    *line = c->max_id_line;
    return c->max_id;
}

/* ---- documents ---- */

/* The number in the file of document `index` of a split. */
static size_t file_doc(const struct corpus *c, enum corpus_split split, uint64_t index)
{
    const uint64_t n = corpus_count(c, split);
    return c->order[(split == CORPUS_TRAIN ? 0 : c->n_train) + (size_t)(index % n)];
}

enum err corpus_doc(const struct corpus *c, enum corpus_split split, uint64_t index,
                    struct str *out, struct errinfo *e)
{
    if (c->has_ids) {
        return err_set(e, ERR_USAGE, "%s: holds token ids, expected text", c->path);
    }
    str_clear(out);
    if (c->grammar) {
        const uint64_t seed =
            split == CORPUS_TRAIN ? c->seed : rng_at(0, RNG_HELDOUT, 0, 1);
        return grammar_document(c->grammar, c->reg, seed, index, out, e);
    }
    return c->format->text(c, file_doc(c, split, index), out, e);
}

enum err corpus_doc_ids(const struct corpus *c, enum corpus_split split, uint64_t index,
                        struct tok_ids *out, struct errinfo *e)
{
    if (!c->has_ids) {
        return err_set(e, ERR_USAGE, "%s: holds text, expected token ids", c->path);
    }
    out->n = 0;
    return corpus_line_ids(c, file_doc(c, split, index), out, e);
}

/* A permutation of 0..n-1 picked by the key: four Feistel rounds over the next even
 * number of bits, repeated until the value falls below n (less than four times on
 * average). */
static uint64_t permute(uint64_t seed, uint64_t key, uint64_t n, uint64_t x)
{
    unsigned half = 1;
    while (half < 32 && (uint64_t)1 << (2 * half) < n) {
        half++;
    }
    const uint64_t mask = ((uint64_t)1 << half) - 1;
    do {
        uint64_t l = x >> half;
        uint64_t r = x & mask;
        for (uint64_t round = 0; round < 4; round++) {
            const uint64_t f = rng_at(seed, RNG_SHUFFLE, key, round << 60 | r);
            const uint64_t t = l ^ (f & mask);
            l = r;
            r = t;
        }
        x = l << half | r;
    } while (x >= n);
    return x;
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
    return permute(train ? c->seed : 0, key, n, position % n);
}
