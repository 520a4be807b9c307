/* Keys and commands. Each screen has its own rows, in its file; those of the help
 * overlay and those that hold everywhere are in actions.c. Dispatch, the hint line,
 * help, `:` completion, the key table of ui/README.md and a test for clashes read them
 * here as one table. Constant; any thread. */
#ifndef SAETOP_UI_KEYMAP_H
#define SAETOP_UI_KEYMAP_H

#include "base/str.h"
#include "session/view.h"

#include <stddef.h>
#include <stdint.h>

struct app;
struct screen_def;
struct screen_table;

/* On which screens a screen's command may be given: a command that would act unseen is
 * refused. */
enum action_reach {
    REACH_SCREEN, /* its own: it acts on what that shows, or on its chosen row */
    REACH_NAMED,  /* others too when its argument says on what: `:latent 5` */
    REACH_ALL,    /* any: it acts on the run, or goes to where it acts */
};

/* What a key or a command does. */
struct action {
    const char *command; /* the name typed after a colon */
    const char *args;    /* its argument, for its one-line help; "" none */
    bool takes_screen;   /* a screen's name: args come from the table */
    /* args: a command's text or a key's preset */
    void (*run)(struct app *a, const struct session_view *v, const char *args);
    /* Why it cannot be done now, for keymap_text; NULL: it can. If the function is
     * NULL, it always can. */
    const char *(*may)(const struct app *a, const struct session_view *v);
    /* The ith word that may be its argument, NULL beyond the last; `text` is the line
     * so far. If the function is NULL, none is known. */
    const char *(*word)(const struct app *a, const char *text, size_t i);
    /* The hint of its keys where they now do something else than the key table says
     * ("go on" for "pause"); "": no hint; NULL: the table's. If the function is NULL,
     * it is always the table's. */
    const char *(*hint)(const struct app *a);
    enum action_reach reach;
    bool hides;     /* while it cannot be done its hint is left out, not dimmed */
    bool in_help;   /* its keys work while help is open; `help` and `back` close it */
    bool in_card;   /* ... and on the card that a small terminal shows */
    bool leads_out; /* those of its keys that are no letters work in a text box */
};

/* Define a function for `word` that gives fixed words. */
#define ACTION_WORDS(name, ...)                                                        \
    static const char *name(const struct app *a, const char *text, size_t i)           \
    {                                                                                  \
        static const char *const words[] = {__VA_ARGS__};                              \
        (void)a;                                                                       \
        (void)text;                                                                    \
        return i < sizeof words / sizeof words[0] ? words[i] : NULL;                   \
    }

/* In a text that people read, KEY_OF("command argument") stands for the key that does
 * that, and the key as the user has it is shown (see keymap_text). Keys of a line being
 * typed, of the finder, of help and of the question on leaving are fixed, and named as
 * they are. No command holds these two bytes, and a text from a file is escaped. */
#define KEY_OF(command)         "\x01" command "\x02"
#define KEY_ON(screen, command) KEY_OF(screen ":" command) /* of another screen */
#define KEYS_THAT_MOVE                                                                 \
    KEY_OF("move left")                                                                \
    " " KEY_OF("move down") " " KEY_OF("move up") " " KEY_OF("move right")
enum { KEY_OF_BEGINS = 1, KEY_OF_ENDS = 2 };

#define KEYMAP_KEYS 4
enum { KEYMAP_HELP = 256 }; /* bytes of a help sentence, keys included */

struct key_entry {
    uint32_t key[KEYMAP_KEYS]; /* each may be a KEY_THEN of two; 0: no more */
    const struct action *action;
    const char *preset; /* a key's argument; "" none */
    const char *hint;   /* for the hint line (keymap_hint); NULL: not there */
    const char *help;   /* a sentence, for keymap_text */
    int priority;       /* of the hint; lower comes first */
};

struct key_list {
    const struct key_entry *entry;
    size_t n;
};
#define KEY_LIST(array)                                                                \
    (&(const struct key_list){(array), sizeof(array) / sizeof(array)[0]})

/* In some states of the run a screen's key does something else, or something else is
 * the next thing to do. Then this hint replaces that of its entry; NULL: there is none.
 * An entry without a key is shown as the command to type. */
struct key_hint {
    enum session_state state;
    const struct action *action;
    const char *preset;
    const char *hint;
    int priority;
};

/* All entries: screen by screen, then those of help, then those that hold everywhere,
 * of which the keys that open a screen come first. */
size_t keymap_count(const struct screen_table *t);
const struct key_entry *keymap_at(const struct screen_table *t, size_t i);
/* Where entry i holds: a screen, t->help or t->everywhere. */
const struct screen_def *keymap_owner(const struct screen_table *t, size_t i);
/* The words of entry i in a screen's hint line while the run is in that state, and its
 * place there (lower first); NULL: it is not there. */
const char *keymap_hint(const struct screen_table *t, size_t i,
                        const struct screen_def *screen, enum session_state state,
                        int *priority);
/* Whether help keeps a key for itself, whatever the table says: to close, or to go from
 * section to section. */
bool keymap_fixed_in_help(uint32_t key);
/* What a key does on a screen: the screen's own entry, else one that holds everywhere;
 * NULL: nothing. */
const struct key_entry *keymap_find_key(const struct screen_table *t,
                                        const struct screen_def *screen, uint32_t key);
/* The first key of an entry that, on a screen, is not another entry's; 0: none. */
uint32_t keymap_key_on(const struct screen_table *t, const struct screen_def *screen,
                       const struct key_entry *k);
/* Whether a key that does nothing by itself on a screen is the first of two there. */
bool keymap_begins(const struct screen_table *t, const struct screen_def *screen,
                   uint32_t key);
/* The entry that opens screen s of the table. */
const struct key_entry *keymap_go(const struct screen_table *t, size_t s);
/* The sections, each of the entries that hold in one place, in the order of
 * keymap_at. */
size_t keymap_sections(const struct screen_table *t);
struct key_list keymap_section(const struct screen_table *t, size_t i,
                               const struct screen_def **owner);
/* Write which screens have a key: "Concepts, Latents and Runs"; "" for none. */
void keymap_screens_of_key(const struct screen_table *t, uint32_t key, char *out,
                           size_t cap);
/* Likewise for a command. */
void keymap_screens_of_command(const struct screen_table *t, const char *command,
                               char *out, size_t cap);
/* The first entry with that key, of whatever screen, that may be used on any screen,
 * and its screen; NULL: none. */
const struct key_entry *keymap_find_elsewhere(const struct screen_table *t,
                                              uint32_t key,
                                              const struct screen_def **owner);
/* Whether a command belongs to other screens alone and may not be given on this one
 * with these arguments. */
bool keymap_is_elsewhere(const struct screen_table *t, const struct screen_def *screen,
                         const struct key_entry *k, const char *args);
/* The first entry with that command name (n bytes): the screen's, one that holds
 * everywhere, or another screen's (see keymap_is_elsewhere); NULL: unknown. */
const struct key_entry *keymap_find_command(const struct screen_table *t,
                                            const struct screen_def *screen,
                                            const char *name, size_t n);
/* Write the argument an action takes, as its help says it: "P|on|off [at STEP]". */
void keymap_args(const struct screen_table *t, const struct action *action, char *out,
                 size_t cap);
/* Write a key's name: "Space", "Ctrl-L", "[", "F1", "Y p". */
void key_name(uint32_t key, char *out, size_t cap);
/* Write the names of all keys of an entry: "j Down". */
void key_names(const struct key_entry *k, char *out, size_t cap);
/* Copy a text, cut to `cap`. Each KEY_OF in it becomes the first key that does that: on
 * the screen (KEY_ON: on the one named), else everywhere unless the screen itself has
 * that key, else on the first screen that can do it; if no key does, the command to
 * type, ":find". */
void keymap_text(const struct screen_table *t, const struct screen_def *screen,
                 const char *text, char *out, size_t cap);
/* The key with a name of two letters or more, as key_name writes it and scripts do,
 * "<Enter>" without the brackets; 0: unknown. */
uint32_t key_from_name(const char *name);
/* Write all such names: "Space, Tab, ..., F1 to F12, Ctrl-A to Ctrl-Z". */
enum { KEY_ALL_NAMES = 256 };
void key_all_names(char out[KEY_ALL_NAMES]);

/* The next rows of ui/typed_keys.h that are said together, from *i on, which is set
 * behind them: writes their keys, "Left Ctrl-B", and where they hold, "line, text box",
 * and returns what they do; NULL: there are no more. */
enum { TYPED_NAMES = 64 };
const char *keymap_typed(size_t *i, char keys[TYPED_NAMES], char in[TYPED_NAMES]);

/* Append the key table of ui/README.md. */
void keymap_markdown(const struct screen_table *t, struct str *out);

#endif
