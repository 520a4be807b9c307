/* A table of any bytes is refused, or written out and read again it is the same. */
#include "base/csvfile.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct csv_limits lim = {1u << 20, 1000, 10000};
    struct errinfo e;
    struct csv_table *t = NULL;
    if (csv_parse_table((const char *)data, size, "fuzz", &lim, &t, &e) != OK) {
        if (t || e.code == OK || e.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    struct str s;
    str_init(&s, (size_t)16 << 20);
    for (size_t i = 0; i < (t->rows + 1) * t->cols; i++) {
        csv_add(&s, t->header[i], i % t->cols == 0);
        if (i % t->cols == t->cols - 1) {
            str_addc(&s, '\n');
        }
    }
    struct csv_table *again = NULL;
    if (str_err(&s, "table", &e) != OK ||
        csv_parse_table(s.p, s.len, "again", NULL, &again, &e) != OK ||
        again->rows != t->rows || again->cols != t->cols) {
        abort();
    }
    for (size_t i = 0; i < (t->rows + 1) * t->cols; i++) {
        if (strcmp(t->header[i], again->header[i]) != 0) {
            abort();
        }
    }
    size_t col;
    (void)!csv_need_col(t, "fuzz", "text", &col, &e);
    csv_free_table(again);
    csv_free_table(t);
    str_free(&s);
    return 0;
}
