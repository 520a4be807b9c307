/* Corpus files: the first byte picks the ending, the rest is the file. What opens must
 * give every document of both splits, none of them empty. */
#include "text/corpus.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Remarks are lines that a terminal can show. */
static void read_remarks(const struct corpus *c)
{
    const struct remarks *r = corpus_remarks(c);
    for (size_t i = 0; i < r->n; i++) {
        if (r->line[i][0] == '\0' || strpbrk(r->line[i], "\n\x1b")) {
            abort();
        }
    }
}

static void read_all(const struct corpus *c)
{
    struct str text;
    struct tok_ids ids = {0};
    str_init(&text, 1u << 26);
    for (int split = 0; split < 2; split++) {
        const uint64_t n = corpus_count(c, (enum corpus_split)split);
        if (corpus_is_finite(c) && n == 0) {
            abort();
        }
        for (uint64_t i = 0; i < n && i < 300; i++) {
            const uint64_t at = corpus_at(c, (enum corpus_split)split, i);
            const enum err rc =
                corpus_has_ids(c)
                    ? corpus_doc_ids(c, (enum corpus_split)split, at, &ids, NULL)
                    : corpus_doc(c, (enum corpus_split)split, at, &text, NULL);
            if (at >= n || rc != OK || (corpus_has_ids(c) ? ids.n : text.len) == 0) {
                abort();
            }
        }
    }
    str_free(&text);
    tok_ids_free(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const endings[] = {"t.txt", "t.csv", "t.jsonl", "t.grammar.json",
                                          "t.npy", "t.bin", "t.txt.gz"};
    char dir[] = "/tmp/saetop-fuzz-XXXXXX";
    char path[64];
    if (size < 1 || !mkdtemp(dir)) {
        return 0;
    }
    (void)snprintf(path, sizeof path, "%s/%s", dir, endings[data[0] % 7]);
    FILE *f = fopen(path, "wb");
    if (f) {
        (void)!fwrite(data + 1, 1, size - 1, f);
        fclose(f);
        struct corpus *c = NULL;
        struct errinfo e;
        if (corpus_open(path, 3, &c, &e) == OK) {
            read_remarks(c);
            read_all(c);
        } else if (strchr(e.msg, '\n') || !strstr(e.msg, dir)) {
            abort(); /* an error is one line and names the file */
        }
        corpus_free(c);
        unlink(path);
    }
    rmdir(dir);
    return 0;
}
