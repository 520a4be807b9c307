/* Keys of text being typed, in one table: a line (ui/lineedit.h), a text box
 * (ui/textbox.h) and the finder obey it, and the list of keys and the manual show it.
 * The keys are fixed, as those of a shell. Constant; any thread. */
#ifndef SAETOP_UI_TYPED_KEYS_H
#define SAETOP_UI_TYPED_KEYS_H

#include <stddef.h>
#include <stdint.h>

/* Where text is typed; may be combined. The finder's line has also those of a line. */
enum { TYPED_LINE = 1, TYPED_BOX = 2, TYPED_FINDER = 4 };

enum edit {
    EDIT_NONE, /* no such key */
    EDIT_LEFT,
    EDIT_RIGHT,
    EDIT_START,
    EDIT_END,
    EDIT_UP,
    EDIT_DOWN,
    EDIT_PAGE_UP,
    EDIT_PAGE_DOWN,
    EDIT_ERASE_BEFORE,
    EDIT_ERASE_AT,
    EDIT_ERASE_WORD,
    EDIT_ERASE_TO_START,
    EDIT_ERASE_TO_END,
    EDIT_ERASE_ALL,
    EDIT_BREAK,
    EDIT_COMPLETE,
    EDIT_COMPLETE_BACK,
    EDIT_ACCEPT,
    EDIT_CANCEL
};

enum { TYPED_KEYS = 3 };
struct typed_key {
    uint32_t key[TYPED_KEYS]; /* of event.h; 0: no more */
    enum edit edit;
    unsigned in;      /* TYPED_LINE, ... */
    const char *help; /* what it does; NULL: said together with the next row */
};

/* Row i of the table; NULL beyond the last. */
const struct typed_key *typed_key_at(size_t i);
/* What a key does to text that is typed in one of those places. */
enum edit typed_edit(uint32_t key, unsigned in);

#endif
