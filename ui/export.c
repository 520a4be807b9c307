#include "ui/export.h"

#include "base/csvfile.h"
#include "base/file.h"
#include "base/newfile.h"
#include "base/utf8.h"
#include "ui/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXPORT_MAX ((size_t)1 << 30)

static void add_number(struct str *out, double v, bool first)
{
    char text[40] = "";
    if (isfinite(v)) {
        snprintf(text, sizeof text, "%.9g", v);
    }
    csv_add(out, text, first);
}

static void add_integer(struct str *out, int64_t v, bool first)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)v);
    csv_add(out, text, first);
}

/* Text of a file or model, made printable. */
static void add_escaped(struct str *out, const char *text)
{
    struct str safe;
    str_init(&safe, (size_t)1 << 20);
    utf8_escape(&safe, text, strlen(text));
    csv_add(out, safe.len ? safe.p : "", 0);
    str_free(&safe);
}

static void export_curves(const struct session_view *v, struct str *out)
{
    str_add(out, "arm,step,seconds,measure,value,low,high\n");
    for (size_t k = 0; k < arms_of(v); k++) {
        for (size_t i = 0; train_pane_metric(i) >= 0; i++) {
            const int m = train_pane_metric(i);
            const struct series *s = &v->arm[k].series[m];
            for (size_t p = 0; p < s->n; p++) {
                const char letter[2] = {v->arm[k].letter, '\0'};
                csv_add(out, letter, 1);
                add_number(out, s->x[p], false);
                add_number(out, s->seconds[p], false);
                csv_add(out, measure_at((enum metric)m)->column, 0);
                add_number(out, s->y[p], false);
                add_number(out, s->lo ? s->lo[p] : (double)NAN, false);
                add_number(out, s->hi ? s->hi[p] : (double)NAN, false);
                str_addc(out, '\n');
            }
        }
    }
}

static void export_cell(const struct latent_column *c, const struct latent_source *s,
                        bool first, struct str *out)
{
    const double v = latents_number(c, s);
    if (c->text) {
        struct str text;
        str_init(&text, (size_t)1 << 20);
        latent_column_text(c, s, &text);
        csv_add(out, text.len ? text.p : "", first);
        str_free(&text);
    } else if (latent_column_is_whole(c) && isfinite(v)) {
        add_integer(out, (int64_t)v, first);
    } else {
        add_number(out, v, first);
    }
}

static void export_table(const struct app *a, const struct session_view *v,
                         const struct latent_table *t, struct str *out)
{
    const struct latents_state *l = &a->latents;
    int at;
    for (size_t k = 0; (at = latent_column_nth(IN_CSV, k)) >= 0; k++) {
        csv_add(out, latent_column_at((size_t)at)->name, k == 0);
    }
    str_addc(out, '\n');
    for (size_t i = 0; i < l->shown; i++) {
        const struct latent_source s = latents_source(l, v, t, l->order[i]);
        for (size_t k = 0; (at = latent_column_nth(IN_CSV, k)) >= 0; k++) {
            export_cell(latent_column_at((size_t)at), &s, k == 0, out);
        }
        str_addc(out, '\n');
    }
}

static void export_contexts(const struct session_view *v, const struct latent_detail *d,
                            struct str *out)
{
    str_add(out, "latent,rank,row,position,activation,before,token,after\n");
    for (size_t i = 0; i < d->n_contexts; i++) {
        const struct latent_context *c = &d->context[i];
        struct str side[2];
        for (int k = 0; k < 2; k++) {
            str_init(&side[k], (size_t)1 << 20);
            const int from = k ? CONTEXT_TOKENS / 2 + 1 : 0;
            const int to = k ? CONTEXT_TOKENS : CONTEXT_TOKENS / 2;
            for (int p = from; p < to; p++) {
                str_add(&side[k], names_token(&v->names, c->token[p]));
            }
        }
        add_integer(out, d->latent, true);
        add_integer(out, (int64_t)i + 1, false);
        add_integer(out, (int64_t)c->row, false);
        add_integer(out, (int64_t)c->pos, false);
        add_number(out, (double)c->act, false);
        add_escaped(out, side[0].len ? side[0].p : "");
        add_escaped(out, names_token(&v->names, c->token[CONTEXT_TOKENS / 2]));
        add_escaped(out, side[1].len ? side[1].p : "");
        str_addc(out, '\n');
        str_free(&side[0]);
        str_free(&side[1]);
    }
}

enum err export_text(const struct app *a, const struct session_view *v,
                     enum screen_id screen, struct str *out, struct errinfo *e)
{
    const struct latent_table *t = latents_table(a, v);
    if (screen == SCREEN_LATENTS) {
        if (!t || t != a->latents.ordered) {
            return err_set(e, ERR_USAGE, "no table of latents yet");
        }
        export_table(a, v, t, out);
    } else if (screen == SCREEN_DETAIL) {
        if (!v->detail) {
            return err_set(e, ERR_USAGE, "no latent described yet");
        }
        export_contexts(v, v->detail, out);
    } else {
        export_curves(v, out);
    }
    return str_err(out, "export", e);
}

enum err export_csv(const struct app *a, const struct session_view *v,
                    enum screen_id screen, const char *path, struct errinfo *e)
{
    struct str out;
    TRY(newfile_check(path, "choose another name", e));
    str_init(&out, EXPORT_MAX);
    enum err rc = export_text(a, v, screen, &out, e);
    if (rc == OK) {
        rc = file_write_named_text(path, out.p, e);
    }
    str_free(&out);
    return rc;
}
