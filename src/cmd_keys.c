/* saetop keys: the key table, for ui/README.md. */
#include "cmd.h"
#include "ui/screens/table.h"
#include "user_config.h"

static int print(const struct screen_table *t)
{
    struct str out;
    str_init(&out, 1u << 20);
    keymap_markdown(t, &out);
    return cmd_print_text(&out);
}

int cmd_keys(int argc, char **argv)
{
    bool built_in = false;
    const struct opt own[] = {{"built-in", OPT_FLAG, &built_in, NULL,
                               "without keys of your own", 0, 0, NULL}};
    const struct opts o = {
        .name = "keys",
        .usage = "[OPTIONS]",
        .about =
            "The explorer's keys as a Markdown table, from the table that it uses: "
            "with those of your configuration, which it checks.",
        .table = own,
        .n = sizeof own / sizeof own[0],
    };
    struct opts_result parsed;
    struct config c = {.screens = &screen_table};
    struct errinfo e = {0};
    int status = 0;
    if (!cmd_begin(&o, argc, argv, &parsed, &status)) {
        return status;
    }
    const enum err rc = built_in ? OK : user_config_load(&c, &e);
    status = rc == OK ? print(c.screens) : cmd_fail(rc, &e);
    config_deinit(&c);
    return status;
}
