/* Scans the bytes of a corpus before they are read as documents: for markers that other
 * tools put between documents, and for bytes that are not UTF-8. */
#include "base/utf8.h"
#include "text/corpus_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The first ones end documents of plain text: end-of-text tokens of GPT-2, Llama 3 and
 * saetop's own tokenizers. They do so with any tokenizer, as the split into training
 * and held-out text must always be the same. The others mark turns, or are also words
 * of other languages (HTML). */
static const char *const MARKS[CORPUS_MARKS] = {
    "<|endoftext|>", "<|end_of_text|>", "<|eos|>",    "</s>",
    "<eos>",         "<|im_start|>",    "<|im_end|>", "<|eot_id|>",
};
enum { ENDING_MARKS = 3 };

/* Returns which mark text[n] begins with, or -1. */
static int mark_at(const uint8_t *text, size_t n)
{
    for (int i = 0; i < CORPUS_MARKS; i++) {
        const size_t len = strlen(MARKS[i]);
        if (len <= n && memcmp(text, MARKS[i], len) == 0) {
            return i;
        }
    }
    return -1;
}

size_t corpus_next_end(const uint8_t *text, size_t n, size_t *len)
{
    for (size_t at = 0; at < n; at++) {
        const uint8_t *open = memchr(text + at, '<', n - at);
        at = open ? (size_t)(open - text) : n;
        const int mark = open ? mark_at(open, n - at) : -1;
        if (mark >= 0 && mark < ENDING_MARKS) {
            *len = strlen(MARKS[mark]);
            return at;
        }
    }
    *len = 0;
    return n;
}

static bool is_alone(const uint8_t *text, size_t n, size_t at, size_t len)
{
    size_t end = at + len;
    while (end < n && (text[end] == ' ' || text[end] == '\r')) {
        end++;
    }
    return (at == 0 || text[at - 1] == '\n') && (end == n || text[end] == '\n');
}

static size_t line_of(const uint8_t *text, size_t at)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++) {
        line += text[i] == '\n';
    }
    return line;
}

size_t corpus_scan(struct corpus_seen *s, const uint8_t *text, size_t n, size_t place,
                   size_t from)
{
    size_t i = from;
    const size_t end = n - from > CORPUS_BITE ? from + CORPUS_BITE : n;
    while (i < end) {
        if (text[i] == '<') {
            const int mark = mark_at(text + i, n - i);
            if (mark >= 0) {
                s->mark[mark]++;
                s->end_alone =
                    s->end_alone ||
                    (mark < ENDING_MARKS && is_alone(text, n, i, strlen(MARKS[mark])));
            }
        }
        if (text[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t cp;
        const size_t used = utf8_next((const char *)text + i, n - i, &cp);
        if (cp == UTF8_INVALID) {
            if (s->bad == 0) {
                s->bad_at = i;
                s->bad_place = place;
                s->bad_line = place > 0 ? 0 : line_of(text, i);
            }
            s->bad += used;
        }
        i += used;
    }
    return i;
}

/* Lists marks first .. last - 1, "800 <|endoftext|>, 2 </s>"; false if there are
 * none. */
static bool list_marks(const struct corpus_seen *s, int first, int last, char *out,
                       size_t cap)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = first; i < last; i++) {
        if (s->mark[i] > 0 && n < cap) {
            n += (size_t)snprintf(out + n, cap - n, "%s%" PRIu64 " %s", n ? ", " : "",
                                  s->mark[i], MARKS[i]);
        }
    }
    return n > 0;
}

void corpus_remark_seen(const struct corpus_file *f, struct remarks *r)
{
    const struct corpus_seen *s = &f->seen;
    const char *name = f->name;
    char marks[160];
    char place[64];
    if (f->ends_split && list_marks(s, 0, ENDING_MARKS, marks, sizeof marks)) {
        remarks_add(r, "%s: documents end at markers: %s%s", name, marks,
                    s->end_alone ? ", not at blank lines" : ", and at blank lines");
    }
    if (f->cut_at) {
        remarks_add(r, "%s: very little text: one document, cut into %zu at %s ends",
                    name, f->n_docs, f->cut_at);
    }
    if (f->piece > 0 && f->piece < CORPUS_SMALL) {
        remarks_add(r,
                    "%s: very little text: one document, cut into %zu of at most %zu "
                    "byte%s",
                    name, f->n_docs, f->piece, plural_s(f->piece));
    }
    if (f->ids_cut) {
        remarks_add(r, "%s: token ids without ends of documents, cut into %zu of %zu",
                    name, f->n_docs, CORPUS_IDS);
    }
    if (f->cols > 0 && f->key && f->key[strspn(f->key, "0123456789")] == '\0') {
        remarks_add(r, "%s: column %s by number: row 1 is its header, not text", name,
                    f->key);
    }
    const int first = f->ends_split ? ENDING_MARKS : 0;
    if (list_marks(s, first, CORPUS_MARKS, marks, sizeof marks)) {
        remarks_add(r, "%s: markers are read as plain text: %s; take them out%s", name,
                    marks, f->ends_split ? ", or put blank lines in their places" : "");
    }
    if (s->bad > 0) {
        if (s->bad_place > 0) {
            snprintf(place, sizeof place, "row %zu", s->bad_place);
        } else {
            snprintf(place, sizeof place, "byte %zu, line %zu", s->bad_at + 1,
                     s->bad_line);
        }
        remarks_add(r,
                    "%s: %" PRIu64 " byte%s not UTF-8 (first at %s): if it is Latin-1, "
                    "convert it: iconv -f latin1 -t utf8",
                    name, s->bad, s->bad == 1 ? " is" : "s are", place);
    }
}
