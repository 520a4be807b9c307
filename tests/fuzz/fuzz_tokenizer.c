/* A tokenizer.json, a NUL byte, and text to encode with it: refused in a line, or it
 * can be used (tok_use.h). */
#include "tok_use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    const size_t len = end ? (size_t)(end - data) : size;
    struct tok *t = NULL;
    struct errinfo e;
    if (tok_parse((const char *)data, len, "fuzz", &t, &e) == OK) {
        static const char sample[] = "A dog's <|mask|>  12 caf\xC3\xA9\xFF\n\n don't";
        tok_use(t, sample, sizeof sample - 1);
        if (end) {
            tok_use(t, (const char *)end + 1, size - len - 1);
        }
    } else if (strchr(e.msg, '\n') || !e.msg[0]) {
        abort(); /* an error is one line */
    }
    tok_free(t);
    return 0;
}
