#include "acts/source.h"

#include "base/mem.h"

struct acts_source {
    struct acts_stream *text; /* or shards; one of the two, the other is NULL */
    struct synth_stream *made;
};

static enum err source_new(struct acts_source **out, struct errinfo *e)
{
    return mem_new(out, 1, sizeof **out, "a source of activations", e);
}

/* Gives *out if rc is OK, else nothing. */
static enum err give(struct acts_source *s, enum err rc, struct acts_source **out)
{
    if (rc != OK) {
        source_free(s);
        return rc;
    }
    *out = s;
    return OK;
}

enum err source_of_text(struct harvester *h, struct corpus *c, const struct tok *tok,
                        const struct stream_config *cfg, struct acts_source **out,
                        struct errinfo *e)
{
    struct acts_source *s = NULL;
    TRY(source_new(&s, e));
    return give(s, stream_new(h, c, tok, cfg, &s->text, e), out);
}

enum err source_of_shards(const struct shards *from, const struct stream_config *cfg,
                          struct acts_source **out, struct errinfo *e)
{
    struct acts_source *s = NULL;
    TRY(source_new(&s, e));
    return give(s, stream_of_shards(from, cfg, &s->text, e), out);
}

enum err source_of_features(const struct synth *from,
                            const struct synth_stream_config *cfg,
                            struct acts_source **out, struct errinfo *e)
{
    struct acts_source *s = NULL;
    TRY(source_new(&s, e));
    return give(s, synth_stream_new(from, cfg, &s->made, e), out);
}

void source_free(struct acts_source *s)
{
    if (s) {
        stream_free(s->text);
        synth_stream_free(s->made);
        mem_free(s);
    }
}

void source_set_rate(struct acts_source *s, double p)
{
    if (s->text) {
        stream_set_rate(s->text, p);
    } else {
        synth_stream_set_rate(s->made, p);
    }
}

size_t source_lag(const struct acts_source *s)
{
    return s->text ? stream_lag(s->text) : 0;
}

enum err source_next(struct acts_source *s, const float **x, struct errinfo *e)
{
    if (s->text) {
        return stream_next(s->text, x, e);
    }
    *x = synth_stream_next(s->made);
    return OK;
}

enum err source_fork(const struct acts_source *s, double p, struct acts_source **out,
                     struct errinfo *e)
{
    struct acts_source *twin = NULL;
    TRY(source_new(&twin, e));
    return give(twin,
                s->text ? stream_fork(s->text, p, &twin->text, e)
                        : synth_stream_fork(s->made, p, &twin->made, e),
                out);
}

struct stream_stats source_stats(const struct acts_source *s)
{
    return s->text ? stream_stats(s->text) : synth_stream_stats(s->made);
}

struct stream_pos source_tell(const struct acts_source *s)
{
    return s->text ? stream_tell(s->text) : synth_stream_tell(s->made);
}

enum err source_seek(struct acts_source *s, const struct stream_pos *pos,
                     struct errinfo *e)
{
    if (s->text) {
        return stream_seek(s->text, pos, e);
    }
    synth_stream_seek(s->made, pos);
    return OK;
}
