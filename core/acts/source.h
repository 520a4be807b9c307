/* The source of an arm's training activations: a model that reads text, files that such
 * a model made elsewhere, or known features. The functions are those of acts/stream.h,
 * for a source of any kind. Owner thread. */
#ifndef SAETOP_ACTS_SOURCE_H
#define SAETOP_ACTS_SOURCE_H

#include "acts/stream.h"
#include "acts/synth_stream.h"

struct acts_source;
/* stream_new, stream_of_shards and synth_stream_new. *out: caller owns. */
enum err source_of_text(struct harvester *h, struct corpus *c, const struct tok *tok,
                        const struct stream_config *cfg, struct acts_source **out,
                        struct errinfo *e) ERR_CHECKED;
enum err source_of_shards(const struct shards *from, const struct stream_config *cfg,
                          struct acts_source **out, struct errinfo *e) ERR_CHECKED;
enum err source_of_features(const struct synth *s,
                            const struct synth_stream_config *cfg,
                            struct acts_source **out, struct errinfo *e) ERR_CHECKED;
void source_free(struct acts_source *s); /* NULL is fine */

void source_set_rate(struct acts_source *s, double p);
size_t source_lag(const struct acts_source *s);
enum err source_next(struct acts_source *s, const float **x,
                     struct errinfo *e) ERR_CHECKED;
enum err source_fork(const struct acts_source *s, double p, struct acts_source **out,
                     struct errinfo *e) ERR_CHECKED;
struct stream_stats source_stats(const struct acts_source *s);
struct stream_pos source_tell(const struct acts_source *s);
enum err source_seek(struct acts_source *s, const struct stream_pos *pos,
                     struct errinfo *e) ERR_CHECKED;

#endif
