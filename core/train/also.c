#include "train/also.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* Returns the part of `also` that describes arm i; *len: its length, 0 for an empty
 * one. */
static const char *part_of(const char *also, size_t i, size_t *len)
{
    for (;; also++) {
        *len = strcspn(also, ";");
        if (i == 0 || also[*len] == '\0') {
            return also;
        }
        also += *len;
        i--;
    }
}

size_t also_count(const char *also)
{
    size_t n = also[0] ? 1 : 0;
    for (const char *p = also; *p; p++) {
        n += *p == ';' && p[1] ? 1 : 0;
    }
    return n;
}

/* Returns the bytes of the name, followed by ':', that a part [len] begins with; 0:
 * none. A key has no ':', and ends at its '='. */
static size_t name_len(const char *part, size_t len, bool *named)
{
    const size_t n = strcspn(part, ":=,;");
    *named = n < len && part[n] == ':';
    return *named ? n : 0;
}

static const struct setting_def *find(const char *name)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(t[i].key, name) == 0 || (t[i].flag && !strcmp(t[i].flag, name))) {
            return &t[i];
        }
    }
    return NULL;
}

/* Says why a setting cannot be in a list of pairs: ERR_USAGE. */
typedef enum err check_fn(const struct setting_def *d, const char *where,
                          struct errinfo *e);

static enum err is_of_arm(const struct setting_def *d, const char *where,
                          struct errinfo *e)
{
    return d->scope == SETTING_OF_ARM
               ? OK
               : err_set(e, ERR_USAGE,
                         "%s: %s is the same for all arms of a run; train it apart",
                         where, d->key);
}

static enum err is_tunable(const struct setting_def *d, const char *where,
                           struct errinfo *e)
{
    struct str keys;
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    if (d->tunable) {
        return OK;
    }
    str_init(&keys, SETTING_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        if (t[i].tunable) {
            str_add(&keys, keys.len > 0 ? ", " : "");
            str_add(&keys, t[i].key);
        }
    }
    const enum err rc =
        err_set(e, ERR_USAGE,
                "%s: %s stays as it is while training goes on, expected one of %s",
                where, d->key, keys.len > 0 ? keys.p : "");
    str_free(&keys);
    return rc;
}

/* Sets a pair "k=8" of len bytes. */
static enum err set_pair(struct settings *s, const char *pair, size_t len,
                         const char *where, check_fn *check, struct errinfo *e)
{
    char text[SETTING_TEXT_MAX];
    snprintf(text, sizeof text, "%.*s", (int)len, pair);
    char *eq = strchr(text, '=');
    if (!eq) {
        return err_set(e, ERR_USAGE, "%s: found '%s', expected key=value", where, text);
    }
    *eq = '\0';
    const struct setting_def *d = find(text);
    if (!d) { /* for the name of the nearest */
        return settings_set(s, text, eq + 1, from_user(where), e);
    }
    TRY(check(d, where, e));
    return settings_set(s, d->key, eq + 1, from_user(where), e);
}

/* Returns the bytes of the first pair of part [len]: up to a comma before another key=,
 * so that a value may contain commas (matryoshka.groups=64,256). */
static size_t pair_len(const char *part, size_t len)
{
    size_t end = strcspn(part, ",");
    while (end < len) {
        const size_t key = strcspn(part + end + 1, "=,;");
        if (part[end + 1 + key] == '=') {
            return end;
        }
        end += 1 + key;
    }
    return len;
}

/* Clears what asks for further arms: no arm has arms of its own. */
static enum err alone(struct settings *s, struct errinfo *e)
{
    const struct setting_origin from = from_program("arm");
    TRY(settings_set(s, setting_key.twin, "none", from, e));
    TRY(settings_set(s, setting_key.seed_count, "1", from, e));
    return settings_set(s, setting_key.also, "", from, e);
}

/* Marks settings that the user gave for the first arm as inherited, so that those that
 * do not apply to this arm's architecture are ignored instead of refused. */
static enum err inherit(struct settings *s, struct errinfo *e)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str text;
    enum err rc = OK;
    str_init(&text, SETTING_VALUE_MAX);
    for (size_t i = 0; rc == OK && i < n; i++) {
        if (settings_origin(s, &t[i]).by == GIVEN_BY_USER) {
            str_clear(&text);
            settings_print(s, &t[i], &text);
            rc = settings_set(s, t[i].key, text.p, from_program("first arm"), e);
        }
    }
    str_free(&text);
    return rc;
}

/* Sets pairs "k=8,lr=0.1" of len bytes. */
static enum err set_pairs(struct settings *s, const char *pairs, size_t len,
                          const char *where, check_fn *check, struct errinfo *e)
{
    while (len > 0) {
        const size_t n = pair_len(pairs, len);
        TRY(set_pair(s, pairs, n, where, check, e));
        pairs += n;
        len -= n;
        if (len > 0) {
            pairs++;
            len--;
        }
    }
    return OK;
}

/* Makes the settings of a part of `also`, of len bytes: NAME:key=value,... */
static enum err part_settings(const struct settings *base, const char *part, size_t len,
                              const char *where, struct settings *out,
                              struct errinfo *e)
{
    struct settings s = *base;
    bool named = false;
    const char *const whole = part;
    const int whole_len = (int)len;
    const size_t name = name_len(part, len, &named);
    TRY(inherit(&s, e));
    if (named) {
        TRY(arm_name_check(part, name, where, e));
        part += name + 1;
        len -= name + 1;
    }
    if (len == 0) {
        return err_set(e, ERR_USAGE, "%s: found '%.*s', expected key=value,...", where,
                       whole_len, whole);
    }
    TRY(set_pairs(&s, part, len, where, is_of_arm, e));
    TRY(alone(&s, e));
    *out = s;
    return OK;
}

enum err also_settings(const struct settings *base, size_t i, struct settings *out,
                       struct errinfo *e)
{
    size_t len = 0;
    const char *part = part_of(base->also, i, &len);
    return part_settings(base, part, len, "also", out, e);
}

enum err also_condition(const struct settings *base, const char *text,
                        struct arm_plan *out, struct errinfo *e)
{
    static const char where[] = "condition";
    const size_t len = strlen(text);
    bool named = false;
    const size_t name = name_len(text, len, &named);
    if (!named || text[name + 1] == '\0' || strchr(text, ';')) {
        return err_set(e, ERR_USAGE,
                       "%s: found '%.80s', expected a name and settings, as in %s",
                       where, text, ALSO_RANDOM);
    }
    TRY(part_settings(base, text, len, where, &out->set, e));
    (void)snprintf(out->name, sizeof out->name, "%.*s", (int)name, text);
    memcpy(out->condition, out->name, sizeof out->condition);
    return OK;
}

enum err tuned_settings(const struct settings *was, const char *pairs,
                        struct settings *out, struct errinfo *e)
{
    static const char where[] = "tune";
    struct settings s = *was;
    TRY(inherit(&s, e));
    if (pairs[0] == '\0' || strchr(pairs, ';')) {
        return err_set(e, ERR_USAGE, "%s: found '%.80s', expected key=value,...", where,
                       pairs);
    }
    TRY(set_pairs(&s, pairs, strlen(pairs), where, is_tunable, e));
    *out = s;
    return OK;
}

enum err twin_settings(const struct settings *base, struct settings *out,
                       struct errinfo *e)
{
    struct settings s = *base;
    TRY(settings_set(&s, setting_key.mask_rate, "0", from_program("twin"), e));
    TRY(settings_set(&s, setting_key.mask_schedule, "constant", from_program("twin"),
                     e));
    TRY(alone(&s, e));
    *out = s;
    return OK;
}

/* ---- all of them ---- */

const char *condition_letters(size_t i, char out[CONDITION_LETTERS])
{
    char *at = out;
    if (i >= 26) {
        *at++ = (char)('A' + (int)(i / 26 - 1) % 26);
    }
    *at++ = (char)('A' + (int)(i % 26));
    *at = '\0';
    return out;
}

void arm_name_also(size_t n, char out[ARM_NAME_MAX])
{
    snprintf(out, ARM_NAME_MAX, "also%zu", n);
}

static bool is_taken(const struct arm_plan *arm, size_t n, size_t but, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (i != but && arm_name_same(arm[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Uses the names that were given, then makes others for arms without one. */
static enum err name_arms(const struct settings *asked, struct arm_plan *arm, size_t n,
                          size_t twins, struct errinfo *e)
{
    for (size_t i = 1; i < n; i++) {
        size_t len = 0;
        bool named = false;
        const char *part =
            i <= twins ? ARM_NAME_TWIN ":" : part_of(asked->also, i - 1 - twins, &len);
        const size_t name = name_len(part, i <= twins ? strlen(part) : len, &named);
        snprintf(arm[i].name, ARM_NAME_MAX, "%.*s", (int)name, part);
        if (named && is_taken(arm, i, i, arm[i].name)) {
            return err_set(e, ERR_USAGE, "also: found two arms named '%s'",
                           arm[i].name);
        }
    }
    for (size_t i = 1 + twins; i < n; i++) {
        for (size_t k = i - twins; !arm[i].name[0]; k++) {
            char name[ARM_NAME_MAX];
            arm_name_also(k, name);
            if (!is_taken(arm, n, i, name)) {
                memcpy(arm[i].name, name, sizeof name);
            }
        }
    }
    return OK;
}

/* Whether a setting belongs to an arm's condition: what it is trained on, except its
 * seed. */
static bool is_of_condition(const struct setting_def *d)
{
    return d->scope == SETTING_OF_ARM && strcmp(d->key, setting_key.seed_weights) != 0;
}

static uint64_t condition_hash(const struct settings *s)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    uint64_t h = HASH_START;
    struct str text;
    str_init(&text, SETTING_VALUE_MAX);
    for (size_t i = 0; i < n; i++) {
        if (is_of_condition(&t[i])) {
            str_clear(&text);
            settings_print(s, &t[i], &text);
            h = hash_bytes(h, text.len ? text.p : "", text.len);
            h = hash_bytes(h, "", 1);
        }
    }
    str_free(&text);
    return h;
}

static void find_conditions(struct arm_plan *arm, size_t n, uint64_t *hash)
{
    for (size_t i = 0; i < n; i++) {
        size_t j = 0;
        hash[i] = condition_hash(&arm[i].set);
        while (hash[j] != hash[i]) {
            j++;
        }
        snprintf(arm[i].condition, sizeof arm[i].condition, "%s",
                 arm_name_shown(arm[j].name));
    }
}

enum err arm_plan_next_seed(const struct arm_plan *of, size_t more,
                            struct arm_plan *out, struct errinfo *e)
{
    char text[32];
    *out = *of;
    TRY(alone(&out->set, e));
    snprintf(text, sizeof text, "%llu",
             (unsigned long long)(settings_weights_seed(&of->set) + more));
    TRY(settings_set(&out->set, setting_key.seed_weights, text,
                     from_program(setting_key.seed_count), e));
    const int n = snprintf(out->name, sizeof out->name, "%s%ss%zu", of->name,
                           of->name[0] ? "." : "", more + 1);
    return n < ARM_NAME_MAX
               ? OK
               : err_set(e, ERR_USAGE,
                         "seed.count: the name '%s' is too long for '.s%zu'", of->name,
                         more + 1);
}

/* Returns ERR_USAGE if seed.count made an arm with a name, or with a condition and
 * seed, that another arm already has. */
static enum err check_seeds(const struct arm_plan *arm, size_t n, size_t conditions,
                            struct errinfo *e)
{
    for (size_t i = conditions; i < n; i++) {
        if (is_taken(arm, i, i, arm[i].name)) {
            return err_set(e, ERR_USAGE, "seed.count: found two arms named '%s'",
                           arm[i].name);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(arm[i].condition, arm[j].condition) == 0 &&
                settings_weights_seed(&arm[i].set) ==
                    settings_weights_seed(&arm[j].set)) {
                return err_set(e, ERR_USAGE,
                               "seed.count: the arms %s and %s have the same settings "
                               "and seed of weights",
                               arm_name_shown(arm[j].name), arm[i].name);
            }
        }
    }
    return OK;
}

/* Repeats the first `conditions` arms of arm [n] for the seeds after theirs. */
static enum err repeat_plans(struct arm_plan *arm, size_t n, size_t conditions,
                             struct errinfo *e)
{
    for (size_t i = conditions; i < n; i++) {
        TRY(arm_plan_next_seed(&arm[i % conditions], i / conditions, &arm[i], e));
    }
    return check_seeds(arm, n, conditions, e);
}

static enum err fill_plans(const struct settings *asked, struct arm_plan *arm, size_t n,
                           struct errinfo *e)
{
    const size_t twins = asked->twin == TWIN_UNMASKED ? 1 : 0;
    uint64_t *hash = NULL;
    arm[0].set = *asked;
    for (size_t i = 1; i < n; i++) {
        TRY(i <= twins ? twin_settings(asked, &arm[i].set, e)
                       : also_settings(asked, i - 1 - twins, &arm[i].set, e));
    }
    TRY(name_arms(asked, arm, n, twins, e));
    TRY(mem_new(&hash, n, sizeof *hash, "arms", e));
    find_conditions(arm, n, hash);
    mem_free(hash);
    return OK;
}

bool arm_plans_single(const struct settings *asked)
{
    return asked->twin == TWIN_NONE && !asked->also[0] && asked->seed_count == 1;
}

enum err arm_plans_of(const struct settings *asked, struct arm_plan **out, size_t *n,
                      struct errinfo *e)
{
    struct arm_plan *arm = NULL;
    const size_t conditions =
        also_count(asked->also) + (asked->twin == TWIN_UNMASKED ? 2u : 1u);
    const size_t count = conditions * (size_t)asked->seed_count;
    if (count > RUN_ARMS_MAX) {
        return err_set(e, ERR_USAGE, "found %zu arms, expected %d at most", count,
                       RUN_ARMS_MAX);
    }
    TRY(mem_new(&arm, count, sizeof *arm, "arms", e));
    enum err rc = fill_plans(asked, arm, conditions, e);
    rc = rc == OK ? repeat_plans(arm, count, conditions, e) : rc;
    if (rc != OK) {
        mem_free(arm);
        return rc;
    }
    *n = count;
    *out = arm;
    return OK;
}

size_t arm_plans_seeds(const struct settings *asked)
{
    struct arm_plan *arm = NULL;
    struct errinfo unsaid;
    size_t n = 0, most = (size_t)asked->seed_count;
    if (!asked->also[0] || arm_plans_of(asked, &arm, &n, &unsaid) != OK) {
        return most;
    }
    for (size_t i = 0; i < n; i++) {
        size_t like = 0;
        for (size_t k = 0; k < n; k++) {
            like += strcmp(arm[i].condition, arm[k].condition) == 0;
        }
        most = like > most ? like : most;
    }
    mem_free(arm);
    return most;
}

enum err arm_plans_like(const struct settings *base, size_t n, struct arm_plan **out,
                        struct errinfo *e)
{
    TRY(mem_new(out, n, sizeof **out, "arms", e));
    for (size_t i = 0; i < n; i++) {
        (*out)[i].set = *base;
        if (i > 0) {
            arm_name_also(i, (*out)[i].name);
        }
    }
    return OK;
}

void arm_differs(const struct settings *first, const struct settings *s,
                 struct str *out)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str was, is;
    str_init(&was, SETTING_VALUE_MAX);
    str_init(&is, SETTING_VALUE_MAX);
    bool some = false;
    for (size_t i = 0; i < n; i++) {
        str_clear(&was);
        str_clear(&is);
        settings_print(first, &t[i], &was);
        settings_print(s, &t[i], &is);
        if (is_of_condition(&t[i]) &&
            strcmp(was.len ? was.p : "", is.len ? is.p : "") != 0) {
            str_addf(out, "%s%s=%s", some ? "," : "", t[i].key, is.len ? is.p : "");
            some = true;
        }
    }
    str_free(&was);
    str_free(&is);
}
