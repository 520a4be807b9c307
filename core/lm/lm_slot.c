#include "lm/lm_slot.h"

#include <stdio.h>
#include <string.h>

bool lm_slot_size(const struct lm_config *c, enum lm_slot slot, size_t *rows,
                  size_t *cols)
{
    const struct lm_family *a = c->family;
    const size_t D = c->d_model, dh = lm_head_dim(c);
    const bool layer_norm = a->norm == LM_LAYERNORM;
    size_t r = D, k = 1;
    bool has = true;
    switch (slot) {
    case LM_EMBED: r = c->vocab, k = D; break;
    case LM_POSITION: r = c->n_ctx, k = D, has = !a->rotary; break;
    case LM_FINAL_W: break;
    case LM_FINAL_B: has = layer_norm; break;
    case LM_HEAD: r = c->vocab, k = D, has = c->own_head; break;
    case LM_NORM1_W: break;
    case LM_NORM1_B: has = layer_norm; break;
    case LM_QKV_W: r = lm_qkv_width(c), k = D; break;
    case LM_QKV_B: r = lm_qkv_width(c), has = c->qkv_bias || a->in_out; break;
    case LM_PROJ_W: k = lm_z_width(c); break;
    case LM_PROJ_B: has = c->proj_bias || a->in_out; break;
    case LM_NORM2_W: break;
    case LM_NORM2_B: has = layer_norm; break;
    case LM_FC_W: r = lm_fc_width(c), k = D; break;
    case LM_FC_B: r = lm_fc_width(c), has = c->mlp_bias || a->in_out; break;
    case LM_OUT_W: k = c->d_ff; break;
    case LM_OUT_B: has = c->mlp_bias || a->in_out; break;
    case LM_Q_NORM:
    case LM_K_NORM: r = dh, has = a->qk_norms; break;
    case LM_POST1_W:
    case LM_POST2_W: has = a->post_norms; break;
    case LM_SLOTS: has = false; break;
    }
    *rows = r;
    *cols = k;
    return has;
}

void lm_rows_of(const struct lm_config *c, enum lm_rows which, size_t rows,
                size_t *first, size_t *n)
{
    const size_t q = lm_z_width(c), kv = lm_kv_heads(c) * lm_head_dim(c);
    *first = 0;
    *n = rows;
    switch (which) {
    case LM_ALL:
    case LM_ROWS_HEADS: break;
    case LM_ROWS_Q:
    case LM_ROWS_Q_PAIRS: *n = q; break;
    case LM_ROWS_K:
    case LM_ROWS_K_PAIRS: *first = q, *n = kv; break;
    case LM_ROWS_V: *first = q + kv, *n = kv; break;
    case LM_ROWS_GATE: *n = c->d_ff; break;
    case LM_ROWS_UP: *first = c->d_ff, *n = c->d_ff; break;
    }
}

static bool is_map(enum lm_slot slot)
{
    return slot == LM_QKV_W || slot == LM_PROJ_W || slot == LM_FC_W || slot == LM_OUT_W;
}

bool lm_slot_is_matrix(enum lm_slot slot)
{
    return is_map(slot) || slot == LM_EMBED || slot == LM_POSITION || slot == LM_HEAD;
}

size_t lm_tensor_shape(const struct lm_config *c, const struct lm_tensor_name *t,
                       size_t shape[2])
{
    size_t rows, cols, first, n;
    if (!lm_slot_size(c, t->slot, &rows, &cols)) {
        return 0;
    }
    lm_rows_of(c, t->rows, rows, &first, &n);
    const bool turned = c->family->in_out && is_map(t->slot);
    shape[0] = turned ? cols : n;
    shape[1] = turned ? n : cols;
    return lm_slot_is_matrix(t->slot) ? 2 : 1;
}

void lm_tensor_text(const struct lm_tensor_name *t, size_t block, char out[96])
{
    const char *mark = strchr(t->name, '#');
    if (mark) {
        (void)snprintf(out, 96, "%.*s%zu%s", (int)(mark - t->name), t->name, block,
                       mark + 1);
    } else {
        (void)snprintf(out, 96, "%s", t->name);
    }
}

#define WEIGHTS_MAX ((uint64_t)1 << 36)

/* Each dimension below 2^31 (as in BLAS and in ids), and their products within 64 bits
 * because every one is checked on the way. */
enum err lm_weight_count(const struct lm_config *cfg, size_t *out, struct errinfo *e)
{
    const struct {
        const char *name;
        size_t value, most;
    } sizes[] = {
        {"the number of blocks", cfg->n_layer, LM_LAYERS_MAX},
        {"the number of heads", cfg->n_head, 1u << 16},
        {"the width", cfg->d_model, 1u << 16},
        {"the MLP's width", cfg->d_ff, 1u << 24},
        {"the context", cfg->n_ctx, INT32_MAX},
        {"vocab_size", cfg->vocab, INT32_MAX},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].value < 1 || sizes[i].value > sizes[i].most) {
            return err_set(e, ERR_LIMIT, "%s is %zu, expected 1 to %zu", sizes[i].name,
                           sizes[i].value, sizes[i].most);
        }
    }
    if (cfg->family == NULL) {
        return err_set(e, ERR_USAGE, "the model has no family");
    }
    if (cfg->d_head == 0 && cfg->d_model % cfg->n_head != 0) {
        return err_set(e, ERR_FORMAT, "width %zu is not a multiple of %zu heads",
                       cfg->d_model, cfg->n_head);
    }
    if (lm_head_dim(cfg) > 1u << 16 || lm_kv_heads(cfg) > 1u << 16) {
        return err_set(e, ERR_LIMIT, "heads of %zu numbers, expected at most %u",
                       lm_head_dim(cfg), 1u << 16);
    }
    uint64_t sum = 0;
    for (enum lm_slot s = 0; s < LM_SLOTS; s++) {
        size_t rows, cols;
        if (!lm_slot_size(cfg, s, &rows, &cols)) {
            continue;
        }
        const uint64_t times = s < LM_BLOCK_SLOTS ? 1 : cfg->n_layer;
        /* rows below 2^34, cols below 2^32, times at most 2^10 */
        if (rows > WEIGHTS_MAX / cols / times) {
            sum = WEIGHTS_MAX;
        }
        sum += sum < WEIGHTS_MAX ? (uint64_t)rows * cols * times : 0;
    }
    if (sum >= WEIGHTS_MAX) {
        return err_set(
            e, ERR_LIMIT,
            "%zu block%s of width %zu and %zu with vocabulary %zu: more than "
            "2^36 weights",
            cfg->n_layer, plural_s(cfg->n_layer), cfg->d_model, cfg->d_ff, cfg->vocab);
    }
    *out = (size_t)sum;
    return OK;
}
