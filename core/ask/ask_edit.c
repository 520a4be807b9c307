#include "ask/ask_edit.h"

#include "ask/ask_priv.h"
#include "base/mem.h"
#include "base/number.h"
#include "num/vec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ---- */

static const char *const words[] = {
    [ASK_ADD] = "add", [ASK_SCALE] = "scale", [ASK_CLAMP] = "clamp"};
#define WORDS (sizeof words / sizeof *words)

/* `typed`: as a person types it, who may give multiples. */
static enum err refuse(const char *text, bool typed, struct errinfo *e)
{
    return err_set(
        e, ERR_USAGE,
        "edit '%.80s': expected LATENT=X, LATENT=add:X, LATENT=scale:X, "
        "LATENT=clamp:X or LATENT=zero, then perhaps @POSITION or "
        "@POSITION- (from there on)%s",
        text, typed ? "; 2x adds or clamps to twice the largest activation seen" : "");
}

/* Digits at *s, at most nine; false if there are none. */
static bool parse_count(const char **s, size_t *out)
{
    size_t n = 0, digits = 0;
    for (; **s >= '0' && **s <= '9' && digits < 10; (*s)++, digits++) {
        n = 10 * n + (size_t)(**s - '0');
    }
    *out = n;
    return digits > 0 && digits < 10;
}

/* Reads a finite number of plain digits; what else strtod takes (hex, inf, spaces) is
 * none. */
static bool parse_value(const char **s, double *out)
{
    const size_t len = strspn(*s, "+-0123456789.eE");
    char text[64], *end = NULL;
    if (len == 0 || len >= sizeof text) {
        return false;
    }
    memcpy(text, *s, len);
    text[len] = '\0';
    *out = strtod(text, &end);
    *s += len;
    return end == text + len && isfinite(*out) && isfinite((double)(float)*out);
}

static bool parse_how(const char **s, struct ask_edit *out)
{
    if (strncmp(*s, "zero", 4) == 0) {
        *s += 4;
        out->how = ASK_ZERO;
        return true;
    }
    for (size_t i = 0; i < WORDS; i++) {
        const size_t len = strlen(words[i]);
        if (strncmp(*s, words[i], len) == 0 && (*s)[len] == ':') {
            *s += len + 1;
            out->how = (enum ask_how)i;
            break;
        }
    }
    return parse_value(s, &out->value);
}

static bool parse_where(const char **s, struct ask_edit *out)
{
    if (**s != '@') {
        return true;
    }
    (*s)++;
    out->where = ASK_AT;
    if (!parse_count(s, &out->pos)) {
        return false;
    }
    if (**s == '-') {
        (*s)++;
        out->where = ASK_FROM;
    }
    return true;
}

/* times NULL: a multiple is refused. */
static bool parse(const char *s, struct ask_edit *out, bool *times)
{
    struct ask_edit edit = {.how = ASK_ADD, .where = ASK_ALL};
    size_t latent = 0;
    bool multiple = false;
    s += *s == '#' ? 1 : 0;
    if (!parse_count(&s, &latent) || *s++ != '=' || !parse_how(&s, &edit)) {
        return false;
    }
    if (*s == 'x' && times && (edit.how == ASK_ADD || edit.how == ASK_CLAMP)) {
        multiple = true;
        s++;
    }
    if (!parse_where(&s, &edit) || *s != '\0') {
        return false;
    }
    edit.latent = (int32_t)latent; /* below 10^9 */
    *out = edit;
    if (times) {
        *times = multiple;
    }
    return true;
}

enum err ask_edit_parse(const char *text, struct ask_edit *out, struct errinfo *e)
{
    return parse(text, out, NULL) ? OK : refuse(text, false, e);
}

enum err ask_edit_parse_typed(const char *text, struct ask_edit *out, bool *times,
                              struct errinfo *e)
{
    return parse(text, out, times) ? OK : refuse(text, true, e);
}

enum err ask_edit_times(struct ask_edit *edit, double largest, struct errinfo *e)
{
    const double value = edit->value * largest;
    if (!(largest > 0)) {
        return err_set(e, ERR_USAGE,
                       "latent %d: found %gx, but its largest activation seen is %s; "
                       "expected a number, in the unit of activations",
                       (int)edit->latent, edit->value,
                       isnan(largest) ? "not known" : "0");
    }
    if (!isfinite((double)(float)value)) {
        return err_set(e, ERR_USAGE, "latent %d: found %gx, which no float holds",
                       (int)edit->latent, edit->value);
    }
    edit->value = value;
    return OK;
}

const char *ask_edit_as_times(const struct ask_edit *edit, double largest,
                              char out[ASK_EDIT_TIMES])
{
    const bool in_unit = edit->how == ASK_ADD || edit->how == ASK_CLAMP;
    out[0] = '\0';
    if (in_unit && largest > 0) {
        const double m = edit->value / largest;
        const int decimals = fabs(m - round(10 * m) / 10) < .005 ? 1 : 2;
        (void)snprintf(out, ASK_EDIT_TIMES, "%sx",
                       NUMBER(NUMBER_PLAIN, 0, decimals, m));
    }
    return out;
}

void ask_edit_print(const struct ask_edit *edit, struct str *out)
{
    str_addf(out, "%d=", (int)edit->latent);
    if (edit->how == ASK_ZERO) {
        str_add(out, "zero");
    } else {
        str_addf(out, "%s:%.9g", words[edit->how], edit->value);
    }
    if (edit->where != ASK_ALL) {
        str_addf(out, "@%zu%s", edit->pos, edit->where == ASK_FROM ? "-" : "");
    }
}

/* ---- what it does ---- */

bool ask_edit_acts(const struct ask_edit *edit, size_t pos)
{
    switch (edit->where) {
    case ASK_ALL: return true;
    case ASK_AT: return pos == edit->pos;
    case ASK_FROM: return pos >= edit->pos;
    }
    return false;
}

double ask_edit_value(const struct ask_edit *edit, size_t n, int32_t latent, size_t pos,
                      double a)
{
    for (size_t i = 0; i < n; i++) {
        if (edit[i].latent != latent || !ask_edit_acts(&edit[i], pos)) {
            continue;
        }
        switch (edit[i].how) {
        case ASK_ADD: a += edit[i].value; break;
        case ASK_SCALE: a *= edit[i].value; break;
        case ASK_CLAMP: a = edit[i].value; break;
        case ASK_ZERO: a = 0; break;
        }
    }
    return a;
}

double ask_act(const struct sae_codes *c, const struct sae *s, size_t t, int32_t latent)
{
    return (double)sae_codes_at(c, t, latent) * sae_saved_unit(s);
}

/* ---- what fires then ---- */

static int by_id(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static enum err add_id(struct ask_fires *f, int32_t id, struct errinfo *e)
{
    TRY(mem_grow(&f->id, &f->ids_cap, f->ids + 1, sizeof *f->id, SIZE_MAX, e));
    f->id[f->ids++] = id;
    return OK;
}

static enum err add_ids(struct ask_fires *f, const struct sae_codes *c, size_t t,
                        struct errinfo *e)
{
    for (size_t i = c->start[t]; i < c->start[t + 1]; i++) {
        TRY(add_id(f, c->id[i], e));
    }
    return OK;
}

enum err ask_fires_at(struct ask_fires *f, const struct sae *s,
                      const struct sae_codes *plain, const struct sae_codes *masked,
                      size_t t, const struct ask_edit *edit, size_t n, size_t pos,
                      struct errinfo *e)
{
    f->ids = f->n = 0;
    TRY(add_ids(f, plain, t, e));
    TRY(plain != masked ? add_ids(f, masked, t, e) : OK);
    for (size_t i = 0; i < n; i++) {
        TRY(ask_edit_acts(&edit[i], pos) ? add_id(f, edit[i].latent, e) : OK);
    }
    if (f->ids > 0) {
        qsort(f->id, f->ids, sizeof *f->id, by_id);
    }
    for (size_t i = 0; i < f->ids; i++) {
        const int32_t j = f->id[i];
        const double act = ask_act(plain, s, t, j);
        const double after = ask_edit_value(edit, n, j, pos, ask_act(masked, s, t, j));
        if ((i > 0 && f->id[i - 1] == j) || !(act > 0 || after < 0 || after > 0)) {
            continue;
        }
        TRY(mem_grow(&f->at, &f->cap, f->n + 1, sizeof *f->at, SIZE_MAX, e));
        f->at[f->n++] = (struct ask_fire){j, (float)act, (float)after};
    }
    return OK;
}

void ask_fires_deinit(struct ask_fires *f)
{
    mem_free(f->at);
    mem_free(f->id);
    *f = (struct ask_fires){0};
}

/* ---- what is added ---- */

/* Whether edit i is the first of its latent that acts here: one sum does for all. */
static bool is_first(const struct ask_edit *edit, size_t i, size_t pos)
{
    for (size_t j = 0; j < i; j++) {
        if (edit[j].latent == edit[i].latent && ask_edit_acts(&edit[j], pos)) {
            return false;
        }
    }
    return ask_edit_acts(&edit[i], pos);
}

size_t ask_edit_apply(const struct ask_edit *edit, size_t n, const struct sae *s,
                      const struct sae_codes *codes, const uint8_t *special, size_t at,
                      size_t T, float *out)
{
    size_t changed = 0;
    for (size_t t = 0; t < T; t++) {
        bool any = false;
        for (size_t i = 0; i < n && !special[t]; i++) {
            const int32_t j = edit[i].latent;
            if (!is_first(edit, i, at + t)) {
                continue;
            }
            const double a = ask_act(codes, s, t, j);
            const double by = ask_edit_value(edit, n, j, at + t, a) - a;
            if (by < 0 || by > 0) {
                /* A scale is in the activation already; see sae_saved_unit. */
                const double raw = codes->undo ? (double)codes->undo[2 * t] : 1.0;
                vec_axpy_f32(s->D, (float)(by * raw), s->W_dec + (size_t)j * s->D,
                             out + t * s->D);
                any = true;
            }
        }
        changed += any;
    }
    return changed;
}

/* For a number at the hook: a million such squares sum to 1e36; a float holds 3e38. */
#define MOST 1e15

enum err ask_edit_check(const float *x, size_t T, size_t D, size_t at,
                        struct errinfo *e)
{
    for (size_t i = 0; i < T * D; i++) {
        if (!(fabs((double)x[i]) <= MOST)) {
            return err_set(e, ERR_USAGE,
                           "edits: found %g among the model's activations at position "
                           "%zu, expected strengths that keep them within %g",
                           (double)x[i], at + i / D, MOST);
        }
    }
    return OK;
}
