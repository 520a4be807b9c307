/* saetop concepts: which latents carry which concepts in each condition of an
 * experiment, and what became of each word of one. */
#include "arm_evals.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cmd.h"
#include "concept_words.h"
#include "eval/concept_effects.h"
#include "lm/lm.h"
#include "lm_cmds.h"
#include "text/concept_suggest.h"
#include "text/concepts.h"
#include "text/corpus.h"
#include "text/pack.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT_BYTES ((size_t)64 << 20)
/* Tokens of a text in which languages are looked for, at most. */
#define SUGGEST_TOKENS 200000

struct concepts_args {
    const char *concept, *model, *corpus, *out;
    bool json, letters, anew, suggest, force;
    int64_t threads;
};

struct row {
    const char *concept, *kind; /* of the first arm's file */
    enum concept_kind family;
};
struct table {
    struct arm_evals arms;
    struct row *row; /* [n] by kind, super-categories first */
    size_t n;
    bool own; /* there are categories from a file */
    struct concept_effects effects;
};

static void table_deinit(struct table *t)
{
    mem_free(t->row);
    concept_effects_deinit(&t->effects);
    arm_evals_close(&t->arms);
}

/* ---- reading ---- */

static const char *text_of(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static enum err list_rows(struct table *t, struct errinfo *e)
{
    static const enum concept_kind order[] = {CONCEPT_SUPER,  CONCEPT_LEAF,
                                              CONCEPT_LETTER, CONCEPT_SHAPE,
                                              CONCEPT_SUFFIX, CONCEPT_LANGUAGE};
    const cJSON *list =
        cJSON_GetObjectItemCaseSensitive(t->arms.arm[0].eval, "concepts");
    TRY(mem_new(&t->row, (size_t)cJSON_GetArraySize(list), sizeof *t->row, "concepts",
                e));
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        const cJSON *o = NULL;
        cJSON_ArrayForEach(o, list)
        {
            if (strcmp(text_of(o, "kind"), concept_kind_name(order[k])) == 0) {
                t->row[t->n++] =
                    (struct row){text_of(o, "concept"), text_of(o, "kind"), order[k]};
                t->own = t->own || !concept_kind_is_built_in(order[k]);
            }
        }
    }
    return OK;
}

/* Figure f of a concept in an arm; NaN: not measured. */
static double number_of(const struct table *t, size_t arm, size_t c, size_t f)
{
    const cJSON *o =
        concept_find(t->arms.arm[arm].eval, t->row[c].concept, t->row[c].kind);
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, concept_figure_key(f));
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

/* Find the interval over the text, for a condition of one arm. */
static void text_bounds(const struct table *t, size_t arm, size_t c, size_t f,
                        struct stats_interval *v)
{
    const cJSON *o =
        concept_find(t->arms.arm[arm].eval, t->row[c].concept, t->row[c].kind);
    const cJSON *by = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(o, "intervals"), concept_figure_key(f));
    const cJSON *lo = cJSON_GetArrayItem(by, 0), *hi = cJSON_GetArrayItem(by, 1);
    v->low = cJSON_IsNumber(lo) ? lo->valuedouble : (double)NAN;
    v->high = cJSON_IsNumber(hi) ? hi->valuedouble : (double)NAN;
}

static void take_text_bounds(struct table *t)
{
    for (size_t k = 0; k < t->arms.conditions.n; k++) {
        size_t arms = 0;
        for (size_t i = 0; i < t->arms.n; i++) {
            arms += t->arms.conditions.of[i] == k;
        }
        for (size_t c = 0; c < t->n && arms == 1; c++) {
            for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
                text_bounds(t, t->arms.conditions.at[k].arm, c, f,
                            concept_value(&t->effects, c, k, f));
            }
        }
    }
}

/* Number the arms, those with the same seeds alike. */
static void number_seeds(const struct conditions *c, size_t n, size_t *seed)
{
    for (size_t i = 0; i < n; i++) {
        seed[i] = i;
        for (size_t j = 0; j < i && seed[i] == i; j++) {
            seed[i] = strcmp(c->seed[j], c->seed[i]) == 0 ? seed[j] : i;
        }
    }
}

static enum err fill(struct table *t, struct errinfo *e)
{
    size_t seed[ARM_EVALS_MAX];
    double *x = NULL;
    int *family = NULL;
    enum err rc = OK;
    TRY(list_rows(t, e));
    TRY_OUT(rc,
            mem_new(&x, t->arms.n * t->n, CONCEPT_FIGURES * sizeof *x, "concepts", e));
    TRY_OUT(rc, mem_new(&family, t->n, sizeof *family, "concepts", e));
    for (size_t c = 0; c < t->n; c++) {
        family[c] = (int)t->row[c].family;
        for (size_t i = 0; i < t->arms.n; i++) {
            for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
                x[(i * t->n + c) * CONCEPT_FIGURES + f] = number_of(t, i, c, f);
            }
        }
    }
    number_seeds(&t->arms.conditions, t->arms.n, seed);
    const struct concept_arms arms = {.n = t->arms.n,
                                      .concepts = t->n,
                                      .x = x,
                                      .family = family,
                                      .conditions = t->arms.conditions.n,
                                      .baseline =
                                          conditions_baseline(&t->arms.conditions),
                                      .of = t->arms.conditions.of,
                                      .seed = seed,
                                      .planned = arm_evals_planned(&t->arms),
                                      .so_far = arm_evals_so_far(&t->arms)};
    TRY_OUT(rc, concept_effects_of(&arms, &t->effects, e));
    take_text_bounds(t);
out:
    mem_free(x);
    mem_free(family);
    return rc;
}

/* ---- JSON ---- */

static void add_interval(struct str *out, const char *key, struct stats_interval v)
{
    str_addf(out, "\"%s\": ", key);
    json_add_number(out, v.mean);
    str_add(out, ", \"interval\": [");
    json_add_number(out, v.low);
    str_add(out, ", ");
    json_add_number(out, v.high);
    str_addc(out, ']');
}

/* Add the best latents of a concept in the arms of a condition. */
static void add_latents(const struct table *t, size_t c, size_t k, struct str *out)
{
    bool any = false;
    str_add(out, "\"best_latents\": [");
    for (size_t i = 0; i < t->arms.n; i++) {
        if (t->arms.conditions.of[i] == k) {
            const int64_t j = concept_best_latent(
                concept_find(t->arms.arm[i].eval, t->row[c].concept, t->row[c].kind));
            str_addf(out, any ? ", " : "");
            json_add_number(out, j >= 0 ? (double)j : (double)NAN);
            any = true;
        }
    }
    str_addc(out, ']');
}

static void add_values_json(const struct table *t, size_t c, struct str *out)
{
    for (size_t k = 0; k < t->arms.conditions.n; k++) {
        str_addf(out, "%s{\"condition\": \"%c\", ", k > 0 ? ",\n  " : "\n  ",
                 t->arms.conditions.at[k].letter);
        add_latents(t, c, k, out);
        for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
            str_addf(out, ", \"%s\": {", concept_figure_key(f));
            add_interval(out, "value", *concept_value(&t->effects, c, k, f));
            str_addc(out, '}');
        }
        str_addc(out, '}');
    }
}

static void add_differences_json(const struct table *t, size_t c, struct str *out)
{
    bool any = false;
    for (size_t k = 0; k < t->arms.conditions.n; k++) {
        for (size_t f = 0; f < CONCEPT_FIGURES && k != t->effects.baseline; f++) {
            const struct verdict_row *r = concept_effect(&t->effects, c, k, f);
            const char *direction = verdict_direction(r->verdict);
            str_addf(out,
                     "%s\n  {\"figure\": \"%s\", \"condition\": \"%c\", \"baseline\": "
                     "\"%c\", ",
                     any ? "," : "", concept_figure_key(f),
                     t->arms.conditions.at[k].letter,
                     t->arms.conditions.at[t->effects.baseline].letter);
            add_interval(out, "difference", r->d.by);
            str_addf(out, ", \"n\": %zu, \"p_holm\": ", r->d.n);
            json_add_number(out, r->p_holm);
            str_addf(out, ", \"verdict\": \"%s\", \"direction\": %s%s%s}",
                     verdict_row_text(r), direction ? "\"" : "",
                     direction ? direction : "null", direction ? "\"" : "");
            any = true;
        }
    }
}

static void add_json(const struct table *t, struct str *out)
{
    str_addc(out, '{');
    arm_evals_json(&t->arms, out);
    str_add(out, "\"concepts\": [");
    for (size_t c = 0; c < t->n; c++) {
        str_add(out, c > 0 ? ",\n{\"concept\": " : "\n{\"concept\": ");
        json_add_string(out, t->row[c].concept, strlen(t->row[c].concept));
        str_addf(out, ", \"kind\": \"%s\", \"values\": [", t->row[c].kind);
        add_values_json(t, c, out);
        str_add(out, "],\n \"differences\": [");
        add_differences_json(t, c, out);
        str_add(out, "]}");
    }
    str_add(out, "\n]}\n");
}

/* ---- text ---- */

/* Columns of a line of at most 80: the name, the letter of a condition, its latent, F1
 * and interval, and the other figures. */
enum { NAME_W = 13, LATENT_W = 6, F1_W = 7, INTERVAL_W = 14, FIGURE_W = 6 };

/* Add one condition of a concept. */
static void add_value_text(const struct table *t, size_t c, size_t k, struct str *out)
{
    const struct stats_interval *f1 = concept_value(&t->effects, c, k, 0);
    const struct condition *at = &t->arms.conditions.at[k];
    const int64_t j = concept_best_latent(
        concept_find(t->arms.arm[at->arm].eval, t->row[c].concept, t->row[c].kind));
    str_addf(out, "%c  ", at->letter);
    if (j >= 0 && f1->mean <= 0.0) { /* the rule takes one, which fires on no word */
        str_addf(out, "%*s", LATENT_W, "none");
    } else {
        str_add(out,
                NUMBER(NUMBER_PLAIN, LATENT_W, 0, j >= 0 ? (double)j : (double)NAN));
    }
    str_addf(out, " %s", NUMBER(NUMBER_PLAIN, F1_W, 3, f1->mean));
    if (isfinite(f1->low) && isfinite(f1->high)) {
        str_addf(out, " [%s, %s]", NUMBER(NUMBER_PLAIN, 5, 3, f1->low),
                 NUMBER(NUMBER_PLAIN, 5, 3, f1->high));
    } else {
        str_addf(out, " %*s", INTERVAL_W, "");
    }
    for (size_t f = 1; f < CONCEPT_FIGURES; f++) {
        str_addf(out, " %s",
                 NUMBER(NUMBER_PLAIN, FIGURE_W, concept_figures[f].digits,
                        concept_value(&t->effects, c, k, f)->mean));
    }
    str_addc(out, '\n');
}

/* Add the difference of F1, and the names of the figures that differ. */
static void add_difference_text(const struct table *t, size_t c, size_t k,
                                struct str *out)
{
    enum { BEFORE = NAME_W + 3 + LATENT_W + 1 + F1_W, WORDS = BEFORE + 19 };
    const struct verdict_row *f1 = concept_effect(&t->effects, c, k, 0);
    struct str text;
    str_init(&text, 4096);
    str_addf(out, "%*s%c-%c%*s %s", NAME_W, "", t->arms.conditions.at[k].letter,
             t->arms.conditions.at[t->effects.baseline].letter, LATENT_W, "",
             NUMBER(NUMBER_SIGNED, F1_W, 3, f1->d.by.mean));
    if (isfinite(f1->d.by.low) && isfinite(f1->d.by.high)) {
        str_addf(out, " [%s, %s] ", NUMBER(NUMBER_SIGNED, 6, 3, f1->d.by.low),
                 NUMBER(NUMBER_SIGNED, 6, 3, f1->d.by.high));
    } else {
        str_addf(out, "%*s", WORDS - BEFORE, "");
    }
    str_add(&text, verdict_row_text(f1));
    for (size_t f = 0; f < CONCEPT_FIGURES; f++) {
        const struct verdict_row *r = concept_effect(&t->effects, c, k, f);
        if (verdict_direction(r->verdict) != NULL) {
            str_addf(&text, "%s%s %s", f > 0 ? "; " : ": ", concept_figures[f].label,
                     verdict_direction(r->verdict));
        }
    }
    str_wrap(out, text.len > 0 ? text.p : "", WORDS, WORDS);
    str_free(&text);
}

static void add_heading(struct str *out)
{
    str_addf(out, "\n%-*s   %*s %*s %*s", NAME_W, "", LATENT_W, "latent", F1_W,
             concept_figures[0].label, INTERVAL_W, "95 %");
    for (size_t f = 1; f < CONCEPT_FIGURES; f++) {
        str_addf(out, " %*s", FIGURE_W, concept_figures[f].label);
    }
    str_addc(out, '\n');
}

/* Add a name before the lines of its conditions; one that is too long gets its own
 * line. */
static void add_name(const char *name, struct str *out)
{
    const bool fits = strlen(name) < NAME_W;
    str_addf(out, fits ? "%-*s" : "%.*s", fits ? NAME_W : 4096, name);
    if (!fits) {
        str_addf(out, "\n%*s", NAME_W, "");
    }
}

static void add_text(const struct table *t, bool letters, struct str *out)
{
    const struct conditions *k = &t->arms.conditions;
    char kind[64] = "t", seeds[256];
    size_t most = 0;
    arm_evals_text(&t->arms, out);
    add_heading(out);
    for (size_t c = 0; c < t->n; c++) {
        struct str name;
        if (!letters && t->own && concept_kind_is_built_in(t->row[c].family)) {
            continue;
        }
        str_init(&name, 4096);
        utf8_escape(&name, t->row[c].concept, strlen(t->row[c].concept));
        for (size_t i = 0; i < k->n; i++) {
            add_name(i == 0 && name.len > 0 ? name.p : "", out);
            add_value_text(t, c, i, out);
        }
        for (size_t i = 0; i < k->n; i++) {
            const size_t n = i == t->effects.baseline
                                 ? 0
                                 : concept_effect(&t->effects, c, i, 0)->d.n;
            if (n > 1) {
                add_difference_text(t, c, i, out);
            }
            most = n > most ? n : most;
        }
        str_free(&name);
    }
    str_addc(out, '\n');
    const size_t first = paired_first(most, arm_evals_planned(&t->arms));
    if (first > 0) {
        (void)snprintf(kind, sizeof kind, "for any number of them, as %zu were planned",
                       first);
    }
    (void)snprintf(
        seeds, sizeof seeds,
        "latent: that of the first seed. Intervals are of the seeds (%s, cut "
        "at what a figure can be); Holm over the concepts of a family, for "
        "each column.",
        kind);
    str_wrap(out,
             most > 1
                 ? seeds
                 : "Intervals are of the words of the text: one seed establishes no "
                   "difference. A concept's own are quantiles of 50 resamples of its "
                   "words, which in simulations cover 82 to 92 %, not 95: too narrow.",
             0, 0);
    str_wrap(
        out,
        "best F1: of that latent, by a probe on its activation. F1cv: cross-validated, of the "
        "latent that fires best on half of the words, firing on the other half: it "
        "may be another latent, and the higher. absorb: of occurrences; a word is "
        "absorbed where half of its own are.",
        0, 0);
    if (!t->own) {
        str_wrap(out,
                 "No concepts file: these are made from the vocabulary; --concepts "
                 "FILE.csv at training (concept,parent,word) brings categories of your "
                 "own.",
                 0, 0);
    }
    for (size_t i = 0; i < t->arms.remarks.n; i++) {
        str_add(out, "! ");
        str_wrap(out, t->arms.remarks.line[i], 2, 2);
    }
}

/* ---- --suggest ---- */

/* ERR_USAGE for options that do not go together, and for a line without a run. */
static enum err check_line(const struct concepts_args *a, size_t words,
                           struct errinfo *e)
{
    if (a->suggest && (words || a->concept || a->letters || a->json || a->anew)) {
        return err_set(e, ERR_USAGE,
                       "--suggest: takes --model, --corpus and --out, and no run");
    }
    if (!a->suggest && (a->model || a->corpus || a->out)) {
        return err_set(e, ERR_USAGE, "--%s: is of --suggest",
                       a->model    ? "model"
                       : a->corpus ? "corpus"
                                   : "out");
    }
    return a->suggest || words
               ? OK
               : err_set(e, ERR_USAGE,
                         "concepts: found no RUN; see saetop concepts -h");
}

/* Count how often each token occurs among a text's first ones; *out [tok_vocab]: caller
 * owns. */
static enum err count_tokens(const char *corpus, const struct tok *tok, uint64_t **out,
                             struct errinfo *e)
{
    struct corpus *c = NULL;
    TRY(corpus_open(corpus, 0, NULL, &c, e));
    enum err rc = mem_new(out, tok_vocab(tok), sizeof **out, "token counts", e);
    rc = rc == OK ? pack_unigram(c, CORPUS_TRAIN, tok, SUGGEST_TOKENS, *out, e) : rc;
    corpus_free(c);
    return rc;
}

/* Say what was found of each language's words: first languages that are in, then those
 * with too few. */
static void say_languages(const struct language_found found[FUNCTION_LANGUAGES],
                          bool text)
{
    char few[64] = "";
    if (text) {
        snprintf(few, sizeof few, ", or with fewer than %d in the text",
                 SUGGEST_LANGUAGE);
    }
    for (int taken = 1; taken >= 0; taken--) {
        struct str s;
        str_init(&s, 1u << 12);
        for (size_t i = 0; i < FUNCTION_LANGUAGES; i++) {
            if (found[i].taken == (taken == 1)) {
                str_addf(&s, "%s%s %zu of %zu", s.len ? ", " : "",
                         function_words_name(i), found[i].used, found[i].words);
            }
        }
        if (s.len && taken) {
            cmd_say(stderr, "function words that are one token%s: %s",
                    text ? " and occur in the text" : "", s.p);
        } else if (s.len) {
            cmd_say(stderr, "left out, of fewer than half%s: %s", few, s.p);
        }
        str_free(&s);
    }
}

static int suggest(const struct concepts_args *a)
{
    char dir[4096];
    struct errinfo e = {0};
    struct tok *tok = NULL;
    uint64_t *counts = NULL;
    struct language_found found[FUNCTION_LANGUAGES];
    struct str out;
    str_init(&out, OUTPUT_BYTES);
    enum err rc = lm_model_dir(a->model, dir, sizeof dir, &e);
    rc = rc == OK ? lm_load_tok(dir, &tok, &e) : rc;
    rc = rc == OK && a->corpus ? count_tokens(a->corpus, tok, &counts, &e) : rc;
    rc = rc == OK ? concepts_suggest(tok, counts, SUGGEST_MOST, &out, found, &e) : rc;
    tok_free(tok);
    mem_free(counts);
    if (rc == OK) {
        say_languages(found, a->corpus != NULL);
    }
    if (rc == OK && a->out) {
        rc = file_write_named_text(a->out, out.p, &e);
        str_clear(&out);
    }
    return cmd_end(rc, &e, &out, true);
}

int cmd_concepts(int argc, char **argv)
{
    struct concepts_args a = {0};
    // clang-format off
    const struct opt own[] = {
        {"concept", OPT_STRING, &a.concept, "NAME", "one concept: its latents and what became of each of its words, by condition", 0, 0, NULL},
        {"letters", OPT_FLAG, &a.letters, NULL, "families made from the vocabulary too, such as first letters (JSON always has them, and so has a run without a concepts file)", 0, 0, NULL},
        {"json", OPT_FLAG, &a.json, NULL, "one object: conditions, and concepts or words", 0, 0, NULL},
        {"anew", OPT_FLAG, &a.anew, NULL, "evaluate, whatever is kept", 0, 0, NULL},
        {"suggest", OPT_FLAG, &a.suggest, NULL, "in place of all that, write a concepts file from a vocabulary, to edit and to train with (--concepts FILE.csv): word shapes, suffixes, scripts, and function words of the languages in Latin script that it has enough of; first letters need none", 0, 0, NULL},
        {"model", OPT_STRING, &a.model, "MODEL", "of --suggest: whose vocabulary; without it the bundled one's", 0, 0, NULL},
        {"corpus", OPT_STRING, &a.corpus, "FILE", "of --suggest: a text; languages are then those whose words occur in it", 0, 0, NULL},
        {"out", OPT_NEW, &a.out, "FILE", "of --suggest: new file; without it, standard output", 0, 0, NULL},
        OPT_FORCE(&a.force),
        {"threads", OPT_INT, &a.threads, "T", "threads; 0: as many as the process may use", 0, 1024, NULL},
    };
    // clang-format on
    const struct opts o = {
        .name = "concepts",
        .usage = "RUN... [--concept NAME] [OPTIONS] | --suggest [--model MODEL]",
        .about =
            "Which latents carry which concepts in each condition of an experiment (the "
            "arms of the runs named, grouped as by `saetop verdict`): the best latent, "
            "its F1 (best F1), F1 cross-validated (F1cv), over how many latents the concept is "
            "spread, main-latent recall and absorption. An arm is evaluated once, as by "
            "`saetop eval`, and its eval.json kept.",
        .table = own,
        .n = sizeof own / sizeof *own,
        .max_args = OPT_LIST_MAX,
        .n_runs = OPT_LIST_MAX,
    };
    struct opts_result line;
    struct errinfo e = {0};
    struct table t = {0};
    struct str out;
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &line, &status)) {
        return status;
    }
    if (check_line(&a, line.n_args, &e) != OK) {
        return cmd_fail(e.code, &e);
    }
    if (a.suggest) {
        return suggest(&a);
    }
    str_init(&out, OUTPUT_BYTES);
    const struct arm_evals_opts how = {a.anew, a.json, a.threads};
    enum err rc = arm_evals_open(line.args, line.n_args, &how, &t.arms, &e);
    if (rc == OK && a.concept != NULL) {
        rc = concept_words(&t.arms, a.concept, a.json, &out, &e);
    } else if (rc == OK) {
        rc = fill(&t, &e);
        if (rc == OK && a.json) {
            add_json(&t, &out);
        } else if (rc == OK) {
            add_text(&t, a.letters, &out);
        }
    }
    const bool lost = t.arms.lost;
    table_deinit(&t);
    status = cmd_end(rc, &e, &out, a.json);
    return status != 0 || !lost ? status : 1;
}
