/* Latents in the finder: by all that core/latents/latent_find looks at. */
#include "base/number.h"
#include "ui/screens/latents_priv.h"

#include <stdio.h>
#include <string.h>

enum { FOUND_MAX = 120 };

bool latents_item(const struct app *a, const struct session_view *v, int32_t id,
                  struct finder_item *out)
{
    const struct latent_table *t = latents_table(a, v);
    char match[80];
    memset(out, 0, sizeof *out);
    if (!t || id < 0 || (size_t)id >= t->F) {
        return false;
    }
    const struct latent_row *row = &t->row[id];
    const char *label = latents_label(a, v, id);
    out->kind = "latent";
    names_match(&v->names, row, match, sizeof match);
    snprintf(out->text, sizeof out->text, "#%d %.80s", id, label[0] ? label : match);
    snprintf(out->command, sizeof out->command, "latent %d", id);
    char tokens[100];
    names_top_tokens(&v->names, row, tokens, sizeof tokens);
    snprintf(out->more, sizeof out->more, "%s%s  F1 %s  %s",
             app_is_silenced(a, id) ? "silenced  " : "", latent_kind_name(row->kind),
             NUMBER(NUMBER_PLAIN, 0, 2, (double)row->f1), tokens);
    return true;
}

/* Why it is there, where the line does not show it by itself. */
static void say_why(const struct session_view *v, const struct latent_found *f,
                    struct finder_item *item)
{
    char token[64], line[sizeof item->more];
    if (!f->token) {
        return;
    }
    names_token_trimmed(&v->names, f->token->token, token, sizeof token);
    snprintf(line, sizeof line, "on '%.40s' %ux (%.0f%%)  %.80s", token,
             f->token->fires, 100.0 * f->share, item->more);
    memcpy(item->more, line, sizeof line);
}

size_t latents_found(const struct app *a, const struct session_view *v,
                     const char *typed, struct finder_item *out, size_t most)
{
    const struct latent_table *t = latents_table(a, v);
    struct latent_found found[FOUND_MAX];
    struct errinfo e;
    size_t n = 0;
    if (!t || !typed[0] ||
        latent_find(t, &v->names, v->arm[latents_of(a)->arm].labels, typed,
                    most < FOUND_MAX ? most : FOUND_MAX, found, &n, NULL, &e) != OK) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        (void)latents_item(a, v, found[i].latent, &out[i]);
        out[i].score = found[i].score;
        say_why(v, &found[i], &out[i]);
    }
    return n;
}
