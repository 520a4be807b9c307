#include "ui/keymap.h"

#include "base/utf8.h"
#include "ui/event.h"
#include "ui/screen.h"
#include "ui/typed_keys.h"

#include <stdio.h>
#include <string.h>

/* ---- the sections as one table ---- */

/* A run of entries that hold in one place. */
struct section {
    const struct screen_def *owner;
    const struct key_entry *entry;
    size_t n;
};

/* Section p: the screens, help, what opens each screen, everywhere. */
static struct section section_at(const struct screen_table *t, size_t p)
{
    const struct screen_def *of = p < t->n    ? t->row[p]
                                  : p == t->n ? t->help
                                              : t->everywhere;
    if (t->own) {
        return (struct section){of, t->own[p].entry, t->own[p].n};
    }
    if (p > t->n && p <= 2 * t->n) {
        return (struct section){of, &t->row[p - t->n - 1]->go, 1};
    }
    return (struct section){of, of->keys->entry, of->keys->n};
}

static size_t sections_of(const struct screen_table *t)
{
    return 2 * t->n + 2;
}

size_t keymap_sections(const struct screen_table *t)
{
    return sections_of(t);
}

struct key_list keymap_section(const struct screen_table *t, size_t i,
                               const struct screen_def **owner)
{
    const struct section s = section_at(t, i);
    *owner = s.owner;
    return (struct key_list){s.entry, s.n};
}

const struct key_entry *keymap_go(const struct screen_table *t, size_t s)
{
    return section_at(t, t->n + 1 + s).entry;
}

size_t keymap_count(const struct screen_table *t)
{
    size_t n = 0;
    for (size_t p = 0; p < sections_of(t); p++) {
        n += section_at(t, p).n;
    }
    return n;
}

static const struct key_entry *entry_at(const struct screen_table *t, size_t i,
                                        const struct screen_def **owner)
{
    for (size_t p = 0; p < sections_of(t); p++) {
        const struct section section = section_at(t, p);
        if (i < section.n) {
            *owner = section.owner;
            return &section.entry[i];
        }
        i -= section.n;
    }
    *owner = NULL;
    return NULL;
}

const struct key_entry *keymap_at(const struct screen_table *t, size_t i)
{
    const struct screen_def *owner = NULL;
    return entry_at(t, i, &owner);
}

const struct screen_def *keymap_owner(const struct screen_table *t, size_t i)
{
    const struct screen_def *owner = NULL;
    (void)entry_at(t, i, &owner);
    return owner;
}

const char *keymap_hint(const struct screen_table *t, size_t i,
                        const struct screen_def *screen, enum session_state state,
                        int *priority)
{
    const struct key_entry *k = keymap_at(t, i);
    for (size_t h = 0; h < screen->n_hints; h++) {
        const struct key_hint *other = &screen->hints[h];
        if (other->state == state && other->action == k->action &&
            !strcmp(other->preset, k->preset)) {
            *priority = other->priority;
            return other->hint;
        }
    }
    *priority = k->priority;
    return k->hint;
}

/* ---- finding ---- */

static bool has_key(const struct key_entry *k, uint32_t key)
{
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        if (k->key[i] == key) {
            return true;
        }
    }
    return false;
}

static const struct key_entry *entry_of(const struct section *section, uint32_t key)
{
    for (size_t i = 0; i < section->n; i++) {
        if (has_key(&section->entry[i], key)) {
            return &section->entry[i];
        }
    }
    return NULL;
}

bool keymap_fixed_in_help(uint32_t key)
{
    return key == KEY_ESC_ || key == KEY_F1_ || key == KEY_TAB_ || key == KEY_SHIFT_TAB;
}

const struct key_entry *keymap_find_key(const struct screen_table *t,
                                        const struct screen_def *screen, uint32_t key)
{
    const struct key_entry *any = NULL;
    for (size_t p = 0; p < sections_of(t); p++) {
        const struct section section = section_at(t, p);
        const struct key_entry *k = entry_of(&section, key);
        if (k && section.owner == screen) {
            return k;
        }
        any = k && section.owner == t->everywhere ? k : any;
    }
    return any;
}

uint32_t keymap_key_on(const struct screen_table *t, const struct screen_def *screen,
                       const struct key_entry *k)
{
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        if (k->key[i] != KEY_CTRL('m') && keymap_find_key(t, screen, k->key[i]) == k) {
            return k->key[i];
        }
    }
    return 0;
}

static bool begins(const struct key_entry *k, uint32_t first)
{
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        if (KEY_FIRST_OF(k->key[i]) == first) {
            return true;
        }
    }
    return false;
}

bool keymap_begins(const struct screen_table *t, const struct screen_def *screen,
                   uint32_t key)
{
    bool does = false;
    for (size_t p = 0; key && p < sections_of(t) && !does; p++) {
        const struct section section = section_at(t, p);
        const bool here = section.owner == screen || section.owner == t->everywhere;
        for (size_t i = 0; here && i < section.n && !does; i++) {
            does = begins(&section.entry[i], key);
        }
    }
    return does && !keymap_find_key(t, screen, key);
}

const struct key_entry *keymap_find_elsewhere(const struct screen_table *t,
                                              uint32_t key,
                                              const struct screen_def **owner)
{
    for (size_t s = 0; s < t->n; s++) {
        const struct section section = section_at(t, s);
        const struct key_entry *k = entry_of(&section, key);
        if (k && k->action->reach == REACH_ALL) {
            *owner = t->row[s];
            return k;
        }
    }
    return NULL;
}

static bool has_command(const struct section *section, const char *command)
{
    for (size_t i = 0; i < section->n; i++) {
        if (!strcmp(section->entry[i].action->command, command)) {
            return true;
        }
    }
    return false;
}

/* Write which screens have a key, or a command if that is not NULL. */
static void screens_of(const struct screen_table *t, uint32_t key, const char *command,
                       char *out, size_t cap)
{
    const char *title[SCREENS_MAX];
    size_t n = 0, len = 0;
    for (size_t s = 0; s < t->n; s++) {
        const struct section section = section_at(t, s);
        if (command ? has_command(&section, command)
                    : entry_of(&section, key) != NULL) {
            title[n++] = t->row[s]->title;
        }
    }
    out[0] = '\0';
    for (size_t i = 0; i < n && len < cap; i++) {
        const char *before = i == 0 ? "" : i + 1 < n ? ", " : " and ";
        len += (size_t)snprintf(out + len, cap - len, "%s%s", before, title[i]);
    }
}

void keymap_screens_of_key(const struct screen_table *t, uint32_t key, char *out,
                           size_t cap)
{
    screens_of(t, key, NULL, out, cap);
}

void keymap_screens_of_command(const struct screen_table *t, const char *command,
                               char *out, size_t cap)
{
    screens_of(t, 0, command, out, cap);
}

bool keymap_is_elsewhere(const struct screen_table *t, const struct screen_def *screen,
                         const struct key_entry *k, const char *args)
{
    bool here =
        k->action->reach == REACH_ALL || (k->action->reach == REACH_NAMED && args[0]);
    for (size_t p = 0; p < sections_of(t) && !here; p++) {
        const struct section section = section_at(t, p);
        const bool holds = section.owner == screen || section.owner == t->everywhere ||
                           section.owner == t->help;
        here = holds && has_command(&section, k->action->command);
    }
    return !here;
}

const struct key_entry *keymap_find_command(const struct screen_table *t,
                                            const struct screen_def *screen,
                                            const char *name, size_t n)
{
    const struct key_entry *best = NULL;
    int best_rank = 0; /* 3: this screen's, 2: of everywhere, 1: another's */
    for (size_t p = 0; p < sections_of(t); p++) {
        const struct section section = section_at(t, p);
        const int rank = section.owner == screen          ? 3
                         : section.owner == t->everywhere ? 2
                                                          : 1;
        for (size_t i = 0; i < section.n && rank > best_rank; i++) {
            const char *command = section.entry[i].action->command;
            if (strlen(command) == n && memcmp(command, name, n) == 0) {
                best = &section.entry[i];
                best_rank = rank;
            }
        }
    }
    return best;
}

/* ---- names ---- */

static const struct {
    uint32_t key;
    const char *name;
} special[] = {
    {' ', "Space"},
    {KEY_TAB_, "Tab"},
    {KEY_ENTER_, "Enter"},
    {KEY_ESC_, "Esc"},
    {KEY_UP_, "Up"},
    {KEY_DOWN_, "Down"},
    {KEY_LEFT_, "Left"},
    {KEY_RIGHT_, "Right"},
    {KEY_HOME_, "Home"},
    {KEY_END_, "End"},
    {KEY_PGUP, "PgUp"},
    {KEY_PGDN, "PgDn"},
    {KEY_DEL, "Del"},
    {KEY_SHIFT_TAB, "Shift-Tab"},
    {KEY_F1_, "F1"},
    {KEY_SHIFT_LEFT, "Shift-Left"},
    {KEY_DELETE_BACK, "Backspace"},
    {KEY_SHIFT_RIGHT, "Shift-Right"},
    {KEY_F_(2), "F2"},
    {KEY_F_(3), "F3"},
    {KEY_F_(4), "F4"},
    {KEY_F_(5), "F5"},
    {KEY_F_(6), "F6"},
    {KEY_F_(7), "F7"},
    {KEY_F_(8), "F8"},
    {KEY_F_(9), "F9"},
    {KEY_F_(10), "F10"},
    {KEY_F_(11), "F11"},
    {KEY_F_(12), "F12"},
};
enum { SPECIAL = sizeof special / sizeof special[0] };

void key_name(uint32_t key, char *out, size_t cap)
{
    if (KEY_FIRST_OF(key)) {
        char first[24], last[24];
        key_name(KEY_FIRST_OF(key), first, sizeof first);
        key_name(KEY_LAST_OF(key), last, sizeof last);
        snprintf(out, cap, "%s %s", first, last);
        return;
    }
    for (size_t i = 0; i < SPECIAL; i++) {
        if (special[i].key == key) {
            snprintf(out, cap, "%s", special[i].name);
            return;
        }
    }
    if (key < 32) {
        snprintf(out, cap, "Ctrl-%c", (char)('A' + (int)key - 1));
        return;
    }
    char utf8[5] = {0};
    if (key < KEY_FIRST_SPECIAL) {
        utf8[utf8_put(key, utf8)] = '\0';
    }
    snprintf(out, cap, "%s", utf8);
}

void key_names(const struct key_entry *k, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        char name[48];
        if (k->key[i] == KEY_CTRL('m')) {
            continue; /* Enter under another name */
        }
        key_name(k->key[i], name, sizeof name);
        const char *between = !i ? "" : KEY_FIRST_OF(k->key[i]) ? " or " : " ";
        const int n = snprintf(out + len, cap - len, "%s%s", between, name);
        if (n < 0 || (size_t)n >= cap - len) {
            return;
        }
        len += (size_t)n;
    }
}

static void add_name(char out[TYPED_NAMES], const char *between, const char *name)
{
    const size_t n = strlen(out);
    snprintf(out + n, TYPED_NAMES - n, "%s%s", n ? between : "", name);
}

const char *keymap_typed(size_t *i, char keys[TYPED_NAMES], char in[TYPED_NAMES])
{
    static const char *const place[] = {"line", "text box", "finder"};
    const struct typed_key *row = typed_key_at(*i);
    const char *help = NULL;
    keys[0] = in[0] = '\0';
    for (size_t p = 0; row && p < sizeof place / sizeof *place; p++) {
        if (row->in >> p & 1U) {
            add_name(in, ", ", place[p]);
        }
    }
    for (; row && !help; row = typed_key_at(++*i)) {
        for (size_t k = 0; k < TYPED_KEYS && row->key[k]; k++) {
            char name[48];
            key_name(row->key[k], name, sizeof name);
            if (row->key[k] != KEY_CTRL('m')) { /* Enter under another name */
                add_name(keys, " ", name);
            }
        }
        help = row->help;
    }
    return help;
}

/* Whether an entry does the command line of n bytes: "find", "smooth +". */
static bool is_line_of(const struct key_entry *k, const char *line, size_t n)
{
    const size_t name = strlen(k->action->command), preset = strlen(k->preset);
    const size_t rest = preset ? preset + 1 : 0;
    return n == name + rest && !memcmp(line, k->action->command, name) &&
           (!rest ||
            (line[name] == ' ' && !memcmp(line + name + 1, k->preset, preset)));
}

/* The key of a command line of n bytes; 0: none. */
static uint32_t key_of(const struct screen_table *t, const struct screen_def *screen,
                       const char *line, size_t n)
{
    uint32_t best = 0;
    int best_rank = 0; /* 3: this screen's, 2: of everywhere, 1: another's */
    for (size_t p = 0; p < sections_of(t); p++) {
        const struct section section = section_at(t, p);
        const bool here = section.owner == screen || section.owner == t->everywhere;
        const int rank = section.owner == screen ? 3 : here ? 2 : 1;
        for (size_t i = 0; i < section.n && rank > best_rank; i++) {
            const struct key_entry *k = &section.entry[i];
            const uint32_t key =
                is_line_of(k, line, n)
                    ? keymap_key_on(t, here ? screen : section.owner, k)
                    : 0;
            best = key ? key : best;
            best_rank = key ? rank : best_rank;
        }
    }
    return best;
}

/* Write the key for what is in KEY_OF, or the command. */
static void name_of(const struct screen_table *t, const struct screen_def *screen,
                    const char *line, size_t n, char *out, size_t cap)
{
    const char *colon = memchr(line, ':', n);
    for (size_t s = 0; colon && s < t->n; s++) {
        const size_t place = strlen(t->row[s]->name);
        const bool is =
            place == (size_t)(colon - line) && !memcmp(line, t->row[s]->name, place);
        screen = is ? t->row[s] : screen;
    }
    n -= colon ? (size_t)(colon + 1 - line) : 0;
    line = colon ? colon + 1 : line;
    const uint32_t key = key_of(t, screen, line, n);
    if (key) {
        key_name(key, out, cap);
    } else {
        snprintf(out, cap, ":%.*s", (int)(n < cap ? n : cap), line);
    }
}

void keymap_text(const struct screen_table *t, const struct screen_def *screen,
                 const char *text, char *out, size_t cap)
{
    size_t len = 0;
    char name[120];
    while (*text && len + 1 < cap) {
        const char *from = text + 1,
                   *end = *text == KEY_OF_BEGINS ? strchr(from, KEY_OF_ENDS) : NULL;
        if (!end) {
            out[len++] = *text++;
            continue;
        }
        name_of(t, screen, from, (size_t)(end - from), name, sizeof name);
        len += (size_t)snprintf(out + len, cap - len, "%s", name);
        len = len < cap ? len : cap - 1;
        text = end + 1;
    }
    out[len] = '\0';
}

uint32_t key_from_name(const char *name)
{
    for (size_t i = 0; i < SPECIAL; i++) {
        if (!strcmp(special[i].name, name)) {
            return special[i].key;
        }
    }
    if (!strncmp(name, "Ctrl-", 5) && name[5] && !name[6]) {
        const char c = name[5];
        if (c >= 'A' && c <= 'Z') {
            return (uint32_t)(c - 'A' + 1);
        }
        if (c >= 'a' && c <= 'z') {
            return (uint32_t)(c - 'a' + 1);
        }
    }
    return 0;
}

void key_all_names(char out[KEY_ALL_NAMES])
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < SPECIAL && len < KEY_ALL_NAMES; i++) {
        const uint32_t key = special[i].key;
        if (key != KEY_F1_ && (key < KEY_F_(2) || key > KEY_F_(12))) {
            len += (size_t)snprintf(out + len, KEY_ALL_NAMES - len, "%s, ",
                                    special[i].name);
        }
    }
    if (len < KEY_ALL_NAMES) {
        snprintf(out + len, KEY_ALL_NAMES - len, "F1 to F12, Ctrl-A to Ctrl-Z");
    }
}

void keymap_args(const struct screen_table *t, const struct action *action, char *out,
                 size_t cap)
{
    size_t len = 0;
    if (!action->takes_screen) {
        snprintf(out, cap, "%s", action->args);
        return;
    }
    out[0] = '\0';
    for (size_t i = 0; i < t->n && len < cap; i++) {
        len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? "|" : "",
                                t->row[i]->name);
    }
}

/* ---- the page's table ---- */

/* Append a cell of a Markdown table, as code, pipes escaped. */
static void add_code(struct str *out, const char *text)
{
    str_add(out, "`");
    for (const char *p = text; *p; p++) {
        if (*p == '|') {
            str_addc(out, '\\');
        }
        str_addc(out, *p);
    }
    str_add(out, "`");
}

static void add_escaped(struct str *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (*p == '|' || *p == '<') {
            str_addc(out, '\\');
        }
        str_addc(out, *p);
    }
}

static void add_entry(const struct screen_table *t, struct str *out, size_t entry)
{
    const struct key_entry *k = keymap_at(t, entry);
    str_add(out, "| ");
    bool first = true;
    for (size_t i = 0; i < KEYMAP_KEYS && k->key[i]; i++) {
        char name[48];
        if (k->key[i] == KEY_CTRL('m')) {
            continue;
        }
        key_name(k->key[i], name, sizeof name);
        str_add(out, first ? "" : " ");
        add_code(out, name);
        first = false;
    }
    char command[160], args[120];
    keymap_args(t, k->action, args, sizeof args);
    const char *after = k->preset[0] ? k->preset : args;
    snprintf(command, sizeof command, ":%s%s%s", k->action->command,
             after[0] ? " " : "", after);
    str_add(out, " | ");
    add_code(out, command);
    str_add(out, " | ");
    char help[KEYMAP_HELP];
    keymap_text(t, keymap_owner(t, entry), k->help, help, sizeof help);
    add_escaped(out, help);
    str_add(out, " |\n");
}

static void add_typed(struct str *out)
{
    char keys[TYPED_NAMES], in[TYPED_NAMES];
    const char *help = NULL;
    str_add(out, "\n**While text is typed**\n\n"
                 "| key | where | what it does |\n|---|---|---|\n");
    for (size_t i = 0; (help = keymap_typed(&i, keys, in)) != NULL;) {
        str_add(out, "|");
        for (char *rest = NULL, *name = strtok_r(keys, " ", &rest); name;
             name = strtok_r(NULL, " ", &rest)) {
            str_addc(out, ' ');
            add_code(out, name);
        }
        str_addf(out, " | %s | ", in);
        add_escaped(out, help);
        str_add(out, " |\n");
    }
}

void keymap_markdown(const struct screen_table *t, struct str *out)
{
    const struct screen_def *owner = NULL;
    const size_t n = keymap_count(t);
    for (size_t i = 0; i < n; i++) {
        if (keymap_owner(t, i) != owner) {
            str_addf(out,
                     "%s**%s**\n\n| key | command | what it does |\n|---|---|---|\n",
                     owner ? "\n" : "", keymap_owner(t, i)->title);
            owner = keymap_owner(t, i);
        }
        add_entry(t, out, i);
    }
    add_typed(out);
}
