/* Latents in the finder: by all that core/latents/latent_find looks at. */
#include "base/mem.h"
#include "base/number.h"
#include "session/tellers.h"
#include "ui/screens/latents_priv.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

enum { FOUND_MAX = 120 };

/* Write an item. `why`: why it was found, if the line does not show that by itself; or
 * "". */
static bool item_of(const struct app *a, const struct session_view *v, int32_t id,
                    const char *why, struct finder_item *out)
{
    const struct latent_table *t = latents_table(a, v);
    char name[sizeof out->text - 8], called[120] = "";
    memset(out, 0, sizeof *out);
    if (!t || id < 0 || (size_t)id >= t->F) {
        return false;
    }
    const struct latent_row *row = &t->row[id];
    const char *label = latents_label(a, v, id);
    out->kind = "latent";
    names_latent(&v->names, label, row, name, sizeof name);
    snprintf(out->text, sizeof out->text, "#%d %.80s", id, name);
    snprintf(out->command, sizeof out->command, "latent %d", id);
    if (label[0]) { /* what it would be called without */
        names_latent(&v->names, "", row, called, sizeof called);
    }
    snprintf(out->more, sizeof out->more, "%s%s%s  F1 %s%s%.60s",
             app_is_silenced(a, id) ? "silenced  " : "", why,
             latent_kind_name(row->kind), NUMBER(NUMBER_PLAIN, 0, 2, (double)row->f1),
             called[0] ? "  " : "", called);
    return true;
}

bool latents_item(const struct app *a, const struct session_view *v, int32_t id,
                  struct finder_item *out)
{
    return item_of(a, v, id, "", out);
}

/* "on 'dog' 4x (12%)  ", "tells fruit, F1 0.93 (step 1,200)  " */
static void why_found(const struct session_view *v, const struct concept_table *c,
                      const struct latent_found *f, char *out, size_t cap)
{
    char token[64];
    out[0] = '\0';
    if (f->teller && c) {
        char step[32];
        text_thousands(step, sizeof step, c->step);
        const bool old = c->step != v->step;
        snprintf(out, cap, "tells %.30s: F1 %s%s%s%s  ",
                 v->names.concept_name[f->teller->concept],
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)f->teller->f1),
                 old ? " (at step " : "", old ? step : "", old ? ")" : "");
    }
    if (f->token) {
        names_token_trimmed(&v->names, f->token->token, token, sizeof token);
        snprintf(out, cap, "on '%.40s' %ux (%s%%)  ", token, f->token->fires,
                 NUMBER_PERCENT(0, f->share));
    }
}

size_t latents_found(const struct app *a, const struct session_view *v,
                     const char *typed, struct finder_item *out, size_t most)
{
    const struct latent_table *t = latents_table(a, v);
    const struct arm_view *arm = &v->arm[latents_of(a)->arm];
    struct latent_found found[FOUND_MAX];
    struct latent_teller *teller = NULL;
    struct errinfo e;
    size_t n = 0, n_tellers = 0;
    if (!t || !typed[0] ||
        tellers_of(arm->concepts, &v->names, t->F, &teller, &n_tellers, &e) != OK) {
        return 0;
    }
    const struct latent_scope in = {t, &v->names, arm->labels, teller, n_tellers};
    if (latent_find(&in, typed, most < FOUND_MAX ? most : FOUND_MAX, found, &n, NULL,
                    &e) != OK) {
        n = 0;
    }
    for (size_t i = 0; i < n; i++) {
        char why[100];
        why_found(v, arm->concepts, &found[i], why, sizeof why);
        (void)item_of(a, v, found[i].latent, why, &out[i]);
        out[i].score = found[i].score;
        snprintf(out[i].near, sizeof out[i].near, "%s", found[i].near);
    }
    mem_free(teller);
    return n;
}
