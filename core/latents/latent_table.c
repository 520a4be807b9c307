#include "base/mem.h"
#include "base/number.h"
#include "latents/latent_table_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_TOKENS 8192u /* encoded between looks at the cancel flag, at most */
#define LATENT_BLOCK 16u   /* latents that one worker takes at a time */

enum err latent_poll(const atomic_bool *cancel, struct errinfo *e)
{
    if (cancel != NULL && atomic_load(cancel)) {
        return err_set(e, ERR_CANCELLED, "latents: cancelled");
    }
    return OK;
}

/* Sorts the firings by latent. */
static enum err sort_firings(struct latent_table *t, const struct latent_firings *f,
                             struct errinfo *e)
{
    TRY(mem_new(&t->fire_start, t->F + 1, sizeof *t->fire_start, "firings", e));
    TRY(mem_new(&t->fire_at, f->n, sizeof *t->fire_at, "firings", e));
    TRY(mem_new(&t->fire_act, f->n, sizeof *t->fire_act, "firings", e));
    latent_firings_sort(f, t->F, t->fire_start, t->fire_at, t->fire_act);
    return OK;
}

struct row_job {
    struct latent_table *t;
    const struct acts_set *set;
    const struct concepts *c;
    struct latent_totals totals;
    struct latent_tally *tally; /* one a worker */
};

static void fill_row(const struct row_job *k, size_t j, struct latent_tally *y)
{
    struct latent_table *t = k->t;
    struct latent_row *row = &t->row[j];
    const size_t first = t->fire_start[j];
    double sum = 0.0;
    row->fires = t->fire_start[j + 1] - first;
    row->density = t->n_tokens > 0 ? (double)row->fires / (double)t->n_tokens : 0.0;
    row->match_id = -1;
    for (size_t i = 0; i < row->fires; i++) {
        const float act = t->fire_act[first + i];
        sum += (double)act;
        row->max = act > row->max ? act : row->max;
    }
    row->mean = row->fires > 0 ? (float)(sum / (double)row->fires) : 0.0f;
    latent_match(y, &k->totals, k->set, k->c, t->n_tokens, row->fires,
                 t->fire_at + first, t->fire_act + first, row,
                 t->token + t->token_start[j]);
}

static void fill_block(void *ctx, size_t block, size_t worker)
{
    const struct row_job *k = ctx;
    const size_t end = (block + 1) * LATENT_BLOCK;
    for (size_t j = block * LATENT_BLOCK; j < end && j < k->t->F; j++) {
        fill_row(k, j, &k->tally[worker]);
    }
}

/* Makes room for each latent's index: a token for each firing, up to the limit. */
static enum err index_room(struct latent_table *t, struct errinfo *e)
{
    const size_t most = latent_tokens_most(t->F);
    TRY(mem_new(&t->token_start, t->F, sizeof *t->token_start, "firing tokens", e));
    for (size_t j = 0; j < t->F; j++) {
        const size_t fires = t->fire_start[j + 1] - t->fire_start[j];
        t->token_start[j] = t->token_room;
        t->token_room += fires < most ? fires : most;
    }
    return mem_new(&t->token, t->token_room, sizeof *t->token, "firing tokens", e);
}

static size_t most_firings(const struct latent_table *t)
{
    size_t most = 0;
    for (size_t j = 0; j < t->F; j++) {
        const size_t n = t->fire_start[j + 1] - t->fire_start[j];
        most = n > most ? n : most;
    }
    return most;
}

static enum err fill_rows(struct latent_table *t, const struct acts_set *set,
                          const struct concepts *c, size_t positions, struct pool *pool,
                          struct errinfo *e)
{
    struct row_job k = {.t = t, .set = set, .c = c};
    const size_t workers = pool_threads(pool);
    enum err rc = OK;
    TRY_OUT(rc, latent_totals_init(&k.totals, set, positions, c, e));
    TRY_OUT(rc, mem_new(&k.tally, workers, sizeof *k.tally, "latent counts", e));
    for (size_t i = 0; i < workers; i++) {
        TRY_OUT(rc, latent_tally_init(&k.tally[i], &k.totals, set->T, most_firings(t),
                                      latent_tokens_most(t->F), e));
    }
    pool_run(pool, (t->F + LATENT_BLOCK - 1) / LATENT_BLOCK, fill_block, &k);
    for (size_t j = 0; j < t->F; j++) {
        t->dead += t->row[j].fires == 0;
        t->matched += latent_is_matched(&t->row[j]);
    }
out:
    for (size_t i = 0; k.tally != NULL && i < workers; i++) {
        latent_tally_deinit(&k.tally[i]);
    }
    mem_free(k.tally);
    latent_totals_deinit(&k.totals);
    return rc;
}

/* ---- the pass ---- */

struct latent_pass {
    const struct sae *s;
    const struct acts_set *set;
    const struct concepts *c;
    int64_t step;
    struct latent_firings f;
};

enum err latent_pass_new(const struct sae *s, const struct acts_set *set,
                         const struct concepts *c, int64_t step,
                         struct latent_pass **out, struct errinfo *e)
{
    struct latent_pass *p = NULL;
    if (s->D != set->D || set->n > UINT32_MAX) {
        return err_set(e, ERR_USAGE,
                       "latents: the SAE is for activations of width %zu, expected %zu "
                       "as the model's",
                       s->D, set->D);
    }
    TRY(mem_new(&p, 1, sizeof *p, "latents", e));
    p->s = s;
    p->set = set;
    p->c = c;
    p->step = step;
    *out = p;
    return OK;
}

void latent_pass_free(struct latent_pass *p)
{
    if (p) {
        latent_firings_deinit(&p->f);
        mem_free(p);
    }
}

size_t latent_pass_rows(const struct latent_pass *p)
{
    return p->f.positions / p->set->T;
}

bool latent_pass_is_done(const struct latent_pass *p)
{
    return p->f.positions >= p->set->n || p->f.n >= LATENT_FIRINGS;
}

size_t latent_pass_bytes(const struct latent_pass *p)
{
    return sizeof *p + latent_firings_bytes(&p->f);
}

/* Positions to encode at once: so few that their codes take little beside what is kept,
 * if all latents fired on the first, and as many as before on the others. */
static size_t chunk_of(const struct latent_pass *p)
{
    const size_t each = p->f.tokens > 0 ? p->f.n / p->f.tokens + 1 : p->s->F;
    const size_t all = LATENT_FIRINGS / 8 / each;
    return all == 0 ? 1 : all < CHUNK_TOKENS ? all : CHUNK_TOKENS;
}

enum err latent_pass_read(struct latent_pass *p, size_t rows, struct pool *pool,
                          const atomic_bool *cancel, struct errinfo *e)
{
    const size_t T = p->set->T;
    const size_t end = p->set->rows - latent_pass_rows(p) > rows
                           ? (latent_pass_rows(p) + rows) * T
                           : p->set->n;
    struct sae_codes codes = {0};
    enum err rc = OK;
    while (rc == OK && p->f.positions < end && !latent_pass_is_done(p)) {
        const size_t left = end - p->f.positions, chunk = chunk_of(p);
        TRY_OUT(rc, latent_poll(cancel, e));
        rc = latent_firings_read(&p->f, p->s, p->set, chunk < left ? chunk : left,
                                 LATENT_FIRINGS, pool, &codes, e);
    }
out:
    sae_codes_deinit(&codes);
    return rc;
}

enum err latent_pass_table(struct latent_pass *p, struct pool *pool,
                           const atomic_bool *cancel, struct latent_table **out,
                           struct errinfo *e)
{
    struct latent_table *t = NULL;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&t, 1, sizeof *t, "latent table", e));
    atomic_init(&t->refs, 1);
    t->step = p->step;
    t->F = p->s->F;
    t->n_tokens = p->f.tokens;
    t->positions = p->f.positions;
    t->positions_all = latent_pass_is_done(p) ? p->f.positions : p->set->n;
    t->positions_set = p->set->n;
    TRY_OUT(rc, mem_new(&t->row, t->F, sizeof *t->row, "latent table", e));
    TRY_OUT(rc, sort_firings(t, &p->f, e));
    TRY_OUT(rc, index_room(t, e));
    TRY_OUT(rc, latent_poll(cancel, e));
    TRY_OUT(rc, fill_rows(t, p->set, p->c, p->f.positions, pool, e));
    *out = t;
    t = NULL;
out:
    latent_table_unref(t);
    return rc;
}

enum err latent_table_new(const struct sae *s, const struct acts_set *set,
                          const struct concepts *c, int64_t step, struct pool *pool,
                          const atomic_bool *cancel, struct latent_table **out,
                          struct errinfo *e)
{
    struct latent_pass *p = NULL;
    TRY(latent_pass_new(s, set, c, step, &p, e));
    enum err rc = latent_pass_read(p, set->rows, pool, cancel, e);
    if (rc == OK) {
        rc = latent_pass_table(p, pool, cancel, out, e);
    }
    latent_pass_free(p);
    return rc;
}

size_t latent_tokens_most(size_t F)
{
    return F * LATENT_TOKENS < LATENT_INDEX ? LATENT_INDEX / F : LATENT_TOKENS;
}

const struct latent_token *latent_tokens(const struct latent_table *t, int32_t latent,
                                         size_t *n)
{
    *n = 0;
    if (!t->token || latent < 0 || (size_t)latent >= t->F) {
        return NULL;
    }
    const size_t tokens = t->row[latent].tokens, most = latent_tokens_most(t->F);
    *n = tokens < most ? tokens : most;
    return t->token + t->token_start[latent];
}

size_t latent_tokens_cut(const struct latent_table *t)
{
    size_t n = 0;
    for (size_t j = 0; t->token && j < t->F; j++) {
        n += t->row[j].tokens > latent_tokens_most(t->F);
    }
    return n;
}

double latent_table_share(const struct latent_table *t)
{
    return t->positions_set > 0 ? (double)t->positions / (double)t->positions_set : 1.0;
}

void latent_table_extent(const struct latent_table *t, char *out, size_t cap)
{
    const bool filling = t->positions < t->positions_all;
    const double of = (double)(filling ? t->positions_all : t->positions_set);
    out[0] = '\0';
    if ((double)t->positions < of) {
        (void)snprintf(out, cap,
                       filling ? "%s%% of the text so far"
                               : "of the first %s%% of the text",
                       NUMBER_PERCENT(0, (double)t->positions / of));
    }
}

size_t latent_table_bytes(const struct latent_table *t)
{
    const size_t fires = t->fire_start[t->F];
    return sizeof *t + t->F * (sizeof *t->row + sizeof *t->token_start) +
           (t->F + 1) * sizeof *t->fire_start +
           fires * (sizeof *t->fire_at + sizeof *t->fire_act) +
           t->token_room * sizeof *t->token;
}

struct sae_measured latent_table_measured(const struct latent_table *t)
{
    struct sae_measured m = {.dead = (double)t->dead / (double)t->F};
    for (size_t j = 0; j < t->F; j++) {
        m.l0 += t->row[j].density;
    }
    return m;
}

struct latent_table *latent_table_ref(struct latent_table *t)
{
    atomic_fetch_add(&t->refs, 1);
    return t;
}

void latent_table_unref(struct latent_table *t)
{
    if (t == NULL || atomic_fetch_sub(&t->refs, 1) != 1) {
        return;
    }
    mem_free(t->row);
    mem_free(t->fire_start);
    mem_free(t->fire_at);
    mem_free(t->fire_act);
    mem_free(t->token_start);
    mem_free(t->token);
    mem_free(t);
}
