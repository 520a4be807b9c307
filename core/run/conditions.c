#include "run/conditions.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* ---- settings ---- */

enum kind { SHAPES, SEED, NEITHER };

/* Which further arms a run has, and how it is watched, does not shape this one. */
static enum kind kind_of(const struct setting_def *d)
{
    if (strncmp(d->key, "seed", 4) == 0) {
        return SEED;
    }
    const bool others = strcmp(d->key, "twin") == 0 || strcmp(d->key, "also") == 0;
    return others || d->scope == SETTING_OF_FREE ? NEITHER : SHAPES;
}

/* The value as text, in s, which it is the caller's to free. */
static const char *value_of(const struct settings *set, const struct setting_def *d,
                            struct str *s)
{
    str_clear(s);
    settings_print(set, d, s);
    return s->len > 0 ? s->p : "";
}

static bool differ(const struct settings *a, const struct settings *b,
                   const struct setting_def *d)
{
    struct str x, y;
    str_init(&x, SETTING_TEXT_MAX);
    str_init(&y, SETTING_TEXT_MAX);
    const bool r = strcmp(value_of(a, d, &x), value_of(b, d, &y)) != 0;
    str_free(&x);
    str_free(&y);
    return r;
}

static bool alike(const struct settings *a, const struct settings *b, enum kind kind)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (kind_of(&t[i]) == kind && differ(a, b, &t[i])) {
            return false;
        }
    }
    return true;
}

/* "21", or "1, 21" where there are several. */
static void print_seeds(const struct settings *set, char out[CONDITION_SEED])
{
    size_t n = 0, len = 0;
    const struct setting_def *t = settings_table(&n);
    struct str s;
    str_init(&s, SETTING_TEXT_MAX);
    out[0] = '\0';
    for (size_t i = 0; i < n && len < CONDITION_SEED; i++) {
        if (kind_of(&t[i]) == SEED) {
            const int k = snprintf(out + len, CONDITION_SEED - len, "%s%s",
                                   len > 0 ? ", " : "", value_of(set, &t[i], &s));
            len += k > 0 ? (size_t)k : 0;
        }
    }
    str_free(&s);
}

static bool is_unmasked(const struct settings *s)
{
    return !(s->mask_rate > 0.0) &&
           (s->mask_schedule == MASK_CONSTANT || !(s->mask_rate_end > 0.0));
}

/* ---- conditions ---- */

static enum err assign(const struct settings *const *set, const char *const *name,
                       size_t i, struct conditions *c, struct errinfo *e)
{
    size_t k = 0;
    while (k < c->n && !alike(set[c->at[k].arm], set[i], SHAPES)) {
        k++;
    }
    if (k == CONDITIONS_MAX) {
        return err_set(e, ERR_USAGE, "%s: a condition beyond %d, expected no more",
                       name[i], CONDITIONS_MAX);
    }
    for (size_t j = 0; j < i && k < c->n; j++) {
        if (c->of[j] == k && alike(set[j], set[i], SEED)) {
            return err_set(e, ERR_USAGE,
                           "%s and %s: settings and seeds are the same, expected arms "
                           "that differ",
                           name[j], name[i]);
        }
    }
    if (k == c->n) {
        c->at[c->n++] = (struct condition){
            .letter = (char)('A' + (int)k), .arm = i, .unmasked = is_unmasked(set[i])};
    }
    c->of[i] = k;
    print_seeds(set[i], c->seed[i]);
    return OK;
}

/* The settings in which conditions differ, into each. */
static void describe(const struct settings *const *set, struct conditions *c)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str s;
    str_init(&s, SETTING_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        bool same = true;
        for (size_t k = 1; k < c->n && kind_of(&t[i]) == SHAPES; k++) {
            same = same && !differ(set[c->at[0].arm], set[c->at[k].arm], &t[i]);
        }
        for (size_t k = 0; k < c->n && !same; k++) {
            char *to = c->at[k].settings;
            const size_t len = strlen(to);
            (void)snprintf(to + len, CONDITION_TEXT - len, "%s%s=%s",
                           len > 0 ? ", " : "", t[i].key,
                           value_of(set[c->at[k].arm], &t[i], &s));
        }
    }
    str_free(&s);
}

enum err conditions_of(const struct settings *const *set, const char *const *name,
                       size_t n, struct conditions *out, struct errinfo *e)
{
    struct conditions c = {0};
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&c.of, n, sizeof *c.of, "arms", e));
    TRY_OUT(rc, mem_new(&c.seed, n, sizeof *c.seed, "arms", e));
    for (size_t i = 0; i < n; i++) {
        TRY_OUT(rc, assign(set, name, i, &c, e));
    }
    describe(set, &c);
    *out = c;
    return OK;
out:
    conditions_deinit(&c);
    return rc;
}

void conditions_deinit(struct conditions *c)
{
    mem_free(c->of);
    mem_free(c->seed);
    *c = (struct conditions){0};
}

size_t conditions_baseline(const struct conditions *c)
{
    size_t unmasked = 0, at = 0;
    for (size_t k = 0; k < c->n; k++) {
        unmasked += c->at[k].unmasked;
        at = c->at[k].unmasked ? k : at;
    }
    return unmasked == 1 ? at : 0;
}

size_t conditions_pairs(const struct conditions *c, size_t n, size_t a, size_t b,
                        size_t *of_a, size_t *of_b)
{
    size_t pairs = 0, has_a = 0, has_b = 0;
    for (size_t i = 0; i < n; i++) {
        has_a += c->of[i] == a;
        has_b += c->of[i] == b;
    }
    const bool single = has_a == 1 && has_b == 1;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n && c->of[i] == a; j++) {
            if (c->of[j] == b && (single || strcmp(c->seed[i], c->seed[j]) == 0)) {
                of_a[pairs] = i;
                of_b[pairs++] = j;
            }
        }
    }
    return pairs;
}
