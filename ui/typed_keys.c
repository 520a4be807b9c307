#include "ui/typed_keys.h"

#include "ui/event.h"

enum { LINES = TYPED_LINE | TYPED_FINDER, ALL = LINES | TYPED_BOX };

// clang-format off
static const struct typed_key table[] = {
    {{KEY_LEFT_, KEY_CTRL('b')}, EDIT_LEFT, ALL, NULL},
    {{KEY_RIGHT_, KEY_CTRL('f')}, EDIT_RIGHT, ALL, "the cursor back; on"},
    {{KEY_HOME_, KEY_CTRL('a')}, EDIT_START, ALL, NULL},
    {{KEY_END_, KEY_CTRL('e')}, EDIT_END, ALL, "to the start of the row; to its end"},
    {{KEY_UP_, KEY_CTRL('p')}, EDIT_UP, ALL, NULL},
    {{KEY_DOWN_, KEY_CTRL('n')}, EDIT_DOWN, ALL, "texts typed before; in a text box beyond its first and last row; in the finder the choice"},
    {{KEY_PGUP}, EDIT_PAGE_UP, TYPED_FINDER, NULL},
    {{KEY_PGDN}, EDIT_PAGE_DOWN, TYPED_FINDER, "a page up; down"},
    {{KEY_DELETE_BACK, KEY_CTRL('h')}, EDIT_ERASE_BEFORE, ALL, "erase the character before the cursor; an empty line is left"},
    {{KEY_DEL, KEY_CTRL('d')}, EDIT_ERASE_AT, ALL, "erase the character at the cursor"},
    {{KEY_CTRL('w')}, EDIT_ERASE_WORD, ALL, "erase the word before the cursor"},
    {{KEY_CTRL('u')}, EDIT_ERASE_TO_START, ALL, NULL},
    {{KEY_CTRL('k')}, EDIT_ERASE_TO_END, ALL, "erase to the start of the line; to its end"},
    {{KEY_CTRL('x')}, EDIT_ERASE_ALL, TYPED_BOX, "erase all"},
    {{KEY_CTRL('o')}, EDIT_BREAK, TYPED_BOX, "begin a new line"},
    {{KEY_TAB_}, EDIT_COMPLETE, TYPED_LINE, NULL},
    {{KEY_SHIFT_TAB}, EDIT_COMPLETE_BACK, TYPED_LINE, "complete; the next of several, the one before"},
    {{KEY_ENTER_, KEY_CTRL('m')}, EDIT_ACCEPT, ALL, "done; the finder goes there"},
    {{KEY_ESC_, KEY_CTRL('c'), KEY_CTRL('g')}, EDIT_CANCEL, ALL, "leave it; a text box keeps its text"},
};
// clang-format on
enum { N = sizeof table / sizeof table[0] };

const struct typed_key *typed_key_at(size_t i)
{
    return i < N ? &table[i] : NULL;
}

enum edit typed_edit(uint32_t key, unsigned in)
{
    for (size_t i = 0; key != KEY_NONE && i < N; i++) {
        for (size_t k = 0; (table[i].in & in) && k < TYPED_KEYS; k++) {
            if (table[i].key[k] == key) {
                return table[i].edit;
            }
        }
    }
    return EDIT_NONE;
}
