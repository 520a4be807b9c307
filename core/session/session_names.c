/* What a screen needs to name things: token texts, concepts, the facts of a run. Made
 * once, before the first reader, and immutable after. */
#include "base/file.h"
#include "base/mem.h"
#include "session/session_priv.h"
#include "train/settings_arch.h"

#include <stdio.h>
#include <string.h>

/* All token texts in one pool, each NUL-terminated; a NUL inside a token becomes the
 * replacement of a control byte when it is shown, so it may be cut here. */
static enum err make_tokens(struct session *s, struct errinfo *e)
{
    const struct tok *tok = s->in->lm->tok;
    const size_t vocab = tok_vocab(tok);
    size_t bytes = 0, len = 0;
    for (size_t t = 0; t < vocab; t++) {
        if (tok_piece_view(tok, (int32_t)t, &len)) {
            bytes += len;
        }
        bytes++;
    }
    TRY(mem_new(&s->token_pool, bytes, 1, "token texts", e));
    TRY(mem_new(&s->token, vocab, sizeof *s->token, "token texts", e));
    char *p = s->token_pool;
    for (size_t t = 0; t < vocab; t++) {
        const char *piece = tok_piece_view(tok, (int32_t)t, &len);
        s->token[t] = p;
        if (piece) {
            memcpy(p, piece, len);
            p += len;
        }
        *p++ = '\0';
    }
    return OK;
}

enum err session_make_names(struct session *s, struct errinfo *e)
{
    const struct concepts *c = s->in->concepts;
    TRY(make_tokens(s, e));
    TRY(mem_new(&s->concept_name, c->n, sizeof *s->concept_name, "concept names", e));
    TRY(mem_new(&s->concept_kind, c->n, sizeof *s->concept_kind, "concept kinds", e));
    size_t bytes = 0;
    for (size_t i = 0; i < c->n; i++) {
        bytes += strlen(c->def[i].name) + 1;
    }
    TRY(mem_new(&s->concept_pool, bytes, 1, "concept names", e));
    char *p = s->concept_pool;
    for (size_t i = 0; i < c->n; i++) {
        const size_t len = strlen(c->def[i].name) + 1;
        memcpy(p, c->def[i].name, len);
        s->concept_name[i] = p;
        s->concept_kind[i] = c->def[i].kind;
        p += len;
    }
    pthread_mutex_lock(&s->mu);
    s->pub.names = (struct names){.vocab = tok_vocab(s->in->lm->tok),
                                  .token = s->token,
                                  .n_concepts = c->n,
                                  .concept_name = s->concept_name,
                                  .concept_kind = s->concept_kind};
    pthread_mutex_unlock(&s->mu);
    return OK;
}

void session_free_names(struct session *s)
{
    mem_free(s->token_pool);
    mem_free(s->token);
    mem_free(s->concept_pool);
    mem_free(s->concept_name);
    mem_free(s->concept_kind);
}

static void add_fact(struct session_view *v, const char *name, const char *value)
{
    if (v->n_facts < VIEW_FACTS) {
        struct fact *f = &v->fact[v->n_facts++];
        snprintf(f->name, sizeof f->name, "%s", name);
        snprintf(f->value, sizeof f->value, "%s", value);
    }
}

/* The settings that a screen shows, by key, in this order. */
static const char *const shown[] = {
    "arch",           "k",     "width", "hook", "mask.kind",
    "mask.positions", "batch", "lr",    "seed", "context"};

void session_make_facts(struct session *s)
{
    const struct settings *set = &s->in->set;
    char text[160];
    struct str value;
    str_init(&value, SETTING_TEXT_MAX);
    pthread_mutex_lock(&s->mu);
    struct session_view *v = &s->pub;
    v->n_facts = 0;
    add_fact(v, "model", path_base(s->in->lm->dir));
    add_fact(v, "corpus", path_base(set->corpus));
    add_fact(v, "ood", set->ood[0] ? path_base(set->ood) : "");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        str_clear(&value);
        settings_print(set, setting_find(shown[i]), &value);
        add_fact(v, shown[i], value.len ? value.p : "");
    }
    settings_sparsity(set, text, sizeof text);
    add_fact(v, "sparsity", text);
    if (s->in->mask_token >= 0) {
        snprintf(text, sizeof text, "%s (id %d)", s->token[s->in->mask_token],
                 s->in->mask_token);
        add_fact(v, "mask.token", text);
    }
    v->threads = (size_t)set->threads;
    pthread_mutex_unlock(&s->mu);
    str_free(&value);
}
