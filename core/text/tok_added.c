#include "text/tok_added.h"

#include "base/mem.h"
#include "text/tok_chars.h"
#include "text/tok_norm.h"
#include "text/tok_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- making the sets ---- */

/* A token while its set is made. */
struct item {
    const char *text;
    size_t len, off; /* off: in own, where text is NULL */
    int32_t id;
};

static int by_text(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    const size_t n = x->len < y->len ? x->len : y->len;
    const int order = memcmp(x->text, y->text, n);
    return order != 0         ? order
           : x->len != y->len ? (x->len > y->len) - (x->len < y->len)
                              : (x->id > y->id) - (x->id < y->id);
}

static bool belongs(const struct tok_entry *en, bool normalized)
{
    return (en->flags & (uint32_t)TOK_ADDED) && en->len + en->text_len > 0 &&
           normalized == ((en->flags & (uint32_t)TOK_NORMALIZED) != 0);
}

/* Collects the texts of a set: as they are, or normalized. */
static enum err fill_items(const struct tok *t, struct norm_state *st, bool normalized,
                           struct str *own, struct item *item, struct errinfo *e)
{
    size_t n = 0;
    for (size_t id = 0; id < t->vocab; id++) {
        const struct tok_entry *en = &t->entry[id];
        if (!belongs(en, normalized)) {
            continue;
        }
        const struct tok_text text = tok_added_text(t, en);
        item[n] = (struct item){text.p, text.len, 0, (int32_t)id};
        if (st) {
            const char *made = NULL;
            bool cut = false;
            TRY(norm_apply(t->norm, st, item[n].text, text.len, &made, &item[n].len,
                           &cut, e));
            item[n].text = NULL;
            item[n].off = own->len;
            str_addn(own, made, item[n].len);
        }
        n++;
    }
    TRY(str_err(own, "added tokens", e));
    for (size_t i = 0; i < n; i++) {
        item[i].text = item[i].text ? item[i].text : own->p + item[i].off;
    }
    return OK;
}

static enum err make_set(const struct tok *t, struct norm_state *st, bool normalized,
                         struct added_set *s, struct errinfo *e)
{
    size_t n = 0;
    bool any_plain = false;
    for (size_t id = 0; id < t->vocab; id++) {
        n += belongs(&t->entry[id], normalized);
        any_plain |= belongs(&t->entry[id], normalized) &&
                     !(t->entry[id].flags & (uint32_t)TOK_SPECIAL);
    }
    str_init(&s->own, TOK_MAX_PIECES);
    if (!any_plain) {
        return OK; /* special tokens are only looked for to be passed over */
    }
    struct item *item = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&item, n, sizeof *item, "added tokens", e));
    TRY_OUT(rc, mem_new(&s->id, n, sizeof *s->id, "added tokens", e));
    TRY_OUT(rc, mem_new(&s->text, n, sizeof *s->text, "added tokens", e));
    TRY_OUT(rc, mem_new(&s->len, n, sizeof *s->len, "added tokens", e));
    TRY_OUT(rc, fill_items(t, st, normalized, &s->own, item, e));
    qsort(item, n, sizeof *item, by_text);
    for (size_t i = 0; i < n; i++) {
        if (item[i].len > 0) {
            s->id[s->n] = item[i].id;
            s->text[s->n] = item[i].text;
            s->len[s->n++] = item[i].len;
            s->is_start[(unsigned char)item[i].text[0]] = true;
        }
    }
out:
    mem_free(item);
    return rc;
}

enum err added_make(struct tok *t, struct errinfo *e)
{
    struct norm_state *st = NULL;
    TRY(make_set(t, NULL, false, &t->added[0], e));
    if (t->norm) {
        TRY(norm_state_new(t->norm, &st, e));
    }
    const enum err rc = make_set(t, st, true, &t->added[1], e);
    norm_state_free(st);
    return rc;
}

void added_free(struct added_set *s)
{
    mem_free(s->id);
    mem_free(s->text);
    mem_free(s->len);
    str_free(&s->own);
}

/* ---- looking for them ---- */

/* Returns the first of items [lo, hi), all longer than d, whose byte d is at least
 * c. */
static size_t first_at_least(const struct added_set *s, size_t lo, size_t hi, size_t d,
                             unsigned c)
{
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if ((unsigned char)s->text[mid][d] < c) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* Returns the longest token that text[n] begins with: its place in the set, s->n for
 * none. */
static size_t longest_at(const struct added_set *s, const char *text, size_t n)
{
    size_t best = s->n;
    size_t lo = 0;
    size_t hi = s->n;
    for (size_t d = 0; d < n && lo < hi; d++) {
        const unsigned c = (unsigned char)text[d];
        lo = first_at_least(s, lo, hi, d, c);
        hi = first_at_least(s, lo, hi, d, c + 1);
        while (lo < hi && s->len[lo] == d + 1) {
            best = lo++; /* the shortest stands first */
        }
    }
    return best;
}

static bool is_single_word(const char *text, size_t len, size_t begin, size_t end)
{
    return (begin == 0 || !char_is_word(char_last(text, begin))) &&
           (end == len || !char_is_word(char_first(text + end, len - end)));
}

enum err added_cut(const struct tok *t, const struct added_set *s, const char *text,
                   size_t len, added_text_fn *on_text, added_token_fn *on_token,
                   void *ctx, struct errinfo *e)
{
    size_t from = 0; /* what is before was given away */
    for (size_t i = 0; s->n > 0 && i < len;) {
        if (!s->is_start[(unsigned char)text[i]]) {
            i++;
            continue;
        }
        const size_t k = longest_at(s, text + i, len - i);
        if (k == s->n) {
            i++;
            continue;
        }
        size_t begin = i;
        size_t end = i + s->len[k];
        const uint32_t flags = t->entry[s->id[k]].flags;
        i = end;
        if ((flags & (uint32_t)TOK_SPECIAL) ||
            ((flags & (uint32_t)TOK_SINGLE_WORD) &&
             !is_single_word(text, len, begin, end))) {
            continue;
        }
        /* White space is taken only once: text before `from` was given away already,
         * and if a token begins before `from`, only white space is left between. */
        if ((flags & (uint32_t)TOK_LSTRIP) && begin > from) {
            begin -= space_at_end(text + from, begin - from);
        }
        if (flags & (uint32_t)TOK_RSTRIP) {
            end = end > from ? end : from;
            end += space_at_start(text + end, len - end);
        }
        if (begin > from) {
            TRY(on_text(ctx, text + from, begin - from, from, e));
        }
        TRY(on_token(ctx, s->id[k], e));
        from = end;
    }
    return len > from ? on_text(ctx, text + from, len - from, from, e) : OK;
}
