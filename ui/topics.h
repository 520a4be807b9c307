/* Short texts that teach, a part of the help overlay. Constant; any thread. */
#ifndef SAETOP_UI_TOPICS_H
#define SAETOP_UI_TOPICS_H

#include <stddef.h>

struct topic {
    const char *title;
    const char *text; /* a paragraph per line, wrapped when shown; for keymap_text */
};
enum { TOPIC_MAX = 4096 }; /* bytes of a text, keys included */
size_t topics_count(void);
const struct topic *topics_at(size_t i);

#endif
