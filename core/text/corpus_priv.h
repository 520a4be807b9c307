/* Shared by the files of the corpus; included in core/text only. */
#ifndef SAETOP_TEXT_CORPUS_PRIV_H
#define SAETOP_TEXT_CORPUS_PRIV_H

#include "base/elem.h"
#include "base/infile.h"
#include "story/grammar.h"
#include "text/corpus.h"

#define CORPUS_MAX_FILES ((size_t)1 << 20)
#define CORPUS_MAX_DOCS  ((size_t)1 << 26)
#define CORPUS_MAX_DOC   ((size_t)1 << 20) /* a longer document of a .txt is cut */
#define CORPUS_PIECE     ((size_t)4096)    /* of a text without blank lines */
#define CORPUS_IDS       ((size_t)1024)    /* of token ids without document ends */
#define CORPUS_MAX_LINE  ((size_t)64 << 20)
#define CORPUS_SMALL     ((size_t)256) /* pieces too small to say much */
#define CORPUS_HELD_PART 0.05
#define CORPUS_OPEN      16  /* most files of a corpus kept open */
#define CORPUS_UNPACKED  256 /* most compressed files, which must stay open */

/* The place of a document in its file, and a hash of its bytes there at opening; line
 * counts from 1 (.jsonl; for .csv the row). */
struct corpus_span {
    size_t off;
    uint32_t len, hash;
    size_t line;
};
_Static_assert(CORPUS_MAX_LINE <= UINT32_MAX && CORPUS_MAX_DOC <= UINT32_MAX,
               "a span holds the length of a document");

#define CORPUS_MARKS 8 /* texts that other tools put between documents */

/* What corpus_scan found. */
struct corpus_seen {
    uint64_t mark[CORPUS_MARKS];
    bool end_alone;           /* a marker of a document's end was alone on its line */
    uint64_t bad;             /* bytes that are not UTF-8 */
    size_t bad_at, bad_place; /* of the first: its offset, and the `place` of its
                                 text */
    size_t bad_line;
};

struct corpus_format;

/* One of the files of a corpus. */
struct corpus_file {
    const struct corpus_format *format;
    char *path;
    const char *key; /* what follows '#', or NULL; the corpus owns it */
    char name[100];  /* safe on a terminal */
    uint64_t hash;
    size_t first; /* the number of its first document in the corpus */
    size_t n_docs, span_cap;
    struct corpus_span *span;  /* [n_docs] */
    struct infile *in;         /* NULL: opened for each document */
    struct infile_bytes bytes; /* its bytes while it is being opened, then none */
    const uint8_t *map;        /* of `bytes` */
    size_t map_len;
    const atomic_bool *cancel; /* polled while it is being opened; may be NULL */
    struct corpus_seen seen;
    const char *cut_at; /* the units at which a short text without documents was cut */
    size_t piece;       /* else the size of pieces it was cut into; or 0 */
    bool ends_split;    /* markers of a document's end count here */
    bool packed;        /* in gzip form */
    bool alone;         /* the only file of its corpus */
    bool no_text;       /* it could not be opened, being empty, or a table or JSON lines
                           without such a column: one of several files is then
                           skipped */
    size_t col, cols;   /* of a table */
    bool has_ids;
    enum elem elem; /* of ids in binary form */
    bool ids_cut;   /* into documents of CORPUS_IDS, as it marks no ends */
    int32_t max_id;
    size_t max_id_line;
};

struct corpus {
    char *spec, *path, *key; /* key: after '#', or NULL */
    char name[100];
    uint64_t seed, hash, hash_whole; /* as in corpus_hash; of the whole file */
    struct corpus_file *file;        /* [n_files]; a grammar has one, without spans */
    size_t n_files, file_cap;
    size_t n_docs;
    uint32_t *order; /* [n_docs] TRAIN documents, then HELDOUT ones */
    size_t n_train;
    size_t textless_n;       /* files that are texts by their ending but have none */
    struct errinfo textless; /* what was found in the first of them */
    size_t skipped, links;   /* files in a folder that are not texts; links in it */
    char *other;             /* one of those that can be converted, or NULL */
    struct remarks remarks;
    struct grammar *grammar;
    size_t reg;
};

/* A file format. */
struct corpus_format {
    const char *suffix; /* "" takes names without a dot */
    const char *key;    /* what may come after '#', in words; NULL: nothing */
    /* Finds the documents of f in its bytes. NULL for a generator. */
    enum err (*open)(struct corpus_file *f, struct errinfo *e);
    /* Append document `doc`, 0..n_docs-1, to out. */
    enum err (*text)(const struct corpus_file *f, size_t doc, struct str *out,
                     struct errinfo *e);
    enum err (*ids)(const struct corpus_file *f, size_t doc, struct tok_ids *out,
                    struct errinfo *e);
};
extern const struct corpus_format corpus_txt, corpus_csv, corpus_jsonl, corpus_npy,
    corpus_bin;

/* Finds the format by the name's ending; a ".gz" after it sets *packed. NULL if none
 * fits. */
const struct corpus_format *corpus_format_find(const char *path, bool *packed);
/* Returns whether a file that cannot be read, by its ending, can be converted to one
 * that can; *row: its rank: the file with the least is named among several. */
bool corpus_format_way(const char *path, size_t *row);
/* Fails with "FILE: expected ...", and how to convert it. */
enum err corpus_format_unknown(const char *path, struct errinfo *e);

/* Lists the files of a corpus, without documents yet: the one at c->path, those of a
 * folder at any depth or of a pattern, in the order of their paths' bytes, or standard
 * input. */
enum err corpus_list(struct corpus *c, struct errinfo *e) ERR_CHECKED;
/* Opens one: its bytes, its documents, and what the scan saw. */
enum err corpus_file_open(struct corpus_file *f, bool keep,
                          struct errinfo *e) ERR_CHECKED;
void corpus_file_deinit(struct corpus_file *f);
/* Returns ERR_CANCELLED if the opening of f was cancelled. Cheap: may be called between
 * pieces of any size. */
enum err corpus_poll(const struct corpus_file *f, struct errinfo *e) ERR_CHECKED;
/* Adds the document at f->map[off, off + len). */
enum err corpus_add_span(struct corpus_file *f, size_t off, size_t len, size_t line,
                         struct errinfo *e) ERR_CHECKED;
/* Appends the bytes of a document to out. They must be those of the opening: text
 * appended to the file since then does no harm. */
enum err corpus_read_span(const struct corpus_file *f, const struct corpus_span *s,
                          struct str *out, struct errinfo *e) ERR_CHECKED;
/* Returns where its text begins: after a byte order mark. */
size_t corpus_text_start(const struct corpus_file *f);

static inline bool corpus_is_space(uint8_t b)
{
    return b == ' ' || (b >= '\t' && b <= '\r');
}

#define CORPUS_BITE ((size_t)16 << 20) /* of a large file, read between polls */

/* Counts markers and bytes that are not UTF-8 in text[n], starting at `from`, over
 * CORPUS_BITE bytes or a few more; returns where it stopped. place: its row, 0 for a
 * whole file. */
size_t corpus_scan(struct corpus_seen *s, const uint8_t *text, size_t n, size_t place,
                   size_t from);
/* Returns the offset of the next marker that ends a document, and its length; n and 0
 * if there is none. */
size_t corpus_next_end(const uint8_t *text, size_t n, size_t *len);
/* Adds remarks on what the scan saw. */
void corpus_remark_seen(const struct corpus_file *f, struct remarks *r);

/* Scans a whole text, and finds where it begins. ERR_FORMAT for UTF-16. */
enum err corpus_open_text(struct corpus_file *f, size_t *start,
                          struct errinfo *e) ERR_CHECKED;

#endif
