/* Events that the interface reacts to, from a terminal, a script or a fuzzer. */
#ifndef SAETOP_UI_EVENT_H
#define SAETOP_UI_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
    EVENT_NONE,
    EVENT_KEY,
    EVENT_MOUSE,
    EVENT_RESIZE,
    EVENT_TICK,
    EVENT_LAPSE,
    EVENT_PAUSE,
    EVENT_FOCUS,
    EVENT_PASTE
};

/* A key is its code point; keys without one start at KEY_FIRST_SPECIAL. Ctrl with a
 * letter is its control code (Ctrl-L: 12). */
enum key {
    KEY_NONE = 0,
    KEY_TAB_ = 9,
    KEY_ENTER_ = 10,
    KEY_ESC_ = 27,
    KEY_SPACE_ = 32,
    KEY_DELETE_BACK = 127,
    KEY_FIRST_SPECIAL = 0x110000,
    KEY_UP_,
    KEY_DOWN_,
    KEY_LEFT_,
    KEY_RIGHT_,
    KEY_HOME_,
    KEY_END_,
    KEY_PGUP,
    KEY_PGDN,
    KEY_DEL,
    KEY_SHIFT_TAB,
    KEY_F1_,
    KEY_SHIFT_LEFT,
    KEY_SHIFT_RIGHT,
    KEY_F2_, /* to KEY_F12_, consecutive */
    KEY_F12_ = KEY_F2_ + 10,
};
#define KEY_F_(n) ((n) == 1 ? (uint32_t)KEY_F1_ : (uint32_t)KEY_F2_ + (uint32_t)(n)-2)

/* Two keys in a row, the first below U+0800, count as one key: "Y p". */
#define KEY_THEN(first, second) ((uint32_t)(first) << 21 | (uint32_t)(second))
#define KEY_FIRST_OF(key)       ((uint32_t)(key) >> 21) /* 0: the key stands alone */
#define KEY_LAST_OF(key)        ((uint32_t)(key)&0x1FFFFFu)
enum { KEY_FIRST_MAX = 0x7FF };

#define KEY_CTRL(letter) ((uint32_t)((letter) - 'a' + 1))

enum mouse_kind {
    MOUSE_PRESS,
    MOUSE_RELEASE,
    MOUSE_DRAG,
    MOUSE_DOUBLE,
    MOUSE_WHEEL_UP,
    MOUSE_WHEEL_DOWN
};

struct event {
    enum event_kind kind;
    uint32_t key;          /* EVENT_KEY */
    enum mouse_kind mouse; /* EVENT_MOUSE, at x, y */
    int x, y;
    int w, h;     /* EVENT_RESIZE */
    bool focused; /* EVENT_FOCUS */
    /* EVENT_PASTE: any bytes, borrowed while the event is handled; cut: there were
     * more */
    const char *text;
    size_t text_n;
    bool cut;
};

#endif
