/* Names that screens show: token texts, concepts, the facts of a run. Made once, before
 * the first reader, and immutable afterwards. */
#include "base/file.h"
#include "session/session_priv.h"
#include "train/settings_arch.h"

#include <stdio.h>
#include <string.h>

enum err session_make_names(struct session *s, struct errinfo *e)
{
    TRY(names_init(&s->names, inputs_tok(s->in), s->in->concepts, e));
    pthread_mutex_lock(&s->mu);
    s->pub.names = s->names;
    pthread_mutex_unlock(&s->mu);
    return OK;
}

void session_free_names(struct session *s)
{
    names_deinit(&s->names);
}

static void add_fact(struct session_view *v, const char *name, const char *value)
{
    if (v->n_facts < VIEW_FACTS) {
        struct fact *f = &v->fact[v->n_facts++];
        snprintf(f->name, sizeof f->name, "%s", name);
        snprintf(f->value, sizeof f->value, "%.*s", (int)sizeof f->value - 1, value);
    }
}

void session_add_fact(struct session *s, const char *name, const char *value)
{
    pthread_mutex_lock(&s->mu);
    add_fact(&s->pub, name, value);
    session_wake_locked(s);
    pthread_mutex_unlock(&s->mu);
}

/* The settings that a screen shows, by key, in this order. */
static const char *const shown[] = {
    "arch",           "k",     "width", "hook", "mask.kind",
    "mask.positions", "batch", "lr",    "seed", "context"};

static void add_sources(struct session_view *v, const struct inputs *in,
                        const struct settings *set)
{
    const bool tail = strcmp(set->ood, OOD_TAIL) == 0;
    if (in->shards) {
        const char *model = shards_facts(in->shards)->model;
        add_fact(v, "model", model[0] ? model : "elsewhere");
        add_fact(v, "activations", path_base(set->activations));
        return;
    }
    add_fact(v, "model", path_base(in->lm->dir));
    add_fact(v, "corpus", path_base(set->corpus));
    add_fact(v, "ood",
             tail          ? "held-back tail"
             : set->ood[0] ? path_base(set->ood)
                           : "");
}

void session_make_facts(struct session *s)
{
    const struct settings *set = s->engine ? &s->engine->arm[0].arm->set : &s->in->set;
    char text[160];
    struct str value;
    str_init(&value, SETTING_TEXT_MAX);
    pthread_mutex_lock(&s->mu);
    struct session_view *v = &s->pub;
    v->n_facts = 0;
    v->no_model = !s->in->lm;
    v->eval_ready = v->eval_ready || v->no_model; /* held-out rows are in files */
    add_sources(v, s->in, set);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        str_clear(&value);
        settings_print(set, setting_find(shown[i]), &value);
        add_fact(v, shown[i], value.len ? value.p : "");
    }
    settings_sparsity(set, text, sizeof text);
    add_fact(v, "sparsity", text);
    if (s->in->mask_token >= 0) {
        snprintf(text, sizeof text, "%s (id %d)",
                 names_token(&s->names, s->in->mask_token), s->in->mask_token);
        add_fact(v, "mask.token", text);
    }
    v->threads = (size_t)set->threads;
    pthread_mutex_unlock(&s->mu);
    str_free(&value);
}
