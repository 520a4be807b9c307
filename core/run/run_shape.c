#include "run/run_shape.h"

#include "base/mem.h"
#include "base/str.h"
#include "eval/acts_bench.h"
#include "eval/evaluate.h"
#include "eval/truth.h"
#include "num/logreg.h"
#include "train/settings_arch.h"

#include <math.h>
#include <string.h>

/* The program, its libraries and its open text, as measured on the bundled sample: none
 * of it depends on the run. */
#define PROCESS_BYTES ((size_t)14 << 20)

/* ---- shapes ---- */

static enum err shape_of(const struct inputs *in, const struct settings *set,
                         struct arm_shape *out, struct errinfo *e)
{
    struct sae_train_config c;
    *out = (struct arm_shape){
        .set = set, .masks = arm_schedule(set), .F = (size_t)set->width, .k = set->k};
    TRY(inputs_check_arm(in, set, e));
    TRY(inputs_can_mask(in, fmax(out->masks.start, out->masks.end), e));
    TRY(settings_train_config(set, &c, e));
    out->arch = sae_arch_find(set->arch);
    return sae_train_needs(out->arch, inputs_width(in), out->F, out->k, &c,
                           (size_t)set->batch, &out->need, e);
}

enum err run_shape_of_plans(const struct inputs *in, const struct arm_plan *arms,
                            size_t n, struct run_shape *out, struct errinfo *e)
{
    memset(out, 0, sizeof *out);
    out->in = in;
    if (n > RUN_ARMS_MAX) {
        return err_set(e, ERR_USAGE, "found %zu arms, expected %d at most", n,
                       RUN_ARMS_MAX);
    }
    TRY(mem_new(&out->own, n, sizeof *out->own, "arms", e));
    for (; out->n < n; out->n++) {
        struct settings *set = &out->own[out->n];
        *set = arms[out->n].set;
        inputs_resolve(in, set);
        const enum err rc = shape_of(in, set, &out->arm[out->n], e);
        out->arm[out->n].condition = arms[out->n].condition;
        if (rc != OK) {
            run_shape_deinit(out);
            return rc;
        }
    }
    return OK;
}

void run_shape_deinit(struct run_shape *s)
{
    mem_free(s->own);
    s->own = NULL;
}

struct arm_shape arm_shape_of(const struct arm *a, const char *condition)
{
    return (struct arm_shape){.set = &a->set,
                              .condition = condition,
                              .masks = a->schedule,
                              .arch = a->sae->arch,
                              .F = a->sae->F,
                              .k = a->sae->k,
                              .need = sae_trainer_needs(a->trainer)};
}

/* ---- memory ---- */

static bool same_masks(const struct arm_shape *a, const struct arm_shape *b)
{
    const double eps = 1e-12;
    const struct mask_schedule *x = &a->masks, *y = &b->masks;
    const double start = x->start - y->start, end = x->end - y->end;
    const bool mix = a->set->mask_positions == POSITIONS_MIX;
    return mix == (b->set->mask_positions == POSITIONS_MIX) && x->kind == y->kind &&
           start < eps && start > -eps &&
           (x->kind == MASK_CONSTANT || (end < eps && end > -eps));
}

/* Whether one of arms from..to-1 has the masks of arm a. */
static bool has_masks(const struct run_shape *g, size_t a, size_t from, size_t to)
{
    for (size_t b = from; b < to; b++) {
        if (same_masks(&g->arm[a], &g->arm[b])) {
            return true;
        }
    }
    return false;
}

size_t run_maskings(const struct run_shape *g)
{
    size_t n = 0;
    for (size_t a = 0; a < g->n; a++) {
        n += !has_masks(g, a, 0, a);
    }
    return n;
}

/* Returns the number of buffers of activations: one for each masking; while arms reach
 * the next fill one after the other, those that share one hold the old and the new, and
 * the one released last is kept. */
static size_t fills(const struct run_shape *g)
{
    size_t two = 0, most = 0;
    for (size_t a = 0; a < g->n; a++) {
        const bool first = !has_masks(g, a, 0, a);
        const bool last = !has_masks(g, a, a + 1, g->n);
        two += first && !last;
        most = two > most ? two : most;
        two -= last && !first;
    }
    return run_maskings(g) + most;
}

/* Returns the number of nonzero codes in `rows` rows. Without k, half of the latents
 * are active before the SAE has learnt. */
static size_t codes_count(const struct arm_shape *s, size_t rows)
{
    const bool selects = (sae_arch_has(s->arch) & SAE_HAS_K) != 0;
    const double active = selects ? s->k : (double)s->F / 2;
    return (size_t)((double)rows * active);
}

/* Returns the bytes of the codes of evaluated rows: by block, then joined, then by
 * latent. */
static size_t codes_bytes(const struct arm_shape *s, size_t rows)
{
    return 3 * codes_count(s, rows) * (sizeof(float) + sizeof(int32_t));
}

/* Returns the rows that words of concepts fill: at most a third of the text. */
static size_t word_rows(const struct settings *s)
{
    return (size_t)s->concept_rows * (size_t)s->context / 3;
}

/* Returns the bytes for measuring the arm that needs most, besides what it is measured
 * on. */
static size_t measuring_bytes(const struct run_shape *g)
{
    const struct settings *s = &g->in->set;
    const size_t rows = word_rows(s);
    size_t most = 0;
    for (size_t a = 0; a < g->n; a++) {
        const struct arm_shape *sae = &g->arm[a];
        /* A frozen copy, projections on every latent, and what a save turns round. */
        const size_t one =
            2 * sae->need.numbers * sizeof(float) + codes_bytes(sae, rows) +
            logreg_fit_bytes(rows, sae->F, codes_count(sae, rows), (size_t)s->threads) +
            g->in->concepts->n * sae->F * sizeof(float);
        most = one > most ? one : most;
    }
    return most;
}

size_t run_measuring_bytes(const struct run_shape *g)
{
    const struct settings *s = &g->in->set;
    const size_t D = inputs_width(g->in);
    const size_t probes =
        logreg_dense_bytes(D, g->in->concepts->n_probed, (size_t)s->threads);
    const size_t arm = measuring_bytes(g);
    return word_rows(s) * D * sizeof(float) + (probes > arm ? probes : arm);
}

static size_t evaluation_bytes(const struct run_shape *g)
{
    const struct settings *s = &g->in->set;
    struct eval_config c = eval_defaults();
    c.fidelity_rows = (size_t)s->eval_rows;
    c.concept_rows = (size_t)s->concept_rows;
    return eval_set_bytes(&c, inputs_width(g->in), (size_t)s->context) +
           run_measuring_bytes(g);
}

/* Returns the bytes of an arm's text that it does not share with other arms of the same
 * masks. */
static size_t arm_text_bytes(const struct inputs *in, const struct arm_shape *arm)
{
    struct stream_config sc = inputs_stream_config(in, &in->set);
    sc.mix = false;
    const struct stream_config own = inputs_stream_config(in, arm->set);
    const size_t D = inputs_width(in);
    return stream_own_bytes(D, &sc) + arm->need.bytes + stream_bytes(D, &own) -
           stream_bytes(D, &sc); /* what it mixes from */
}

/* Returns the bytes of the buffers of activations and the arms. */
static size_t training_bytes(const struct run_shape *g)
{
    const struct inputs *in = g->in;
    struct stream_config sc = inputs_stream_config(in, &in->set);
    sc.mix = false;
    const size_t mine = stream_own_bytes(inputs_width(in), &sc);
    const size_t kept = stream_kept_bytes(&sc);
    const size_t fill = stream_bytes(inputs_width(in), &sc) - kept;
    size_t sum = fills(g) * (fill - mine) + kept;
    for (size_t a = 0; a < g->n; a++) {
        sum += arm_text_bytes(in, &g->arm[a]);
    }
    return sum;
}

static size_t harvest_bytes(const struct inputs *in)
{
    return harvester_bytes(&in->lm->cfg, in->hook, (size_t)in->set.context,
                           (size_t)in->set.threads);
}

static size_t text_bytes(const struct run_shape *g)
{
    return lm_need_bytes(g->in->lm, LM_WHOLE) + harvest_bytes(g->in) +
           training_bytes(g) + evaluation_bytes(g);
}

/* Returns the bytes with held-out rows, a frozen copy, and codes of the arm that has
 * the most. */
static size_t shards_bytes(const struct run_shape *g)
{
    const size_t T = shards_facts(g->in->shards)->T,
                 rows = (size_t)g->in->set.eval_rows;
    size_t most = 0;
    for (size_t a = 0; a < g->n; a++) {
        const struct arm_shape *s = &g->arm[a];
        const size_t one =
            2 * s->need.numbers * sizeof(float) + codes_bytes(s, rows * T);
        most = one > most ? one : most;
    }
    return training_bytes(g) + acts_bench_bytes(rows, T, inputs_width(g->in)) + most;
}

static size_t arm_synth_bytes(const struct inputs *in, const struct arm_shape *arm)
{
    const struct synth_stream_config own = {
        .batch = (size_t)in->set.batch, .order_seed = settings_weights_seed(arm->set)};
    return synth_stream_bytes(synth_config_of(in->synth), &own) + arm->need.bytes;
}

/* Returns the bytes with the rows that are made, and the truth that they are compared
 * with. */
static size_t synth_bytes(const struct run_shape *g)
{
    const struct settings *set = &g->in->set;
    const struct synth *synth = g->in->synth;
    const struct synth_config *c = synth_config_of(synth);
    const size_t rows = (size_t)set->synth_eval_rows;
    size_t sum = (synth_features(synth) + rows) * c->D * sizeof(float) +
                 truth_set_bytes(synth, rows),
           most = 0;
    for (size_t a = 0; a < g->n; a++) {
        const struct arm_shape *s = &g->arm[a];
        const size_t codes = codes_bytes(s, rows);
        sum += arm_synth_bytes(g->in, &g->arm[a]);
        most = codes > most ? codes : most;
    }
    return sum + most;
}

size_t run_arm_bytes(const struct inputs *in, const struct arm_shape *a)
{
    return in->synth ? arm_synth_bytes(in, a) : arm_text_bytes(in, a);
}

size_t run_bytes(const struct run_shape *g)
{
    return PROCESS_BYTES + (g->in->synth    ? synth_bytes(g)
                            : g->in->shards ? shards_bytes(g)
                                            : text_bytes(g));
}

size_t run_engine_bytes(const struct run_shape *g)
{
    const struct inputs *in = g->in;
    return !in->lm ? run_bytes(g) - PROCESS_BYTES
                   : lm_need_bytes(in->lm, lm_hook_depth(in->hook)) +
                         2 * harvest_bytes(in) + training_bytes(g) + measuring_bytes(g);
}

size_t run_process_bytes(void)
{
    return PROCESS_BYTES;
}

size_t run_room(size_t own, size_t room)
{
    return own < SIZE_MAX - room ? own + room : SIZE_MAX;
}

enum err run_check_room(size_t n, size_t needed, size_t room, struct errinfo *e)
{
    return needed <= room
               ? OK
               : err_set(e, ERR_LIMIT,
                         "%zu arm%s need%s about %.0f MB, %.0f MB of memory are there: "
                         "take fewer arms or a smaller --width",
                         n, plural_s(n), n == 1 ? "s" : "", (double)needed / 1e6,
                         (double)room / 1e6);
}
