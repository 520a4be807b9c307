/* Chat templates of instruct models. A model's files bring a program in Jinja that
 * turns a conversation into text; saetop runs no such program, and Debian has no C
 * library that does. A template is recognised by texts that stand in it, and what it
 * makes of one turn of a user is in a table (chat.c), which the reference's renderings
 * of real templates were held against. One that is not recognised is refused. Any
 * thread. */
#ifndef SAETOP_TEXT_CHAT_H
#define SAETOP_TEXT_CHAT_H

#include "text/tok.h"

#include <time.h>

struct chat_family {
    const char *name;           /* "chatml" */
    const char *has[3];         /* all of these stand in the template, */
    const char *lacks[4];       /* none of these; NULL beyond the last */
    bool bos;                   /* the tokenizer's BOS comes first */
    const char *before, *after; /* of the user's text: after ends where the model's own
                                   begins. "{eos}", "{today}": as they say */
    bool trim;                  /* spaces at the ends of the user's text go */
};

/* The family of a template, the first of the table that fits. ERR_FORMAT, with the
 * names of those that are known, where none does; `name` begins the line. */
enum err chat_find(const char *template, const char *name,
                   const struct chat_family **out, struct errinfo *e) ERR_CHECKED;
/* Row i of the table, NULL beyond the last. */
const struct chat_family *chat_family_at(size_t i);

/* One turn of a user as ids: those of the reference's apply_chat_template with
 * add_generation_prompt, but that special tokens typed in the text are no more than
 * text. Tokens out[0..*first-1] are the template's, then come those of the text up to
 * *end - 1, then the template's again; a token that holds bytes of both is the text's.
 * `now` is what {today} shows. out is empty. What tok_encode has. */
enum err chat_encode(const struct chat_family *f, const struct tok *t, const char *text,
                     size_t len, time_t now, struct tok_ids *out, size_t *first,
                     size_t *end, struct errinfo *e) ERR_CHECKED;

#endif
