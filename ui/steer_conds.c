/* The commands :condition, which adds a condition to the run, and :tune, which changes
 * the settings of one during training. */
#include "ui/steer.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

/* Join words by commas, the first by `after`; false if that does not fit. */
static bool join(const char *args, char after, char *out, size_t cap)
{
    size_t n = 0;
    bool first = true;
    out[0] = '\0';
    for (const char *p = args + strspn(args, " "); *p != '\0';) {
        const size_t word = strcspn(p, " ,"), gap = strspn(p + word, " ,");
        if (n + word + 2 > cap) {
            return false;
        }
        memcpy(out + n, p, word);
        n += word;
        p += word + gap;
        if (*p != '\0') {
            out[n++] = first ? after : ',';
            first = false;
        }
        out[n] = '\0';
    }
    return true;
}

/* Turn "NAME key=value key=value" into the settings' form,
 * "NAME:key=value,key=value". */
static bool joined(const char *args, char *out, size_t cap)
{
    const bool named = strcspn(args, ":") < strcspn(args, "= ");
    return join(args, named ? ',' : ':', out, cap);
}

/* Turn "key=value key=value" likewise. */
static bool paired(const char *args, char *out, size_t cap)
{
    return join(args, ',', out, cap) && strchr(out, '=') != NULL;
}

/* Add a condition: the trainer first says what it would take; the same line again goes
 * ahead. */
static void add_condition(struct app *a, const struct session_view *v, const char *args)
{
    char text[sizeof a->steer.condition];
    if (!joined(args, text, sizeof text)) {
        app_say(a, true, "condition: found %zu bytes, expected %zu at most",
                strlen(args), sizeof text - 1);
        return;
    }
    const bool again = text[0] && strcmp(a->steer.condition, text) == 0 &&
                       a->steer.condition_arms == v->n_arms;
    struct command *c = app_emit(a, COMMAND_CONDITION);
    if (c) {
        snprintf(c->text, sizeof c->text, "%s", text);
        c->value = again ? 1 : 0;
        snprintf(a->steer.condition, sizeof a->steer.condition, "%s",
                 again ? "" : text);
        a->steer.condition_arms = v->n_arms;
    }
}

/* The ith completion: the random control, whole, then settings of any other. */
static const char *condition_word(const struct app *a, const char *text, size_t i)
{
    static const char *const random[] = {"random", "decoder=random"};
    (void)a;
    (void)text;
    return i < 2 ? random[i] : session_setting(i - 2, false);
}

/* ---- :tune ---- */

static void emit_tune(struct app *a, int cond, const char *pairs)
{
    struct command *c = app_emit(a, COMMAND_TUNE);
    if (c) {
        c->cond = cond;
        snprintf(c->text, sizeof c->text, "%s", pairs);
    }
}

static void apply_tune(struct app *a, const struct session_view *v,
                       const struct undo_step *s, bool back)
{
    (void)v;
    emit_tune(a, s->arm, back ? s->before : s->after);
}

static void which_tune(const struct app *a, const struct undo_step *s, bool back,
                       char *out, size_t cap)
{
    (void)a;
    snprintf(out, cap, "of %c: now %s", 'A' + s->arm, back ? s->before : s->after);
}

static const struct undo_kind tune_undo = {"a setting", apply_tune, which_tune};

/* The pairs that bring back what `pairs` changes: "lr=0.002" for "lr=0.001". False if
 * the condition has no such setting: the trainer says so, and there is nothing to
 * undo. */
static bool undone(const struct cond_view *v, const char *pairs, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (const char *p = pairs; *p != '\0'; p += strspn(p, ",")) {
        char key[64];
        const size_t n = strcspn(p, "=,");
        snprintf(key, sizeof key, "%.*s", (int)n, p);
        const char *was = session_setting_in(v->tunable, key);
        if (!was || p[n] != '=' || len + n + 2 + strcspn(was, ",") >= cap) {
            return false;
        }
        len += (size_t)snprintf(out + len, cap - len, "%s%s=%.*s", len > 0 ? "," : "",
                                key, (int)strcspn(was, ","), was);
        p += strcspn(p, ",");
    }
    return len > 0;
}

static void tune_cond(struct app *a, const struct session_view *v, size_t cond,
                      const char *pairs)
{
    struct undo_step step = {.kind = &tune_undo, .arm = (int)cond};
    if (strlen(pairs) < sizeof step.after &&
        undone(&v->cond[cond], pairs, step.before, sizeof step.before)) {
        snprintf(step.after, sizeof step.after, "%s", pairs);
        undo_push(&a->undo, &step);
    }
    emit_tune(a, (int)cond, pairs);
}

/* "[A|B|...|both] key=value,...": change settings of the condition named, or of the one
 * that masking keys act on. */
static void tune(struct app *a, const struct session_view *v, const char *args)
{
    char text[256], word[8] = "";
    size_t from = (size_t)a->steer.target, to = from + 1;
    const size_t n = strcspn(args, " ");
    const char *rest = args + n + strspn(args + n, " ");
    if (rest[0] && n < sizeof word && !memchr(args, '=', n)) {
        snprintf(word, sizeof word, "%.*s", (int)n, args);
        args = rest;
    }
    if (!strcmp(word, "both") || !strcmp(word, "all") ||
        (!word[0] && a->steer.target == TARGET_ALL)) {
        from = 0;
        to = conds_of(v);
    } else if (word[0]) {
        from = word[1] == '\0' ? (size_t)((word[0] | 0x20) - 'a') : conds_of(v);
        to = from + 1;
    }
    if (from >= conds_of(v) || !paired(args, text, sizeof text)) {
        app_say(a, true,
                "tune: expected [A|B|...|both] and settings, as in :tune A lr=0.001");
        return;
    }
    for (size_t k = from; k < to; k++) {
        tune_cond(a, v, k, text);
    }
}

static const char *tune_word(const struct app *a, const char *text, size_t i)
{
    static const char *const which[] = {"A", "B", "both"};
    (void)a;
    (void)text;
    return i < 3 ? which[i] : session_setting(i - 3, true);
}

const struct action action_condition = {.command = "condition",
                                        .args = "NAME KEY=X,...",
                                        .run = add_condition,
                                        .reach = REACH_ALL,
                                        .may = may_steer,
                                        .word = condition_word};
const struct action action_tune = {.command = "tune",
                                   .args = "[A|both] KEY=X,...",
                                   .run = tune,
                                   .reach = REACH_ALL,
                                   .may = may_train,
                                   .word = tune_word};
