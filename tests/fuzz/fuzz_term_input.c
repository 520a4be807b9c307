/* Any bytes from a terminal: what comes out is a key or a letter, a report, or a paste;
 * nothing comes out of the inside of a sequence that is swallowed, whatever it holds;
 * it does not matter where the bytes are split; and in time the keyboard works. */
#include "base/utf8.h"
#include "ui/term_input.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* ---- what may come out ---- */

static void check_input(const struct input *in)
{
    const bool special = in->key > KEY_FIRST_SPECIAL && in->key <= KEY_F12_;
    char utf8[4];
    uint32_t cp = 0;
    switch (in->kind) {
    case INPUT_KEY:
        require(in->key != KEY_NONE && in->key != '\r' && in->key != '\b');
        require(in->key < 0x80 || in->key >= 0xA0); /* controls of 8 bits are none */
        require(special || in->key < KEY_FIRST_SPECIAL);
        if (!special) {
            const size_t n = utf8_put(in->key, utf8);
            require(utf8_next(utf8, n, &cp) == n && cp == in->key);
        }
        break;
    case INPUT_MOUSE:
        require(in->button >= 0 && in->button < 128);
        require(in->x >= -1 && in->x < 65536 && in->y >= -1 && in->y < 65536);
        break;
    case INPUT_FOCUS: break;
    case INPUT_PASTE: require(in->text && in->n <= INPUT_PASTE_CAP); break;
    }
}

/* How many things come out of p[n], and a sum over them. */
struct tally {
    size_t n;
    uint64_t sum;
};

static void count(struct tally *t, const struct input *in)
{
    check_input(in);
    uint64_t v = (uint64_t)in->kind << 32;
    if (in->kind == INPUT_KEY) {
        v += in->key;
    } else if (in->kind == INPUT_MOUSE) {
        v += (uint64_t)in->button * 7 + (uint64_t)(in->x + 1) * 31 +
             (uint64_t)(in->y + 1) * 65599 + in->release;
    } else if (in->kind == INPUT_FOCUS) {
        v += in->focused;
    } else {
        for (size_t i = 0; i < in->n; i++) {
            v = v * 31 + (uint8_t)in->text[i];
        }
    }
    t->sum = (t->sum + v) * 1000003;
    t->n++;
}

static void feed(struct term_input *p, struct tally *t, const uint8_t *bytes, size_t n)
{
    struct input in;
    for (size_t i = 0; i < n; i++) {
        if (input_byte(p, bytes[i], &in)) {
            count(t, &in);
        }
    }
}

static void settle(struct term_input *p, struct tally *t)
{
    struct input in;
    for (int i = 0; input_wait_ms(p) >= 0; i++) {
        require(i < 4);
        if (input_timeout(p, &in)) {
            count(t, &in);
        }
    }
}

/* ---- any bytes ---- */

static void check_any(const struct term_input *fresh, const uint8_t *data, size_t size)
{
    static struct term_input p, copy;
    struct tally whole = {0, 0}, parts = {0, 0};
    p = *fresh;
    feed(&p, &whole, data, size);
    /* Nothing is kept but in the parser: a copy goes on as the first would have. */
    const size_t at = size ? data[size - 1] % (size + 1) : 0;
    p = *fresh;
    feed(&p, &parts, data, at);
    copy = p;
    feed(&copy, &parts, data + at, size - at);
    require(parts.n == whole.n && parts.sum == whole.sum && parts.n <= size);
    settle(&copy, &parts);
    struct input in;
    require(input_byte(&copy, 'q', &in) && in.kind == INPUT_KEY && in.key == 'q');
}

/* Time that passes anywhere plays nothing that was swallowed, and loses no step. */
static void check_time(const struct term_input *fresh, const uint8_t *data, size_t size)
{
    static struct term_input p;
    struct tally t = {0, 0};
    struct input in;
    p = *fresh;
    for (size_t i = 0; i + 1 < size; i += 2) {
        feed(&p, &t, data + i, 1);
        if (data[i + 1] & 1 && input_wait_ms(&p) >= 0 && input_timeout(&p, &in)) {
            count(&t, &in);
        }
    }
    settle(&p, &t);
    require(input_byte(&p, 'q', &in) && in.key == 'q');
}

/* ---- sequences that hold the data ---- */

/* Feed begin, those bytes of data that may stand inside, and end. */
static struct tally wrap(const struct term_input *fresh, const char *begin,
                         const uint8_t *data, size_t size, bool (*may)(uint8_t byte),
                         const char *end)
{
    static struct term_input p;
    struct tally t = {0, 0};
    p = *fresh;
    feed(&p, &t, (const uint8_t *)begin, strlen(begin));
    for (size_t i = 0; i < size; i++) {
        feed(&p, &t, &data[i], may(data[i]) ? 1 : 0);
    }
    require(t.n == 0); /* nothing before its end, whatever it is */
    feed(&p, &t, (const uint8_t *)end, strlen(end));
    require(input_wait_ms(&p) == -1);
    return t;
}

static bool in_string(uint8_t b)
{
    return b != 0x1B && b != 0x18 && b != 0x1A && b != 0x07 && b != 0x9C;
}

static bool in_csi(uint8_t b)
{
    return b >= 0x20 && b < 0x40;
}

static bool not_escape(uint8_t b)
{
    return b != 0x1B;
}

static bool is_digit(uint8_t b)
{
    return b >= '0' && b <= '9';
}

static void check_wrapped(const struct term_input *fresh, const uint8_t *data,
                          size_t size)
{
    static const char *const strings[] = {"\033]", "\033P", "\033_",    "\033^",
                                          "\033X", "\235",  "\220",     "\237",
                                          "\236",  "\230",  "\302\235", "\302\220"};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        require(wrap(fresh, strings[i], data, size, in_string, "\033\\").n == 0);
    }
    const char final[2] = {(char)(0x40 + (size ? data[0] : 0) % 0x3F), '\0'};
    /* Answers of the terminal have a mark; a key may have the rest. */
    require(wrap(fresh, "\033[?", data, size, in_csi, final).n == 0);
    require(wrap(fresh, "\033[>1", data, size, in_csi, final).n == 0);
    require(wrap(fresh, "\033\033[1;2", data, size, is_digit, "A").n == 0);
    require(wrap(fresh, "\033O2", data, size, is_digit, final).n <= 1);
    require(wrap(fresh, "\033[200~", data, size, not_escape, "\033[201~").n == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct term_input fresh;
    input_init(&fresh);
    if (size > 2048) {
        return 0;
    }
    check_wrapped(&fresh, data, size);
    check_any(&fresh, data, size);
    check_time(&fresh, data, size);
    /* with rows of an odd terminal */
    (void)input_add_row(&fresh, "\033[214z", KEY_HOME_);
    (void)input_add_row(&fresh, "\033?A", KEY_UP_);
    (void)input_add_row(&fresh, "\033[M", KEY_F1_);
    check_any(&fresh, data, size);
    check_time(&fresh, data, size);
    return 0;
}
