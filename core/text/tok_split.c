#include "text/tok_split.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "text/tok_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdbool.h>

#define SPLIT_MAX_PATTERN 16384
/* Limits of backtracking from one place in the text: enough for a megabyte of spaces
 * with the patterns in use, while a hostile pattern is stopped soon. */
#define SPLIT_MATCH_LIMIT 1000000u
#define SPLIT_HEAP_KIB    65536u
/* A search gets as many places to start from as make this many steps if the pattern
 * looks at the whole text from each; then the time is checked. */
#define SPLIT_STEPS ((size_t)1 << 32)
#define SPLIT_LOOKS 256 /* or after this many hits */
/* A pattern slower than SPLIT_SPEED bytes a second, over SPLIT_SECONDS of the thread's
 * time, is stopped. Those in use are a hundred times faster. */
#define SPLIT_SECONDS 1.0
#define SPLIT_SPEED   65536.0

struct split {
    pcre2_code *code;
    struct split_opts opts;
};

struct split_state {
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

void split_free(struct split *s)
{
    if (s) {
        pcre2_code_free(s->code);
        mem_free(s);
    }
}

static enum err compile(struct split *s, const char *pattern, const char *place,
                        struct errinfo *e)
{
    int code = 0;
    PCRE2_SIZE offset = 0;
    pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
    if (!ctx) {
        return err_set(e, ERR_NOMEM, "out of memory for a pattern");
    }
    pcre2_set_max_pattern_length(ctx, SPLIT_MAX_PATTERN);
    pcre2_set_parens_nest_limit(ctx, 64);
    pcre2_set_newline(ctx, PCRE2_NEWLINE_LF);
    s->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE |
                                PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT,
                            &code, &offset, ctx);
    pcre2_compile_context_free(ctx);
    if (!s->code) {
        PCRE2_UCHAR why[128] = "";
        pcre2_get_error_message(code, why, sizeof why);
        return err_set(e, ERR_FORMAT, "%s: character %zu of the pattern: %s", place,
                       (size_t)offset, (const char *)why);
    }
    /* Where the library has no just-in-time compiler this fails and pcre2_match
     * interprets: slower, same hits. */
    (void)pcre2_jit_compile(s->code, PCRE2_JIT_COMPLETE);
    return OK;
}

enum err split_new(const char *pattern, const struct split_opts *opts,
                   const char *place, struct split **out, struct errinfo *e)
{
    struct split *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "a pattern", e));
    s->opts = opts ? *opts : (struct split_opts){.behavior = SPLIT_ISOLATED};
    struct str said;
    str_init(&said, SPLIT_MAX_PATTERN);
    enum err rc = OK;
    if (s->opts.literal) {
        pattern_quote(pattern, &said);
        TRY_OUT(rc, str_err(&said, place, e));
    } else {
        TRY_OUT(rc, pattern_translate(pattern ? pattern : SPLIT_GPT2_SOURCE, place,
                                      &said, e));
    }
    TRY_OUT(rc, compile(s, said.len > 0 ? said.p : "", place, e));
    *out = s;
    s = NULL;
out:
    str_free(&said);
    split_free(s);
    return rc;
}

enum err split_state_new(const struct split *s, struct split_state **out,
                         struct errinfo *e)
{
    struct split_state *st = NULL;
    TRY(mem_new(&st, 1, sizeof *st, "a search", e));
    (void)s;
    st->data = pcre2_match_data_create(1, NULL); /* the whole hit is all we read */
    st->limits = pcre2_match_context_create(NULL);
    if (!st->data || !st->limits) {
        split_state_free(st);
        return err_set(e, ERR_NOMEM, "out of memory for a search");
    }
    pcre2_set_match_limit(st->limits, SPLIT_MATCH_LIMIT);
    pcre2_set_heap_limit(st->limits, SPLIT_HEAP_KIB);
    *out = st;
    return OK;
}

void split_state_free(struct split_state *st)
{
    if (st) {
        pcre2_match_data_free(st->data);
        pcre2_match_context_free(st->limits);
        mem_free(st);
    }
}

/* Returns the length of the run at the start of text[len] that is valid UTF-8
 * throughout (*valid) or invalid throughout. */
static size_t utf8_run(const char *text, size_t len, bool *valid)
{
    size_t i = 0;
    while (i < len) {
        if ((unsigned char)text[i] < 0x80) {
            if (i > 0 && !*valid) {
                return i;
            }
            *valid = true;
            i++;
            continue;
        }
        uint32_t cp = 0;
        const size_t n = utf8_next(text + i, len - i, &cp);
        const bool good = cp != UTF8_INVALID;
        if (i > 0 && good != *valid) {
            return i;
        }
        *valid = good;
        i += n;
    }
    return i;
}

/* ---- hits ---- */

/* A place in valid text. */
struct search {
    const struct split *s;
    struct split_state *st;
    const char *text;
    size_t len;
    size_t starts; /* places that one search may begin at */
    size_t from;   /* the next search begins here */
    size_t begin;  /* of the hit found */
    size_t end;
    int64_t since;   /* the thread's time when it was first looked at; 0: not yet */
    size_t since_at; /* and the place */
    bool limited;    /* the last search was */
};

static enum err check_speed(struct search *w, size_t at, struct errinfo *e)
{
    if (w->since == 0) {
        w->since = clock_thread_cpu_ns();
        w->since_at = at;
        return OK;
    }
    const double seconds = (double)(clock_thread_cpu_ns() - w->since) * 1e-9;
    if (seconds > SPLIT_SECONDS && (double)(at - w->since_at) < seconds * SPLIT_SPEED) {
        return err_set(e, ERR_LIMIT,
                       "the tokenizer's pattern needs too long: %.1f seconds for %zu "
                       "bytes",
                       seconds, at - w->since_at);
    }
    return OK;
}

/* Finds the next hit at or after w->from: *found. */
static enum err next_hit(struct search *w, bool *found, struct errinfo *e)
{
    *found = false;
    for (size_t at = w->from;;) {
        const bool whole = w->len - at <= w->starts;
        const size_t last = whole ? w->len : at + w->starts;
        if (!whole || w->limited) {
            pcre2_set_offset_limit(w->st->limits, whole ? PCRE2_UNSET : last);
            w->limited = !whole;
        }
        const int rc = pcre2_match(w->s->code, (PCRE2_SPTR)w->text, w->len, at,
                                   PCRE2_NO_UTF_CHECK, w->st->data, w->st->limits);
        if (rc >= 0) {
            break;
        }
        if (rc != PCRE2_ERROR_NOMATCH) {
            PCRE2_UCHAR why[128] = "";
            pcre2_get_error_message(rc, why, sizeof why);
            return err_set(e, ERR_LIMIT, "the tokenizer's pattern, at byte %zu: %s", at,
                           (const char *)why);
        }
        if (last == w->len) {
            return OK;
        }
        TRY(check_speed(w, at, e));
        at = last;
        while (((unsigned char)w->text[at] & 0xC0) == 0x80) {
            at--; /* a search begins at a whole character */
        }
    }
    const PCRE2_SIZE *o = pcre2_get_ovector_pointer(w->st->data);
    /* \K in a lookahead can put the start behind the end, or both before `from`. */
    if (o[0] < w->from || o[1] < o[0] || o[1] > w->len) {
        return err_set(e, ERR_FORMAT,
                       "the tokenizer's pattern matches backwards at byte %zu",
                       w->from);
    }
    w->begin = o[0];
    w->end = o[1];
    *found = true;
    return OK;
}

static enum err valid_hits(const struct split *s, struct split_state *st,
                           const char *text, size_t len, split_hit_fn *fn, void *ctx,
                           struct errinfo *e)
{
    struct search w = {.s = s, .st = st, .text = text, .len = len};
    pcre2_set_offset_limit(st->limits, PCRE2_UNSET);
    w.starts = SPLIT_STEPS / len < 4096 ? SPLIT_STEPS / len + 4 : 4096;
    size_t looks = 0;
    size_t done = 0;    /* bytes given to fn */
    bool after = false; /* a hit ends at w.from */
    while (w.from <= len) {
        bool found = false;
        TRY(next_hit(&w, &found, e));
        if (!found) {
            break;
        }
        if (after && w.begin == w.end && w.end == w.from) {
            /* Empty and right behind a hit: none, and the search goes on after the
             * next character, as the reference's does. */
            after = false;
            do {
                w.from++;
            } while (w.from < len && ((unsigned char)text[w.from] & 0xC0) == 0x80);
            continue;
        }
        if (w.begin > done) {
            TRY(fn(ctx, text + done, w.begin - done, s->opts.invert, e));
        }
        TRY(fn(ctx, text + w.begin, w.end - w.begin, !s->opts.invert, e));
        if (++looks % SPLIT_LOOKS == 0) {
            TRY(check_speed(&w, w.end, e));
        }
        done = w.from = w.end;
        after = true;
    }
    return done < len ? fn(ctx, text + done, len - done, s->opts.invert, e) : OK;
}

enum err split_hits(const struct split *s, struct split_state *st, const char *text,
                    size_t len, split_hit_fn *fn, void *ctx, struct errinfo *e)
{
    for (size_t i = 0; i < len;) {
        bool valid = true;
        const size_t n = utf8_run(text + i, len - i, &valid);
        if (valid) {
            TRY(valid_hits(s, st, text + i, n, fn, ctx, e));
        } else {
            TRY(fn(ctx, text + i, n, false, e));
        }
        i += n;
    }
    return OK;
}

/* ---- words ---- */

/* Joins hits and the text between them into words. */
struct joiner {
    enum split_behavior behavior;
    split_fn *fn;
    void *ctx;
    const char *held; /* a word that may still grow; NULL for none */
    size_t n_held;
    bool was_hit; /* the last part */
};

static enum err let_go(struct joiner *j, struct errinfo *e)
{
    const char *word = j->held;
    j->held = NULL;
    return word && j->n_held > 0 ? j->fn(j->ctx, word, j->n_held, e) : OK;
}

/* Whether a part continues the word held. */
static bool joins(const struct joiner *j, bool is_hit)
{
    switch (j->behavior) {
    case SPLIT_CONTIGUOUS: return is_hit == j->was_hit;
    case SPLIT_WITH_PREVIOUS: return is_hit && !j->was_hit;
    case SPLIT_WITH_NEXT: return !is_hit && j->was_hit;
    case SPLIT_ISOLATED:
    case SPLIT_REMOVED: break;
    }
    return false;
}

static enum err take_part(void *ctx, const char *part, size_t len, bool is_hit,
                          struct errinfo *e)
{
    struct joiner *j = ctx;
    if (j->behavior == SPLIT_ISOLATED) {
        return len > 0 ? j->fn(j->ctx, part, len, e) : OK;
    }
    if (j->behavior == SPLIT_REMOVED) {
        return len > 0 && !is_hit ? j->fn(j->ctx, part, len, e) : OK;
    }
    if (j->held && joins(j, is_hit)) {
        j->n_held += len;
    } else {
        TRY(let_go(j, e));
        j->held = part;
        j->n_held = len;
    }
    j->was_hit = is_hit;
    return OK;
}

enum err split_text(const struct split *s, struct split_state *st, const char *text,
                    size_t len, split_fn *fn, void *ctx, struct errinfo *e)
{
    struct joiner j = {.behavior = s->opts.behavior, .fn = fn, .ctx = ctx};
    TRY(split_hits(s, st, text, len, take_part, &j, e));
    return let_go(&j, e);
}
