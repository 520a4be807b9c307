#include "ask_names.h"

#include "base/file.h"
#include "base/mem.h"
#include "eval/concept_table.h"
#include "text/concepts.h"
#include "train/rundir.h"

#include <string.h>

static enum err read_concepts(const struct settings *s, const struct tok *tok,
                              struct concepts **out, struct errinfo *e)
{
    char path[RUNDIR_PATH];
    TRY(settings_path(s, s->concepts, path, sizeof path, e));
    return path[0] ? concepts_load(path, tok, out, e) : concepts_built_in(tok, out, e);
}

enum err ask_names_read(const char *path, const struct settings *s,
                        const struct tok *tok, size_t F, struct ask_names *out,
                        struct remarks *r, struct errinfo *e)
{
    char file[RUNDIR_PATH];
    struct concepts *c = NULL;
    struct concept_table *t = NULL;
    struct errinfo why = {OK, ""};
    enum err rc = OK;
    *out = (struct ask_names){0};
    if (!rundir_is(path) || rundir_file(path, "eval.json", file, e) != OK ||
        !file_exists(file)) {
        return OK;
    }
    TRY_OUT(rc, read_concepts(s, tok, &c, &why));
    TRY_OUT(rc, concept_table_load(file, c, F, &t, &why));
    TRY_OUT(rc, names_init(&out->names, tok, c, &why));
    TRY_OUT(rc, tellers_of(t, &out->names, F, &out->teller, &out->n, &why));
out:
    concept_table_unref(t);
    concepts_free(c);
    if (rc == ERR_NOMEM) {
        return err_set(e, rc, "%s", why.msg);
    }
    if (rc != OK) { /* a prompt is answered without names too */
        remarks_add(r, "%s; latents are shown without the concepts that they tell",
                    why.msg);
    }
    return OK;
}

void ask_names_deinit(struct ask_names *n)
{
    mem_free(n->teller);
    names_deinit(&n->names);
}

size_t ask_names_concepts(const struct ask_names *n, int32_t latent,
                          const char *out[ASK_NAMES_MOST])
{
    float f1[ASK_NAMES_MOST];
    size_t most = 0;
    for (size_t i = 0; i < n->n && n->teller[i].latent <= latent; i++) {
        const struct latent_teller *t = &n->teller[i];
        size_t at = most;
        while (at > 0 && f1[at - 1] < t->f1) {
            at--;
        }
        if (t->latent != latent || at == ASK_NAMES_MOST) {
            continue;
        }
        most += most < ASK_NAMES_MOST ? 1U : 0U;
        memmove(f1 + at + 1, f1 + at, (most - 1 - at) * sizeof *f1);
        memmove(out + at + 1, out + at, (most - 1 - at) * sizeof *out);
        f1[at] = t->f1;
        out[at] = n->names.concept_name[t->concept];
    }
    return most;
}
