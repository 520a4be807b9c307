#include "lm/lm_store.h"

#include "base/file.h"
#include "base/mem.h"
#include "lm/lm_slot.h"
#include "lm/lm_source.h"
#include "lm/lm_tensor.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define NAME_CAP 192

struct lm_store {
    /* Of all below. What is ready does not change: who has asked for it reads it
     * without the lock. */
    pthread_mutex_t lock;
    struct lm_source *src;
    const char *prefix;
    const char *head; /* the head's name in the files, or NULL */
    size_t blocks;
    struct lm_layer *block; /* [blocks] */
    float **arena;          /* [blocks], NULL: not read yet */
    struct lm_layer ends;
    float *embed, *head_w; /* arenas of the ends, likewise */
};

/* ---- names ---- */

static void full_name(const struct lm_store *s, const struct lm_tensor_name *t,
                      size_t block, char out[NAME_CAP])
{
    char name[96];
    lm_tensor_text(t, block, name);
    (void)snprintf(out, NAME_CAP, "%s%s", s->prefix, name);
}

/* "*END" or "BEGIN*". */
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

/* The prefix with which the embedding is there. */
static enum err find_prefix(struct lm_store *s, const struct lm *m, struct errinfo *e)
{
    const struct lm_tensor_name *t = m->cfg.family->tensor; /* the embedding */
    for (const char *const *p = m->cfg.family->prefixes; *p; p++) {
        char name[NAME_CAP];
        s->prefix = *p;
        full_name(s, t, 0, name);
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

/* Whether every tensor is there in its shape, before anything of that size is
 * allocated: what the configuration claims is then bounded by the size of the files.
 */
static enum err check_shapes(const struct lm_store *s, const struct lm *m,
                             struct errinfo *e)
{
    for (const struct lm_tensor_name *t = m->cfg.family->tensor; t->name; t++) {
        const size_t times = t->slot < LM_BLOCK_SLOTS ? 1 : m->cfg.n_layer;
        size_t shape[2];
        const size_t ndim = lm_tensor_shape(&m->cfg, t, shape);
        for (size_t b = 0; ndim > 0 && b < times; b++) {
            char name[NAME_CAP];
            full_name(s, t, b, name);
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

/* What a model is not made of must not go by unseen: further blocks, adapters. */
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
            "%s: tensor %.100s has no place in a %s of %zu blocks, as %s it is%s",
            lm_source_name(s->src), name, m->cfg.family->name, m->cfg.n_layer,
            lm_source_says(s->src),
            adapter ? ": an adapter, to be merged into the model first" : "");
    }
    return OK;
}

/* ---- reading ---- */

/* Rows of q, k, v head by head to all q, all k, all v. */
static void part_heads(const struct lm_config *c, const float *from, size_t cols,
                       float *to)
{
    const size_t dh = lm_head_dim(c), piece = dh * cols;
    for (size_t h = 0; h < c->n_head; h++) {
        for (size_t p = 0; p < 3; p++) {
            memcpy(to + (p * c->n_head + h) * piece, from + (3 * h + p) * piece,
                   piece * sizeof *to);
        }
    }
}

/* Rows of each head in place from the order of pairs, 0, h, 1, h + 1, .. of 2 h rows.
 */
static enum err unpair(const struct lm_config *c, size_t rows, size_t cols, float *x,
                       struct errinfo *e)
{
    const size_t dh = lm_head_dim(c), half = dh / 2;
    float *head = NULL;
    TRY(mem_new(&head, dh * cols, sizeof *head, "a head", e));
    for (size_t h = 0; h < rows / dh; h++) {
        float *to = x + h * dh * cols;
        memcpy(head, to, dh * cols * sizeof *to);
        for (size_t i = 0; i < 2 * half; i++) {
            memcpy(to + (i % 2 * half + i / 2) * cols, head + i * cols,
                   cols * sizeof *to);
        }
    }
    mem_free(head);
    return OK;
}

static bool is_norm(enum lm_slot slot)
{
    return slot == LM_FINAL_W || slot == LM_NORM1_W || slot == LM_NORM2_W ||
           slot == LM_Q_NORM || slot == LM_K_NORM || slot == LM_POST1_W ||
           slot == LM_POST2_W;
}

/* A tensor into its part of a slot. */
static enum err read_part(struct lm_store *s, const struct lm_config *c,
                          const struct lm_tensor_name *t, const char *name, float *slot,
                          struct errinfo *e)
{
    size_t rows, cols, first, n, shape[2];
    const size_t ndim = lm_tensor_shape(c, t, shape);
    (void)lm_slot_size(c, t->slot, &rows, &cols);
    lm_part_rows(c, t->part, rows, &first, &n);
    float *to = slot + first * cols;
    if (t->part == LM_PART_HEADS) {
        float *from = NULL;
        TRY(mem_new(&from, rows * cols, sizeof *from, name, e));
        const enum err rc = lm_source_read(s->src, name, shape, ndim, from, e);
        if (rc == OK) {
            part_heads(c, from, cols, to);
        }
        mem_free(from);
        return rc;
    }
    TRY(lm_source_read(s->src, name, shape, ndim, to, e));
    if (t->part == LM_PART_Q_PAIRS || t->part == LM_PART_K_PAIRS) {
        TRY(unpair(c, n, cols, to, e));
    }
    if (c->family->norm == LM_RMS_ONE && is_norm(t->slot)) {
        for (size_t i = 0; i < n * cols; i++) {
            to[i] += 1.0f;
        }
    }
    return OK;
}

static size_t rounded(size_t floats)
{
    return (floats + 15) / 16 * 16; /* keeps each slot aligned to 64 bytes */
}

/* Floats of the slots from..to-1, but for the head and for what is not there. */
static size_t floats_of(const struct lm_config *c, enum lm_slot from, enum lm_slot to)
{
    size_t sum = 0;
    for (enum lm_slot i = from; i < to; i++) {
        size_t rows, cols;
        if (i != LM_HEAD && lm_slot_size(c, i, &rows, &cols)) {
            sum += rounded(rows * cols);
        }
    }
    return sum;
}

/* Slots from..to-1 of a block (or of none) into a new arena. */
static enum err read_slots(struct lm_store *s, const struct lm_config *c,
                           enum lm_slot from, enum lm_slot to, size_t block,
                           float **arena, struct lm_layer *out, struct errinfo *e)
{
    float *p = NULL, *slot[LM_SLOTS] = {NULL};
    size_t used = 0;
    enum err rc = OK;
    TRY(mem_new(&p, floats_of(c, from, to), sizeof *p, "the model's weights", e));
    for (enum lm_slot i = from; i < to; i++) {
        size_t rows, cols;
        if (i != LM_HEAD && lm_slot_size(c, i, &rows, &cols)) {
            slot[i] = p + used;
            used += rounded(rows * cols);
        }
    }
    for (const struct lm_tensor_name *t = c->family->tensor; t->name; t++) {
        if (t->slot >= from && t->slot < to && slot[t->slot]) {
            char name[NAME_CAP];
            full_name(s, t, block, name);
            TRY_OUT(rc, read_part(s, c, t, name, slot[t->slot], e));
        }
    }
    for (enum lm_slot i = from; i < to; i++) {
        out->at[i] = slot[i];
    }
    *arena = p;
    return OK;
out:
    mem_free(p);
    return rc;
}

static enum err read_head(struct lm_store *s, const struct lm_config *c, float **out,
                          struct errinfo *e)
{
    const size_t shape[2] = {c->vocab, c->d_model};
    float *w = NULL;
    TRY(mem_new(&w, c->vocab, c->d_model * sizeof *w, "the head", e));
    const enum err rc = lm_source_read(s->src, s->head, shape, 2, w, e);
    if (rc != OK) {
        mem_free(w);
        return rc;
    }
    *out = w;
    return OK;
}

static enum err need_ends(struct lm_store *s, const struct lm_config *c, bool head,
                          struct errinfo *e)
{
    if (!s->embed) {
        TRY(read_slots(s, c, LM_EMBED, LM_BLOCK_SLOTS, 0, &s->embed, &s->ends, e));
    }
    if (head && c->own_head && !s->head_w) {
        TRY(read_head(s, c, &s->head_w, e));
    }
    return OK;
}

enum err lm_need_part(const struct lm *m, size_t from, size_t to, bool head,
                      struct errinfo *e)
{
    struct lm_store *s = m->store;
    if (!s) {
        return OK;
    }
    pthread_mutex_lock(&s->lock);
    enum err rc = need_ends(s, &m->cfg, head, e);
    for (size_t b = from; rc == OK && b < to; b++) {
        if (!s->arena[b]) {
            rc = read_slots(s, &m->cfg, LM_BLOCK_SLOTS, LM_SLOTS, b, &s->arena[b],
                            &s->block[b], e);
        }
    }
    lm_source_rest(s->src);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

enum err lm_need(const struct lm *m, size_t blocks, struct errinfo *e)
{
    const size_t n = blocks < m->cfg.n_layer ? blocks : m->cfg.n_layer;
    return lm_need_part(m, 0, n, blocks > m->cfg.n_layer, e);
}

size_t lm_need_bytes(const struct lm *m, size_t blocks)
{
    const struct lm_config *c = &m->cfg;
    const size_t n = blocks < c->n_layer ? blocks : c->n_layer;
    if (!m->store) {
        return m->w.count * sizeof(float);
    }
    size_t sum = floats_of(c, LM_EMBED, LM_BLOCK_SLOTS);
    sum += blocks > c->n_layer && c->own_head ? c->vocab * c->d_model : 0;
    return (sum + n * floats_of(c, LM_BLOCK_SLOTS, LM_SLOTS)) * sizeof(float);
}

/* ---- looking ---- */

static struct lm_layer view_of(const struct lm_block *b)
{
    return (struct lm_layer){.at = {
                                 [LM_NORM1_W] = b->ln1_w,
                                 [LM_NORM1_B] = b->ln1_b,
                                 [LM_QKV_W] = b->qkv_w,
                                 [LM_QKV_B] = b->qkv_b,
                                 [LM_PROJ_W] = b->proj_w,
                                 [LM_PROJ_B] = b->proj_b,
                                 [LM_NORM2_W] = b->ln2_w,
                                 [LM_NORM2_B] = b->ln2_b,
                                 [LM_FC_W] = b->fc_w,
                                 [LM_FC_B] = b->fc_b,
                                 [LM_OUT_W] = b->out_w,
                                 [LM_OUT_B] = b->out_b,
                             }};
}

struct lm_layer lm_layer_of(const struct lm *m, size_t block)
{
    assert(block < m->cfg.n_layer && (!m->store || m->store->arena[block]));
    return m->store ? m->store->block[block] : view_of(&m->w.block[block]);
}

struct lm_layer lm_ends_of(const struct lm *m)
{
    const struct lm_weights *w = &m->w;
    assert(!m->store || m->store->embed);
    return m->store ? m->store->ends
                    : (struct lm_layer){.at = {[LM_EMBED] = w->wte,
                                               [LM_POSITION] = w->wpe,
                                               [LM_FINAL_W] = w->lnf_w,
                                               [LM_FINAL_B] = w->lnf_b}};
}

const float *lm_head_of(const struct lm *m)
{
    const struct lm_store *s = m->store;
    assert(!s || !m->cfg.own_head || s->head_w);
    return s && m->cfg.own_head ? s->head_w : lm_ends_of(m).at[LM_EMBED];
}

/* ---- opening ---- */

/* A tied model whose files hold a head as well: the reference ties only what is the
 * same. */
static enum err settle_head(struct lm_store *s, struct lm *m, struct errinfo *e)
{
    struct lm_config *c = &m->cfg;
    float *head = NULL;
    if (!s->head) {
        return c->own_head
                   ? err_set(e, ERR_FORMAT,
                             "%s: no tensor %s; config.json says tie_word_embeddings "
                             "false",
                             lm_source_name(s->src), c->family->heads_names[0])
                   : OK;
    }
    const size_t shape[2] = {c->vocab, c->d_model};
    TRY(check_shape(s, s->head, shape, 2, e));
    if (c->own_head) {
        return OK;
    }
    TRY(need_ends(s, c, false, e));
    TRY(read_head(s, c, &head, e));
    if (memcmp(head, s->ends.at[LM_EMBED], c->vocab * c->d_model * sizeof *head) == 0) {
        mem_free(head);
        return OK;
    }
    c->own_head = true;
    s->head_w = head;
    return OK;
}

/* All tensors of GPT-2's form, one after the other: as hashes of runs were made before
 * there were other families. */
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
        char name[NAME_CAP];
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
    TRY(mem_new(&s->arena, s->blocks, sizeof *s->arena, "blocks", e));
    TRY(settle_head(s, m, e));
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

void lm_store_close(struct lm_store *s)
{
    if (!s) {
        return;
    }
    for (size_t b = 0; s->arena && b < s->blocks; b++) {
        mem_free(s->arena[b]);
    }
    lm_source_close(s->src);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->block);
    mem_free(s->arena);
    mem_free(s->embed);
    mem_free(s->head_w);
    mem_free(s);
}
