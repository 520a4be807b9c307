/* saetop [explore] [RUN]: the explorer. Without a run: masked against unmasked on the
 * bundled sample, with several seeds of weights each, from step 0. */
#include "base/clock.h"
#include "base/file.h"
#include "base/nearest.h"
#include "cmd.h"
#include "lm/lm.h"
#include "run_opts.h"
#include "state_dir.h"
#include "text_input.h"
#include "train/also.h"
#include "train/run_open.h"
#include "ui/explore.h"
#include "ui/glyph.h"
#include "user_config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct explore_args {
    const char *theme, *glyphs, *once, *size, *script, *resume;
    bool no_color, color, no_mouse, headless, paused, single;
    int64_t once_step;
};

/* Parse "120x36" into *w, *h. */
static enum err parse_size(const char *text, int *w, int *h, struct errinfo *e)
{
    char rest = 0;
    if (sscanf(text, "%4dx%4d%c", w, h, &rest) != 2 || *w < 1 || *h < 1) {
        return err_set(e, ERR_USAGE, "--size: found '%s', expected WIDTHxHEIGHT", text);
    }
    return OK;
}

/* Find the look: what was typed takes precedence over the user's configuration. */
static enum err parse_look(const struct explore_args *a, const struct config *own,
                           struct explore_config *c, struct errinfo *e)
{
    const int theme = a->theme               ? theme_find(a->theme)
                      : own->look.theme >= 0 ? own->look.theme
                                             : THEME_DARK;
    char hint[NEAREST_HINT];
    if (theme < 0) {
        return err_set(e, ERR_USAGE,
                       "--theme: found '%s', expected dark, light, contrast or mono%s",
                       a->theme,
                       nearest_hint(a->theme, "dark light contrast mono", hint));
    }
    c->theme = (enum theme_id)theme;
    c->tier = a->glyphs ? glyph_tier_find(a->glyphs) : own->look.tier;
    if (a->glyphs && c->tier < 0) {
        return err_set(e, ERR_USAGE,
                       "--glyphs: found '%s', expected braille, block or ascii%s",
                       a->glyphs, nearest_hint(a->glyphs, "braille block ascii", hint));
    }
    c->color = a->color ? 1 : a->no_color ? 0 : -1;
    c->mouse = !a->no_mouse && own->look.mouse != 0;
    return a->size ? parse_size(a->size, &c->w, &c->h, e) : OK;
}

/* Whether the user names, for a run on activations alone, the model and the text that
 * these come from (run_open), and nothing else. */
static enum err names_model(const struct run_opts *ro, const char *run, bool *does,
                            struct errinfo *e)
{
    const char *const may[] = {setting_key.model, setting_key.corpus,
                               setting_key.ood,   setting_key.concepts,
                               setting_key.hook,  setting_key.threads};
    struct run_record r;
    struct settings given;
    size_t n = 0, known = 0, all = 0;
    const struct setting_def *t = settings_table(&n);
    TRY(run_opts_given(ro, &given, e));
    TRY(rundir_load_config(run, &r, e));
    const bool alone = r.set.source == SOURCE_ACTIVATIONS;
    run_record_deinit(&r);
    for (size_t i = 0; i < n; i++) {
        all += settings_given(&given, t[i].key);
    }
    for (size_t i = 0; i < sizeof may / sizeof may[0]; i++) {
        known += settings_given(&given, may[i]);
    }
    *does = alone && known == all && settings_named(&given, setting_key.model) &&
            settings_named(&given, setting_key.corpus);
    return OK;
}

/* Check the run to open. It comes with its settings: what would change them is refused,
 * not ignored. Another tool's SAE comes without any. */
static enum err check_run(const struct explore_args *a, const struct run_opts *ro,
                          const char *run, struct errinfo *e)
{
    TRY(rundir_whole(run, e));
    if (!run_is_openable(run)) {
        return lm_is_model(run)
                   ? run_say_model(run, e)
                   : err_set(
                         e, ERR_MISSING,
                         "%s: no run directory (it has no config.json and SAE weights), "
                         "nor an SAE of another tool; see saetop import -h",
                         run);
    }
    char name[64];
    const char *first = a->single   ? "--single"
                        : a->paused ? "--paused"
                                    : run_opts_first(ro, name, sizeof name);
    bool known = false;
    if (first && !a->single && !a->paused && rundir_is(run)) {
        TRY(names_model(ro, run, &known, e));
    }
    if (first && rundir_is(run) && !known) {
        return err_set(e, ERR_USAGE,
                       "%s: %s is opened with the settings it was trained with; "
                       "leave out the option or the run",
                       first, run);
    }
    return OK;
}

/* Check the run to compare with; it is opened later, when it is needed. */
static enum err check_other(const char *other, struct errinfo *e)
{
    if (strlen(other) >= COMPARE_PATH) {
        return err_set(e, ERR_LIMIT, "%.80s...: path too long", other);
    }
    TRY(rundir_whole(other, e));
    return run_is_openable(other)
               ? OK
               : err_set(e, ERR_MISSING,
                         "%s: no run directory to compare with, nor an SAE of another "
                         "tool",
                         other);
}

/* Take standard input, if it is no terminal, as a text: the corpus's if that is "-",
 * else the one that Prompt begins with. Keys then come from the process's own
 * terminal. */
static enum err take_stdin(struct explore_config *c, struct str *text,
                           struct errinfo *e)
{
    const struct settings *set = &c->session.set;
    if (isatty(STDIN_FILENO)) {
        return OK;
    }
    /* Before reading the text, which may take long to end. */
    const int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0) {
        return err_set(e, ERR_USAGE,
                       "the explorer needs a terminal for its keys: standard input is "
                       "none, and /dev/tty: %s",
                       strerror(errno));
    }
    c->in_fd = tty;
    if (strcmp(set->corpus, "-") == 0 || strcmp(set->ood, "-") == 0) {
        return OK;
    }
    TRY(text_input_read_prompt(&(struct text_input){.file = "-"}, text, e));
    c->text = text->len > 0 ? text->p : NULL;
    c->text_n = text->len;
    return OK;
}

/* Run the explorer. A script may itself be standard input, and one frame takes no
 * keys. */
static enum err run_explorer(struct explore_config *c, int *status, struct errinfo *e)
{
    struct str text;
    str_init(&text, 0);
    enum err rc = c->once || c->script ? OK : take_stdin(c, &text, e);
    rc = rc == OK ? explore_run(c, status, e) : rc;
    str_free(&text);
    if (c->in_fd > 0) {
        close(c->in_fd);
    }
    return rc;
}

/* Explore; named [2]: the run to open, and one to compare it with; NULL: none. */
static enum err explore(const struct explore_args *a, const struct run_opts *ro,
                        const char *const named[2], const struct config *own,
                        int64_t started, int *status, struct errinfo *e)
{
    const char *const run = named[0];
    char runs[SETTING_TEXT_MAX];
    struct explore_config c = {.screens = own->screens,
                               .out = stdout,
                               .once = a->once,
                               .once_step = a->once_step,
                               .script = a->script,
                               .headless = a->headless,
                               .started_ns = started};
    /* Errors in the line come before errors about the terminal. */
    TRY(parse_look(a, own, &c, e));
    if (run && a->resume) {
        return err_set(e, ERR_USAGE, "explore: found '%s' beside --resume RUN", run);
    }
    if (run) {
        TRY(check_run(a, ro, run, e));
    }
    if (named[1]) {
        TRY(check_other(named[1], e));
        c.session.other_run = named[1];
    }
    if (a->resume && !file_is_dir(a->resume)) {
        return err_set(e, ERR_MISSING, "--resume: %s: no such run directory",
                       a->resume);
    }
    TRY(run_opts_check_centre(ro, named, (size_t) !!named[0] + (size_t) !!named[1], e));
    TRY(run_opts_settings(ro, &c.session.set, e));
    if (!a->once && !a->headless && !isatty(STDOUT_FILENO)) {
        return err_set(e, ERR_USAGE,
                       "the explorer needs a terminal, and standard output "
                       "is none; `saetop train` works without");
    }
    struct settings given;
    TRY(run_opts_given(ro, &given, e));
    TRY(run_opts_explorer(&c.session.set, a->single, e));
    c.session.open_run = a->resume ? a->resume : run;
    c.session.resume = a->resume != NULL;
    c.session.given = &given;
    c.session.stretch_eval = true;
    c.session.start_paused = a->paused;
    if (state_dir("runs", runs, sizeof runs, NULL) == OK) {
        c.session.runs_dir = runs;
    }
    return run_explorer(&c, status, e);
}

int cmd_explore(int argc, char **argv)
{
    struct explore_args a = {.once_step = 1};
    // clang-format off
    const struct opt own[] = {
        {"single", OPT_FLAG, &a.single, NULL, "one arm, without the unmasked twin and further seeds", 0, 0, NULL},
        {"resume", OPT_STRING, &a.resume, "RUN", "train a saved run on", 0, 0, NULL},
        {"paused", OPT_FLAG, &a.paused, NULL, "start paused", 0, 0, NULL},
        {"theme", OPT_STRING, &a.theme, "NAME", "dark, light, contrast or mono", 0, 0, NULL},
        {"glyphs", OPT_STRING, &a.glyphs, "TIER", "braille, block or ascii", 0, 0, NULL},
        {"color", OPT_FLAG, &a.color, NULL, "colours even if NO_COLOR is set", 0, 0, NULL},
        {"no-color", OPT_FLAG, &a.no_color, NULL, "no colours", 0, 0, NULL},
        {"no-mouse", OPT_FLAG, &a.no_mouse, NULL, "leave the mouse to the terminal", 0, 0, NULL},
        {"once", OPT_STRING, &a.once, "SCREEN", "print one frame as text: the name of a screen, or help", 0, 0, NULL},
        {"once-step", OPT_INT, &a.once_step, "N", "train to this step before --once", 0, 1e9, NULL},
        {"size", OPT_STRING, &a.size, "WxH", "size of that frame", 0, 0, NULL},
        {"script", OPT_STRING, &a.script, "FILE", "play keys and :commands from a file, a line at a time; :wait idle, step N, done or ms N waits", 0, 0, NULL},
        {"headless", OPT_FLAG, &a.headless, NULL, "with --script: without a terminal; ends with the script, with status 1 where a line fails", 0, 0, NULL},
    };
    // clang-format on
    struct run_opts ro;
    const struct opts o = {
        .name = "explore",
        .usage = "[RUN [RUN]] [OPTIONS]",
        .about =
            "Train and browse in the terminal: the bundled sample (masked against "
            "unmasked, with five seeds of weights each), your own model or text, or a "
            "RUN saved before: its path, or its name in `saetop runs`. RUN may be "
            "another tool's SAE, with --model and --corpus: see saetop import -h. Two "
            "runs, or a run and an SAE, open on the screen that compares them. Prompt "
            "begins with standard input, if any.",
        .max_args = 2,
        .n_runs = 2,
        .bare = strcmp(argv[0], "explore") != 0,
    };
    const int64_t started = clock_ns();
    struct opts_result parsed;
    struct errinfo e = {0};
    int status = 0;
    if (!run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                        &status)) {
        return status;
    }
    const char *const named[2] = {parsed.n_args > 0 ? parsed.args[0] : NULL,
                                  parsed.n_args > 1 ? parsed.args[1] : NULL};
    struct config config;
    enum err rc = user_config_load(&config, &e);
    if (rc == OK) {
        rc = explore(&a, &ro, named, &config, started, &status, &e);
    }
    config_deinit(&config);
    return rc != OK ? cmd_fail(rc, &e) : status;
}
