#include "find_else.h"

#include "base/fuzzy.h"
#include "base/utf8.h"
#include "ui/screens/table.h"
#include "ui/word_search.h"

#include <stdio.h>
#include <string.h>

/* Ways to answer, the best first. The last two count only where nothing else answers.
 */
enum how { BY_NAME, BY_WORDS, NEAR_NAME, NEAR_WORDS, HOWS };
enum { MOST = 5 };

struct search {
    struct words words;
    enum how how;                      /* looked for now */
    const struct action *listed[MOST]; /* several screens may have a command */
    size_t n;
    struct str *out;
};

static bool answers(const struct search *s, const char *name, const char *about,
                    char near[FUZZY_NEAR_MAX])
{
    const char *typed = s->words.typed;
    const char *const text[] = {name, about};
    near[0] = '\0';
    switch (s->how) {
    case BY_NAME: return fuzzy_score(typed, name, true) != FUZZY_NONE;
    case BY_WORDS:
        return !fuzzy_score(typed, name, true) && words_answer(&s->words, text, 2);
    case NEAR_NAME: return fuzzy_loose(typed, name, near) != FUZZY_NONE;
    case NEAR_WORDS: return words_near(&s->words, text, 2, near);
    case HOWS:
    default: return false;
    }
}

/* Add a line if a thing answers; returns whether it does. */
static bool offer(struct search *s, const char *kind, const char *name,
                  const char *about, const char *say)
{
    char near[FUZZY_NEAR_MAX];
    if (s->n == MOST || !answers(s, name, about, near)) {
        return false;
    }
    str_add(
        s->out,
        s->n
            ? ""
            : "no latent answers; these do, and `:go` in the explorer leads to them:\n");
    str_addf(s->out, "  %s ", kind);
    utf8_escape(s->out, name, strlen(name));
    if (near[0]) {
        str_add(s->out, ", near '");
        utf8_escape(s->out, near, strlen(near));
        str_addc(s->out, '\'');
    }
    str_addf(s->out, ": %s\n", say);
    s->n++;
    return true;
}

static void look_at_commands(struct search *s)
{
    const struct screen_table *t = &screen_table;
    for (size_t i = 0; i < keymap_count(t); i++) {
        const struct key_entry *k = keymap_at(t, i);
        const struct screen_def *owner = keymap_owner(t, i);
        char name[160], args[120], about[KEYMAP_HELP + sizeof args], help[KEYMAP_HELP];
        char say[KEYMAP_HELP + 64];
        size_t at = 0;
        while (at < s->n && s->listed[at] != k->action) {
            at++;
        }
        if (at < s->n || k->action->takes_screen) {
            continue;
        }
        keymap_args(t, k->action, args, sizeof args);
        keymap_text(t, owner, k->help, help, sizeof help);
        snprintf(name, sizeof name, ":%s", k->action->command);
        snprintf(about, sizeof about, "%s %s", args, help);
        snprintf(say, sizeof say, "%s%s%s", owner == t->everywhere ? "" : owner->title,
                 owner == t->everywhere ? "" : ", ", help);
        const size_t place = s->n;
        if (offer(s, "command", name, about, say)) {
            s->listed[place] = k->action;
        }
    }
}

static void look_at_settings(struct search *s)
{
    size_t n = 0;
    const struct setting_def *t = settings_table(&n);
    for (size_t i = 0; i < n; i++) {
        (void)offer(s, "setting", t[i].key, t[i].help, t[i].help);
    }
}

void find_else_add(const char *query, const struct names *names, struct str *out)
{
    struct search s = {.out = out};
    words_begin(&s.words, query);
    for (int how = BY_NAME; how < HOWS && (how <= BY_WORDS || s.n == 0); how++) {
        s.how = (enum how)how;
        for (size_t i = 0; i < names->n_concepts; i++) {
            (void)offer(&s, "concept", names->concept_name[i], NULL,
                        "no latent is known to tell it");
        }
        look_at_commands(&s);
        look_at_settings(&s);
    }
}
