/* The inside of lm_store.h: lm_store.c opens a model's weights, lm_store_read.c reads
 * them. Internal to core/lm. */
#ifndef SAETOP_LM_LM_STORE_PRIV_H
#define SAETOP_LM_LM_STORE_PRIV_H

#include "lm/lm_source.h"
#include "lm/lm_store.h"

#include <pthread.h>

#define LM_NAME_CAP 192

/* Memory that a layer's pointers point into. */
struct lm_held {
    float *vectors;
    uint8_t *bytes; /* matrices as in the file, if not mapped; or NULL: */
    float *packed;
    size_t mapped; /* bytes of mapped ones */
    bool ready;
};

struct lm_store {
    /* Guards all below. Weights that are ready do not change: after lm_need they are
     * read without the lock. */
    pthread_mutex_t lock;
    struct lm_source *src;
    const char *prefix;
    const char *head; /* the head's name in the files, or NULL */
    bool packed;      /* matrices of blocks are held packed */
    size_t blocks;
    struct lm_layer *block; /* [blocks] */
    struct lm_held *held;   /* [blocks] */
    struct lm_layer ends;   /* without the head, which may be needed while others read
                               these */
    struct lm_held held_ends;
    struct linear_map own_head; /* the head's matrix, if it has one of its own */
    struct lm_held held_head;
    size_t ready; /* bytes of all that is held, as lm_need_bytes counts them */
    void (*told)(void *user, size_t bytes);
    void *user;
};

/* The name of a tensor in the files. */
void lm_store_name(const struct lm_store *s, const struct lm_tensor_name *t,
                   size_t block, char out[LM_NAME_CAP]);

/* Read the weights outside the blocks, except for a head of its own; and that head.
 * Call with the lock held. */
enum err lm_store_ends(const struct lm *m, struct errinfo *e) ERR_CHECKED;
enum err lm_store_head(const struct lm *m, struct errinfo *e) ERR_CHECKED;
void lm_held_free(struct lm_held *h);

/* Decide how products are taken, and whether matrices are held packed. */
void lm_store_settle(const struct lm *m);

#endif
