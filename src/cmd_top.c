/* saetop top: what the latents of a run mean, as text or JSON. */
#include "base/json.h"
#include "base/utf8.h"
#include "cmd.h"
#include "latents/latents.h"
#include "samples_dir.h"
#include "train/inputs.h"
#include "train/rundir.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)256 << 20)

struct top_args {
    const char *run;
    int64_t latent; /* -1: all */
    int64_t contexts;
    const char *interval;
    bool json;
};

/* Everything behind one listing; released by close_run. */
struct top_run {
    struct run_record record;
    struct inputs *in;
    struct acts_set *set;
    struct latent_table *table;
};

static void close_run(struct top_run *t)
{
    latent_table_unref(t->table);
    acts_set_free(t->set);
    inputs_free(t->in);
    run_record_deinit(&t->record);
}

static enum err open_run(const char *dir, struct top_run *t, struct errinfo *e)
{
    TRY(rundir_load(dir, &t->record, e));
    struct settings *s = &t->record.set;
    TRY(samples_dir(s->samples_dir, sizeof s->samples_dir, e));
    TRY(inputs_new(s, &t->in, e));
    if (t->record.sae->D != t->in->lm->cfg.d_model) {
        return err_set(e, ERR_FORMAT,
                       "%s: the SAE reads %zu dimensions, the model has %zu", dir,
                       t->record.sae->D, t->in->lm->cfg.d_model);
    }
    TRY(acts_set_new(t->in->h, t->in->corpus, CORPUS_HELDOUT, t->in->lm->tok,
                     (size_t)t->in->set.browse_rows, &t->set, e));
    return latent_table_new(t->record.sae, t->set, t->in->concepts, t->record.step,
                            t->in->pool, NULL, &t->table, e);
}

/* ---- all latents ---- */

static void add_token(const struct top_run *t, int32_t id, bool json, struct str *out)
{
    size_t len = 0;
    const char *piece = tok_piece_view(t->in->lm->tok, id, &len);
    if (json) {
        json_add_string(out, piece ? piece : "", piece ? len : 0);
    } else {
        utf8_escape(out, piece ? piece : "", piece ? len : 0);
    }
}

static void add_row_json(const struct top_run *t, size_t j, struct str *out)
{
    const struct latent_row *r = &t->table->row[j];
    char name[96];
    latent_match_name(r, t->in->concepts, t->in->lm->tok, name, sizeof name);
    str_addf(out, "{\"latent\":%zu,\"density\":", j);
    json_add_number(out, r->density);
    str_add(out, ",\"max\":");
    json_add_number(out, (double)r->max);
    str_add(out, ",\"mean\":");
    json_add_number(out, (double)r->mean);
    str_add(out, ",\"match\":");
    json_add_string(out, name, strlen(name));
    str_add(out, ",\"match_cut\":");
    json_add_number(out, (double)r->match_cut);
    str_add(out, ",\"precision\":");
    json_add_number(out, (double)r->precision);
    str_add(out, ",\"recall\":");
    json_add_number(out, (double)r->recall);
    str_add(out, ",\"f1\":");
    json_add_number(out, (double)r->f1);
    str_add(out, ",\"top_tokens\":[");
    for (int i = 0; i < LATENT_TOP_TOKENS && r->top_token[i] >= 0; i++) {
        str_add(out, i ? "," : "");
        add_token(t, r->top_token[i], true, out);
    }
    str_add(out, "]");
}

static void add_row_text(const struct top_run *t, size_t j, struct str *out)
{
    const struct latent_row *r = &t->table->row[j];
    char name[96];
    struct str safe;
    latent_match_name(r, t->in->concepts, t->in->lm->tok, name, sizeof name);
    str_init(&safe, 4096);
    utf8_escape(&safe, name, strlen(name));
    str_addf(out, "%6zu  %8.2e  %7.3f  %7.3f  %4.2f  %4.2f  %4.2f  %-22s", j,
             r->density, (double)r->max, (double)r->mean, (double)r->precision,
             (double)r->recall, (double)r->f1, safe.len ? safe.p : "");
    for (int i = 0; i < LATENT_TOP_TOKENS && r->top_token[i] >= 0; i++) {
        str_add(out, i ? ", " : "  ");
        add_token(t, r->top_token[i], false, out);
    }
    str_addc(out, '\n');
    str_free(&safe);
}

static void list_all(const struct top_run *t, bool json, struct str *out)
{
    const size_t F = t->table->F, alive = F - t->table->dead;
    const double share = alive ? (double)t->table->matched / (double)alive : 0;
    if (!json) {
        str_addf(out, "%6s  %8s  %7s  %7s  %4s  %4s  %4s  %-22s  %s\n", "latent",
                 "density", "max", "mean", "P", "R", "F1", "match", "top tokens");
    }
    for (size_t j = 0; j < F; j++) {
        if (json) {
            add_row_json(t, j, out);
            str_add(out, "}\n");
        } else if (t->table->row[j].fires) {
            add_row_text(t, j, out);
        }
    }
    if (json) {
        str_addf(out,
                 "{\"latents\":%zu,\"living\":%zu,\"matched\":%zu,"
                 "\"matched_share\":",
                 F, alive, t->table->matched);
        json_add_number(out, share);
        str_addf(out, ",\"tokens\":%zu,\"step\":%lld}\n", t->table->n_tokens,
                 (long long)t->table->step);
    } else {
        str_addf(
            out,
            "%zu of %zu living latents (%.0f%%) match a concept or word with F1 of "
            "0.5 or more at their best cut; %zu dead; %zu held-out tokens\n",
            t->table->matched, alive, 100 * share, t->table->dead, t->table->n_tokens);
    }
}

/* ---- one latent ---- */

static void add_context_text(const struct top_run *t, const struct latent_context *c,
                             struct str *out)
{
    str_addf(out, "%8.3f  ", (double)c->act);
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        const bool centre = i == CONTEXT_TOKENS / 2;
        if (c->token[i] >= 0) {
            str_add(out, centre ? "[[" : "");
            add_token(t, c->token[i], false, out);
            str_add(out, centre ? "]]" : "");
        }
    }
    str_addc(out, '\n');
}

static void add_context_json(const struct top_run *t, const struct latent_context *c,
                             struct str *out)
{
    str_add(out, "{\"activation\":");
    json_add_number(out, (double)c->act);
    str_addf(out, ",\"row\":%zu,\"position\":%zu,\"tokens\":[", c->row, c->pos);
    bool first = true;
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        if (c->token[i] >= 0) {
            str_add(out, first ? "" : ",");
            add_token(t, c->token[i], true, out);
            first = false;
        }
    }
    str_add(out, "],\"activations\":[");
    first = true;
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        if (c->token[i] >= 0) {
            str_add(out, first ? "" : ",");
            json_add_number(out, (double)c->heat[i]);
            first = false;
        }
    }
    str_add(out, "],\"token\":");
    add_token(t, c->token[CONTEXT_TOKENS / 2], true, out);
    str_add(out, "}");
}

static void add_lens(const struct top_run *t, const char *name, const int32_t *ids,
                     const float *logits, size_t n, bool json, struct str *out)
{
    str_addf(out, json ? ",\"%s\":[" : "%-12s", name);
    for (size_t i = 0; i < n; i++) {
        if (json) {
            str_add(out, i ? ",{\"token\":" : "{\"token\":");
            add_token(t, ids[i], true, out);
            str_add(out, ",\"logit\":");
            json_add_number(out, (double)logits[i]);
            str_addc(out, '}');
        } else {
            add_token(t, ids[i], false, out);
            str_addf(out, " %+.2f  ", (double)logits[i]);
        }
    }
    str_add(out, json ? "]" : "\n");
}

static void show_text(const struct top_run *t, const struct latent_detail *d, size_t n,
                      struct str *out)
{
    str_addf(out, "%6s  %8s  %7s  %7s  %4s  %4s  %4s  %-22s  %s\n", "latent", "density",
             "max", "mean", "P", "R", "F1", "match", "top tokens");
    add_row_text(t, (size_t)d->latent, out);
    str_addf(out, "density     %.2e [%.2e, %.2e]\n", d->row.density, d->density_lo,
             d->density_hi);
    str_addf(out, "ablated     %+.4f nats on %zu tokens where it fires\n", d->delta_nll,
             d->delta_n);
    add_lens(t, "promotes", d->lens[LENS_NORM].top, d->lens[LENS_NORM].top_logit, 10,
             false, out);
    add_lens(t, "suppresses", d->lens[LENS_NORM].bottom,
             d->lens[LENS_NORM].bottom_logit, 10, false, out);
    str_addf(out, "%-12s", "neighbours");
    for (size_t i = 0; i < d->n_neighbours; i++) {
        str_addf(out, "#%d %.2f  ", d->neighbour[i], (double)d->neighbour_cos[i]);
    }
    str_add(out, "\ncontexts\n");
    for (size_t i = 0; i < n; i++) {
        add_context_text(t, &d->context[i], out);
    }
}

static void show_json(const struct top_run *t, const struct latent_detail *d, size_t n,
                      struct str *out)
{
    add_row_json(t, (size_t)d->latent, out);
    str_add(out, ",\"density_interval\":[");
    json_add_number(out, d->density_lo);
    str_addc(out, ',');
    json_add_number(out, d->density_hi);
    str_add(out, "],\"delta_nll\":");
    json_add_number(out, d->delta_nll);
    add_lens(t, "promotes", d->lens[LENS_NORM].top, d->lens[LENS_NORM].top_logit,
             d->n_lens, true, out);
    add_lens(t, "suppresses", d->lens[LENS_NORM].bottom,
             d->lens[LENS_NORM].bottom_logit, d->n_lens, true, out);
    str_add(out, ",\"neighbours\":[");
    for (size_t i = 0; i < d->n_neighbours; i++) {
        str_addf(out, "%s{\"latent\":%d,\"cosine\":", i ? "," : "", d->neighbour[i]);
        json_add_number(out, (double)d->neighbour_cos[i]);
        str_addc(out, '}');
    }
    str_add(out, "],\"contexts\":[");
    for (size_t i = 0; i < n; i++) {
        str_add(out, i ? "," : "");
        add_context_json(t, &d->context[i], out);
    }
    str_add(out, "]}\n");
}

/* "top", "random", or a tenth 0..9 of the activation range. */
static enum err parse_interval(const char *text, int *out, struct errinfo *e)
{
    if (!text || strcmp(text, "top") == 0) {
        *out = INTERVAL_TOP;
    } else if (strcmp(text, "random") == 0) {
        *out = INTERVAL_RANDOM;
    } else if (text[0] >= '0' && text[0] <= '9' && !text[1]) {
        *out = text[0] - '0';
    } else {
        return err_set(e, ERR_USAGE,
                       "--interval: found '%s', expected top, random or 0-9", text);
    }
    return OK;
}

static enum err show_latent(struct top_run *t, const struct top_args *a,
                            struct str *out, struct errinfo *e)
{
    struct latent_detail *d = NULL;
    int interval = INTERVAL_TOP;
    TRY(parse_interval(a->interval, &interval, e));
    if ((size_t)a->latent >= t->table->F) {
        return err_set(e, ERR_USAGE, "--latent: found %lld, expected 0 to %zu",
                       (long long)a->latent, t->table->F - 1);
    }
    TRY(latent_detail_new(t->record.sae, t->set, t->in->concepts, t->table, t->in->lm,
                          t->in->h, (int32_t)a->latent, interval, t->record.step,
                          t->in->pool, NULL, &d, e));
    const size_t n =
        d->n_contexts < (size_t)a->contexts ? d->n_contexts : (size_t)a->contexts;
    if (a->json) {
        show_json(t, d, n, out);
    } else {
        show_text(t, d, n, out);
    }
    latent_detail_unref(d);
    return OK;
}

int cmd_top(int argc, char **argv)
{
    struct top_args a = {.latent = -1, .contexts = 20};
    // clang-format off
    const struct opt table[] = {
        {"latent", OPT_INT, &a.latent, "N", "one latent; without it all are listed", -1, 1e9, NULL},
        {"contexts", OPT_INT, &a.contexts, "N", "contexts shown", 0, LATENT_CONTEXTS, NULL},
        {"interval", OPT_STRING, &a.interval, "I", "which contexts: top, random, or a tenth 0-9 of the activation range", 0, 0, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "JSON: one object, or a line a latent", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "top",
        .usage = "RUN [--latent N] [OPTIONS]",
        .about = "The top-activating tokens of a run's latents, on held-out text.",
        .table = table,
        .n = sizeof table / sizeof table[0],
        .min_args = 1,
        .max_args = 1,
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct top_run t = {0};
    struct str out;
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &parsed, &status)) {
        return status;
    }
    str_init(&out, OUTPUT_BYTES);
    enum err rc = open_run(parsed.args[0], &t, &e);
    if (rc == OK) {
        if (a.latent < 0) {
            list_all(&t, a.json, &out);
        } else {
            rc = show_latent(&t, &a, &out, &e);
        }
    }
    close_run(&t);
    if (rc != OK) {
        str_free(&out);
        return cmd_fail(rc, &e);
    }
    return cmd_print(&out);
}
