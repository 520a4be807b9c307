/* Fitted probes in files: the same ones come back, and nothing else does. */
#include "base/mem.h"
#include "eval/evalset_priv.h"
#include "eval/probe_cache.h"
#include "eval/sentence_text.h"
#include "num/blas.h"
#include "unit/check.h"
#include "unit/eval_bench.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* Path of the only file in a folder. */
static void only_file(const char *dir, char *out, size_t cap)
{
    struct errinfo e;
    DIR *d = opendir(dir);
    size_t n = 0;
    assert_non_null(d);
    for (struct dirent *f = readdir(d); f != NULL; f = readdir(d)) {
        if (f->d_name[0] != '.') {
            assert_ok(path_join(out, cap, dir, f->d_name, &e), &e);
            n++;
        }
    }
    (void)closedir(d);
    assert_int_equal(n, 1);
}

/* A link in the place of a fit is not followed, to the very fit; a FIFO not waited for.
 */
static void test_no_file(void **state)
{
    (void)state;
    struct errinfo e;
    char dir[256], path[600], other[600];
    double fit[3] = {1, 2, 3}, back[3] = {0};
    tmp_make(dir, sizeof dir);
    for (int kind = 0; kind < 2; kind++) {
        struct probe_cache *c = NULL;
        assert_ok(probe_cache_open(dir, "model 1", &c, &e), &e);
        const struct probe_key key = probe_key_begin(c, "fit");
        probe_cache_put(c, &key, fit, sizeof fit);
        only_file(dir, path, sizeof path);
        snprintf(other, sizeof other, "%s/.other", dir);
        assert_int_equal(rename(path, other), 0);
        const int64_t size = file_size(other);
        assert_int_equal(kind == 0 ? symlink(other, path) : mkfifo(path, 0600), 0);
        assert_false(probe_cache_get(c, &key, back, sizeof back));
        assert_null(probe_cache_fault(c));
        probe_cache_put(c, &key, fit, sizeof fit);
        assert_non_null(strstr(probe_cache_fault(c), path));
        assert_int_equal(file_size(other), size);
        assert_int_equal(unlink(path), 0);
        probe_cache_close(c);
    }
    tmp_drop(dir);
}

static void test_damage(void **state)
{
    (void)state;
    struct errinfo e;
    struct probe_cache *c = NULL, *other = NULL;
    char root[256], dir[512], path[1100];
    double fit[5] = {1, 2, 3, 4, 5}, back[5] = {0};
    size_t got = 0, put = 0;
    tmp_make(root, sizeof root);
    tmp_path(dir, root, "probes");
    assert_ok(probe_cache_open(dir, "model 1", &c, &e), &e);
    struct probe_key key = probe_key_begin(c, "fit");
    probe_key_add(c, &key, "abc", 3);
    assert_false(probe_cache_get(c, &key, back, sizeof back));
    probe_cache_put(c, &key, fit, sizeof fit);
    assert_true(probe_cache_get(c, &key, back, sizeof back));
    assert_memory_equal(fit, back, sizeof fit);
    assert_false(probe_cache_get(c, &key, back, sizeof back - 8)); /* of another size */
    /* Each of these is another fit: where the parts of a key end counts too. */
    struct probe_key wrong = probe_key_begin(c, "fit");
    probe_key_add(c, &wrong, "ab", 2);
    probe_key_add(c, &wrong, "c", 1);
    assert_false(probe_cache_get(c, &wrong, back, sizeof back));
    assert_ok(probe_cache_open(dir, "model 2", &other, &e), &e);
    wrong = probe_key_begin(other, "fit");
    probe_key_add(other, &wrong, "abc", 3);
    assert_false(probe_cache_get(other, &wrong, back, sizeof back));
    /* A file of the right name and size with any byte changed, or cut, or longer. */
    only_file(dir, path, sizeof path);
    char *data = NULL;
    size_t len = 0;
    assert_ok(file_read(path, 1 << 20, &data, &len, &e), &e);
    for (size_t i = 0; i < len; i++) {
        data[i] = (char)(data[i] ^ 4);
        const struct file_piece part = {data, len};
        assert_ok(file_write(path, &part, 1, &e), &e);
        assert_false(probe_cache_get(c, &key, back, sizeof back));
        data[i] = (char)(data[i] ^ 4);
    }
    const struct file_piece cut = {data, len - 1}, longer = {data, len + 1};
    assert_ok(file_write(path, &cut, 1, &e), &e);
    assert_false(probe_cache_get(c, &key, back, sizeof back));
    assert_ok(file_write(path, &longer, 1, &e), &e);
    assert_false(probe_cache_get(c, &key, back, sizeof back));
    /* Damaged ones are replaced. */
    probe_cache_put(c, &key, fit, sizeof fit);
    assert_true(probe_cache_get(c, &key, back, sizeof back));
    probe_cache_counts(c, &got, &put);
    assert_int_equal(got, 2);
    assert_int_equal(put, 2);
    assert_null(probe_cache_fault(c));
    mem_free(data);
    probe_cache_close(other);
    probe_cache_close(c);
    assert_ok(file_remove_dir(dir, &e), &e);
    tmp_drop(root);
}

/* A folder that can't be made is no reason to stop. */
static void test_fault(void **state)
{
    (void)state;
    struct errinfo e;
    struct probe_cache *c = NULL;
    char root[256], path[512];
    double fit = 1;
    tmp_make(root, sizeof root);
    assert_ok(file_write_text(tmp_path(path, root, "file"), "x", &e), &e);
    assert_ok(probe_cache_open(path, "", &c, &e), &e);
    const struct probe_key key = probe_key_begin(c, "fit");
    probe_cache_put(c, &key, &fit, sizeof fit);
    assert_non_null(probe_cache_fault(c));
    assert_false(probe_cache_get(c, &key, &fit, sizeof fit));
    probe_cache_close(c);
    /* Without a cache nothing happens. */
    const struct probe_key none = probe_key_begin(NULL, "fit");
    probe_cache_put(NULL, &none, &fit, sizeof fit);
    assert_false(probe_cache_get(NULL, &none, &fit, sizeof fit));
    assert_null(probe_cache_fault(NULL));
    tmp_drop(root);
}

/* An evaluation set and sentence tasks by kept probes have the same bytes. */
static void test_sets(void **state)
{
    (void)state;
    static const char csv[] = "task,text,label,split\n"
                              "pets, dog cat,1,train\npets, plum pear,0,train\n"
                              "pets, cat,1,test\npets, pear,0,test\n"
                              "pets, cat,1,ood\npets, pear,0,ood\n"
                              "pets, cat dog,1,ood\npets, van,0,ood\n";
    struct errinfo e;
    struct eval_bench b;
    struct eval_set *set[2] = {NULL, NULL};
    struct sentence_texts texts[2];
    const struct probe_ks ks = {.n = 2, .k = {1, 2}};
    char dir[512], path[512];
    eval_bench_init(&b, NULL);
    tmp_path(dir, b.dir, "probes");
    assert_ok(file_write_text(tmp_path(path, b.dir, "tasks.csv"), csv, &e), &e);
    for (size_t i = 0; i < 2; i++) {
        struct eval_config cfg = b.set->cfg;
        size_t got = 0, put = 0;
        assert_ok(probe_cache_open(dir, "tiny", &cfg.cache, &e), &e);
        assert_ok(eval_set_new(&cfg, b.h, b.id, b.ood, b.c, b.m->tok, NULL, NULL,
                               &set[i], &e),
                  &e);
        sentence_texts_init(&texts[i], b.m, lm_behind(1), CONTEXT);
        assert_ok(sentence_texts_add(&texts[i], path, NULL, &e), &e);
        assert_ok(sentence_texts_probe(&texts[i], &ks, cfg.cache, NULL, NULL, &e), &e);
        probe_cache_counts(cfg.cache, &got, &put);
        assert_int_equal(got, i == 0 ? 0 : 2);
        assert_int_equal(put, i == 0 ? 2 : 0);
        probe_cache_close(cfg.cache);
    }
    const struct probe_bank *x = &set[0]->bank, *y = &set[1]->bank, *z = &b.set->bank;
    assert_true(x->C > 0 && x->n_units > 0);
    assert_memory_equal(x->dir, y->dir, x->C * x->D * sizeof *x->dir);
    assert_memory_equal(x->dir, z->dir, x->C * x->D * sizeof *x->dir);
    assert_memory_equal(x->f1, y->f1, x->C * sizeof *x->f1);
    assert_memory_equal(x->hits, y->hits, x->C * sizeof *x->hits);
    const struct probe_sheet *p = &texts[0].base, *q = &texts[1].base;
    assert_memory_equal(p->dims, q->dims, 2 * sizeof *p->dims);
    assert_memory_equal(p->raw, q->raw, sizeof *p->raw);
    assert_memory_equal(p->oracle, q->oracle, sizeof *p->oracle);
    for (size_t i = 0; i < 2; i++) {
        eval_set_free(set[i]);
        sentence_texts_deinit(&texts[i]);
    }
    assert_ok(file_remove_dir(dir, &e), &e);
    eval_bench_deinit(&b);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_fault),
        cmocka_unit_test(test_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
