#include "lm_texts.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "cmd.h"
#include "samples_dir.h"
#include "stop.h"
#include "story/grammar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_CAP  4096
#define MAX_FORMS 1000000

/* ---- opening ---- */

/* Split "FILE,WEIGHT" at its last comma if a number follows it. */
static enum err split_spec(const char *spec, char path[PATH_CAP], double *weight,
                           struct errinfo *e)
{
    const char *comma = strrchr(spec, ',');
    size_t len = strlen(spec);
    *weight = 1.0;
    if (comma && comma[1]) {
        char *end = NULL;
        (void)strtod(comma + 1, &end); /* a name may have a comma as well */
        if (end != comma + 1 && *end == '\0') {
            double w = 0;
            if (!number_real(comma + 1, &w) || w <= 0) {
                return err_set(
                    e, ERR_USAGE,
                    "--corpus %s: weight: found %s, expected a number above 0", spec,
                    comma + 1);
            }
            *weight = w;
            len = (size_t)(comma - spec);
        }
    }
    if (len == 0 || len >= PATH_CAP) {
        return err_set(e, ERR_USAGE,
                       "--corpus: found '%.60s', expected FILE or FILE,WEIGHT", spec);
    }
    memcpy(path, spec, len);
    path[len] = '\0';
    return OK;
}

/* Make a unique name for a text. */
static char *make_name(const struct lm_texts *t, const struct corpus *c)
{
    char name[128];
    char base[112];
    const char *reg = corpus_register(c);
    (void)snprintf(base, sizeof base, "%s", reg[0] ? reg : path_base(corpus_spec(c)));
    (void)snprintf(name, sizeof name, "%s", base);
    for (size_t i = 0, same = 1; i < t->n; i++) {
        if (strcmp(t->text[i].name, name) == 0) {
            (void)snprintf(name, sizeof name, "%s_%zu", base, ++same);
            i = (size_t)-1; /* look again from the first */
        }
    }
    return mem_strdup(name);
}

static enum err open_one(struct lm_texts *t, const char *path, double weight,
                         uint64_t seed, struct errinfo *e)
{
    struct corpus *c = NULL;
    if (t->n == OPT_LIST_MAX) {
        return err_set(e, ERR_USAGE, "more than %d texts", OPT_LIST_MAX);
    }
    TRY(corpus_open(path, seed, stop_flag(), &c, e));
    const char *name = make_name(t, c);
    if (!name) {
        corpus_free(c);
        return err_set(e, ERR_NOMEM, "%s: out of memory", path);
    }
    cmd_remarks(NULL, corpus_remarks(c));
    t->text[t->n++] =
        (struct pretrain_text){.corpus = c, .name = name, .weight = weight};
    return OK;
}

enum err lm_texts_open(struct lm_texts *t, const struct opt_list *specs, uint64_t seed,
                       struct errinfo *e)
{
    t->n = 0;
    for (size_t i = 0; i < specs->n; i++) {
        char path[PATH_CAP];
        char found[PATH_CAP];
        double weight = 1.0;
        TRY(split_spec(specs->at[i], path, &weight, e));
        TRY(samples_resolve(path, found, sizeof found, e));
        TRY(open_one(t, found, weight, seed, e));
    }
    return OK;
}

enum err lm_texts_open_bundled(struct lm_texts *t, uint64_t seed, struct errinfo *e)
{
    char path[PATH_CAP];
    t->n = 0;
    TRY(samples_path("storybook.grammar.json", path, sizeof path, e));
    TRY(open_one(t, path, 1.0, seed, e));
    const struct grammar *g = corpus_grammar(t->text[0].corpus);
    const size_t n = g ? grammar_register_count(g) : 1;
    for (size_t i = 1; i < n; i++) {
        char spec[PATH_CAP + 128];
        (void)snprintf(spec, sizeof spec, "%s#%.100s", path,
                       grammar_register_name(g, i));
        TRY(open_one(t, spec, 1.0, seed, e));
    }
    return OK;
}

void lm_texts_close(struct lm_texts *t)
{
    for (size_t i = 0; i < t->n; i++) {
        corpus_free(t->text[i].corpus);
        /* Made by make_name; the struct of the library borrows it as const. */
        union {
            const char *in;
            void *out;
        } name = {t->text[i].name};
        mem_free(name.out);
    }
    t->n = 0;
}

/* ---- forms ---- */

struct forms {
    char **p;
    size_t n, cap;
    struct errinfo *e;
};

static enum err add_form(struct forms *f, const char *form)
{
    const size_t len = strlen(form);
    TRY(mem_grow(&f->p, &f->cap, f->n + 1, sizeof *f->p, MAX_FORMS, f->e));
    char *text = mem_alloc(len + 2, 1);
    if (!text) {
        return err_set(f->e, ERR_NOMEM, "word forms: out of memory");
    }
    text[0] = ' ';
    memcpy(text + 1, form, len);
    f->p[f->n++] = text;
    return OK;
}

/* Add the surface forms of every word of the lexicon. Words of the templates are left
 * to their frequency: there are more of them than a vocabulary has room for. */
static enum err add_lexicon(struct forms *f, const struct grammar *g)
{
    struct grammar_stats st;
    grammar_stats(g, &st);
    for (size_t w = 0; w < st.words; w++) {
        for (size_t a = 0; a < st.attributes; a++) {
            const char *form = grammar_word_form(g, w, a);
            if (form && form[0] && !strchr(form, ' ') && grammar_is_surface(g, w, a)) {
                TRY(add_form(f, form));
            }
        }
    }
    return OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum err lm_texts_forms(const struct lm_texts *t, char ***out, size_t *n,
                        struct errinfo *e)
{
    struct forms f = {.e = e};
    for (size_t i = 0; i < t->n; i++) {
        const struct grammar *g = corpus_grammar(t->text[i].corpus);
        const enum err rc = g ? add_lexicon(&f, g) : OK;
        if (rc != OK) {
            lm_texts_free_forms(f.p, f.n);
            return rc;
        }
    }
    size_t kept = 0;
    if (f.n > 0) {
        qsort(f.p, f.n, sizeof *f.p, by_text);
    }
    for (size_t i = 0; i < f.n; i++) {
        if (kept > 0 && strcmp(f.p[kept - 1], f.p[i]) == 0) {
            mem_free(f.p[i]);
        } else {
            f.p[kept++] = f.p[i];
        }
    }
    *out = f.p;
    *n = kept;
    return OK;
}

void lm_texts_free_forms(char **forms, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mem_free(forms[i]);
    }
    mem_free(forms);
}
