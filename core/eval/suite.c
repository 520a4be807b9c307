#include "eval/suite.h"

#include "base/clock.h"
#include "base/mem.h"
#include "eval/evalset_priv.h"
#include "eval/latent_stats.h"
#include "eval/perturb.h"
#include "eval/probe_tokens.h"
#include "eval/reconstruct.h"
#include "eval/robust.h"

#include <math.h>
#include <string.h>

#define ROBUST_ROWS 64

/* What the measures share. */
struct suite {
    const struct suite_inputs *in;
    struct report *r;
    struct eval_result *result;
    struct sentence_sets sets;
};

/* ---- absorption ---- */

static enum err family_figures(struct suite *s, enum concept_kind kind,
                               const char *name, struct errinfo *e)
{
    static const char *const figure[5] = {"full", "fraction", "main_latent_recall",
                                          "f1_best_latent", "main_latents"};
    const struct eval_result *q = s->result;
    double *x = NULL;
    double positives = 0.0;
    enum err rc = OK;
    TRY(mem_new(&x, q->n_concepts, sizeof *x, "absorption", e));
    for (size_t f = 0; f < 5; f++) {
        positives = 0.0;
        for (size_t c = 0; c < q->n_concepts; c++) {
            const struct concept_result *o = &q->concept[c];
            const double v[5] = {o->full, o->fraction, o->recall, o->f1_best,
                                 (double)o->n_main};
            const bool counts =
                o->eligible && s->in->concepts->def[o->concept].kind == kind;
            x[c] = counts ? v[f] : (double)NAN;
            positives += counts ? (double)o->true_positives : 0.0;
        }
        TRY_OUT(rc, report_ratio(s->r, q->n_concepts, NULL, x, NULL, "concepts", e,
                                 "absorption.%s.%s", name, figure[f]));
    }
    TRY_OUT(rc, report_value(s->r, positives, e, "absorption.%s.true_positives", name));
out:
    mem_free(x);
    return rc;
}

/* One word form of a concept: how often it was absorbed, and by which latents. */
static void add_word(const struct suite *s, size_t c, const uint32_t *hit,
                     const int32_t *by, size_t n, cJSON *list)
{
    int32_t latent[EVAL_ABSORBERS];
    size_t times[EVAL_ABSORBERS] = {0}, kinds = 0, absorbed = 0;
    for (size_t i = 0; i < n; i++) {
        if (by[i] < 0) {
            continue;
        }
        size_t at = 0;
        absorbed++;
        while (at < kinds && latent[at] != by[i]) {
            at++;
        }
        if (at == kinds && kinds < EVAL_ABSORBERS) {
            latent[kinds++] = by[i];
        }
        if (at < EVAL_ABSORBERS) {
            times[at]++;
        }
    }
    if (absorbed == 0) {
        return;
    }
    const int32_t token = s->in->set->sample.token[hit[0]];
    size_t len = 0;
    const char *piece = tok_piece_view(s->in->lm->tok, token, &len);
    struct str word;
    str_init(&word, 4096);
    str_addn(&word, piece != NULL ? piece : "", piece != NULL ? len : 0);
    cJSON *o = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(o, "concept", s->in->concepts->def[c].name);
    (void)cJSON_AddStringToObject(o, "word", word.len > 0 ? word.p : "");
    (void)cJSON_AddNumberToObject(o, "token", (double)token);
    (void)cJSON_AddNumberToObject(o, "true_positives", (double)n);
    (void)cJSON_AddNumberToObject(o, "absorbed", (double)absorbed);
    cJSON *latents = cJSON_AddArrayToObject(o, "absorbers");
    for (size_t i = 0; i < kinds && latents != NULL; i++) {
        cJSON *a = cJSON_CreateObject();
        (void)cJSON_AddNumberToObject(a, "latent", (double)latent[i]);
        (void)cJSON_AddNumberToObject(a, "share", (double)times[i] / (double)absorbed);
        (void)cJSON_AddItemToArray(latents, a);
    }
    str_free(&word);
    (void)cJSON_AddItemToArray(list, o);
}

/* The hits of a concept by word form: hit and by are put in order of tokens. */
static void add_words_of(const struct suite *s, size_t c, uint32_t *hit, int32_t *by,
                         cJSON *list)
{
    const struct probe_bank *b = &s->in->set->bank;
    const int32_t *token = s->in->set->sample.token;
    const size_t n = b->hit_start[c + 1] - b->hit_start[c];
    memcpy(hit, b->hit + b->hit_start[c], n * sizeof *hit);
    for (size_t i = 1; i < n; i++) { /* stable, and n is at most some hundreds */
        const uint32_t h = hit[i];
        const int32_t l = by[i];
        size_t at = i;
        for (; at > 0 && token[hit[at - 1]] > token[h]; at--) {
            hit[at] = hit[at - 1];
            by[at] = by[at - 1];
        }
        hit[at] = h;
        by[at] = l;
    }
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && token[hit[end]] == token[hit[i]]) {
            end++;
        }
        add_word(s, c, hit + i, by + i, end - i, list);
        i = end;
    }
}

static enum err absorbed_words(struct suite *s, struct errinfo *e)
{
    const struct probe_bank *b = &s->in->set->bank;
    const size_t hits = b->hit_start[b->C];
    int32_t *by = NULL;
    uint32_t *hit = NULL;
    cJSON *list = cJSON_CreateArray();
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&by, hits, sizeof *by, "absorbed words", e));
    TRY_OUT(rc, mem_new(&hit, hits, sizeof *hit, "absorbed words", e));
    TRY_OUT(rc,
            evaluate_absorbers(s->in->set, s->in->sae, s->in->pool, s->result, by, e));
    for (size_t c = 0; c < b->C && list != NULL; c++) {
        add_words_of(s, c, hit, by + b->hit_start[c], list);
    }
    cJSON *const given = list;
    list = NULL;
    TRY_OUT(rc, report_list(s->r, "absorbed_words", given, e));
out:
    mem_free(by);
    mem_free(hit);
    cJSON_Delete(list);
    return rc;
}

static enum err run_absorption(struct suite *s, struct errinfo *e)
{
    TRY(family_figures(s, CONCEPT_LEAF, "leaf", e));
    TRY(family_figures(s, CONCEPT_SUPER, "super", e));
    TRY(family_figures(s, CONCEPT_LETTER, "letter", e));
    TRY(report_value(s->r, s->result->absorption_saebench, e, "absorption.saebench"));
    TRY(report_value(s->r, (double)s->result->saebench_eligible, e,
                     "absorption.saebench_eligible_concepts"));
    /* The model is asked nothing: its own activation at the word stands for it. */
    TRY(report_list(s->r, "first_letter_input", cJSON_CreateString("word"), e));
    return absorbed_words(s, e);
}

/* ---- the others ---- */

static enum err run_fidelity(struct suite *s, struct errinfo *e)
{
    const struct suite_inputs *in = s->in;
    struct reconstruct_job j = {.set = eval_set_rows(in->set),
                                .rows = in->rows,
                                .ce_rows = in->rows,
                                .lm = in->lm,
                                .depth = in->depth,
                                .sae = in->sae};
    TRY(reconstruct_measure(&j, "in_distribution", in->pool, in->cancel, s->r, e));
    if (in->ood == NULL) {
        return report_left_out(s->r, e, "fidelity out of distribution", "no OOD text");
    }
    j.set = in->ood;
    return reconstruct_measure(&j, "out_of_distribution", in->pool, in->cancel, s->r,
                               e);
}

static enum err run_latents(struct suite *s, struct errinfo *e)
{
    return latent_stats(eval_set_rows(s->in->set), s->in->sae, s->in->pool, s->r, e);
}

static enum err run_tokens(struct suite *s, struct errinfo *e)
{
    return probe_tokens(s->in->set, s->in->ood, s->in->concepts, s->in->sae, &s->in->ks,
                        s->in->pool, s->in->cancel, s->r, e);
}

static enum err run_sentences(struct suite *s, struct errinfo *e)
{
    const struct suite_inputs *in = s->in;
    for (size_t i = 0; i < in->n_probes; i++) {
        struct errinfo why = {0};
        const enum err rc =
            sentence_sets_add(&s->sets, in->probes[i], in->sae, in->lm, in->depth,
                              harvest_T(in->h), in->pool, &why);
        if (rc == ERR_NOMEM) {
            return err_set(e, rc, "%s", why.msg);
        }
        if (rc != OK) {
            TRY(report_left_out(s->r, e, "sentence tasks", "%s", why.msg));
        }
    }
    TRY(sentence_sets_check(&s->sets, s->r, e));
    if (s->sets.n == 0) {
        return report_left_out(s->r, e, "probing of sentences", "no probe sets");
    }
    return probe_sentences(&s->sets, &in->ks, in->pool, in->cancel, s->r, e);
}

static enum err run_tpp(struct suite *s, struct errinfo *e)
{
    return perturb_tpp(&s->sets, s->in->sae, s->in->cancel, s->r, e);
}

static enum err run_scr(struct suite *s, struct errinfo *e)
{
    TRY(report_list(s->r, "tpp_scr_caveat", cJSON_CreateString(PERTURB_CAVEAT), e));
    return perturb_scr(&s->sets, s->in->sae, s->in->cancel, s->r, e);
}

static enum err run_robust(struct suite *s, struct errinfo *e)
{
    const struct suite_inputs *in = s->in;
    if (in->mask == NULL) {
        return report_left_out(s->r, e, "robustness", "the run has no mask token");
    }
    return robust_measure(eval_set_rows(in->set), ROBUST_ROWS, in->mask, in->sae, in->h,
                          in->pool, s->r, e);
}

static enum err run_live(struct suite *s, struct errinfo *e)
{
    const struct suite_inputs *in = s->in;
    return evaluate(in->set, in->sae, in->h, in->pool, in->cancel, s->result, e);
}

static enum err run_saebench(struct suite *s, struct errinfo *e)
{
    const struct suite_inputs *in = s->in;
    return evaluate_saebench(in->set, in->sae, in->pool, in->cancel, s->result, e);
}

/* In this order: absorption reads what live and saebench found, TPP and SCR the sets
 * that sentences read. */
static const struct {
    const char *name;
    enum err (*run)(struct suite *s, struct errinfo *e);
    bool vital; /* without it there is no result */
} measures[] = {
    {"live", run_live, true},
    {"saebench", run_saebench, false},
    {"fidelity", run_fidelity, false},
    {"latents", run_latents, false},
    {"absorption", run_absorption, false},
    {"probing concepts", run_tokens, false},
    {"probing sentences", run_sentences, false},
    {"tpp", run_tpp, false},
    {"scr", run_scr, false},
    {"robustness", run_robust, false},
};

static enum err run_all(struct suite *s, struct suite_times *t, struct errinfo *e)
{
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        struct errinfo why = {0};
        const int64_t begun = clock_ns();
        TRY(eval_poll(s->in->cancel, e));
        const enum err rc = measures[i].run(s, &why);
        if (rc == ERR_NOMEM || rc == ERR_CANCELLED || (rc != OK && measures[i].vital)) {
            return err_set(e, rc, "%s", why.msg);
        }
        if (rc != OK) {
            TRY(report_left_out(s->r, e, measures[i].name, "%s", why.msg));
        }
        if (t != NULL) {
            t->part[t->n] = measures[i].name;
            t->seconds[t->n++] = clock_seconds_since(begun);
        }
    }
    return OK;
}

enum err suite_run(const struct suite_inputs *in, struct report *r,
                   struct eval_result *result, struct suite_times *times,
                   struct errinfo *e)
{
    struct eval_result q = {0};
    struct suite s = {.in = in, .r = r, .result = &q};
    if (times != NULL) {
        times->n = 0;
    }
    const enum err rc = run_all(&s, times, e);
    sentence_sets_deinit(&s.sets);
    if (rc != OK) {
        eval_result_deinit(&q);
        return rc;
    }
    *result = q;
    return OK;
}

enum err suite_tree(const struct report *r, const struct eval_result *result,
                    const struct concepts *c, cJSON **out, struct errinfo *e)
{
    cJSON *root = NULL, *live = NULL;
    TRY(report_tree(r, &root, e));
    const enum err rc = eval_result_tree(result, c, &live, e);
    while (rc == OK && live->child != NULL) {
        cJSON *item = cJSON_DetachItemViaPointer(live, live->child);
        if (cJSON_GetObjectItemCaseSensitive(root, item->string) != NULL ||
            !cJSON_AddItemToObject(root, item->string, item)) {
            cJSON_Delete(item);
        }
    }
    cJSON_Delete(live);
    if (rc != OK) {
        cJSON_Delete(root);
        return rc;
    }
    *out = root;
    return OK;
}
