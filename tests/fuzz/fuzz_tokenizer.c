/* A tokenizer.json, a NUL byte, and text to encode with it. Whatever loads must give
 * the text back (after the space that add_prefix_space puts), without a special token.
 */
#include "base/str.h"
#include "text/tok.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether `text` is `want` with a space put in here and there. */
static bool same_but_spaces(const char *text, size_t n, const char *want, size_t m)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (k < m && text[i] == want[k]) {
            k++;
        } else if (text[i] != ' ') {
            return false;
        }
    }
    return k == m;
}

static void use(const struct tok *t, const char *text, size_t len)
{
    struct tok_ids ids = {0};
    struct str back;
    str_init(&back, 1u << 26);
    if (tok_encode(t, text, len, &ids, NULL) == OK) {
        for (size_t i = 0; i < ids.n; i++) {
            if (tok_is_special(t, ids.p[i])) {
                abort();
            }
        }
        tok_decode(t, ids.p, ids.n, &back);
        if (!same_but_spaces(back.p, back.len, text, len)) {
            abort();
        }
    }
    const size_t plain = ids.n;
    ids.n = 0;
    if (tok_encode_whole(t, text, len, &ids, NULL) == OK &&
        ids.n != tok_front(t)->n + plain + tok_back(t)->n) {
        abort();
    }
    tok_ids_free(&ids);
    str_clear(&back);
    struct tok *again = NULL;
    if (tok_print(t, &back, NULL) == OK) {
        (void)!tok_parse(back.p, back.len, "again", &again, NULL);
    }
    tok_free(again);
    str_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    const size_t len = end ? (size_t)(end - data) : size;
    struct tok *t = NULL;
    struct errinfo e;
    if (tok_parse((const char *)data, len, "fuzz", &t, &e) == OK) {
        static const char sample[] = "A dog's <|mask|>  12 caf\xC3\xA9\xFF\n\n don't";
        use(t, sample, sizeof sample - 1);
        if (end) {
            use(t, (const char *)end + 1, size - len - 1);
        }
    } else if (strchr(e.msg, '\n') || !e.msg[0]) {
        abort(); /* an error is one line */
    }
    tok_free(t);
    return 0;
}
