/* What must hold of a tokenizer that loads, whatever its files are: encoding gives ids
 * of its vocabulary, none of a special token but its unk; the same with and without a
 * scratch that has seen them, and by the file written of it. */
#ifndef SAETOP_TESTS_FUZZ_TOK_USE_H
#define SAETOP_TESTS_FUZZ_TOK_USE_H

#include "base/str.h"
#include "text/tok.h"
#include "text/tok_bpe.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline bool same_ids(const struct tok_ids *a, const struct tok_ids *b)
{
    return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n * sizeof *a->p) == 0);
}

static inline void check_scratch(const struct tok *t, const char *text, size_t len,
                                 const struct tok_ids *want)
{
    struct tok_scratch *s = NULL;
    if (tok_scratch_new(t, &s, NULL) != OK) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct tok_ids ids = {0};
        if (tok_encode_with(t, s, text, len, &ids, NULL) == OK &&
            !same_ids(&ids, want)) {
            abort();
        }
        tok_ids_free(&ids);
    }
    tok_scratch_free(s);
}

static inline void check_written(const struct tok *t, const char *text, size_t len,
                                 const struct tok_ids *want)
{
    struct str file;
    struct tok *again = NULL;
    struct tok_ids ids = {0};
    str_init(&file, 1u << 26);
    if (tok_print(t, &file, NULL) == OK) {
        const enum err rc = tok_parse(file.p, file.len, "again", &again, NULL);
        if (rc != OK || tok_vocab(again) != tok_vocab(t) ||
            (tok_encode(again, text, len, &ids, NULL) == OK && !same_ids(&ids, want))) {
            abort();
        }
    }
    tok_ids_free(&ids);
    tok_free(again);
    str_free(&file);
}

static inline void tok_use(const struct tok *t, const char *text, size_t len)
{
    const struct bpe *b = t->impl;
    struct tok_ids ids = {0};
    struct tok_ids whole = {0};
    struct str back;
    str_init(&back, 1u << 26);
    if (tok_encode(t, text, len, &ids, NULL) == OK) {
        for (size_t i = 0; i < ids.n; i++) {
            size_t n = 0;
            if (!tok_piece_view(t, ids.p[i], &n) ||
                (tok_is_special(t, ids.p[i]) && ids.p[i] != b->opts.unk)) {
                abort();
            }
        }
        tok_decode(t, ids.p, ids.n, &back);
        check_scratch(t, text, len, &ids);
        check_written(t, text, len, &ids);
        if (tok_encode_whole(t, text, len, &whole, NULL) == OK &&
            whole.n != tok_front(t)->n + ids.n + tok_back(t)->n) {
            abort();
        }
    }
    tok_ids_free(&whole);
    tok_ids_free(&ids);
    str_free(&back);
}

#endif
