#include "latents/latent_names.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* ---- made once ---- */

#define ID_BYTES 24 /* of "#ID" */

#define NO_TOKEN "\xc2\xb7" /* a dot: somewhere in a row */

/* Makes "#0" and so on, for want of a tokenizer; one text if there are no ids either
 * (vocab 0). Texts as below. */
static enum err make_ids(struct names *n, size_t vocab, struct errinfo *e)
{
    const bool none = vocab == 0;
    const char **text = NULL;
    vocab = none ? 1 : vocab;
    char *p = NULL;
    TRY(mem_new(&text, vocab + 1, sizeof *text, "token ids", e));
    n->token = text;
    TRY(mem_new(&p, vocab + 1, ID_BYTES, "token ids", e));
    text[0] = p;
    for (size_t t = 0; t < vocab; t++) {
        text[t] = p + t * ID_BYTES;
        if (none) {
            memcpy(p, NO_TOKEN, sizeof NO_TOKEN);
        } else {
            (void)snprintf(p + t * ID_BYTES, ID_BYTES, "#%zu", t);
        }
    }
    n->vocab = vocab;
    return OK;
}

/* Makes the texts in one pool, each NUL-terminated; the pool begins at text[0]. */
static enum err make_tokens(struct names *n, const struct tok *tok, struct errinfo *e)
{
    const size_t vocab = tok_vocab(tok);
    size_t bytes = 1, len = 0;
    for (size_t t = 0; t < vocab; t++) {
        bytes += 1 + (tok_piece_view(tok, (int32_t)t, &len) ? len : 0);
    }
    const char **text = NULL;
    TRY(mem_new(&text, vocab + 1, sizeof *text, "token texts", e));
    n->token = text;
    char *p = NULL;
    TRY(mem_new(&p, bytes, 1, "token texts", e));
    text[0] = p;
    for (size_t t = 0; t < vocab; t++) {
        const char *piece = tok_piece_view(tok, (int32_t)t, &len);
        text[t] = p;
        if (piece) {
            memcpy(p, piece, len);
            p += len;
        }
        *p++ = '\0';
    }
    bool *special = NULL;
    TRY(mem_new(&special, vocab + 1, sizeof *special, "special tokens", e));
    n->special = special;
    for (size_t t = 0; t < vocab; t++) {
        special[t] = tok_is_special(tok, (int32_t)t);
    }
    n->vocab = vocab;
    return OK;
}

static enum err make_concepts(struct names *n, const struct concepts *c,
                              struct errinfo *e)
{
    size_t bytes = 1;
    for (size_t i = 0; i < c->n; i++) {
        bytes += strlen(c->def[i].name) + 1;
    }
    const char **text = NULL;
    enum concept_kind *kind = NULL;
    TRY(mem_new(&text, c->n + 1, sizeof *text, "concept names", e));
    n->concept_name = text;
    TRY(mem_new(&kind, c->n + 1, sizeof *kind, "concept kinds", e));
    n->concept_kind = kind;
    char *p = NULL;
    TRY(mem_new(&p, bytes, 1, "concept names", e));
    text[0] = p;
    for (size_t i = 0; i < c->n; i++) {
        const size_t len = strlen(c->def[i].name) + 1;
        memcpy(p, c->def[i].name, len);
        text[i] = p;
        kind[i] = c->def[i].kind;
        p += len;
    }
    n->n_concepts = c->n;
    return OK;
}

static void free_texts(const char *const *text)
{
    if (text) {
        mem_free((void *)(uintptr_t)text[0]);
        mem_free((void *)(uintptr_t)text);
    }
}

void names_deinit(struct names *n)
{
    free_texts(n->token);
    free_texts(n->concept_name);
    mem_free((void *)(uintptr_t)n->concept_kind);
    mem_free((void *)(uintptr_t)n->special);
    *n = (struct names){0};
}

enum err names_init(struct names *n, const struct tok *tok, const struct concepts *c,
                    struct errinfo *e)
{
    *n = (struct names){0};
    enum err rc = tok ? make_tokens(n, tok, e) : make_ids(n, c->vocab, e);
    if (rc == OK) {
        rc = make_concepts(n, c, e);
    }
    if (rc != OK) {
        names_deinit(n);
    }
    return rc;
}

/* ---- read ---- */

const char *names_token(const struct names *n, int32_t token)
{
    if (token < 0 || (size_t)token >= n->vocab || !n->token || !n->token[token]) {
        return "";
    }
    return n->token[token];
}

bool names_is_special(const struct names *n, int32_t token)
{
    return n->special && token >= 0 && (size_t)token < n->vocab && n->special[token];
}

void names_token_dotted(const struct names *n, int32_t token, char *out, size_t cap)
{
    const char *text = names_token(n, token);
    size_t len = 0;
    for (; *text && len + 3 < cap; text++) {
        if (*text == ' ') {
            memcpy(out + len, "\xc2\xb7", 2);
            len += 2;
        } else {
            out[len++] = *text;
        }
    }
    out[len] = '\0';
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

static void join_top_tokens(const struct names *n, const struct latent_row *r,
                            const char *between, const char *quote, char *out,
                            size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < LATENT_TOP_TOKENS && r->top_token[i] >= 0; i++) {
        char word[64];
        names_token_trimmed(n, r->top_token[i], word, sizeof word);
        const int more = snprintf(out + len, cap - len, "%s%s%s%s", i ? between : "",
                                  quote, word, quote);
        if (more < 0 || (size_t)more >= cap - len) {
            out[len] = '\0';
            return;
        }
        len += (size_t)more;
    }
}

void names_top_tokens(const struct names *n, const struct latent_row *r, char *out,
                      size_t cap)
{
    join_top_tokens(n, r, ", ", "", out, cap);
}

void names_top_tokens_quoted(const struct names *n, const struct latent_row *r,
                             char *out, size_t cap)
{
    join_top_tokens(n, r, " ", "'", out, cap);
}

const char *names_place(enum match_place place)
{
    return place == PLACE_PREVIOUS ? "previous" : "token";
}

void names_latent(const struct names *n, const char *label, const struct latent_row *r,
                  char *out, size_t cap)
{
    char match[80], tokens[160];
    names_match(n, r, match, sizeof match);
    names_top_tokens(n, r, tokens, sizeof tokens);
    if (label[0]) {
        snprintf(out, cap, "%s", label);
    } else if (match[0]) {
        snprintf(out, cap, "%s%s%s", match, tokens[0] ? ": " : "", tokens);
    } else {
        names_top_tokens_quoted(n, r, out, cap);
    }
}
