/* Errors: one list of codes, and one line of detail for people.
 *
 * A function that can fail returns `enum err` and takes `struct errinfo *e` last;
 * e may be NULL. On error the out-parameters are untouched and e holds one line that
 * names the file, the place in it, what was found and what was expected. Core never
 * prints. Any thread; an errinfo belongs to one caller. */
#ifndef SAETOP_BASE_ERR_H
#define SAETOP_BASE_ERR_H

/* X(code, process exit status, short text) */
#define ERR_LIST(X)                                                                    \
    X(OK, 0, "ok")                                                                     \
    X(ERR_NOMEM, 1, "out of memory")                                                   \
    X(ERR_IO, 1, "input or output failed")                                             \
    X(ERR_NUMERIC, 1, "not a finite number")                                           \
    X(ERR_CANCELLED, 1, "cancelled")                                                   \
    X(ERR_MISSING, 2, "not found")                                                     \
    X(ERR_DENIED, 2, "not permitted")                                                  \
    X(ERR_EXISTS, 2, "exists already")                                                 \
    X(ERR_FORMAT, 2, "malformed input")                                                \
    X(ERR_LIMIT, 2, "over a limit")                                                    \
    X(ERR_USAGE, 2, "wrong usage")

enum err {
#define ERR_ENUM(code, status, text) code,
    ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
};

struct errinfo {
    enum err code;
    char msg[512]; /* one line, no newline, control bytes already escaped */
};

#define ERR_CHECKED __attribute__((warn_unused_result))

/* Record `code` with a printf-formatted message in e (if not NULL) and return code.
 * Control bytes, invalid UTF-8 and characters that disturb a terminal become '?', so
 * text from files is safe here; a line that is too long loses its middle. */
enum err err_set(struct errinfo *e, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "prefix: " before the message already in e; returns e's code (or `code`). */
enum err err_prefix(struct errinfo *e, enum err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Short text of a code, never NULL. */
const char *err_text(enum err code);

/* The exit status for a code: 0 done, 1 failed, 2 wrong usage or input. */
int err_exit_status(enum err code);

/* Return from the enclosing function if `expr` fails. */
#define TRY(expr)                                                                      \
    do {                                                                               \
        const enum err try_err_ = (expr);                                              \
        if (try_err_ != OK) {                                                          \
            return try_err_;                                                           \
        }                                                                              \
    } while (0)

/* Set `rc` and go to the label `out` of the enclosing function if `expr` fails. */
#define TRY_OUT(rc, expr)                                                              \
    do {                                                                               \
        (rc) = (expr);                                                                 \
        if ((rc) != OK) {                                                              \
            goto out;                                                                  \
        }                                                                              \
    } while (0)

#endif
