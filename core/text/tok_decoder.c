#include "text/tok_decoder.h"

#include "base/json.h"
#include "text/tok_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err add_replace(struct decoder *d, struct json_at at, const char *find,
                            const char *put, struct errinfo *e)
{
    if (d->n == DECODER_MAX || !*find) {
        return err_set(e, ERR_LIMIT, "%s: %s: %s", at.file, at.path,
                       *find ? "too many replacements" : "nothing to replace");
    }
    d->replace[d->n].find = find;
    d->replace[d->n++].put = put;
    return OK;
}

static enum err of_replace(struct decoder *d, struct json_at at, const cJSON *spec,
                           struct errinfo *e)
{
    struct tok_pattern p;
    const char *put = "";
    TRY(tok_json_pattern(at, spec, &p, e));
    TRY(json_str(at, spec, "content", true, &put, e));
    if (!p.literal) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s.pattern: found a Regex, expected a String", at.file,
                       at.path);
    }
    return add_replace(d, at, p.text, put, e);
}

static enum err of_metaspace(struct decoder *d, struct json_at at, const cJSON *spec,
                             struct errinfo *e)
{
    const char *mark = "";
    TRY(tok_json_mark(at, spec, &mark, e));
    return add_replace(d, at, mark, " ", e);
}

static enum err of_bytes(struct decoder *d, struct json_at at, const cJSON *spec,
                         struct errinfo *e)
{
    (void)at, (void)spec, (void)e;
    d->bytes = true;
    return OK;
}

static enum err of_whole_text(struct decoder *d, struct json_at at, const cJSON *spec,
                              struct errinfo *e)
{
    (void)d, (void)at, (void)spec, (void)e;
    return OK;
}

static const struct {
    const char *type;
    enum err (*read)(struct decoder *d, struct json_at at, const cJSON *spec,
                     struct errinfo *e);
} types[] = {
    {"Replace", of_replace}, {"Metaspace", of_metaspace}, {"ByteFallback", of_bytes},
    {"Fuse", of_whole_text}, {"Strip", of_whole_text},    {"ByteLevel", of_whole_text},
};

static enum err read_one(struct decoder *d, struct json_at at, const cJSON *spec,
                         struct errinfo *e)
{
    const char *type = "";
    TRY(json_str(at, spec, "type", true, &type, e));
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, type) == 0) {
            return types[i].read(d, at, spec, e);
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: %s.type: found \"%.60s\", expected Replace, Metaspace, "
                   "ByteFallback, Fuse, Strip, ByteLevel or a Sequence of them",
                   at.file, at.path, type);
}

enum err decoder_read(const cJSON *root, const char *file, struct decoder *out,
                      struct errinfo *e)
{
    const struct json_at at = {file, "decoder"};
    const cJSON *spec = NULL, *list = NULL;
    const char *type = "";
    TRY(json_obj((struct json_at){file, ""}, root, "decoder", false, &spec, e));
    if (!spec) {
        return OK;
    }
    TRY(json_str(at, spec, "type", true, &type, e));
    if (strcmp(type, "Sequence") != 0) {
        return read_one(out, at, spec, e);
    }
    TRY(json_arr(at, spec, "decoders", true, &list, e));
    size_t i = 0;
    for (const cJSON *item = list->child; item; item = item->next, i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "decoder.decoders[%zu]", i);
        TRY(read_one(out, (struct json_at){file, path}, item, e));
    }
    return OK;
}

/* Returns the byte of "<0xHH>", or -1. */
static int byte_of(const char *key)
{
    if (strlen(key) != 6 || strncmp(key, "<0x", 3) != 0 || key[5] != '>' ||
        strspn(key + 3, "0123456789ABCDEFabcdef") != 2) {
        return -1;
    }
    return (int)strtoul(key + 3, NULL, 16);
}

void decoder_piece(const struct decoder *d, const char *key, struct str *out)
{
    const int byte = d->bytes ? byte_of(key) : -1;
    if (byte >= 0) {
        str_addc(out, (char)(unsigned char)byte);
        return;
    }
    for (const char *p = key; *p;) {
        size_t k = 0;
        while (k < d->n &&
               strncmp(p, d->replace[k].find, strlen(d->replace[k].find)) != 0) {
            k++;
        }
        if (k < d->n) {
            str_add(out, d->replace[k].put);
            p += strlen(d->replace[k].find);
        } else {
            str_addc(out, *p++);
        }
    }
}
