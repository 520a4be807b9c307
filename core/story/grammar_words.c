/* Answers questions about a grammar: registers, lexicon, word forms. */
#include "base/mem.h"
#include "story/grammar_priv.h"

#include <stdlib.h>
#include <string.h>

size_t grammar_register_count(const struct grammar *g)
{
    return g->regs;
}

const char *grammar_register_name(const struct grammar *g, size_t reg)
{
    return gr_text(g, g->reg[reg].name);
}

int grammar_register_find(const struct grammar *g, const char *name)
{
    for (size_t i = 0; i < g->regs; i++) {
        if (strcmp(gr_text(g, g->reg[i].name), name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

void grammar_stats(const struct grammar *g, struct grammar_stats *out)
{
    *out = (struct grammar_stats){
        .categories = g->cats,
        .words = g->words,
        .templates = g->items,
        .groups = g->groups,
        .documents = g->docs,
        .attributes = g->attrs,
    };
    for (size_t i = 0; i < g->cats; i++) {
        out->leaves += g->cat[i].n > 0;
    }
}

const char *grammar_category_name(const struct grammar *g, size_t cat)
{
    return gr_text(g, g->cat[cat].name);
}

int grammar_category_parent(const struct grammar *g, size_t cat)
{
    return g->cat[cat].parent;
}

size_t grammar_category_words(const struct grammar *g, size_t cat, size_t *first)
{
    *first = g->cat[cat].first;
    return g->cat[cat].n;
}

int grammar_category_find(const struct grammar *g, const char *name)
{
    return gr_find_cat(g, name, strlen(name));
}

const char *grammar_word(const struct grammar *g, size_t word)
{
    return gr_text(g, gr_cell(g, word, GRAMMAR_FORM_BASE));
}

size_t grammar_word_category(const struct grammar *g, size_t word)
{
    return g->word[word].cat;
}

const char *grammar_word_form(const struct grammar *g, size_t word, size_t form)
{
    const uint32_t off = form < g->attrs ? gr_cell(g, word, form) : 0;
    return off ? gr_text(g, off) : NULL;
}

bool grammar_is_surface(const struct grammar *g, size_t word, size_t form)
{
    return form < g->attrs && g->surface[g->word[word].cat * g->attrs + form] &&
           gr_cell(g, word, form) != 0;
}

int grammar_attribute_find(const struct grammar *g, const char *name)
{
    return gr_find_attr(g, name, strlen(name));
}

/* ---- word forms ----
 * A walk over every template in every document that uses it, with the state of
 * capitalise() as a set: a sentence can begin here, a sentence can be under way. */

enum { MID = 1, START = 2 };

struct walk {
    const struct grammar *g;
    struct errinfo *e;
    int32_t sel[GR_MAX_VARS];
    uint8_t *cell; /* [words * attrs] in which states a text was seen */
    uint8_t *lit;  /* [ops] the same of literals */
    char *text;    /* found forms, each with its NUL */
    size_t len, cap;
    size_t forms;
};

/* Returns the states after a text that begins in `state`. */
static unsigned after_text(const char *s, size_t n, unsigned state)
{
    for (size_t i = 0; i < n; i++) {
        const char c = s[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9')) {
            state = MID;
        } else if ((c == '.' || c == '!' || c == '?') && i + 1 < n && s[i + 1] == ' ') {
            state = START;
        }
    }
    return state;
}

/* Marks all words that a variable stands for as shown in `state`. */
static unsigned see_form(struct walk *k, const struct gr_op *op, unsigned state)
{
    const struct grammar *g = k->g;
    const struct gr_sel *s = &g->sel[k->sel[op->var]];
    for (size_t i = 0; i < s->n; i++) {
        const size_t at = g->entry[s->first + i] * g->attrs + op->attr;
        k->cell[at] = (uint8_t)(k->cell[at] | (op->flag ? MID : state));
    }
    return MID;
}

static unsigned see_group(struct walk *k, uint32_t group, unsigned state);

static unsigned see_item(struct walk *k, const struct gr_item *it, unsigned state)
{
    const struct grammar *g = k->g;
    unsigned before = state;
    unsigned all = 0;
    for (uint32_t i = it->first_op; i < it->first_op + it->n_op; i++) {
        const struct gr_op *op = &g->op[i];
        switch ((enum gr_opkind)op->kind) {
        case OP_LIT:
            k->lit[i] = (uint8_t)(k->lit[i] | state);
            state = after_text(gr_text(g, op->a), op->len, state);
            break;
        case OP_DRAW: k->sel[op->var] = (int32_t)op->a; break;
        case OP_FORM: state = see_form(k, op, state); break;
        case OP_GROUP: state = see_group(k, op->a, state); break;
        case OP_CHOICE:
            before = state;
            all = 0;
            break;
        case OP_JUMP:
            all |= state;
            state = op->a == i + 1 ? all : before;
            break;
        }
    }
    return state;
}

/* Walks a group. Recursion is at most GR_MAX_DEPTH deep: gr_validate has checked. */
static unsigned see_group(struct walk *k, uint32_t group, unsigned state)
{
    const struct gr_group *gr = &k->g->group[group];
    unsigned all = 0;
    int32_t saved[GR_MAX_VARS];
    memcpy(saved, k->sel, sizeof saved);
    for (uint32_t i = gr->first; i < gr->first + gr->n; i++) {
        all |= see_item(k, &k->g->item[i], state);
        memcpy(k->sel, saved, sizeof saved);
    }
    return all;
}

static void see_documents(struct walk *k)
{
    const struct grammar *g = k->g;
    for (size_t d = 0; d < g->docs; d++) {
        const struct gr_doc *doc = &g->doc[d];
        memset(k->sel, 0, sizeof k->sel);
        for (size_t i = 0; i < doc->n_bind; i++) {
            const struct gr_bind *b = &g->bind[doc->first_bind + i];
            k->sel[b->var] = (int32_t)b->sel;
        }
        for (size_t s = 0; s < doc->n_step; s++) {
            (void)see_group(k, g->step[doc->first_step + s].group, START);
        }
    }
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum err keep(struct walk *k, const char *s, size_t n, bool capital)
{
    TRY(mem_grow(&k->text, &k->cap, k->len + n + 1, 1, GR_MAX_POOL, k->e));
    memcpy(k->text + k->len, s, n);
    if (capital && s[0] >= 'a' && s[0] <= 'z') {
        k->text[k->len] = (char)(s[0] - 'a' + 'A');
    }
    k->text[k->len + n] = '\0';
    k->len += n + 1;
    k->forms++;
    return OK;
}

/* Keeps the words of a text that was seen in `state`. */
static enum err keep_words(struct walk *k, const char *s, size_t n, unsigned state)
{
    for (size_t i = 0; i < n;) {
        size_t m = 0;
        if (letter(s[i])) {
            while (i + m < n && letter(s[i + m])) {
                m++;
            }
        } else {
            while (i + m < n && digit(s[i + m])) {
                m++;
            }
        }
        if (m == 0) {
            i++;
            continue;
        }
        if (state & MID) {
            TRY(keep(k, s + i, m, false));
        }
        if (state & START) {
            TRY(keep(k, s + i, m, true));
        }
        state = after_text(s + i, n - i > m + 2 ? m + 2 : n - i, state);
        i += m;
    }
    return OK;
}

static enum err keep_all(struct walk *k)
{
    const struct grammar *g = k->g;
    for (size_t w = 0; w < g->words; w++) {
        for (size_t a = 0; a < g->attrs; a++) {
            /* A form of a word is listed whether or not a template shows it. */
            const unsigned own = grammar_is_surface(g, w, a) ? MID : 0;
            const unsigned state = k->cell[w * g->attrs + a] | own;
            const char *s = grammar_word_form(g, w, a);
            if (s && state) {
                TRY(keep_words(k, s, strlen(s), state));
            }
        }
    }
    for (size_t i = 0; i < g->ops; i++) {
        const struct gr_op *op = &g->op[i];
        if (op->kind == OP_LIT) {
            TRY(keep_words(k, gr_text(g, op->a), op->len, k->lit[i]));
        } else if (op->kind == OP_FORM && op->flag) {
            TRY(keep_words(k, "a an", 4, MID));
            TRY(keep_words(k, "a", 1, START));
            TRY(keep_words(k, "an", 2, START));
        }
    }
    return OK;
}

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

static enum err report_forms(struct walk *k, grammar_form_fn cb, void *user)
{
    const char **list = NULL;
    TRY(mem_new(&list, k->forms, sizeof *list, "word forms", k->e));
    size_t at = 0;
    for (size_t i = 0; i < k->forms; i++) {
        list[i] = k->text + at;
        at += strlen(list[i]) + 1;
    }
    qsort(list, k->forms, sizeof *list, by_text);
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < k->forms; i++) {
        if (i == 0 || strcmp(list[i], list[i - 1]) != 0) {
            rc = cb(user, list[i], strlen(list[i]));
        }
    }
    mem_free(list);
    return rc;
}

enum err grammar_forms(const struct grammar *g, grammar_form_fn cb, void *user,
                       struct errinfo *e)
{
    struct walk k = {.g = g, .e = e};
    enum err rc = mem_new(&k.cell, g->words * g->attrs, 1, "word forms", e);
    if (rc == OK) {
        rc = mem_new(&k.lit, g->ops, 1, "word forms", e);
    }
    if (rc == OK) {
        see_documents(&k);
        rc = keep_all(&k);
    }
    if (rc == OK) {
        rc = report_forms(&k, cb, user);
    }
    mem_free(k.cell);
    mem_free(k.lit);
    mem_free(k.text);
    return rc;
}
