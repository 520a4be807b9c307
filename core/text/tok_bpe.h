/* BPE on bytes or on characters, by merges or by scores: the kind "BPE" in tok.c's
 * table. Included only in core/text. */
#ifndef SAETOP_TEXT_TOK_BPE_H
#define SAETOP_TEXT_TOK_BPE_H

#include "text/tok_pre.h"
#include "text/tok_priv.h"

extern const struct tok_kind tok_bpe_kind;

struct bpe_opts {
    bool chars;         /* symbols are characters; else bytes */
    bool ignore_merges; /* a word that is an entry is that entry, whatever the merges
                           say */
    bool byte_fallback; /* a character without an entry becomes the entries <0xHH> */
    bool fuse_unk;      /* adjacent unknown characters make one unk */
    int32_t unk;        /* for an unknown character; -1: it is dropped */
    double dropout;     /* from the file; not done here */
};

struct bpe_merge {
    int32_t a, b;
};

/* The parts of a BPE tokenizer besides its entries. */
struct bpe_spec {
    struct bpe_opts opts;
    struct pre *pre; /* handed over, also on error */
    /* With opts.chars: the texts of the model's entries by id, as text is looked up in
     * them (a piece is what they stand for). */
    const struct tok_text *key;    /* [vocab] */
    const struct bpe_merge *merge; /* [n_merges] in order of rank */
    size_t n_merges;
    const float *score; /* [vocab], instead of merges: the pair whose entry has the
                           highest is merged first (SentencePiece). Only with
                           opts.chars */
    /* Members of tokenizer.json, for writing it; NULL: null. */
    const cJSON *normalizer, *pre_tokenizer, *decoder;
};

/* A merge, found by its pair. */
struct bpe_slot {
    int32_t a, b; /* b -1: an empty slot */
    int32_t id;
    uint32_t rank;
};

struct bpe {
    struct bpe_opts opts;
    struct pre *pre;
    char *normalizer, *pre_tokenizer, *decoder; /* JSON */
    int32_t byte_id[256];                       /* -1: none */
    int32_t ascii_id[128];   /* with chars: ids of the characters below 128, or -1 */
    struct bpe_merge *merge; /* [n_merges], by rank */
    size_t n_merges;
    struct bpe_slot *pair; /* [pair_mask + 1], open addressing; NULL with scores */
    size_t pair_mask;
    uint32_t *rank; /* [vocab] by score, the highest 0; NULL with merges */
    int32_t *word;  /* [word_mask + 1] ids by hash of their keys; -1: empty */
    size_t word_mask;
    /* Keys of the entries: those of struct tok, or with chars own_key. */
    const struct tok_entry *key;
    const char *key_bytes;
    struct tok_entry *own_key;
    struct str own_bytes;
    size_t longest; /* longest key, in bytes */
    /* With chars: a word may be cut before U+2581 unless the byte before that is in
     * `crosses`, since no entry spans it otherwise. */
    bool cuts_at_mark;
    bool crosses[256];
};

/* Gives t, whose entries must be complete, its model. With bytes no entry of a byte may
 * be special; each merge's result must be an entry (with chars, merges into a special
 * one are left out), so that plain text never becomes a special token. `name` starts
 * error lines. */
enum err bpe_attach(struct tok *t, const struct bpe_spec *spec, const char *name,
                    struct errinfo *e) ERR_CHECKED;

/* Returns the entry of model.vocab with this key, or -1. */
int32_t bpe_find(const struct bpe *b, const char *key, size_t len);

/* The pre-tokenizer of GPT-2, as in tokenizer.json. */
#define BPE_GPT2_PRE                                                                   \
    "{\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false, "      \
    "\"trim_offsets\": true, \"use_regex\": true}}"

/* tokenizer.json (tok_bpe_json.c). */
enum err bpe_json_parse(const cJSON *root, const char *file, struct tok **out,
                        struct errinfo *e);
enum err bpe_json_print(const struct tok *t, struct str *out, struct errinfo *e);

/* The alphabet of byte-level BPE: each byte as a printable character. 33-126, 161-172
 * and 174-255 stand for themselves; the other 68 bytes, in order, are U+0100 and on. */
static inline uint32_t bpe_byte_char(uint8_t b)
{
    if (b <= 32) {
        return 256u + b;
    }
    if (b >= 127 && b <= 160) {
        return 256u + 33u + (b - 127u);
    }
    return b == 173 ? 256u + 67u : b;
}
/* Returns the byte of a character, -1 if it is not in the alphabet. */
static inline int bpe_char_byte(uint32_t c)
{
    if (c >= 256) {
        return c <= 288   ? (int)c - 256
               : c <= 322 ? (int)c - 289 + 127
               : c == 323 ? 173
                          : -1;
    }
    return bpe_byte_char((uint8_t)c) == c ? (int)c : -1;
}

#endif
