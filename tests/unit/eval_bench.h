/* A small model on two texts of a few words, with its evaluation set. */
#ifndef SAETOP_TESTS_UNIT_EVAL_BENCH_H
#define SAETOP_TESTS_UNIT_EVAL_BENCH_H

#include "base/file.h"
#include "base/rng.h"
#include "eval/evalset.h"
#include "sae/sae.h"
#include "unit/check.h"
#include "unit/tiny.h"

struct eval_bench {
    char dir[256];
    struct lm *m;
    struct harvester *h;
    struct corpus *id, *ood;
    struct concepts *c;
    struct eval_set *set;
};

/* A twentieth of a text is held out: this many words give the 40 rows that are asked
 * for and a quarter more. No test depends on the number: see eval_bench_init_of. */
enum { WIDTH = 16, CONTEXT = 24, ROWS = 40, BENCH_WORDS = 24000 };

/* A text of n words, by chance of the first `kinds` forms. */
static inline struct corpus *make_corpus(const char *dir, const char *name, size_t n,
                                         size_t kinds, uint64_t seed)
{
    static const char *const form[8] = {" dog",  " cat", " crow", " plum",
                                        " pear", " van", " runs", " sees"};
    struct errinfo e;
    struct rng r = rng_begin(seed, RNG_DOCUMENT, 0);
    struct str s;
    struct corpus *c = NULL;
    char path[512];
    str_init(&s, (size_t)1 << 22);
    for (size_t i = 0; i < n; i++) {
        str_add(&s, form[rng_below(&r, kinds)]);
        str_add(&s, i % 12 == 11 ? "\n\n" : "");
    }
    assert_ok(file_write_text(tmp_path(path, dir, name), s.p, &e), &e);
    assert_ok(corpus_open(path, 1, NULL, &c, &e), &e);
    str_free(&s);
    return c;
}

/* On texts of n words each. */
static inline void eval_bench_init_of(struct eval_bench *b, size_t n, struct pool *pool)
{
    static const char *const forms[8] = {" dog",  " cat", " crow", " plum",
                                         " pear", " van", " runs", " sees"};
    static const char csv[] = "concept,parent,word\nmammal,animal,dog\nmammal,animal,"
                              "cat\nbird,animal,crow\nfruit,,plum\nfruit,,pear\n";
    struct errinfo e;
    char path[512];
    tmp_make(b->dir, sizeof b->dir);
    b->m = tiny_lm(tiny_tok(forms, 8), WIDTH, CONTEXT);
    const struct lm_hook hook = {0, LM_RESID_POST};
    assert_ok(harvester_new(b->m, hook, CONTEXT, pool, &b->h, &e), &e);
    b->id = make_corpus(b->dir, "id.txt", n, 8, 1);
    b->ood = make_corpus(b->dir, "ood.txt", n, 3, 2);
    assert_ok(file_write_text(tmp_path(path, b->dir, "concepts.csv"), csv, &e), &e);
    assert_ok(concepts_load(path, b->m->tok, &b->c, &e), &e);
    struct eval_config cfg = eval_defaults();
    cfg.concept_rows = ROWS;
    cfg.fidelity_rows = 21; /* not a multiple of what is run at once */
    cfg.per_word = 100;
    assert_ok(eval_set_new(&cfg, b->h, b->id, b->ood, b->c, b->m->tok, pool, NULL,
                           &b->set, &e),
              &e);
}

static inline void eval_bench_init(struct eval_bench *b, struct pool *pool)
{
    eval_bench_init_of(b, BENCH_WORDS, pool);
}

static inline void eval_bench_deinit(struct eval_bench *b)
{
    eval_set_free(b->set);
    concepts_free(b->c);
    corpus_free(b->id);
    corpus_free(b->ood);
    harvester_free(b->h);
    lm_free(b->m);
    tmp_drop(b->dir);
}

/* f = ReLU(+-x): every activation exactly. */
static inline struct sae *identity_sae(void)
{
    struct errinfo e;
    struct sae *s = NULL;
    assert_ok(sae_new(sae_arch_find("topk"), WIDTH, 2 * WIDTH, WIDTH, &s, &e), &e);
    memset(s->arena, 0, s->count * sizeof *s->arena);
    s->scale = 0.7f;
    for (size_t j = 0; j < WIDTH; j++) {
        s->W_enc[j * WIDTH + j] = 1.0f;
        s->W_dec[j * WIDTH + j] = 1.0f;
        s->W_enc[(WIDTH + j) * WIDTH + j] = -1.0f;
        s->W_dec[(WIDTH + j) * WIDTH + j] = -1.0f;
    }
    return s;
}

#endif
