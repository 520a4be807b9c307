/* saetop lm: train | eval | generate | tokenize | activations. */
#include "base/json.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd.h"
#include "lm/generate.h"
#include "lm/lm_eval.h"
#include "lm_cmds.h"
#include "lm_texts.h"
#include "num/blas.h"
#include "samples_dir.h"
#include "stop.h"
#include "text/mask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP      4096
#define BUNDLED_MODEL "model"
#define OUTPUT_BYTES  (64u << 20)

enum err lm_model_dir(const char *model, char *out, size_t cap, struct errinfo *e)
{
    return model ? samples_resolve(model, out, cap, e)
                 : samples_path(BUNDLED_MODEL, out, cap, e);
}

static enum err open_model(const char *dir, struct lm **out, struct errinfo *e)
{
    char path[PATH_CAP];
    TRY(lm_model_dir(dir, path, sizeof path, e));
    return lm_load(path, out, e);
}

/* ---- eval ---- */

struct eval_args {
    const char *model;
    struct opt_list corpora;
    int64_t rows, seed, threads;
    double rate;
    bool json;
};

static void add_result(const struct eval_args *a, const char *name, double clean,
                       double masked, bool first, struct str *out)
{
    if (!a->json) {
        str_addf(out, "%-20.60s %s %s %s\n", name, NUMBER(NUMBER_PLAIN, 10, 4, clean),
                 NUMBER(NUMBER_PLAIN, 10, 4, masked),
                 NUMBER(NUMBER_PLAIN, 10, 2, exp(clean)));
        return;
    }
    str_addf(out, "%s{\"text\":", first ? "" : ",");
    json_add_string(out, name, strlen(name));
    str_add(out, ",\"nll_clean\":");
    json_add_number(out, clean);
    str_add(out, ",\"nll_masked\":");
    json_add_number(out, masked);
    str_addc(out, '}');
}

static enum err evaluate(const struct eval_args *a, struct lm_texts *texts,
                         struct str *out, struct errinfo *e)
{
    struct lm *m = NULL;
    struct pool *pool = NULL;
    enum err rc;
    const uint64_t seed = (uint64_t)a->seed;
    TRY_OUT(rc, num_ready(e));
    TRY_OUT(rc, open_model(a->model, &m, e));
    TRY_OUT(rc, a->corpora.n > 0 ? lm_texts_open(texts, &a->corpora, seed, e)
                                 : lm_texts_open_bundled(texts, seed, e));
    TRY_OUT(rc, pool_new(pool_count(a->threads), &pool, e));
    if (a->json) {
        str_addf(out, "{\"rows\":%lld,\"mask_rate\":", (long long)a->rows);
        json_add_number(out, a->rate);
        str_add(out, ",\"texts\":[");
    } else {
        str_addf(out, "nats per token, %lld held-out row%s of %zu tokens\n",
                 (long long)a->rows, plural_s((uint64_t)a->rows), lm_eval_context(m));
        str_addf(out, "%-20s %10s %9.0f%% %10s\n", "text", "clean", 100.0 * a->rate,
                 "perplexity");
    }
    for (size_t i = 0; i < texts->n; i++) {
        double clean = 0, masked = NAN;
        size_t rows = 0;
        const struct corpus *c = texts->text[i].corpus;
        TRY_OUT(rc,
                lm_evaluate(m, c, (size_t)a->rows, 0.0, seed, pool, &clean, &rows, e));
        if (rows < (size_t)a->rows) {
            (void)fprintf(stderr,
                          "saetop: %s: the held-out text fills %zu of %lld rows\n",
                          corpus_name(c), rows, (long long)a->rows);
        }
        /* A model without a mask token has no masked figure. */
        if (tok_mask(m->tok) >= 0) {
            TRY_OUT(rc, lm_evaluate(m, c, (size_t)a->rows, a->rate, seed, pool, &masked,
                                    NULL, e));
        }
        add_result(a, texts->text[i].name, clean, masked, i == 0, out);
        if (stop_asked()) {
            rc = err_set(e, ERR_CANCELLED, "lm eval: stopped");
            goto out;
        }
    }
    str_add(out, a->json ? "]}\n" : "");
out:
    pool_free(pool);
    lm_free(m);
    return rc;
}

static int cmd_lm_eval(int argc, char **argv)
{
    struct eval_args a = {.rows = 256, .seed = 1, .rate = MASK_RATE_USUAL};
    // clang-format off
    const struct opt table[] = {
        {"model", OPT_STRING, &a.model, "DIR", "model directory or GGUF file; without it the bundled one", 0, 0, NULL},
        {"corpus", OPT_LIST, &a.corpora, "FILE", "text; may be repeated; without it both registers of the bundled grammar", 0, 0, NULL},
        {"rows", OPT_INT, &a.rows, "N", "held-out rows of each text", 1, 1e6, NULL},
        {"mask-rate", OPT_REAL, &a.rate, "P", "rate of the second figure", 0, 1, NULL},
        {"seed", OPT_INT, &a.seed, "S", "of the masks", 0, 9e15, NULL},
        {"threads", OPT_INT, &a.threads, "N", "threads; 0: as many as the process may use; the result does not depend on it", 0, 1024, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "print one JSON object", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "lm eval",
        .usage = "[--model DIR] [--corpus FILE ...] [OPTIONS]",
        .about = "Cross-entropy of a language model on held-out text, as it stands and "
                 "with a share of its inputs masked.",
        .table = table,
        .n = sizeof table / sizeof table[0],
    };
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    struct errinfo e = {0};
    struct lm_texts texts = {.n = 0};
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    const enum err rc = evaluate(&a, &texts, &out, &e);
    lm_texts_close(&texts);
    if (rc != OK) {
        str_free(&out);
        return stop_asked() ? stop_status() : cmd_fail(rc, &e);
    }
    return a.json ? cmd_print(&out) : cmd_print_text(&out);
}

/* ---- generate ---- */

struct generate_args {
    const char *model;
    int64_t n, max_tokens, top_k, seed;
    double temperature, top_p;
    bool json;
};

static void add_text(const struct generate_args *a, const char *prompt,
                     const struct str *text, uint64_t seed, struct str *out)
{
    if (!a->json) {
        /* The texts are from the model and the user: nothing raw reaches a terminal. */
        utf8_escape(out, prompt, strlen(prompt));
        utf8_escape(out, text->len ? text->p : "", text->len);
        str_addc(out, '\n');
        return;
    }
    str_addf(out, "{\"seed\":\"%llu\",\"prompt\":", (unsigned long long)seed);
    json_add_string(out, prompt, strlen(prompt));
    str_add(out, ",\"text\":");
    json_add_string(out, text->len ? text->p : "", text->len);
    str_add(out, "}\n");
}

static enum err generate(const struct generate_args *a, const char *prompt,
                         struct str *out, struct errinfo *e)
{
    struct lm *m = NULL;
    TRY(num_ready(e));
    TRY(open_model(a->model, &m, e));
    struct str text;
    str_init(&text, OUTPUT_BYTES);
    enum err rc = OK;
    for (int64_t i = 0; rc == OK && i < a->n && !stop_asked(); i++) {
        const struct generate_config cfg = {.max_tokens = (size_t)a->max_tokens,
                                            .temperature = a->temperature,
                                            .top_k = (size_t)a->top_k,
                                            .top_p = a->top_p,
                                            .seed = (uint64_t)(a->seed + i)};
        str_clear(&text);
        rc = lm_generate(m, prompt, &cfg, &text, e);
        if (rc == OK) {
            add_text(a, prompt, &text, cfg.seed, out);
        }
    }
    str_free(&text);
    lm_free(m);
    return rc;
}

static int cmd_lm_generate(int argc, char **argv)
{
    struct generate_args a = {
        .n = 1, .max_tokens = 120, .seed = GENERATE_SEED, .temperature = 0.8};
    // clang-format off
    const struct opt table[] = {
        {"model", OPT_STRING, &a.model, "DIR", "model directory or GGUF file; without it the bundled one", 0, 0, NULL},
        {"n", OPT_INT, &a.n, "N", "how many texts, one a line", 1, 1e6, NULL},
        {"max-tokens", OPT_INT, &a.max_tokens, "N", "longest continuation", 1, 1e6, NULL},
        {"temperature", OPT_REAL, &a.temperature, "X", "0: always the likeliest token", 0, 100, NULL},
        {"top-k", OPT_INT, &a.top_k, "K", "draw among the K likeliest; 0: all", 0, 1e7, NULL},
        {"top-p", OPT_REAL, &a.top_p, "X", "draw among the likeliest that together have this share; 0: all", 0, 1, NULL},
        {"seed", OPT_INT, &a.seed, "S", "of the first text; the next ones count up", 0, 9e15, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "one JSON object a line", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "lm generate",
        .usage = "[--model DIR] [OPTIONS] [PROMPT]",
        .about = "Continue a prompt, or begin a text where none is given.",
        .table = table,
        .n = sizeof table / sizeof table[0],
        .max_args = 1,
    };
    struct opts_result r;
    int status = EXIT_SUCCESS;
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    struct errinfo e = {0};
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    stop_install();
    const enum err rc = generate(&a, r.n_args > 0 ? r.args[0] : "", &out, &e);
    if (rc != OK) {
        str_free(&out);
        return cmd_fail(rc, &e);
    }
    status = a.json ? cmd_print(&out) : cmd_print_text(&out);
    return stop_asked() ? stop_status() : status;
}

static const struct subcommand COMMANDS[] = {
    {"train", cmd_lm_train, "pretrain a model on text"},
    {"eval", cmd_lm_eval, "cross-entropy on held-out text, clean and masked"},
    {"generate", cmd_lm_generate, "continue a prompt"},
    {"tokenize", cmd_lm_tokenize, "the token ids of a text"},
    {"activations", cmd_lm_activations, "what the model makes of a text, as tensors"},
};

int cmd_lm(int argc, char **argv)
{
    return commands_run("lm", COMMANDS, sizeof COMMANDS / sizeof COMMANDS[0], argc,
                        argv);
}
