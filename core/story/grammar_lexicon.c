/* The lexicon of a grammar: categories, words, their forms and facts, and selectors. */
#include "base/mem.h"
#include "story/grammar_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const form_name[GRAMMAR_FORMS] = {"w",    "plural", "s",
                                                     "past", "ing",    "letter"};

/* ---- attributes ---- */

static enum err add_attr(struct gr_loader *l, const char *path, const char *name)
{
    struct grammar *g = l->g;
    const size_t n = gr_name_len(name);
    if (n == 0 || name[n] != '\0' || n > 40) {
        return gr_fault(l, path, "\"%.40s\": expected a name of letters, digits and _",
                        name);
    }
    if (gr_find_attr(g, name, n) >= 0) {
        return OK;
    }
    if (g->attrs >= GR_MAX_ATTRS) {
        return gr_fault(l, path, "more than %d attributes", GR_MAX_ATTRS);
    }
    uint32_t off;
    TRY(gr_pool_add(l, name, n, &off));
    return gr_push(l, &g->attr_name, &g->attrs, &g->attr_cap, GR_MAX_ATTRS, &off,
                   sizeof off);
}

static enum err add_tags(struct gr_loader *l, const char *path, const char *tags)
{
    char name[48];
    for (const char *p = tags; *p;) {
        const size_t n = strcspn(p, " ");
        if (n >= sizeof name) {
            return gr_fault(l, path, "a tag of %zu letters, at most 40 expected", n);
        }
        memcpy(name, p, n);
        name[n] = '\0';
        if (n > 0) {
            TRY(add_attr(l, path, name));
        }
        p += n + (p[n] == ' ');
    }
    return OK;
}

/* ---- categories ---- */

/* Checks a fact or irregular form, which becomes text as it is. */
static enum err check_text(struct gr_loader *l, const char *path, const cJSON *item)
{
    const char *s = cJSON_IsString(item) ? item->valuestring : "";
    size_t n = 0;
    while (gr_plain(s[n])) {
        n++;
    }
    if (n == 0 || s[n] != '\0' || n > 200) {
        return gr_fault(l, path,
                        "\"%.40s\": expected a text of 1 to 200 ASCII letters, digits, "
                        "spaces or . , ! ? ' \" : -",
                        s);
    }
    return OK;
}

/* Checks the members of an object of texts, or of arrays of texts. */
static enum err check_texts(struct gr_loader *l, const char *path, const cJSON *obj)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, obj)
    {
        char at[GR_PATH];
        snprintf(at, sizeof at, "%.80s.%.40s", path, member->string);
        if (!cJSON_IsArray(member)) {
            TRY(check_text(l, at, member));
            continue;
        }
        const cJSON *item;
        cJSON_ArrayForEach(item, member)
        {
            TRY(check_text(l, at, item));
        }
    }
    return OK;
}

static const cJSON *columns_of(const cJSON *cat)
{
    return cJSON_GetObjectItemCaseSensitive(cat, "columns");
}

/* Returns the number of words of a category. */
static size_t words_of(const cJSON *cat)
{
    return (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(cat, "words"));
}

static enum err parse_pos(struct gr_loader *l, const char *path, const char *text,
                          enum gr_pos *out)
{
    static const char *const name[] = {"", "noun", "mass", "adj", "name", "verb"};
    for (size_t i = 1; i < sizeof name / sizeof *name; i++) {
        if (strcmp(text, name[i]) == 0) {
            *out = (enum gr_pos)i;
            return OK;
        }
    }
    return gr_fault(l, path, "pos \"%.40s\": expected noun, mass, adj, name or verb",
                    text);
}

/* Checks that each row of a word table is a string or an array as long as the
 * columns. */
static enum err check_rows(struct gr_loader *l, const char *path, const cJSON *cat)
{
    const cJSON *cols = columns_of(cat);
    const int ncols = cols ? cJSON_GetArraySize(cols) : 1;
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(cat, "words");
    const cJSON *row;
    size_t i = 0;
    cJSON_ArrayForEach(row, rows)
    {
        char at[GR_PATH];
        snprintf(at, sizeof at, "%.100s.words[%zu]", path, i++);
        if (cJSON_IsString(row)) {
            continue;
        }
        if (!cJSON_IsArray(row) || cJSON_GetArraySize(row) != ncols) {
            return gr_fault(l, at, "expected a string or an array of %d cells", ncols);
        }
        int c = 0;
        const cJSON *cell;
        cJSON_ArrayForEach(cell, row)
        {
            if (c == 0 || !cJSON_IsNull(cell)) {
                TRY(check_text(l, at, cell));
            }
            c++;
        }
    }
    return OK;
}

static enum err check_columns(struct gr_loader *l, const char *path, const cJSON *cat)
{
    const cJSON *cols = columns_of(cat);
    if (cols && (!cJSON_IsArray(cols) || cJSON_GetArraySize(cols) < 1)) {
        return gr_fault(l, path, "columns: expected an array of names");
    }
    int i = 0;
    const cJSON *col;
    cJSON_ArrayForEach(col, cols)
    {
        if (!cJSON_IsString(col) || (i == 0) != (strcmp(col->valuestring, "w") == 0)) {
            return gr_fault(l, path, "columns: expected \"w\" first, then other names");
        }
        if (strcmp(col->valuestring, "tags") != 0) {
            TRY(add_attr(l, path, col->valuestring));
        }
        i++;
    }
    return OK;
}

/* Makes names of tags attributes too, so that `?pet` and `?sound` are the same test. */
static enum err scan_tags(struct gr_loader *l, const char *path, const cJSON *cat)
{
    const cJSON *cols = columns_of(cat);
    int tag_col = -1;
    int i = 0;
    const cJSON *col;
    cJSON_ArrayForEach(col, cols)
    {
        if (strcmp(col->valuestring, "tags") == 0) {
            tag_col = i;
        }
        i++;
    }
    if (tag_col < 0) {
        return OK;
    }
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(cat, "words"))
    {
        const cJSON *cell = cJSON_GetArrayItem(row, tag_col);
        if (cJSON_IsString(cell)) {
            TRY(add_tags(l, path, cell->valuestring));
        }
    }
    return OK;
}

/* Reads the part of a category that is in struct gr_cat. */
static enum err read_category(struct gr_loader *l, const char *path, const cJSON *cat,
                              struct gr_cat *c)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, path};
    const char *name = NULL;
    const char *parent = NULL;
    const char *pos = NULL;
    const cJSON *words = NULL;
    int64_t weight = 10;
    TRY(json_str(at, cat, "name", true, &name, l->e));
    TRY(json_str(at, cat, "parent", false, &parent, l->e));
    TRY(json_str(at, cat, "pos", false, &pos, l->e));
    TRY(json_arr(at, cat, "words", false, &words, l->e));
    TRY(json_int(at, cat, "weight", false, 1, GR_MAX_WEIGHT, &weight, l->e));
    const size_t n = gr_name_len(name);
    if (n == 0 || name[n] != '\0' || n > 40) {
        return gr_fault(l, path, "name \"%.40s\": expected letters, digits and _",
                        name);
    }
    if (gr_find_cat(g, name, n) >= 0) {
        return gr_fault(l, path, "a second category \"%s\"", name);
    }
    *c = (struct gr_cat){.parent = -1, .weight = (uint32_t)weight};
    if (parent) {
        c->parent = gr_find_cat(g, parent, strlen(parent));
        if (c->parent < 0 || g->cat[c->parent].depth == GR_MAX_LEVELS) {
            return gr_fault(
                l, path,
                "parent \"%.40s\": expected an earlier category, at most %d "
                "levels deep",
                parent, GR_MAX_LEVELS);
        }
        c->depth = g->cat[c->parent].depth + 1;
    }
    if (pos) {
        TRY(parse_pos(l, path, pos, &c->pos));
    } else if (words) {
        return gr_fault(l, path, "a category with words needs a \"pos\"");
    }
    return gr_pool_add(l, name, n, &c->name);
}

static enum err declare_category(struct gr_loader *l, const char *path,
                                 const cJSON *cat)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, path};
    const cJSON *attrs = NULL;
    const cJSON *plurals = NULL;
    const cJSON *irregular = NULL;
    struct gr_cat c;
    if (!cJSON_IsObject(cat)) {
        return gr_fault(l, path, "expected an object");
    }
    TRY(read_category(l, path, cat, &c));
    c.first = (uint32_t)g->words;
    c.n = (uint32_t)words_of(cat);
    if (g->words + c.n > GR_MAX_WORDS) {
        return gr_fault(l, path, "more than %d words", GR_MAX_WORDS);
    }
    g->words += c.n;
    TRY(json_obj(at, cat, "attrs", false, &attrs, l->e));
    TRY(json_obj(at, cat, "plurals", false, &plurals, l->e));
    TRY(json_obj(at, cat, "irregular", false, &irregular, l->e));
    const cJSON *a;
    cJSON_ArrayForEach(a, attrs)
    {
        TRY(check_text(l, path, a));
        TRY(add_attr(l, path, a->string));
    }
    TRY(check_texts(l, path, plurals));
    TRY(check_texts(l, path, irregular));
    TRY(check_columns(l, path, cat));
    TRY(check_rows(l, path, cat));
    TRY(scan_tags(l, path, cat));
    return gr_push(l, &g->cat, &g->cats, &g->cat_cap, GR_MAX_CATS, &c, sizeof c);
}

/* ---- forms ---- */

static bool ends(const char *w, const char *end)
{
    const size_t n = strlen(w);
    const size_t m = strlen(end);
    return n >= m && strcmp(w + n - m, end) == 0;
}

/* Whether a word ends in a consonant and y: berry, cry. */
static bool ends_cy(const char *w)
{
    const size_t n = strlen(w);
    return n >= 2 && w[n - 1] == 'y' && !strchr("aeiou", w[n - 2]);
}

static void add_s(const char *w, struct str *out)
{
    str_clear(out);
    if (ends_cy(w)) {
        str_addn(out, w, strlen(w) - 1);
        str_add(out, "ies");
        return;
    }
    str_add(out, w);
    const bool hiss =
        ends(w, "s") || ends(w, "x") || ends(w, "z") || ends(w, "ch") || ends(w, "sh");
    str_add(out, hiss ? "es" : "s");
}

static void add_past(const char *w, bool twice, struct str *out)
{
    str_clear(out);
    const size_t n = strlen(w);
    if (ends_cy(w)) {
        str_addn(out, w, n - 1);
        str_add(out, "ied");
        return;
    }
    str_add(out, w);
    if (twice && n > 0) {
        str_addc(out, w[n - 1]);
    }
    str_add(out, ends(w, "e") ? "d" : "ed");
}

static void add_ing(const char *w, bool twice, struct str *out)
{
    str_clear(out);
    const size_t n = strlen(w);
    const bool drop =
        ends(w, "e") && !ends(w, "ee") && !ends(w, "oe") && !ends(w, "ye");
    str_addn(out, w, drop ? n - 1 : n);
    if (twice && n > 0) {
        str_addc(out, w[n - 1]);
    }
    str_add(out, "ing");
}

static enum err put(struct gr_loader *l, size_t word, size_t attr, const char *text,
                    size_t n)
{
    uint32_t off;
    TRY(gr_pool_add(l, text, n, &off));
    l->g->cell[word * l->g->attrs + attr] = off;
    return OK;
}

static enum err put_str(struct gr_loader *l, size_t word, size_t attr, struct str *s)
{
    TRY(str_err(s, "a word form", l->e));
    return put(l, word, attr, s->p, s->len);
}

static bool listed(const cJSON *list, const char *w)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, w) == 0) {
            return true;
        }
    }
    return false;
}

static enum err verb_forms(struct gr_loader *l, const char *path, const cJSON *cat,
                           size_t word, const char *w, struct str *s)
{
    const cJSON *irregular = cJSON_GetObjectItemCaseSensitive(cat, "irregular");
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(irregular, w);
    if (own) {
        static const size_t form[] = {GRAMMAR_FORM_S, GRAMMAR_FORM_PAST,
                                      GRAMMAR_FORM_ING};
        for (int i = 0; i < 3; i++) {
            const cJSON *f = cJSON_GetArrayItem(own, i);
            if (!cJSON_IsString(f)) {
                return gr_fault(l, path, "irregular.%.40s: expected [-s, past, -ing]",
                                w);
            }
            TRY(put(l, word, form[i], f->valuestring, strlen(f->valuestring)));
        }
        return OK;
    }
    const bool twice = listed(cJSON_GetObjectItemCaseSensitive(cat, "double"), w);
    add_s(w, s);
    TRY(put_str(l, word, GRAMMAR_FORM_S, s));
    add_past(w, twice, s);
    TRY(put_str(l, word, GRAMMAR_FORM_PAST, s));
    add_ing(w, twice, s);
    return put_str(l, word, GRAMMAR_FORM_ING, s);
}

static enum err noun_forms(struct gr_loader *l, const char *path, const cJSON *cat,
                           size_t word, const char *w, struct str *s)
{
    const cJSON *plurals = cJSON_GetObjectItemCaseSensitive(cat, "plurals");
    const cJSON *own = cJSON_GetObjectItemCaseSensitive(plurals, w);
    if (own) {
        if (!cJSON_IsString(own)) {
            return gr_fault(l, path, "plurals.%.40s: expected a string", w);
        }
        return put(l, word, GRAMMAR_FORM_PLURAL, own->valuestring,
                   strlen(own->valuestring));
    }
    add_s(w, s);
    return put_str(l, word, GRAMMAR_FORM_PLURAL, s);
}

/* ---- words ---- */

static enum err put_tags(struct gr_loader *l, size_t word, const char *tags)
{
    for (const char *p = tags; *p;) {
        const size_t n = strcspn(p, " ");
        if (n > 0) {
            const int attr = gr_find_attr(l->g, p, n);
            TRY(put(l, word, (size_t)attr, p, n));
        }
        p += n + (p[n] == ' ');
    }
    return OK;
}

static enum err put_row(struct gr_loader *l, const cJSON *cat, const cJSON *row,
                        size_t word)
{
    if (cJSON_IsString(row)) {
        return OK;
    }
    const cJSON *col = columns_of(cat) ? columns_of(cat)->child : NULL;
    const cJSON *cell = row->child;
    for (; col && cell; col = col->next, cell = cell->next) {
        if (cJSON_IsNull(cell)) {
            continue;
        }
        if (strcmp(col->valuestring, "tags") == 0) {
            TRY(put_tags(l, word, cell->valuestring));
            continue;
        }
        const int attr = gr_find_attr(l->g, col->valuestring, strlen(col->valuestring));
        TRY(put(l, word, (size_t)attr, cell->valuestring, strlen(cell->valuestring)));
    }
    return OK;
}

/* Gives a word its category's attributes, where it has no value of its own, and then
 * those of the parents. */
static enum err inherit(struct gr_loader *l, const cJSON *cats, size_t cat, size_t word)
{
    struct grammar *g = l->g;
    for (int32_t c = (int32_t)cat; c >= 0; c = g->cat[c].parent) {
        const cJSON *def = cJSON_GetArrayItem(cats, c);
        const cJSON *a;
        cJSON_ArrayForEach(a, cJSON_GetObjectItemCaseSensitive(def, "attrs"))
        {
            const int attr = gr_find_attr(g, a->string, strlen(a->string));
            if (gr_cell(g, word, (size_t)attr) == 0) {
                TRY(put(l, word, (size_t)attr, a->valuestring, strlen(a->valuestring)));
            }
        }
    }
    return OK;
}

static enum err fill_word(struct gr_loader *l, const char *path, const cJSON *cat,
                          const cJSON *row, size_t word, struct str *s)
{
    const char *w = cJSON_IsString(row) ? row->valuestring : row->child->valuestring;
    size_t n = 0;
    while ((w[n] >= 'a' && w[n] <= 'z') || (w[n] >= 'A' && w[n] <= 'Z')) {
        n++;
    }
    if (n == 0 || w[n] != '\0' || n > 40) {
        return gr_fault(l, path, "word \"%.40s\": expected 1 to 40 ASCII letters", w);
    }
    TRY(put(l, word, GRAMMAR_FORM_BASE, w, n));
    const char letter = (char)('a' + (int)gr_letter_of(w));
    TRY(put(l, word, GRAMMAR_FORM_LETTER, &letter, 1));
    const enum gr_pos pos = l->g->cat[l->g->word[word].cat].pos;
    if (pos == POS_NOUN) {
        TRY(noun_forms(l, path, cat, word, w, s));
    } else if (pos == POS_VERB) {
        TRY(verb_forms(l, path, cat, word, w, s));
    }
    return put_row(l, cat, row, word);
}

/* Returns a weight that falls mildly with the rank in the list, to a third from first
 * to last; the sum over a category hardly depends on its size, so a union draws its
 * categories equally. */
static uint32_t rank_weight(uint32_t rank, uint32_t n, uint32_t cat_weight)
{
    return 100000u / (2 * rank + n + 1) * cat_weight + 1;
}

static enum err fill_category(struct gr_loader *l, const cJSON *cats, size_t cat,
                              const cJSON *def, struct str *s)
{
    struct grammar *g = l->g;
    const struct gr_cat *c = &g->cat[cat];
    size_t i = 0;
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(def, "words"))
    {
        char path[GR_PATH];
        snprintf(path, sizeof path, "categories[%zu].words[%zu]", cat, i);
        const size_t word = c->first + i;
        g->word[word].cat = (uint32_t)cat;
        g->word[word].weight = rank_weight((uint32_t)i, c->n, c->weight);
        TRY(fill_word(l, path, def, row, word, s));
        TRY(inherit(l, cats, cat, word));
        i++;
    }
    /* Columns that are forms of the word and not facts about it. */
    bool *surface = g->surface + cat * g->attrs;
    const bool noun = c->pos == POS_NOUN;
    const bool verb = c->pos == POS_VERB;
    surface[GRAMMAR_FORM_BASE] = true;
    surface[GRAMMAR_FORM_PLURAL] = noun;
    surface[GRAMMAR_FORM_S] = verb;
    surface[GRAMMAR_FORM_PAST] = verb;
    surface[GRAMMAR_FORM_ING] = verb;
    const cJSON *f;
    cJSON_ArrayForEach(f, cJSON_GetObjectItemCaseSensitive(def, "forms"))
    {
        const int attr = cJSON_IsString(f)
                             ? gr_find_attr(g, f->valuestring, strlen(f->valuestring))
                             : -1;
        if (attr < 0) {
            char path[GR_PATH];
            snprintf(path, sizeof path, "categories[%zu].forms", cat);
            return gr_fault(l, path, "expected names of columns");
        }
        surface[attr] = true;
    }
    return OK;
}

static enum err load_articles(struct gr_loader *l, const cJSON *root)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, ""};
    const cJSON *articles = NULL;
    TRY(json_obj(at, root, "articles", false, &articles, l->e));
    for (int k = 0; k < 2; k++) {
        const cJSON *word;
        cJSON_ArrayForEach(word,
                           cJSON_GetObjectItemCaseSensitive(articles, k ? "an" : "a"))
        {
            if (!cJSON_IsString(word) || word->valuestring[0] == '\0') {
                return gr_fault(l, "articles",
                                "expected {\"a\": [words], \"an\": [words]}");
            }
            uint32_t off;
            TRY(gr_pool_add(l, word->valuestring, strlen(word->valuestring), &off));
            TRY(k ? gr_push(l, &g->article_an, &g->articles_an, &g->article_an_cap, 256,
                            &off, sizeof off)
                  : gr_push(l, &g->article_a, &g->articles_a, &g->article_a_cap, 256,
                            &off, sizeof off));
        }
    }
    return OK;
}

enum err gr_load_lexicon(struct gr_loader *l, const cJSON *root)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, ""};
    const cJSON *cats = NULL;
    TRY(load_articles(l, root));
    TRY(json_arr(at, root, "categories", true, &cats, l->e));
    for (size_t i = 0; i < GRAMMAR_FORMS; i++) {
        TRY(add_attr(l, "top", form_name[i]));
    }
    if (cJSON_GetArraySize(cats) > GR_MAX_CATS) {
        return gr_fault(l, "categories", "more than %d", GR_MAX_CATS);
    }
    const cJSON *cat;
    cJSON_ArrayForEach(cat, cats)
    {
        char path[GR_PATH];
        snprintf(path, sizeof path, "categories[%zu]", g->cats);
        TRY(declare_category(l, path, cat));
    }
    if (g->words == 0) {
        return gr_fault(l, "categories", "no words");
    }
    if (g->words * g->attrs > GR_MAX_CELLS) {
        return gr_fault(l, "categories",
                        "%zu words of %zu attributes: more than %d cells", g->words,
                        g->attrs, GR_MAX_CELLS);
    }
    TRY(mem_new(&g->word, g->words, sizeof *g->word, "words", l->e));
    TRY(mem_new(&g->cell, g->words * g->attrs, sizeof *g->cell, "word forms", l->e));
    TRY(mem_new(&g->surface, g->cats * g->attrs, sizeof *g->surface, "forms", l->e));
    struct str s;
    str_init(&s, 256);
    enum err rc = OK;
    size_t i = 0;
    cJSON_ArrayForEach(cat, cats)
    {
        rc = fill_category(l, cats, i++, cat, &s);
        if (rc != OK) {
            break;
        }
    }
    str_free(&s);
    return rc;
}
