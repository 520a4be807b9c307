/* [wrap posix_memalign] Memory that runs out, at each place in turn: a flow that cannot
 * go on ends with ERR_NOMEM and a line, frees what it took (the address sanitizer
 * counts), and goes through once there is memory again. */
#include "base/csvfile.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "run/engine.h"
#include "sae/foreign.h"
#include "story/grammar.h"
#include "sweep/sweep_table.h"
#include "ui/app.h"
#include "ui/screens/table.h"
#include "unit/sample_settings.h"

#include <errno.h>
#include <stdatomic.h>

/* ---- the allocator, failing when told to ---- */

static atomic_long calls;
static atomic_long fail_at = -1; /* which call fails, from 0; -1: none */

int __real_posix_memalign(void **p, size_t align, size_t bytes);
int __wrap_posix_memalign(void **p, size_t align, size_t bytes);
int __wrap_posix_memalign(void **p, size_t align, size_t bytes)
{
    const long n = atomic_fetch_add(&calls, 1);
    return n == atomic_load(&fail_at) ? ENOMEM : __real_posix_memalign(p, align, bytes);
}

typedef enum err flow_fn(struct errinfo *e);

/* Fail each of the first `dense` allocations and then, since a lexicon takes thousands
 * of one kind, ever fewer of the rest. A flow may do without memory that only a message
 * wanted.
 */
static void fail_each(flow_fn *flow, long dense)
{
    struct errinfo e;
    atomic_store(&fail_at, -1);
    atomic_store(&calls, 0);
    assert_ok(flow(&e), &e);
    const long total = atomic_load(&calls);
    assert_true(total > 0);
    for (long i = 0; i < total; i += 1 + i / dense) {
        atomic_store(&calls, 0);
        atomic_store(&fail_at, i);
        memset(&e, 0, sizeof e);
        const enum err rc = flow(&e);
        if (rc != OK && (rc != ERR_NOMEM || !e.msg[0])) {
            fail_msg("allocation %ld of %ld failed: found %s \"%s\"", i, total,
                     err_text(rc), e.msg);
        }
    }
    atomic_store(&fail_at, -1);
    assert_ok(flow(&e), &e);
}

/* ---- flows ---- */

static const char *sample(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", getenv("SAETOP_SAMPLES"), name);
    return path;
}

static enum err read_grammar(struct errinfo *e)
{
    struct grammar *g = NULL;
    TRY(grammar_load(sample("storybook.grammar.json"), &g, e));
    struct str doc;
    str_init(&doc, 1u << 20);
    enum err rc = grammar_document(g, 0, 3, 0, &doc, e);
    if (rc == OK) {
        rc = grammar_concepts(g, &doc, e);
    }
    str_free(&doc);
    grammar_free(g);
    return rc;
}

static enum err read_concepts(struct errinfo *e)
{
    struct tok *tok = NULL;
    struct concepts *c = NULL;
    TRY(tok_load(sample("model/tokenizer.json"), &tok, e));
    const enum err rc = concepts_load(sample("concepts.csv"), tok, &c, e);
    concepts_free(c);
    tok_free(tok);
    return rc;
}

static enum err read_table(struct errinfo *e)
{
    static const char text[] = "a,b\n1,\"two, three\"\n4,5\n";
    struct csv_table *t = NULL;
    const struct csv_limits lim = CSV_LIMITS_DEFAULT;
    TRY(csv_parse_table(text, sizeof text - 1, "table.csv", &lim, &t, e));
    csv_free_table(t);
    return OK;
}

/* SAEs of each container and layout. */
static enum err read_foreign(struct errinfo *e)
{
    static const char *const names[] = {
        "saelens_gated", "dictionary_learning_matryoshka", "openai_topk/autoencoder.pt",
        "gemma_scope_compressed", "sparsify"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[1024];
        struct sae *s = NULL;
        snprintf(path, sizeof path, "%s/formats/%s", getenv("SAETOP_FIXTURES"),
                 names[i]);
        TRY(foreign_load(path, &s, NULL, e));
        sae_free(s);
    }
    return OK;
}

/* The tables of a sweep: what is written in spite of it is whole. */
static struct sweep_plan *plan;
static struct sweep_result *results;
static char *whole;

static enum err sweep_tables(struct errinfo *e)
{
    struct str s;
    str_init(&s, 1 << 20);
    enum err rc = sweep_csv(plan, results, &s, e);
    rc = rc == OK ? sweep_json(plan, results, &s, e) : rc;
    rc = rc == OK ? sweep_markdown(plan, results, &s, e) : rc;
    rc = rc == OK ? sweep_summary(plan, results, &s, e) : rc;
    if (rc == OK && whole == NULL) {
        whole = strdup(s.p);
    }
    if (rc == OK) {
        assert_string_equal(s.p, whole);
    }
    str_free(&s);
    return rc;
}

/* Model, text, two arms of a run, an evaluation, a directory and back. */
static enum err open_screens(struct errinfo *e)
{
    struct app *a = test_calloc(1, sizeof *a);
    const enum err rc = app_init(a, &screen_table, 80, 24, GLYPH_ASCII, THEME_DARK, e);
    app_deinit(a);
    test_free(a);
    return rc;
}

static enum err whole_run(struct errinfo *e)
{
    struct settings set = sample_settings(1);
    set.twin = TWIN_UNMASKED;
    set.concept_rows = set.browse_rows = 4;
    set.threads = 1; /* the order of allocations is then always the same */
    struct inputs *in = NULL;
    struct engine *g = NULL;
    struct eval_set *eval = NULL;
    struct run_record record = {0};
    char dir[256], run[512];
    TRY(inputs_new(&set, NULL, &in, e));
    TRY(engine_new(in, &g, e)); /* takes `in` in either case */
    tmp_make(dir, sizeof dir);
    (void)tmp_path(run, dir, "run");
    enum err rc = engine_eval_set(in, in->h, in->pool, NULL, &eval, e);
    g->eval_set = rc == OK ? eval : NULL;
    while (rc == OK && !engine_done(g)) {
        rc = engine_step(g, e);
    }
    if (rc == OK) {
        rc = engine_save(g, run, e);
    }
    if (rc == OK) {
        rc = rundir_load(run, &record, e);
        run_record_deinit(&record);
    }
    engine_free(g);
    eval_set_free(eval);
    atomic_store(&fail_at, -1);
    char command[300]; /* a save that failed may leave folders */
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    return rc;
}

static void grammar_and_concepts(void **state)
{
    (void)state;
    fail_each(read_grammar, 40);
    fail_each(read_concepts, 40);
}

static void tables(void **state)
{
    (void)state;
    fail_each(read_table, 40);
}

static void sweeps(void **state)
{
    (void)state;
    static const char text[] = "{\"seeds\": 2, \"parts\": {\"a\": {\"mask.rate\": [0, "
                               "0.1, 0.3]}, \"b\": {\"steps\": 9, \"match_l0\": 2, "
                               "\"mask.rate\": [0, 0.3]}}}";
    struct errinfo e;
    struct settings base;
    cJSON *tree = NULL;
    settings_init(&base);
    assert_ok(json_parse(text, sizeof text - 1, "plan", &tree, &e), &e);
    assert_ok(sweep_plan_new(tree, "plan", &base, &plan, &e), &e);
    cJSON_Delete(tree);
    results = calloc(plan->n_cells, sizeof *results);
    assert_non_null(results);
    for (size_t i = 0; i < plan->n_cells; i++) {
        results[i].done = i + 1 < plan->n_cells;
        for (size_t m = 0; m < SWEEP_MEASURE_COUNT; m++) {
            results[i].v[m] = (double)((i * 7 + m * i * i) % 11) / 11;
        }
    }
    fail_each(sweep_tables, 40);
    free(whole);
    free(results);
    sweep_plan_free(plan);
}

static void foreign(void **state)
{
    (void)state;
    fail_each(read_foreign, 1000);
}

static void screens(void **state)
{
    (void)state;
    fail_each(open_screens, 100);
}

static void runs(void **state)
{
    (void)state;
    fail_each(whole_run, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grammar_and_concepts),
        cmocka_unit_test(tables),
        cmocka_unit_test(sweeps),
        cmocka_unit_test(foreign),
        cmocka_unit_test(screens),
        cmocka_unit_test(runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
