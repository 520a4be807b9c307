#include "text/tok_split.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdbool.h>
#include <string.h>

#define SPLIT_MAX_PATTERN 16384
/* Of backtracking from one place in the text: enough for a megabyte of spaces under the
 * patterns in use, and a hostile one ends soon. */
#define SPLIT_MATCH_LIMIT 1000000u
#define SPLIT_HEAP_KIB    65536u

/* \s in the tokenizers' regular expressions is Unicode's White_Space; PCRE2's has
 * U+180E as well, so the class is spelled out. */
#define SPACES                                                                         \
    "\\t-\\r\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}"       \
    "\\x{202f}\\x{205f}\\x{3000}"

struct split {
    pcre2_code *code;
    pcre2_match_context *limits;
};

struct split_state {
    pcre2_match_data *match;
};

void split_free(struct split *s)
{
    if (s) {
        pcre2_code_free(s->code);
        pcre2_match_context_free(s->limits);
        mem_free(s);
    }
}

/* Copy a pattern with \s, and \S outside brackets, spelled out. */
static void spell_spaces(const char *pattern, struct str *out)
{
    bool in_class = false;
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\' && p[1]) {
            p++;
            if (*p == 's') {
                str_add(out, in_class ? SPACES : "[" SPACES "]");
            } else if (*p == 'S' && !in_class) {
                str_add(out, "[^" SPACES "]");
            } else {
                str_addn(out, p - 1, 2);
            }
            continue;
        }
        if (in_class && p[0] == '[' && p[1] == ':' && strstr(p, ":]")) {
            const char *end = strstr(p, ":]") + 1;
            str_addn(out, p, (size_t)(end - p) + 1);
            p = end;
            continue;
        }
        str_addc(out, *p);
        if (!in_class && *p == '[') {
            in_class = true;
            if (p[1] == '^') {
                str_addc(out, *++p);
            }
            if (p[1] == ']') { /* first in a class it stands for itself */
                str_addc(out, *++p);
            }
        } else if (in_class && *p == ']') {
            in_class = false;
        }
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
    s->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                            PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code,
                            &offset, ctx);
    pcre2_compile_context_free(ctx);
    if (!s->code) {
        PCRE2_UCHAR why[128] = "";
        pcre2_get_error_message(code, why, sizeof why);
        return err_set(e, ERR_FORMAT, "%s: character %zu of the pattern: %s", place,
                       (size_t)offset, (const char *)why);
    }
    /* Where the library has no just-in-time compiler this fails and pcre2_match
     * interprets: slower, same matches. */
    (void)pcre2_jit_compile(s->code, PCRE2_JIT_COMPLETE);
    s->limits = pcre2_match_context_create(NULL);
    if (!s->limits) {
        return err_set(e, ERR_NOMEM, "out of memory for a pattern");
    }
    pcre2_set_match_limit(s->limits, SPLIT_MATCH_LIMIT);
    pcre2_set_heap_limit(s->limits, SPLIT_HEAP_KIB);
    return OK;
}

enum err split_new(const char *pattern, const char *place, struct split **out,
                   struct errinfo *e)
{
    struct split *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "a pattern", e));
    struct str spelled;
    str_init(&spelled, SPLIT_MAX_PATTERN);
    spell_spaces(pattern ? pattern : SPLIT_GPT2_SOURCE, &spelled);
    enum err rc = str_err(&spelled, place, e);
    if (rc == OK) {
        rc = compile(s, spelled.p, place, e);
    }
    str_free(&spelled);
    if (rc != OK) {
        split_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

enum err split_state_new(const struct split *s, struct split_state **out,
                         struct errinfo *e)
{
    struct split_state *st = NULL;
    TRY(mem_new(&st, 1, sizeof *st, "matching", e));
    (void)s;
    st->match = pcre2_match_data_create(1, NULL); /* the whole match is all we read */
    if (!st->match) {
        mem_free(st);
        return err_set(e, ERR_NOMEM, "out of memory for matching");
    }
    *out = st;
    return OK;
}

void split_state_free(struct split_state *st)
{
    if (st) {
        pcre2_match_data_free(st->match);
        mem_free(st);
    }
}

/* Length of the run at the start of text[len] that is valid UTF-8 throughout (*valid)
 * or invalid throughout. */
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

static enum err split_valid(const struct split *s, struct split_state *st,
                            const char *text, size_t len, split_fn *fn, void *ctx,
                            struct errinfo *e)
{
    size_t at = 0;
    while (at < len) {
        const int rc =
            pcre2_match(s->code, (PCRE2_SPTR)text, len, at,
                        PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, st->match, s->limits);
        if (rc == PCRE2_ERROR_NOMATCH) {
            return fn(ctx, text + at, len - at, e);
        }
        if (rc < 0) {
            PCRE2_UCHAR why[128] = "";
            pcre2_get_error_message(rc, why, sizeof why);
            return err_set(e, ERR_LIMIT, "the tokenizer's pattern, at byte %zu: %s", at,
                           (const char *)why);
        }
        const PCRE2_SIZE *o = pcre2_get_ovector_pointer(st->match);
        /* \K in a lookahead can put the start behind the end, or both before `at`. */
        if (o[0] < at || o[1] <= o[0] || o[1] > len) {
            return err_set(e, ERR_FORMAT,
                           "the tokenizer's pattern matches backwards at byte %zu", at);
        }
        if (o[0] > at) {
            TRY(fn(ctx, text + at, o[0] - at, e));
        }
        TRY(fn(ctx, text + o[0], o[1] - o[0], e));
        at = o[1];
    }
    return OK;
}

enum err split_text(const struct split *s, struct split_state *st, const char *text,
                    size_t len, split_fn *fn, void *ctx, struct errinfo *e)
{
    for (size_t i = 0; i < len;) {
        bool valid = true;
        const size_t n = utf8_run(text + i, len - i, &valid);
        if (valid) {
            TRY(split_valid(s, st, text + i, n, fn, ctx, e));
        } else {
            TRY(fn(ctx, text + i, n, e));
        }
        i += n;
    }
    return OK;
}
