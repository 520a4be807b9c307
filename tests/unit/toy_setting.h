/* Settings that no product has: two more rows of train/setting_list.h, for the
 * settings.c that test_setting_toy compiles anew. Their fields are the last bytes of a
 * path that no test fills, so that struct settings is the same everywhere. */
#ifndef SAETOP_TESTS_TOY_SETTING_H
#define SAETOP_TESTS_TOY_SETTING_H

/* clang-format off */
#define TOY_WORD_AT   (SETTING_TEXT_MAX - 8)
#define TOY_NUMBER_AT (SETTING_TEXT_MAX - 16)
#define SETTING_LIST_TOY(X) \
    X(ENUM, samples_dir[TOY_WORD_AT], "toy.word", "toy-word", "ball", \
      WORDS(toy), ARM, ANY, "what it plays with") \
    X(INT, samples_dir[TOY_NUMBER_AT], "toy.number", NULL, "3", \
      RANGE(1, 9), FREE, ANY, "how many it has")
#define words_of_toy \
    (const struct setting_word[]){{"ball", 7}, {"kite", 5}, {NULL, 0}}
/* clang-format on */

#endif
