/* saetop import: an SAE of another tool as a directory in SAELens' layout, folded,
 * which saetop and SAELens open. */
#include "cmd.h"
#include "sae/foreign.h"
#include "train/rundir.h"

#include <stdio.h>

struct import_args {
    const char *out, *hook, *model;
};

static enum err import(const char *path, const struct import_args *a, struct str *said,
                       struct errinfo *e)
{
    struct sae *s = NULL;
    struct foreign_meta m;
    const char *format = foreign_format_of(path);
    if (!a->out) {
        return err_set(e, ERR_USAGE, "import: --out DIR is missing");
    }
    TRY(foreign_load(path, &s, &m, e));
    if (a->hook) {
        snprintf(m.hook, sizeof m.hook, "%s", a->hook);
    }
    if (a->model) {
        snprintf(m.model, sizeof m.model, "%s", a->model);
    }
    const struct sae_meta meta = foreign_sae_meta(&m);
    enum err rc = rundir_create(a->out, e);
    if (rc == OK) {
        rc = sae_save(s, &meta, a->out, e);
    }
    if (rc == OK) {
        str_addf(said, "%s: %s, %s, %zu latents of %zu dimensions, hook %s\n", a->out,
                 format ? format : "", sae_arch_name(s->arch), s->F, s->D,
                 m.hook[0] ? m.hook : "unknown");
    }
    sae_free(s);
    return rc;
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
        "thresholds folded as saetop runs it. `saetop PATH --model DIR --corpus "
        "FILE` opens one without. Formats: ");
    foreign_list(&about);
    str_add(&about, ".");
    // clang-format off
    const struct opt table[] = {
        {"out", OPT_STRING, &a.out, "DIR", "directory to make", 0, 0, NULL},
        {"hook", OPT_STRING, &a.hook, "HOOK", "where the SAE reads, if its files do not say", 0, 0, NULL},
        {"model-name", OPT_STRING, &a.model, "NAME", "the model it was made for, likewise", 0, 0, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "import",
        .usage = "PATH --out DIR [OPTIONS]",
        .about = about.len ? about.p : NULL,
        .table = table,
        .n = sizeof table / sizeof table[0],
        .min_args = 1,
        .max_args = 1,
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    int status = 0;
    if (cmd_begin(&o, argc, argv, &parsed, &status)) {
        const enum err rc = import(parsed.args[0], &a, &out, &e);
        status = rc == OK ? cmd_print(&out) : cmd_fail(rc, &e);
    }
    str_free(&out);
    str_free(&about);
    return status;
}
