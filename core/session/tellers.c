#include "session/tellers.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

static int by_latent(const void *x, const void *y)
{
    const struct latent_teller *a = x, *b = y;
    if (a->latent != b->latent) {
        return a->latent < b->latent ? -1 : 1;
    }
    return (a->concept > b->concept) - (a->concept < b->concept);
}

/* The F1 of main latent i; files from before that was kept have only the best one's. */
static float f1_of(const struct concept_result *r, size_t i)
{
    const float fit = r->fit[i].f1;
    return isfinite(fit) ? fit : i == 0 ? (float)r->f1_best : 0.0F;
}

static size_t add_of(const struct concept_result *r, size_t concept, size_t F,
                     struct latent_teller *out)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_main; i++) {
        const int32_t latent = r->main_latent[i];
        const float f1 = f1_of(r, i);
        if (latent >= 0 && (size_t)latent < F && f1 > 0.0F) {
            out[n++] = (struct latent_teller){latent, concept, f1, i == 0};
        }
    }
    return n;
}

enum err tellers_of(const struct concept_table *t, const struct names *names, size_t F,
                    struct latent_teller **out, size_t *n, struct errinfo *e)
{
    size_t count = 0;
    *out = NULL;
    *n = 0;
    if (!t || !t->n) {
        return OK;
    }
    TRY(mem_new(out, t->n * EVAL_MAX_MAIN, sizeof **out, "latents of concepts", e));
    for (size_t c = 0; c < t->n && c < names->n_concepts; c++) {
        count += add_of(&t->row[c], c, F, *out + count);
    }
    qsort(*out, count, sizeof **out, by_latent);
    *n = count;
    return OK;
}

double tellers_absorption(const struct concept_table *t, const struct latent_row *r,
                          int32_t latent)
{
    if (!t || r->match != MATCH_CONCEPT || r->match_id < 0 ||
        (size_t)r->match_id >= t->n) {
        return (double)NAN;
    }
    const struct concept_result *of = &t->row[r->match_id];
    return concept_result_is_main(of, latent) ? of->full : (double)NAN;
}
