/* saetop bench index: what describing latents takes, with the index of the tokens that
 * each fires on. */
#include "base/clock.h"
#include "cmd_bench.h"
#include "latents/latent_table.h"
#include "run/engine.h"
#include "run_opts.h"
#include "train/settings_synth.h"

#define OUTPUT_BYTES ((size_t)1 << 20)
#define SLICE_ROWS   ((size_t)32) /* the first part that is shown, as in the explorer */

struct index_figures {
    double first, model, index, table; /* seconds */
    size_t latents, tokens, firings, entries;
    size_t bytes, most; /* of the table; and with the pass that makes it */
};

/* Read the first part of the rows, then the others; `model`: the seconds of the
 * harvest. */
static enum err read_rows(struct latent_pass *p, struct acts_set *set,
                          const struct inputs *in, size_t rows, double *model,
                          struct errinfo *e)
{
    const int64_t begun = clock_ns();
    acts_set_harvest(set, in->h, rows);
    *model += clock_seconds_since(begun);
    return latent_pass_read(p, rows, in->pool, NULL, e);
}

static void count_entries(const struct latent_table *t, struct index_figures *f)
{
    f->latents = t->F;
    f->tokens = t->n_tokens;
    f->firings = t->fire_start[t->F];
    for (size_t j = 0; j < t->F; j++) {
        size_t n = 0;
        (void)latent_tokens(t, (int32_t)j, &n);
        f->entries += n;
    }
}

static enum err time_index(const struct inputs *in, const struct sae *sae,
                           struct acts_set *set, struct index_figures *f,
                           struct errinfo *e)
{
    struct latent_pass *p = NULL;
    struct latent_table *part = NULL, *whole = NULL;
    enum err rc = OK;
    const int64_t begun = clock_ns();
    TRY_OUT(rc, latent_pass_new(sae, set, in->concepts, 0, &p, e));
    TRY_OUT(rc, read_rows(p, set, in, SLICE_ROWS, &f->model, e));
    TRY_OUT(rc, latent_pass_table(p, in->pool, NULL, &part, e));
    f->first = clock_seconds_since(begun);
    while (!latent_pass_is_done(p)) {
        TRY_OUT(rc, read_rows(p, set, in, SLICE_ROWS, &f->model, e));
    }
    const int64_t read = clock_ns();
    TRY_OUT(rc, latent_pass_table(p, in->pool, NULL, &whole, e));
    f->table = clock_seconds_since(read);
    f->index = clock_seconds_since(begun) - f->model;
    count_entries(whole, f);
    f->bytes = latent_table_bytes(whole);
    f->most = f->bytes + latent_pass_bytes(p);
out:
    latent_table_unref(part);
    latent_table_unref(whole);
    latent_pass_free(p);
    return rc;
}

/* Train some steps first: random weights fire where trained ones would not. */
static enum err bench_index(const struct settings *set, int64_t steps, size_t tokens,
                            struct index_figures *f, struct errinfo *e)
{
    struct inputs *in = NULL;
    struct engine *g = NULL;
    struct acts_set *rows = NULL;
    enum err rc = OK;
    TRY(settings_need_text(set, "bench index", e));
    TRY(inputs_new(set, NULL, &in, e));
    TRY(engine_new(in, &g, e));
    for (int64_t i = 0; i < steps; i++) {
        TRY_OUT(rc, engine_step(g, e));
    }
    TRY_OUT(rc, acts_set_open(in->h, in->corpus, CORPUS_HELDOUT, in->lm->tok,
                              (tokens + harvest_T(in->h) - 1) / harvest_T(in->h), &rows,
                              e));
    rc = time_index(in, g->arm[0].arm->sae, rows, f, e);
out:
    acts_set_free(rows);
    engine_free(g);
    return rc;
}

static void show(const struct index_figures *f, bool json, struct str *out)
{
    str_addf(out,
             json ? "{\"latents\":%zu,\"tokens\":%zu,\"seconds\":%.3f,"
                    "\"model_seconds\":%.3f,\"index_seconds\":%.3f,"
                    "\"table_seconds\":%.3f,\"first_seconds\":%.3f,\"firings\":%zu,"
                    "\"entries\":%zu,\"bytes\":%zu,\"bytes_at_most\":%zu}\n"
                  : "%zu latents over %zu tokens: %.2f s, of it model %.2f, index %.2f "
                    "(its last table %.2f); first answers after %.2f s\n%zu firings, "
                    "%zu entries; %zu bytes, %zu while it is made\n",
             f->latents, f->tokens, f->model + f->index, f->model, f->index, f->table,
             f->first, f->firings, f->entries, f->bytes, f->most);
}

int cmd_bench_index(int argc, char **argv)
{
    bool json = false;
    int64_t steps = 300, tokens = 200000;
    const struct opt own[] = {
        {"json", OPT_FLAG, &json, NULL, "one JSON object", 0, 0, NULL},
        {"bench-steps", OPT_INT, &steps, "N", "steps trained first", 0, 1e6, NULL},
        {"tokens", OPT_INT, &tokens, "N", "tokens of held-out text, in whole rows", 1,
         1e9, NULL},
    };
    struct run_opts ro;
    const struct opts o = {
        .name = "bench index",
        .usage = "[OPTIONS]",
        .about =
            "Time and memory of describing latents, with the index of the tokens that "
            "each fires on, on held-out text: of all of it, and until the first rows "
            "can be asked about. 1,024 latents unless --width says.",
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    struct settings set;
    struct index_figures f = {0};
    struct str out;
    int status = 0;
    if (!run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                        &status)) {
        return status;
    }
    const enum err named = run_opts_word(&ro, setting_key.width, "1024", NULL);
    (void)named; /* by the line, which then holds */
    enum err rc = run_opts_settings(&ro, &set, &e);
    rc = rc == OK ? bench_index(&set, steps, (size_t)tokens, &f, &e) : rc;
    if (rc != OK) {
        return cmd_fail(rc, &e);
    }
    str_init(&out, OUTPUT_BYTES);
    show(&f, json, &out);
    return json ? cmd_print(&out) : cmd_print_text(&out);
}
