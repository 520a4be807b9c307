/* Any text as an edit of a latent: it is refused in a line, or read, and then what is
 * printed of it reads back to the same edit. */
#include "ask/ask_edit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[129];
    struct ask_edit edit, again;
    struct errinfo e = {0};
    const size_t n = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, n);
    text[n] = '\0';
    bool times = false;
    const bool plain = ask_edit_parse(text, &edit, &e) == OK;
    if (ask_edit_parse_typed(text, &edit, &times, &e) != OK ||
        (times && ask_edit_times(&edit, 2.5, &e) != OK)) {
        if (e.code != ERR_USAGE || !e.msg[0] || plain) {
            abort();
        }
        return 0;
    }
    if (plain == times) {
        abort();
    }
    struct str s;
    str_init(&s, 200);
    ask_edit_print(&edit, &s);
    const bool read = ask_edit_parse(s.p, &again, &e) == OK;
    const double off = fabs(again.value - edit.value);
    if (!read || again.latent != edit.latent || again.how != edit.how ||
        again.where != edit.where || again.pos != edit.pos ||
        !(off <= 1e-8 * fabs(edit.value)) || edit.latent < 0 ||
        !isfinite(ask_edit_value(&edit, 1, edit.latent, edit.pos, 1.0))) {
        abort();
    }
    str_free(&s);
    return 0;
}
