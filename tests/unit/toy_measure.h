/* A measure that no product has: three more rows of measure/measure.h, for the sources
 * that test_measure_toy compiles anew. */
#ifndef SAETOP_TESTS_TOY_MEASURE_H
#define SAETOP_TESTS_TOY_MEASURE_H

/* clang-format off */
#define MEASURES_TOY(X) \
    X(TOY, 21, .column = "toy", .result = "toy_result", .path = "toys.toy", \
      .label = "toy label", .among = "toy, among others", .brief = "toy", .tag = "toy", \
      .unit = "toys", .better = 1, .paper = 1, .digits = 2, .traits = MEASURE_EVALUATED, \
      .pane = 27, .box = 9, .line = 10, .low = METRIC_TOY_LO, .high = METRIC_TOY_HI, \
      .help = "what the toy is") \
    X(TOY_LO, NOT_SWEPT, .column = "toy_lo", .label = "toy low") \
    X(TOY_HI, NOT_SWEPT, .column = "toy_hi", .label = "toy high")
/* clang-format on */

#endif
