/* concepts.csv: refused in a line, or a consistent table of tokens and concepts. */
#include "text/bpe_train.h"
#include "text/concepts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool one_text(void *ctx, const char **text, size_t *len, enum err *rc,
                     struct errinfo *e)
{
    bool *given = ctx;
    (void)rc;
    (void)e;
    *text = "a b";
    *len = 3;
    const bool first = !*given;
    *given = true;
    return first;
}

static const struct tok *tokenizer(void)
{
    static const char *const forms[4] = {" dog", "dog", " cat", " plum"};
    static struct tok *tok;
    bool given = false;
    const struct bpe_train_opts o = {.vocab = 300, .forms = forms, .n_forms = 4};
    if (tok == NULL) {
        require(bpe_train(&o, one_text, &given, &tok, NULL) == OK);
    }
    return tok;
}

static void check(const struct concepts *c)
{
    size_t words = 0;
    size_t members = 0;
    for (size_t i = 0; i < c->n; i++) {
        require(c->def[i].name != NULL && c->def[i].parent < (int32_t)c->n);
        const bool last = c->def[i].kind == CONCEPT_GRAMMAR;
        const enum concept_kind above = last ? CONCEPT_GRAMMAR : CONCEPT_SUPER;
        require(c->def[i].parent < 0 || c->def[c->def[i].parent].kind == above);
        require(last == (i >= c->n_probed));
        words += c->def[i].words;
    }
    for (size_t t = 0; t < c->vocab; t++) {
        size_t n = 0;
        const int32_t *of = concepts_of(c, (int32_t)t, &n);
        for (size_t i = 0; i < n; i++) {
            require(of[i] >= 0 && (size_t)of[i] < c->n &&
                    (i == 0 || of[i] > of[i - 1]));
        }
        members += n;
    }
    require(words == members);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct concepts *c = NULL;
    struct errinfo e;
    if (concepts_parse((const char *)data, size, "input", tokenizer(), &c, &e) == OK) {
        check(c);
        concepts_free(c);
    } else {
        require(c == NULL && strlen(e.msg) > 0);
    }
    return 0;
}
