/* Shared by the files of the corpus; included in core/text only. */
#ifndef SAETOP_TEXT_CORPUS_PRIV_H
#define SAETOP_TEXT_CORPUS_PRIV_H

#include "base/csvfile.h"
#include "base/infile.h"
#include "story/grammar.h"
#include "text/corpus.h"

#define CORPUS_MAX_DOCS  ((size_t)1 << 26)
#define CORPUS_MAX_DOC   ((size_t)1 << 20) /* a longer one of a .txt is cut */
#define CORPUS_PIECE     ((size_t)4096)    /* of a text without blank lines */
#define CORPUS_MAX_LINE  ((size_t)64 << 20)
#define CORPUS_SMALL     ((size_t)256) /* pieces that say little */
#define CORPUS_FEW       40 /* documents below which the split is by position */
#define CORPUS_HELD_PART 0.05

/* Where a document stands in the file, and a hash of its bytes there when it was
 * opened; line counts from 1 (.jsonl). */
struct corpus_span {
    size_t off;
    uint32_t len, hash;
    size_t line;
};
_Static_assert(CORPUS_MAX_LINE <= UINT32_MAX && CORPUS_MAX_DOC <= UINT32_MAX,
               "a span holds the length of a document");

#define CORPUS_MARKS 8 /* texts that other tools put between documents */

/* Found by corpus_scan. */
struct corpus_seen {
    uint64_t mark[CORPUS_MARKS];
    bool end_alone;           /* a marker of a document's end, alone on its line */
    uint64_t bad;             /* bytes that are no UTF-8 */
    size_t bad_at, bad_place; /* the first: its offset, and the `place` of its text */
};

struct corpus {
    const struct corpus_format *format;
    char *spec, *path, *reg_name;    /* reg_name: after '#', NULL without */
    char name[100];                  /* of the file, safe on a terminal */
    uint64_t seed, hash, hash_whole; /* as corpus_hash, and of all of the file */
    size_t n_docs, span_cap;
    struct corpus_span *span; /* [n_docs], NULL for a table or a generator */
    uint32_t *order;          /* [n_docs] TRAIN documents, then HELDOUT ones */
    size_t n_train;
    struct infile *file;       /* of spans */
    struct infile_bytes bytes; /* of the file while it is being opened, then none */
    const uint8_t *map;        /* these */
    size_t map_len;
    struct corpus_seen seen;
    const char *cut_at; /* the units that a short text without documents was cut at */
    size_t piece;       /* else the bytes that it was cut to; or 0 */
    bool ends_split;    /* markers of a document's end are one here */
    struct remarks remarks;
    struct csv_table *csv;
    size_t csv_col;
    uint32_t *csv_row; /* [n_docs] rows whose text is not empty */
    struct grammar *grammar;
    size_t reg;
    bool has_ids;
    int32_t max_id;
    size_t max_id_line;
};

/* A file format. */
struct corpus_format {
    const char *suffix; /* "" takes names without a dot */
    /* Fill c from c->path: documents, hash. */
    enum err (*open)(struct corpus *c, struct errinfo *e);
    /* Append document `doc`, 0..n_docs-1, to out. NULL for a generator. */
    enum err (*text)(const struct corpus *c, size_t doc, struct str *out,
                     struct errinfo *e);
};
/* By the name's ending, NULL if none fits; names lists the endings for error lines. */
const struct corpus_format *corpus_format_find(const char *path, struct str *names);

/* Count markers and bytes that are no UTF-8 in a text; place: its row, 0 for a whole
 * file. */
void corpus_scan(struct corpus_seen *s, const uint8_t *text, size_t n, size_t place);
/* Where the next marker that ends a document begins, and its length; n and 0 if there
 * is none. */
size_t corpus_next_end(const uint8_t *text, size_t n, size_t *len);
/* Put into words, for corpus_remarks, what the scan saw. */
void corpus_remark_seen(struct corpus *c);

/* The ids of a line of .jsonl. */
enum err corpus_line_ids(const struct corpus *c, size_t doc, struct tok_ids *out,
                         struct errinfo *e) ERR_CHECKED;

#endif
