/* Names of tokens and concepts, and of what a latent matches. A text is as in its file:
 * whoever shows it escapes it (canvas_text, utf8_escape). Any thread. */
#ifndef SAETOP_LATENTS_LATENT_NAMES_H
#define SAETOP_LATENTS_LATENT_NAMES_H

#include "latents/latent_table.h"

/* Texts that never change once made: UTF-8, not escaped. */
struct names {
    size_t vocab;
    const char *const *token; /* [vocab] bytes of each token, NUL-terminated */
    size_t n_concepts;
    const char *const *concept_name; /* [n_concepts] */
    const enum concept_kind *concept_kind;
    const bool *special; /* [vocab]; NULL: none known */
};

/* Copies the texts of tok and c, which need not outlive n. A token that holds a NUL
 * ends there. tok NULL: "#ID" for each id that c knows, a dot for others. names_deinit
 * frees what names_init made; a zeroed one is fine. */
enum err names_init(struct names *n, const struct tok *tok, const struct concepts *c,
                    struct errinfo *e) ERR_CHECKED;
void names_deinit(struct names *n);

/* The text of a token, "" for -1 and ids out of range. */
const char *names_token(const struct names *n, int32_t token);
/* Whether it is a special token; false for ids out of range. */
bool names_is_special(const struct names *n, int32_t token);
/* Writes a token's text without spaces at its ends; a lone space becomes U+2423. */
void names_token_trimmed(const struct names *n, int32_t token, char *out, size_t cap);
/* The same with each space as a middle dot, cut to fit; cap 3 or more. */
void names_token_dotted(const struct names *n, int32_t token, char *out, size_t cap);
/* Writes "animal", "letter d", "'dog'", "after 'dog'" for a match at the token before,
 * "" for no match. */
void names_match(const struct names *n, const struct latent_row *r, char *out,
                 size_t cap);
/* Returns "word", "leaf", "super", "letter", "grammar", "" for no match. */
const char *names_match_kind(const struct names *n, const struct latent_row *r);
/* Returns "token" or "previous". */
const char *names_place(enum match_place place);
/* Write as many as fit: "mom, dad, mother"; "'mom' 'dad' ','". */
void names_top_tokens(const struct names *n, const struct latent_row *r, char *out,
                      size_t cap);
void names_top_tokens_quoted(const struct names *n, const struct latent_row *r,
                             char *out, size_t cap);
/* Writes what a latent is called wherever it has one name: what a person called it
 * (`label`, "" for none); else "after 'had': party, picnic", which is its match, strong
 * or weak, and its top tokens; without a match only these, quoted. */
void names_latent(const struct names *n, const char *label, const struct latent_row *r,
                  char *out, size_t cap);

#endif
