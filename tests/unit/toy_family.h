/* A family of models that no product has: one more row of `families` in
 * core/lm/lm_family.c, which test_family_toy compiles anew. Its traits stand together
 * in no other, its names in none. */
#ifndef SAETOP_TESTS_TOY_FAMILY_H
#define SAETOP_TESTS_TOY_FAMILY_H

/* clang-format off */
#define TOY_BASE  50.0
#define TOY_SHARE 0.5
#define LM_FAMILY_TOY                                                                  \
    {.name = "toy",                                                                    \
     .norm = LM_RMS,                                                                   \
     .rotary = true,                                                                   \
     .rotary_share = TOY_SHARE,                                                        \
     .base = TOY_BASE,                                                                 \
     .act = LM_RELU,                                                                   \
     .parallel = true,                                                                 \
     .own_head = true,                                                                 \
     .embed_root = true,                                                               \
     .eps = 1e-5,                                                                      \
     .keys = {"depth", "crew", "span", "reach", "view", "tiny", "bend"},               \
     .prefixes = (const char *const[]){"toy.", "", NULL},                              \
     .heads_names = (const char *const[]){"toy_head.weight", NULL},                    \
     .skip = (const char *const[]){"*.toy_mask", NULL},                                \
     .tensor = (const struct lm_tensor_name[]){                                        \
         {"words.weight",           LM_EMBED,   LM_ALL},                               \
         {"storey.#.one.weight",    LM_NORM1_W, LM_ALL},                               \
         {"storey.#.qkv.weight",    LM_QKV_W,   LM_ALL},                               \
         {"storey.#.back.weight",   LM_PROJ_W,  LM_ALL},                               \
         {"storey.#.two.weight",    LM_NORM2_W, LM_ALL},                               \
         {"storey.#.widen.weight",  LM_FC_W,    LM_ALL},                               \
         {"storey.#.narrow.weight", LM_OUT_W,   LM_ALL},                               \
         {"last.weight",            LM_FINAL_W, LM_ALL},                               \
         {NULL, LM_SLOTS, LM_ALL}}},
/* clang-format on */

#endif
