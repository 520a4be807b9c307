/* Headers of .npy files, and what is refused of them. */
#include "base/npy.h"
#include "tiny_formats.h"

static struct blob file;

static void reads_headers(void **state)
{
    (void)state;
    struct errinfo e;
    struct npy h;
    npy_make(&file, "<f4", false, "(3, 4)", "", 0);
    assert_ok(npy_parse(file.p, file.n, "x.npy", &h, &e), &e);
    assert_int_equal(h.elem, ELEM_F32);
    assert_false(h.fortran);
    assert_int_equal(h.ndim, 2);
    assert_int_equal(h.shape[0], 3);
    assert_int_equal(h.shape[1], 4);
    assert_int_equal(h.count, 12);
    assert_int_equal(h.header, file.n);
    npy_make(&file, "<f8", true, "(7L,)", "", 0);
    assert_ok(npy_parse(file.p, file.n, "x.npy", &h, &e), &e);
    assert_true(h.fortran);
    assert_int_equal(h.ndim, 1);
    npy_make(&file, "<i8", false, "()", "", 0);
    assert_ok(npy_parse(file.p, file.n, "x.npy", &h, &e), &e);
    assert_int_equal(h.ndim, 0);
    assert_int_equal(h.count, 1);
    npy_make(&file, "<f2", false, "(0, 1152921504606846976)", "", 0);
    assert_ok(npy_parse(file.p, file.n, "x.npy", &h, &e), &e);
    assert_int_equal(h.count, 0);
}

static void other_versions(void **state)
{
    (void)state;
    static const char dict[] = "{\"shape\":(5,),'fortran_order':False,'descr':'<f4'}\n";
    struct errinfo e;
    struct npy h;
    for (uint8_t v = 2; v <= 4; v++) {
        file.n = 0;
        put(&file, "\x93NUMPY", 6);
        put(&file, (uint8_t[]){v, 0}, 2);
        put_u32(&file, sizeof dict - 1);
        put_text(&file, dict);
        const enum err rc = npy_parse(file.p, file.n, "x.npy", &h, &e);
        if (v == 4) {
            check_error(rc, ERR_FORMAT, &e, "byte 6: found npy version 4");
        } else {
            assert_ok(rc, &e);
            assert_int_equal(h.shape[0], 5);
            assert_int_equal(h.header, file.n);
        }
    }
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *descr, *shape;
        enum err code;
        const char *part;
    } cases[] = {
        {">f4", "(3,)", ERR_FORMAT, "descr: found \">f4\""},
        {"|O", "(3,)", ERR_FORMAT, "descr: found \"|O\""},
        {"<f4", "(3", ERR_FORMAT, "expected"},
        {"<f4", "(-3,)", ERR_FORMAT, "expected a number"},
        {"<f4", "(1,1,1,1,1,1,1,1,1)", ERR_LIMIT, "more than 8 dimensions"},
        {"<f4", "(1152921504606846976, 16)", ERR_LIMIT, "more elements"},
        {"<f4", "(99999999999999999999999,)", ERR_LIMIT, "64 bits"},
        {"<f4", "(3,), 'shape': (4,)", ERR_FORMAT, "shape: found twice"},
        {"<f4", "(3,), 'more': 1", ERR_FORMAT, "found key \"more\""},
        {"<f4\\", "(3,)", ERR_FORMAT, "string"},
    };
    struct errinfo e;
    struct npy h;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        npy_make(&file, cases[i].descr, false, cases[i].shape, "", 0);
        check_error(npy_parse(file.p, file.n, "x.npy", &h, &e), cases[i].code, &e,
                    cases[i].part);
    }
    /* Cut anywhere, it is refused. */
    npy_make(&file, "<f4", false, "(3, 4)", "", 0);
    for (size_t n = 0; n < file.n; n++) {
        assert_int_equal(npy_parse(file.p, n, "x.npy", &h, &e), ERR_FORMAT);
    }
    file.p[8] = file.p[9] = 0xFF;
    check_error(npy_parse(file.p, file.n, "x.npy", &h, &e), ERR_FORMAT, &e, "header");
    file.p[6] = 2;
    check_error(npy_parse(file.p, file.n, "x.npy", &h, &e), ERR_LIMIT, &e, "byte 8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_headers),
                                       cmocka_unit_test(other_versions),
                                       cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
