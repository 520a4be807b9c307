#define _XOPEN_SOURCE 700 /* localtime_r */
#include "text/chat.h"

#include <stdio.h>
#include <string.h>

#define SYSTEM(text) "<|im_start|>system\n" text "<|im_end|>\n"
#define IM_USER      "<|im_start|>user\n"
#define IM_MODEL     "<|im_end|>\n<|im_start|>assistant\n"
#define LLAMA(role)  "<|start_header_id|>" role "<|end_header_id|>\n\n"
#define LLAMA_MODEL  "<|eot_id|>" LLAMA("assistant")
#define LLAMA_DATE(of)                                                                 \
    LLAMA("system")                                                                    \
    "Cutting Knowledge Date: December 2023\nToday Date: " of "\n\n<|eot_id|>"

/* More special families come before more general ones. A template with a system text of
 * its own, or that makes its model begin with a thought, is none of these unless
 * stated. */
// clang-format off
static const struct chat_family families[] = {
    {"smollm2", {"<|im_start|>", "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>"}, {"bos_token"}, false,
     SYSTEM("You are a helpful AI assistant named SmolLM, trained by Hugging Face") IM_USER, IM_MODEL, false},
    {"qwen2.5", {"<|im_start|>", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."}, {"<think>", "bos_token"}, false,
     SYSTEM("You are Qwen, created by Alibaba Cloud. You are a helpful assistant.") IM_USER, IM_MODEL, false},
    {"qwen3", {"<|im_start|>", "enable_thinking is false %}\n        {{- '<think>\\n\\n</think>\\n\\n' }}\n    {%- endif %}\n{%- endif %}"}, {"bos_token"}, false,
     IM_USER, IM_MODEL, false},
    {"chatml", {"<|im_start|>", "<|im_end|>"}, {"<think>", "You are", "bos_token", "## "}, false,
     IM_USER, IM_MODEL, false},
    {"chatml with BOS", {"<|im_start|>", "<|im_end|>", "bos_token"}, {"<think>", "You are", "## "}, true,
     IM_USER, IM_MODEL, false},
    {"llama3.1", {"<|start_header_id|>", "Cutting Knowledge Date: December 2023", "26 Jul 2024"}, {"strftime_now", "You are"}, true,
     LLAMA_DATE("26 Jul 2024") LLAMA("user"), LLAMA_MODEL, true},
    {"llama3.2", {"<|start_header_id|>", "Cutting Knowledge Date: December 2023", "strftime_now"}, {"You are"}, true,
     LLAMA_DATE("{today}") LLAMA("user"), LLAMA_MODEL, true},
    {"llama3", {"<|start_header_id|>", "<|eot_id|>"}, {"Cutting Knowledge", "You are", "functions", "<think>"}, true,
     LLAMA("user"), LLAMA_MODEL, true},
    {"gemma", {"<start_of_turn>", "<end_of_turn>", "bos_token"}, {"<think>", "You are"}, true,
     "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n", true},
    {"phi3", {"<|user|>", "<|end|>", "<|assistant|>"}, {"<think>", "You are", "bos_token", "[gMASK]"}, false,
     "<|user|>\n", "<|end|>\n<|assistant|>\n", false},
    {"zephyr", {"<|user|>", "message['content'] + eos_token", "<|assistant|>"}, {"<think>", "You are", "bos_token"}, false,
     "<|user|>\n", "{eos}\n<|assistant|>\n", false},
    {"mistral", {"'[INST] ' + message['content'] + ' [/INST]'", "bos_token"}, {"SYSTEM_PROMPT", "<<SYS>>", "You are"}, true,
     "[INST] ", " [/INST]", false},
    {"mistral tekken", {"[INST]", "+ \"[/INST]\"", "bos_token"}, {"SYSTEM_PROMPT", "<<SYS>>", "\"[INST] \"", "You are"}, true,
     "[INST]", "[/INST]", false},
};
// clang-format on
enum { N = sizeof families / sizeof *families };

const struct chat_family *chat_family_at(size_t i)
{
    return i < N ? &families[i] : NULL;
}

/* ---- which it is ---- */

static bool fits(const struct chat_family *f, const char *template)
{
    bool yes = true;
    for (size_t i = 0; i < sizeof f->has / sizeof *f->has && f->has[i]; i++) {
        yes = yes && strstr(template, f->has[i]);
    }
    for (size_t i = 0; i < sizeof f->lacks / sizeof *f->lacks && f->lacks[i]; i++) {
        yes = yes && !strstr(template, f->lacks[i]);
    }
    return yes;
}

enum err chat_find(const char *template, const char *name,
                   const struct chat_family **out, struct errinfo *e)
{
    struct str known;
    for (size_t i = 0; i < N; i++) {
        if (fits(&families[i], template)) {
            *out = &families[i];
            return OK;
        }
    }
    str_init(&known, 1024);
    for (size_t i = 0; i < N; i++) {
        str_addf(&known, "%s%s", i ? ", " : "", families[i].name);
    }
    const enum err rc =
        err_set(e, ERR_FORMAT,
                "%s: its chat template is none that is known, which are those of %s",
                name, known.p);
    str_free(&known);
    return rc;
}

/* ---- what it makes of a text ---- */

static void add_part(const struct tok *t, const char *part, time_t now, struct str *out)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    while (*part) {
        struct tm day = {.tm_mday = 1};
        if (strncmp(part, "{eos}", 5) == 0) {
            if (tok_eos(t) >= 0) {
                tok_piece(t, tok_eos(t), out);
            }
            part += 5;
        } else if (strncmp(part, "{today}", 7) == 0) {
            (void)localtime_r(&now, &day);
            str_addf(out, "%02d %s %d", day.tm_mday, months[day.tm_mon],
                     day.tm_year + 1900);
            part += 7;
        } else {
            str_addc(out, *part++);
        }
    }
}

/* Returns where the next special token of the template begins in text[len], its length
 * and id; len: none. */
static size_t next_special(const struct tok *t, const char *text, size_t len,
                           size_t *width, int32_t *id)
{
    for (size_t i = 0; i < len; i++) {
        const char close = text[i] == '<' ? '>' : text[i] == '[' ? ']' : '\0';
        const char *end = close ? memchr(text + i, close, len - i) : NULL;
        char name[64];
        if (!end || (size_t)(end - text) + 1 - i >= sizeof name) {
            continue;
        }
        *width = (size_t)(end - text) + 1 - i;
        memcpy(name, text + i, *width);
        name[*width] = '\0';
        *id = tok_special_id(t, name);
        if (*id >= 0) {
            return i;
        }
    }
    return len;
}

/* Encodes a text that follows what is in out. */
static enum err encode(const struct tok *t, const char *text, size_t len,
                       struct tok_ids *out, struct errinfo *e)
{
    return out->n > 0 ? tok_encode_behind(t, text, len, out, e)
                      : tok_encode(t, text, len, out, e);
}

/* Encodes the template's text up to its last special token into out; what follows that
 * is left in *rest, to be encoded together with what comes next. */
static enum err add_template(const struct tok *t, const char *text, size_t len,
                             struct tok_ids *out, struct str *rest, struct errinfo *e)
{
    size_t width = 0;
    int32_t id = -1;
    for (size_t at = 0; at < len; at += width) {
        const size_t n = next_special(t, text + at, len - at, &width, &id);
        str_addn(rest, text + at, n);
        at += n;
        if (at == len) {
            return OK;
        }
        TRY(str_err(rest, "a prompt", e));
        TRY(encode(t, rest->len ? rest->p : "", rest->len, out, e));
        str_cut(rest, 0);
        TRY(tok_ids_add(out, id, e));
    }
    return OK;
}

static size_t bytes_of(const struct tok *t, int32_t id)
{
    size_t len = 0;
    (void)tok_piece_view(t, id, &len);
    return len;
}

/* Returns the first of the ids from `from` on, which make up `all` bytes of text, that
 * has bytes from `byte` on. Bytes that the tokens have beyond the text were added in
 * front by the tokenizer. */
static size_t token_at(const struct tok *t, const struct tok_ids *ids, size_t from,
                       size_t all, size_t byte)
{
    size_t total = 0, at = 0;
    for (size_t i = from; i < ids->n; i++) {
        total += bytes_of(t, ids->p[i]);
    }
    const size_t more = total > all ? total - all : 0;
    for (size_t i = from; i < ids->n; i++) {
        at += bytes_of(t, ids->p[i]);
        if (at > byte + more) {
            return i;
        }
    }
    return ids->n;
}

/* Encodes the text with the template's plain text around it: one piece for the
 * tokenizer, up to the first special token after it. */
static enum err add_text(const struct tok *t, struct str *plain, const char *text,
                         size_t len, const char *after, struct tok_ids *out,
                         size_t *first, size_t *end, struct errinfo *e)
{
    size_t width = 0;
    int32_t id = -1;
    const size_t from = out->n, before = plain->len;
    const size_t n = next_special(t, after, strlen(after), &width, &id);
    str_addn(plain, text, len);
    str_addn(plain, after, n);
    TRY(str_err(plain, "a prompt", e));
    TRY(encode(t, plain->len ? plain->p : "", plain->len, out, e));
    *first = token_at(t, out, from, plain->len, before);
    *end = len > 0 ? token_at(t, out, from, plain->len, before + len - 1) : *first;
    *end += len > 0 && *end < out->n ? 1U : 0U;
    struct str rest;
    str_init(&rest, 4096);
    enum err rc = add_template(t, after + n, strlen(after + n), out, &rest, e);
    if (rc == OK && rest.len > 0) {
        rc = encode(t, rest.p, rest.len, out, e);
    }
    str_free(&rest);
    return rc;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum err chat_encode(const struct chat_family *f, const struct tok *t, const char *text,
                     size_t len, time_t now, struct tok_ids *out, size_t *first,
                     size_t *end, struct errinfo *e)
{
    struct str before, after, plain;
    enum err rc = OK;
    for (; f->trim && len > 0 && is_space(text[len - 1]); len--) {
    }
    for (; f->trim && len > 0 && is_space(*text); len--) {
        text++;
    }
    str_init(&before, 4096);
    str_init(&after, 4096);
    str_init(&plain, SIZE_MAX / 4);
    add_part(t, f->before, now, &before);
    add_part(t, f->after, now, &after);
    TRY_OUT(rc, str_err(&before, "a template", e));
    TRY_OUT(rc, str_err(&after, "a template", e));
    if (f->bos && tok_bos(t) >= 0) {
        TRY_OUT(rc, tok_ids_add(out, tok_bos(t), e));
    }
    TRY_OUT(rc, add_template(t, before.p, before.len, out, &plain, e));
    TRY_OUT(rc, add_text(t, &plain, text, len, after.p, out, first, end, e));
out:
    str_free(&before);
    str_free(&after);
    str_free(&plain);
    return rc;
}
