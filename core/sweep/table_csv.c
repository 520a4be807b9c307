/* results.csv. */
#include "base/csvfile.h"
#include "sae/sae.h"
#include "sweep/table_priv.h"

#include <math.h>
#include <string.h>

/* Whether a key has a fixed column of its own. */
static bool has_own_place(const char *key)
{
    const char *const own[] = {setting_key.mask_rate, setting_key.k, setting_key.arch,
                               setting_key.seed};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcmp(own[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static void add_number(struct str *out, double v)
{
    str_addc(out, ',');
    if (isfinite(v)) {
        json_add_number(out, v);
    }
}

static void add_header(struct sweep_set set, const struct word_list *keys,
                       struct str *out)
{
    str_addf(out, "mask_rate,k,arch,seed,%s", sweep_measure_def(set.l0)->result);
    for (size_t m = set.first; m < set.end; m++) {
        if (m != set.l0) {
            csv_add(out, sweep_measure_def(m)->result, false);
        }
    }
    for (size_t i = 0; i < keys->n; i++) {
        if (!has_own_place(keys->word[i])) {
            csv_add(out, keys->word[i], false);
        }
    }
    str_add(out, ",sparsity,matched,steps_trained,vectors,tokens_read,seconds,arm,"
                 "parts,cell\n");
}

/* Adds a setting of the cell as a field; `text` is scratch. */
static void add_setting(const struct sweep_plan *p, const struct sweep_cell *c,
                        const char *key, bool first, struct str *text, struct str *out)
{
    md_again(text);
    sweep_cell_print(p, c, key, text);
    csv_add(out, text->p, first);
}

/* Adds the k of the training: a search for match_l0 may have found another than in the
 * settings. */
static void add_k(const struct sweep_plan *p, const struct sweep_cell *c,
                  const struct sweep_result *r, struct str *text, struct str *out)
{
    md_again(text);
    sweep_cell_print(p, c, setting_key.arch, text);
    const struct sae_arch *arch = sae_arch_find(text->p);
    if (arch && !(sae_arch_has(arch) & SAE_HAS_K)) {
        str_addc(out, ',');
    } else if (c->target_l0 > 0 && isfinite(r->sparsity)) {
        add_number(out, r->sparsity);
    } else {
        add_setting(p, c, setting_key.k, false, text, out);
    }
}

static void add_parts(const struct sweep_plan *p, size_t condition, struct str *text,
                      struct str *out)
{
    md_again(text);
    for (size_t q = 0; q < p->n_parts; q++) {
        for (size_t i = 0; i < p->part[q].n_conditions; i++) {
            if (p->part[q].condition[i] == condition) {
                str_addf(text, "%s%s", text->len ? ";" : "", p->part[q].name);
            }
        }
    }
    csv_add(out, text->p, false);
}

static void add_row(const struct sweep_plan *p, const struct sweep_cell *c,
                    const struct sweep_result *r, const struct word_list *keys,
                    struct str *text, struct str *out)
{
    const struct sweep_set set = sweep_set(p);
    add_setting(p, c, setting_key.mask_rate, true, text, out);
    add_k(p, c, r, text, out);
    add_setting(p, c, setting_key.arch, false, text, out);
    add_setting(p, c, setting_key.seed, false, text, out);
    add_number(out, r->v[set.l0]);
    for (size_t m = set.first; m < set.end; m++) {
        if (m != set.l0) {
            add_number(out, r->v[m]);
        }
    }
    for (size_t i = 0; i < keys->n; i++) {
        if (!has_own_place(keys->word[i])) {
            add_setting(p, c, keys->word[i], false, text, out);
        }
    }
    add_number(out, r->sparsity);
    str_add(out, c->target_l0 <= 0 ? "," : r->on_target ? ",yes" : ",no");
    add_number(out, r->steps);
    add_number(out, r->vectors);
    add_number(out, r->tokens_read);
    add_number(out, r->seconds);
    csv_add(out, p->condition[c->condition].label, false);
    add_parts(p, c->condition, text, out);
    csv_add(out, c->name, false);
    str_addc(out, '\n');
}

enum err sweep_csv(const struct sweep_plan *p, const struct sweep_result *results,
                   struct str *out, struct errinfo *e)
{
    struct word_list keys = {0};
    struct str text;
    str_init(&text, TEXT_BYTES);
    enum err rc = OK;
    TRY_OUT(rc, keys_of_plan(p, &keys, e));
    word_list_sort(&keys);
    add_header(sweep_set(p), &keys, out);
    for (size_t i = 0; i < p->n_cells; i++) {
        if (results[i].done) {
            add_row(p, &p->cell[i], &results[i], &keys, &text, out);
        }
    }
    TRY_OUT(rc, str_err(&text, "results.csv", e));
    TRY_OUT(rc, str_err(out, "results.csv", e));
out:
    word_list_deinit(&keys);
    str_free(&text);
    return rc;
}
