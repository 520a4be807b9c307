/* Any text as the user's configuration: taken or refused with a reason, and the keymap
 * that comes of it has no key twice at a place, and can be drawn and pressed. */
#include "app_bench.h"
#include "ui/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No key leads to two entries of a place. */
static void check_keys(const struct screen_table *t)
{
    for (size_t i = 0; i < keymap_count(t); i++) {
        const struct key_entry *k = keymap_at(t, i);
        for (size_t j = 0; j < KEYMAP_KEYS && k->key[j]; j++) {
            const struct screen_def *owner = keymap_owner(t, i);
            char name[48];
            key_name(k->key[j], name, sizeof name);
            require(keymap_find_key(t, owner, k->key[j]) == k);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config c;
    struct errinfo e = {0};
    const enum err rc = config_parse(&c, (const char *)data, size < 4096 ? size : 4096,
                                     "config", &screen_table, &e);
    require((rc == OK) == (e.msg[0] == '\0'));
    if (rc == OK) {
        struct str out;
        str_init(&out, (size_t)1 << 22);
        check_keys(c.screens);
        keymap_markdown(c.screens, &out);
        require(out.err == OK);
        str_free(&out);
    }
    config_deinit(&c);
    return 0;
}
