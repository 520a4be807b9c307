#include "ask_effect.h"
#include "base/json.h"
#include "token_out.h"

#include <math.h>
#include <string.h>

static void add_token(const struct ask_found *f, int32_t id, struct str *out)
{
    token_out_json(f->subject->lm->tok, id, out);
}

static const char *truth(bool b)
{
    return b ? "true" : "false";
}

/* Whether anything is done to the prompt. */
static bool is_changed(const struct ask_found *f)
{
    return f->r->next_after != NULL;
}

static void add_tokens(const struct ask_found *f, struct str *out)
{
    str_add(out, "\"tokens\":[");
    for (size_t t = 0; t < f->r->T; t++) {
        const struct ask_token *k = &f->r->token[t];
        str_addf(out, "%s{\"position\":%zu,\"id\":%d,\"token\":", t ? "," : "", t,
                 (int)k->id);
        add_token(f, k->id, out);
        str_addf(out, ",\"special\":%s,\"masked\":%s,\"fed\":%d", truth(k->special),
                 truth(k->masked), (int)k->fed);
        json_add_member(out, "logp", (double)k->logp);
        json_add_member(out, "rank", t > 0 ? (double)k->rank : (double)NAN);
        json_add_member(out, "logp_after",
                        is_changed(f) ? (double)k->logp_after : (double)NAN);
        json_add_member(out, "rank_after",
                        t > 0 && is_changed(f) ? (double)k->rank_after : (double)NAN);
        json_add_member(out, "error", (double)k->error);
        str_addf(out, ",\"active\":%zu}", k->active);
    }
    str_addf(out, "],\"cut\":%zu", f->row->cut);
}

static void add_fire(const struct ask_found *f, const struct ask_fire *x,
                     struct str *out)
{
    str_addf(out, "{\"latent\":%d,\"activation\":", (int)x->latent);
    json_add_number(out, (double)x->act);
    if (is_changed(f)) {
        json_add_member(out, "after", (double)x->after);
    }
    str_addc(out, '}');
}

static void add_concepts(const struct ask_found *f, int32_t latent, struct str *out)
{
    const char *concept[ASK_NAMES_MOST];
    const size_t n = ask_names_concepts(f->names, latent, concept);
    str_add(out, ",\"concepts\":[");
    for (size_t i = 0; i < n; i++) {
        str_add(out, i ? "," : "");
        json_add_string(out, concept[i], strlen(concept[i]));
    }
    str_addc(out, ']');
}

static void add_latents(const struct ask_found *f, struct str *out)
{
    const struct ask_answer *r = f->r;
    str_add(out, ",\"latents\":[");
    for (size_t t = 0; t < r->T; t++) {
        str_add(out, t ? ",[" : "[");
        for (size_t i = r->start[t]; i < r->start[t + 1]; i++) {
            str_add(out, i > r->start[t] ? "," : "");
            add_fire(f, &r->fire[i], out);
        }
        str_addc(out, ']');
    }
    str_addf(out, "],\"left_out\":%zu,\"strongest\":[", r->left_out);
    for (size_t i = 0; i < r->n_peaks; i++) {
        const struct ask_peak *p = &r->peak[i];
        str_addf(out, "%s{\"latent\":%d,\"label\":", i ? "," : "", (int)p->latent);
        const char *label = latent_labels_of(f->labels, p->latent);
        json_add_string(out, label, strlen(label));
        add_concepts(f, p->latent, out);
        json_add_member(out, "activation", (double)p->act);
        str_addf(out, ",\"position\":%u,\"fires\":%u", (unsigned)p->at,
                 (unsigned)p->fires);
        if (is_changed(f)) {
            json_add_member(out, "after", (double)p->after);
            str_addf(out, ",\"position_after\":%u,\"fires_after\":%u",
                     (unsigned)p->at_after, (unsigned)p->fires_after);
        }
        str_addc(out, '}');
    }
    str_addc(out, ']');
}

static void add_edits(const struct ask_found *f, struct str *out)
{
    str_add(out, ",\"edits\":[");
    for (size_t i = 0; i < f->r->n_edits; i++) {
        const struct ask_acted *x = &f->r->acted[i];
        struct str text;
        str_init(&text, 200);
        ask_edit_print(&f->q->edit[i], &text);
        str_addf(out, "%s{\"edit\":", i ? "," : "");
        json_add_string(out, text.len ? text.p : "", text.len);
        str_free(&text);
        str_addf(out, ",\"positions\":%zu", x->positions);
        json_add_member(out, "least", (double)x->least);
        json_add_member(out, "most", (double)x->most);
        json_add_member(out, "max_seen",
                        ask_max_seen(f->subject, f->q->edit[i].latent));
        str_addf(out, ",\"beyond\":%s,\"beyond_below\":%zu,\"beyond_above\":%zu}",
                 truth(x->below + x->above > 0), x->below, x->above);
    }
    str_addc(out, ']');
}

static void add_next(const struct ask_found *f, const char *key,
                     const struct ask_next *all, struct str *out)
{
    str_addf(out, ",\"%s\":", key);
    if (!all) {
        str_add(out, "null");
        return;
    }
    str_addc(out, '[');
    for (size_t i = 0; i < f->r->top; i++) {
        const struct ask_next *x = &all[f->at * f->r->top + i];
        str_addf(out, "%s{\"id\":%d,\"token\":", i ? "," : "", (int)x->id);
        add_token(f, x->id, out);
        json_add_member(out, "probability", exp((double)x->logp));
        json_add_member(out, "logp", (double)x->logp);
        if (is_changed(f)) {
            json_add_member(out, "logp_other", (double)x->other);
        }
        str_addc(out, '}');
    }
    str_addc(out, ']');
}

static void add_kl(const struct ask_found *f, struct str *out)
{
    str_add(out, ",\"kl\":");
    if (!is_changed(f)) {
        str_add(out, "null");
        return;
    }
    for (size_t t = 0; t < f->r->T; t++) {
        str_addc(out, t ? ',' : '[');
        json_add_number(out, (double)f->r->token[t].kl);
    }
    str_addc(out, ']');
}

/* ---- why ---- */

static void add_part(const char *what, const struct ask_part *p, struct str *out)
{
    str_addf(out, "{\"part\":\"%s\",\"latent\":", what);
    json_add_number(out, p && p->latent >= 0 ? (double)p->latent : (double)NAN);
    json_add_member(out, "position", p ? (double)p->pos : (double)NAN);
    json_add_member(out, "activation",
                    p && p->latent >= 0 ? (double)p->act : (double)NAN);
}

/* Add the contributions, which sum to the difference; the last of them is the part that
 * is there without latents and error. */
static void add_contributions(const struct ask_why *w, struct str *out)
{
    str_add(out, ",\"contributions\":[");
    for (size_t i = 0; i < w->n; i++) {
        const struct ask_part *p = &w->part[i];
        add_part(p->latent < 0 ? "error" : "latent", p, out);
        json_add_member(out, "contribution", p->contribution);
        json_add_member(out, "ablated", p->ablated);
        str_add(out, "},");
    }
    add_part("zero", NULL, out);
    json_add_member(out, "contribution", w->at_zero);
    json_add_member(out, "ablated", (double)NAN);
    str_add(out, "}]");
}

static void add_why(const struct ask_found *f, struct str *out)
{
    const struct ask_why *w = f->why;
    if (!w) {
        str_add(out, ",\"contributions\":null,\"why\":null");
        return;
    }
    add_contributions(w, out);
    str_addf(out, ",\"why\":{\"position\":%zu,\"target\":{\"id\":%d,\"token\":", w->pos,
             (int)w->target);
    add_token(f, w->target, out);
    str_add(out, "},\"against\":");
    if (w->against >= 0) {
        str_addf(out, "{\"id\":%d,\"token\":", (int)w->against);
        add_token(f, w->against, out);
        str_addc(out, '}');
    } else {
        str_add(out, "\"mean\"");
    }
    json_add_member(out, "logit_difference", w->difference);
    json_add_member(out, "at_zero", w->at_zero);
    json_add_member(out, "sum", w->sum);
    json_add_member(out, "latents", w->latents);
    json_add_member(out, "error", w->error);
    json_add_member(out, "remainder", w->remainder);
    str_addf(out, ",\"complete\":%s,\"points\":%zu,\"ablated\":%zu", truth(w->complete),
             w->points, w->ablated);
    json_add_member(out, "spearman", w->spearman);
    str_addc(out, '}');
}

/* ---- texts ---- */

static void add_text(const char *key, const struct ask_story *s, struct str *out)
{
    str_addf(out, ",\"%s\":", key);
    if (s) {
        json_add_string(out, s->text.len ? s->text.p : "", s->text.len);
    } else {
        str_add(out, "null");
    }
}

static void add_told(const struct ask_found *f, const char *key,
                     const struct ask_story *s, struct str *out)
{
    str_addf(out, ",\"%s\":", key);
    if (!s) {
        str_add(out, "null");
        return;
    }
    str_addc(out, '[');
    for (size_t i = 0; i < s->n; i++) {
        const struct ask_told *k = &s->token[i];
        str_addf(out, "%s{\"position\":%zu,\"id\":%d,\"token\":", i ? "," : "", k->pos,
                 (int)k->id);
        add_token(f, k->id, out);
        json_add_member(out, "logp", (double)k->logp);
        str_add(out, ",\"latents\":[");
        for (size_t n = 0; n < k->n; n++) {
            str_add(out, n ? "," : "");
            add_fire(f, &k->fire[n], out);
        }
        str_add(out, "]}");
    }
    str_addc(out, ']');
}

/* Add the members on the prompt, with a comma at the end. */
static void add_answer(const struct ask_found *f, struct str *out)
{
    const struct ask_story *now = f->story[1] ? f->story[1] : f->story[0];
    const struct ask_story *before = f->story[1] ? f->story[0] : NULL;
    add_tokens(f, out);
    add_latents(f, out);
    add_edits(f, out);
    str_addf(out, ",\"position\":%zu", f->at);
    add_next(f, "next", f->r->next, out);
    add_next(f, "next_after", f->r->next_after, out);
    add_kl(f, out);
    add_why(f, out);
    add_text("generated", now, out);
    add_text("generated_before", before, out);
    add_told(f, "generated_tokens", now, out);
    add_told(f, "generated_before_tokens", before, out);
    str_addc(out, ',');
}

/* Add which SAE is asked. */
static void add_asked(const struct ask_found *f, struct str *out)
{
    const struct run_record *r = f->record;
    str_add(out, ",\"run\":{\"path\":");
    json_add_string(out, f->path, strlen(f->path));
    json_add_member(out, "step", r->imported ? (double)NAN : (double)r->step);
    json_add_member(out, "seed",
                    r->imported ? (double)NAN : (double)settings_weights_seed(&r->set));
    json_add_member(out, "mask_rate", r->imported ? (double)NAN : r->mask_rate);
    str_addf(out, ",\"condition\":%s,\"others\":[", f->arms->n > 1 ? "\"A\"" : "null");
    for (size_t i = 1; i < f->arms->n; i++) {
        const char *arm = ask_out_arm(f, i);
        str_add(out, i > 1 ? "," : "");
        json_add_string(out, arm, strlen(arm));
    }
    str_add(out, "]}");
}

void ask_out_json(const struct ask_found *f, struct str *out)
{
    char hook[64];
    lm_hook_name(f->subject->hook, hook);
    str_addc(out, '{');
    if (f->r) {
        add_answer(f, out);
    }
    ask_effect_json(f, out);
    add_asked(f, out);
    str_addf(out, ",\"hook\":\"%s\",\"unit\":\"" LATENT_UNIT "\"}\n", hook);
}
