/* The tokenizer inside a GGUF file. */
#include "base/mem.h"
#include "lm/lm_gguf.h"

#include <string.h>

#define KEY(end) "tokenizer.ggml." end

/* Copies of the arrays in the form that tok_from_arrays takes; texts stay in g. */
struct copies {
    struct tok_text *token, *merge;
    float *score;
    int32_t *type;
};

static enum err read_texts(const struct gguf *g, const char *key, bool required,
                           struct tok_text **out, size_t *n, struct errinfo *e)
{
    struct gguf_array a = {0};
    TRY(gguf_array(g, key, required, GGUF_TEXT, &a, e));
    if (a.p == NULL) {
        return OK;
    }
    *n = a.count;
    TRY(mem_new(out, *n, sizeof **out, key, e));
    for (size_t i = 0; i < *n; i++) {
        (*out)[i].p = gguf_array_next(&a, &(*out)[i].len);
    }
    return OK;
}

/* Finds an array of one number per token. */
static enum err find_numbers(const struct gguf *g, const char *key, bool required,
                             enum gguf_type kind, size_t n, struct gguf_array *out,
                             struct errinfo *e)
{
    TRY(gguf_array(g, key, required, kind, out, e));
    if (out->p != NULL && out->count != n) {
        return err_set(e, ERR_FORMAT,
                       "%s: %s: found %zu items, expected %zu, one a token",
                       gguf_name(g), key, out->count, n);
    }
    return OK;
}

static enum err read_numbers(const struct gguf *g, bool scored, struct copies *c,
                             size_t n, struct errinfo *e)
{
    struct gguf_array score = {0}, type = {0};
    TRY(find_numbers(g, KEY("scores"), scored, GGUF_F64, n, &score, e));
    TRY(find_numbers(g, KEY("token_type"), false, GGUF_I64, n, &type, e));
    if (scored) {
        TRY(mem_new(&c->score, n, sizeof *c->score, KEY("scores"), e));
        for (size_t i = 0; i < n; i++) {
            c->score[i] = (float)gguf_array_real(&score, i);
        }
    }
    if (type.p != NULL) {
        TRY(mem_new(&c->type, n, sizeof *c->type, KEY("token_type"), e));
        for (size_t i = 0; i < n; i++) {
            const int64_t v = gguf_array_int(&type, i);
            c->type[i] = v < 0 || v > INT32_MAX ? -1 : (int32_t)v;
        }
    }
    return OK;
}

static enum err read_ids(const struct gguf *g, struct tok_arrays *a, struct errinfo *e)
{
    const struct {
        const char *key;
        int64_t *out;
    } ids[] = {{KEY("bos_token_id"), &a->bos},
               {KEY("eos_token_id"), &a->eos},
               {KEY("padding_token_id"), &a->pad},
               {KEY("unknown_token_id"), &a->unk},
               {KEY("mask_token_id"), &a->mask}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        *ids[i].out = -1;
        TRY(gguf_int(g, ids[i].key, false, 0, INT32_MAX, ids[i].out, e));
    }
    return OK;
}

/* Whether text begins with BOS if the file does not say: as in llama.cpp. */
static bool usual_bos(const struct tok_arrays *a)
{
    static const char *const begin[] = {"llama3", "llama-v3", "llama-bpe"};
    for (size_t i = 0; a->pre && i < sizeof begin / sizeof *begin; i++) {
        if (strcmp(a->pre, begin[i]) == 0) {
            return true;
        }
    }
    return strcmp(a->model, "llama") == 0;
}

static enum err read_arrays(const struct gguf *g, struct copies *c, struct tok **out,
                            struct errinfo *e)
{
    struct tok_arrays a = {.add_space_prefix = true};
    TRY(gguf_text(g, KEY("model"), true, &a.model, e));
    TRY(gguf_text(g, KEY("pre"), false, &a.pre, e));
    const bool scored = strcmp(a.model, "llama") == 0;
    TRY(read_texts(g, KEY("tokens"), true, &c->token, &a.n, e));
    TRY(read_texts(g, KEY("merges"), false, &c->merge, &a.n_merges, e));
    TRY(read_numbers(g, scored, c, a.n, e));
    TRY(read_ids(g, &a, e));
    a.add_bos = usual_bos(&a);
    TRY(gguf_bool(g, KEY("add_bos_token"), false, &a.add_bos, e));
    TRY(gguf_bool(g, KEY("add_eos_token"), false, &a.add_eos, e));
    TRY(gguf_bool(g, KEY("add_space_prefix"), false, &a.add_space_prefix, e));
    a.token = c->token;
    a.merge = c->merge;
    a.score = c->score;
    a.type = c->type;
    return tok_from_arrays(&a, gguf_name(g), out, e);
}

enum err lm_gguf_tok(const struct gguf *g, struct tok **out, struct errinfo *e)
{
    struct copies c = {0};
    const enum err rc = read_arrays(g, &c, out, e);
    mem_free(c.token);
    mem_free(c.merge);
    mem_free(c.score);
    mem_free(c.type);
    return rc;
}
