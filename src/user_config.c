#include "user_config.h"

#include "base/file.h"
#include "base/mem.h"
#include "state_dir.h"
#include "ui/screens/table.h"

enum err user_config_load(struct config *c, struct errinfo *e)
{
    char path[4096], *text = NULL;
    size_t n = 0;
    if (config_path(path, sizeof path)) {
        const enum err rc = file_read(path, CONFIG_MAX, &text, &n, e);
        if (rc != OK && rc != ERR_MISSING) {
            *c = (struct config){.screens = &screen_table};
            return rc;
        }
    }
    const enum err rc = config_parse(c, text ? text : "", n, path, &screen_table, e);
    mem_free(text);
    return rc;
}
