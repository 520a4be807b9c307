/* Any text as a script: each line is understood or refused with a reason, keys come one
 * by one to the end of the line, and whatever they and the commands do to the explorer,
 * it stays whole. */
#include "app_bench.h"
#include "ui/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENTS = 400 };

static void type_keys(struct app_bench *b, const char *text, size_t *events)
{
    struct errinfo e = {0};
    for (size_t at = 0; text[at] && *events < EVENTS; (*events)++) {
        const size_t was = at;
        uint32_t key = 0;
        if (script_key(text, &at, &key, &e) != OK) {
            require(at == was && e.msg[0]);
            return;
        }
        require(at > was && at <= strlen(text) && key && key != UTF8_INVALID);
        bench_key(b, key);
    }
}

static void play(struct app_bench *b, const struct script_line *line, size_t *events)
{
    switch (line->kind) {
    case SCRIPT_KEYS: type_keys(b, line->text, events); break;
    case SCRIPT_COMMAND:
        app_run(&b->a, &b->v, line->text);
        bench_event(b, &(struct event){.kind = EVENT_TICK});
        break;
    case SCRIPT_SIZE:
        require(line->w > 0 && line->h > 0 && line->w <= 2000 && line->h <= 2000);
        bench_size(b, line->w % 140 + 1, line->h % 44 + 1);
        break;
    case SCRIPT_WAIT_STEP:
    case SCRIPT_WAIT_MS: require(line->n >= 0); break;
    case SCRIPT_WAIT_IDLE:
    case SCRIPT_WAIT_DONE:
    case SCRIPT_END: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct app_bench *b = bench_begin(size ? data[size - 1] : 0);
    struct script_reader r = {.text = (const char *)data, .len = size};
    struct script_line line = {.kind = SCRIPT_KEYS};
    struct errinfo e = {0};
    size_t events = 0;
    while (line.kind != SCRIPT_END && events < EVENTS) {
        const size_t was = r.at;
        if (script_next(&r, &line, &e) == OK) {
            require(line.kind == SCRIPT_END || r.at > was);
            play(b, &line, &events);
        } else {
            require(r.at > was && r.at <= size && e.msg[0]);
        }
        events++;
    }
    bench_draw(b);
    bench_end(b);
    return 0;
}
