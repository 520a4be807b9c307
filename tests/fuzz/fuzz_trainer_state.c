/* trainer_state.safetensors: refused in a line, or a state within its ranges. */
#include "base/file.h"
#include "train/runstate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check(const struct run_state *r)
{
    const struct settings *s = &r->set;
    require(s->steps >= 1 && s->width >= 1 && s->batch >= 1 && s->fill_rows >= 1);
    require(s->k > 0 && s->mask_rate >= 0 && s->mask_rate <= 1);
    require(r->step >= 0 && r->step <= s->steps && r->arm.first_steps >= 1);
    require(isfinite(r->lr) && isfinite((double)r->scale));
    require(strlen(r->kernels) < sizeof r->kernels &&
            strlen(r->names.others) < sizeof r->names.others);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char dir[] = "/tmp/saetop-fuzz-XXXXXX", path[64];
    struct errinfo e = {0};
    struct run_state r = {0};
    const struct file_piece part = {data, size};
    if (!mkdtemp(dir)) {
        return 0;
    }
    (void)snprintf(path, sizeof path, "%s/trainer_state.safetensors", dir);
    if (file_write(path, &part, 1, &e) == OK) {
        if (runstate_open(dir, &r, &e) == OK) {
            check(&r);
            runstate_close(&r);
        } else {
            require(e.msg[0] && !strchr(e.msg, '\n'));
        }
    }
    (void)unlink(path);
    (void)rmdir(dir);
    return 0;
}
