/* A corpus: one file of any kind, with what stands behind its "#", or several in a
 * folder, or standard input. Refused in a line, or it gives every document of both
 * splits, none of them empty, the whole of it and a tail that is held back. */
#include "one_folder.h"
#include "text/corpus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct folder_file files[] = {
    {'t', "t.txt"},    {'c', "t.csv"},      {'j', "t.jsonl"},  {'g', "t.grammar.json"},
    {'n', "t.npy"},    {'b', "t.bin"},      {'z', "t.txt.gz"}, {'l', "t.jsonl.gz"},
    {'p', "t.npy.gz"}, {'s', "input.none"}, {'x', NULL},
};
#define N_FILES (sizeof files / sizeof *files)

/* Remarks are lines that a terminal can show. */
static void read_remarks(const struct corpus *c)
{
    const struct remarks *r = corpus_remarks(c);
    for (size_t i = 0; i < r->n; i++) {
        require(r->line[i][0] && !strpbrk(r->line[i], "\n\x1b"));
    }
}

static void read_split(const struct corpus *c, enum corpus_split split)
{
    struct str text;
    struct tok_ids ids = {0};
    const uint64_t n = corpus_count(c, split);
    const int32_t max = corpus_max_id(c, &(size_t){0});
    str_init(&text, 1u << 26);
    require(n > 0 || !corpus_is_finite(c));
    for (uint64_t i = 0; i < n && i < 300; i++) {
        const uint64_t at = corpus_at(c, split, i);
        require(at < n);
        if (corpus_has_ids(c)) {
            require(corpus_doc_ids(c, split, at, &ids, NULL) == OK && ids.n > 0);
            for (size_t k = 0; k < ids.n; k++) {
                require(ids.p[k] >= 0 && ids.p[k] <= max);
            }
        } else {
            require(corpus_doc(c, split, at, &text, NULL) == OK && text.len > 0);
        }
    }
    str_free(&text);
    tok_ids_free(&ids);
}

static void read_all(const struct corpus *c)
{
    read_split(c, CORPUS_TRAIN);
    read_split(c, CORPUS_HELDOUT);
}

static void try_spec(const char *spec, const char *place)
{
    struct corpus *c = NULL;
    struct errinfo e = {0};
    if (corpus_open(spec, 3, NULL, &c, &e) == OK) {
        read_remarks(c);
        read_all(c);
        if (corpus_has_tail(c)) {
            corpus_keep(c, CORPUS_BODY);
            read_all(c);
            corpus_keep(c, CORPUS_TAIL);
            read_all(c);
        }
    } else {
        require(e.msg[0] && !strchr(e.msg, '\n') && strstr(e.msg, place));
        require(strcmp(spec, "-") == 0 ||
                corpus_open(spec, 3, NULL, &c, NULL) == e.code);
    }
    corpus_free(c);
}

/* Path of file i; false: the input has none of that kind. */
static bool path_of(size_t i, char out[256])
{
    require(path_join(out, 256, folder, files[i].name, NULL) == OK);
    return file_exists(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[256], spec[512];
    const char *key = NULL;
    size_t key_len = 0, n = 0, last = 0;
    if (folder_make()) {
        require(setenv("TMPDIR", folder, 1) == 0); /* where .gz is unpacked */
    }
    folder_fill(files, N_FILES, data, size, &key, &key_len);
    for (size_t i = 0; files[i].name; i++) {
        if (path_of(i, path)) {
            n++;
            last = i;
        }
    }
    const bool one = n == 1 && path_of(last, path);
    if (one && files[last].letter == 's') {
        require(freopen(path, "rb", stdin) != NULL);
        try_spec("-", "standard input");
        return 0;
    }
    snprintf(spec, sizeof spec, "%s%s%.*s", one ? path : folder, key ? "#" : "",
             (int)(key_len < 100 ? key_len : 100), key ? key : "");
    try_spec(spec, folder);
    return 0;
}
