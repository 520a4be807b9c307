#include "doctor_print.h"

#include "base/duration.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include "opts.h"
#include "progress.h"
#include "text/mask.h"
#include "train/settings_arch.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LABEL 11

/* ---- what is missing, in both forms ---- */

#define GAPS 4
struct gap {
    char text[400];
};

static size_t find_gaps(const struct doctor_page *p, struct gap out[GAPS])
{
    const struct inputs *in = p->d->engine->in;
    size_t n = 0;
    if (!in->ood) {
        snprintf(
            out[n++].text, sizeof out->text,
            "text of another kind: --ood FILE; without, nothing says how latents do "
            "outside of %.60s",
            corpus_name(in->corpus));
    }
    if (!in->set.concepts[0]) {
        snprintf(
            out[n++].text, sizeof out->text,
            "concepts of meaning: --concepts FILE.csv (saetop concepts --suggest --model "
            "begins one); without, letters, word shapes and suffixes stand for them");
    }
    if (in->set.mask_kind == MASK_TOKEN && in->mask_token < 0) {
        snprintf(out[n++].text, sizeof out->text,
                 "a token to mask with: the model has none; --mask-token TEXT, or "
                 "--set mask.kind=random");
    }
    if (p->d->bytes > p->d->room) {
        snprintf(out[n++].text, sizeof out->text,
                 "memory: take a smaller --width, fewer arms or --set fill_rows=");
    }
    return n;
}

/* The mask token as text: "<mask> #4, its mask token". */
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

/* Words of `text` behind a label. */
static void add_words(struct str *out, const char *label, const char *text)
{
    struct str safe;
    str_init(&safe, 1u << 16);
    utf8_escape(&safe, text, strlen(text));
    str_addf(out, "%-*s", LABEL, label);
    opts_wrap(out, safe.len ? safe.p : "", LABEL, LABEL);
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
    const struct lm *m = p->d->engine->in->lm;
    char n[32] = "?", mask[160];
    size_t weights = 0;
    struct errinfo unused;
    if (lm_weight_count(&m->cfg, &weights, &unused) == OK) {
        (void)count_text((double)weights, n);
    }
    add_line(out, "model",
             "%s: %s, %s%s%s, %s weights, %zu blocks of width %zu, "
             "%zu tokens of context",
             path_base(p->model ? p->model : m->dir), m->cfg.family->name,
             file_is_dir(m->dir) ? "a Hugging Face directory" : "GGUF",
             isfinite(p->model_bytes) ? " of " : "",
             isfinite(p->model_bytes) ? NUMBER_BYTES(p->model_bytes) : "", n,
             m->cfg.n_layer, m->cfg.d_model, m->cfg.n_ctx);
    mask_text(p->d->engine->in, mask, sizeof mask);
    add_line(out, "tokens", "%zu; BOS %s, EOS %s, mask: %s", tok_rows(m->tok),
             tok_bos(m->tok) >= 0 ? "yes" : "no", tok_eos(m->tok) >= 0 ? "yes" : "no",
             mask);
}

static void add_corpus(const struct doctor_page *p, struct str *out)
{
    const struct inputs *in = p->d->engine->in;
    const struct text_loss *l = &p->d->text;
    char n[32], words[48] = "", docs[48] = "without end", masked[48] = "";
    const double there = inputs_text_tokens(in, l);
    if (l->tokens_per_word > 0) {
        snprintf(words, sizeof words, "; %.2f tokens a word", l->tokens_per_word);
    }
    if (corpus_is_finite(in->corpus)) {
        const unsigned long long count = corpus_count(in->corpus, CORPUS_TRAIN);
        snprintf(docs, sizeof docs, "%llu document%s to train on", count,
                 plural_s(count));
    }
    add_line(out, "text", "%s%s: %s%s%s%s%s", corpus_name(in->corpus),
             p->corpus ? "" : " (bundled, for want of one)", docs,
             isfinite(there) ? ", about " : "",
             isfinite(there) ? count_text(there, n) : "",
             isfinite(there) ? " tokens" : "", words);
    if (isfinite(l->masked)) {
        snprintf(masked, sizeof masked, ", with %.0f %% masked %.2f",
                 100 * MASK_RATE_USUAL, l->masked);
    }
    add_line(out, "loss", "%.2f nats a token%s (a blind guess: %.1f)", l->clean, masked,
             l->guess);
}

static void add_cost(const struct doctor_page *p, struct str *out)
{
    const struct doctor *d = p->d;
    const struct engine *g = d->engine;
    const struct settings *s = &g->in->set;
    char a[32], sparsity[64], times[64] = "", room[64] = "";
    const double tokens = (double)g->steps * (double)s->batch;
    const double read = tokens / inputs_text_tokens(g->in, &d->text);
    settings_sparsity(s, sparsity, sizeof sparsity);
    if (isfinite(read)) {
        snprintf(times, sizeof times, ", the text %.*f times",
                 read < 1    ? 3
                 : read < 10 ? 1
                             : 0,
                 read);
    }
    if (d->room < SIZE_MAX) {
        snprintf(room, sizeof room, " (%s are there)", NUMBER_BYTES((double)d->room));
    }
    add_line(out, "hook",
             "%s, width %zu: %s tokens/s on %lld thread%s; weights up to it "
             "take %s",
             s->hook, inputs_width(g->in), count_text(d->tokens_per_second, a),
             (long long)s->threads, plural_s((uint64_t)s->threads),
             NUMBER_BYTES((double)d->hook_bytes));
    add_line(out, "run",
             "%s %s, %lld latents (%.2g times the width; published ones have "
             "8 to 32), %zu arm%s; %lld steps of %lld: %s tokens "
             "(published: 50M and more)%s",
             s->arch, sparsity, (long long)s->width,
             (double)s->width / (double)inputs_width(g->in), g->n_arms,
             plural_s(g->n_arms), (long long)g->steps, (long long)s->batch,
             count_text(tokens, a), times);
    add_line(out, "takes", "about %s and %s of memory%s, evaluation not counted",
             duration_text(d->seconds, DURATION_WORDS, a),
             NUMBER_BYTES((double)d->bytes), room);
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
    struct gap gap[GAPS];
    const struct remarks *r = &p->d->engine->in->remarks;
    const size_t gaps = find_gaps(p, gap);
    add_model(p, out);
    add_corpus(p, out);
    add_cost(p, out);
    for (size_t i = 0; i < gaps; i++) {
        add_words(out, i ? "" : "missing", gap[i].text);
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
    const struct inputs *in = p->d->engine->in;
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
    add_number(out, "bytes", p->model_bytes);
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
    const struct corpus *c = p->d->engine->in->corpus;
    const struct text_loss *l = &p->d->text;
    open_object(out, "text");
    add_string(out, "corpus", corpus_spec(c));
    add_number(out, "documents",
               corpus_is_finite(c) ? (double)corpus_count(c, CORPUS_TRAIN)
                                   : (double)NAN);
    add_number(out, "tokens", inputs_text_tokens(p->d->engine->in, l));
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
    const struct doctor *d = p->d;
    const struct engine *g = d->engine;
    const struct settings *s = &g->in->set;
    open_object(out, "run");
    add_string(out, "hook", s->hook);
    add_number(out, "hook_width", (double)inputs_width(g->in));
    add_number(out, "tokens_per_second", d->tokens_per_second);
    add_number(out, "rate_rows", (double)d->rate_rows);
    add_number(out, "hook_bytes", (double)d->hook_bytes);
    add_string(out, "arch", s->arch);
    add_number(out, "latents", (double)s->width);
    add_number(out, "arms", (double)g->n_arms);
    add_number(out, "steps", (double)g->steps);
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
    struct gap gap[GAPS];
    const struct remarks *r = &p->d->engine->in->remarks;
    const size_t gaps = find_gaps(p, gap);
    add_key(out, "missing");
    str_addc(out, '[');
    for (size_t i = 0; i < gaps; i++) {
        str_add(out, i ? "," : "");
        json_add_string(out, gap[i].text, strlen(gap[i].text));
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
