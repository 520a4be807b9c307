/* Loads a grammar, and the parts that every stage uses. */
#include "story/grammar.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "story/grammar_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err gr_fault(struct gr_loader *l, const char *path, const char *fmt, ...)
{
    char msg[320];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    return err_set(l->e, ERR_FORMAT, "%s: %s: %s", l->file, path, msg);
}

const char *gr_text(const struct grammar *g, uint32_t off)
{
    return g->pool + off;
}

enum err gr_pool_add(struct gr_loader *l, const char *s, size_t n, uint32_t *out)
{
    struct grammar *g = l->g;
    TRY(mem_grow(&g->pool, &g->pool_cap, g->pool_len + n + 1, 1, GR_MAX_POOL, l->e));
    memcpy(g->pool + g->pool_len, s, n);
    g->pool[g->pool_len + n] = '\0';
    *out = (uint32_t)g->pool_len;
    g->pool_len += n + 1;
    return OK;
}

enum err gr_push(struct gr_loader *l, void *arr, size_t *n, size_t *cap, size_t max,
                 const void *item, size_t size)
{
    TRY(mem_grow(arr, cap, *n + 1, size, max, l->e));
    char *base;
    memcpy(&base, arr, sizeof base);
    memcpy(base + *n * size, item, size);
    (*n)++;
    return OK;
}

static bool same(const struct grammar *g, uint32_t off, const char *name, size_t n)
{
    const char *s = gr_text(g, off);
    return strncmp(s, name, n) == 0 && s[n] == '\0';
}

int gr_find_cat(const struct grammar *g, const char *name, size_t n)
{
    for (size_t i = 0; i < g->cats; i++) {
        if (same(g, g->cat[i].name, name, n)) {
            return (int)i;
        }
    }
    return -1;
}

int gr_find_attr(const struct grammar *g, const char *name, size_t n)
{
    for (size_t i = 0; i < g->attrs; i++) {
        if (same(g, g->attr_name[i], name, n)) {
            return (int)i;
        }
    }
    return -1;
}

int gr_find_group(const struct grammar *g, const char *name, size_t n)
{
    for (size_t i = 0; i < g->groups; i++) {
        if (same(g, g->group[i].name, name, n)) {
            return (int)i;
        }
    }
    return -1;
}

int gr_find_var(const struct grammar *g, const char *name, size_t n)
{
    for (size_t i = 0; i < g->vars; i++) {
        if (same(g, g->var_name[i], name, n)) {
            return (int)i;
        }
    }
    return -1;
}

enum err gr_intern_var(struct gr_loader *l, const char *path, const char *name,
                       size_t n, uint8_t *out)
{
    struct grammar *g = l->g;
    const int at = gr_find_var(g, name, n);
    if (at >= 0) {
        *out = (uint8_t)at;
        return OK;
    }
    if (g->vars >= GR_MAX_VARS) {
        return gr_fault(l, path, "more than %d names of roles and variables",
                        GR_MAX_VARS);
    }
    uint32_t off;
    TRY(gr_pool_add(l, name, n, &off));
    *out = (uint8_t)g->vars;
    return gr_push(l, &g->var_name, &g->vars, &g->var_cap, GR_MAX_VARS, &off,
                   sizeof off);
}

bool gr_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(" .,!?\"':-", c));
}

size_t gr_name_len(const char *s)
{
    size_t n = 0;
    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') ||
           (s[n] >= '0' && s[n] <= '9') || s[n] == '_') {
        n++;
    }
    return n;
}

uint32_t gr_cell(const struct grammar *g, size_t word, size_t attr)
{
    return g->cell[word * g->attrs + attr];
}

bool gr_in_cat(const struct grammar *g, size_t word, int32_t cat)
{
    /* A parent comes before its children in the file, so this walk ends. */
    for (int32_t c = (int32_t)g->word[word].cat; c >= 0; c = g->cat[c].parent) {
        if (c == cat) {
            return true;
        }
    }
    return false;
}

size_t gr_letter_of(const char *w)
{
    const char c = w[0];
    if (c >= 'a' && c <= 'z') {
        return (size_t)(c - 'a');
    }
    return c >= 'A' && c <= 'Z' ? (size_t)(c - 'A') : 26;
}

static enum err check_header(struct gr_loader *l, const cJSON *root)
{
    const struct json_at at = {l->file, ""};
    if (!cJSON_IsObject(root)) {
        return gr_fault(l, "top", "expected an object");
    }
    const char *format = NULL;
    int64_t version = 0;
    TRY(json_str(at, root, "format", true, &format, l->e));
    if (strcmp(format, "saetop-grammar") != 0) {
        return gr_fault(l, "format", "found \"%.40s\", expected \"saetop-grammar\"",
                        format);
    }
    return json_int(at, root, "version", true, 1, 1, &version, l->e);
}

static enum err load_all(struct gr_loader *l, const cJSON *root)
{
    uint32_t none;
    TRY(gr_pool_add(l, "", 0, &none)); /* offset 0: no text */
    TRY(check_header(l, root));
    TRY(gr_load_lexicon(l, root));
    TRY(gr_load_aliases(l, root));
    TRY(gr_load_templates(l, root));
    TRY(gr_load_registers(l, root));
    TRY(gr_load_probes(l, root));
    return gr_validate(l);
}

/* Hashes the members that shape the text. The order within them counts, since draws
 * depend on it. */
static uint64_t hash_text(const cJSON *root)
{
    static const char *const member[] = {"articles", "categories", "selectors",
                                         "templates", "registers"};
    uint64_t h = HASH_START;
    for (size_t i = 0; i < sizeof member / sizeof *member; i++) {
        h = json_hash(h, cJSON_GetObjectItemCaseSensitive(root, member[i]));
    }
    return h;
}

uint64_t grammar_hash(const struct grammar *g)
{
    return g->hash;
}

enum err grammar_parse(const char *buf, size_t len, const char *name,
                       struct grammar **out, struct errinfo *e)
{
    if (len > GR_MAX_BYTES) {
        return err_set(e, ERR_LIMIT, "%s: %zu bytes, at most %d expected", name, len,
                       GR_MAX_BYTES);
    }
    cJSON *root = NULL;
    TRY(json_parse(buf, len, name, &root, e));
    struct grammar *g = NULL;
    enum err rc = mem_new(&g, 1, sizeof *g, "a grammar", e);
    if (rc == OK) {
        struct gr_loader l = {g, name, e, 0};
        rc = load_all(&l, root);
        g->hash = hash_text(root);
    }
    cJSON_Delete(root);
    if (rc != OK) {
        grammar_free(g);
        return rc;
    }
    *out = g;
    return OK;
}

enum err grammar_load(const char *path, struct grammar **out, struct errinfo *e)
{
    char *data = NULL;
    size_t len = 0;
    TRY(file_read(path, GR_MAX_BYTES, &data, &len, e));
    const enum err rc = grammar_parse(data, len, path, out, e);
    mem_free(data);
    return rc;
}

void grammar_free(struct grammar *g)
{
    if (!g) {
        return;
    }
    void *const parts[] = {
        g->pool,      g->attr_name,  g->cat,        g->word,       g->cell, g->surface,
        g->article_a, g->article_an, g->alias_name, g->alias_text, g->sel,  g->entry,
        g->cum,       g->var_name,   g->group,      g->item,       g->op,   g->branch,
        g->cond,      g->reg,        g->doc,        g->bind,       g->step, g->probe,
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        mem_free(parts[i]);
    }
    mem_free(g);
}
