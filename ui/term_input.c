#include "ui/term_input.h"

#include "base/utf8.h"

#include <string.h>

enum { ESC = 0x1B, BEL = 0x07, CAN = 0x18, SUB = 0x1A, DEL = 0x7F, ST_8 = 0x9C };

enum state {
    GROUND,
    UTF8,
    ESCAPE,       /* ESC: the key, or the beginning of something */
    ESCAPE_TWICE, /* ESC ESC */
    AFTER_ESCAPE, /* it was the key, unless the rest of a sequence comes late */
    LATE,         /* ... as this looks like */
    CSI,
    CONSOLE, /* ESC [ [ of the Linux console */
    SS3,
    OLD_MOUSE,
    STRING,
    STRING_ESCAPE, /* ESC in a string: \ ends it */
    ROW,           /* longer than usual, since a row of the terminal's own begins so */
    PASTE,
};

/* How long what has begun waits for its next byte. An Esc must feel instant; a sequence
 * may come over a slow line, and its rest would do harm if played as keys. */
enum { ESCAPE_MS = 25, LATE_MS = 300, CUT_MS = 500, PASTE_MS = 5000 };

enum { SHIFT = 1, CTRL = 4, LOCKS = 64 | 128 };

static const char paste_end[] = "\033[201~";

/* ---- the table ---- */

/* ESC, intro, number (1 if left out), final; with Shift it may be another key. With
 * other modifiers it is no key of ours, and swallowed. */
static const struct row {
    char intro; /* [ CSI, O SS3, c CSI [ */
    char final;
    uint32_t number;
    uint32_t key, shifted;
} rows[] = {
    {'[', 'A', 1, KEY_UP_, 0},
    {'[', 'B', 1, KEY_DOWN_, 0},
    {'[', 'C', 1, KEY_RIGHT_, KEY_SHIFT_RIGHT},
    {'[', 'D', 1, KEY_LEFT_, KEY_SHIFT_LEFT},
    {'[', 'H', 1, KEY_HOME_, 0},
    {'[', 'F', 1, KEY_END_, 0},
    {'[', 'P', 1, KEY_F1_, 0},
    {'[', 'Q', 1, KEY_F_(2), 0},
    {'[', 'S', 1, KEY_F_(4), 0},
    {'[', 'Z', 1, KEY_SHIFT_TAB, KEY_SHIFT_TAB},
    {'[', 'c', 1, KEY_SHIFT_RIGHT, 0}, /* rxvt */
    {'[', 'd', 1, KEY_SHIFT_LEFT, 0},
    {'[', '~', 1, KEY_HOME_, 0},
    {'[', '~', 3, KEY_DEL, 0},
    {'[', '~', 4, KEY_END_, 0},
    {'[', '~', 5, KEY_PGUP, 0},
    {'[', '~', 6, KEY_PGDN, 0},
    {'[', '~', 7, KEY_HOME_, 0}, /* rxvt */
    {'[', '~', 8, KEY_END_, 0},
    {'[', '~', 11, KEY_F1_, 0},
    {'[', '~', 12, KEY_F_(2), 0},
    {'[', '~', 13, KEY_F_(3), 0},
    {'[', '~', 14, KEY_F_(4), 0},
    {'[', '~', 15, KEY_F_(5), 0},
    {'[', '~', 17, KEY_F_(6), 0},
    {'[', '~', 18, KEY_F_(7), 0},
    {'[', '~', 19, KEY_F_(8), 0},
    {'[', '~', 20, KEY_F_(9), 0},
    {'[', '~', 21, KEY_F_(10), 0},
    {'[', '~', 23, KEY_F_(11), 0},
    {'[', '~', 24, KEY_F_(12), 0},
    {'c', 'A', 1, KEY_F1_, 0}, /* Linux console */
    {'c', 'B', 1, KEY_F_(2), 0},
    {'c', 'C', 1, KEY_F_(3), 0},
    {'c', 'D', 1, KEY_F_(4), 0},
    {'c', 'E', 1, KEY_F_(5), 0},
    {'O', 'A', 1, KEY_UP_, 0},
    {'O', 'B', 1, KEY_DOWN_, 0},
    {'O', 'C', 1, KEY_RIGHT_, KEY_SHIFT_RIGHT},
    {'O', 'D', 1, KEY_LEFT_, KEY_SHIFT_LEFT},
    {'O', 'H', 1, KEY_HOME_, 0},
    {'O', 'F', 1, KEY_END_, 0},
    {'O', 'P', 1, KEY_F1_, 0},
    {'O', 'Q', 1, KEY_F_(2), 0},
    {'O', 'R', 1, KEY_F_(3), 0},
    {'O', 'S', 1, KEY_F_(4), 0},
    /* the keypad in its application mode, as its keys are lettered without NumLock */
    {'O', 'M', 1, KEY_ENTER_, KEY_ENTER_},
    {'O', 'q', 1, KEY_END_, 0},
    {'O', 'r', 1, KEY_DOWN_, 0},
    {'O', 's', 1, KEY_PGDN, 0},
    {'O', 't', 1, KEY_LEFT_, KEY_SHIFT_LEFT},
    {'O', 'v', 1, KEY_RIGHT_, KEY_SHIFT_RIGHT},
    {'O', 'w', 1, KEY_HOME_, 0},
    {'O', 'x', 1, KEY_UP_, 0},
    {'O', 'y', 1, KEY_PGUP, 0},
    {'O', 'X', 1, '=', 0},
    {'O', 'j', 1, '*', 0},
    {'O', 'k', 1, '+', 0},
    {'O', 'l', 1, ',', 0},
    {'O', 'm', 1, '-', 0},
    {'O', 'o', 1, '/', 0},
    /* kitty's numbers: the keypad */
    {'[', 'u', 57399, '0', 0},
    {'[', 'u', 57400, '1', 0},
    {'[', 'u', 57401, '2', 0},
    {'[', 'u', 57402, '3', 0},
    {'[', 'u', 57403, '4', 0},
    {'[', 'u', 57404, '5', 0},
    {'[', 'u', 57405, '6', 0},
    {'[', 'u', 57406, '7', 0},
    {'[', 'u', 57407, '8', 0},
    {'[', 'u', 57408, '9', 0},
    {'[', 'u', 57409, '.', 0},
    {'[', 'u', 57410, '/', 0},
    {'[', 'u', 57411, '*', 0},
    {'[', 'u', 57412, '-', 0},
    {'[', 'u', 57413, '+', 0},
    {'[', 'u', 57414, KEY_ENTER_, KEY_ENTER_},
    {'[', 'u', 57415, '=', 0},
    {'[', 'u', 57416, ',', 0},
    {'[', 'u', 57417, KEY_LEFT_, KEY_SHIFT_LEFT},
    {'[', 'u', 57418, KEY_RIGHT_, KEY_SHIFT_RIGHT},
    {'[', 'u', 57419, KEY_UP_, 0},
    {'[', 'u', 57420, KEY_DOWN_, 0},
    {'[', 'u', 57421, KEY_PGUP, 0},
    {'[', 'u', 57422, KEY_PGDN, 0},
    {'[', 'u', 57423, KEY_HOME_, 0},
    {'[', 'u', 57424, KEY_END_, 0},
    {'[', 'u', 57426, KEY_DEL, 0},
};

static const struct row *find_row(char intro, uint32_t number, char final)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        if (r->intro == intro && r->final == final && r->number == number) {
            return r;
        }
    }
    return NULL;
}

static uint32_t row_key(char intro, uint32_t number, char final, unsigned modifiers)
{
    const struct row *r = find_row(intro, number, final);
    return !r                   ? KEY_NONE
           : modifiers == 0     ? r->key
           : modifiers == SHIFT ? r->shifted
                                : KEY_NONE;
}

/* A byte or code point that stands for itself. */
static uint32_t plain_key(uint32_t cp)
{
    return cp == '\r'   ? (uint32_t)KEY_ENTER_
           : cp == '\b' ? (uint32_t)KEY_DELETE_BACK
                        : cp;
}

/* The key for a character reported as a number. `typed`: Shift is in the character
 * already (modifyOtherKeys); otherwise it is the unshifted key's (kitty), and what
 * Shift makes of it is known for letters only. */
static uint32_t char_key(uint32_t cp, unsigned modifiers, bool typed)
{
    const bool letter = cp >= 'a' && cp <= 'z';
    const bool control =
        cp == '\t' || cp == '\r' || cp == '\b' || cp == ESC || cp == DEL;
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF) || (cp >= 0x80 && cp < 0xA0) ||
        (cp < 0x20 && !control)) {
        return KEY_NONE;
    }
    switch (modifiers) {
    case 0: return plain_key(cp);
    case SHIFT:
        return cp == '\t'             ? (uint32_t)KEY_SHIFT_TAB
               : letter               ? cp - 'a' + 'A'
               : control || cp == ' ' ? plain_key(cp)
               : typed                ? cp
                                      : (uint32_t)KEY_NONE;
    case CTRL:
        return letter      ? plain_key(cp - 'a' + 1)
               : cp == '[' ? (uint32_t)KEY_ESC_
                           : KEY_NONE;
    default: return KEY_NONE;
    }
}

/* ---- numbers of a sequence ---- */

enum { NUMBERS = 4, NUMBER_MAX = 9999999 };

/* ESC [ mark number:sub:sub;number... final */
struct numbers {
    char mark;                     /* < = > ? or 0 */
    uint32_t at[NUMBERS][NUMBERS]; /* as given, 0 where left out */
    size_t n;                      /* numbers; 0: nothing at all */
};

/* False if it is not a list of numbers. */
static bool read_numbers(const uint8_t *p, size_t n, struct numbers *out)
{
    memset(out, 0, sizeof *out);
    size_t sub = 0;
    if (n > 0 && p[0] >= '<' && p[0] <= '?') {
        out->mark = (char)p[0];
        p++;
        n--;
    }
    out->n = n > 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == ';') {
            out->n++;
            sub = 0;
        } else if (p[i] == ':') {
            sub++;
        } else if (p[i] < '0' || p[i] > '9') {
            return false;
        } else if (out->n <= NUMBERS && sub < NUMBERS) {
            uint32_t *v = &out->at[out->n - 1][sub];
            *v = *v * 10 + (uint32_t)(p[i] - '0');
            if (*v > NUMBER_MAX) {
                return false;
            }
        }
    }
    return out->n <= NUMBERS;
}

/* Read the second number: modifiers, from 1, and whether the key went down or up. False
 * if it went up. */
static bool read_modifiers(const uint32_t field[NUMBERS], unsigned *modifiers)
{
    *modifiers = (field[0] ? field[0] - 1 : 0) & ~(unsigned)LOCKS;
    return field[1] != 3;
}

/* ---- what is complete ---- */

/* Drop the sequence; returns false, since no event came of it. */
static bool rest(struct term_input *in)
{
    in->state = GROUND;
    in->n = 0;
    in->alt = in->eight_bits = false;
    return false;
}

static bool give_key(struct term_input *in, uint32_t key, struct input *out)
{
    const bool given = key != KEY_NONE && !in->alt;
    out->kind = INPUT_KEY;
    out->key = key;
    rest(in);
    return given;
}

static bool give_mouse(struct term_input *in, uint32_t button, uint32_t x, uint32_t y,
                       bool release, struct input *out)
{
    rest(in);
    if (button > 127 || x > 65535 || y > 65535) {
        return false;
    }
    *out = (struct input){.kind = INPUT_MOUSE,
                          .button = (int)button,
                          .x = (int)x - 1,
                          .y = (int)y - 1,
                          .release = release};
    return true;
}

/* Read three bytes after "ESC [ M", each plus 32. */
static bool old_mouse(struct term_input *in, struct input *out)
{
    if (in->seq[3] < 32 || in->seq[4] <= 32 || in->seq[5] <= 32) {
        return rest(in);
    }
    const uint32_t button = in->seq[3] - 32u;
    const bool release = (button & 3) == 3 && !(button & 64);
    return give_mouse(in, release ? 0 : button, in->seq[4] - 32u, in->seq[5] - 32u,
                      release, out);
}

static bool give_paste(struct term_input *in, bool whole, struct input *out)
{
    *out = (struct input){.kind = INPUT_PASTE,
                          .text = in->paste,
                          .n = in->n_paste,
                          .cut = in->paste_cut || !whole};
    return !rest(in);
}

static bool csi_u(struct term_input *in, const struct numbers *v, struct input *out)
{
    unsigned modifiers;
    if (!read_modifiers(v->at[1], &modifiers)) {
        return rest(in);
    }
    const uint32_t cp = v->at[0][0];
    if (cp >= 57344 && cp <= 63743) { /* numbers of keys, not characters */
        return give_key(in, row_key('[', cp, 'u', modifiers), out);
    }
    /* The text that the key types, or its shifted form, if the sequence gives it. */
    const uint32_t shifted = modifiers == SHIFT ? v->at[0][1] : 0;
    const uint32_t typed = v->at[2][0] ? v->at[2][0] : shifted;
    if (typed && (modifiers == 0 || modifiers == SHIFT)) {
        return give_key(in, char_key(typed, 0, true), out);
    }
    return give_key(in, char_key(cp, modifiers, false), out);
}

static bool csi_complete(struct term_input *in, char final, struct input *out)
{
    struct numbers v;
    unsigned modifiers;
    if (in->n > INPUT_SEQUENCE || !read_numbers(in->seq + 2, in->n - 3, &v)) {
        return rest(in);
    }
    if (v.mark == '<' && v.n == 3 && (final == 'M' || final == 'm')) {
        return give_mouse(in, v.at[0][0], v.at[1][0], v.at[2][0], final == 'm', out);
    }
    if (v.mark) {
        return rest(in);
    }
    if (v.n == 0 && (final == 'I' || final == 'O')) {
        rest(in);
        *out = (struct input){.kind = INPUT_FOCUS, .focused = final == 'I'};
        return true;
    }
    if (final == '~' && v.n == 1 && v.at[0][0] == 200) {
        rest(in);
        in->state = PASTE;
        in->n_paste = in->n_end = 0;
        in->paste_cut = false;
        return false;
    }
    if (final == 'u') {
        return csi_u(in, &v, out);
    }
    const bool other_key = final == '~' && v.n == 3 && v.at[0][0] == 27;
    if ((v.n > 2 && !other_key) || !read_modifiers(v.at[1], &modifiers)) {
        return rest(in);
    }
    if (other_key) {
        return give_key(in, char_key(v.at[2][0], modifiers, true), out);
    }
    const uint32_t number = v.at[0][0] || final == '~' ? v.at[0][0] : 1;
    return give_key(in, row_key('[', number, final, modifiers), out);
}

/* ESC O, maybe with modifiers, and a letter. */
static bool ss3_complete(struct term_input *in, char final, struct input *out)
{
    struct numbers v;
    unsigned modifiers;
    if (in->n > INPUT_SEQUENCE || !read_numbers(in->seq + 2, in->n - 3, &v) || v.mark ||
        v.n > 1 || !read_modifiers(v.at[0], &modifiers)) {
        return rest(in);
    }
    return give_key(in, row_key('O', 1, final, modifiers), out);
}

/* ---- bytes ---- */

static bool ground_byte(struct term_input *in, uint8_t b, struct input *out);

/* Handle a byte that no sequence holds inside one, which ends it. A control is dropped
 * with it, except an ESC, which begins the next. */
static bool broken(struct term_input *in, uint8_t b, struct input *out)
{
    rest(in);
    return b == ESC || b >= 0x80 ? ground_byte(in, b, out) : false;
}

static bool second_byte(struct term_input *in, uint8_t b)
{
    in->bell = b == ']';
    if (b == '[') {
        in->state = CSI;
    } else if (b == 'O') {
        in->state = SS3;
    } else if (b == ']' || b == 'P' || b == 'X' || b == '^' || b == '_') {
        in->state = STRING;
    } else if (b >= 0xC2 && b <= 0xF4) { /* a letter with Alt */
        in->alt = true;
        in->state = UTF8;
        in->seq[0] = b;
        in->n = 1;
    } else { /* any key with Alt */
        return rest(in);
    }
    return false;
}

static bool only_digits(const struct term_input *in)
{
    for (size_t i = 2; i + 1 < in->n; i++) {
        if (in->seq[i] < '0' || in->seq[i] > '9') {
            return false;
        }
    }
    return in->n > 3;
}

static bool csi_byte(struct term_input *in, uint8_t b, struct input *out)
{
    if (b < 0x20 || b >= DEL) {
        return broken(in, b, out);
    }
    if (in->n == 3 && b == '[') {
        in->state = CONSOLE;
    } else if (in->n == 3 && b == 'M') {
        in->state = OLD_MOUSE;
    } else if (b >= 0x40) {
        return csi_complete(in, (char)b, out);
    } else if (b == '$' && in->n <= INPUT_SEQUENCE && only_digits(in)) {
        return rest(in); /* a key of rxvt with Shift, which ends unlike any other */
    }
    return false;
}

static bool ss3_byte(struct term_input *in, uint8_t b, struct input *out)
{
    if (b < 0x20 || b >= DEL) {
        return broken(in, b, out);
    }
    if (b >= '0' && b <= '9') {
        return false;
    }
    return ss3_complete(in, (char)b, out);
}

static bool sequence_byte(struct term_input *in, uint8_t b, struct input *out)
{
    switch (in->state) {
    case ESCAPE: return second_byte(in, b);
    case CSI: return csi_byte(in, b, out);
    case SS3: return ss3_byte(in, b, out);
    case CONSOLE:
        return b < 0x20 || b >= DEL ? broken(in, b, out)
                                    : give_key(in, row_key('c', 1, (char)b, 0), out);
    default: /* ROW: not what the row says */ rest(in); return ground_byte(in, b, out);
    }
}

/* Whether the sequence so far is a row of the terminal's own, or begins one. */
static bool match_rows(const struct term_input *in, uint32_t *key, bool *begins)
{
    *begins = false;
    for (size_t i = 0; i < in->n_rows; i++) {
        if (in->n <= in->row[i].n && !memcmp(in->seq, in->row[i].bytes, in->n)) {
            *key = in->row[i].key;
            if (in->n == in->row[i].n) {
                return true;
            }
            *begins = true;
        }
    }
    return false;
}

/* Take a byte of a sequence that may be a row. */
static bool take(struct term_input *in, uint8_t b, struct input *out)
{
    uint32_t key;
    bool begins = false;
    const size_t n = in->n + 1;
    if (in->n < INPUT_SEQUENCE) {
        in->seq[in->n] = b;
    }
    in->n = n;
    if (n <= INPUT_ROW_BYTES && match_rows(in, &key, &begins)) {
        return give_key(in, key, out);
    }
    if (begins && in->state == ROW) {
        return false;
    }
    const bool given = sequence_byte(in, b, out);
    if (begins && !given && in->state == GROUND) {
        in->state = ROW;
        in->n = n;
    }
    return given;
}

static void begin_escape(struct term_input *in)
{
    rest(in);
    in->state = ESCAPE;
    in->seq[0] = ESC;
    in->n = 1;
}

/* Take an 8-bit control as ESC and a letter. */
static bool eight_bit_control(struct term_input *in, uint8_t b, struct input *out)
{
    begin_escape(in);
    in->eight_bits = true;
    return take(in, (uint8_t)(b - 0x40), out);
}

static bool ground_byte(struct term_input *in, uint8_t b, struct input *out)
{
    if (b == ESC) {
        begin_escape(in);
        return false;
    }
    if (b < 0x80) {
        return give_key(in, plain_key(b), out);
    }
    if (b < 0xA0) {
        return eight_bit_control(in, b, out);
    }
    if (b >= 0xC2 && b <= 0xF4) {
        in->state = UTF8;
        in->seq[0] = b;
        in->n = 1;
    }
    return false;
}

static bool utf8_byte(struct term_input *in, uint8_t b, struct input *out)
{
    const size_t need = in->seq[0] >= 0xF0 ? 4 : in->seq[0] >= 0xE0 ? 3 : 2;
    if ((b & 0xC0) != 0x80) {
        rest(in);
        return ground_byte(in, b, out);
    }
    in->seq[in->n++] = b;
    if (in->n < need) {
        return false;
    }
    uint32_t cp;
    if (utf8_next((const char *)in->seq, need, &cp) != need) {
        return rest(in);
    }
    if (cp < 0xA0) {
        return in->alt ? rest(in) : eight_bit_control(in, (uint8_t)cp, out);
    }
    return give_key(in, cp, out);
}

/* Two ESC: Alt and a key that is a sequence, or the key Esc and whatever follows. */
static bool second_escape(struct term_input *in, uint8_t b, struct input *out)
{
    if (b == '[' || b == 'O') {
        in->state = ESCAPE;
        in->alt = true;
        return take(in, b, out);
    }
    if (b != ESC) {
        in->state = ESCAPE;
        if (take(in, b, out)) {
            return true;
        }
    }
    out->kind = INPUT_KEY;
    out->key = KEY_ESC_;
    return true;
}

static bool late_byte(struct term_input *in, uint8_t b, struct input *out)
{
    if (in->state == AFTER_ESCAPE) {
        if (b == 0 || !strchr("[O]P_^X", b)) {
            return ground_byte(in, b, out);
        }
        in->seq[1] = b;
        in->state = LATE;
        return false;
    }
    const uint8_t second = in->seq[1];
    begin_escape(in);
    (void)take(in, second, out); /* completes nothing */
    return input_byte(in, b, out);
}

static bool string_byte(struct term_input *in, uint8_t b, struct input *out)
{
    if (in->state == STRING_ESCAPE && b == '\\') {
        return rest(in);
    }
    if (in->state == STRING_ESCAPE && b != ESC) {
        begin_escape(in);
        return take(in, b, out);
    }
    if (b == CAN || b == SUB || (b == BEL && in->bell) ||
        (b == ST_8 && in->eight_bits)) {
        return rest(in);
    }
    in->state = b == ESC ? STRING_ESCAPE : STRING;
    return false;
}

static void put_paste(struct term_input *in, char c)
{
    if (in->n_paste < INPUT_PASTE_CAP) {
        in->paste[in->n_paste++] = c;
    } else {
        in->paste_cut = true;
    }
}

static bool paste_byte(struct term_input *in, uint8_t b, struct input *out)
{
    if (b != (uint8_t)paste_end[in->n_end]) {
        for (size_t i = 0; i < in->n_end; i++) {
            put_paste(in, paste_end[i]);
        }
        in->n_end = 0;
    }
    if (b == (uint8_t)paste_end[in->n_end]) {
        in->n_end++;
        return in->n_end == sizeof paste_end - 1 && give_paste(in, true, out);
    }
    put_paste(in, (char)b);
    return false;
}

void input_init(struct term_input *in)
{
    in->n_rows = 0;
    rest(in);
}

bool input_add_row(struct term_input *in, const char *bytes, uint32_t key)
{
    const size_t n = strlen(bytes);
    if (bytes[0] != ESC || n < 2 || n > INPUT_ROW_BYTES || in->n_rows == INPUT_ROWS) {
        return false;
    }
    in->row[in->n_rows].n = (uint8_t)n;
    memcpy(in->row[in->n_rows].bytes, bytes, n);
    in->row[in->n_rows++].key = key;
    return true;
}

bool input_byte(struct term_input *in, uint8_t b, struct input *out)
{
    switch (in->state) {
    case GROUND: return ground_byte(in, b, out);
    case UTF8: return utf8_byte(in, b, out);
    case ESCAPE:
        if (b == ESC) {
            in->state = ESCAPE_TWICE;
            return false;
        }
        return take(in, b, out);
    case ESCAPE_TWICE: return second_escape(in, b, out);
    case AFTER_ESCAPE:
    case LATE: return late_byte(in, b, out);
    case OLD_MOUSE:
        if (b == ESC) {
            return broken(in, b, out);
        }
        in->seq[in->n++] = b;
        return in->n == 6 && old_mouse(in, out);
    case STRING:
    case STRING_ESCAPE: return string_byte(in, b, out);
    case PASTE: return paste_byte(in, b, out);
    default: return take(in, b, out);
    }
}

int input_wait_ms(const struct term_input *in)
{
    switch (in->state) {
    case GROUND: return -1;
    case ESCAPE:
    case ESCAPE_TWICE:
    case LATE: return ESCAPE_MS;
    case AFTER_ESCAPE: return LATE_MS;
    case PASTE: return PASTE_MS;
    default: return CUT_MS;
    }
}

bool input_timeout(struct term_input *in, struct input *out)
{
    const int state = in->state;
    const uint8_t second = in->seq[1];
    if (state == PASTE) {
        return give_paste(in, false, out);
    }
    rest(in);
    if (state == ESCAPE_TWICE) {
        begin_escape(in);
    } else if (state == ESCAPE) {
        in->state = AFTER_ESCAPE;
    } else if (state != LATE) {
        return false;
    }
    out->kind = INPUT_KEY;
    out->key = state == LATE ? second : (uint32_t)KEY_ESC_;
    return true;
}
