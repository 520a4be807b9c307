/* Tokenizers: text to token ids and back, behind one interface. The kinds are in a
 * table in tok.c; BPE is the only one now: on bytes (GPT-2 and its successors) or on
 * characters (SentencePiece), from Hugging Face's tokenizer.json or GGUF's arrays.
 * core/README.md lists the parts of a file that are read. A struct tok is immutable
 * once made: any thread may use it. Encoding uses memory in a struct tok_scratch, one
 * for each caller. */
#ifndef SAETOP_TEXT_TOK_H
#define SAETOP_TEXT_TOK_H

#include "base/err.h"
#include "base/remarks.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tok;

/* A growing list of token ids. Start with {0}; release with tok_ids_free. */
struct tok_ids {
    int32_t *p; /* [n] */
    size_t n, cap;
};
void tok_ids_free(struct tok_ids *ids);
/* Append one id or n of them. */
enum err tok_ids_add(struct tok_ids *ids, int32_t id, struct errinfo *e) ERR_CHECKED;
enum err tok_ids_addn(struct tok_ids *ids, const int32_t *more, size_t n,
                      struct errinfo *e) ERR_CHECKED;

/* A text from a file, not necessarily ending with a NUL. */
struct tok_text {
    const char *p;
    size_t len;
};

/* Read a tokenizer.json. *out: caller owns, tok_free. ERR_FORMAT, with the place in the
 * JSON and the type found there, for parts that this program does not support (another
 * model type, a normalizer, ...). ERR_MISSING, ERR_LIMIT (files over 256 MB). */
enum err tok_load(const char *path, struct tok **out, struct errinfo *e) ERR_CHECKED;
/* The same from len bytes in memory; `name` begins error lines. */
enum err tok_parse(const char *json, size_t len, const char *name, struct tok **out,
                   struct errinfo *e) ERR_CHECKED;
/* Loads the tokenizer of a model directory: tokenizer.json, or else vocab.json with
 * merges.txt (GPT-2's pattern; Qwen2's where tokenizer_config.json names its class),
 * and added_tokens.json. BOS, EOS, padding and mask tokens are those that
 * tokenizer_config.json or special_tokens_map.json name, else those whose ids
 * config.json gives, else those with the usual names. *out: caller owns. ERR_MISSING
 * where there are no such files. */
enum err tok_load_dir(const char *dir, struct tok **out, struct errinfo *e) ERR_CHECKED;

/* A tokenizer as in GGUF's metadata, in arrays; all borrowed for the call. */
struct tok_arrays {
    const char *model; /* tokenizer.ggml.model: "llama" (characters, merged by score) or
                          "gpt2" (bytes, merges) */
    const char *pre;   /* tokenizer.ggml.pre: the name of a pattern, for "gpt2"; NULL if
                          there is none */
    const struct tok_text *token; /* [n] */
    size_t n;
    const float *score;  /* [n] for "llama"; NULL otherwise */
    const int32_t *type; /* [n] 1 normal, 2 unknown, 3 control, 4 user-defined, 5
                            unused, 6 byte; NULL: all normal */
    const struct tok_text *merge; /* [n_merges] "a b", for "gpt2" */
    size_t n_merges;
    int64_t bos, eos, pad, unk, mask; /* -1: the file names none */
    bool add_bos, add_eos;
    bool add_space_prefix; /* for "llama"; true where the file does not say */
};
/* Makes the tokenizer of such arrays. Encoding gives the ids of llama.cpp and
 * SentencePiece for "llama"; for "gpt2" those of the tokenizer.json that the arrays
 * were made from, including its normalizer (NFC for qwen2), which GGUF does not record.
 * Tokens of type 3 are special, those of type 4 are found anywhere in a text. tok_front
 * and tok_back follow add_bos and add_eos. `name` begins error lines. *out: caller
 * owns. ERR_FORMAT names the array and the place in it; for an unknown `pre` it lists
 * the known ones. */
enum err tok_from_arrays(const struct tok_arrays *a, const char *name, struct tok **out,
                         struct errinfo *e) ERR_CHECKED;

/* Writes dir/tokenizer.json, which Hugging Face `tokenizers` reads, and
 * dir/tokenizer_config.json, with which `transformers` uses it unchanged: same ids,
 * same number of them, and special tokens typed in a text are plain text. (A bare
 * tokenizers.Tokenizer has `encode_special_tokens = True` for that; no file holds it.)
 * max_tokens: the model's context. Writes each file atomically. */
enum err tok_save(const struct tok *t, const char *dir, size_t max_tokens,
                  struct errinfo *e) ERR_CHECKED;
/* Append the same texts to out; the same tokenizer gives the same bytes. */
enum err tok_print(const struct tok *t, struct str *out, struct errinfo *e) ERR_CHECKED;
enum err tok_print_settings(const struct tok *t, size_t max_tokens, struct str *out,
                            struct errinfo *e) ERR_CHECKED;
void tok_free(struct tok *t); /* NULL is fine */

/* Adds a remark for each thing that the file asks for and this program does not do:
 * model.dropout, which leaves out merges at random in training. */
void tok_remarks(const struct tok *t, struct remarks *r);

/* Returns the number of ids, 0 to tok_vocab - 1. A file may leave holes among them. */
size_t tok_vocab(const struct tok *t);
/* Sets how many ids the model has rows for, where these are fewer than the tokenizer's:
 * a text with another id is refused (ERR_FORMAT), and so is such a mask token. Call
 * before others use t. */
void tok_set_rows(struct tok *t, size_t rows);
size_t tok_rows(const struct tok *t); /* tok_vocab, if that was not called */
/* Return the ids of the special tokens, or -1 where the tokenizer has none (0 is a
 * valid id). They are those that the file or the directory names; otherwise they are
 * found by their text among the added tokens, special ones first: <|bos|>, <s>, ...;
 * <|endoftext|>, where it is the only one, is both BOS and EOS. */
int32_t tok_bos(const struct tok *t);
int32_t tok_eos(const struct tok *t);
int32_t tok_pad(const struct tok *t);
int32_t tok_mask(const struct tok *t);
/* Returns whether id is marked special; false for ids out of range. */
bool tok_is_special(const struct tok *t, int32_t id);

/* The memory of one encoding caller: a cache of words already split, and the pattern's
 * split state. About 4 MB when full. Not for two threads at once. Results do not depend
 * on what it has seen. *out: caller owns; free before the tokenizer. */
struct tok_scratch;
enum err tok_scratch_new(const struct tok *t, struct tok_scratch **out,
                         struct errinfo *e) ERR_CHECKED;
void tok_scratch_free(struct tok_scratch *s); /* NULL is fine */

/* Append the ids of len bytes of plain text to out: those of the reference's
 * `encode(text, add_special_tokens=False)` with `encode_special_tokens = True`. The
 * text of a special token is plain text here and never becomes that token (a model's
 * unk, for a character that it lacks, is the one special id that may come). Any bytes
 * are accepted, NUL and invalid UTF-8 too. Where symbols are bytes, tok_decode gives
 * them back unchanged except for what the file's normalizer and prefixes do and for
 * bytes that it lacks; where they are characters, invalid UTF-8 first becomes U+FFFD,
 * one for each maximal part of a character, as with Python's errors="replace". Nothing
 * is added before or after. A word of more than 1 MB is merged in parts of 1 MB.
 * tok_encode makes a scratch for the one call: right for a prompt; for a corpus keep
 * one and use tok_encode_with. On error out is as it was; ERR_LIMIT where the file's
 * pattern needs too much effort. O(len log len) at worst besides the pattern; 2 MB/s
 * and more with a warm scratch. */
enum err tok_encode(const struct tok *t, const char *text, size_t len,
                    struct tok_ids *out, struct errinfo *e) ERR_CHECKED;
enum err tok_encode_with(const struct tok *t, struct tok_scratch *s, const char *text,
                         size_t len, struct tok_ids *out,
                         struct errinfo *e) ERR_CHECKED;

/* tok_encode for a text that follows a special token: leaves out what a tokenizer puts
 * only before a text's first word (prepend_scheme "first"). */
enum err tok_encode_behind(const struct tok *t, const char *text, size_t len,
                           struct tok_ids *out, struct errinfo *e) ERR_CHECKED;

/* Return the tokens that tokenizer.json (post_processor) puts before and after each
 * text: BOS as a rule; most have none. Borrowed. */
const struct tok_ids *tok_front(const struct tok *t);
const struct tok_ids *tok_back(const struct tok *t);
/* tok_encode with these tokens around the text: what transformers' AutoTokenizer gives,
 * except for special tokens typed in the text. */
enum err tok_encode_whole(const struct tok *t, const char *text, size_t len,
                          struct tok_ids *out, struct errinfo *e) ERR_CHECKED;

/* Appends the bytes of ids[n] to out; special tokens as their text. Ids out of range
 * add nothing. The bytes need not be valid UTF-8 when ids cut a character. */
void tok_decode(const struct tok *t, const int32_t *ids, size_t n, struct str *out);
/* Appends the bytes of one token as they are, including a leading space: what the
 * file's decoder makes of the entry by itself (U+2581 a space, <0x0A> a newline).
 * Escape with utf8_escape before showing. */
void tok_piece(const struct tok *t, int32_t id, struct str *out);
/* The same, borrowed from the tokenizer: *len bytes, not NUL-terminated; NULL for an id
 * out of range or a hole. */
const char *tok_piece_view(const struct tok *t, int32_t id, size_t *len);

/* Returns the id of a text that encodes to exactly one token, else -1 (also out of
 * memory). */
int32_t tok_single(const struct tok *t, const char *text);
/* Returns the id of the special token with exactly that text, else -1. */
int32_t tok_special_id(const struct tok *t, const char *text);
/* Returns the token that a person names: "#12" by its id, else a special token's own
 * text, else a text that is one token. -1: there is none, or it is a hole. The model
 * may have no row for it (tok_rows). */
int32_t tok_by_name(const struct tok *t, const char *name);

#endif
