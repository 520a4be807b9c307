/* Fixture of the tests of text, packing and masking: a small trained tokenizer, files
 * in a folder of their own, and edits of a JSON text. */
#ifndef SAETOP_TESTS_TEXT_FIXTURE_H
#define SAETOP_TESTS_TEXT_FIXTURE_H

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "text/bpe_train.h"
#include "text/tok.h"
#include "unit/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const fixture_docs[] = {
    "Once upon a time a small dog named Tom lived near the old river. Every morning "
    "the "
    "dog ran to the river and looked at the fish.",
    "Mia had a red ball. \"Don't throw it,\" she said, but the dog took the ball and "
    "ran. "
    "They're friends now, and it's 12 o'clock.",
    "The old cat didn't like the dog. The cat liked warm milk, 3 fish and the "
    "sun.\n\nIn "
    "the evening the cat and the dog sat by the fire.",
    "d is for dog. c is for cat. f is for fish. The dogs and the cats sat in the "
    "garden.",
    "Caf\xC3\xA9 owners \xE2\x80\x94 all 27 of them \xE2\x80\x94 met at the river; the "
    "milk was cold.",
};
#define FIXTURE_DOCS (sizeof fixture_docs / sizeof *fixture_docs)

static bool fixture_next(void *ctx, const char **text, size_t *len, enum err *rc,
                         struct errinfo *e)
{
    size_t *i = ctx;
    (void)rc;
    (void)e;
    if (*i >= FIXTURE_DOCS) {
        return false;
    }
    *text = fixture_docs[(*i)++];
    *len = strlen(*text);
    return true;
}

/* A byte-level BPE tokenizer of at most `vocab` entries; tok_free. */
static inline struct tok *fixture_tok(size_t vocab, const char *const *forms, size_t n)
{
    struct errinfo e = {OK, ""};
    struct tok *t = NULL;
    size_t at = 0;
    const struct bpe_train_opts o = {.vocab = vocab, .forms = forms, .n_forms = n};
    if (bpe_train(&o, fixture_next, &at, &t, &e) != OK) {
        fail_msg("%s", e.msg);
    }
    return t;
}

/* Its tokenizer.json, with the first `from` replaced by `to` (from NULL: as it is).
 * mem_free. */
static inline char *fixture_json(const struct tok *t, const char *from, const char *to)
{
    struct str s;
    struct errinfo e = {OK, ""};
    str_init(&s, 64u << 20);
    assert_int_equal(tok_print(t, &s, &e), OK);
    if (!from) {
        return str_take(&s);
    }
    const char *at = strstr(s.p, from);
    if (!at) {
        fail_msg("the tokenizer's JSON has no %s", from);
    }
    struct str out;
    str_init(&out, 64u << 20);
    str_addn(&out, s.p, (size_t)(at - s.p));
    str_add(&out, to);
    str_add(&out, at + strlen(from));
    str_free(&s);
    return str_take(&out);
}

/* A folder for a test's files, "" on failure; fixture_rmdir at the end. */
static inline void fixture_mkdir(char dir[64])
{
    strcpy(dir, "/tmp/saetop-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static inline void fixture_rmdir(const char *dir)
{
    struct errinfo e;
    assert_int_equal(file_remove_dir(dir, &e), OK);
}

/* Write len bytes (strlen where 0 is given) to dir/name; the path in out. */
static inline void fixture_file(char out[256], const char *dir, const char *name,
                                const char *text, size_t len)
{
    struct errinfo e;
    const struct file_piece part = {text, len ? len : strlen(text)};
    assert_int_equal(path_join(out, 256, dir, name, &e), OK);
    assert_int_equal(file_write(out, &part, 1, &e), OK);
}

#endif
