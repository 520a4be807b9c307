/* Settings of a short run on the bundled sample, for tests: short rows and a few of its
 * concepts, as a thread sanitizer takes forty times as long for each. */
#ifndef SAETOP_TESTS_UNIT_SAMPLE_SETTINGS_H
#define SAETOP_TESTS_UNIT_SAMPLE_SETTINGS_H

#include "train/settings.h"
#include "unit/check.h"

static inline struct settings sample_settings(int64_t steps)
{
    struct settings s;
    struct errinfo e;
    static const char *const pairs[][2] = {
        {"model", "samples/model"},
        {"corpus", "samples/storybook.grammar.json#story"},
        {"ood", "samples/storybook.grammar.json#report"},
        {"width", "64"},
        {"context", "32"},
        {"batch", "256"},
        {"fill_rows", "16"},
        {"log.every", "5"},
        {"eval.rows", "2"},
        {"eval.concept_rows", "48"},
        {"browse.rows", "16"},
        {"threads", "2"},
    };
    settings_init(&s);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_ok(settings_set(&s, pairs[i][0], pairs[i][1], from_program("test"), &e),
                  &e);
    }
    s.steps = steps;
    const char *fixtures = getenv("SAETOP_FIXTURES");
    assert_non_null(fixtures);
    snprintf(s.concepts, sizeof s.concepts, "%s/few_concepts.csv", fixtures);
    const char *dir = getenv("SAETOP_SAMPLES");
    assert_non_null(dir);
    snprintf(s.samples_dir, sizeof s.samples_dir, "%s", dir);
    return s;
}

#endif
