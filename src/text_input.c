#include "text_input.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MAX_TEXT ((size_t)64 << 20)

static bool is_stdin(const struct text_input *t)
{
    return t->file && strcmp(t->file, "-") == 0;
}

bool text_input_given(const struct text_input *t)
{
    return t->text || t->file;
}

const char *text_input_name(const struct text_input *t)
{
    return t->text ? "--text" : is_stdin(t) ? "standard input" : t->file;
}

static enum err read_stdin(struct str *out, struct errinfo *e)
{
    char part[1 << 14];
    size_t n;
    while ((n = fread(part, 1, sizeof part, stdin)) > 0 && out->err == OK) {
        str_addn(out, part, n);
    }
    if (ferror(stdin)) {
        return file_fail(e, "standard input", "read", errno);
    }
    return str_err(out, "standard input", e);
}

static enum err read_file(const char *path, struct str *out, struct errinfo *e)
{
    char *data = NULL;
    size_t len = 0;
    TRY(file_read(path, MAX_TEXT, &data, &len, e));
    str_addn(out, data, len);
    mem_free(data);
    return str_err(out, path, e);
}

enum err text_input_read(const struct text_input *t, struct str *out, struct errinfo *e)
{
    if (!t->text == !t->file) {
        return err_set(e, ERR_USAGE,
                       "found %s, expected --text TEXT or --text-file FILE",
                       t->text ? "both --text and --text-file" : "no text");
    }
    str_init(out, MAX_TEXT);
    if (t->text) {
        str_add(out, t->text);
        return str_err(out, "--text", e);
    }
    return is_stdin(t) ? read_stdin(out, e) : read_file(t->file, out, e);
}

enum err text_input_read_prompt(const struct text_input *t, struct str *out,
                                struct errinfo *e)
{
    TRY(text_input_read(t, out, e));
    for (const char *end = "\n\r"; is_stdin(t) && *end; end++) {
        if (out->len == 0 || out->p[out->len - 1] != *end) {
            break;
        }
        out->p[--out->len] = '\0';
    }
    return OK;
}

static int32_t lead_of(const struct tok *tok)
{
    return tok_bos(tok) >= 0 ? tok_bos(tok) : tok_eos(tok);
}

static bool adds_bos(const struct tok *tok)
{
    const struct tok_ids *front = tok_front(tok);
    return front->n > 0 && front->p[0] == lead_of(tok);
}

bool text_input_bos(const struct text_input *t, const struct tok *tok)
{
    return t->bos || adds_bos(tok);
}

/* Put BOS first, if it is not there already. */
static enum err begin_with_bos(const struct tok *tok, struct tok_ids *ids,
                               struct errinfo *e)
{
    if (lead_of(tok) < 0) {
        return err_set(e, ERR_USAGE, "--bos: the tokenizer has no BOS");
    }
    return adds_bos(tok) ? OK : tok_ids_add(ids, lead_of(tok), e);
}

enum err text_input_encode(const struct text_input *t, const struct tok *tok,
                           struct tok_ids *ids, struct errinfo *e)
{
    struct str text;
    str_init(&text, 0);
    enum err rc = OK;
    TRY_OUT(rc, text_input_read(t, &text, e));
    if (t->bos) {
        TRY_OUT(rc, begin_with_bos(tok, ids, e));
    }
    rc = tok_encode_whole(tok, text.len > 0 ? text.p : "", text.len, ids, e);
out:
    str_free(&text);
    return rc;
}
