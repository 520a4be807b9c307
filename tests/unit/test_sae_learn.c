/* The trainer learns a known dictionary, in every architecture, and revives what died.
 */
#include "num/blas.h"
#include "unit/sae_world.h"

/* Mean over true directions of the best cosine among decoder rows. */
static double best_cosine(const struct sae *s, const struct world *w)
{
    double sum = 0;
    for (size_t i = 0; i < w->n; i++) {
        double best = 0;
        for (size_t j = 0; j < s->F; j++) {
            double cosine = 0;
            for (size_t d = 0; d < w->D; d++) {
                cosine +=
                    (double)w->direction[i * w->D + d] * (double)s->W_dec[j * w->D + d];
            }
            best = fmax(best, cosine);
        }
        sum += best;
    }
    return sum / (double)w->n;
}

static void learns(const char *arch, size_t k)
{
    struct errinfo e;
    struct world w = world_make(32, 48, 8192, 3, 5);
    struct sae *s = sae_make(arch, 32, 64, (double)k, 1);
    assert_ok(sae_init_bias(s, w.x, 1024, &e), &e);
    struct sae_trainer *t = trainer_make(s, 1500, 512);
    const struct sae_step_info first = run(t, &w, 512, 1, NULL);
    const struct sae_step_info last = run(t, &w, 512, 1499, NULL);
    assert_true(last.loss < 0.1 * first.loss);
    assert_true(last.explained_variance > 0.9);
    assert_true(last.l0 <= (double)k + 1e-9);
    const double cosine = best_cosine(s, &w);
    if (cosine < 0.97) {
        fail_msg("%s: mean best cosine %.3f", arch, cosine);
    }
    for (size_t j = 0; j < s->F; j++) {
        double n = 0;
        for (size_t d = 0; d < s->D; d++) {
            n += (double)s->W_dec[j * s->D + d] * (double)s->W_dec[j * s->D + d];
        }
        assert_true(fabs(n - 1) < 1e-5);
    }
    sae_trainer_free(t);
    sae_free(s);
    world_drop(&w);
}

static void learns_topk(void **state)
{
    (void)state;
    learns("topk", 5); /* about 3 directions are on, at times more */
}

static void learns_batchtopk(void **state)
{
    (void)state;
    learns("batchtopk", 3);
}

/* Architectures with a penalty find the directions too, with few latents active. */
static void learns_with_penalties(void **state)
{
    (void)state;
    static const struct {
        const char *arch;
        double coef;
        enum sae_jump_loss jump;
    } cases[] = {
        {"standard", 0.3, SAE_JUMP_STEP},      {"gated", 1.0, SAE_JUMP_STEP},
        {"p_anneal", 0.2, SAE_JUMP_STEP},      {"tied", 0.3, SAE_JUMP_STEP},
        {"jumprelu", 0.2, SAE_JUMP_TANH},      {"jumprelu", 0.2, SAE_JUMP_STEP},
        {"jumprelu", 3.0, SAE_JUMP_QUADRATIC},
    };
    struct world w = world_make(32, 48, 8192, 3, 5);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errinfo e;
        struct sae *s = sae_make(cases[i].arch, 32, 64, 4, 1);
        struct sae_trainer *t;
        struct sae_train_config c = sae_train_defaults_of(s->arch, 800);
        assert_ok(sae_init_bias(s, w.x, 1024, &e), &e);
        c.lr = 5e-3;
        c.hyper.coef = cases[i].coef;
        c.hyper.jump_loss = cases[i].jump;
        c.hyper.bandwidth = 0.5;
        c.hyper.target_l0 = 4;
        assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
        const struct sae_step_info last = run(t, &w, 256, 800, NULL);
        sae_fold(s);
        const double cosine = best_cosine(s, &w);
        if (cosine < 0.9 || last.l0 > 12 || last.explained_variance < 0.8) {
            fail_msg("%s %d: cosine %.3f, L0 %.2f, explained %.3f", cases[i].arch,
                     (int)cases[i].jump, cosine, last.l0, last.explained_variance);
        }
        sae_trainer_free(t);
        sae_free(s);
    }
    world_drop(&w);
}

/* Without AuxK more latents stay dead. */
static void auxk_revives(void **state)
{
    (void)state;
    struct world w = world_make(24, 64, 4096, 4, 6);
    double dead[2];
    for (int i = 0; i < 2; i++) {
        struct errinfo e;
        struct sae *s = sae_make("topk", 24, 96, 2, 3);
        /* A bias that keeps half of them silent. */
        for (size_t j = 0; j < 48; j++) {
            s->b_enc[j] = -1.0f;
        }
        struct sae_train_config c = sae_train_defaults(400);
        struct sae_trainer *t;
        c.dead_after = 20;
        c.aux_coef = i == 0 ? 0.0 : 1.0 / 32;
        assert_ok(sae_trainer_new(s, &c, 256, &t, &e), &e);
        dead[i] = run(t, &w, 256, 400, NULL).dead_fraction;
        sae_trainer_free(t);
        sae_free(s);
    }
    assert_true(dead[0] > 0.2);
    assert_true(dead[1] < 0.5 * dead[0]);
    world_drop(&w);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_topk),
        cmocka_unit_test(learns_batchtopk),
        cmocka_unit_test(learns_with_penalties),
        cmocka_unit_test(auxk_revives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
