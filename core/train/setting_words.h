/* The words of BOOL and ENUM settings, and the values that they stand for; included
 * only by settings.c. The setting's row says which is the default. */
#ifndef SAETOP_TRAIN_SETTING_WORDS_H
#define SAETOP_TRAIN_SETTING_WORDS_H

#include "acts/cache.h"
#include "acts/synthetic.h"
#include "sae/sae_train.h"
#include "text/mask.h"
#include "train/settings.h"

static const struct setting_word words_of_bool[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
static const struct setting_word words_of_normalize[] = {
    {"expected_average_only_in", NORM_EXPECTED},
    {"none", NORM_NONE},
    {"constant_norm_rescale", NORM_CONSTANT},
    {"layer_norm", NORM_LAYER},
    {NULL, 0},
};
static const struct setting_word words_of_decoder[] = {
    {"auto", DECODER_AUTO},
    {"unit", DECODER_UNIT},
    {"free", DECODER_FREE},
    {"random", DECODER_RANDOM},
    {NULL, 0},
};
static const struct setting_word words_of_dead[] = {
    {"auto", DEAD_AUTO}, {"leave", DEAD_LEAVE},
    {"auxk", DEAD_AUXK}, {"resample", DEAD_RESAMPLE},
    {NULL, 0},
};
static const struct setting_word words_of_resample_form[] = {
    {"centred", SAE_RESAMPLE_CENTRED},
    {"input", SAE_RESAMPLE_INPUT},
    {NULL, 0},
};
static const struct setting_word words_of_aux_form[] = {
    {"normalised", SAE_AUX_NORMALISED},
    {"scaled", SAE_AUX_SCALED},
    {NULL, 0},
};
static const struct setting_word words_of_lp_form[] = {
    {"sum", LP_SUM},
    {"root", LP_ROOT},
    {NULL, 0},
};
static const struct setting_word words_of_group_loss[] = {
    {"mean", GROUP_LOSS_MEAN},
    {"sum", GROUP_LOSS_SUM},
    {NULL, 0},
};
static const struct setting_word words_of_group_prefixes[] = {
    {"fixed", GROUP_PREFIXES_FIXED},
    {"drawn", GROUP_PREFIXES_DRAWN},
    {NULL, 0},
};
static const struct setting_word words_of_group_aux[] = {
    {"whole", GROUP_AUX_WHOLE},
    {"groups", GROUP_AUX_GROUPS},
    {NULL, 0},
};
static const struct setting_word words_of_jump_loss[] = {
    {"step", SAE_JUMP_STEP},
    {"tanh", SAE_JUMP_TANH},
    {"quadratic", SAE_JUMP_QUADRATIC},
    {"quadratic_rows", SAE_JUMP_QUADRATIC_ROWS},
    {NULL, 0},
};
static const struct setting_word words_of_jump_of[] = {
    {"pre", JUMP_OF_PRE},
    {"acts", JUMP_OF_ACTS},
    {NULL, 0},
};
static const struct setting_word words_of_source[] = {
    {"model", SOURCE_MODEL},
    {"synthetic", SOURCE_SYNTHETIC},
    {"activations", SOURCE_ACTIVATIONS},
    {NULL, 0},
};
static const struct setting_word words_of_synth_loadings[] = {
    {"groups", SYNTH_GROUPS},
    {"random", SYNTH_RANDOM},
    {NULL, 0},
};
static const struct setting_word words_of_synth_correlated[] = {
    {"all", SYNTH_ALL},
    {"others", SYNTH_OTHERS},
    {NULL, 0},
};
static const struct setting_word words_of_synth_context_of[] = {
    {"child", SYNTH_OF_CHILD},
    {"family", SYNTH_OF_FAMILY},
    {NULL, 0},
};
static const struct setting_word words_of_synth_masked[] = {
    {"token", SYNTH_TOKEN},
    {"context", SYNTH_CONTEXT},
    {NULL, 0},
};
static const struct setting_word words_of_precision[] = {
    {"f32", PRECISION_F32},
    {"bf16", PRECISION_BF16},
    {"auto", PRECISION_AUTO},
    {NULL, 0},
};
static const struct setting_word words_of_mask_kind[] = {
    {"token", MASK_TOKEN},
    {"random", MASK_RANDOM},
    {"unigram", MASK_UNIGRAM},
    {NULL, 0},
};
static const struct setting_word words_of_mask_positions[] = {
    {"keep", POSITIONS_KEEP},
    {"drop", POSITIONS_DROP},
    {"mix", POSITIONS_MIX},
    {NULL, 0},
};
static const struct setting_word words_of_mask_schedule[] = {
    {"constant", MASK_CONSTANT},
    {"linear", MASK_LINEAR},
    {"cosine", MASK_COSINE},
    {NULL, 0},
};
static const struct setting_word words_of_lr_warmup_from[] = {
    {"first", WARMUP_FROM_FIRST},
    {"zero", WARMUP_FROM_ZERO},
    {NULL, 0},
};
static const struct setting_word words_of_lr_schedule[] = {
    {"linear", SAE_LR_LINEAR},
    {"cosine", SAE_LR_COSINE},
    {NULL, 0},
};
static const struct setting_word words_of_twin[] = {
    {"none", TWIN_NONE},
    {"unmasked", TWIN_UNMASKED},
    {NULL, 0},
};
static const struct setting_word words_of_cache_dtype[] = {
    {"fp32", CACHE_FP32},
    {"fp16", CACHE_FP16},
    {NULL, 0},
};

#endif
