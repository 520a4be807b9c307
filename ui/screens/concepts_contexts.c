/* Contexts of a word of a concept, in place of the words: how strongly the concept's
 * main latents fire there, and the one that took the word from them. */
#include "base/number.h"
#include "ui/context_flow.h"
#include "ui/rows.h"
#include "ui/screens/concepts_priv.h"
#include "ui/screens/prompt.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

enum { ACT_W = 8 };

/* Make the query for contexts of the word under the cursor, in the browsed condition;
 * false: it has no latent there. */
static bool query_of(const struct app *a, const struct session_view *v,
                     struct word_query *q)
{
    const struct concepts_state *s = concepts_own(a);
    const size_t arm = (size_t)latents_cond(a);
    const struct concept_result *o = concepts_result(v, arm, s->at);
    const struct concept_word *w = s->n_words ? &s->word[s->words.cursor] : NULL;
    memset(q, 0, sizeof *q); /* queries are compared byte by byte */
    q->other = -1;
    if (!w || !o || !o->eligible || !concepts_has_latent(o)) {
        return false;
    }
    q->token = w->token;
    for (size_t i = 0; i < o->n_main && i < WORD_LATENTS; i++) {
        q->main[q->n_main++] = o->main_latent[i];
    }
    if (w->of[arm] && w->of[arm]->absorbed > 0) {
        q->other = w->of[arm]->absorber[0].latent;
    }
    return true;
}

/* The answer to what is asked now; NULL: it has not come yet. */
static const struct word_contexts *answer(const struct app *a,
                                          const struct session_view *v)
{
    struct word_query q;
    const bool same = query_of(a, v, &q) && v->word && v->word_arm == latents_arm(a) &&
                      memcmp(&v->word->of, &q, sizeof q) == 0;
    return same ? v->word : NULL;
}

void concepts_sync_contexts(struct app *a, const struct session_view *v)
{
    struct concepts_state *s = concepts_own(a);
    struct word_query q;
    if (!s->contexts) {
        return;
    }
    if (s->contexts_of != s->at || !query_of(a, v, &q)) { /* words of another concept */
        s->contexts = false;
        return;
    }
    const bool asked = s->asked_word_arm == latents_arm(a) && s->asked_a_word &&
                       memcmp(&s->asked_word, &q, sizeof q) == 0;
    if (asked || answer(a, v)) {
        return;
    }
    struct command *c = app_emit(a, COMMAND_WORD);
    if (c) {
        c->arm = latents_arm(a);
        c->word = q;
        s->asked_a_word = true;
        s->asked_word = q;
        s->asked_word_arm = c->arm;
    }
}

void concepts_open_contexts(struct app *a, const struct session_view *v)
{
    struct concepts_state *s = concepts_own(a);
    struct word_query q;
    if (!query_of(a, v, &q)) {
        app_say(a, false, "%c has no latent for it", v->cond[latents_cond(a)].letter);
        return;
    }
    s->contexts = true;
    s->contexts_of = s->at;
    s->asked_a_word = false;
    list_home(&s->context);
    concepts_sync_contexts(a, v);
}

const char *concepts_may_send(const struct app *a, const struct session_view *v)
{
    const struct concepts_state *s = concepts_own(a);
    const struct word_contexts *w = answer(a, v);
    return !s->contexts || s->curves ? KEY_OF("open") " on a word shows its contexts"
           : !w || s->context.cursor >= w->n ? "no context to send yet"
                                             : NULL;
}

/* In Prompt's list the cursor goes to the latent that absorbs the word, else to the
 * first main one. */
void concepts_send_context(struct app *a, const struct session_view *v,
                           const char *args)
{
    const struct word_contexts *w = answer(a, v);
    const struct word_context *one = &w->context[concepts_own(a)->context.cursor];
    const bool other = w->of.other >= 0 && one->at.act > 0.0F;
    (void)args;
    prompt_show(a, v, one->at.token, CONTEXT_TOKENS, CONTEXT_TOKENS / 2,
                other ? w->of.other : w->of.main[0]);
    app_come_back(a, &screen_concepts);
}

/* "A: main #27" "#21 in its place" */
static void draw_header(const struct app *a, const struct session_view *v,
                        struct canvas *c, struct rect r, const struct word_query *q)
{
    char main[24], other[24] = "";
    const size_t cond = (size_t)latents_cond(a);
    snprintf(main, sizeof main, "%s%s#%d", q->n_main > 1 ? "*" : "",
             concepts_silenced(a, cond, q->main[0]), q->main[0]);
    canvas_textf(c, r.x + 1, r.y, 2, arm_role(cond), ATTR_BOLD, "%c",
                 v->cond[cond].letter);
    if (q->other >= 0) {
        snprintf(other, sizeof other, "%s#%d", concepts_silenced(a, cond, q->other),
                 q->other);
    }
    rows_right(c, r.x + 2, r.y, ACT_W - 2, main, ROLE_TITLE, ATTR_BOLD);
    rows_right(c, r.x + ACT_W + 1, r.y, ACT_W - 1, other, ROLE_TITLE, ATTR_BOLD);
    const int x = 2 * ACT_W + 3;
    canvas_text(c, r.x + x, r.y, r.w - x,
                q->n_main > 1 ? "in context (*: the strongest of its main latents)"
                              : "in context",
                ROLE_TITLE, ATTR_BOLD);
}

static void draw_one(struct canvas *c, struct rect r, const struct session_view *v,
                     const struct word_contexts *w, const struct word_context *one,
                     bool cursor)
{
    struct context_flow f;
    const bool silent = !(one->main > 0.0F);
    const int text = r.x + 2 * ACT_W + 3;
    float top = 0.0F;
    for (size_t i = 0; i < w->n; i++) {
        top = w->context[i].at.act > top ? w->context[i].at.act : top;
    }
    if (cursor) {
        canvas_put(c, r.x, r.y, 0x25B6, ROLE_FOCUS, 0);
    }
    canvas_textf(c, r.x + 1, r.y, ACT_W, silent ? ROLE_DIM : ROLE_GOOD, 0, "%*s",
                 ACT_W - 1,
                 silent ? "silent" : NUMBER(NUMBER_PLAIN, 0, 2, (double)one->main));
    if (w->of.other >= 0) {
        canvas_textf(c, r.x + ACT_W + 1, r.y, ACT_W, ROLE_KEY, 0, "%*s", ACT_W - 1,
                     one->at.act > 0.0F
                         ? NUMBER(NUMBER_PLAIN, 0, 2, (double)one->at.act)
                         : "silent");
    }
    const struct rect room = {text, r.y, r.x + r.w - 1 - text, 1};
    context_flow(&f, &v->names, &one->at, top, room.w, false, 1);
    bool centre[CONTEXT_TOKENS] = {false};
    centre[CONTEXT_TOKENS / 2] = true;
    context_draw(c, room, &f, &v->names, &one->at, top, false, centre);
}

/* "#21 alone on 12 of 30" */
static void value_text(const struct word_contexts *w, char *out, size_t cap)
{
    out[0] = '\0';
    if (w && w->of.other >= 0) {
        snprintf(out, cap, "#%d alone on %zu of %zu", w->of.other, w->taken,
                 w->occurrences);
    } else if (w) {
        snprintf(out, cap, "a main latent fires on %zu of %zu", w->main_fires,
                 w->occurrences);
    }
}

void concepts_draw_contexts(struct app *a, const struct session_view *v,
                            struct canvas *c, struct rect r)
{
    struct concepts_state *s = concepts_own(a);
    const struct word_contexts *w = answer(a, v);
    struct word_query q;
    char title[160] = "contexts", value[80], word[80];
    const bool any = query_of(a, v, &q);
    if (any) {
        names_token_trimmed(&v->names, q.token, word, sizeof word);
        snprintf(title, sizeof title, "contexts of \"%.60s\"", word);
    }
    value_text(w, value, sizeof value);
    const struct rect in = canvas_box(
        c, r, title, value, *app_focus(a, &screen_concepts) == CONCEPTS_WORDS);
    app_hit(a, r, HIT_PANE, CONCEPTS_WORDS);
    s->context.page = in.h - 1;
    list_set(&s->context, w ? w->n : 0, s->context.page);
    if (!any || in.h < 2) {
        return;
    }
    draw_header(a, v, c, (struct rect){in.x, in.y, in.w, 1}, &q);
    if (!w || w->n == 0) {
        canvas_text(c, in.x + 2, in.y + in.h / 2, in.w - 2,
                    w ? "the rows that are browsed do not have it; "
                        "browse.rows takes more"
                      : "looking for it in the held-out text ...",
                    ROLE_DIM, 0);
        return;
    }
    for (size_t i = 0; i < list_visible(&s->context); i++) {
        const size_t at = s->context.top + i;
        const struct rect row = {in.x, in.y + 1 + (int)i, in.w, 1};
        draw_one(c, row, v, w, &w->context[at], at == s->context.cursor);
        app_hit(a, row, HIT_WORD_CONTEXT, (int)i);
    }
    rows_bar(c, &s->context, in.x + in.w - 1, in.y + 1, s->context.page);
}
