/* A normalizer and a pre-tokenizer as tokenizer.json has them, each up to a NUL byte,
 * and text: what the steps make of it. Patterns are hostile: an error is one line, and
 * the words of a text lose nothing where no step drops or changes any. */
#include "base/json.h"
#include "base/str.h"
#include "text/tok_norm.h"
#include "text/tok_pre.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err add_word(void *ctx, const char *word, size_t len, struct errinfo *e)
{
    (void)e;
    if (len == 0) {
        abort();
    }
    str_addn(ctx, word, len);
    return OK;
}

static void one_line(const struct errinfo *e)
{
    if (strchr(e->msg, '\n') || !e->msg[0]) {
        abort();
    }
}

static void use(const cJSON *root, const char *text, size_t len, bool keeps)
{
    struct errinfo e = {OK, ""};
    struct norm *norm = NULL;
    struct pre *pre = NULL;
    struct norm_state *ns = NULL;
    struct pre_state *ps = NULL;
    struct str words;
    str_init(&words, 1u << 26);
    if (norm_new(root, "f", &norm, &e) != OK || pre_new(root, "f", &pre, &e) != OK) {
        one_line(&e);
        goto out;
    }
    bool cut = false;
    if (norm && (norm_state_new(norm, &ns, &e) != OK ||
                 norm_apply(norm, ns, text, len, &text, &len, &cut, &e) != OK)) {
        one_line(&e);
        goto out;
    }
    if (pre_state_new(pre, &ps, &e) != OK ||
        pre_words(pre, ps, text, len, true, add_word, &words, &e) != OK) {
        one_line(&e);
        goto out;
    }
    if (keeps && (words.len != len || (len > 0 && memcmp(words.p, text, len) != 0))) {
        abort();
    }
out:
    pre_state_free(ps);
    norm_state_free(ns);
    pre_free(pre);
    norm_free(norm);
    str_free(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *a = size ? memchr(data, 0, size) : NULL;
    const size_t n = a ? (size_t)(a - data) : 0;
    const uint8_t *b = a ? memchr(a + 1, 0, size - n - 1) : NULL;
    if (!b) {
        return 0;
    }
    const size_t m = (size_t)(b - a) - 1;
    struct str text;
    cJSON *root = NULL;
    str_init(&text, 1u << 20);
    str_add(&text, "{\"normalizer\": ");
    str_addn(&text, (const char *)data, n);
    str_add(&text, ", \"pre_tokenizer\": ");
    str_addn(&text, (const char *)a + 1, m);
    str_add(&text, "}");
    if (text.err == OK && json_parse(text.p, text.len, "f", &root, NULL) == OK) {
        static const char *const lossy[] = {"emoved", "Whitespace", "Metaspace",
                                            "ByteLevel"};
        bool keeps = true;
        for (size_t i = 0; i < sizeof lossy / sizeof *lossy; i++) {
            keeps = keeps && !strstr(text.p, lossy[i]);
        }
        keeps = keeps && !strchr(text.p, '\\'); /* names may be escaped */
        use(root, (const char *)b + 1, size - n - m - 2, keeps);
    }
    cJSON_Delete(root);
    str_free(&text);
    return 0;
}
