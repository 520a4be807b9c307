/* Shared by the containers of tensorfile.h. Internal to core/base. */
#ifndef SAETOP_BASE_TENSORFILE_PRIV_H
#define SAETOP_BASE_TENSORFILE_PRIV_H

#include "base/infile.h"
#include "base/pickle.h"
#include "base/safetensors.h"
#include "base/tensorfile.h"
#include "base/zipfile.h"

struct tensor_entry {
    struct tensor_info info;
    char *name;                 /* owned */
    const struct st_tensor *st; /* in a safetensors file; else: */
    size_t member;              /* of the zip */
    size_t skip;                /* bytes before the elements */
    size_t offset;              /* elements before the first */
    size_t extent;              /* elements up to the last */
    size_t stride[TENSOR_MAX_DIMS];
    int64_t value; /* INT */
    char *text;    /* TEXT, owned */
};

struct tensorfile {
    char *name;
    struct infile_bytes own; /* from tensorfile_open */
    struct infile *file;     /* if the bytes are mapped: elements are read from it */
    struct st_file *st;
    struct zipfile *zip;
    uint8_t *pickle_bytes;
    struct pickle *pickle;
    struct tensor_entry *entry;
    size_t count, cap;
};

/* A new entry named prefix + name[len], zeroed; *out is valid until the next one. */
enum err tensorfile_add(struct tensorfile *f, const char *prefix, const char *name,
                        size_t len, struct tensor_entry **out,
                        struct errinfo *e) ERR_CHECKED;

/* Fill the entries from f->zip. */
enum err tensorfile_read_npz(struct tensorfile *f, struct errinfo *e) ERR_CHECKED;
/* Fill the entries from f->zip, in which `pkl` is the member with the pickle. */
enum err tensorfile_read_torch(struct tensorfile *f, size_t pkl,
                               struct errinfo *e) ERR_CHECKED;

#endif
