/* JSON of any bytes: refused, or its members are read with every getter and it prints
 * to what parses again. */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_members(const cJSON *tree)
{
    static const char *const keys[] = {"a", "name", ""};
    const struct json_at at = {"fuzz", "top"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct errinfo e;
        int64_t n = 0;
        double d = 0.0;
        bool b = false;
        const char *s = NULL;
        const cJSON *o = NULL;
        if (json_int(at, tree, keys[i], true, -5, 5, &n, &e) == OK &&
            (n < -5 || n > 5)) {
            abort();
        }
        if (json_num(at, tree, keys[i], true, 0.0, 1.0, &d, &e) == OK &&
            !(d >= 0.0 && d <= 1.0)) {
            abort();
        }
        (void)!json_bool(at, tree, keys[i], false, &b, &e);
        if (json_str(at, tree, keys[i], true, &s, &e) == OK && !s) {
            abort();
        }
        (void)!json_obj(at, tree, keys[i], false, &o, &e);
        (void)!json_arr(at, tree, keys[i], true, &o, &e);
    }
}

/* Any bytes written as a JSON string parse; NULs only where they are asked for, and
 * then in their places. */
static void write_string(const char *data, size_t size)
{
    struct errinfo e;
    struct str s;
    cJSON *tree = NULL;
    char nul = '\0';
    str_init(&s, (size_t)64 << 20);
    json_add_string(&s, data, size);
    if (json_parse_nul(s.p, s.len, "string", 1, &tree, &nul, &e) != OK ||
        !cJSON_IsString(tree)) {
        abort();
    }
    size_t nuls = 0;
    for (const char *p = tree->valuestring; *p && nul != '\0'; p++) {
        nuls += *p == nul;
    }
    for (size_t i = 0; i < size; i++) {
        nuls -= data[i] == '\0';
    }
    cJSON *plain = NULL;
    const enum err rc = json_parse(s.p, s.len, "string", &plain, &e);
    if (nuls != 0 || rc != (nul == '\0' ? OK : ERR_FORMAT)) {
        abort();
    }
    cJSON_Delete(plain);
    cJSON_Delete(tree);
    str_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e;
    struct str s;
    str_init(&s, (size_t)64 << 20);
    cJSON *tree = NULL;
    if (json_parse((const char *)data, size, "fuzz", &tree, &e) == OK) {
        read_members(tree);
        cJSON *again = NULL;
        if (json_print(tree, &s, &e) != OK ||
            json_parse(s.p, s.len, "again", &again, &e) != OK) {
            abort();
        }
        cJSON_Delete(again);
        cJSON_Delete(tree);
    } else if (tree || e.code != ERR_FORMAT || e.msg[0] == '\0') {
        abort();
    }
    str_free(&s);
    write_string((const char *)data, size);
    return 0;
}
