/* Tokenizers from GGUF's metadata. */
#include "text/tok_arrays.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "text/tok_bpe.h"
#include "text/tok_decoder.h"
#include "text/tok_merges.h"

#include <float.h>
#include <string.h>

/* tokenizer.ggml.token_type */
enum { TYPE_NORMAL = 1, TYPE_UNKNOWN, TYPE_CONTROL, TYPE_USER, TYPE_UNUSED, TYPE_BYTE };

#define MARK "\\u2581"

/* ---- what GGUF says by a name ---- */

#define SPLIT_PRE(regex)                                                               \
    "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [" regex           \
    ", {\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false}]}"
#define SPLIT_BY(pattern)                                                              \
    "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"" pattern                        \
    "\"}, \"behavior\": \"Isolated\", \"invert\": false}"
/* The rest of the pattern, after first parts that differ. */
#define REST                                                                           \
    "| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|"   \
    "\\\\s+"
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define WORD         "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+"
#define UPPER        "[\\\\p{Lu}\\\\p{Lt}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]"
#define LOWER        "[\\\\p{Ll}\\\\p{Lm}\\\\p{Lo}\\\\p{M}]"
#define CASED(tail)                                                                    \
    "[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?" UPPER "*" LOWER "+" tail                          \
    "|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?" UPPER "+" LOWER "*" tail
#define CASED_REST                                                                     \
    "| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n/]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|"  \
    "\\\\s+"

#define GPT2_WORDS                                                                     \
    "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}"
#define DIGIT_WORDS                                                                    \
    "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "      \
    "\"Digits\", \"individual_digits\": true}, {\"type\": \"ByteLevel\", "             \
    "\"add_prefix_space\": false}]}"
#define NFC "\"normalizer\": {\"type\": \"NFC\"}, "

/* Names of tokenizer.ggml.pre, and what the tokenizer.json of the models that they
 * stand for has (the names are from llama.cpp's llama-vocab.cpp and
 * convert_hf_to_gguf.py). */
static const struct {
    const char *name;
    const char *json;
    bool ignore_merges;
} patterns[] = {
    {"gpt-2", GPT2_WORDS, false},
    {"mpt", GPT2_WORDS, false},
    {"olmo", NFC GPT2_WORDS, false}, /* GPT-NeoX's */
    {"jais", GPT2_WORDS, false},
    {"starcoder", DIGIT_WORDS, false},
    {"smollm", DIGIT_WORDS, false},
    {"refact", DIGIT_WORDS, false},
    {"command-r", NFC DIGIT_WORDS, false},
    {"llama-bpe", SPLIT_PRE(SPLIT_BY(CONTRACTIONS "|" WORD "|\\\\p{N}{1,3}" REST)),
     true},
    {"llama3", SPLIT_PRE(SPLIT_BY(CONTRACTIONS "|" WORD "|\\\\p{N}{1,3}" REST)), true},
    {"dbrx", SPLIT_PRE(SPLIT_BY(CONTRACTIONS "|" WORD "|\\\\p{N}{1,3}" REST)), false},
    {"smaug-bpe", SPLIT_PRE(SPLIT_BY(CONTRACTIONS "|" WORD "|\\\\p{N}{1,3}" REST)),
     true},
    {"qwen2", NFC SPLIT_PRE(SPLIT_BY(CONTRACTIONS "|" WORD "|\\\\p{N}" REST)), false},
    {"deepseek-r1-qwen",
     NFC SPLIT_PRE(SPLIT_BY(CONTRACTIONS "|" WORD "|\\\\p{N}" REST)), false},
    {"stablelm2", NFC SPLIT_PRE(SPLIT_BY(CONTRACTIONS "|" WORD "|\\\\p{N}" REST)),
     false},
    {"tekken", SPLIT_PRE(SPLIT_BY(CASED("") "|\\\\p{N}" CASED_REST)), true},
    {"gpt-4o", SPLIT_PRE(SPLIT_BY(CASED(CONTRACTIONS "?") "|\\\\p{N}{1,3}" CASED_REST)),
     false},
    {"llama4", SPLIT_PRE(SPLIT_BY(CASED(CONTRACTIONS "?") "|\\\\p{N}{1,3}" CASED_REST)),
     false},
};
#define N_PATTERNS (sizeof patterns / sizeof *patterns)

static enum err find_pattern(const char *pre, const char *name, size_t *out,
                             struct errinfo *e)
{
    for (size_t i = 0; pre && i < N_PATTERNS; i++) {
        if (strcmp(patterns[i].name, pre) == 0) {
            *out = i;
            return OK;
        }
    }
    struct str known;
    str_init(&known, 1024);
    for (size_t i = 0; i < N_PATTERNS; i++) {
        str_addf(&known, "%s%s", i ? ", " : "", patterns[i].name);
    }
    const enum err rc =
        err_set(e, ERR_FORMAT, "%s: tokenizer.ggml.pre: found %s%.60s, expected %s",
                name, pre ? "" : "nothing", pre ? pre : "", known.p);
    str_free(&known);
    return rc;
}

/* ---- entries ---- */

static int32_t type_of(const struct tok_arrays *a, size_t id)
{
    return a->type ? a->type[id] : TYPE_NORMAL;
}

static uint32_t flags_of(int32_t type)
{
    switch (type) {
    case TYPE_UNKNOWN:
    case TYPE_CONTROL: return TOK_ADDED | TOK_SPECIAL;
    case TYPE_USER: return TOK_ADDED | TOK_IN_MODEL;
    default: return TOK_IN_MODEL;
    }
}

static bool is_in_model(const struct tok_arrays *a, int32_t id)
{
    return (flags_of(type_of(a, (size_t)id)) & (uint32_t)TOK_IN_MODEL) != 0;
}

static enum err check_text(const struct tok_arrays *a, size_t id, const char *name,
                           struct errinfo *e)
{
    const struct tok_text *k = &a->token[id];
    if (k->len == 0 || k->len > TOK_MAX_PIECE) {
        return err_set(e, ERR_FORMAT,
                       "%s: tokenizer.ggml.tokens[%zu]: %zu bytes, expected 1 to %zu",
                       name, id, k->len, TOK_MAX_PIECE);
    }
    const int32_t type = type_of(a, id);
    if (type < TYPE_NORMAL || type > TYPE_BYTE) {
        return err_set(e, ERR_FORMAT,
                       "%s: tokenizer.ggml.token_type[%zu]: found %d, expected 1 to 6",
                       name, id, (int)type);
    }
    return OK;
}

/* Decodes a key in the alphabet of byte-level BPE to bytes. A key with other characters
 * stays as it is, like an added token. */
static void byte_piece(const struct tok_text *k, struct str *out)
{
    for (size_t i = 0; i < k->len;) {
        uint32_t c = 0;
        i += utf8_next(k->p + i, k->len - i, &c);
        const int byte = c == UTF8_INVALID ? -1 : bpe_char_byte(c);
        if (byte < 0) {
            str_clear(out);
            str_addn(out, k->p, k->len);
            return;
        }
        str_addc(out, (char)(unsigned char)byte);
    }
}

static void char_piece(const struct tok_text *k, int32_t type, struct str *out)
{
    struct decoder d = {.n = 1, .bytes = type == TYPE_BYTE};
    d.replace[0].find = "\xE2\x96\x81";
    d.replace[0].put = " ";
    struct str text; /* with a NUL at its end */
    str_init(&text, TOK_MAX_PIECE + 1);
    str_addn(&text, k->p, k->len);
    if (text.err == OK && strlen(text.p) == k->len) {
        decoder_piece(&d, text.p, out);
    } else {
        str_addn(out, k->p, k->len);
    }
    str_free(&text);
}

static enum err put_entries(const struct tok_arrays *a, bool chars, const char *name,
                            struct tok *t, struct errinfo *e)
{
    struct str piece;
    str_init(&piece, 2 * TOK_MAX_PIECE);
    enum err rc = OK;
    for (size_t id = 0; id < a->n; id++) {
        const int32_t type = type_of(a, id);
        TRY_OUT(rc, check_text(a, id, name, e));
        str_clear(&piece);
        if (flags_of(type) & (uint32_t)TOK_ADDED) {
            str_addn(&piece, a->token[id].p, a->token[id].len);
        } else if (chars) {
            char_piece(&a->token[id], type, &piece);
        } else {
            byte_piece(&a->token[id], &piece);
        }
        TRY_OUT(rc, str_err(&piece, "an entry of the vocabulary", e));
        TRY_OUT(rc, tok_put(t, (int32_t)id, piece.p, piece.len, flags_of(type), e));
    }
out:
    str_free(&piece);
    return rc;
}

/* Keys and scores of a vocabulary of characters. User-defined tokens are as in
 * SentencePiece: with marks for spaces, and ranked before all others. */
struct keyed {
    struct tok_text *key; /* [n] */
    float *score;         /* [n] */
    struct str own;
};

static void keyed_free(struct keyed *k)
{
    mem_free(k->key);
    mem_free(k->score);
    str_free(&k->own);
}

static enum err keyed_make(const struct tok_arrays *a, struct keyed *k,
                           struct errinfo *e)
{
    str_init(&k->own, TOK_MAX_PIECES);
    TRY(mem_new(&k->key, a->n, sizeof *k->key, "the vocabulary", e));
    TRY(mem_new(&k->score, a->n, sizeof *k->score, "the vocabulary", e));
    for (size_t id = 0; id < a->n; id++) {
        k->score[id] = type_of(a, id) == TYPE_USER ? FLT_MAX : a->score[id];
        k->key[id] = a->token[id];
        const size_t off = k->own.len;
        for (size_t i = 0; type_of(a, id) == TYPE_USER && i < a->token[id].len; i++) {
            const char c = a->token[id].p[i];
            str_addn(&k->own, c == ' ' ? "\xE2\x96\x81" : &c, c == ' ' ? 3 : 1);
        }
        k->key[id].len = k->own.len > off ? k->own.len - off : k->key[id].len;
    }
    TRY(str_err(&k->own, "the vocabulary", e));
    size_t off = 0; /* own does not move any more */
    for (size_t id = 0; id < a->n; id++) {
        if (type_of(a, id) == TYPE_USER) {
            k->key[id].p = k->own.p + off;
            off += k->key[id].len;
        }
    }
    return OK;
}

/* ---- merges ---- */

/* Reads the merges but those of a control token's text: text never becomes one. */
static enum err read_merges(const struct tok_arrays *a, const char *name,
                            struct bpe_merge **out, size_t *n, struct errinfo *e)
{
    struct bpe_keys *keys = NULL;
    struct bpe_merge *merge = NULL;
    size_t kept = 0;
    enum err rc = OK;
    TRY_OUT(rc, bpe_keys_new(a->n, &keys, e));
    /* Of equal texts the model's stands first. */
    for (size_t k = 0; k < 2 * a->n; k++) {
        const size_t id = k % a->n;
        if (is_in_model(a, (int32_t)id) == (k < a->n)) {
            bpe_keys_put(keys, a->token[id], (int32_t)id);
        }
    }
    TRY_OUT(rc, mem_new(&merge, a->n_merges, sizeof *merge, "merges", e));
    for (size_t i = 0; i < a->n_merges; i++) {
        struct bpe_merge *m = &merge[kept];
        TRY_OUT(rc, bpe_keys_merge(
                        keys, a->merge[i],
                        (struct bpe_merge_at){name, "tokenizer.ggml.merges", i}, m, e));
        kept += is_in_model(a, m->a) && is_in_model(a, m->b);
    }
    *out = merge;
    *n = kept;
    merge = NULL;
out:
    mem_free(merge);
    bpe_keys_free(keys);
    return rc;
}

/* ---- the tokenizer ---- */

static enum err set_role(struct tok *t, enum tok_role role, int64_t id,
                         const char *what, const char *name, struct errinfo *e)
{
    if (id < 0) {
        return OK;
    }
    if ((uint64_t)id >= t->vocab) {
        return err_set(e, ERR_FORMAT,
                       "%s: tokenizer.ggml.%s_token_id: found %lld, expected 0 to %zu",
                       name, what, (long long)id, t->vocab - 1);
    }
    t->role[role] = (int32_t)id;
    return OK;
}

static enum err set_roles(const struct tok_arrays *a, const char *name, struct tok *t,
                          struct errinfo *e)
{
    TRY(set_role(t, TOK_BOS, a->bos, "bos", name, e));
    TRY(set_role(t, TOK_EOS, a->eos, "eos", name, e));
    TRY(set_role(t, TOK_PAD, a->pad, "padding", name, e));
    return set_role(t, TOK_MASK, a->mask, "mask", name, e);
}

static enum err put_around(const struct tok_arrays *a, struct tok *t, struct errinfo *e)
{
    if (a->add_bos && t->role[TOK_BOS] >= 0) {
        TRY(tok_ids_add(&t->around[0], t->role[TOK_BOS], e));
    }
    if (a->add_eos && t->role[TOK_EOS] >= 0) {
        TRY(tok_ids_add(&t->around[1], t->role[TOK_EOS], e));
    }
    return OK;
}

static const char *llama_json(const struct tok_arrays *a)
{
    return a->add_space_prefix
               ? "{\"normalizer\": {\"type\": \"Sequence\", \"normalizers\": [{\"type\": "
                 "\"Prepend\", \"prepend\": \"" MARK "\"}, {\"type\": \"Replace\", "
                 "\"pattern\": {\"String\": \" \"}, \"content\": \"" MARK "\"}]}}"
               : "{\"normalizer\": {\"type\": \"Replace\", \"pattern\": {\"String\": "
                 "\" \"}, \"content\": \"" MARK "\"}}";
}

enum err arrays_parts(const char *pre, const char *file, cJSON **out, struct errinfo *e)
{
    size_t k = 0;
    TRY(find_pattern(pre, file, &k, e));
    struct str text;
    str_init(&text, 8192);
    str_addf(&text, "{%s}", patterns[k].json);
    const enum err rc = json_parse(text.p, text.len, file, out, e);
    str_free(&text);
    return rc;
}

/* Makes normalizer and pre-tokenizer as tokenizer.json would have them. */
static enum err parts_json(const struct tok_arrays *a, bool chars, const char *name,
                           struct bpe_opts *o, cJSON **out, struct errinfo *e)
{
    if (chars) {
        return json_parse(llama_json(a), strlen(llama_json(a)), name, out, e);
    }
    size_t k = 0;
    TRY(find_pattern(a->pre, name, &k, e));
    o->ignore_merges = patterns[k].ignore_merges;
    return arrays_parts(a->pre, name, out, e);
}

static enum err check_arrays(const struct tok_arrays *a, bool chars, const char *name,
                             struct errinfo *e)
{
    if (!chars && strcmp(a->model, "gpt2") != 0) {
        return err_set(e, ERR_FORMAT,
                       "%s: tokenizer.ggml.model: found \"%.60s\", expected llama or "
                       "gpt2",
                       name, a->model);
    }
    if (a->n == 0 || a->n > TOK_MAX_VOCAB) {
        return err_set(e, ERR_FORMAT,
                       "%s: tokenizer.ggml.tokens: found %zu, expected 1 to %zu", name,
                       a->n, TOK_MAX_VOCAB);
    }
    if (chars && !a->score) {
        return err_set(e, ERR_FORMAT,
                       "%s: tokenizer.ggml.scores: missing, expected one a token",
                       name);
    }
    return OK;
}

enum err tok_from_arrays(const struct tok_arrays *a, const char *name, struct tok **out,
                         struct errinfo *e)
{
    const bool chars = strcmp(a->model, "llama") == 0;
    TRY(check_arrays(a, chars, name, e));
    struct bpe_spec spec = {.n_merges = 0};
    struct keyed keyed = {.key = NULL};
    struct bpe_merge *merge = NULL;
    struct tok *t = NULL;
    cJSON *parts = NULL;
    enum err rc = OK;
    spec.opts.chars = chars;
    spec.opts.byte_fallback = chars;
    spec.opts.unk =
        chars && a->unk >= 0 && (uint64_t)a->unk < a->n ? (int32_t)a->unk : -1;
    TRY_OUT(rc, parts_json(a, chars, name, &spec.opts, &parts, e));
    TRY_OUT(rc, pre_new(parts, name, &spec.pre, e));
    TRY_OUT(rc, tok_new(&tok_bpe_kind, a->n, &t, e));
    TRY_OUT(rc, norm_new(parts, name, &t->norm, e));
    TRY_OUT(rc, put_entries(a, chars, name, t, e));
    if (chars) {
        TRY_OUT(rc, keyed_make(a, &keyed, e));
        spec.key = keyed.key;
        spec.score = keyed.score;
    } else {
        TRY_OUT(rc, read_merges(a, name, &merge, &spec.n_merges, e));
        spec.merge = merge;
    }
    spec.normalizer = cJSON_GetObjectItemCaseSensitive(parts, "normalizer");
    spec.pre_tokenizer = cJSON_GetObjectItemCaseSensitive(parts, "pre_tokenizer");
    rc = bpe_attach(t, &spec, name, e);
    spec.pre = NULL; /* handed over */
    TRY_OUT(rc, rc);
    TRY_OUT(rc, set_roles(a, name, t, e));
    TRY_OUT(rc, tok_finish(t, e));
    TRY_OUT(rc, put_around(a, t, e));
    *out = t;
    t = NULL;
out:
    pre_free(spec.pre);
    cJSON_Delete(parts);
    keyed_free(&keyed);
    mem_free(merge);
    tok_free(t);
    return rc;
}
