/* Generates text from a compiled grammar. */
#include "base/mem.h"
#include "base/rng.h"
#include "story/grammar_priv.h"

#include <string.h>

enum { TRIES = 24, SENTENCE_TRIES = 8, MAX_USED = 256 };

/* One document in the making. */
struct gen {
    const struct grammar *g;
    struct rng rng;
    struct str *out;
    struct grammar_trace *tr; /* or NULL */
    struct errinfo *e;
    uint32_t var[GR_MAX_VARS]; /* word of a bound variable */
    uint32_t role[GR_MAX_ROLES];
    size_t roles;
    uint32_t drawn[GR_MAX_DRAWS]; /* words of the sentence so far */
    size_t n_drawn;
    bool may_repeat;         /* words, where a category has too few for the sentence */
    uint32_t used[MAX_USED]; /* templates of the document so far */
    size_t n_used;
};

/* ---- words ---- */

static bool taken(const struct gen *m, uint32_t word)
{
    for (size_t i = 0; i < m->roles; i++) {
        if (m->role[i] == word) {
            return true;
        }
    }
    for (size_t i = 0; i < m->n_drawn; i++) {
        if (m->drawn[i] == word) {
            return true;
        }
    }
    return false;
}

/* Draws an entry between lo and hi of a selector, by weight. */
static uint32_t draw_between(struct gen *m, uint32_t sel, size_t lo, size_t hi)
{
    const struct grammar *g = m->g;
    const struct gr_sel *s = &g->sel[sel];
    const uint64_t *cum = g->cum + s->first + sel;
    const uint64_t at = cum[lo] + rng_below(&m->rng, cum[hi] - cum[lo]);
    while (hi - lo > 1) {
        const size_t mid = lo + (hi - lo) / 2;
        if (cum[mid] <= at) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return g->entry[s->first + lo];
}

/* Draws a word of the selector that is new in the sentence and no role of the document,
 * if one turns up; false where a tie can't be met, or where all words may be taken and
 * must not repeat. */
static bool draw(struct gen *m, const struct gr_op *op, uint32_t *out)
{
    const struct grammar *g = m->g;
    const struct gr_sel *s = &g->sel[op->a];
    size_t lo = 0;
    size_t hi = s->n;
    if (op->flag == TIE_LETTER) {
        const char *w = gr_text(g, gr_cell(g, m->var[op->tie], GRAMMAR_FORM_BASE));
        lo = s->letter[gr_letter_of(w)];
        hi = s->letter[gr_letter_of(w) + 1];
    }
    if (lo == hi) {
        return false;
    }
    const bool tied = op->flag == TIE_CATEGORY;
    for (int i = 0; i < (tied ? 4 * TRIES : TRIES); i++) {
        const uint32_t w = draw_between(m, op->a, lo, hi);
        if (!taken(m, w) && (!tied || g->word[w].cat == g->word[m->var[op->tie]].cat)) {
            *out = w;
            return true;
        }
    }
    *out = draw_between(m, op->a, lo, hi);
    return op->flag == TIE_NONE && (m->may_repeat || hi - lo > m->n_drawn + m->roles);
}

static bool begins(const char *text, const char *word)
{
    const size_t n = strlen(word);
    return strncmp(text, word, n) == 0;
}

/* Whether "an" comes before a text: before a vowel letter, except for the listed
 * beginnings. */
static bool wants_an(const struct grammar *g, const char *text)
{
    for (size_t i = 0; i < g->articles_a; i++) {
        if (begins(text, gr_text(g, g->article_a[i]))) {
            return false;
        }
    }
    for (size_t i = 0; i < g->articles_an; i++) {
        if (begins(text, gr_text(g, g->article_an[i]))) {
            return true;
        }
    }
    return text[0] != '\0' && strchr("aeiouAEIOU", text[0]) != NULL;
}

static enum err mention(struct gen *m, uint32_t word, uint32_t form)
{
    struct grammar_trace *tr = m->tr;
    if (!tr) {
        return OK;
    }
    TRY(mem_grow(&tr->mention, &tr->mention_cap, tr->mentions + 1, sizeof *tr->mention,
                 1 << 20, m->e));
    tr->mention[tr->mentions++] = (struct grammar_mention){word, form};
    return OK;
}

/* ---- templates ---- */

static bool eligible(const struct gen *m, const struct gr_item *it)
{
    for (size_t i = 0; i < it->n_cond; i++) {
        const struct gr_cond *c = &m->g->cond[it->first_cond + i];
        if (!gr_cond_holds(m->g, c, m->var[c->var])) {
            return false;
        }
    }
    return true;
}

static bool is_used(const struct gen *m, uint32_t item)
{
    for (size_t i = 0; i < m->n_used; i++) {
        if (m->used[i] == item) {
            return true;
        }
    }
    return false;
}

/* Chooses a template of the group by weight, among those whose conditions hold;
 * `fresh`: and that have not been used. False if there is none. */
static bool choose(struct gen *m, uint32_t group, bool fresh, uint32_t *out)
{
    const struct gr_group *gr = &m->g->group[group];
    uint64_t total = 0;
    for (int pass = 0; pass < 2; pass++) {
        uint64_t at = pass ? rng_below(&m->rng, total) : 0;
        for (uint32_t i = gr->first; i < gr->first + gr->n; i++) {
            const struct gr_item *it = &m->g->item[i];
            if ((fresh && is_used(m, i)) || !eligible(m, it)) {
                continue;
            }
            if (pass == 0) {
                total += it->weight;
            } else if (at < it->weight) {
                *out = i;
                return true;
            } else {
                at -= it->weight;
            }
        }
        if (total == 0) {
            return false;
        }
    }
    return false;
}

static enum err show(struct gen *m, const struct gr_op *op)
{
    const uint32_t word = m->var[op->var];
    const char *text = gr_text(m->g, gr_cell(m->g, word, op->attr));
    if (op->flag) {
        str_add(m->out, wants_an(m->g, text) ? "an " : "a ");
    }
    str_add(m->out, text);
    return mention(m, word, op->attr);
}

/* Runs a template's ops, with the groups inside it on a stack of their own. *done
 * false: a draw could not be made, and what was appended must be dropped. */
static enum err run(struct gen *m, uint32_t item, bool *done)
{
    const struct grammar *g = m->g;
    struct {
        uint32_t at, end;
    } stack[GR_MAX_DEPTH + 2];
    size_t depth = 0;
    stack[0].at = g->item[item].first_op;
    stack[0].end = stack[0].at + g->item[item].n_op;
    *done = false;
    for (;;) {
        if (stack[depth].at == stack[depth].end) {
            if (depth-- == 0) {
                *done = true;
                return OK;
            }
            continue;
        }
        const struct gr_op *op = &g->op[stack[depth].at++];
        switch ((enum gr_opkind)op->kind) {
        case OP_LIT: str_addn(m->out, gr_text(g, op->a), op->len); break;
        case OP_DRAW:
            if (m->n_drawn == GR_MAX_DRAWS || !draw(m, op, &m->var[op->var])) {
                return OK;
            }
            m->drawn[m->n_drawn++] = m->var[op->var];
            break;
        case OP_FORM: TRY(show(m, op)); break;
        case OP_GROUP: {
            uint32_t inner;
            if (!choose(m, op->a, false, &inner)) {
                return OK;
            }
            depth++;
            stack[depth].at = g->item[inner].first_op;
            stack[depth].end = stack[depth].at + g->item[inner].n_op;
            break;
        }
        case OP_CHOICE:
            stack[depth].at = g->branch[op->a + rng_below(&m->rng, op->flag)];
            break;
        case OP_JUMP: stack[depth].at = op->a; break;
        }
    }
}

/* ---- sentences ---- */

/* Puts capitals where sentences begin, in out from `start` on. */
static void capitalise(struct str *out, size_t start)
{
    bool pending = true;
    for (size_t i = start; i < out->len; i++) {
        char *c = &out->p[i];
        const bool lower = *c >= 'a' && *c <= 'z';
        const bool other = (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (lower && pending) {
            *c = (char)(*c - 'a' + 'A');
        }
        if (lower || other) {
            pending = false;
        } else if ((*c == '.' || *c == '!' || *c == '?') && out->p[i + 1] == ' ') {
            pending = true;
        }
    }
}

/* Adds one sentence of a group, or nothing where no template fits. The last try may
 * repeat words: a category of one word that a role of the document holds has no
 * other. */
static enum err sentence(struct gen *m, uint32_t group, bool repeat, size_t doc_start)
{
    for (int tries = 0; tries <= SENTENCE_TRIES; tries++) {
        uint32_t item;
        if (!choose(m, group, !repeat, &item)) {
            return OK;
        }
        const size_t before = m->out->len;
        const size_t mentions = m->tr ? m->tr->mentions : 0;
        if (before > doc_start) {
            str_addc(m->out, ' ');
        }
        const size_t start = m->out->len;
        m->n_drawn = 0;
        m->may_repeat = tries == SENTENCE_TRIES;
        bool done;
        TRY(run(m, item, &done));
        TRY(str_err(m->out, "a document", m->e));
        if (!done) {
            str_cut(m->out, before);
            if (m->tr) {
                m->tr->mentions = mentions;
            }
            continue;
        }
        capitalise(m->out, start);
        if (m->n_used < MAX_USED) {
            m->used[m->n_used++] = item;
        }
        if (m->tr) {
            struct grammar_trace *tr = m->tr;
            TRY(mem_grow(&tr->sentence, &tr->sentence_cap, tr->sentences + 1,
                         sizeof *tr->sentence, 1 << 16, m->e));
            tr->sentence[tr->sentences++] =
                (struct grammar_sentence){start - doc_start, m->out->len - start,
                                          mentions, tr->mentions - mentions};
        }
        return OK;
    }
    return OK;
}

/* ---- documents ---- */

static const struct gr_doc *pick_doc(struct gen *m, size_t reg)
{
    const struct gr_reg *r = &m->g->reg[reg];
    uint64_t at = rng_below(&m->rng, r->weight);
    const struct gr_doc *doc = &m->g->doc[r->first];
    while (at >= doc->weight) {
        at -= doc->weight;
        doc++;
    }
    return doc;
}

static void bind_roles(struct gen *m, const struct gr_doc *doc)
{
    m->roles = 0;
    m->n_drawn = 0;
    for (size_t i = 0; i < doc->n_bind; i++) {
        const struct gr_bind *b = &m->g->bind[doc->first_bind + i];
        const struct gr_op op = {.kind = OP_DRAW, .a = b->sel};
        uint32_t word = 0;
        (void)draw(m, &op, &word); /* a role may repeat another if it must */
        m->var[b->var] = word;
        m->role[m->roles++] = word;
    }
}

static enum err generate(const struct grammar *g, size_t reg, uint64_t seed,
                         uint64_t index, struct str *out, struct grammar_trace *tr,
                         struct errinfo *e)
{
    struct gen m = {.g = g, .out = out, .tr = tr, .e = e};
    const uint64_t key = rng_at(seed, RNG_DOCUMENT, (uint64_t)reg, index);
    m.rng = rng_begin(key, RNG_DOCUMENT, 0);
    const size_t start = out->len;
    const struct gr_doc *doc = pick_doc(&m, reg);
    bind_roles(&m, doc);
    for (size_t s = 0; s < doc->n_step; s++) {
        const struct gr_step *st = &g->step[doc->first_step + s];
        if (st->percent < 100 && rng_below(&m.rng, 100) >= st->percent) {
            continue;
        }
        const uint64_t times =
            st->lo + rng_below(&m.rng, (uint64_t)(st->hi - st->lo) + 1);
        for (uint64_t i = 0; i < times; i++) {
            TRY(sentence(&m, st->group, st->repeat, start));
        }
    }
    return OK;
}

enum err grammar_document(const struct grammar *g, size_t reg, uint64_t seed,
                          uint64_t index, struct str *out, struct errinfo *e)
{
    return generate(g, reg, seed, index, out, NULL, e);
}

enum err grammar_document_traced(const struct grammar *g, size_t reg, uint64_t seed,
                                 uint64_t index, struct str *out,
                                 struct grammar_trace *tr, struct errinfo *e)
{
    tr->sentences = 0;
    tr->mentions = 0;
    return generate(g, reg, seed, index, out, tr, e);
}

void grammar_trace_free(struct grammar_trace *tr)
{
    mem_free(tr->sentence);
    mem_free(tr->mention);
    *tr = (struct grammar_trace){0};
}
