/* Parser of a terminal's input: bytes in; keys, mouse reports, focus and pastes out.
 * Pure: no terminal, no clock, no allocation. It takes a byte at a time, so that it
 * does not matter how the bytes are split; the caller says when time has passed.
 *
 * A table holds the sequences that mean a key. Every other sequence (CSI, SS3, OSC,
 * DCS, APC, PM, SOS, in 7 or 8 bits, the terminal's answers among them), every key with
 * Alt, and the rest of a sequence that was cut short are swallowed whole: they never
 * become keys. Pasted text (bracketed paste) is never keys. Text is UTF-8; invalid
 * bytes are dropped. */
#ifndef SAETOP_UI_TERM_INPUT_H
#define SAETOP_UI_TERM_INPUT_H

#include "ui/event.h"

enum {
    INPUT_SEQUENCE = 64, /* bytes of a sequence that are kept */
    INPUT_PASTE_CAP = 4096,
    INPUT_ROWS = 48,
    INPUT_ROW_BYTES = 15
};

enum input_kind { INPUT_KEY, INPUT_MOUSE, INPUT_FOCUS, INPUT_PASTE };

struct input {
    enum input_kind kind;
    uint32_t key;     /* INPUT_KEY: as in event.h, never KEY_NONE */
    int button, x, y; /* INPUT_MOUSE: for mouse_report; x, y from 0, unchecked */
    bool release;
    bool focused;     /* INPUT_FOCUS */
    const char *text; /* INPUT_PASTE: any bytes, borrowed until the next byte */
    size_t n;
    bool cut; /* more than INPUT_PASTE_CAP was pasted, or the end did not come */
};

/* Private to term_input.c. */
struct term_input {
    int state;
    bool alt;        /* ESC before the sequence */
    bool eight_bits; /* a string begun by one byte, which may also end in one */
    bool bell;       /* a string that a bell may end */
    size_t n;        /* bytes of the sequence so far, maybe more than fit */
    uint8_t seq[INPUT_SEQUENCE];
    struct {
        uint8_t n;
        char bytes[INPUT_ROW_BYTES];
        uint32_t key;
    } row[INPUT_ROWS];
    size_t n_rows;
    size_t n_paste, n_end; /* n_end: bytes read of the mark that ends a paste */
    bool paste_cut;
    char paste[INPUT_PASTE_CAP];
};

void input_init(struct term_input *in);
/* Add to the table the sequence that this terminal sends for a key (terminfo). False if
 * it is left out: it does not begin with ESC, is one byte or too many, or there is no
 * room. */
bool input_add_row(struct term_input *in, const char *bytes, uint32_t key);
/* Feed a byte; true when it completes something, in *out. */
bool input_byte(struct term_input *in, uint8_t byte, struct input *out);
/* How long after the last byte (or the last input_timeout) input_timeout is due, in ms;
 * -1: no sequence is begun. */
int input_wait_ms(const struct term_input *in);
/* Call when that time has passed without a byte: a lone ESC was the key itself, a cut
 * sequence is dropped. True if an event is complete. */
bool input_timeout(struct term_input *in, struct input *out);

#endif
