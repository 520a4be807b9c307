/* A text given on the command line or in a file, taken exactly as it is. Owner
 * thread. */
#ifndef SAETOP_SRC_TEXT_INPUT_H
#define SAETOP_SRC_TEXT_INPUT_H

#include "base/str.h"
#include "opts.h"
#include "text/tok.h"

struct text_input {
    const char *text, *file; /* at most one; "-": standard input */
    bool bos;                /* begin with BOS, whether the tokenizer adds it or not */
};

/* Their rows of a table of options. */
// clang-format off
#define TEXT_INPUT_OPTS(t)                                                             \
    {"text", OPT_TEXT, &(t)->text, "TEXT", "the text itself", 0, 0, NULL},             \
    {"text-file", OPT_STRING, &(t)->file, "FILE",                                      \
     "a file that is the text, to the last byte; -: standard input", 0, 0, NULL},      \
    {"bos", OPT_FLAG, &(t)->bos, NULL,                                                 \
     "begin with BOS, as rows of a corpus do, where the tokenizer adds none", 0, 0, NULL}
// clang-format on

bool text_input_given(const struct text_input *t);
const char *text_input_name(const struct text_input *t); /* for error lines */

/* Read its bytes, NULs included, up to 64 MB. ERR_USAGE unless exactly one of the two
 * is given; ERR_MISSING, ERR_FORMAT, ERR_IO, ERR_LIMIT of the file. out: str_free. */
enum err text_input_read(const struct text_input *t, struct str *out,
                         struct errinfo *e) ERR_CHECKED;

/* The same for a prompt: one line break at the end of standard input, which `echo` puts
 * there, is dropped, as the shell's $(...) does. */
enum err text_input_read_prompt(const struct text_input *t, struct str *out,
                                struct errinfo *e) ERR_CHECKED;

/* Whether BOS comes first, by the tokenizer or by --bos. */
bool text_input_bos(const struct text_input *t, const struct tok *tok);

/* Encode it by tok_encode_whole into `ids`, which is empty. ERR_USAGE for --bos if the
 * tokenizer has neither BOS nor EOS. */
enum err text_input_encode(const struct text_input *t, const struct tok *tok,
                           struct tok_ids *ids, struct errinfo *e) ERR_CHECKED;

#endif
