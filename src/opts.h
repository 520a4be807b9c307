/* Command line options from a table: each row, a struct opt, gives the parser, the
 * checks and the text of -h. Owner thread; strings stay in argv. */
#ifndef SAETOP_SRC_OPTS_H
#define SAETOP_SRC_OPTS_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_kind {
    OPT_FLAG,   /* bool: --name */
    OPT_INT,    /* int64_t in min..max; 1e6, 20k and 20M are understood */
    OPT_REAL,   /* double in min..max */
    OPT_STRING, /* const char * into argv, not empty */
    OPT_TEXT,   /* the same, but may be empty */
    OPT_NEW,    /* OPT_STRING: a file or folder to make, refused if it exists */
    OPT_WORD,   /* const char *: "" for --name alone, WORD for --name WORD if `arg` is
                   "[WORD]"; NULL: not given */
    OPT_LIST,   /* struct opt_list of texts, not empty: may be repeated */
    OPT_HEAD,   /* not an option: `name` is a heading in -h */
};

#define OPT_LIST_MAX 64
struct opt_list {
    const char *at[OPT_LIST_MAX];
    size_t n;
};

struct opt {
    const char *name; /* without the dashes */
    enum opt_kind kind;
    void *to;         /* where the value goes, of the type of `kind` */
    const char *arg;  /* what stands for the value in -h: "N"; NULL for flags */
    const char *help; /* one line; the initial value of *to is shown after it */
    double min, max;  /* of OPT_INT and OPT_REAL, inclusive; both 0: any */
    bool *given;      /* may be NULL: set if the option is on the line */
};

#define OPT_TEXT_BYTES 512 /* most bytes of a row's text in -h */

/* Goes with an OPT_NEW: the option that allows replacing an existing file. */
#define OPT_FORCE(flag)                                                                \
    {                                                                                  \
        OPT_FORCE_NAME, OPT_FLAG, flag, NULL, "write over a file of --out", 0, 0, NULL \
    }
#define OPT_FORCE_NAME "force"

struct opts {
    const char *name;  /* "lm train" */
    const char *usage; /* what follows it: "--corpus FILE --out DIR" */
    const char *about; /* paragraph under the usage line; may be NULL */
    const struct opt *table;
    size_t n;
    const struct opt *set; /* what `--set name=value` may set; NULL: no --set */
    size_t n_set;
    /* Says which command an unknown option or setting belongs to; printed after its
     * name. NULL, or if it returns NULL: it is just unknown. */
    const char *(*elsewhere)(const char *name);
    bool bare; /* may be given without its name: `saetop --theme light` */
    size_t min_args, max_args; /* number of arguments that are not options */
    size_t n_runs;             /* of them, from the first on, so many are runs */
};

struct opts_result {
    bool help; /* -h or --help was given: print opts_help, end with 0 */
    const char *args[OPT_LIST_MAX];
    size_t n_args;
};

/* Parse argv[1..]: `--name value` or `--name=value`; `--` ends the options. If an
 * option is repeated, the last one counts, except for OPT_LIST. The value in `--name
 * value` may not begin with two dashes, since the value may have been forgotten.
 * ERR_USAGE with a line that names the option, what was found and what was expected,
 * and for an unknown one the nearest name. ERR_EXISTS for an OPT_NEW. With --help
 * nothing else is checked. */
enum err opts_parse(const struct opts *o, int argc, char **argv,
                    struct opts_result *out, struct errinfo *e) ERR_CHECKED;

/* Parse one value as the row says, and store it; `where` begins the error line. For
 * values from configuration files. */
enum err opt_store(const struct opt *row, const char *where, const char *value,
                   struct errinfo *e) ERR_CHECKED;

/* Write a row's text in -h: its help and the initial value. */
void opt_text(const struct opt *row, char *out, size_t cap);
/* The row with a name of `len` bytes; a heading has no name. NULL: there is none. */
const struct opt *opts_find(const struct opt *table, size_t n, const char *name,
                            size_t len);

/* Append the text of -h, at most 80 columns. It says how many settings there are and
 * how to list them (opts_settings). */
void opts_help(const struct opts *o, struct str *out);
/* Append a row for each setting that --set may name, likewise. */
void opts_settings(const struct opts *o, struct str *out);

#endif
