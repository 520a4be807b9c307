/* Export of Concepts as CSV: the family as sorted, or the words if they are in
 * focus. */
#include "base/csvfile.h"
#include "measure/measure.h"
#include "ui/export.h"
#include "ui/screens/concepts_priv.h"
#include "ui/text.h"

#include <math.h>
#include <stdio.h>

/* Whether the words are written: what the pane in focus has is. */
static bool exports_words(const struct app *a)
{
    return *app_focus(a, &screen_concepts) == CONCEPTS_WORDS;
}

void concepts_export_name(const struct app *a, const struct session_view *v, char *out,
                          size_t cap)
{
    const struct concept_table *t = concepts_table(v, 0);
    snprintf(out, cap, "%s-%s-%lld.csv", exports_words(a) ? "words" : "concepts",
             concept_kind_name((enum concept_kind)concepts_own(a)->family),
             (long long)(t ? t->step : 0));
}

static void add_line(const struct concepts_state *s, const struct session_view *v,
                     int32_t concept, struct str *out)
{
    export_escaped(out, v->names.concept_name[concept], true);
    csv_add(out, concept_kind_name(v->names.concept_kind[concept]), false);
    for (int side = 0; side < (arms_of(v) > 1 ? CONCEPT_SIDES : 1); side++) {
        for (size_t i = 0; i < concept_columns_n; i++) {
            const struct concept_column *col = &concept_columns[i];
            const double x =
                concepts_value(s, v, col, (enum concept_side)side, concept);
            if (col->figure < 0 && side != SIDE_DIFFERENCE && isfinite(x)) {
                export_integer(out, (int64_t)x, false);
            } else if (col->figure >= 0 || side != SIDE_DIFFERENCE) {
                export_number(out, x, false);
            }
            if (col->figure >= 0 && side == SIDE_DIFFERENCE) {
                const struct verdict_row *r = concepts_effect(s, col, concept);
                export_number(out, r ? r->d.by.low : (double)NAN, false);
                export_number(out, r ? r->d.by.high : (double)NAN, false);
                export_number(out, r ? r->p_holm : (double)NAN, false);
                csv_add(out, r ? verdict_row_text(r) : "", false);
            }
        }
    }
    str_addc(out, '\n');
}

static void add_word_head(const struct session_view *v, struct str *out)
{
    static const char *const figure[] = {
        "seed",       "occurrences",    "main_latent_fires", NULL,    "held",
        "absorbed",   "verdict",        "absorber",          "share", "seeds",
        "seeds_held", "seeds_absorbed", "seeds_missed"};
    const char *hits = measure_leaf(METRIC_TRUE_POS);
    csv_add(out, "concept", true);
    csv_add(out, "word", false);
    csv_add(out, "token", false);
    for (size_t arm = 0; arm < arms_of(v); arm++) {
        for (size_t i = 0; i < sizeof figure / sizeof figure[0]; i++) {
            char name[64];
            snprintf(name, sizeof name, "%c_%s", 'a' + (int)arm,
                     figure[i] ? figure[i] : hits);
            csv_add(out, name, false);
        }
    }
    str_addc(out, '\n');
}

/* Add the fields of a word in one condition: those of the seed that is shown, empty if
 * it was not measured there, and how many seeds give each verdict. */
static void add_fate(const struct word_result *w, uint64_t weights,
                     const struct word_seeds *k, struct str *out)
{
    const bool taken = w && w->absorbed > 0 && w->absorber[0].latent >= 0;
    const size_t count[] = {w ? w->occurrences : 0, w ? w->fires : 0, w ? w->right : 0,
                            w ? w->held : 0, w ? w->absorbed : 0};
    export_integer(out, (int64_t)weights, false);
    for (size_t i = 0; i < sizeof count / sizeof count[0]; i++) {
        export_number(out, w ? (double)count[i] : (double)NAN, false);
    }
    csv_add(out, w ? word_verdict_name(w->verdict) : "", false);
    export_number(out, taken ? (double)w->absorber[0].latent : (double)NAN, false);
    export_number(out, taken ? word_absorber_share(w, 0) : (double)NAN, false);
    export_integer(out, (int64_t)k->n, false);
    export_integer(out, (int64_t)k->says[WORD_HELD], false);
    export_integer(out, (int64_t)k->says[WORD_ABSORBED], false);
    export_integer(out, (int64_t)k->says[WORD_MISSED], false);
}

/* Write the words as listed, and what became of each in each arm. */
static enum err export_words(const struct app *a, const struct session_view *v,
                             struct str *out, struct errinfo *e)
{
    const struct concepts_state *s = concepts_own(a);
    add_word_head(v, out);
    for (size_t i = 0; i < s->n_words; i++) {
        char word[80];
        names_token_trimmed(&v->names, s->word[i].token, word, sizeof word);
        export_escaped(out, v->names.concept_name[s->at], true);
        export_escaped(out, word, false);
        export_integer(out, s->word[i].token, false);
        for (size_t arm = 0; arm < arms_of(v); arm++) {
            add_fate(s->word[i].of[arm], v->arm[session_view_shown(v, arm)].weights,
                     &s->word[i].seeds[arm], out);
        }
        str_addc(out, '\n');
    }
    return str_err(out, "export", e);
}

/* Write the family as sorted: concept, kind, and each column of A, of B and A - B. */
static enum err export_concepts(const struct app *a, const struct session_view *v,
                                struct str *out, struct errinfo *e)
{
    static const char *const prefix[CONCEPT_SIDES] = {"a_", "b_", "difference_"};
    const struct concepts_state *s = concepts_own(a);
    csv_add(out, "concept", true);
    csv_add(out, "kind", false);
    for (int side = 0; side < (arms_of(v) > 1 ? CONCEPT_SIDES : 1); side++) {
        for (size_t i = 0; i < concept_columns_n; i++) {
            char name[64];
            if (concept_columns[i].figure >= 0 || side != SIDE_DIFFERENCE) {
                snprintf(name, sizeof name, "%s%s", prefix[side],
                         concept_column_name(&concept_columns[i]));
                csv_add(out, name, false);
            }
            if (concept_columns[i].figure >= 0 && side == SIDE_DIFFERENCE) {
                static const char *const more[] = {"low", "high", "p_holm", "verdict"};
                for (size_t k = 0; k < sizeof more / sizeof more[0]; k++) {
                    char part[80];
                    snprintf(part, sizeof part, "%s_%s", name, more[k]);
                    csv_add(out, part, false);
                }
            }
        }
    }
    str_addc(out, '\n');
    for (size_t i = 0; i < s->n; i++) {
        add_line(s, v, s->concept[i], out);
    }
    return str_err(out, "export", e);
}

enum err concepts_export_text(const struct app *a, const struct session_view *v,
                              struct str *out, struct errinfo *e)
{
    return exports_words(a) ? export_words(a, v, out, e)
                            : export_concepts(a, v, out, e);
}
