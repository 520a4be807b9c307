/* Prompt: presets, edits kept with the run under a name. */
#include "ui/actions.h"
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

void prompt_presets_follow(struct app *a, const struct session_view *v)
{
    struct prompt_state *s = prompt_own(a);
    const struct ask_presets *now = v->arm[latents_arm(a)].presets;
    if (s->presets != now) {
        ask_presets_unref(s->presets);
        s->presets = now ? ask_presets_ref((struct ask_presets *)(uintptr_t)now) : NULL;
    }
}

const char *prompt_preset_word(const struct app *a, const char *text, size_t i)
{
    static const char *const words[] = {"save", "drop"};
    const struct ask_presets *p = prompt_own(a)->presets;
    const bool second =
        !strncmp(text, "preset save ", 12) || !strncmp(text, "preset drop ", 12);
    if (!second && i < 2) {
        return words[i];
    }
    i -= second ? 0 : 2;
    return p && i < p->n ? p->at[i].name : NULL;
}

/* ---- what there is ---- */

static void list_names(const struct ask_presets *p, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; p && i < p->n && len < cap; i++) {
        const struct ask_preset *one = &p->at[i];
        len +=
            (size_t)snprintf(out + len, cap - len, "%s%s (", i ? ", " : "", one->name);
        for (size_t k = 0; k < one->n; k++) {
            len = prompt_edit_add(&one->edit[k].edit, k == 0, out, cap, len);
        }
        if (len < cap) {
            len += (size_t)snprintf(out + len, cap - len, ")");
        }
    }
}

void prompt_presets_say(struct app *a, const struct session_view *v)
{
    char names[320];
    const char letter = v->cond[latents_cond(a)].letter;
    prompt_presets_follow(a, v);
    list_names(prompt_own(a)->presets, names, sizeof names);
    if (names[0]) {
        app_say(a, false, "presets of %c: %s", letter, names);
    } else {
        app_say(a, false,
                "%c has no presets: :preset save NAME keeps what is silenced and "
                "steered",
                letter);
    }
}

/* ---- one of them ---- */

static void say_none(struct app *a, const struct session_view *v, const char *name)
{
    const char letter = v->cond[latents_cond(a)].letter;
    for (size_t c = 0; c < v->n_conds && c < VIEW_CONDS; c++) {
        const size_t arm = session_view_shown(v, c);
        if (arm != latents_arm(a) && ask_presets_find(v->arm[arm].presets, name)) {
            app_say(a, true,
                    "preset %.32s is of latents of %c, %c is shown; " KEY_OF(
                        "arm") " changes that",
                    name, v->cond[c].letter, letter);
            return;
        }
    }
    app_say(a, true, "%c has no preset '%.40s'; :presets lists them", letter, name);
}

/* Say why a preset cannot replace the present edits; false: it can. */
static bool refused(struct app *a, const struct ask_preset *p)
{
    const struct prompt_state *s = prompt_own(a);
    struct errinfo e = {0};
    if (!s->subject || s->row.arm != latents_arm(a)) {
        app_say(a, true, "the SAE of this condition is not ready yet");
        return true;
    }
    if (ask_preset_fits(p, s->subject->sae, &e) != OK) {
        app_say(a, true, "%s", e.msg);
        return true;
    }
    if (p->n > PROMPT_EDITS) {
        app_say(a, true, "preset %s: %zu edits, expected at most %d", p->name, p->n,
                PROMPT_EDITS);
        return true;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (prompt_edit_refused(a, &p->edit[i].edit)) {
            return true;
        }
    }
    return false;
}

static void use(struct app *a, const struct session_view *v, const char *name)
{
    struct prompt_state *s = prompt_own(a);
    const struct ask_preset *p = ask_presets_find(s->presets, name);
    char step[32];
    if (!p) {
        say_none(a, v, name);
        return;
    }
    if (refused(a, p) || !prompt_keep(a)) {
        return;
    }
    prompt_freshen(a, v);
    s->row.edits.n = p->n;
    for (size_t i = 0; i < p->n; i++) {
        s->row.edits.at[i] = p->edit[i].edit;
    }
    prompt_edits_changed(a);
    text_thousands(step, sizeof step, p->step);
    app_say(a, false, "preset %s, saved at step %s", p->name, step);
}

/* Send the session NAME and, to be kept, the present edits. */
static void send(struct app *a, const char *name, bool keep)
{
    const struct prompt_edits *edits = &prompt_own(a)->row.edits;
    struct str text;
    if (keep && edits->n == 0) {
        app_say(a, false, "no latent is silenced or steered: nothing to keep");
        return;
    }
    str_init(&text, sizeof((struct command *)0)->text - 1);
    str_add(&text, name);
    for (size_t i = 0; keep && i < edits->n; i++) {
        str_addc(&text, ' ');
        ask_edit_print(&edits->at[i], &text);
    }
    if (text.err != OK) {
        app_say(a, true, "preset %.32s: too long; silencing takes less than steering",
                name);
    }
    struct command *c = text.err == OK ? app_emit(a, COMMAND_PRESET) : NULL;
    if (c) {
        c->arm = latents_arm(a);
        snprintf(c->text, sizeof c->text, "%s", text.p);
    }
    str_free(&text);
}

void prompt_preset(struct app *a, const struct session_view *v, const char *args)
{
    const bool keep = !strncmp(args, "save ", 5), drop = !strncmp(args, "drop ", 5);
    const char *name = keep || drop ? args + 5 : args;
    prompt_presets_follow(a, v);
    name += strspn(name, " ");
    if (!name[0] || !strcmp(args, "save") || !strcmp(args, "drop") ||
        strchr(name, ' ')) {
        app_say(a, true,
                "preset: expected a name, save and a name, or drop and a name");
    } else if (keep || drop) {
        send(a, name, keep);
    } else {
        use(a, v, name);
    }
}
