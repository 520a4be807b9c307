/* saetop lm activations: what a model computes from a text, as a file of tensors. */
#include "acts/capture.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "cmd.h"
#include "corpus_opts.h"
#include "lm_cmds.h"
#include "lm_shard.h"
#include "num/blas.h"
#include "text_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP  4096
#define MAX_HOOKS CAPTURE_HOOKS
#define NAME_CAP  64
#define META_CAP  32

struct activations_args {
    const char *model, *hooks, *mask_token, *out;
    struct text_input text;
    struct row_opts rows;
    int64_t threads;
    bool logits, shard, force;
};

/* ---- what is asked for ---- */

struct hook_list {
    struct lm_hook at[MAX_HOOKS];
    char name[MAX_HOOKS][NAME_CAP];
    size_t n;
};

static enum err add_hook(struct hook_list *l, const char *name,
                         const struct lm_config *cfg, struct errinfo *e)
{
    if (l->n == MAX_HOOKS) {
        return err_set(e, ERR_USAGE, "--hook: more than %d", MAX_HOOKS);
    }
    TRY(lm_hook_parse(name, cfg, &l->at[l->n], e));
    lm_hook_name(l->at[l->n], l->name[l->n]);
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->name[i], l->name[l->n]) == 0) {
            return err_set(e, ERR_USAGE, "--hook: %s stands twice", l->name[i]);
        }
    }
    l->n++;
    return OK;
}

/* Parse "H,H,...". */
static enum err parse_hooks(const char *text, const struct lm_config *cfg,
                            struct hook_list *l, struct errinfo *e)
{
    const char *end;
    do {
        char name[128];
        end = strchr(text, ',');
        const size_t len = end ? (size_t)(end - text) : strlen(text);
        (void)snprintf(name, sizeof name, "%.*s", (int)(len < 127 ? len : 127), text);
        TRY(add_hook(l, name, cfg, e));
        text += len + 1;
    } while (end);
    return OK;
}

/* Refuse options that are missing or would have no effect. */
static enum err check_args(const struct activations_args *a, struct errinfo *e)
{
    if (text_input_given(&a->text) && a->rows.corpus) {
        return err_set(e, ERR_USAGE, "found %s and --corpus, expected one",
                       a->text.text ? "--text" : "--text-file");
    }
    if (!text_input_given(&a->text) && !a->rows.corpus) {
        return err_set(e, ERR_USAGE,
                       "found no text, expected --text TEXT, --text-file FILE or "
                       "--corpus FILE");
    }
    const struct row_opts *r = &a->rows;
    if (!r->corpus && (r->rows != 1 || r->from || r->context || r->tail ||
                       strcmp(r->split, "train") != 0)) {
        return err_set(e, ERR_USAGE,
                       "--rows, --from, --split, --tail and --context are of --corpus, "
                       "found %s",
                       a->text.text ? "--text" : "--text-file");
    }
    if (r->corpus && a->text.bos) {
        return err_set(e, ERR_USAGE, "--bos: rows of a corpus begin with BOS already");
    }
    if (a->shard && (a->logits || !r->corpus)) {
        return err_set(e, ERR_USAGE, "--shard: found %s, expected rows of a --corpus",
                       a->logits ? "--logits" : "a text");
    }
    if (!a->hooks || !a->out) {
        return err_set(e, ERR_USAGE, "found no %s; see saetop lm activations -h",
                       a->hooks ? "--out FILE" : "--hook");
    }
    return OK;
}

/* ---- rows ---- */

static enum err read_text(const struct activations_args *a, const struct lm *m,
                          struct token_rows **out, struct errinfo *e)
{
    struct tok_ids ids = {0};
    const char *name = text_input_name(&a->text);
    enum err rc;
    TRY_OUT(rc, text_input_encode(&a->text, m->tok, &ids, e));
    if (ids.n == 0) {
        rc = err_set(e, ERR_USAGE, "%s: is empty, expected a token or more", name);
    } else if (ids.n > m->cfg.n_ctx) {
        rc = err_set(e, ERR_USAGE,
                     "%s: %zu tokens, expected at most %zu, the model's context; "
                     "--corpus packs a longer text into rows",
                     name, ids.n, m->cfg.n_ctx);
    } else {
        rc = token_rows_of(ids.p, ids.n, out, e);
    }
out:
    tok_ids_free(&ids);
    return rc;
}

/* Mask the rows: what the model is to read. */
static enum err mask_rows(const struct activations_args *a, const struct lm *m,
                          struct token_rows *r, struct errinfo *e)
{
    int32_t token = -1;
    if (a->rows.rate > 0 || a->mask_token) {
        TRY(mask_token_find(m->tok, a->mask_token, &token, e));
    }
    return a->rows.rate > 0 ? token_rows_mask(r, m->tok, token, a->rows.rate,
                                              (uint64_t)a->rows.seed, e)
                            : OK;
}

/* ---- the file ---- */

struct file {
    struct st_tensor t[MAX_HOOKS + 5];
    size_t n;
    struct st_meta_entry meta[4];
    char text[4][META_CAP];
    size_t n_meta;
};

static void add_tensor(struct file *f, const char *name, enum st_dtype dtype,
                       const void *data, size_t size, size_t rows, size_t T, size_t D)
{
    f->t[f->n++] = (struct st_tensor){.name = name,
                                      .dtype = dtype,
                                      .ndim = D > 0 ? 3 : 2,
                                      .shape = {rows, T, D},
                                      .data = data,
                                      .bytes = rows * T * (D > 0 ? D : 1) * size};
}

static void add_meta(struct file *f, const char *key, double value)
{
    (void)snprintf(f->text[f->n_meta], META_CAP, "%.17g", value);
    f->meta[f->n_meta] = (struct st_meta_entry){key, f->text[f->n_meta]};
    f->n_meta++;
}

static enum err widen(const int32_t *ids, size_t n, int64_t **out, struct errinfo *e)
{
    TRY(mem_new(out, n, sizeof **out, "token ids", e));
    for (size_t i = 0; i < n; i++) {
        (*out)[i] = ids[i];
    }
    return OK;
}

static enum err write_file(const struct activations_args *a, const struct lm *m,
                           const struct hook_list *hooks, const struct token_rows *r,
                           const struct capture *c, struct errinfo *e)
{
    struct file f = {.n = 0};
    int64_t *clean = NULL, *fed = NULL;
    enum err rc;
    TRY_OUT(rc, widen(r->ids, r->n, &clean, e));
    TRY_OUT(rc, widen(r->fed, r->n, &fed, e));
    for (size_t i = 0; i < c->hooks; i++) {
        add_tensor(&f, hooks->name[i], ST_F32, c->x[i], sizeof(float), r->rows, r->T,
                   lm_hook_width(&m->cfg, hooks->at[i]));
    }
    if (c->logits) {
        add_tensor(&f, "logits", ST_F32, c->logits, sizeof(float), r->rows, r->T,
                   m->cfg.vocab);
    }
    add_tensor(&f, "nll", ST_F32, c->nll, sizeof(float), r->rows, r->T - 1, 0);
    add_tensor(&f, "input_ids", ST_I64, fed, sizeof *fed, r->rows, r->T, 0);
    add_tensor(&f, "ids", ST_I64, clean, sizeof *clean, r->rows, r->T, 0);
    add_tensor(&f, "masked", ST_U8, r->masked, 1, r->rows, r->T, 0);
    add_meta(&f, "first_row", (double)r->first);
    add_meta(&f, "mask_rate", a->rows.rate);
    add_meta(&f, "seed", (double)a->rows.seed);
    add_meta(&f, "fresh", (double)r->fresh);
    rc = st_write_named(a->out, f.t, f.n, f.meta, f.n_meta, e);
out:
    mem_free(clean);
    mem_free(fed);
    return rc;
}

/* Write a shard, clean, and with --mask-rate masked too. */
static enum err write_shard(const struct activations_args *a, const struct lm *m,
                            const struct hook_list *hooks, struct token_rows *r,
                            struct pool *pool, struct errinfo *e)
{
    struct capture *c[2] = {NULL, NULL};
    enum err rc = OK;
    if (hooks->n != 1) {
        return err_set(e, ERR_USAGE, "--shard: found %zu hooks, expected one",
                       hooks->n);
    }
    TRY_OUT(rc, capture_new(m, r, hooks->at, 1, false, pool, &c[0], e));
    if (a->rows.rate > 0) {
        TRY_OUT(rc, mask_rows(a, m, r, e));
        TRY_OUT(rc, capture_new(m, r, hooks->at, 1, false, pool, &c[1], e));
    }
    const struct lm_shard s = {.m = m,
                               .hook = hooks->at[0],
                               .rows = r,
                               .clean = c[0],
                               .masked = c[1],
                               .rate = a->rows.rate};
    rc = lm_shard_write(a->out, &s, e);
out:
    capture_free(c[0]);
    capture_free(c[1]);
    return rc;
}

/* ---- all ---- */

static enum err activations(const struct activations_args *a, struct errinfo *e)
{
    char dir[PATH_CAP];
    struct hook_list hooks = {.n = 0};
    struct lm *m = NULL;
    struct pool *pool = NULL;
    struct token_rows *r = NULL;
    struct capture *c = NULL;
    enum err rc;
    TRY(check_args(a, e));
    TRY(num_ready(e));
    TRY(lm_model_dir(a->model, dir, sizeof dir, e));
    TRY(lm_load(dir, &m, e));
    TRY_OUT(rc, parse_hooks(a->hooks, &m->cfg, &hooks, e));
    TRY_OUT(rc, a->rows.corpus ? row_opts_read(&a->rows, m, &r, e)
                               : read_text(a, m, &r, e));
    TRY_OUT(rc, pool_new(pool_count(a->threads), &pool, e));
    if (a->shard) {
        TRY_OUT(rc, write_shard(a, m, &hooks, r, pool, e));
    } else {
        TRY_OUT(rc, mask_rows(a, m, r, e));
        TRY_OUT(rc, capture_new(m, r, hooks.at, hooks.n, a->logits, pool, &c, e));
        TRY_OUT(rc, write_file(a, m, &hooks, r, c, e));
    }
    if (!file_is_stream(a->out)) {
        cmd_say(stdout, "%s: %zu row%s of %zu tokens", a->out, r->rows,
                plural_s(r->rows), r->T);
    }
out:
    capture_free(c);
    token_rows_free(r);
    pool_free(pool);
    lm_free(m);
    return rc;
}

int cmd_lm_activations(int argc, char **argv)
{
    struct activations_args a = {.rows = ROW_OPTS_DEFAULT};
    // clang-format off
    const struct opt table[] = {
        {"model", OPT_STRING, &a.model, "DIR", "model directory or GGUF file; without it the bundled one", 0, 0, NULL},
        {"hook", OPT_STRING, &a.hooks, "H[,H...]", "blocks.N. and hook_resid_pre|mid|post, hook_attn_out, hook_mlp_in|out, attn.hook_z, ln2.hook_normalized, mlp.hook_in|post", 0, 0, NULL},
        {"out", OPT_NEW, &a.out, "FILE", "new .safetensors file", 0, 0, NULL},
        OPT_FORCE(&a.force),
        {"logits", OPT_FLAG, &a.logits, NULL, "logits as well, vocabulary floats a position", 0, 0, NULL},
        {"shard", OPT_FLAG, &a.shard, NULL, "rows of one hook as train --activations reads them: tensors activations [n, width], with --mask-rate activations_masked too, tokens and masked, special tokens left out", 0, 0, NULL},
        TEXT_INPUT_OPTS(&a.text),
        {"corpus", OPT_STRING, &a.rows.corpus, "FILE", "rows of a corpus instead, as a run reads them", 0, 0, NULL},
        ROW_OPTS(&a.rows),
        {"mask-token", OPT_STRING, &a.mask_token, "TEXT", "what stands for a masked token: text of one token, or #ID (default: the tokenizer's)", 0, 0, NULL},
        {"threads", OPT_INT, &a.threads, "N", "threads; 0: as many as the process may use; the result does not depend on it", 0, 1024, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "lm activations",
        .usage = "--hook H[,H...] --out FILE "
                 "--text TEXT|--text-file FILE|--corpus FILE [OPTIONS]",
        .about =
            "Activations of a model as tensors: one a hook, of its name, [rows, "
            "positions, width] in F32; input_ids, as the model read them, and ids, without "
            "masks, I64; masked, U8; nll [rows, positions - 1], in nats of ids[t + 1] "
            "at t, targets being true tokens where the input is masked as well. A text "
            "is one row, number 0: exactly its tokens, at most the model's context, "
            "with BOS where lm tokenize puts it. At most 2 GB.",
        .table = table,
        .n = sizeof table / sizeof table[0],
    };
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    struct errinfo e = {0};
    const enum err rc = activations(&a, &e);
    return rc == OK ? EXIT_SUCCESS : cmd_fail(rc, &e);
}
