/* Whether core/eval/README.md defines what was written for SAEBench. */
#ifndef SAETOP_TESTS_UNIT_SAEBENCH_PAGE_H
#define SAETOP_TESTS_UNIT_SAEBENCH_PAGE_H

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "unit/check.h"

/* The name as the page has it: a number of latents is N there. */
static inline void name_on_page(const char *name, char *out, size_t cap)
{
    static const char *const before[] = {"top_", "threshold_"};
    const char *digits = NULL;
    for (size_t i = 0; digits == NULL && i < 2; i++) {
        digits = strstr(name, before[i]);
        digits = digits != NULL ? digits + strlen(before[i]) : NULL;
    }
    if (digits == NULL) {
        (void)snprintf(out, cap, "`%s`", name);
    } else {
        (void)snprintf(out, cap, "`%.*sN%s`", (int)(digits - name), name,
                       digits + strspn(digits, "0123456789"));
    }
}

static inline void check_defined(const cJSON *object, const char *text)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        char name[96];
        name_on_page(item->string, name, sizeof name);
        if (strstr(text, name) == NULL) {
            fail_msg("core/eval/README.md: %s not found, expected its definition",
                     name);
        }
    }
}

/* Every metric that was written, of all and of a task. */
static inline void check_all_defined(const char *dir)
{
    static const char *const folder[] = {"core", "absorption", "sparse_probing", "tpp",
                                         "scr"};
    struct errinfo e;
    char path[600], *text = NULL;
    (void)snprintf(path, sizeof path, "%s/../../core/eval/README.md",
                   getenv("SAETOP_FIXTURES"));
    assert_ok(file_read_text(path, 1 << 20, &text, &e), &e);
    for (size_t i = 0; i < sizeof folder / sizeof *folder; i++) {
        cJSON *o = NULL;
        (void)snprintf(path, sizeof path, "%s/%s/saetop_a_eval_results.json", dir,
                       folder[i]);
        if (json_load(path, 1 << 20, &o, &e) != OK) {
            continue; /* not measured */
        }
        const cJSON *part;
        cJSON_ArrayForEach(part, cJSON_GetObjectItem(o, "eval_result_metrics"))
        {
            check_defined(part, text);
        }
        cJSON_ArrayForEach(part, cJSON_GetObjectItem(o, "eval_result_details"))
        {
            check_defined(part, text);
        }
        cJSON_Delete(o);
    }
    mem_free(text);
}

#endif
