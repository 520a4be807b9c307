/* Plain text: where its documents begin and end. */
#include "text/corpus_priv.h"

#include <string.h>

/* Whether no text of any encoding has that byte, except for a terminal's colours. */
static bool is_control(uint8_t b)
{
    return (b < 0x20 && !corpus_is_space(b) && b != 0x1B) || b == 0x7F;
}

/* Refuses a program, picture or archive, known by its control bytes: one in ten bytes
 * of compressed data. A text may have some, if its other bytes are UTF-8. */
static enum err refuse_binary(const struct corpus_file *f, struct errinfo *e)
{
    const size_t n = f->map_len < 4096 ? f->map_len : 4096;
    size_t zeros = 0, control = 0;
    for (size_t i = 0; i < n; i++) {
        zeros += f->map[i] == 0;
        control += is_control(f->map[i]);
    }
    const bool program = zeros >= 16 && (f->seen.bad > 0 || zeros >= n / 16);
    const bool packed = control >= 16 && control >= n / 50 && f->seen.bad > 0;
    if (!program && !packed) {
        return OK;
    }
    return err_set(
        e, ERR_FORMAT,
        "%s: found a binary file (%zu control bytes, %zu of them zero, in its "
        "first %zu), expected text",
        f->path, control, zeros, n);
}

/* Returns where to cut text[len] so that the piece is at most `want` bytes: after a
 * line, else after a word, else between characters. */
static size_t cut_at(const uint8_t *text, size_t len, size_t want)
{
    if (len <= want) {
        return len;
    }
    for (size_t i = want; i > want / 2; i--) {
        if (text[i - 1] == '\n') {
            return i;
        }
    }
    for (size_t i = want; i > want / 2; i--) {
        if (corpus_is_space(text[i - 1])) {
            return i;
        }
    }
    size_t i = want;
    while (i > 1 && want - i < 3 && (text[i] & 0xC0) == 0x80) {
        i--;
    }
    return i;
}

/* Adds text[from, to) in pieces of at most `want` bytes, without white space around
 * them. */
static enum err add_pieces(struct corpus_file *f, size_t from, size_t to, size_t want,
                           struct errinfo *e)
{
    while (from < to) {
        const size_t n = cut_at(f->map + from, to - from, want);
        size_t end = from + n;
        while (end > from && corpus_is_space(f->map[end - 1])) {
            end--;
        }
        if (end > from) {
            TRY(corpus_add_span(f, from, end - from, 0, e));
        }
        from += n;
    }
    return OK;
}

/* Adds the documents between blank lines of text[from, to). */
static enum err add_paragraphs(struct corpus_file *f, size_t from, size_t to,
                               struct errinfo *e)
{
    size_t at = from;
    size_t end_of_text = from; /* the end of its last line that is not blank */
    while (at < to) {
        const uint8_t *nl = memchr(f->map + at, '\n', to - at);
        const size_t end = nl ? (size_t)(nl - f->map) + 1 : to;
        size_t i = at;
        while (i < end && corpus_is_space(f->map[i])) {
            i++;
        }
        if (i < end) {
            end_of_text = end;
        } else {
            TRY(add_pieces(f, from, end_of_text, CORPUS_MAX_DOC, e));
            from = end_of_text = end;
        }
        at = end;
    }
    return add_pieces(f, from, end_of_text, CORPUS_MAX_DOC, e);
}

/* Adds one document, without the blank lines before it. */
static enum err add_whole(struct corpus_file *f, size_t from, size_t to,
                          struct errinfo *e)
{
    for (size_t i = from; i < to && corpus_is_space(f->map[i]); i++) {
        from = f->map[i] == '\n' ? i + 1 : from;
    }
    return add_pieces(f, from, to, CORPUS_MAX_DOC, e);
}

/* ---- a text that is one document ---- */

static bool ends_line(const uint8_t *text, size_t i)
{
    return text[i] == '\n';
}

/* Whether this is white space after a full stop and closing marks. */
static bool ends_sentence(const uint8_t *text, size_t i)
{
    if (!corpus_is_space(text[i])) {
        return false;
    }
    while (i > 0 && text[i - 1] && strchr("\"')]*_", text[i - 1])) {
        i--;
    }
    return i > 0 && text[i - 1] && strchr(".!?", text[i - 1]);
}

static bool ends_word(const uint8_t *text, size_t i)
{
    return corpus_is_space(text[i]);
}

/* Where a short text may be cut: the first of these that occurs inside it is used. */
static const struct {
    const char *name;
    bool (*ends)(const uint8_t *text, size_t i); /* a unit, with byte i */
} UNITS[] = {{"line", ends_line}, {"sentence", ends_sentence}, {"word", ends_word}};
enum { N_UNITS = sizeof UNITS / sizeof UNITS[0] };

/* Adds text[from, to) in pieces of whole units: as many as fit `want` bytes, at least
 * one. */
static enum err add_units(struct corpus_file *f, size_t from, size_t to, size_t want,
                          size_t unit, struct errinfo *e)
{
    size_t fits = from; /* the end of the last unit that is */
    for (size_t i = from; i < to; i++) {
        if (!UNITS[unit].ends(f->map, i) && i + 1 < to) {
            continue;
        }
        if (fits > from && i + 1 - from > want) {
            TRY(add_pieces(f, from, fits, CORPUS_MAX_DOC, e));
            from = fits;
        }
        fits = i + 1;
    }
    return add_pieces(f, from, to, CORPUS_MAX_DOC, e);
}

/* Cuts the only document, as training and held-out text must be different documents. */
static enum err cut_only_document(struct corpus_file *f, struct errinfo *e)
{
    const struct corpus_span whole = f->span[0];
    const size_t from = whole.off, to = whole.off + whole.len;
    size_t want = whole.len / 20;
    want = want > CORPUS_PIECE ? CORPUS_PIECE : want < 1 ? 1 : want;
    for (size_t unit = 0; want < CORPUS_SMALL && unit < N_UNITS; unit++) {
        f->n_docs = 0;
        TRY(add_units(f, from, to, want, unit, e));
        if (f->n_docs > 1) {
            f->cut_at = UNITS[unit].name;
            return OK;
        }
    }
    f->n_docs = 0;
    f->piece = want;
    return add_pieces(f, from, to, want, e);
}

enum err corpus_open_text(struct corpus_file *f, size_t *start, struct errinfo *e)
{
    if (f->map_len >= 2 && ((f->map[0] == 0xFF && f->map[1] == 0xFE) ||
                            (f->map[0] == 0xFE && f->map[1] == 0xFF))) {
        return err_set(e, ERR_FORMAT, "%s: found UTF-16, expected UTF-8", f->path);
    }
    for (size_t at = 0; at < f->map_len;) {
        TRY(corpus_poll(f, e));
        at = corpus_scan(&f->seen, f->map, f->map_len, 0, at);
    }
    *start = corpus_text_start(f);
    return OK;
}

static enum err txt_open(struct corpus_file *f, struct errinfo *e)
{
    size_t at = 0;
    TRY(corpus_open_text(f, &at, e));
    TRY(refuse_binary(f, e));
    f->ends_split = true;
    while (at < f->map_len) {
        size_t mark = 0;
        const size_t end = at + corpus_next_end(f->map + at, f->map_len - at, &mark);
        TRY(f->seen.end_alone ? add_whole(f, at, end, e)
                              : add_paragraphs(f, at, end, e));
        at = end + mark;
    }
    return f->n_docs == 1 && f->alone ? cut_only_document(f, e) : OK;
}

static enum err txt_text(const struct corpus_file *f, size_t doc, struct str *out,
                         struct errinfo *e)
{
    return corpus_read_span(f, &f->span[doc], out, e);
}

const struct corpus_format corpus_txt = {".txt", NULL, txt_open, txt_text, NULL};
