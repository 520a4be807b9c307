#include "ui/names.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

const char *names_token(const struct names *n, int32_t token)
{
    if (token < 0 || (size_t)token >= n->vocab || !n->token || !n->token[token]) {
        return "";
    }
    return n->token[token];
}

void names_token_trimmed(const struct names *n, int32_t token, char *out, size_t cap)
{
    const char *text = names_token(n, token);
    size_t len = strlen(text);
    const bool any = len > 0;
    while (len && text[0] == ' ') {
        text++;
        len--;
    }
    while (len && text[len - 1] == ' ') {
        len--;
    }
    if (any && !len) {
        text = "\xe2\x90\xa3"; /* an open box stands for a space */
        len = 3;
    }
    len = utf8_clip(text, len, cap - 1);
    memcpy(out, text, len);
    out[len] = '\0';
}

void names_match(const struct names *n, const struct latent_row *r, char *out,
                 size_t cap)
{
    const char *after = r->place == PLACE_PREVIOUS ? "after " : "";
    out[0] = '\0';
    if (r->match == MATCH_WORD) {
        char word[64];
        names_token_trimmed(n, r->match_id, word, sizeof word);
        snprintf(out, cap, "%s'%s'", after, word);
    } else if (r->match == MATCH_CONCEPT && r->match_id >= 0 &&
               (size_t)r->match_id < n->n_concepts) {
        const char *name = n->concept_name[r->match_id];
        const bool letter = n->concept_kind[r->match_id] == CONCEPT_LETTER;
        const bool bare = letter && strlen(name) == 1;
        snprintf(out, cap, "%s%s%s", after, bare ? "letter " : "", name);
    }
}

const char *names_match_kind(const struct names *n, const struct latent_row *r)
{
    if (r->match == MATCH_CONCEPT && r->match_id >= 0 &&
        (size_t)r->match_id < n->n_concepts) {
        return concept_kind_name(n->concept_kind[r->match_id]);
    }
    return r->match == MATCH_WORD ? "word" : "";
}

void names_top_tokens(const struct names *n, const struct latent_row *r, char *out,
                      size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < LATENT_TOP_TOKENS && r->top_token[i] >= 0; i++) {
        char word[64];
        names_token_trimmed(n, r->top_token[i], word, sizeof word);
        const int more = snprintf(out + len, cap - len, "%s%s", i ? ", " : "", word);
        if (more < 0 || (size_t)more >= cap - len) {
            out[len] = '\0';
            return;
        }
        len += (size_t)more;
    }
}

void names_interval(int interval, char *out, size_t cap)
{
    if (interval == INTERVAL_TOP) {
        snprintf(out, cap, "top");
    } else if (interval == INTERVAL_RANDOM) {
        snprintf(out, cap, "random");
    } else {
        snprintf(out, cap, ".%d-%s of max", interval,
                 interval == 9 ? "1"
                               : (const char *[]){".1", ".2", ".3", ".4", ".5", ".6",
                                                  ".7", ".8", ".9"}[interval % 9]);
    }
}
