/* A model, as a directory or a GGUF file, whole or in two, of any bytes: refused in a
 * line, or a row of its tokens runs through it, and the ids it expects next are tokens.
 */
#include "base/mem.h"
#include "lm/lm.h"
#include "one_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROW 3

static const struct folder_file files[] = {
    {'c', "config.json"},
    {'w', "model.safetensors"},
    {'i', "model.safetensors.index.json"},
    {'a', "model-00001-of-00002.safetensors"},
    {'b', "model-00002-of-00002.safetensors"},
    {'p', "pytorch_model.bin"},
    {'j', "tokenizer.json"},
    {'g', "m.gguf"},
    {'1', "m-00001-of-00002.gguf"},
    {'2', "m-00002-of-00002.gguf"},
};
#define N_FILES (sizeof files / sizeof *files)

/* Needs no more than what the files bring: weights are as large as they are, but widths
 * may be claimed that no weight has. */
static void run(const struct lm *m)
{
    struct errinfo e = {0};
    struct lm_ws *ws = NULL;
    float *x = NULL;
    const size_t T = m->cfg.n_ctx < ROW ? m->cfg.n_ctx : ROW;
    const int32_t ids[ROW] = {0, (int32_t)(m->cfg.vocab - 1),
                              (int32_t)(m->cfg.vocab / 2)};
    if (lm_need(m, LM_WHOLE, &e) != OK) {
        folder_refused(&e);
        return;
    }
    require(lm_ws_new(m, LM_WHOLE, T, &ws, &e) == OK);
    require(mem_new(&x, T * m->cfg.d_model, sizeof *x, "a row", &e) == OK);
    lm_forward_to(m, ws, ids, 1, T, lm_behind(m->cfg.n_layer), x);
    const struct lm_next next =
        lm_next_from(m, ws, x, T, lm_behind(m->cfg.n_layer), ids);
    require(next.id >= -1 && next.id < (int32_t)m->cfg.vocab);
    lm_ws_free(ws);
    mem_free(x);
}

static void try_path(const char *path)
{
    struct errinfo e = {0};
    struct lm *m = NULL;
    struct tok *t = NULL;
    if (lm_load(path, &m, &e) != OK) {
        require(m == NULL && lm_load(path, &m, NULL) == e.code);
        folder_refused(&e);
        return;
    }
    run(m);
    require(lm_load_tok(path, &t, &e) == OK && tok_vocab(t) == tok_vocab(m->tok));
    tok_free(t);
    lm_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[256];
    bool any = false;
    (void)folder_make();
    folder_fill(files, N_FILES, data, size, NULL, NULL);
    for (size_t i = 0; i < N_FILES; i++) {
        require(path_join(path, sizeof path, folder, files[i].name, NULL) == OK);
        if (path_has_suffix(path, ".gguf") && file_exists(path)) {
            try_path(path);
            any = true;
        }
    }
    if (!any) {
        try_path(folder);
    }
    return 0;
}
