/* How weights are held does not change what comes out: packed or in the type of their
 * file, read or mapped, in every family, from directories and GGUF files, in float and
 * in bfloat16. And what becomes of a mapped file that changes. */
#include "base/file.h"
#include "base/half.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "lm/lm_store.h"
#include "unit/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

enum { ROWS = 3, LEN = 11, N = ROWS * LEN };

static struct lm *load_as(const char *path, bool packed, bool mapped,
                          enum linear_kind kind)
{
    struct errinfo e;
    struct lm *m = NULL;
    assert_ok(lm_load(path, &m, &e), &e);
    lm_set_kind(m, kind);
    lm_store_pack(m, packed);
    lm_store_map_above(m, mapped ? 0 : SIZE_MAX);
    return m;
}

static struct lm *load(const char *path, bool packed, enum linear_kind kind)
{
    return load_as(path, packed, false, kind);
}

/* Results of a model on some rows: the residual stream behind all blocks, losses with
 * other activations at an inner hook, logits, and a lens. */
struct result {
    size_t n;
    float *x; /* [n] of all of them */
};

static struct result run(const struct lm *m, size_t together)
{
    const struct lm_config *c = &m->cfg;
    const size_t D = c->d_model, V = c->vocab, F = c->d_ff;
    const struct lm_hook inner = {c->n_layer - 1, LM_MLP_POST};
    struct result r = {.n = N * D + N + 2 * V};
    struct lm_ws *ws = NULL;
    struct errinfo e;
    int32_t ids[N];
    float *post = mem_alloc(N * F, sizeof *post);
    r.x = mem_alloc(r.n, sizeof *r.x);
    assert_true(post && r.x);
    for (size_t i = 0; i < N; i++) {
        ids[i] = (int32_t)(7 * i * i % V);
    }
    assert_ok(lm_ws_new(m, LM_WHOLE, LEN, &ws, &e), &e);
    float *nll = r.x + N * D, *logits = nll + N;
    for (size_t row = 0; row < ROWS; row += together) {
        const size_t at = row * LEN;
        lm_forward_to(m, ws, ids + at, together, LEN, lm_behind(c->n_layer),
                      r.x + at * D);
        lm_forward_to(m, ws, ids + at, together, LEN, inner, post);
        for (size_t i = 0; i < together * LEN * F; i++) {
            post[i] *= 0.5f;
        }
        lm_nll_from(m, ws, post, together, LEN, inner, ids + at, ids + at, nll + at);
    }
    for (size_t i = LEN - 1; i < N; i += LEN) {
        assert_true(isnan(nll[i]));
        nll[i] = 0;
    }
    lm_logits(m, r.x + (N - 1) * D, logits);
    assert_ok(lm_lens(m, inner, r.x, logits + V, &e), &e);
    lm_ws_free(ws);
    mem_free(post);
    return r;
}

static void check_same(const char *path, const struct result *a, const struct result *b)
{
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        if (memcmp(a->x + i, b->x + i, sizeof *a->x) != 0) {
            fail_msg("%s: number %zu: found %a, expected %a", path, i, (double)b->x[i],
                     (double)a->x[i]);
        }
    }
}

static double distance(const struct result *a, const struct result *b)
{
    double sum = 0, size = 0;
    for (size_t i = 0; i < a->n; i++) {
        const double d = (double)a->x[i] - (double)b->x[i];
        sum += d * d;
        size += (double)a->x[i] * (double)a->x[i];
    }
    return sqrt(sum / size);
}

/* Bytes of the matrices of `m` that its files have in the order in which they are used:
 * all where nothing is put into another order. */
static void check_mapped(const char *path, const struct lm *m, bool packed, bool mapped)
{
    const size_t have = lm_store_mapped(m), all = lm_need_bytes(m, LM_WHOLE);
    const char *family = m->cfg.family->name;
    char bin[512];
    (void)snprintf(bin, sizeof bin, "%s/pytorch_model.bin", path);
    const bool torch = file_is_dir(path) && file_exists(bin);
    const bool reordered =
        strcmp(family, "gpt_neox") == 0 || strcmp(family, "llama") == 0;
    if (!mapped || torch) {
        assert_int_equal(have, 0);
    } else if (packed || reordered) { /* embeddings at least */
        assert_true(have >= m->cfg.vocab * m->cfg.d_model / 2);
    } else if (have < all * 8 / 10) { /* all but vectors */
        fail_msg("%s: %zu bytes mapped of %zu", path, have, all);
    }
}

/* All ways of holding it, of one kind of product; the result: caller frees. */
static struct result check_kind(const char *path, enum linear_kind kind)
{
    struct lm *m = load(path, false, kind);
    const struct result first = run(m, ROWS);
    const size_t in_file = lm_need_bytes(m, LM_WHOLE);
    static const struct {
        bool packed, mapped;
        size_t together;
    } ways[] = {{false, false, 1},
                {true, false, 1},
                {true, false, ROWS},
                {false, true, ROWS},
                {true, true, 1}};
    assert_int_equal(lm_store_mapped(m), 0);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct lm *other = load_as(path, ways[i].packed, ways[i].mapped, kind);
        const struct result r = run(other, ways[i].together);
        check_same(path, &first, &r);
        assert_true((lm_need_bytes(other, LM_WHOLE) != in_file) == ways[i].packed);
        check_mapped(path, other, ways[i].packed, ways[i].mapped);
        mem_free(r.x);
        lm_free(other);
    }
    lm_free(m);
    return first;
}

static void check_model(const char *path)
{
    const struct result exact = check_kind(path, LINEAR_F32);
    const struct result rounded = check_kind(path, LINEAR_BF16);
    const double d = distance(&exact, &rounded);
    if (!(d > 1e-5 && d < 0.03)) { /* 2^-9 a factor, and what becomes of it */
        fail_msg("%s: in bfloat16 %g from what it is in float", path, d);
    }
    mem_free(exact.x);
    mem_free(rounded.x);
}

/* Models in a folder of fixtures. */
static size_t check_folder(const char *folder, const char *end)
{
    char path[512];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%s", getenv("SAETOP_FIXTURES"), folder);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) {
        if (f->d_name[0] == '.' || !path_has_suffix(f->d_name, end) ||
            strcmp(f->d_name, "blocks.gguf") == 0) {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s/%.100s", getenv("SAETOP_FIXTURES"), folder,
                 f->d_name);
        check_model(path);
        n++;
    }
    closedir(d);
    return n;
}

static void directories(void **state)
{
    (void)state;
    assert_true(check_folder("models", "") >= 12);
}

static void gguf_files(void **state)
{
    (void)state;
    assert_true(check_folder("gguf", ".gguf") >= 8);
}

/* ---- files of halves ---- */

/* x [n] as halves in `type`, and the numbers that they stand for. */
static void halve(enum st_dtype type, size_t n, float *x, uint16_t *half)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        if (type == ST_F16) {
            half[i] = half_of_float(x[i]);
            x[i] = half_to_float(half[i]);
            continue;
        }
        memcpy(&bits, x + i, sizeof bits);
        half[i] = (uint16_t)(bits >> 16);
        bits &= 0xFFFF0000u;
        memcpy(x + i, &bits, sizeof bits);
    }
}

#define TENSORS 64

/* The model of `from` in halves in `dir`, and of the same numbers in floats in
 * `plain`. */
static void write_halves(const char *from, enum st_dtype type, const char *dir,
                         const char *plain)
{
    static const char *const others[] = {"config.json", "tokenizer.json"};
    struct errinfo e;
    struct st_file *f = NULL;
    struct st_tensor t[2][TENSORS];
    char path[512];
    snprintf(path, sizeof path, "%s/model.safetensors", from);
    assert_ok(st_open(path, &f, &e), &e);
    const size_t n = st_count(f);
    assert_in_range(n, 1, TENSORS);
    for (size_t i = 0; i < n; i++) {
        t[0][i] = t[1][i] = *st_at(f, i);
        const size_t count = t[0][i].bytes / sizeof(float);
        float *x = mem_alloc(count, sizeof *x);
        uint16_t *half = mem_alloc(count, sizeof *half);
        assert_true(x && half);
        memcpy(x, t[0][i].data, t[0][i].bytes);
        halve(type, count, x, half);
        t[0][i].data = x;
        t[1][i].data = half;
        t[1][i].dtype = type;
        t[1][i].bytes = count * sizeof *half;
    }
    for (size_t k = 0; k < 2; k++) {
        const char *to = k == 0 ? plain : dir;
        snprintf(path, sizeof path, "%s/model.safetensors", to);
        assert_ok(st_write(path, t[k], n, NULL, 0, &e), &e);
        for (size_t i = 0; i < 2; i++) {
            char *text = NULL;
            size_t len = 0;
            snprintf(path, sizeof path, "%s/%s", from, others[i]);
            assert_ok(file_read(path, 1u << 20, &text, &len, &e), &e);
            snprintf(path, sizeof path, "%s/%s", to, others[i]);
            assert_ok(file_write_text(path, text, &e), &e);
            mem_free(text);
        }
        for (size_t i = 0; i < n; i++) {
            mem_free((void *)(uintptr_t)t[k][i].data);
        }
    }
    st_close(f);
}

/* A model in halves is that of the numbers that they stand for, and takes half. */
static void halves_are_what_they_stand_for(void **state)
{
    (void)state;
    static const char *const names[] = {"gpt2", "gpt_neox", "qwen2", "gemma2"};
    for (size_t i = 0; i < 8; i++) {
        char dir[256], plain[256], from[512];
        tmp_make_in_memory(dir, sizeof dir);
        tmp_make_in_memory(plain, sizeof plain);
        snprintf(from, sizeof from, "%s/models/%s", getenv("SAETOP_FIXTURES"),
                 names[i / 2]);
        write_halves(from, i % 2 ? ST_F16 : ST_BF16, dir, plain);
        for (int kind = 0; kind < 2; kind++) {
            const struct result a = check_kind(dir, (enum linear_kind)kind);
            const struct result b = check_kind(plain, (enum linear_kind)kind);
            check_same(dir, &b, &a);
            mem_free(a.x);
            mem_free(b.x);
        }
        struct lm *m = load(dir, false, LINEAR_F32),
                  *p = load(plain, false, LINEAR_F32);
        assert_true(lm_need_bytes(m, 1) * 10 < lm_need_bytes(p, 1) * 6);
        lm_free(m);
        lm_free(p);
        tmp_drop(dir);
        tmp_drop(plain);
    }
}

/* ---- files that change ---- */

/* The files of a fixture in a folder of its own; the path of its weights. */
static void copy_model(const char *name, const char *dir, char weights[512])
{
    static const char *const files[] = {"config.json", "tokenizer.json",
                                        "model.safetensors"};
    for (size_t i = 0; i < 3; i++) {
        char from[512];
        struct errinfo e;
        char *data = NULL;
        size_t len = 0;
        (void)snprintf(from, sizeof from, "%s/models/%s/%s", getenv("SAETOP_FIXTURES"),
                       name, files[i]);
        assert_ok(file_read(from, 4u << 20, &data, &len, &e), &e);
        (void)snprintf(weights, 512, "%s/%s", dir, files[i]);
        assert_ok(file_write(weights, &(struct file_piece){data, len}, 1, &e), &e);
        mem_free(data);
    }
}

/* Bytes into a file in place; from its end on where `at` is negative. */
static void write_at(const char *path, long at, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Its time of writing to the past, which a file that is written over in the same tick
 * of the clock would keep. */
static void make_old(const char *path)
{
    const struct timespec then[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
}

static void changes_are_noticed(void **state)
{
    (void)state;
    for (int renamed = 0; renamed < 2; renamed++) {
        struct errinfo e;
        char dir[256], weights[512], other[600];
        tmp_make_in_memory(dir, sizeof dir);
        copy_model("gpt2", dir, weights);
        make_old(weights);
        struct lm *m = load_as(dir, false, true, LINEAR_F32);
        assert_ok(lm_need(m, 1, &e), &e);
        assert_ok(lm_need(m, 1, &e), &e);
        assert_true(lm_store_mapped(m) > 0);
        if (renamed) { /* what is mapped stays; what is not there yet would not fit */
            char *data = NULL;
            size_t len = 0;
            assert_ok(file_read(weights, 4u << 20, &data, &len, &e), &e);
            (void)snprintf(other, sizeof other, "%s.new", weights);
            assert_ok(file_write(other, &(struct file_piece){data, len}, 1, &e), &e);
            assert_int_equal(rename(other, weights), 0);
            mem_free(data);
            assert_ok(lm_need(m, 1, &e), &e);
        } else {
            write_at(weights, -1, "", 1);
        }
        check_error(lm_need(m, 2, &e), ERR_IO, &e,
                    "model.safetensors: was changed or replaced while it was in use");
        lm_free(m);
        tmp_drop(dir);
    }
}

/* The same line, with its place, as of one that is read. */
static void infinities_are_found(void **state)
{
    (void)state;
    static const uint8_t inf[4] = {0, 0, 0x80, 0x7F};
    char dir[256], weights[512];
    struct st_file *f = NULL;
    struct errinfo e;
    tmp_make_in_memory(dir, sizeof dir);
    copy_model("qwen2", dir, weights);
    assert_ok(st_open(weights, &f, &e), &e);
    const struct st_tensor *t = st_find(f, "model.layers.0.mlp.up_proj.weight");
    size_t at = 8;
    assert_non_null(t);
    for (size_t i = 0; i < st_count(f); i++) { /* they fill the end of the file */
        at = st_at(f, i)->data < t->data ? at + st_at(f, i)->bytes : at;
    }
    uint8_t head[8];
    FILE *in = fopen(weights, "rb");
    assert_non_null(in);
    assert_int_equal(fread(head, 1, sizeof head, in), sizeof head);
    fclose(in);
    at += (size_t)head[0] + ((size_t)head[1] << 8) + ((size_t)head[2] << 16);
    const size_t cols = t->shape[1];
    assert_int_equal(t->dtype, ST_F32);
    write_at(weights, (long)(at + (cols + 2) * sizeof(float)), inf, sizeof inf);
    st_close(f);
    for (int mapped = 0; mapped < 2; mapped++) {
        struct lm *m = load_as(dir, false, mapped, LINEAR_F32);
        check_error(lm_need(m, 1, &e), ERR_FORMAT, &e,
                    "model.layers.0.mlp.up_proj.weight: found inf at [1, 2]");
        lm_free(m);
    }
    tmp_drop(dir);
}

static void keep_bytes(void *user, size_t bytes)
{
    *(size_t *)user = bytes;
}

/* Who wants to know is told how much is ready: of what was needed all, and no more. */
static void told_what_is_ready(void **state)
{
    (void)state;
    static const char *const names[] = {"llama", "gpt2", "gemma3"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[512];
        struct errinfo e;
        size_t ready = 0;
        (void)snprintf(path, sizeof path, "%s/models/%s", getenv("SAETOP_FIXTURES"),
                       names[i]);
        struct lm *m = load(path, false, LINEAR_F32);
        lm_on_ready(m, keep_bytes, &ready);
        assert_ok(lm_need(m, 1, &e), &e);
        assert_int_equal(ready, lm_need_bytes(m, 1));
        assert_ok(lm_need(m, LM_WHOLE, &e), &e);
        assert_int_equal(ready, lm_need_bytes(m, LM_WHOLE));
        lm_on_ready(m, NULL, NULL);
        lm_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories),
        cmocka_unit_test(gguf_files),
        cmocka_unit_test(halves_are_what_they_stand_for),
        cmocka_unit_test(changes_are_noticed),
        cmocka_unit_test(infinities_are_found),
        cmocka_unit_test(told_what_is_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
