/* How an entry of the vocabulary is shown: the decoder of tokenizer.json where entries
 * are characters. Included only in core/text. */
#ifndef SAETOP_TEXT_TOK_DECODER_H
#define SAETOP_TEXT_TOK_DECODER_H

#include "base/err.h"
#include "base/str.h"

#include <cjson/cJSON.h>

#include <stdbool.h>
#include <stddef.h>

#define DECODER_MAX 8

struct decoder {
    struct {
        const char *find, *put; /* borrowed from the tree */
    } replace[DECODER_MAX];
    size_t n;
    bool bytes; /* <0xHH> is a byte */
};

/* Reads the member "decoder" of root: Replace of a text, Metaspace, ByteFallback, and
 * Fuse and Strip, which only concern whole texts; Sequence of them. ERR_FORMAT with the
 * place and the type found. */
enum err decoder_read(const cJSON *root, const char *file, struct decoder *out,
                      struct errinfo *e) ERR_CHECKED;
/* Appends what an entry stands for. */
void decoder_piece(const struct decoder *d, const char *key, struct str *out);

#endif
