/* [threads] Every architecture's step: loss and gradients beside naive loops and finite
 * differences, in double; float beside double, both ways of computing entries, threads,
 * and identities. */
#include "sae_twin.h"

/* ---- cases ---- */

enum {
    GATE_ATTACHED = 1,
    KEEP_B_DEC = 2,
    ON_F = 4,
    PRE_ACT = 8,
    ROOT = 16,
    SUM = 32,
    PART = 64, /* a k that is not whole */
    STE = 128, /* ste_to_input */
    AUX = 256, /* by group */
};

static const struct {
    const char *arch;
    enum sae_decoder decoder;
    enum sae_jump_loss jump;
    double p;
    int flags;
} cases[] = {
    {"standard", SAE_DECODER_FREE, SAE_JUMP_STEP, 1, 0},
    {"standard", SAE_DECODER_UNIT, SAE_JUMP_STEP, 1, KEEP_B_DEC},
    {"standard", SAE_DECODER_FREE, SAE_JUMP_STEP, 2, ROOT},
    {"standard", SAE_DECODER_FREE, SAE_JUMP_STEP, 0.5, 0},
    {"p_anneal", SAE_DECODER_UNIT, SAE_JUMP_STEP, 0.7, 0},
    {"p_anneal", SAE_DECODER_FREE, SAE_JUMP_STEP, 0.4, ROOT},
    {"tied", SAE_DECODER_UNIT, SAE_JUMP_STEP, 1, 0},
    {"tied", SAE_DECODER_FREE, SAE_JUMP_STEP, 1, 0},
    {"gated", SAE_DECODER_UNIT, SAE_JUMP_STEP, 1, 0},
    {"gated", SAE_DECODER_FREE, SAE_JUMP_STEP, 1, GATE_ATTACHED},
    {"gated", SAE_DECODER_FREE, SAE_JUMP_STEP, 1, KEEP_B_DEC},
    {"jumprelu", SAE_DECODER_UNIT, SAE_JUMP_STEP, 1, PRE_ACT},
    {"jumprelu", SAE_DECODER_FREE, SAE_JUMP_TANH, 1, PRE_ACT},
    {"jumprelu", SAE_DECODER_FREE, SAE_JUMP_TANH, 1, 0},
    {"jumprelu", SAE_DECODER_UNIT, SAE_JUMP_QUADRATIC, 1, KEEP_B_DEC},
    {"jumprelu", SAE_DECODER_UNIT, SAE_JUMP_QUADRATIC, 1, ON_F},
    {"jumprelu", SAE_DECODER_FREE, SAE_JUMP_QUADRATIC_ROWS, 1, 0},
    {"jumprelu", SAE_DECODER_UNIT, SAE_JUMP_STEP, 1, STE | KEEP_B_DEC},
    {"jumprelu", SAE_DECODER_FREE, SAE_JUMP_TANH, 1, STE | PRE_ACT},
    {"jumprelu", SAE_DECODER_FREE, SAE_JUMP_QUADRATIC_ROWS, 1, STE},
    {"matryoshka", SAE_DECODER_UNIT, SAE_JUMP_STEP, 1, 0},
    {"matryoshka", SAE_DECODER_FREE, SAE_JUMP_STEP, 1, SUM},
    {"matryoshka", SAE_DECODER_UNIT, SAE_JUMP_STEP, 1, PART},
    {"matryoshka", SAE_DECODER_FREE, SAE_JUMP_STEP, 1, SUM | AUX},
    {"batchtopk", SAE_DECODER_FREE, SAE_JUMP_STEP, 1, KEEP_B_DEC | PART},
    {"topk", SAE_DECODER_FREE, SAE_JUMP_STEP, 1, 0},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static bool is_arch(const struct problem *p, const char *name)
{
    return strcmp(p->arch->name, name) == 0;
}

/* Dead latents of groups: one in the first, none in the second, more than AuxK uses in
 * the last. */
static void dead_by_group(struct problem *p)
{
    p->hyper.aux_form = SAE_AUX_SCALED;
    p->hyper.aux_by_group = true;
    p->hyper.aux_k = 2;
    p->now.aux_coef = 0.7;
    for (size_t j = 1; j < p->F; j++) {
        if (j == 1 || (j >= p->hyper.width[1] && j % 3 == 0)) {
            p->dead[p->now.n_dead++] = (int32_t)j;
        }
    }
}

static struct problem case_make(size_t c, size_t D, size_t F, double k, size_t B,
                                uint64_t seed)
{
    const int flags = cases[c].flags;
    k += (flags & PART) != 0 ? 0.3 : 0;
    struct problem p = problem_make(cases[c].arch, D, F, k, B, false, seed);
    struct errinfo e;
    p.hyper.decoder = cases[c].decoder;
    p.hyper.apply_b_dec = (flags & KEEP_B_DEC) == 0;
    p.hyper.lp_root = (flags & ROOT) != 0;
    p.hyper.gated_detach = (flags & GATE_ATTACHED) == 0;
    p.hyper.jump_loss = cases[c].jump;
    p.hyper.jump_on_f = (flags & ON_F) != 0;
    p.hyper.ste_to_input = (flags & STE) != 0;
    p.hyper.bandwidth = 0.4;
    p.hyper.tanh_scale = 2;
    p.hyper.target_l0 = 3;
    p.hyper.pre_act = (flags & PRE_ACT) != 0 ? 0.3 : 0;
    p.now.coef = 0.35;
    p.now.p = cases[c].p;
    p.now.next_p = is_arch(&p, "p_anneal") ? 0.3 : 0;
    if (is_arch(&p, "matryoshka")) {
        const char *weights = (flags & SUM) != 0 ? "" : "0.5,1,2";
        assert_ok(sae_groups_parse("0.2,0.3,0.5", weights, (flags & SUM) == 0, F,
                                   &p.hyper, &e),
                  &e);
    }
    if ((flags & AUX) != 0) {
        dead_by_group(&p);
    }
    if (is_arch(&p, "jumprelu")) {
        for (size_t j = 0; j < F; j++) {
            p.w.extra[j] = 0.05 + fabs(p.w.extra[j]);
            if ((flags & PRE_ACT) != 0 && j % 3 == 0) {
                p.dead[p.now.n_dead++] = (int32_t)j;
            }
        }
    }
    for (size_t j = 0; p.hyper.decoder == SAE_DECODER_FREE && j < F * D; j++) {
        p.w.W_dec[j] *= 0.5 + 0.2 * (double)(j / D % 5);
    }
    if (p.arch->tied) {
        memcpy(p.w.W_enc, p.w.W_dec, F * D * sizeof(double));
    }
    return p;
}

/* ---- the naive twin: the loss, in loops ---- */

/* h, the norms and the activations of all entries. */
struct naive {
    double *h, *n, *f;
};

static double naive_gate(const struct problem *p, const struct naive *t, size_t i)
{
    (void)p;
    return fmax(t->h[i], 0);
}

static void naive_activate(const struct problem *p, struct naive *t)
{
    const size_t F = p->F, entries = p->B * F;
    double *scaled = numbers(entries);
    for (size_t i = 0; i < entries; i++) {
        const size_t j = i % F;
        const double h = t->h[i];
        if (is_arch(p, "gated")) {
            const double mag =
                (h - p->w.b_enc[j]) * exp(p->w.extra[j]) + p->w.extra[F + j];
            t->f[i] = h > 0 ? fmax(mag, 0) : 0;
        } else if (is_arch(p, "jumprelu")) {
            t->f[i] = h > p->w.extra[j] ? h : 0;
        } else {
            t->f[i] = fmax(h, 0);
        }
        scaled[i] = h * t->n[j];
    }
    if ((p->arch->has & SAE_HAS_K) != 0) { /* the greatest of h n, as h */
        if (p->arch->collects_batch) {
            dense_top(scaled, NULL, entries, (size_t)round(p->k * (double)p->B), t->f);
        }
        for (size_t b = 0; b < p->B && !p->arch->collects_batch; b++) {
            dense_top(scaled + b * F, NULL, F, (size_t)p->k, t->f + b * F);
        }
        for (size_t i = 0; i < entries; i++) {
            t->f[i] /= t->n[i % F];
        }
    }
    mem_free(scaled);
}

static struct naive naive_make(const struct problem *p)
{
    const size_t D = p->D, F = p->F;
    struct naive t = {numbers(p->B * F), numbers(F), numbers(p->B * F)};
    const double *W_enc = p->arch->tied ? p->w.W_dec : p->w.W_enc;
    for (size_t j = 0; j < F; j++) {
        double sum = 0;
        for (size_t d = 0; d < D; d++) {
            sum += p->w.W_dec[j * D + d] * p->w.W_dec[j * D + d];
        }
        t.n[j] = p->hyper.decoder == SAE_DECODER_FREE ? sqrt(sum) : 1;
    }
    for (size_t b = 0; b < p->B; b++) {
        for (size_t j = 0; j < F; j++) {
            double h = p->w.b_enc[j];
            for (size_t d = 0; d < D; d++) {
                const double off = p->hyper.apply_b_dec ? p->w.b_dec[d] : 0;
                h += (p->x[b * D + d] - off) * W_enc[j * D + d];
            }
            t.h[b * F + j] = h;
        }
    }
    naive_activate(p, &t);
    return t;
}

static void naive_drop(struct naive *t)
{
    mem_free(t->h);
    mem_free(t->n);
    mem_free(t->f);
}

/* ||decode of the latents below `width` of row b - x||^2 with a decoder given. */
static double naive_error(const struct problem *p, size_t b, const double *acts,
                          const double *W_dec, const double *b_dec, size_t width)
{
    double sum = 0;
    for (size_t d = 0; d < p->D; d++) {
        double off = b_dec[d] - p->x[b * p->D + d];
        for (size_t j = 0; j < width; j++) {
            off += acts[b * p->F + j] * W_dec[j * p->D + d];
        }
        sum += off * off;
    }
    return sum;
}

static double naive_row_l0(const struct problem *p, const struct naive *t, size_t b)
{
    double n = 0;
    for (size_t j = 0; j < p->F; j++) {
        n += t->f[b * p->F + j] > 0;
    }
    return n;
}

/* The penalty of row b, unweighted. */
static double naive_penalty(const struct problem *p, const struct naive *t, size_t b)
{
    const double *f = t->f + b * p->F;
    double sum = 0;
    if (is_arch(p, "jumprelu")) {
        const double l0 = naive_row_l0(p, t, b), target = p->hyper.target_l0;
        for (size_t j = 0; j < p->F; j++) {
            sum += tanh(p->hyper.tanh_scale * f[j] * t->n[j]);
        }
        return p->hyper.jump_loss == SAE_JUMP_TANH ? sum
               : p->hyper.jump_loss == SAE_JUMP_QUADRATIC_ROWS
                   ? 2 / target * (l0 - target) * (l0 - target)
                   : l0;
    }
    for (size_t j = 0; j < p->F; j++) {
        const double a = is_arch(p, "gated") ? naive_gate(p, t, b * p->F + j) : f[j];
        sum += a > 0 ? pow(a * t->n[j], p->now.p) : 0;
    }
    return p->hyper.lp_root ? pow(sum, 1 / p->now.p) : sum;
}

static double naive_pre_act(const struct problem *p, const struct naive *t)
{
    double sum = 0;
    for (size_t i = 0; i < p->now.n_dead; i++) {
        const size_t j = (size_t)p->now.dead[i];
        for (size_t b = 0; b < p->B; b++) {
            sum += fmax(p->w.extra[j] - t->h[b * p->F + j], 0) * t->n[j];
        }
    }
    return p->hyper.pre_act * sum / (double)p->B;
}

/* ||ehat - e||^2 of row b for the dead latents from `from` to `to`: of n latents the k
 * with the greatest h n; e is what the first `to` latents of `still` leave. */
static double naive_aux_row(const struct problem *p, const struct naive *t,
                            const struct naive *still, const double *W_dec,
                            const double *b_dec, size_t b, size_t from, size_t to)
{
    const size_t D = p->D, n = p->now.n_dead;
    const double *h = t->h + b * p->F;
    double *off = numbers(D), sum = 0;
    for (size_t d = 0; d < D; d++) {
        off[d] = b_dec[d] - p->x[b * D + d];
        for (size_t j = 0; j < to; j++) {
            off[d] += still->f[b * p->F + j] * W_dec[j * D + d];
        }
    }
    for (size_t i = 0; i < n; i++) {
        const size_t j = (size_t)p->now.dead[i];
        size_t greater = 0;
        for (size_t o = 0; o < n; o++) {
            const size_t other = (size_t)p->now.dead[o];
            greater +=
                other >= from && other < to && h[other] * t->n[other] > h[j] * t->n[j];
        }
        for (size_t d = 0; d < D && j >= from && j < to && greater < p->hyper.aux_k;
             d++) {
            off[d] += h[j] * p->w.W_dec[j * D + d];
        }
    }
    for (size_t d = 0; d < D; d++) {
        sum += off[d] * off[d];
    }
    mem_free(off);
    return sum;
}

/* SAELens' use_matryoshka_aux_loss. */
static double naive_aux(const struct problem *p, const struct naive *t,
                        const struct sae_params_f64 *still)
{
    struct problem q = *p;
    q.w = *still;
    struct naive was = naive_make(&q);
    double loss = 0;
    size_t from = 0;
    for (size_t g = 0; g < p->hyper.groups; g++) {
        const size_t to = p->hyper.width[g];
        double n = 0, sum = 0;
        for (size_t i = 0; i < p->now.n_dead; i++) {
            n += (size_t)p->now.dead[i] >= from && (size_t)p->now.dead[i] < to;
        }
        for (size_t b = 0; b < p->B && n > 0; b++) {
            sum += naive_aux_row(p, t, &was, still->W_dec, still->b_dec, b, from, to);
        }
        loss += fmin(n / (double)(p->D / 2), 1) * sum / (double)p->B;
        from = to;
    }
    naive_drop(&was);
    return p->now.aux_coef * loss;
}

/* The loss; what is detached is taken from `still`. */
static double naive_loss(const struct problem *p, const struct sae_params_f64 *still)
{
    const size_t F = p->F;
    const double B = (double)p->B;
    struct naive t = naive_make(p);
    double loss = 0, penalty = 0, l0 = 0;
    double *gate = numbers(p->B * F);
    for (size_t i = 0; i < p->B * F; i++) {
        gate[i] = naive_gate(p, &t, i);
    }
    const struct sae_params_f64 *own = p->hyper.gated_detach ? still : &p->w;
    for (size_t b = 0; b < p->B; b++) {
        penalty += naive_penalty(p, &t, b) / B;
        l0 += naive_row_l0(p, &t, b) / B;
        for (size_t g = 0; g < p->hyper.groups; g++) {
            loss += p->hyper.weight[g] *
                    naive_error(p, b, t.f, p->w.W_dec, p->w.b_dec, p->hyper.width[g]) /
                    B;
        }
        if (p->hyper.groups == 0) {
            loss += naive_error(p, b, t.f, p->w.W_dec, p->w.b_dec, F) / B;
        }
        if (is_arch(p, "gated")) {
            loss += naive_error(p, b, gate, own->W_dec, own->b_dec, F) / B;
        }
    }
    if (p->hyper.aux_by_group) {
        loss += naive_aux(p, &t, still);
    }
    const double off = l0 / p->hyper.target_l0 - 1;
    if ((p->arch->has & SAE_HAS_K) == 0) {
        loss += p->now.coef *
                (p->hyper.jump_loss == SAE_JUMP_QUADRATIC ? off * off : penalty);
        loss += naive_pre_act(p, &t);
    }
    mem_free(gate);
    naive_drop(&t);
    return loss;
}

/* Gradient of z with ste_to_input: each entry's gradient at theta, with its sign
 * changed, goes on through the encoder. */
static void naive_to_input(const struct problem *p, size_t b, size_t j, double dz,
                           struct sae_params_f64 *g)
{
    const size_t D = p->D;
    for (size_t d = 0; d < D && p->hyper.ste_to_input; d++) {
        const double off = p->hyper.apply_b_dec ? p->w.b_dec[d] : 0;
        g->W_enc[j * D + d] += dz * (p->x[b * D + d] - off);
        g->b_dec[d] -= p->hyper.apply_b_dec ? dz * p->w.W_enc[j * D + d] : 0;
    }
    g->b_enc[j] += p->hyper.ste_to_input ? dz : 0;
}

/* JumpReLU's straight-through gradients, by their definition: at theta to `out`, at the
 * pre-activations on top of g. */
static void naive_theta(const struct problem *p, double *out, struct sae_params_f64 *g)
{
    const size_t F = p->F, D = p->D;
    const double B = (double)p->B, eps = p->hyper.bandwidth, coef = p->now.coef;
    const double target = p->hyper.target_l0, c = p->hyper.tanh_scale;
    struct naive t = naive_make(p);
    double l0 = 0;
    for (size_t b = 0; b < p->B; b++) {
        l0 += naive_row_l0(p, &t, b) / B;
    }
    memset(out, 0, F * sizeof *out);
    for (size_t b = 0; b < p->B; b++) {
        for (size_t j = 0; j < F; j++) {
            const double z = t.h[b * F + j], f = t.f[b * F + j], theta = p->w.extra[j];
            double df = 0, dH = 0; /* derivatives of the loss by f and by H */
            for (size_t d = 0; d < D; d++) {
                double err = p->w.b_dec[d] - p->x[b * D + d];
                for (size_t i = 0; i < F; i++) {
                    err += t.f[b * F + i] * p->w.W_dec[i * D + d];
                }
                df += 2 / B * err * p->w.W_dec[j * D + d];
            }
            switch (p->hyper.jump_loss) {
            case SAE_JUMP_TANH: {
                const double th = tanh(c * f * t.n[j]);
                df += coef / B * c * t.n[j] * (1 - th * th);
                break;
            }
            case SAE_JUMP_STEP: dH = coef / B; break;
            case SAE_JUMP_QUADRATIC:
                dH = coef * 2 * (l0 / target - 1) / target / B;
                break;
            case SAE_JUMP_QUADRATIC_ROWS:
                dH = coef * 4 / target * (naive_row_l0(p, &t, b) - target) / B;
                break;
            }
            const double seen = p->hyper.jump_on_f ? f : z;
            const double of_f = fabs((z - theta) / eps) < 0.5 ? theta / eps * df : 0;
            const double of_h = fabs((seen - theta) / eps) < 0.5 ? dH / eps : 0;
            out[j] -= of_f + of_h;
            naive_to_input(p, b, j, of_f + of_h, g);
        }
    }
    for (size_t i = 0; i < p->now.n_dead; i++) {
        const size_t j = (size_t)p->now.dead[i];
        for (size_t b = 0; b < p->B; b++) {
            out[j] +=
                t.h[b * F + j] < p->w.extra[j] ? p->hyper.pre_act * t.n[j] / B : 0;
        }
    }
    naive_drop(&t);
}

/* ---- the fast step ---- */

static struct sae_loss fast(const struct problem *p, enum sae_path path, double *grad)
{
    struct errinfo e;
    struct sae_step_f64 *s;
    struct sae_loss loss;
    struct sae_params_f64 g = sae_params_at_f64(p->arch, p->D, p->F, grad);
    assert_ok(sae_step_new_f64(p->arch, p->D, p->F, &p->hyper, p->B, &s, &e), &e);
    s->path = path;
    assert_ok(sae_step_grad_f64(s, &p->w, p->x, &p->now, NULL, &g, &loss, &e), &e);
    sae_step_free_f64(s);
    return loss;
}

static void close_to(size_t c, const char *what, const double *a, const double *b,
                     size_t n, double tolerance)
{
    double scale = 1e-9;
    for (size_t i = 0; i < n; i++) {
        scale = fmax(scale, fmax(fabs(a[i]), fabs(b[i])));
    }
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(a[i] - b[i]) <= tolerance * scale)) {
            fail_msg("case %zu (%s), %s at %zu: %.12g and %.12g, of up to %g", c,
                     cases[c].arch, what, i, a[i], b[i], scale);
        }
    }
}

/* ---- tests ---- */

static void check_differences(size_t c, enum sae_path path, uint64_t seed)
{
    struct problem p = case_make(c, 5, 20, 3, 9, seed);
    const size_t matrix = p.F * p.D;
    double *grad = numbers(p.count), *numeric = numbers(p.count);
    double *was = numbers(p.count), *theta = numbers(p.F);
    memcpy(was, p.arena, p.count * sizeof *was);
    const struct sae_params_f64 still = sae_params_at_f64(p.arch, p.D, p.F, was);
    const struct sae_loss loss = fast(&p, path, grad);
    const double here = naive_loss(&p, &still);
    close_to(c, "loss", &loss.loss, &here, 1, 1e-12);
    for (size_t i = 0; i < p.count; i++) {
        const double h = 1e-6;
        p.arena[i] = was[i] + h;
        const double up = naive_loss(&p, &still);
        p.arena[i] = was[i] - h;
        numeric[i] = (up - naive_loss(&p, &still)) / (2 * h);
        p.arena[i] = was[i];
    }
    if (is_arch(&p, "jumprelu")) { /* not the derivative, which is 0 */
        struct sae_params_f64 g = sae_params_at_f64(p.arch, p.D, p.F, numeric);
        naive_theta(&p, theta, &g);
        memcpy(numeric + p.count - p.F, theta, p.F * sizeof *theta);
    }
    close_to(c, "W_enc", grad, numeric, matrix, 1e-6);
    close_to(c, "W_dec", grad + matrix, numeric + matrix, matrix, 1e-6);
    close_to(c, "vectors", grad + 2 * matrix, numeric + 2 * matrix,
             p.count - 2 * matrix, 1e-6);
    mem_free(grad);
    mem_free(numeric);
    mem_free(was);
    mem_free(theta);
    problem_drop(&p);
}

static void finite_differences(void **state)
{
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            check_differences(c, SAE_PATH_SPARSE, seed);
            check_differences(c, SAE_PATH_DENSE, seed);
        }
    }
}

/* Larger, over several blocks; few entries active, so that lists have room. */
static void lists_and_products_agree(void **state)
{
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        struct problem p = case_make(c, 16, 300, 7, 600, 5);
        double *a = numbers(p.count), *b = numbers(p.count);
        for (size_t j = 0; j < p.F; j++) {
            p.w.b_enc[j] -= 3;
        }
        const struct sae_loss la = fast(&p, SAE_PATH_SPARSE, a);
        const struct sae_loss lb = fast(&p, SAE_PATH_DENSE, b);
        assert_true(la.l0 > 0.5 && la.l0 < 60);
        close_to(c, "loss", &la.loss, &lb.loss, 1, 1e-12);
        close_to(c, "l0", &la.l0, &lb.l0, 1, 1e-12);
        close_to(c, "next penalty", &la.next_penalty, &lb.next_penalty, 1, 1e-12);
        close_to(c, "gradients", a, b, p.count, 1e-10);
        mem_free(a);
        mem_free(b);
        problem_drop(&p);
    }
}

/* Without room for the lists a step goes the dense way, and the next one by what it
 * found. */
static void full_lists_go_dense(void **state)
{
    (void)state;
    struct errinfo e;
    struct problem p = case_make(0, 8, 64, 3, 300, 6);
    double *a = numbers(p.count), *b = numbers(p.count);
    struct sae_params_f64 g = sae_params_at_f64(p.arch, p.D, p.F, a);
    struct sae_step_f64 *s;
    struct sae_loss loss;
    assert_ok(sae_step_new_f64(p.arch, p.D, p.F, &p.hyper, p.B, &s, &e), &e);
    s->path = SAE_PATH_SPARSE;
    assert_ok(sae_step_grad_f64(s, &p.w, p.x, &p.now, NULL, &g, &loss, &e), &e);
    assert_true(s->is_dense && loss.l0 > 16);
    fast(&p, SAE_PATH_DENSE, b);
    assert_memory_equal(a, b, p.count * sizeof *a);
    s->path = SAE_PATH_AUTO;
    for (size_t j = 0; j < p.F; j++) {
        p.w.b_enc[j] -= 5;
    }
    for (int step = 0; step < 2; step++) {
        assert_int_equal(s->density > 0.2, step == 0);
        assert_ok(sae_step_grad_f64(s, &p.w, p.x, &p.now, NULL, &g, &loss, &e), &e);
        assert_int_equal(s->is_dense, step == 0);
    }
    sae_step_free_f64(s);
    mem_free(a);
    mem_free(b);
    problem_drop(&p);
}

/* The float gradient on `threads` threads. */
static float *float_grad(const struct problem *p, enum sae_path path, size_t threads,
                         struct sae_loss *loss)
{
    struct errinfo e;
    struct sae_step_f32 *s;
    struct pool *pool = NULL;
    float *arena = mem_alloc(2 * p->count + p->B * p->D, sizeof *arena);
    float *grad = mem_alloc(p->count, sizeof *grad);
    assert_non_null(arena);
    assert_non_null(grad);
    float *x = arena + p->count;
    for (size_t i = 0; i < p->count; i++) {
        arena[i] = (float)p->arena[i];
    }
    for (size_t i = 0; i < p->B * p->D; i++) {
        x[i] = (float)p->x[i];
    }
    struct sae_params_f32 w = sae_params_at_f32(p->arch, p->D, p->F, arena);
    struct sae_params_f32 g = sae_params_at_f32(p->arch, p->D, p->F, grad);
    assert_ok(pool_new(threads, &pool, &e), &e);
    assert_ok(sae_step_new_f32(p->arch, p->D, p->F, &p->hyper, p->B, &s, &e), &e);
    s->path = path;
    assert_ok(sae_step_grad_f32(s, &w, x, &p->now, pool, &g, loss, &e), &e);
    sae_step_free_f32(s);
    pool_free(pool);
    mem_free(arena);
    return grad;
}

static void float_and_double(void **state)
{
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        struct problem p = case_make(c, 24, 150, 6, 400, 11);
        double *exact = numbers(p.count), *wide = numbers(p.count);
        for (size_t i = 0; i < p.count; i++) {
            p.arena[i] = (double)(float)p.arena[i];
        }
        for (size_t i = 0; i < p.B * p.D; i++) {
            p.x[i] = (double)(float)p.x[i];
        }
        const enum sae_path path = c % 2 == 0 ? SAE_PATH_SPARSE : SAE_PATH_DENSE;
        struct sae_loss loss;
        const struct sae_loss want = fast(&p, path, exact);
        float *grad = float_grad(&p, path, 1, &loss);
        for (size_t i = 0; i < p.count; i++) {
            wide[i] = (double)grad[i];
        }
        close_to(c, "loss", &loss.loss, &want.loss, 1, 1e-5);
        /* An entry at the edge of a window may fall to the other side, and f^(p - 1) of
         * a small f is very sensitive. */
        const bool is_edgy = is_arch(&p, "jumprelu") || p.now.p < 1;
        close_to(c, "gradients", wide, exact, p.count, is_edgy ? 5e-3 : 1e-4);
        mem_free(exact);
        mem_free(wide);
        mem_free(grad);
        problem_drop(&p);
    }
}

static void threads_agree(void **state)
{
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        struct problem p = case_make(c, 16, 300, 7, 700, 13);
        for (size_t j = 0; j < p.F; j++) {
            p.w.b_enc[j] -= c % 2 == 0 ? 3 : 0;
        }
        struct sae_loss one, many;
        float *a = float_grad(&p, SAE_PATH_SPARSE, 1, &one);
        for (size_t threads = 2; threads <= 3; threads++) {
            float *b = float_grad(&p, SAE_PATH_SPARSE, threads, &many);
            assert_memory_equal(a, b, p.count * sizeof *a);
            assert_memory_equal(&one, &many, sizeof one);
            mem_free(b);
        }
        mem_free(a);
        problem_drop(&p);
    }
}

static void permutation_leaves_loss(void **state)
{
    (void)state;
    for (size_t c = 0; c < CASES; c++) {
        struct problem p = case_make(c, 10, 48, 4, 60, 5);
        struct problem q = case_make(c, 10, 48, 4, 60, 5);
        double *g = numbers(p.count);
        const size_t n = p.count - 2 * 480 - 48 - 10;
        uint32_t to[48];
        for (uint32_t j = 0; j < 48; j++) {
            to[j] = j;
        }
        struct rng r = rng_begin(9, RNG_SAMPLE, 1);
        /* With prefixes only latents of one group may change places. */
        rng_permute(&r, to, p.hyper.groups > 0 ? p.hyper.width[0] : 48);
        for (size_t j = 0; j < 48; j++) {
            memcpy(q.w.W_enc + to[j] * 10, p.w.W_enc + j * 10, 10 * sizeof(double));
            memcpy(q.w.W_dec + to[j] * 10, p.w.W_dec + j * 10, 10 * sizeof(double));
            q.w.b_enc[to[j]] = p.w.b_enc[j];
            for (size_t i = j; i < n; i += 48) {
                q.w.extra[i - j + to[j]] = p.w.extra[i];
            }
        }
        size_t dead = 0;
        bool is_dead[48] = {false};
        for (size_t i = 0; i < p.now.n_dead; i++) {
            is_dead[to[p.now.dead[i]]] = true;
        }
        for (size_t j = 0; j < 48; j++) {
            if (is_dead[j]) {
                q.dead[dead++] = (int32_t)j;
            }
        }
        const struct sae_loss lp = fast(&p, SAE_PATH_SPARSE, g);
        const struct sae_loss lq = fast(&q, SAE_PATH_SPARSE, g);
        close_to(c, "loss", &lp.loss, &lq.loss, 1, 1e-12);
        mem_free(g);
        problem_drop(&p);
        problem_drop(&q);
    }
}

static void one_group_is_batchtopk(void **state)
{
    (void)state;
    struct problem p = problem_make("batchtopk", 12, 60, 5, 300, true, 3);
    double *a = numbers(p.count), *b = numbers(p.count);
    const struct sae_loss la = fast(&p, SAE_PATH_AUTO, a);
    p.arch = sae_arch_find("matryoshka");
    p.hyper.groups = 1;
    p.hyper.width[0] = 60;
    p.hyper.weight[0] = 1;
    const struct sae_loss lb = fast(&p, SAE_PATH_AUTO, b);
    assert_true(fabs(la.loss - lb.loss) < 1e-13 * la.loss && la.aux > 0);
    assert_memory_equal(a, b, p.count * sizeof *a);
    mem_free(a);
    mem_free(b);
    problem_drop(&p);
}

/* Tied matrices stay equal, thresholds stay at 0 or above. */
static void updates_keep_their_promises(void **state)
{
    (void)state;
    static const char *const names[] = {"tied", "jumprelu"};
    for (size_t i = 0; i < 2; i++) {
        struct errinfo e;
        size_t c = 0;
        while (strcmp(cases[c].arch, names[i]) != 0) {
            c++;
        }
        struct problem p = case_make(c, 8, 40, 3, 50, 4);
        struct sae_params_f64 part[3];
        double *arena[3];
        struct sae_step_f64 *s;
        struct sae_loss loss;
        for (size_t a = 0; a < 3; a++) {
            arena[a] = numbers(p.count);
            part[a] = sae_params_at_f64(p.arch, p.D, p.F, arena[a]);
        }
        assert_ok(sae_step_new_f64(p.arch, p.D, p.F, &p.hyper, p.B, &s, &e), &e);
        for (int64_t step = 1; step <= 5; step++) {
            const struct adam adam = adam_factors(0.2, 0.9, 0.999, 1e-8, 0, 1, step);
            assert_ok(
                sae_step_grad_f64(s, &p.w, p.x, &p.now, NULL, &part[0], &loss, &e), &e);
            (void)sae_step_project_f64(s, &p.w, &part[0], NULL);
            sae_step_adam_f64(s, &adam, &part[0], &p.w, &part[1], &part[2], NULL);
        }
        size_t at_zero = 0;
        for (size_t j = 0; i == 1 && j < p.F; j++) {
            assert_true(p.w.extra[j] >= 0);
            at_zero += p.w.extra[j] > 0 ? 0 : 1;
        }
        if (i == 0) {
            assert_memory_equal(p.w.W_enc, p.w.W_dec, p.F * p.D * sizeof(double));
        } else {
            assert_true(at_zero > 0 && at_zero < p.F);
        }
        for (size_t a = 0; a < 3; a++) {
            mem_free(arena[a]);
        }
        sae_step_free_f64(s);
        problem_drop(&p);
    }
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finite_differences),
        cmocka_unit_test(lists_and_products_agree),
        cmocka_unit_test(full_lists_go_dense),
        cmocka_unit_test(float_and_double),
        cmocka_unit_test(threads_agree),
        cmocka_unit_test(permutation_leaves_loss),
        cmocka_unit_test(one_group_is_batchtopk),
        cmocka_unit_test(updates_keep_their_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
