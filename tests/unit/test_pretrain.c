/* [threads] Pretraining: it learns, stops and resumes to the same bytes, does not
 * depend on the number of threads, and refuses what it can't continue. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/safetensors.h"
#include "lm/generate.h"
#include "lm/lm_eval.h"
#include "lm/pretrain.h"
#include "lm/pretrain_priv.h"
#include "num/blas.h"
#include "unit/check.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- a small world
 * ------------------------------------------------------------------- */

struct world {
    char dir[512]; /* the corpus; each run has a folder of its own below */
    char corpus[512];
    struct corpus *c;
    struct pretrain_text text[2]; /* the same corpus twice, so that rows are mixed */
    struct pretrain_config cfg;
};

/* Two kinds of story in which a word decides the next but one. */
static void write_corpus(const char *path)
{
    static const char *const who[] = {"dog", "cat", "hen", "fox"};
    static const char *const does[] = {"barks", "purrs", "clucks", "hides"};
    struct errinfo e;
    struct str s;
    str_init(&s, 1u << 20);
    struct rng r = rng_begin(3, RNG_DOCUMENT, 0);
    for (int doc = 0; doc < 120; doc++) {
        for (int i = 0; i < 6; i++) {
            const size_t k = rng_below(&r, 4);
            str_addf(&s, "the %s always %s. ", who[k], does[k]);
        }
        str_add(&s, "\n\n");
    }
    assert_ok(file_write_text(path, s.p, &e), &e);
    str_free(&s);
}

static int set_up(void **state)
{
    struct errinfo e;
    struct world *w = mem_alloc(1, sizeof *w);
    assert_non_null(w);
    tmp_make(w->dir, sizeof w->dir);
    (void)tmp_path(w->corpus, w->dir, "text.txt");
    write_corpus(w->corpus);
    assert_ok(corpus_open(w->corpus, 1, NULL, &w->c, &e), &e);
    w->text[0] = (struct pretrain_text){w->c, "first", 2.0};
    w->text[1] = (struct pretrain_text){w->c, "second", 1.0};
    w->cfg = pretrain_defaults();
    w->cfg.n_layer = 2;
    w->cfg.n_head = 2;
    w->cfg.d_model = 16;
    w->cfg.n_ctx = 24;
    w->cfg.vocab = 290;
    w->cfg.batch_rows = 10; /* two blocks of four and one of two */
    w->cfg.steps = 12;
    w->cfg.warmup = 3;
    w->cfg.eval_every = 4;
    w->cfg.save_every = 5;
    w->cfg.log_every = 1;
    w->cfg.eval_rows = 6;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    corpus_free(w->c);
    tmp_drop(w->dir);
    mem_free(w);
    return 0;
}

/* A folder for a run, beside the corpus's; dropped with tmp_drop. */
static void new_run(char out[512])
{
    tmp_make(out, 512);
    assert_int_equal(remove(out), 0); /* pretraining wants to make it */
}

struct watch {
    int64_t stop_at;       /* -1: never */
    int64_t keep_state_at; /* copy train_state.safetensors aside at this step */
    char *kept;
    size_t kept_len;
    int64_t cut_at; /* empty the file `cut` at this step; 0: never */
    const char *cut;
    const char *out;
    double first_loss, last_loss, nll_clean, nll_masked;
};

static bool on_step(void *user, const struct pretrain_progress *p)
{
    struct watch *w = user;
    struct errinfo e;
    if (p->step == 1) {
        w->first_loss = p->loss;
    }
    w->last_loss = p->loss;
    if (p->evaluated) {
        w->nll_clean = p->nll_clean[0];
        w->nll_masked = p->nll_masked[0];
    }
    if (w->keep_state_at > 0 && p->step == w->keep_state_at) {
        char path[512];
        assert_true(p->saved);
        assert_ok(file_read(tmp_path(path, w->out, "train_state.safetensors"), 1u << 26,
                            &w->kept, &w->kept_len, &e),
                  &e);
    }
    if (w->cut_at > 0 && p->step == w->cut_at) {
        assert_int_equal(truncate(w->cut, 0), 0);
    }
    return p->step != w->stop_at;
}

static void run_whole(const struct world *w, const char *out, size_t threads,
                      struct watch *watch)
{
    struct errinfo e;
    struct pool *pool = NULL;
    bool interrupted = true;
    if (threads > 0) {
        assert_ok(pool_new(threads, &pool, &e), &e);
    }
    assert_ok(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, pool, on_step, watch,
                           &interrupted, &e),
              &e);
    assert_false(interrupted);
    pool_free(pool);
}

/* ---- comparisons
 * --------------------------------------------------------------------- */

static void check_same_file(const char *a, const char *b, const char *name)
{
    struct errinfo e;
    char path[512];
    char *da = NULL, *db = NULL;
    size_t na = 0, nb = 0;
    assert_ok(file_read(tmp_path(path, a, name), 1u << 26, &da, &na, &e), &e);
    assert_ok(file_read(tmp_path(path, b, name), 1u << 26, &db, &nb, &e), &e);
    assert_int_equal(na, nb);
    assert_memory_equal(da, db, na);
    mem_free(da);
    mem_free(db);
}

/* All of the state but the seconds. */
static void check_same_state(const char *a, const char *b)
{
    static const char *const names[] = {"weights", "m", "v", "cursors", "counters"};
    struct errinfo e;
    char path[512];
    struct st_file *fa = NULL, *fb = NULL;
    assert_ok(st_open(tmp_path(path, a, "train_state.safetensors"), &fa, &e), &e);
    assert_ok(st_open(tmp_path(path, b, "train_state.safetensors"), &fb, &e), &e);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct st_tensor *ta = st_find(fa, names[i]);
        const struct st_tensor *tb = st_find(fb, names[i]);
        assert_non_null(ta);
        assert_non_null(tb);
        assert_int_equal(ta->bytes, tb->bytes);
        assert_memory_equal(ta->data, tb->data, ta->bytes);
    }
    st_close(fa);
    st_close(fb);
}

/* losses.csv with the column of seconds blanked. */
static char *read_log(const char *dir)
{
    struct errinfo e;
    char path[512];
    char *text = NULL;
    size_t len = 0;
    assert_ok(file_read(tmp_path(path, dir, "losses.csv"), 1u << 26, &text, &len, &e),
              &e);
    char *to = text;
    size_t column = 0;
    for (const char *from = text; *from; from++) {
        column = *from == '\n' ? 0 : column + (*from == ',' ? 1 : 0);
        if (column != 1 || *from == ',') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return text;
}

static void check_same_run(const char *a, const char *b)
{
    check_same_file(a, b, "model.safetensors");
    check_same_file(a, b, "config.json");
    check_same_file(a, b, "tokenizer.json");
    check_same_state(a, b);
    char *la = read_log(a);
    char *lb = read_log(b);
    assert_string_equal(la, lb);
    mem_free(la);
    mem_free(lb);
}

/* ---- tests
 * --------------------------------------------------------------------------- */

/* Entropy of the tokens' frequencies: what a model that ignores context can reach. */
static double unigram_entropy(const struct corpus *c, const struct tok *t)
{
    struct errinfo e;
    const size_t V = tok_vocab(t);
    uint64_t *counts = mem_alloc(V, sizeof *counts);
    assert_non_null(counts);
    assert_ok(pack_unigram(c, CORPUS_TRAIN, t, 1000000, counts, &e), &e);
    double total = 0, sum = 0;
    for (size_t i = 0; i < V; i++) {
        total += (double)counts[i];
    }
    for (size_t i = 0; i < V; i++) {
        const double p = (double)counts[i] / total;
        sum -= counts[i] > 0 ? p * log(p) : 0;
    }
    mem_free(counts);
    return sum;
}

static void test_learns_and_generates(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char out[512];
    new_run(out);
    w->cfg.d_model = 32;
    w->cfg.steps = 400;
    w->cfg.warmup = 10;
    w->cfg.lr = 1e-2;
    w->cfg.eval_every = 0;
    w->cfg.save_every = 0;
    struct watch watch = {.stop_at = -1};
    run_whole(w, out, 2, &watch);
    struct lm *m = NULL;
    assert_ok(lm_load(out, &m, &e), &e);
    /* The first loss is near log V; the last held-out ones are far below what the
     * frequencies alone give. */
    assert_true(fabs(watch.first_loss - log((double)tok_vocab(m->tok))) < 0.3);
    const double unigram = unigram_entropy(w->c, m->tok);
    assert_true(watch.nll_clean < 0.6 * unigram);
    assert_true(watch.nll_clean < watch.nll_masked);
    assert_true(watch.nll_masked < unigram);

    double nll[2] = {0, 0};
    struct pool *pool = NULL;
    assert_ok(pool_new(3, &pool, &e), &e);
    assert_ok(lm_evaluate(m, w->c, 9, 0.3, 1, NULL, &nll[0], NULL, &e), &e);
    assert_ok(lm_evaluate(m, w->c, 9, 0.3, 1, pool, &nll[1], NULL, &e), &e);
    assert_memory_equal(&nll[0], &nll[1], sizeof nll[0]);
    pool_free(pool);

    struct str text[3];
    for (size_t i = 0; i < 3; i++) {
        const struct generate_config g = {
            .max_tokens = 40, .temperature = 1.5, .seed = i == 2 ? 9 : 4};
        str_init(&text[i], 1u << 16);
        assert_ok(lm_generate(m, "the dog", &g, &text[i], &e), &e);
        assert_null(strstr(text[i].p, "<|"));
    }
    assert_string_equal(text[0].p, text[1].p);
    assert_string_not_equal(text[0].p, text[2].p);
    /* The likeliest continuation is the one rule of this world. */
    const struct generate_config best = {.max_tokens = 12, .temperature = 0};
    str_clear(&text[0]);
    assert_ok(lm_generate(m, "the dog always", &best, &text[0], &e), &e);
    assert_true(strncmp(text[0].p, " barks.", 7) == 0);
    /* top_k 1 is the likeliest too, and more text than the context holds is fine. */
    const struct generate_config one = {.max_tokens = 60, .temperature = 1, .top_k = 1};
    str_clear(&text[1]);
    assert_ok(lm_generate(m, "the dog always", &one, &text[1], &e), &e);
    assert_true(strncmp(text[1].p, text[0].p, text[0].len) == 0);
    for (size_t i = 0; i < 3; i++) {
        str_free(&text[i]);
    }
    lm_free(m);
    tmp_drop(out);
}

static void test_threads_do_not_matter(void **state)
{
    struct world *w = *state;
    char one[512], many[512], none[512];
    struct watch watch = {.stop_at = -1};
    new_run(one);
    run_whole(w, one, 1, &watch);
    new_run(many);
    run_whole(w, many, 3, &watch);
    new_run(none);
    run_whole(w, none, 0, &watch);
    check_same_run(one, many);
    check_same_run(one, none);
    tmp_drop(one);
    tmp_drop(many);
    tmp_drop(none);
}

static void test_stop_and_resume(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char whole[512];
    struct watch watch = {.stop_at = -1};
    new_run(whole);
    run_whole(w, whole, 2, &watch);
    /* Steps with and without a save or an evaluation of their own, the first, the last.
     */
    static const int64_t stops[] = {0, 1, 5, 7, 8, 12};
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        char out[512];
        bool interrupted = false;
        new_run(out);
        watch = (struct watch){.stop_at = stops[i]};
        assert_ok(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL, on_step,
                               &watch, &interrupted, &e),
                  &e);
        assert_int_equal(interrupted, stops[i] < w->cfg.steps);
        watch.stop_at = -1;
        assert_ok(pretrain_run(&w->cfg, w->text, 2, NULL, out, true, NULL, on_step,
                               &watch, &interrupted, &e),
                  &e);
        assert_false(interrupted);
        check_same_run(whole, out);
        tmp_drop(out);
    }
    tmp_drop(whole);
}

/* A process that was killed leaves an old state beside newer files. */
static void test_resume_from_an_older_state(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char whole[512], out[512], path[512];
    struct watch watch = {.stop_at = -1};
    new_run(whole);
    run_whole(w, whole, 1, &watch);
    new_run(out);
    watch = (struct watch){.stop_at = 9, .keep_state_at = 5, .out = out};
    assert_ok(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL, on_step, &watch,
                           NULL, &e),
              &e);
    const struct file_piece part = {watch.kept, watch.kept_len};
    assert_ok(file_write(tmp_path(path, out, "train_state.safetensors"), &part, 1, &e),
              &e);
    mem_free(watch.kept);
    watch = (struct watch){.stop_at = -1};
    assert_ok(pretrain_run(&w->cfg, w->text, 2, NULL, out, true, NULL, on_step, &watch,
                           NULL, &e),
              &e);
    check_same_run(whole, out);
    tmp_drop(whole);
    tmp_drop(out);
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char out[512], path[512];
    struct watch watch = {.stop_at = 3};
    new_run(out);
    check_error(pretrain_run(&w->cfg, w->text, 2, NULL, out, true, NULL, on_step,
                             &watch, NULL, &e),
                ERR_MISSING, &e, "nothing to resume");
    assert_ok(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL, on_step, &watch,
                           NULL, &e),
              &e);
    check_error(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL, on_step,
                             &watch, NULL, &e),
                ERR_EXISTS, &e, "exists already");
    struct pretrain_config other = w->cfg;
    other.lr *= 2;
    check_error(pretrain_run(&other, w->text, 2, NULL, out, true, NULL, on_step, &watch,
                             NULL, &e),
                ERR_USAGE, &e, "lr: found");
    other = w->cfg;
    other.n_head = 3;
    check_error(pretrain_run(&other, w->text, 2, NULL, out, true, NULL, on_step, &watch,
                             NULL, &e),
                ERR_USAGE, &e, "n_head");
    check_error(pretrain_run(&w->cfg, w->text, 1, NULL, out, true, NULL, on_step,
                             &watch, NULL, &e),
                ERR_USAGE, &e, "text.1");
    w->text[1].weight = 7;
    check_error(pretrain_run(&w->cfg, w->text, 2, NULL, out, true, NULL, on_step,
                             &watch, NULL, &e),
                ERR_USAGE, &e, "text.1");
    w->text[1].weight = 1;
    /* A truncated state. */
    char *data = NULL;
    size_t len = 0;
    (void)tmp_path(path, out, "train_state.safetensors");
    assert_ok(file_read(path, 1u << 26, &data, &len, &e), &e);
    const struct file_piece part = {data, len / 2};
    assert_ok(file_write(path, &part, 1, &e), &e);
    mem_free(data);
    check_error(pretrain_run(&w->cfg, w->text, 2, NULL, out, true, NULL, on_step,
                             &watch, NULL, &e),
                ERR_FORMAT, &e, "train_state.safetensors");
    tmp_drop(out);
}

/* ---- what comes in between ---- */

/* A text that is cut short meanwhile ends the run in a line; what was done is saved,
 * and with the text back a resume gives the same bytes. */
static void test_text_cut_short(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char whole[512], out[512];
    char *text = NULL;
    size_t len = 0;
    struct watch watch = {.stop_at = -1};
    new_run(whole);
    run_whole(w, whole, 1, &watch);
    new_run(out);
    assert_ok(file_read(w->corpus, 1u << 26, &text, &len, &e), &e);
    watch = (struct watch){.stop_at = -1, .cut_at = 6, .cut = w->corpus};
    check_error(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL, on_step,
                             &watch, NULL, &e),
                ERR_IO, &e, "is saved at step 6");
    assert_non_null(strstr(e.msg, "text.txt: found 0 bytes"));
    FILE *f = fopen(w->corpus, "r+b"); /* in place: the corpus is open */
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    watch = (struct watch){.stop_at = -1};
    assert_ok(pretrain_run(&w->cfg, w->text, 2, NULL, out, true, NULL, on_step, &watch,
                           NULL, &e),
              &e);
    check_same_run(whole, out);
    mem_free(text);
    tmp_drop(whole);
    tmp_drop(out);
}

/* A run on a disk that takes files of `bytes`. */
static enum err run_on_small_disk(const struct world *w, const char *out, rlim_t bytes,
                                  struct errinfo *e)
{
    struct rlimit was, tight;
    struct watch watch = {.stop_at = -1};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    tight = (struct rlimit){bytes, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const enum err rc = pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL,
                                     on_step, &watch, NULL, e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    return rc;
}

/* Full before the first save is whole: one line, and the same command works. */
static void test_full_disk(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char whole[512], out[512];
    struct watch watch = {.stop_at = -1};
    new_run(whole);
    run_whole(w, whole, 1, &watch);
    for (rlim_t bytes = 64; bytes < (rlim_t)65536; bytes *= 4) {
        new_run(out);
        check_error(run_on_small_disk(w, out, bytes, &e), ERR_IO, &e, "can't write");
        assert_null(strchr(e.msg, '\n'));
        assert_true(pretrain_may_begin(out));
        if (file_is_dir(out)) {
            check_error(pretrain_run(&w->cfg, w->text, 2, NULL, out, true, NULL,
                                     on_step, &watch, NULL, &e),
                        ERR_MISSING, &e, "before anything was saved");
        }
        run_whole(w, out, 1, &watch);
        assert_false(pretrain_may_begin(out));
        check_same_run(whole, out);
        tmp_drop(out);
    }
    tmp_drop(whole);
}

/* Killed between making the folder and the first whole save; what is not such a trace
 * is left alone. */
static void test_traces(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char out[512], path[512];
    struct watch watch = {.stop_at = -1};
    tmp_make(out, sizeof out); /* an empty folder */
    assert_ok(file_write_text(tmp_path(path, out, "train_state.safetensors.tmp-1"),
                              "half", &e),
              &e);
    assert_true(pretrain_may_begin(out));
    run_whole(w, out, 1, &watch);
    tmp_drop(out);

    tmp_make(out, sizeof out);
    assert_ok(file_write_text(tmp_path(path, out, "notes"), "mine", &e), &e);
    assert_false(pretrain_may_begin(out));
    assert_ok(file_write_text(tmp_path(path, out, "train_state.safetensors"), "?", &e),
              &e);
    assert_false(pretrain_may_begin(out));
    check_error(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL, on_step,
                             &watch, NULL, &e),
                ERR_EXISTS, &e, "exists already");
    tmp_drop(out);
}

/* What a run takes is known before it begins, and from a save how much is left of it.
 */
static void test_cost(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char out[512];
    double small = 0, large = 0;
    struct watch watch = {.stop_at = 3};
    struct pretrain_config more = w->cfg;
    more.n_layer *= 8;
    more.batch_rows *= 4;
    assert_true(pretrain_bytes(&more, 1) > 2 * pretrain_bytes(&w->cfg, 1));
    assert_true(pretrain_bytes(&w->cfg, 8) > pretrain_bytes(&w->cfg, 1));
    struct pretrain_config most = w->cfg;
    most.n_layer = 100; /* as large as pretrain_check allows, and not a bit less */
    most.n_head = 1024;
    most.n_ctx = 65536;
    assert_int_equal(pretrain_bytes(&most, 1024), SIZE_MAX);
    assert_ok(pretrain_time(&w->cfg, NULL, 0.05, &small, &e), &e);
    assert_ok(pretrain_time(&more, NULL, 0.05, &large, &e), &e);
    assert_true(small > 0 && large > 0);
    more.n_head = more.d_model - 1;
    check_error(pretrain_time(&more, NULL, 0.05, &large, &e), ERR_USAGE, &e, "n_head");

    new_run(out);
    assert_int_equal(pretrain_saved_step(out), 0);
    assert_ok(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL, on_step, &watch,
                           NULL, &e),
              &e);
    assert_int_equal(pretrain_saved_step(out), 3);
    tmp_drop(out);
}

/* Weights that double back and forth until they are no numbers. */
static void test_divergence(void **state)
{
    struct world *w = *state;
    struct errinfo e;
    char out[512], path[512];
    struct watch watch = {.stop_at = -1};
    new_run(out);
    w->cfg.lr = 1e3;
    w->cfg.weight_decay = 1e3;
    w->cfg.warmup = 0;
    w->cfg.steps = 100;
    w->cfg.save_every = 1000;
    w->cfg.eval_every = 1000;
    check_error(pretrain_run(&w->cfg, w->text, 2, NULL, out, false, NULL, on_step,
                             &watch, NULL, &e),
                ERR_NUMERIC, &e, "keeps the last saved state");
    struct st_file *f = NULL;
    int64_t counters[2];
    assert_ok(st_open(tmp_path(path, out, "train_state.safetensors"), &f, &e), &e);
    memcpy(counters, st_find(f, "counters")->data, sizeof counters);
    assert_int_equal(counters[0], 0);
    st_close(f);
    tmp_drop(out);
}

static void test_learning_rate(void **state)
{
    const struct world *w = *state;
    struct pretrain_config c = w->cfg;
    c.steps = 1000;
    c.warmup = 100;
    c.lr = 1.0;
    c.lr_min_ratio = 0.2;
    assert_true(fabs(pretrain_lr(&c, 0) - 0.01) < 1e-12);
    assert_true(fabs(pretrain_lr(&c, 99) - 1.0) < 1e-12);
    assert_true(fabs(pretrain_lr(&c, 100) - 1.0) < 1e-12);
    assert_true(fabs(pretrain_lr(&c, 550) - 0.6) < 1e-12);
    assert_true(fabs(pretrain_lr(&c, 1000) - 0.2) < 1e-12);
    for (int64_t i = 101; i < 1000; i++) {
        assert_true(pretrain_lr(&c, i) < pretrain_lr(&c, i - 1));
    }
}

int main(void)
{
    num_init();
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_learning_rate),
        WITH_WORLD(test_learns_and_generates),
        WITH_WORLD(test_threads_do_not_matter),
        WITH_WORLD(test_stop_and_resume),
        WITH_WORLD(test_resume_from_an_older_state),
        WITH_WORLD(test_refusals),
        WITH_WORLD(test_text_cut_short),
        WITH_WORLD(test_full_disk),
        WITH_WORLD(test_traces),
        WITH_WORLD(test_cost),
        WITH_WORLD(test_divergence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
