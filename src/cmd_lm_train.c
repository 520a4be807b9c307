/* saetop lm train: pretraining from the command line. */
#include "base/clock.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/room.h"
#include "cmd.h"
#include "lm/pretrain.h"
#include "lm_cmds.h"
#include "lm_texts.h"
#include "num/blas.h"
#include "progress.h"
#include "run/run_cost.h"
#include "stop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 8192

/* The options, as the parser stores them. */
struct train_args {
    struct opt_list corpora;
    const char *out, *tokenizer;
    bool resume, json;
    int64_t steps, seed, batch, layers, width, heads, context, vocab, warmup, threads;
    int64_t eval_every, save_every, log_every, eval_rows, tokenizer_bytes;
    struct pretrain_config cfg; /* takes the real-valued ones */
};

static void set_defaults(struct train_args *a)
{
    *a = (struct train_args){.cfg = pretrain_defaults()};
    const struct pretrain_config *d = &a->cfg;
    a->steps = d->steps;
    a->seed = (int64_t)d->seed;
    a->batch = (int64_t)d->batch_rows;
    a->layers = (int64_t)d->n_layer;
    a->width = (int64_t)d->d_model;
    a->heads = (int64_t)d->n_head;
    a->context = (int64_t)d->n_ctx;
    a->vocab = (int64_t)d->vocab;
    a->warmup = d->warmup;
    a->eval_every = d->eval_every;
    a->save_every = d->save_every;
    a->log_every = d->log_every;
    a->eval_rows = (int64_t)d->eval_rows;
    a->tokenizer_bytes = (int64_t)d->tokenizer_bytes;
}

static void take_ints(struct train_args *a)
{
    struct pretrain_config *c = &a->cfg;
    c->steps = a->steps;
    c->seed = (uint64_t)a->seed;
    c->batch_rows = (size_t)a->batch;
    c->n_layer = (size_t)a->layers;
    c->d_model = (size_t)a->width;
    c->n_head = (size_t)a->heads;
    c->n_ctx = (size_t)a->context;
    c->vocab = (size_t)a->vocab;
    c->warmup = a->warmup;
    c->eval_every = a->eval_every;
    c->save_every = a->save_every;
    c->log_every = a->log_every;
    c->eval_rows = (size_t)a->eval_rows;
    c->tokenizer_bytes = (size_t)a->tokenizer_bytes;
}

static bool parse(int argc, char **argv, struct train_args *a, int *status)
{
    set_defaults(a);
    // clang-format off
    const struct opt table[] = {
        {"corpus", OPT_LIST, &a->corpora, "FILE[,WEIGHT]", "text to train on, as `train` takes it; repeat to mix", 0, 0, NULL},
        {"out", OPT_STRING, &a->out, "DIR", "directory of the model; must not exist, unless --resume", 0, 0, NULL},
        {"resume", OPT_FLAG, &a->resume, NULL, "continue the run in --out, with the same options", 0, 0, NULL},
        {"tokenizer", OPT_STRING, &a->tokenizer, "FILE", "tokenizer.json to use; without it one is trained on the texts", 0, 0, NULL},
        {"vocab", OPT_INT, &a->vocab, "N", "entries of a new tokenizer", 260, 1e6, NULL},
        {"steps", OPT_INT, &a->steps, "N", "optimizer steps", 1, 1e9, NULL},
        {"batch", OPT_INT, &a->batch, "ROWS", "rows of --context tokens in a step", 1, 65536, NULL},
        {"lr", OPT_REAL, &a->cfg.lr, "X", "highest learning rate", 1e-9, 10, NULL},
        {"warmup", OPT_INT, &a->warmup, "N", "steps of rising learning rate", 0, 1e9, NULL},
        {"seed", OPT_INT, &a->seed, "S", "of weights, text and masks", 0, 9e15, NULL},
        {"layers", OPT_INT, &a->layers, "L", "transformer blocks", 1, 100, NULL},
        {"width", OPT_INT, &a->width, "D", "of the residual stream", 2, 16384, NULL},
        {"heads", OPT_INT, &a->heads, "N", "attention heads; divides --width", 1, 1024, NULL},
        {"context", OPT_INT, &a->context, "T", "tokens in a row", 2, 65536, NULL},
        {"mask-rows", OPT_REAL, &a->cfg.mask_rows, "SHARE", "share of rows in which tokens are replaced by the mask token", 0, 1, NULL},
        {"eval-every", OPT_INT, &a->eval_every, "N", "steps between held-out losses; 0: only at the end", 0, 1e9, NULL},
        {"save-every", OPT_INT, &a->save_every, "N", "steps between saves; 0: only at the end", 0, 1e9, NULL},
        {"threads", OPT_INT, &a->threads, "N", "threads; 0: as many as the process may use; the result does not depend on it", 0, 1024, NULL},
        {"json", OPT_FLAG, &a->json, NULL, "one JSON object a line on standard output", 0, 0, NULL},
    };
    const struct opt set[] = {
        {"lr_min_ratio", OPT_REAL, &a->cfg.lr_min_ratio, "X", "learning rate at the end, as a share of --lr", 0, 1, NULL},
        {"beta1", OPT_REAL, &a->cfg.beta1, "X", "AdamW", 0, 0.999999, NULL},
        {"beta2", OPT_REAL, &a->cfg.beta2, "X", "AdamW", 0, 0.999999999, NULL},
        {"eps", OPT_REAL, &a->cfg.eps, "X", "AdamW", 1e-30, 1, NULL},
        {"weight_decay", OPT_REAL, &a->cfg.weight_decay, "X", "AdamW, on matrices", 0, 1000, NULL},
        {"clip", OPT_REAL, &a->cfg.clip, "X", "largest gradient norm; 0: none", 0, 1e30, NULL},
        {"mask_rate_max", OPT_REAL, &a->cfg.mask_rate_max, "P", "rate of a masked row is uniform in 0 to this", 0, 1, NULL},
        {"eval_rows", OPT_INT, &a->eval_rows, "N", "held-out rows of each text", 0, 1e6, NULL},
        {"log_every", OPT_INT, &a->log_every, "N", "steps between rows of losses.csv", 0, 1e9, NULL},
        {"tokenizer_bytes", OPT_INT, &a->tokenizer_bytes, "N", "text that a new tokenizer is trained on", 1, 1e10, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "lm train",
        .usage = "--corpus FILE[,WEIGHT] ... --out DIR [OPTIONS]",
        .about =
            "Pretrain a GPT-2 model on text, with a share of inputs masked so that "
            "masked text is not foreign to it. Memory and time are said first, and "
            "what does not fit is refused. Ctrl-C saves; --resume continues to "
            "the same bytes.",
        .table = table,
        .n = sizeof table / sizeof table[0],
        .set = set,
        .n_set = sizeof set / sizeof set[0],
    };
    struct opts_result r;
    if (!cmd_begin(&o, argc, argv, &r, status)) {
        return false;
    }
    struct errinfo e = {0};
    if (!a->out || a->corpora.n == 0) {
        *status = cmd_fail(err_set(&e, ERR_USAGE,
                                   "lm train: needs %s; see saetop lm train -h",
                                   a->out ? "--corpus FILE" : "--out DIR"),
                           &e);
        return false;
    }
    take_ints(a);
    return true;
}

/* ---- what the user sees ---- */

struct view {
    const struct train_args *args;
    const struct lm_texts *texts;
    struct progress bar;
};

static void json_field(struct str *s, const char *key, double v)
{
    str_addf(s, "%s\"%s\":", s->len > 1 ? "," : "", key);
    json_add_number(s, v);
}

static void print_json(const struct view *v, const struct pretrain_progress *p)
{
    struct str s;
    str_init(&s, 1u << 20);
    str_addc(&s, '{');
    json_field(&s, "step", (double)p->step);
    json_field(&s, "steps", (double)p->steps);
    json_field(&s, "tokens", (double)p->tokens);
    json_field(&s, "seconds", p->seconds);
    if (p->step > 0) {
        json_field(&s, "loss", p->loss);
        json_field(&s, "lr", p->lr);
        json_field(&s, "grad_norm", p->grad_norm);
        json_field(&s, "tokens_per_second", p->tokens_per_second);
        json_field(&s, "eta_seconds", p->eta_seconds);
    }
    for (size_t k = 0; p->evaluated && k < 2; k++) {
        str_add(&s, k == 0 ? ",\"nll_clean\":{" : ",\"nll_masked\":{");
        for (size_t i = 0; i < v->texts->n; i++) {
            const char *name = v->texts->text[i].name;
            str_add(&s, i ? "," : "");
            json_add_string(&s, name, strlen(name));
            str_addc(&s, ':');
            json_add_number(&s, k == 0 ? p->nll_clean[i] : p->nll_masked[i]);
        }
        str_addc(&s, '}');
    }
    if (p->saved) {
        str_add(&s, ",\"saved\":true");
    }
    str_add(&s, "}\n");
    (void)cmd_print(&s);
}

static void print_evaluation(const struct view *v, const struct pretrain_progress *p)
{
    char time[32];
    struct str line;
    str_init(&line, LINE_BYTES);
    str_addf(&line, "step %lld/%lld  %s tokens  %s", (long long)p->step,
             (long long)p->steps, NUMBER_COUNT((double)p->tokens),
             duration_text(p->seconds, DURATION_WORDS, time));
    if (p->step > 0) {
        str_addf(&line, "  loss %s", NUMBER(NUMBER_PLAIN, 0, 4, p->loss));
    }
    for (size_t i = 0; i < v->texts->n; i++) {
        str_addf(&line, "  %s %s", v->texts->text[i].name,
                 NUMBER(NUMBER_PLAIN, 0, 4, p->nll_clean[i]));
        if (isfinite(p->nll_masked[i])) {
            str_addf(&line, " (masked %.4f)", p->nll_masked[i]);
        }
    }
    if (p->step > 0) {
        char eta[32];
        str_addf(&line, "  %.0f tokens/s, %s left", p->tokens_per_second,
                 duration_text(p->eta_seconds, DURATION_WORDS, eta));
    }
    cmd_say(stdout, "%s",
            line.len ? line.p : ""); /* names of texts come from file names */
    str_free(&line);
    (void)fflush(stdout);
}

static bool on_progress(void *user, const struct pretrain_progress *p)
{
    struct view *v = user;
    const int64_t every = v->args->cfg.log_every;
    if (p->note) {
        progress_clear(&v->bar);
        cmd_say(stderr, "saetop: %s", p->note);
    }
    if (v->args->json) {
        if (p->evaluated || (every > 0 && p->step % every == 0)) {
            print_json(v, p);
        }
    } else if (p->evaluated) {
        progress_clear(&v->bar);
        print_evaluation(v, p);
    }
    if (p->step > 0 && progress_due(&v->bar)) {
        char text[200], eta[32];
        (void)snprintf(text, sizeof text,
                       "step %lld/%lld  loss %s  %.0f tokens/s  %s left",
                       (long long)p->step, (long long)p->steps,
                       NUMBER(NUMBER_PLAIN, 0, 3, p->loss), p->tokens_per_second,
                       duration_text(p->eta_seconds, DURATION_WORDS, eta));
        progress_draw(&v->bar, (double)p->step, (double)p->steps, text);
    }
    return !stop_asked();
}

/* ---- what it takes ---- */

static void print_cost(const struct train_args *a, size_t texts,
                       const struct run_cost *c)
{
    char takes[300];
    struct str s;
    run_cost_takes(c, takes, sizeof takes);
    if (!a->json) {
        cmd_say(stderr,
                "takes: %s; %zu text%s, %s tokens in %lld step%s, %s tokens/s%s", takes,
                texts, plural_s(texts), NUMBER_COUNT(c->tokens), (long long)c->steps,
                plural_s((uint64_t)c->steps), NUMBER_COUNT(c->tokens_per_second),
                a->tokenizer || a->resume ? "" : "; a tokenizer is trained first");
        return;
    }
    str_init(&s, LINE_BYTES);
    str_add(&s, "{\"event\":\"estimate\",\"text\":");
    json_add_string(&s, takes, strlen(takes));
    json_add_member(&s, "bytes", (double)c->bytes);
    json_add_member(&s, "room", c->room < SIZE_MAX ? (double)c->room : (double)NAN);
    json_add_member(&s, "seconds", c->seconds);
    json_add_member(&s, "tokens", c->tokens);
    json_add_member(&s, "tokens_per_second", c->tokens_per_second);
    str_add(&s, "}\n");
    (void)cmd_print(&s);
}

/* Say memory and time, as `train` does, from some steps of a model of this size; refuse
 * before any work if it does not fit. tok NULL: one is to be trained. */
static enum err say_cost(const struct train_args *a, size_t texts,
                         const struct tok *tok, struct pool *pool, struct errinfo *e)
{
    struct pretrain_config cfg = a->cfg;
    double step = 0;
    const size_t own = (size_t)clock_own_bytes();
    const double row_tokens = (double)(cfg.batch_rows * cfg.n_ctx);
    cfg.vocab = tok ? tok_vocab(tok) : cfg.vocab;
    TRY(pretrain_check(&cfg, e));
    const int64_t done = a->resume ? pretrain_saved_step(a->out) : 0;
    struct run_cost c = {
        .steps = done < cfg.steps ? cfg.steps - done : 0,
        .bytes = run_room(own, pretrain_bytes(&cfg, pool_threads(pool))),
        .room = run_room(own, room_bytes()),
    };
    if (c.bytes > c.room) {
        char needs[80] = "more memory than can be counted";
        if (c.bytes < SIZE_MAX) {
            snprintf(needs, sizeof needs, "about %s of memory",
                     NUMBER_BYTES((double)c.bytes));
        }
        return err_set(e, ERR_LIMIT,
                       "lm train needs %s, %s are there: take a smaller --batch, "
                       "--width, --context or --vocab, or fewer --layers",
                       needs, NUMBER_BYTES((double)c.room));
    }
    TRY(pretrain_time(&cfg, pool, RUN_COST_BRIEF, &step, e));
    c.timed = true;
    c.tokens = (double)c.steps * row_tokens;
    c.tokens_per_second = row_tokens / fmax(step, 1e-9);
    c.seconds = (double)c.steps * step;
    print_cost(a, texts, &c);
    return OK;
}

/* ---- the run ---- */

static enum err run(struct train_args *a, struct lm_texts *texts, bool *interrupted,
                    struct errinfo *e)
{
    struct tok *tok = NULL; /* NULL: one is to be trained */
    struct pool *pool = NULL;
    char **forms = NULL, path[4096];
    size_t n_forms = 0;
    enum err rc;
    if (a->resume && file_is_dir(a->out) && pretrain_may_begin(a->out)) {
        cmd_say(stderr,
                "saetop: %s: was stopped before anything was saved: begins anew",
                a->out);
        a->resume = false;
    }
    /* Before any work: the texts take a while to open. */
    if (!a->resume && !pretrain_may_begin(a->out)) {
        return err_set(
            e, ERR_EXISTS,
            "%s: exists already; give a new --out, or --resume to continue it", a->out);
    }
    if (!a->resume) {
        TRY(file_check_dir(a->out, e));
    }
    TRY_OUT(rc, num_ready(e));
    TRY_OUT(rc, lm_texts_open(texts, &a->corpora, a->cfg.seed, e));
    if (a->tokenizer) {
        TRY_OUT(rc, tok_load(a->tokenizer, &tok, e));
    } else if (a->resume) {
        TRY_OUT(rc, path_join(path, sizeof path, a->out, "tokenizer.json", e));
        if (file_exists(path)) { /* else nothing is written, as pretrain_run says */
            TRY_OUT(rc, tok_load(path, &tok, e));
        }
    } else {
        TRY_OUT(rc, lm_texts_forms(texts, &forms, &n_forms, e));
        /* The library only reads them. */
        a->cfg.forms = (const char *const *)forms;
        a->cfg.n_forms = n_forms;
    }
    TRY_OUT(rc, pool_new(pool_count(a->threads), &pool, e));
    struct view v = {.args = a, .texts = texts};
    progress_init(&v.bar, a->json);
    TRY_OUT(rc, say_cost(a, texts->n, tok, pool, e));
    rc = pretrain_run(&a->cfg, texts->text, texts->n, tok, a->out, a->resume, pool,
                      on_progress, &v, interrupted, e);
    progress_clear(&v.bar);
out:
    pool_free(pool);
    lm_texts_free_forms(forms, n_forms);
    tok_free(tok);
    return rc;
}

int cmd_lm_train(int argc, char **argv)
{
    struct train_args a;
    int status = EXIT_SUCCESS;
    if (!parse(argc, argv, &a, &status)) {
        return status;
    }
    struct errinfo e = {0};
    struct lm_texts texts = {.n = 0};
    bool interrupted = false;
    stop_install();
    const enum err rc = run(&a, &texts, &interrupted, &e);
    lm_texts_close(&texts);
    if (rc != OK) {
        return cmd_fail(rc, &e);
    }
    if (interrupted) {
        cmd_say(stderr, "saetop: stopped; saved in %s, --resume continues it", a.out);
        return stop_status();
    }
    if (!a.json) {
        cmd_say(stdout, "model written to %s", a.out);
    }
    return EXIT_SUCCESS;
}
