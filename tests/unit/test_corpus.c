/* Corpora: every format, splits, reading order, bad files. */
#include "base/hash.h"
#include "story/grammar.h"
#include "text/corpus.h"
#include "text_fixture.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    fixture_mkdir(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_rmdir(dir);
    return 0;
}

static struct corpus *open_text(const char *name, const char *text, size_t len)
{
    char path[256];
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    fixture_file(path, dir, name, text, len);
    if (corpus_open(path, 1, NULL, &c, &e) != OK) {
        fail_msg("%s", e.msg);
    }
    return c;
}

static void expect_fault(const char *name, const char *text, size_t len, enum err code,
                         const char *says)
{
    char path[256];
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    fixture_file(path, dir, name, text, len);
    const enum err rc = corpus_open(path, 1, NULL, &c, &e);
    if (rc != code || !strstr(e.msg, says) || !strstr(e.msg, name)) {
        fail_msg("%s: %d \"%s\", expected \"%s\"", name, (int)rc, e.msg, says);
    }
    assert_null(c);
}

static char *doc(const struct corpus *c, enum corpus_split split, uint64_t i,
                 size_t *len)
{
    struct str s;
    struct errinfo e = {OK, ""};
    str_init(&s, 64u << 20);
    if (corpus_doc(c, split, i, &s, &e) != OK) {
        fail_msg("%s", e.msg);
    }
    if (len) {
        *len = s.len;
    }
    char *text = str_take(&s);
    assert_non_null(text);
    return text;
}

static void expect_doc(const struct corpus *c, enum corpus_split split, uint64_t i,
                       const char *want)
{
    char *text = doc(c, split, i, NULL);
    assert_string_equal(text, want);
    mem_free(text);
}

static void expect_remark(const struct corpus *c, size_t i, const char *says)
{
    const struct remarks *r = corpus_remarks(c);
    const char *line = i < r->n ? r->line[i] : "(none)";
    if (!strstr(line, says)) {
        fail_msg("remark %zu: \"%s\", expected \"%s\"", i, line, says);
    }
}

/* ---- plain text ---- */

static void blank_lines_part_documents(void **state)
{
    (void)state;
    struct corpus *c = open_text("a.txt",
                                 "\xEF\xBB\xBF\n\none\ntwo\r\n \t\r\n\r\nthree\n\n\n\n"
                                 "  four\nfive  \n\nlast",
                                 0);
    assert_true(corpus_is_finite(c));
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 3);
    assert_int_equal(corpus_count(c, CORPUS_HELDOUT), 1);
    expect_doc(c, CORPUS_TRAIN, 0, "one\ntwo");
    expect_doc(c, CORPUS_TRAIN, 1, "three");
    expect_doc(c, CORPUS_TRAIN, 2, "  four\nfive");
    expect_doc(c, CORPUS_TRAIN, 3, "one\ntwo"); /* modulo */
    expect_doc(c, CORPUS_HELDOUT, 0, "last");
    assert_string_equal(corpus_register(c), "");
    assert_null(corpus_grammar(c));
    corpus_free(c);
}

/* All bytes but white space, over both splits in file order of the pieces' starts. */
static size_t count_ink(const char *s, size_t n)
{
    size_t ink = 0;
    for (size_t i = 0; i < n; i++) {
        ink += !(s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r'));
    }
    return ink;
}

static void text_without_blank_lines(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 1u << 24);
    for (int i = 0; i < 40000; i++) {
        str_addf(&s, "word%d%s", i, i % 11 == 10 ? "\n" : " ");
    }
    struct corpus *c = open_text("book", s.p, s.len); /* no ending: plain text */
    const uint64_t n = corpus_count(c, CORPUS_TRAIN) + corpus_count(c, CORPUS_HELDOUT);
    assert_true(n >= s.len / 4096 && n <= s.len / 2048 + 1);
    size_t ink = 0;
    for (int split = 0; split < 2; split++) {
        for (uint64_t i = 0; i < corpus_count(c, (enum corpus_split)split); i++) {
            size_t len = 0;
            char *text = doc(c, (enum corpus_split)split, i, &len);
            assert_true(len > 0 && len <= 4096);
            assert_memory_equal(text, "word", 4); /* begins with a whole word */
            ink += count_ink(text, len);
            mem_free(text);
        }
    }
    assert_int_equal(ink, count_ink(s.p, s.len));
    corpus_free(c);
    /* Nowhere to cut: between characters, not within one. */
    str_clear(&s);
    for (int i = 0; i < 30000; i++) {
        str_add(&s, "\xE2\x82\xAC");
    }
    c = open_text("euro.txt", s.p, s.len);
    for (uint64_t i = 0; i < corpus_count(c, CORPUS_TRAIN); i++) {
        size_t len = 0;
        char *text = doc(c, CORPUS_TRAIN, i, &len);
        assert_int_equal(len % 3, 0);
        mem_free(text);
    }
    corpus_free(c);
    str_free(&s);
}

static void odd_bytes_are_text(void **state)
{
    (void)state;
    struct corpus *c = open_text("odd.txt", "a\0b\xFF\xC3\n\nsecond\0", 14);
    size_t len = 0;
    char *text = doc(c, CORPUS_TRAIN, 0, &len);
    assert_int_equal(len, 5);
    assert_memory_equal(text, "a\0b\xFF\xC3", 5);
    mem_free(text);
    corpus_free(c);
}

static void short_text_is_cut(void **state)
{
    (void)state;
    struct corpus *c = open_text("short.txt", "only a few words here", 0);
    expect_remark(c, 0,
                  "short.txt: very little text: one document, cut into 5 at word ends");
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 4);
    expect_doc(c, CORPUS_TRAIN, 0, "only");
    expect_doc(c, CORPUS_HELDOUT, 0, "here");
    corpus_free(c);

    c = open_text("lines.txt", "The dog ran. It was late.\nA cat sat.\r\nThe end.\n",
                  0);
    expect_remark(c, 0,
                  "lines.txt: very little text: one document, cut into 3 at line ends");
    expect_doc(c, CORPUS_TRAIN, 0, "The dog ran. It was late.");
    expect_doc(c, CORPUS_TRAIN, 1, "A cat sat.");
    expect_doc(c, CORPUS_HELDOUT, 0, "The end.");
    corpus_free(c);

    c = open_text("tale.txt", "He said \"Go!\" and 3.5 went. (All of it?) Yes", 0);
    expect_remark(
        c, 0, "tale.txt: very little text: one document, cut into 4 at sentence ends");
    expect_doc(c, CORPUS_TRAIN, 0, "He said \"Go!\"");
    expect_doc(c, CORPUS_TRAIN, 1, "and 3.5 went.");
    expect_doc(c, CORPUS_TRAIN, 2, "(All of it?)");
    expect_doc(c, CORPUS_HELDOUT, 0, "Yes");
    corpus_free(c);

    c = open_text("word.txt", "longword", 0); /* nowhere else to cut */
    expect_remark(
        c, 0, "word.txt: very little text: one document, cut into 8 of at most 1 byte");
    corpus_free(c);
}

/* Many short lines go together, up to a twentieth of the text; nothing is lost. */
static void short_lines_are_grouped(void **state)
{
    (void)state;
    struct str s;
    str_init(&s, 1u << 20);
    for (int i = 0; i < 200; i++) {
        str_addf(&s, "line %03d of it.\n", i);
    }
    struct corpus *c = open_text("many.txt", s.p, s.len);
    const uint64_t n = corpus_count(c, CORPUS_TRAIN) + corpus_count(c, CORPUS_HELDOUT);
    assert_int_equal(n, 23);
    size_t ink = 0;
    for (int split = 0; split < 2; split++) {
        for (uint64_t i = 0; i < corpus_count(c, (enum corpus_split)split); i++) {
            size_t len = 0;
            char *text = doc(c, (enum corpus_split)split, i, &len);
            assert_memory_equal(text, "line ", 5);
            assert_int_equal(text[len - 1], '.');
            ink += count_ink(text, len);
            mem_free(text);
        }
    }
    assert_int_equal(ink, count_ink(s.p, s.len));
    corpus_free(c);
    str_free(&s);
}

/* ---- tables and lines ---- */

/* On lines of their own they part documents, and blank lines do not. */
static void markers_alone_part_documents(void **state)
{
    (void)state;
    struct corpus *c = open_text("stories.txt",
                                 "One.\n\nTwo.\n<|endoftext|>\n\n  Three.\n"
                                 "<|endoftext|> \r\nFour.<|eos|>Five.\n<|endoftext|>",
                                 0);
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 3);
    expect_doc(c, CORPUS_TRAIN, 0, "One.\n\nTwo.");
    expect_doc(c, CORPUS_TRAIN, 1, "  Three.");
    expect_doc(c, CORPUS_TRAIN, 2, "Four.");
    expect_doc(c, CORPUS_HELDOUT, 0, "Five.");
    expect_remark(c, 0,
                  "stories.txt: documents end at markers: 3 <|endoftext|>, 1 <|eos|>, "
                  "not at blank lines");
    assert_int_equal(corpus_remarks(c)->n, 1);
    corpus_free(c);
}

static void markers_within_lines(void **state)
{
    (void)state;
    struct corpus *c =
        open_text("a.txt", "one<|endoftext|>two\n\nthree </s> <p>\n\nfour <", 0);
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 3);
    expect_doc(c, CORPUS_TRAIN, 1, "two");
    expect_doc(c, CORPUS_TRAIN, 2, "three </s> <p>");
    expect_remark(c, 0, "1 <|endoftext|>, and at blank lines");
    expect_remark(c, 1, "markers are read as plain text: 1 </s>;");
    corpus_free(c);
    c = open_text("a.jsonl", "{\"text\": \"a<|endoftext|>b\"}\n{\"text\": \"c\"}", 0);
    expect_doc(c, CORPUS_TRAIN, 0, "a<|endoftext|>b");
    expect_remark(c, 0, "a.jsonl: markers are read as plain text: 1 <|endoftext|>");
    corpus_free(c);
    c = open_text("plain.txt", "a < b <| c\n\nd", 0);
    assert_int_equal(corpus_remarks(c)->n, 0);
    corpus_free(c);
}

static void bytes_that_are_no_utf8_are_counted(void **state)
{
    (void)state;
    struct corpus *c = open_text("l1.txt", "caf\xC3\xA9\ncaf\xE9 na\xEFve\n\nb", 0);
    expect_remark(c, 0, "l1.txt: 2 bytes are not UTF-8 (first at byte 10, line 2)");
    expect_remark(c, 0, "iconv -f latin1");
    assert_int_equal(corpus_remarks(c)->n, 1);
    corpus_free(c);
    c = open_text("l1.csv", "text\na\n\xE9\nb\n", 0);
    expect_remark(c, 0, "l1.csv: 1 byte is not UTF-8 (first at row 3)");
    corpus_free(c);
}

static void csv_and_jsonl(void **state)
{
    (void)state;
    struct corpus *c = open_text(
        "t.csv", "id,text\n1,\"one, \"\"two\"\"\nthree\"\n2,\n3,four\n4,five\n", 0);
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 2); /* the empty one is left out */
    expect_doc(c, CORPUS_TRAIN, 0, "one, \"two\"\nthree");
    expect_doc(c, CORPUS_TRAIN, 1, "four");
    expect_doc(c, CORPUS_HELDOUT, 0, "five");
    corpus_free(c);

    c = open_text("t.jsonl",
                  "{\"text\": \"a\\nb \\u20ac\"}\r\n\n{\"text\": \"\"}\n"
                  "{\"meta\": 3, \"text\": \"c\"}\n{\"text\": \"d\"}",
                  0);
    expect_doc(c, CORPUS_TRAIN, 0, "a\nb \xE2\x82\xAC");
    expect_doc(c, CORPUS_TRAIN, 1, "c");
    expect_doc(c, CORPUS_HELDOUT, 0, "d");
    struct tok_ids ids = {0};
    struct errinfo e = {OK, ""};
    assert_int_equal(corpus_doc_ids(c, CORPUS_TRAIN, 0, &ids, &e), ERR_USAGE);
    size_t line = 0;
    assert_int_equal(corpus_max_id(c, &line), -1);
    corpus_free(c);

    c = open_text("ids.jsonl",
                  "{\"input_ids\": [5, 0, 7]}\n{\"input_ids\": [1, 900]}\n"
                  "{\"input_ids\": []}\n{\"input_ids\": [2]}\n",
                  0);
    assert_true(corpus_has_ids(c));
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 2);
    assert_int_equal(corpus_max_id(c, &line), 900);
    assert_int_equal(line, 2);
    assert_int_equal(corpus_doc_ids(c, CORPUS_TRAIN, 0, &ids, &e), OK);
    assert_int_equal(ids.n, 3);
    assert_int_equal(ids.p[1], 0);
    assert_int_equal(corpus_doc_ids(c, CORPUS_HELDOUT, 0, &ids, &e), OK);
    assert_int_equal(ids.n, 1);
    struct str s;
    str_init(&s, 100);
    assert_int_equal(corpus_doc(c, CORPUS_TRAIN, 0, &s, &e), ERR_USAGE);
    str_free(&s);
    tok_ids_free(&ids);
    corpus_free(c);
}

/* A NUL in a text is one of its bytes; elsewhere no text is looked for behind one. */
static void nul_in_jsonl_is_kept(void **state)
{
    (void)state;
    const char text[] = "{\"text\": \"dog \\u0000 ran\"}\n"
                        "{\"text\": \"\\u0000\"}\n"
                        "{\"text\": \"a\0b\", \"k\\u0000\": 1}\n"
                        "{\"text\": \"\\\\u0000\"}\n";
    struct corpus *c = open_text("nul.jsonl", text, sizeof text - 1);
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 3);
    size_t len = 0;
    char *first = doc(c, CORPUS_TRAIN, 0, &len);
    assert_int_equal(len, 9);
    assert_memory_equal(first, "dog \0 ran", 9);
    mem_free(first);
    char *only = doc(c, CORPUS_TRAIN, 1, &len);
    assert_int_equal(len, 1);
    assert_memory_equal(only, "\0", 1);
    mem_free(only);
    char *raw = doc(c, CORPUS_TRAIN, 2, &len);
    assert_int_equal(len, 3);
    assert_memory_equal(raw, "a\0b", 3);
    mem_free(raw);
    expect_doc(c, CORPUS_HELDOUT, 0, "\\u0000");
    corpus_free(c);
    /* Raw ones in plain text, too, unless they make it a binary file. */
    struct str s;
    str_init(&s, 1u << 16);
    for (int i = 0; i < 40; i++) {
        str_addn(&s, "a dog \0 ran far away\n\n", 22);
    }
    c = open_text("nul.txt", s.p, s.len);
    assert_int_equal(corpus_count(c, CORPUS_TRAIN), 37);
    corpus_free(c);
    str_addc(&s, '\xE9');
    expect_fault("nul.bin.txt", s.p, s.len, ERR_FORMAT, "found a binary file");
    str_free(&s);
    /* A picture or archive has few zeros; a text in another encoding has no control
     * bytes, and is only remarked on. */
    uint8_t packed[6000];
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof packed; i++) {
        x = x * 1664525u + 1013904223u;
        packed[i] = (uint8_t)(x >> 24 ? x >> 24 : 1);
    }
    expect_fault("photo.txt", (const char *)packed, sizeof packed, ERR_FORMAT,
                 "found a binary file");
    for (size_t i = 0; i < sizeof packed; i++) {
        packed[i] = i % 80 == 79 ? '\n' : (uint8_t)(0xE0 + i % 20);
    }
    c = open_text("koi8.txt", (const char *)packed, sizeof packed);
    corpus_free(c);
    expect_fault("nul.csv", "text\na\nb\0c\n", 11, ERR_FORMAT, "row 3: found a NUL");
}

static void bad_files(void **state)
{
    (void)state;
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    assert_int_equal(corpus_open("/nonexistent/book.txt", 1, NULL, &c, &e),
                     ERR_MISSING);
    assert_non_null(strstr(e.msg, "/nonexistent/book.txt"));
    assert_int_equal(corpus_open("", 1, NULL, &c, &e), ERR_MISSING);

    expect_fault("empty.txt", "x", 1, ERR_FORMAT, "expected at least 2");
    expect_fault("blank.txt", " \n\t\n\r\n", 0, ERR_FORMAT, "found 0 documents");
    expect_fault("wide.txt", "\xFF\xFEh\0i\0", 6, ERR_FORMAT, "UTF-16");
    static const char program[64] = "\x7F"
                                    "ELF\x02\x01\x01";
    expect_fault("program", program, sizeof program, ERR_FORMAT, "binary file");
    expect_fault("b.pdf", "%PDF-1.4", 0, ERR_USAGE,
                 "expected a corpus file ending in .txt");
    expect_fault("b.yaml", "{}", 0, ERR_USAGE, ".grammar.json");
    expect_fault("no.csv", "id,body\n1,x\n2,y\n", 0, ERR_FORMAT, "text");
    expect_fault("one.csv", "text\nonly\n", 0, ERR_FORMAT,
                 "found 1 document with text");
    expect_fault("cut.jsonl", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n{\"text\": \"tru",
                 0, ERR_FORMAT, "cut.jsonl: line 3, column 11: found \"tru\"");
    expect_fault("arr.jsonl", "{\"text\": \"a\"}\n[1, 2]\n", 0, ERR_FORMAT,
                 "line 2: expected an object");
    expect_fault("none.jsonl", "{\"text\": \"a\"}\n\n{\"body\": \"b\"}\n", 0,
                 ERR_FORMAT, "line 3: expected text");
    expect_fault("mix.jsonl", "{\"text\": \"a\"}\n{\"input_ids\": [1]}\n", 0,
                 ERR_FORMAT, "line 2: found input_ids");
    expect_fault("neg.jsonl", "{\"input_ids\": [1]}\n{\"input_ids\": [3, -1]}\n", 0,
                 ERR_FORMAT, "line 2: input_ids[1]");
    expect_fault("frac.jsonl", "{\"input_ids\": [1.5]}\n", 0, ERR_FORMAT,
                 "input_ids[0]");
    expect_fault("big.jsonl", "{\"input_ids\": [1e300]}\n", 0, ERR_FORMAT,
                 "input_ids[0]");
    expect_fault("g.grammar.json", "{\"nothing\": 1}", 0, ERR_FORMAT, "g.grammar.json");

    /* A file of no bytes at all. */
    char path[256];
    assert_int_equal(path_join(path, sizeof path, dir, "zero.txt", &e), OK);
    fclose(fopen(path, "wb"));
    assert_int_equal(corpus_open(path, 1, NULL, &c, &e), ERR_FORMAT);
    assert_non_null(strstr(e.msg, "empty"));

    fixture_file(path, dir, "plain.txt", "a\n\nb\n", 0);
    strcat(path, "#tales");
    assert_int_equal(corpus_open(path, 1, NULL, &c, &e), ERR_USAGE);
    assert_non_null(strstr(e.msg, "only a grammar"));
    assert_null(c);
    /* A name that has a # in it is a name. */
    c = open_text("odd#name.txt", "a\n\nb\n", 0);
    corpus_free(c);
}

/* ---- splits and order ---- */

static struct corpus *numbered(size_t n, uint64_t seed)
{
    char path[256];
    struct str s;
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    str_init(&s, 1u << 24);
    for (size_t i = 0; i < n; i++) {
        str_addf(&s, "%zu\n\n", i);
    }
    fixture_file(path, dir, "numbered.txt", s.p, s.len);
    str_free(&s);
    assert_int_equal(corpus_open(path, seed, NULL, &c, &e), OK);
    return c;
}

static void splits_are_disjoint(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 3, 10, 39, 40, 41, 100, 5000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const size_t n = sizes[k];
        struct corpus *c = numbered(n, 1);
        struct corpus *other = numbered(n, 2);
        unsigned char *seen = mem_alloc(n, 1);
        assert_non_null(seen);
        const uint64_t held = corpus_count(c, CORPUS_HELDOUT);
        assert_int_equal(held + corpus_count(c, CORPUS_TRAIN), n);
        assert_true(held >= 1);
        if (n < 40) {
            assert_int_equal(held, 1);
        } else if (n == 5000) {
            assert_true(held > 180 && held < 320); /* 250, five deviations */
        }
        for (int split = 0; split < 2; split++) {
            for (uint64_t i = 0; i < corpus_count(c, (enum corpus_split)split); i++) {
                char *text = doc(c, (enum corpus_split)split, i, NULL);
                const size_t number = strtoul(text, NULL, 10);
                assert_true(number < n);
                assert_int_equal(seen[number], 0);
                seen[number] = 1;
                expect_doc(other, (enum corpus_split)split, i, text); /* of any seed */
                mem_free(text);
            }
        }
        mem_free(seen);
        corpus_free(c);
        corpus_free(other);
    }
}

static void order_is_a_permutation(void **state)
{
    (void)state;
    for (size_t n = 2; n < 200; n += n < 20 ? 1 : 37) {
        struct corpus *c = numbered(n, 7);
        const uint64_t m = corpus_count(c, CORPUS_TRAIN);
        for (uint64_t epoch = 0; epoch < 4; epoch++) {
            unsigned char seen[200] = {0};
            for (uint64_t i = 0; i < m; i++) {
                const uint64_t at = corpus_at(c, CORPUS_TRAIN, epoch * m + i);
                assert_true(at < m);
                assert_int_equal(seen[at], 0);
                seen[at] = 1;
            }
        }
        corpus_free(c);
    }
    struct corpus *a = numbered(1000, 1);
    struct corpus *b = numbered(1000, 2);
    const uint64_t m = corpus_count(a, CORPUS_TRAIN);
    size_t moved = 0;
    size_t differ = 0;
    size_t shifted = 0;
    for (uint64_t i = 0; i < m; i++) {
        moved += corpus_at(a, CORPUS_TRAIN, i) != corpus_at(a, CORPUS_TRAIN, m + i);
        differ += corpus_at(a, CORPUS_TRAIN, i) != corpus_at(b, CORPUS_TRAIN, i);
        shifted += corpus_at(a, CORPUS_TRAIN, i) != i;
        assert_int_equal(corpus_at(a, CORPUS_HELDOUT, i),
                         corpus_at(b, CORPUS_HELDOUT, i));
    }
    assert_true(moved > m * 9 / 10);
    assert_true(differ > m * 9 / 10);
    assert_true(shifted > m * 9 / 10);
    corpus_free(a);
    corpus_free(b);
}

/* ---- files that change while they are in use ---- */

/* A text of `n` documents under the tests' folder, written in place. */
static void many_documents(char path[256], const char *name, size_t n)
{
    struct errinfo e;
    assert_ok(path_join(path, 256, dir, name, &e), &e);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (size_t i = 0; i < n; i++) {
        fprintf(f,
                strstr(name, ".jsonl") ? "{\"text\": \"document %zu\"}\n"
                                       : "document %zu\n\n",
                i);
    }
    assert_int_equal(fclose(f), 0);
}

/* Every document, in turn: the first error, OK if there is none. */
static enum err read_all(const struct corpus *c, struct errinfo *e)
{
    struct str s;
    str_init(&s, 1u << 20);
    enum err rc = OK;
    for (uint64_t i = 0; rc == OK && i < corpus_count(c, CORPUS_TRAIN); i++) {
        rc = corpus_doc(c, CORPUS_TRAIN, i, &s, e);
        if (rc == OK) {
            assert_memory_equal(s.p, "document ", 9);
        }
    }
    str_free(&s);
    return rc;
}

static void write_at(const char *path, int64_t at, const char *text)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void cut_or_changed(void **state)
{
    (void)state;
    static const char *const names[] = {"cut.txt", "cut.jsonl"};
    for (size_t i = 0; i < 2; i++) {
        char path[256];
        struct errinfo e = {OK, ""};
        struct corpus *c = NULL;
        many_documents(path, names[i], 20000);
        assert_ok(corpus_open(path, 1, NULL, &c, &e), &e);
        const int64_t size = file_size(path);
        assert_ok(read_all(c, &e), &e);
        write_at(path, size, "\nmore text at the end\n"); /* does no harm */
        assert_ok(read_all(c, &e), &e);
        assert_int_equal(truncate(path, size / 2), 0);
        check_error(read_all(c, &e), ERR_IO, &e, "it was cut short while in use");
        assert_non_null(strstr(e.msg, names[i]));
        many_documents(path, names[i], 20000); /* the same bytes are there again */
        assert_ok(read_all(c, &e), &e);
        write_at(path, size / 2, "???????????????");
        check_error(read_all(c, &e), ERR_IO, &e, "changed since the file was opened");
        assert_non_null(strstr(e.msg, names[i]));
        assert_int_equal(truncate(path, 0), 0);
        check_error(read_all(c, &e), ERR_IO, &e, "found 0 bytes");
        corpus_free(c);
    }
}

/* A file that is too long to be copied when it is opened gives the same documents. */
static void a_long_file(void **state)
{
    (void)state;
    char path[256];
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    many_documents(path, "long.txt", 4000000);
    assert_true(file_size(path) > (int64_t)64 << 20);
    assert_ok(corpus_open(path, 1, NULL, &c, &e), &e);
    expect_doc(c, CORPUS_TRAIN, 0, "document 0");
    const uint64_t last = corpus_count(c, CORPUS_HELDOUT) - 1;
    char *text = doc(c, CORPUS_HELDOUT, last, NULL);
    assert_true(strtol(text + 9, NULL, 10) > 3999000);
    mem_free(text);
    assert_int_equal(truncate(path, 4096), 0);
    struct str s;
    str_init(&s, 1u << 20);
    check_error(corpus_doc(c, CORPUS_HELDOUT, last, &s, &e), ERR_IO, &e, "cut short");
    expect_doc(c, CORPUS_TRAIN, 0, "document 0");
    str_free(&s);
    corpus_free(c);
    unlink(path);
}

/* ---- grammars ---- */

static struct corpus *open_story(const char *suffix, uint64_t seed, enum err want)
{
    const char *samples = getenv("SAETOP_SAMPLES");
    char path[512];
    struct errinfo e = {OK, ""};
    struct corpus *c = NULL;
    assert_non_null(samples);
    (void)snprintf(path, sizeof path, "%s/storybook.grammar.json%s", samples, suffix);
    const enum err rc = corpus_open(path, seed, NULL, &c, &e);
    if (rc != want) {
        fail_msg("%d: %s", (int)rc, e.msg);
    }
    return c;
}

static void generators(void **state)
{
    (void)state;
    struct corpus *a = open_story("", 1, OK);
    struct corpus *same = open_story("", 1, OK);
    struct corpus *b = open_story("", 2, OK);
    assert_false(corpus_is_finite(a));
    assert_int_equal(corpus_count(a, CORPUS_TRAIN), 0);
    assert_non_null(corpus_grammar(a));
    assert_string_equal(corpus_register(a),
                        grammar_register_name(corpus_grammar(a), 0));
    assert_int_equal(corpus_at(a, CORPUS_TRAIN, 123456789), 123456789);
    size_t alike = 0;
    for (uint64_t i = 0; i < 50; i++) {
        char *text = doc(a, CORPUS_TRAIN, i, NULL);
        char *held = doc(a, CORPUS_HELDOUT, i, NULL);
        char *other = doc(b, CORPUS_TRAIN, i, NULL);
        expect_doc(same, CORPUS_TRAIN, i, text);
        expect_doc(b, CORPUS_HELDOUT, i, held);
        alike += strcmp(text, held) == 0;
        alike += strcmp(text, other) == 0;
        mem_free(text);
        mem_free(held);
        mem_free(other);
    }
    assert_int_equal(alike, 0);

    const char *second = grammar_register_name(corpus_grammar(a), 1);
    char suffix[100];
    (void)snprintf(suffix, sizeof suffix, "#%s", second);
    struct corpus *ood = open_story(suffix, 1, OK);
    assert_string_equal(corpus_register(ood), second);
    assert_true(corpus_hash(ood) != corpus_hash(a));
    assert_true(corpus_hash(same) == corpus_hash(a));
    (void)open_story("#no-such-register", 1, ERR_USAGE);
    corpus_free(ood);
    corpus_free(a);
    corpus_free(b);
    corpus_free(same);
}

/* The bundled grammar with `was` replaced, opened. */
static struct corpus *open_edited(const char *was, const char *is)
{
    const char *samples = getenv("SAETOP_SAMPLES");
    char path[512];
    char *text = NULL;
    struct errinfo e = {OK, ""};
    struct str s;
    assert_non_null(samples);
    (void)snprintf(path, sizeof path, "%s/storybook.grammar.json", samples);
    assert_int_equal(file_read_text(path, (size_t)4 << 20, &text, &e), OK);
    const char *at = strstr(text, was);
    assert_non_null(at);
    str_init(&s, (size_t)8 << 20);
    str_addf(&s, "%.*s%s%s", (int)(at - text), text, is, at + strlen(was));
    struct corpus *c = open_text("edited.grammar.json", s.p, s.len);
    str_free(&s);
    mem_free(text);
    return c;
}

/* A run's record is of what shapes its text: tasks of probes do not. */
static void the_hash_is_of_the_text(void **state)
{
    (void)state;
    static const struct {
        const char *was, *is;
        bool text;
    } edits[] = {
        {"\"spurious\": [\"girl\", \"boy\"]", "\"spurious\": [\"boy\", \"girl\"]",
         false},
        {"{\"name\": \"food\", \"yes\": \"food\"},", "", false},
        {"\"rows\": {\"train\": 200", "\"rows\": {\"train\": 20", false},
        {"\"version\": 1,", "\"about\": \"A text.\",   \"version\": 1,", false},
        {"There once was {a trait}", "There was {a trait}", true},
        {"\"w\": 3", "\"w\": 4", true},
        {"\"hay\"", "\"h\\u0061y\"", false},
        {"\"hay\"", "\"grass\"", true},
        {"[\"hour\", \"honest\"]", "[\"honest\"]", true},
    };
    struct corpus *c = open_story("", 1, OK);
    char *text = doc(c, CORPUS_TRAIN, 3, NULL);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char path[512];
        uint64_t whole = 0;
        struct errinfo e = {OK, ""};
        struct corpus *other = open_edited(edits[i].was, edits[i].is);
        assert_int_equal(corpus_hash(other) != corpus_hash(c), edits[i].text);
        assert_int_equal(corpus_is(other, corpus_hash(c)), !edits[i].text);
        if (!edits[i].text) {
            expect_doc(other, CORPUS_TRAIN, 3, text);
        }
        /* The hash of earlier versions: the file's bytes and the register. */
        (void)snprintf(path, sizeof path, "%s/edited.grammar.json", dir);
        assert_int_equal(file_hash(path, &whole, &e), OK);
        whole = hash_bytes(whole, "story", 5);
        assert_true(whole != corpus_hash(other) && corpus_is(other, whole));
        assert_false(corpus_is(c, whole));
        corpus_free(other);
    }
    mem_free(text);
    corpus_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blank_lines_part_documents),
        cmocka_unit_test(text_without_blank_lines),
        cmocka_unit_test(odd_bytes_are_text),
        cmocka_unit_test(short_text_is_cut),
        cmocka_unit_test(short_lines_are_grouped),
        cmocka_unit_test(markers_alone_part_documents),
        cmocka_unit_test(markers_within_lines),
        cmocka_unit_test(bytes_that_are_no_utf8_are_counted),
        cmocka_unit_test(csv_and_jsonl),
        cmocka_unit_test(nul_in_jsonl_is_kept),
        cmocka_unit_test(bad_files),
        cmocka_unit_test(splits_are_disjoint),
        cmocka_unit_test(order_is_a_permutation),
        cmocka_unit_test(cut_or_changed),
        cmocka_unit_test(a_long_file),
        cmocka_unit_test(generators),
        cmocka_unit_test(the_hash_is_of_the_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
