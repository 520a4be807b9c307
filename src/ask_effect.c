#include "ask_effect.h"

#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include "progress.h"
#include "token_out.h"

#include <math.h>

enum { BEFORE = 12, CONTEXT_WIDTH = 44, TOKEN_WIDTH = 14, SHOWN = 10 };

enum err ask_effect_measure(struct ask *a, struct ask_subject *s, size_t rows,
                            const struct ask_question *q, struct ask_heldout *out,
                            struct errinfo *e)
{
    struct ask_heldout_pass *p = NULL;
    struct progress line;
    enum err rc = ask_heldout_begin(s, s->text, rows, q->edit, q->n_edits, &p, e);
    progress_init(&line, false);
    while (rc == OK && ask_heldout_done(p) < ask_heldout_all(p)) {
        if (progress_due(&line)) {
            progress_draw(&line, (double)ask_heldout_done(p),
                          (double)ask_heldout_all(p), "rows of held-out text");
        }
        rc = ask_heldout_row(p, a, e);
    }
    progress_clear(&line);
    if (rc == OK) {
        ask_heldout_sum(p, out);
    }
    ask_heldout_end(p);
    return rc;
}

/* ---- text ---- */

static const struct tok *tok_of(const struct ask_found *f)
{
    return f->subject->lm->tok;
}

/* Add the text before a token: at most BEFORE tokens of its row. */
static void add_before(const struct ask_found *f, const struct ask_worse *w,
                       struct str *out)
{
    const struct ask_rows *t = f->subject->text;
    const size_t from = w->pos > BEFORE ? w->pos - BEFORE : 0;
    tok_decode(tok_of(f), t->ids + w->row * t->T + from, w->pos - from, out);
}

/* Add the end of it, in CONTEXT_WIDTH columns at most. */
static void add_context(const struct ask_found *f, const struct ask_worse *w,
                        struct str *out)
{
    struct str raw, text;
    size_t from = 0;
    str_init(&raw, 1 << 16);
    str_init(&text, 1 << 18);
    add_before(f, w, &raw);
    utf8_escape(&text, raw.len ? raw.p : "", raw.len);
    size_t cols = 0;
    for (size_t i = 0; i < text.len; cols++) {
        uint32_t cp;
        i += utf8_next(text.p + i, text.len - i, &cp);
    }
    for (; cols > CONTEXT_WIDTH; cols--) {
        uint32_t cp;
        from += utf8_next(text.p + from, text.len - from, &cp);
    }
    for (; cols < CONTEXT_WIDTH; cols++) {
        str_addc(out, ' ');
    }
    str_addn(out, text.len ? text.p + from : "", text.len - from);
    str_free(&raw);
    str_free(&text);
}

static void add_worse(const struct ask_found *f, struct str *out)
{
    const struct ask_heldout *h = f->heldout;
    str_addf(out, "  tokens whose loss rises most (nats)\n");
    for (size_t i = 0; i < h->n_worse && i < SHOWN; i++) {
        const struct ask_worse *w = &h->worse[i];
        str_addf(out, "  %s ",
                 NUMBER(NUMBER_SIGNED, 7, 2, (double)w->logp - (double)w->logp_after));
        add_context(f, w, out);
        str_add(out, " \xe2\x96\xb8 "); /* a triangle: the token comes next */
        token_out_cell(tok_of(f), w->id, TOKEN_WIDTH, out);
        ask_out_end_line(out);
    }
}

static void add_shifts(const struct ask_found *f, struct str *out)
{
    const struct ask_heldout *h = f->heldout;
    str_add(out, "  next tokens whose mean probability changes most\n");
    for (size_t i = 0; i < h->n_shift && i < SHOWN; i++) {
        const struct ask_shift *s = &h->shift[i];
        str_add(out, "   ");
        token_out_cell(tok_of(f), s->id, TOKEN_WIDTH, out);
        str_addf(out, " %s > %s %s\n", NUMBER(NUMBER_PLAIN, 7, 5, s->before),
                 NUMBER(NUMBER_PLAIN, 7, 5, s->after),
                 NUMBER(NUMBER_SIGNED, 9, 5, s->after - s->before));
    }
}

void ask_effect_text(const struct ask_found *f, struct str *out)
{
    const struct ask_heldout *h = f->heldout;
    char say[200];
    str_addf(out, "on held-out text, %zu row%s, %zu tokens:", h->rows,
             plural_s(h->rows), h->tokens);
    for (size_t i = 0; i < f->q->n_edits; i++) {
        str_addc(out, ' ');
        ask_edit_print(&f->q->edit[i], out);
    }
    ask_heldout_say(h, say, sizeof say);
    str_addf(out,
             "\n  loss %s > %s, KL %s, activations changed before %zu tokens\n  %s\n",
             NUMBER(NUMBER_PLAIN, 0, 4, h->loss.before),
             NUMBER(NUMBER_PLAIN, 0, 4, h->loss.after),
             NUMBER(NUMBER_PLAIN, 0, 4, h->kl), h->changed, say);
    if (h->n_worse > 0) {
        add_worse(f, out);
    }
    if (h->n_shift > 0) {
        add_shifts(f, out);
    }
}

/* ---- JSON ---- */

static void add_id(const struct ask_found *f, int32_t id, struct str *out)
{
    str_addf(out, "\"id\":%d,\"token\":", (int)id);
    token_out_json(tok_of(f), id, out);
}

static void add_worse_json(const struct ask_found *f, struct str *out)
{
    const struct ask_heldout *h = f->heldout;
    str_add(out, ",\"worse\":[");
    for (size_t i = 0; i < h->n_worse; i++) {
        const struct ask_worse *w = &h->worse[i];
        struct str before;
        str_addf(out, "%s{\"row\":%zu,\"position\":%zu,", i ? "," : "", w->row, w->pos);
        add_id(f, w->id, out);
        str_init(&before, 1 << 16);
        add_before(f, w, &before);
        str_add(out, ",\"before\":");
        json_add_string(out, before.len ? before.p : "", before.len);
        str_free(&before);
        json_add_member(out, "logp", (double)w->logp);
        json_add_member(out, "logp_after", (double)w->logp_after);
        str_addc(out, '}');
    }
    str_addc(out, ']');
}

static void add_shifts_json(const struct ask_found *f, struct str *out)
{
    const struct ask_heldout *h = f->heldout;
    str_add(out, ",\"next\":[");
    for (size_t i = 0; i < h->n_shift; i++) {
        str_add(out, i ? ",{" : "{");
        add_id(f, h->shift[i].id, out);
        json_add_member(out, "probability", h->shift[i].before);
        json_add_member(out, "probability_after", h->shift[i].after);
        str_addc(out, '}');
    }
    str_addc(out, ']');
}

void ask_effect_json(const struct ask_found *f, struct str *out)
{
    const struct ask_heldout *h = f->heldout;
    if (!h) {
        str_add(out, "\"heldout\":null");
        return;
    }
    str_addf(out, "\"heldout\":{\"rows\":%zu,\"tokens\":%zu,\"changed\":%zu", h->rows,
             h->tokens, h->changed);
    json_add_member(out, "loss", h->loss.before);
    json_add_member(out, "loss_after", h->loss.after);
    json_add_member(out, "difference", h->loss.by.mean);
    json_add_member(out, "low", h->loss.by.low);
    json_add_member(out, "high", h->loss.by.high);
    str_addf(out, ",\"verdict\":\"%s\"", ask_verdict_name(ask_heldout_verdict(h)));
    json_add_member(out, "kl", h->kl);
    add_worse_json(f, out);
    add_shifts_json(f, out);
    str_addc(out, '}');
}
