/* The check that makes generation free of errors, of each template against each
 * document that can use it: its names are bound there, and every word that a name can
 * stand for has the attribute asked for. */
#include "story/grammar_priv.h"

#include <stdio.h>
#include <string.h>

bool gr_cond_holds(const struct grammar *g, const struct gr_cond *c, size_t word)
{
    const bool is =
        c->cat >= 0 ? gr_in_cat(g, word, c->cat) : gr_cell(g, word, c->attr) != 0;
    return is != c->negated;
}

struct check {
    struct gr_loader *l;
    const char *path;
    const struct gr_item *item; /* whose text an error shows */
    int32_t sel[GR_MAX_VARS];   /* selector of a bound variable, -1 unbound */
    bool role[GR_MAX_VARS];
    const struct gr_item *outer[GR_MAX_DEPTH + 2]; /* items whose conditions hold */
    size_t depth;
    size_t draws;
};

static enum err check_fault(struct check *k, const char *what, size_t var)
{
    const struct grammar *g = k->l->g;
    return gr_fault(k->l, k->path, "in \"%.100s\": {%.40s} %s",
                    gr_text(g, k->item->text), gr_text(g, g->var_name[var]), what);
}

/* Whether a word of a role passes all conditions in force on that role. */
static bool admitted(const struct check *k, size_t var, size_t word)
{
    const struct grammar *g = k->l->g;
    for (size_t d = 0; d <= k->depth; d++) {
        const struct gr_item *it = k->outer[d];
        for (size_t i = 0; it && i < it->n_cond; i++) {
            const struct gr_cond *c = &g->cond[it->first_cond + i];
            if (c->var == var && !gr_cond_holds(g, c, word)) {
                return false;
            }
        }
    }
    return true;
}

static enum err charge(struct check *k, uint64_t steps)
{
    k->l->work += steps;
    return k->l->work > GR_MAX_WORK
               ? err_set(
                     k->l->e, ERR_LIMIT,
                     "%s: %s: more combinations of templates than %d steps can check",
                     k->l->file, k->path, GR_MAX_WORK)
               : OK;
}

/* Checks that every word that var can stand for has the attribute. */
static enum err check_attr(struct check *k, size_t var, size_t attr)
{
    const struct grammar *g = k->l->g;
    if (k->sel[var] < 0) {
        return check_fault(k, "is not bound here", var);
    }
    const struct gr_sel *s = &g->sel[k->sel[var]];
    TRY(charge(k, s->n));
    for (size_t i = 0; i < s->n; i++) {
        const size_t w = g->entry[s->first + i];
        if (gr_cell(g, w, attr) == 0 && admitted(k, var, w)) {
            char what[160];
            snprintf(what, sizeof what, "may be \"%.40s\", which has no \"%.40s\"",
                     gr_text(g, gr_cell(g, w, 0)), gr_text(g, g->attr_name[attr]));
            return check_fault(k, what, var);
        }
    }
    return OK;
}

/* Finds whether an item can show: not where conditions can't hold for this document. */
static enum err can_show(struct check *k, const struct gr_item *it, bool *out)
{
    const struct grammar *g = k->l->g;
    *out = true;
    for (size_t i = 0; i < it->n_cond; i++) {
        const struct gr_cond *c = &g->cond[it->first_cond + i];
        if (k->sel[c->var] < 0 || !k->role[c->var]) {
            return check_fault(k, "in \"when\" is not a role of this document", c->var);
        }
        const struct gr_sel *s = &g->sel[k->sel[c->var]];
        TRY(charge(k, s->n));
        bool any = false;
        for (size_t w = 0; w < s->n && !any; w++) {
            any = admitted(k, c->var, g->entry[s->first + w]);
        }
        *out = *out && any;
    }
    return OK;
}

static enum err check_group(struct check *k, uint32_t group);

static enum err check_draw(struct check *k, const struct gr_op *op)
{
    if (k->role[op->var]) {
        return check_fault(k, "is drawn although it is a role of this document",
                           op->var);
    }
    if (op->flag != TIE_NONE && k->sel[op->tie] < 0) {
        return check_fault(k, "is not bound where a draw is tied to it", op->tie);
    }
    if (++k->draws > GR_MAX_DRAWS) {
        return check_fault(k, "is one draw too many for a sentence", op->var);
    }
    k->sel[op->var] = (int32_t)op->a;
    return OK;
}

static enum err check_ops(struct check *k, const struct gr_item *it)
{
    const struct grammar *g = k->l->g;
    int32_t saved[GR_MAX_VARS];
    const uint32_t end = it->first_op + it->n_op;
    for (uint32_t i = it->first_op; i < end; i++) {
        const struct gr_op *op = &g->op[i];
        TRY(charge(k, 1));
        switch ((enum gr_opkind)op->kind) {
        case OP_LIT: break;
        case OP_DRAW: TRY(check_draw(k, op)); break;
        case OP_FORM: TRY(check_attr(k, op->var, op->attr)); break;
        case OP_GROUP: TRY(check_group(k, op->a)); break;
        case OP_CHOICE: /* what a branch binds is unknown after it */
            memcpy(saved, k->sel, sizeof saved);
            break;
        case OP_JUMP: memcpy(k->sel, saved, sizeof saved); break;
        }
    }
    return OK;
}

/* Checks all items of a group; recursion is at most GR_MAX_DEPTH deep. */
static enum err check_group(struct check *k, uint32_t group)
{
    const struct grammar *g = k->l->g;
    const struct gr_item *const item = k->item;
    int32_t saved[GR_MAX_VARS];
    memcpy(saved, k->sel, sizeof saved);
    TRY(charge(k, GR_MAX_VARS / 16));
    if (k->depth >= GR_MAX_DEPTH) {
        return gr_fault(k->l, k->path,
                        "in \"%.100s\": groups within groups are more "
                        "than %d deep",
                        gr_text(g, item->text), GR_MAX_DEPTH);
    }
    const size_t draws = k->draws;
    size_t most = draws;
    const bool inner = item != NULL;
    k->depth += inner;
    size_t always = 0;
    for (uint32_t i = 0; i < g->group[group].n; i++) {
        const struct gr_item *it = &g->item[g->group[group].first + i];
        k->item = it;
        k->outer[k->depth] = it;
        k->draws = draws;
        bool show;
        TRY(can_show(k, it, &show));
        if (show) {
            TRY(check_ops(k, it));
        }
        always += it->n_cond == 0;
        most = k->draws > most ? k->draws : most;
        memcpy(k->sel, saved, sizeof saved);
    }
    k->outer[k->depth] = NULL;
    k->depth -= inner;
    k->draws = most;
    k->item = item;
    if (inner && always == 0) {
        return gr_fault(k->l, k->path,
                        "group \"%.60s\" is used within a template, but all "
                        "of it is conditional",
                        gr_text(g, g->group[group].name));
    }
    return OK;
}

enum err gr_validate(struct gr_loader *l)
{
    const struct grammar *g = l->g;
    for (size_t r = 0; r < g->regs; r++) {
        for (size_t d = 0; d < g->reg[r].n; d++) {
            const struct gr_doc *doc = &g->doc[g->reg[r].first + d];
            char path[GR_PATH];
            snprintf(path, sizeof path, "registers[%zu].documents[%zu]", r, d);
            struct check k = {.l = l, .path = path};
            for (size_t v = 0; v < GR_MAX_VARS; v++) {
                k.sel[v] = -1;
            }
            for (size_t i = 0; i < doc->n_bind; i++) {
                const struct gr_bind *b = &g->bind[doc->first_bind + i];
                k.sel[b->var] = (int32_t)b->sel;
                k.role[b->var] = true;
            }
            for (size_t s = 0; s < doc->n_step; s++) {
                k.draws = 0;
                TRY(check_group(&k, g->step[doc->first_step + s].group));
            }
        }
    }
    return OK;
}
