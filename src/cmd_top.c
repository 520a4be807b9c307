/* saetop top: what the latents of a run mean, as text or JSON. */
#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include "browse.h"
#include "cmd.h"
#include "token_out.h"
#include "top_json.h"
#include "top_text.h"

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

/* ---- the share that match ---- */

/* Words, then the kinds of concepts. */
enum { KINDS = 1 + CONCEPT_KINDS };

static const char *kind_name(size_t kind)
{
    return kind == 0 ? "word" : concept_kind_name((enum concept_kind)(kind - 1));
}

/* Latents that table->matched counts, by where the match is and what it is. */
struct top_shares {
    size_t n[MATCH_PLACES][KINDS];
    size_t all[MATCH_PLACES];
};

static struct top_shares count_shares(const struct browse *t)
{
    struct top_shares s = {0};
    for (size_t j = 0; j < t->table->F; j++) {
        const struct latent_row *r = &t->table->row[j];
        if (!latent_is_matched(r)) {
            continue;
        }
        const size_t kind = r->match == MATCH_WORD
                                ? 0
                                : 1 + (size_t)t->in->concepts->def[r->match_id].kind;
        s.n[r->place][kind]++;
        s.all[r->place]++;
    }
    return s;
}

static void add_shares_text(const struct browse *t, size_t alive, struct str *out)
{
    static const char *const place[MATCH_PLACES] = {"at the token",
                                                    "at the token before"};
    const struct top_shares s = count_shares(t);
    const double each = alive ? 1.0 / (double)alive : 0;
    str_add(out, "unit of max and mean: " LATENT_UNIT "\n");
    str_addf(out,
             "%zu of %zu living latents (%s%%) match a concept or word with F1 of "
             "0.5 or more at their best cut; %zu dead; %zu held-out tokens",
             t->table->matched, alive,
             NUMBER_PERCENT(0, each * (double)t->table->matched), t->table->dead,
             t->table->n_tokens);
    top_text_extent(t->table, out);
    str_addc(out, '\n');
    for (size_t p = 0; p < MATCH_PLACES; p++) {
        str_addf(out, "  %s %zu (%s%%):", place[p], s.all[p],
                 NUMBER_PERCENT(0, each * (double)s.all[p]));
        for (size_t k = 0; k < KINDS; k++) {
            str_addf(out, "%s %s %zu", k ? "," : "", kind_name(k), s.n[p][k]);
        }
        str_addc(out, '\n');
    }
}

static void add_shares_json(const struct browse *t, size_t alive, struct str *out)
{
    const struct top_shares s = count_shares(t);
    str_addf(out, "{\"latents\":%zu,\"living\":%zu,\"matched\":%zu,\"matched_share\":",
             t->table->F, alive, t->table->matched);
    json_add_number(out, alive ? (double)t->table->matched / (double)alive : 0);
    str_add(out, ",\"matched_by\":{");
    for (size_t p = 0; p < MATCH_PLACES; p++) {
        str_addf(out, "%s\"%s\":{", p ? "," : "", names_place((enum match_place)p));
        for (size_t k = 0; k < KINDS; k++) {
            str_addf(out, "%s\"%s\":%zu", k ? "," : "", kind_name(k), s.n[p][k]);
        }
        str_addc(out, '}');
    }
    str_addf(out, "},\"tokens\":%zu", t->table->n_tokens);
    json_add_member(out, "read", latent_table_share(t->table));
    str_addf(out, ",\"step\":%lld}\n", (long long)t->table->step);
}

static void list_all(const struct browse *t, const struct latent_labels *labels,
                     bool json, struct str *out)
{
    const size_t F = t->table->F, alive = F - t->table->dead;
    if (!json) {
        top_text_heading(labels, out);
    }
    for (size_t j = 0; j < F; j++) {
        if (json) {
            top_json_row(t, labels, j, out);
            str_add(out, "}\n");
        } else if (t->table->row[j].fires) {
            top_text_row(t, labels, j, out);
        }
    }
    if (json) {
        add_shares_json(t, alive, out);
    } else {
        add_shares_text(t, alive, out);
    }
}

/* ---- one latent ---- */

static void add_next(const struct browse *t, const struct latent_next *next,
                     struct str *out)
{
    str_add(out, "'");
    token_out_text(t->in->lm->tok, next->id, out);
    str_addf(out, "' %s", NUMBER(NUMBER_PLAIN, 0, 2, (double)next->p));
}

static void add_context_text(const struct browse *t, const struct latent_context *c,
                             struct str *out)
{
    str_addf(out, "%s  ", NUMBER(NUMBER_PLAIN, 8, 3, (double)c->act));
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        const bool centre = i == CONTEXT_TOKENS / 2;
        if (c->token[i] >= 0) {
            str_add(out, centre ? "[[" : "");
            token_out_text(t->in->lm->tok, c->token[i], out);
            str_add(out, centre ? "]]" : "");
        }
    }
    str_addc(out, '\n');
    if (c->next.p > 0) {
        str_addf(out, "%8s  next ", "");
        add_next(t, &c->next, out);
        str_add(out, ", without it ");
        add_next(t, &c->next_without, out);
        str_addc(out, '\n');
    }
}

static void add_lens(const struct browse *t, const char *name, const int32_t *ids,
                     const float *logits, size_t n, struct str *out)
{
    str_addf(out, "%-12s", name);
    for (size_t i = 0; i < n; i++) {
        token_out_text(t->in->lm->tok, ids[i], out);
        str_addf(out, " %s  ", NUMBER(NUMBER_SIGNED, 0, 2, (double)logits[i]));
    }
    str_addc(out, '\n');
}

static void show_text(const struct browse *t, const struct latent_labels *labels,
                      const struct latent_detail *d, size_t n, struct str *out)
{
    top_text_heading(labels, out);
    top_text_row(t, labels, (size_t)d->latent, out);
    str_addf(out, "density     %s [%s, %s]\n",
             NUMBER(NUMBER_POWER, 0, 2, d->row.density),
             NUMBER(NUMBER_POWER, 0, 2, d->density_lo),
             NUMBER(NUMBER_POWER, 0, 2, d->density_hi));
    const size_t shown = d->n_lens < 10 ? d->n_lens : 10;
    str_addf(out, "ablated     %s nats on %zu token%s where it fires\n",
             NUMBER(NUMBER_SIGNED, 0, 4, d->delta_nll), d->delta_n,
             plural_s(d->delta_n));
    str_addf(out, "robustness  %s to masks of other tokens, on %zu token%s\n",
             NUMBER(NUMBER_PLAIN, 0, 2, d->robustness), d->robust_n,
             plural_s(d->robust_n));
    if (shown > 0) {
        add_lens(t, "promotes", d->lens[LENS_NORM].top, d->lens[LENS_NORM].top_logit,
                 shown, out);
        add_lens(t, "suppresses", d->lens[LENS_NORM].bottom,
                 d->lens[LENS_NORM].bottom_logit, shown, out);
    } else {
        str_add(out, "promotes    - (an MLP reads it, not the logits)\n");
    }
    str_addf(out, "%-12s", "neighbours");
    for (size_t i = 0; i < d->n_neighbours; i++) {
        str_addf(out, "#%d %s  ", d->neighbour[i],
                 NUMBER(NUMBER_PLAIN, 0, 2, (double)d->neighbour_cos[i]));
    }
    str_add(out, "\ncontexts (activations in the unit of max)\n");
    for (size_t i = 0; i < n; i++) {
        add_context_text(t, &d->context[i], out);
    }
}

/* Parse "top", "random", or a tenth 0..9 of the activation range. */
static enum err parse_interval(const char *text, int *out, struct errinfo *e)
{
    if (!text || strcmp(text, "top") == 0) {
        *out = INTERVAL_TOP;
    } else if (strcmp(text, "random") == 0) {
        *out = INTERVAL_RANDOM;
    } else if (strcmp(text, "zero") == 0) {
        *out = INTERVAL_ZERO;
    } else if (text[0] >= '0' && text[0] <= '9' && !text[1]) {
        *out = text[0] - '0';
    } else {
        return err_set(e, ERR_USAGE,
                       "--interval: found '%s', expected top, random, zero or 0-9",
                       text);
    }
    return OK;
}

static enum err show_latent(struct browse *t, const struct latent_labels *labels,
                            const struct top_args *a, struct str *out,
                            struct errinfo *e)
{
    enum err rc = OK;
    struct latent_detail *d = NULL;
    int interval = INTERVAL_TOP;
    TRY(parse_interval(a->interval, &interval, e));
    if ((size_t)a->latent >= t->table->F) {
        return err_set(e, ERR_USAGE, "--latent: found %lld, expected 0 to %zu",
                       (long long)a->latent, t->table->F - 1);
    }
    TRY(latent_detail_new(t->record.sae, t->set, t->in->concepts, t->table, t->in->lm,
                          t->in->hook, t->in->h, (int32_t)a->latent, interval,
                          t->record.step, t->in->pool, NULL, &d, e));
    TRY_OUT(rc, latent_detail_mask(d, t->record.sae, t->set, t->table, t->in->lm,
                                   t->in->h, inputs_mask_token(t->in), e));
    const size_t n =
        d->n_contexts < (size_t)a->contexts ? d->n_contexts : (size_t)a->contexts;
    TRY_OUT(rc, t->in->h ? latent_detail_next(d, t->record.sae, t->set, t->in->lm,
                                              t->in->h, 0, n, NULL, e)
                         : OK);
    if (a->json) {
        rc = top_json_latent(t, labels, d, (size_t)a->contexts, out, e);
    } else {
        show_text(t, labels, d, n, out);
    }
out:
    latent_detail_unref(d);
    return rc;
}

/* Print the table, or one latent, of what is at `path`. */
static enum err top(const char *path, const struct top_args *a,
                    const struct run_opts *ro, struct str *out, struct errinfo *e)
{
    struct browse t = {0};
    struct latent_labels *labels = NULL;
    enum err rc = OK;
    if (a->interval && a->latent < 0) {
        return err_set(e, ERR_USAGE,
                       "top: --interval says which contexts of --latent N");
    }
    TRY_OUT(rc, run_opts_check_centre(ro, &path, 1, e));
    TRY_OUT(rc, browse_open(path, ro, &t, e));
    TRY_OUT(rc, browse_labels(path, t.table->F, &labels, e));
    TRY_OUT(rc, browse_concepts(path, &t, e));
    if (a->latent < 0) {
        list_all(&t, labels, a->json, out);
    } else {
        rc = show_latent(&t, labels, a, out, e);
    }
out:
    latent_labels_unref(labels);
    browse_close(&t);
    return rc;
}

int cmd_top(int argc, char **argv)
{
    struct top_args a = {.latent = -1, .contexts = 20};
    // clang-format off
    const struct opt own[] = {
        {"latent", OPT_INT, &a.latent, "N", "one latent; without it all are listed", -1, 1e9, NULL},
        {"contexts", OPT_INT, &a.contexts, "N", "contexts shown", 0, LATENT_CONTEXTS, NULL},
        {"interval", OPT_STRING, &a.interval, "I", "which contexts: top, random, a tenth 0-9 of the activation range, or zero: silent on a top token", 0, 0, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "JSON: a line a latent, or all that Detail shows of one", 0, 0, NULL},
    };
    // clang-format on
    struct run_opts ro;
    const struct opts o = {
        .name = "top",
        .usage = "RUN [--latent N] [OPTIONS]",
        .about =
            "The top-activating tokens of a run's latents, on held-out text. Activations "
            "are in the unit of the saved SAE, as SAELens' encode gives them. RUN may be "
            "an SAE of another tool as well (`saetop import -h` lists them), with "
            "--model, --corpus and, if its files do not tell, --hook.",
        .min_args = 1,
        .max_args = 1,
        .n_runs = 1,
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct str out;
    int status = 0;
    if (!run_opts_begin_reading(&ro, o, own, sizeof own / sizeof own[0], argc, argv,
                                &parsed, &status)) {
        return status;
    }
    str_init(&out, OUTPUT_BYTES);
    const enum err rc = top(parsed.args[0], &a, &ro, &out, &e);
    return cmd_end(rc, &e, &out, a.json);
}
