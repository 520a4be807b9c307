/* The table of formats. A new one needs a file foreign_NAME.c that defines
 * foreign_format_NAME, and a line here; where two could match, the order decides. */
#include "sae/foreign.h"

#include "base/file.h"
#include "sae/sae_tensors.h"
#include "sae/saelens.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FOREIGN_FORMATS(X)                                                             \
    X(saelens)                                                                         \
    X(sparsify)                                                                        \
    X(openai)                                                                          \
    X(dictlearn)                                                                       \
    X(gemmascope)

#define DECLARE(name) extern const struct foreign_format foreign_format_##name;
FOREIGN_FORMATS(DECLARE)
#undef DECLARE

#define ROW(name) &foreign_format_##name,
static const struct foreign_format *const table[] = {FOREIGN_FORMATS(ROW)};
#undef ROW
#define N_FORMATS (sizeof table / sizeof table[0])

size_t foreign_all(const struct foreign_format *const **out)
{
    *out = table;
    return N_FORMATS;
}

static const struct foreign_format *find(const char *path)
{
    for (size_t i = 0; i < N_FORMATS; i++) {
        if (table[i]->is(path)) {
            return table[i];
        }
    }
    return NULL;
}

const char *foreign_format_of(const char *path)
{
    const struct foreign_format *f = find(path);
    return f ? f->name : NULL;
}

static enum err find_or_say(const char *path, const struct foreign_format **out,
                            struct errinfo *e)
{
    *out = find(path);
    if (*out) {
        return OK;
    }
    if (file_exists(path) && access(path, R_OK) != 0) {
        return file_fail(e, path, "open", errno);
    }
    struct str names;
    str_init(&names, 1024);
    for (size_t i = 0; i < N_FORMATS; i++) {
        str_addf(&names, "%s%s", i ? ", " : "", table[i]->name);
    }
    const enum err rc = err_set(e, file_exists(path) ? ERR_FORMAT : ERR_MISSING,
                                "%s: %s, expected a run or an SAE of one of: %s", path,
                                file_exists(path) ? "not recognised" : "not found",
                                names.len ? names.p : "");
    str_free(&names);
    return rc;
}

/* Loads tensors, and names the path where sizes are refused, as the refusal does not
 * know it. */
static enum err load_tensors(const struct foreign_format *f, const char *path,
                             struct sae_tensors **out, struct errinfo *e)
{
    const enum err rc = f->load(path, out, e);
    const bool named = rc == OK || !e || strstr(e->msg, path);
    return named ? rc : err_prefix(e, rc, "%s", path);
}

enum err foreign_tensors(const char *path, struct sae_tensors **out, struct errinfo *e)
{
    const struct foreign_format *f = NULL;
    TRY(find_or_say(path, &f, e));
    TRY(load_tensors(f, path, out, e));
    (*out)->format = f->name;
    return OK;
}

/* Takes over t. */
static enum err fold(struct sae_tensors *t, const char *path, struct sae **out,
                     struct foreign_meta *meta, struct errinfo *e)
{
    if (meta) {
        *meta = t->meta;
    }
    const enum err rc = sae_tensors_to_sae(t, path, out, e);
    sae_tensors_free(t);
    return rc;
}

enum err foreign_load(const char *path, struct sae **out, struct foreign_meta *meta,
                      struct errinfo *e)
{
    const struct foreign_format *f = NULL;
    struct sae_tensors *t = NULL;
    TRY(find_or_say(path, &f, e));
    TRY(load_tensors(f, path, &t, e));
    return fold(t, path, out, meta, e);
}

enum err foreign_load_saelens(const char *dir, const char *cfg, const char *weights,
                              struct sae **out, struct foreign_meta *meta,
                              struct errinfo *e)
{
    struct sae_tensors *t = NULL;
    TRY(saelens_load(dir, cfg, weights, &t, e));
    return fold(t, dir, out, meta, e);
}

enum err sae_load(const char *dir, struct sae **out, struct errinfo *e)
{
    struct sae_tensors *t = NULL;
    TRY(foreign_format_saelens.load(dir, &t, e));
    return fold(t, dir, out, NULL, e);
}

struct sae_meta foreign_sae_meta(const struct foreign_meta *m)
{
    return (struct sae_meta){
        .model_name = m->model[0] ? m->model : NULL,
        .hook_name = m->hook[0] ? m->hook : NULL,
        .dataset = m->dataset[0] ? m->dataset : NULL,
        .context_size = m->context,
        .prepend_bos = m->prepend_bos,
        .says_bos = m->says_bos,
        .groups = m->groups,
        .width = m->width,
    };
}

void foreign_list(struct str *out)
{
    for (size_t i = 0; i < N_FORMATS; i++) {
        str_addf(out, "%s%s: %s", i ? "; " : "", table[i]->name, table[i]->about);
    }
}
