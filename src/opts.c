#include "opts.h"

#include "base/nearest.h"
#include "base/newfile.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 48
#define ROWS_MAX     256 /* rows searched for a suggestion */

/* ---- nearest row ---- */

static const char *first_that_begins(const char *word, const char *const *names,
                                     size_t n)
{
    for (size_t i = 0; word[0] && i < n; i++) {
        if (strncmp(names[i], word, strlen(word)) == 0) {
            return names[i];
        }
    }
    return NULL;
}

/* The name meant by `word`: the first that begins so, if it is a letter or two, else
 * the nearest. `more`: names beside those of the table, ended by NULL. */
static const char *nearest_row(const char *word, const struct opt *table, size_t n,
                               const char *const *more)
{
    const char *names[ROWS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < n && count < ROWS_MAX; i++) {
        if (table[i].kind != OPT_HEAD) {
            names[count++] = table[i].name;
        }
    }
    for (; *more && count < ROWS_MAX; more++) {
        names[count++] = *more;
    }
    const char *first = strlen(word) < 3 ? first_that_begins(word, names, count) : NULL;
    return first ? first : nearest_name(word, names, count);
}

/* ---- values ---- */

static bool is_any(const struct opt *row)
{
    return row->min >= 0 && row->max <= 0 && row->min <= 0;
}

static enum err out_of_range(const struct opt *row, const char *where,
                             const char *value, const char *kind, struct errinfo *e)
{
    if (is_any(row)) {
        return err_set(e, ERR_USAGE, "%s: found '%s', expected %s", where, value, kind);
    }
    return err_set(e, ERR_USAGE, "%s: found '%s', expected %s from %.10g to %.10g",
                   where, value, kind, row->min, row->max);
}

static enum err store_int(const struct opt *row, const char *where, const char *value,
                          struct errinfo *e)
{
    int64_t v = 0;
    if (!number_whole(value, &v) ||
        (!is_any(row) && ((double)v < row->min || (double)v > row->max))) {
        return out_of_range(row, where, value, "an integer", e);
    }
    *(int64_t *)row->to = v;
    return OK;
}

static enum err store_real(const struct opt *row, const char *where, const char *value,
                           struct errinfo *e)
{
    double v = 0;
    if (!number_real(value, &v) || (!is_any(row) && (v < row->min || v > row->max))) {
        return out_of_range(row, where, value, "a number", e);
    }
    *(double *)row->to = v;
    return OK;
}

static enum err store_flag(const struct opt *row, const char *where, const char *value,
                           struct errinfo *e)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true},   {"yes", true}, {"on", true},   {"1", true},
                 {"false", false}, {"no", false}, {"off", false}, {"0", false}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value, words[i].word) == 0) {
            *(bool *)row->to = words[i].value;
            return OK;
        }
    }
    return err_set(e, ERR_USAGE, "%s: found '%s', expected true or false", where,
                   value);
}

static enum err store_text(const struct opt *row, const char *where, const char *value,
                           struct errinfo *e)
{
    if (!value[0] && row->kind != OPT_TEXT) {
        return err_set(e, ERR_USAGE, "%s: found '', expected %s", where, row->arg);
    }
    *(const char **)row->to = value;
    return OK;
}

/* Whether a value is the word of the row's `arg`, as "slurm" of "[slurm]". */
static bool is_word_of(const struct opt *row, const char *value)
{
    const size_t n = strlen(row->arg) - 2;
    return strlen(value) == n && memcmp(value, row->arg + 1, n) == 0;
}

static enum err store_word(const struct opt *row, const char *where, const char *value,
                           struct errinfo *e)
{
    if (value[0] && !is_word_of(row, value)) {
        return err_set(e, ERR_USAGE, "%s: found '%s', expected nothing or %.*s", where,
                       value, (int)strlen(row->arg) - 2, row->arg + 1);
    }
    *(const char **)row->to = value;
    return OK;
}

static enum err store_list(const struct opt *row, const char *where, const char *value,
                           struct errinfo *e)
{
    struct opt_list *list = row->to;
    if (list->n == OPT_LIST_MAX) {
        return err_set(e, ERR_USAGE, "%s: given more than %d times", where,
                       OPT_LIST_MAX);
    }
    if (!value[0]) {
        return err_set(e, ERR_USAGE, "%s: found '', expected %s", where, row->arg);
    }
    list->at[list->n++] = value;
    return OK;
}

enum err opt_store(const struct opt *row, const char *where, const char *value,
                   struct errinfo *e)
{
    switch (row->kind) {
    case OPT_FLAG: TRY(store_flag(row, where, value, e)); break;
    case OPT_INT: TRY(store_int(row, where, value, e)); break;
    case OPT_REAL: TRY(store_real(row, where, value, e)); break;
    case OPT_STRING:
    case OPT_TEXT:
    case OPT_NEW: TRY(store_text(row, where, value, e)); break;
    case OPT_WORD: TRY(store_word(row, where, value, e)); break;
    case OPT_LIST: TRY(store_list(row, where, value, e)); break;
    case OPT_HEAD: break;
    }
    if (row->given) {
        *row->given = true;
    }
    return OK;
}

/* ---- parsing ---- */

const struct opt *opts_find(const struct opt *table, size_t n, const char *name,
                            size_t len)
{
    for (size_t i = 0; i < n; i++) {
        if (table[i].kind != OPT_HEAD && strlen(table[i].name) == len &&
            memcmp(table[i].name, name, len) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

/* Report an unknown name in an error line, with a suggestion. */
static enum err unknown_setting(const struct opts *o, const char *name, size_t len,
                                struct errinfo *e)
{
    static const char *const none[] = {NULL};
    char word[NAME_MAX_LEN + 2];
    (void)snprintf(word, sizeof word, "%.*s", (int)(len < 200 ? len : 200), name);
    const char *near = nearest_row(word, o->set, o->n_set, none);
    return near ? err_set(e, ERR_USAGE, "%s: unknown setting %s; did you mean %s?",
                          o->name, word, near)
                : err_set(e, ERR_USAGE, "%s: unknown setting %s; see saetop %s -h",
                          o->name, word, o->name);
}

/* The same for an option; `dashes`: as many as were found. */
static enum err unknown_option(const struct opts *o, const char *dashes,
                               const char *name, size_t len, struct errinfo *e)
{
    const char *const more[] = {"help",
                                o->set    ? "set"
                                : o->bare ? "version"
                                          : NULL,
                                o->bare ? "version" : NULL, NULL};
    const char *const own = o->bare ? "" : o->name;
    char word[NAME_MAX_LEN + 2];
    (void)snprintf(word, sizeof word, "%.*s", (int)(len < 200 ? len : 200), name);
    const char *near = nearest_row(word, o->table, o->n, more);
    return near ? err_set(e, ERR_USAGE, "%s%sunknown option %s%s; did you mean --%s?",
                          own, own[0] ? ": " : "", dashes, word, near)
                : err_set(e, ERR_USAGE, "%s%sunknown option %s%s; see saetop %s -h",
                          own, own[0] ? ": " : "", dashes, word, o->name);
}

/* Whether an option or setting is another command's, with an error that says which. */
static bool is_elsewhere(const struct opts *o, const char *before, const char *name,
                         size_t len, struct errinfo *e)
{
    char word[NAME_MAX_LEN];
    (void)snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : 0), name);
    const char *say = o->elsewhere ? o->elsewhere(word) : NULL;
    if (say) {
        (void)!err_set(e, ERR_USAGE, "%s: %s%s: %s", o->name, before, word, say);
    }
    return say != NULL;
}

/* Apply --set name=value. */
static enum err apply_set(const struct opts *o, const char *pair, struct errinfo *e)
{
    const char *eq = strchr(pair, '=');
    if (!eq || eq == pair) {
        return err_set(e, ERR_USAGE, "%s: --set: found '%s', expected key=value",
                       o->name, pair);
    }
    const size_t len = (size_t)(eq - pair);
    const struct opt *row = opts_find(o->set, o->n_set, pair, len);
    if (!row) {
        return is_elsewhere(o, "--set ", pair, len, e)
                   ? ERR_USAGE
                   : unknown_setting(o, pair, len, e);
    }
    char where[2 * NAME_MAX_LEN + 16];
    (void)snprintf(where, sizeof where, "%s: --set %s", o->name, row->name);
    return opt_store(row, where, eq + 1, e);
}

/* Parse the option at argv[*i]; moves *i past a value in the next argument. */
static enum err parse_option(const struct opts *o, int argc, char **argv, int *i,
                             struct errinfo *e)
{
    const char *name = argv[*i] + 2;
    const char *eq = strchr(name, '=');
    const size_t len = eq ? (size_t)(eq - name) : strlen(name);
    const bool is_set = o->set && len == 3 && memcmp(name, "set", 3) == 0;
    const struct opt *row = opts_find(o->table, o->n, name, len);
    const struct opt *setting = opts_find(o->set, o->n_set, name, len);
    if (!row && setting) {
        return err_set(e, ERR_USAGE, "%s: --%s is a setting: write --set %s=%s",
                       o->name, setting->name, setting->name,
                       eq ? eq + 1 : setting->arg);
    }
    if (!row && !is_set) {
        return is_elsewhere(o, "--", name, len, e)
                   ? ERR_USAGE
                   : unknown_option(o, "--", name, len, e);
    }
    char where[2 * NAME_MAX_LEN + 16];
    (void)snprintf(where, sizeof where, "%s: --%s", o->name,
                   is_set ? "set" : row->name);
    if (!is_set && row->kind == OPT_FLAG && !eq) {
        return opt_store(row, where, "true", e);
    }
    const char *value = eq ? eq + 1 : NULL;
    if (!is_set && row->kind == OPT_WORD && !eq) {
        const bool next = *i + 1 < argc && is_word_of(row, argv[*i + 1]);
        return opt_store(row, where, next ? argv[++*i] : "", e);
    }
    if (!value) {
        const char *arg = is_set ? "KEY=VALUE" : row->arg;
        if (*i + 1 >= argc) {
            return err_set(e, ERR_USAGE, "%s: needs a value (%s)", where, arg);
        }
        value = argv[++*i];
        if (strncmp(value, "--", 2) == 0) {
            return err_set(e, ERR_USAGE,
                           "%s: needs a value (%s), found %s; one that begins so is "
                           "written --%.*s=%s",
                           where, arg, value, (int)len, name, value);
        }
    }
    return is_set ? apply_set(o, value, e) : opt_store(row, where, value, e);
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

/* ERR_EXISTS if a file or folder to be made exists already, unless --force is given. */
static enum err check_new(const struct opts *o, struct errinfo *e)
{
    const struct opt *force =
        opts_find(o->table, o->n, OPT_FORCE_NAME, strlen(OPT_FORCE_NAME));
    for (size_t i = 0; i < o->n; i++) {
        const struct opt *row = &o->table[i];
        const char *path = row->kind == OPT_NEW ? *(const char **)row->to : NULL;
        if (path && !(force && *(const bool *)force->to)) {
            TRY(newfile_check(
                path, force ? "--force writes over it" : "choose another name", e));
        }
    }
    return OK;
}

enum err opts_parse(const struct opts *o, int argc, char **argv,
                    struct opts_result *out, struct errinfo *e)
{
    *out = (struct opts_result){.help = wants_help(argc, argv)};
    if (out->help) {
        return OK;
    }
    bool options = true;
    for (int i = 1; i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && strncmp(argv[i], "--", 2) == 0) {
            TRY(parse_option(o, argc, argv, &i, e));
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            return unknown_option(o, "-", argv[i] + 1, strcspn(argv[i] + 1, "="), e);
        } else if (out->n_args == o->max_args || out->n_args == OPT_LIST_MAX) {
            return err_set(e, ERR_USAGE, "%s: unexpected '%s'; usage: saetop %s %s",
                           o->name, argv[i], o->name, o->usage);
        } else {
            out->args[out->n_args++] = argv[i];
        }
    }
    if (out->n_args < o->min_args) {
        return err_set(e, ERR_USAGE, "%s: too few arguments; usage: saetop %s %s",
                       o->name, o->name, o->usage);
    }
    return check_new(o, e);
}

/* ---- help ---- */

#define HELP_COLUMN 26

static void add_default(const struct opt *row, char *text, size_t cap)
{
    const size_t used = strlen(text);
    char *const at = text + used;
    const size_t left = cap - used;
    switch (row->kind) {
    case OPT_INT:
        (void)snprintf(at, left, " [%lld]", (long long)*(const int64_t *)row->to);
        break;
    case OPT_REAL:
        if (isfinite(*(const double *)row->to)) {
            (void)snprintf(at, left, " [%g]", *(const double *)row->to);
        }
        break;
    case OPT_STRING:
    case OPT_TEXT:
    case OPT_NEW:
        if (*(const char *const *)row->to) {
            (void)snprintf(at, left, " [%s]", *(const char *const *)row->to);
        }
        break;
    case OPT_FLAG:
    case OPT_WORD:
    case OPT_LIST:
    case OPT_HEAD: break;
    }
}

void opt_text(const struct opt *row, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s", row->help);
    add_default(row, out, cap);
}

static void add_row(struct str *out, const struct opt *row, const char *dashes,
                    char between)
{
    if (row->kind == OPT_HEAD) {
        str_addf(out, "\n%s\n", row->name);
        return;
    }
    const size_t start = out->len;
    str_addf(out, "  %s%s", dashes, row->name);
    if (row->arg) {
        str_addf(out, "%c%s", between, row->arg);
    }
    const size_t used = out->len - start;
    if (used + 2 > HELP_COLUMN) {
        str_addf(out, "\n%*s", HELP_COLUMN, "");
    } else {
        str_addf(out, "%*s", (int)(HELP_COLUMN - used), "");
    }
    char text[OPT_TEXT_BYTES];
    opt_text(row, text, sizeof text);
    str_wrap(out, text, HELP_COLUMN, HELP_COLUMN);
}

void opts_help(const struct opts *o, struct str *out)
{
    char usage[512];
    (void)snprintf(usage, sizeof usage, "usage: saetop %s %s", o->name, o->usage);
    str_wrap(out, usage, 0, 7);
    if (o->about) {
        str_addc(out, '\n');
        str_wrap(out, o->about, 0, 0);
    }
    if (o->n > 0 && o->table[0].kind != OPT_HEAD) {
        str_addc(out, '\n');
    }
    for (size_t i = 0; i < o->n; i++) {
        add_row(out, &o->table[i], "--", ' ');
    }
    if (o->n_set > 0) {
        str_addf(out,
                 "  --set KEY=VALUE         any of the %zu settings; saetop settings "
                 "lists them\n",
                 o->n_set);
    }
}

void opts_settings(const struct opts *o, struct str *out)
{
    for (size_t i = 0; i < o->n_set; i++) {
        add_row(out, &o->set[i], "", '=');
    }
}
