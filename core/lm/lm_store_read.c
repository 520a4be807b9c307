#include "base/infile.h"
#include "base/mem.h"
#include "base/room.h"
#include "lm/lm_slot.h"
#include "lm/lm_store_priv.h"
#include "lm/lm_tensor.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- rows in the order of files ---- */

/* Reorders rows from q, k, v of each head to all q, all k, all v. */
static enum err split_heads(const struct lm_config *c, size_t row_bytes, uint8_t *x,
                            struct errinfo *e)
{
    const size_t piece = lm_head_dim(c) * row_bytes, all = 3 * c->n_head;
    uint8_t *from = NULL;
    TRY(mem_new(&from, all, piece, "queries, keys and values", e));
    memcpy(from, x, all * piece);
    for (size_t h = 0; h < c->n_head; h++) {
        for (size_t p = 0; p < 3; p++) {
            memcpy(x + (p * c->n_head + h) * piece, from + (3 * h + p) * piece, piece);
        }
    }
    mem_free(from);
    return OK;
}

/* Reorders the rows of each head in place from pairs, 0, h, 1, h + 1, .. of 2 h
 * rows. */
static enum err unpair(const struct lm_config *c, size_t rows, size_t row_bytes,
                       uint8_t *x, struct errinfo *e)
{
    const size_t dh = lm_head_dim(c), half = dh / 2;
    uint8_t *head = NULL;
    TRY(mem_new(&head, dh, row_bytes, "a head", e));
    for (size_t h = 0; h < rows / dh; h++) {
        uint8_t *to = x + h * dh * row_bytes;
        memcpy(head, to, dh * row_bytes);
        for (size_t i = 0; i < 2 * half; i++) {
            memcpy(to + (i % 2 * half + i / 2) * row_bytes, head + i * row_bytes,
                   row_bytes);
        }
    }
    mem_free(head);
    return OK;
}

static bool is_reordered(enum lm_rows which)
{
    return which == LM_ROWS_HEADS || which == LM_ROWS_Q_PAIRS ||
           which == LM_ROWS_K_PAIRS;
}

/* Puts n rows of a slot, as read from the file, into our order. */
static enum err order_rows(const struct lm_config *c, enum lm_rows which, size_t n,
                           size_t row_bytes, uint8_t *x, struct errinfo *e)
{
    if (which == LM_ROWS_HEADS) {
        return split_heads(c, row_bytes, x, e);
    }
    if (which == LM_ROWS_Q_PAIRS || which == LM_ROWS_K_PAIRS) {
        return unpair(c, n, row_bytes, x, e);
    }
    return OK;
}

/* ---- vectors ---- */

static bool is_norm(enum lm_slot slot)
{
    return slot == LM_FINAL_W || slot == LM_NORM1_W || slot == LM_NORM2_W ||
           slot == LM_Q_NORM || slot == LM_K_NORM || slot == LM_POST1_W ||
           slot == LM_POST2_W;
}

/* Reads a tensor into its rows of a slot. */
static enum err read_vector(struct lm_store *s, const struct lm_config *c,
                            const struct lm_tensor_name *t, const char *name,
                            float *slot, struct errinfo *e)
{
    size_t rows, cols, first, n, shape[2];
    const size_t ndim = lm_tensor_shape(c, t, shape);
    (void)lm_slot_size(c, t->slot, &rows, &cols);
    lm_rows_of(c, t->rows, rows, &first, &n);
    float *to = slot + first;
    TRY(lm_source_read(s->src, name, shape, ndim, to, e));
    TRY(order_rows(c, t->rows, n, sizeof *to, (uint8_t *)to, e));
    if (c->family->norm == LM_RMS_ONE && is_norm(t->slot)) {
        for (size_t i = 0; i < n; i++) {
            to[i] += 1.0f;
        }
    }
    return OK;
}

static size_t rounded(size_t floats)
{
    return (floats + 15) / 16 * 16; /* keeps each slot aligned to 64 bytes */
}

/* Floats of the vectors among the slots from..to-1. */
static size_t vector_floats(const struct lm_config *c, enum lm_slot from,
                            enum lm_slot to)
{
    size_t sum = 0, rows, cols;
    for (enum lm_slot i = from; i < to; i++) {
        if (!lm_slot_is_matrix(i) && lm_slot_size(c, i, &rows, &cols)) {
            sum += rounded(rows);
        }
    }
    return sum;
}

static enum err read_vectors(struct lm_store *s, const struct lm_config *c,
                             enum lm_slot from, enum lm_slot to, size_t block,
                             struct lm_held *held, struct lm_layer *out,
                             struct errinfo *e)
{
    float *slot[LM_SLOTS] = {NULL}, *p = NULL;
    size_t rows, cols;
    TRY(mem_new(&held->vectors, vector_floats(c, from, to), sizeof *p,
                "the model's weights", e));
    p = held->vectors;
    for (enum lm_slot i = from; i < to; i++) {
        if (!lm_slot_is_matrix(i) && lm_slot_size(c, i, &rows, &cols)) {
            slot[i] = p;
            p += rounded(rows);
        }
    }
    for (const struct lm_tensor_name *t = c->family->tensor; t->name; t++) {
        if (t->slot >= from && t->slot < to && slot[t->slot]) {
            char name[LM_NAME_CAP];
            lm_store_name(s, t, block, name);
            TRY(read_vector(s, c, t, name, slot[t->slot], e));
        }
    }
    for (enum lm_slot i = from; i < to; i++) {
        out->at[i] = slot[i];
    }
    return OK;
}

/* ---- matrices ---- */

/* One tensor that is part of a matrix. */
struct piece {
    char name[LM_NAME_CAP];
    enum lm_slot slot;
    enum lm_rows rows;
    size_t place; /* in the stack of struct linear_map */
    size_t shape[2], row_bytes;
    enum ggml_type type;
    const uint8_t *mapped; /* NULL: to be read */
};

#define PIECES_MAX 16

static size_t place_of(enum lm_rows which)
{
    switch (which) {
    case LM_ROWS_K:
    case LM_ROWS_K_PAIRS:
    case LM_ROWS_UP: return 1;
    case LM_ROWS_V: return 2;
    default: return 0;
    }
}

static struct piece piece_of(const struct lm_store *s, const struct lm_config *c,
                             const struct lm_tensor_name *t, size_t block)
{
    struct piece p = {.slot = t->slot, .rows = t->rows, .place = place_of(t->rows)};
    (void)lm_tensor_shape(c, t, p.shape);
    lm_store_name(s, t, block, p.name);
    p.type = lm_source_type(s->src, p.name);
    p.row_bytes = p.shape[1] / ggml_block_elements(p.type) * ggml_block_bytes(p.type);
    return p;
}

/* Lists the tensors of the matrices among the slots from..to-1. */
static size_t pieces_of(const struct lm_store *s, const struct lm_config *c,
                        enum lm_slot from, enum lm_slot to, size_t block,
                        struct piece out[PIECES_MAX])
{
    size_t n = 0, shape[2];
    for (const struct lm_tensor_name *t = c->family->tensor; t->name; t++) {
        if (t->slot >= from && t->slot < to && lm_slot_is_matrix(t->slot) &&
            lm_tensor_shape(c, t, shape) > 0) {
            assert(n < PIECES_MAX);
            out[n++] = piece_of(s, c, t, block);
        }
    }
    return n;
}

static struct piece head_piece(const struct lm_store *s, const struct lm_config *c)
{
    struct piece p = {.slot = LM_HEAD, .shape = {c->vocab, c->d_model}};
    (void)snprintf(p.name, sizeof p.name, "%s", s->head);
    p.type = lm_source_type(s->src, p.name);
    p.row_bytes = p.shape[1] / ggml_block_elements(p.type) * ggml_block_bytes(p.type);
    return p;
}

static size_t piece_bytes(const struct piece *p)
{
    return (p->shape[0] * p->row_bytes + 63) / 64 * 64;
}

static size_t pieces_bytes(const struct piece *p, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += piece_bytes(&p[i]);
    }
    return sum;
}

/* The matrix of a slot without its rows. */
static struct linear_map matrix_of(const struct lm *m, enum lm_slot slot)
{
    struct linear_map w = {.kind = m->kind};
    (void)lm_slot_size(&m->cfg, slot, &w.out, &w.in);
    w.in_out = m->cfg.family->in_out && slot >= LM_BLOCK_SLOTS;
    return w;
}

/* Maps the pieces that need not be read; *bytes: those of the others. */
static enum err map_pieces(struct lm_store *s, struct piece *p, size_t n, bool soon,
                           size_t *bytes, struct errinfo *e)
{
    *bytes = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_reordered(p[i].rows)) {
            TRY(lm_source_map(s->src, p[i].name, p[i].shape, 2, soon, &p[i].mapped, e));
        }
        *bytes += p[i].mapped ? 0 : piece_bytes(&p[i]);
    }
    return OK;
}

/* `soon`: as in lm_source_map. */
static enum err read_pieces(const struct lm *m, struct piece *p, size_t n, bool soon,
                            struct lm_held *held, struct lm_layer *out,
                            struct errinfo *e)
{
    size_t bytes;
    TRY(map_pieces(m->store, p, n, soon, &bytes, e));
    TRY(mem_new(&held->bytes, bytes, 1, "the model's weights", e));
    uint8_t *to = held->bytes;
    for (size_t i = 0; i < n; i++) {
        struct linear_map *w = &out->map[p[i].slot];
        const size_t rows = p[i].shape[0], each = p[i].row_bytes;
        if (w->out == 0) {
            *w = matrix_of(m, p[i].slot);
        }
        if (p[i].mapped) {
            w->stack[p[i].place] =
                (struct linear_rows){p[i].mapped, rows, each, p[i].type};
            held->mapped += rows * each;
            continue;
        }
        TRY(lm_source_bytes(m->store->src, p[i].name, p[i].shape, 2, to, e));
        TRY(order_rows(&m->cfg, p[i].rows, rows, each, to, e));
        w->stack[p[i].place] = (struct linear_rows){to, rows, each, p[i].type};
        to += piece_bytes(&p[i]);
    }
    return OK;
}

/* Bytes of the matrices of a block as products want them. */
static size_t packed_bytes(const struct lm *m)
{
    size_t sum = 0, rows, cols;
    for (enum lm_slot i = LM_BLOCK_SLOTS; i < LM_SLOTS; i++) {
        if (lm_slot_is_matrix(i) && lm_slot_size(&m->cfg, i, &rows, &cols)) {
            const struct linear_map w = matrix_of(m, i);
            sum += (linear_packed_bytes(&w) + 63) / 64 * 64;
        }
    }
    return sum;
}

/* Replaces the weights of a block, made of these pieces, by their packed form. */
static enum err pack_block(const struct lm *m, const struct piece *p, size_t n,
                           struct lm_held *held, struct lm_layer *layer,
                           struct errinfo *e)
{
    TRY(mem_new(&held->packed, packed_bytes(m), 1, "the model's weights", e));
    float *to = held->packed;
    for (enum lm_slot i = LM_BLOCK_SLOTS; i < LM_SLOTS; i++) {
        struct linear_map *w = &layer->map[i];
        if (w->out > 0) {
            linear_pack(w, to);
            w->packed = to;
            memset(w->stack, 0, sizeof w->stack);
            to += (linear_packed_bytes(w) + 63) / 64 * 64 / sizeof *to;
        }
    }
    for (size_t i = 0; i < n; i++) {
        infile_drop(p[i].mapped, p[i].mapped ? p[i].shape[0] * p[i].row_bytes : 0);
    }
    mem_free(held->bytes);
    held->bytes = NULL;
    held->mapped = 0;
    return OK;
}

/* ---- what is needed ---- */

void lm_held_free(struct lm_held *h)
{
    mem_free(h->vectors);
    mem_free(h->bytes);
    mem_free(h->packed);
    *h = (struct lm_held){0};
}

static enum err read_slots(const struct lm *m, enum lm_slot from, enum lm_slot to,
                           size_t block, struct lm_held *held, struct lm_layer *out,
                           struct errinfo *e)
{
    struct piece p[PIECES_MAX];
    const size_t n = pieces_of(m->store, &m->cfg, from, to, block, p);
    TRY(read_vectors(m->store, &m->cfg, from, to, block, held, out, e));
    /* Of embeddings a few rows are wanted, unless they are the head. */
    TRY(read_pieces(m, p, n, from == LM_BLOCK_SLOTS, held, out, e));
    return m->store->packed && from == LM_BLOCK_SLOTS
               ? pack_block(m, p, n, held, out, e)
               : OK;
}

static size_t matrix_bytes(const struct lm *m, size_t block)
{
    struct piece p[PIECES_MAX];
    const size_t n = pieces_of(m->store, &m->cfg, LM_BLOCK_SLOTS, LM_SLOTS, block, p);
    return m->store->packed ? packed_bytes(m) : pieces_bytes(p, n);
}

static size_t block_bytes(const struct lm *m, size_t block)
{
    return matrix_bytes(m, block) +
           vector_floats(&m->cfg, LM_BLOCK_SLOTS, LM_SLOTS) * sizeof(float);
}

/* Bytes of what is outside of blocks, but for a head of its own. */
static size_t ends_bytes(const struct lm *m)
{
    struct piece p[PIECES_MAX];
    const size_t n = pieces_of(m->store, &m->cfg, LM_EMBED, LM_BLOCK_SLOTS, 0, p);
    return pieces_bytes(p, n) +
           vector_floats(&m->cfg, LM_EMBED, LM_BLOCK_SLOTS) * sizeof(float);
}

static size_t head_bytes(const struct lm *m)
{
    const struct piece head = head_piece(m->store, &m->cfg);
    return piece_bytes(&head);
}

/* So many bytes more are ready. Under the lock. */
static void tell(struct lm_store *s, size_t bytes)
{
    s->ready += bytes;
    if (s->told) {
        s->told(s->user, s->ready);
    }
}

static enum err need_block(const struct lm *m, size_t block, struct errinfo *e)
{
    struct lm_store *s = m->store;
    if (s->held[block].ready) {
        return OK;
    }
    struct lm_held held = {0};
    struct lm_layer layer = {.at = {NULL}};
    const enum err rc =
        read_slots(m, LM_BLOCK_SLOTS, LM_SLOTS, block, &held, &layer, e);
    if (rc != OK) {
        lm_held_free(&held);
        return rc;
    }
    s->block[block] = layer;
    held.ready = true;
    s->held[block] = held;
    tell(s, block_bytes(m, block));
    return OK;
}

enum err lm_store_ends(const struct lm *m, struct errinfo *e)
{
    struct lm_store *s = m->store;
    if (s->held_ends.ready) {
        return OK;
    }
    struct lm_held held = {0};
    struct lm_layer ends = {.at = {NULL}};
    const enum err rc = read_slots(m, LM_EMBED, LM_BLOCK_SLOTS, 0, &held, &ends, e);
    if (rc != OK) {
        lm_held_free(&held);
        return rc;
    }
    held.ready = true;
    s->held_ends = held;
    memcpy(s->ends.at, ends.at, sizeof ends.at);
    s->ends.map[LM_EMBED] = ends.map[LM_EMBED];
    s->ends.map[LM_POSITION] = ends.map[LM_POSITION];
    tell(s, ends_bytes(m));
    return OK;
}

enum err lm_store_head(const struct lm *m, struct errinfo *e)
{
    struct lm_store *s = m->store;
    if (s->held_head.ready) {
        return OK;
    }
    struct lm_held held = {0};
    struct lm_layer ends = {.at = {NULL}};
    struct piece p = head_piece(s, &m->cfg);
    const enum err rc = read_pieces(m, &p, 1, true, &held, &ends, e);
    if (rc != OK) {
        lm_held_free(&held);
        return rc;
    }
    held.ready = true;
    s->held_head = held;
    s->own_head = ends.map[LM_HEAD];
    tell(s, head_bytes(m));
    return OK;
}

enum err lm_need_blocks(const struct lm *m, size_t from, size_t to, bool head,
                        struct errinfo *e)
{
    struct lm_store *s = m->store;
    if (!s) {
        return OK;
    }
    pthread_mutex_lock(&s->lock);
    enum err rc = lm_source_check(s->src, e);
    rc = rc == OK ? lm_store_ends(m, e) : rc;
    if (rc == OK && head && m->cfg.own_head) {
        rc = lm_store_head(m, e);
    }
    for (size_t b = from; rc == OK && b < to; b++) {
        rc = need_block(m, b, e);
    }
    lm_source_rest(s->src);
    pthread_mutex_unlock(&s->lock);
    return rc;
}

enum err lm_need(const struct lm *m, size_t blocks, struct errinfo *e)
{
    const size_t n = blocks < m->cfg.n_layer ? blocks : m->cfg.n_layer;
    return lm_need_blocks(m, 0, n, blocks > m->cfg.n_layer, e);
}

/* ---- sizes ---- */

size_t lm_need_bytes(const struct lm *m, size_t blocks)
{
    const struct lm_config *c = &m->cfg;
    const size_t n = blocks < c->n_layer ? blocks : c->n_layer;
    if (!m->store) {
        return m->w.count * sizeof(float);
    }
    size_t sum =
        ends_bytes(m) + (blocks > c->n_layer && c->own_head ? head_bytes(m) : 0);
    for (size_t b = 0; b < n; b++) {
        sum += block_bytes(m, b);
    }
    return sum;
}

void lm_on_ready(const struct lm *m, void (*told)(void *user, size_t bytes), void *user)
{
    if (m->store) {
        pthread_mutex_lock(&m->store->lock);
        m->store->told = told;
        m->store->user = user;
        pthread_mutex_unlock(&m->store->lock);
    }
}

void lm_store_settle(const struct lm *m)
{
    struct lm_store *s = m->store;
    const size_t all = packed_bytes(m) * m->cfg.n_layer, room = room_bytes() / 4;
    size_t file = 0;
    s->packed = false;
    for (size_t b = 0; b < m->cfg.n_layer; b++) {
        file += matrix_bytes(m, b);
    }
    /* Where they were read to be compared. */
    for (enum lm_slot i = 0; i < LM_BLOCK_SLOTS; i++) {
        s->ends.map[i].kind = m->kind;
    }
    s->own_head.kind = m->kind;
    s->packed = all <= file || (all <= LM_PACKED_BYTES && all <= room);
}

void lm_store_pack(const struct lm *m, bool packed)
{
    m->store->packed = packed;
}

void lm_store_map_above(const struct lm *m, size_t bytes)
{
    lm_source_map_above(m->store->src, bytes);
}

size_t lm_store_mapped(const struct lm *m)
{
    const struct lm_store *s = m->store;
    size_t sum = s->held_ends.mapped + s->held_head.mapped;
    for (size_t b = 0; b < s->blocks; b++) {
        sum += s->held[b].mapped;
    }
    return sum;
}

/* ---- GPT-2's form ---- */

enum err lm_store_plain(const struct lm *m, struct lm_weights *w, struct errinfo *e)
{
    struct lm_store *s = m->store;
    enum err rc = OK;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; rc == OK && i < lm_tensor_count(&m->cfg); i++) {
        const struct lm_tensor t = lm_tensor_at(&m->cfg, w, i);
        char name[LM_NAME_CAP];
        (void)snprintf(name, sizeof name, "%s%s", s->prefix, t.name);
        rc = lm_source_read(s->src, name, t.shape, t.ndim, t.p, e);
    }
    lm_source_rest(s->src);
    pthread_mutex_unlock(&s->lock);
    return rc;
}
