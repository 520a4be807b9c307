#define _XOPEN_SOURCE 700 /* realpath */
#include "lm/lm_name.h"

#include "base/file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CAP 128

/* The last name of a path or of ORG/NAME. */
static void last_name(const char *path, char *out, size_t cap)
{
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/') {
        len--;
    }
    size_t at = len;
    while (at > 0 && path[at - 1] != '/') {
        at--;
    }
    snprintf(out, cap, "%.*s", (int)(len - at), path + at);
}

/* Keeps letters and digits only, in lower case: "TinyStories-1M" becomes
 * "tinystories1m". */
static void fold(const char *name, char out[NAME_CAP])
{
    static const struct {
        const char *theirs, *usual;
    } other[] = {
        {"gpt2small", "gpt2"},
        {"distillgpt2", "distilgpt2"},
    };
    char last[NAME_CAP];
    size_t n = 0;
    last_name(name, last, sizeof last);
    for (const char *p = last; *p && n + 1 < NAME_CAP; p++) {
        const unsigned char c = (unsigned char)*p;
        if (isalnum(c)) {
            out[n++] = (char)tolower(c);
        }
    }
    /* Llama-2-7b-hf: converted for transformers, no other model. */
    n -= n > 2 && out[n - 2] == 'h' && out[n - 1] == 'f' ? 2 : 0;
    out[n] = '\0';
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        if (strcmp(out, other[i].theirs) == 0) {
            snprintf(out, NAME_CAP, "%s", other[i].usual);
        }
    }
}

/* Whether a folder's name says nothing; a snapshot's hash does not either. */
static bool is_general(const char *name)
{
    static const char *const whole[] = {"",     "model",  "models", "lm",
                                        "hf",   "output", "out",    "final",
                                        "best", "latest", "tmp",    "weights"};
    char text[NAME_CAP];
    fold(name, text);
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (strcmp(text, whole[i]) == 0) {
            return true;
        }
    }
    return strncmp(text, "checkpoint", 10) == 0 || strncmp(text, "step", 4) == 0 ||
           (strlen(text) == 40 && strspn(text, "0123456789abcdef") == 40);
}

/* Takes NAME from a folder models--ORG--NAME on the way, or else the last folder's
 * name. */
static void name_of_path(const char *dir, char *out, size_t cap)
{
    static const char hub[] = "models--";
    char full[4096];
    if (!realpath(dir, full)) {
        snprintf(full, sizeof full, "%s", dir);
    }
    const char *at = strstr(full, hub);
    last_name(full, out, cap);
    if (at) {
        const size_t len = strcspn(at, "/");
        size_t from = len;
        while (from > 2 && !(at[from - 1] == '-' && at[from - 2] == '-')) {
            from--;
        }
        snprintf(out, cap, "%.*s", (int)(len - from), at + from);
    }
}

const char *lm_name(const struct lm *m, char *out, size_t cap)
{
    last_name(m->cfg.name, out, cap);
    if (is_general(out)) {
        name_of_path(m->dir ? m->dir : "", out, cap);
    }
    if (is_general(out)) {
        out[0] = '\0';
    }
    return out;
}

bool lm_names_differ(const char *a, const char *b)
{
    char x[NAME_CAP], y[NAME_CAP];
    fold(a, x);
    fold(b, y);
    return !is_general(a) && !is_general(b) && strcmp(x, y) != 0;
}
