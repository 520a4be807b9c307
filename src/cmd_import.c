/* saetop import: an SAE of another tool as a directory in SAELens' layout, folded,
 * which saetop and SAELens open; with a model and a text, a run directory. */
#include "base/outdir.h"
#include "base/utf8.h"
#include "browse.h"
#include "cmd.h"
#include "sae/foreign.h"
#include "sae/sae_remarks.h"
#include "train/run_open.h"
#include "train/rundir.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct import_args {
    const char *out, *model_name;
};

/* Check whether a run is to be written. Without a model and a text, settings other than
 * the hook would have no effect. */
static enum err check_line(const struct import_args *a, const struct settings *named,
                           bool *is_run, struct errinfo *e)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    if (!a->out) {
        return err_set(e, ERR_USAGE, "import: --out DIR is missing");
    }
    *is_run = settings_given(named, setting_key.model) ||
              settings_given(named, setting_key.corpus);
    for (size_t i = 0; i < n && !*is_run; i++) {
        if (settings_given(named, t[i].key) &&
            strcmp(t[i].key, setting_key.hook) != 0) {
            return err_set(e, ERR_USAGE, "%s: %s: counts only with --model or --corpus",
                           settings_origin(named, &t[i]).name, t[i].key);
        }
    }
    return OK;
}

static void say(const struct import_args *a, const char *format, const struct sae *s,
                const struct foreign_meta *m, const char *hook, struct str *said)
{
    str_addf(said, "%s: %s, %s, %zu latents of %zu dimensions", a->out,
             format ? format : "", sae_arch_name(s->arch), s->F, s->D);
    for (size_t i = 0; i < m->groups; i++) {
        str_addf(said, "%s%zu", i ? ", " : ", prefixes of ", m->width[i]);
    }
    str_add(said, ", hook ");
    if (hook[0]) { /* from a file */
        utf8_escape(said, hook, strlen(hook));
    }
    str_add(said, hook[0] ? "\n" : "unknown\n");
}

static void remark(const char *out, const struct sae *s, bool says_k)
{
    struct remarks remarks = {0};
    sae_remarks(s, says_k, NULL, &remarks);
    cmd_remarks(out, &remarks);
}

static void name_model(const struct import_args *a, struct foreign_meta *m)
{
    if (a->model_name) {
        snprintf(m->model, sizeof m->model, "%s", a->model_name);
    }
}

/* An SAE and what its files say about it. */
struct to_write {
    const struct sae *sae;
    struct sae_meta meta;
};

static enum err write_sae(void *user, const char *dir, struct errinfo *e)
{
    const struct to_write *w = user;
    return sae_save(w->sae, &w->meta, dir, e);
}

static enum err import_sae(const char *path, const struct import_args *a,
                           const struct settings *named, struct str *said,
                           struct errinfo *e)
{
    struct sae *s = NULL;
    struct foreign_meta m;
    const char *format = foreign_format_of(path);
    TRY(run_open_sae(path, named->centre, &s, &m, e));
    if (settings_given(named, setting_key.hook)) {
        snprintf(m.hook, sizeof m.hook, "%.*s", (int)sizeof m.hook - 1, named->hook);
    }
    name_model(a, &m);
    struct to_write w = {s, foreign_sae_meta(&m)};
    const enum err rc = outdir_write(a->out, write_sae, &w, e);
    if (rc == OK) {
        say(a, format, s, &m, m.hook, said);
        remark(a->out, s, m.says_k);
    }
    sae_free(s);
    return rc;
}

static enum err write_run(const struct import_args *a, const struct browse *b,
                          const char *format, struct errinfo *e)
{
    int lock = -1;
    TRY(rundir_create(a->out, e));
    TRY(rundir_lock(a->out, &lock, e));
    const enum err rc = rundir_import(a->out, &b->record, format, b->in, e);
    rundir_unlock(a->out, lock);
    if (rc != OK) {
        (void)rmdir(a->out); /* fails where there are files, as it should */
    }
    return rc;
}

/* Import a run: open it as `saetop top` does, so that hook and width are checked
 * against the model before anything is written. */
static enum err import_run(const char *path, const struct import_args *a,
                           const struct run_opts *ro, struct str *said,
                           struct errinfo *e)
{
    struct browse b;
    const char *format = foreign_format_of(path);
    enum err rc = browse_inputs(path, ro, &b, e);
    if (rc == OK) {
        name_model(a, &b.record.from);
        rc = write_run(a, &b, format ? format : "", e);
    }
    if (rc == OK) {
        say(a, format, b.record.sae, &b.record.from, b.record.set.hook, said);
        remark(a->out, b.record.sae, b.record.from.says_k);
    }
    browse_close(&b);
    return rc;
}

static enum err import(const char *path, const struct import_args *a,
                       const struct run_opts *ro, struct str *said, struct errinfo *e)
{
    struct settings named;
    bool is_run = false;
    TRY(run_opts_given(ro, &named, e));
    TRY(check_line(a, &named, &is_run, e));
    TRY(run_opts_check_centre(ro, &path, 1, e));
    return is_run ? import_run(path, a, ro, said, e)
                  : import_sae(path, a, &named, said, e);
}

int cmd_import(int argc, char **argv)
{
    struct import_args a = {0};
    struct str about, out;
    str_init(&about, 4096);
    str_init(&out, 8192);
    str_add(
        &about,
        "Converts an SAE of another tool to SAELens' layout, with norms, biases and "
        "thresholds folded as saetop runs it. With --model, --corpus or both (the "
        "bundled one stands for the other) the result is a run: `saetop DIR` and "
        "`saetop top DIR` open it as it stands; then --ood, --concepts and the other "
        "settings count too, beside --hook, which always does. `saetop PATH --model DIR --corpus FILE` opens "
        "one without. Formats: ");
    foreign_list(&about);
    str_add(&about, ".");
    // clang-format off
    const struct opt own[] = {
        {"out", OPT_STRING, &a.out, "DIR", "directory to make", 0, 0, NULL},
        {"model-name", OPT_STRING, &a.model_name, "NAME", "the model it was made for, if its files do not say", 0, 0, NULL},
    };
    // clang-format on
    struct run_opts ro;
    const struct opts o = {
        .name = "import",
        .usage = "PATH --out DIR [--model DIR --corpus FILE] [OPTIONS]",
        .about = about.len ? about.p : NULL,
        .min_args = 1,
        .max_args = 1,
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    int status = 0;
    if (run_opts_begin(&ro, o, own, sizeof own / sizeof own[0], argc, argv, &parsed,
                       &status)) {
        const enum err rc = import(parsed.args[0], &a, &ro, &out, &e);
        status = rc == OK ? cmd_print_text(&out) : cmd_fail(rc, &e);
    }
    str_free(&out);
    str_free(&about);
    return status;
}
