#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "lm/lm_slot.h"
#include "lm/lm_store_priv.h"
#include "lm/lm_tensor.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- names ---- */

void lm_store_name(const struct lm_store *s, const struct lm_tensor_name *t,
                   size_t block, char out[LM_NAME_CAP])
{
    char name[96];
    lm_tensor_text(t, block, name);
    (void)snprintf(out, LM_NAME_CAP, "%s%s", s->prefix, name);
}

/* pattern: "*END" or "BEGIN*". */
static bool matches(const char *pattern, const char *name)
{
    const size_t n = strlen(pattern);
    if (pattern[0] == '*') {
        return path_has_suffix(name, pattern + 1);
    }
    return strncmp(pattern, name, n - 1) == 0;
}

static bool is_skipped(const struct lm_family *a, const char *name)
{
    for (const char *const *p = a->skip; *p; p++) {
        if (matches(*p, name)) {
            return true;
        }
    }
    return false;
}

/* Finds the prefix with which the embedding is there. */
static enum err find_prefix(struct lm_store *s, const struct lm *m, struct errinfo *e)
{
    const struct lm_tensor_name *t = m->cfg.family->tensor; /* the embedding */
    for (const char *const *p = m->cfg.family->prefixes; *p; p++) {
        char name[LM_NAME_CAP];
        s->prefix = *p;
        lm_store_name(s, t, 0, name);
        if (lm_source_find(s->src, name)) {
            return OK;
        }
    }
    const size_t n = lm_source_count(s->src);
    return err_set(e, ERR_FORMAT,
                   "%s: no tensor %s, with or without \"%s\": found %zu tensors%s%s",
                   lm_source_name(s->src), t->name, m->cfg.family->prefixes[0], n,
                   n ? ", such as " : "", n ? lm_source_at(s->src, 0)->name : "");
}

static void find_head(struct lm_store *s, const struct lm *m)
{
    for (const char *const *p = m->cfg.family->heads_names; *p; p++) {
        if (lm_source_find(s->src, *p)) {
            s->head = *p;
        }
    }
}

/* ---- checks ---- */

static enum err check_shape(const struct lm_store *s, const char *name,
                            const size_t *shape, size_t ndim, struct errinfo *e)
{
    const struct tensor_info *t = lm_source_find(s->src, name);
    char found[200], expected[200];
    if (!t) {
        return err_set(e, ERR_FORMAT, "%s: no tensor %s", lm_source_name(s->src), name);
    }
    if (t->ndim == ndim && memcmp(t->shape, shape, ndim * sizeof *shape) == 0) {
        return OK;
    }
    return err_set(e, ERR_FORMAT, "%s: tensor %s: found shape %s, expected %s, as %s",
                   lm_source_name(s->src), name, shape_text(t->shape, t->ndim, found),
                   shape_text(shape, ndim, expected), lm_source_says(s->src));
}

/* Checks that every tensor is there in its shape, before anything of that size is
 * allocated: so the size of the files bounds what the configuration claims. */
static enum err check_shapes(const struct lm_store *s, const struct lm *m,
                             struct errinfo *e)
{
    for (const struct lm_tensor_name *t = m->cfg.family->tensor; t->name; t++) {
        const size_t times = t->slot < LM_BLOCK_SLOTS ? 1 : m->cfg.n_layer;
        size_t shape[2];
        const size_t ndim = lm_tensor_shape(&m->cfg, t, shape);
        for (size_t b = 0; ndim > 0 && b < times; b++) {
            char name[LM_NAME_CAP];
            lm_store_name(s, t, b, name);
            TRY(check_shape(s, name, shape, ndim, e));
        }
    }
    return OK;
}

/* Whether the model has a place for the tensor of that name. */
static bool has_place(const struct lm_store *s, const struct lm *m, const char *name)
{
    const size_t n = strlen(s->prefix);
    if (s->head && strcmp(name, s->head) == 0) {
        return true;
    }
    if (strncmp(name, s->prefix, n) != 0) {
        return false;
    }
    for (const struct lm_tensor_name *t = m->cfg.family->tensor; t->name; t++) {
        size_t shape[2];
        if (lm_tensor_shape(&m->cfg, t, shape) == 0) {
            continue;
        }
        const char *mark = strchr(t->name, '#'), *rest = name + n;
        if (!mark) {
            if (strcmp(rest, t->name) == 0) {
                return true;
            }
            continue;
        }
        const size_t before = (size_t)(mark - t->name);
        if (strncmp(rest, t->name, before) != 0) {
            continue;
        }
        const size_t digits = strspn(rest + before, "0123456789");
        size_t block = 0;
        for (size_t i = 0; i < digits && block <= m->cfg.n_layer; i++) {
            block = 10 * block + (size_t)(rest[before + i] - '0');
        }
        if (digits > 0 && block < m->cfg.n_layer &&
            strcmp(rest + before + digits, mark + 1) == 0) {
            return true;
        }
    }
    return false;
}

/* Refuses tensors that the model has no place for (further blocks, adapters): to ignore
 * them would compute another model. */
static enum err check_unread(const struct lm_store *s, const struct lm *m,
                             struct errinfo *e)
{
    for (size_t i = 0; i < lm_source_count(s->src); i++) {
        const char *name = lm_source_at(s->src, i)->name;
        if (has_place(s, m, name) || is_skipped(m->cfg.family, name)) {
            continue;
        }
        const bool adapter = strstr(name, "lora_") != NULL;
        return err_set(
            e, ERR_FORMAT,
            "%s: tensor %.100s has no place in a %s of %zu block%s, as %s it is%s",
            lm_source_name(s->src), name, m->cfg.family->name, m->cfg.n_layer,
            plural_s(m->cfg.n_layer), lm_source_says(s->src),
            adapter ? ": an adapter, to be merged into the model first" : "");
    }
    return OK;
}

/* ---- looking ---- */

/* A block of a model that is in memory. */
static struct lm_layer view_of(const struct lm *m, const struct lm_block *b)
{
    const size_t D = m->cfg.d_model, F = m->cfg.d_ff;
    return (struct lm_layer){
        .at = {[LM_NORM1_W] = b->ln1_w,
               [LM_NORM1_B] = b->ln1_b,
               [LM_QKV_B] = b->qkv_b,
               [LM_PROJ_B] = b->proj_b,
               [LM_NORM2_W] = b->ln2_w,
               [LM_NORM2_B] = b->ln2_b,
               [LM_FC_B] = b->fc_b,
               [LM_OUT_B] = b->out_b},
        .map = {[LM_QKV_W] = linear_of(b->qkv_w, D, 3 * D, true, m->kind),
                [LM_PROJ_W] = linear_of(b->proj_w, D, D, true, m->kind),
                [LM_FC_W] = linear_of(b->fc_w, D, F, true, m->kind),
                [LM_OUT_W] = linear_of(b->out_w, F, D, true, m->kind)},
    };
}

struct lm_layer lm_layer_of(const struct lm *m, size_t block)
{
    assert(block < m->cfg.n_layer && (!m->store || m->store->held[block].ready));
    return m->store ? m->store->block[block] : view_of(m, &m->w.block[block]);
}

struct lm_layer lm_ends_of(const struct lm *m)
{
    const struct lm_weights *w = &m->w;
    const struct lm_config *c = &m->cfg;
    assert(!m->store || m->store->held_ends.ready);
    if (m->store) {
        return m->store->ends;
    }
    return (struct lm_layer){
        .at = {[LM_FINAL_W] = w->lnf_w, [LM_FINAL_B] = w->lnf_b},
        .map = {[LM_EMBED] = linear_of(w->wte, c->d_model, c->vocab, false, m->kind),
                [LM_POSITION] =
                    linear_of(w->wpe, c->d_model, c->n_ctx, false, m->kind)}};
}

struct linear_map lm_head_of(const struct lm *m)
{
    const bool own = m->store && m->cfg.own_head;
    assert(!own || m->store->held_head.ready);
    return own ? m->store->own_head : lm_ends_of(m).map[LM_EMBED];
}

/* ---- opening ---- */

/* Rows of each of two matrices compared at a time, as floats. */
#define COMPARE_ROWS ((size_t)64)

static enum err same_rows(const struct linear_map *a, const struct linear_map *b,
                          bool *same, struct errinfo *e)
{
    const size_t bytes = COMPARE_ROWS * a->in * sizeof(float);
    float *x = NULL;
    TRY(mem_new(&x, 2, bytes, "the head", e));
    float *y = x + COMPARE_ROWS * a->in;
    *same = true;
    for (size_t i = 0; *same && i < a->out; i += COMPARE_ROWS) {
        const size_t n = a->out - i < COMPARE_ROWS ? a->out - i : COMPARE_ROWS;
        linear_read(a, i, n, x);
        linear_read(b, i, n, y);
        *same = memcmp(x, y, n * a->in * sizeof *x) == 0;
    }
    mem_free(x);
    return OK;
}

/* Settles a tied model whose files hold a head as well: the reference ties the two only
 * if they are the same. */
static enum err settle_head(struct lm_store *s, struct lm *m, struct errinfo *e)
{
    struct lm_config *c = &m->cfg;
    if (!s->head) {
        return c->own_head
                   ? err_set(e, ERR_FORMAT,
                             "%s: no tensor %s; config.json says tie_word_embeddings "
                             "false",
                             lm_source_name(s->src), c->family->heads_names[0])
                   : OK;
    }
    const size_t shape[2] = {c->vocab, c->d_model};
    bool same = false;
    TRY(check_shape(s, s->head, shape, 2, e));
    if (c->own_head) {
        return OK;
    }
    TRY(lm_store_ends(m, e));
    TRY(lm_store_head(m, e));
    TRY(same_rows(&s->own_head, &s->ends.map[LM_EMBED], &same, e));
    if (same) {
        lm_held_free(&s->held_head);
        s->own_head = (struct linear_map){0};
    }
    c->own_head = !same;
    return OK;
}

/* Hashes all tensors of GPT-2's form, one after the other. Runs have recorded these
 * hashes since before there were other families. */
static enum err hash_all(struct lm_store *s, const struct lm *m, uint64_t *h,
                         struct errinfo *e)
{
    float *buffer = NULL;
    size_t most = 0;
    const size_t n = lm_tensor_count(&m->cfg);
    for (size_t i = 0; i < n; i++) {
        const size_t count = lm_tensor_at(&m->cfg, NULL, i).count;
        most = count > most ? count : most;
    }
    TRY(mem_new(&buffer, most, sizeof *buffer, "the model's weights", e));
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < n; i++) {
        const struct lm_tensor t = lm_tensor_at(&m->cfg, NULL, i);
        char name[LM_NAME_CAP];
        (void)snprintf(name, sizeof name, "%s%s", s->prefix, t.name);
        rc = lm_source_read(s->src, name, t.shape, t.ndim, buffer, e);
        *h = hash_bytes(*h, buffer, t.count * sizeof *buffer);
    }
    mem_free(buffer);
    return rc;
}

static enum err hash_model(struct lm_store *s, struct lm *m, struct errinfo *e)
{
    const struct lm_config *c = &m->cfg;
    const uint64_t sizes[] = {c->n_layer, c->n_head, c->d_model,
                              c->d_ff,    c->n_ctx,  c->vocab};
    uint64_t h = hash_bytes(HASH_START, c->family->name, strlen(c->family->name));
    h = hash_bytes(h, sizes, sizeof sizes);
    h = hash_bytes(h, &c->ln_eps, sizeof c->ln_eps);
    if (c->family->in_out) {
        TRY(hash_all(s, m, &h, e));
        if (c->act != c->family->act) { /* the usual one is in no hash that runs have */
            const uint64_t act = c->act;
            h = hash_bytes(h, &act, sizeof act);
        }
    }
    if (!file_is_dir(m->dir)) { /* a GGUF file, which has its configuration inside */
        TRY(lm_source_hash(s->src, &h, e));
    } else if (!c->family->in_out || c->own_head) {
        char path[4096];
        uint64_t config;
        TRY(path_join(path, sizeof path, m->dir, "config.json", e));
        TRY(file_hash(path, &config, e));
        h = hash_bytes(h, &config, sizeof config);
        TRY(lm_source_hash(s->src, &h, e));
    }
    m->hash = h;
    return OK;
}

static enum err open_store(struct lm_store *s, struct lm *m, struct errinfo *e)
{
    s->blocks = m->cfg.n_layer;
    TRY(lm_source_open(m->dir, &s->src, e));
    TRY(find_prefix(s, m, e));
    find_head(s, m);
    TRY(check_shapes(s, m, e));
    TRY(check_unread(s, m, e));
    TRY(mem_new(&s->block, s->blocks, sizeof *s->block, "blocks", e));
    TRY(mem_new(&s->held, s->blocks, sizeof *s->held, "blocks", e));
    TRY(settle_head(s, m, e));
    lm_store_settle(m);
    TRY(hash_model(s, m, e));
    lm_source_rest(s->src);
    return OK;
}

enum err lm_store_open(struct lm *m, struct errinfo *e)
{
    struct lm_store *s = NULL;
    TRY(mem_new(&s, 1, sizeof *s, "weights", e));
    if (pthread_mutex_init(&s->lock, NULL) != 0) {
        mem_free(s);
        return err_set(e, ERR_NOMEM, "weights: no lock");
    }
    m->store = s;
    return open_store(s, m, e);
}

uint64_t lm_file_bytes(const struct lm *m)
{
    return m->store ? lm_source_size(m->store->src) : 0;
}

void lm_store_close(struct lm_store *s)
{
    if (!s) {
        return;
    }
    for (size_t b = 0; s->held && b < s->blocks; b++) {
        lm_held_free(&s->held[b]);
    }
    lm_held_free(&s->held_ends);
    lm_held_free(&s->held_head);
    lm_source_close(s->src);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->block);
    mem_free(s->held);
    mem_free(s);
}
