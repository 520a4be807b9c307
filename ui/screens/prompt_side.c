/* Prompt, at the right: which of its panes stands there. What may come next, which
 * latents made a token likely, the texts that the model writes and what edits do to
 * held-out text have files of their own. */
#include "ui/screens/prompt_priv.h"
#include "ui/text.h"

#include <math.h>
#include <string.h>

void prompt_share(char *out, size_t cap, double logp)
{
    text_share(out, cap, exp(logp));
}

bool prompt_side_focused(const struct app *a)
{
    return *app_focus(a, &screen_prompt) == PROMPT_NEXT_PANE;
}

void prompt_side_take(struct app *a, const struct session_view *v)
{
    prompt_why_take(a, v);
    prompt_written_take(a, v);
    effect_sync(a, v);
}

void prompt_side_draw(struct app *a, const struct session_view *v, struct canvas *c,
                      struct rect r)
{
    switch (prompt_own(a)->side) {
    case PROMPT_NEXT: prompt_next_draw(a, v, c, r); break;
    case PROMPT_WHY: prompt_why_draw(a, v, c, r); break;
    case PROMPT_WRITTEN: prompt_written_draw(a, v, c, r); break;
    case PROMPT_EFFECT:
        effect_draw(a, v, c, r, prompt_own(a)->row.edits.at, prompt_own(a)->row.edits.n,
                    prompt_side_focused(a));
        break;
    }
    app_hit(a, r, HIT_PANE, PROMPT_NEXT_PANE);
}

bool prompt_side_move(struct app *a, const struct session_view *v,
                      const char *direction)
{
    struct prompt_state *s = prompt_own(a);
    const bool side = strstr(direction, "left") || strstr(direction, "right");
    if (s->side == PROMPT_EFFECT) {
        return !side && effect_move(a, direction);
    }
    if (s->side != PROMPT_WRITTEN) {
        return !side && list_by_name(&s->next, direction);
    }
    return prompt_written_move(a, v, direction);
}

void prompt_side_back(struct app *a)
{
    struct prompt_state *s = prompt_own(a);
    s->side =
        s->side == PROMPT_WHY && s->why_text && s->texts ? PROMPT_WRITTEN : PROMPT_NEXT;
    list_home(&s->next);
}
