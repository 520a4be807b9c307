/* The options that describe a run, shared by all subcommands that make or open one: the
 * settings table as --flags, --set key=value, --config FILE, --print-config. Owner
 * thread. */
#ifndef SAETOP_SRC_RUN_OPTS_H
#define SAETOP_SRC_RUN_OPTS_H

#include "cmd.h"
#include "train/settings.h"

#define RUN_OPTS_MAX SETTING_MAX

struct run_opts {
    const char *config;
    bool print_config;
    /* Rows for struct opts: the flags, then what --set may name. */
    struct opt flag[RUN_OPTS_MAX], set[RUN_OPTS_MAX];
    size_t n_flags, n_set;
    const char *flag_value[RUN_OPTS_MAX], *set_value[RUN_OPTS_MAX];
    const struct setting_def *flag_def[RUN_OPTS_MAX];
    struct opt_list also;
    bool random, centre;
    char help[SETTING_MAX][480]; /* of setting i: what it is, its default and, if
                                    different, the bundled sample's */
};

/* Parse a subcommand's line. `what` gives name, usage, about and the number of
 * arguments; its tables are filled in here: first own[n_own], then the settings. Like
 * cmd_begin it returns false if the command has ended, with *status to return;
 * --print-config ends it too. */
bool run_opts_begin(struct run_opts *r, struct opts what, const struct opt *own,
                    size_t n_own, int argc, char **argv, struct opts_result *parsed,
                    int *status);

/* For commands that only read: a line saying that a setting belongs to training; NULL:
 * it does not. */
const char *run_opts_of_training(const char *name);

/* The same for a subcommand that reads a run or an SAE and trains nothing: the settings
 * are those that say what is looked at and on what; others are refused with a line that
 * names what takes them, that of run_opts_of_training unless `what` has its own. */
bool run_opts_begin_reading(struct run_opts *r, struct opts what, const struct opt *own,
                            size_t n_own, int argc, char **argv,
                            struct opts_result *parsed, int *status);

/* The row of --centre, for each command that opens another tool's SAE. */
struct opt run_opts_centre(struct run_opts *r);
/* ERR_USAGE if the line has --centre and every path is a run of saetop's own, or there
 * is no path. */
enum err run_opts_check_centre(const struct run_opts *r, const char *const *path,
                               size_t n, struct errinfo *e) ERR_CHECKED;

/* Act as if the line had the option of the setting `key` with that value, for an
 * argument that stands for it. ERR_USAGE if the option is there too. */
enum err run_opts_word(struct run_opts *r, const char *key, const char *value,
                       struct errinfo *e) ERR_CHECKED;

/* For a subcommand with its own table: act as if the line had named the setting `key`
 * (value NULL: as if it had not). Zero *r before the first call; strings are
 * borrowed. */
void run_opts_name(struct run_opts *r, const char *key, const char *value);

/* Append each setting with its help and default, named as in --set and --config. */
void run_opts_list(struct str *out);

/* After parsing, make the settings: from the defaults, then the bundled sample's
 * configuration (unless the user named a model), then --config, then the command line.
 * Model and text default to the bundled ones, with their --ood and --concepts. */
enum err run_opts_settings(const struct run_opts *r, struct settings *out,
                           struct errinfo *e) ERR_CHECKED;

/* Set the explorer's own defaults where the user named nothing, unless one arm is asked
 * for: masked against unmasked, and for the bundled model, which is small, several
 * seeds. */
enum err run_opts_explorer(struct settings *s, bool single,
                           struct errinfo *e) ERR_CHECKED;

/* Make settings of only what the user named, in --config and on the line, with paths
 * made absolute; the rest is at its default. For a resume. */
enum err run_opts_given(const struct run_opts *r, struct settings *out,
                        struct errinfo *e) ERR_CHECKED;
/* The first option on the line that describes the run, in the order of the tables, as
 * typed: "--mask-rate", "--set mask.kind", "--config". NULL: there is none. */
const char *run_opts_first(const struct run_opts *r, char *out, size_t cap);

/* Append options, each after a space and quoted for a shell, that give the same
 * settings as the line and --config. */
void run_opts_again(const struct run_opts *r, struct str *out);

/* Append the lines of --print-config: key, value, where it came from. */
void run_opts_print(const struct settings *s, struct str *out);

#endif
