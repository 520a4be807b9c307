/* results.json, written as text with an element per line, so that versions of it can be
 * compared line by line. */
#include "base/mem.h"
#include "sweep/table_priv.h"

#include <math.h>
#include <string.h>

/* Adds a comma if something comes before. */
static void next(struct str *out)
{
    const char last = out->len ? out->p[out->len - 1] : '{';
    str_add(out, last == '{' || last == '[' ? "" : ",");
}

/* The same at the start of a line. */
static void next_line(struct str *out)
{
    next(out);
    str_add(out, "\n    ");
}

static void put_key(struct str *out, const char *key)
{
    next(out);
    json_add_string(out, key, strlen(key));
    str_addc(out, ':');
}

static void put_text(struct str *out, const char *key, const char *text)
{
    put_key(out, key);
    json_add_string(out, text, strlen(text));
}

static void put_number(struct str *out, const char *key, double v)
{
    put_key(out, key);
    json_add_number(out, v);
}

static void put_bool(struct str *out, const char *key, bool v)
{
    put_key(out, key);
    str_add(out, v ? "true" : "false");
}

/* Starts a member of the top level, on a line of its own. */
static void top(struct str *out, const char *key)
{
    next(out);
    str_addf(out, "\n  \"%s\": ", key);
}

static enum err put_settings(const struct settings *s, struct str *out,
                             struct errinfo *e)
{
    cJSON *obj = cJSON_CreateObject();
    enum err rc = obj ? settings_add_json(s, obj, e)
                      : err_set(e, ERR_NOMEM, "results.json: out of memory");
    char *text = rc == OK ? cJSON_PrintUnformatted(obj) : NULL;
    if (rc == OK && !text) {
        rc = err_set(e, ERR_NOMEM, "results.json: out of memory");
    }
    if (text) {
        str_add(out, text);
        cJSON_free(text);
    }
    cJSON_Delete(obj);
    return rc;
}

static void put_measures(struct sweep_set set, struct str *out)
{
    static const char *const way[] = {"lower", NULL, "higher"};
    for (size_t m = set.first; m < set.end; m++) {
        const struct measure *d = sweep_measure_def(m);
        next_line(out);
        str_addc(out, '{');
        put_text(out, "column", d->result);
        put_text(out, "label", sweep_measure_label(m));
        put_text(out, "about", d->about ? d->about : d->help);
        put_key(out, "paper_reports");
        if (way[d->paper + 1]) {
            json_add_string(out, way[d->paper + 1], strlen(way[d->paper + 1]));
        } else {
            str_add(out, "null");
        }
        str_addc(out, '}');
    }
}

static void put_parts(const struct sweep_plan *p, struct str *out)
{
    for (size_t q = 0; q < p->n_parts; q++) {
        next_line(out);
        str_addc(out, '{');
        put_text(out, "name", p->part[q].name);
        put_text(out, "about", p->part[q].about);
        put_key(out, "arms");
        str_addc(out, '[');
        for (size_t i = 0; i < p->part[q].n_conditions; i++) {
            next(out);
            str_addf(out, "%zu", p->part[q].condition[i]);
        }
        str_add(out, "]}");
    }
}

static void put_conditions(const struct findings *f, struct str *out)
{
    for (size_t a = 0; a < f->plan->n_conditions; a++) {
        const size_t base = f->plan->condition[a].baseline;
        next_line(out);
        str_addc(out, '{');
        put_text(out, "label", f->plan->condition[a].label);
        put_number(out, "baseline", base == SWEEP_NONE ? (double)NAN : (double)base);
        put_bool(out, "complete", f->condition[a].complete);
        if (f->condition[a].complete) {
            put_key(out, "mean_sd");
            str_addc(out, '{');
            for (size_t m = f->set.first; m < f->set.end; m++) {
                double mean, sd;
                (void)findings_mean(f, a, m, &mean, &sd);
                put_key(out, sweep_measure_def(m)->result);
                str_addc(out, '[');
                json_add_number(out, mean);
                next(out);
                json_add_number(out, sd);
                str_addc(out, ']');
            }
            str_addc(out, '}');
        }
        str_addc(out, '}');
    }
}

static void put_result(const struct sweep_cell *c, const struct sweep_result *r,
                       struct str *out)
{
    const struct sweep_set set = sweep_set_of(c->source);
    if (c->target_l0 > 0) {
        put_number(out, "sparsity", r->sparsity);
        put_bool(out, "matched", r->on_target);
    }
    put_number(out, "steps", r->steps);
    put_number(out, "vectors", r->vectors);
    put_number(out, "tokens_read", r->tokens_read);
    put_number(out, "seconds", r->seconds);
    put_key(out, "measures");
    str_addc(out, '{');
    for (size_t m = set.first; m < set.end; m++) {
        put_number(out, sweep_measure_def(m)->result, r->v[m]);
    }
    str_addc(out, '}');
}

static void put_cells(const struct findings *f, struct str *out)
{
    for (size_t i = 0; i < f->plan->n_cells; i++) {
        const struct sweep_cell *c = &f->plan->cell[i];
        next_line(out);
        str_addc(out, '{');
        put_text(out, "cell", c->name);
        put_number(out, "arm", (double)c->condition);
        put_number(out, "seed", (double)c->seed);
        put_number(out, "mask_rate", c->mask_rate);
        put_key(out, "settings");
        str_addc(out, '{');
        for (size_t j = 0; j < c->n_pairs; j++) {
            put_text(out, c->pair[j].key, c->pair[j].value);
        }
        str_addc(out, '}');
        put_bool(out, "finished", f->results[i].done);
        if (f->results[i].done) {
            put_result(c, &f->results[i], out);
        }
        str_addc(out, '}');
    }
}

static void put_effect(const struct sweep_effect *x, struct str *out)
{
    put_text(out, "measure", sweep_measure_def(x->measure)->result);
    put_number(out, "pairs", (double)x->pairs);
    put_number(out, "lower", (double)x->lower);
    put_number(out, "higher", (double)x->higher);
    put_number(out, "before", x->before);
    put_number(out, "after", x->after);
    put_number(out, "difference", x->by.mean);
    put_key(out, "interval");
    str_addc(out, '[');
    json_add_number(out, x->by.low);
    next(out);
    json_add_number(out, x->by.high);
    str_addc(out, ']');
    put_number(out, "p", x->p);
    put_number(out, "p_holm", x->p_holm);
    put_text(out, "verdict", sweep_verdict_text(sweep_verdict_of(x)));
}

static void put_effects(const struct findings *f, struct str *out)
{
    for (size_t a = 0; a < f->plan->n_conditions; a++) {
        for (size_t m = f->set.first; f->condition[a].compared && m < f->set.end; m++) {
            next_line(out);
            str_addc(out, '{');
            put_number(out, "arm", (double)a);
            put_effect(&f->condition[a].effect[m], out);
            str_addc(out, '}');
        }
    }
}

static void put_averages(const struct findings *f, struct str *out)
{
    for (size_t q = 0; q < f->plan->n_parts; q++) {
        for (size_t m = f->set.first; m < f->set.end; m++) {
            const struct sweep_effect *x = &f->part[q].average[m];
            if (x->conditions > 0) {
                next_line(out);
                str_addc(out, '{');
                put_number(out, "part", (double)q);
                put_number(out, "arms", (double)x->conditions);
                put_effect(x, out);
                str_addc(out, '}');
            }
        }
    }
}

static enum err put_all(const struct findings *f, struct str *out, struct errinfo *e)
{
    str_addc(out, '{');
    top(out, "saetop");
    str_addf(out, "\"%s\"", SAETOP_VERSION);
    top(out, "runs");
    str_addf(out, "%zu", f->plan->n_cells);
    top(out, "finished");
    str_addf(out, "%zu", f->finished);
    top(out, "settings");
    TRY(put_settings(&f->plan->base, out, e));
    top(out, "measures");
    str_addc(out, '[');
    put_measures(f->set, out);
    str_addc(out, ']');
    top(out, "parts");
    str_addc(out, '[');
    put_parts(f->plan, out);
    str_addc(out, ']');
    top(out, "arms");
    str_addc(out, '[');
    put_conditions(f, out);
    str_addc(out, ']');
    top(out, "cells");
    str_addc(out, '[');
    put_cells(f, out);
    str_addc(out, ']');
    top(out, "effects");
    str_addc(out, '[');
    put_effects(f, out);
    str_addc(out, ']');
    top(out, "averages");
    str_addc(out, '[');
    put_averages(f, out);
    str_add(out, "]\n}\n");
    return str_err(out, "results.json", e);
}

enum err sweep_json(const struct sweep_plan *p, const struct sweep_result *results,
                    struct str *out, struct errinfo *e)
{
    struct findings f;
    TRY(findings_init(&f, p, results, e));
    const enum err rc = put_all(&f, out, e);
    findings_deinit(&f);
    return rc;
}
