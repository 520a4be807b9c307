/* Selectors of a grammar, such as "fruit|animal?pet": sets of words to draw from. */
#include "base/mem.h"
#include "story/grammar_priv.h"

#include <stdio.h>
#include <string.h>

enum err gr_load_aliases(struct gr_loader *l, const cJSON *root)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, ""};
    const cJSON *list = NULL;
    TRY(json_obj(at, root, "selectors", false, &list, l->e));
    const cJSON *a;
    cJSON_ArrayForEach(a, list)
    {
        const size_t n = gr_name_len(a->string);
        if (!cJSON_IsString(a) || n == 0 || a->string[n] != '\0' ||
            gr_find_cat(g, a->string, n) >= 0) {
            return gr_fault(l, "selectors",
                            "\"%.40s\": expected \"new_name\": \"category|category\"",
                            a->string);
        }
        uint32_t name;
        uint32_t text;
        TRY(gr_pool_add(l, a->string, n, &name));
        TRY(gr_pool_add(l, a->valuestring, strlen(a->valuestring), &text));
        size_t same_n = g->aliases;
        TRY(gr_push(l, &g->alias_text, &same_n, &g->alias_text_cap, GR_MAX_CATS, &text,
                    sizeof text));
        TRY(gr_push(l, &g->alias_name, &g->aliases, &g->alias_cap, GR_MAX_CATS, &name,
                    sizeof name));
    }
    return OK;
}

/* Adds the words of one term, "category?attr?attr". */
static enum err add_term(struct gr_loader *l, const char *path, const char *term,
                         size_t n)
{
    struct grammar *g = l->g;
    const size_t name_n = gr_name_len(term) < n ? gr_name_len(term) : n;
    const int cat = gr_find_cat(g, term, name_n);
    if (cat < 0) {
        return gr_fault(l, path, "\"%.*s\": expected the name of a category",
                        (int)(n < 60 ? n : 60), term);
    }
    int need[4];
    size_t needs = 0;
    for (size_t at = name_n; at < n;) {
        const size_t m = term[at] == '?' ? gr_name_len(term + at + 1) : 0;
        if (m == 0 || at + 1 + m > n || needs == 4) {
            return gr_fault(l, path, "\"%.*s\": expected category?attribute",
                            (int)(n < 60 ? n : 60), term);
        }
        need[needs] = gr_find_attr(g, term + at + 1, m);
        if (need[needs++] < 0) {
            return gr_fault(l, path, "\"%.*s\": no attribute \"%.*s\"",
                            (int)(n < 60 ? n : 60), term, (int)(m < 60 ? m : 60),
                            term + at + 1);
        }
        at += 1 + m;
    }
    for (size_t w = 0; w < g->words; w++) {
        bool ok = gr_in_cat(g, w, cat);
        for (size_t k = 0; ok && k < needs; k++) {
            ok = gr_cell(g, w, (size_t)need[k]) != 0;
        }
        if (ok) {
            const uint32_t id = (uint32_t)w;
            TRY(gr_push(l, &g->entry, &g->entries, &g->entry_cap, GR_MAX_ENTRIES, &id,
                        sizeof id));
        }
    }
    l->work += g->words;
    return l->work > GR_MAX_WORK ? gr_fault(l, path, "too large a grammar") : OK;
}

static enum err add_terms(struct gr_loader *l, const char *path, const char *text,
                          size_t n, int depth)
{
    struct grammar *g = l->g;
    for (size_t at = 0; at <= n;) {
        size_t m = 0;
        while (at + m < n && text[at + m] != '|') {
            m++;
        }
        int alias = -1;
        for (size_t i = 0; i < g->aliases; i++) {
            const char *name = gr_text(g, g->alias_name[i]);
            if (strlen(name) == m && strncmp(name, text + at, m) == 0) {
                alias = (int)i;
            }
        }
        if (alias >= 0 && depth == 0) { /* one level: an alias does not use another */
            char copy[1024];
            snprintf(copy, sizeof copy, "%s", gr_text(g, g->alias_text[alias]));
            TRY(add_terms(l, path, copy, strlen(copy), 1));
        } else {
            TRY(add_term(l, path, text + at, m));
        }
        at += m + 1;
    }
    return OK;
}

/* Sorts the entries from `first` on by letter, keeping their order, and fills letter
 * and cum. */
static enum err index_entries(struct gr_loader *l, struct gr_sel *s)
{
    struct grammar *g = l->g;
    uint32_t *tmp = NULL;
    TRY(mem_new(&tmp, s->n, sizeof *tmp, "a selector", l->e));
    uint32_t *e = g->entry + s->first;
    size_t k = 0;
    for (size_t c = 0; c < 27; c++) {
        s->letter[c] = (uint32_t)k;
        for (size_t i = 0; i < s->n; i++) {
            if (gr_letter_of(gr_text(g, gr_cell(g, e[i], 0))) == c) {
                tmp[k++] = e[i];
            }
        }
    }
    s->letter[27] = (uint32_t)k;
    memcpy(e, tmp, s->n * sizeof *e);
    mem_free(tmp);
    uint64_t sum = 0;
    for (size_t i = 0; i <= s->n; i++) {
        TRY(gr_push(l, &g->cum, &g->cums, &g->cum_cap, GR_MAX_ENTRIES + GR_MAX_SELS,
                    &sum, sizeof sum));
        sum += i < s->n ? g->word[g->entry[s->first + i]].weight : 0;
    }
    return OK;
}

enum err gr_selector(struct gr_loader *l, const char *path, const char *text, size_t n,
                     uint32_t *out)
{
    struct grammar *g = l->g;
    for (size_t i = 0; i < g->sels; i++) {
        const char *t = gr_text(g, g->sel[i].text);
        if (strncmp(t, text, n) == 0 && t[n] == '\0') {
            *out = (uint32_t)i;
            return OK;
        }
    }
    if (g->sels >= GR_MAX_SELS) {
        return gr_fault(l, path, "more than %d different selectors", GR_MAX_SELS);
    }
    struct gr_sel s = {.first = (uint32_t)g->entries};
    TRY(add_terms(l, path, text, n, 0));
    s.n = (uint32_t)(g->entries - s.first);
    if (s.n == 0) {
        return gr_fault(l, path, "\"%.*s\" selects no word", (int)(n < 60 ? n : 60),
                        text);
    }
    TRY(gr_pool_add(l, text, n, &s.text));
    TRY(index_entries(l, &s));
    *out = (uint32_t)g->sels;
    return gr_push(l, &g->sel, &g->sels, &g->sel_cap, GR_MAX_SELS, &s, sizeof s);
}

bool gr_sel_has(const struct grammar *g, const struct gr_sel *s, size_t word)
{
    for (size_t i = 0; i < s->n; i++) {
        if (g->entry[s->first + i] == word) {
            return true;
        }
    }
    return false;
}
