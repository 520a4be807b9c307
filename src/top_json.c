#include "top_json.h"

#include "base/json.h"
#include "token_out.h"
#include "top_text.h"

static void add_token(const struct browse *t, int32_t id, struct str *out)
{
    token_out_json(t->in->lm->tok, id, out);
}

static void add_tokens(const struct browse *t, const struct latent_row *r,
                       struct str *out)
{
    str_add(out, "[");
    for (int i = 0; i < LATENT_TOP_TOKENS && r->top_token[i] >= 0; i++) {
        str_add(out, i ? "," : "");
        add_token(t, r->top_token[i], out);
    }
    str_add(out, "]");
}

static void add_member(const struct browse *t, const struct latent_column *c,
                       const struct latent_source *s, struct str *out)
{
    struct str text;
    str_addf(out, "\"%s\":", c->name);
    if (c->type == COLUMN_TOKENS) {
        add_tokens(t, s->row, out);
    } else if (!c->text) {
        json_add_number(out, latent_column_number(c, s));
    } else if (!latent_column_has(c, s)) {
        str_add(out, "null");
    } else {
        str_init(&text, 4096);
        latent_column_text(c, s, &text);
        json_add_string(out, text.len ? text.p : "", text.len);
        str_free(&text);
    }
}

void top_json_row(const struct browse *t, const struct latent_labels *labels, size_t j,
                  struct str *out)
{
    const struct latent_source s = top_source(t, labels, j);
    for (size_t i = 0; latent_column_nth(IN_JSON, i) >= 0; i++) {
        const int at = latent_column_nth(IN_JSON, i);
        str_addc(out, i ? ',' : '{');
        add_member(t, latent_column_at((size_t)at), &s, out);
    }
    str_add(out, ",\"unit\":\"" LATENT_UNIT "\"");
}

/* ---- one latent ---- */

static void add_next(const struct browse *t, const char *name,
                     const struct latent_next *next, struct str *out)
{
    str_addf(out, ",\"%s\":{\"token\":", name);
    add_token(t, next->id, out);
    json_add_member(out, "probability", (double)next->p);
    str_addc(out, '}');
}

/* Add a context; what comes next is given if it was measured. */
static void add_context(const struct browse *t, const struct latent_context *c,
                        struct str *out)
{
    str_add(out, "{\"activation\":");
    json_add_number(out, (double)c->act);
    str_addf(out, ",\"row\":%zu,\"position\":%zu,\"tokens\":[", c->row, c->pos);
    bool first = true;
    for (int i = 0; i < CONTEXT_TOKENS; i++) {
        if (c->token[i] >= 0) {
            str_add(out, first ? "" : ",");
            add_token(t, c->token[i], out);
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
    add_token(t, c->token[CONTEXT_TOKENS / 2], out);
    if (c->next.p > 0) {
        add_next(t, "next", &c->next, out);
        add_next(t, "next_without", &c->next_without, out);
    }
    str_add(out, "}");
}

static void add_contexts(const struct browse *t, const struct latent_detail *d,
                         size_t n, struct str *out)
{
    str_add(out, ",\"contexts\":[");
    for (size_t i = 0; i < d->n_contexts && i < n; i++) {
        str_add(out, i ? "," : "");
        add_context(t, &d->context[i], out);
    }
    str_add(out, "]");
}

static void add_lens(const struct browse *t, const char *name, const int32_t *ids,
                     const float *logits, size_t n, struct str *out)
{
    str_addf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        str_add(out, i ? ",{\"token\":" : "{\"token\":");
        add_token(t, ids[i], out);
        json_add_member(out, "logit", (double)logits[i]);
        str_addc(out, '}');
    }
    str_add(out, "]");
}

/* Add the histogram: bin i counts activations in (max * i / bins, max * (i + 1) /
 * bins]. */
static void add_histogram(const struct latent_detail *d, struct str *out)
{
    str_add(out, ",\"histogram\":{\"max\":");
    json_add_number(out, (double)d->hist_max);
    str_add(out, ",\"counts\":[");
    for (size_t i = 0; i < LATENT_HIST_BINS; i++) {
        str_addf(out, i ? ",%zu" : "%zu", d->hist[i]);
    }
    str_add(out, "]}");
}

static void add_neighbours(const struct latent_detail *d, struct str *out)
{
    str_add(out, ",\"neighbours\":[");
    for (size_t i = 0; i < d->n_neighbours; i++) {
        str_addf(out, "%s{\"latent\":%d", i ? "," : "", d->neighbour[i]);
        json_add_member(out, "cosine", (double)d->neighbour_cos[i]);
        str_addc(out, '}');
    }
    str_add(out, "]");
}

static void add_together(const struct latent_detail *d, struct str *out)
{
    str_add(out, ",\"fires_with\":[");
    for (size_t i = 0; i < d->n_together; i++) {
        str_addf(out, "%s{\"latent\":%d,\"tokens\":%u", i ? "," : "", d->together[i],
                 d->together_fires[i]);
        json_add_member(out, "share", (double)d->together_share[i]);
        str_addc(out, '}');
    }
    str_add(out, "]");
}

/* Make the latent's detail with n contexts of another interval, and what comes next in
 * them. */
static enum err of_interval(const struct browse *t, const struct latent_detail *d,
                            int interval, size_t n, struct latent_detail **out,
                            struct errinfo *e)
{
    const struct inputs *in = t->in;
    TRY(latent_detail_new(t->record.sae, t->set, in->concepts, t->table, in->lm,
                          in->hook, NULL, d->latent, interval, t->record.step, in->pool,
                          NULL, out, e));
    const enum err rc = in->h ? latent_detail_next(*out, t->record.sae, t->set, in->lm,
                                                   in->h, 0, n, NULL, e)
                              : OK;
    if (rc != OK) {
        latent_detail_unref(*out);
    }
    return rc;
}

static void add_interval(const struct browse *t, const struct latent_detail *d,
                         size_t n, struct str *out)
{
    const int k = d->interval;
    str_add(out, "{\"interval\":");
    if (k >= 0) {
        const double max = (double)d->row.max;
        str_addf(out, "%d", k);
        json_add_member(out, "above", max * k / 10.0);
        json_add_member(out, "up_to", max * (k + 1) / 10.0);
    } else {
        str_add(out, k == INTERVAL_TOP      ? "\"top\""
                     : k == INTERVAL_RANDOM ? "\"random\""
                                            : "\"zero\"");
    }
    str_addf(out, ",\"tokens\":%zu", d->n_in_interval);
    add_contexts(t, d, n, out);
    str_addc(out, '}');
}

/* Add the intervals: the largest (in "contexts" only unless another interval was asked
 * for), the tenths of (0, max], random firing tokens, silent ones. */
static enum err add_intervals(const struct browse *t, struct latent_detail *d, size_t n,
                              struct str *out, struct errinfo *e)
{
    static const int interval[] = {
        INTERVAL_TOP, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, INTERVAL_RANDOM, INTERVAL_ZERO};
    str_add(out, ",\"intervals\":[");
    for (size_t i = 0; i < sizeof interval / sizeof *interval; i++) {
        struct latent_detail *one = NULL;
        if (interval[i] == d->interval) {
            one = latent_detail_ref(d);
        } else {
            TRY(of_interval(t, d, interval[i], n, &one, e));
        }
        str_add(out, i ? "," : "");
        add_interval(t, one, n, out);
        latent_detail_unref(one);
    }
    str_addc(out, ']');
    return OK;
}

enum err top_json_latent(const struct browse *t, const struct latent_labels *labels,
                         struct latent_detail *d, size_t n, struct str *out,
                         struct errinfo *e)
{
    const struct latent_lens *norm = &d->lens[LENS_NORM],
                             *direct = &d->lens[LENS_DIRECT];
    top_json_row(t, labels, (size_t)d->latent, out);
    str_addf(out, ",\"step\":%lld,\"density_interval\":[", (long long)d->step);
    json_add_number(out, d->density_lo);
    str_addc(out, ',');
    json_add_number(out, d->density_hi);
    str_addc(out, ']');
    json_add_member(out, "encoder_decoder_cosine", (double)d->enc_dec_cos);
    json_add_member(out, "delta_nll", d->delta_nll);
    json_add_member(out, "delta_nll_tokens", (double)d->delta_n);
    json_add_member(out, "robustness", d->robustness);
    json_add_member(out, "robustness_tokens", (double)d->robust_n);
    add_histogram(d, out);
    add_lens(t, "promotes", norm->top, norm->top_logit, d->n_lens, out);
    add_lens(t, "suppresses", norm->bottom, norm->bottom_logit, d->n_lens, out);
    add_lens(t, "promotes_direct", direct->top, direct->top_logit, d->n_lens, out);
    add_lens(t, "suppresses_direct", direct->bottom, direct->bottom_logit, d->n_lens,
             out);
    add_neighbours(d, out);
    add_together(d, out);
    add_contexts(t, d, n, out);
    TRY(add_intervals(t, d, n, out, e));
    str_add(out, "}\n");
    return OK;
}
