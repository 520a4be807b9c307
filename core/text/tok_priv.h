/* Shared by the files of the tokenizer; included only in core/text. */
#ifndef SAETOP_TEXT_TOK_PRIV_H
#define SAETOP_TEXT_TOK_PRIV_H

#include "base/json.h"
#include "text/tok.h"
#include "text/tok_added.h"
#include "text/tok_norm.h"

#define TOK_MAX_VOCAB  ((size_t)1 << 22)
#define TOK_MAX_PIECE  ((size_t)1 << 16) /* bytes of one entry */
#define TOK_MAX_TEXT   ((size_t)1 << 30) /* bytes of one encoded text */
#define TOK_MAX_JSON   ((size_t)256 << 20)
#define TOK_MAX_PIECES ((size_t)1 << 28) /* bytes of all entries */

enum tok_flag {
    TOK_USED = 1,     /* not a hole */
    TOK_IN_MODEL = 2, /* in model.vocab */
    TOK_ADDED = 4,    /* in added_tokens */
    TOK_SPECIAL = 8,  /* added and special: never made from plain text */
    /* For added tokens: how they are found in a text. */
    TOK_SINGLE_WORD = 16, /* not within a word */
    TOK_LSTRIP = 32,      /* with the white space before it */
    TOK_RSTRIP = 64,      /* and behind it */
    TOK_NORMALIZED = 128  /* in the normalized text, not in the one given */
};

struct tok_entry {
    uint32_t off, len; /* of its bytes in tok.bytes */
    uint32_t flags;    /* of enum tok_flag */
    uint32_t text_len; /* of its text in a file, right after the bytes; 0: the same
                          text */
};

enum tok_role { TOK_BOS, TOK_EOS, TOK_PAD, TOK_MASK, TOK_ROLES };

struct tok {
    const struct tok_kind *kind;
    void *impl; /* the kind's own */
    size_t vocab;
    size_t rows;               /* of the model, at most vocab; 0: as many as vocab */
    struct tok_entry *entry;   /* [vocab] */
    struct str bytes;          /* of all entries */
    int32_t role[TOK_ROLES];   /* -1 for none */
    double dropout;            /* from the file: see tok_remarks */
    bool repairs;              /* invalid UTF-8 becomes U+FFFD before anything else */
    struct norm *norm;         /* NULL for none */
    struct added_set added[2]; /* searched for in the text as given, and normalized */
    struct tok_ids around[2];  /* put before and after a text (tok_around.c) */
};

/* A kind of tokenizer: `type` is model.type in tokenizer.json. */
struct tok_kind {
    const char *type;
    /* Makes a tokenizer (tok_new ... tok_finish) from the whole file. */
    enum err (*parse)(const cJSON *root, const char *file, struct tok **out,
                      struct errinfo *e);
    /* Appends all members after added_tokens, each on a new line after a comma. */
    enum err (*print)(const struct tok *t, struct str *out, struct errinfo *e);
    enum err (*scratch_new)(const struct tok *t, bool cached, void **out,
                            struct errinfo *e);
    void (*scratch_free)(void *scratch);
    /* Appends the ids of a normalized text without added tokens; is_first: the text is
     * the start of what tok_encode was given. */
    enum err (*encode)(const struct tok *t, void *scratch, const char *text, size_t len,
                       bool is_first, struct tok_ids *out, struct errinfo *e);
    void (*free)(void *impl);
};
const struct tok_kind *tok_kind_find(const char *type); /* NULL if none */
/* Appends the known types, "A, B", for error lines. */
void tok_kind_names(struct str *out);

/* Makes an empty tokenizer of that kind with `vocab` holes; release with tok_free. */
enum err tok_new(const struct tok_kind *kind, size_t vocab, struct tok **out,
                 struct errinfo *e) ERR_CHECKED;
/* Fills entry id, which must be a hole, with a copy of its bytes. */
enum err tok_put(struct tok *t, int32_t id, const char *bytes, size_t len,
                 uint32_t flags, struct errinfo *e) ERR_CHECKED;
/* Gives an added token the text that it is found by, where that is not the one shown.
 * Call right after its tok_put. */
enum err tok_put_text(struct tok *t, int32_t id, const char *text, size_t len,
                      struct errinfo *e) ERR_CHECKED;
/* Returns the text that an added token is found by; borrowed. */
static inline struct tok_text tok_added_text(const struct tok *t,
                                             const struct tok_entry *en)
{
    return en->text_len > 0
               ? (struct tok_text){t->bytes.p + en->off + en->len, en->text_len}
               : (struct tok_text){t->bytes.p + en->off, en->len};
}
/* An element of added_tokens. */
struct tok_added {
    int32_t id;
    uint32_t flags;   /* of enum tok_flag, including TOK_ADDED */
    const char *text; /* borrowed from the tree */
};
/* Reads and checks added_tokens: *out[*n] by ascending id; caller owns. */
enum err tok_json_added(const cJSON *root, const char *file, struct tok_added **out,
                        size_t *n, struct errinfo *e) ERR_CHECKED;

/* The member "pattern" of a component: {"Regex": ...} or {"String": ...}. */
struct tok_pattern {
    const char *text; /* borrowed from the tree */
    bool literal;
};
enum err tok_json_pattern(struct json_at at, const cJSON *spec, struct tok_pattern *out,
                          struct errinfo *e) ERR_CHECKED;
/* The member "replacement" of a Metaspace: one character, borrowed from the tree. */
enum err tok_json_mark(struct json_at at, const cJSON *spec, const char **out,
                       struct errinfo *e) ERR_CHECKED;

/* Makes a tokenizer from the tree of a tokenizer.json; `name` starts error lines. */
enum err tok_parse_tree(const cJSON *root, const char *name, struct tok **out,
                        struct errinfo *e) ERR_CHECKED;
/* Returns the added token with that text, preferring a special one; else -1. */
int32_t tok_added_id(const struct tok *t, const char *text);

/* Reads post_processor, where there is one, into t->around; t must be finished. */
enum err tok_json_around(struct tok *t, const cJSON *root, const char *file,
                         struct errinfo *e) ERR_CHECKED;

/* Finds the roles and makes the sets of added tokens; needs entries and normalizer. */
enum err tok_finish(struct tok *t, struct errinfo *e) ERR_CHECKED;

#endif
