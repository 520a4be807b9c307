/* Output of `saetop ask` for people: short, aligned, 80 columns. */
#include "ask_effect.h"
#include "base/number.h"
#include "base/utf8.h"
#include "token_out.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_WIDTH 14
#define SHOWN       10 /* latents of the prompt, contributions */
#define LINE        78

static const struct tok *tok_of(const struct ask_found *f)
{
    return f->subject->lm->tok;
}

static bool is_changed(const struct ask_found *f)
{
    return f->r->next_after != NULL;
}

/* Add what a latent is called: its label, else the concepts it tells; nothing if there
 * are none. */
static void add_called(const struct ask_found *f, int32_t latent, struct str *out)
{
    const char *label = latent_labels_of(f->labels, latent);
    const char *concept[ASK_NAMES_MOST];
    const size_t n = label[0] ? 0 : ask_names_concepts(f->names, latent, concept);
    str_add(out, label);
    for (size_t i = 0; i < n; i++) {
        str_addf(out, "%s%s", i ? ", " : "", concept[i]);
    }
}

static void add_label(const struct ask_found *f, int32_t latent, struct str *out)
{
    struct str s;
    str_init(&s, 4096);
    add_called(f, latent, &s);
    if (s.len > 0) {
        str_add(out, "  ");
        token_out_clip(s.p, s.len, 24, " ", out);
    }
    str_free(&s);
}

void ask_out_end_line(struct str *out)
{
    size_t n = out->len;
    while (n > 0 && out->p[n - 1] == ' ') {
        n--;
    }
    str_cut(out, n);
    str_addc(out, '\n');
}

/* ---- tokens ---- */

/* Add "#12", or for a latent with a label "#12 animal", cut to NAMED bytes. */
static void add_name(const struct ask_found *f, int32_t latent, struct str *out)
{
    enum { NAMED = 16 };
    const char *label = latent_labels_of(f->labels, latent);
    struct str s;
    str_init(&s, 4096);
    utf8_escape(&s, label, strlen(label));
    str_addf(out, "#%d", (int)latent);
    if (s.len > 0) {
        str_addc(out, ' ');
        str_addn(out, s.p, utf8_clip(s.p, s.len, NAMED));
        str_add(out, s.len > NAMED ? "\xe2\x80\xa6" : "");
    }
    str_free(&s);
}

/* Add "#12 animal 3.40", or if it changes "#12 3.40>0". */
static void add_fire(const struct ask_found *f, const struct ask_fire *x,
                     struct str *out)
{
    const bool same = !(x->act < x->after) && !(x->act > x->after);
    add_name(f, x->latent, out);
    str_addf(out, " %s", NUMBER(NUMBER_PLAIN, 0, 2, (double)x->act));
    if (is_changed(f) && !same) {
        str_addf(out, ">%s", NUMBER(NUMBER_PLAIN, 0, 2, (double)x->after));
    }
}

/* Add as many firings as fit, strongest first, then the number of the rest. */
static void add_fires(const struct ask_found *f, size_t t, size_t from, struct str *out)
{
    const struct ask_answer *r = f->r;
    size_t used = from;
    for (size_t i = r->start[t]; i < r->start[t + 1]; i++) {
        struct str one;
        str_init(&one, 200);
        add_fire(f, &r->fire[i], &one);
        if (used + one.len + 5 > LINE) {
            str_addf(out, " +%zu", r->start[t + 1] - i);
            str_free(&one);
            return;
        }
        str_addf(out, " %s", one.len ? one.p : "");
        used += one.len + 1;
        str_free(&one);
    }
}

static void add_tokens(const struct ask_found *f, struct str *out)
{
    const bool changed = is_changed(f);
    str_addf(out, "%4s   %-*s %6s %6s %5s%s  latents%s\n", "pos", TOKEN_WIDTH, "token",
             "logp", "rank", "error", changed ? "      kl" : "",
             changed ? " (before>after)" : "");
    for (size_t t = 0; t < f->r->T; t++) {
        const struct ask_token *k = &f->r->token[t];
        str_addf(out, "%4zu %c ", t, k->masked ? 'm' : ' ');
        token_out_cell(tok_of(f), k->id, TOKEN_WIDTH, out);
        if (t > 0) {
            str_addf(out, " %s %6d", NUMBER(NUMBER_PLAIN, 6, 2, (double)k->logp),
                     (int)k->rank);
        } else {
            str_addf(out, " %6s %6s", "", "");
        }
        str_addf(out, " %s",
                 k->special ? "     " : NUMBER(NUMBER_PLAIN, 5, 2, (double)k->error));
        if (changed) {
            str_addf(out, " %s", NUMBER(NUMBER_PLAIN, 7, 3, (double)k->kl));
        }
        str_addc(out, ' ');
        add_fires(f, t, changed ? 51 : 43, out);
        ask_out_end_line(out);
    }
    if (f->row->cut > 0) {
        str_addf(out, "%zu more token%s did not fit the model's context of %zu\n",
                 f->row->cut, plural_s(f->row->cut), f->subject->context);
    }
}

static void add_peaks(const struct ask_found *f, struct str *out)
{
    const struct ask_answer *r = f->r;
    const size_t n = r->n_peaks < SHOWN ? r->n_peaks : SHOWN;
    str_addf(out, "\nstrongest latents, %zu of %zu\n", n, r->n_peaks);
    for (size_t i = 0; i < n; i++) {
        const struct ask_peak *p = &r->peak[i];
        str_addf(out, "  #%-6d %s", (int)p->latent,
                 NUMBER(NUMBER_PLAIN, 7, 2, (double)p->act));
        if (is_changed(f)) {
            str_addf(out, " > %s", NUMBER(NUMBER_PLAIN, 6, 2, (double)p->after));
        }
        str_addf(out, "  at %u ", (unsigned)p->at);
        token_out_cell(tok_of(f), r->token[p->at].id, TOKEN_WIDTH, out);
        str_addf(out, " on %u token%s", (unsigned)p->fires, plural_s(p->fires));
        add_label(f, p->latent, out);
        ask_out_end_line(out);
    }
    if (r->left_out > 0) {
        str_addf(out, "  %zu firing%s of dense latents left out\n", r->left_out,
                 plural_s(r->left_out));
    }
}

static void add_edits(const struct ask_found *f, struct str *out)
{
    bool unknown = false;
    for (size_t i = 0; i < f->r->n_edits; i++) {
        const struct ask_acted *x = &f->r->acted[i];
        const int32_t latent = f->q->edit[i].latent;
        const double seen = ask_max_seen(f->subject, latent);
        char times[ASK_EDIT_TIMES], beyond[ASK_ACTED_SAY];
        str_add(out, i ? "  " : "\nedits\n  ");
        ask_edit_print(&f->q->edit[i], out);
        (void)ask_edit_as_times(&f->q->edit[i], seen, times);
        str_addf(out,
                 times[0] ? " (%s): at %zu position%s, " : "%s: at %zu position%s, ",
                 times, x->positions, plural_s(x->positions));
        if (x->least < x->most) {
            str_addf(out, "%s to ", NUMBER(NUMBER_PLAIN, 0, 2, (double)x->least));
        }
        str_add(out, NUMBER(NUMBER_PLAIN, 0, 2, (double)x->most));
        add_label(f, latent, out);
        ask_out_end_line(out);
        const enum ask_reach reach = ask_acted_say(x, seen, beyond);
        if (reach != ASK_WITHIN) {
            str_addf(out, "    %sbeyond text: %s\n", reach == ASK_FAR ? "far " : "",
                     beyond);
        }
        unknown = unknown || (isnan(seen) && x->most > 0);
    }
    if (unknown) {
        str_add(
            out,
            "    whether text takes it there is not known: --densest 1 reads some\n");
    }
}

/* Add which of the prompt's latents fell silent, or came up, strongest first. */
static void add_fate(const struct ask_found *f, enum ask_fate fate, struct str *out)
{
    const struct ask_answer *r = f->r;
    size_t shown = 0, all = 0;
    struct str list;
    str_init(&list, 4096);
    for (size_t i = 0; i < r->n_peaks; i++) {
        const struct ask_peak *p = &r->peak[i];
        if (ask_fate_of(p->act, p->after) != fate || ++all > SHOWN) {
            continue;
        }
        str_add(&list, shown++ ? ", " : "");
        str_addf(&list, "#%d %s", (int)p->latent,
                 NUMBER(NUMBER_PLAIN, 0, 2,
                        (double)(fate == ASK_SILENCED ? p->act : p->after)));
        add_label(f, p->latent, &list);
    }
    if (all > shown) {
        str_addf(&list, " and %zu weaker", all - shown);
    }
    str_addf(out, "  %zu %s%s", all, ask_fate_name(fate), all ? ": " : "\n");
    if (all > 0) {
        str_wrap(out, list.len ? list.p : "", 4, 4);
    }
    str_free(&list);
}

static void add_fates(const struct ask_found *f, struct str *out)
{
    str_add(out, "\n"
                 "in the whole prompt\n");
    add_fate(f, ASK_SILENCED, out);
    add_fate(f, ASK_CAME_UP, out);
}

/* ---- next ---- */

static void add_next(const struct ask_found *f, const struct ask_next *x,
                     struct str *out)
{
    str_addf(out, "  %s ", NUMBER(NUMBER_PLAIN, 6, 4, exp((double)x->logp)));
    token_out_cell(tok_of(f), x->id, TOKEN_WIDTH, out);
    if (is_changed(f)) {
        str_addf(out, " %s", NUMBER(NUMBER_PLAIN, 6, 4, exp((double)x->other)));
    }
}

static void add_nexts(const struct ask_found *f, struct str *out)
{
    const struct ask_answer *r = f->r;
    str_addf(out, "\nnext, after %zu ", f->at);
    token_out_cell(tok_of(f), r->token[f->at].id, TOKEN_WIDTH, out);
    if (is_changed(f)) {
        str_addf(out, "(KL %s nats)",
                 NUMBER(NUMBER_PLAIN, 0, 4, (double)r->token[f->at].kl));
    }
    ask_out_end_line(out);
    if (is_changed(f)) {
        str_addf(out, "  %-29s   %s\n", "before, and what becomes of it",
                 "after, and what it was");
    }
    for (size_t i = 0; i < r->top; i++) {
        add_next(f, &r->next[f->at * r->top + i], out);
        if (is_changed(f)) {
            str_add(out, "  ");
            add_next(f, &r->next_after[f->at * r->top + i], out);
        }
        ask_out_end_line(out);
    }
}

/* ---- why ---- */

static void add_parts(const struct ask_found *f, struct str *out)
{
    const struct ask_why *w = f->why;
    const size_t n = w->n < SHOWN ? w->n : SHOWN;
    str_addf(out, "  %12s %8s  %-8s %4s   %-*s %s\n", "contribution", "ablated",
             "latent", "pos", TOKEN_WIDTH, "token", "activation");
    for (size_t i = 0; i < n; i++) {
        const struct ask_part *p = &w->part[i];
        char name[24] = "error";
        if (p->latent >= 0) {
            (void)snprintf(name, sizeof name, "#%d", (int)p->latent);
        }
        str_addf(out, "  %s %s  %-8s %4u   ",
                 NUMBER(NUMBER_SIGNED, 12, 3, p->contribution),
                 NUMBER(NUMBER_SIGNED, 8, 3, p->ablated), name, (unsigned)p->pos);
        token_out_cell(tok_of(f), f->r->token[p->pos].id, TOKEN_WIDTH, out);
        if (p->latent >= 0) {
            str_addf(out, " %s", NUMBER(NUMBER_PLAIN, 10, 2, (double)p->act));
        }
        ask_out_end_line(out);
    }
    if (w->n > n) {
        str_addf(out, "  and %zu smaller ones\n", w->n - n);
    }
}

static void add_why(const struct ask_found *f, struct str *out)
{
    const struct ask_why *w = f->why;
    char said[160];
    str_add(out, "\nwhy ");
    token_out_cell(tok_of(f), w->target, 1 + TOKEN_WIDTH, out);
    ask_out_end_line(out);
    str_cut(out, out->len - 1);
    str_addf(out, " at %zu, and not ", w->pos);
    if (w->against >= 0) {
        token_out_cell(tok_of(f), w->against, 1 + TOKEN_WIDTH, out);
    } else {
        str_add(out, "the mean of all tokens");
    }
    ask_out_end_line(out);
    str_addf(out, "  difference of logits %s = %s of latents %s of error %s at zero\n",
             NUMBER(NUMBER_SIGNED, 0, 3, w->difference),
             NUMBER(NUMBER_SIGNED, 0, 3, w->latents),
             NUMBER(NUMBER_SIGNED, 0, 3, w->error),
             NUMBER(NUMBER_SIGNED, 0, 3, w->at_zero));
    add_parts(f, out);
    str_addf(out, "  remainder %s of %zu points%s",
             NUMBER(NUMBER_SIGNED, 0, 5, w->remainder), w->points,
             w->complete ? "" : ", more than was allowed");
    str_add(out, "\n  ");
    ask_why_say(w, said, sizeof said);
    str_wrap(out, said, 2, 2);
}

/* ---- texts ---- */

static void add_story(const char *what, const struct ask_story *s, struct str *out)
{
    str_addf(out, "\n%s\n", what);
    utf8_escape_lines(out, s->text.len ? s->text.p : "", s->text.len);
    str_addc(out, '\n');
}

const char *ask_out_arm(const struct ask_found *f, size_t n)
{
    const char *run = f->arms->dir[0], *dir = f->arms->dir[n];
    const size_t len = strlen(run);
    return strncmp(run, dir, len) == 0 && dir[len] == '/' ? dir + len + 1 : dir;
}

/* Add which SAE is asked, and how others of the run are. */
static void add_asked(const struct ask_found *f, struct str *out)
{
    const struct run_record *r = f->record;
    struct str said;
    str_init(&said, 1 << 14);
    utf8_escape(&said, f->path, strlen(f->path));
    if (r->imported) {
        str_add(&said, ": an SAE of another tool");
    } else {
        str_addf(&said, ": %smask rate %s, seed %llu, step %lld",
                 f->arms->n > 1 ? "condition A, " : "",
                 NUMBER(NUMBER_PLAIN, 0, 2, r->mask_rate),
                 (unsigned long long)settings_weights_seed(&r->set),
                 (long long)r->step);
    }
    str_wrap(out, said.len ? said.p : "", 0, 2);
    str_free(&said);
    if (f->arms->n > 1) {
        struct str others;
        str_init(&others, 1 << 16);
        str_add(&others, "other arms are asked by path, as RUN/arms/NAME:");
        for (size_t i = 1; i < f->arms->n; i++) {
            const char *arm = ask_out_arm(f, i);
            str_addc(&others, ' ');
            utf8_escape(&others, arm, strlen(arm));
        }
        str_add(out, "  ");
        str_wrap(out, others.len ? others.p : "", 2, 2);
        str_free(&others);
    }
    str_addc(out, '\n');
}

static void add_answer(const struct ask_found *f, struct str *out)
{
    add_tokens(f, out);
    add_peaks(f, out);
    add_edits(f, out);
    if (is_changed(f)) {
        add_fates(f, out);
    }
    add_nexts(f, out);
    if (f->why) {
        add_why(f, out);
    }
    if (f->story[0]) {
        add_story(f->story[1] ? "written as the prompt stands" : "written", f->story[0],
                  out);
    }
    if (f->story[1]) {
        add_story("written after masks and edits", f->story[1], out);
    }
}

void ask_out_text(const struct ask_found *f, struct str *out)
{
    add_asked(f, out);
    if (f->r) {
        add_answer(f, out);
    }
    if (f->heldout) {
        str_add(out, f->r ? "\n" : "");
        ask_effect_text(f, out);
    }
}
