/* Chat templates of instruct models. A model's files bring a program in Jinja that
 * turns a conversation into text; saetop runs no such program, and Debian has no C
 * library that does. A template is recognised by texts that it contains, and a table
 * (chat.c), checked against the reference's renderings of real templates, says what it
 * makes of one turn of a user. A template that is not recognised is refused. Any
 * thread. */
#ifndef SAETOP_TEXT_CHAT_H
#define SAETOP_TEXT_CHAT_H

#include "text/tok.h"

#include <time.h>

struct chat_family {
    const char *name;           /* "chatml" */
    const char *has[3];         /* the template contains all of these */
    const char *lacks[4];       /* and none of these; NULL beyond the last */
    bool bos;                   /* the tokenizer's BOS comes first */
    const char *before, *after; /* around the user's text: `after` ends where the
                                   model's turn begins. "{eos}", "{today}": the EOS
                                   text, the date */
    bool trim;                  /* spaces at the ends of the user's text are removed */
};

/* Finds the family of a template, the first in the table that fits. ERR_FORMAT where
 * none fits, with the names of the known ones; `name` starts the line. */
enum err chat_find(const char *template, const char *name,
                   const struct chat_family **out, struct errinfo *e) ERR_CHECKED;
/* Returns row i of the table, NULL beyond the last. */
const struct chat_family *chat_family_at(size_t i);

/* Encodes one turn of a user: the ids are those of the reference's apply_chat_template
 * with add_generation_prompt, except that special tokens typed in the text are plain
 * text. Tokens out[0..*first-1] are the template's, those up to *end - 1 the text's,
 * the rest the template's again; a token with bytes of both counts as the text's. `now`
 * is what {today} shows. out must be empty. Errors of tok_encode. */
enum err chat_encode(const struct chat_family *f, const struct tok *t, const char *text,
                     size_t len, time_t now, struct tok_ids *out, size_t *first,
                     size_t *end, struct errinfo *e) ERR_CHECKED;

#endif
