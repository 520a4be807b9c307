#include "run/conditions.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "eval/verdict.h"
#include "train/arm.h"

#include <stdio.h>
#include <string.h>

/* ---- settings ---- */

/* Whether a setting defines a condition: not seeds, which further arms a run has, or
 * how it is watched. */
static bool shapes(const struct setting_def *d)
{
    const bool others =
        strcmp(d->key, setting_key.twin) == 0 || strcmp(d->key, setting_key.also) == 0;
    return strncmp(d->key, "seed", 4) != 0 && !others && d->scope != SETTING_OF_FREE;
}

/* Whether arms that differ in it are measured on different data. Activations that an
 * arm was trained on are also what it is measured on, unless a model has been named
 * since. */
static bool is_input(const struct setting_def *d, const struct settings *a,
                     const struct settings *b)
{
    static const char *const inputs[] = {"source", "model",    "corpus",
                                         "ood",    "concepts", "hook"};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        if (strcmp(d->key, inputs[i]) == 0) {
            return true;
        }
    }
    return strcmp(d->key, setting_key.activations) == 0 &&
           (a->source == SOURCE_ACTIVATIONS || b->source == SOURCE_ACTIVATIONS);
}

static bool is_masking(const struct setting_def *d)
{
    return strncmp(d->key, "mask.", 5) == 0;
}

static enum difference_kind kind_of(const struct setting_def *d,
                                    const struct settings *a, const struct settings *b)
{
    return strncmp(d->key, "seed", 4) == 0 ? DIFFERENCE_SEED
           : is_masking(d)                 ? DIFFERENCE_MASKING
           : is_input(d, a, b)             ? DIFFERENCE_INPUTS
                                           : DIFFERENCE_OTHER;
}

/* Returns the value as text, in s, which the caller frees. */
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
    str_init(&x, SETTING_VALUE_MAX);
    str_init(&y, SETTING_VALUE_MAX);
    const bool r = strcmp(value_of(a, d, &x), value_of(b, d, &y)) != 0;
    str_free(&x);
    str_free(&y);
    return r;
}

static bool alike(const struct settings *a, const struct settings *b)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (shapes(&t[i]) && differ(a, b, &t[i])) {
            return false;
        }
    }
    return true;
}

struct paired_seed conditions_seed(const struct settings *set)
{
    return (struct paired_seed){(uint64_t)set->seed, settings_weights_seed(set)};
}

void conditions_seeds(const struct settings *set, char out[CONDITION_SEED])
{
    const long long text = (long long)set->seed;
    const long long weights = (long long)settings_weights_seed(set);
    if (text == weights) {
        (void)snprintf(out, CONDITION_SEED, "%lld", text);
    } else {
        (void)snprintf(out, CONDITION_SEED, "%lld/%lld", text, weights);
    }
}

static bool is_unmasked(const struct settings *s)
{
    const struct mask_schedule masks = arm_schedule(s);
    return mask_never(&masks);
}

/* ---- conditions ---- */

static enum err assign(const struct settings *const *set, const char *const *name,
                       size_t i, struct conditions *c, struct errinfo *e)
{
    size_t k = 0;
    c->pair[i] = conditions_seed(set[i]);
    while (k < c->n && !alike(set[c->at[k].arm], set[i])) {
        k++;
    }
    if (k == CONDITIONS_MAX) {
        return err_set(e, ERR_USAGE, "%s: a condition beyond %d, expected no more",
                       name[i], CONDITIONS_MAX);
    }
    for (size_t j = 0; j < i && k < c->n; j++) {
        if (c->of[j] == k && paired_seed_is(c->pair[j], c->pair[i])) {
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
    conditions_seeds(set[i], c->seed[i]);
    return OK;
}

/* Writes into each condition the settings in which they differ. */
static void describe(const struct settings *const *set, struct conditions *c)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str s;
    str_init(&s, SETTING_VALUE_MAX);
    for (size_t i = 0; i < n; i++) {
        bool same = true;
        for (size_t k = 1; k < c->n && shapes(&t[i]); k++) {
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
    TRY_OUT(rc, mem_new(&c.pair, n, sizeof *c.pair, "arms", e));
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
    mem_free(c->pair);
    mem_free(c->seed);
    *c = (struct conditions){0};
}

size_t conditions_baseline(const struct conditions *c)
{
    bool unmasked[CONDITIONS_MAX];
    for (size_t k = 0; k < c->n; k++) {
        unmasked[k] = c->at[k].unmasked;
    }
    return verdict_baseline(unmasked, c->n);
}

/* Whether a random decoder fixes the setting (settings_resolve). */
static bool is_of_decoder(const struct setting_def *d)
{
    return strcmp(d->key, setting_key.decoder) == 0 ||
           strcmp(d->key, setting_key.decoder_init) == 0 ||
           strcmp(d->key, setting_key.dead) == 0;
}

static uint64_t hash_beyond(const struct settings *set, bool decoder)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    uint64_t h = HASH_START;
    struct str s;
    str_init(&s, SETTING_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        if (shapes(&t[i]) && !is_masking(&t[i]) && !(decoder && is_of_decoder(&t[i]))) {
            const char *v = value_of(set, &t[i], &s);
            h = hash_bytes(h, v, strlen(v) + 1);
        }
    }
    str_free(&s);
    return h;
}

uint64_t conditions_beyond_masks(const struct settings *set)
{
    return hash_beyond(set, false);
}

uint64_t conditions_beyond_decoder(const struct settings *set)
{
    return hash_beyond(set, true);
}

bool conditions_is_random(const struct settings *set)
{
    return set->decoder == DECODER_RANDOM;
}

size_t conditions_control(const struct settings *const *set, size_t n, size_t of)
{
    bool random[CONDITIONS_MAX];
    uint64_t beyond[CONDITIONS_MAX];
    for (size_t k = 0; k < n; k++) {
        random[k] = conditions_is_random(set[k]);
        beyond[k] = conditions_beyond_decoder(set[k]);
    }
    return verdict_control(random, beyond, n, of);
}

size_t conditions_pairs(const struct conditions *c, size_t n, size_t a, size_t b,
                        size_t *of_a, size_t *of_b)
{
    return paired_by_seed(n, c->of, c->pair, a, b, of_a, of_b);
}

/* ---- differences ---- */

size_t conditions_differences(const struct settings *a, const struct settings *b,
                              struct difference *out, size_t cap)
{
    size_t n = 0, found = 0;
    const struct setting_def *t = settings_table(&n);
    const struct settings *const set[2] = {a, b};
    struct str s;
    str_init(&s, SETTING_VALUE_MAX);
    for (size_t i = 0; i < n; i++) {
        const enum difference_kind kind = kind_of(&t[i], a, b);
        const bool counts = kind == DIFFERENCE_SEED
                                ? strcmp(t[i].key, setting_key.seed_count) != 0
                                : shapes(&t[i]);
        if (!counts || !differ(a, b, &t[i])) {
            continue;
        }
        for (size_t k = 0; k < 2 && found < cap; k++) {
            const char *v = value_of(set[k], &t[i], &s);
            (void)snprintf(out[found].value[k], DIFFERENCE_VALUE, "%s",
                           v[0] != '\0' ? v : "none");
        }
        if (found < cap) {
            out[found].key = t[i].key;
            out[found].kind = kind;
        }
        found++;
    }
    str_free(&s);
    return found;
}

enum change_kind conditions_change_kind(const char *event)
{
    static const struct {
        const char *event;
        enum change_kind kind;
    } known[] = {
        {"mask", CHANGE_MASKS},
        {"tune", CHANGE_SETTINGS},
        {"lr", CHANGE_SETTINGS}, /* the earlier name of tune */
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(event, known[i].event) == 0) {
            return known[i].kind;
        }
    }
    return CHANGE_KINDS;
}

/* Appends an event. For masks only how the rate changed, not the lag behind it. */
static void add_change(const struct run_event *ev, enum change_kind kind,
                       struct condition_changes *to)
{
    static const char cut[] = "...";
    const size_t len = strlen(to->text);
    const size_t n =
        kind == CHANGE_MASKS ? strcspn(ev->detail, ",") : strlen(ev->detail);
    const int added =
        snprintf(to->text + len, sizeof to->text - len, "%s%.*s at step %lld",
                 len > 0 ? ", " : "", (int)n, ev->detail, (long long)ev->step);
    if (added > 0 && (size_t)added >= sizeof to->text - len) {
        memcpy(to->text + sizeof to->text - sizeof cut, cut, sizeof cut);
    }
    to->hash = hash_bytes(to->hash, &ev->step, sizeof ev->step);
    to->hash = hash_bytes(to->hash, ev->detail, strlen(ev->detail) + 1);
}

void conditions_changes(const struct history *h,
                        struct condition_changes out[CHANGE_KINDS])
{
    for (size_t k = 0; k < CHANGE_KINDS; k++) {
        out[k] = (struct condition_changes){.hash = HASH_START};
    }
    for (size_t i = 0; i < h->events; i++) {
        const enum change_kind kind = conditions_change_kind(h->event[i].kind);
        if (kind != CHANGE_KINDS) {
            add_change(&h->event[i], kind, &out[kind]);
        }
    }
}

void conditions_differ_in(const struct difference *d, size_t n,
                          enum difference_kind kind, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && len < cap; i++) {
        if (d[i].kind == kind) {
            len += (size_t)snprintf(out + len, cap - len, "%s%s %s against %s",
                                    len > 0 ? ", " : "", d[i].key, d[i].value[0],
                                    d[i].value[1]);
        }
    }
    if (len > 0 && len < cap && kind == DIFFERENCE_OTHER) {
        (void)snprintf(out + len, cap - len, ": not the masking alone");
    }
}
