/* The activation cache: whole blocks come back, damaged and foreign ones never do, and
 * a run is the same with it as without. */
#include "acts/cache.h"
#include "base/elem.h"
#include "base/half.h"
#include "base/mem.h"
#include "num/blas.h"
#include "run/engine.h"
#include "unit/sample_settings.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define N 6
#define D 5

struct block {
    int32_t ids[N];
    float x[N * D];
};

static struct block block(int seed)
{
    struct block b;
    for (int i = 0; i < N; i++) {
        b.ids[i] = seed * 100 + i;
    }
    for (int i = 0; i < N * D; i++) {
        b.x[i] = (float)(seed + i) * 0.37f - 3.0f;
    }
    return b;
}

static struct acts_cache *open_cache(const char *dir, const char *what)
{
    struct errinfo e;
    struct acts_cache *c = NULL;
    assert_ok(acts_cache_open(dir, what, N, D, CACHE_FP32, &c, &e), &e);
    return c;
}

/* The one file in dir. */
static void only_file(const char *dir, char out[512])
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    out[0] = '\0';
    for (const struct dirent *f = readdir(d); f; f = readdir(d)) {
        if (f->d_name[0] != '.') {
            assert_string_equal(out, "");
            tmp_path(out, dir, f->d_name);
        }
    }
    closedir(d);
}

static bool get(struct acts_cache *c, uint64_t number, const struct block *want)
{
    float x[N * D] = {0};
    const bool there = acts_cache_get(c, number, want->ids, x);
    if (there) {
        assert_memory_equal(x, want->x, sizeof x);
    }
    return there;
}

static void blocks_come_back(void **state)
{
    (void)state;
    char dir[256], path[512];
    tmp_make(dir, sizeof dir);
    struct acts_cache *c = open_cache(dir, "a");
    struct block b[4];
    for (int i = 0; i < 4; i++) {
        b[i] = block(i);
        assert_false(get(c, (uint64_t)i + 1, &b[i]));
    }
    acts_cache_put(c, 2, b[1].ids, b[1].x); /* in any order, with holes */
    acts_cache_put(c, 1, b[0].ids, b[0].x);
    acts_cache_put(c, 4, b[3].ids, b[3].x);
    assert_true(get(c, 1, &b[0]) && get(c, 2, &b[1]) && get(c, 4, &b[3]));
    assert_false(get(c, 3, &b[2]));
    assert_false(get(c, 0, &b[0]));
    assert_false(get(c, UINT64_MAX, &b[0]));
    assert_false(get(c, 1, &b[1])); /* other ids */
    acts_cache_put(c, 1, b[1].ids, b[1].x);
    assert_true(get(c, 1, &b[0])); /* which do not replace what is whole */

    /* A second one reads and does not write. */
    struct acts_cache *reader = open_cache(dir, "a");
    acts_cache_put(reader, 3, b[2].ids, b[2].x);
    assert_true(get(reader, 4, &b[3]));
    assert_false(get(reader, 3, &b[2]));
    acts_cache_close(reader);
    acts_cache_close(c);
    c = open_cache(dir, "a");
    assert_true(get(c, 2, &b[1]));
    acts_cache_close(c);
    only_file(dir, path);
    c = open_cache(dir, "b"); /* a file of its own */
    assert_false(get(c, 2, &b[1]));
    acts_cache_close(c);
    tmp_drop(dir);
}

/* Whatever byte is wrong, and wherever the file ends: never a wrong activation. */
static void damage_is_found(void **state)
{
    (void)state;
    char dir[256], path[512];
    tmp_make(dir, sizeof dir);
    const struct block b = block(7);
    struct acts_cache *c = open_cache(dir, "a");
    float x[N * D];
    memcpy(x, b.x, sizeof x);
    acts_cache_put(c, 1, b.ids, x);
    acts_cache_close(c);
    only_file(dir, path);
    const int64_t size = file_size(path);
    const int used = 64 + N * D * (int)sizeof(float);
    for (int i = 0; i < used; i++) {
        const bool padding = i >= 32 && i < 64;
        const int fd = open(path, O_RDWR);
        unsigned char byte = 0;
        assert_int_equal(pread(fd, &byte, 1, 4096 + i), 1);
        byte ^= 0x10;
        assert_int_equal(pwrite(fd, &byte, 1, 4096 + i), 1);
        c = open_cache(dir, "a");
        assert_true(get(c, 1, &b) == padding);
        acts_cache_put(c, 1, b.ids, x); /* mended */
        assert_true(get(c, 1, &b));
        acts_cache_close(c);
        close(fd);
    }
    /* A NaN in a block whose checksum is right. */
    c = open_cache(dir, "a");
    x[N * D - 1] = NAN;
    acts_cache_put(c, 1, b.ids, x);
    assert_false(get(c, 1, &b));
    memcpy(x, b.x, sizeof x);
    acts_cache_put(c, 1, b.ids, x);
    assert_true(get(c, 1, &b));
    acts_cache_close(c);
    for (int64_t cut = 0; cut < size; cut += 509) {
        assert_int_equal(truncate(path, cut), 0);
        c = open_cache(dir, "a");
        assert_false(get(c, 1, &b));
        acts_cache_put(c, 1, b.ids, x);
        assert_true(get(c, 1, &b));
        acts_cache_close(c);
        assert_int_equal(file_size(path), size);
    }
    tmp_drop(dir);
}

static void what_is_foreign_is_refused(void **state)
{
    (void)state;
    char dir[256], path[512], other[512];
    struct errinfo e = {0};
    struct acts_cache *c = NULL;
    tmp_make(dir, sizeof dir);
    acts_cache_close(open_cache(dir, "a"));
    only_file(dir, path);
    snprintf(other, sizeof other, "%s/keep", dir);
    assert_int_equal(rename(path, other), 0);
    assert_ok(file_write_text(path, "a text of mine\n", &e), &e);
    check_error(acts_cache_open(dir, "a", N, D, CACHE_FP32, &c, &e), ERR_FORMAT, &e,
                "not a cache");
    assert_int_equal(file_size(path), 15);
    /* A cache of other text under this one's name. */
    assert_int_equal(unlink(path), 0);
    acts_cache_close(open_cache(dir, "b"));
    char command[1200];
    snprintf(command, sizeof command, "cd %s && rm keep && mv *.acts %s", dir, path);
    assert_int_equal(system(command), 0);
    check_error(acts_cache_open(dir, "a", N, D, CACHE_FP32, &c, &e), ERR_FORMAT, &e,
                "a cache of something else");
    check_error(acts_cache_open(dir, "a", SIZE_MAX / 2, D, CACHE_FP32, &c, &e),
                ERR_LIMIT, &e, "too large");
    check_error(acts_cache_open("/proc/none/here", "a", N, D, CACHE_FP32, &c, &e),
                ERR_MISSING, &e, "/proc/none");
    assert_null(c);
    tmp_drop(dir);
}

/* Links, pipes and the like that others put in the file's place are not followed,
 * waited for or written to. */
static void only_a_file_is_filled(void **state)
{
    (void)state;
    char dir[256], path[512], other[512];
    struct errinfo e = {0};
    struct acts_cache *c = NULL;
    tmp_make(dir, sizeof dir);
    acts_cache_close(open_cache(dir, "a"));
    only_file(dir, path);
    tmp_path(other, dir, ".other");
    assert_ok(file_write_text(other, "", &e), &e);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(other, path), 0);
    check_error(acts_cache_open(dir, "a", N, D, CACHE_FP32, &c, &e), ERR_FORMAT, &e,
                "found a symbolic link");
    assert_int_equal(file_size(other), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    check_error(acts_cache_open(dir, "a", N, D, CACHE_FP32, &c, &e), ERR_FORMAT, &e,
                "found a symbolic link");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    check_error(acts_cache_open(dir, "a", N, D, CACHE_FP32, &c, &e), ERR_FORMAT, &e,
                "found a FIFO");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    check_error(acts_cache_open(dir, "a", N, D, CACHE_FP32, &c, &e), ERR_FORMAT, &e,
                "found a directory");
    assert_int_equal(rmdir(path), 0);
    assert_null(c);
    tmp_drop(dir);
}

/* Another process cuts the file short while it is open: its blocks are lost and written
 * again. */
static void cut_short_while_open(void **state)
{
    (void)state;
    for (int dtype = CACHE_FP32; dtype <= CACHE_FP16; dtype++) {
        char dir[256], path[512];
        struct errinfo e = {0};
        struct acts_cache *c = NULL;
        float x[N * D];
        tmp_make(dir, sizeof dir);
        assert_ok(acts_cache_open(dir, "a", N, D, (enum cache_dtype)dtype, &c, &e), &e);
        struct block b = block(5);
        acts_cache_put(c, 1, b.ids, b.x);
        only_file(dir, path);
        for (int64_t cut = file_size(path) - 1; cut >= 0; cut -= 97) {
            assert_int_equal(truncate(path, cut), 0);
            assert_false(acts_cache_get(c, 1, b.ids, x));
            acts_cache_put(c, 1, b.ids, b.x);
            assert_true(acts_cache_get(c, 1, b.ids, x));
            assert_memory_equal(x, b.x, sizeof x);
        }
        acts_cache_close(c);
        tmp_drop(dir);
    }
}

static void a_full_disk_stops_the_writing_only(void **state)
{
    (void)state;
    char dir[256];
    tmp_make(dir, sizeof dir);
    struct block b = block(3);
    struct acts_cache *c = open_cache(dir, "a");
    acts_cache_put(c, 1, b.ids, b.x);
    struct rlimit was, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    tight = (struct rlimit){8292, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    acts_cache_put(c, 2, b.ids, b.x);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_non_null(acts_cache_fault(c));
    assert_non_null(strstr(acts_cache_fault(c), "cannot write"));
    assert_false(get(c, 2, &b));
    assert_true(get(c, 1, &b));
    acts_cache_close(c);
    tmp_drop(dir);
}

static float float_of_half(uint16_t h)
{
    float f;
    elem_to_f32(ELEM_F16, (const uint8_t *)&h, 1, &f);
    return f;
}

static void halves_round_to_nearest(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        const float f = float_of_half((uint16_t)h);
        if (isnan(f)) {
            assert_true(isnan(float_of_half(half_of_float(f))));
        } else if (isfinite(f)) {
            assert_int_equal(half_of_float(f), h);
        }
    }
    assert_int_equal(half_of_float(INFINITY), 0x7BFF); /* the largest */
    assert_int_equal(half_of_float(-1e30f), 0xFBFF);
    /* Between two neighbours: the nearer, and in the middle the even one. */
    for (uint16_t h = 0; h < 0x7BFE; h = (uint16_t)(h + 7)) {
        const float lo = float_of_half(h), hi = float_of_half((uint16_t)(h + 1));
        const float mid = 0.5f * (lo + hi);
        assert_int_equal(half_of_float(mid), h % 2 ? h + 1 : h);
        assert_int_equal(half_of_float(nextafterf(mid, 0.0f)), h);
        assert_int_equal(half_of_float(nextafterf(mid, 1e9f)), h + 1);
        assert_int_equal(half_of_float(-mid), 0x8000 | (h % 2 ? h + 1 : h));
    }
}

/* ---- runs ---- */

static struct engine *run(const struct settings *set)
{
    struct errinfo e;
    struct inputs *in = NULL;
    struct engine *g = NULL;
    assert_ok(inputs_new(set, NULL, &in, &e), &e);
    assert_ok(engine_new(in, &g, &e), &e);
    while (!engine_done(g)) {
        assert_ok(engine_step(g, &e), &e);
    }
    return g;
}

static bool same(const struct engine *a, const struct engine *b, size_t arm)
{
    const struct sae *x = a->arm[arm].arm->sae, *y = b->arm[arm].arm->sae;
    return memcmp(x->arena, y->arena, x->count * sizeof *x->arena) == 0;
}

static double model_seconds(const struct engine *g)
{
    double sum = 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        sum += source_stats(g->arm[a].arm->source).seconds_model;
    }
    return sum;
}

static void a_run_is_the_same_with_it(void **state)
{
    (void)state;
    char dir[256];
    struct settings set = sample_settings(12);
    set.twin = TWIN_UNMASKED;
    set.fill_rows = 4;
    tmp_make(dir, sizeof dir);
    struct engine *without = run(&set);
    snprintf(set.cache, sizeof set.cache, "%s", dir);
    struct engine *cold = run(&set);
    assert_true(model_seconds(cold) > 0);
    engine_free(cold); /* lets go of the file */
    struct engine *warm = run(&set);
    assert_true(model_seconds(warm) <= 0);
    for (size_t a = 0; a < 2; a++) {
        assert_true(same(without, warm, a));
    }
    engine_free(warm);

    /* A mixed run makes its activations of the same blocks. */
    set.mask_positions = POSITIONS_MIX;
    struct engine *mixed = run(&set);
    assert_true(model_seconds(mixed) <= 0);
    assert_false(same(without, mixed, 0));
    assert_true(same(without, mixed, 1)); /* the twin has nothing to mix */
    engine_free(mixed);
    set.mask_positions = POSITIONS_KEEP;

    /* Half precision: rounded from the first run on. */
    set.cache_dtype = CACHE_FP16;
    cold = run(&set);
    struct engine *reader = run(&set); /* while the first one has it */
    engine_free(reader);
    warm = run(&set);
    assert_true(model_seconds(cold) > 0);
    assert_true(same(cold, warm, 0) && same(cold, warm, 1));
    assert_false(same(cold, without, 0));
    engine_free(cold);
    engine_free(warm);

    /* Other masks, seeds and widths of rows are other activations. */
    set.cache_dtype = CACHE_FP32;
    set.seed = 2;
    cold = run(&set);
    assert_true(model_seconds(cold) > 0);
    engine_free(cold);
    engine_free(without);
    tmp_drop(dir);
}

/* One run fills the caches of further hooks, behind its own and before it, where who
 * looks changes bits too. Runs at those hooks, and at its own, then never run the model
 * for training, and are the same as without. */
static void further_hooks_are_kept(void **state)
{
    (void)state;
    static const char *const hooks[] = {"blocks.3.hook_mlp_out", "blocks.0.attn.hook_z",
                                        "blocks.0.ln2.hook_normalized",
                                        "blocks.1.hook_resid_post"};
    enum { OWN = sizeof hooks / sizeof hooks[0] - 1 };
    char dir[256];
    struct errinfo e;
    struct inputs *in = NULL;
    struct settings set = sample_settings(8);
    set.twin = TWIN_UNMASKED;
    set.fill_rows = 4;
    set.mask_positions = POSITIONS_MIX;
    tmp_make(dir, sizeof dir);
    snprintf(set.cache_hooks, sizeof set.cache_hooks, "%s, %s,%s", hooks[0], hooks[1],
             hooks[2]);
    check_error(inputs_new(&set, NULL, &in, &e), ERR_USAGE, &e,
                "cache.hooks: found hooks");
    snprintf(set.cache, sizeof set.cache, "%s", dir);
    struct engine *first = run(&set);
    assert_true(model_seconds(first) > 0);
    const size_t bytes = engine_bytes(first);
    engine_free(first);
    set.cache_hooks[0] = '\0';
    for (size_t i = 0; i <= OWN; i++) {
        snprintf(set.hook, sizeof set.hook, "%s", hooks[i]);
        struct engine *warm = run(&set);
        assert_true(model_seconds(warm) <= 0);
        if (i == OWN) { /* both arms put the others through one buffer */
            const size_t positions = 4 * (size_t)warm->in->set.context;
            assert_int_equal(bytes - engine_bytes(warm),
                             positions * OWN * inputs_width(warm->in) * sizeof(float));
        }
        set.cache[0] = '\0';
        struct engine *without = run(&set);
        assert_true(same(without, warm, 0) && same(without, warm, 1));
        engine_free(without);
        engine_free(warm);
        snprintf(set.cache, sizeof set.cache, "%s", dir);
    }
    /* Named when the run's own hook is kept already: the model runs for it once more.
     */
    static const char later[] = "blocks.2.hook_attn_out";
    snprintf(set.cache_hooks, sizeof set.cache_hooks, "%s, %s", hooks[1], later);
    struct engine *again = run(&set);
    assert_true(model_seconds(again) > 0);
    engine_free(again);
    again = run(&set);
    assert_true(model_seconds(again) <= 0);
    engine_free(again);
    set.cache_hooks[0] = '\0';
    snprintf(set.hook, sizeof set.hook, "%s", later);
    again = run(&set);
    assert_true(model_seconds(again) <= 0);
    engine_free(again);
    snprintf(set.cache_hooks, sizeof set.cache_hooks, "blocks.9.hook_mlp_out");
    check_error(inputs_new(&set, NULL, &in, &e), ERR_USAGE, &e,
                "the model's blocks are 0 to 3");
    tmp_drop(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_back),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(what_is_foreign_is_refused),
        cmocka_unit_test(only_a_file_is_filled),
        cmocka_unit_test(cut_short_while_open),
        cmocka_unit_test(a_full_disk_stops_the_writing_only),
        cmocka_unit_test(halves_round_to_nearest),
        cmocka_unit_test(a_run_is_the_same_with_it),
        cmocka_unit_test(further_hooks_are_kept),
    };
    num_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
