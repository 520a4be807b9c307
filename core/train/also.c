#include "train/also.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

/* The part of `also` that describes arm i; its length in *len, 0 for an empty one. */
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

/* "k=8" of len bytes. */
static enum err set_pair(struct settings *s, const char *pair, size_t len,
                         struct errinfo *e)
{
    char text[SETTING_TEXT_MAX];
    snprintf(text, sizeof text, "%.*s", (int)len, pair);
    char *eq = strchr(text, '=');
    if (!eq) {
        return err_set(e, ERR_USAGE, "also: found '%s', expected key=value", text);
    }
    *eq = '\0';
    const struct setting_def *d = find(text);
    if (!d) { /* for the name of the nearest */
        return settings_set(s, text, eq + 1, from_user("also"), e);
    }
    if (d->scope != SETTING_OF_ARM) {
        return err_set(e, ERR_USAGE,
                       "also: %s is the same for all arms of a run; train it apart",
                       d->key);
    }
    return settings_set(s, d->key, eq + 1, from_user("also"), e);
}

/* Bytes of the first pair of part [len]: up to a comma before another key=, so that a
 * value may have commas of its own (matryoshka.groups=64,256). */
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

/* No arm has arms of its own. */
static enum err alone(struct settings *s, struct errinfo *e)
{
    TRY(settings_set(s, "twin", "none", from_user("also"), e));
    return settings_set(s, "also", "", from_user("also"), e);
}

/* What was said of the first arm is not said of this one: settings that do not apply to
 * its architecture are ignored in it. */
static enum err inherit(struct settings *s, struct errinfo *e)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str text;
    enum err rc = OK;
    str_init(&text, 2 * SETTING_TEXT_MAX);
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

enum err also_settings(const struct settings *base, size_t i, struct settings *out,
                       struct errinfo *e)
{
    struct settings s = *base;
    size_t len = 0;
    const char *part = part_of(base->also, i, &len);
    TRY(inherit(&s, e));
    if (len == 0) {
        return err_set(e, ERR_USAGE, "also: found '%s', expected key=value,...",
                       base->also);
    }
    while (len > 0) {
        const size_t n = pair_len(part, len);
        TRY(set_pair(&s, part, n, e));
        part += n;
        len -= n;
        if (len > 0) {
            part++;
            len--;
        }
    }
    TRY(alone(&s, e));
    *out = s;
    return OK;
}

enum err twin_settings(const struct settings *base, struct settings *out,
                       struct errinfo *e)
{
    struct settings s = *base;
    TRY(settings_set(&s, "mask.rate", "0", from_program("twin"), e));
    TRY(settings_set(&s, "mask.schedule", "constant", from_program("twin"), e));
    TRY(alone(&s, e));
    *out = s;
    return OK;
}

/* ---- all of them ---- */

const char *arm_letters(size_t i, char out[ARM_LETTERS])
{
    char *at = out;
    if (i >= 26) {
        *at++ = (char)('A' + (int)(i / 26 - 1) % 26);
    }
    *at++ = (char)('A' + (int)(i % 26));
    *at = '\0';
    return out;
}

size_t arm_plans_count(const struct settings *asked)
{
    return also_count(asked->also) + (asked->twin == TWIN_UNMASKED ? 2u : 1u);
}

void arm_suffix_also(size_t n, char out[ARM_SUFFIX])
{
    snprintf(out, ARM_SUFFIX, "-also%zu", n);
}

void arm_plans_suffix(const struct settings *asked, size_t i, char out[ARM_SUFFIX])
{
    const size_t twins = asked->twin == TWIN_UNMASKED ? 1 : 0;
    if (i > twins) {
        arm_suffix_also(i - twins, out);
    } else {
        snprintf(out, ARM_SUFFIX, "%s", i == 0 ? "" : ARM_SUFFIX_TWIN);
    }
}

enum err arm_plans_of(const struct settings *asked, struct arm_plan **out, size_t *n,
                      struct errinfo *e)
{
    const size_t twins = asked->twin == TWIN_UNMASKED ? 1 : 0;
    struct arm_plan *arm = NULL;
    *n = arm_plans_count(asked);
    TRY(mem_new(&arm, *n, sizeof *arm, "arms", e));
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < *n; i++) {
        arm_plans_suffix(asked, i, arm[i].suffix);
        if (i == 0) {
            arm[i].set = *asked;
        } else {
            rc = i <= twins ? twin_settings(asked, &arm[i].set, e)
                            : also_settings(asked, i - 1 - twins, &arm[i].set, e);
        }
    }
    if (rc != OK) {
        mem_free(arm);
        return rc;
    }
    *out = arm;
    return OK;
}

enum err arm_plans_like(const struct settings *base, size_t n, struct arm_plan **out,
                        struct errinfo *e)
{
    TRY(mem_new(out, n, sizeof **out, "arms", e));
    for (size_t i = 0; i < n; i++) {
        (*out)[i].set = *base;
        if (i > 0) {
            arm_suffix_also(i, (*out)[i].suffix);
        }
    }
    return OK;
}
