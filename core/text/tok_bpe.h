/* Byte-level BPE: the kind "BPE" of tok.c's table. Included in core/text only. */
#ifndef SAETOP_TEXT_TOK_BPE_H
#define SAETOP_TEXT_TOK_BPE_H

#include "text/tok_priv.h"
#include "text/tok_split.h"

extern const struct tok_kind tok_bpe_kind;

enum bpe_words {
    BPE_WORDS_GPT2,    /* GPT-2's pattern */
    BPE_WORDS_PATTERN, /* one of its own */
    BPE_WORDS_WHOLE    /* none: the text is one word */
};

struct bpe_opts {
    enum bpe_words words;
    const char *pattern;   /* BPE_WORDS_PATTERN; borrowed */
    bool add_prefix_space; /* before a text that does not begin with one */
    bool ignore_merges; /* a word that is an entry is that entry, whatever merges say */
};

struct bpe_merge {
    int32_t a, b;
};

/* A merge, by its pair. */
struct bpe_slot {
    int32_t a, b; /* b -1: an empty slot */
    int32_t id;
    uint32_t rank;
};

struct bpe {
    struct bpe_opts opts;
    char *pattern;       /* what opts.pattern borrows */
    struct split *split; /* NULL for BPE_WORDS_WHOLE */
    int32_t byte_id[256];
    struct bpe_merge *merge; /* [n_merges], by rank */
    size_t n_merges;
    struct bpe_slot *pair; /* [pair_mask + 1], open addressing */
    size_t pair_mask;
    int32_t *word; /* [word_mask + 1] ids by hash of their bytes, -1 empty */
    size_t word_mask;
};

/* Give t, whose entries are all there, its merges merge[n] in order of rank. The
 * entries of all 256 bytes must be there; each merge's result must be an entry; neither
 * may be special, so that no plain text becomes a special token. `name` begins error
 * lines. */
enum err bpe_attach(struct tok *t, const struct bpe_opts *opts,
                    const struct bpe_merge *merge, size_t n, const char *name,
                    struct errinfo *e) ERR_CHECKED;

/* The entry of model.vocab with these bytes, or -1. */
int32_t bpe_find(const struct tok *t, const struct bpe *b, const char *bytes,
                 size_t len);

/* tokenizer.json (tok_bpe_json.c). */
enum err bpe_json_parse(const cJSON *root, const char *file, struct tok **out,
                        struct errinfo *e);
void bpe_json_print(const struct tok *t, struct str *out);

/* The alphabet of byte-level BPE: each byte as a printable character. 33-126, 161-172
 * and 174-255 stand for themselves, the other 68 follow one another from U+0100. */
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
/* The byte of a character, -1 if it is not of the alphabet. */
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
