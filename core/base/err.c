#include "base/err.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct err_entry {
    int status;
    const char *text;
};

static const struct err_entry err_table[] = {
#define ERR_ENTRY(code, status, text) [code] = {(status), (text)},
    ERR_LIST(ERR_ENTRY)
#undef ERR_ENTRY
};

/* Room for a few paths; the final message may be shorter. */
#define DRAFT_BYTES 9000
#define KEEP_HEAD   200 /* bytes kept before the gap in a message that is too long */

/* Put one '?' in place of each code point that is unsafe on a terminal and of each
 * invalid byte. Returns the new length. */
static size_t make_safe(char *text, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        const size_t used = utf8_next(text + i, n - i, &cp);
        if (cp == UTF8_INVALID || utf8_is_unsafe(cp)) {
            text[len++] = '?';
        } else {
            memmove(text + len, text + i, used);
            len += used;
        }
        i += used;
    }
    text[len] = '\0';
    return len;
}

/* Put a draft into e. A line that is too long, because of a path or a value from a
 * file, loses its middle, since the end says what was expected. */
static void set_message(struct errinfo *e, char *draft)
{
    static const char gap[] = "...";
    const size_t len = make_safe(draft, strlen(draft));
    const size_t room = sizeof e->msg - 1;
    if (len <= room) {
        memcpy(e->msg, draft, len + 1);
        return;
    }
    const size_t head = utf8_clip(draft, len, KEEP_HEAD);
    size_t tail = len - (room - head - (sizeof gap - 1));
    while (((unsigned char)draft[tail] & 0xC0) == 0x80) {
        tail++;
    }
    memcpy(e->msg, draft, head);
    memcpy(e->msg + head, gap, sizeof gap - 1);
    memcpy(e->msg + head + sizeof gap - 1, draft + tail, len - tail + 1);
}

enum err err_set(struct errinfo *e, enum err code, const char *fmt, ...)
{
    if (!e) {
        return code;
    }
    /* The arguments may point into e->msg, hence the draft. */
    char draft[DRAFT_BYTES];
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(draft, sizeof draft, fmt, args);
    va_end(args);
    if (n < 0) {
        snprintf(draft, sizeof draft, "%s", err_text(code));
    }
    e->code = code;
    set_message(e, draft);
    return code;
}

enum err err_prefix(struct errinfo *e, enum err code, const char *fmt, ...)
{
    if (!e) {
        return code;
    }
    char draft[DRAFT_BYTES + sizeof e->msg + 2];
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(draft, DRAFT_BYTES, fmt, args);
    va_end(args);
    if (n < 0) {
        draft[0] = '\0';
    }
    const bool empty = e->code == OK;
    e->code = empty ? code : e->code;
    const size_t at = strlen(draft);
    snprintf(draft + at, sizeof draft - at, ": %s", empty ? err_text(code) : e->msg);
    set_message(e, draft);
    return e->code;
}

static const struct err_entry *entry_of(enum err code)
{
    const size_t i = (size_t)code;
    return i < sizeof err_table / sizeof err_table[0] ? &err_table[i] : NULL;
}

const char *err_text(enum err code)
{
    const struct err_entry *entry = entry_of(code);
    return entry ? entry->text : "unknown error";
}

int err_exit_status(enum err code)
{
    const struct err_entry *entry = entry_of(code);
    return entry ? entry->status : 1;
}
