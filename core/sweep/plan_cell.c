/* The cells of a sweep: pairs in canonical form, names, labels. */
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "sweep/plan_priv.h"
#include "train/settings_arch.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pairs ---- */

enum err sweep_copy_text(char **out, const char *text, struct errinfo *e)
{
    *out = mem_strdup(text);
    return *out ? OK : err_set(e, ERR_NOMEM, "sweep: out of memory");
}

static void pairs_free(struct sweep_pair *pair, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mem_free(pair[i].key);
        mem_free(pair[i].value);
    }
    mem_free(pair);
}

/* Appends the base's value of `key`. */
static void base_value(const struct sweep_plan *p, const char *key, struct str *out)
{
    if (strcmp(key, SWEEP_MATCH_L0) == 0) {
        str_add(out, "0");
    } else if (strcmp(key, SWEEP_EQUAL_UNMASKED) == 0) {
        str_add(out, "no");
    } else {
        settings_print(&p->base, setting_find(key), out);
    }
}

static const char *value_of(const struct sweep_pair *pair, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(pair[i].key, key) == 0) {
            return pair[i].value;
        }
    }
    return NULL;
}

const char *sweep_cell_value(const struct sweep_cell *c, const char *key)
{
    return value_of(c->pair, c->n_pairs, key);
}

void sweep_cell_print(const struct sweep_plan *p, const struct sweep_cell *c,
                      const char *key, struct str *out)
{
    const char *own = sweep_cell_value(c, key);
    if (own) {
        str_add(out, own);
    } else {
        base_value(p, key, out);
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct sweep_pair *)a)->key,
                  ((const struct sweep_pair *)b)->key);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Whether `key` is a setting of masking other than the rate. */
static bool is_of_masking(const char *key)
{
    return (begins(key, "mask.") && strcmp(key, setting_key.mask_rate) != 0) ||
           strcmp(key, SWEEP_EQUAL_UNMASKED) == 0;
}

/* Adds a pair in canonical form: none with the base's value, except seed and rate; none
 * about masking where nothing is masked; in order of key. */
static enum err add_pair(const struct sweep_plan *p, struct sweep_cell *c,
                         const char *key, const char *value, struct errinfo *e)
{
    const bool always =
        strcmp(key, setting_key.seed) == 0 || strcmp(key, setting_key.mask_rate) == 0;
    struct str base;
    str_init(&base, SETTING_VALUE_MAX);
    base_value(p, key, &base);
    const bool same = strcmp(base.len ? base.p : "", value) == 0;
    str_free(&base);
    if (same && !always) {
        return OK;
    }
    struct sweep_pair *q = &c->pair[c->n_pairs];
    TRY(sweep_copy_text(&q->key, key, e));
    const enum err rc = sweep_copy_text(&q->value, value, e);
    if (rc != OK) {
        mem_free(q->key);
        return rc;
    }
    c->n_pairs++;
    return OK;
}

/* ---- cells ---- */

enum err sweep_cell_settings(const struct sweep_plan *p, const struct sweep_cell *c,
                             struct settings *out, struct errinfo *e)
{
    struct settings s = p->base;
    for (size_t i = 0; i < c->n_pairs; i++) {
        if (!sweep_is_control(c->pair[i].key)) {
            TRY(settings_set(&s, c->pair[i].key, c->pair[i].value,
                             from_program("sweep"), e));
        }
    }
    if (c->equal_unmasked && s.mask_positions != POSITIONS_DROP) {
        s.steps = (int64_t)llround((double)s.steps / (1.0 - s.mask_rate));
    }
    *out = s;
    return OK;
}

/* Whether no result of a sweep depends on a setting: all free ones except how much text
 * is evaluated. */
static bool is_free(const struct setting_def *d)
{
    const char *const text[] = {setting_key.synth_eval_rows, setting_key.eval_rows,
                                setting_key.eval_ce_rows, setting_key.concept_rows};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        if (strcmp(d->key, text[i]) == 0) {
            return false;
        }
    }
    return d->scope == SETTING_OF_FREE;
}

/* Hashes everything that shapes the result and is not at its default, so that a setting
 * added by a later version leaves old cells' names unchanged. */
static enum err cell_hash(const struct sweep_plan *p, const struct sweep_cell *c,
                          uint64_t *out, struct errinfo *e)
{
    struct settings s, plain;
    struct str text, value, usual;
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    TRY(sweep_cell_settings(p, c, &s, e));
    settings_init(&plain);
    str_init(&text, 1u << 20);
    str_init(&value, SETTING_VALUE_MAX);
    str_init(&usual, SETTING_VALUE_MAX);
    for (size_t i = 0; i < n; i++) {
        str_clear(&value);
        str_clear(&usual);
        settings_print(&s, &t[i], &value);
        settings_print(&plain, &t[i], &usual);
        const bool same = value.len == usual.len &&
                          (value.len == 0 || memcmp(value.p, usual.p, value.len) == 0);
        if (!same && !is_free(&t[i])) {
            str_addf(&text, "%s=%s\n", t[i].key, value.len ? value.p : "");
        }
    }
    str_addf(&text, SWEEP_MATCH_L0 "=%.10g\n", c->target_l0);
    const enum err rc = str_err(&text, "sweep", e);
    *out = hash_bytes(HASH_START, text.p, text.len);
    str_free(&text);
    str_free(&value);
    str_free(&usual);
    return rc;
}

/* Adds a setting to a label or name: only its value where that is clear by itself. */
static void add_label_pair(const struct sweep_pair *q, struct str *out)
{
    const char *const bare[] = {setting_key.mask_positions, setting_key.mask_kind,
                                setting_key.mask_schedule, setting_key.hook};
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
        if (strcmp(bare[i], q->key) == 0) {
            str_addf(out, " %s", q->value);
            return;
        }
    }
    if (strcmp(q->key, SWEEP_EQUAL_UNMASKED) == 0) {
        str_add(out, " equal");
    } else if (strcmp(q->key, setting_key.model) == 0 ||
               strcmp(q->key, setting_key.corpus) == 0) {
        str_addf(out, " %s", path_base(q->value));
    } else {
        str_addf(out, " %s=%s", q->key, q->value);
    }
}

static bool in_label_already(const char *key)
{
    const char *const said[] = {setting_key.arch, setting_key.k, setting_key.mask_rate,
                                setting_key.seed, SWEEP_MATCH_L0};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (strcmp(said[i], key) == 0) {
            return true;
        }
    }
    return false;
}

enum err cell_label(const struct sweep_plan *p, const struct sweep_cell *c,
                    struct str *out, struct errinfo *e)
{
    struct settings s;
    char sparsity[64];
    TRY(sweep_cell_settings(p, c, &s, e));
    settings_resolve_arch(&s);
    settings_sparsity(&s, sparsity, sizeof sparsity);
    if (c->target_l0 > 0) {
        str_addf(out, "%s L0=%g", s.arch, c->target_l0);
    } else {
        str_addf(out, "%s %s", s.arch, sparsity);
    }
    str_addf(out, " p=%g", c->mask_rate);
    for (size_t i = 0; i < c->n_pairs; i++) {
        if (!in_label_already(c->pair[i].key)) {
            add_label_pair(&c->pair[i], out);
        }
    }
    return str_err(out, "sweep", e);
}

/* Makes a file name from the label: letters, digits, dots and dashes, and the hash. */
static enum err name_cell(const struct sweep_plan *p, struct sweep_cell *c,
                          struct errinfo *e)
{
    struct str label;
    uint64_t hash = 0;
    TRY(cell_hash(p, c, &hash, e));
    str_init(&label, 1u << 16);
    const enum err rc = cell_label(p, c, &label, e);
    size_t n = 0;
    for (size_t i = 0; rc == OK && i < label.len && n < SWEEP_NAME_MAX - 48; i++) {
        const char ch = label.p[i];
        const bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                           (ch >= '0' && ch <= '9') || ch == '.' || ch == '_';
        if (plain) {
            c->name[n++] = ch;
        } else if (n > 0 && c->name[n - 1] != '-') {
            c->name[n++] = '-';
        }
    }
    snprintf(c->name + n, SWEEP_NAME_MAX - n, "-s%" PRIu64 "-%08" PRIx32, c->seed,
             (uint32_t)(hash ^ (hash >> 32)));
    str_free(&label);
    return rc;
}

void cell_deinit(struct sweep_cell *c)
{
    pairs_free(c->pair, c->n_pairs);
}

/* Returns the next pair from i on that tells conditions apart. */
static size_t next_pair(const struct sweep_cell *c, size_t i, bool unmasked)
{
    while (i < c->n_pairs && (strcmp(c->pair[i].key, setting_key.seed) == 0 ||
                              (unmasked && is_of_masking(c->pair[i].key)))) {
        i++;
    }
    return i;
}

bool cell_same_condition(const struct sweep_cell *a, const struct sweep_cell *b,
                         bool unmasked)
{
    for (size_t i = 0, j = 0;; i++, j++) {
        i = next_pair(a, i, false);
        j = next_pair(b, j, unmasked);
        if (i == a->n_pairs || j == b->n_pairs) {
            return i == a->n_pairs && j == b->n_pairs;
        }
        const bool rate =
            unmasked && strcmp(b->pair[j].key, setting_key.mask_rate) == 0;
        if (strcmp(a->pair[i].key, b->pair[j].key) != 0 ||
            strcmp(a->pair[i].value, rate ? "0" : b->pair[j].value) != 0) {
            return false;
        }
    }
}

/* Checks that the architecture exists and has the settings that the cell gives it. */
static enum err check_cell(const struct sweep_plan *p, const struct sweep_cell *c,
                           struct errinfo *e)
{
    struct settings s = p->base;
    for (size_t i = 0; i < c->n_pairs; i++) {
        if (!sweep_is_control(c->pair[i].key)) {
            TRY(settings_set(&s, c->pair[i].key, c->pair[i].value, from_user("sweep"),
                             e));
        }
    }
    TRY(settings_check_arch(&s, e));
    if (c->equal_unmasked && s.mask_schedule != 0) {
        return err_set(e, ERR_USAGE,
                       SWEEP_EQUAL_UNMASKED ": expected a constant rate, found a %s",
                       setting_key.mask_schedule);
    }
    return OK;
}

/* Fills in what follows from the pairs, and sorts them. */
static enum err finish_cell(const struct sweep_plan *p, struct sweep_cell *c,
                            struct errinfo *e)
{
    const char *match = value_of(c->pair, c->n_pairs, SWEEP_MATCH_L0);
    const char *equal = value_of(c->pair, c->n_pairs, SWEEP_EQUAL_UNMASKED);
    qsort(c->pair, c->n_pairs, sizeof *c->pair, by_key);
    c->target_l0 = match ? strtod(match, NULL) : 0.0;
    c->equal_unmasked = equal && strcmp(equal, "yes") == 0;
    TRY(check_cell(p, c, e));
    return name_cell(p, c, e);
}

/* Whether axis value `v` of `key` masks something. */
static bool masks(const char *key, const char *v)
{
    return (strcmp(key, setting_key.mask_rate) == 0 && strtod(v, NULL) > 0) ||
           (strcmp(key, setting_key.mask_schedule) == 0 && strcmp(v, "constant") != 0);
}

enum err cell_make(const struct sweep_plan *p, const struct grid *g, const size_t *at,
                   uint64_t seed, struct sweep_cell *c, struct errinfo *e)
{
    char text[64];
    bool masked = false, has_rate = false;
    *c = (struct sweep_cell){.seed = seed,
                             .mask_rate = p->base.mask_rate,
                             .source = (enum source_kind)p->base.source};
    for (size_t i = 0; i < g->n; i++) {
        const bool rate = strcmp(g->axis[i].key, setting_key.mask_rate) == 0;
        masked |= masks(g->axis[i].key, g->axis[i].value[at[i]]);
        has_rate |= rate;
        if (rate) {
            c->mask_rate = strtod(g->axis[i].value[at[i]], NULL);
        }
    }
    masked |= !has_rate && p->base.mask_rate > 0;
    TRY(mem_new(&c->pair, g->n + 2, sizeof *c->pair, "sweep", e));
    for (size_t i = 0; i < g->n; i++) {
        const char *key = g->axis[i].key;
        if (strcmp(key, setting_key.mask_rate) != 0 &&
            (masked || !is_of_masking(key))) {
            TRY(add_pair(p, c, key, g->axis[i].value[at[i]], e));
        }
    }
    snprintf(text, sizeof text, "%.10g", c->mask_rate);
    TRY(add_pair(p, c, setting_key.mask_rate, text, e));
    snprintf(text, sizeof text, "%" PRIu64, seed);
    TRY(add_pair(p, c, setting_key.seed, text, e));
    return finish_cell(p, c, e);
}
