/* Row 0, the line above the last, and the last one. */
#include "ui/statusline.h"

#include "base/duration.h"
#include "ui/rows.h"
#include "ui/steer.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- tabs ---- */

/* Write the words at the right; returns their columns. */
static int help_word(const struct app *a, char *out, size_t cap)
{
    app_words(a, KEY_OF("help") " help", out, cap);
    return canvas_text_width(out);
}

static void tab_text(const struct app *a, size_t s, char *out, size_t cap)
{
    const struct screen_def *screen = a->screens->row[s];
    const bool on = a->screen == screen;
    const uint32_t go = keymap_key_on(a->screens, a->screen, keymap_go(a->screens, s));
    char key[48] = "-";
    if (go) {
        key_name(go, key, sizeof key);
    }
    snprintf(out, cap, "%c%s %s%c", on ? '[' : ' ', key, screen->title, on ? ']' : ' ');
}

/* Columns between two tabs: none where a narrow terminal has no room for them. */
static int tab_gap(const struct app *a, int w)
{
    char text[48];
    int used = help_word(a, text, sizeof text) + 1;
    for (size_t s = 0; s < a->screens->n; s++) {
        tab_text(a, s, text, sizeof text);
        used += canvas_text_width(text) + 1;
    }
    return used <= w ? 1 : 0;
}

enum { FIND_GAP = 3 };

/* Draw the finder's key at the end of r, if it fits. */
static void find_view(struct app *a, struct canvas *c, struct rect r)
{
    char text[48];
    app_words(a, KEY_OF("go") " find", text, sizeof text);
    const int w = canvas_text_width(text), at = r.x + r.w - w;
    if (at > r.x) {
        canvas_text(c, at, r.y, w, text, ROLE_KEY, 0);
        app_hit(a, (struct rect){at, r.y, w, 1}, HIT_FIND, 0);
    }
}

void tabs_view(struct app *a, struct canvas *c, struct rect r)
{
    if (r.h < 1) {
        return;
    }
    const int gap = tab_gap(a, r.w);
    char text[48];
    int x = r.x;
    for (size_t s = 0; s < a->screens->n; s++) {
        const bool on = a->screen == a->screens->row[s];
        const int from = x;
        tab_text(a, s, text, sizeof text);
        x += canvas_text(c, x, r.y, r.x + r.w - x, text, on ? ROLE_FOCUS : ROLE_TITLE,
                         on ? ATTR_BOLD : 0);
        app_hit(a, (struct rect){from, r.y, x - from, 1}, HIT_TAB, (int)s);
        x += gap;
    }
    const int w = help_word(a, text, sizeof text), at = r.x + r.w - w;
    if (at > x) {
        canvas_text(c, at, r.y, w, text, ROLE_KEY, 0);
        app_hit(a, (struct rect){at, r.y, w, 1}, HIT_HELP, 0);
    }
    find_view(a, c, (struct rect){x, r.y, at - x - FIND_GAP, 1});
}

/* ---- status ---- */

static enum role state_role(enum session_state s)
{
    switch (s) {
    case SESSION_TRAINING: return ROLE_GOOD;
    case SESSION_PAUSED:
    case SESSION_LOADING: return ROLE_WARN;
    case SESSION_FAILED: return ROLE_BAD;
    case SESSION_DONE:
    case SESSION_BROWSING:
    case SESSION_ENDED: break;
    }
    return ROLE_VALUE;
}

void status_mask(const struct app *a, const struct session_view *v, char *out,
                 size_t cap)
{
    out[0] = '\0';
    if (v->state == SESSION_LOADING || v->state == SESSION_FAILED) {
        return;
    }
    const char *had = v->state == SESSION_BROWSING ? "trained with " : "";
    if (conds_of(v) == 1) {
        const double p = steer_rate(a, v, 0);
        if (p > 0) {
            snprintf(out, cap, "%smask p=%.2f%s", had, p, had[0] ? "" : " on");
        } else {
            snprintf(out, cap, had[0] ? "trained without masks" : "mask off");
        }
        return;
    }
    size_t len = (size_t)snprintf(out, cap, "%smask", had);
    for (size_t i = 0; i < conds_of(v) && len < cap; i++) {
        const double p = steer_rate(a, v, (int)i);
        len += (size_t)snprintf(out + len, cap - len, p > 0 ? "%s%c %.2f" : "%s%c off",
                                i ? "  " : " ", v->cond[i].letter, p);
    }
}

void status_progress(const struct session_view *v, int room, char *out, size_t cap)
{
    char step[32], steps[32], eta[32], whole[112];
    out[0] = '\0';
    if (v->state != SESSION_TRAINING && v->state != SESSION_PAUSED) {
        return;
    }
    text_thousands(step, sizeof step, v->step);
    text_thousands(steps, sizeof steps, v->steps);
    (void)duration_text(v->eta_seconds, DURATION_BRIEF, eta);
    const int len = snprintf(whole, sizeof whole, "step %s/%s", step, steps);
    const int with_eta = len + (int)sizeof "  ETA " - 1 + canvas_text_width(eta);
    if (with_eta <= room) {
        snprintf(out, cap, "%s  ETA %s", whole, eta);
    } else if (len <= room) {
        snprintf(out, cap, "%s", whole);
    }
}

enum { RULE_W = 3 }; /* between parts of the line */

/* Draw a message; if cut, it ends in the key that shows it in full. */
static void put_message(const struct app *a, struct canvas *c, int x, int y, int w,
                        const char *text, enum role role, uint8_t attr)
{
    const struct key_entry *k =
        keymap_find_command(a->screens, a->screen, "messages", strlen("messages"));
    const uint32_t shows = k ? keymap_key_on(a->screens, a->screen, k) : 0;
    char key[48] = "";
    if (canvas_text_width(text) > w && shows &&
        (!app_is_live_card(a) || k->action->in_card)) {
        key_name(shows, key, sizeof key);
    }
    const int room = key[0] ? w - 1 - canvas_text_width(key) : w;
    const int used = canvas_text(c, x, y, room, text, role, attr);
    if (key[0]) {
        canvas_text(c, x + used + 1, y, w - used - 1, key, ROLE_KEY, ATTR_BOLD);
    }
}

static int status_rule(struct canvas *c, int x, int y, int end)
{
    return canvas_text(c, x, y, end - x, " \xe2\x94\x82 ", ROLE_BORDER, 0);
}

/* Draw a part of the line with a rule before it. Returns the columns used, 0 for an
 * empty part. */
static int status_part(struct canvas *c, int x, int y, int end, char *text,
                       enum role role)
{
    if (!text[0]) {
        return 0;
    }
    const int used = status_rule(c, x, y, end);
    rows_whole_words(text, end - x - used);
    return used + canvas_text(c, x + used, y, end - x - used, text, role, 0);
}

/* Draw the screen's own part, what it begins with as a warning if it is one. Returns
 * the columns used. */
static int own_part(const struct app *a, const struct session_view *v,
                    const struct screen_def *screen, struct canvas *c, struct rect r,
                    char *text)
{
    const int used = status_part(c, r.x, r.y, r.x + r.w, text, ROLE_TEXT);
    if (used && screen->status_warns && screen->status_warns(a, v)) {
        char *rest = strstr(text, "  ");
        if (rest) {
            *rest = '\0';
        }
        const int w = layout_least(canvas_text_width(text), used - RULE_W);
        canvas_tint(c, (struct rect){r.x + RULE_W, r.y, w, 1}, ROLE_WARN, 0);
    }
    return used;
}

void status_view(const struct app *a, const struct session_view *v,
                 const struct screen_def *screen, struct canvas *c, struct rect r)
{
    if (r.h < 1) {
        return;
    }
    const int end = r.x + r.w;
    int x = r.x + 1;
    x += canvas_textf(c, x, r.y, end - x, state_role(v->state), ATTR_BOLD,
                      v->state == SESSION_TRAINING ? "\xe2\x97\x8f %s" : "%s",
                      session_state_name(v->state));
    if (v->state == SESSION_FAILED && v->message[0]) { /* nothing else is going on */
        x += status_rule(c, x, r.y, end);
        put_message(a, c, x, r.y, end - x, v->message, ROLE_BAD, 0);
        return;
    }
    char mask[96], words[400] = "", own[400], progress[112] = "";
    status_mask(a, v, mask, sizeof mask);
    if (screen->status) {
        screen->status(a, v, words, sizeof words);
    }
    app_words(a, words, own, sizeof own);
    if (!app_is_live_card(a)) { /* the card has a row for it */
        x += status_part(c, x, r.y, end, mask, ROLE_TEXT);
    }
    if (!screen->says_progress) {
        status_progress(v, end - x - 2 * RULE_W - canvas_text_width(own), progress,
                        sizeof progress);
    }
    x += status_part(c, x, r.y, end, progress, ROLE_TEXT);
    x += own_part(a, v, screen, c, (struct rect){x, r.y, end - x, 1}, own);
    if (v->warning[0] && end - x > 12) {
        x += canvas_text(c, x, r.y, end - x, "  ! ", ROLE_WARN, ATTR_BOLD);
        put_message(a, c, x, r.y, end - x, v->warning, ROLE_WARN, 0);
    }
}

/* ---- what is being said ---- */

void say_view(const struct app *a, const struct session_view *v, struct canvas *c,
              struct layout_frame f)
{
    bool bad = false;
    const char *say = app_saying(a, v, &bad);
    const bool in_status = say == v->message && v->state == SESSION_FAILED;
    if (!say || in_status || layout_kind(c->w, c->h) == LAYOUT_STEP) {
        return;
    }
    /* Drawn on the line that closes the screen, where it covers no figure, and progress
     * and hints stay visible. The card has an empty row instead of that line. */
    const bool card = app_is_live_card(a);
    const int above = a->screen->rule ? a->screen->rule(a) : 0;
    const int y = card ? c->h - 2 : f.body.y + f.body.h - 1 - above;
    const int x = card ? 0 : 2;
    /* Clear the whole line: captions of panes on it would look like a part of the
     * message. */
    const struct rect r = {x, y, c->w - 2 * x, 1};
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    put_message(a, c, r.x + 1, y, r.w - 2, say, bad ? ROLE_BAD : ROLE_VALUE, ATTR_BOLD);
}

/* ---- hints ---- */

enum { HINTS_MAX = 48 };

/* Whether a key cannot do anything in this state: nothing trains here, there are too
 * many or too few arms, or there is no screen for it. A key that only has to wait is
 * shown dim instead. */
static bool is_useless(const struct app *a, const struct session_view *v,
                       const struct key_entry *k)
{
    /* A run being browsed gets one of two hints: extend if it has ended, else
     * resume. */
    const bool ended = v->step >= v->planned;
    if (v->state == SESSION_BROWSING &&
        (k->action == &action_resume || k->action == &action_extend)) {
        return (k->action == &action_resume) == ended;
    }
    return steer_is_over_for(k->action, a, v) ||
           (k->action->hides && v->state != SESSION_LOADING &&
            action_may(k->action, a, v)) ||
           (app_is_live_card(a) && k->key[0] && !k->action->in_card);
}

struct hint {
    size_t entry; /* of the keymap */
    const struct key_entry *key;
    uint32_t pressed; /* 0: it is typed as a command */
    const char *text;
    int priority;
};

static size_t collect_hints(const struct app *a, const struct session_view *v,
                            const struct screen_def *screen, struct hint out[HINTS_MAX])
{
    const struct screen_table *t = a->screens;
    const size_t count = keymap_count(t);
    size_t n = 0;
    for (size_t i = 0; i < count && n < HINTS_MAX; i++) {
        const struct key_entry *k = keymap_at(t, i);
        const struct screen_def *owner = keymap_owner(t, i);
        struct hint hint = {.entry = i, .key = k};
        hint.text = keymap_hint(t, i, screen, v->state, &hint.priority);
        if (!hint.text || (owner != screen && owner != t->everywhere)) {
            continue;
        }
        const char *now = k->action->hint ? k->action->hint(a) : NULL;
        hint.text = now ? now : hint.text;
        hint.pressed = keymap_key_on(t, screen, k);
        const bool shadowed = k->key[0] && !hint.pressed; /* by keys of the screen */
        if (!hint.text[0] || shadowed || is_useless(a, v, k)) {
            continue;
        }
        size_t at = n++;
        while (at > 0 && out[at - 1].priority > hint.priority) {
            out[at] = out[at - 1];
            at--;
        }
        out[at] = hint;
    }
    return n;
}

/* The key to press, or the command to type where there is no key: "Space",
 * ":extend". */
static void hint_key(const struct hint *hint, char *out, size_t cap)
{
    const struct key_entry *k = hint->key;
    if (hint->pressed) {
        key_name(hint->pressed, out, cap);
    } else {
        snprintf(out, cap, ":%s%s%s", k->action->command, k->preset[0] ? " " : "",
                 k->preset);
    }
}

/* How many hints from here on have the same words and share them: "[ ] rate". */
static size_t hint_group(const struct hint *hint, size_t n)
{
    size_t same = 1;
    while (same < n && hint[0].pressed && !strcmp(hint[same].text, hint[0].text)) {
        same++;
    }
    return same;
}

/* Draw a group of hints at x. Returns the columns used, 0 if it does not all fit. */
static int draw_hints(struct app *a, const struct session_view *v, struct canvas *c,
                      int x, int y, int room, const struct hint *hint, size_t n)
{
    const bool off = action_may(hint[0].key->action, a, v) != NULL;
    char key[48];
    int w = canvas_text_width(hint[0].text);
    for (size_t i = 0; i < n; i++) {
        hint_key(&hint[i], key, sizeof key);
        w += canvas_text_width(key) + 1;
    }
    if (w > room) {
        return 0;
    }
    app_hit(a, (struct rect){x, y, w, 1}, HIT_HINT, (int)hint[0].entry);
    const int start = x;
    for (size_t i = 0; i < n; i++) {
        hint_key(&hint[i], key, sizeof key);
        const int used = canvas_text(c, x, y, room, key, off ? ROLE_DIM : ROLE_KEY,
                                     off ? 0 : ATTR_BOLD);
        app_hit(a, (struct rect){x, y, used, 1}, HIT_HINT, (int)hint[i].entry);
        x += used + 1;
    }
    canvas_text(c, x, y, start + room - x, hint[0].text, off ? ROLE_DIM : ROLE_TEXT, 0);
    return w;
}

void hints_view(struct app *a, const struct session_view *v,
                const struct screen_def *screen, struct canvas *c, struct rect r)
{
    struct hint hint[HINTS_MAX];
    const char *typing = screen->typing ? screen->typing(a) : NULL;
    const size_t n = typing ? 0 : collect_hints(a, v, screen, hint);
    int x = r.x + 1;
    if (typing && r.h > 0) {
        canvas_text(c, x, r.y, r.w - 2, typing, ROLE_TEXT, 0);
    }
    for (size_t i = 0; i < n && r.h > 0;) {
        const size_t group = hint_group(&hint[i], n - i);
        const int used = draw_hints(a, v, c, x, r.y, r.x + r.w - x, &hint[i], group);
        if (!used) {
            return;
        }
        x += used + 2;
        i += group;
    }
}
