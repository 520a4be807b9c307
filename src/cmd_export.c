/* saetop export: a run's SAE for other tools. */
#include "base/file.h"
#include "base/mem.h"
#include "base/outdir.h"
#include "base/safetensors.h"
#include "browse.h"
#include "cmd.h"
#include "sae/foreign.h"
#include "train/run_open.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct export_args {
    const char *to, *out;
    bool sparsity;
};

/* Copy the bytes of a run's file to another directory. */
static enum err copy_file(const char *from, const char *to, const char *name,
                          struct errinfo *e)
{
    char src[4096], dst[4096];
    char *data = NULL;
    size_t len = 0;
    TRY(rundir_file(from, name, src, e));
    TRY(path_join(dst, sizeof dst, to, name, e));
    TRY(file_read(src, SIZE_MAX - 1, &data, &len, e));
    const struct file_piece part = {data, len};
    const enum err rc = file_write(dst, &part, 1, e);
    mem_free(data);
    return rc;
}

/* Write an SAE: one that saetop saved byte for byte, another tool's converted. */
static enum err write_sae(const char *path, const char *out, const struct sae *s,
                          const struct foreign_meta *m, struct errinfo *e)
{
    if (m->own) {
        TRY(copy_file(path, out, "sae_weights.safetensors", e));
        return copy_file(path, out, "cfg.json", e);
    }
    const struct sae_meta meta = foreign_sae_meta(m);
    return sae_save(s, &meta, out, e);
}

/* Write sparsity.safetensors as SAELens does: log10 of (the share of held-out tokens on
 * which a latent fires + 1e-10). */
static enum err write_sparsity(const struct browse *b, const char *out,
                               struct errinfo *e)
{
    char path[4096];
    float *log_density = NULL;
    const size_t F = b->table->F;
    TRY(path_join(path, sizeof path, out, "sparsity.safetensors", e));
    TRY(mem_new(&log_density, F, sizeof *log_density, path, e));
    for (size_t j = 0; j < F; j++) {
        log_density[j] = (float)log10(b->table->row[j].density + 1e-10);
    }
    const struct st_tensor t = {"sparsity", ST_F32,      1,
                                {F},        log_density, F * sizeof *log_density};
    const enum err rc = st_write(path, &t, 1, NULL, 0, e);
    mem_free(log_density);
    return rc;
}

/* The SAE at `path`, and the parts to write of it. */
struct to_write {
    const char *path;
    const struct sae *sae;
    const struct foreign_meta *from;
    const struct browse *sparsity; /* NULL: not asked for */
};

static enum err write_files(void *user, const char *dir, struct errinfo *e)
{
    const struct to_write *w = user;
    TRY(write_sae(w->path, dir, w->sae, w->from, e));
    return w->sparsity ? write_sparsity(w->sparsity, dir, e) : OK;
}

static enum err check_args(const struct export_args *a, struct errinfo *e)
{
    if (!a->out) {
        return err_set(e, ERR_USAGE, "export: --out DIR is missing");
    }
    if (strcmp(a->to, "saelens") != 0) {
        return err_set(e, ERR_USAGE, "--to: found '%s', expected saelens", a->to);
    }
    return OK;
}

static enum err export_sae(const char *path, const struct export_args *a,
                           const struct run_opts *ro, struct errinfo *e)
{
    struct browse b = {0};
    struct sae *s = NULL;
    struct foreign_meta m;
    enum err rc = OK;
    TRY(check_args(a, e));
    TRY(run_opts_check_centre(ro, &path, 1, e));
    TRY(run_open_sae(path, ro->centre, &s, &m, e));
    m.own = m.own && !ro->centre; /* its files are not what is written */
    if (a->sparsity) {            /* before anything is written: it may fail */
        TRY_OUT(rc, browse_open(path, ro, &b, e));
    }
    struct to_write w = {path, s, &m, a->sparsity ? &b : NULL};
    rc = outdir_write(a->out, write_files, &w, e);
out:
    browse_close(&b);
    sae_free(s);
    return rc;
}

int cmd_export(int argc, char **argv)
{
    struct export_args a = {.to = "saelens"};
    // clang-format off
    const struct opt own[] = {
        {"to", OPT_STRING, &a.to, "FORMAT", "saelens: a directory for SAE.load_from_disk", 0, 0, NULL},
        {"out", OPT_STRING, &a.out, "DIR", "directory to make", 0, 0, NULL},
        {"sparsity", OPT_FLAG, &a.sparsity, NULL, "measure densities on held-out text for sparsity.safetensors", 0, 0, NULL},
    };
    // clang-format on
    struct run_opts ro;
    const struct opts o = {
        .name = "export",
        .usage = "RUN --out DIR [--to saelens] [OPTIONS]",
        .about = "Writes a run's SAE for other tools: cfg.json and "
                 "sae_weights.safetensors, which SAELens loads, and with --sparsity "
                 "sparsity.safetensors. RUN may also be an SAE that `saetop import` "
                 "reads. The settings count only for --sparsity.",
        .min_args = 1,
        .max_args = 1,
        .n_runs = 1,
    };
    struct opts_result parsed;
    struct errinfo e = {0};
    int status = 0;
    if (!run_opts_begin_reading(&ro, o, own, sizeof own / sizeof own[0], argc, argv,
                                &parsed, &status)) {
        return status;
    }
    const enum err rc = export_sae(parsed.args[0], &a, &ro, &e);
    return rc == OK ? EXIT_SUCCESS : cmd_fail(rc, &e);
}
