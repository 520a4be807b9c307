#define _XOPEN_SOURCE 700 /* strcasecmp */
#include "train/arm_place.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LETTERS_AND_DIGITS                                                             \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* ---- names ---- */

static bool is_name(const char *text, size_t len)
{
    char name[ARM_NAME_MAX];
    if (len < 1 || len >= sizeof name) {
        return false;
    }
    memcpy(name, text, len);
    name[len] = '\0';
    return strspn(name, LETTERS_AND_DIGITS "-_.") == len &&
           strspn(name, LETTERS_AND_DIGITS) > 0 && name[len - 1] != '.' &&
           !arm_name_same(name, ARM_NAME_FIRST);
}

enum err arm_name_check(const char *text, size_t len, const char *where,
                        struct errinfo *e)
{
    return is_name(text, len)
               ? OK
               : err_set(
                     e, ERR_USAGE,
                     "%s: found the name '%.*s', expected up to %d letters, digits, "
                     "'-', '_' and '.', a letter or digit first and no '.' last, "
                     "and not '" ARM_NAME_FIRST "'",
                     where, len < 60 ? (int)len : 60, text, ARM_NAME_MAX - 1);
}

bool arm_name_same(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

const char *arm_name_shown(const char *name)
{
    return name[0] ? name : ARM_NAME_FIRST;
}

/* ---- directories ---- */

/* Returns the length without the slashes that tab completion adds. */
static size_t path_len(const char *dir)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/') {
        len--;
    }
    return len;
}

size_t arm_run_len(const char *dir)
{
    static const char parent[] = "/checkpoints/";
    const size_t n = sizeof parent - 1, len = path_len(dir);
    size_t up = len;
    while (up > 0 && dir[up - 1] != '/') {
        up--;
    }
    return up > n && memcmp(dir + up - n, parent, n) == 0 ? up - n : len;
}

enum err arm_place_dir(const char *dir, const struct arm_place *p, char *out,
                       size_t cap, struct errinfo *e)
{
    const size_t len = path_len(dir), run = arm_run_len(dir);
    const char *between = !p->name[0] ? "" : p->beside ? "-" : "/" RUN_ARMS_DIR "/";
    const int n = snprintf(out, cap, "%.*s%s%s%.*s", (int)run, dir, between, p->name,
                           (int)(len - run), dir + run);
    return n >= 0 && (size_t)n < cap
               ? OK
               : err_set(e, ERR_LIMIT, "%.80s...: path too long", dir);
}

/* Checks that `path` is a folder, not a link; `make`: makes it if missing. */
static enum err check_folder(char *path, bool make, struct errinfo *e)
{
    bool there = false;
    char *name = strrchr(path, '/');
    if (!make || !name || name == path) {
        return file_is_dir_own(path, &there, e);
    }
    *name = '\0';
    const enum err rc = file_mkdir_own(path, name + 1, e);
    *name = '/';
    return rc;
}

enum err arm_place_check(const char *dir, const struct arm_place *p, bool make,
                         struct errinfo *e)
{
    char path[4096];
    bool there = false;
    TRY(arm_place_dir(dir, p, path, sizeof path, e));
    /* Check each folder between the run and the arm; an arm beside an old run has
     * none. */
    const size_t from = arm_run_len(dir) + 1;
    for (char *at = path + from; !p->beside && p->name[0] && *at; at++) {
        if (*at == '/') {
            *at = '\0';
            const enum err rc = check_folder(path, make, e);
            *at = '/';
            TRY(rc);
        }
    }
    return p->name[0] ? file_is_dir_own(path, &there, e) : OK;
}

/* ---- lists ---- */

void arm_places_print(const struct arm_place *p, size_t n, char out[ARM_PLACES_TEXT])
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && i < RUN_ARMS_MAX; i++) {
        len += (size_t)snprintf(out + len, ARM_PLACES_TEXT - len, "%s%s%s",
                                i ? ";" : "", p[i].beside ? "-" : "", p[i].name);
    }
}

static bool has_name(const struct arm_place *p, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (arm_name_same(p[i].name, name)) {
            return true;
        }
    }
    return false;
}

enum err arm_places_read(const char *text, const char *file, struct arm_place *out,
                         size_t *n, struct errinfo *e)
{
    *n = 0;
    while (*text) {
        const bool beside = *text == '-';
        const char *name = text + beside;
        const size_t len = strcspn(name, ";");
        if (*n == RUN_ARMS_MAX - 1) {
            return err_set(e, ERR_FORMAT, "%s: more than %d arms", file, RUN_ARMS_MAX);
        }
        struct arm_place *p = &out[*n];
        *p = (struct arm_place){.beside = beside};
        snprintf(p->name, sizeof p->name, "%.*s", (int)len, name);
        /* Refuse names that lead out of the run, and names used twice. */
        if (!is_name(name, len) || has_name(out, *n, p->name)) {
            return err_set(e, ERR_FORMAT,
                           "%s: found an arm '%.*s', expected the name of another one",
                           file, len < 40 ? (int)len : 40, name);
        }
        ++*n;
        text = name + len + (name[len] == ';');
    }
    return OK;
}
