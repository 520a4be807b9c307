/* Probe sets: sentences of generated documents, labelled by what the generator says it
 * put into them and checked against the words in the text. */
#include "base/csvfile.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/rng.h"
#include "story/grammar_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPLITS = 3, CELLS = 4, MAX_DOCS = 200000, MAX_IDLE = 10000 };

/* ---- loading ---- */

static enum err optional_selector(struct gr_loader *l, const char *path,
                                  const char *text, uint32_t *out)
{
    *out = GR_NO_SEL;
    return text ? gr_selector(l, path, text, strlen(text), out) : OK;
}

static enum err load_task(struct gr_loader *l, const char *path, const cJSON *src)
{
    struct grammar *g = l->g;
    const struct json_at at = {l->file, path};
    const char *name = NULL;
    const char *yes = NULL;
    const char *no = NULL;
    const char *form = NULL;
    const cJSON *spurious = NULL;
    if (!cJSON_IsObject(src)) {
        return gr_fault(l, path, "expected an object");
    }
    TRY(json_str(at, src, "name", true, &name, l->e));
    TRY(json_str(at, src, "yes", true, &yes, l->e));
    TRY(json_str(at, src, "no", false, &no, l->e));
    TRY(json_str(at, src, "form", false, &form, l->e));
    TRY(json_arr(at, src, "spurious", false, &spurious, l->e));
    if (name[0] == '\0' || name[gr_name_len(name)] != '\0') {
        return gr_fault(l, path, "name \"%.40s\": expected letters, digits and _",
                        name);
    }
    struct gr_probe p = {.plural = form != NULL};
    if (form && (strcmp(form, "plural") != 0 || no)) {
        return gr_fault(l, path, "form: expected \"plural\", and no \"no\" beside it");
    }
    const cJSON *s0 = cJSON_GetArrayItem(spurious, 0);
    const cJSON *s1 = cJSON_GetArrayItem(spurious, 1);
    if (spurious && (!cJSON_IsString(s0) || !cJSON_IsString(s1))) {
        return gr_fault(l, path, "spurious: expected two selectors");
    }
    TRY(gr_pool_add(l, name, strlen(name), &p.name));
    TRY(optional_selector(l, path, yes, &p.yes));
    TRY(optional_selector(l, path, no, &p.no));
    TRY(optional_selector(l, path, s0 ? s0->valuestring : NULL, &p.spurious_yes));
    TRY(optional_selector(l, path, s1 ? s1->valuestring : NULL, &p.spurious_no));
    return gr_push(l, &g->probe, &g->probes, &g->probe_cap, GR_MAX_PROBES, &p,
                   sizeof p);
}

static enum err load_registers_of(struct gr_loader *l, struct json_at at,
                                  const cJSON *probes)
{
    static const char *const key[2] = {"in", "ood"};
    for (size_t i = 0; i < 2; i++) {
        const char *name = NULL;
        TRY(json_str(at, probes, key[i], true, &name, l->e));
        const int reg = grammar_register_find(l->g, name);
        if (reg < 0) {
            return gr_fault(l, "probes",
                            "%s \"%.40s\": expected the name of a register", key[i],
                            name);
        }
        l->g->probe_reg[i] = (size_t)reg;
    }
    return OK;
}

enum err gr_load_probes(struct gr_loader *l, const cJSON *root)
{
    static const char *const split[SPLITS] = {"train", "test", "ood"};
    const struct json_at top = {l->file, ""};
    const struct json_at at = {l->file, "probes"};
    const struct json_at at_rows = {l->file, "probes.rows"};
    const cJSON *probes = NULL;
    const cJSON *rows = NULL;
    const cJSON *tasks = NULL;
    TRY(json_obj(top, root, "probes", false, &probes, l->e));
    if (!probes) {
        return OK;
    }
    TRY(load_registers_of(l, at, probes));
    TRY(json_obj(at, probes, "rows", true, &rows, l->e));
    for (size_t i = 0; i < SPLITS; i++) {
        int64_t n = 0;
        TRY(json_int(at_rows, rows, split[i], true, 4, GR_MAX_ROWS, &n, l->e));
        l->g->probe_rows[i] = (size_t)n;
    }
    TRY(json_arr(at, probes, "tasks", true, &tasks, l->e));
    const cJSON *task;
    cJSON_ArrayForEach(task, tasks)
    {
        char path[GR_PATH];
        snprintf(path, sizeof path, "probes.tasks[%zu]", l->g->probes);
        TRY(load_task(l, path, task));
    }
    return OK;
}

size_t grammar_probe_count(const struct grammar *g)
{
    return g->probes;
}

const char *grammar_probe_name(const struct grammar *g, size_t probe)
{
    return gr_text(g, g->probe[probe].name);
}

/* ---- words of a sentence ---- */

/* The surface forms of a selector's words in lower case, sorted. */
struct form_set {
    char *text;
    char **form;
    size_t len, cap, n;
};

static int by_text(const void *a, const void *b)
{
    const char *const *x = a;
    const char *const *y = b;
    return strcmp(*x, *y);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static enum err form_set_fill(const struct grammar *g, uint32_t sel,
                              struct form_set *out, struct errinfo *e)
{
    const struct gr_sel *s = &g->sel[sel];
    for (size_t i = 0; i < s->n; i++) {
        for (size_t f = 0; f < g->attrs; f++) {
            const uint32_t w = g->entry[s->first + i];
            if (!grammar_is_surface(g, w, f)) {
                continue;
            }
            const char *text = grammar_word_form(g, w, f);
            const size_t n = strlen(text) + 1;
            TRY(mem_grow(&out->text, &out->cap, out->len + n, 1, GR_MAX_POOL, e));
            for (size_t k = 0; k < n; k++) {
                out->text[out->len + k] = lower(text[k]);
            }
            out->len += n;
            out->n++;
        }
    }
    TRY(mem_new(&out->form, out->n, sizeof *out->form, "word forms", e));
    size_t at = 0;
    for (size_t i = 0; i < out->n; i++) {
        out->form[i] = out->text + at;
        at += strlen(out->form[i]) + 1;
    }
    qsort(out->form, out->n, sizeof *out->form, by_text);
    return OK;
}

static void form_set_free(struct form_set *s)
{
    mem_free(s->text);
    mem_free(s->form);
}

static bool letter(char c)
{
    c = lower(c);
    return c >= 'a' && c <= 'z';
}

/* Whether a word of the text is in the set. */
static bool stands_in(const struct form_set *s, const char *text, size_t len)
{
    char word[48];
    size_t n = 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && letter(text[i])) {
            if (n < sizeof word - 1) {
                word[n++] = lower(text[i]);
            }
            continue;
        }
        word[n] = '\0';
        const char *key = word;
        if (n > 0 && bsearch(&key, s->form, s->n, sizeof *s->form, by_text)) {
            return true;
        }
        n = 0;
    }
    return false;
}

/* ---- labels ---- */

enum { SET_YES, SET_NO, SET_SPURIOUS_YES, SET_SPURIOUS_NO, SETS };

/* A probe set under construction. */
struct maker {
    const struct grammar *g;
    const struct gr_probe *p;
    struct form_set set[SETS];
    uint64_t *seen; /* hashes of the texts taken, [seen_n] */
    size_t seen_n, seen_cap;
    struct str doc;
    struct grammar_trace tr;
    struct errinfo *e;
};

/* Returns 1 where the text has a word of set a and none of b, 0 the other way round,
 * else -1. Without b, 0 where it has none of a. */
static int side(const struct maker *m, int a, int b, bool has_b, const char *text,
                size_t len)
{
    const bool in_a = stands_in(&m->set[a], text, len);
    if (!has_b) {
        return in_a ? 1 : 0;
    }
    const bool in_b = stands_in(&m->set[b], text, len);
    return in_a == in_b ? -1 : (in_a ? 1 : 0);
}

/* Returns, for the first mention of a `yes` word, 1: a plural, 0: a singular with no
 * plural after it, -1: neither (no mention, or a word whose plural looks the same). */
static int plural_side(const struct maker *m, const struct grammar_sentence *s)
{
    const struct grammar *g = m->g;
    const struct gr_sel *sel = &g->sel[m->p->yes];
    int label = -1;
    for (size_t i = 0; i < s->n; i++) {
        const struct grammar_mention *mn = &m->tr.mention[s->first + i];
        if (!grammar_is_surface(g, mn->word, mn->form) ||
            !gr_sel_has(g, sel, mn->word)) {
            continue;
        }
        const char *one = grammar_word_form(g, mn->word, GRAMMAR_FORM_BASE);
        const char *many = grammar_word_form(g, mn->word, GRAMMAR_FORM_PLURAL);
        if (!many || strcmp(one, many) == 0) {
            return -1;
        }
        const int now = mn->form == GRAMMAR_FORM_PLURAL;
        if (label < 0) {
            label = now;
        } else if (label == 0 && now) {
            return -1;
        }
    }
    return label;
}

static int label_of(const struct maker *m, const struct grammar_sentence *s,
                    const char *text)
{
    return m->p->plural ? plural_side(m, s)
                        : side(m, SET_YES, SET_NO, m->p->no != GR_NO_SEL, text, s->len);
}

static bool has_spurious(const struct maker *m)
{
    return m->p->spurious_yes != GR_NO_SEL;
}

static bool seen(const struct maker *m, uint64_t hash)
{
    for (size_t i = 0; i < m->seen_n; i++) {
        if (m->seen[i] == hash) {
            return true;
        }
    }
    return false;
}

static enum err add_row(struct maker *m, const char *text, size_t len, int label,
                        int split, int spurious, struct str *out)
{
    static const char *const split_name[SPLITS] = {"train", "test", "ood"};
    const uint64_t hash = hash_bytes(HASH_START, text, len);
    TRY(mem_grow(&m->seen, &m->seen_cap, m->seen_n + 1, sizeof *m->seen,
                 SPLITS * (size_t)GR_MAX_ROWS, m->e));
    m->seen[m->seen_n++] = hash;
    char field[1200];
    snprintf(field, sizeof field, "%.*s", (int)len, text);
    csv_add(out, gr_text(m->g, m->p->name), 1);
    csv_add(out, field, 0);
    csv_add(out, label ? "1" : "0", 0);
    csv_add(out, split_name[split], 0);
    if (has_spurious(m)) {
        csv_add(out, spurious < 0 ? "" : (spurious ? "1" : "0"), 0);
    }
    str_addc(out, '\n');
    return OK;
}

/* Takes at most one sentence of the document in m->doc, into a cell that has room. */
static enum err take_sentence(struct maker *m, int split, size_t *room, struct str *out)
{
    for (size_t i = 0; i < m->tr.sentences; i++) {
        const struct grammar_sentence *s = &m->tr.sentence[i];
        const char *text = m->doc.p + s->start;
        const int label = s->len < 1000 ? label_of(m, s, text) : -1;
        if (label < 0) {
            continue;
        }
        int spurious = -1;
        if (has_spurious(m)) {
            spurious = side(m, SET_SPURIOUS_YES, SET_SPURIOUS_NO, true, text, s->len);
        }
        /* Out of distribution few sentences have both attributes: balance labels only.
         */
        const bool by_cell = has_spurious(m) && split < 2;
        if (by_cell && spurious < 0) {
            continue;
        }
        size_t *cell = &room[by_cell ? label * 2 + spurious : label * 2];
        if (*cell == 0 || seen(m, hash_bytes(HASH_START, text, s->len))) {
            continue;
        }
        (*cell)--;
        return add_row(m, text, s->len, label, split, spurious, out);
    }
    return OK;
}

static enum err make_split(struct maker *m, uint64_t seed, int split, struct str *out)
{
    const size_t rows = m->g->probe_rows[split];
    size_t room[CELLS] = {rows / 2, 0, rows / 2, 0};
    if (has_spurious(m) && split < 2) {
        for (size_t i = 0; i < CELLS; i++) {
            room[i] = rows / 4;
        }
    }
    /* Tasks with a spurious attribute have documents of their own, so that no two
     * measure the same on the same texts. */
    const char *name = gr_text(m->g, m->p->name);
    const uint64_t own =
        has_spurious(m) ? hash_bytes(HASH_START, name, strlen(name)) : 0;
    const uint64_t key = rng_at(seed, RNG_PROBE, (uint64_t)split, own);
    const size_t reg = m->g->probe_reg[split == 2];
    uint64_t d = 0;
    size_t idle = 0; /* documents since one gave a row */
    for (; d < MAX_DOCS && idle < MAX_IDLE; d++, idle++) {
        if (room[0] + room[1] + room[2] + room[3] == 0) {
            return OK;
        }
        const size_t rows_before = m->seen_n;
        str_clear(&m->doc);
        TRY(grammar_document_traced(m->g, reg, key, d, &m->doc, &m->tr, m->e));
        TRY(take_sentence(m, split, room, out));
        idle = m->seen_n > rows_before ? 0 : idle;
    }
    return err_set(
        m->e, ERR_FORMAT,
        "probe \"%s\": %d documents of register \"%s\" give too few sentences",
        gr_text(m->g, m->p->name), (int)d, grammar_register_name(m->g, reg));
}

enum err grammar_probe_csv(const struct grammar *g, size_t probe, uint64_t seed,
                           struct str *out, struct errinfo *e)
{
    struct maker m = {.g = g, .p = &g->probe[probe], .e = e};
    str_init(&m.doc, 1u << 20);
    const uint32_t sel[SETS] = {m.p->yes, m.p->no, m.p->spurious_yes, m.p->spurious_no};
    enum err rc = OK;
    for (size_t i = 0; rc == OK && i < SETS; i++) {
        if (sel[i] != GR_NO_SEL) {
            rc = form_set_fill(g, sel[i], &m.set[i], e);
        }
    }
    str_add(out, has_spurious(&m) ? "task,text,label,split,spurious\n"
                                  : "task,text,label,split\n");
    for (int split = 0; rc == OK && split < SPLITS; split++) {
        rc = make_split(&m, seed, split, out);
    }
    if (rc == OK) {
        rc = str_err(out, "a probe set", e);
    }
    for (size_t i = 0; i < SETS; i++) {
        form_set_free(&m.set[i]);
    }
    grammar_trace_free(&m.tr);
    str_free(&m.doc);
    mem_free(m.seen);
    return rc;
}
