#include "ui/filter.h"

#include "base/mem.h"

#include <ctype.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a filter is ---- */

enum piece_kind { PIECE_WORD, PIECE_REGEX, PIECE_COMPARE, PIECE_FLAG, PIECE_FIELD };
enum compare { CMP_GT, CMP_GE, CMP_LT, CMP_LE, CMP_EQ, CMP_NE };

struct filter_piece {
    enum piece_kind kind;
    bool negated, ends_term;
    int field; /* the kind's field that is compared, or a flag */
    enum compare compare;
    double number;
    char word[128];
    regex_t regex;
    bool has_regex;
    /* Answers: 0 not asked, 1 no, 2 yes; NULL: none yet, or no memory. */
    uint8_t *hit[FILTER_MEMOS];
    size_t n_hits[FILTER_MEMOS];
};

enum { PIECES = 32 };
struct filter {
    const struct filter_kind *kind;
    struct filter_piece piece[PIECES];
    size_t n;
};

void filter_free(struct filter *f)
{
    for (size_t i = 0; f && i < f->n; i++) {
        if (f->piece[i].has_regex) {
            regfree(&f->piece[i].regex);
        }
        for (size_t k = 0; k < FILTER_MEMOS; k++) {
            mem_free(f->piece[i].hit[k]);
        }
    }
    mem_free(f);
}

/* ---- parsing ---- */

#define REGEX_GROUPS_MAX 16
#define REGEX_STATES_MAX 500.0

struct parser {
    const struct filter_kind *kind;
    const char *text, *p;
    const char *error; /* message; NULL while all is well */
    const char *error_at;
    char room[FILTER_MESSAGE]; /* for a message put together here */
};

static bool fail_at(struct parser *s, const char *at, const char *message)
{
    s->error = message;
    s->error_at = at;
    return false;
}

/* Fail with the list of known fields. */
static bool fail_unknown(struct parser *s, const char *at)
{
    static const char lead[] = "unknown field: ";
    memcpy(s->room, lead, sizeof lead);
    s->kind->words(s->room + sizeof lead - 1, sizeof s->room - sizeof lead);
    return fail_at(s, at, s->room);
}

static void skip_spaces(struct parser *s)
{
    while (*s->p == ' ' || *s->p == '\t') {
        s->p++;
    }
}

/* What is wrong with an escape; those that the matcher does not know would quietly
 * stand for their letter. */
static const char *escape_danger(char escaped)
{
    if (escaped >= '0' && escaped <= '9') {
        return "back references are not supported";
    }
    if (isalpha((unsigned char)escaped) && !strchr("wWsSbB", escaped)) {
        return "unknown escape; there are \\\\ \\/ \\w \\s \\b and [[:digit:]]";
    }
    return NULL;
}

/* Past a bracket expression: "[]a]", "[^]a]", "[[:alpha:]]". */
static const char *after_bracket(const char *p)
{
    p += p[1] == '^' ? 2 : 1;
    p += *p == ']' ? 1 : 0;
    while (*p && *p != ']') {
        const char kind = p[0] == '[' ? p[1] : '\0';
        const char *end = NULL;
        if (kind == ':' || kind == '.' || kind == '=') {
            const char close[] = {kind, ']', '\0'};
            end = strstr(p + 2, close);
        }
        p = end ? end + 2 : p + 1;
    }
    return *p ? p + 1 : p;
}

/* Properties of a piece of a pattern. */
struct regex_piece {
    double states; /* about as many as the C library makes */
    bool empty;    /* it can match nothing */
    bool looped;   /* inside it a piece that can match nothing is repeated */
};

/* Apply a repetition sign at *p to the piece before it. The C library copies what
 * repeats, a{9} nine times and a+ twice, and copies of copies too; if what repeats can
 * match nothing, it tries all ways through the loops. */
static void repeat_piece(const char **p, struct regex_piece *piece)
{
    double least = **p == '+' ? 1.0 : 0.0, times = 2.0;
    piece->looped |= piece->empty;
    if (**p == '{') {
        char *end = NULL;
        least = strtod(*p + 1, &end);
        const double most = *end == ',' ? strtod(end + 1, &end) : least;
        times = fmax(fmax(least, most), 0.0) + 1.0;
        *p = *end == '}' ? end : *p;
    }
    piece->empty = piece->empty || !(least > 0.0);
    piece->states *= times;
    ++*p;
}

static struct regex_piece regex_piece(const char **p);

/* Parse the pattern at *p, in a group up to the ')' that ends it; outside a group ')'
 * stands for itself. */
static struct regex_piece regex_size(const char **p, bool in_group)
{
    struct regex_piece all = {0}, way = {.empty = true}; /* one of the alternatives */
    while (**p && !(in_group && **p == ')')) {
        if (**p == '|') {
            all.empty |= way.empty;
            way.empty = true;
            all.states += 1.0;
            ++*p;
            continue;
        }
        struct regex_piece last = regex_piece(p);
        while (**p && strchr("*+?{", **p)) {
            repeat_piece(p, &last);
        }
        way.empty &= last.empty;
        all.states += last.states;
        all.looped |= last.looped;
    }
    all.empty |= way.empty;
    return all;
}

/* Parse a piece that can be repeated: a character, a bracket, a group, an anchor. */
static struct regex_piece regex_piece(const char **p)
{
    struct regex_piece piece = {.states = 1.0};
    if (**p == '(') {
        ++*p;
        piece = regex_size(p, true);
        piece.states += 1.0;
        *p += **p == ')' ? 1 : 0;
    } else if (**p == '[') {
        *p = after_bracket(*p);
    } else {
        const bool escaped = **p == '\\' && (*p)[1];
        piece.empty =
            escaped ? (*p)[1] == 'b' || (*p)[1] == 'B' : **p == '^' || **p == '$';
        *p += escaped ? 2 : 1;
    }
    return piece;
}

/* Why a pattern is refused: it does not mean what it seems to, or glibc's matcher may
 * need exponential time or space for it. NULL: it is fine. */
static const char *regex_danger(const char *pattern)
{
    size_t groups = 0;
    for (const char *p = pattern; *p; p++) {
        if (*p == '\\' && p[1]) {
            const char *danger = escape_danger(*++p);
            if (danger) {
                return danger;
            }
        } else if (*p == '(' && ++groups > REGEX_GROUPS_MAX) {
            return "at most 16 groups";
        }
    }
    const char *p = pattern;
    const struct regex_piece all = regex_size(&p, false);
    if (all.looped) {
        return "a part that can match nothing is repeated";
    }
    return all.states > REGEX_STATES_MAX
               ? "the pattern repeats too much (about 500 characters when written out)"
               : NULL;
}

static bool parse_regex(struct parser *s, struct filter_piece *out)
{
    const char *start = s->p++;
    size_t n = 0;
    while (*s->p && *s->p != '/') {
        /* Two bytes that belong together, but only the second of \/ is the
         * pattern's. */
        const bool escape = *s->p == '\\' && s->p[1];
        const size_t skip = escape && s->p[1] == '/' ? 1 : 0;
        const size_t len = escape && !skip ? 2 : 1;
        if (n + len >= sizeof out->word) {
            return fail_at(s, start, "the pattern is too long");
        }
        memcpy(out->word + n, s->p + skip, len);
        n += len;
        s->p += skip + len;
    }
    out->word[n] = '\0';
    if (*s->p != '/') {
        return fail_at(s, start, "the pattern needs a closing /");
    }
    s->p++;
    const char *danger = regex_danger(out->word);
    if (danger) {
        return fail_at(s, start, danger);
    }
    if (!n || regcomp(&out->regex, out->word, REG_EXTENDED | REG_ICASE | REG_NOSUB)) {
        return fail_at(s, start, "not a regular expression");
    }
    out->kind = PIECE_REGEX;
    out->has_regex = true;
    return true;
}

static bool parse_quoted(struct parser *s, struct filter_piece *out)
{
    const char *start = s->p++;
    size_t n = 0;
    while (*s->p && *s->p != '"') {
        s->p += *s->p == '\\' && (s->p[1] == '"' || s->p[1] == '\\') ? 1 : 0;
        if (n + 1 >= sizeof out->word) {
            return fail_at(s, start, "the text is too long");
        }
        out->word[n++] = *s->p++;
    }
    out->word[n] = '\0';
    if (*s->p != '"') {
        return fail_at(s, start, "the text needs a closing \"");
    }
    s->p++;
    return n > 0 || fail_at(s, start, "an empty text");
}

static bool parse_op(struct parser *s, enum compare *op)
{
    static const struct {
        const char *text;
        enum compare op;
    } ops[] = {{">=", CMP_GE}, {"<=", CMP_LE}, {"!=", CMP_NE}, {"==", CMP_EQ},
               {">", CMP_GT},  {"<", CMP_LT},  {"=", CMP_EQ}};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (!strncmp(s->p, ops[i].text, strlen(ops[i].text))) {
            *op = ops[i].op;
            s->p += strlen(ops[i].text);
            return true;
        }
    }
    return false;
}

static bool parse_number(struct parser *s, double *out)
{
    skip_spaces(s);
    char *end = NULL;
    *out = strtod(s->p, &end);
    if (end == s->p || isnan(*out)) {
        return fail_at(s, s->p, "a number is missing");
    }
    s->p = end;
    return true;
}

static bool ends_word(char ch)
{
    return !ch || ch == ' ' || ch == '\t' || ch == '&' || ch == '|';
}

/* Parse a word from `start` up to what ends it. */
static bool parse_plain(struct parser *s, const char *start, struct filter_piece *out)
{
    while (!ends_word(*s->p)) {
        s->p++;
    }
    size_t n = (size_t)(s->p - start);
    for (size_t i = 0; i < n; i++) {
        if (start[i] == '(' || start[i] == ')') {
            return fail_at(s, start + i,
                           "there is no grouping; \"(\" in quotes looks for one");
        }
    }
    if (!n) {
        return fail_at(s, start,
                       *start ? "a word is missing here" : "it ends too early");
    }
    if (n >= sizeof out->word) {
        return fail_at(s, start, "the word is too long");
    }
    memcpy(out->word, start, n);
    out->word[n] = '\0';
    return true;
}

/* Parse the value that a text field is compared with. */
static bool parse_field_text(struct parser *s, struct filter_piece *out)
{
    if (out->compare != CMP_EQ && out->compare != CMP_NE) {
        return fail_at(s, s->p, "a text is compared by = or != alone");
    }
    out->negated ^= out->compare == CMP_NE;
    out->kind = PIECE_FIELD;
    skip_spaces(s);
    return *s->p == '"' ? parse_quoted(s, out) : parse_plain(s, s->p, out);
}

/* Whether a character may be in a field's name; letters outside ASCII may. */
static bool in_name(char ch)
{
    return isalnum((unsigned char)ch) || ch == '_' || (unsigned char)ch >= 0x80;
}

/* field op number, field = text, a flag, or a plain word */
static bool parse_word(struct parser *s, struct filter_piece *out)
{
    const char *start = s->p;
    size_t letters = 0;
    while (in_name(start[letters])) {
        letters++;
    }
    bool is_flag = false;
    const int field = s->kind->field(start, letters, &is_flag);
    s->p = start + letters;
    const char *after = s->p;
    skip_spaces(s);
    if (letters && parse_op(s, &out->compare)) {
        if (field < 0 || is_flag) {
            return fail_unknown(s, start);
        }
        out->field = field;
        if (s->kind->is_text && s->kind->is_text(field)) {
            return parse_field_text(s, out);
        }
        out->kind = PIECE_COMPARE;
        return parse_number(s, &out->number);
    }
    s->p = after;
    if (is_flag && ends_word(*s->p)) {
        out->kind = PIECE_FLAG;
        out->field = field;
        return true;
    }
    out->kind = PIECE_WORD;
    return parse_plain(s, start, out);
}

static bool parse_piece(struct parser *s, struct filter_piece *out)
{
    skip_spaces(s);
    while (*s->p == '!') {
        out->negated = !out->negated;
        s->p++;
        skip_spaces(s);
    }
    return *s->p == '/'   ? parse_regex(s, out)
           : *s->p == '"' ? parse_quoted(s, out)
                          : parse_word(s, out);
}

static bool parse(struct parser *s, struct filter *f)
{
    skip_spaces(s);
    while (*s->p) {
        if (f->n == PIECES) {
            return fail_at(s, s->p, "too many parts");
        }
        struct filter_piece *piece = &f->piece[f->n++];
        if (!parse_piece(s, piece)) {
            return false;
        }
        skip_spaces(s);
        piece->ends_term = *s->p != '|';
        const bool more = *s->p == '|' || *s->p == '&';
        while (*s->p == '&' && s->p[1] == '&') {
            s->p++;
        }
        if (more) {
            const char *sign = s->p++;
            skip_spaces(s);
            if (!*s->p) {
                return fail_at(s, sign, "something is missing after this");
            }
        }
    }
    return true;
}

struct filter *filter_new(const struct filter_kind *kind, const char *text, size_t *at,
                          char *message, size_t cap)
{
    *at = 0;
    struct filter *f = mem_alloc(1, sizeof *f);
    if (!f) {
        snprintf(message, cap, "out of memory");
        return NULL;
    }
    f->kind = kind;
    struct parser s = {.kind = kind, .text = text, .p = text};
    if (!parse(&s, f)) {
        *at = (size_t)(s.error_at - text);
        snprintf(message, cap, "%s", s.error);
        filter_free(f);
        return NULL;
    }
    return f;
}

struct filter *filter_new_word(const struct filter_kind *kind, const char *text)
{
    struct filter *f = mem_alloc(1, sizeof *f);
    if (f) {
        f->kind = kind;
        f->piece[0].kind = PIECE_WORD;
        f->piece[0].ends_term = true;
        snprintf(f->piece[0].word, sizeof f->piece[0].word, "%.*s",
                 (int)sizeof f->piece[0].word - 1, text);
        f->n = 1;
    }
    return f;
}

/* ---- asking ---- */

bool filter_text_in(const char *in, const char *text)
{
    for (; *in; in++) {
        size_t i = 0;
        while (text[i] && in[i] &&
               tolower((unsigned char)in[i]) == tolower((unsigned char)text[i])) {
            i++;
        }
        if (!text[i]) {
            return true;
        }
    }
    return !*text;
}

struct filter_piece *filter_piece_of(struct filter *f, int field, size_t nth)
{
    for (size_t i = 0; f && i < f->n; i++) {
        struct filter_piece *p = &f->piece[i];
        const bool asks = p->kind == PIECE_FIELD && p->field == field && !p->negated;
        if (asks && nth-- == 0) {
            return p;
        }
    }
    return NULL;
}

bool filter_piece_text(const struct filter_piece *p, const char *text)
{
    return p->kind == PIECE_REGEX ? !regexec(&p->regex, text, 0, NULL, 0)
                                  : filter_text_in(text, p->word);
}

uint8_t *filter_piece_memo(struct filter_piece *p, size_t memo, size_t n, size_t at)
{
    if (!p->hit[memo]) {
        p->hit[memo] = mem_alloc(n, 1);
        p->n_hits[memo] = n;
    }
    return p->hit[memo] && at < p->n_hits[memo] ? &p->hit[memo][at] : NULL;
}

bool filter_piece_token(struct filter_piece *p, const struct names *names,
                        int32_t token)
{
    if (token < 0 || (size_t)token >= names->vocab) {
        return false;
    }
    uint8_t *hit = filter_piece_memo(p, FILTER_BY_TOKEN, names->vocab, (size_t)token);
    if (!hit) {
        return filter_piece_text(p, names_token(names, token));
    }
    if (!*hit) {
        *hit = filter_piece_text(p, names_token(names, token)) ? 2 : 1;
    }
    return *hit == 2;
}

bool filter_piece_may_be_number(const struct filter_piece *p)
{
    return p->kind == PIECE_REGEX ? strpbrk(p->word, "#0123456789.[") != NULL
                                  : p->word[strspn(p->word, "#0123456789")] == '\0';
}

static bool compare_holds(const struct filter_piece *p, double v)
{
    switch (p->compare) {
    case CMP_GT: return v > p->number;
    case CMP_GE: return v >= p->number;
    case CMP_LT: return v < p->number;
    case CMP_LE: return v <= p->number;
    case CMP_EQ: return v >= p->number && v <= p->number;
    case CMP_NE: return v < p->number || v > p->number;
    }
    return false;
}

static bool piece_holds(const struct filter_kind *kind, struct filter_piece *p,
                        const void *asked)
{
    bool holds = false;
    if (p->kind == PIECE_COMPARE) {
        holds = compare_holds(p, kind->number(p->field, asked));
    } else if (p->kind == PIECE_FLAG) {
        holds = kind->number(p->field, asked) > 0;
    } else if (p->kind == PIECE_FIELD) {
        holds = kind->has(p, p->field, asked);
    } else {
        holds = kind->text(p, asked);
    }
    return holds != p->negated;
}

bool filter_holds(struct filter *f, const void *asked)
{
    bool term = false;
    for (size_t i = 0; i < f->n; i++) {
        term = term || piece_holds(f->kind, &f->piece[i], asked);
        if (f->piece[i].ends_term) {
            if (!term) {
                return false;
            }
            term = false;
        }
    }
    return true;
}

/* ---- of a screen ---- */

bool filter_line_set(struct filter_line *l, const struct filter_kind *kind,
                     const char *text)
{
    struct filter *f = NULL;
    l->error[0] = '\0';
    if (text[strspn(text, " ")]) {
        f = filter_new(kind, text, &l->error_at, l->error, sizeof l->error);
        if (!f) {
            return false;
        }
    }
    filter_free(l->compiled);
    l->compiled = f;
    snprintf(l->text, sizeof l->text, "%.*s", LINE_CAP - 1, f ? text : "");
    return true;
}

void filter_line_error(const struct filter_line *l, char *out, size_t cap)
{
    out[0] = '\0';
    if (l->error[0]) {
        snprintf(out, cap, "%s (column %zu)", l->error, l->error_at + 1);
    }
}

bool filter_line_holds(const struct filter_line *l, const void *asked)
{
    return !l->compiled || filter_holds(l->compiled, asked);
}

void filter_line_deinit(struct filter_line *l)
{
    filter_free(l->compiled);
    l->compiled = NULL;
}
