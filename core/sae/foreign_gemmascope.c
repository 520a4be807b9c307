#define _XOPEN_SOURCE 700 /* realpath */
/* DeepMind's Gemma Scope: params.npz (Gemma Scope 2: params.safetensors) with W_enc
 * [D,F], W_dec [F,D], b_enc, b_dec, threshold, the matrices' names in either case.
 * JumpReLU on x itself. SAEs of the embedding were trained on x sqrt(D). Only the names
 * of folders say where an SAE belongs: gemma-scope-2b-pt-res/layer_20/width_16k/
 * average_l0_71, gemma-scope-2-4b-it/resid_post/layer_12_width_16k_l0_medium. Source:
 * SAELens' loaders. */
#include "base/file.h"
#include "sae/sae_tensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the names of folders say ---- */

struct place {
    int layer;        /* -1: not said */
    const char *site; /* NULL: not said */
    bool is_embedding, is_transcoder;
    char model[48];
};

/* The part of a block, by the end of a repository's name and by a folder of Gemma Scope
 * 2. */
static const struct {
    const char *repository, *folder, *site;
} sites[] = {
    {"-res", "resid_post", "hook_resid_post"},
    {"-att", "attn_out", "attn.hook_z"},
    {"-mlp", "mlp_out", "hook_mlp_out"},
};
#define N_SITES (sizeof sites / sizeof sites[0])

/* Reads a repository's name: "2b-pt-res" of Gemma 2, or "2-4b-it" of Gemma 3. */
static void read_repository(const char *name, struct place *p)
{
    const bool third = strncmp(name, "2-", 2) == 0;
    const char *size = third ? name + 2 : name;
    const size_t len = strcspn(size, "-");
    const char *tuned = strncmp(size + len, "-it", 3) == 0       ? "-it"
                        : third && strncmp(size, "270m", 4) != 0 ? "-pt"
                                                                 : "";
    snprintf(p->model, sizeof p->model, "gemma-%d-%.*s%s", third ? 3 : 2,
             (int)(len < 16 ? len : 16), size, tuned);
    p->is_transcoder = strstr(name, "transcoder") != NULL;
    for (size_t i = 0; i < N_SITES; i++) {
        p->site = strstr(size + len, sites[i].repository) ? sites[i].site : p->site;
    }
}

static void read_folder(const char *name, struct place *p)
{
    static const char repository[] = "gemma-scope-";
    const char *found = strstr(name, repository);
    int layer = -1;
    char rest = '_';
    if (found) {
        read_repository(found + sizeof repository - 1, p);
    } else if (sscanf(name, "layer_%4d%c", &layer, &rest) >= 1 && rest == '_') {
        p->layer = layer;
    }
    p->is_embedding |= strcmp(name, "embedding") == 0;
    p->is_transcoder |= strncmp(name, "transcoder", 10) == 0;
    for (size_t i = 0; i < N_SITES && !found; i++) {
        const bool is = strncmp(name, sites[i].folder, strlen(sites[i].folder)) == 0;
        p->site = is ? sites[i].site : p->site;
    }
}

static void read_folders(const char *path, struct place *p)
{
    while (*path) {
        char name[256];
        const size_t len = strcspn(path, "/");
        snprintf(name, sizeof name, "%.*s", (int)(len < 255 ? len : 255), path);
        read_folder(name, p);
        path += len + (path[len] == '/' ? 1 : 0);
    }
}

/* Finds layer and site from the names of the file's folders, as given and as resolved:
 * the path may be `.` or go through a link. */
static struct place find_place(const char *file)
{
    struct place p = {.layer = -1};
    char dir[4096], full[4096];
    const size_t len = (size_t)(path_base(file) - file);
    snprintf(dir, sizeof dir, "%.*s", len > 0 ? (int)len : 1, len > 0 ? file : ".");
    if (realpath(dir, full)) {
        read_folders(full, &p);
    }
    read_folders(dir, &p);
    return p;
}

static void set_meta(const struct place *p, struct foreign_meta *m)
{
    /* An SAE of the embedding reads the input of the first block. */
    if (p->is_embedding) {
        snprintf(m->hook, sizeof m->hook, "blocks.0.hook_resid_pre");
    } else if (p->layer >= 0) {
        snprintf(m->hook, sizeof m->hook, "blocks.%d.%s", p->layer,
                 p->site ? p->site : sites[0].site);
    }
    snprintf(m->model, sizeof m->model, "%s", p->model);
    m->prepend_bos = true;
    m->says_bos = true;
}

/* ---- files ---- */

/* Finds the file: `path` itself, or one of two names in it. */
static bool file_of(const char *path, char *out, size_t cap)
{
    static const char *const names[] = {"params.npz", "params.safetensors"};
    for (size_t i = 0; i < 2 && file_is_dir(path); i++) {
        if (path_join(out, cap, path, names[i], NULL) == OK && file_exists(out)) {
            return true;
        }
    }
    const int n = snprintf(out, cap, "%s", path);
    return n > 0 && (size_t)n < cap && !file_is_dir(path) && file_exists(path) &&
           (path_has_suffix(path, ".npz") ||
            strcmp(path_base(path), "params.safetensors") == 0);
}

static bool is(const char *path)
{
    char file[4096];
    return file_of(path, file, sizeof file);
}

static enum err fill(struct sae_tensors *t, struct tensorfile *f, const char *enc,
                     const char *dec, struct errinfo *e)
{
    TRY(sae_tensors_matrix(t, f, enc, ROWS_DIMENSIONS, t->W_enc, e));
    TRY(sae_tensors_matrix(t, f, dec, ROWS_LATENTS, t->W_dec, e));
    TRY(sae_tensors_vector(f, "b_enc", t->F, t->b_enc, e));
    TRY(sae_tensors_vector(f, "b_dec", t->D, t->b_dec, e));
    return sae_tensors_vector(f, "threshold", t->F, t->threshold, e);
}

/* Scales to W_enc / sqrt(D), W_dec sqrt(D). */
static void scale_embedding(struct sae_tensors *t)
{
    const double c = sqrt((double)t->D);
    for (size_t i = 0; i < t->F * t->D; i++) {
        t->W_enc[i] = (float)((double)t->W_enc[i] / c);
        t->W_dec[i] = (float)((double)t->W_dec[i] * c);
    }
}

static enum err load_open(struct tensorfile *f, const struct place *p,
                          struct sae_tensors **out, struct errinfo *e)
{
    static const char *const known[] = {"W_enc", "W_dec", "w_enc",     "w_dec",
                                        "b_enc", "b_dec", "threshold", NULL};
    const char *enc = tensorfile_find(f, "W_enc") ? "W_enc" : "w_enc";
    const char *dec = tensorfile_find(f, "W_dec") ? "W_dec" : "w_dec";
    size_t D = 0, F = 0;
    struct sae_tensors *t = NULL;
    TRY(sae_tensors_known(f, known, e));
    TRY(sae_tensors_sizes(f, enc, ROWS_DIMENSIONS, &D, &F, e));
    TRY(sae_tensors_new(TENSORS_JUMP, D, F, &t, e));
    const enum err rc = fill(t, f, enc, dec, e);
    if (rc != OK) {
        sae_tensors_free(t);
        return rc;
    }
    t->apply_b_dec = false;
    snprintf(t->kind, sizeof t->kind, "jumprelu");
    set_meta(p, &t->meta);
    if (p->is_embedding) {
        scale_embedding(t);
    }
    *out = t;
    return OK;
}

static enum err load(const char *path, struct sae_tensors **out, struct errinfo *e)
{
    char file[4096];
    struct tensorfile *f = NULL;
    if (!file_of(path, file, sizeof file)) {
        return err_set(e, ERR_MISSING, "%s: no params.npz", path);
    }
    const struct place p = find_place(file);
    if (p.is_transcoder) { /* its tensors look like an SAE's */
        return err_set(e, ERR_FORMAT,
                       "%s: the folder is that of a transcoder, expected an SAE", file);
    }
    TRY(tensorfile_open(file, &f, e));
    const enum err rc = load_open(f, &p, out, e);
    tensorfile_close(f);
    return rc;
}

extern const struct foreign_format foreign_format_gemmascope;
const struct foreign_format foreign_format_gemmascope = {
    .name = "gemma-scope",
    .about = "an .npz file, or a directory with params.npz or params.safetensors",
    .is = is,
    .load = load,
};
