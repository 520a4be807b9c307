/* The text of a script, a line at a time: what a line says, without doing it. See
 * explore.h for what a line may be. Any thread. */
#ifndef SAETOP_UI_SCRIPT_H
#define SAETOP_UI_SCRIPT_H

#include "base/err.h"
#include "ui/lineedit.h"

#include <stddef.h>
#include <stdint.h>

enum script_kind {
    SCRIPT_END,
    SCRIPT_KEYS,    /* text: script_key reads it */
    SCRIPT_COMMAND, /* text: without its colon */
    SCRIPT_SIZE,    /* w, h */
    SCRIPT_WAIT_IDLE,
    SCRIPT_WAIT_STEP, /* n */
    SCRIPT_WAIT_DONE,
    SCRIPT_WAIT_MS, /* n */
};

struct script_line {
    enum script_kind kind;
    size_t number; /* of the line, from 1 */
    char text[LINE_CAP];
    int64_t n;
    int w, h;
};

/* Where reading has come to in text[len], which is borrowed. */
struct script_reader {
    const char *text;
    size_t len, at, number;
};

/* The next line that says something; SCRIPT_END after the last. ERR_FORMAT for a line
 * that cannot be played: too long, not text, or a wait or size of no known kind;
 * reading can go on behind it. */
enum err script_next(struct script_reader *r, struct script_line *out,
                     struct errinfo *e) ERR_CHECKED;
/* The key at text[*at], and *at moves behind it. ERR_FORMAT for a <name> that no key
 * has. text is valid UTF-8, as script_next gives it. */
enum err script_key(const char *text, size_t *at, uint32_t *key,
                    struct errinfo *e) ERR_CHECKED;

#endif
