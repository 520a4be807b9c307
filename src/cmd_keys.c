/* saetop keys: the key table, for ui/README.md. */
#include "cmd.h"
#include "ui/screens/table.h"

int cmd_keys(int argc, char **argv)
{
    const struct opts o = {
        .name = "keys",
        .usage = "",
        .about =
            "The explorer's keys as a Markdown table, from the table that it uses.",
    };
    struct opts_result parsed;
    struct str out;
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &parsed, &status)) {
        return status;
    }
    str_init(&out, 1u << 20);
    keymap_markdown(&screen_table, &out);
    return cmd_print_text(&out);
}
