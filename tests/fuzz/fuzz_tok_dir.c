/* A tokenizer of several files: refused in a line, or it can be used (tok_use.h) and
 * its BOS, EOS, padding and mask tokens are tokens. */
#include "one_folder.h"
#include "tok_use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct folder_file files[] = {
    {'v', "vocab.json"},
    {'m', "merges.txt"},
    {'a', "added_tokens.json"},
    {'t', "tokenizer_config.json"},
    {'s', "special_tokens_map.json"},
    {'c', "config.json"},
    {'j', "tokenizer.json"},
    {'x', NULL},
};

static void check_roles(const struct tok *t)
{
    const int32_t roles[] = {tok_bos(t), tok_eos(t), tok_pad(t), tok_mask(t)};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        size_t len = 0;
        require(roles[i] == -1 || tok_piece_view(t, roles[i], &len) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char sample[] = "A dog's <|mask|>  12 caf\xC3\xA9\xFF\n\n don't";
    const char *text = sample;
    size_t len = sizeof sample - 1;
    struct tok *t = NULL;
    struct errinfo e = {0};
    (void)folder_make();
    folder_fill(files, sizeof files / sizeof *files, data, size, &text, &len);
    if (tok_load_dir(folder, &t, &e) == OK) {
        check_roles(t);
        tok_use(t, text, len);
        tok_free(t);
    } else {
        folder_refused(&e);
        require(tok_load_dir(folder, &t, NULL) == e.code);
    }
    return 0;
}
