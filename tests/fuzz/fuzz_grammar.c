/* A grammar of any bytes: refused with a line, or its documents, forms and concepts
 * come out without an error, the same twice. */
#include "base/err.h"
#include "base/str.h"
#include "text/grammar.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err count_form(void *user, const char *form, size_t len)
{
    size_t *n = user;
    *n += strlen(form) == len && len > 0;
    return OK;
}

static void write_documents(const struct grammar *g)
{
    struct errinfo e;
    struct str a;
    struct str b;
    struct grammar_trace tr = {0};
    str_init(&a, (size_t)16 << 20);
    str_init(&b, (size_t)16 << 20);
    for (size_t r = 0; r < grammar_register_count(g); r++) {
        for (uint64_t i = 0; i < 3; i++) {
            str_clear(&a);
            str_clear(&b);
            if (grammar_document(g, r, 1, i, &a, &e) != OK ||
                grammar_document_traced(g, r, 1, i, &b, &tr, &e) != OK ||
                a.len != b.len || (a.len > 0 && memcmp(a.p, b.p, a.len) != 0)) {
                abort();
            }
        }
    }
    str_free(&a);
    str_free(&b);
    grammar_trace_free(&tr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errinfo e;
    struct grammar *g = NULL;
    if (grammar_parse((const char *)data, size, "fuzz", &g, &e) != OK) {
        if (g || e.msg[0] == '\0') {
            abort();
        }
        return 0;
    }
    write_documents(g);
    size_t forms = 0;
    struct str s;
    str_init(&s, (size_t)64 << 20);
    if (grammar_forms(g, count_form, &forms, &e) != OK || forms == 0 ||
        grammar_concepts(g, &s, &e) != OK) {
        abort();
    }
    str_free(&s);
    grammar_free(g);
    return 0;
}
