#include "num/linear.h"

#include "num/kern_linear.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define DEPTH ((size_t)LINEAR_DEPTH)
#define WIDTH ((size_t)LINEAR_WIDTH)

_Static_assert(LINEAR_WIDTH % LINEAR_PANEL_MAX == 0, "panels fill a group of columns");

/* Scratch of a product, besides the packed rows. */
struct workspace {
    float group[LINEAR_WIDTH * LINEAR_DEPTH];         /* items of a group of columns */
    float rows[LINEAR_PANEL_MAX * LINEAR_DEPTH];      /* what will be dealt out */
    float items[LINEAR_PANEL_MAX * LINEAR_DEPTH / 2]; /* the same as pairs */
};

bool linear_has_bf16(void)
{
    return kern_linear_bf16() != NULL;
}

const char *linear_name(enum linear_kind kind)
{
    const struct kern_linear *k = kern_linear_get(kind);
    return kind == LINEAR_F32 || k->pairs ? k->name : k->rounded;
}

static const struct kern_linear *kern_of(const struct linear_map *w)
{
    return w->kern ? w->kern : kern_linear_get(w->kind);
}

struct linear_map linear_of(const float *w, size_t in, size_t out, bool in_out,
                            enum linear_kind kind)
{
    const size_t rows = in_out ? in : out, cols = in_out ? out : in;
    return (struct linear_map){
        .in = in,
        .out = out,
        .in_out = in_out,
        .kind = kind,
        .stack = {{(const uint8_t *)w, rows, cols * sizeof *w, GGML_F32}}};
}

size_t linear_rows(const struct linear_map *w)
{
    return w->in_out ? w->in : w->out;
}

size_t linear_cols(const struct linear_map *w)
{
    return w->in_out ? w->out : w->in;
}

/* ---- weights as floats ---- */

/* Reads columns c0 .. c0 + n - 1 of a row; a block of the type starts at c0. */
static void read_row(const struct linear_map *w, size_t row, size_t c0, size_t n,
                     float *out)
{
    const struct linear_rows *p = w->stack;
    while (row >= p->n) {
        row -= p->n;
        p++;
        assert(p < w->stack + LINEAR_STACK && p->p);
    }
    const size_t elements = ggml_block_elements(p->type);
    assert(c0 % elements == 0 && n % elements == 0);
    ggml_to_f32(p->type,
                p->p + row * p->bytes + c0 / elements * ggml_block_bytes(p->type),
                n / elements, out);
}

/* ---- rounding ---- */

/* Rounds to nearest, ties to even; NaN stays NaN. */
static uint32_t bf16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t rounded = (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
    const uint32_t nan = bits >> 16 | 0x40u;
    return (bits & 0x7FFFFFFFu) > 0x7F800000u ? nan : rounded;
}

void linear_round(enum linear_kind kind, size_t n, const float *x, float *y)
{
    if (kind == LINEAR_F32) {
        if (x != y) {
            memmove(y, x, n * sizeof *y);
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = bf16_of(x[i]) << 16;
        memcpy(y + i, &bits, sizeof bits);
    }
}

/* ---- columns ---- */

static size_t items_of(const struct kern_linear *k, size_t depth)
{
    return k->pairs ? (depth + 1) / 2 : depth;
}

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Makes one panel: inputs d0 .. d0 + depth - 1 of `columns` columns from j0 on, 0 for
 * those after `out`. Rows of W are outputs. */
static void panel_of_rows(const struct kern_linear *k, const struct linear_map *w,
                          size_t d0, size_t depth, size_t j0, struct workspace *s,
                          float *to)
{
    const size_t have = j0 < w->out ? min_of(k->panel, w->out - j0) : 0;
    for (size_t i = 0; i < have; i++) {
        read_row(w, j0 + i, d0, depth, s->rows + i * DEPTH);
    }
    memset(s->rows + have * DEPTH, 0, (k->panel - have) * DEPTH * sizeof *s->rows);
    const size_t items = items_of(k, depth);
    if (k->pairs) {
        for (size_t i = 0; i < k->panel; i++) {
            k->round(depth, s->rows + i * DEPTH, s->items + i * DEPTH / 2);
        }
        k->deal(k->panel, items, s->items, DEPTH / 2, k->panel, to);
        return;
    }
    linear_round(w->kind, k->panel * DEPTH, s->rows, s->rows);
    k->deal(k->panel, items, s->rows, DEPTH, k->panel, to);
}

/* The same where rows of W are inputs: these are already in the right order. */
static void panel_of_inputs(const struct kern_linear *k, const struct linear_map *w,
                            size_t d0, size_t depth, size_t j0, float *to)
{
    const size_t have = j0 < w->out ? min_of(k->panel, w->out - j0) : 0;
    const size_t items = items_of(k, depth);
    float row[2][LINEAR_PANEL_MAX] = {{0}};
    for (size_t d = 0; d < items; d++) {
        float *item = to + d * k->panel;
        if (!k->pairs) {
            read_row(w, d0 + d, j0, have, row[0]);
            linear_round(w->kind, have, row[0], row[0]);
            memcpy(item, row[0], k->panel * sizeof *item);
            continue;
        }
        read_row(w, d0 + 2 * d, j0, have, row[0]);
        if (2 * d + 1 < depth) {
            read_row(w, d0 + 2 * d + 1, j0, have, row[1]);
        } else {
            memset(row[1], 0, sizeof row[1]);
        }
        for (size_t c = 0; c < k->panel; c++) {
            const uint32_t pair = bf16_of(row[0][c]) | bf16_of(row[1][c]) << 16;
            memcpy(item + c, &pair, sizeof pair);
        }
    }
}

/* Makes the panels of columns j0 .. j0 + n - 1, rounded up to whole panels. */
static void make_panels(const struct kern_linear *k, const struct linear_map *w,
                        size_t d0, size_t depth, size_t j0, size_t n,
                        struct workspace *s, float *to)
{
    const size_t each = items_of(k, depth) * k->panel;
    for (size_t j = 0; j < n; j += k->panel, to += each) {
        if (w->in_out) {
            panel_of_inputs(k, w, d0, depth, j0 + j, to);
        } else {
            panel_of_rows(k, w, d0, depth, j0 + j, s, to);
        }
    }
}

/* ---- packing ---- */

/* Returns the items of all depths of a column. */
static size_t column_items(const struct kern_linear *k, size_t in)
{
    return in / DEPTH * items_of(k, DEPTH) + items_of(k, in % DEPTH);
}

/* Layout: groups of WIDTH columns, in each group its depths, in each depth its
 * panels. */
size_t linear_packed_bytes(const struct linear_map *w)
{
    const struct kern_linear *k = kern_of(w);
    return (w->out + WIDTH - 1) / WIDTH * WIDTH * column_items(k, w->in) *
           sizeof(float);
}

static const float *packed_at(const struct kern_linear *k, const struct linear_map *w,
                              size_t d0, size_t j0)
{
    return w->packed + j0 * column_items(k, w->in) +
           d0 / DEPTH * items_of(k, DEPTH) * WIDTH;
}

void linear_pack(const struct linear_map *w, float *to)
{
    const struct kern_linear *k = kern_of(w);
    struct linear_map packed = *w;
    struct workspace s; /* of the stack: 176 KB */
    packed.packed = to;
    for (size_t j = 0; j < w->out; j += WIDTH) {
        for (size_t d = 0; d < w->in; d += DEPTH) {
            float *at = to + (packed_at(k, &packed, d, j) - to);
            make_panels(k, w, d, min_of(DEPTH, w->in - d), j, WIDTH, &s, at);
        }
    }
}

/* Returns the float in an item, that of input d if the item is a pair. */
static float float_of(const struct kern_linear *k, const float *item, size_t d)
{
    uint32_t bits;
    float x;
    if (!k->pairs) {
        return *item;
    }
    memcpy(&bits, item, sizeof bits);
    bits = d % 2 ? bits & 0xFFFF0000u : bits << 16;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Returns the item of input d0 + d in a panel from d0 on; those of its other columns
 * follow. */
static const float *item_of(const struct kern_linear *k, const float *panel, size_t d)
{
    return panel + (k->pairs ? d / 2 : d) * k->panel;
}

/* Returns the panel of inputs d0 .. and of column j. */
static const float *panel_at(const struct kern_linear *k, const struct linear_map *w,
                             size_t d0, size_t j)
{
    const size_t items = items_of(k, min_of(DEPTH, w->in - d0));
    return packed_at(k, w, d0, j / WIDTH * WIDTH) +
           j % WIDTH / k->panel * items * k->panel;
}

/* Unpacks the weights of one output. */
static void unpack_output(const struct kern_linear *k, const struct linear_map *w,
                          size_t j, float *out)
{
    for (size_t d0 = 0; d0 < w->in; d0 += DEPTH) {
        const size_t depth = min_of(DEPTH, w->in - d0);
        const float *column = panel_at(k, w, d0, j) + j % k->panel;
        for (size_t d = 0; d < depth; d++) {
            out[d0 + d] = float_of(k, item_of(k, column, d), d);
        }
    }
}

/* Unpacks the weights of one input. */
static void unpack_input(const struct kern_linear *k, const struct linear_map *w,
                         size_t i, float *out)
{
    const size_t d0 = i / DEPTH * DEPTH, d = i - d0;
    for (size_t j = 0; j < w->out; j += k->panel) {
        const float *item = item_of(k, panel_at(k, w, d0, j), d);
        const size_t n = min_of(k->panel, w->out - j);
        for (size_t c = 0; c < n; c++) {
            out[j + c] = float_of(k, item + c, d);
        }
    }
}

void linear_read(const struct linear_map *w, size_t first, size_t n, float *out)
{
    const struct kern_linear *k = kern_of(w);
    const size_t cols = linear_cols(w);
    for (size_t r = first; r < first + n; r++, out += cols) {
        if (!w->packed) {
            read_row(w, r, 0, cols, out);
        } else if (w->in_out) {
            unpack_input(k, w, r, out);
        } else {
            unpack_output(k, w, r, out);
        }
    }
}

/* ---- rows ---- */

/* Deals the inputs of n rows in tiles. */
static void deal_rows(const struct kern_linear *k, enum linear_kind kind, size_t n,
                      size_t depth, const float *x, size_t ldx, struct workspace *s,
                      float *to)
{
    const size_t items = items_of(k, depth);
    for (size_t r = 0; r < n; r += k->tile) {
        const size_t rows = min_of(k->tile, n - r);
        const float *from = x + r * ldx;
        float *tile = to + r * items;
        for (size_t i = 0; i < rows && k->pairs; i++) {
            k->round(depth, from + i * ldx, s->items + i * DEPTH / 2);
        }
        for (size_t i = 0; i < rows && !k->pairs && kind == LINEAR_BF16; i++) {
            linear_round(kind, depth, from + i * ldx, s->rows + i * DEPTH);
        }
        if (k->pairs) {
            k->deal(rows, items, s->items, DEPTH / 2, rows, tile);
        } else if (kind == LINEAR_BF16) {
            k->deal(rows, items, s->rows, DEPTH, rows, tile);
        } else {
            k->deal(rows, items, from, ldx, rows, tile);
        }
    }
}

/* ---- products ---- */

/* Adds a group of columns to y, of which `out` are wanted: the last panel may have
 * fewer. */
static void add_group(const struct kern_linear *k, size_t n, size_t items,
                      const float *x, const float *panels, size_t out, float *y,
                      size_t ldy)
{
    const size_t whole = out / k->panel, edge = out % k->panel;
    k->tiles(n, items, x, whole, panels, y, ldy);
    if (edge == 0) {
        return;
    }
    float edge_sums[LINEAR_TILE_MAX * LINEAR_PANEL_MAX];
    for (size_t r = 0; r < n; r += k->tile) {
        const size_t rows = min_of(k->tile, n - r);
        memset(edge_sums, 0, sizeof edge_sums);
        k->tiles(rows, items, x + r * items, 1, panels + whole * items * k->panel,
                 edge_sums, k->panel);
        for (size_t i = 0; i < rows; i++) {
            float *to = y + (r + i) * ldy + whole * k->panel;
            for (size_t c = 0; c < edge; c++) {
                to[c] += edge_sums[i * k->panel + c];
            }
        }
    }
}

/* Adds one depth of one group. */
static void add_depth(const struct kern_linear *k, const struct linear_map *w,
                      size_t d0, size_t depth, size_t j0, size_t out, size_t n,
                      const float *x, struct workspace *s, float *y, size_t ldy)
{
    const float *panels = s->group;
    if (w->packed) {
        panels = packed_at(k, w, d0, j0);
    } else {
        make_panels(k, w, d0, depth, j0, out, s, s->group);
    }
    add_group(k, n, items_of(k, depth), x, panels, out, y, ldy);
}

/* Adds one row, depth by depth, with scratch on the stack. */
static void add_one(const struct kern_linear *k, const struct linear_map *w,
                    const struct linear_piece *c, const float *x, float *y)
{
    struct workspace s;
    float items[LINEAR_DEPTH + LINEAR_SLACK];
    for (size_t d = 0; d < c->in; d += DEPTH) {
        const size_t depth = min_of(DEPTH, c->in - d);
        deal_rows(k, w->kind, 1, depth, x + d, depth, &s, items);
        for (size_t j = 0; j < c->out; j += WIDTH) {
            add_depth(k, w, c->in0 + d, depth, c->out0 + j, min_of(WIDTH, c->out - j),
                      1, items, &s, y + j, 0);
        }
    }
}

static size_t rows_items(size_t n, size_t in)
{
    return (n * (in + DEPTH) + LINEAR_SLACK + 15) / 16 * 16;
}

size_t linear_scratch_bytes(size_t n, size_t in)
{
    return rows_items(n, in) * sizeof(float) + sizeof(struct workspace);
}

void linear_add_piece(const struct linear_map *w, struct linear_piece c, size_t n,
                      const float *x, size_t ldx, float *y, size_t ldy, void *scratch)
{
    const struct kern_linear *k = kern_of(w);
    assert(c.in0 % DEPTH == 0 && c.in0 + c.in <= w->in && c.out0 + c.out <= w->out);
    assert((c.in % DEPTH == 0 || c.in0 + c.in == w->in) &&
           (!w->packed || c.out0 % WIDTH == 0));
    if (!scratch) {
        assert(n <= 1);
        if (n == 1) {
            add_one(k, w, &c, x, y);
        }
        return;
    }
    struct workspace *s = scratch;
    float *rows = (float *)(s + 1);
    for (size_t d = 0; d < c.in; d += DEPTH) {
        deal_rows(k, w->kind, n, min_of(DEPTH, c.in - d), x + d, ldx, s,
                  rows + n * (d / DEPTH) * items_of(k, DEPTH));
    }
    for (size_t j = 0; j < c.out; j += WIDTH) {
        for (size_t d = 0; d < c.in; d += DEPTH) {
            add_depth(k, w, c.in0 + d, min_of(DEPTH, c.in - d), c.out0 + j,
                      min_of(WIDTH, c.out - j), n,
                      rows + n * (d / DEPTH) * items_of(k, DEPTH), s, y + j, ldy);
        }
    }
}

void linear_add(const struct linear_map *w, size_t n, const float *x, float *y,
                void *scratch)
{
    const struct linear_piece all = {0, w->in, 0, w->out};
    linear_add_piece(w, all, n, x, w->in, y, w->out, scratch);
}
