#define _XOPEN_SOURCE 700 /* realpath */
#include "run_opts.h"

#include "base/file.h"
#include "base/utf8.h"
#include "sae/sae.h"
#include "samples_dir.h"
#include "shell_word.h"
#include "train/also.h"
#include "train/rundir.h"
#include "train/settings_shards.h"
#include "train/settings_synth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_BYTES    (1u << 20)
#define SAMPLE_CONFIG   "sample.json"
#define BUNDLED_HELP    "bundled sample: " /* before its value in -h */
#define SAMPLE_MODEL    "samples/model"
#define SAMPLE_CORPUS   "samples/storybook.grammar.json#story"
#define SAMPLE_OOD      "samples/storybook.grammar.json#report"
#define SAMPLE_CONCEPTS "samples/concepts.csv"

static struct opt text_row(const char *name, const char **to, const char *arg,
                           const char *help)
{
    return (struct opt){
        .name = name, .kind = OPT_TEXT, .to = to, .arg = arg, .help = help};
}

/* The placeholder for a setting's value in -h. */
static const char *arg_name(const struct setting_def *d)
{
    const char *const paths[][2] = {
        {setting_key.model, "DIR"},       {setting_key.corpus, "FILE"},
        {setting_key.ood, "FILE"},        {setting_key.concepts, "FILE"},
        {setting_key.activations, "DIR"}, {setting_key.tokenizer, "DIR"},
        {setting_key.cache, "DIR"}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(d->key, paths[i][0]) == 0) {
            return paths[i][1];
        }
    }
    return d->type == SETTING_IS_INT ? "N" : d->type == SETTING_IS_NUM ? "X" : "TEXT";
}

/* Write the value that a run on the bundled model and text has in place of the default,
 * from sample.json and fill_bundled; "" if it is the default. */
static void bundled_value(const struct settings *bundled, const struct setting_def *d,
                          struct str *out)
{
    str_clear(out);
    if (settings_origin(bundled, d).by != GIVEN_BY_NOBODY) {
        settings_print(bundled, d, out);
    }
    if (out->len && strcmp(out->p, d->def) == 0) {
        str_clear(out);
    }
}

/* The help of setting i with its default and, if different, the bundled sample's
 * (bundled NULL: not known); for arch with the list of architectures. */
static const char *help_of(struct run_opts *r, const struct setting_def *d, size_t i,
                           const struct settings *bundled)
{
    const bool is_arch = strcmp(d->key, setting_key.arch) == 0;
    /* 0 stands for "auto" where the help says so. */
    const bool shown =
        d->def[0] && !(strcmp(d->def, "0") == 0 && strstr(d->help, "0:"));
    struct str words, sample;
    str_init(&words, SETTING_TEXT_MAX);
    str_init(&sample, SETTING_TEXT_MAX);
    setting_words(d, &words);
    if (bundled) {
        bundled_value(bundled, d, &sample);
    }
    snprintf(r->help[i], sizeof r->help[i], "%s%s%s%s%s%s%s%s%s%s%s",
             words.len ? words.p : "", words.len ? ": " : "", d->help,
             is_arch ? ": " : "", is_arch ? sae_arch_names() : "",
             shown || sample.len ? " [" : "", shown ? d->def : "",
             shown && sample.len ? "; " : "", sample.len ? BUNDLED_HELP : "",
             sample.len ? sample.p : "", shown || sample.len ? "]" : "");
    str_free(&words);
    str_free(&sample);
    return r->help[i];
}

/* Whether a subcommand's own option takes the place of a setting's flag. */
static bool has_flag(const struct opt *own, size_t n, const char *flag)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(own[i].name, flag) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether looking at a run or an SAE depends on a setting. */
static bool is_read(const struct setting_def *d)
{
    const char *const keys[] = {
        setting_key.tokenizer, setting_key.activations, setting_key.model,
        setting_key.corpus,    setting_key.ood,         setting_key.concepts,
        setting_key.hook,      setting_key.seed,        setting_key.context,
        setting_key.threads,   setting_key.browse_rows, setting_key.calibrate_l0};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(d->key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *run_opts_of_training(const char *name)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(t[i].key, name) == 0 || (t[i].flag && !strcmp(t[i].flag, name))) {
            return "this is of training: saetop train, explore and sweep take it";
        }
    }
    return NULL;
}

struct opt run_opts_centre(struct run_opts *r)
{
    return (struct opt){
        .name = "centre",
        .kind = OPT_FLAG,
        .to = &r->centre,
        .help =
            "another tool's SAE was trained on activations less their mean over "
            "dimensions (TransformerLens' centred writing weights), which its files "
            "do not say"};
}

enum err run_opts_check_centre(const struct run_opts *r, const char *const *path,
                               size_t n, struct errinfo *e)
{
    bool any = !r->centre;
    for (size_t i = 0; i < n; i++) {
        any = any || !rundir_is(path[i]);
    }
    return any ? OK
               : err_set(e, ERR_USAGE,
                         "--centre: counts for an SAE of another tool, and %s",
                         n == 0 ? "none is named" : "this is a run");
}

/* Whether a command that also trains opens SAEs of other tools. */
static bool opens_sae(const char *command)
{
    return strcmp(command, "explore") == 0 || strcmp(command, "import") == 0;
}

/* Add the command's own rows, and those that are not settings. */
static void add_own_rows(struct run_opts *r, const char *command, const struct opt *own,
                         size_t n_own, bool reads)
{
    for (size_t i = 0; i < n_own; i++) {
        r->flag[r->n_flags++] = own[i];
    }
    if (reads || opens_sae(command)) {
        r->flag[r->n_flags++] = run_opts_centre(r);
    }
    r->flag[r->n_flags++] = (struct opt){.name = "config",
                                         .kind = OPT_STRING,
                                         .to = &r->config,
                                         .arg = "FILE",
                                         .help = "settings from a JSON file"};
    r->flag[r->n_flags++] =
        (struct opt){.name = "print-config",
                     .kind = OPT_FLAG,
                     .to = &r->print_config,
                     .help = "print every setting and where it came from, and stop"};
    if (!reads) {
        r->flag[r->n_flags++] = (struct opt){
            .name = "also",
            .kind = OPT_LIST,
            .to = &r->also,
            .arg = "[NAME:]K=V,...",
            .help =
                "a further arm from the same harvest that differs in these settings: "
                "k=8,mask-rate=0.3, named too: few:k=2 (may be repeated)"};
        r->flag[r->n_flags++] = (struct opt){
            .name = "random",
            .kind = OPT_FLAG,
            .to = &r->random,
            .help = "a random control as a further condition: --also " ALSO_RANDOM};
    }
    r->flag[r->n_flags++] = (struct opt){.name = "Settings", .kind = OPT_HEAD};
}

/* Whether a setting gets no flag: sweeps measure with a model, and say so if --set
 * names these. */
static bool is_no_flag(const char *command, const struct setting_def *d)
{
    return strcmp(command, "sweep") == 0 &&
           (strcmp(d->key, setting_key.activations) == 0 ||
            strcmp(d->key, setting_key.tokenizer) == 0);
}

/* Add each setting as a row of --set, and as one of its flag unless the command has
 * such a row. */
static void add_settings(struct run_opts *r, const struct settings *bundled,
                         const char *command, const struct opt *own, size_t n_own,
                         bool reads)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (reads && !is_read(&t[i])) {
            continue;
        }
        const char *help = help_of(r, &t[i], i, bundled);
        r->set[r->n_set] =
            text_row(t[i].key, &r->set_value[r->n_set], arg_name(&t[i]), help);
        r->n_set++;
        if (t[i].flag && !has_flag(own, n_own, t[i].flag) &&
            !is_no_flag(command, &t[i]) && r->n_flags < RUN_OPTS_MAX) {
            const size_t f = r->n_flags++;
            r->flag_def[f] = &t[i];
            r->flag[f] = text_row(t[i].flag, &r->flag_value[f], arg_name(&t[i]), help);
        }
    }
}

/* Fill in the tables. `command`: its name; `reads`: only the settings that looking at a
 * run depends on, and no further arms. */
static void fill_tables(struct run_opts *r, const char *command, const struct opt *own,
                        size_t n_own, bool reads)
{
    struct settings bundled;
    struct errinfo e = {0};
    *r = (struct run_opts){0};
    /* The settings of an empty line. Without the samples only the defaults are
     * known. */
    const bool known = run_opts_settings(r, &bundled, &e) == OK;
    add_own_rows(r, command, own, n_own, reads);
    add_settings(r, known ? &bundled : NULL, command, own, n_own, reads);
}

void run_opts_list(struct str *out)
{
    static struct run_opts r; /* large */
    fill_tables(&r, "", NULL, 0, false);
    const struct opts o = {.set = r.set, .n_set = r.n_set};
    opts_settings(&o, out);
}

static int print_config(const struct run_opts *r)
{
    struct settings s;
    struct errinfo e = {0};
    struct str text;
    const enum err rc = run_opts_settings(r, &s, &e);
    if (rc != OK) {
        return cmd_fail(rc, &e);
    }
    str_init(&text, CONFIG_BYTES);
    run_opts_print(&s, &text);
    return cmd_print_text(&text);
}

static bool begin(struct run_opts *r, struct opts what, int argc, char **argv,
                  struct opts_result *parsed, int *status)
{
    what.table = r->flag;
    what.n = r->n_flags;
    what.set = r->set;
    what.n_set = r->n_set;
    if (!cmd_begin(&what, argc, argv, parsed, status)) {
        return false;
    }
    if (r->print_config) {
        *status = print_config(r);
    }
    return !r->print_config;
}

bool run_opts_begin(struct run_opts *r, struct opts what, const struct opt *own,
                    size_t n_own, int argc, char **argv, struct opts_result *parsed,
                    int *status)
{
    fill_tables(r, what.name, own, n_own, false);
    return begin(r, what, argc, argv, parsed, status);
}

bool run_opts_begin_reading(struct run_opts *r, struct opts what, const struct opt *own,
                            size_t n_own, int argc, char **argv,
                            struct opts_result *parsed, int *status)
{
    fill_tables(r, what.name, own, n_own, true);
    what.elsewhere = what.elsewhere ? what.elsewhere : run_opts_of_training;
    return begin(r, what, argc, argv, parsed, status);
}

/* Make a user's path absolute, so that the run opens from anywhere; "#part" stays. One
 * that does not exist is left alone: opening it says so. */
static void make_absolute(char *text, size_t cap)
{
    char path[SETTING_TEXT_MAX], full[4096];
    const size_t len = strcspn(text, "#"), part = strlen(text + len);
    if (!text[0] || strncmp(text, "samples/", 8) == 0) {
        return;
    }
    snprintf(path, sizeof path, "%.*s", (int)len, text);
    const size_t n = realpath(path, full) ? strlen(full) : SIZE_MAX;
    if (n < cap && part < cap - n) {
        memmove(text + n, text + len, part + 1);
        memcpy(text, full, n);
    }
}

static void make_paths_absolute(struct settings *s)
{
    make_absolute(s->model, sizeof s->model);
    make_absolute(s->corpus, sizeof s->corpus);
    make_absolute(s->ood, sizeof s->ood);
    make_absolute(s->concepts, sizeof s->concepts);
    make_absolute(s->activations, sizeof s->activations);
    make_absolute(s->tokenizer, sizeof s->tokenizer);
}

static enum err set_default(struct settings *s, const char *key, const char *value,
                            struct errinfo *e)
{
    return settings_set(s, key, value, from_program("bundled sample"), e);
}

/* Fill settings that were not named from the bundled sample, if it fits the rest. */
static enum err fill_bundled(struct settings *s, struct errinfo *e)
{
    const bool own_model = s->model[0] != '\0', own_corpus = s->corpus[0] != '\0';
    if (!own_model) {
        TRY(set_default(s, setting_key.model, SAMPLE_MODEL, e));
    }
    if (!own_corpus) {
        TRY(set_default(s, setting_key.corpus, SAMPLE_CORPUS, e));
        if (!s->ood[0]) {
            TRY(set_default(s, setting_key.ood, SAMPLE_OOD, e));
        }
    }
    /* Categories of the sample's words make sense as long as its vocabulary or its text
     * is in use; with neither, first letters remain. */
    if (!s->concepts[0] && (!own_model || !own_corpus)) {
        TRY(set_default(s, setting_key.concepts, SAMPLE_CONCEPTS, e));
    }
    make_paths_absolute(s);
    /* A text of the user's own has no OOD text beside it. */
    return own_corpus && !settings_given(s, setting_key.ood)
               ? settings_set(s, setting_key.ood, OOD_TAIL, from_program("own text"), e)
               : OK;
}

void run_opts_name(struct run_opts *r, const char *key, const char *value)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n && value; i++) {
        if (strcmp(t[i].key, key) == 0 && r->n_flags < RUN_OPTS_MAX) {
            r->flag[r->n_flags].name = t[i].flag;
            r->flag_def[r->n_flags] = &t[i];
            r->flag_value[r->n_flags++] = value;
        }
    }
}

enum err run_opts_word(struct run_opts *r, const char *key, const char *value,
                       struct errinfo *e)
{
    for (size_t i = 0; i < r->n_flags; i++) {
        if (r->flag_def[i] && strcmp(r->flag_def[i]->key, key) == 0) {
            if (r->flag_value[i]) {
                return err_set(e, ERR_USAGE, "found '%s' beside --%s", value,
                               r->flag[i].name);
            }
            r->flag_value[i] = value;
            return OK;
        }
    }
    return err_set(e, ERR_USAGE, "found '%s'", value);
}

void run_opts_again(const struct run_opts *r, struct str *out)
{
    if (r->config) {
        str_add(out, " --config ");
        shell_word_add(out, r->config);
    }
    for (size_t i = 0; i < r->n_flags; i++) {
        const struct setting_def *d = r->flag_def[i];
        if (d && r->flag_value[i]) {
            str_addf(out, " --%s ", r->flag[i].name);
            shell_word_add(out, r->flag_value[i]);
        }
    }
    for (size_t i = 0; i < r->n_set; i++) {
        if (r->set_value[i]) {
            str_addf(out, " --set %s=", r->set[i].name);
            shell_word_add(out, r->set_value[i]);
        }
    }
    for (size_t i = 0; i < r->also.n; i++) {
        str_add(out, " --also ");
        shell_word_add(out, r->also.at[i]);
    }
    str_add(out, r->random ? " --random" : "");
}

/* Join all --also and --random into one setting. */
static enum err set_also(const struct run_opts *r, struct settings *s,
                         struct errinfo *e)
{
    struct str text;
    str_init(&text, (size_t)4 << 20); /* more than a line can have */
    if (r->random && !r->also.n) {    /* beside those of a file or of --set */
        str_add(&text, s->also);
    }
    for (size_t i = 0; i < r->also.n; i++) {
        str_add(&text, i ? ";" : "");
        str_add(&text, r->also.at[i]);
    }
    if (r->random) {
        str_add(&text, text.len ? ";" : "");
        str_add(&text, ALSO_RANDOM);
    }
    enum err rc = str_err(&text, "--also", e);
    if (rc == OK && text.len >= SETTING_LONG_MAX) {
        rc = err_set(e, ERR_LIMIT,
                     "--also: %zu arms take %zu bytes of text, expected %d at most: "
                     "shorten their names, or train some of them apart",
                     r->also.n, text.len, SETTING_LONG_MAX - 1);
    }
    if (rc == OK && text.len) {
        rc = settings_set(s, setting_key.also, text.p, from_user("command line"), e);
    }
    str_free(&text);
    return rc;
}

/* Refuse a setting that is named by its flag and by --set: which one counts would not
 * show. */
static enum err check_once(const struct run_opts *r, const char *key, struct errinfo *e)
{
    for (size_t i = 0; i < r->n_flags; i++) {
        if (r->flag_def[i] && r->flag_value[i] && !strcmp(r->flag_def[i]->key, key)) {
            return err_set(e, ERR_USAGE,
                           "--%s and --set %s are the same setting; leave out one",
                           r->flag[i].name, key);
        }
    }
    return OK;
}

/* Add --config, then flags, then --set. */
static enum err add_given(const struct run_opts *r, struct settings *s,
                          struct errinfo *e)
{
    if (r->config) {
        TRY(settings_load(s, r->config, e));
    }
    for (size_t i = 0; i < r->n_flags; i++) {
        if (r->flag_def[i] && r->flag_value[i]) {
            TRY(settings_set(s, r->flag_def[i]->key, r->flag_value[i],
                             from_user("command line"), e));
        }
    }
    for (size_t i = 0; i < r->n_set; i++) {
        if (r->set_value[i]) {
            TRY(check_once(r, r->set[i].name, e));
            TRY(settings_set(s, r->set[i].name, r->set_value[i],
                             from_user("command line"), e));
        }
    }
    return set_also(r, s, e);
}

enum err run_opts_given(const struct run_opts *r, struct settings *out,
                        struct errinfo *e)
{
    struct settings s;
    settings_init(&s);
    TRY(add_given(r, &s, e));
    make_paths_absolute(&s);
    s.centre = r->centre;
    *out = s;
    return OK;
}

enum err run_opts_settings(const struct run_opts *r, struct settings *out,
                           struct errinfo *e)
{
    struct settings s;
    char sample[4096];
    /* The sample's settings fit its own model only, however another one is named. */
    TRY(run_opts_given(r, &s, e));
    const bool own_model = s.model[0] != '\0';
    const bool synthetic = s.source == SOURCE_SYNTHETIC;
    const bool files = s.activations[0] || s.source == SOURCE_ACTIVATIONS;
    settings_init(&s);
    TRY(samples_dir(s.samples_dir, sizeof s.samples_dir, e));
    if (!own_model && !synthetic && !files) {
        TRY(samples_path(SAMPLE_CONFIG, sample, sizeof sample, e));
        TRY(settings_load(&s, sample, e));
    }
    TRY(add_given(r, &s, e));
    TRY(files       ? settings_shards_defaults(&s, e)
        : synthetic ? settings_synth_defaults(&s, e)
                    : fill_bundled(&s, e));
    s.centre = r->centre;
    *out = s;
    return OK;
}

/* Seeds of weights that each condition of the sample has: with them a difference of
 * twice its spread over seeds is established. */
#define SAMPLE_SEEDS "5"

enum err run_opts_explorer(struct settings *s, bool single, struct errinfo *e)
{
    const bool others = s->also[0] && strcmp(s->also, ALSO_RANDOM) != 0;
    if (single || settings_given(s, setting_key.twin) || others || s->mask_rate <= 0) {
        return OK;
    }
    TRY(settings_set(s, setting_key.twin, "unmasked", from_program("explorer"), e));
    return settings_named(s, setting_key.model) || s->activations[0] ||
                   settings_given(s, setting_key.seed_count)
               ? OK
               : settings_set(s, setting_key.seed_count, SAMPLE_SEEDS,
                              from_program("explorer"), e);
}

const char *run_opts_first(const struct run_opts *r, char *out, size_t cap)
{
    if (r->config) {
        snprintf(out, cap, "--config");
        return out;
    }
    for (size_t i = 0; i < r->n_flags; i++) {
        if (r->flag_def[i] && r->flag_value[i]) {
            snprintf(out, cap, "--%s", r->flag[i].name);
            return out;
        }
    }
    for (size_t i = 0; i < r->n_set; i++) {
        if (r->set_value[i]) {
            snprintf(out, cap, "--set %s", r->set[i].name);
            return out;
        }
    }
    return r->also.n ? "--also" : r->random ? "--random" : NULL;
}

void run_opts_print(const struct settings *s, struct str *out)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    struct str value, safe;
    str_init(&value, SETTING_VALUE_MAX);
    str_init(&safe, 8 * SETTING_VALUE_MAX);
    for (size_t i = 0; i < n; i++) {
        str_clear(&value);
        settings_print(s, &t[i], &value);
        str_clear(&safe);
        utf8_escape(&safe, value.len ? value.p : "-", value.len ? value.len : 1);
        str_addf(out, "%-20s %-40s %s\n", t[i].key, safe.p,
                 settings_origin(s, &t[i]).name);
    }
    str_free(&value);
    str_free(&safe);
}
