/* Lists of the cells of a batch that was stopped half way: left alone, or a batch of
 * different cells of the plan, of which each is to be done once. */
#include "base/file.h"
#include "sweep/run_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static const char plan_text[] =
    "{\"seeds\": 2, \"parts\": {\"grid\": {\"mask.rate\": [0, 0.3], \"k\": [4, 8]}}}";

static char dir[64];

static void remove_dir(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/work", dir);
    struct errinfo e;
    if (file_remove_dir(path, &e) == OK) {
        (void)!file_remove_dir(dir, &e);
    }
}

static struct sweep_plan *make_plan(void)
{
    struct sweep_plan *p = NULL;
    struct settings s;
    cJSON *tree = NULL;
    struct errinfo e = {0};
    settings_init(&s);
    require(json_parse(plan_text, strlen(plan_text), "plan", &tree, &e) == OK);
    require(sweep_plan_new(tree, "plan", &s, &p, &e) == OK);
    cJSON_Delete(tree);
    snprintf(dir, sizeof dir, "/tmp/saetop_halfway_XXXXXX");
    require(mkdtemp(dir) != NULL);
    require(atexit(remove_dir) == 0);
    return p;
}

static void check(const struct sweep_plan *p, const struct sweep_batch *b,
                  const bool *todo, const bool *was)
{
    bool seen[64] = {false};
    require(b->n >= 1 && b->n <= SWEEP_BATCH_MAX && p->n_cells <= 64);
    for (size_t i = 0; i < b->n; i++) {
        require(b->cell[i] < p->n_cells && !seen[b->cell[i]]);
        require(!todo[b->cell[i]] && was[b->cell[i]]);
        seen[b->cell[i]] = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sweep_plan *p;
    char path[128];
    struct errinfo e = {0};
    struct sweep_result results[64] = {{0}};
    struct sweep_batch batch[64];
    bool todo[64] = {false}, was[64];
    size_t n = 0;
    if (!p) {
        p = make_plan();
    }
    for (size_t i = 0; i < p->n_cells; i++) {
        was[i] = todo[i] = true;
    }
    const struct sweep_options o = {.dir = dir};
    struct sweep_work w = {.plan = p, .o = &o, .results = results};
    snprintf(path, sizeof path, "%s/work", dir);
    require(file_mkdirs(path, &e) == OK);
    snprintf(path, sizeof path, "%s/work/list.cells", dir);
    FILE *f = fopen(path, "wb");
    require(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
    if (halfway_take(&w, todo, batch, &n, &e) != OK) {
        require(e.msg[0] && !strchr(e.msg, '\n') && n == 0);
        return 0;
    }
    require(n <= 1);
    if (n == 1) {
        check(p, &batch[0], todo, was);
    }
    return 0;
}
