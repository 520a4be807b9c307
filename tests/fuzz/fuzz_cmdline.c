/* Command lines, words ended by NUL, after a byte that says which: refused in a line,
 * or settings whose further arms and whose sweep can be made out. Nothing runs. */
#include "eval/suite.h"
#include "src/run_opts.h"
#include "src/sweep_plan_opts.h"
#include "train/also.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 40
#define BYTES_MAX 4096
#define ARMS_MAX  16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_refusal(const struct errinfo *e)
{
    require(e->msg[0] && !strchr(e->msg, '\n') && !strchr(e->msg, '\x1b'));
}

/* Own options of every kind, beside those of a run. */
struct own {
    struct sweep_plan_opts grid;
    const char *out, *only;
    struct opt_list list;
    int64_t n;
    double x;
    bool json, force;
};

/* Checks on the settings of a line that parses. */
static void check_settings(const struct run_opts *ro)
{
    struct settings s, arm;
    struct errinfo e = {0};
    struct str text;
    if (run_opts_settings(ro, &s, &e) != OK) {
        check_refusal(&e);
        return;
    }
    const size_t arms = also_count(s.also);
    for (size_t i = 0; i < arms && i < ARMS_MAX; i++) {
        if (also_settings(&s, i, &arm, &e) != OK) {
            check_refusal(&e);
        }
    }
    /* The same text as `:condition` and `:tune` take it. */
    static struct arm_plan plan; /* large */
    if (also_condition(&s, s.also, &plan, &e) != OK) {
        check_refusal(&e);
    } else {
        require(plan.name[0] != '\0' && plan.set.also[0] == '\0');
    }
    if (tuned_settings(&s, s.also, &arm, &e) != OK) {
        check_refusal(&e);
    }
    str_init(&text, 1u << 20);
    run_opts_print(&s, &text);
    require(str_err(&text, "settings", &e) == OK);
    str_free(&text);
}

static void check_sweep(const struct own *own, struct run_opts *ro)
{
    struct sweep_plan *p = NULL;
    cJSON *tree = NULL;
    struct errinfo e = {0};
    if (sweep_plan_open(&own->grid, ro, NULL, "/nonexistent", false, &p, &tree, &e) !=
        OK) {
        check_refusal(&e);
        return;
    }
    require(p->n_cells > 0 && p->n_arms > 0);
    cJSON_Delete(tree);
    sweep_plan_free(p);
}

static void check_sections(const struct own *own)
{
    struct errinfo e = {0};
    unsigned sections = 0;
    if (own->only && suite_sections_parse(own->only, &sections, &e) != OK) {
        check_refusal(&e);
    }
}

static void run_line(bool sweep, int argc, char **argv)
{
    struct own own = {.n = 1};
    const struct opt rows[] = {
        {"out", OPT_NEW, &own.out, "FILE", "", 0, 0, NULL},
        OPT_FORCE(&own.force),
        {"only", OPT_STRING, &own.only, "PARTS", "", 0, 0, NULL},
        {"list", OPT_LIST, &own.list, "FILE", "", 0, 0, NULL},
        {"n", OPT_INT, &own.n, "N", "", 1, 1e6, NULL},
        {"x", OPT_REAL, &own.x, "X", "", -1, 1, NULL},
        {"json", OPT_FLAG, &own.json, NULL, "", 0, 0, NULL},
        {"mask-rates", OPT_STRING, &own.grid.mask_rates, "X", "", 0, 0, NULL},
        {"archs", OPT_STRING, &own.grid.archs, "X", "", 0, 0, NULL},
        {"seeds", OPT_STRING, &own.grid.seeds, "X", "", 0, 0, NULL},
        {"match-l0", OPT_STRING, &own.grid.target_l0, "X", "", 0, 0, NULL},
        {"controls", OPT_STRING, &own.grid.controls, "X", "", 0, 0, NULL},
    };
    const struct opts o = {.name = "fuzz", .usage = "[FILE]", .max_args = 2};
    struct run_opts ro;
    struct opts_result r;
    int status = 0;
    if (!run_opts_begin(&ro, o, rows, sizeof rows / sizeof rows[0], argc, argv, &r,
                        &status)) {
        require(status == 0 || status == 2);
        return;
    }
    require(own.n >= 1 && own.n <= 1000000 && own.x >= -1 && own.x <= 1);
    require(r.n_args <= 2);
    check_sections(&own);
    if (sweep) {
        check_sweep(&own, &ro);
    } else {
        check_settings(&ro);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[BYTES_MAX + 1], name[] = "fuzz", *argv[WORDS_MAX + 2] = {name};
    int argc = 1;
    if (size < 2 || size > BYTES_MAX) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *word = text + 1; word < text + size && argc <= WORDS_MAX;
         word += strlen(word) + 1) {
        argv[argc++] = word;
    }
    run_line(data[0] == 's', argc, argv);
    return 0;
}
