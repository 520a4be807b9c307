#include "ui/undo.h"

#include <string.h>

void undo_push(struct undo_stack *u, const struct undo_step *s)
{
    if (u->done == UNDO_DEPTH) {
        memmove(&u->step[0], &u->step[1], (UNDO_DEPTH - 1) * sizeof u->step[0]);
        u->done--;
    }
    u->step[u->done++] = *s;
    u->n = u->done;
    u->pushed++;
}

const struct undo_step *undo_back(struct undo_stack *u)
{
    return u->done ? &u->step[--u->done] : NULL;
}

const struct undo_step *undo_forward(struct undo_stack *u)
{
    return u->done < u->n ? &u->step[u->done++] : NULL;
}
