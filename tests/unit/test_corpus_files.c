/* Corpora of several files, compressed ones, named columns and keys, ids in binary
 * form. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "text/corpus_priv.h"
#include "text_fixture.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char dir[64];

static int setup(void **state)
{
    (void)state;
    fixture_mkdir(dir);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind,
                      struct FTW *place)
{
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct corpus *open_spec(const char *spec)
{
    char path[256];
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", dir, spec);
    if (corpus_open(path, 1, NULL, &c, &e) != OK) {
        fail_msg("%s", e.msg);
    }
    return c;
}

static void expect_refused(const char *spec, enum err code, const char *says)
{
    char path[256];
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", dir, spec);
    const enum err rc = corpus_open(path, 1, NULL, &c, &e);
    if (rc != code || !strstr(e.msg, says)) {
        fail_msg("%s: %d \"%s\", expected \"%s\"", spec, (int)rc, e.msg, says);
    }
    assert_int_equal(corpus_open(path, 1, NULL, &c, NULL), code); /* nobody asks why */
    assert_null(c);
}

static void put(const char *name, const char *text, size_t len)
{
    char path[256];
    fixture_file(path, dir, name, text, len);
}

static void put_packed(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    gzFile f = gzopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, text, (unsigned)strlen(text)), strlen(text));
    assert_int_equal(gzclose(f), Z_OK);
}

static void make_folder(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* All documents, training ones first, with | between. */
static void expect_docs(const struct corpus *c, const char *want)
{
    struct str all, one;
    struct errinfo e = {OK, ""};
    str_init(&all, 1u << 20);
    str_init(&one, 1u << 20);
    for (int split = 0; split < 2; split++) {
        const uint64_t n = corpus_count(c, (enum corpus_split)split);
        for (uint64_t i = 0; i < n; i++) {
            assert_int_equal(corpus_doc(c, (enum corpus_split)split, i, &one, &e), OK);
            str_addf(&all, "%s%s", all.len > 0 ? "|" : "", one.p);
        }
    }
    assert_string_equal(all.p, want);
    str_free(&all);
    str_free(&one);
}

static void expect_ids(const struct corpus *c, enum corpus_split split, uint64_t i,
                       const int32_t *want, size_t n)
{
    struct tok_ids ids = {0};
    struct errinfo e = {OK, ""};
    assert_true(corpus_has_ids(c));
    assert_int_equal(corpus_doc_ids(c, split, i, &ids, &e), OK);
    assert_int_equal(ids.n, n);
    assert_memory_equal(ids.p, want, n * sizeof *want);
    tok_ids_free(&ids);
}

/* ---- compressed ---- */

static void packed_is_the_same_text(void **state)
{
    (void)state;
    const char *text = "one\ntwo\n\nthree\n\nfour\n";
    put("t.txt", text, 0);
    put_packed("t2.txt.gz", text);
    struct corpus *a = open_spec("t.txt"), *b = open_spec("t2.txt.gz");
    expect_docs(a, "one\ntwo|three|four");
    expect_docs(b, "one\ntwo|three|four");
    assert_int_equal(corpus_hash(a), corpus_hash(b));
    corpus_free(a);
    corpus_free(b);
}

static void damaged_packed_files(void **state)
{
    (void)state;
    char path[256], bytes[400];
    struct str long_text;
    str_init(&long_text, 1u << 20);
    for (int i = 0; i < 500; i++) {
        str_addf(&long_text, "document number %d\n\n", i * i);
    }
    put_packed("whole.txt.gz", long_text.p);
    str_free(&long_text);
    (void)snprintf(path, sizeof path, "%s/whole.txt.gz", dir);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(bytes, 1, sizeof bytes, f), sizeof bytes);
    fclose(f);
    put("cut.txt.gz", bytes, sizeof bytes);
    expect_refused("cut.txt.gz", ERR_FORMAT, "cut.txt.gz: found a damaged or cut gzip");
    bytes[200] = (char)(bytes[200] ^ 0x55);
    put("bad.txt.gz", bytes, sizeof bytes);
    expect_refused("bad.txt.gz", ERR_FORMAT, "damaged or cut gzip");
    put("plain.txt.gz", "one\n\ntwo\n", 0);
    expect_refused("plain.txt.gz", ERR_FORMAT, "found no gzip file");
    put_packed("none.txt.gz", "");
    expect_refused("none.txt.gz", ERR_FORMAT, "is empty");
    put_packed("g.grammar.json.gz", "{}");
    expect_refused("g.grammar.json.gz", ERR_USAGE, "expected a corpus file ending in");
}

/* ---- several files ---- */

static void a_folder_in_the_order_of_its_paths(void **state)
{
    (void)state;
    char from[256], to[256];
    make_folder("d");
    make_folder("d/b");
    make_folder("d/.hidden");
    put("d/c.txt", "three\n\nfour\n", 0);
    put("d/a.jsonl", "{\"text\": \"one\"}\n", 0);
    put_packed("d/b/x.csv.gz", "n,text\n1,two\n");
    put("d/picture.png", "\x89PNG", 0);
    put("d/x.grammar.json", "{}", 0);
    put("d/.hidden/z.txt", "never\n", 0);
    (void)snprintf(from, sizeof from, "%s/t.txt", dir);
    (void)snprintf(to, sizeof to, "%s/d/link.txt", dir);
    assert_int_equal(symlink(from, to), 0);
    struct corpus *c = open_spec("d");
    expect_docs(c, "one|two|three|four");
    const struct remarks *r = corpus_remarks(c);
    assert_int_equal(r->n, 1);
    assert_non_null(strstr(r->line[0], "2 files passed over"));
    assert_non_null(strstr(r->line[0], "1 links"));
    /* Its text is its files', whatever their folder is called. */
    const uint64_t hash = corpus_hash(c);
    corpus_free(c);
    put("d/c.txt", "three\n\nfive\n", 0);
    c = open_spec("d");
    assert_true(corpus_hash(c) != hash);
    corpus_free(c);
    make_folder("empty");
    expect_refused("empty", ERR_FORMAT, "found no text in it");
}

/* An empty file or a table of something else among texts stops nothing, and is named.
 */
static void files_without_text(void **state)
{
    (void)state;
    make_folder("some");
    put("some/a.txt", "", 0);
    put("some/b.txt", "one\n\ntwo\n", 0);
    put("some/c.csv", "id,score\n1,2\n", 0);
    put("some/d.jsonl", "{\"id\": 7, \"\x1b[1mbody\": \"x\"}\n", 0);
    put("some/e.txt", "three\n", 0);
    put("some/f.txt", "", 0);
    struct corpus *c = open_spec("some");
    expect_docs(c, "one|two|three");
    const struct remarks *r = corpus_remarks(c);
    assert_int_equal(r->n, 1);
    assert_non_null(strstr(r->line[0], "4 files without text passed over: "));
    assert_non_null(strstr(r->line[0], "a.txt: is empty, expected text, ..."));
    corpus_free(c);
    /* Alone it is what is wrong, with what is there in its place. */
    expect_refused("some/d.jsonl", ERR_FORMAT, "found the keys id, ");
    expect_refused("some/d.jsonl", ERR_FORMAT, "x1b[1mbody; name another key");
    expect_refused("some/c.csv", ERR_FORMAT, "#COLUMN");
    expect_refused("some/a*", ERR_FORMAT, "is empty");
    make_folder("none");
    put("none/a.txt", "", 0);
    put("none/b.txt", "", 0);
    expect_refused("none", ERR_FORMAT, "a.txt: is empty");
    /* Damage further on does not make it another kind of file. */
    put("some/d.jsonl", "{\"text\": \"x\"}\n{\"id\": 7}\n", 0);
    expect_refused(
        "some", ERR_FORMAT,
        "d.jsonl: line 2: expected text (a string) or input_ids (an array), found the keys id;");
    /* Nor is it what its name says. */
    make_folder("named");
    put("named/a.txt", "one\n", 0);
    put("named/b: no column text.csv", "text,a\n1,2,3\n", 0);
    expect_refused("named", ERR_FORMAT, "b: no column text.csv: row 2");
}

static void a_pattern(void **state)
{
    (void)state;
    make_folder("p");
    put("p/1.txt", "one\n", 0);
    put("p/10.txt", "ten\n", 0);
    put("p/2.txt", "two\n", 0);
    put("p/3.md", "three\n", 0);
    struct corpus *c = open_spec("p/*.txt");
    expect_docs(c, "one|ten|two");
    corpus_free(c);
    c = open_spec("p/[12].txt");
    expect_docs(c, "one|two");
    corpus_free(c);
    expect_refused("p/*.csv", ERR_MISSING, "no file matches");
}

/* More files than are kept open, each read again at its time. */
static void many_files(void **state)
{
    (void)state;
    char name[64];
    struct errinfo e = {OK, ""};
    struct str text;
    make_folder("many");
    for (int i = 0; i < 100; i++) {
        char body[64];
        (void)snprintf(name, sizeof name, "many/%03d.txt", i);
        (void)snprintf(body, sizeof body, "a %d\n\nb %d\n", i, i);
        put(name, body, 0);
    }
    struct corpus *c = open_spec("many");
    assert_int_equal(corpus_count(c, CORPUS_TRAIN) + corpus_count(c, CORPUS_HELDOUT),
                     200);
    str_init(&text, 1u << 20);
    size_t seen = 0;
    for (int split = 0; split < 2; split++) {
        const uint64_t n = corpus_count(c, (enum corpus_split)split);
        for (uint64_t i = 0; i < n; i++) {
            assert_int_equal(corpus_doc(c, (enum corpus_split)split, i, &text, &e), OK);
            seen += (size_t)atoi(text.p + 2);
        }
    }
    assert_int_equal(seen, 2 * 99 * 100 / 2);
    put("many/050.txt", "a 99\n\nb 99\n", 0);
    enum err rc = OK;
    for (uint64_t i = 0; i < corpus_count(c, CORPUS_TRAIN) && rc == OK; i++) {
        rc = corpus_doc(c, CORPUS_TRAIN, i, &text, &e);
    }
    assert_int_equal(rc, ERR_IO);
    assert_non_null(strstr(e.msg, "050.txt"));
    assert_non_null(strstr(e.msg, "changed"));
    str_free(&text);
    corpus_free(c);
}

static void text_and_ids_do_not_mix(void **state)
{
    (void)state;
    make_folder("mix");
    put("mix/a.jsonl", "{\"input_ids\": [1, 2]}\n", 0);
    put("mix/b.txt", "one\n\ntwo\n", 0);
    expect_refused("mix", ERR_FORMAT, "b.txt: found text, expected token ids as in");
}

/* A size that is refused is refused at once: nothing of the file is read before. */
static void a_grammar_of_a_terabyte(void **state)
{
    (void)state;
    char path[256];
    put("huge.grammar.json", "{}", 2);
    (void)snprintf(path, sizeof path, "%s/huge.grammar.json", dir);
    if (truncate(path, (off_t)1 << 40) != 0) {
        skip(); /* more than this file system's files may have */
    }
    expect_refused("huge.grammar.json", ERR_LIMIT, "huge.grammar.json: ");
    assert_int_equal(unlink(path), 0);
}

/* ---- columns and keys ---- */

static void a_column_by_name_or_number(void **state)
{
    (void)state;
    put("t.csv", "id,body,title\r\n1,\"one\n\"\"uno\"\"\",x\r\n\r\n2,,y\r\n3,three,z",
        0);
    struct corpus *c = open_spec("t.csv#body");
    expect_docs(c, "one\n\"uno\"|three");
    const uint64_t hash = corpus_hash(c);
    corpus_free(c);
    c = open_spec("t.csv#2");
    expect_docs(c, "one\n\"uno\"|three");
    assert_non_null(
        strstr(corpus_remarks(c)->line[0], "row 1 is its header, not text"));
    corpus_free(c);
    c = open_spec("t.csv#title");
    expect_docs(c, "x|y|z");
    assert_true(corpus_hash(c) != hash);
    corpus_free(c);
    expect_refused("t.csv", ERR_FORMAT, "it has id, body, title; name one: ");
    expect_refused("t.csv#4", ERR_FORMAT, "no column 4; it has 3");
    expect_refused("t.csv#0", ERR_FORMAT, "no column 0; it has 3");
    put("cr.csv", "a,text\r1,one\r2,two\r", 0);
    c = open_spec("cr.csv");
    expect_docs(c, "one|two");
    corpus_free(c);
    put("bad.csv", "a,text\n1,one\n2,two,3\n", 0);
    expect_refused("bad.csv", ERR_FORMAT, "row 3: found more than 2 fields");
    put("open.csv", "a,text\n1,\"one\n", 0);
    expect_refused("open.csv", ERR_FORMAT,
                   "row 2: found the end of the file in a quoted");
    put("k.txt", "one\n\ntwo\n", 0);
    expect_refused("k.txt#body", ERR_USAGE, "found \"#body\", but only");
}

static void a_key_of_json_lines(void **state)
{
    (void)state;
    put("t.jsonl",
        "{\"content\": \"one\", \"ids\": [7]}\n{\"content\": \"two\", \"ids\": [8, 9]}\n",
        0);
    struct corpus *c = open_spec("t.jsonl#content");
    expect_docs(c, "one|two");
    corpus_free(c);
    c = open_spec("t.jsonl#ids");
    expect_ids(c, CORPUS_HELDOUT, 0, (const int32_t[]){8, 9}, 2);
    corpus_free(c);
    expect_refused("t.jsonl", ERR_FORMAT, "name another key: FILE#KEY");
    expect_refused("t.jsonl#nothing", ERR_FORMAT, "line 1: expected nothing");
}

/* ---- ids in binary form ---- */

static void put_npy(const char *name, const char *descr, const char *shape,
                    const void *data, size_t len)
{
    char head[128], text[100];
    uint8_t file[8192];
    const int n = snprintf(text, sizeof text,
                           "{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n",
                           descr, shape);
    (void)snprintf(head, sizeof head, "%s", text);
    memcpy(file, "\x93NUMPY\x01\x00", 8);
    file[8] = (uint8_t)n;
    file[9] = 0;
    memcpy(file + 10, head, (size_t)n);
    memcpy(file + 10 + n, data, len);
    put(name, (const char *)file, 10 + (size_t)n + len);
}

static void ids_of_npy(void **state)
{
    (void)state;
    const uint16_t two[] = {1, 2, 3, 4, 5, 65535};
    put_npy("a.npy", "<u2", "(2, 3)", two, sizeof two);
    struct corpus *c = open_spec("a.npy");
    size_t line = 0;
    expect_ids(c, CORPUS_TRAIN, 0, (const int32_t[]){1, 2, 3}, 3);
    expect_ids(c, CORPUS_HELDOUT, 0, (const int32_t[]){4, 5, 65535}, 3);
    assert_int_equal(corpus_max_id(c, &line), 65535);
    corpus_free(c);
    /* 32 bits: beyond 65,535 too, and of one dimension. */
    const uint32_t wide[] = {1, 262143, 70000, 4, 5, 65536};
    put_npy("wide.npy", "<u4", "(3, 2)", wide, sizeof wide);
    c = open_spec("wide.npy");
    assert_int_equal(corpus_count(c, CORPUS_TRAIN) + corpus_count(c, CORPUS_HELDOUT),
                     3);
    expect_ids(c, CORPUS_TRAIN, 0, (const int32_t[]){1, 262143}, 2);
    expect_ids(c, CORPUS_HELDOUT, 0, (const int32_t[]){5, 65536}, 2);
    assert_int_equal(corpus_max_id(c, &line), 262143);
    corpus_free(c);
    uint32_t many[1026];
    for (uint32_t i = 0; i < 1026; i++) {
        many[i] = i * 200;
    }
    put_npy("line.npy", "<u4", "(1026,)", many, sizeof many);
    c = open_spec("line.npy");
    expect_ids(c, CORPUS_HELDOUT, 0, (const int32_t[]){1024 * 200, 1025 * 200}, 2);
    assert_non_null(strstr(corpus_remarks(c)->line[0], "without ends of documents"));
    corpus_free(c);
    const uint32_t huge[] = {1, UINT32_MAX};
    put_npy("huge32.npy", "<u4", "(2,)", huge, sizeof huge);
    expect_refused("huge32.npy", ERR_FORMAT,
                   "element 1: found 4294967295, expected a token id");
    put_npy("cut32.npy", "<u4", "(6,)", wide, sizeof wide - 1);
    expect_refused("cut32.npy", ERR_FORMAT,
                   "found 23 bytes of ids, expected 24: it is cut");
    put_npy("cut.npy", "<u2", "(2, 4)", two, sizeof two);
    expect_refused("cut.npy", ERR_FORMAT, "cut");
    put_npy("f.npy", "<f4", "(3,)", two, sizeof two);
    expect_refused("f.npy", ERR_FORMAT, "found F32 of shape [3], expected token ids");
    put_npy("huge.npy", "<u2", "(4611686018427387904, 4)", two, sizeof two);
    expect_refused("huge.npy", ERR_LIMIT, "huge.npy");
    const int32_t minus[] = {1, -2};
    put_npy("m.npy", "<i4", "(2,)", minus, sizeof minus);
    expect_refused("m.npy", ERR_FORMAT, "element 1: found -2, expected a token id");
}

static void ids_of_bin(void **state)
{
    (void)state;
    uint16_t ids[1500];
    int32_t want[476];
    size_t line = 0;
    for (int i = 0; i < 1500; i++) {
        ids[i] = (uint16_t)(i * 7);
    }
    for (int i = 0; i < 476; i++) {
        want[i] = (i + 1024) * 7;
    }
    put("t.bin", (const char *)ids, sizeof ids);
    struct corpus *c = open_spec("t.bin");
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 1);
    expect_ids(c, CORPUS_HELDOUT, 0, want, 476);
    assert_non_null(strstr(corpus_remarks(c)->line[0], "without ends of documents"));
    corpus_free(c);
    uint32_t wide[1500];
    for (int i = 0; i < 1500; i++) {
        wide[i] = (uint32_t)i * 70;
    }
    for (int i = 0; i < 476; i++) {
        want[i] = (i + 1024) * 70;
    }
    put("wide.bin", (const char *)wide, sizeof wide);
    c = open_spec("wide.bin#uint32");
    expect_ids(c, CORPUS_HELDOUT, 0, want, 476);
    corpus_free(c);
    assert_int_equal(corpus_max_id(c = open_spec("wide.bin#uint32"), &line), 1499 * 70);
    corpus_free(c);
    /* Nobody has to know: as 16 bits they are refused, unless that is said. */
    expect_refused("wide.bin", ERR_FORMAT,
                   "if they are ids of 32 bits name it FILE#uint32, else FILE#uint16");
    corpus_free(open_spec("wide.bin#uint16"));
    put("wideodd.bin", (const char *)wide, 1026);
    expect_refused("wideodd.bin#uint32", ERR_FORMAT,
                   "found 1026 bytes, expected token ids of 4 each");
    wide[9] = UINT32_MAX;
    put("huge.bin", (const char *)wide, sizeof wide);
    expect_refused("huge.bin#uint32", ERR_FORMAT,
                   "element 9: found 4294967295, expected a token id");
    put("odd.bin", (const char *)ids, 3);
    expect_refused("odd.bin", ERR_FORMAT,
                   "found 3 bytes, expected token ids of 2 each");
    expect_refused("t.bin#int64", ERR_USAGE, "expected #uint16 or #uint32");
}

/* ---- what is met and not read ---- */

/* The whole line, which a shell takes as it stands. */
static void expect_way(const char *name, const char *before, const char *after)
{
    char line[1024], path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    (void)snprintf(line, sizeof line,
                   "files are not read; convert it: %s%s%s%s.jsonl'%s", before, path,
                   "').to_json('", path, after);
    expect_refused(name, ERR_USAGE, line);
}

static void other_forms_name_the_way(void **state)
{
    (void)state;
    static const char *const commands[][2] = {
        {".feather", "pandas.read_feather('"},
        {".tsv", "pandas.read_csv('"},
        {".json", "jq -c '.[]' "},
        {".zst", "zstd -d "},
        {".bz2", "bunzip2 -k "},
        {".xz", "unxz -k "},
        {".zip", "unzip "},
    };
    put("t.parquet", "PAR1", 4);
    expect_way("t.parquet", "python3 -c \"import pandas; pandas.read_parquet('",
               ", orient='records', lines=True)\"");
    put("t.arrow", "ARROW1", 6);
    expect_way("t.arrow", "python3 -c \"import datasets; datasets.Dataset.from_file('",
               ")\"");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char name[32], says[400];
        (void)snprintf(name, sizeof name, "o%s", commands[i][0]);
        (void)snprintf(says, sizeof says, "%s%s/%s", commands[i][1], dir, name);
        put(name, "[]", 2);
        expect_refused(name, ERR_USAGE, says);
    }
    put("o'k.json", "[]", 0);
    expect_refused("o'k.json", ERR_USAGE, "convert it (IN): jq -c '.[]' IN > IN.jsonl");
    put("t.doc", "x", 1);
    expect_refused("t.doc", ERR_USAGE, "expected a corpus file ending in .txt, ");

    /* A command is whole, however long the path is, and named by the setting too. */
    char name[180];
    (void)snprintf(name, sizeof name, "%0160d.parquet", 7);
    put(name, "PAR1", 4);
    expect_refused(
        name, ERR_USAGE,
        "convert it (IN): python3 -c \"import pandas; pandas.read_parquet('IN')"
        ".to_json('IN.jsonl', orient='records', lines=True)\"");
}

/* A folder or a pattern without text names the file that holds it, whatever else there
 * is; as datasets' save_to_disk and hub downloads are laid out. */
static void folders_of_other_forms_name_the_way(void **state)
{
    (void)state;
    make_folder("saved");
    put("saved/state.json", "{}", 2);
    put("saved/dataset_info.json", "{}", 2);
    put("saved/picture.png", "x", 1);
    put("saved/data-00001-of-00002.arrow", "ARROW1", 6);
    put("saved/data-00000-of-00002.arrow", "ARROW1", 6);
    expect_refused("saved", ERR_FORMAT, "found no text: ");
    expect_refused("saved", ERR_FORMAT, "Dataset.from_file('");
    expect_refused("saved", ERR_FORMAT, "/saved/data-00000-of-00002.arrow.jsonl')\"");
    make_folder("hub");
    put("hub/train.parquet", "PAR1", 4);
    expect_refused("hub/*.parquet", ERR_FORMAT, "/hub/train.parquet').to_json('");
    put("hub/train.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n", 32);
    struct corpus *c = open_spec("hub");
    expect_docs(c, "one|two");
    corpus_free(c);
}

/* What is looked at in pieces is seen whole where two of them meet. */
static void pieces_of_a_large_file(void **state)
{
    (void)state;
    static const char *const across[] = {"\n<|endoftext|>\n", "\n\n\xC3\xA9\n\n"};
    static const char *const says[] = {"1 <|endoftext|>, not at blank lines", NULL};
    const size_t len = CORPUS_BITE + 4096;
    char *text = mem_alloc(len, 1);
    assert_non_null(text);
    for (size_t i = 0; i < 2; i++) {
        for (size_t at = 0; at < len; at++) {
            text[at] = at % 512 == 510 || at % 512 == 511 ? '\n' : at % 8 ? 'w' : ' ';
        }
        /* Its middle is at the border. */
        memcpy(text + CORPUS_BITE - strlen(across[i]) / 2, across[i],
               strlen(across[i]));
        put("large.txt", text, len);
        struct corpus *c = open_spec("large.txt");
        const struct remarks *r = corpus_remarks(c);
        bool found = says[i] == NULL && r->n == 0;
        for (size_t k = 0; k < r->n; k++) {
            found = found || (says[i] && strstr(r->line[k], says[i]));
        }
        assert_true(found);
        corpus_free(c);
    }
    mem_free(text);
}

/* Opening ends where it is asked to, in each form of a text. */
static void opening_is_left(void **state)
{
    (void)state;
    static const char text[] = "one\n\ntwo\n\nthree\n";
    static const char table[] = "text\none\ntwo\n";
    static const char lines[] = "{\"text\": \"one\"}\n{\"text\": \"two\"}\n";
    static const char *const names[] = {"l.txt", "l.csv", "l.jsonl", "l.txt.gz",
                                        "l.bin"};
    char ids[4 * CORPUS_IDS]; /* two documents of 16 bits each */
    atomic_bool asked;
    put("l.txt", text, sizeof text - 1);
    put("l.csv", table, sizeof table - 1);
    put("l.jsonl", lines, sizeof lines - 1);
    put_packed("l.txt.gz", text);
    memset(ids, 1, sizeof ids);
    put("l.bin", ids, sizeof ids);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        struct errinfo e = {OK, ""};
        struct corpus *c = NULL;
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        atomic_init(&asked, true);
        check_error(corpus_open(path, 1, &asked, &c, &e), ERR_CANCELLED, &e,
                    "cancelled");
        assert_null(c);
        atomic_store(&asked, false);
        assert_ok(corpus_open(path, 1, &asked, &c, &e), &e);
        corpus_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_is_the_same_text),
        cmocka_unit_test(damaged_packed_files),
        cmocka_unit_test(a_folder_in_the_order_of_its_paths),
        cmocka_unit_test(files_without_text),
        cmocka_unit_test(a_pattern),
        cmocka_unit_test(many_files),
        cmocka_unit_test(text_and_ids_do_not_mix),
        cmocka_unit_test(a_grammar_of_a_terabyte),
        cmocka_unit_test(a_column_by_name_or_number),
        cmocka_unit_test(a_key_of_json_lines),
        cmocka_unit_test(ids_of_npy),
        cmocka_unit_test(ids_of_bin),
        cmocka_unit_test(other_forms_name_the_way),
        cmocka_unit_test(folders_of_other_forms_name_the_way),
        cmocka_unit_test(pieces_of_a_large_file),
        cmocka_unit_test(opening_is_left),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
