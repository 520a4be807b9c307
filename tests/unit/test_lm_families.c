/* [threads] Every family of models beside the reference implementation, on the tiny
 * models that it made (tests/ref/make_model_fixtures.py): each hook, logits, losses
 * with something else at a hook, and token by token with a cache. */
#include "base/mem.h"
#include "base/safetensors.h"
#include "lm/generate.h"
#include "lm/lm_store.h"
#include "num/blas.h"
#include "unit/check.h"

#include <math.h>

/* The same sizes as in the script. */
#define LEN 36

static const char *const names[] = {
    "gpt2",    "gpt_neo", "gpt_neox", "gpt_neox_serial", "llama",       "llama3",
    "mistral", "qwen2",   "qwen3",    "gemma2",          "gemma3_text", "gemma3",
};

struct model {
    struct lm *m;
    struct st_file *file;
    int32_t ids[LEN];
};

static const char *folder(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/models/%s", getenv("SAETOP_FIXTURES"), name);
    return path;
}

static void begin(struct model *k, const char *name)
{
    struct errinfo e;
    char path[600];
    *k = (struct model){0};
    assert_ok(lm_load(folder(name), &k->m, &e), &e);
    (void)snprintf(path, sizeof path, "%s/values.safetensors", folder(name));
    assert_ok(st_open(path, &k->file, &e), &e);
    const struct st_tensor *ids = st_find(k->file, "ids");
    assert_true(ids && ids->bytes == sizeof k->ids);
    memcpy(k->ids, ids->data, sizeof k->ids);
}

static void end(struct model *k)
{
    st_close(k->file);
    lm_free(k->m);
}

static float *numbers(size_t n)
{
    float *p = mem_alloc(n, sizeof *p);
    assert_non_null(p);
    return p;
}

/* A tensor of the reference's; release with mem_free. */
static float *value(const struct model *k, const char *name, size_t n)
{
    struct errinfo e;
    const struct st_tensor *t = st_find(k->file, name);
    if (!t) {
        fail_msg("%s: no %s", k->m->dir, name);
        return NULL;
    }
    assert_int_equal(t->bytes, n * sizeof(float));
    float *out = numbers(n);
    assert_ok(st_read_f32(k->file, name, t->shape, t->ndim, out, &e), &e);
    return out;
}

/* Within 1e-4 of the length of what is expected, as a whole and for each number of the
 * root of its mean square. */
static void check_near(const struct model *k, const char *name, const float *got,
                       const float *want, size_t n)
{
    double square = 0, error = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)got[i] - (double)want[i];
        square += (double)want[i] * (double)want[i];
        error += d * d;
        worst = fabs(d) > worst ? fabs(d) : worst;
        assert_true(isfinite(d));
    }
    if (!(sqrt(error) <= 2e-5 * sqrt(square)) ||
        !(worst <= 1e-4 * sqrt(square / (double)n))) {
        fail_msg("%s: %s: off by %g of its length, at worst %g of a number's",
                 k->m->dir, name, sqrt(error / square),
                 worst / sqrt(square / (double)n));
    }
}

/* ---- hooks ---- */

static void check_hook(const struct model *k, struct lm_ws *ws, struct lm_hook h)
{
    char name[64];
    /* Of what the MLP reads the file has the last positions. */
    const bool has_end = h.site >= LM_MLP_IN && h.site <= LM_MLP_NORMED;
    const size_t width = lm_hook_width(&k->m->cfg, h), first = has_end ? LEN - 4 : 0;
    const size_t n = (LEN - first) * width;
    lm_hook_name(h, name);
    float *want = value(k, name, n), *got = numbers(LEN * width);
    lm_forward_to(k->m, ws, k->ids, 1, LEN, h, got);
    check_near(k, name, got + first * width, want, n);
    mem_free(got);
    mem_free(want);
}

static bool exists(const struct model *k, enum lm_site site)
{
    return site != LM_RESID_MID || !k->m->cfg.parallel;
}

static void test_hooks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct model k;
        struct lm_ws *ws = NULL;
        struct errinfo e;
        begin(&k, names[i]);
        for (size_t b = 0; b < k.m->cfg.n_layer; b++) {
            /* Like a harvest: weights behind the hook are never read. */
            assert_ok(lm_ws_new(k.m, b + 1, LEN, &ws, &e), &e);
            for (enum lm_site s = 0; s < LM_SITES; s++) {
                if (exists(&k, s)) {
                    check_hook(&k, ws, (struct lm_hook){b, s});
                }
            }
            lm_ws_free(ws);
        }
        end(&k);
    }
}

/* ---- logits and losses ---- */

static double loss_of(const float *logits, size_t V, int32_t target)
{
    double top = -INFINITY, sum = 0;
    for (size_t v = 0; v < V; v++) {
        top = (double)logits[v] > top ? (double)logits[v] : top;
    }
    for (size_t v = 0; v < V; v++) {
        sum += exp((double)logits[v] - top);
    }
    return top + log(sum) - (double)logits[target];
}

static void test_logits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct model k;
        struct lm_ws *ws = NULL;
        struct errinfo e;
        begin(&k, names[i]);
        const size_t D = k.m->cfg.d_model, V = k.m->cfg.vocab;
        const struct lm_hook last = lm_behind(k.m->cfg.n_layer);
        float *want = value(&k, "logits", LEN * V), *got = numbers(LEN * V);
        float *x = numbers(LEN * D), nll[LEN];
        assert_ok(lm_ws_new(k.m, LM_WHOLE, LEN, &ws, &e), &e);
        lm_forward_to(k.m, ws, k.ids, 1, LEN, last, x);
        for (size_t t = 0; t < LEN; t++) {
            lm_logits(k.m, x + t * D, got + t * V);
        }
        check_near(&k, "logits", got, want, LEN * V);
        lm_nll_from(k.m, ws, x, 1, LEN, last, k.ids, k.ids, nll);
        for (size_t t = 0; t + 1 < LEN; t++) {
            assert_true(fabs((double)nll[t] - loss_of(want + t * V, V, k.ids[t + 1])) <
                        1e-4);
        }
        assert_true(isnan(nll[LEN - 1]));
        lm_ws_free(ws);
        mem_free(x);
        mem_free(want);
        mem_free(got);
        end(&k);
    }
}

/* An edit: half of the activations at the hook, plus a tenth. */
static void change(size_t n, float *x)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = 0.5f * x[i] + 0.1f;
    }
}

static void apply_change(void *ctx, size_t row, size_t at, size_t n, size_t width,
                         float *x)
{
    (void)ctx;
    (void)row;
    (void)at;
    change(n * width, x);
}

/* By what stood at the hook before, and by an edit on the way. */
static void check_splice(const struct model *k, struct lm_ws *ws, struct lm_hook h)
{
    char name[64], full[80];
    const size_t n = LEN * lm_hook_width(&k->m->cfg, h), D = k->m->cfg.d_model;
    const struct lm_edit edit = {.hook = h, .apply = apply_change};
    const struct lm_pass p = {
        .ids = k->ids, .B = 1, .T = LEN, .edit = &edit, .edits = 1};
    float *x = numbers(n), *resid = numbers(LEN * D), nll[LEN];
    lm_hook_name(h, name);
    (void)snprintf(full, sizeof full, "splice.%s", name);
    float *want = value(k, full, LEN - 1);
    lm_forward_to(k->m, ws, k->ids, 1, LEN, h, x);
    change(n, x);
    lm_nll_from(k->m, ws, x, 1, LEN, h, k->ids, k->ids, nll);
    check_near(k, full, nll, want, LEN - 1);
    lm_run(k->m, ws, &p, resid);
    lm_nll_from(k->m, ws, resid, 1, LEN, lm_behind(k->m->cfg.n_layer), k->ids, k->ids,
                nll);
    check_near(k, full, nll, want, LEN - 1);
    mem_free(x);
    mem_free(resid);
    mem_free(want);
}

static void test_splices(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct model k;
        struct lm_ws *ws = NULL;
        struct errinfo e;
        begin(&k, names[i]);
        assert_ok(lm_ws_new(k.m, LM_WHOLE, LEN, &ws, &e), &e);
        for (enum lm_site s = 0; s < LM_SITES; s++) {
            if (exists(&k, s)) {
                check_splice(&k, ws, (struct lm_hook){1, s});
            }
        }
        lm_ws_free(ws);
        end(&k);
    }
}

/* ---- a cache ---- */

/* Pieces of a row as they may come: a prompt, single tokens, more than a block of
 * attention; with part of it taken back. */
static void test_cache(void **state)
{
    (void)state;
    static const size_t piece[] = {10, 1, 1, 3, LEN - 15};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct model k;
        struct lm_ws *ws = NULL;
        struct lm_cache *cache = NULL;
        struct errinfo e;
        begin(&k, names[i]);
        const size_t D = k.m->cfg.d_model;
        float *want = numbers(LEN * D), *got = numbers(LEN * D);
        assert_ok(lm_ws_new(k.m, LM_WHOLE, LEN, &ws, &e), &e);
        assert_ok(lm_cache_new(k.m, LEN, &cache, &e), &e);
        lm_forward_to(k.m, ws, k.ids, 1, LEN, lm_behind(k.m->cfg.n_layer), want);
        for (int round = 0; round < 2; round++) {
            for (size_t p = 0; p < sizeof piece / sizeof *piece; p++) {
                const size_t at = lm_cache_len(cache);
                const struct lm_pass pass = {
                    .ids = k.ids + at, .B = 1, .T = piece[p], .cache = cache};
                lm_run(k.m, ws, &pass, got + at * D);
            }
            assert_int_equal(lm_cache_len(cache), LEN);
            check_near(&k, "with a cache", got, want, LEN * D);
            memset(got, 0, LEN * D * sizeof *got);
            lm_cache_cut(cache, 0);
        }
        lm_cache_free(cache);
        lm_ws_free(ws);
        mem_free(want);
        mem_free(got);
        end(&k);
    }
}

/* The likeliest token that a text may go on with; every token run anew. */
static int32_t next_token(const struct model *k, struct lm_ws *ws,
                          const struct tok_ids *ids, float *x, float *logits)
{
    const struct tok *tok = k->m->tok;
    int32_t best = -1;
    lm_forward_to(k->m, ws, ids->p, 1, ids->n, lm_behind(k->m->cfg.n_layer), x);
    lm_logits(k->m, x + (ids->n - 1) * k->m->cfg.d_model, logits);
    for (size_t v = 0; v < tok_vocab(tok); v++) {
        const int32_t id = (int32_t)v;
        if ((!tok_is_special(tok, id) || id == tok_eos(tok)) &&
            (best < 0 || logits[v] > logits[best])) {
            best = id;
        }
    }
    return best;
}

/* A text by the cache, from a prompt on, is that of a model without one. */
static void test_text(void **state)
{
    (void)state;
    static const char prompt[] = "a dog and a cat";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct model k;
        struct lm_ws *ws = NULL;
        struct errinfo e;
        struct tok_ids ids = {0};
        struct str want, got;
        begin(&k, names[i]);
        const size_t most = k.m->cfg.n_ctx;
        const struct generate_config cfg = {.max_tokens = most - 16};
        float *x = numbers(most * k.m->cfg.d_model), *logits = numbers(k.m->cfg.vocab);
        str_init(&want, 4096);
        str_init(&got, 4096);
        assert_ok(lm_ws_new(k.m, LM_WHOLE, most, &ws, &e), &e);
        assert_ok(tok_ids_add(&ids, tok_bos(k.m->tok), &e), &e);
        assert_ok(tok_encode(k.m->tok, prompt, strlen(prompt), &ids, &e), &e);
        while (ids.n < most) {
            const int32_t id = next_token(&k, ws, &ids, x, logits);
            if (id == tok_eos(k.m->tok)) {
                break;
            }
            tok_piece(k.m->tok, id, &want);
            assert_ok(tok_ids_add(&ids, id, &e), &e);
        }
        assert_ok(lm_generate(k.m, prompt, &cfg, &got, &e), &e);
        assert_true(want.len > 0);
        assert_int_equal(got.len, want.len);
        assert_memory_equal(got.p, want.p, want.len);
        str_free(&want);
        str_free(&got);
        tok_ids_free(&ids);
        lm_ws_free(ws);
        mem_free(x);
        mem_free(logits);
        end(&k);
    }
}

/* ---- files ---- */

static void copy(const char *name, const char *file, const char *dir)
{
    struct errinfo e;
    char from[600], to[600], *data = NULL;
    size_t len = 0;
    (void)snprintf(from, sizeof from, "%s/%s", folder(name), file);
    (void)snprintf(to, sizeof to, "%s/%s", dir, file);
    assert_ok(file_read(from, 1u << 20, &data, &len, &e), &e);
    const struct file_piece part = {data, len};
    assert_ok(file_write(to, &part, 1, &e), &e);
    mem_free(data);
}

/* The same model in `dir`, without its weights; they in *file. */
static void copy_model(const char *name, const char *dir, struct st_file **file)
{
    struct errinfo e;
    char path[600];
    copy(name, "config.json", dir);
    copy(name, "tokenizer.json", dir);
    (void)snprintf(path, sizeof path, "%s/model.safetensors", folder(name));
    assert_ok(st_open(path, file, &e), &e);
}

/* Its tensors, `name` with other numbers, and one more (or none). */
static void write_model(const struct st_file *file, const char *dir, const char *name,
                        const float *numbers, const struct st_tensor *more)
{
    struct errinfo e;
    char path[600];
    struct st_tensor list[128];
    size_t n = 0;
    for (; n < st_count(file); n++) {
        list[n] = *st_at(file, n);
        if (name && strcmp(list[n].name, name) == 0) {
            list[n].data = numbers;
        }
    }
    if (more) {
        list[n++] = *more;
    }
    (void)snprintf(path, sizeof path, "%s/model.safetensors", dir);
    assert_ok(st_write(path, list, n, NULL, 0, &e), &e);
}

/* Weights behind the hook are not read: even a NaN there goes unnoticed. */
static void test_behind_the_hook(void **state)
{
    (void)state;
    static const char name[] = "model.layers.2.mlp.up_proj.weight";
    struct errinfo e;
    struct model k;
    struct st_file *file = NULL;
    struct lm *m = NULL;
    struct lm_ws *ws = NULL;
    char dir[256];
    begin(&k, "llama");
    tmp_make(dir, sizeof dir);
    copy_model("llama", dir, &file);
    const struct st_tensor *t = st_find(file, name);
    assert_non_null(t);
    float *broken = numbers(t->bytes / sizeof(float));
    memcpy(broken, t->data, t->bytes);
    broken[t->shape[1] + 5] = NAN;
    write_model(file, dir, name, broken, NULL);
    assert_ok(lm_load(dir, &m, &e), &e);
    assert_ok(lm_ws_new(m, 2, LEN, &ws, &e), &e);
    const size_t n = LEN * m->cfg.d_model;
    float *got = numbers(n), *want = value(&k, "blocks.1.hook_resid_post", n);
    lm_forward_to(m, ws, k.ids, 1, LEN, lm_behind(2), got);
    check_near(&k, "blocks.1.hook_resid_post", got, want, n);
    check_error(lm_ws_whole(m, ws, &e), ERR_FORMAT, &e,
                "model.safetensors: model.layers.2.mlp.up_proj.weight: found nan at "
                "[1, 5], expected finite numbers");
    assert_true(lm_need_bytes(m, 2) < lm_need_bytes(m, LM_WHOLE));
    lm_ws_free(ws);
    lm_free(m);
    st_close(file);
    mem_free(broken);
    mem_free(got);
    mem_free(want);
    tmp_drop(dir);
    end(&k);
}

/* Threads that ask for more and more of a model while others run it. */
struct crowd {
    struct lm *m;
    const int32_t *ids;
    const float *want[4]; /* behind 0 .. 3 blocks */
    enum err rc[12];
    bool same[12];
};

static void ask(void *ctx, size_t i, size_t worker)
{
    struct crowd *k = ctx;
    struct errinfo e;
    struct lm_ws *ws = NULL;
    float x[LEN * 64];
    const size_t blocks = i % 4, n = LEN * k->m->cfg.d_model;
    (void)worker;
    k->rc[i] = lm_ws_new(k->m, i < 6 ? blocks : LM_WHOLE, LEN, &ws, &e);
    if (k->rc[i] == OK) {
        lm_forward_to(k->m, ws, k->ids, 1, LEN, lm_behind(blocks), x);
        k->same[i] = memcmp(x, k->want[blocks], n * sizeof *x) == 0;
    }
    lm_ws_free(ws);
}

static void test_crowd(void **state)
{
    (void)state;
    struct errinfo e;
    struct model k, fresh;
    struct pool *pool = NULL;
    struct lm_ws *ws = NULL;
    begin(&k, "mistral");
    begin(&fresh, "mistral");
    struct crowd crowd = {.m = fresh.m, .ids = k.ids};
    float *want[4];
    assert_ok(lm_ws_new(k.m, LM_WHOLE, LEN, &ws, &e), &e);
    for (size_t b = 0; b < 4; b++) {
        want[b] = numbers(LEN * k.m->cfg.d_model);
        lm_forward_to(k.m, ws, k.ids, 1, LEN, lm_behind(b), want[b]);
        crowd.want[b] = want[b];
    }
    assert_ok(pool_new(3, &pool, &e), &e);
    pool_run(pool, 12, ask, &crowd);
    for (size_t i = 0; i < 12; i++) {
        assert_true(crowd.rc[i] == OK && crowd.same[i]);
    }
    pool_free(pool);
    lm_ws_free(ws);
    for (size_t b = 0; b < 4; b++) {
        mem_free(want[b]);
    }
    end(&fresh);
    end(&k);
}

/* A file with a head although the configuration ties it to the embedding: as in the
 * reference, the head is used where it differs. */
static void test_head(void **state)
{
    (void)state;
    struct errinfo e;
    struct st_file *file = NULL;
    struct lm *m = NULL, *again = NULL;
    char dir[256];
    tmp_make(dir, sizeof dir);
    copy_model("qwen2", dir, &file);
    struct st_tensor head = *st_find(file, "model.embed_tokens.weight");
    float *own = numbers(head.bytes / sizeof(float));
    head.name = "lm_head.weight";
    write_model(file, dir, NULL, NULL, &head);
    assert_ok(lm_load(dir, &m, &e), &e);
    assert_false(m->cfg.own_head);
    memcpy(own, head.data, head.bytes);
    own[7] += 1.0f; /* of token 0 */
    head.data = own;
    write_model(file, dir, NULL, NULL, &head);
    assert_ok(lm_load(dir, &again, &e), &e);
    assert_true(again->cfg.own_head && again->hash != m->hash);
    const size_t D = m->cfg.d_model, V = m->cfg.vocab;
    float *a = numbers(V), *b = numbers(V), *x = numbers(D);
    x[7] = 3.0f;
    assert_ok(lm_unembed(m, lm_behind(1), x, a, &e), &e);
    assert_ok(lm_unembed(again, lm_behind(1), x, b, &e), &e);
    assert_true(fabsf(b[0] - a[0] - 3.0f) < 1e-5f);
    assert_memory_equal(a + 1, b + 1, (V - 1) * sizeof *a);
    /* It was read to be compared; its products are taken as asked for later. */
    lm_set_kind(again, LINEAR_BF16);
    assert_int_equal(lm_head_of(again).kind, LINEAR_BF16);
    assert_ok(lm_unembed(again, lm_behind(1), x, a, &e), &e);
    assert_memory_not_equal(a, b, V * sizeof *a);
    /* A tensor too many. */
    head.name = "model.layers.1.self_attn.rotary.weight";
    write_model(file, dir, NULL, NULL, &head);
    lm_free(again);
    again = NULL;
    check_error(lm_load(dir, &again, &e), ERR_FORMAT, &e,
                "tensor model.layers.1.self_attn.rotary.weight has no place in a qwen2 "
                "of 3 blocks");
    /* One that has not been merged in. */
    head.name = "model.layers.1.self_attn.q_proj.lora_A.weight";
    write_model(file, dir, NULL, NULL, &head);
    check_error(
        lm_load(dir, &again, &e), ERR_FORMAT, &e,
        "lora_A.weight has no place in a qwen2 of 3 blocks, as config.json says "
        "it is: an adapter, to be merged into the model first");
    assert_null(again);
    mem_free(a);
    mem_free(b);
    mem_free(x);
    mem_free(own);
    lm_free(m);
    st_close(file);
    tmp_drop(dir);
}

/* ---- families ---- */

static bool is_listed(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* "To add a model family" in core/README.md: none is without its model here, and the
 * page of commands names all. */
static void test_every_family(void **state)
{
    (void)state;
    struct errinfo e;
    char path[512], *page = NULL;
    (void)snprintf(path, sizeof path, "%s/src/README.md", getenv("SAETOP_SOURCE"));
    assert_ok(file_read_text(path, 1u << 20, &page, &e), &e);
    for (size_t i = 0; lm_family_at(i); i++) {
        char quoted[64];
        (void)snprintf(quoted, sizeof quoted, "`%s`", lm_family_at(i)->name);
        if (!is_listed(lm_family_at(i)->name) || !strstr(page, quoted)) {
            fail_msg("%s: no fixture, or not in src/README.md", lm_family_at(i)->name);
        }
    }
    mem_free(page);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hooks),        cmocka_unit_test(test_logits),
        cmocka_unit_test(test_splices),      cmocka_unit_test(test_cache),
        cmocka_unit_test(test_text),         cmocka_unit_test(test_behind_the_hook),
        cmocka_unit_test(test_crowd),        cmocka_unit_test(test_head),
        cmocka_unit_test(test_every_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
