#include "text/pack.h"

#include "base/mem.h"
#include "base/str.h"

#include <assert.h>
#include <string.h>

#define PACK_MAX_TEXT ((size_t)1 << 30)

/* A generator that gives this many documents without a token is taken to have none. */
#define PACK_MAX_EMPTY 10000u

/* Reads documents of a split as tokens. */
struct reader {
    const struct corpus *c;
    enum corpus_split split;
    const struct tok *t;
    struct tok_scratch *scratch;
    struct str text;
    struct tok_ids ids; /* of the document read last */
};

struct pack {
    struct reader in;
    size_t T;
    int32_t lead; /* at the start of a row, -1 for none */
    int32_t sep;  /* after a document, -1 for none */
    struct pack_pos pos;
    size_t fresh; /* positions of the last row with text not given before */
    bool loaded;  /* in.ids is document pos.doc with its sep */
    struct pack_counts counts;
};

/* ---- documents as tokens ---- */

static void reader_deinit(struct reader *r)
{
    tok_scratch_free(r->scratch);
    str_free(&r->text);
    tok_ids_free(&r->ids);
}

static enum err reader_init(struct reader *r, const struct corpus *c,
                            enum corpus_split split, const struct tok *t,
                            struct errinfo *e)
{
    *r = (struct reader){.c = c, .split = split, .t = t};
    str_init(&r->text, PACK_MAX_TEXT);
    size_t line = 0;
    const int32_t max_id = corpus_max_id(c, &line);
    if (max_id >= 0 && (size_t)max_id >= tok_rows(t)) {
        return err_set(e, ERR_FORMAT,
                       "%s: line %zu: token id %d, expected less than %zu, the "
                       "tokenizer's vocabulary",
                       corpus_spec(c), line, (int)max_id, tok_rows(t));
    }
    return tok_scratch_new(t, &r->scratch, e);
}

/* Loads the document at a position of the reading order into r->ids. */
static enum err reader_load(struct reader *r, uint64_t position, struct errinfo *e)
{
    const uint64_t index = corpus_at(r->c, r->split, position);
    if (corpus_has_ids(r->c)) {
        return corpus_doc_ids(r->c, r->split, index, &r->ids, e);
    }
    TRY(corpus_doc(r->c, r->split, index, &r->text, e));
    r->ids.n = 0;
    return tok_encode_with(r->t, r->scratch, r->text.p, r->text.len, &r->ids, e);
}

static uint64_t count_words(const char *s, size_t n)
{
    uint64_t words = 0;
    bool in_word = false;
    for (size_t i = 0; i < n; i++) {
        const bool space = s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r');
        words += !space && !in_word;
        in_word = !space;
    }
    return words;
}

/* ---- the packer ---- */

enum err pack_new(const struct corpus *c, enum corpus_split split, const struct tok *t,
                  size_t T, struct pack **out, struct errinfo *e)
{
    if (T < 2) {
        return err_set(e, ERR_USAGE, "context length: found %zu, expected 2 or more",
                       T);
    }
    struct pack *p = NULL;
    TRY(mem_new(&p, 1, sizeof *p, "packing", e));
    const enum err rc = reader_init(&p->in, c, split, t, e);
    if (rc != OK) {
        pack_free(p);
        return rc;
    }
    p->T = T;
    p->lead = tok_bos(t) >= 0 ? tok_bos(t) : tok_eos(t);
    p->sep = tok_eos(t) >= 0 ? tok_eos(t) : tok_bos(t);
    *out = p;
    return OK;
}

void pack_free(struct pack *p)
{
    if (p) {
        reader_deinit(&p->in);
        mem_free(p);
    }
}

size_t pack_width(const struct pack *p)
{
    return p->T;
}

/* Reads document pos.doc and puts the separator after it, unless the document has no
 * tokens. Rows of ids may contain the marks that packing adds: those are dropped. */
static enum err load(struct pack *p, bool count, struct errinfo *e)
{
    struct tok_ids *ids = &p->in.ids;
    p->loaded = false;
    TRY(reader_load(&p->in, p->pos.doc, e));
    if (corpus_has_ids(p->in.c)) {
        if (ids->n > 0 && ids->p[0] == p->lead) {
            memmove(ids->p, ids->p + 1, --ids->n * sizeof *ids->p);
        }
        if (ids->n > 0 && ids->p[ids->n - 1] == p->sep) {
            ids->n--;
        }
    } else if (count) {
        p->counts.words += count_words(p->in.text.p, p->in.text.len);
        p->counts.bytes += p->in.text.len;
    }
    if (count) {
        p->counts.docs++;
        p->counts.tokens += ids->n;
    }
    if (ids->n > 0 && p->sep >= 0) {
        TRY(tok_ids_add(ids, p->sep, e));
    }
    p->loaded = true;
    return OK;
}

/* Makes sure that there is a token to take at pos. */
static enum err need_token(struct pack *p, struct errinfo *e)
{
    if (!p->loaded) {
        TRY(load(p, p->pos.offset == 0, e));
    }
    uint64_t limit = corpus_count(p->in.c, p->in.split);
    limit = limit > 0 ? limit : PACK_MAX_EMPTY;
    for (uint64_t tried = 0; p->pos.offset >= p->in.ids.n; tried++) {
        if (tried > limit) {
            return err_set(e, ERR_FORMAT, "%s: no token in %llu document%s",
                           corpus_spec(p->in.c), (unsigned long long)tried,
                           plural_s(tried));
        }
        p->pos.doc++;
        p->pos.offset = 0;
        TRY(load(p, true, e));
    }
    return OK;
}

static enum err fill_row(struct pack *p, int32_t *row, struct errinfo *e)
{
    const uint64_t docs = corpus_count(p->in.c, p->in.split);
    size_t at = 0;
    p->fresh = 0;
    if (p->lead >= 0) {
        row[at++] = p->lead;
    }
    while (at < p->T) {
        TRY(need_token(p, e));
        const size_t from = (size_t)p->pos.offset;
        assert(from < p->in.ids.n);
        const size_t have = p->in.ids.n - from;
        const size_t n = have < p->T - at ? have : p->T - at;
        memcpy(row + at, p->in.ids.p + from, n * sizeof *row);
        at += n;
        p->pos.offset += n;
        if (docs == 0 || p->pos.doc < docs) {
            p->fresh = at;
        }
    }
    p->pos.row++;
    return OK;
}

enum err pack_rows(struct pack *p, size_t n, int32_t *out, struct errinfo *e)
{
    const struct pack_pos before = p->pos;
    for (size_t i = 0; i < n; i++) {
        const enum err rc = fill_row(p, out + i * p->T, e);
        if (rc != OK) {
            p->pos = before;
            p->loaded = false;
            return rc;
        }
    }
    return OK;
}

enum err pack_rows_once(struct pack *p, size_t n, int32_t *out, size_t *rows,
                        size_t *fresh, struct errinfo *e)
{
    size_t done = 0;
    size_t last = p->T;
    while (done < n && last == p->T) {
        TRY(pack_rows(p, 1, out + done * p->T, e));
        if (p->fresh == 0 && done > 0) {
            break; /* the text ended with the row before */
        }
        last = p->fresh;
        done++;
    }
    *rows = done;
    *fresh = last;
    return OK;
}

struct pack_pos pack_tell(const struct pack *p)
{
    return p->pos;
}

enum err pack_seek(struct pack *p, struct pack_pos pos, struct errinfo *e)
{
    const struct pack_pos before = p->pos;
    p->pos = pos;
    p->loaded = false;
    /* At the start of a document nothing needs to be read yet, and it counts when it
     * is. */
    enum err rc = pos.offset > 0 ? load(p, false, e) : OK;
    if (rc == OK && pos.offset > 0 && pos.offset > p->in.ids.n) {
        rc =
            err_set(e, ERR_FORMAT,
                    "%s: token %llu of document %llu, which has %zu: not the corpus or "
                    "tokenizer of this position",
                    corpus_spec(p->in.c), (unsigned long long)pos.offset,
                    (unsigned long long)pos.doc, p->in.ids.n);
    }
    if (rc != OK) {
        p->pos = before;
        p->loaded = false;
    }
    return rc;
}

struct pack_counts pack_counted(const struct pack *p)
{
    return p->counts;
}

double pack_tokens_per_word(const struct pack_counts *c)
{
    return c->words > 0 ? (double)c->tokens / (double)c->words : 0.0;
}

/* ---- frequencies ---- */

enum err pack_unigram(const struct corpus *c, enum corpus_split split,
                      const struct tok *t, uint64_t tokens, uint64_t *counts,
                      struct errinfo *e)
{
    struct reader r;
    enum err rc = reader_init(&r, c, split, t, e);
    const uint64_t finite = corpus_count(c, split);
    uint64_t seen = 0;
    uint64_t empty = 0; /* documents in a row */
    for (uint64_t i = 0; rc == OK && seen < tokens; i++) {
        if ((finite > 0 && i >= finite) || empty > PACK_MAX_EMPTY) {
            break;
        }
        rc = reader_load(&r, i, e);
        for (size_t k = 0; rc == OK && k < r.ids.n; k++) {
            counts[r.ids.p[k]]++;
        }
        seen += r.ids.n;
        empty = r.ids.n > 0 ? 0 : empty + 1;
    }
    reader_deinit(&r);
    return rc;
}
