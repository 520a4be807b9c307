/* saetop man: the manual page, made from the tables behind -h, the settings and the
 * keys. src/saetop.1 is its output. */
#include "base/utf8.h"
#include "cmd.h"
#include "ui/screens/table.h"

#include <stdio.h>
#include <string.h>

#define PAGE_BYTES (4u << 20)
#define MAN_WIDTH  78
/* The date of this version, so that the page is the same wherever it is made. */
#define MAN_DATE "2026-11-29"

/* ---- roff ---- */

/* Add text as it is: nothing in it becomes a request or an escape, and dashes stay
 * dashes. */
static void add_text(struct str *out, const char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        const unsigned char c = (unsigned char)text[i];
        uint32_t cp = 0;
        const size_t len = utf8_next(text + i, n - i, &cp);
        if (c == '\\') {
            str_add(out, "\\e");
        } else if (c == '-') {
            str_add(out, "\\-");
        } else if (c == '\'') {
            str_add(out, "\\(aq");
        } else if (c == '`') {
            str_add(out, "\\(ga");
        } else if (c == '"') {
            str_add(out, "\\(dq");
        } else if (c == '^') {
            str_add(out, "\\(ha");
        } else if (c == '~') {
            str_add(out, "\\(ti");
        } else if (c >= 0x80) {
            str_addf(out, "\\[u%04X]", (unsigned)cp);
        } else {
            str_addc(out, (char)c);
        }
        i += len;
    }
}

static void add_font(struct str *out, char font, const char *text)
{
    str_addf(out, "\\f%c", font);
    add_text(out, text, strlen(text));
    str_add(out, "\\fR");
}

/* Add words of text, in input lines of at most MAN_WIDTH, and end the last; no word at
 * the beginning of a line becomes a request. */
static void add_paragraph(struct str *out, const char *text)
{
    struct str word;
    size_t column = 0;
    while (column < out->len && out->p[out->len - 1 - column] != '\n') {
        column++;
    }
    str_init(&word, PAGE_BYTES);
    for (const char *p = text; *p;) {
        const size_t n = strcspn(p, " \n");
        str_clear(&word);
        if (*p == '.') {
            str_add(&word, "\\&");
        }
        add_text(&word, p, n);
        if (column > 0) {
            const bool fits = column + 1 + word.len <= MAN_WIDTH;
            str_addc(out, fits ? ' ' : '\n');
            column = fits ? column + 1 : 0;
        }
        str_addn(out, word.len ? word.p : "", word.len);
        column += word.len;
        p += n;
        p += strspn(p, " \n");
    }
    str_addc(out, '\n');
    str_free(&word);
}

/* ---- rows of tables ---- */

static void add_row(struct str *out, const struct opt *row, const char *dashes,
                    char between)
{
    char name[128], text[OPT_TEXT_BYTES];
    (void)snprintf(name, sizeof name, "%s%s", dashes, row->name);
    str_add(out, ".TP\n");
    add_font(out, 'B', name);
    if (row->arg) {
        str_addc(out, between);
        add_font(out, 'I', row->arg);
    }
    str_addc(out, '\n');
    opt_text(row, text, sizeof text);
    add_paragraph(out, text);
}

static void add_rows(struct str *out, const struct opt *row, size_t n,
                     const char *dashes, char between)
{
    for (size_t i = 0; i < n; i++) {
        if (row[i].kind != OPT_HEAD) {
            add_row(out, &row[i], dashes, between);
        }
    }
}

/* How many rows come before the first heading: those of the command itself. */
static size_t own_rows(const struct opts *o)
{
    size_t n = 0;
    while (n < o->n && o->table[n].kind != OPT_HEAD) {
        n++;
    }
    return n;
}

/* ---- commands ---- */

struct man {
    struct str out;
    struct str run,
        set; /* options and settings that many commands share, as the first has them */
};

/* Add rows. Those of an earlier command are given once, in `section`, for which the
 * first command that has them keeps them; others are given here. */
static void add_shared(struct man *m, struct str *kept, const char *section,
                       const char *heading, const struct opt *row, size_t n,
                       const char *dashes, char between)
{
    struct str text;
    if (n == 0) {
        return;
    }
    str_init(&text, PAGE_BYTES);
    add_rows(&text, row, n, dashes, between);
    if (kept->len == 0) {
        str_add(kept, text.len ? text.p : "");
    }
    str_add(&m->out, ".PP\n");
    if (text.len && kept->len && strcmp(text.p, kept->p) == 0) {
        str_addf(&m->out, "See also\n.BR \"%s\" .\n", section);
    } else {
        str_addf(&m->out, "%s\n", heading);
        str_add(&m->out, text.len ? text.p : "");
    }
    str_free(&text);
}

static void man_command(void *ctx, const struct opts *o, int argc, char **argv)
{
    struct man *m = ctx;
    const size_t own = own_rows(o);
    (void)argc, (void)argv;
    str_add(&m->out, ".SS \"saetop ");
    add_text(&m->out, o->name, strlen(o->name));
    str_add(&m->out, "\"\n\\fBsaetop ");
    add_text(&m->out, o->name, strlen(o->name));
    str_add(&m->out, "\\fR");
    add_paragraph(&m->out, o->usage);
    if (o->about) {
        str_add(&m->out, ".PP\n");
        add_paragraph(&m->out, o->about);
    }
    add_rows(&m->out, o->table, own, "--", ' ');
    add_shared(m, &m->run, "OPTIONS OF A RUN", "Of the run:", o->table + own,
               o->n - own, "--", ' ');
    add_shared(m, &m->set, "SETTINGS",
               "Settings, as \\fB\\-\\-set\\fR \\fIKEY=VALUE\\fR:", o->set, o->n_set,
               "", '=');
}

static void man_group(void *ctx, const char *group, const struct subcommand *table,
                      size_t n, int argc, char **argv)
{
    struct man *m = ctx;
    const struct cmd_visitor v = {man_group, man_command, m};
    (void)argc, (void)argv;
    if (!group[0]) {
        for (size_t i = 0; i < n; i++) {
            str_add(&m->out, ".TP\n");
            add_font(&m->out, 'B', table[i].name);
            str_addc(&m->out, '\n');
            add_paragraph(&m->out, table[i].about);
        }
    }
    for (size_t i = 0; i < n; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%s", table[i].name);
        char *line[] = {name, NULL};
        cmd_visit(&v, table[i].run, 1, line);
    }
}

/* ---- keys ---- */

/* Add the words that the file of the user's own keys may use. */
static void add_file_words(struct str *out)
{
    char names[KEY_ALL_NAMES], places[200], text[640];
    key_all_names(names);
    screen_names(&screen_table, "everywhere", places, sizeof places);
    (void)snprintf(
        text, sizeof text,
        "In the file of one's own keys, \"map PLACE KEYS COMMAND\", PLACE is "
        "help, %s; KEYS is a character, two in a row, or a name: %s.",
        places, names);
    add_paragraph(out, text);
}

static void add_keys(struct str *out)
{
    const struct screen_table *t = &screen_table;
    const struct screen_def *owner = NULL;
    const size_t n = keymap_count(t);
    str_add(out, ".SH KEYS\nEach is a command as well, typed after a colon.\n.PP\n");
    add_file_words(out);
    for (size_t i = 0; i < n; i++) {
        const struct key_entry *k = keymap_at(t, i);
        char keys[96], command[160], args[120];
        keymap_args(t, k->action, args, sizeof args);
        const char *after = k->preset[0] ? k->preset : args;
        if (keymap_owner(t, i) != owner) {
            owner = keymap_owner(t, i);
            str_addf(out, ".SS \"%s%s\"\n", owner == t->everywhere ? "" : "on ",
                     owner->name);
        }
        key_names(k, keys, sizeof keys);
        (void)snprintf(command, sizeof command, ":%s%s%s", k->action->command,
                       after[0] ? " " : "", after);
        str_add(out, ".TP\n");
        if (keys[0]) {
            add_font(out, 'B', keys);
            str_add(out, "  ");
        }
        add_font(out, 'I', command);
        str_addc(out, '\n');
        char help[KEYMAP_HELP];
        keymap_text(t, owner, k->help, help, sizeof help);
        add_paragraph(out, help);
    }
}

static void add_typed_keys(struct str *out)
{
    char keys[TYPED_NAMES], in[TYPED_NAMES];
    const char *help = NULL;
    str_add(out, ".SS \"while text is typed\"\n");
    for (size_t i = 0; (help = keymap_typed(&i, keys, in)) != NULL;) {
        str_add(out, ".TP\n");
        add_font(out, 'B', keys);
        str_addf(out, "  (%s)\n", in);
        add_paragraph(out, help);
    }
}

/* ---- the page ---- */

static const char before[] =
    ".SH NAME\n"
    "saetop \\- explore, train and question sparse autoencoders in a terminal\n"
    ".SH SYNOPSIS\n"
    "\\fBsaetop\\fR [\\fBexplore\\fR] [\\fIRUN\\fR] [\\fIOPTIONS\\fR]\n"
    ".br\n"
    "\\fBsaetop\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
    ".SH DESCRIPTION\n"
    "saetop trains a sparse autoencoder (SAE) on the activations of a language model\n"
    "while you watch, and lets you browse what each of its latents means.\n"
    "The rate at which input tokens are masked before the model reads them can be\n"
    "changed while it trains, and an arm without masks trains beside it.\n"
    "Without arguments it trains on the bundled sample.\n"
    ".PP\n"
    "\\fB\\-h\\fR after a command, or \\fBsaetop help\\fR \\fICOMMAND\\fR, lists its\n"
    "options.\n"
    "The command line counts over \\fB\\-\\-config\\fR, that over the bundled sample\\(aqs\n"
    "own settings (with the bundled model), that over the defaults, which stand in\n"
    "brackets here.\n"
    ".SH COMMANDS\n";

static const char after[] =
    ".SH FILES\n"
    ".TP\n"
    "\\fIRUN\\fR\n"
    "A run is a directory: config.json, cfg.json and sae_weights.safetensors (which\n"
    "SAELens loads), trainer_state.safetensors, metrics.csv, events.csv, eval.json,\n"
    "labels.csv, presets.json, concept_history.csv, checkpoints.\n"
    ".TP\n"
    "\\fI$XDG_STATE_HOME/saetop\\fR, \\fI~/.local/state/saetop\\fR\n"
    "Runs of the explorer that were not saved elsewhere, and fitted probes.\n"
    ".TP\n"
    "\\fI$XDG_CONFIG_HOME/saetop/config\\fR, \\fI~/.config/saetop/config\\fR\n"
    "Keys and looks of the explorer of your own: a line \"set theme light\",\n"
    "\"map train F smooth +\" or \"unmap train s\" each.\n"
    ".TP\n"
    "\\fIPREFIX/share/saetop/samples\\fR\n"
    "The bundled model, its texts, concepts and probe sets. A path that begins with\n"
    "samples/ is looked for there.\n"
    ".SH ENVIRONMENT\n"
    ".TP\n"
    "\\fBSAETOP_SAMPLES\\fR\n"
    "Where the samples are.\n"
    ".TP\n"
    "\\fBNO_COLOR\\fR\n"
    "Not empty: no colours, unless \\fB\\-\\-color\\fR is given.\n"
    ".TP\n"
    "\\fBXDG_STATE_HOME\\fR, \\fBXDG_CONFIG_HOME\\fR, \\fBHOME\\fR, \\fBTMPDIR\\fR, \\fBTERM\\fR, \\fBLC_ALL\\fR\n"
    "As everywhere.\n"
    ".SH EXIT STATUS\n"
    ".TP\n"
    "\\fB0\\fR\n"
    "Done.\n"
    ".TP\n"
    "\\fB1\\fR\n"
    "Failed while running.\n"
    ".TP\n"
    "\\fB2\\fR\n"
    "Wrong usage or input.\n"
    ".TP\n"
    "\\fB128+N\\fR\n"
    "Stopped by signal N, after saving: 130 by Ctrl\\-C.\n"
    ".SH EXAMPLES\n"
    ".nf\n"
    "saetop\n"
    "saetop \\-\\-corpus book.txt\n"
    "saetop train \\-\\-steps 2000 \\-\\-mask\\-rate 0.3 \\-\\-seed 1 \\-\\-out R\n"
    "saetop top R \\-\\-latent 42\n"
    "saetop eval R\n"
    ".fi\n"
    ".SH SEE ALSO\n"
    "Masked regularization: https://arxiv.org/abs/2604.06495\n";

static void add_section(struct str *out, const char *title, const char *about,
                        const struct str *rows)
{
    str_addf(out, ".SH \"%s\"\n%s", title, about);
    str_add(out, rows->len ? rows->p : "");
}

int cmd_man(int (*run)(int, char **), int argc, char **argv)
{
    static const struct opts o = {
        .name = "man",
        .usage = "",
        .about =
            "The manual page, in the form that man reads: `saetop man | man -l -`."};
    struct man m;
    const struct cmd_visitor v = {man_group, man_command, &m};
    struct opts_result r;
    int status = 0;
    char program[] = "saetop", help[] = "help";
    char *line[] = {program, help, NULL};
    if (!cmd_begin(&o, argc, argv, &r, &status)) {
        return status;
    }
    str_init(&m.out, PAGE_BYTES);
    str_init(&m.run, PAGE_BYTES);
    str_init(&m.set, PAGE_BYTES);
    str_add(&m.out, ".\\\" Made by `saetop man`; do not edit.\n");
    str_addf(&m.out, ".TH SAETOP 1 %s \"saetop %s\"\n", MAN_DATE, SAETOP_VERSION);
    str_add(&m.out, ".ad l\n.nh\n");
    str_add(&m.out, before);
    cmd_visit(&v, run, 2, line);
    add_section(&m.out, "OPTIONS OF A RUN",
                "Of every command that makes or opens one.\n", &m.run);
    add_section(&m.out, "SETTINGS",
                "As \\fB\\-\\-set\\fR \\fIKEY=VALUE\\fR, or in the file of "
                "\\fB\\-\\-config\\fR.\n",
                &m.set);
    add_keys(&m.out);
    add_typed_keys(&m.out);
    str_add(&m.out, after);
    str_free(&m.run);
    str_free(&m.set);
    return cmd_print(&m.out);
}
