/* Parses a script a line at a time: what each line says, without doing it. explore.h
 * says what a line may be. Any thread. */
#ifndef SAETOP_UI_SCRIPT_H
#define SAETOP_UI_SCRIPT_H

#include "base/err.h"
#include "ui/lineedit.h"

#include <stddef.h>
#include <stdint.h>

enum script_kind {
    SCRIPT_END,
    SCRIPT_KEYS,    /* text; script_key reads it */
    SCRIPT_COMMAND, /* text, without its colon */
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

/* How far text[len], which is borrowed, has been read. */
struct script_reader {
    const char *text;
    size_t len, at, number;
};

/* Read the next line that says something; SCRIPT_END after the last. ERR_FORMAT for a
 * line that cannot be played: too long, not text, or an unknown wait or size; reading
 * can go on after it. */
enum err script_next(struct script_reader *r, struct script_line *out,
                     struct errinfo *e) ERR_CHECKED;
/* Read the key at text[*at], and move *at past it. ERR_FORMAT for a <name> that no key
 * has. text is valid UTF-8, as script_next gives it. */
enum err script_key(const char *text, size_t *at, uint32_t *key,
                    struct errinfo *e) ERR_CHECKED;

#endif
