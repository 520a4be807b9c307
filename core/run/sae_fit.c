/* Finds which SAEs on disk fit a model's activations. */
#include "base/file.h"
#include "base/folder.h"
#include "base/mem.h"
#include "lm/lm_name.h"
#include "run/doctor.h"
#include "run/run_list.h"
#include "train/run_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_why(struct sae_fit *f, const char *text)
{
    snprintf(f->why, sizeof f->why, "%s", text);
}

/* Whether the hook exists in the model and is as wide there as the SAE. */
static bool fits_hook(const char *hook, size_t D, const struct inputs *in,
                      struct sae_fit *out)
{
    struct lm_hook h = in->hook;
    struct errinfo e;
    if (!hook[0]) {
        say_why(out, "its files name no hook: --hook says where it reads");
    } else if (lm_hook_parse(hook, &in->lm->cfg, &h, &e) != OK) {
        say_why(out, e.msg);
        return false;
    }
    const size_t width = lm_hook_width(&in->lm->cfg, h);
    if (D != 0 && D != width) {
        snprintf(out->why, sizeof out->why,
                 "it reads %zu dimensions, the model has %zu there", D, width);
        return false;
    }
    return true;
}

static enum err look_run(const char *path, const struct inputs *in, struct sae_fit *out,
                         struct errinfo *e)
{
    struct run_record r;
    TRY(rundir_load_config(path, &r, e));
    snprintf(out->what, sizeof out->what, "run, %.24s, %lld latents at %.64s",
             r.set.arch, (long long)r.set.width, r.set.hook);
    if (r.set.source == SOURCE_SYNTHETIC) {
        say_why(out, "of known features, without a model");
    } else if (r.set.source == SOURCE_ACTIVATIONS) {
        say_why(out,
                "of activations made elsewhere, by a model that is not known here");
    } else if (r.model_hash != in->lm->hash) {
        snprintf(out->why, sizeof out->why, "trained on another model, %.300s",
                 r.set.model);
    } else {
        out->fits = fits_hook(r.set.hook, 0, in, out);
    }
    return OK;
}

static enum err look_foreign(const char *path, const struct inputs *in,
                             struct sae_fit *out, struct errinfo *e)
{
    struct sae *s = NULL;
    struct foreign_meta m;
    char name[LM_NAME_MAX];
    const char *format = foreign_format_of(path);
    TRY(foreign_load(path, &s, &m, e));
    snprintf(out->what, sizeof out->what, "%.24s, %.24s, %zu latents at %.64s",
             format ? format : "SAE", sae_arch_name(s->arch), s->F,
             m.hook[0] ? m.hook : "?");
    out->fits = fits_hook(m.hook, s->D, in, out);
    if (out->fits && lm_names_differ(m.model, lm_name(in->lm, name, sizeof name))) {
        snprintf(out->why, sizeof out->why, "made for the model %.200s", m.model);
        out->fits = false;
    }
    sae_free(s);
    return OK;
}

void sae_fit_look(const char *path, const struct inputs *in, struct sae_fit *out)
{
    struct errinfo e;
    *out = (struct sae_fit){.fits = false};
    snprintf(out->path, sizeof out->path, "%s", path);
    const enum err rc =
        rundir_is(path) ? look_run(path, in, out, &e) : look_foreign(path, in, out, &e);
    if (rc != OK) {
        say_why(out, e.msg);
    }
}

struct listing {
    const char *dir;
    const struct inputs *in;
    char (*name)[RUN_NAME_MAX];
    size_t n, cap;
};
#define NAMES_MAX 10000

static enum err visit(const struct folder *f, const char *name, mode_t mode, void *user,
                      struct errinfo *e)
{
    struct listing *l = user;
    char path[RUNDIR_PATH];
    (void)f;
    (void)mode;
    if (name[0] == '.' || l->n == NAMES_MAX || strlen(name) >= RUN_NAME_MAX) {
        return OK;
    }
    TRY(path_join(path, sizeof path, l->dir, name, e));
    if (!run_is_openable(path)) {
        return OK;
    }
    TRY(mem_grow(&l->name, &l->cap, l->n + 1, sizeof *l->name, NAMES_MAX, e));
    snprintf(l->name[l->n++], RUN_NAME_MAX, "%s", name);
    return OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum err look_all(const struct listing *l, struct sae_fit **out,
                         struct errinfo *e)
{
    struct sae_fit *fit = NULL;
    char path[RUNDIR_PATH];
    TRY(mem_new(&fit, l->n, sizeof *fit, "SAEs on this disk", e));
    for (size_t i = 0; i < l->n; i++) {
        const enum err rc = path_join(path, sizeof path, l->dir, l->name[i], e);
        if (rc != OK) {
            mem_free(fit);
            return rc;
        }
        sae_fit_look(path, l->in, &fit[i]);
    }
    *out = fit;
    return OK;
}

enum err sae_fit_list(const char *dir, const struct inputs *in, size_t most,
                      struct sae_fit **out, size_t *n, struct errinfo *e)
{
    struct listing l = {.dir = dir, .in = in};
    struct folder f;
    *out = NULL;
    *n = 0;
    if (!file_is_dir(dir)) {
        return OK;
    }
    TRY(folder_open(dir, &f, e));
    enum err rc = folder_each(&f, visit, &l, e);
    folder_close(&f);
    if (rc == OK && l.n > 0) {
        qsort(l.name, l.n, sizeof *l.name, by_name);
        l.n = l.n < most ? l.n : most;
        rc = look_all(&l, out, e);
        *n = rc == OK ? l.n : 0;
    }
    mem_free(l.name);
    return rc;
}
