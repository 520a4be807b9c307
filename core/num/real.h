/* The precision of a file that tests compile a second time: `real` and R(name) are
 * float and name_f32, or with REAL_F64 defined before the inclusion double and
 * name_f64.
 *
 * Code whose gradients are checked (the transformer, the SAE step) is written once with
 * `real`. The program uses it in float; tests also in double, from the same files
 * (tests/twins): the double form is compared with finite differences, the float form
 * with the double one. No include guard: a file that needs both types includes the
 * header X.h twice, with REAL_F64 undefined and then defined. */
#undef real
#undef R
#ifdef REAL_F64
#define real    double
#define R(name) name##_f64
#else
#define real    float
#define R(name) name##_f32
#endif
