/* Answers of a model and its SAE to a prompt (core/ask), for every family and hook. */
#include "ask_world.h"

#include <unistd.h>

#define TEXT "a dog and a cat"

/* ---- tokens ---- */

static void test_tokens(void **state)
{
    (void)state;
    struct lm *m = ask_model("gpt2");
    struct ask_subject *s = ask_subject_at(m, (struct lm_hook){1, LM_RESID_PRE}, 0);
    struct ask_row r = ask_text(s, TEXT);
    struct errinfo e;
    assert_int_equal(r.ids.p[0], tok_bos(m->tok));
    assert_int_equal(r.first, 1);
    assert_int_equal(r.cut, 0);
    struct str text;
    str_init(&text, 1000);
    tok_decode(m->tok, r.ids.p + 1, r.ids.n - 1, &text);
    assert_string_equal(text.p, TEXT);
    ask_row_deinit(&r);
    /* BOS alone is a valid prompt. */
    r = ask_text(s, "");
    assert_int_equal(r.ids.n, 1);
    ask_row_deinit(&r);
    /* Special tokens typed are text. */
    r = ask_text(s, "<|mask|><|eos|>");
    for (size_t i = 1; i < r.ids.n; i++) {
        assert_false(tok_is_special(m->tok, r.ids.p[i]));
    }
    ask_row_deinit(&r);
    /* Any bytes are, and what does not fit is cut and counted. */
    char bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 37 % 256);
    }
    assert_ok(ask_read(s, bytes, sizeof bytes, &r, &e), &e);
    assert_int_equal(r.ids.n, m->cfg.n_ctx);
    assert_true(r.cut > 0);
    struct ask *a = ask_begun(s);
    struct ask_question q = {.ids = r.ids.p, .n = r.ids.n, .top = 1};
    ask_answer_unref(ask_asked(a, &q));
    ask_free(a);
    ask_row_deinit(&r);
    str_free(&text);
    ask_subject_unref(s);
    lm_free(m);
}

/* ---- what the model says ---- */

static double log_sum(const float *logits, size_t V)
{
    double top = -INFINITY, sum = 0;
    for (size_t v = 0; v < V; v++) {
        top = fmax(top, (double)logits[v]);
    }
    for (size_t v = 0; v < V; v++) {
        sum += exp((double)logits[v] - top);
    }
    return top + log(sum);
}

static void check_next(const struct ask_answer *r, size_t t, const float *logits,
                       size_t V)
{
    const double lse = log_sum(logits, V);
    const struct ask_next *next = r->next + t * r->top;
    for (size_t i = 0; i < r->top; i++) {
        const double logp = (double)logits[next[i].id] - lse;
        size_t above = 0;
        for (size_t v = 0; v < V; v++) {
            above += logits[v] > logits[next[i].id];
        }
        assert_true(above <= i);
        assert_true(fabs((double)next[i].logp - logp) < 1e-4);
    }
    if (t + 1 < r->T) {
        const struct ask_token *k = &r->token[t + 1];
        int32_t rank = 1;
        for (size_t v = 0; v < V; v++) {
            rank += logits[v] > logits[k->id];
        }
        assert_int_equal(k->rank, rank);
        assert_true(fabs((double)k->logp - ((double)logits[k->id] - lse)) < 1e-4);
    }
}

/* Beside the model by itself, for all families: its logits, and its losses. */
static void test_next(void **state)
{
    (void)state;
    for (size_t i = 0; i < ASK_FAMILIES; i++) {
        struct errinfo e;
        struct lm *m = ask_model(ask_families[i]);
        const size_t D = m->cfg.d_model, V = m->cfg.vocab;
        struct ask_subject *s = ask_subject_at(m, (struct lm_hook){1, LM_RESID_PRE}, 0);
        struct ask *a = ask_begun(s);
        struct ask_row row = ask_text(s, TEXT " and a dog, dogs and cats and dogs");
        const size_t T = row.ids.n;
        const struct ask_question q = {.ids = row.ids.p, .n = T, .top = 7};
        struct ask_answer *r = ask_asked(a, &q);
        struct lm_ws *ws = NULL;
        float *x = ask_floats(T * D), *logits = ask_floats(V), *nll = ask_floats(T);
        assert_ok(lm_ws_new(m, LM_WHOLE, T, &ws, &e), &e);
        lm_forward_to(m, ws, row.ids.p, 1, T, lm_behind(m->cfg.n_layer), x);
        for (size_t t = 0; t < T; t++) {
            lm_logits(m, x + t * D, logits);
            check_next(r, t, logits, V);
        }
        lm_nll_from(m, ws, x, 1, T, lm_behind(m->cfg.n_layer), row.ids.p, row.ids.p,
                    nll);
        for (size_t t = 0; t + 1 < T; t++) {
            assert_true(fabs((double)nll[t] + (double)r->token[t + 1].logp) < 1e-5);
        }
        assert_true(isnan(r->token[0].logp));
        assert_null(r->next_after);
        mem_free(x);
        mem_free(logits);
        mem_free(nll);
        lm_ws_free(ws);
        ask_answer_unref(r);
        ask_row_deinit(&row);
        ask_free(a);
        ask_subject_unref(s);
        lm_free(m);
    }
}

/* ---- every family, hook and normalisation ---- */

struct place {
    struct lm *m;
    struct lm_hook hook;
    struct ask_subject *s;
    struct ask *a;
    struct ask_row row;
    size_t T, width;
    struct lm_ws *ws;
    float *x; /* [T, width] of the model by itself */
    struct sae_codes codes;
};

static void place_init(struct place *p, struct lm *m, struct lm_hook hook,
                       enum sae_norm norm)
{
    struct errinfo e;
    *p = (struct place){.m = m, .hook = hook};
    p->s = ask_subject_at(m, hook, norm);
    p->a = ask_begun(p->s);
    p->row = ask_text(p->s, TEXT);
    p->T = p->row.ids.n;
    p->width = lm_hook_width(&m->cfg, hook);
    p->x = ask_floats(p->T * p->width);
    assert_ok(lm_ws_new(m, LM_WHOLE, p->T, &p->ws, &e), &e);
    lm_forward_to(m, p->ws, p->row.ids.p, 1, p->T, hook, p->x);
    assert_ok(sae_encode(p->s->sae, p->x, p->T, NULL, &p->codes, &e), &e);
}

static void place_deinit(struct place *p)
{
    sae_codes_deinit(&p->codes);
    lm_ws_free(p->ws);
    mem_free(p->x);
    ask_row_deinit(&p->row);
    ask_free(p->a);
    ask_subject_unref(p->s);
}

/* check(p) at each hook of block 1 of each family, and with each normalisation. */
static void everywhere(void (*check)(struct place *p))
{
    for (size_t i = 0; i < ASK_FAMILIES; i++) {
        struct lm *m = ask_model(ask_families[i]);
        for (enum lm_site site = 0; site < LM_SITES; site++) {
            struct place p;
            if (!ask_has_site(m, site)) {
                continue;
            }
            place_init(&p, m, (struct lm_hook){1, site},
                       (enum sae_norm)(((size_t)site + i) % 3));
            check(&p);
            place_deinit(&p);
        }
        lm_free(m);
    }
}

static struct ask_question question(const struct place *p)
{
    return (struct ask_question){.ids = p->row.ids.p, .n = p->T, .top = 5};
}

/* Latents are what the SAE gives on the model's own activations, none at BOS. */
static void check_latents(struct place *p)
{
    const struct ask_question q = question(p);
    struct ask_answer *r = ask_asked(p->a, &q);
    assert_int_equal(r->start[1], 0);
    assert_true(r->token[0].special && isnan(r->token[0].error));
    for (size_t t = 1; t < p->T; t++) {
        const size_t n = p->codes.start[t + 1] - p->codes.start[t];
        assert_int_equal(r->start[t + 1] - r->start[t], n);
        assert_int_equal(r->token[t].active, n);
        for (size_t i = 0; i < n; i++) {
            const size_t at = p->codes.start[t] + i;
            const float want =
                (float)((double)p->codes.val[at] * sae_saved_unit(p->s->sae));
            const float got = ask_fire_at(r, t, p->codes.id[at]).act;
            assert_memory_equal(&want, &got, sizeof got);
        }
        for (size_t i = r->start[t]; i + 1 < r->start[t + 1]; i++) {
            assert_true(r->fire[i].act >= r->fire[i + 1].act);
        }
        assert_true(r->token[t].error > 0);
    }
    for (size_t i = 0; i < r->n_peaks; i++) {
        const struct ask_peak *k = &r->peak[i];
        float most = 0;
        uint32_t fires = 0;
        for (size_t t = 0; t < p->T; t++) {
            const float act = ask_fire_at(r, t, k->latent).act;
            most = act > most ? act : most;
            fires += act > 0;
        }
        assert_true(!(most < k->act) && !(most > k->act) && fires == k->fires &&
                    !(ask_fire_at(r, k->at, k->latent).act < most));
        assert_true(i == 0 || r->peak[i - 1].act >= k->act);
    }
    ask_answer_unref(r);
}

static void test_latents(void **state)
{
    (void)state;
    everywhere(check_latents);
}

/* Log-probabilities of the row's tokens with x at the hook, spliced in by lm.h. */
static void spliced(struct place *p, const float *x, float *logp)
{
    float *copy = ask_floats(p->T * p->width), *nll = ask_floats(p->T);
    memcpy(copy, x, p->T * p->width * sizeof *x);
    lm_nll_from(p->m, p->ws, copy, 1, p->T, p->hook, p->row.ids.p, p->row.ids.p, nll);
    logp[0] = NAN;
    for (size_t t = 1; t < p->T; t++) {
        logp[t] = -nll[t - 1];
    }
    mem_free(copy);
    mem_free(nll);
}

/* Strength 0 gives the model's results to the bit, as does a computation without an
 * SAE. */
static void check_strength_0(struct place *p)
{
    static const struct ask_edit none[] = {{.latent = 3, .how = ASK_ADD, .value = 0},
                                           {.latent = 5, .how = ASK_SCALE, .value = 1}};
    struct ask_question q = question(p);
    struct ask_answer *plain = ask_asked(p->a, &q);
    q.edit = none;
    q.n_edits = 2;
    struct ask_answer *r = ask_asked(p->a, &q);
    const struct lm_hook end = lm_behind(p->m->cfg.n_layer);
    const size_t D = p->m->cfg.d_model;
    float *x = ask_floats(p->T * D), *nll = ask_floats(p->T);
    lm_forward_to(p->m, p->ws, p->row.ids.p, 1, p->T, end, x);
    lm_nll_from(p->m, p->ws, x, 1, p->T, end, p->row.ids.p, p->row.ids.p, nll);
    for (size_t i = 0; i < p->T * r->top; i++) {
        assert_int_equal(r->next[i].id, plain->next[i].id);
        assert_int_equal(r->next_after[i].id, plain->next[i].id);
        assert_memory_equal(&r->next_after[i].logp, &plain->next[i].logp,
                            sizeof(float));
    }
    for (size_t t = 1; t < p->T; t++) {
        const struct ask_token *k = &r->token[t];
        const float want = -nll[t - 1];
        assert_true(!(k->kl > 0));
        assert_memory_equal(&k->logp_after, &plain->token[t].logp, sizeof(float));
        assert_memory_equal(&k->logp_after, &want, sizeof(float));
        assert_int_equal(k->rank_after, plain->token[t].rank);
    }
    mem_free(x);
    mem_free(nll);
    ask_answer_unref(r);
    ask_answer_unref(plain);
}

static void test_strength_0(void **state)
{
    (void)state;
    everywhere(check_strength_0);
}

/* A latent that fires, the strongest of the prompt. */
static int32_t a_latent(struct place *p)
{
    const struct ask_question q = question(p);
    struct ask_answer *r = ask_asked(p->a, &q);
    const int32_t j = r->peak[0].latent;
    ask_answer_unref(r);
    return j;
}

static void check_against(struct place *p, const struct ask_edit *edit, size_t n,
                          const float *x)
{
    struct ask_question q = question(p);
    float logp[64];
    q.edit = edit;
    q.n_edits = n;
    struct ask_answer *r = ask_asked(p->a, &q);
    spliced(p, x, logp);
    for (size_t t = 1; t < p->T; t++) {
        const double off = (double)logp[t] - (double)r->token[t].logp_after;
        if (!(fabs(off) < 2e-5)) {
            fail_msg("%s: position %zu: %g, expected %g", p->m->dir, t,
                     (double)r->token[t].logp_after, (double)logp[t]);
        }
    }
    ask_answer_unref(r);
}

/* Zero-ablation is splicing in the SAE without that latent, with the same error. */
static void check_ablation(struct place *p)
{
    const int32_t j = a_latent(p);
    const struct ask_edit edit = {.latent = j, .how = ASK_ZERO};
    const size_t n = p->T * p->width;
    struct sae_codes without = p->codes;
    float *xhat = ask_floats(n), *less = ask_floats(n);
    sae_decode(p->s->sae, &p->codes, xhat);
    without.val = ask_floats(p->codes.start[p->T]);
    for (size_t i = 0; i < p->codes.start[p->T]; i++) {
        without.val[i] = p->codes.id[i] == j ? 0.0f : p->codes.val[i];
    }
    sae_decode(p->s->sae, &without, less);
    for (size_t i = 0; i < n; i++) {
        /* Special tokens are outside the SAE. */
        less[i] = i < p->width ? p->x[i] : less[i] + (p->x[i] - xhat[i]);
    }
    check_against(p, &edit, 1, less);
    mem_free(without.val);
    mem_free(xhat);
    mem_free(less);
}

static void test_ablation(void **state)
{
    (void)state;
    everywhere(check_ablation);
}

static double act_of(const struct place *p, size_t t, int32_t j)
{
    for (size_t i = p->codes.start[t]; i < p->codes.start[t + 1]; i++) {
        if (p->codes.id[i] == j) {
            return (double)p->codes.val[i] * sae_saved_unit(p->s->sae);
        }
    }
    return 0;
}

/* Steering is what the formula says, in double, wherever it acts. */
static void check_steering(struct place *p)
{
    const int32_t j = a_latent(p), k = (j + 7) % ASK_F;
    const struct ask_edit edit[] = {
        {.latent = j, .how = ASK_SCALE, .value = 2.5},
        {.latent = k, .how = ASK_ADD, .value = -0.75, .where = ASK_FROM, .pos = 4},
        {.latent = k, .how = ASK_CLAMP, .value = 1.25, .where = ASK_AT, .pos = 6},
        {.latent = j, .how = ASK_ADD, .value = 0.5, .where = ASK_AT, .pos = 3},
    };
    const struct sae *s = p->s->sae;
    float *x = ask_floats(p->T * p->width);
    memcpy(x, p->x, p->T * p->width * sizeof *x);
    for (size_t t = 1; t < p->T; t++) {
        const double a = act_of(p, t, j), b = act_of(p, t, k);
        const double by_j = 2.5 * a + (t == 3 ? 0.5 : 0) - a;
        const double by_k = (t == 6 ? 1.25 : t >= 4 ? b - 0.75 : b) - b;
        const double raw = p->codes.undo ? (double)p->codes.undo[2 * t] : 1;
        for (size_t d = 0; d < p->width; d++) {
            const double add = by_j * raw * (double)s->W_dec[(size_t)j * p->width + d] +
                               by_k * raw * (double)s->W_dec[(size_t)k * p->width + d];
            x[t * p->width + d] = (float)((double)x[t * p->width + d] + add);
        }
    }
    check_against(p, edit, 4, x);
    mem_free(x);
}

static void test_steering(void **state)
{
    (void)state;
    everywhere(check_steering);
}

/* An edit does not change the distributions at the tokens before it by a bit. */
static void check_before(struct place *p)
{
    const struct ask_edit edit = {
        .latent = 2, .how = ASK_ADD, .value = 3, .where = ASK_AT, .pos = 5};
    struct ask_question q = question(p);
    q.edit = &edit;
    q.n_edits = 1;
    struct ask_answer *r = ask_asked(p->a, &q);
    for (size_t t = 0; t < p->T; t++) {
        /* Behind the last block it shows at its own position alone. */
        assert_true(t < 5 ? !(r->token[t].kl > 0) : t > 5 || r->token[t].kl > 0);
    }
    ask_answer_unref(r);
}

static void test_before(void **state)
{
    (void)state;
    everywhere(check_before);
}

/* KL is that of the two distributions; the edit says what it did. */
static void test_positions(void **state)
{
    (void)state;
    struct place p;
    struct lm *m = ask_model("gpt2");
    place_init(&p, m, (struct lm_hook){0, LM_RESID_POST}, SAE_NORM_SCALE);
    const struct ask_edit edit = {
        .latent = 2, .how = ASK_ADD, .value = 3, .where = ASK_AT, .pos = 5};
    struct ask_question q = question(&p);
    q.edit = &edit;
    q.n_edits = 1;
    q.top = ASK_TOP_MAX;
    struct ask_answer *r = ask_asked(p.a, &q);
    double tail = 0;
    for (size_t t = 0; t < p.T; t++) {
        assert_true((r->token[t].kl > 0) == (t >= 5));
        tail += (double)r->token[t].kl;
        assert_int_equal(ask_fire_at(r, t, 2).act > 0, act_of(&p, t, 2) > 0);
    }
    assert_true(tail > 1e-4);
    /* The woken latent is listed; the edit says what it did. */
    const float after = ask_fire_at(r, 5, 2).after;
    assert_true(fabs((double)after - act_of(&p, 5, 2) - 3) < 1e-5);
    assert_int_equal(r->acted[0].positions, 1);
    assert_true(fabs((double)r->acted[0].most - (double)after) < 1e-6);
    assert_true(r->acted[0].least == r->acted[0].most);
    assert_int_equal(r->acted[0].below + r->acted[0].above, 0); /* no text was read */
    /* KL of the likeliest 100 tokens is most of it. */
    const size_t t = p.T - 1;
    double kl = 0, share = 0;
    for (size_t i = 0; i < r->top; i++) {
        const struct ask_next *n = &r->next[t * r->top + i];
        kl += exp((double)n->logp) * ((double)n->logp - (double)n->other);
        share += exp((double)n->logp);
    }
    assert_true(share > 0.5);
    if (r->top == m->cfg.vocab) {
        assert_true(fabs(kl - (double)r->token[t].kl) < 1e-5);
    }
    ask_answer_unref(r);
    place_deinit(&p);
    lm_free(m);
}

/* ---- masks ---- */

static void check_fates(const struct ask_answer *r, size_t t)
{
    size_t before = 0, after = 0;
    for (size_t i = r->start[t]; i < r->start[t + 1]; i++) {
        const struct ask_fire *f = &r->fire[i];
        const enum ask_fate fate = ask_fate_of(f->act, f->after);
        assert_true(f->act > 0 || f->after > 0);
        assert_int_equal(fate, !(f->after > 0) ? ASK_SILENCED
                               : !(f->act > 0) ? ASK_CAME_UP
                                               : ASK_STAYED);
        before += f->act > 0;
        after += f->after > 0;
    }
    assert_int_equal(before, r->token[t].active);
    assert_int_equal(after, r->token[t].active_after);
}

/* Before is the prompt as it stands, after what the model makes of masks, and of edits
 * on them. */
static void test_masks(void **state)
{
    (void)state;
    struct place p, fed;
    struct lm *m = ask_model("gpt2");
    place_init(&p, m, (struct lm_hook){1, LM_RESID_PRE}, SAE_NORM_SCALE);
    place_init(&fed, m, p.hook, SAE_NORM_SCALE);
    uint8_t masked[64] = {0};
    masked[3] = 1;
    const struct ask_question plain = question(&p);
    struct ask_question q = plain;
    q.masked = masked;
    struct ask_answer *before = ask_asked(p.a, &plain), *r = ask_asked(p.a, &q);
    assert_int_equal(r->token[3].fed, tok_mask(m->tok));
    assert_int_equal(r->token[3].id, p.row.ids.p[3]);
    assert_true(r->token[3].masked && !r->token[3].special);
    for (size_t i = 0; i < p.T * r->top; i++) {
        assert_int_equal(r->next[i].id, before->next[i].id);
        assert_memory_equal(&r->next[i].logp, &before->next[i].logp, sizeof(float));
    }
    /* The same answer as if the mask token had been typed, except that it is not
     * special and the true token is the expected one. */
    fed.row.ids.p[3] = tok_mask(m->tok);
    const struct ask_question typed = question(&fed);
    struct ask_answer *t = ask_asked(fed.a, &typed);
    for (size_t i = 0; i < p.T * r->top; i++) {
        assert_int_equal(r->next_after[i].id, t->next[i].id);
        assert_memory_equal(&r->next_after[i].logp, &t->next[i].logp, sizeof(float));
    }
    assert_true(t->token[3].special && t->start[4] == t->start[3]);
    assert_memory_equal(&r->token[3].logp_after, &before->token[3].logp, sizeof(float));
    assert_memory_equal(&r->token[5].logp_after, &t->token[5].logp, sizeof(float));
    lm_forward_to(m, fed.ws, fed.row.ids.p, 1, p.T, p.hook, fed.x);
    assert_ok(
        sae_encode(fed.s->sae, fed.x, p.T, NULL, &fed.codes, &(struct errinfo){0}),
        &(struct errinfo){0});
    for (size_t pos = 1; pos < p.T; pos++) {
        check_fates(r, pos);
        assert_true((r->token[pos].kl > 0) == (pos >= 3));
        for (size_t i = r->start[pos]; i < r->start[pos + 1]; i++) {
            const struct ask_fire *f = &r->fire[i];
            const float want = (float)act_of(&fed, pos, f->latent);
            assert_memory_equal(&f->after, &want, sizeof want);
            assert_true(fabs((double)f->act - act_of(&p, pos, f->latent)) < 1e-6);
        }
    }
    /* An edit acts on what the mask left. */
    const struct ask_edit edit = {.latent = fed.codes.id[fed.codes.start[3]],
                                  .how = ASK_SCALE,
                                  .value = 2,
                                  .where = ASK_AT,
                                  .pos = 3};
    q.edit = &edit;
    q.n_edits = 1;
    struct ask_answer *both = ask_asked(p.a, &q);
    const struct ask_fire f = ask_fire_at(both, 3, edit.latent);
    assert_true(fabs((double)f.after - 2 * act_of(&fed, 3, edit.latent)) < 1e-6);
    assert_true(both->token[4].kl > 0 &&
                r->token[4].logp_after != both->token[4].logp_after);
    ask_answer_unref(both);
    ask_answer_unref(t);
    ask_answer_unref(r);
    ask_answer_unref(before);
    place_deinit(&fed);
    place_deinit(&p);
    lm_free(m);
}

/* From one prompt to another. */
static void test_changes(void **state)
{
    (void)state;
    struct place p, other;
    struct errinfo e;
    struct lm *m = ask_model("gpt2");
    place_init(&p, m, (struct lm_hook){1, LM_RESID_PRE}, SAE_NORM_SCALE);
    place_init(&other, m, p.hook, SAE_NORM_SCALE);
    other.row.ids.p[3] = other.row.ids.p[1];
    const struct ask_question q = question(&p), now = question(&other);
    struct ask_answer *a = ask_asked(p.a, &q), *b = ask_asked(other.a, &now);
    struct ask_change *c = NULL;
    size_t n = 0, counts[3] = {0, 0, 0};
    assert_ok(ask_changes(a, 3, b, 3, &c, &n, &e), &e);
    for (size_t i = 0; i < n; i++) {
        const float before = ask_fire_at(a, 3, c[i].latent).act;
        const float after = ask_fire_at(b, 3, c[i].latent).act;
        assert_memory_equal(&before, &c[i].before, sizeof before);
        assert_memory_equal(&after, &c[i].after, sizeof after);
        assert_int_equal(c[i].fate, ask_fate_of(before, after));
        counts[c[i].fate]++;
    }
    assert_int_equal(counts[ASK_SILENCED] + counts[ASK_STAYED], a->token[3].active);
    assert_int_equal(counts[ASK_CAME_UP] + counts[ASK_STAYED], b->token[3].active);
    mem_free(c);
    assert_ok(ask_changes(a, SIZE_MAX, a, SIZE_MAX, &c, &n, &e), &e);
    assert_int_equal(n, a->n_peaks);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(c[i].fate, ASK_STAYED);
    }
    mem_free(c);
    ask_answer_unref(b);
    ask_answer_unref(a);
    place_deinit(&other);
    place_deinit(&p);
    lm_free(m);
}

/* How far, and on which side an edit leaves what text shows is said. */
static void test_said_beyond_text(void **state)
{
    (void)state;
    static const struct {
        struct ask_acted x;
        double seen;
        enum ask_reach reach;
        const char *said;
    } cases[] = {
        {{7, 0, 10, 0, 0}, 10.4, ASK_WITHIN, ""},
        {{7, -2, 8, 6, 0}, 10.4, ASK_BEYOND, "below 0 at 6 tokens"},
        {{7, 0, 10.5F, 0, 1}, 10.4, ASK_BEYOND, "above text's most, 10.40"},
        {{7, -1, 23, 1, 2},
         10,
         ASK_BEYOND,
         "2.3 times text's most, 10.00, below 0 at 1 token"},
        {{7, 0, 50, 0, 2}, 10, ASK_FAR, "5.0 times text's most, 10.00"},
        {{7, 0, 50, 0, 2}, 0, ASK_BEYOND, "no text makes it fire"},
        {{7, -5, -5, 7, 0}, (double)NAN, ASK_BEYOND, "below 0 at 7 tokens"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char said[ASK_ACTED_SAY];
        assert_int_equal(ask_acted_say(&cases[i].x, cases[i].seen, said),
                         cases[i].reach);
        assert_string_equal(said, cases[i].said);
    }
}

static void ends_are(const struct ask_answer *r, const int32_t *ids, size_t n,
                     size_t front, size_t back)
{
    const struct ask_ends x = ask_ends_of(r, ids, n);
    assert_int_equal(x.front, front);
    assert_int_equal(x.back, back);
}

/* What two prompts begin and end with, no token counted twice. */
static void test_ends(void **state)
{
    (void)state;
    struct lm *m = ask_model("gpt2");
    struct ask_subject *s = ask_subject_at(m, (struct lm_hook){1, LM_RESID_PRE}, 0);
    struct ask *a = ask_begun(s);
    static const int32_t x[] = {0, 10, 11, 12, 13}, y[] = {0, 10, 20, 21, 12, 13};
    const struct ask_question qx = {.ids = x, .n = 5, .top = 1};
    const struct ask_question qy = {.ids = y, .n = 6, .top = 1};
    struct ask_answer *rx = ask_asked(a, &qx), *ry = ask_asked(a, &qy);
    ends_are(rx, y, 6, 2, 2);
    ends_are(ry, x, 5, 2, 2);
    ends_are(rx, x, 5, 5, 0);
    static const size_t was[] = {0, 1, SIZE_MAX, SIZE_MAX, 3, 4}; /* y's tokens in x */
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(ask_ends_place(ask_ends_of(rx, y, 6), 5, 6, i), was[i]);
    }
    static const int32_t twice[] = {0, 10, 11, 12, 13, 13};
    ends_are(rx, twice, 6, 5, 0);
    ends_are(rx, twice + 1, 5, 0, 1);
    ends_are(rx, NULL, 0, 0, 0);
    ask_answer_unref(rx);
    ask_answer_unref(ry);
    ask_free(a);
    ask_subject_unref(s);
    lm_free(m);
}

/* ---- what is refused ---- */

static void refused(struct ask *a, const struct ask_question *q, const char *part)
{
    struct errinfo e;
    struct ask_answer *r = NULL;
    check_error(ask_run(a, q, &r, &e), ERR_USAGE, &e, part);
    assert_null(r);
}

static void test_refused(void **state)
{
    (void)state;
    struct errinfo e;
    struct lm *m = ask_model("gpt2");
    struct ask_subject *s = ask_subject_at(m, (struct lm_hook){1, LM_RESID_PRE}, 0);
    struct ask *a = ask_begun(s);
    struct ask_row row = ask_text(s, TEXT);
    const struct ask_question good = {.ids = row.ids.p, .n = row.ids.n, .top = 3};
    struct ask_question q = good;
    q.n = 0;
    refused(a, &q, "0 tokens");
    q = good;
    q.top = 0;
    refused(a, &q, "tokens kept");
    struct ask_edit edit = {.latent = ASK_F, .how = ASK_ZERO};
    q = good;
    q.edit = &edit;
    q.n_edits = 1;
    refused(a, &q, "found 24, expected 0 to 23");
    edit = (struct ask_edit){.latent = 1, .how = ASK_ZERO, .where = ASK_AT};
    refused(a, &q, "special token");
    const struct ask_edit much[] = {{.latent = 1, .how = ASK_CLAMP, .value = 1e30},
                                    {.latent = 1, .how = ASK_SCALE, .value = 1e30}};
    q.edit = much;
    refused(a, &q, "within 1e+15");
    q.n_edits = 2; /* beyond floats, too */
    refused(a, &q, "within 1e+15");
    const uint8_t bos[64] = {1};
    q = good;
    q.masked = bos;
    refused(a, &q, "never masked");
    int32_t ids[] = {0, -1};
    q = (struct ask_question){.ids = ids, .n = 2, .top = 1};
    refused(a, &q, "found id -1");
    /* Another width than the hook's. */
    struct ask_subject *none = NULL;
    const struct ask_parts p = {.lm = m, .sae = ask_sae(5, SAE_NORM_SCALE)};
    check_error(ask_subject_new(&p, &none, &e), ERR_FORMAT, &e, "5 dimensions");
    /* Cancelled. */
    const atomic_bool stop = true;
    struct ask *stopped = NULL;
    struct ask_answer *r = NULL;
    assert_ok(ask_new(s, &stop, &stopped, &e), &e);
    assert_int_equal(ask_run(stopped, &good, &r, &e), ERR_CANCELLED);
    ask_free(stopped);
    ask_row_deinit(&row);
    ask_free(a);
    ask_subject_unref(s);
    lm_free(m);
}

int main(void)
{
    num_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_latents),
        cmocka_unit_test(test_strength_0),
        cmocka_unit_test(test_ablation),
        cmocka_unit_test(test_steering),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_said_beyond_text),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
