/* An SAE of any tool, in a folder or in one file: refused in a line, or rows can be
 * encoded and decoded, and what is said of it is text. */
#include "base/mem.h"
#include "one_folder.h"
#include "sae/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS 2

static const struct folder_file files[] = {
    {'c', "cfg.json"},        {'w', "sae_weights.safetensors"},
    {'s', "sae.safetensors"}, {'k', "config.json"},
    {'a', "ae.pt"},           {'o', "autoencoder.pt"},
    {'n', "params.npz"},      {'p', "params.safetensors"},
};

static void use(const struct sae *s)
{
    struct errinfo e = {0};
    struct sae_codes codes = {0};
    float *x = NULL, *y = NULL;
    require(mem_new(&x, ROWS * s->D, sizeof *x, "rows", &e) == OK);
    require(mem_new(&y, ROWS * s->D, sizeof *y, "rows", &e) == OK);
    for (size_t i = 0; i < ROWS * s->D; i++) {
        x[i] = (float)(i % 7) - 3.0f;
    }
    require(sae_encode(s, x, ROWS, NULL, &codes, &e) == OK);
    require(codes.rows == ROWS && codes.start[0] == 0);
    for (size_t b = 0; b < ROWS; b++) {
        for (size_t i = codes.start[b]; i < codes.start[b + 1]; i++) {
            require(codes.id[i] >= 0 && (size_t)codes.id[i] < s->F);
            require(i == codes.start[b] || codes.id[i] > codes.id[i - 1]);
        }
    }
    sae_decode(s, &codes, y);
    sae_codes_deinit(&codes);
    mem_free(x);
    mem_free(y);
}

static void check_meta(const struct foreign_meta *m)
{
    require(memchr(m->model, '\0', sizeof m->model) != NULL);
    require(memchr(m->hook, '\0', sizeof m->hook) != NULL);
    require(memchr(m->dataset, '\0', sizeof m->dataset) != NULL);
    require(m->groups <= SAE_GROUPS_MAX);
    for (size_t i = 1; i < m->groups; i++) {
        require(m->width[i] > m->width[i - 1]);
    }
}

static void try_path(const char *path)
{
    struct errinfo e = {0};
    struct foreign_meta meta = {0};
    struct sae *s = NULL;
    if (foreign_load(path, &s, &meta, &e) == OK) {
        require(foreign_format_of(path) != NULL);
        check_meta(&meta);
        use(s);
        sae_free(s);
    } else {
        require(s == NULL && foreign_load(path, &s, NULL, NULL) == e.code);
        folder_refused(&e);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[256];
    (void)folder_make();
    folder_fill(files, sizeof files / sizeof *files, data, size, NULL, NULL);
    try_path(folder);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        require(path_join(path, sizeof path, folder, files[i].name, NULL) == OK);
        if (file_exists(path) && !path_has_suffix(path, ".json")) {
            try_path(path);
        }
    }
    return 0;
}
