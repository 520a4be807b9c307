/* The way out: asks while there is something to lose, then waits for the save. */
#include "ui/leave.h"

#include "ui/help.h"
#include "ui/text.h"

#include <stdio.h>
#include <string.h>

/* The last save on record; NULL: none. */
static const struct event_view *last_save(const struct session_view *v)
{
    for (size_t i = v->n_events; i-- > 0;) {
        if (!strcmp(v->event[i].kind, "save")) {
            return &v->event[i];
        }
    }
    return NULL;
}

/* Whether the run was saved at its present step. */
static bool is_saved(const struct session_view *v)
{
    const struct event_view *save = last_save(v);
    return save && save->step == v->step;
}

/* Whether quitting now would lose training that nothing has saved. */
static bool something_to_lose(const struct session_view *v)
{
    const bool stands = v->state == SESSION_PAUSED || v->state == SESSION_DONE;
    return v->step > 0 && (v->state == SESSION_TRAINING || (stands && !is_saved(v)));
}

/* Leave, or open the next run, now that nothing holds it up. */
static void go(struct app *a)
{
    app_ask(a, a->next.path[0] ? REQUEST_OPEN : REQUEST_QUIT);
}

static void start(struct app *a, const struct session_view *v)
{
    if (something_to_lose(v)) {
        a->leaving = LEAVE_ASKING;
        a->help.open = a->finder.open = false;
        a->prompt = NULL;
        return;
    }
    go(a);
}

void leave_start(struct app *a, const struct session_view *v)
{
    a->next.path[0] = '\0';
    start(a, v);
}

void leave_for(struct app *a, const struct session_view *v, const char *run,
               bool resume)
{
    snprintf(a->next.path, sizeof a->next.path, "%s", run);
    a->next.resume = resume;
    start(a, v);
}

void leave_key(struct app *a, const struct session_view *v, uint32_t key)
{
    if (a->leaving != LEAVE_ASKING) {
        /* The save is on its way; Esc does not take it back, but stays. */
        a->leaving = key == KEY_ESC_ ? STAYING : a->leaving;
        return;
    }
    if (key == 'c' || key == 'd') {
        struct command *c = app_emit(a, COMMAND_STOP);
        if (c) {
            c->value = key == 'c' ? 1 : 0;
            a->leaving = key == 'c' ? LEAVE_SAVING : LEAVE_DISCARDING;
            app_dismiss(a, v);
        }
    } else if (key == KEY_ESC_ || key == 'q') {
        a->leaving = STAYING;
    } else if (key == '?' || key == KEY_F1_) {
        a->leaving = STAYING;
        help_open(a, v, "");
    }
}

void leave_follow(struct app *a, const struct session_view *v)
{
    if (a->leaving != LEAVE_SAVING && a->leaving != LEAVE_DISCARDING) {
        return;
    }
    if (v->state == SESSION_ENDED || v->state == SESSION_FAILED) {
        go(a);
    } else if (v->message_bad && a->heard != v->said) {
        a->leaving = STAYING; /* the save failed, and the message says why */
    }
}

/* The command that opens the run again; false: it was not saved yet. */
static bool opening(const struct session_view *v, char *out, size_t cap)
{
    const bool saved = last_save(v) && v->arm[0].dir[0];
    snprintf(out, cap, "saetop %s", saved ? v->arm[0].dir : "DIRECTORY");
    return saved;
}

/* Write to out[cap] what of a text fits into w columns, cut anywhere. Returns its
 * bytes, at least those of one character. */
static size_t fit(const char *text, int w, char *out, size_t cap)
{
    size_t len = 0;
    while (text[len]) {
        size_t next = len + 1;
        while (((unsigned char)text[next] & 0xC0) == 0x80) {
            next++;
        }
        if (next >= cap) {
            break;
        }
        memcpy(out, text, next);
        out[next] = '\0';
        if (len > 0 && canvas_text_width(out) > w) {
            break;
        }
        len = next;
    }
    out[len] = '\0';
    return len;
}

/* Draw all of a text from y on, if c is not NULL, in lines of w columns: a command that
 * is cut can't be copied. Returns the lines it takes. */
static int draw_whole(struct canvas *c, int x, int y, int w, const char *text)
{
    int lines = 0;
    char line[512];
    for (size_t len = 0; *text; text += len, lines++) {
        len = fit(text, w, line, sizeof line);
        if (c) {
            canvas_text(c, x, y + lines, w, line, ROLE_VALUE, 0);
        }
    }
    return lines;
}

/* Draw, if c is not NULL, when the run was last saved and how to open it again. Returns
 * the lines used. */
static int draw_saved(const struct session_view *v, struct canvas *c, int x, int y,
                      int w)
{
    char command[sizeof v->arm[0].dir + 16], step[32];
    const bool saved = opening(v, command, sizeof command);
    if (!c) {
        return saved ? 1 + draw_whole(NULL, 0, 0, w, command) : 2;
    }
    if (!saved) {
        canvas_text(c, x, y, w, "It was not saved yet. Saving says where; then",
                    ROLE_TEXT, 0);
        canvas_text(c, x, y + 1, w, "saetop DIRECTORY opens it again.", ROLE_TEXT, 0);
        return 2;
    }
    text_thousands(step, sizeof step, last_save(v)->step);
    canvas_textf(c, x, y, w, ROLE_TEXT, 0,
                 "Last saved at step %s. To open it again:", step);
    return 1 + draw_whole(c, x, y + 1, w, command);
}

/* The box, as wide as the command needs, with lines added for it. */
static struct rect dialog(const struct session_view *v, const struct canvas *c)
{
    enum { W = 60, H = 10, EDGES = 4 };
    char command[sizeof v->arm[0].dir + 16];
    (void)opening(v, command, sizeof command);
    const int needs = canvas_text_width(command) + EDGES;
    const int w = layout_least(needs > W ? needs : W, c->w);
    return layout_dialog(c->w, c->h, w,
                         H + draw_whole(NULL, 0, 0, w - EDGES, command) - 1);
}

void leave_view(struct app *a, const struct session_view *v, struct canvas *c)
{
    if (a->leaving == STAYING) {
        return;
    }
    const struct rect r = dialog(v, c);
    canvas_fill(c, r, ' ', ROLE_TEXT, 0);
    const bool opens = a->next.path[0] != '\0';
    const struct rect in =
        canvas_box(c, r, opens ? "open another run" : "quit", NULL, true);
    app_hit(a, (struct rect){0, 0, c->w, c->h}, HIT_OVERLAY, 0);
    const int x = in.x + 1;
    const int w = in.w - 2;
    if (a->leaving != LEAVE_ASKING) {
        canvas_text(c, x, in.y + 1, w,
                    a->leaving == LEAVE_SAVING ? "saving ..." : "stopping ...",
                    ROLE_TEXT, 0);
        return;
    }
    static const char *const keys[] = {"c", "d", "Esc"};
    enum { KEYS = sizeof keys / sizeof keys[0] };
    /* On a small screen the keys are what must be seen. */
    const bool roomy = in.h >= 1 + draw_saved(v, NULL, 0, 0, w) + 1 + KEYS;
    int y = in.y;
    if (in.h > 3) {
        char step[32];
        text_thousands(step, sizeof step, v->step);
        canvas_textf(c, x, y++, w, ROLE_TEXT, 0, "The run is at step %s.", step);
    }
    if (roomy) {
        y += draw_saved(v, c, x, y, w) + 1;
    }
    const char *const verb = opens ? "open it" : "quit";
    for (int i = 0; i < KEYS; i++) {
        char what[64];
        snprintf(what, sizeof what,
                 i == 0   ? "save and %s"
                 : i == 1 ? "%s, discard %s"
                          : "stay",
                 verb,
                 last_save(v) ? "what came since"
                 : opens      ? "this run"
                              : "the run");
        canvas_text(c, x + 1, y + i, w, keys[i], ROLE_KEY, ATTR_BOLD);
        canvas_text(c, x + 6, y + i, w - 6, what, ROLE_TEXT, 0);
    }
}
