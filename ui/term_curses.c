/* The only file that knows curses. Curses keeps the picture of the screen and sends the
 * differences; its mouse and signal handling are not used: mouse reports are parsed
 * here, so that drags and large terminals work whatever the terminal's description
 * says, and signals come through signal.c, so that nothing runs inside a handler. */
#ifndef _XOPEN_SOURCE /* the library's own flags may say it already */
#define _XOPEN_SOURCE 700
#endif
#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/mouse.h"
#include "ui/signal.h"
#include "ui/stderr_tail.h"
#include "ui/term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <ncurses.h>
/* It describes a terminal as `struct term`, which is ours here. */
#define term curses_terminal
#include <term.h>
#undef term
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

enum {
    CODE_MOUSE_SGR = KEY_MAX + 1,
    CODE_MOUSE_OLD,
    CODE_FOCUS_IN,
    CODE_FOCUS_OUT,
};

#define MOUSE_ON  "\033[?1000h\033[?1002h\033[?1006h\033[?1004h"
#define MOUSE_OFF "\033[?1004l\033[?1006l\033[?1002l\033[?1000l"
/* Synchronized output: a terminal that knows it shows a frame at once, others ignore
 * it. */
#define SYNC_ON  "\033[?2026h"
#define SYNC_OFF "\033[?2026l"

struct term {
    SCREEN *screen;
    FILE *out, *in; /* on duplicates of the caller's descriptors */
    int out_fd, in_fd;
    WINDOW *keys; /* a pad to read from: reading from a window would refresh it */
    struct termios modes;
    struct stderr_tail tail;
    bool signals_open;
    char note[160];
    char show_cursor[32]; /* what the terminal wants for it, maybe "" */

    enum glyph_tier tier;
    int colors; /* 256, 8, 0 */
    bool has_mouse, mouse;
    attr_t attr[ROLE_COUNT];
    short pair[ROLE_COUNT];

    int w, h;           /* of the terminal, as last reported */
    struct cell *shown; /* [h * w], NULL: unknown */
    int cursor_x, cursor_y;
    bool all; /* send everything */
    bool suspended, ended;
    bool resized; /* look at the size */
    bool resumed; /* and report it even if it is the same */

    struct mouse pointer;
};

/* ---- output ---- */

static void send_bytes(const struct term *t, const char *bytes)
{
    size_t n = strlen(bytes);
    while (n > 0) {
        const ssize_t put = write(t->out_fd, bytes, n);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return;
        }
        bytes += put;
        n -= (size_t)put;
    }
}

/* A glyph that the locale gives other columns would shift the row: show '?' instead. */
static wchar_t showable(const struct cell *cell)
{
    if (cell->cp < 0x7F) {
        return cell->cp >= 0x20 ? (wchar_t)cell->cp : L'?';
    }
    return wcwidth((wchar_t)cell->cp) == cell->width ? (wchar_t)cell->cp : L'?';
}

static void put_cell(const struct term *t, int x, int y, const struct cell *cell)
{
    attr_t attr = t->attr[cell->role];
    attr |= cell->attr & ATTR_BOLD ? A_BOLD : A_NORMAL;
    attr |= cell->attr & ATTR_UNDERLINE ? A_UNDERLINE : A_NORMAL;
    /* Reverse of reverse is plain: a mark on a reversed cell stays visible. */
    attr ^= cell->attr & ATTR_REVERSE ? A_REVERSE : A_NORMAL;
    wchar_t text[2] = {showable(cell), L'\0'};
    cchar_t cc;
    setcchar(&cc, text, attr, t->pair[cell->role], NULL);
    mvadd_wch(y, x, &cc);
    if (cell->width == 2 && text[0] == L'?') {
        text[0] = L' ';
        setcchar(&cc, text, attr, t->pair[cell->role], NULL);
        mvadd_wch(y, x + 1, &cc);
    }
}

static bool has_wide(const struct cell *row, int w)
{
    for (int x = 0; x < w; x++) {
        if (row[x].width != 1) {
            return true;
        }
    }
    return false;
}

/* Give curses the cells of a row that differ; true when there were any. */
static bool put_row(struct term *t, const struct canvas *c, int y, int w)
{
    const struct cell *row = &c->cell[(size_t)y * (size_t)c->w];
    struct cell *old = t->shown ? &t->shown[(size_t)y * (size_t)t->w] : NULL;
    const bool every = t->all || !old;
    if (!every && !memcmp(old, row, (size_t)w * sizeof *row)) {
        return false;
    }
    /* Curses clears halves of wide glyphs that a neighbour overwrites: such a row is
     * given whole, from left to right. */
    const bool whole = every || has_wide(row, w) || has_wide(old, w);
    for (int x = 0; x < w; x++) {
        if (row[x].width == 0 || (!whole && !memcmp(&old[x], &row[x], sizeof *row))) {
            continue;
        }
        struct cell cell = row[x];
        /* Half a glyph is a space. In the last columns of the last row curses may reach
         * the corner by inserting, which splits wide glyphs: no glyph there. */
        const bool corner = y == t->h - 1 && x >= t->w - 3;
        if (cell.width == 2 && (corner || x + 1 >= w)) {
            cell = (struct cell){' ', cell.role, cell.attr, 1};
            if (x + 1 < w) {
                put_cell(t, x + 1, y, &cell);
            }
        }
        put_cell(t, x, y, &cell);
    }
    if (old) {
        memcpy(old, row, (size_t)w * sizeof *row);
    }
    return true;
}

/* Place or hide the cursor; true when that changes. */
static bool put_cursor(struct term *t, const struct canvas *c)
{
    const bool on = c->cursor_x >= 0 && c->cursor_y >= 0 && c->cursor_x < t->w &&
                    c->cursor_y < t->h;
    const int x = on ? c->cursor_x : -1;
    const int y = on ? c->cursor_y : -1;
    if (!t->all && x == t->cursor_x && y == t->cursor_y) {
        return false;
    }
    curs_set(on ? 1 : 0);
    leaveok(stdscr, !on);
    t->cursor_x = x;
    t->cursor_y = y;
    return true;
}

void term_present(struct term *t, const struct canvas *c)
{
    if (t->suspended || t->ended) {
        return;
    }
    const int w = c->w < t->w ? c->w : t->w;
    const int h = c->h < t->h ? c->h : t->h;
    if (t->all) {
        erase();
        clearok(curscr, TRUE);
    }
    bool changed = put_cursor(t, c);
    for (int y = 0; y < h; y++) {
        changed |= put_row(t, c, y, w);
    }
    t->all = false;
    if (!changed) {
        return;
    }
    if (t->cursor_x >= 0) {
        move(t->cursor_y, t->cursor_x);
    }
    if (t->has_mouse) { /* a terminal window, not a console */
        send_bytes(t, SYNC_ON);
    }
    wnoutrefresh(stdscr);
    doupdate();
    if (t->has_mouse) {
        send_bytes(t, SYNC_OFF);
    }
}

void term_redraw(struct term *t)
{
    t->all = true;
}

/* ---- colours ---- */

void term_set_theme(struct term *t, enum theme_id theme, bool color)
{
    color = color && t->colors > 0 && theme != THEME_MONO;
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct role_style *s = theme_style(theme, (enum role)role);
        const uint8_t attr = color ? s->attr : s->mono_attr;
        t->attr[role] = (attr & ATTR_BOLD ? A_BOLD : A_NORMAL) |
                        (attr & ATTR_UNDERLINE ? A_UNDERLINE : A_NORMAL) |
                        (attr & ATTR_REVERSE ? A_REVERSE : A_NORMAL);
        t->pair[role] = 0;
        const int fg = t->colors == 256 ? s->fg256 : s->fg8;
        const int bg = t->colors == 256 ? s->bg256 : s->bg8;
        if (color && (fg >= 0 || bg >= 0)) {
            t->pair[role] = (short)(role + 1);
            init_extended_pair(role + 1, fg, bg);
        }
    }
    t->all = true;
}

static void start_colors(struct term *t, const struct term_config *cfg)
{
    t->colors = 0;
    const char *no_color = getenv("NO_COLOR");
    const bool want =
        cfg->color == 1 || (cfg->color == -1 && !(no_color && no_color[0]));
    if (has_colors() && start_color() == OK && use_default_colors() == OK &&
        COLOR_PAIRS > ROLE_COUNT) {
        t->colors = COLORS >= 256 ? 256 : COLORS >= 8 ? 8 : 0;
    }
    term_set_theme(t, cfg->theme, want);
}

/* ---- size ---- */

/* Ask the terminal for its size and make room; true when it changed. */
static bool take_size(struct term *t)
{
    struct winsize ws;
    if (ioctl(t->out_fd, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 0 && ws.ws_col > 0 &&
        is_term_resized(ws.ws_row, ws.ws_col)) {
        resizeterm(ws.ws_row, ws.ws_col);
    }
    const int w = getmaxx(stdscr);
    const int h = getmaxy(stdscr);
    if (t->shown && w == t->w && h == t->h) {
        return false;
    }
    const bool changed = w != t->w || h != t->h;
    mem_free(t->shown);
    t->shown = mem_alloc((size_t)w * (size_t)h, sizeof *t->shown);
    t->w = w;
    t->h = h;
    t->all = true;
    return changed;
}

void term_size(struct term *t, int *w, int *h)
{
    *w = t->w;
    *h = t->h;
}

/* ---- suspend ---- */

void term_set_mouse(struct term *t, bool on)
{
    on = on && t->has_mouse;
    if (on != t->mouse) {
        send_bytes(t, on ? MOUSE_ON : MOUSE_OFF);
    }
    t->mouse = on;
    t->pointer = (struct mouse){.pressed = false};
}

/* Leaving the alternate screen may bring back the visibility of the cursor that it was
 * entered with, so the cursor is shown last. */
static void leave_screen(const struct term *t)
{
    endwin();
    send_bytes(t, t->show_cursor);
}

void term_suspend(struct term *t)
{
    if (t->suspended) {
        return;
    }
    if (t->mouse) {
        send_bytes(t, MOUSE_OFF);
    }
    /* No def_prog_mode: after a SIGSTOP the modes are the shell's already. */
    leave_screen(t);
    stderr_tail_pause(&t->tail);
    t->suspended = true;
}

void term_resume(struct term *t)
{
    if (!t->suspended) {
        return;
    }
    stderr_tail_continue(&t->tail);
    reset_prog_mode();
    /* The next doupdate enters the alternate screen again. */
    if (t->mouse) {
        send_bytes(t, MOUSE_ON);
    }
    t->suspended = false;
    t->resized = t->resumed = true;
    t->all = true;
    t->pointer = (struct mouse){.pressed = false};
}

static void handle_signals(struct term *t)
{
    const unsigned bits = sig_take(SIG_BIT_WINCH | SIG_BIT_CONT | SIG_BIT_TSTP);
    if (bits & SIG_BIT_TSTP) {
        term_suspend(t);
        sig_stop_self();
        sig_take(SIG_BIT_CONT | SIG_BIT_TSTP);
        term_resume(t);
    } else if (bits & SIG_BIT_CONT) {
        /* Stopped without notice: the shell has had the terminal. */
        term_suspend(t);
        term_resume(t);
    }
    t->resized = t->resized || (bits & SIG_BIT_WINCH);
}

/* ---- input ---- */

static const struct {
    int code;
    uint32_t key;
} key_codes[] = {
    {KEY_UP, KEY_UP_},
    {KEY_DOWN, KEY_DOWN_},
    {KEY_LEFT, KEY_LEFT_},
    {KEY_RIGHT, KEY_RIGHT_},
    {KEY_HOME, KEY_HOME_},
    {KEY_END, KEY_END_},
    {KEY_A1, KEY_HOME_},
    {KEY_C1, KEY_END_},
    {KEY_FIND, KEY_HOME_},
    {KEY_SELECT, KEY_END_},
    {KEY_PPAGE, KEY_PGUP},
    {KEY_NPAGE, KEY_PGDN},
    {KEY_DC, KEY_DEL},
    {KEY_BTAB, KEY_SHIFT_TAB},
    {KEY_F(1), KEY_F1_},
    {KEY_SLEFT, KEY_SHIFT_LEFT},
    {KEY_SRIGHT, KEY_SHIFT_RIGHT},
    {KEY_ENTER, KEY_ENTER_},
    {KEY_BACKSPACE, KEY_DELETE_BACK},
};

/* The next character of a report that has begun; -1 when none comes. */
static int report_char(struct term *t)
{
    wint_t wc;
    return wget_wch(t->keys, &wc) == OK ? (int)wc : -1;
}

/* "button;x;yM" after "ESC [ <"; M pressed, m released. Reads to the end of a malformed
 * report as well. */
static bool read_sgr(struct term *t, int *button, int *x, int *y, bool *release)
{
    int value[3] = {0, 0, 0};
    int n = 0;
    int ch = report_char(t);
    for (int i = 0; i < 40 && ((ch >= '0' && ch <= '9') || ch == ';'); i++) {
        if (ch == ';') {
            n++;
        } else if (n < 3 && value[n] < 100000) {
            value[n] = value[n] * 10 + (ch - '0');
        }
        ch = report_char(t);
    }
    *button = value[0];
    *x = value[1] - 1;
    *y = value[2] - 1;
    *release = ch == 'm';
    return n == 2 && (ch == 'M' || ch == 'm');
}

/* Three characters after "ESC [ M", each plus 32: terminals without SGR reports. */
static bool read_old(struct term *t, int *button, int *x, int *y, bool *release)
{
    const int b = report_char(t);
    *x = report_char(t) - 33;
    *y = report_char(t) - 33;
    if (b < 32 || *x < 0 || *y < 0) {
        return false;
    }
    *button = b - 32;
    *release = (*button & 3) == 3 && !(*button & 64);
    if (*release) {
        *button = 0;
    }
    return true;
}

static bool read_mouse(struct term *t, struct event *ev, bool sgr)
{
    int button = 0;
    bool release = false;
    /* The rest of a report may still be on its way. */
    wtimeout(t->keys, 30);
    const bool whole = sgr ? read_sgr(t, &button, &ev->x, &ev->y, &release)
                           : read_old(t, &button, &ev->x, &ev->y, &release);
    wtimeout(t->keys, 0);
    if (!whole || !t->mouse || button > 127) {
        return false;
    }
    ev->kind = EVENT_MOUSE;
    ev->x = ev->x < 0 ? 0 : ev->x >= t->w ? t->w - 1 : ev->x;
    ev->y = ev->y < 0 ? 0 : ev->y >= t->h ? t->h - 1 : ev->y;
    return mouse_report(&t->pointer, button, release, clock_ns(), ev);
}

static bool code_event(struct term *t, struct event *ev, int code)
{
    if (code == CODE_MOUSE_SGR || code == CODE_MOUSE_OLD) {
        return read_mouse(t, ev, code == CODE_MOUSE_SGR);
    }
    if (code == CODE_FOCUS_IN || code == CODE_FOCUS_OUT) {
        ev->kind = EVENT_FOCUS;
        ev->focused = code == CODE_FOCUS_IN;
        mouse_focus(&t->pointer, ev->focused, clock_ns());
        return true;
    }
    if (code == KEY_RESIZE) {
        t->resized = true;
        return false;
    }
    for (size_t i = 0; i < sizeof key_codes / sizeof key_codes[0]; i++) {
        if (key_codes[i].code == code) {
            ev->kind = EVENT_KEY;
            ev->key = key_codes[i].key;
            return true;
        }
    }
    return false;
}

/* No key: is there no terminal any more? */
static void look_for_end(struct term *t)
{
    struct pollfd p = {.fd = t->in_fd, .events = POLLIN};
    int waiting = 0;
    if (poll(&p, 1, 0) != 1) {
        return;
    }
    const bool gone = p.revents & (POLLHUP | POLLERR | POLLNVAL);
    if (gone || (ioctl(t->in_fd, FIONREAD, &waiting) == 0 && waiting == 0)) {
        t->ended = true;
        sig_post(SIG_BIT_HUP);
    }
}

static bool input_event(struct term *t, struct event *ev)
{
    for (;;) {
        wint_t wc;
        *ev = (struct event){.kind = EVENT_NONE};
        const int got = wget_wch(t->keys, &wc);
        if (got == KEY_CODE_YES) {
            if (code_event(t, ev, (int)wc)) {
                return true;
            }
            if (t->resized) {
                return false;
            }
            continue;
        }
        if (got != OK) {
            look_for_end(t);
            return false;
        }
        ev->kind = EVENT_KEY;
        ev->key = wc == '\r' ? KEY_ENTER_ : wc == '\b' ? KEY_DELETE_BACK : (uint32_t)wc;
        return true;
    }
}

bool term_event(struct term *t, struct event *ev)
{
    *ev = (struct event){.kind = EVENT_NONE};
    if (t->ended) {
        return false;
    }
    handle_signals(t);
    for (;;) {
        if (t->resized) {
            t->resized = false;
            const bool announce = take_size(t) || t->resumed;
            t->resumed = false;
            if (announce) {
                *ev = (struct event){.kind = EVENT_RESIZE, .w = t->w, .h = t->h};
                return true;
            }
        }
        if (input_event(t, ev)) {
            return true;
        }
        if (!t->resized) {
            return false;
        }
    }
}

int term_fd(const struct term *t)
{
    return t->in_fd;
}

enum glyph_tier term_tier(const struct term *t)
{
    return t->tier;
}

int term_colors(const struct term *t)
{
    return t->colors;
}

/* ---- open and close ---- */

static bool is_modern(const char *name)
{
    static const char *const known[] = {
        "alacritty", "contour", "foot", "ghostty", "iterm", "kitty",   "konsole",
        "mintty",    "rio",     "st-",  "vscode",  "vte",   "wezterm", "xterm"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!strncmp(name, known[i], strlen(known[i]))) {
            return true;
        }
    }
    return false;
}

static bool has_capability(const char *name)
{
    const char *p = tigetstr(name);
    return p && p != (char *)-1;
}

/* Whether a terminal is described on this machine and can place its cursor (curses
 * takes a dumb one as well, and prints garbage on it). Writes nothing. */
static enum err look_up(struct term *t, const char *name, bool *found,
                        struct errinfo *e)
{
    int status = 0;
    *found = setupterm(name, t->out_fd, &status) == OK;
    if (!*found) {
        return OK;
    }
    const bool places = has_capability("cup");
    t->has_mouse = has_capability("kmous");
    del_curterm(cur_term);
    if (!places) {
        return err_set(e, ERR_USAGE,
                       "TERM=%s: expected a terminal that can place its cursor", name);
    }
    return OK;
}

/* Start curses under the terminal's name, or under a common one where a modern terminal
 * is not described on this machine. */
static enum err start_screen(struct term *t, const char **name, struct errinfo *e)
{
    static const char fallback[] = "xterm-256color";
    bool found;
    TRY(look_up(t, *name, &found, e));
    if (!found && is_modern(*name)) {
        snprintf(t->note, sizeof t->note, "TERM=%.40s is not known here, used as %s",
                 *name, fallback);
        *name = fallback;
        TRY(look_up(t, *name, &found, e));
    }
    if (!found) {
        return err_set(e, ERR_USAGE, "TERM=%s is not a terminal that is known here",
                       *name);
    }
    set_escdelay(25);
    /* newterm, as initscr ends the process when it fails. */
    t->screen = newterm(*name, t->out, t->in);
    return t->screen ? OK
                     : err_set(e, ERR_USAGE, "TERM=%s: curses cannot start", *name);
}

static enum glyph_tier choose_tier(int wanted, const char *name)
{
    if (wanted >= 0) {
        return (enum glyph_tier)wanted;
    }
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0 || wcwidth(0x2500) != 1) {
        return GLYPH_ASCII;
    }
    return wcwidth(0x28FF) == 1 && strncmp(name, "linux", 5) != 0 ? GLYPH_BRAILLE
                                                                  : GLYPH_BLOCK;
}

/* A capability without its padding marks "$<5>". */
static void add_capability(struct str *s, const char *name)
{
    const char *p = tigetstr(name);
    if (!p || p == (char *)-1) {
        return;
    }
    while (*p) {
        if (p[0] == '$' && p[1] == '<' && strchr(p, '>')) {
            p = strchr(p, '>') + 1;
        } else {
            str_addc(s, *p++);
        }
    }
}

static enum err arm_restore(struct term *t, struct errinfo *e)
{
    struct str s;
    str_init(&s, SIG_RESTORE_CAP);
    add_capability(&s, "cnorm");
    snprintf(t->show_cursor, sizeof t->show_cursor, "%s", s.p);
    str_clear(&s);
    if (t->has_mouse) {
        str_add(&s, SYNC_OFF MOUSE_OFF);
    }
    static const char *const caps[] = {"sgr0", "op", "rmkx", "rmcup", "cnorm"};
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        add_capability(&s, caps[i]);
    }
    str_add(&s, "\r\n");
    enum err rc = str_err(&s, "the bytes that restore the terminal", e);
    if (rc == OK) {
        rc = sig_crash_arm(t->out_fd, s.p, s.len, t->in_fd, &t->modes, t->tail.saved,
                           t->tail.log, e);
    }
    str_free(&s);
    return rc;
}

static enum err open_streams(struct term *t, struct errinfo *e)
{
    const int out = fcntl(t->out_fd, F_DUPFD_CLOEXEC, 3);
    const int in = fcntl(t->in_fd, F_DUPFD_CLOEXEC, 3);
    t->out = out >= 0 ? fdopen(out, "w") : NULL;
    t->in = in >= 0 ? fdopen(in, "r") : NULL;
    if (t->out && t->in) {
        return OK;
    }
    const int why = errno;
    if (!t->out && out >= 0) {
        close(out);
    }
    if (!t->in && in >= 0) {
        close(in);
    }
    return err_set(e, ERR_IO, "the terminal cannot be opened: %s", strerror(why));
}

static enum err start_curses(struct term *t, const struct term_config *cfg,
                             struct errinfo *e)
{
    cbreak(); /* Ctrl-C stays a signal */
    noecho();
    nonl();
    t->keys = newpad(1, 1);
    if (!t->keys) {
        return err_set(e, ERR_NOMEM, "out of memory for the keyboard");
    }
    intrflush(t->keys, FALSE);
    keypad(t->keys, TRUE);
    wtimeout(t->keys, 0);
    define_key("\033[<", CODE_MOUSE_SGR);
    define_key("\033[M", CODE_MOUSE_OLD);
    define_key("\033[I", CODE_FOCUS_IN);
    define_key("\033[O", CODE_FOCUS_OUT);
    start_colors(t, cfg);
    take_size(t);
    return OK;
}

static enum err open_term(struct term *t, const struct term_config *cfg,
                          struct errinfo *e)
{
    const char *name = cfg->term_name ? cfg->term_name : getenv("TERM");
    if (!isatty(t->out_fd) || !isatty(t->in_fd) ||
        tcgetattr(t->in_fd, &t->modes) != 0) {
        return err_set(e, ERR_USAGE, "%s is not a terminal",
                       isatty(t->out_fd) ? "standard input" : "standard output");
    }
    if (!name || !*name) {
        return err_set(e, ERR_USAGE, "TERM is not set: expected a terminal's name");
    }
    /* Before curses, which leaves signals alone that have a handler. */
    TRY(sig_open(~0u, e));
    t->signals_open = true;
    TRY(open_streams(t, e));
    TRY(stderr_tail_begin(&t->tail, e));
    TRY(start_screen(t, &name, e));
    t->tier = choose_tier(cfg->tier, name);
    TRY(start_curses(t, cfg, e));
    TRY(arm_restore(t, e));
    term_set_mouse(t, cfg->mouse);
    return OK;
}

enum err term_open(const struct term_config *cfg, struct term **out, const char **note,
                   struct errinfo *e)
{
    struct term *t;
    TRY(mem_new(&t, 1, sizeof *t, "the terminal", e));
    t->out_fd = cfg->out_fd;
    t->in_fd = cfg->in_fd;
    t->tail = (struct stderr_tail){-1, -1};
    t->cursor_x = t->cursor_y = -2; /* unknown */
    t->all = true;
    const enum err rc = open_term(t, cfg, e);
    if (rc != OK) {
        term_close(t);
        return rc;
    }
    if (note) {
        *note = t->note[0] ? t->note : NULL;
    }
    *out = t;
    return OK;
}

void term_close(struct term *t)
{
    if (!t) {
        return;
    }
    term_set_mouse(t, false);
    if (t->screen) {
        if (!t->suspended) {
            leave_screen(t);
        }
        tcsetattr(t->in_fd, TCSADRAIN, &t->modes);
        sig_crash_disarm();
        if (t->keys) {
            delwin(t->keys);
        }
        delscreen(t->screen);
    }
    if (t->out) {
        fclose(t->out);
    }
    if (t->in) {
        fclose(t->in);
    }
    stderr_tail_end(&t->tail);
    if (t->signals_open) {
        sig_close();
    }
    mem_free(t->shown);
    mem_free(t);
}
