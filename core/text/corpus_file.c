/* A file of a corpus: its bytes, and where its documents are. */
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "text/corpus_priv.h"

#include <string.h>
#include <unistd.h>

static uint32_t span_hash(const void *bytes, size_t len)
{
    return (uint32_t)(hash_words(HASH_START, bytes, len) >> 32);
}

enum err corpus_poll(const struct corpus_file *f, struct errinfo *e)
{
    return f->cancel && atomic_load(f->cancel)
               ? err_set(e, ERR_CANCELLED, "%s: cancelled", f->path)
               : OK;
}

enum err corpus_add_span(struct corpus_file *f, size_t off, size_t len, size_t line,
                         struct errinfo *e)
{
    TRY(corpus_poll(f, e));
    if (f->n_docs >= CORPUS_MAX_DOCS) {
        return err_set(e, ERR_LIMIT, "%s: more than %zu documents", f->path,
                       CORPUS_MAX_DOCS);
    }
    TRY(mem_grow(&f->span, &f->span_cap, f->n_docs + 1, sizeof *f->span,
                 CORPUS_MAX_DOCS, e));
    f->span[f->n_docs++] =
        (struct corpus_span){off, (uint32_t)len, span_hash(f->map + off, len), line};
    return OK;
}

/* Guesses the format by the first byte, for standard input, which has no name. */
static void guess_format(struct corpus_file *f)
{
    size_t i = corpus_text_start(f);
    while (i < f->map_len && corpus_is_space(f->map[i])) {
        i++;
    }
    f->format = i < f->map_len && f->map[i] == '{' ? &corpus_jsonl : &corpus_txt;
}

static enum err open_bytes(struct corpus_file *f, struct errinfo *e)
{
    if (!f->format) { /* standard input */
        if (isatty(STDIN_FILENO)) {
            return err_set(e, ERR_USAGE,
                           "%s: is a terminal, expected a text from a pipe", f->path);
        }
        return infile_unpack(STDIN_FILENO, f->path, false, f->cancel, &f->in, e);
    }
    if (!f->packed) {
        return infile_open(f->path, &f->in, e);
    }
    int fd = -1;
    size_t size = 0;
    TRY(file_open_regular(f->path, &fd, &size, e));
    const enum err rc = infile_unpack(fd, f->path, true, f->cancel, &f->in, e);
    close(fd);
    return rc;
}

/* Hashes its bytes in pieces, so that a large file can be cancelled. */
static enum err hash_map(struct corpus_file *f, struct errinfo *e)
{
    f->hash = HASH_START;
    for (size_t at = 0; at < f->map_len; at += CORPUS_BITE) {
        const size_t left = f->map_len - at;
        TRY(corpus_poll(f, e));
        f->hash =
            hash_bytes(f->hash, f->map + at, left < CORPUS_BITE ? left : CORPUS_BITE);
    }
    return OK;
}

enum err corpus_file_open(struct corpus_file *f, bool keep, struct errinfo *e)
{
    TRY(open_bytes(f, e));
    const bool temporary = f->packed || !f->format;
    if (infile_len(f->in) == 0) {
        f->no_text = true;
        return err_set(e, ERR_FORMAT, "%s: is empty, expected text", f->path);
    }
    TRY(infile_bytes_of(f->in, &f->bytes, e));
    f->map = f->bytes.p;
    f->map_len = f->bytes.len;
    TRY(hash_map(f, e));
    f->max_id = -1;
    if (!f->format) {
        guess_format(f);
    }
    if (f->key && !f->format->key) {
        return err_set(
            e, ERR_USAGE, "%s: found \"#%.60s\", but only %s", f->path, f->key,
            "a grammar has registers, and a table or JSON lines have columns");
    }
    const enum err rc = f->format->open(f, e);
    infile_release(&f->bytes);
    f->map = NULL; /* from here on documents are read from the file */
    if (!keep && !temporary) {
        infile_close(f->in);
        f->in = NULL;
    }
    return rc;
}

void corpus_file_deinit(struct corpus_file *f)
{
    infile_release(&f->bytes);
    infile_close(f->in);
    mem_free(f->span);
    mem_free(f->path);
}

enum err corpus_read_span(const struct corpus_file *f, const struct corpus_span *s,
                          struct str *out, struct errinfo *e)
{
    char *at = str_extend(out, s->len);
    struct infile *own = NULL;
    if (!at) {
        return str_err(out, "a document", e);
    }
    if (!f->in) {
        TRY(infile_open(f->path, &own, e));
    }
    const enum err rc = infile_get(f->in ? f->in : own, s->off, at, s->len, e);
    infile_close(own);
    if (rc == OK && span_hash(at, s->len) != s->hash) {
        return err_set(e, ERR_IO,
                       "%s: bytes %zu to %zu: changed since the file was opened",
                       f->path, s->off, s->off + s->len);
    }
    return rc;
}

size_t corpus_text_start(const struct corpus_file *f)
{
    return f->map_len >= 3 && memcmp(f->map, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}
