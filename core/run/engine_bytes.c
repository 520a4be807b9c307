/* The estimate of memory that is printed before a run. */
#include "base/str.h"
#include "num/logreg.h"
#include "run/engine_priv.h"

/* The program, its libraries and the text it has open, as measured on the bundled
 * sample: nothing of it depends on the run. */
#define PROCESS_BYTES ((size_t)14 << 20)

static bool same_masks(const struct arm *a, const struct arm *b)
{
    const double eps = 1e-12;
    const struct mask_schedule *x = &a->schedule, *y = &b->schedule;
    const double start = x->start - y->start, end = x->end - y->end;
    const bool mix = a->set.mask_positions == POSITIONS_MIX;
    return mix == (b->set.mask_positions == POSITIONS_MIX) && x->kind == y->kind &&
           start < eps && start > -eps &&
           (x->kind == MASK_CONSTANT || (end < eps && end > -eps));
}

/* Whether one of arms from..to-1 has the masks of arm a. */
static bool has_masks(const struct engine *g, size_t a, size_t from, size_t to)
{
    for (size_t b = from; b < to; b++) {
        if (same_masks(g->arm[a].arm, g->arm[b].arm)) {
            return true;
        }
    }
    return false;
}

size_t engine_maskings(const struct engine *g)
{
    size_t n = 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        n += !has_masks(g, a, 0, a);
    }
    return n;
}

/* Buffers of activations: one for each masking; while arms come to the next fill one
 * after the other, those that share one hold the old and the new, and the one let go of
 * last is kept. */
static size_t fills(const struct engine *g)
{
    size_t two = 0, most = 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        const bool first = !has_masks(g, a, 0, a);
        const bool last = !has_masks(g, a, a + 1, g->n_arms);
        two += first && !last;
        most = two > most ? two : most;
        two -= last && !first;
    }
    return engine_maskings(g) + most;
}

/* Number of codes in `rows` rows that are not zero. Without k, half of the latents are
 * active before the SAE has learnt. */
static size_t codes_count(const struct sae *s, size_t rows)
{
    const bool selects = (sae_arch_has(s->arch) & SAE_HAS_K) != 0;
    const double active = selects ? s->k : (double)s->F / 2;
    return (size_t)((double)rows * active);
}

/* Bytes of the codes of evaluated rows: by block, then joined, then by latent. */
static size_t codes_bytes(const struct sae *s, size_t rows)
{
    return 3 * codes_count(s, rows) * (sizeof(float) + sizeof(int32_t));
}

static size_t evaluation_bytes(const struct engine *g)
{
    const struct settings *s = &g->in->set;
    const size_t D = inputs_width(g->in), T = (size_t)s->context;
    struct eval_config c = eval_defaults();
    c.fidelity_rows = (size_t)s->eval_rows;
    c.concept_rows = (size_t)s->concept_rows;
    /* Words of concepts are a third of the text at most; probes are trained on a copy.
     */
    const size_t rows = c.concept_rows * T / 3;
    /* The larger of the probes that the set is made with and of an arm's evaluation
     * later. */
    size_t most = logreg_dense_bytes(D, g->in->concepts->n_probed, (size_t)s->threads);
    for (size_t a = 0; a < g->n_arms; a++) {
        const struct sae *sae = g->arm[a].arm->sae;
        /* A frozen copy, projections on every latent, and what a save turns round. */
        const size_t one =
            2 * sae->count * sizeof(float) + codes_bytes(sae, rows) +
            logreg_fit_bytes(rows, sae->F, codes_count(sae, rows), (size_t)s->threads) +
            g->in->concepts->n * sae->F * sizeof(float);
        most = one > most ? one : most;
    }
    return eval_set_bytes(&c, D, T) + rows * D * sizeof(float) + most;
}

/* Bytes of an arm's text that it does not share with other arms of the same masks. */
static size_t arm_text_bytes(const struct inputs *in, const struct arm *arm)
{
    struct stream_config sc = inputs_stream_config(in, &in->set);
    sc.mix = false;
    const struct stream_config own = inputs_stream_config(in, &arm->set);
    const size_t D = inputs_width(in);
    return stream_own_bytes(D, &sc) + sae_trainer_bytes(arm->trainer) +
           stream_bytes(arm->sae->D, &own) -
           stream_bytes(D, &sc); /* what it mixes from */
}

/* Buffers of activations and the arms. */
static size_t training_bytes(const struct engine *g)
{
    const struct inputs *in = g->in;
    struct stream_config sc = inputs_stream_config(in, &in->set);
    sc.mix = false;
    const size_t mine = stream_own_bytes(inputs_width(in), &sc);
    const size_t kept = stream_kept_bytes(&sc);
    const size_t fill = stream_bytes(inputs_width(in), &sc) - kept;
    size_t sum = fills(g) * (fill - mine) + kept;
    for (size_t a = 0; a < g->n_arms; a++) {
        sum += arm_text_bytes(in, g->arm[a].arm);
    }
    return sum;
}

static size_t text_bytes(const struct engine *g)
{
    const struct inputs *in = g->in;
    return lm_need_bytes(in->lm, LM_WHOLE) +
           harvester_bytes(&in->lm->cfg, in->hook, (size_t)in->set.context,
                           (size_t)in->set.threads) +
           training_bytes(g) + evaluation_bytes(g);
}

/* With held-out rows, a frozen copy, and codes of the arm that has the most. */
static size_t shards_bytes(const struct engine *g)
{
    const size_t T = shards_facts(g->in->shards)->T,
                 rows = (size_t)g->in->set.eval_rows;
    size_t most = 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        const struct sae *s = g->arm[a].arm->sae;
        const size_t one = 2 * s->count * sizeof(float) + codes_bytes(s, rows * T);
        most = one > most ? one : most;
    }
    return training_bytes(g) + acts_bench_bytes(rows, T, inputs_width(g->in)) + most;
}

static size_t arm_synth_bytes(const struct inputs *in, const struct arm *arm)
{
    const struct synth_stream_config own = {
        .batch = (size_t)in->set.batch, .order_seed = settings_weights_seed(&arm->set)};
    return synth_stream_bytes(synth_config_of(in->synth), &own) +
           sae_trainer_bytes(arm->trainer);
}

/* Rows that are made, and the truth that they are held against. */
static size_t synth_bytes(const struct engine *g)
{
    const struct settings *set = &g->in->set;
    const struct synth *synth = g->in->synth;
    const struct synth_config *c = synth_config_of(synth);
    const size_t rows = (size_t)set->synth_eval_rows;
    size_t sum = (synth_features(synth) + rows) * c->D * sizeof(float) +
                 truth_set_bytes(synth, rows),
           most = 0;
    for (size_t a = 0; a < g->n_arms; a++) {
        const struct sae *s = g->arm[a].arm->sae;
        const size_t codes = codes_bytes(s, rows);
        sum += arm_synth_bytes(g->in, g->arm[a].arm);
        most = codes > most ? codes : most;
    }
    return sum + most;
}

size_t engine_bytes_of(const struct engine *g, const struct arm *a)
{
    return g->in->synth ? arm_synth_bytes(g->in, a) : arm_text_bytes(g->in, a);
}

size_t engine_arm_bytes(const struct engine *g, size_t arm)
{
    return engine_bytes_of(g, g->arm[arm].arm);
}

size_t engine_bytes(const struct engine *g)
{
    return PROCESS_BYTES + (g->in->synth    ? synth_bytes(g)
                            : g->in->shards ? shards_bytes(g)
                                            : text_bytes(g));
}

size_t engine_room(size_t own, size_t room)
{
    return own < SIZE_MAX - room ? own + room : SIZE_MAX;
}

enum err engine_check_room(const struct engine *g, size_t room, struct errinfo *e)
{
    const size_t needed = engine_bytes(g);
    return needed <= room
               ? OK
               : err_set(e, ERR_LIMIT,
                         "%zu arm%s need%s about %.0f MB, %.0f MB of memory are there: "
                         "take fewer arms or a smaller --width",
                         g->n_arms, plural_s(g->n_arms), g->n_arms == 1 ? "s" : "",
                         (double)needed / 1e6, (double)room / 1e6);
}
