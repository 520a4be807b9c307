/* The search for the sparsity setting that gives a wanted L0 on clean text: rounds of a
 * few settings trained side by side on the same text, closing in on the target. */
#include "base/file.h"
#include "base/mem.h"
#include "sae/sae_arch.h"
#include "sweep/run_priv.h"
#include "train/settings_arch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS     SWEEP_ROUNDS
#define TRIES      SWEEP_TRIES
#define CLOSE      0.02 /* relative: near enough to stop */
#define CLEAN_ROWS 64
#define FILE_BYTES ((size_t)1 << 16)

bool sweep_needs_search(const struct sweep_plan *p, size_t condition)
{
    return p->cell[p->condition[condition].cell[0]].target_l0 > 0;
}

/* Returns the key of the setting that decides how many latents are active. */
static const char *sparsity_key(unsigned has)
{
    const struct {
        unsigned bit;
        const char *key;
    } table[] = {{SAE_HAS_K, setting_key.k},
                 {SAE_HAS_L1, setting_key.l1},
                 {SAE_HAS_JUMP, setting_key.l0}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if ((has & table[i].bit) != 0) {
            return table[i].key;
        }
    }
    return NULL;
}

/* Whether every token has k active latents, so that there is nothing to search. */
static bool is_exact(const struct sae_arch *a)
{
    return (a->has & SAE_HAS_K) != 0 && !a->collects_batch;
}

double sweep_search_cost(const struct sweep_plan *p, size_t condition)
{
    struct settings s;
    struct errinfo e;
    const enum err rc =
        sweep_cell_settings(p, &p->cell[p->condition[condition].cell[0]], &s, &e);
    const struct sae_arch *a = rc == OK ? sae_arch_find(s.arch) : NULL;
    return a && !is_exact(a) ? 2.0 * TRIES * (double)s.steps : 0.0;
}

/* ---- where to look ---- */

static int by_x(const void *a, const void *b)
{
    const double x = ((const struct sweep_tried *)a)->x,
                 y = ((const struct sweep_tried *)b)->x;
    return (x > y) - (x < y);
}

/* Returns how far a try is from the target, on a log scale. */
static double miss(const struct sweep_search *s, const struct sweep_tried *t)
{
    return fabs(log(fmax(t->l0, 1e-3) / s->target));
}

static const struct sweep_tried *best(const struct sweep_search *s)
{
    const struct sweep_tried *b = &s->at[0];
    for (size_t i = 1; i < s->n; i++) {
        if (miss(s, &s->at[i]) < miss(s, b)) {
            b = &s->at[i];
        }
    }
    return b;
}

/* Returns i where L0 passes the target between the sorted tries i and i + 1; n: beyond
 * the last, SIZE_MAX: before the first. */
static size_t bracket(const struct sweep_search *s)
{
    for (size_t i = 0; i + 1 < s->n; i++) {
        const bool above = s->at[i].l0 > s->target, next = s->at[i + 1].l0 > s->target;
        if (above != next && next == s->rises) {
            return i;
        }
    }
    const bool above = s->at[s->n - 1].l0 > s->target;
    return above == s->rises ? SIZE_MAX : s->n;
}

/* Returns where the line through two tries, in logarithms, meets the target. */
static double meet(const struct sweep_search *s, const struct sweep_tried *a,
                   const struct sweep_tried *b)
{
    const double la = log(fmax(a->l0, 1e-3)), lb = log(fmax(b->l0, 1e-3));
    const double t = fabs(lb - la) > 1e-9 ? (log(s->target) - la) / (lb - la) : 0.5;
    const double at = fmin(fmax(t, 0.02), 0.98);
    return exp(log(a->x) + at * (log(b->x) - log(a->x)));
}

/* Interpolates between the two tries, so that L0 does not stay on the side of the
 * nearest try. */
struct sweep_tried sweep_search_found(const struct sweep_search *s)
{
    const size_t i = bracket(s);
    if (i >= s->n || best(s)->l0 == s->target) {
        return *best(s);
    }
    return (struct sweep_tried){meet(s, &s->at[i], &s->at[i + 1]), s->target};
}

void sweep_search_next(const struct sweep_search *s, double guess, double first_spread,
                       double x[TRIES])
{
    double centre = guess, spread = first_spread;
    if (s->n > 0) {
        const size_t i = bracket(s);
        const double reach = pow(first_spread, TRIES);
        if (i == SIZE_MAX) {
            centre = s->at[0].x / reach;
        } else if (i == s->n) {
            centre = s->at[s->n - 1].x * reach;
        } else {
            centre = meet(s, &s->at[i], &s->at[i + 1]);
            spread = pow(s->at[i + 1].x / s->at[i].x, 1.0 / (TRIES + 1));
        }
    }
    for (size_t i = 0; i < TRIES; i++) {
        const double at = centre * pow(spread, (double)i - (TRIES - 1) / 2.0);
        x[i] = fmin(fmax(at, s->least), s->most);
    }
}

/* ---- trying ---- */

static enum err measure_l0(const struct inputs *in, const struct acts_set *set,
                           const struct arm *arm, double *out, struct errinfo *e)
{
    struct sae *sae = NULL;
    struct sae_codes codes = {0};
    size_t active = 0, tokens = 0;
    TRY(arm_freeze(arm, &sae, e));
    const enum err rc = sae_encode(sae, set->x, set->n, in->pool, &codes, e);
    for (size_t i = 0; rc == OK && i < set->n; i++) {
        if (!set->special[i]) {
            active += codes.start[i + 1] - codes.start[i];
            tokens++;
        }
    }
    sae_codes_deinit(&codes);
    sae_free(sae);
    *out = tokens ? (double)active / (double)tokens : 0.0;
    return rc;
}

/* The same for known features. */
static enum err measure_true_l0(const struct inputs *in, const struct arm *arm,
                                double *out, struct errinfo *e)
{
    struct sae *sae = NULL;
    struct sweep_result r = {0};
    TRY(arm_freeze(arm, &sae, e));
    const enum err rc = sweep_measure_truth(in, sae, &r, e);
    sae_free(sae);
    *out = r.v[SWEEP_TRUTH_L0];
    return rc;
}

static enum err measure_tries(const struct engine *g, struct sweep_search *s,
                              const double *x, size_t n, struct errinfo *e)
{
    struct acts_set *set = NULL;
    enum err rc = g->in->synth ? OK
                               : acts_set_new(g->in->h, g->in->corpus, CORPUS_HELDOUT,
                                              g->in->lm->tok, CLEAN_ROWS, &set, e);
    for (size_t i = 0; i < n && rc == OK; i++) {
        struct sweep_tried *t = &s->at[s->n];
        t->x = x[i];
        rc = set ? measure_l0(g->in, set, g->arm[i].arm, &t->l0, e)
                 : measure_true_l0(g->in, g->arm[i].arm, &t->l0, e);
        s->n += rc == OK ? 1 : 0;
    }
    acts_set_free(set);
    qsort(s->at, s->n, sizeof *s->at, by_x);
    return rc;
}

static enum err set_number(struct settings *s, const char *key, double v,
                           struct errinfo *e)
{
    char text[64];
    snprintf(text, sizeof text, "%.17g", v);
    return settings_set(s, key, text, from_program("search for " SWEEP_MATCH_L0), e);
}

/* Trains one arm for each of x [n] and measures its L0. */
static enum err train_tries(struct sweep_work *w, const struct settings *base,
                            struct sweep_search *s, const double *x, size_t n,
                            struct errinfo *e)
{
    struct arm_plan *arms = NULL;
    struct engine *g = NULL;
    enum err rc = OK;
    TRY(arm_plans_like(base, n, &arms, e));
    for (size_t i = 0; i < n; i++) {
        TRY_OUT(rc, set_number(&arms[i].set, s->key, x[i], e));
    }
    const struct engine_setup set = {
        .set = &arms[0].set, .arms = arms, .n = n, .cancel = &w->stop};
    TRY_OUT(rc, engine_open(&set, &g, e));
    sweep_made_of(&s->made, g->in);
    TRY_OUT(rc, sweep_train(w, g, e));
    TRY_OUT(rc, measure_tries(g, s, x, n, e));
out:
    engine_free(g);
    mem_free(arms);
    return rc;
}

/* Trains a round. A loss that is not finite ends all arms of an engine: then trains
 * each alone, and leaves out those that fail. */
static enum err try_round(struct sweep_work *w, const struct settings *base,
                          struct sweep_search *s, const double x[TRIES],
                          struct errinfo *e)
{
    enum err rc = train_tries(w, base, s, x, TRIES, e);
    for (size_t i = 0; rc == ERR_NUMERIC && i < TRIES; i++) {
        const enum err one = train_tries(w, base, s, &x[i], 1, e);
        if (one != OK && one != ERR_NUMERIC) {
            return one;
        }
    }
    s->rounds++;
    return rc == ERR_NUMERIC && s->n > 0 ? OK : rc;
}

/* ---- its file ---- */

static enum err search_path(const struct sweep_work *w, size_t condition, char *out,
                            size_t cap, struct errinfo *e)
{
    char name[SWEEP_NAME_MAX + 16];
    snprintf(name, sizeof name, "match/%s.json",
             w->plan->cell[w->plan->condition[condition].cell[0]].name);
    return path_join(out, cap, w->o->dir, name, e);
}

double sweep_search_left(const struct sweep_work *w, size_t condition)
{
    char path[SWEEP_PATH];
    const enum err rc = search_path(w, condition, path, sizeof path, NULL);
    return rc == OK && file_exists(path) ? 0.0 : sweep_search_cost(w->plan, condition);
}

static enum err save_search(const char *path, const struct sweep_search *s,
                            struct errinfo *e)
{
    struct str text;
    str_init(&text, FILE_BYTES);
    cJSON *root = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(root, "key", s->key);
    (void)cJSON_AddNumberToObject(root, "target_l0", s->target);
    (void)cJSON_AddNumberToObject(root, "value", sweep_search_found(s).x);
    (void)cJSON_AddNumberToObject(root, "l0", sweep_search_found(s).l0);
    (void)cJSON_AddNumberToObject(root, "rounds", (double)s->rounds);
    (void)cJSON_AddBoolToObject(root, "finished", s->finished);
    cJSON *list = cJSON_AddArrayToObject(root, "tried");
    for (size_t i = 0; i < s->n; i++) {
        const double pair[2] = {s->at[i].x, s->at[i].l0};
        (void)cJSON_AddItemToArray(list, cJSON_CreateDoubleArray(pair, 2));
    }
    sweep_made_write(root, &s->made);
    enum err rc = json_print(root, &text, e);
    rc = rc == OK ? file_write_text(path, text.p, e) : rc;
    cJSON_Delete(root);
    str_free(&text);
    return rc;
}

/* Reads the tries of s->rounds rounds: at most as many as leave room for those to
 * come. */
static enum err read_tried(struct json_at at, const cJSON *root, struct sweep_search *s,
                           struct errinfo *e)
{
    const cJSON *list = NULL, *pair = NULL;
    TRY(json_arr(at, root, "tried", true, &list, e));
    cJSON_ArrayForEach(pair, list)
    {
        const cJSON *x = cJSON_GetArrayItem(pair, 0), *l0 = cJSON_GetArrayItem(pair, 1);
        if (s->n == s->rounds * TRIES || !cJSON_IsNumber(x) || !cJSON_IsNumber(l0) ||
            !(x->valuedouble >= s->least) || !(x->valuedouble <= s->most) ||
            !(l0->valuedouble >= 0)) {
            return err_set(e, ERR_FORMAT,
                           "%s: tried: expected at most %zu pairs [setting, L0], "
                           "settings from %g to %g",
                           at.file, s->rounds * TRIES, s->least, s->most);
        }
        s->at[s->n++] = (struct sweep_tried){x->valuedouble, l0->valuedouble};
    }
    qsort(s->at, s->n, sizeof *s->at, by_x);
    return s->n ? OK : err_set(e, ERR_FORMAT, "%s: tried: is empty", at.file);
}

static enum err read_search(const cJSON *root, const char *path, struct sweep_search *s,
                            struct errinfo *e)
{
    const struct json_at at = {path, ""};
    const char *key = "";
    double target = 0.0;
    int64_t rounds = 0;
    TRY(json_str(at, root, "key", true, &key, e));
    TRY(json_num(at, root, "target_l0", true, 0, 1e9, &target, e));
    if (strcmp(key, s->key) != 0 || fabs(target - s->target) > 1e-9 * s->target) {
        return err_set(e, ERR_FORMAT, "%s: found %s for L0 %g, expected %s for L0 %g",
                       path, key, target, s->key, s->target);
    }
    TRY(json_int(at, root, "rounds", true, 1, ROUNDS, &rounds, e));
    TRY(json_bool(at, root, "finished", true, &s->finished, e));
    TRY(sweep_made_read(at, root, &s->made, e));
    s->rounds = (size_t)rounds;
    s->finished = s->finished || s->rounds == ROUNDS;
    return read_tried(at, root, s, e);
}

enum err sweep_search_parse(const char *text, size_t len, const char *path,
                            struct sweep_search *s, struct errinfo *e)
{
    cJSON *root = NULL;
    struct sweep_search read = *s;
    TRY(json_parse(text, len, path, &root, e));
    const enum err rc = read_search(root, path, &read, e);
    cJSON_Delete(root);
    TRY(rc);
    *s = read;
    return OK;
}

static enum err load_search(const char *path, struct sweep_search *s, struct errinfo *e)
{
    char *text = NULL;
    size_t len = 0;
    TRY(file_read(path, FILE_BYTES, &text, &len, e));
    const enum err rc = sweep_search_parse(text, len, path, s, e);
    mem_free(text);
    return rc;
}

/* ---- the search ---- */

/* Does rounds until a try is close; saves each, so that a stop loses at most one. */
static enum err search(struct sweep_work *w, const struct settings *base,
                       const char *path, struct sweep_search *s, struct errinfo *e)
{
    struct settings resolved = *base;
    settings_resolve_arch(&resolved);
    const double guess = s->rises                              ? s->target
                         : strcmp(s->key, setting_key.l1) == 0 ? resolved.l1
                                                               : resolved.l0;
    while (!s->finished) {
        double x[TRIES];
        sweep_search_next(s, guess, s->rises ? 1.2 : 3.0, x);
        TRY(try_round(w, base, s, x, e));
        s->finished =
            s->rounds >= ROUNDS || fabs(best(s)->l0 / s->target - 1.0) <= CLOSE;
        TRY(save_search(path, s, e));
    }
    return OK;
}

static enum err start_search(const struct sweep_work *w, size_t condition,
                             struct settings *base, struct sweep_search *s,
                             struct errinfo *e)
{
    const struct sweep_cell *c = &w->plan->cell[w->plan->condition[condition].cell[0]];
    TRY(sweep_run_settings(w, w->plan->condition[condition].cell[0], base, e));
    const struct sae_arch *a = sae_arch_find(base->arch);
    const char *key = a ? sparsity_key(a->has) : NULL;
    if (!key) {
        return err_set(e, ERR_USAGE,
                       SWEEP_MATCH_L0 ": %s has no setting that decides L0",
                       base->arch);
    }
    const struct setting_def *d = setting_find(key);
    const bool rises = (a->has & SAE_HAS_K) != 0;
    *s = (struct sweep_search){.key = key,
                               .target = c->target_l0,
                               .rises = rises,
                               .whole = is_exact(a),
                               .least = fmax(d->min, 1e-9),
                               .most = rises ? (double)base->width : d->max};
    if (s->whole) {
        s->at[s->n++] = (struct sweep_tried){c->target_l0, c->target_l0};
    }
    return OK;
}

static void keep_found(struct sweep_work *w, size_t condition,
                       const struct sweep_search *s)
{
    const struct sweep_found f = {.known = true,
                                  .searched = !s->whole,
                                  .key = s->key,
                                  .value = sweep_search_found(s).x,
                                  .l0 = sweep_search_found(s).l0,
                                  .made = s->made};
    (void)pthread_mutex_lock(&w->lock);
    w->found[condition] = f;
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_mutex_lock(&w->telling);
    if (w->o->watch.found && f.searched) {
        w->o->watch.found(w->o->watch.user, condition, f.key, f.value, f.l0);
    }
    (void)pthread_mutex_unlock(&w->telling);
}

/* Reports that the condition's cells can't be made. */
static void tell_all_failed(struct sweep_work *w, size_t condition, const char *why)
{
    const struct sweep_condition *a = &w->plan->condition[condition];
    for (size_t i = 0; i < a->n_cells; i++) {
        sweep_tell_failed(w, a->cell[i], why);
    }
}

enum err sweep_search(struct sweep_work *w, size_t condition, struct errinfo *e)
{
    char path[SWEEP_PATH];
    struct settings base;
    struct sweep_search s;
    TRY(start_search(w, condition, &base, &s, e));
    TRY(search_path(w, condition, path, sizeof path, e));
    if (!s.whole && file_exists(path)) {
        TRY(load_search(path, &s, e));
    }
    const size_t before = s.rounds;
    const enum err rc = s.whole ? OK : search(w, &base, path, &s, e);
    const double steps = (double)(TRIES * base.steps);
    sweep_add_total(w, (double)(s.rounds - before) * steps -
                           sweep_search_cost(w->plan, condition));
    if (rc == ERR_NUMERIC) {
        tell_all_failed(w, condition, e ? e->msg : "");
        return OK;
    }
    TRY(rc);
    keep_found(w, condition, &s);
    return OK;
}
