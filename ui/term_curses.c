/* The only file that knows curses. Curses keeps the picture of the screen and finds the
 * differences, which it writes into memory (it would wait for a terminal that takes
 * nothing); term_tty.c sends them. Its input and signal handling are not used: keys and
 * mouse are parsed by term_input.c, so that they work whatever the terminal's
 * description says and no sequence becomes keys, and signals come through signal.c, so
 * that nothing runs inside a handler. */
#ifndef NCURSES_WIDECHAR
#define NCURSES_WIDECHAR 1
#endif
#include "base/base64.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/signal.h"
#include "ui/stderr_tail.h"
#include "ui/term.h"
#include "ui/term_paper.h"
#include "ui/term_reader.h"
#include "ui/term_tty.h"

#include <fcntl.h>
#include <langinfo.h>
#include <ncurses.h>
/* term.h of terminfo has a `struct term` of its own, which is ours here. */
#define term curses_terminal
#include <term.h>
#undef term
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define MOUSE_ON  "\033[?1000h\033[?1002h\033[?1006h\033[?1004h"
#define MOUSE_OFF "\033[?1004l\033[?1006l\033[?1002l\033[?1000l"
/* Bracketed paste: pasted text is marked, and never taken for keys. */
#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
/* Synchronized output: a terminal that knows it shows a frame all at once, others
 * ignore it. */
#define SYNC_ON  "\033[?2026h"
#define SYNC_OFF "\033[?2026l"

/* How long the rest of a frame is waited for: a terminal that reads takes a large one
 * in pieces, and should not show half of it while we are busy. */
enum { FRAME_MS = 40 };

struct term {
    SCREEN *screen;
    FILE *paper; /* what curses takes for the terminal */
    int out_fd, in_fd;
    struct tty tty;
    struct stderr_tail tail;
    bool signals_open;
    char note[160];
    char show_cursor[32];               /* what the terminal wants for it, maybe "" */
    char keypad_on[32], keypad_off[32]; /* keys send what terminfo says */

    enum glyph_tier tier;
    int colors; /* as term_colors returns it */
    bool wants_color;
    bool direct;                /* curses takes colours themselves, not numbers */
    struct rgb_palette palette; /* what its numbers stand for, if not */
    bool has_mouse, mouse;
    bool has_clipboard;
    bool modes_sent, mouse_sent; /* what the terminal was last told */
    attr_t attr[ROLE_COUNT];
    short pair[ROLE_COUNT];

    int w, h;           /* of the terminal, as last reported */
    struct cell *shown; /* [h * w], NULL: unknown */
    int cursor_x, cursor_y;
    bool all; /* send everything */
    bool suspended;
    bool resized; /* look at the size */
    bool resumed; /* and report it even if it is the same */
    bool behind;  /* a frame was skipped, since the one before had not been sent */

    struct term_reader reader;
};

/* ---- output ---- */

static void take_paper(struct term *t)
{
    const bool turns = t->colors == COLORS_TRUE && !t->direct;
    paper_take(t->paper, turns ? &t->palette : NULL, &t->tty);
}

/* Go on sending; true when the terminal has all. After a stall everything is sent
 * again, since it is unknown what arrived. */
static bool caught_up(struct term *t)
{
    if (!tty_flush(&t->tty)) {
        return false;
    }
    if (t->tty.stalled) {
        t->tty.stalled = false;
        t->all = t->behind = true;
    }
    return true;
}

/* Tell the terminal the modes that it should be in. */
static void put_modes(struct term *t)
{
    if (!t->modes_sent) {
        tty_puts(&t->tty, t->keypad_on);
        tty_puts(&t->tty, t->has_mouse ? PASTE_ON : "");
        t->modes_sent = true;
    }
    if (t->mouse != t->mouse_sent) {
        tty_puts(&t->tty, t->mouse ? MOUSE_ON : MOUSE_OFF);
        t->mouse_sent = t->mouse;
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

/* Give what is erased, and what is beyond the canvas, the theme's background. */
static void paint_ground(const struct term *t)
{
    static const wchar_t space[] = L" ";
    cchar_t cc;
    setcchar(&cc, space, A_NORMAL, t->pair[ROLE_TEXT], NULL);
    bkgrndset(&cc);
}

void term_present(struct term *t, const struct canvas *c)
{
    if (t->suspended || t->reader.ended) {
        return;
    }
    /* Frames are skipped rather than queued: a slow terminal shows fewer of them. */
    if (!caught_up(t)) {
        t->behind = true;
        return;
    }
    t->behind = false;
    const int w = c->w < t->w ? c->w : t->w;
    const int h = c->h < t->h ? c->h : t->h;
    if (t->all) {
        paint_ground(t);
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
        tty_puts(&t->tty, SYNC_ON);
    }
    wnoutrefresh(stdscr);
    doupdate();
    take_paper(t);
    if (t->has_mouse) {
        tty_puts(&t->tty, SYNC_OFF);
    }
    put_modes(t); /* after the first bytes, which enter the alternate screen */
    (void)tty_flush_within(&t->tty, FRAME_MS);
}

bool term_copy(struct term *t, const char *text, size_t n)
{
    struct str s;
    if (!t->has_clipboard || t->suspended || t->reader.ended) {
        return false;
    }
    str_init(&s, 64 + 2 * n);
    str_add(&s, "\033]52;c;");
    base64_add(&s, text, n);
    str_add(&s, "\a");
    const bool whole = s.err == OK;
    if (whole) {
        tty_put(&t->tty, s.p, s.len);
        (void)tty_flush(&t->tty);
    }
    str_free(&s);
    return whole;
}

void term_redraw(struct term *t)
{
    t->all = true;
}

/* ---- colours ---- */

/* A colour of a style as curses takes it; -1: the terminal's own. */
static int color_of(struct term *t, int c256, int c8, int32_t rgb)
{
    if (t->colors == COLORS_TRUE) {
        return rgb < 0     ? -1
               : t->direct ? (int)rgb
                           : rgb_number(&t->palette, (uint32_t)rgb);
    }
    return t->colors == 256 ? c256 : c8;
}

void term_set_theme(struct term *t, enum theme_id theme)
{
    const bool color = t->wants_color && theme != THEME_MONO;
    t->palette.n = 0;
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct role_style *s = theme_style(theme, (enum role)role);
        const uint8_t attr = color ? s->attr : s->mono_attr;
        int32_t true_fg, true_bg;
        theme_true(theme, (enum role)role, &true_fg, &true_bg);
        t->attr[role] = (attr & ATTR_BOLD ? A_BOLD : A_NORMAL) |
                        (attr & ATTR_UNDERLINE ? A_UNDERLINE : A_NORMAL) |
                        (attr & ATTR_REVERSE ? A_REVERSE : A_NORMAL);
        t->pair[role] = 0;
        const int fg = color_of(t, s->fg256, s->fg8, true_fg);
        const int bg = color_of(t, s->bg256, s->bg8, true_bg);
        if (color && (fg >= 0 || bg >= 0)) {
            t->pair[role] = (short)(role + 1);
            init_extended_pair(role + 1, fg, bg);
        }
    }
    t->all = true;
}

/* Whether a terminal of 256 colours takes others as well: COLORTERM must say so, and
 * its requests for a number must be the sequence that is turned into the colour.
 * Terminals called screen pass COLORTERM on from outside and know no others. */
static bool says_true_color(const char *name)
{
    const char *says = getenv("COLORTERM"), *setaf = tigetstr("setaf");
    const bool claims = says && (!strcmp(says, "truecolor") || !strcmp(says, "24bit"));
    const bool known = setaf && setaf != (char *)-1;
    const char *asked = claims && known ? tparm(setaf, 214L) : NULL;
    return asked && !strcmp(asked, "\033[38;5;214m") && strncmp(name, "screen", 6) != 0;
}

static int count_colors(struct term *t, const char *name)
{
    if (!has_colors() || start_color() != OK || use_default_colors() != OK ||
        COLOR_PAIRS <= ROLE_COUNT) {
        return 0;
    }
    t->direct = COLORS == COLORS_TRUE; /* RGB in its description */
    if (t->direct || (COLORS >= 256 && says_true_color(name))) {
        return COLORS_TRUE;
    }
    return COLORS >= 256 ? 256 : COLORS >= 8 ? 8 : 0;
}

static void start_colors(struct term *t, const struct term_config *cfg,
                         const char *name)
{
    const char *no_color = getenv("NO_COLOR");
    const bool want =
        cfg->color == 1 || (cfg->color == -1 && !(no_color && no_color[0]));
    t->colors = count_colors(t, name);
    t->wants_color = want && t->colors > 0;
    term_set_theme(t, cfg->theme);
}

/* ---- size ---- */

/* Ask the terminal for its size and make room; true when it changed. */
static bool take_size(struct term *t)
{
    struct winsize ws;
    if (ioctl(t->tty.out, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 0 && ws.ws_col > 0) {
        const int fit_h = ws.ws_row < TERM_MAX_H ? ws.ws_row : TERM_MAX_H;
        const int fit_w = ws.ws_col < TERM_MAX_W ? ws.ws_col : TERM_MAX_W;
        if (is_term_resized(fit_h, fit_w)) {
            resize_term(fit_h, fit_w);
        }
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
    t->mouse = on && t->has_mouse;
    t->reader.pointer = (struct mouse){.pressed = false};
    if (t->modes_sent && !t->suspended && caught_up(t)) {
        put_modes(t);
        tty_flush(&t->tty);
    }
}

/* Give the screen back; false when the terminal does not take it. */
static bool leave_screen(struct term *t)
{
    if (!tty_flush(&t->tty)) {
        tty_drop(&t->tty);
    }
    if (t->modes_sent) {
        tty_puts(&t->tty, t->has_mouse ? MOUSE_OFF PASTE_OFF : "");
        tty_puts(&t->tty, t->keypad_off);
        endwin();
        take_paper(t);
        /* Leaving the alternate screen may bring back the visibility of the cursor that
         * it was entered with, so the cursor is shown last. */
        tty_puts(&t->tty, t->show_cursor);
    }
    t->modes_sent = t->mouse_sent = false;
    const bool taken = tty_drain(&t->tty);
    tty_set_before(&t->tty);
    return taken;
}

void term_suspend(struct term *t)
{
    if (t->suspended) {
        return;
    }
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
    tty_set_raw(&t->tty);
    /* The next doupdate enters the alternate screen again. */
    t->suspended = false;
    t->resized = t->resumed = true;
    t->all = true;
    t->reader.pointer = (struct mouse){.pressed = false};
}

static void handle_signals(struct term *t)
{
    const unsigned bits = sig_take(SIG_BIT_WINCH | SIG_BIT_CONT | SIG_BIT_TSTP);
    if (bits & SIG_BIT_TSTP) {
        term_suspend(t);
        sig_stop_self();
        sig_take(SIG_BIT_CONT | SIG_BIT_TSTP);
        /* `kill %1` continues what it ends, in the background. */
        if (!sig_waits(SIG_BIT_QUITS)) {
            term_resume(t);
        }
    } else if ((bits & SIG_BIT_CONT) && !sig_waits(SIG_BIT_QUITS)) {
        /* Stopped without notice: the shell has had the terminal. */
        term_suspend(t);
        term_resume(t);
    }
    t->resized = t->resized || (bits & SIG_BIT_WINCH);
}

/* ---- input ---- */

/* Go on sending; ask for a frame that was skipped meanwhile. */
static void send_rest(struct term *t)
{
    if (caught_up(t) && t->behind) {
        t->behind = false;
        t->resized = t->resumed = true;
    }
}

bool term_event(struct term *t, struct event *ev)
{
    *ev = (struct event){.kind = EVENT_NONE};
    if (t->reader.ended) {
        return false;
    }
    handle_signals(t);
    if (sig_waits(SIG_BIT_QUITS)) {
        return false; /* do not read: in the background that would stop us */
    }
    send_rest(t);
    if (t->resized) {
        t->resized = false;
        const bool announce = take_size(t) || t->resumed;
        t->resumed = false;
        if (announce) {
            *ev = (struct event){.kind = EVENT_RESIZE, .w = t->w, .h = t->h};
            return true;
        }
    }
    return reader_event(&t->reader, &t->tty, t->mouse, t->w, t->h, ev);
}

int term_poll(const struct term *t, struct pollfd fd[TERM_FDS])
{
    fd[0] = (struct pollfd){.fd = t->tty.in, .events = POLLIN};
    fd[1] =
        (struct pollfd){.fd = tty_waits(&t->tty) ? t->tty.out : -1, .events = POLLOUT};
    return reader_due(&t->reader);
}

enum glyph_tier term_tier(const struct term *t)
{
    return t->tier;
}

int term_colors(const struct term *t)
{
    return t->colors;
}

bool term_wants_color(const struct term *t)
{
    return t->wants_color;
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
    *found = setupterm(name, fileno(t->paper), &status) == OK;
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

/* Call newterm with the terminal's size, which the paper does not have: curses would
 * take it from the terminal's description, and where that says 24 rows, only these
 * would scroll, and a line feed would not leave the last of them. Curses reads the size
 * from the environment, which is put back. */
static SCREEN *new_screen(struct term *t, const char *name)
{
    static const char *const key[2] = {"LINES", "COLUMNS"};
    char before[2][24] = {"", ""}, value[24];
    struct winsize ws;
    const bool known =
        ioctl(t->tty.out, TIOCGWINSZ, &ws) == 0 && ws.ws_row && ws.ws_col;
    for (int i = 0; known && i < 2; i++) {
        const char *had = getenv(key[i]);
        snprintf(before[i], sizeof before[i], "%s", had ? had : "");
        const int most = i ? TERM_MAX_W : TERM_MAX_H, now = i ? ws.ws_col : ws.ws_row;
        snprintf(value, sizeof value, "%d", now < most ? now : most);
        setenv(key[i], value, 1);
    }
    SCREEN *screen = newterm(name, t->paper, t->paper);
    for (int i = 0; known && i < 2; i++) {
        if (before[i][0]) {
            setenv(key[i], before[i], 1);
        } else {
            unsetenv(key[i]);
        }
    }
    return screen;
}

/* Start curses under the terminal's name, or under a common one if a modern terminal is
 * not described on this machine. */
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
    /* newterm, as initscr ends the process when it fails. */
    t->screen = new_screen(t, *name);
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

/* Append a capability without its padding marks "$<5>". */
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

/* Copy a capability to out[cap]; "" if there is none or it does not fit. */
static void copy_capability(char *out, size_t cap, const char *name)
{
    struct str s;
    str_init(&s, cap - 1);
    add_capability(&s, name);
    snprintf(out, cap, "%s", s.err == OK ? s.p : "");
    str_free(&s);
}

static enum err arm_restore(struct term *t, struct errinfo *e)
{
    static const char *const caps[] = {"sgr0", "op", "rmkx", "rmcup", "cnorm"};
    struct str s;
    str_init(&s, SIG_RESTORE_CAP);
    str_add(&s, TTY_CANCEL);
    if (t->has_mouse) {
        str_add(&s, SYNC_OFF MOUSE_OFF PASTE_OFF);
    }
    for (size_t i = 0; i < sizeof caps / sizeof caps[0]; i++) {
        add_capability(&s, caps[i]);
    }
    str_add(&s, "\r\n");
    enum err rc = str_err(&s, "the bytes that restore the terminal", e);
    if (rc == OK) {
        rc = sig_crash_arm(t->tty.out, s.p, s.len, t->tty.in, &t->tty.before,
                           t->tail.saved, t->tail.log, e);
    }
    str_free(&s);
    return rc;
}

/* Add the sequences of keys that terminfo gives for this terminal. */
static void add_keys(struct term *t)
{
    static const struct {
        const char *capability;
        uint32_t key;
    } keys[] = {
        {"kcuu1", KEY_UP_},       {"kcud1", KEY_DOWN_},      {"kcub1", KEY_LEFT_},
        {"kcuf1", KEY_RIGHT_},    {"khome", KEY_HOME_},      {"kend", KEY_END_},
        {"ka1", KEY_HOME_},       {"kc1", KEY_END_},         {"ka3", KEY_PGUP},
        {"kc3", KEY_PGDN},        {"kfnd", KEY_HOME_},       {"kslt", KEY_END_},
        {"kpp", KEY_PGUP},        {"knp", KEY_PGDN},         {"kdch1", KEY_DEL},
        {"kcbt", KEY_SHIFT_TAB},  {"kf1", KEY_F1_},          {"kent", KEY_ENTER_},
        {"kLFT", KEY_SHIFT_LEFT}, {"kRIT", KEY_SHIFT_RIGHT}, {"kf2", KEY_F_(2)},
        {"kf3", KEY_F_(3)},       {"kf4", KEY_F_(4)},        {"kf5", KEY_F_(5)},
        {"kf6", KEY_F_(6)},       {"kf7", KEY_F_(7)},        {"kf8", KEY_F_(8)},
        {"kf9", KEY_F_(9)},       {"kf10", KEY_F_(10)},      {"kf11", KEY_F_(11)},
        {"kf12", KEY_F_(12)},
    };
    input_init(&t->reader.input);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char bytes[INPUT_ROW_BYTES + 1];
        copy_capability(bytes, sizeof bytes, keys[i].capability);
        (void)input_add_row(&t->reader.input, bytes, keys[i].key);
    }
}

static enum err start_curses(struct term *t, const struct term_config *cfg,
                             const char *name, struct errinfo *e)
{
    nonl(); /* a line feed only goes down */
    typeahead(-1);
    copy_capability(t->show_cursor, sizeof t->show_cursor, "cnorm");
    copy_capability(t->keypad_on, sizeof t->keypad_on, "smkx");
    copy_capability(t->keypad_off, sizeof t->keypad_off, "rmkx");
    add_keys(t);
    start_colors(t, cfg, name);
    take_size(t);
    TRY(arm_restore(t, e));
    tty_set_raw(&t->tty);
    return OK;
}

static enum err open_term(struct term *t, const struct term_config *cfg,
                          struct errinfo *e)
{
    const char *name = cfg->term_name ? cfg->term_name : getenv("TERM");
    if (!isatty(t->out_fd) || !isatty(t->in_fd)) {
        return err_set(e, ERR_USAGE, "%s is not a terminal",
                       isatty(t->out_fd) ? "standard input" : "standard output");
    }
    if (!name || !*name) {
        return err_set(e, ERR_USAGE, "TERM is not set: expected a terminal's name");
    }
    /* Before curses, which leaves signals alone that have a handler. */
    TRY(sig_open(~0u, e));
    t->signals_open = true;
    TRY(tty_open(&t->tty, t->in_fd, t->out_fd, e));
    TRY(paper_open(&t->paper, e));
    TRY(stderr_tail_begin(&t->tail, e));
    TRY(start_screen(t, &name, e));
    /* For terminal windows; the Linux console would print what it is sent. */
    t->has_clipboard = t->has_mouse && strncmp(name, "linux", 5) != 0;
    t->tier = choose_tier(cfg->tier, name);
    TRY(start_curses(t, cfg, name, e));
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
    t->tty.in = t->tty.out = -1;
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
    bool taken = true;
    sigset_t mask;
    sig_hold_ttou(&mask);
    if (t->screen) {
        if (!t->suspended) {
            taken = leave_screen(t);
        }
        sig_crash_disarm();
        delscreen(t->screen);
    }
    if (t->paper) {
        fclose(t->paper);
    }
    stderr_tail_end(&t->tail);
    if (!taken) {
        tty_give_up();
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    tty_close(&t->tty);
    if (t->signals_open) {
        sig_close();
    }
    mem_free(t->shown);
    mem_free(t);
}
