/* eval.json as a screen, the list of runs and `saetop verdict` read it, and
 * concept_history.csv: refused in a line, or concepts and words that hold together, and
 * figures with units that do. */
#include "eval/concept_history.h"
#include "eval/kept.h"
#include "measure/measure.h"
#include "src/eval_meta.h"
#include "text/bpe_train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LATENTS = 64 };

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool one_text(void *ctx, const char **text, size_t *len, enum err *rc,
                     struct errinfo *e)
{
    bool *given = ctx;
    (void)rc;
    (void)e;
    *text = "a b";
    *len = 3;
    const bool first = !*given;
    *given = true;
    return first;
}

static const struct concepts *concepts(void)
{
    static const char csv[] = "concept,parent,word\nmammal,animal,dog\nfruit,,plum\n";
    static const char *const forms[2] = {" dog", " plum"};
    static struct concepts *c;
    if (c == NULL) {
        struct tok *tok = NULL;
        bool given = false;
        const struct bpe_train_opts o = {.vocab = 300, .forms = forms, .n_forms = 2};
        require(bpe_train(&o, one_text, &given, &tok, NULL) == OK);
        require(concepts_parse(csv, sizeof csv - 1, "csv", tok, &c, NULL) == OK);
        tok_free(tok);
    }
    return c;
}

static void check_word(const struct concept_table *t, size_t i, size_t vocab)
{
    const struct word_result *w = &t->word[i];
    require(w->token >= 0 && (size_t)w->token < vocab);
    require(w->right <= w->occurrences && w->fires <= w->occurrences);
    require(w->held <= w->right && w->absorbed <= w->right - w->held);
    require(w->verdict == word_verdict(w, WORD_LEAST));
    for (size_t a = 0; a < EVAL_ABSORBERS; a++) {
        require(w->absorber[a].latent >= -1 && w->absorber[a].latent < LATENTS);
        const double share = word_absorber_share(w, a);
        require(share >= 0.0 && share <= 1.0);
    }
    require(i == 0 || t->word[i - 1].concept < w->concept ||
            (t->word[i - 1].concept == w->concept && t->word[i - 1].token < w->token));
}

static void check(const struct concept_table *t, const struct concepts *c)
{
    require(t->n == c->n_probed && t->word_start[0] == 0 &&
            t->word_start[t->n] == t->n_words);
    for (size_t i = 0; i < t->n; i++) {
        const struct concept_result *r = &t->row[i];
        require(r->n_main <= EVAL_MAX_MAIN && t->word_start[i] <= t->word_start[i + 1]);
        for (size_t k = 0; k < r->n_main; k++) {
            require(r->main_latent[k] >= 0 && r->main_latent[k] < LATENTS);
        }
        for (size_t w = t->word_start[i]; w < t->word_start[i + 1]; w++) {
            require((size_t)t->word[w].concept == i);
        }
    }
    for (size_t w = 0; w < t->n_words; w++) {
        check_word(t, w, c->vocab);
    }
}

static void check_report(const struct report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        for (size_t k = 1; k < r->fig[i].n && r->fig[i].id != NULL; k++) {
            require(r->fig[i].id[k] > r->fig[i].id[k - 1]);
        }
    }
}

/* What a list of runs shows of it, and whether it is one of the run as it is now. */
static void try_figures(const cJSON *root)
{
    const struct run_record r = {.step = 1};
    const bool holds = eval_meta_holds(root, &r, 16, 1);
    require(!holds || kept_value(root, "step") == 1.0);
    require(!eval_meta_holds_files(root, 7) ||
            cJSON_HasObjectItem(root, "activations_hash"));
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct measure *m = measure_at((enum metric)i);
        require(!m->path || !isinf(kept_value(root, m->path)));
    }
}

/* concept_history.csv: the same bytes may be one. */
static void try_history(const uint8_t *data, size_t size)
{
    struct concept_history *h = NULL;
    struct errinfo e = {0};
    if (concept_history_parse((const char *)data, size, "h.csv", concepts(), 1000, &h,
                              &e) != OK) {
        require(h == NULL && e.msg[0] && !strchr(e.msg, '\n'));
        return;
    }
    for (size_t i = 0; h != NULL && i < h->n; i++) {
        require(h->step[i] >= 0 && h->step[i] <= 1000 &&
                (i == 0 || h->step[i] > h->step[i - 1]));
    }
    concept_history_unref(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_history(data, size);
    cJSON *root = NULL;
    struct errinfo e = {0};
    struct concept_table *t = NULL;
    struct report report;
    if (json_parse((const char *)data, size, "eval.json", &root, &e) != OK) {
        return 0;
    }
    try_figures(root);
    if (concept_table_read(root, "eval.json", concepts(), LATENTS, &t, &e) == OK) {
        if (t != NULL) {
            check(t, concepts());
        }
    } else {
        require(t == NULL && e.msg[0] && !strchr(e.msg, '\n'));
    }
    concept_table_unref(t);
    report_init(&report, 0);
    report.reps = 0;
    if (kept_read(root, "eval.json", &report, &e) != OK) {
        require(e.msg[0] && !strchr(e.msg, '\n'));
    }
    check_report(&report);
    report_deinit(&report);
    cJSON_Delete(root);
    return 0;
}
