/* Remarks: thresholds that were never set, an L0 far from k, dead latents, models of
 * other names. */
#include "base/mem.h"
#include "lm/lm_name.h"
#include "sae/sae_remarks.h"
#include "unit/check.h"

#include <math.h>

static struct sae *make(const char *arch, double k, double threshold)
{
    struct errinfo e;
    struct sae *s = NULL;
    assert_ok(sae_new(sae_arch_find(arch), 8, 40, k, &s, &e), &e);
    s->threshold = threshold;
    if (strcmp(arch, "jumprelu") == 0) {
        s->extra[7] = (float)threshold;
    }
    return s;
}

static void of_an_sae(void **state)
{
    (void)state;
    static const struct {
        const char *arch;
        bool says_k;
        double threshold, l0, dead;
        const char *line; /* NULL: none */
    } cases[] = {
        {"batchtopk", true, 0, 31.4, 0, "k 8, L0 31.4: the threshold was never set, "},
        {"batchtopk", true, 0, NAN, 0, "k 8: the threshold was never set, "},
        {"matryoshka", false, 0, 31, 0, "L0 31: the threshold was never set, "},
        {"batchtopk", false, 0, NAN, 0, "the threshold was never set, "},
        {"jumprelu", true, 0, 20, 0, "L0 20: the threshold was never set, "},
        {"jumprelu", true, 0.1, 40, 0, NULL},
        {"batchtopk", true, 0.1, 8.9, 0.5, NULL},
        {"batchtopk", true, 0.1, 17, 0, "k 8, L0 17: the threshold does not give k"},
        {"batchtopk", true, 0.1, 3.9, 0, "k 8, L0 3.9: the threshold does not give k"},
        {"batchtopk", false, 0.1, 17, 0, NULL},
        {"batchtopk", true, 0.1, NAN, NAN, NULL},
        {"topk", true, 0, 8, 0, NULL},
        {"topk", true, 0, 2, 0, "k 8, L0 2: fewer activations are positive"},
        {"standard", true, 0, 35, 0, NULL},
        {"standard", true, 0, 35, 0.95, "38 of 40 latents never fire on this text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sae *s = make(cases[i].arch, 8, cases[i].threshold);
        struct remarks r = {0};
        const struct sae_measured m = {.l0 = cases[i].l0, .dead = cases[i].dead};
        sae_remarks(s, cases[i].says_k, &m, &r);
        const char *found = r.n > 0 ? r.line[0] : "";
        const char *want = cases[i].line ? cases[i].line : "";
        if (r.n != (cases[i].line ? 1u : 0u) || strncmp(found, want, strlen(want))) {
            fail_msg("case %zu: found \"%s\", expected \"%s\"", i, found, want);
        }
        sae_free(s);
    }
}

static void lists(void **state)
{
    (void)state;
    struct remarks r = {0};
    char line[24];
    assert_string_equal(remarks_line(&r, line, sizeof line), "");
    remarks_add(&r, "%s", "one\x1b[2J");
    assert_string_equal(r.line[0], "one?[2J");
    remarks_add(&r, "two");
    assert_string_equal(remarks_line(&r, line, sizeof line), "one?[2J; two");
    for (size_t i = 0; i < 2 * (size_t)REMARKS_MAX; i++) {
        remarks_add(&r, "a line that is longer than there is room for");
    }
    assert_int_equal(r.n, REMARKS_MAX);
    assert_int_equal(strlen(remarks_line(&r, line, sizeof line)), sizeof line - 1);
}

static void names_of_models(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool differ;
    } cases[] = {
        {"pythia-70m-deduped", "saetop-sample", true},
        {"pythia-70m", "pythia-70m-deduped", true},
        {"gpt2", "gpt2-medium", true},
        {"gpt2-small", "openai-community/gpt2", false},
        {"EleutherAI/pythia-70m", "pythia-70m", false},
        {"TinyStories-1M", "roneneldan/tinystories_1m", false},
        {"Llama-2-7b-hf", "llama-2-7b", false},
        {"", "gpt2", false},
        {"gpt2", "", false},
        {"model", "gpt2", false},
        {"gpt2", "runs/checkpoint-500/", false},
    };
    static const struct {
        const char *config, *dir, *name;
    } of_lm[] = {
        {"", "/nowhere/pythia-70m", "pythia-70m"},
        {"", "/nowhere/pythia-70m/", "pythia-70m"},
        {"", "/nowhere/model", ""},
        {"EleutherAI/pythia-70m", "/nowhere/model", "pythia-70m"},
        {"/home/me/out/checkpoint-5", "/nowhere/mine", "mine"},
        {"", "/nowhere/models--openai-community--gpt2/snapshots/1", "gpt2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (lm_names_differ(cases[i].a, cases[i].b) != cases[i].differ) {
            fail_msg("'%s', '%s'", cases[i].a, cases[i].b);
        }
    }
    for (size_t i = 0; i < sizeof of_lm / sizeof of_lm[0]; i++) {
        struct lm m = {0};
        char dir[128], out[128];
        snprintf(dir, sizeof dir, "%s", of_lm[i].dir);
        snprintf(m.cfg.name, sizeof m.cfg.name, "%s", of_lm[i].config);
        m.dir = dir;
        assert_string_equal(lm_name(&m, out, sizeof out), of_lm[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(of_an_sae),
                                       cmocka_unit_test(lists),
                                       cmocka_unit_test(names_of_models)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
