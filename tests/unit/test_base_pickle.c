/* The pickle subset: what torch.save writes is read, all else is refused by opcode and
 * place, nothing is executed. */
#include "base/pickle.h"
#include "tiny_formats.h"

static struct blob file;

static enum err parse(const char *bytes, size_t n, struct pickle **out,
                      struct errinfo *e)
{
    return pickle_parse((const uint8_t *)bytes, n, "p", out, e);
}
#define PARSE(literal, out, e) parse("\x80\x02" literal, sizeof(literal) + 1, out, e)

static void plain_values(void **state)
{
    (void)state;
    struct errinfo e;
    struct pickle *p;
    /* [3, -2, 700, 2**33, -1, True, None, 1.5, "hé", (1, 2), {}] */
    assert_ok(PARSE("](K\x03J\xfe\xff\xff\xffM\xbc\x02\x8a\x05\0\0\0\0\x02\x8a\x01\xff"
                    "\x88NG\x3f\xf8\0\0\0\0\0\0X\x03\0\0\0h\xc3\xa9K\x01K\x02\x86}e.",
                    &p, &e),
              &e);
    static const int64_t ints[] = {3, -2, 700, 8589934592, -1, 1};
    uint32_t at = 0, item;
    assert_int_equal(pickle_kind_of(p, pickle_root(p)), PICKLE_LIST);
    for (size_t i = 0; i < 6; i++) {
        assert_true(pickle_next(p, pickle_root(p), &at, &item));
        assert_int_equal(pickle_kind_of(p, item), i == 5 ? PICKLE_BOOL : PICKLE_INT);
        assert_true(pickle_int(p, item) == ints[i]);
    }
    assert_true(pickle_next(p, pickle_root(p), &at, &item));
    assert_int_equal(pickle_kind_of(p, item), PICKLE_NONE);
    assert_true(pickle_next(p, pickle_root(p), &at, &item));
    assert_true(pickle_float(p, item) > 1.49 && pickle_float(p, item) < 1.51);
    assert_true(pickle_next(p, pickle_root(p), &at, &item));
    size_t len;
    assert_memory_equal(pickle_text(p, item, &len), "h\xc3\xa9", 3);
    assert_int_equal(len, 3);
    assert_true(pickle_next(p, pickle_root(p), &at, &item));
    uint32_t inner_at = 0, inner;
    assert_true(pickle_next(p, item, &inner_at, &inner));
    assert_true(pickle_next(p, item, &inner_at, &inner));
    assert_int_equal(pickle_int(p, inner), 2);
    assert_false(pickle_next(p, item, &inner_at, &inner));
    assert_true(pickle_next(p, pickle_root(p), &at, &item));
    assert_int_equal(pickle_kind_of(p, item), PICKLE_DICT);
    assert_false(pickle_next(p, pickle_root(p), &at, &item));
    assert_false(pickle_next(p, pickle_root(p), &at, &item));
    pickle_free(p);
}

/* A dictionary that holds itself, through the memo. */
static void cycles(void **state)
{
    (void)state;
    struct errinfo e;
    struct pickle *p;
    assert_ok(PARSE("}q\0X\x01\0\0\0ah\0s.", &p, &e), &e);
    uint32_t at = 0, item;
    assert_true(pickle_next(p, pickle_root(p), &at, &item));
    assert_true(pickle_next(p, pickle_root(p), &at, &item));
    assert_int_equal(item, pickle_root(p));
    pickle_free(p);
}

static void tensor(struct blob *b, size_t count, size_t offset, size_t rows,
                   size_t cols, size_t row_step, size_t col_step)
{
    b->n = 0;
    put_text(b, "\x80\x02"
                "ctorch._utils\n_rebuild_tensor_v2\n((");
    pickle_text_item(b, "storage");
    put_text(b, "ctorch\nBFloat16Storage\n");
    pickle_text_item(b, "12");
    pickle_text_item(b, "cuda:0");
    pickle_int_item(b, count);
    put_text(b, "tQ");
    pickle_int_item(b, offset);
    pickle_int_item(b, rows);
    pickle_int_item(b, cols);
    put_text(b, "\x86");
    pickle_int_item(b, row_step);
    pickle_int_item(b, col_step);
    put_text(b, "\x86\x89NtR.");
}

static void tensors(void **state)
{
    (void)state;
    struct errinfo e;
    struct pickle *p;
    tensor(&file, 14, 2, 3, 4, 1, 3);
    assert_ok(pickle_parse(file.p, file.n, "p", &p, &e), &e);
    assert_int_equal(pickle_kind_of(p, pickle_root(p)), PICKLE_TENSOR);
    const struct pickle_tensor *t = pickle_tensor(p, pickle_root(p));
    assert_int_equal(t->elem, ELEM_BF16);
    assert_int_equal(t->storage_len, 2);
    assert_memory_equal(t->storage, "12", 2);
    assert_int_equal(t->offset, 2);
    assert_int_equal(t->extent, 14);
    assert_int_equal(t->shape[1], 4);
    assert_int_equal(t->stride[1], 3);
    pickle_free(p);
    /* Beyond the storage by one; by far; a view that repeats one element 2^60 times. */
    tensor(&file, 13, 2, 3, 4, 1, 3);
    check_error(pickle_parse(file.p, file.n, "p", &p, &e), ERR_FORMAT, &e, "beyond");
    tensor(&file, 12, 0, 1 << 30, 1 << 30, 1 << 30, 1);
    check_error(pickle_parse(file.p, file.n, "p", &p, &e), ERR_FORMAT, &e, "beyond");
    tensor(&file, 12, 0, 1 << 30, 1 << 30, 0, 0);
    check_error(pickle_parse(file.p, file.n, "p", &p, &e), ERR_FORMAT, &e, "beyond");
}

/* Every name but those of tensors, and every opcode that would run something. */
static void refuses(void **state)
{
    (void)state;
    struct errinfo e;
    struct pickle *p;
    check_error(PARSE("cposix\nsystem\nX\x01\0\0\0a\x85R.", &p, &e), ERR_FORMAT, &e,
                "byte 2: opcode 0x63: names posix.system");
    check_error(PARSE("cbuiltins\neval\n.", &p, &e), ERR_FORMAT, &e, "builtins.eval");
    check_error(PARSE("ctorch\nload\n.", &p, &e), ERR_FORMAT, &e, "torch.load");
    check_error(PARSE("ctorch._utils\n_rebuild_tensor\n.", &p, &e), ERR_FORMAT, &e,
                "nothing was executed");
    static const char run[] = "io\x81\x92\x93\x82\x83\x84P2"
                              "0"
                              "1dlpgSVTUIFL\x8b\x8c\x8d"
                              "\x8e\x8f\x90\x91\x94\x95\x96\x97\x98";
    for (size_t i = 0; i < sizeof run - 1; i++) {
        char bytes[8] = {'\x80', 2, 'N', 'N', run[i], 'x', '\n', '.'}, opcode[32];
        snprintf(opcode, sizeof opcode, "byte 4: opcode 0x%02x", (unsigned char)run[i]);
        check_error(parse(bytes, sizeof bytes, &p, &e), ERR_FORMAT, &e, opcode);
    }
    check_error(parse("\x80\x04N.", 4, &p, &e), ERR_FORMAT, &e, "protocol 4");
    check_error(PARSE("N", &p, &e), ERR_FORMAT, &e, "STOP");
    check_error(PARSE("NN.", &p, &e), ERR_FORMAT, &e, "one value");
    check_error(PARSE("(.", &p, &e), ERR_FORMAT, &e, "stack");
    check_error(PARSE("R.", &p, &e), ERR_FORMAT, &e, "stack");
    check_error(PARSE("K\x01)R.", &p, &e), ERR_FORMAT, &e, "calls something");
    check_error(PARSE("ctorch\nFloatStorage\n)R.", &p, &e), ERR_FORMAT, &e, "storage");
    check_error(PARSE("ctorch._utils\n_rebuild_tensor_v2\n)R.", &p, &e), ERR_FORMAT, &e,
                "without a storage");
    check_error(PARSE("NQ.", &p, &e), ERR_FORMAT, &e, "no tuple");
    check_error(PARSE(")Q.", &p, &e), ERR_FORMAT, &e, "'storage'");
    check_error(PARSE("h\x05.", &p, &e), ERR_FORMAT, &e, "not set");
    check_error(PARSE("Nr\xff\xff\xff\xff.", &p, &e), ERR_FORMAT, &e, "memo number");
    check_error(PARSE("X\xff\xff\xff\x7f"
                      "a.",
                      &p, &e),
                ERR_FORMAT, &e, "ends within");
    check_error(PARSE("](NNu.", &p, &e), ERR_FORMAT, &e, "another kind");
    check_error(PARSE("}(Nu.", &p, &e), ERR_FORMAT, &e, "without a value");
    check_error(PARSE("t.", &p, &e), ERR_FORMAT, &e, "no mark");
    check_error(PARSE("(\x85.", &p, &e), ERR_FORMAT, &e, "mark within");
    check_error(PARSE("N}b.", &p, &e), ERR_FORMAT, &e, "another kind");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_values), cmocka_unit_test(cycles),
        cmocka_unit_test(tensors), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
