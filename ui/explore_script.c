/* Plays a script into the explorer: see explore.h for what a line may be. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ui/explore_priv.h"

#include <stdio.h>
#include <string.h>

#define SCRIPT_MAX ((size_t)1 << 20)

enum wait_kind { WAIT_NONE, WAIT_IDLE, WAIT_STEP, WAIT_TIME };

struct script {
    char *text;
    const char *at;
    enum wait_kind wait;
    int64_t until; /* step, or clock_ns */
    int calm;      /* turns in a row without anything outstanding */
};

enum err script_open(const char *path, struct script **out, struct errinfo *e)
{
    struct script *s = NULL;
    char *text = NULL;
    TRY(file_read_text(path, SCRIPT_MAX, &text, e));
    const enum err rc = mem_new(&s, 1, sizeof *s, "script", e);
    if (rc != OK) {
        mem_free(text);
        return rc;
    }
    s->text = text;
    s->at = text;
    *out = s;
    return OK;
}

void script_free(struct script *s)
{
    if (s) {
        mem_free(s->text);
        mem_free(s);
    }
}

static bool still_waits(struct script *s, const struct loop *l)
{
    const struct session_view *v = &l->v;
    switch (s->wait) {
    case WAIT_IDLE:
        /* Twice in a row: what has just come may have made the app ask for more. */
        s->calm = session_outstanding(l->s) == 0 && v->state != SESSION_LOADING
                      ? s->calm + 1
                      : 0;
        return s->calm < 2;
    case WAIT_STEP:
        return v->step < s->until &&
               (v->state == SESSION_LOADING || v->state == SESSION_TRAINING);
    case WAIT_TIME:
        return clock_ns() < s->until;
    case WAIT_NONE:
        break;
    }
    return false;
}

/* Keys of a line: characters, and names in < >. */
static void type_keys(struct loop *l, const char *line, size_t n)
{
    for (size_t i = 0; i < n && !l->quit;) {
        uint32_t key = 0;
        size_t step = utf8_next(line + i, n - i, &key);
        const char *close = key == '<' ? memchr(line + i + 1, '>', n - i - 1) : NULL;
        char name[24];
        if (close && close - (line + i) - 1 < (int)sizeof name &&
            close > line + i + 1) {
            const size_t len = (size_t)(close - (line + i)) - 1;
            memcpy(name, line + i + 1, len);
            name[len] = '\0';
            const uint32_t named = !strcmp(name, "<") ? '<' : key_from_name(name);
            if (named) {
                key = named;
                step = len + 2;
            }
        }
        if (key != UTF8_INVALID) {
            loop_event(l, &(struct event){.kind = EVENT_KEY, .key = key});
        }
        i += step;
    }
}

/* A script's own commands; false: not one of them. */
static bool own_command(struct script *s, struct loop *l, const char *line)
{
    long long n = 0;
    int w = 0, h = 0;
    s->calm = 0;
    if (!strcmp(line, ":wait idle")) {
        s->wait = WAIT_IDLE;
    } else if (sscanf(line, ":wait step %lld", &n) == 1) {
        s->wait = WAIT_STEP;
        s->until = n;
    } else if (sscanf(line, ":wait ms %lld", &n) == 1 && n >= 0 && n < 3600000) {
        s->wait = WAIT_TIME;
        s->until = clock_ns() + n * 1000000;
    } else if (sscanf(line, ":size %d %d", &w, &h) == 2 && w > 0 && h > 0 && w < 2000 &&
               h < 2000) {
        loop_event(l, &(struct event){.kind = EVENT_RESIZE, .w = w, .h = h});
        loop_draw(l);
    } else {
        return false;
    }
    return true;
}

int script_step(struct script *s, struct loop *l)
{
    if (s->wait != WAIT_NONE && still_waits(s, l)) {
        return 20;
    }
    s->wait = WAIT_NONE;
    while (*s->at && !l->quit && s->wait == WAIT_NONE) {
        const size_t n = strcspn(s->at, "\n");
        char line[LINE_CAP];
        snprintf(line, sizeof line, "%.*s", (int)(n < LINE_CAP ? n : LINE_CAP - 1),
                 s->at);
        s->at += n + (s->at[n] ? 1 : 0);
        if (line[0] == ':') {
            if (!own_command(s, l, line)) {
                loop_command(l, line + 1);
            }
        } else if (line[0] != '#') {
            type_keys(l, line, strlen(line));
        }
    }
    return *s->at || s->wait != WAIT_NONE ? 20 : -1;
}
