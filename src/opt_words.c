#include "opt_words.h"

#include "eval/suite.h"
#include "sae/sae.h"
#include "train/metric.h"
#include "train/settings.h"
#include "ui/glyph.h"
#include "ui/screens/table.h"
#include "ui/theme.h"

#include <string.h>

/* ---- tables with a function for word i, NULL after the last ---- */

static const char *theme_word(size_t i)
{
    return i < THEME_COUNT ? theme_name((enum theme_id)i) : NULL;
}

static const char *glyph_word(size_t i)
{
    return i <= GLYPH_ASCII ? glyph_tier_name((enum glyph_tier)i) : NULL;
}

static const char *screen_word(size_t i)
{
    return i < screen_table.n ? screen_table.row[i]->name : NULL;
}

static const char *part_word(size_t i)
{
    return i < SUITE_SECTIONS ? suite_section_name((enum suite_section)i) : NULL;
}

static const char *column_word(size_t i)
{
    return i == 0              ? "none"
           : i <= METRIC_COUNT ? measure_at((enum metric)(i - 1))->column
                               : NULL;
}

/* ---- options that are not settings ---- */

static const struct {
    const char *command; /* NULL: any */
    const char *name;
    const char *(*word)(size_t i);
    const char *words; /* if there is no table */
} options[] = {
    {NULL, "theme", theme_word, NULL},
    {NULL, "glyphs", glyph_word, NULL},
    {NULL, "once", screen_word, NULL},
    {NULL, "only", part_word, NULL},
    {NULL, "split", NULL, "train|heldout"},
    {"top", "interval", NULL, "top|random|0|1|2|3|4|5|6|7|8|9"},
    {"sweep", "controls", NULL, "drop|mix|equal"},
    {"export", "to", NULL, "saelens"},
    {"eval", "to", NULL, "saebench"},
};
#define OPTIONS (sizeof options / sizeof options[0])

/* Add "a, b" as "a|b". */
static void add_archs(struct str *out)
{
    for (const char *p = sae_arch_names(); *p; p++) {
        if (*p != ' ') {
            str_addc(out, *p == ',' ? '|' : *p);
        }
    }
}

static void add_words(const char *(*word)(size_t i), struct str *out)
{
    for (size_t i = 0; word(i); i++) {
        str_addf(out, "%s%s", i ? "|" : "", word(i));
    }
}

static const struct setting_def *setting_of(const char *name, bool is_setting)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        const char *own = is_setting ? t[i].key : t[i].flag;
        if (own && strcmp(own, name) == 0) {
            return &t[i];
        }
    }
    return NULL;
}

void opt_words(const char *command, const char *name, bool is_setting, struct str *out)
{
    const struct setting_def *d = setting_of(name, is_setting);
    if (d && strcmp(d->key, setting_key.checkpoint_best) == 0) {
        add_words(column_word, out);
    } else if (strcmp(name, "arch") == 0 || strcmp(name, "archs") == 0) {
        add_archs(out);
    } else if (d) {
        setting_words(d, out);
    }
    for (size_t i = 0; !is_setting && i < OPTIONS; i++) {
        if (strcmp(options[i].name, name) == 0 &&
            (!options[i].command || strcmp(options[i].command, command) == 0)) {
            if (options[i].word) {
                add_words(options[i].word, out);
            } else {
                str_add(out, options[i].words);
            }
        }
    }
}
