/* Templates to ops, and registers to document plans. What the file may hold:
 *
 *   templates   {group: [template | {"t": template, "w": weight, "when": conditions}]}
 *   {hero}            the word of a role or of an earlier draw in the sentence
 *   {hero.his}        one of its attributes: a column, a category's attribute, or
 *                     plural, s, past, ing, letter
 *   {x:fruit}         draws a word and names it; {:fruit} without a name
 *   {y:fruit~x}       with the first letter of x; {y:animal=x} of x's category
 *   {a x:fruit.w}     with a or an before it
 *   {#group}          a template of another group, in place
 *   [one|two {x}]     one of these; what a branch draws is unknown after it
 *   selectors: category|category?attribute?tag|alias, a category with its children
 *   conditions: "role:category", "role?attribute"; ! after : or ? for not
 *
 *   registers   [{"name", "documents": [{"name", "weight", "bind": {role: selector},
 *                 "plan": [steps]}]}]
 *   steps: "group", "group*N", "group*N-M", "group?PERCENT"; " repeat" after it lets a
 *   template come twice in a document. Roles are drawn once a document, all different.
 */
#include "story/grammar_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- templates ---- */

/* The state of one template under compilation. */
struct compiler {
    struct gr_loader *l;
    const char *path;
    const char *text;
    size_t lit; /* where the pending literal begins */
    bool in_choice;
    uint32_t choice_op;
    uint32_t start[GR_MAX_BRANCHES]; /* ops where branches begin */
    uint32_t jump[GR_MAX_BRANCHES];  /* jumps to the end */
    size_t n_start;
};

static enum err emit(struct compiler *c, struct gr_op op)
{
    struct grammar *g = c->l->g;
    return gr_push(c->l, &g->op, &g->ops, &g->op_cap, GR_MAX_OPS, &op, sizeof op);
}

static enum err flush(struct compiler *c, size_t end)
{
    if (end == c->lit) {
        return OK;
    }
    struct gr_op op = {.kind = OP_LIT, .len = (uint32_t)(end - c->lit)};
    TRY(gr_pool_add(c->l, c->text + c->lit, op.len, &op.a));
    return emit(c, op);
}

static enum err fault_slot(struct compiler *c, const char *slot, size_t n,
                           const char *what)
{
    return gr_fault(c->l, c->path, "{%.*s}: %s", (int)(n < 80 ? n : 80), slot, what);
}

/* Compiles the drawing part of a slot, "name:selector~other". */
static enum err emit_draw(struct compiler *c, const char *slot, size_t n, uint8_t var,
                          const char *sel, size_t sel_n)
{
    struct gr_op op = {.kind = OP_DRAW, .var = var, .tie = GR_NONE};
    size_t m = 0;
    while (m < sel_n && sel[m] != '~' && sel[m] != '=') {
        m++;
    }
    if (m < sel_n) {
        op.flag = sel[m] == '~' ? TIE_LETTER : TIE_CATEGORY;
        const int tie = gr_find_var(c->l->g, sel + m + 1, sel_n - m - 1);
        if (tie <= 0) {
            return fault_slot(c, slot, n,
                              "expected the name of an earlier draw after ~ or =");
        }
        op.tie = (uint8_t)tie;
    }
    TRY(gr_selector(c->l, c->path, sel, m, &op.a));
    return emit(c, op);
}

/* Compiles one slot, without its braces: "#group", or "[a
 * ][name][:selector][.attribute]". */
static enum err compile_slot(struct compiler *c, const char *slot, size_t n)
{
    struct grammar *g = c->l->g;
    if (n > 0 && slot[0] == '#') {
        struct gr_op op = {.kind = OP_GROUP};
        const int group = gr_find_group(g, slot + 1, n - 1);
        if (group < 0) {
            return fault_slot(c, slot, n, "expected the name of a template group");
        }
        op.a = (uint32_t)group;
        return emit(c, op);
    }
    struct gr_op form = {.kind = OP_FORM, .attr = GRAMMAR_FORM_BASE};
    size_t at = 0;
    if (n > 2 && slot[0] == 'a' && slot[1] == ' ') {
        form.flag = 1;
        at = 2;
    }
    const char *name = slot + at;
    size_t name_n = gr_name_len(name);
    at += name_n;
    if (name_n > 40) {
        return fault_slot(c, slot, n, "a name of more than 40 letters");
    }
    const char *dot = memchr(slot + at, '.', n - at);
    const size_t end = dot ? (size_t)(dot - slot) : n;
    if (at < end && slot[at] == ':') {
        uint8_t var = 0;
        if (name_n > 0) {
            TRY(gr_intern_var(c->l, c->path, name, name_n, &var));
        }
        TRY(emit_draw(c, slot, n, var, slot + at + 1, end - at - 1));
        form.var = var;
    } else {
        const int var = gr_find_var(g, name, name_n);
        if (at != end || name_n == 0 || var <= 0) {
            return fault_slot(
                c, slot, n,
                "expected {role}, {name:category}, {:category} or {#group}, "
                "with .attribute after it if wanted");
        }
        form.var = (uint8_t)var;
    }
    if (dot) {
        const int attr = gr_find_attr(g, dot + 1, n - end - 1);
        if (attr < 0) {
            return fault_slot(c, slot, n, "no word has that attribute");
        }
        form.attr = (uint8_t)attr;
    }
    return emit(c, form);
}

static enum err open_choice(struct compiler *c)
{
    if (c->in_choice) {
        return gr_fault(c->l, c->path, "a [choice] within a [choice]");
    }
    c->in_choice = true;
    c->n_start = 0;
    c->choice_op = (uint32_t)c->l->g->ops;
    TRY(emit(c, (struct gr_op){.kind = OP_CHOICE}));
    c->start[c->n_start++] = (uint32_t)c->l->g->ops;
    return OK;
}

/* Ends a branch; at `|` another begins. */
static enum err end_branch(struct compiler *c, bool more)
{
    c->jump[c->n_start - 1] = (uint32_t)c->l->g->ops;
    TRY(emit(c, (struct gr_op){.kind = OP_JUMP}));
    if (!more) {
        return OK;
    }
    if (c->n_start == GR_MAX_BRANCHES) {
        return gr_fault(c->l, c->path, "a choice of more than %d", GR_MAX_BRANCHES);
    }
    c->start[c->n_start++] = (uint32_t)c->l->g->ops;
    return OK;
}

static enum err close_choice(struct compiler *c)
{
    struct grammar *g = c->l->g;
    TRY(end_branch(c, false));
    struct gr_op *op = &g->op[c->choice_op];
    op->flag = (uint8_t)c->n_start;
    op->a = (uint32_t)g->branches;
    for (size_t i = 0; i < c->n_start; i++) {
        g->op[c->jump[i]].a = (uint32_t)g->ops;
        TRY(gr_push(c->l, &g->branch, &g->branches, &g->branch_cap, GR_MAX_OPS,
                    &c->start[i], sizeof c->start[i]));
    }
    c->in_choice = false;
    return OK;
}

static enum err compile_special(struct compiler *c, size_t *i)
{
    const char ch = c->text[*i];
    TRY(flush(c, *i));
    if (ch == '{') {
        const char *end = strchr(c->text + *i, '}');
        if (!end) {
            return gr_fault(c->l, c->path, "a { without its }");
        }
        const char *slot = c->text + *i + 1;
        TRY(compile_slot(c, slot, (size_t)(end - slot)));
        *i = (size_t)(end - c->text);
    } else if (ch == '[') {
        TRY(open_choice(c));
    } else if (ch == '|' && c->in_choice) {
        TRY(end_branch(c, true));
    } else if (ch == ']' && c->in_choice) {
        TRY(close_choice(c));
    } else {
        return gr_fault(c->l, c->path,
                        "byte 0x%02x: expected ASCII letters, digits, punctuation, "
                        "{slots} and [choices|like this]",
                        (unsigned)(unsigned char)ch);
    }
    c->lit = *i + 1;
    return OK;
}

static enum err compile_text(struct gr_loader *l, const char *path, const char *text)
{
    struct compiler c = {.l = l, .path = path, .text = text};
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        if (!gr_plain(text[i])) {
            TRY(compile_special(&c, &i));
        }
    }
    TRY(flush(&c, i));
    return c.in_choice ? gr_fault(l, path, "a [ without its ]") : OK;
}

/* Compiles "role:category", "role:!category", "role?attribute", "role?!attribute". */
static enum err compile_cond(struct gr_loader *l, const char *path, const char *text)
{
    struct grammar *g = l->g;
    struct gr_cond c = {.attr = GR_NONE, .cat = -1};
    const size_t n = gr_name_len(text);
    const char kind = text[n];
    if (n == 0 || n > 40 || (kind != ':' && kind != '?')) {
        return gr_fault(l, path,
                        "when \"%.60s\": expected \"role:category\" or "
                        "\"role?attribute\", with ! for not",
                        text);
    }
    TRY(gr_intern_var(l, path, text, n, &c.var));
    const char *what = text + n + 1;
    c.negated = *what == '!';
    what += c.negated;
    if (kind == ':') {
        c.cat = gr_find_cat(g, what, strlen(what));
    } else {
        const int attr = gr_find_attr(g, what, strlen(what));
        c.attr = attr < 0 ? GR_NONE : (uint8_t)attr;
    }
    if (c.cat < 0 && c.attr == GR_NONE) {
        return gr_fault(l, path, "when \"%.60s\": no such %s", text,
                        kind == ':' ? "category" : "attribute");
    }
    return gr_push(l, &g->cond, &g->conds, &g->cond_cap, GR_MAX_ITEMS, &c, sizeof c);
}

static enum err compile_conds(struct gr_loader *l, const char *path, const cJSON *when,
                              struct gr_item *item)
{
    item->first_cond = (uint32_t)l->g->conds;
    if (cJSON_IsString(when)) {
        TRY(compile_cond(l, path, when->valuestring));
    } else if (cJSON_IsArray(when) && cJSON_GetArraySize(when) <= 8) {
        const cJSON *w;
        cJSON_ArrayForEach(w, when)
        {
            if (!cJSON_IsString(w)) {
                return gr_fault(l, path, "when: expected strings");
            }
            TRY(compile_cond(l, path, w->valuestring));
        }
    } else if (when) {
        return gr_fault(l, path, "when: expected a string or an array of at most 8");
    }
    item->n_cond = (uint32_t)l->g->conds - item->first_cond;
    return OK;
}

static enum err compile_item(struct gr_loader *l, const char *path, const cJSON *src)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, path};
    struct gr_item item = {.weight = 1};
    const char *text = cJSON_IsString(src) ? src->valuestring : NULL;
    if (cJSON_IsObject(src)) {
        int64_t w = 1;
        TRY(json_str(at, src, "t", true, &text, l->e));
        TRY(json_int(at, src, "w", false, 1, GR_MAX_WEIGHT, &w, l->e));
        item.weight = (uint32_t)w;
        TRY(compile_conds(l, path, cJSON_GetObjectItemCaseSensitive(src, "when"),
                          &item));
    }
    if (!text || text[0] == '\0' || strlen(text) > 1000) {
        return gr_fault(l, path,
                        "expected a template of 1 to 1000 bytes, or {\"t\": ...}");
    }
    item.first_op = (uint32_t)g->ops;
    TRY(gr_pool_add(l, text, strlen(text), &item.text));
    TRY(compile_text(l, path, text));
    item.n_op = (uint32_t)g->ops - item.first_op;
    return gr_push(l, &g->item, &g->items, &g->item_cap, GR_MAX_ITEMS, &item,
                   sizeof item);
}

static enum err load_groups(struct gr_loader *l, const cJSON *groups)
{
    struct grammar *g = l->g;
    const cJSON *src;
    size_t k = 0;
    cJSON_ArrayForEach(src, groups)
    {
        g->group[k].first = (uint32_t)g->items;
        size_t i = 0;
        const cJSON *item;
        cJSON_ArrayForEach(item, src)
        {
            char path[GR_PATH];
            snprintf(path, sizeof path, "templates.%.60s[%zu]", src->string, i++);
            TRY(compile_item(l, path, item));
        }
        g->group[k++].n = (uint32_t)i;
    }
    return OK;
}

/* Interns role names first, so that templates may use them in any order. */
static enum err intern_roles(struct gr_loader *l, const cJSON *root)
{
    const cJSON *reg;
    cJSON_ArrayForEach(reg, cJSON_GetObjectItemCaseSensitive(root, "registers"))
    {
        const cJSON *doc;
        cJSON_ArrayForEach(doc, cJSON_GetObjectItemCaseSensitive(reg, "documents"))
        {
            const cJSON *b;
            cJSON_ArrayForEach(b, cJSON_GetObjectItemCaseSensitive(doc, "bind"))
            {
                const size_t n = b->string ? gr_name_len(b->string) : 0;
                if (n == 0 || n > 40 || b->string[n] != '\0') {
                    return gr_fault(l, "registers", "bind \"%.40s\": expected a name",
                                    b->string ? b->string : "");
                }
                uint8_t var;
                TRY(gr_intern_var(l, "registers", b->string, n, &var));
            }
        }
    }
    return OK;
}

enum err gr_load_templates(struct gr_loader *l, const cJSON *root)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, ""};
    const cJSON *groups = NULL;
    uint8_t var;
    TRY(gr_intern_var(l, "top", "", 0, &var)); /* variable 0: drawn without a name */
    TRY(intern_roles(l, root));
    TRY(json_obj(at, root, "templates", true, &groups, l->e));
    const cJSON *src;
    cJSON_ArrayForEach(src, groups)
    {
        char path[GR_PATH];
        snprintf(path, sizeof path, "templates.%.60s", src->string);
        const size_t n = gr_name_len(src->string);
        if (n == 0 || n > 60 || src->string[n] != '\0' || !cJSON_IsArray(src) ||
            cJSON_GetArraySize(src) < 1) {
            return gr_fault(l, path, "expected \"name\": [templates]");
        }
        if (gr_find_group(g, src->string, n) >= 0) {
            return gr_fault(l, path, "a second group of that name");
        }
        struct gr_group group = {0};
        TRY(gr_pool_add(l, src->string, n, &group.name));
        TRY(gr_push(l, &g->group, &g->groups, &g->group_cap, GR_MAX_GROUPS, &group,
                    sizeof group));
    }
    return load_groups(l, groups);
}

/* ---- registers ---- */

/* Returns a number of at most 3 digits at *s, and moves *s past it; -1 if there is
 * none. */
static int small_number(const char **s)
{
    int v = -1;
    for (int i = 0; i < 3 && **s >= '0' && **s <= '9'; i++, (*s)++) {
        v = (v < 0 ? 0 : v * 10) + (**s - '0');
    }
    return v;
}

/* Parses "group", "group*3", "group*1-3", "group?60"; then " repeat" if wanted. */
static enum err parse_step(struct gr_loader *l, const char *path, const char *text,
                           struct gr_step *out)
{
    struct gr_step s = {.lo = 1, .hi = 1, .percent = 100};
    const size_t n = gr_name_len(text);
    const int group = gr_find_group(l->g, text, n);
    if (group < 0) {
        return gr_fault(l, path, "\"%.60s\": no template group of that name", text);
    }
    s.group = (uint32_t)group;
    const char *p = text + n;
    bool ok = true;
    if (*p == '*') {
        p++;
        const int lo = small_number(&p);
        int hi = lo;
        if (*p == '-') {
            p++;
            hi = small_number(&p);
        }
        ok = lo >= 0 && hi >= lo && hi >= 1 && hi <= GR_MAX_REPEAT;
        s.lo = (uint8_t)(ok ? lo : 1);
        s.hi = (uint8_t)(ok ? hi : 1);
    } else if (*p == '?') {
        p++;
        const int percent = small_number(&p);
        ok = percent >= 1 && percent <= 100;
        s.percent = (uint8_t)(ok ? percent : 100);
    }
    if (strcmp(p, " repeat") == 0) {
        s.repeat = true;
        p += strlen(p);
    }
    if (!ok || *p != '\0') {
        return gr_fault(l, path,
                        "\"%.60s\": expected group, group*N, group*N-M (at most %d) or "
                        "group?PERCENT, then \" repeat\" if wanted",
                        text, GR_MAX_REPEAT);
    }
    *out = s;
    return OK;
}

static enum err load_binds(struct gr_loader *l, const char *path, const cJSON *bind,
                           struct gr_doc *d)
{
    struct grammar *g = l->g;
    d->first_bind = (uint32_t)g->binds;
    const cJSON *b;
    cJSON_ArrayForEach(b, bind)
    {
        struct gr_bind item;
        if (!cJSON_IsString(b)) {
            return gr_fault(l, path, "bind.%.40s: expected a selector", b->string);
        }
        if (d->n_bind++ == GR_MAX_ROLES) {
            return gr_fault(l, path, "more than %d roles", GR_MAX_ROLES);
        }
        TRY(gr_intern_var(l, path, b->string, gr_name_len(b->string), &item.var));
        TRY(gr_selector(l, path, b->valuestring, strlen(b->valuestring), &item.sel));
        for (size_t i = d->first_bind; i < g->binds; i++) {
            if (g->bind[i].var == item.var) {
                return gr_fault(l, path, "a second role \"%.40s\"", b->string);
            }
        }
        TRY(gr_push(l, &g->bind, &g->binds, &g->bind_cap, GR_MAX_ITEMS, &item,
                    sizeof item));
    }
    return OK;
}

static enum err load_doc(struct gr_loader *l, const char *path, const cJSON *src,
                         uint64_t *weight)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, path};
    const char *name = NULL;
    const cJSON *bind = NULL;
    const cJSON *plan = NULL;
    int64_t w = 1;
    if (!cJSON_IsObject(src)) {
        return gr_fault(l, path, "expected an object");
    }
    TRY(json_str(at, src, "name", true, &name, l->e));
    TRY(json_int(at, src, "weight", false, 1, GR_MAX_WEIGHT, &w, l->e));
    TRY(json_obj(at, src, "bind", false, &bind, l->e));
    TRY(json_arr(at, src, "plan", true, &plan, l->e));
    struct gr_doc d = {.weight = (uint32_t)w, .first_step = (uint32_t)g->steps};
    TRY(gr_pool_add(l, name, strlen(name), &d.name));
    TRY(load_binds(l, path, bind, &d));
    const cJSON *s;
    cJSON_ArrayForEach(s, plan)
    {
        struct gr_step step;
        if (!cJSON_IsString(s) || d.n_step == GR_MAX_PLAN) {
            return gr_fault(l, path, "plan: expected at most %d strings", GR_MAX_PLAN);
        }
        TRY(parse_step(l, path, s->valuestring, &step));
        TRY(gr_push(l, &g->step, &g->steps, &g->step_cap, GR_MAX_ITEMS, &step,
                    sizeof step));
        d.n_step++;
    }
    if (d.n_step == 0) {
        return gr_fault(l, path, "plan: expected at least one group");
    }
    *weight += d.weight;
    return gr_push(l, &g->doc, &g->docs, &g->doc_cap, GR_MAX_DOCS, &d, sizeof d);
}

enum err gr_load_registers(struct gr_loader *l, const cJSON *root)
{
    struct grammar *g = l->g;
    const struct json_at top = {l->file, ""};
    const cJSON *regs = NULL;
    TRY(json_arr(top, root, "registers", true, &regs, l->e));
    const cJSON *src;
    cJSON_ArrayForEach(src, regs)
    {
        char path[GR_PATH];
        snprintf(path, sizeof path, "registers[%zu]", g->regs);
        const struct json_at at = {l->file, path};
        const char *name = NULL;
        const cJSON *docs = NULL;
        if (!cJSON_IsObject(src)) {
            return gr_fault(l, path, "expected an object");
        }
        TRY(json_str(at, src, "name", true, &name, l->e));
        TRY(json_arr(at, src, "documents", true, &docs, l->e));
        if (name[0] == '\0' || name[gr_name_len(name)] != '\0' ||
            grammar_register_find(g, name) >= 0) {
            return gr_fault(l, path, "name \"%.40s\": expected a new name", name);
        }
        struct gr_reg r = {.first = (uint32_t)g->docs};
        TRY(gr_pool_add(l, name, strlen(name), &r.name));
        const cJSON *doc;
        cJSON_ArrayForEach(doc, docs)
        {
            char inner[GR_PATH];
            snprintf(inner, sizeof inner, "%.40s.documents[%zu]", path,
                     g->docs - r.first);
            TRY(load_doc(l, inner, doc, &r.weight));
        }
        r.n = (uint32_t)(g->docs - r.first);
        if (r.n == 0) {
            return gr_fault(l, path, "documents: expected at least one");
        }
        TRY(gr_push(l, &g->reg, &g->regs, &g->reg_cap, GR_MAX_REGS, &r, sizeof r));
    }
    return g->regs ? OK : gr_fault(l, "registers", "expected at least one");
}
