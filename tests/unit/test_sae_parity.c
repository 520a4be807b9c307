/* The SAE step beside the original trainers: the first batch's loss and gradients, and
 * the weights after ten steps, from fixtures that they wrote (tests/ref/README.md).
 *
 * To add a case: a line of CASES; the file brings weights, batches and settings. */
#include "base/json.h"
#include "base/mem.h"
#include "base/safetensors.h"
#include "check.h"
#include "num/blas.h"
#include "num/kern.h"
#include "sae/sae_schedule.h"
#include "sae/sae_step.h"

#include <math.h>

/* Relative to the greatest value of a tensor. */
#define TOLERANCE 1e-4

/* As of tests/fixtures/parity/NAME.safetensors. */
static const char *const CASES[] = {
    "topk_dl",
    "topk_dl_aux",
    "topk_dl_aux_few",
    "topk_sl",
    "topk_sl_aux",
    "topk_sl_aux_few",
    "batchtopk_dl",
    "batchtopk_dl_aux",
    "batchtopk_sl",
    "batchtopk_sl_aux",
    "matryoshka_dl",
    "matryoshka_dl_aux",
    "matryoshka_sl",
    "matryoshka_sl_aux",
    "matryoshka_sl_aux_groups",
    "standard_dl",
    "standard_april_dl",
    "standard_sl",
    "standard_sl_l2",
    "gated_dl",
    "gated_sl",
    "jumprelu_dl",
    "jumprelu_sl_step",
    "jumprelu_sl_tanh",
    "jumprelu_sl_quadratic",
    "p_anneal_dl",
    "p_anneal_dl_power",
    "jumprelu_sl_ste_step",
    "jumprelu_sl_ste_tanh",
    "jumprelu_sl_ste_quadratic",
};

/* A fixture, opened. */
struct fixture {
    const char *name;
    struct st_file *file;
    cJSON *settings;
    const struct sae_arch *arch;
    size_t D, F, B, steps, count;
    float *x;           /* [steps,B,D] */
    float *start;       /* parameters, [count] */
    float *grad, *last; /* of the first batch, after the last step */
};

/* ---- reading ---- */

static float *floats(size_t n)
{
    float *p = mem_alloc(n, sizeof *p);
    assert_non_null(p);
    return p;
}

static double setting(const struct fixture *f, const char *key, double missing)
{
    struct errinfo e;
    double v = missing;
    const struct json_at at = {.file = f->name, .path = "settings"};
    assert_ok(json_num(at, f->settings, key, false, -1e9, 1e9, &v, &e), &e);
    return v;
}

static bool flag(const struct fixture *f, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(f->settings, key));
}

/* Whether a text of the settings is this one. */
static bool says(const struct fixture *f, const char *key, const char *text)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(f->settings, key);
    return cJSON_IsString(item) && strcmp(item->valuestring, text) == 0;
}

/* Widths and weights of prefixes. */
static void groups(const struct fixture *f, struct sae_hyper *h)
{
    const cJSON *width = cJSON_GetObjectItemCaseSensitive(f->settings, "width");
    const cJSON *weight = cJSON_GetObjectItemCaseSensitive(f->settings, "weight");
    h->groups = (size_t)cJSON_GetArraySize(width);
    assert_true(h->groups <= SAE_GROUPS_MAX);
    for (size_t i = 0; i < h->groups; i++) {
        h->width[i] = (size_t)cJSON_GetArrayItem(width, (int)i)->valuedouble;
        h->weight[i] = cJSON_GetArrayItem(weight, (int)i)->valuedouble;
    }
}

static struct sae_hyper hyper(const struct fixture *f)
{
    struct sae_hyper h = {
        .k = setting(f, "k", 1),
        .decoder = says(f, "decoder", "free") ? SAE_DECODER_FREE : SAE_DECODER_UNIT,
        .apply_b_dec = !flag(f, "keep_b_dec"),
        .lp = setting(f, "lp", 1),
        .lp_root = flag(f, "lp_root"),
        .gated_detach = !flag(f, "attached"),
        .aux_form = says(f, "aux_form", "scaled") ? SAE_AUX_SCALED : SAE_AUX_NORMALISED,
        .aux_k = (size_t)setting(f, "aux_k", 0),
        .aux_by_group = flag(f, "aux_by_group"),
        .jump_loss = says(f, "jump_loss", "tanh")             ? SAE_JUMP_TANH
                     : says(f, "jump_loss", "quadratic")      ? SAE_JUMP_QUADRATIC
                     : says(f, "jump_loss", "quadratic_rows") ? SAE_JUMP_QUADRATIC_ROWS
                                                              : SAE_JUMP_STEP,
        .jump_on_f = flag(f, "jump_on_f"),
        .ste_to_input = flag(f, "ste_to_input"),
        .bandwidth = setting(f, "bandwidth", 1),
        .tanh_scale = setting(f, "tanh_scale", 4),
        .target_l0 = setting(f, "target_l0", 1),
        .pre_act = setting(f, "pre_act", 0),
    };
    groups(f, &h);
    return h;
}

/* Tensor prefix + name into out. */
static void tensor(const struct fixture *f, const char *prefix, const char *name,
                   size_t rows, size_t cols, float *out)
{
    struct errinfo e;
    char key[64];
    const size_t shape[] = {rows, cols};
    (void)snprintf(key, sizeof key, "%s%s", prefix, name);
    assert_ok(st_read_f32(f->file, key, shape, cols > 0 ? 2 : 1, out, &e), &e);
}

/* A value of each step; 0 if the file has none. */
static double row(const struct fixture *f, const char *name, size_t step)
{
    float all[64];
    assert_true(f->steps <= 64);
    if (!st_find(f->file, name)) {
        return 0;
    }
    tensor(f, "", name, f->steps, 0, all);
    return (double)all[step];
}

/* All parameters under a prefix: "", "grad." or "after.". */
static float *params(const struct fixture *f, const char *prefix)
{
    float *arena = floats(f->count);
    const struct sae_params_f32 p = sae_params_at_f32(f->arch, f->D, f->F, arena);
    tensor(f, prefix, "W_enc", f->F, f->D, p.W_enc);
    tensor(f, prefix, "W_dec", f->F, f->D, p.W_dec);
    tensor(f, prefix, f->arch->b_enc_name ? f->arch->b_enc_name : "b_enc", f->F, 0,
           p.b_enc);
    tensor(f, prefix, "b_dec", f->D, 0, p.b_dec);
    for (size_t i = 0; i < f->arch->extra; i++) {
        tensor(f, prefix, f->arch->vector[i].name, f->F, 0, p.extra + i * f->F);
    }
    return arena;
}

static struct fixture fixture_open(const char *name)
{
    struct errinfo e;
    struct fixture f = {.name = name};
    char file[128], folder[512], path[512];
    const char *root = getenv("SAETOP_FIXTURES");
    assert_non_null(root);
    (void)snprintf(file, sizeof file, "%s.safetensors", name);
    assert_ok(
        st_open(tmp_path(path, tmp_path(folder, root, "parity"), file), &f.file, &e),
        &e);
    const char *text = st_meta(f.file, "settings");
    assert_non_null(text);
    assert_ok(json_parse(text, strlen(text), name, &f.settings, &e), &e);
    f.arch = sae_arch_find(st_meta(f.file, "arch"));
    assert_non_null(f.arch);
    f.D = (size_t)setting(&f, "D", 0);
    f.F = (size_t)setting(&f, "F", 0);
    f.B = (size_t)setting(&f, "B", 0);
    f.steps = (size_t)setting(&f, "steps", 0);
    assert_ok(sae_param_count(f.arch, f.D, f.F, &f.count, &e), &e);
    const struct st_tensor *x = st_find(f.file, "x");
    assert_non_null(x);
    assert_int_equal(x->bytes, f.steps * f.B * f.D * sizeof *f.x);
    f.x = floats(f.steps * f.B * f.D);
    memcpy(f.x, x->data, x->bytes);
    f.start = params(&f, "");
    f.grad = params(&f, "grad.");
    f.last = params(&f, "after.");
    return f;
}

static void fixture_close(struct fixture *f)
{
    st_close(f->file);
    cJSON_Delete(f->settings);
    mem_free(f->x);
    mem_free(f->start);
    mem_free(f->grad);
    mem_free(f->last);
}

/* ---- comparing ---- */

static void near(const char *name, const char *what, size_t n, const float *got,
                 const float *want)
{
    double scale = 0, worst = 0;
    for (size_t i = 0; i < n; i++) {
        scale = fmax(scale, fabs((double)want[i]));
        worst = fmax(worst, fabs((double)got[i] - (double)want[i]));
    }
    if (!(worst <= TOLERANCE * scale)) {
        fail_msg("%s: %s differs by %.3g of a greatest value of %.3g", name, what,
                 worst, scale);
    }
}

static void near_params(const struct fixture *f, const char *what, const float *got,
                        const float *want)
{
    const size_t D = f->D, F = f->F;
    const struct sae_params_f32 at = sae_params_at_f32(f->arch, D, F, f->start);
    const struct {
        const char *name;
        size_t begin, n;
    } part[] = {
        {"W_enc", (size_t)(at.W_enc - at.arena), F * D},
        {"W_dec", (size_t)(at.W_dec - at.arena), F * D},
        {"b_enc", (size_t)(at.b_enc - at.arena), F},
        {"b_dec", (size_t)(at.b_dec - at.arena), D},
        {"extra", (size_t)(at.extra - at.arena), f->count - 2 * F * D - F - D},
    };
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s %s", what, part[i].name);
        near(f->name, text, part[i].n, got + part[i].begin, want + part[i].begin);
    }
}

static void near_number(const struct fixture *f, const char *what, double got,
                        double want)
{
    const float a = (float)got, b = (float)want;
    near(f->name, what, 1, &a, &b);
}

/* ---- the step ---- */

/* Weights and optimizer state of a run. */
struct run {
    struct sae_step_f32 *step;
    struct sae_params_f32 w, g, m, v;
    float *arena; /* the four */
    int32_t *dead;
};

static struct run run_new(const struct fixture *f, enum sae_path path)
{
    struct errinfo e;
    struct run r = {.arena = floats(4 * f->count),
                    .dead = mem_alloc(f->F, sizeof *r.dead)};
    assert_non_null(r.dead);
    const struct sae_hyper h = hyper(f);
    assert_ok(sae_step_new_f32(f->arch, f->D, f->F, &h, f->B, &r.step, &e), &e);
    r.step->path = path;
    struct sae_params_f32 *const p[] = {&r.w, &r.g, &r.m, &r.v};
    for (size_t i = 0; i < 4; i++) {
        *p[i] = sae_params_at_f32(f->arch, f->D, f->F, r.arena + i * f->count);
    }
    memcpy(r.w.arena, f->start, f->count * sizeof *f->start);
    return r;
}

static void run_drop(struct run *r)
{
    sae_step_free_f32(r->step);
    mem_free(r->arena);
    mem_free(r->dead);
}

/* The latents that the original counted dead at a step. */
static size_t list_dead(const struct fixture *f, size_t step, int32_t *out)
{
    float *mask = floats(f->steps * f->F);
    size_t n = 0;
    if (st_find(f->file, "dead")) {
        tensor(f, "", "dead", f->steps, f->F, mask);
    }
    for (size_t j = 0; j < f->F; j++) {
        if (mask[step * f->F + j] > 0) {
            out[n++] = (int32_t)j;
        }
    }
    mem_free(mask);
    return n;
}

/* Gradients of a batch, as the original had them before projection and clipping. */
static struct sae_loss run_grad(struct run *r, const struct fixture *f, size_t step)
{
    struct errinfo e;
    struct sae_loss loss;
    const struct sae_now now = {
        .coef = row(f, "coef", step),
        .p = st_find(f->file, "p") ? row(f, "p", step) : setting(f, "lp", 1),
        .aux_coef = setting(f, "aux_coef", 0),
        .n_dead = list_dead(f, step, r->dead),
        .dead = r->dead,
    };
    assert_ok(sae_step_grad_f32(r->step, &r->w, f->x + step * f->B * f->D, &now, NULL,
                                &r->g, &loss, &e),
              &e);
    return loss;
}

static void run_update(struct run *r, const struct fixture *f, size_t step)
{
    const double clip = setting(f, "clip", 0);
    const double norm = sae_step_project_f32(r->step, &r->w, &r->g, NULL);
    const double scale = clip > 0 && norm > clip ? clip / (norm + 1e-6) : 1;
    const struct adam adam = adam_factors(
        row(f, "lr", step), setting(f, "beta1", 0.9), setting(f, "beta2", 0.999),
        setting(f, "eps", 1e-8), 0, scale, (int64_t)step + 1);
    sae_step_adam_f32(r->step, &adam, &r->g, &r->w, &r->m, &r->v, NULL);
}

static void check_loss(const struct fixture *f, const struct sae_loss *loss,
                       size_t step)
{
    near_number(f, "loss", loss->loss, row(f, "loss", step));
    near_number(f, "mse", loss->mse, row(f, "mse", step));
    if (st_find(f->file, "aux")) { /* SAELens' has its weight, which is 1 here */
        near_number(f, "aux", loss->aux, row(f, "aux", step));
    }
    if (st_find(f->file, "sparsity")) {
        near_number(f, "sparsity", loss->sparsity, row(f, "sparsity", step));
    }
    if (st_find(f->file, "pre_act")) {
        near_number(f, "pre_act", loss->aux * setting(f, "pre_act", 0),
                    row(f, "pre_act", step));
    }
}

static void check_case(const char *name, enum sae_path path)
{
    struct fixture f = fixture_open(name);
    struct run r = run_new(&f, path);
    for (size_t i = 0; i < f.steps; i++) {
        const struct sae_loss loss = run_grad(&r, &f, i);
        check_loss(&f, &loss, i);
        if (i == 0) {
            near_params(&f, "gradient of", r.g.arena, f.grad);
        }
        run_update(&r, &f, i);
    }
    near_params(&f, "ten steps of", r.w.arena, f.last);
    run_drop(&r);
    fixture_close(&f);
}

/* Cells sparsely and densely; selections know one way only. */
static void steps_as_the_original(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof CASES / sizeof CASES[0]; c++) {
        check_case(CASES[c], SAE_PATH_SPARSE);
        check_case(CASES[c], SAE_PATH_DENSE);
    }
}

/* p-anneal's exponents and coefficient, from penalties of one's own steps. */
static void exponents_as_the_original(void **state)
{
    (void)state;
    static const char *const names[] = {"p_anneal_dl", "p_anneal_dl_power"};
    for (size_t c = 0; c < 2; c++) {
        struct fixture f = fixture_open(names[c]);
        struct run r = run_new(&f, SAE_PATH_AUTO);
        struct sae_train_config config =
            sae_train_defaults_of(f.arch, (int64_t)f.steps);
        struct sae_schedule s;
        const double steps = (double)f.steps;
        config.anneal_from = setting(&f, "anneal_start", 0) / steps;
        config.anneal_to = setting(&f, "anneal_end", 0) / steps;
        config.anneal_updates = (int64_t)setting(&f, "updates", 0);
        config.anneal_queue = (int64_t)setting(&f, "queue", 0);
        config.p_end = setting(&f, "p_end", 0);
        sae_schedule_init(&s, f.arch, &config);
        for (size_t i = 0; i < f.steps; i++) {
            struct errinfo e;
            struct sae_loss loss;
            const struct sae_now now = {.coef =
                                            setting(&f, "initial_coef", 0) * s.factor,
                                        .p = s.p,
                                        .next_p = s.next_p};
            near_number(&f, "p", now.p, row(&f, "p", i));
            near_number(&f, "the coefficient", now.coef, row(&f, "coef", i));
            assert_ok(sae_step_grad_f32(r.step, &r.w, f.x + i * f.B * f.D, &now, NULL,
                                        &r.g, &loss, &e),
                      &e);
            run_update(&r, &f, i);
            sae_schedule_anneal(&s, &config, (int64_t)i, loss.penalty,
                                loss.next_penalty);
        }
        near_params(&f, "ten annealed steps of", r.w.arena, f.last);
        run_drop(&r);
        fixture_close(&f);
    }
}

/* The trainer, which finds dead latents, clips and goes sparse or dense by itself, on
 * cases without dead latents. */
static void trainer_as_the_original(void **state)
{
    (void)state;
    static const char *const names[] = {
        "topk_dl",       "topk_sl",       "batchtopk_dl", "batchtopk_sl",
        "matryoshka_dl", "matryoshka_sl", "standard_dl",  "standard_sl",
        "gated_dl",      "gated_sl",      "jumprelu_dl",  "jumprelu_sl_step",
    };
    for (size_t c = 0; c < sizeof names / sizeof names[0]; c++) {
        struct errinfo e;
        struct fixture f = fixture_open(names[c]);
        struct sae *s;
        struct sae_trainer *t;
        struct sae_train_config config =
            sae_train_defaults_of(f.arch, (int64_t)f.steps);
        const double clip = setting(&f, "clip", 0);
        config.hyper = hyper(&f);
        config.hyper.coef = row(&f, "coef", 0);
        config.coef_warmup = 0;
        config.beta1 = setting(&f, "beta1", 0.9);
        config.clip = clip > 0 ? clip : 1e9;
        config.warmup = 0;
        config.decay_from = 1;
        config.dead_after = (int64_t)f.steps + 1;
        assert_ok(sae_new(f.arch, f.D, f.F, setting(&f, "k", 1), &s, &e), &e);
        memcpy(s->arena, f.start, f.count * sizeof *f.start);
        s->apply_b_dec = config.hyper.apply_b_dec;
        assert_ok(sae_trainer_new(s, &config, f.B, &t, &e), &e);
        for (size_t i = 0; i < f.steps; i++) {
            struct sae_step_info info;
            sae_trainer_set_lr(t, row(&f, "lr", i));
            assert_ok(sae_trainer_step(t, f.x + i * f.B * f.D, NULL, &info, &e), &e);
            near_number(&f, "the trainer's loss", info.loss, row(&f, "loss", i));
        }
        near_params(&f, "ten steps of the trainer:", s->arena, f.last);
        sae_trainer_free(t);
        sae_free(s);
        fixture_close(&f);
    }
}

/* A trainer that goes on from a resampling as StandardTrainer does. */
static struct sae_train_config resampling_config(const struct fixture *f)
{
    struct sae_train_config config = sae_train_defaults_of(f->arch, (int64_t)f->steps);
    config.hyper = hyper(f);
    config.hyper.coef = row(f, "coef", 0);
    config.coef_warmup = 0;
    config.lr = row(f, "lr", 3); /* risen to it */
    config.clip = 1e9;
    config.warmup = 2;
    config.warmup_from_zero = true;
    config.decay_from = 1;
    config.dead = SAE_DEAD_RESAMPLE;
    config.resample_every = (int64_t)setting(f, "resample_every", 0);
    config.resample_form = SAE_RESAMPLE_INPUT;
    return config;
}

/* Weights and moments after a step, and the silence of those that began again. */
static size_t near_state(const struct fixture *f, struct sae_trainer *t,
                         const struct sae *s, size_t step)
{
    char name[32];
    struct sae_state_array array[8];
    const char *const prefixes[] = {"weights", "adam_m", "adam_v"};
    (void)snprintf(name, sizeof name, "row.%zu", step);
    if (!st_find(f->file, name)) {
        return 0;
    }
    float *from = floats(f->F);
    tensor(f, "", name, f->F, 0, from);
    assert_true(sae_trainer_state(t, array, 8) >= 3);
    const float *const got[] = {s->arena, array[0].data, array[1].data};
    const int64_t *silent = array[2].data;
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "%s.%zu.", prefixes[i], step);
        float *want = params(f, name);
        near_params(f, name, got[i], want);
        mem_free(want);
    }
    size_t n = 0;
    for (size_t j = 0; j < f->F; j++) {
        assert_true(from[j] < 0 || silent[j] == 0);
        n += from[j] >= 0;
    }
    mem_free(from);
    return n;
}

/* Dead latents begin again from the same rows, and all goes on as it did there: more of
 * them than rows at first, then fewer. */
static void resampling_as_the_original(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = fixture_open("standard_dl_resample");
    const struct sae_train_config config = resampling_config(&f);
    struct sae *s;
    struct sae_trainer *t;
    size_t times = 0, most = 0;
    assert_ok(sae_new(f.arch, f.D, f.F, 1, &s, &e), &e);
    memcpy(s->arena, f.start, f.count * sizeof *f.start);
    assert_ok(sae_trainer_new(s, &config, f.B, &t, &e), &e);
    for (size_t i = 0; i < f.steps; i++) {
        struct sae_step_info info;
        assert_ok(sae_trainer_step(t, f.x + i * f.B * f.D, NULL, &info, &e), &e);
        near_number(&f, "the rate", info.lr, row(&f, "lr", i));
        near_number(&f, "the resampling trainer's loss", info.loss, row(&f, "loss", i));
        const size_t n = near_state(&f, t, s, i);
        times += n > 0;
        most = n > most ? n : most;
    }
    assert_true(times == 2 && most == f.B);
    near_params(&f, "ten resampled steps of", s->arena, f.last);
    sae_trainer_free(t);
    sae_free(s);
    fixture_close(&f);
}

/* The start of b_dec: the geometric median of the first batch. */
static void median_as_the_original(void **state)
{
    (void)state;
    struct errinfo e;
    struct fixture f = fixture_open("topk_dl");
    struct sae *s;
    const struct sae_params_f32 w = sae_params_at_f32(f.arch, f.D, f.F, f.start);
    assert_ok(sae_new(f.arch, f.D, f.F, 1, &s, &e), &e);
    assert_ok(sae_init_bias(s, f.x, f.B, &e), &e);
    near(f.name, "the median", f.D, s->b_dec, w.b_dec);
    sae_free(s);
    fixture_close(&f);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_as_the_original),
        cmocka_unit_test(exponents_as_the_original),
        cmocka_unit_test(trainer_as_the_original),
        cmocka_unit_test(resampling_as_the_original),
        cmocka_unit_test(median_as_the_original),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
