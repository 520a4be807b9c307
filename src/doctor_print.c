#include "doctor_print.h"

#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include "opts.h"
#include "text/mask.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LABEL 11

/* Write the mask token as text: "<mask> #4, its mask token". */
static void mask_text(const struct inputs *in, char *out, size_t cap)
{
    const char *what = "as named";
    char name[64];
    if (in->set.mask_kind != MASK_TOKEN) {
        snprintf(out, cap, "a draw");
    } else if (in->mask_token < 0) {
        snprintf(out, cap, "none");
    } else {
        const char *chosen = NULL;
        if (mask_token_choose(in->lm->tok, &chosen) == in->mask_token && chosen) {
            what = chosen;
        }
        mask_token_name(in->lm->tok, in->mask_token, name, sizeof name);
        snprintf(out, cap, "%s %s%d, %s", name, name[0] == '#' ? "" : "#",
                 (int)in->mask_token, what);
        if (name[0] == '#') {
            snprintf(out, cap, "%s, %s", name, what);
        }
    }
}

/* ---- text ---- */

/* Add the words of `text` after a label. */
static void add_words(struct str *out, const char *label, const char *text)
{
    struct str safe;
    str_init(&safe, 1u << 16);
    utf8_escape(&safe, text, strlen(text));
    str_addf(out, "%-*s", LABEL, label);
    str_wrap(out, safe.len ? safe.p : "", LABEL, LABEL);
    str_free(&safe);
}

__attribute__((format(printf, 3, 4))) static void
add_line(struct str *out, const char *label, const char *fmt, ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    add_words(out, label, text);
}

static void add_model(const struct doctor_page *p, struct str *out)
{
    const struct lm *m = p->d->in->lm;
    char n[32] = "?", mask[160];
    const double bytes = (double)lm_file_bytes(m);
    size_t weights = 0;
    struct errinfo unused;
    if (lm_weight_count(&m->cfg, &weights, &unused) == OK) {
        snprintf(n, sizeof n, "%s", NUMBER_COUNT((double)weights));
    }
    add_line(out, "model",
             "%s: %s, %s%s%s, %s weights, %zu block%s of width %zu, "
             "%zu tokens of context",
             path_base(p->model ? p->model : m->dir), m->cfg.family->name,
             file_is_dir(m->dir) ? "a Hugging Face directory" : "GGUF",
             bytes > 0 ? " of " : "", bytes > 0 ? NUMBER_BYTES(bytes) : "", n,
             m->cfg.n_layer, plural_s(m->cfg.n_layer), m->cfg.d_model, m->cfg.n_ctx);
    mask_text(p->d->in, mask, sizeof mask);
    add_line(out, "tokens", "%zu; BOS %s, EOS %s, mask: %s", tok_rows(m->tok),
             tok_bos(m->tok) >= 0 ? "yes" : "no", tok_eos(m->tok) >= 0 ? "yes" : "no",
             mask);
}

static void add_fit(struct str *out, const char *label, const struct sae_fit *f,
                    bool name)
{
    add_line(out, label, "%s: %s%s%s%s%s", name ? path_base(f->path) : f->path,
             f->fits ? "fits" : "does not fit", f->what[0] ? "; " : "", f->what,
             f->why[0] ? "; " : "", f->why);
}

static void add_fits(const struct doctor_page *p, struct str *out)
{
    size_t fit = 0;
    if (p->asked) {
        add_fit(out, "SAE", p->asked, false);
    }
    for (size_t i = 0; i < p->n_fit; i++) {
        if (p->fit[i].fits) {
            add_fit(out, fit++ ? "" : "SAEs", &p->fit[i], true);
        }
    }
    if (p->fit_dir[0] && p->n_fit == 0) {
        add_line(out, "SAEs", "none in %s", p->fit_dir);
    } else if (p->fit_dir[0]) {
        add_line(out, fit ? "" : "SAEs", "%zu of %zu fit%s of those in %s", fit,
                 p->n_fit, fit == 1 ? "s," : ",", p->fit_dir);
    }
}

void doctor_add_text(const struct doctor_page *p, struct str *out)
{
    struct cost_line line[COST_LINES];
    const struct remarks *r = &p->d->in->remarks;
    const size_t n = run_cost_lines(&p->d->cost, p->d->in, line);
    add_model(p, out);
    for (size_t i = 0; i < n; i++) {
        add_words(out, line[i].label, line[i].text);
    }
    for (size_t i = 0; i < r->n; i++) {
        add_words(out, i ? "" : "remarks", r->line[i]);
    }
    add_fits(p, out);
    str_addf(out, "\n%s\n", p->next);
}

/* ---- JSON ---- */

static void add_key(struct str *out, const char *key)
{
    if (out->len && out->p[out->len - 1] != '{') {
        str_addc(out, ',');
    }
    str_addf(out, "\"%s\":", key);
}

static void add_number(struct str *out, const char *key, double v)
{
    add_key(out, key);
    json_add_number(out, v);
}

static void add_string(struct str *out, const char *key, const char *text)
{
    add_key(out, key);
    if (text) {
        json_add_string(out, text, strlen(text));
    } else {
        str_add(out, "null");
    }
}

static void add_id(struct str *out, const char *key, int32_t id)
{
    add_number(out, key, id >= 0 ? (double)id : (double)NAN);
}

static void open_object(struct str *out, const char *key)
{
    add_key(out, key);
    str_addc(out, '{');
}

static void json_model(const struct doctor_page *p, struct str *out)
{
    const struct inputs *in = p->d->in;
    const struct lm *m = in->lm;
    size_t weights = 0;
    struct errinfo unused;
    const bool counted = lm_weight_count(&m->cfg, &weights, &unused) == OK;
    char name[64] = "";
    if (in->mask_token >= 0) {
        mask_token_name(m->tok, in->mask_token, name, sizeof name);
    }
    open_object(out, "model");
    add_string(out, "path", m->dir);
    add_string(out, "family", m->cfg.family->name);
    add_string(out, "format", file_is_dir(m->dir) ? "huggingface" : "gguf");
    add_number(out, "bytes", (double)lm_file_bytes(m));
    add_number(out, "weights", counted ? (double)weights : (double)NAN);
    add_number(out, "blocks", (double)m->cfg.n_layer);
    add_number(out, "width", (double)m->cfg.d_model);
    add_number(out, "context", (double)m->cfg.n_ctx);
    add_number(out, "vocabulary", (double)tok_rows(m->tok));
    add_id(out, "bos", tok_bos(m->tok));
    add_id(out, "eos", tok_eos(m->tok));
    add_id(out, "own_mask", tok_mask(m->tok));
    add_id(out, "mask", in->mask_token);
    add_string(out, "mask_token", in->mask_token >= 0 ? name : NULL);
    str_addc(out, '}');
}

static void json_text(const struct doctor_page *p, struct str *out)
{
    const struct corpus *c = p->d->in->corpus;
    const struct text_loss *l = &p->d->in->text;
    open_object(out, "text");
    add_string(out, "corpus", corpus_spec(c));
    add_number(out, "documents",
               corpus_is_finite(c) ? (double)corpus_count(c, CORPUS_TRAIN)
                                   : (double)NAN);
    add_number(out, "tokens", p->d->cost.text_tokens);
    add_number(out, "tokens_per_word",
               l->tokens_per_word > 0 ? l->tokens_per_word : (double)NAN);
    add_number(out, "loss", l->clean);
    add_number(out, "loss_masked", l->masked);
    add_number(out, "mask_rate", MASK_RATE_USUAL);
    add_number(out, "loss_guess", l->guess);
    str_addc(out, '}');
}

static void json_run(const struct doctor_page *p, struct str *out)
{
    const struct run_cost *d = &p->d->cost;
    const struct inputs *in = p->d->in;
    const struct settings *s = &in->set;
    open_object(out, "run");
    add_string(out, "hook", s->hook);
    add_number(out, "hook_width", (double)inputs_width(in));
    add_number(out, "tokens_per_second", d->tokens_per_second);
    add_number(out, "rate_rows", (double)d->rate_rows);
    add_number(out, "hook_bytes", (double)d->hook_bytes);
    add_string(out, "arch", s->arch);
    add_number(out, "latents", (double)s->width);
    add_number(out, "arms", (double)d->arms);
    add_number(out, "steps", (double)d->steps);
    add_number(out, "batch", (double)s->batch);
    add_number(out, "step_seconds", d->step_seconds);
    add_number(out, "seconds", d->seconds);
    add_number(out, "bytes", (double)d->bytes);
    add_number(out, "bytes_there", d->room < SIZE_MAX ? (double)d->room : (double)NAN);
    str_addc(out, '}');
}

static void json_fit(struct str *out, const struct sae_fit *f)
{
    str_addc(out, '{');
    add_string(out, "path", f->path);
    add_string(out, "what", f->what);
    add_string(out, "why", f->why);
    add_key(out, "fits");
    str_add(out, f->fits ? "true}" : "false}");
}

static void json_lists(const struct doctor_page *p, struct str *out)
{
    struct cost_line line[COST_LINES];
    const struct remarks *r = &p->d->in->remarks;
    const size_t n = run_cost_lines(&p->d->cost, p->d->in, line);
    size_t gaps = 0;
    add_key(out, "missing");
    str_addc(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (line[i].gap) {
            char text[sizeof line->label + 2 + sizeof line->text];
            snprintf(text, sizeof text, "%s%.499s", line[i].warns ? "memory: " : "",
                     line[i].text);
            str_add(out, gaps++ ? "," : "");
            json_add_string(out, text, strlen(text));
        }
    }
    str_addc(out, ']');
    add_key(out, "remarks");
    str_addc(out, '[');
    for (size_t i = 0; i < r->n; i++) {
        str_add(out, i ? "," : "");
        json_add_string(out, r->line[i], strlen(r->line[i]));
    }
    str_addc(out, ']');
    add_key(out, "sae");
    if (p->asked) {
        json_fit(out, p->asked);
    } else {
        str_add(out, "null");
    }
    add_key(out, "saes");
    str_addc(out, '[');
    for (size_t i = 0; i < p->n_fit; i++) {
        str_add(out, i ? "," : "");
        json_fit(out, &p->fit[i]);
    }
    str_addc(out, ']');
}

void doctor_add_json(const struct doctor_page *p, struct str *out)
{
    str_add(out, "{\"supported\":true");
    json_model(p, out);
    json_text(p, out);
    json_run(p, out);
    json_lists(p, out);
    add_string(out, "next", p->next);
    str_add(out, "}\n");
}
