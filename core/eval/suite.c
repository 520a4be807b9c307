#include "eval/suite.h"

#include "base/clock.h"
#include "base/mem.h"
#include "eval/details.h"
#include "eval/firmness.h"
#include "eval/heldout.h"
#include "eval/kept.h"
#include "eval/latent_stats.h"
#include "eval/perturb.h"
#include "eval/spread.h"
#include "eval/suite_priv.h"
#include "eval/words.h"
#include "measure/measure.h"
#include "measure/wants.h"

#include <math.h>
#include <string.h>

/* State that the measures of one SAE share. */
struct suite {
    const struct suite_bench *b;
    const struct suite_source *in;
    const struct suite_job *job;
    struct report *r;
    struct eval_result *result;
    struct sentence_sets sets;
    bool has_sets;
};

/* ---- absorption ---- */

/* Measures of a set's concepts that only a final evaluation makes. */
struct finals {
    struct firmness firm;
    struct spread spread;
};

static void finals_deinit(struct finals *f)
{
    firmness_deinit(&f->firm);
    spread_deinit(&f->spread);
}

/* Words of concepts, the result for each, and their names. */
struct family {
    const struct eval_set *set;
    const struct concepts *concepts;
    const struct eval_result *q;
    const struct finals *finals;
    enum concept_kind kind;
};

/* The figures of a family, means over its concepts: the metrics whose path in eval.json
 * ends with the figure's name. */
static const enum metric family_figure[] = {
    METRIC_ABSORPTION, METRIC_ABS_FRACTION, METRIC_RECALL, METRIC_F1_BEST,
    METRIC_F1_HELDOUT, METRIC_FIRMNESS,     METRIC_SPREAD, METRIC_MAIN_LATENTS,
};
#define FAMILY_FIGURES (sizeof family_figure / sizeof *family_figure)

/* Writes figure f of the concepts with use[c], NaN for others. */
static enum err family_one(struct suite *s, const struct family *fam, const char *name,
                           size_t f, const bool *use, double *x, struct errinfo *e)
{
    const struct eval_result *q = fam->q;
    for (size_t c = 0; c < q->n_concepts; c++) {
        const struct concept_result *o = &q->concept[c];
        const double v[FAMILY_FIGURES] = {o->full,    o->fraction,      o->recall,
                                          o->f1_best, o->f1_heldout,    o->firmness,
                                          o->spread,  (double)o->n_main};
        x[c] = use[c] ? v[f] : (double)NAN;
    }
    return report_ratio(s->r, q->n_concepts, NULL, x, NULL, "concepts", e,
                        "absorption.%s.%s", name, measure_leaf(family_figure[f]));
}

static enum err family_figures(struct suite *s, const struct family *fam,
                               const char *name, struct errinfo *e)
{
    const struct eval_result *q = fam->q;
    double *x = NULL;
    bool *use = NULL;
    double positives = 0.0;
    enum err rc = OK;
    TRY_OUT(rc, mem_new(&x, q->n_concepts, sizeof *x, "absorption", e));
    TRY_OUT(rc, mem_new(&use, q->n_concepts, sizeof *use, "absorption", e));
    for (size_t c = 0; c < q->n_concepts; c++) {
        const struct concept_result *o = &q->concept[c];
        use[c] = o->eligible && fam->concepts->def[o->concept].kind == fam->kind;
        positives += use[c] ? (double)o->true_positives : 0.0;
    }
    for (size_t f = 0; f < FAMILY_FIGURES; f++) {
        TRY_OUT(rc, family_one(s, fam, name, f, use, x, e));
    }
    TRY_OUT(rc, report_value(s->r, positives, e, "absorption.%s.true_positives", name));
out:
    mem_free(x);
    mem_free(use);
    return rc;
}

static void take_finals(const struct finals *f, size_t c, struct concept_result *o)
{
    o->firmness = f->firm.same[c];
    o->spread = spread_of(&f->spread, c);
    if (o->eligible) {
        o->full_by = firmness_bounds(&f->firm, FIRM_FULL, c);
        o->fraction_by = firmness_bounds(&f->firm, FIRM_FRACTION, c);
        o->recall_by = firmness_bounds(&f->firm, FIRM_RECALL, c);
        o->f1_by = firmness_bounds(&f->firm, FIRM_F1, c);
    }
}

/* Measures into q, and into f what that is made from; release f also on an error. */
static enum err final_measures(const struct suite *s, const struct eval_set *set,
                               const struct concepts *concepts, struct eval_result *q,
                               struct finals *f, struct errinfo *e)
{
    const struct suite_job *j = s->job;
    TRY(firmness_measure(set, j->sae, q, j->pool, j->cancel, &f->firm, e));
    TRY(spread_measure(set, j->sae, q, j->pool, j->cancel, &f->spread, e));
    TRY(heldout_measure(set, concepts, j->sae, j->pool, j->cancel, q, e));
    q->resamples = f->firm.reps;
    q->fits += f->firm.fits + f->spread.fits;
    q->fits_short += f->firm.fits_short + f->spread.fits_short;
    for (size_t c = 0; c < q->n_concepts; c++) {
        take_finals(f, c, &q->concept[c]);
    }
    TRY(report_fits(s->r, "absorption, spread", f->spread.fits, f->spread.fits_short,
                    e));
    return report_fits(s->r, "absorption, resamples", f->firm.fits, f->firm.fits_short,
                       e);
}

/* ---- words ---- */

/* Reports the share of a family's words with each verdict, among those that have
 * one. */
static enum err word_figures(struct suite *s, const struct family *fam,
                             const char *name, const struct word_result *word, size_t n,
                             struct errinfo *e)
{
    static const char *const key[WORD_VERDICTS] = {[WORD_PROBE_WRONG] = "probe_wrong",
                                                   [WORD_HELD] = "held",
                                                   [WORD_ABSORBED] = "absorbed",
                                                   [WORD_MISSED] = "missed"};
    double *x = NULL;
    double rare = 0.0;
    enum err rc = mem_new(&x, n, sizeof *x, "words", e);
    for (size_t i = 0; i < n && rc == OK; i++) {
        rare += fam->concepts->def[word[i].concept].kind == fam->kind &&
                word[i].verdict == WORD_TOO_RARE;
    }
    for (int v = WORD_TOO_RARE + 1; v < WORD_VERDICTS && rc == OK; v++) {
        for (size_t i = 0; i < n; i++) {
            const bool counts = fam->concepts->def[word[i].concept].kind == fam->kind &&
                                word[i].verdict != WORD_TOO_RARE;
            x[i] = counts ? (double)((int)word[i].verdict == v) : (double)NAN;
        }
        rc = report_ratio(s->r, n, NULL, x, NULL, "words", e, "absorption.%s.words_%s",
                          name, key[v]);
    }
    mem_free(x);
    TRY(rc);
    return report_value(s->r, rare, e, "absorption.%s.words_too_rare", name);
}

/* Lists one word: its verdict, and which latents absorb it. */
static void add_word(const struct suite *s, const struct family *fam,
                     const struct word_result *w, cJSON *list)
{
    size_t len = 0;
    const char *piece = tok_piece_view(s->in->lm->tok, w->token, &len);
    struct str word;
    str_init(&word, 4096);
    str_addn(&word, piece != NULL ? piece : "", piece != NULL ? len : 0);
    cJSON *o = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(o, "concept", fam->concepts->def[w->concept].name);
    (void)cJSON_AddStringToObject(o, "word", word.len > 0 ? word.p : "");
    (void)cJSON_AddNumberToObject(o, "token", (double)w->token);
    (void)cJSON_AddStringToObject(o, "verdict", word_verdict_name(w->verdict));
    (void)cJSON_AddNumberToObject(o, "occurrences", (double)w->occurrences);
    (void)cJSON_AddNumberToObject(o, measure_leaf(METRIC_TRUE_POS), (double)w->right);
    (void)cJSON_AddNumberToObject(o, "main_latent_fires", (double)w->held);
    (void)cJSON_AddNumberToObject(o, "absorbed", (double)w->absorbed);
    cJSON *latents = cJSON_AddArrayToObject(o, "absorbers");
    for (size_t i = 0; i < EVAL_ABSORBERS && w->absorber[i].latent >= 0; i++) {
        const struct word_absorber *by = &w->absorber[i];
        cJSON *a = cJSON_CreateObject();
        (void)cJSON_AddNumberToObject(a, "latent", (double)by->latent);
        (void)cJSON_AddNumberToObject(a, "share", word_absorber_share(w, i));
        (void)cJSON_AddNumberToObject(a, "projection", by->projection);
        (void)cJSON_AddItemToArray(latents, a);
    }
    str_free(&word);
    (void)cJSON_AddItemToArray(list, o);
}

/* Reports the figures of a set's words by family, and lists the words: all of them,
 * except that of the built-in families, to which every word belongs, only those
 * absorbed somewhere. */
static enum err run_words(struct suite *s, struct family *fam, const char *const *name,
                          cJSON *list, struct errinfo *e)
{
    const bool asked = s->b->letters != NULL && fam->set == s->in->set;
    const struct word_result *word = fam->q->word;
    const size_t n = fam->q->n_words;
    enum err rc = OK;
    if (s->r->details != NULL) {
        details_words(s->r->details, fam->set == s->in->set ? "words" : "words_prompts",
                      fam->concepts, word, n);
    }
    for (int kind = CONCEPT_LEAF; kind <= CONCEPT_LETTER && rc == OK; kind++) {
        if (name[kind] != NULL) {
            fam->kind = (enum concept_kind)kind;
            rc = word_figures(s, fam, name[kind], word, n, e);
        }
    }
    for (size_t i = 0; i < n && rc == OK && list != NULL; i++) {
        const enum concept_kind kind = fam->concepts->def[word[i].concept].kind;
        const bool instead = asked && kind == CONCEPT_LETTER; /* by prompts */
        if (!concept_kind_is_built_in(kind) || (word[i].absorbed > 0 && !instead)) {
            add_word(s, fam, &word[i], list);
        }
    }
    return rc;
}

/* Writes the numbers behind a family's figures if details are wanted; in SAEBench's
 * form if `bank` is not NULL. */
static enum err family_details(const struct suite *s, const struct family *fam,
                               const struct probe_bank *bank, const char *key,
                               struct errinfo *e)
{
    const struct details_absorption d = {
        .key = key,
        .set = fam->set,
        .bank = bank != NULL ? bank : &fam->set->bank,
        .sae = s->job->sae,
        .concepts = fam->concepts,
        .firm = bank != NULL ? NULL : &fam->finals->firm,
        .spread = bank != NULL ? NULL : &fam->finals->spread,
        .model_units = bank != NULL,
        .activations = fam->set != s->in->set,
        .pool = s->job->pool,
        .cancel = s->job->cancel};
    return s->r->details != NULL ? details_absorption(s->r->details, &d, e) : OK;
}

/* Drops words of running text for letters asked by prompts: they do not go together. */
static void drop_letter_words(struct eval_result *r, const struct concepts *c)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_words; i++) {
        if (c->def[r->word[i].concept].kind != CONCEPT_LETTER) {
            r->word[n++] = r->word[i];
        }
    }
    r->n_words = n;
}

/* Replaces the letters' results on running text by those on prompts. */
static void take_letters(struct eval_result *to, const struct concepts *c,
                         const struct eval_result *from, const struct concepts *letters)
{
    to->letter = from->letter;
    drop_letter_words(to, c);
    for (size_t i = 0; i < from->n_concepts; i++) {
        for (size_t k = 0; k < to->n_concepts; k++) {
            if (strcmp(c->def[k].name, letters->def[i].name) == 0 &&
                c->def[k].kind == CONCEPT_LETTER) {
                to->concept[k] = from->concept[i];
                to->concept[k].concept = (int32_t)k;
            }
        }
    }
}

/* Measures letters by prompts: the same rule on other activations, and SAEBench's own
 * form, which is the measure they publish. */
static enum err asked_letters(struct suite *s, cJSON *list, struct errinfo *e)
{
    const struct letter_task *t = s->b->letters;
    const struct suite_job *j = s->job;
    struct eval_result q = {0};
    struct finals finals = {0};
    enum err rc = OK;
    TRY_OUT(rc, evaluate(t->set, j->sae, j->h, j->pool, j->cancel, &q, e));
    TRY_OUT(rc, report_fits(s->r, "absorption of letters", q.fits, q.fits_short, e));
    TRY_OUT(rc,
            evaluate_saebench(t->set, &t->saebench, j->sae, j->pool, j->cancel, &q, e));
    TRY_OUT(rc, final_measures(s, t->set, t->concepts, &q, &finals, e));
    struct family fam = {t->set, t->concepts, &q, &finals, CONCEPT_LETTER};
    static const char *const name[CONCEPT_KINDS] = {[CONCEPT_LETTER] = "letter"};
    TRY_OUT(rc, family_figures(s, &fam, "letter", e));
    TRY_OUT(rc,
            report_value(s->r, q.absorption_saebench, e, "absorption.letter.saebench"));
    TRY_OUT(rc, report_value(s->r, (double)q.saebench_eligible, e,
                             "absorption.letter.saebench_eligible_letters"));
    TRY_OUT(rc, run_words(s, &fam, name, list, e));
    TRY_OUT(rc, family_details(s, &fam, NULL, "absorption_prompts", e));
    TRY_OUT(rc,
            family_details(s, &fam, &t->saebench, "absorption_prompts_saebench", e));
    take_letters(s->result, s->in->concepts, &q, t->concepts);
out:
    eval_result_deinit(&q);
    finals_deinit(&finals);
    return rc;
}

static enum err absorption_figures(struct suite *s, cJSON *list, struct errinfo *e)
{
    const bool asked = s->b->letters != NULL;
    struct finals finals = {0};
    struct family fam = {s->in->set, s->in->concepts, s->result, &finals, CONCEPT_LEAF};
    const char *const name[CONCEPT_KINDS] = {[CONCEPT_LEAF] = "leaf",
                                             [CONCEPT_SUPER] = "super",
                                             [CONCEPT_LETTER] =
                                                 asked ? "letter_own_word" : "letter"};
    enum err rc = OK;
    TRY_OUT(rc, final_measures(s, fam.set, fam.concepts, s->result, &finals, e));
    for (int kind = CONCEPT_LEAF; kind <= CONCEPT_LETTER; kind++) {
        fam.kind = (enum concept_kind)kind;
        TRY_OUT(rc, family_figures(s, &fam, name[kind], e));
    }
    TRY_OUT(rc, run_words(s, &fam, name, list, e));
    TRY_OUT(rc, family_details(s, &fam, NULL, "absorption", e));
    if (asked) {
        rc = asked_letters(s, list, e);
    }
out:
    finals_deinit(&finals);
    return rc;
}

static enum err run_absorption(struct suite *s, struct errinfo *e)
{
    cJSON *list = cJSON_CreateArray();
    const enum err rc = absorption_figures(s, list, e);
    if (rc != OK) {
        cJSON_Delete(list);
        return rc;
    }
    TRY(report_list(s->r, "words", list, e));
    if (s->b->letters != NULL) {
        return report_list(s->r, SUITE_LETTER_INPUT,
                           cJSON_CreateString("in-context prompt"), e);
    }
    TRY(report_list(s->r, SUITE_LETTER_INPUT, cJSON_CreateString("word"), e));
    return report_list(s->r, SUITE_LETTER_INPUT "_why",
                       cJSON_CreateString(s->b->letters_why), e);
}

/* ---- the others ---- */

static enum err run_saebench(struct suite *s, struct errinfo *e)
{
    struct eval_result *q = s->result;
    TRY(evaluate_saebench(s->in->set, &s->b->saebench, s->job->sae, s->job->pool,
                          s->job->cancel, q, e));
    const struct family fam = {.set = s->in->set, .concepts = s->in->concepts};
    TRY(report_value(s->r, q->absorption_saebench, e, "%s",
                     measure_at(METRIC_ABS_SAEBENCH)->path));
    TRY(family_details(s, &fam, &s->b->saebench, "absorption_saebench", e));
    return report_value(s->r, (double)q->saebench_eligible, e,
                        "absorption.saebench_eligible_concepts");
}

static enum err run_fidelity(struct suite *s, struct errinfo *e)
{
    const struct suite_job *j = s->job;
    TRY(reconstruct_measure(&s->b->id, j->sae, "in_distribution", j->pool, j->cancel,
                            s->r, e));
    if (s->in->ood == NULL) {
        return report_left_out(s->r, e, "fidelity out of distribution", "%s",
                               want_says(WANT_OOD));
    }
    return reconstruct_measure(&s->b->ood, j->sae, "out_of_distribution", j->pool,
                               j->cancel, s->r, e);
}

static enum err run_latents(struct suite *s, struct errinfo *e)
{
    return latent_stats(eval_set_rows(s->in->set), s->job->sae, s->job->pool, s->r, e);
}

static enum err run_tokens(struct suite *s, struct errinfo *e)
{
    if (s->r->details != NULL) {
        details_tokens(s->r->details, &s->b->tokens);
    }
    return probe_tokens(&s->b->tokens, s->in->concepts, s->job->sae, s->job->pool,
                        s->job->cancel, s->r, e);
}

/* Copies the gaps of a section of the bench, which every SAE has. */
static enum err copy_gaps(const struct report *from, struct report *r,
                          struct errinfo *e)
{
    for (size_t i = 0; i < from->gaps; i++) {
        TRY(report_left_out(r, e, from->gap[i].what, "%s", from->gap[i].why));
    }
    return OK;
}

/* Makes the codes of the sentence tasks, for the first section that asks. */
static enum err need_sets(struct suite *s, struct errinfo *e)
{
    if (s->has_sets) {
        return OK;
    }
    s->has_sets = true;
    TRY(copy_gaps(&s->b->gap[SUITE_SENTENCES], s->r, e));
    if (s->b->failed[SUITE_SENTENCES]) {
        return OK;
    }
    if (s->r->details != NULL) {
        details_sentences(s->r->details, &s->b->texts);
    }
    return sentence_sets_init(&s->sets, &s->b->texts, s->job->sae, s->job->pool,
                              s->job->cancel, e);
}

static enum err run_sentences(struct suite *s, struct errinfo *e)
{
    TRY(need_sets(s, e));
    if (s->sets.n == 0) {
        return report_left_out(s->r, e, "probing of sentences", "%s",
                               want_says(WANT_PROBES));
    }
    return probe_sentences(&s->sets, &s->b->texts.base, s->job->pool, s->job->cancel,
                           s->r, e);
}

static enum err run_tpp(struct suite *s, struct errinfo *e)
{
    TRY(need_sets(s, e));
    return perturb_tpp(&s->sets, s->job->sae, s->job->cancel, s->r, e);
}

static enum err run_scr(struct suite *s, struct errinfo *e)
{
    TRY(need_sets(s, e));
    TRY(report_list(s->r, "tpp_scr_caveat", cJSON_CreateString(PERTURB_CAVEAT), e));
    return perturb_scr(&s->sets, s->job->sae, s->job->cancel, s->r, e);
}

static enum err run_robust(struct suite *s, struct errinfo *e)
{
    return robust_measure(&s->b->robust, s->job->sae, s->job->pool, s->r, e);
}

static enum err run_live(struct suite *s, struct errinfo *e)
{
    const struct suite_job *j = s->job;
    TRY(evaluate(s->in->set, j->sae, j->h, j->pool, j->cancel, s->result, e));
    return report_fits(s->r, "absorption", s->result->fits, s->result->fits_short, e);
}

/* ---- the table ---- */

#define BIT(section) (1U << (section))

/* In the order they run: absorption reads the results of live. */
static const struct {
    const char *name;
    enum err (*run)(struct suite *s, struct errinfo *e);
    unsigned needs;
    bool vital; /* without it there is no result */
} measures[SUITE_SECTIONS] = {
    [SUITE_LIVE] = {"live", run_live, 0, true},
    [SUITE_FIDELITY] = {"fidelity", run_fidelity, 0, false},
    [SUITE_LATENTS] = {"latents", run_latents, 0, false},
    [SUITE_ABSORPTION] = {"absorption", run_absorption, BIT(SUITE_LIVE), false},
    [SUITE_SAEBENCH] = {"absorption.saebench", run_saebench, 0, false},
    [SUITE_CONCEPTS] = {"probing.concepts", run_tokens, 0, false},
    [SUITE_SENTENCES] = {"probing.sentences", run_sentences, 0, false},
    [SUITE_TPP] = {"tpp", run_tpp, 0, false},
    [SUITE_SCR] = {"scr", run_scr, 0, false},
    [SUITE_ROBUSTNESS] = {"robustness", run_robust, 0, false},
};

const char *suite_section_name(enum suite_section section)
{
    return measures[section].name;
}

unsigned suite_sections_needed(unsigned sections)
{
    for (size_t i = 0; i < SUITE_SECTIONS; i++) {
        sections |= sections & BIT(i) ? measures[i].needs : 0;
    }
    return sections & SUITE_ALL;
}

/* The sections that word[len] means. */
static unsigned parts_of(const char *word, size_t len)
{
    unsigned sections = 0;
    for (size_t i = 0; i < SUITE_SECTIONS; i++) {
        const char *name = measures[i].name;
        if (strncmp(name, word, len) == 0 && (name[len] == '\0' || name[len] == '.')) {
            sections |= BIT(i);
        }
    }
    return sections;
}

static enum err unknown_part(const char *word, size_t len, struct errinfo *e)
{
    struct str all;
    str_init(&all, 1024);
    for (size_t i = 0; i < SUITE_SECTIONS; i++) {
        str_addf(&all, "%s%s", i > 0 ? ", " : "", measures[i].name);
    }
    (void)err_set(e, ERR_USAGE, "found '%.*s', expected parts of an evaluation: %s",
                  len < 40 ? (int)len : 40, word, all.p);
    str_free(&all);
    return ERR_USAGE;
}

enum err suite_sections_parse(const char *list, unsigned *sections, struct errinfo *e)
{
    unsigned all = 0;
    for (const char *p = list;; p++) {
        const size_t len = strcspn(p, ",");
        const unsigned found = len > 0 ? parts_of(p, len) : 0;
        if (found == 0) {
            return unknown_part(p, len, e);
        }
        all |= found;
        p += len;
        if (*p == '\0') {
            break;
        }
    }
    *sections = suite_sections_needed(all);
    return OK;
}

/* ---- running ---- */

static enum err run_section(struct suite *s, enum suite_section section,
                            struct errinfo *e)
{
    const bool own_gaps = (SUITE_OF_SENTENCES & BIT(section)) == 0; /* see need_sets */
    struct errinfo why = {0};
    if (own_gaps) {
        TRY(copy_gaps(&s->b->gap[section], s->r, e));
        if (s->b->failed[section]) {
            return OK;
        }
    }
    const enum err rc = measures[section].run(s, &why);
    if (rc == ERR_NOMEM || rc == ERR_CANCELLED ||
        (rc != OK && measures[section].vital)) {
        return err_set(e, rc, "%s", why.msg);
    }
    return rc == OK ? OK
                    : report_left_out(s->r, e, measures[section].name, "%s", why.msg);
}

void suite_tell(const struct suite_watch *w, const char *what, size_t done, size_t n)
{
    if (w != NULL) {
        w->begin(w->user, what, done, n);
    }
}

static enum err run_all(struct suite *s, unsigned sections, struct suite_times *t,
                        struct errinfo *e)
{
    size_t done = 0, n = 0;
    for (size_t i = 0; i < SUITE_SECTIONS; i++) {
        n += (sections & BIT(i)) != 0;
    }
    for (enum suite_section i = 0; i < SUITE_SECTIONS; i++) {
        const int64_t begun = clock_ns();
        if ((sections & BIT(i)) == 0) {
            continue;
        }
        TRY(eval_poll(s->job->cancel, e));
        suite_tell(s->job->watch, measures[i].name, done++, n);
        TRY(run_section(s, i, e));
        if (t != NULL) {
            t->section[t->n] = measures[i].name;
            t->seconds[t->n++] = clock_seconds_since(begun);
        }
    }
    return OK;
}

/* Begins the details with the inputs of all measures. */
static void begin_details(const struct suite *s)
{
    struct json_out *o = s->r->details;
    if (o == NULL) {
        return;
    }
    details_concepts(o, s->in->concepts);
    details_rows(o, "in_distribution", eval_set_rows(s->in->set));
    if (s->in->ood != NULL) {
        details_rows(o, "out_of_distribution", s->in->ood);
    }
}

static enum err check_width(const struct suite_bench *b, const struct suite_job *job,
                            struct errinfo *e)
{
    if (job->sae->D != lm_hook_width(&b->src.lm->cfg, b->src.hook)) {
        return err_set(e, ERR_USAGE,
                       "the SAE is for activations of width %zu, expected %zu as the "
                       "model's",
                       job->sae->D, lm_hook_width(&b->src.lm->cfg, b->src.hook));
    }
    return OK;
}

enum err suite_run(const struct suite_bench *b, const struct suite_job *job,
                   struct report *r, struct eval_result *result,
                   struct suite_times *times, struct errinfo *e)
{
    struct eval_result q = {0};
    struct suite s = {.b = b, .in = &b->src, .job = job, .r = r, .result = &q};
    const unsigned sections = suite_sections_needed(job->sections) & b->src.sections;
    if (times != NULL) {
        times->n = 0;
    }
    TRY(check_width(b, job, e));
    begin_details(&s);
    const enum err rc = run_all(&s, sections, times, e);
    sentence_sets_deinit(&s.sets);
    if (r->details != NULL) {
        details_figures(r->details, r);
    }
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
    enum err rc = OK;
    TRY(report_tree(r, &root, e));
    rc = kept_add(r, root, e);
    if (rc == OK && result->concept != NULL) {
        rc = eval_result_tree(result, c, &live, e);
    }
    while (rc == OK && live != NULL && live->child != NULL) {
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
