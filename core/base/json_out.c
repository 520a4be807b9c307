#include "base/json_out.h"

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/tempfile.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 16

struct json_out {
    int fd;
    FILE *f;
    int fault;       /* errno of the first failed write */
    bool misused;    /* nesting that does not close */
    struct str text; /* scratch of one string or number */
    size_t depth;
    char close[DEPTH_MAX];
    bool begun[DEPTH_MAX]; /* has an element */
};

static void put(struct json_out *o, const char *text, size_t len)
{
    if (o->fault == 0 && fwrite(text, 1, len, o->f) != len) {
        o->fault = errno != 0 ? errno : EIO;
    }
}

static void put_text(struct json_out *o, const char *text)
{
    put(o, text, strlen(text));
}

/* Puts the scratch string. */
static void put_scratch(struct json_out *o)
{
    put(o, o->text.p, o->text.len);
    str_clear(&o->text);
}

static void open_with(struct json_out *o, const char *bracket)
{
    if (o->depth == DEPTH_MAX) {
        o->misused = true;
        return;
    }
    o->close[o->depth] = *bracket == '{' ? '}' : ']';
    o->begun[o->depth++] = false;
    put_text(o, bracket);
}

/* Begins a value: a comma, a line break at the outer levels, the key. */
static void before(struct json_out *o, const char *key)
{
    if (o->depth == 0) {
        o->misused = true;
        return;
    }
    const size_t in = o->depth - 1;
    put_text(o, o->begun[in] ? ",\n" : "\n");
    o->begun[in] = true;
    if (key != NULL) {
        json_add_string(&o->text, key, strlen(key));
        str_addc(&o->text, ':');
        put_scratch(o);
    }
}

enum err json_out_new(struct json_out **out, struct errinfo *e)
{
    struct json_out *o = NULL;
    TRY(mem_new(&o, 1, sizeof *o, "JSON", e));
    str_init(&o->text, (size_t)1 << 20);
    o->fd = -1;
    const enum err rc = tempfile_open(&o->fd, e);
    if (rc != OK) {
        json_out_free(o);
        return rc;
    }
    o->f = fdopen(o->fd, "w");
    if (o->f == NULL) {
        (void)close(o->fd);
        json_out_free(o);
        return err_set(e, ERR_NOMEM, "JSON: out of memory");
    }
    open_with(o, "{");
    *out = o;
    return OK;
}

void json_out_free(struct json_out *o)
{
    if (o == NULL) {
        return;
    }
    if (o->f != NULL) {
        (void)fclose(o->f);
    }
    str_free(&o->text);
    mem_free(o);
}

/* Copies the file without a name to `path`, never with all of it in memory. */
static enum err copy_to(int fd, const char *path, struct errinfo *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return file_fail(e, path, "write", errno);
    }
    const size_t len = (size_t)st.st_size;
    void *data = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
        return file_fail(e, path, "write", errno);
    }
    const struct file_piece part = {data, len};
    const enum err rc = file_write_named(path, &part, 1, e);
    (void)munmap(data, len);
    return rc;
}

enum err json_out_write(struct json_out *o, const char *path, struct errinfo *e)
{
    TRY(str_err(&o->text, path, e));
    if (o->misused || o->depth != 1) {
        return err_set(e, ERR_USAGE, "%s: JSON that does not close", path);
    }
    json_out_end(o);
    put_text(o, "\n");
    if (o->fault == 0 && fflush(o->f) != 0) {
        o->fault = errno;
    }
    if (o->fault != 0) {
        return file_fail(e, path, "write a temporary file for it", o->fault);
    }
    return copy_to(o->fd, path, e);
}

void json_out_object(struct json_out *o, const char *key)
{
    before(o, key);
    open_with(o, "{");
}

void json_out_array(struct json_out *o, const char *key)
{
    before(o, key);
    open_with(o, "[");
}

void json_out_end(struct json_out *o)
{
    if (o->depth == 0) {
        o->misused = true;
        return;
    }
    const char end[2] = {o->close[--o->depth], '\0'};
    put_text(o, end);
}

void json_out_number(struct json_out *o, const char *key, double v)
{
    before(o, key);
    json_add_number(&o->text, v);
    put_scratch(o);
}

void json_out_bool(struct json_out *o, const char *key, bool v)
{
    before(o, key);
    put_text(o, v ? "true" : "false");
}

void json_out_text(struct json_out *o, const char *key, const char *text, size_t len)
{
    before(o, key);
    if (text == NULL) {
        put_text(o, "null");
        return;
    }
    json_add_string(&o->text, text, len);
    put_scratch(o);
}

/* ---- arrays, a line each ---- */

/* Adds a float in the fewest digits that read back as the same. */
static void add_float(struct str *s, float v)
{
    char text[40];
    if (!isfinite(v)) {
        str_add(s, "null");
        return;
    }
    (void)snprintf(text, sizeof text, "%.9g", (double)v);
    for (char *p = text; *p != '\0'; p++) { /* whatever the locale's point is */
        *p = strchr("0123456789+-eE", *p) != NULL ? *p : '.';
    }
    str_add(s, text);
}

#define ARRAY(name, type, add)                                                         \
    void name(struct json_out *o, const char *key, const type *v, size_t n)            \
    {                                                                                  \
        before(o, key);                                                                \
        put_text(o, "[");                                                              \
        for (size_t i = 0; i < n; i++) {                                               \
            if (i > 0) {                                                               \
                str_addc(&o->text, ',');                                               \
            }                                                                          \
            add;                                                                       \
            put_scratch(o);                                                            \
        }                                                                              \
        put_text(o, "]");                                                              \
    }

ARRAY(json_out_ints, int32_t, str_addf(&o->text, "%ld", (long)v[i]))
ARRAY(json_out_uints, uint32_t, str_addf(&o->text, "%lu", (unsigned long)v[i]))
ARRAY(json_out_bytes, uint8_t, str_addc(&o->text, v[i] ? '1' : '0'))
ARRAY(json_out_floats, float, add_float(&o->text, v[i]))
ARRAY(json_out_doubles, double, json_add_number(&o->text, v[i]))
