#include "lm/pretrain.h"

#include "base/clock.h"
#include "base/csvfile.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "lm/lm_tensor.h"
#include "lm/pretrain_priv.h"
#include "text/mask.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The same held-out masks for every run, so that losses compare. */
#define EVAL_SEED 1
#define LOG_BYTES (256u << 20)

struct pretrain_config pretrain_defaults(void)
{
    return (struct pretrain_config){
        .n_layer = 4,
        .n_head = 4,
        .d_model = 128,
        .n_ctx = 128,
        .vocab = 6144,
        .tokenizer_bytes = 8u << 20,
        .batch_rows = 32,
        .steps = 4000,
        .warmup = 100,
        .lr = 3e-3,
        .lr_min_ratio = 0.1,
        .beta1 = 0.9,
        .beta2 = 0.95,
        .eps = 1e-8,
        .clip = 1.0,
        .weight_decay = 0.1,
        .mask_rows = 0.5,
        .mask_rate_max = 0.5,
        .seed = 1,
        .eval_every = 200,
        .save_every = 200,
        .log_every = 10,
        .eval_rows = 64,
    };
}

/* ---- checks ---- */

enum err pretrain_check(const struct pretrain_config *c, struct errinfo *e)
{
    const struct {
        const char *name;
        double value, min, max;
    } rows[] = {
        {"n_layer", (double)c->n_layer, 1, 100},
        {"d_model", (double)c->d_model, 2, 16384},
        {"n_head", (double)c->n_head, 1, 1024},
        {"n_ctx", (double)c->n_ctx, 2, 65536},
        {"batch_rows", (double)c->batch_rows, 1, 65536},
        {"steps", (double)c->steps, 1, 1e12},
        {"warmup", (double)c->warmup, 0, 1e12},
        {"lr", c->lr, 0, 1e3},
        {"lr_min_ratio", c->lr_min_ratio, 0, 1},
        {"beta1", c->beta1, 0, 0.999999},
        {"beta2", c->beta2, 0, 0.999999999},
        {"eps", c->eps, 1e-30, 1},
        {"clip", c->clip, 0, 1e30},
        {"weight_decay", c->weight_decay, 0, 1e3},
        {"mask_rows", c->mask_rows, 0, 1},
        {"mask_rate_max", c->mask_rate_max, 0, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!(rows[i].value >= rows[i].min && rows[i].value <= rows[i].max)) {
            return err_set(e, ERR_USAGE, "%s: found %g, expected %g to %g",
                           rows[i].name, rows[i].value, rows[i].min, rows[i].max);
        }
    }
    if (c->d_model % c->n_head != 0) {
        return err_set(e, ERR_USAGE, "n_head: found %zu, expected a divisor of %zu",
                       c->n_head, c->d_model);
    }
    return OK;
}

static enum err check_texts(const struct pretrain_text *texts, size_t n_texts,
                            struct errinfo *e)
{
    if (n_texts < 1 || n_texts > PRETRAIN_MAX_TEXTS) {
        return err_set(e, ERR_USAGE, "corpora: found %zu, expected 1 to %d", n_texts,
                       PRETRAIN_MAX_TEXTS);
    }
    for (size_t i = 0; i < n_texts; i++) {
        if (!(texts[i].weight > 0 && texts[i].weight < 1e9)) {
            return err_set(e, ERR_USAGE, "%s: weight: found %g, expected more than 0",
                           texts[i].name, texts[i].weight);
        }
    }
    return OK;
}

/* ---- set-up ---- */

struct lm_config pretrain_model(const struct pretrain_config *c, size_t vocab)
{
    return (struct lm_config){
        .family = lm_family_find("gpt2"),
        .n_layer = c->n_layer,
        .n_head = c->n_head,
        .d_model = c->d_model,
        .d_ff = 4 * c->d_model,
        .n_ctx = c->n_ctx,
        .vocab = vocab,
        .ln_eps = 1e-5f,
    };
}

/* GPT-2's initial weights (Radford et al. 2019): normal with deviation 0.02, divided by
 * sqrt(2 L) in what adds to the residual stream. */
void pretrain_init_weights(struct lm *m, uint64_t seed)
{
    const size_t n = lm_tensor_count(&m->cfg);
    for (size_t i = 0; i < n; i++) {
        const struct lm_tensor t = lm_tensor_at(&m->cfg, &m->w, i);
        struct rng r = rng_begin(seed, RNG_INIT, i);
        double deviation = 0.02;
        if (t.init == LM_INIT_RESIDUAL) {
            deviation /= sqrt(2.0 * (double)m->cfg.n_layer);
        }
        for (size_t j = 0; j < t.count; j++) {
            if (t.init == LM_INIT_ZERO || t.init == LM_INIT_ONE) {
                t.p[j] = t.init == LM_INIT_ONE ? 1.0f : 0.0f;
            } else {
                t.p[j] = (float)(deviation * rng_normal(&r));
            }
        }
    }
}

static enum err find_tokenizer(struct pretrainer *t, struct tok *given, bool resume,
                               struct errinfo *e)
{
    if (!given && resume) {
        char path[PRETRAIN_PATH];
        TRY(path_join(path, sizeof path, t->out, "tokenizer.json", e));
        TRY(tok_load(path, &t->own_tok, e));
    } else if (!given) {
        TRY(pretrain_tokenizer(&t->cfg, t->texts, t->n_texts, &t->own_tok, e));
    }
    t->model.tok = given ? given : t->own_tok;
    if (t->cfg.mask_rows > 0 && tok_mask(t->model.tok) < 0) {
        return err_set(
            e, ERR_USAGE,
            "mask_rows: found %g, expected 0: the tokenizer has no mask token",
            t->cfg.mask_rows);
    }
    return OK;
}

static void write_header(struct pretrainer *t)
{
    str_add(&t->log, "step,seconds,tokens,loss,lr,grad_norm");
    for (size_t i = 0; i < t->n_texts; i++) {
        char name[160];
        (void)snprintf(name, sizeof name, "nll_clean_%.128s", t->texts[i].name);
        csv_add(&t->log, name, 0);
        (void)snprintf(name, sizeof name, "nll_masked_%.128s", t->texts[i].name);
        csv_add(&t->log, name, 0);
    }
    str_addc(&t->log, '\n');
}

static enum err set_up(struct pretrainer *t, struct tok *tok, bool resume,
                       char note[256], struct errinfo *e)
{
    note[0] = '\0';
    TRY(find_tokenizer(t, tok, resume, e));
    t->model.cfg = pretrain_model(&t->cfg, tok_vocab(t->model.tok));
    const size_t T = t->cfg.n_ctx;
    TRY(lm_weights_init(&t->model.w, &t->model.cfg, e));
    TRY(pretrain_step_init(t, e));
    TRY(mem_new(&t->inputs, t->cfg.batch_rows, T * sizeof *t->inputs, "rows", e));
    TRY(mem_new(&t->targets, t->cfg.batch_rows, T * sizeof *t->targets, "rows", e));
    TRY(mem_new(&t->nll, 2 * t->n_texts, sizeof *t->nll, "evaluation", e));
    TRY(mem_new(&t->pack, t->n_texts, sizeof *t->pack, "texts", e));
    TRY(mem_new(&t->at, t->n_texts, sizeof *t->at, "texts", e));
    for (size_t i = 0; i < t->n_texts; i++) {
        TRY(pack_new(t->texts[i].corpus, CORPUS_TRAIN, t->model.tok, T, &t->pack[i],
                     e));
    }
    if (resume) {
        return pretrain_resume(t, note, e);
    }
    pretrain_init_weights(&t->model, t->cfg.seed);
    write_header(t);
    return pretrain_begin(t, e);
}

static void tear_down(struct pretrainer *t)
{
    pretrain_step_deinit(t);
    for (size_t i = 0; t->pack && i < t->n_texts; i++) {
        pack_free(t->pack[i]);
    }
    mem_free(t->pack);
    mem_free(t->at);
    mem_free(t->inputs);
    mem_free(t->targets);
    mem_free(t->nll);
    lm_weights_deinit(&t->model.w);
    tok_free(t->own_tok);
    str_free(&t->log);
}

/* ---- the loop ---- */

struct loop {
    struct pretrainer *t;
    pretrain_fn *progress;
    void *user;
    struct pretrain_progress p;
    int64_t first_step, start_ns;
    double seconds_before;
};

static enum err evaluate(struct loop *l, struct errinfo *e)
{
    struct pretrainer *t = l->t;
    for (size_t i = 0; i < t->n_texts; i++) {
        const struct corpus *c = t->texts[i].corpus;
        TRY(lm_evaluate(&t->model, c, t->cfg.eval_rows, 0.0, EVAL_SEED, t->pool,
                        &t->nll[i], NULL, e));
        t->nll[t->n_texts + i] = (double)NAN;
        if (tok_mask(t->model.tok) >= 0) {
            TRY(lm_evaluate(&t->model, c, t->cfg.eval_rows, MASK_RATE_USUAL, EVAL_SEED,
                            t->pool, &t->nll[t->n_texts + i], NULL, e));
        }
    }
    l->p.evaluated = true;
    return OK;
}

static void write_row(struct loop *l)
{
    struct pretrainer *t = l->t;
    const struct pretrain_progress *p = &l->p;
    str_addf(&t->log, "%lld,%.1f,%lld,", (long long)t->step, t->seconds,
             (long long)t->tokens);
    if (t->step > 0) {
        str_addf(&t->log, "%.5f,%.4g,%.4g", p->loss, p->lr, p->grad_norm);
    } else {
        str_add(&t->log, ",,");
    }
    for (size_t i = 0; i < t->n_texts; i++) {
        for (size_t k = 0; k < 2; k++) {
            const double v = t->nll[k * t->n_texts + i];
            str_addc(&t->log, ',');
            if (p->evaluated && isfinite(v)) {
                str_addf(&t->log, "%.5f", v);
            }
        }
    }
    str_addc(&t->log, '\n');
}

/* After a step, does what is due: evaluation, a row of the log, a save. */
static enum err after_step(struct loop *l, struct errinfo *e)
{
    struct pretrainer *t = l->t;
    const struct pretrain_config *c = &t->cfg;
    const bool ends = t->step == c->steps;
    const bool eval =
        ends || t->step == 0 || (c->eval_every > 0 && t->step % c->eval_every == 0);
    const bool log = ends || (c->log_every > 0 && t->step % c->log_every == 0);
    const bool save =
        ends || t->step == 0 || (c->save_every > 0 && t->step % c->save_every == 0);
    if (eval && c->eval_rows > 0) {
        TRY(evaluate(l, e));
    }
    const double here = clock_seconds_since(l->start_ns);
    t->seconds = l->seconds_before + here;
    if (log || l->p.evaluated) {
        write_row(l);
    }
    if (save) {
        TRY(pretrain_save(t, e));
        l->p.saved = true;
    }
    l->p.step = t->step;
    l->p.tokens = t->tokens;
    l->p.seconds = t->seconds;
    const double done = (double)(t->step - l->first_step);
    const double row_tokens = (double)(c->batch_rows * c->n_ctx);
    l->p.tokens_per_second = here > 0 ? done * row_tokens / here : 0;
    l->p.eta_seconds = done > 0 ? here / done * (double)(c->steps - t->step) : 0;
    return OK;
}

/* Tells the caller; false if the caller wants to stop. */
static bool report(struct loop *l)
{
    const bool go_on = !l->progress || l->progress(l->user, &l->p);
    l->p.evaluated = false;
    l->p.saved = false;
    l->p.note = NULL;
    return go_on;
}

static void mark(struct pretrainer *t)
{
    for (size_t i = 0; i < t->n_texts; i++) {
        t->at[i] = pack_tell(t->pack[i]);
    }
}

/* After a text that can no longer be read or a full disk: keeps the whole steps. */
static enum err keep(struct pretrainer *t, enum err rc, struct errinfo *e)
{
    struct errinfo second = {0};
    return pretrain_save(t, &second) == OK
               ? err_prefix(e, rc, "%s is saved at step %lld", t->out,
                            (long long)t->step)
               : rc;
}

static enum err run(struct loop *l, bool resumed, bool *interrupted, struct errinfo *e)
{
    struct pretrainer *t = l->t;
    bool go_on = true;
    mark(t);
    if (!resumed) {
        TRY(after_step(l, e));
        go_on = report(l);
    } else if (l->p.note) {
        go_on = report(l);
    }
    while (go_on && t->step < t->cfg.steps) {
        size_t targets = 0;
        enum err rc = pretrain_batch(t, &targets, e);
        if (rc != OK) {
            return keep(t, rc, e);
        }
        rc = pretrain_step(t, targets, &l->p.loss, &l->p.lr, &l->p.grad_norm, e);
        if (rc != OK) {
            return err_prefix(e, rc, "%s keeps the last saved state", t->out);
        }
        t->step++;
        t->tokens += (int64_t)(t->cfg.batch_rows * t->cfg.n_ctx);
        mark(t);
        rc = after_step(l, e);
        if (rc != OK) {
            return keep(t, rc, e);
        }
        const bool saved = l->p.saved;
        go_on = report(l);
        if (!go_on && !saved) {
            TRY(pretrain_save(t, e));
        }
    }
    if (interrupted) {
        *interrupted = !go_on && t->step < t->cfg.steps;
    }
    return OK;
}

enum err pretrain_run(const struct pretrain_config *cfg,
                      const struct pretrain_text *texts, size_t n_texts,
                      struct tok *tok, const char *out, bool resume, struct pool *pool,
                      pretrain_fn *progress, void *user, bool *interrupted,
                      struct errinfo *e)
{
    TRY(pretrain_check(cfg, e));
    TRY(check_texts(texts, n_texts, e));
    if (!resume && !pretrain_may_begin(out)) {
        return err_set(e, ERR_EXISTS, "%s: exists already, expected a new directory",
                       out);
    }
    if (resume && !file_is_dir(out)) {
        return err_set(e, ERR_MISSING, "%s: not found: nothing to resume", out);
    }
    if (resume && pretrain_may_begin(out)) {
        return err_set(e, ERR_MISSING,
                       "%s: was stopped before anything was saved: nothing to resume",
                       out);
    }
    struct pretrainer t = {
        .cfg = *cfg, .texts = texts, .n_texts = n_texts, .out = out, .pool = pool};
    str_init(&t.log, LOG_BYTES);
    char note[256];
    enum err rc = set_up(&t, tok, resume, note, e);
    if (rc == OK) {
        struct loop l = {.t = &t,
                         .progress = progress,
                         .user = user,
                         .first_step = t.step,
                         .start_ns = clock_ns(),
                         .seconds_before = t.seconds};
        l.p = (struct pretrain_progress){.step = t.step,
                                         .steps = cfg->steps,
                                         .tokens = t.tokens,
                                         .nll_clean = t.nll,
                                         .nll_masked = t.nll + n_texts,
                                         .note = note[0] ? note : NULL};
        rc = run(&l, resume, interrupted, e);
    }
    tear_down(&t);
    return rc;
}
