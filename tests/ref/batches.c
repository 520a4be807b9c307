/* The batches that a run of these settings trains on, scaled, for jumprelu_curves.py:
 * batches OUT STEPS KEY=VALUE ... writes STEPS batches [B,D] of floats, one after the
 * other, and prints D and what raw activations were multiplied by. Built by hand: ninja
 * ref_batches. */
#include "num/blas.h"
#include "num/kern.h"
#include "train/inputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err set(struct settings *s, int n, char **pairs, struct errinfo *e)
{
    settings_init(s);
    for (int i = 0; i < n; i++) {
        char *value = strchr(pairs[i], '=');
        if (!value) {
            return err_set(e, ERR_USAGE, "found '%.80s', expected KEY=VALUE", pairs[i]);
        }
        *value++ = '\0';
        TRY(settings_set(s, pairs[i], value, from_user("command line"), e));
    }
    return OK;
}

static enum err dump(struct inputs *in, struct acts_source *source, int64_t steps,
                     FILE *out, struct errinfo *e)
{
    const size_t n = (size_t)in->set.batch * inputs_width(in);
    for (int64_t i = 0; i < steps; i++) {
        const float *x = NULL;
        TRY(source_next(source, &x, e));
        if (fwrite(x, sizeof *x, n, out) != n) {
            return err_set(e, ERR_IO, "cannot write batch %" PRId64, i);
        }
    }
    return OK;
}

static enum err run(const char *path, int64_t steps, int n, char **pairs,
                    struct errinfo *e)
{
    static struct settings s;
    struct inputs *in = NULL;
    struct acts_source *source = NULL;
    TRY(set(&s, n, pairs, e));
    TRY(inputs_new(&s, NULL, &in, e));
    enum err rc = inputs_source(in, &in->set, &source, e);
    FILE *out = rc == OK ? fopen(path, "wb") : NULL;
    if (rc == OK && !out) {
        rc = err_set(e, ERR_IO, "%s: cannot write", path);
    }
    rc = rc == OK ? dump(in, source, steps, out, e) : rc;
    if (out && fclose(out) != 0 && rc == OK) {
        rc = err_set(e, ERR_IO, "%s: cannot write", path);
    }
    if (rc == OK) {
        (void)printf("%zu %.9g\n", inputs_width(in), (double)in->scale);
    }
    source_free(source);
    inputs_free(in);
    return rc;
}

int main(int argc, char **argv)
{
    struct errinfo e;
    if (argc < 3) {
        (void)fprintf(stderr, "usage: ref_batches OUT STEPS KEY=VALUE...\n");
        return 2;
    }
    num_init();
    if (run(argv[1], atoll(argv[2]), argc - 3, argv + 3, &e) != OK) {
        (void)fprintf(stderr, "%s\n", e.msg);
        return 1;
    }
    return 0;
}
