/* [threads] Harvest and stream of activations on a tiny model: the same positions
 * whatever the masks, seek, fork, drop, mix. */
#include "acts/stream.h"
#include "acts/token_rows.h"
#include "num/blas.h"
#include "unit/check.h"
#include "unit/tiny.h"

#include <math.h>
#include <unistd.h>

#define D     16
#define LEN   16
#define ROWS  10
#define BATCH 24

static const char story[] =
    "the dog ran to the river and saw a fish\n\na cat sat by the fire\n\nthe fish swam "
    "and the dog ran home\n\nwe saw the sun and the moon over the old river";
static const char *const words[] = {" the", " dog", " fish", " river", " and", " ran"};

struct world {
    char dir[128], path[512];
    struct lm *m;
    struct corpus *c;
    struct mask_vocab *vocab;
    struct harvester *embed; /* at the embedding, which tells token and place */
    struct harvester *deep;  /* behind both blocks */
};

static struct harvester *harvester_at(const struct lm *m, const char *hook,
                                      struct pool *pool)
{
    struct errinfo e;
    struct lm_hook at;
    struct harvester *h = NULL;
    assert_ok(lm_hook_parse(hook, &m->cfg, &at, &e), &e);
    assert_ok(harvester_new(m, at, LEN, pool, &h, &e), &e);
    return h;
}

static int setup(void **state)
{
    static struct world w;
    struct errinfo e;
    tmp_make(w.dir, sizeof w.dir);
    assert_ok(file_write_text(tmp_path(w.path, w.dir, "story.txt"), story, &e), &e);
    w.m = tiny_lm(tiny_tok(words, sizeof words / sizeof *words), D, LEN);
    assert_ok(corpus_open(w.path, 1, NULL, &w.c, &e), &e);
    assert_ok(mask_vocab_new(w.m->tok, NULL, &w.vocab, &e), &e);
    w.embed = harvester_at(w.m, "blocks.0.hook_resid_pre", NULL);
    w.deep = harvester_at(w.m, "blocks.1.hook_resid_post", NULL);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    harvester_free(w->embed);
    harvester_free(w->deep);
    mask_vocab_free(w->vocab);
    corpus_free(w->c);
    lm_free(w->m);
    tmp_drop(w->dir);
    return 0;
}

static struct stream_config config(const struct world *w)
{
    return (struct stream_config){.T = LEN,
                                  .fill_rows = ROWS,
                                  .batch = BATCH,
                                  .order_seed = 5,
                                  .scale = 1.0f,
                                  .mask = {.kind = MASK_TOKEN,
                                           .token = tok_mask(w->m->tok),
                                           .seed = 5,
                                           .vocab = w->vocab}};
}

static struct acts_stream *stream_make(const struct world *w, struct harvester *h,
                                       const struct stream_config *c, double p)
{
    struct errinfo e;
    struct acts_stream *s = NULL;
    assert_ok(stream_new(h, w->c, w->m->tok, c, &s, &e), &e);
    stream_set_rate(s, p);
    return s;
}

static const float *next(struct acts_stream *s)
{
    struct errinfo e;
    const float *x = NULL;
    assert_ok(stream_next(s, &x, &e), &e);
    return x;
}

/* Token and place of an embedding; fails if there is none. */
static int32_t token_of(const struct world *w, const float *x, size_t *place)
{
    for (size_t id = 0; id < w->m->cfg.vocab; id++) {
        for (size_t t = 0; t < LEN; t++) {
            size_t d = 0;
            while (d < D && fabsf(w->m->w.wte[id * D + d] + w->m->w.wpe[t * D + d] -
                                  x[d]) < 1e-6f) {
                d++;
            }
            if (d == D) {
                *place = t;
                return (int32_t)id;
            }
        }
    }
    fail_msg("a vector that is no embedding");
    return -1;
}

/* ---- harvest ---- */

static void harvest_is_the_model(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    struct acts_set *s = NULL;
    struct lm_ws *ws = NULL;
    assert_ok(acts_set_new(w->deep, w->c, CORPUS_TRAIN, w->m->tok, 11, &s, &e), &e);
    assert_int_equal(s->n, 11 * LEN);
    float *x = mem_alloc(s->n * D, sizeof *x), *nll = mem_alloc(s->n, sizeof *nll),
          *again = mem_alloc(s->n, sizeof *again);
    assert_ok(lm_ws_new(w->m, LM_WHOLE, LEN, &ws, &e), &e);
    lm_forward_to(w->m, ws, s->ids, 11, LEN, lm_behind(2), x);
    assert_memory_equal(x, s->x, s->n * D * sizeof *x);
    assert_ok(harvest_nll(w->deep, s->ids, 11, NULL, nll, &e), &e);
    assert_ok(harvest_nll(w->deep, s->ids, 11, s->x, again, &e), &e);
    for (size_t i = 0; i < s->n; i++) {
        assert_true(i % LEN == LEN - 1 ? isnan(nll[i]) : nll[i] > 0);
        assert_memory_equal(&nll[i], &again[i], i % LEN == LEN - 1 ? 0 : sizeof nll[i]);
        assert_int_equal(s->special[i], s->ids[i] == tok_bos(w->m->tok) ||
                                            s->ids[i] == tok_eos(w->m->tok));
    }
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        double norm = 0;
        for (size_t d = 0; d < D; d++) {
            norm += (double)s->x[i * D + d] * (double)s->x[i * D + d];
        }
        if (!s->special[i]) {
            memcpy(x + n++ * D, s->x + i * D, D * sizeof *x);
            sum += sqrt(norm);
        }
    }
    assert_true(n > 0 && n < s->n);
    assert_true(fabs((double)acts_scale(x, n, D) * sum / (double)n - sqrt(D)) < 1e-4);
    lm_ws_free(ws);
    mem_free(x);
    mem_free(nll);
    mem_free(again);
    acts_set_free(s);
    struct harvester *h = NULL;
    const struct lm_hook hook = {0};
    check_error(harvester_new(w->m, hook, LEN + 1, NULL, &h, &e), ERR_USAGE, &e,
                "context");
}

/* ---- what is served ---- */

static void a_fill_is_served_once(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    struct stream_config c = config(w);
    struct acts_set *set = NULL;
    c.batch = 1;
    struct acts_stream *s = stream_make(w, w->embed, &c, 0.0);
    assert_ok(acts_set_new(w->embed, w->c, CORPUS_TRAIN, w->m->tok, ROWS, &set, &e),
              &e);
    size_t expected = 0, in_order = 0;
    int left[512][LEN] = {{0}};
    for (size_t i = 0; i < set->n; i++) {
        expected += set->special[i] ? 0 : 1;
        left[set->ids[i]][i % LEN] += set->special[i] ? 0 : 1;
    }
    int32_t last = -1;
    for (size_t i = 0; i < expected; i++) {
        size_t place;
        const int32_t id = token_of(w, next(s), &place);
        assert_true(left[id][place]-- > 0); /* no special token, none twice */
        in_order += (int32_t)place == last + 1;
        last = (int32_t)place;
        assert_int_equal(stream_tell(s).fill, 1);
    }
    assert_true(in_order < expected / 3); /* shuffled */
    assert_int_equal(stream_lag(s), 0);
    (void)next(s);
    assert_int_equal(stream_tell(s).fill, 2);
    assert_int_equal(stream_stats(s).tokens_read, 2 * ROWS * LEN);
    assert_int_equal(stream_stats(s).vectors_served, expected + 1);
    acts_set_free(set);
    stream_free(s);
}

static void arms_serve_the_same_positions(void **state)
{
    const struct world *w = *state;
    const struct stream_config c = config(w);
    const int32_t mask = tok_mask(w->m->tok);
    struct acts_stream *clean = stream_make(w, w->embed, &c, 0.0);
    struct acts_stream *some = stream_make(w, w->embed, &c, 0.3);
    struct acts_stream *more = stream_make(w, w->embed, &c, 0.6);
    size_t masked_some = 0, masked_more = 0, total = 0;
    for (int i = 0; i < 40; i++) {
        const float *x = next(clean), *y = next(some), *z = next(more);
        for (size_t b = 0; b < BATCH; b++) {
            size_t px, py, pz;
            const int32_t a = token_of(w, x + b * D, &px);
            const int32_t k = token_of(w, y + b * D, &py);
            const int32_t l = token_of(w, z + b * D, &pz);
            assert_true(px == py && px == pz);
            assert_true(a != mask && (k == a || k == mask) && (l == a || l == mask));
            assert_true(k != mask || l == mask); /* a superset */
            masked_some += k == mask;
            masked_more += l == mask;
            total++;
        }
    }
    assert_true(fabs((double)masked_some / (double)total - 0.3) < 0.06);
    assert_true(fabs((double)masked_more / (double)total - 0.6) < 0.06);
    assert_true(fabs(stream_stats(more).masked_fraction - 0.6) < 0.2);
    assert_true(stream_stats(more).rate > 0.59 &&
                stream_stats(clean).masked_fraction <= 0);
    stream_free(clean);
    stream_free(some);
    stream_free(more);
}

/* Arms of other weights serve the same activations in other batches, from one pass of
 * the model; where masked ones are dropped, too. */
static void an_order_of_its_own_shares_the_fill(void **state)
{
    enum { PER_FILL = ROWS * LEN };
    const struct world *w = *state;
    struct errinfo e;
    for (int drop = 0; drop < 2; drop++) {
        struct acts_share *share = NULL;
        struct stream_config c = config(w);
        assert_ok(acts_share_new(&share, &e), &e);
        c.batch = 1;
        c.share = share;
        c.drop_masked = drop != 0;
        struct acts_stream *a = stream_make(w, w->deep, &c, 0.3);
        c.order_seed = 6;
        struct acts_stream *b = stream_make(w, w->deep, &c, 0.3), *late = NULL;
        float *x = mem_alloc(PER_FILL * D, sizeof *x), *y = mem_alloc(PER_FILL * D, 4);
        for (uint64_t fill = 1; fill <= 3; fill++) {
            size_t n = 0, in_place = 0;
            do {
                memcpy(x + n * D, next(a), D * sizeof *x);
                memcpy(y + n * D, next(b), D * sizeof *y);
                assert_int_equal(stream_tell(a).fill, fill);
                assert_int_equal(stream_tell(b).fill, fill);
                in_place += memcmp(x + n * D, y + n * D, D * sizeof *x) == 0;
                n++;
            } while (stream_lag(a) > 0);
            assert_int_equal(stream_lag(b), 0);
            assert_true(n > PER_FILL / 3 && in_place < n / 4);
            uint8_t used[PER_FILL] = {0};
            for (size_t i = 0; i < n; i++) { /* each of them once */
                size_t j = 0;
                while (j < n &&
                       (used[j] || memcmp(x + i * D, y + j * D, D * sizeof *x) != 0)) {
                    j++;
                }
                assert_true(j < n);
                used[j] = 1;
            }
        }
        assert_true(stream_stats(a).seconds_model > 0);
        assert_true(stream_stats(b).seconds_model <= 0);
        /* Half way through a fill it is found again. */
        for (int i = 0; i < 5; i++) {
            (void)next(b);
        }
        const struct stream_pos pos = stream_tell(b);
        late = stream_make(w, w->deep, &c, 0.3);
        assert_ok(stream_seek(late, &pos, &e), &e);
        for (int i = 0; i < 3 * PER_FILL; i++) {
            assert_memory_equal(next(b), next(late), D * sizeof *x);
        }
        mem_free(x);
        mem_free(y);
        stream_free(a);
        stream_free(b);
        stream_free(late);
        acts_share_free(share);
    }
}

static void realised_fraction_is_exact(void **state)
{
    const struct world *w = *state;
    struct stream_config c = config(w);
    c.batch = 1;
    struct acts_stream *s = stream_make(w, w->embed, &c, 0.5);
    size_t masked = 0, n = 0;
    (void)next(s);
    const double fraction = stream_stats(s).masked_fraction;
    struct stream_pos begin = stream_tell(s);
    begin.served = 0;
    struct errinfo e;
    assert_ok(stream_seek(s, &begin, &e), &e);
    do {
        size_t place;
        masked += token_of(w, next(s), &place) == tok_mask(w->m->tok);
        n++;
    } while (stream_lag(s) > 0);
    assert_true(fabs((double)masked / (double)n - fraction) < 1e-12);
    stream_free(s);
}

static void drop_passes_over(void **state)
{
    const struct world *w = *state;
    struct stream_config c = config(w);
    c.batch = 1;
    struct acts_stream *keep = stream_make(w, w->embed, &c, 0.5);
    c.drop_masked = true;
    struct acts_stream *drop = stream_make(w, w->embed, &c, 0.5);
    for (int i = 0; i < 300; i++) {
        size_t pk, pd;
        const int32_t got = token_of(w, next(drop), &pd);
        int32_t want = tok_mask(w->m->tok);
        while (want == tok_mask(w->m->tok)) {
            want = token_of(w, next(keep), &pk);
        }
        assert_true(got == want && pk == pd);
        assert_int_equal(stream_tell(drop).served, stream_tell(keep).served);
    }
    stream_free(keep);
    stream_free(drop);
    struct errinfo e;
    const float *x;
    drop = stream_make(w, w->embed, &c, 1.0);
    check_error(stream_next(drop, &x, &e), ERR_USAGE, &e, "no activation");
    stream_free(drop);
}

/* Vector by vector: a masked position is that of the masked pass, any other that of the
 * clean one. Embeddings tell which is which. */
static void mix_is_two_passes(void **state)
{
    const struct world *w = *state;
    struct stream_config c = config(w);
    struct acts_stream *where = stream_make(w, w->embed, &c, 0.4);
    struct acts_stream *masked = stream_make(w, w->deep, &c, 0.4);
    struct acts_stream *clean = stream_make(w, w->deep, &c, 0.0);
    c.mix = true;
    struct acts_stream *mix = stream_make(w, w->deep, &c, 0.4);
    struct acts_stream *none = stream_make(w, w->deep, &c, 0.0);
    size_t at_mask = 0, context = 0;
    for (int i = 0; i < 40; i++) {
        const float *t = next(where), *m = next(masked), *k = next(clean),
                    *x = next(mix);
        assert_memory_equal(next(none), k, BATCH * D * sizeof *k);
        for (size_t b = 0; b < BATCH * D; b += D) {
            size_t place;
            const bool is_masked = token_of(w, t + b, &place) == tok_mask(w->m->tok);
            assert_memory_equal(x + b, (is_masked ? m : k) + b, D * sizeof *x);
            at_mask += is_masked;
            context += !is_masked && memcmp(m + b, k + b, D * sizeof *m) != 0;
        }
    }
    assert_true(at_mask > 100 && context > 100); /* the passes do differ */
    assert_true(stream_stats(mix).masked_fraction > 0.2);
    assert_int_equal(stream_stats(mix).tokens_read,
                     2 * stream_stats(clean).tokens_read);
    assert_int_equal(stream_stats(none).tokens_read, stream_stats(clean).tokens_read);
    const size_t bytes = stream_bytes(D, &c);
    c.mix = false;
    assert_int_equal(bytes - stream_bytes(D, &c), ROWS * LEN * D * sizeof(float));
    stream_free(where);
    stream_free(masked);
    stream_free(clean);
    stream_free(mix);
    stream_free(none);
}

/* A mixing stream may take the rows that it mixes from other streams; its own fills are
 * not theirs. */
static void mix_shares(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    struct acts_share *share = NULL;
    assert_ok(acts_share_new(&share, &e), &e);
    struct stream_config c = config(w);
    struct acts_stream *keep_alone = stream_make(w, w->deep, &c, 0.4);
    c.mix = true;
    struct acts_stream *alone = stream_make(w, w->deep, &c, 0.4);
    c.share = share;
    struct acts_stream *first = stream_make(w, w->deep, &c, 0.4);
    c.mix = false;
    struct acts_stream *keep = stream_make(w, w->deep, &c, 0.4);
    struct acts_stream *clean = stream_make(w, w->deep, &c, 0.0);
    c.mix = true;
    struct acts_stream *last = stream_make(w, w->deep, &c, 0.4);
    struct acts_stream *parts = stream_make(w, w->deep, &c, 0.2);
    for (int i = 0; i < 20; i++) {
        const float *x = next(alone);
        assert_memory_equal(next(first), x, BATCH * D * sizeof *x);
        assert_memory_equal(next(keep), next(keep_alone), BATCH * D * sizeof *x);
        (void)next(clean);
        assert_memory_equal(next(last), x, BATCH * D * sizeof *x);
        (void)next(parts);
    }
    assert_true(stream_stats(first).seconds_model > 0);
    assert_true(stream_stats(last).seconds_model <= 0); /* the first one's fills */
    assert_int_equal(stream_stats(last).tokens_read, stream_stats(alone).tokens_read);
    struct acts_stream *const all[] = {keep_alone, alone, first, keep,
                                       clean,      last,  parts};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        stream_free(all[i]);
    }
    acts_share_free(share);
}

static struct acts_cache *cache_make(const struct world *w, const char *what)
{
    struct errinfo e;
    struct acts_cache *c = NULL;
    assert_ok(acts_cache_open(w->dir, what, ROWS * LEN, D, CACHE_FP32, &c, &e), &e);
    return c;
}

/* Two passes, two caches: those of streams that keep and that do not mask. */
static void mix_reads_both_caches(void **state)
{
    const struct world *w = *state;
    struct stream_config c = config(w);
    struct acts_cache *masked = cache_make(w, "masked"), *clean = cache_make(w, "none");
    c.cache = masked;
    struct acts_stream *keep = stream_make(w, w->deep, &c, 0.4);
    c.cache = clean;
    struct acts_stream *none = stream_make(w, w->deep, &c, 0.0);
    c.cache = NULL;
    c.mix = true;
    struct acts_stream *alone = stream_make(w, w->deep, &c, 0.4);
    c.cache = masked;
    c.clean_cache = clean;
    struct acts_stream *mix = stream_make(w, w->deep, &c, 0.4);
    for (int i = 0; i < 15; i++) {
        (void)next(keep);
        (void)next(none);
        assert_memory_equal(next(mix), next(alone), BATCH * D * sizeof(float));
    }
    assert_true(stream_stats(mix).seconds_model <= 0);
    struct acts_stream *const all[] = {keep, none, alone, mix};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        stream_free(all[i]);
    }
    acts_cache_close(masked);
    acts_cache_close(clean);
}

static void scale_and_errors(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    struct stream_config c = config(w);
    struct acts_stream *plain = stream_make(w, w->deep, &c, 0.2), *s = NULL;
    c.scale = 2.5f;
    s = stream_make(w, w->deep, &c, 0.2);
    const float *a = next(plain), *b = next(s);
    for (size_t i = 0; i < BATCH * D; i++) {
        assert_true(fabsf(2.5f * a[i] - b[i]) <= 1e-6f * fabsf(b[i]));
    }
    stream_free(plain);
    stream_free(s);
    assert_true(stream_bytes(D, &c) > ROWS * LEN * D * sizeof(float));
    s = NULL;
    c.T = 8;
    check_error(stream_new(w->deep, w->c, w->m->tok, &c, &s, &e), ERR_USAGE, &e, "8");
    c = config(w);
    c.fill_rows = 0;
    check_error(stream_new(w->deep, w->c, w->m->tok, &c, &s, &e), ERR_USAGE, &e,
                "0 rows");
    c = config(w);
    c.batch = 0;
    check_error(stream_new(w->deep, w->c, w->m->tok, &c, &s, &e), ERR_USAGE, &e,
                "batch");
    c = config(w);
    c.scale = NAN;
    check_error(stream_new(w->deep, w->c, w->m->tok, &c, &s, &e), ERR_USAGE, &e,
                "scale");
    assert_null(s);
}

/* ---- position ---- */

static void assert_same_batches(struct acts_stream *a, struct acts_stream *b, int n)
{
    for (int i = 0; i < n; i++) {
        const float *x = next(a), *y = next(b);
        assert_memory_equal(x, y, BATCH * D * sizeof *x);
    }
}

static void seek_is_exact(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    struct stream_config c = config(w);
    for (int kind = 0; kind < 3; kind++) {
        c.drop_masked = kind == 1;
        c.mix = kind == 2;
        for (int steps = 0; steps < 25; steps += 3) {
            struct acts_stream *s = stream_make(w, w->deep, &c, 0.4);
            struct acts_stream *t = stream_make(w, w->deep, &c, 0.9);
            for (int i = 0; i < steps; i++) {
                (void)next(s);
            }
            (void)next(t); /* wherever it stood */
            const struct stream_pos pos = stream_tell(s);
            assert_ok(stream_seek(t, &pos, &e), &e);
            assert_int_equal(stream_lag(s), stream_lag(t));
            assert_same_batches(s, t, 15);
            const struct stream_pos a = stream_tell(s), b = stream_tell(t);
            assert_memory_equal(&a, &b, sizeof a);
            stream_free(s);
            stream_free(t);
        }
    }
    struct acts_stream *s = stream_make(w, w->deep, &c, 0.4);
    struct stream_pos pos = stream_tell(s);
    pos.fill = 1;
    pos.served = ROWS * LEN + 1;
    check_error(stream_seek(s, &pos, &e), ERR_FORMAT, &e, "position");
    stream_free(s);
}

/* A text that cannot be read for a while: the position is that of the last whole batch,
 * and from there the same batches follow. */
static void an_error_loses_nothing(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    const struct stream_config c = config(w);
    for (int kind = 0; kind < 2; kind++) {
        struct acts_stream *want = stream_make(w, w->deep, &c, 0.4);
        struct acts_stream *s = stream_make(w, w->deep, &c, 0.4);
        struct acts_stream *resumed = stream_make(w, w->deep, &c, 0.4);
        const float *x = NULL;
        size_t failed = 0;
        for (int i = 0; i < 20; i++) {
            const struct stream_pos before = stream_tell(s);
            assert_int_equal(truncate(w->path, 0), 0);
            const enum err rc = stream_next(s, &x, &e);
            FILE *f = fopen(w->path, "r+b"); /* in place: it is open */
            assert_non_null(f);
            assert_int_equal(fwrite(story, 1, sizeof story - 1, f), sizeof story - 1);
            assert_int_equal(fclose(f), 0);
            if (rc != OK) {
                const struct stream_pos after = stream_tell(s);
                failed++;
                assert_memory_equal(&before, &after, sizeof before);
                if (kind == 1) { /* as in a process of its own */
                    assert_ok(stream_seek(resumed, &after, &e), &e);
                    x = next(resumed);
                    assert_memory_equal(x, next(want), BATCH * D * sizeof *x);
                    assert_ok(stream_next(s, &x, &e), &e);
                    continue;
                }
                x = next(s);
            }
            assert_memory_equal(x, next(want), BATCH * D * sizeof *x);
        }
        assert_true(failed > 2);
        stream_free(s);
        stream_free(want);
        stream_free(resumed);
    }
}

static void fork_goes_on(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    const struct stream_config c = config(w);
    struct acts_stream *s = stream_make(w, w->embed, &c, 0.3), *same = NULL,
                       *twin = NULL;
    for (int i = 0; i < 8; i++) {
        (void)next(s);
    }
    assert_ok(stream_fork(s, 0.3, &same, &e), &e);
    assert_ok(stream_fork(s, 0.0, &twin, &e), &e);
    assert_true(stream_stats(twin).rate <= 0 &&
                stream_stats(twin).masked_fraction <= 0);
    assert_int_equal(stream_stats(twin).tokens_read, stream_stats(s).tokens_read);
    for (int i = 0; i < 20; i++) {
        const float *x = next(s), *y = next(same), *z = next(twin);
        assert_memory_equal(x, y, BATCH * D * sizeof *x);
        for (size_t b = 0; b < BATCH; b++) {
            size_t px, pz;
            const int32_t a = token_of(w, x + b * D, &px);
            const int32_t l = token_of(w, z + b * D, &pz);
            assert_true(px == pz && (a == l || a == tok_mask(w->m->tok)));
        }
    }
    stream_free(s);
    stream_free(same);
    stream_free(twin);
}

static void a_mixed_fork_goes_on(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    struct stream_config c = config(w);
    struct acts_stream *clean = stream_make(w, w->deep, &c, 0.0), *same = NULL,
                       *twin = NULL;
    c.mix = true;
    struct acts_stream *s = stream_make(w, w->deep, &c, 0.3);
    for (int i = 0; i < 8; i++) {
        (void)next(s);
        (void)next(clean);
    }
    assert_ok(stream_fork(s, 0.3, &same, &e), &e);
    assert_ok(stream_fork(s, 0.0, &twin, &e), &e);
    for (int i = 0; i < 20; i++) {
        assert_memory_equal(next(s), next(same), BATCH * D * sizeof(float));
        assert_memory_equal(next(clean), next(twin), BATCH * D * sizeof(float));
    }
    assert_int_equal(stream_stats(s).tokens_read, stream_stats(same).tokens_read);
    assert_true(stream_stats(twin).tokens_read < stream_stats(s).tokens_read);
    stream_free(s);
    stream_free(clean);
    stream_free(same);
    stream_free(twin);
}

/* A rate set now is trained on after `lag` batches. */
static void rate_changes_with_the_fill(void **state)
{
    const struct world *w = *state;
    const struct stream_config c = config(w);
    struct acts_stream *s = stream_make(w, w->embed, &c, 0.0);
    assert_int_equal(stream_lag(s), 0);
    (void)next(s);
    stream_set_rate(s, 1.0);
    const size_t lag = stream_lag(s);
    assert_true(lag >= 3);
    for (size_t i = 0; i <= lag; i++) {
        size_t masked = 0, place;
        const float *x = next(s);
        for (size_t b = 0; b < BATCH; b++) {
            masked += token_of(w, x + b * D, &place) == tok_mask(w->m->tok);
        }
        assert_true(i < lag ? masked == 0 : masked > 0);
    }
    assert_true(stream_stats(s).rate >= 1.0);
    assert_true(stream_stats(s).masked_fraction >= 1.0);
    stream_free(s);
}

static void threads_give_the_same_bytes(void **state)
{
    const struct world *w = *state;
    struct stream_config c = config(w);
    for (size_t threads = 2; threads <= 3; threads++) {
        c.mix = threads == 3;
        struct errinfo e;
        struct pool *pool = NULL;
        assert_ok(pool_new(threads, &pool, &e), &e);
        struct harvester *h = harvester_at(w->m, "blocks.1.hook_resid_post", pool);
        struct acts_stream *a = stream_make(w, w->deep, &c, 0.3);
        struct acts_stream *b = stream_make(w, h, &c, 0.3);
        assert_same_batches(a, b, 20);
        stream_free(a);
        stream_free(b);
        harvester_free(h);
        pool_free(pool);
    }
}

/* ---- rows without a model ---- */

static struct token_rows *rows_of(const struct world *w, enum corpus_split split,
                                  uint64_t from, size_t n, double p)
{
    struct errinfo e;
    struct token_rows *r = NULL;
    assert_ok(token_rows_read(w->c, split, w->m->tok, LEN, from, n, NULL, &r, &e), &e);
    assert_ok(token_rows_mask(r, w->m->tok, tok_mask(w->m->tok), p, 5, &e), &e);
    return r;
}

/* Rows, masks and order give each vector that a run trains on, in its place. */
static void rows_and_order_are_those_of_a_stream(void **state)
{
    enum { FILLS = 3 };
    const struct world *w = *state;
    const struct stream_config c = config(w);
    struct acts_stream *s = stream_make(w, w->embed, &c, 0.3);
    struct token_rows *r = rows_of(w, CORPUS_TRAIN, 0, FILLS * ROWS, 0.3);
    uint32_t order[ROWS * LEN];
    const float *x = NULL;
    size_t served = 0;
    for (size_t f = 0; f < FILLS; f++) {
        const size_t at = f * ROWS * LEN;
        const size_t n =
            stream_order(w->m->tok, 5, f + 1, r->ids + at, ROWS * LEN, order);
        for (size_t i = 0; i < n; i++, served++) {
            x = served % BATCH == 0 ? next(s) : x;
            const float *token = w->m->w.wte + (size_t)r->fed[at + order[i]] * D;
            const float *place = w->m->w.wpe + order[i] % LEN * D;
            for (size_t d = 0; d < D; d++) {
                assert_float_equal(x[served % BATCH * D + d], token[d] + place[d], 0);
            }
        }
    }
    assert_true(served > 15 * BATCH);
    token_rows_free(r);
    stream_free(s);
}

static void rows_from_a_place_are_the_same(void **state)
{
    const struct world *w = *state;
    struct token_rows *all = rows_of(w, CORPUS_TRAIN, 0, 20, 0.4);
    struct token_rows *some = rows_of(w, CORPUS_TRAIN, 7, 5, 0.4);
    assert_int_equal(some->first, 7);
    assert_memory_equal(some->ids, all->ids + 7 * LEN, some->n * sizeof *some->ids);
    assert_memory_equal(some->fed, all->fed + 7 * LEN, some->n * sizeof *some->fed);
    assert_memory_equal(some->masked, all->masked + 7 * LEN, some->n);
    token_rows_free(some);
    token_rows_free(all);
}

/* Held-out rows as evaluation reads them; after the last there are no more. */
static void heldout_rows_end_with_the_text(void **state)
{
    const struct world *w = *state;
    struct errinfo e;
    struct pack *p = NULL;
    int32_t ids[50 * LEN];
    size_t rows = 0, fresh = 0;
    struct token_rows *none = NULL;
    assert_ok(pack_new(w->c, CORPUS_HELDOUT, w->m->tok, LEN, &p, &e), &e);
    assert_ok(pack_rows_once(p, 50, ids, &rows, &fresh, &e), &e);
    pack_free(p);
    assert_true(rows > 1 && rows < 50);
    for (size_t from = 0; from < rows; from++) {
        struct token_rows *r = rows_of(w, CORPUS_HELDOUT, from, 50, 0);
        assert_int_equal(r->rows, rows - from);
        assert_int_equal(r->fresh, fresh);
        assert_memory_equal(r->ids, ids + from * LEN, r->n * sizeof *ids);
        token_rows_free(r);
    }
    check_error(
        token_rows_read(w->c, CORPUS_HELDOUT, w->m->tok, LEN, rows, 1, NULL, &none, &e),
        ERR_USAGE, &e, "the held-out text ends with row");
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harvest_is_the_model),
        cmocka_unit_test(a_fill_is_served_once),
        cmocka_unit_test(arms_serve_the_same_positions),
        cmocka_unit_test(an_order_of_its_own_shares_the_fill),
        cmocka_unit_test(realised_fraction_is_exact),
        cmocka_unit_test(drop_passes_over),
        cmocka_unit_test(mix_is_two_passes),
        cmocka_unit_test(mix_shares),
        cmocka_unit_test(mix_reads_both_caches),
        cmocka_unit_test(scale_and_errors),
        cmocka_unit_test(seek_is_exact),
        cmocka_unit_test(an_error_loses_nothing),
        cmocka_unit_test(fork_goes_on),
        cmocka_unit_test(a_mixed_fork_goes_on),
        cmocka_unit_test(rate_changes_with_the_fill),
        cmocka_unit_test(threads_give_the_same_bytes),
        cmocka_unit_test(rows_and_order_are_those_of_a_stream),
        cmocka_unit_test(rows_from_a_place_are_the_same),
        cmocka_unit_test(heldout_rows_end_with_the_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
