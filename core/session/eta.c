#include "session/eta.h"

#include <math.h>

double eta_left(struct eta *e, size_t arms, double seconds, double done, double left)
{
    if (e->arms != arms || done < e->done) {
        *e = (struct eta){arms, seconds, done};
    }
    const double took = seconds - e->seconds, work = done - e->done;
    return took >= ETA_LEAST && work > 0 ? took / work * left : (double)NAN;
}
