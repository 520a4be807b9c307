#include "base/pickle.h"

#include "base/mem.h"

#include <string.h>

#define MARK UINT32_MAX
#define NONE UINT32_MAX

enum role { ROLE_DICT, ROLE_TENSOR, ROLE_PARAMETER, ROLE_STORAGE };

/* All names that a pickle may refer to. */
static const struct global {
    const char *module, *name;
    enum role role;
    enum elem elem; /* of a storage */
} globals[] = {
    {"collections", "OrderedDict", ROLE_DICT, ELEM_F32},
    {"torch._utils", "_rebuild_tensor_v2", ROLE_TENSOR, ELEM_F32},
    {"torch._utils", "_rebuild_parameter", ROLE_PARAMETER, ELEM_F32},
    {"torch", "FloatStorage", ROLE_STORAGE, ELEM_F32},
    {"torch", "HalfStorage", ROLE_STORAGE, ELEM_F16},
    {"torch", "BFloat16Storage", ROLE_STORAGE, ELEM_BF16},
    {"torch", "DoubleStorage", ROLE_STORAGE, ELEM_F64},
    {"torch", "LongStorage", ROLE_STORAGE, ELEM_I64},
    {"torch", "IntStorage", ROLE_STORAGE, ELEM_I32},
    {"torch", "ShortStorage", ROLE_STORAGE, ELEM_I16},
    {"torch", "CharStorage", ROLE_STORAGE, ELEM_I8},
    {"torch", "ByteStorage", ROLE_STORAGE, ELEM_U8},
    {"torch", "BoolStorage", ROLE_STORAGE, ELEM_BOOL},
};
#define N_GLOBALS (sizeof globals / sizeof globals[0])

/* An item of a container. */
struct link {
    uint32_t value, next;
};

struct node {
    enum pickle_kind kind;
    union {
        int64_t i;
        double f;
        struct {
            const char *p;
            size_t len;
        } text;
        struct {
            uint32_t first, last; /* links; NONE */
            uint32_t n;
        } items;
        size_t at; /* of globals, or of pickle.tensor for STORAGE and TENSOR */
    } v;
};

struct pickle {
    struct node *node;
    size_t nodes, node_cap;
    struct link *link;
    size_t links, link_cap;
    struct pickle_tensor *tensor;
    size_t tensors, tensor_cap;
    uint32_t root;
};

/* The machine that reads a pickle. */
struct reader {
    struct pickle *p;
    const char *name;
    const uint8_t *data;
    size_t len, at;
    size_t op_at; /* where the opcode at hand is */
    uint32_t *stack;
    size_t depth, stack_cap;
    uint32_t *memo; /* value + 1; 0: none */
    size_t memo_cap;
};

static enum err refuse(const struct reader *r, const char *found, struct errinfo *e)
{
    return err_set(e, ERR_FORMAT, "%s: byte %zu: opcode 0x%02x: %s", r->name, r->op_at,
                   r->data[r->op_at], found);
}

/* ---- input ---- */

static enum err take(struct reader *r, size_t n, const uint8_t **out, struct errinfo *e)
{
    if (n > r->len - r->at) {
        return refuse(r, "the pickle ends within its argument", e);
    }
    *out = r->data + r->at;
    r->at += n;
    return OK;
}

static enum err take_u32(struct reader *r, size_t bytes, uint32_t *out,
                         struct errinfo *e)
{
    const uint8_t *p = NULL;
    uint32_t v = 0;
    TRY(take(r, bytes, &p, e));
    for (size_t i = bytes; i > 0; i--) {
        v = v << 8 | p[i - 1];
    }
    *out = v;
    return OK;
}

/* Takes a line, without its end. */
static enum err take_line(struct reader *r, const uint8_t **out, size_t *len,
                          struct errinfo *e)
{
    const uint8_t *p = r->data + r->at;
    const uint8_t *end = memchr(p, '\n', r->len - r->at);
    if (!end) {
        return refuse(r, "a name without an end of line", e);
    }
    *out = p;
    *len = (size_t)(end - p);
    r->at += *len + 1;
    return OK;
}

/* ---- values and stack ---- */

static enum err push(struct reader *r, uint32_t value, struct errinfo *e)
{
    TRY(mem_grow(&r->stack, &r->stack_cap, r->depth + 1, sizeof *r->stack, r->len + 1,
                 e));
    r->stack[r->depth++] = value;
    return OK;
}

static enum err push_node(struct reader *r, struct node n, struct errinfo *e)
{
    struct pickle *p = r->p;
    TRY(mem_grow(&p->node, &p->node_cap, p->nodes + 1, sizeof *p->node, r->len + 1, e));
    p->node[p->nodes] = n;
    return push(r, (uint32_t)p->nodes++, e);
}

static enum err push_int(struct reader *r, enum pickle_kind kind, int64_t i,
                         struct errinfo *e)
{
    return push_node(r, (struct node){.kind = kind, .v = {.i = i}}, e);
}

static struct node container(enum pickle_kind kind)
{
    return (struct node){.kind = kind, .v = {.items = {NONE, NONE, 0}}};
}

static enum err pop(struct reader *r, uint32_t *out, struct errinfo *e)
{
    if (r->depth == 0 || r->stack[r->depth - 1] == MARK) {
        return refuse(r, "nothing on the stack to take", e);
    }
    *out = r->stack[--r->depth];
    return OK;
}

/* Gives the value on top of the stack, which must be of a kind and stays there. */
static enum err peek(const struct reader *r, enum pickle_kind kind, uint32_t *out,
                     struct errinfo *e)
{
    if (r->depth == 0 || r->stack[r->depth - 1] == MARK ||
        r->p->node[r->stack[r->depth - 1]].kind != kind) {
        return refuse(r, "works on another kind of value", e);
    }
    *out = r->stack[r->depth - 1];
    return OK;
}

static enum err add_item(struct reader *r, uint32_t to, uint32_t value,
                         struct errinfo *e)
{
    struct pickle *p = r->p;
    TRY(mem_grow(&p->link, &p->link_cap, p->links + 1, sizeof *p->link, 4 * r->len + 4,
                 e));
    const uint32_t at = (uint32_t)p->links++;
    struct node *n = &p->node[to];
    p->link[at] = (struct link){value, NONE};
    if (n->v.items.n == 0) {
        n->v.items.first = at;
    } else {
        p->link[n->v.items.last].next = at;
    }
    n->v.items.last = at;
    n->v.items.n++;
    return OK;
}

/* Finds where the values above the last mark begin; the mark itself is below. */
static enum err find_mark(const struct reader *r, size_t *first, struct errinfo *e)
{
    for (size_t i = r->depth; i > 0; i--) {
        if (r->stack[i - 1] == MARK) {
            *first = i;
            return OK;
        }
    }
    return refuse(r, "no mark on the stack", e);
}

/* Item i of a tuple; NONE beyond its end. */
static uint32_t item_at(const struct pickle *p, uint32_t v, uint32_t i)
{
    uint32_t at = 0, item = NONE;
    do {
        if (!pickle_next(p, v, &at, &item)) {
            return NONE;
        }
    } while (i-- > 0);
    return item;
}

static bool is_kind(const struct pickle *p, uint32_t v, enum pickle_kind kind)
{
    return v != NONE && p->node[v].kind == kind;
}

/* Gets a non-negative integer. */
static bool size_of(const struct pickle *p, uint32_t v, size_t *out)
{
    if (!is_kind(p, v, PICKLE_INT) || p->node[v].v.i < 0 ||
        (uint64_t)p->node[v].v.i > SIZE_MAX) {
        return false;
    }
    *out = (size_t)p->node[v].v.i;
    return true;
}

/* ---- opcodes ---- */

static enum err op_global(struct reader *r, struct errinfo *e)
{
    const uint8_t *module = NULL, *name = NULL;
    size_t module_len = 0, name_len = 0;
    TRY(take_line(r, &module, &module_len, e));
    TRY(take_line(r, &name, &name_len, e));
    for (size_t i = 0; i < N_GLOBALS; i++) {
        if (strlen(globals[i].module) == module_len &&
            strlen(globals[i].name) == name_len &&
            memcmp(globals[i].module, module, module_len) == 0 &&
            memcmp(globals[i].name, name, name_len) == 0) {
            return push_node(r, (struct node){.kind = PICKLE_GLOBAL, .v = {.at = i}},
                             e);
        }
    }
    return err_set(e, ERR_FORMAT,
                   "%s: byte %zu: opcode 0x63: names %.*s.%.*s, expected only torch's "
                   "tensors and storages and OrderedDict; nothing was executed",
                   r->name, r->op_at, (int)(module_len < 60 ? module_len : 60),
                   (const char *)module, (int)(name_len < 60 ? name_len : 60),
                   (const char *)name);
}

/* ('storage', type, key, place, elements) */
static enum err op_storage(struct reader *r, struct errinfo *e)
{
    struct pickle *p = r->p;
    uint32_t id = 0;
    TRY(pop(r, &id, e));
    if (!is_kind(p, id, PICKLE_TUPLE)) {
        return refuse(r, "a persistent id that is no tuple", e);
    }
    const uint32_t tag = item_at(p, id, 0), type = item_at(p, id, 1),
                   key = item_at(p, id, 2);
    size_t count;
    if (!is_kind(p, tag, PICKLE_TEXT) || p->node[tag].v.text.len != 7 ||
        memcmp(p->node[tag].v.text.p, "storage", 7) != 0 ||
        !is_kind(p, type, PICKLE_GLOBAL) ||
        globals[p->node[type].v.at].role != ROLE_STORAGE ||
        !is_kind(p, key, PICKLE_TEXT) || !size_of(p, item_at(p, id, 4), &count)) {
        return refuse(r, "expected ('storage', type, key, place, elements)", e);
    }
    TRY(mem_grow(&p->tensor, &p->tensor_cap, p->tensors + 1, sizeof *p->tensor,
                 r->len + 1, e));
    p->tensor[p->tensors] = (struct pickle_tensor){
        .elem = globals[p->node[type].v.at].elem,
        .storage = p->node[key].v.text.p,
        .storage_len = p->node[key].v.text.len,
        .storage_count = count,
    };
    return push_node(
        r, (struct node){.kind = PICKLE_STORAGE, .v = {.at = p->tensors++}}, e);
}

/* Gets the sizes in a tuple of integers. */
static bool sizes_of(const struct pickle *p, uint32_t v, size_t out[PICKLE_MAX_DIMS],
                     size_t *n)
{
    uint32_t at = 0, item;
    *n = 0;
    if (!is_kind(p, v, PICKLE_TUPLE)) {
        return false;
    }
    while (pickle_next(p, v, &at, &item)) {
        if (*n == PICKLE_MAX_DIMS || !size_of(p, item, &out[*n])) {
            return false;
        }
        ++*n;
    }
    return true;
}

/* Whether shape, stride and offset stay within the storage; fills extent. There may be
 * no more elements than the storage has, as an overlapping view could claim any
 * number. */
static bool fits(struct pickle_tensor *t)
{
    size_t count = 1, reach = t->offset, step;
    bool empty = false;
    for (size_t i = 0; i < t->ndim; i++) {
        if (t->shape[i] == 0) {
            empty = true;
            continue;
        }
        if (!mem_mul(count, t->shape[i], &count) ||
            !mem_mul(t->shape[i] - 1, t->stride[i], &step) || step > SIZE_MAX - reach) {
            return false;
        }
        reach += step;
    }
    t->extent = empty ? t->offset : reach + 1;
    return reach < SIZE_MAX && (empty || count <= t->storage_count) &&
           t->extent <= t->storage_count;
}

/* _rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks) */
static enum err make_tensor(struct reader *r, uint32_t args, struct errinfo *e)
{
    struct pickle *p = r->p;
    const uint32_t storage = item_at(p, args, 0);
    if (!is_kind(p, storage, PICKLE_STORAGE)) {
        return refuse(r, "a tensor without a storage", e);
    }
    struct pickle_tensor t = p->tensor[p->node[storage].v.at];
    size_t strides = 0;
    if (!size_of(p, item_at(p, args, 1), &t.offset) ||
        !sizes_of(p, item_at(p, args, 2), t.shape, &t.ndim) ||
        !sizes_of(p, item_at(p, args, 3), t.stride, &strides) || strides != t.ndim) {
        return refuse(r, "a tensor of unusual offset, shape or stride", e);
    }
    if (!fits(&t)) {
        return refuse(r, "a tensor that reaches beyond its storage", e);
    }
    TRY(mem_grow(&p->tensor, &p->tensor_cap, p->tensors + 1, sizeof *p->tensor,
                 r->len + 1, e));
    p->tensor[p->tensors] = t;
    return push_node(r, (struct node){.kind = PICKLE_TENSOR, .v = {.at = p->tensors++}},
                     e);
}

static enum err op_reduce(struct reader *r, struct errinfo *e)
{
    struct pickle *p = r->p;
    uint32_t args = 0, callee = 0;
    TRY(pop(r, &args, e));
    TRY(pop(r, &callee, e));
    if (!is_kind(p, callee, PICKLE_GLOBAL) || !is_kind(p, args, PICKLE_TUPLE)) {
        return refuse(r, "calls something else than a name with a tuple", e);
    }
    switch (globals[p->node[callee].v.at].role) {
    case ROLE_DICT:
        return p->node[args].v.items.n == 0 ? push_node(r, container(PICKLE_DICT), e)
                                            : refuse(r, "OrderedDict of something", e);
    case ROLE_TENSOR: return make_tensor(r, args, e);
    case ROLE_PARAMETER: {
        const uint32_t tensor = item_at(p, args, 0);
        return is_kind(p, tensor, PICKLE_TENSOR) ? push(r, tensor, e)
                                                 : refuse(r, "a parameter of none", e);
    }
    case ROLE_STORAGE: break;
    }
    return refuse(r, "calls a storage", e);
}

static enum err op_tuple(struct reader *r, size_t first, bool marked, struct errinfo *e)
{
    const size_t n = r->depth - first;
    for (size_t i = first; i < r->depth; i++) {
        if (r->stack[i] == MARK) {
            return refuse(r, "a mark within a tuple", e);
        }
    }
    const size_t end = r->depth;
    TRY(push_node(r, container(PICKLE_TUPLE), e));
    const uint32_t tuple = r->stack[end];
    for (size_t i = 0; i < n; i++) {
        TRY(add_item(r, tuple, r->stack[first + i], e));
    }
    r->depth = first - (marked ? 1 : 0);
    return push(r, tuple, e);
}

/* APPENDS, SETITEMS: moves the values above the mark into the container below it. */
static enum err op_add_many(struct reader *r, enum pickle_kind kind, struct errinfo *e)
{
    size_t first = 0;
    uint32_t to = 0;
    TRY(find_mark(r, &first, e));
    const size_t end = r->depth;
    if (kind == PICKLE_DICT && (end - first) % 2 != 0) {
        return refuse(r, "a key without a value", e);
    }
    r->depth = first - 1;
    TRY(peek(r, kind, &to, e));
    for (size_t i = first; i < end; i++) {
        TRY(add_item(r, to, r->stack[i], e));
    }
    return OK;
}

/* APPEND, SETITEM. */
static enum err op_add_one(struct reader *r, enum pickle_kind kind, struct errinfo *e)
{
    uint32_t value = 0, key = NONE, to = 0;
    TRY(pop(r, &value, e));
    if (kind == PICKLE_DICT) {
        TRY(pop(r, &key, e));
    }
    TRY(peek(r, kind, &to, e));
    if (key != NONE) {
        TRY(add_item(r, to, key, e));
    }
    return add_item(r, to, value, e);
}

static enum err op_put(struct reader *r, uint32_t at, struct errinfo *e)
{
    if (r->depth == 0 || r->stack[r->depth - 1] == MARK) {
        return refuse(r, "nothing on the stack to remember", e);
    }
    /* Numbers count up from 0, each with an opcode of its own. */
    if (at >= r->len) {
        return refuse(r, "a memo number larger than the pickle", e);
    }
    TRY(mem_grow(&r->memo, &r->memo_cap, (size_t)at + 1, sizeof *r->memo, r->len, e));
    r->memo[at] = r->stack[r->depth - 1] + 1;
    return OK;
}

static enum err op_get(struct reader *r, uint32_t at, struct errinfo *e)
{
    if (at >= r->memo_cap || r->memo[at] == 0) {
        return refuse(r, "a memo number that was not set", e);
    }
    return push(r, r->memo[at] - 1, e);
}

static enum err op_text(struct reader *r, struct errinfo *e)
{
    uint32_t n = 0;
    const uint8_t *p = NULL;
    TRY(take_u32(r, 4, &n, e));
    TRY(take(r, n, &p, e));
    if (n > 0 && memchr(p, '\0', n)) {
        return refuse(r, "a text with a NUL in it", e);
    }
    const struct node text = {.kind = PICKLE_TEXT, .v = {.text = {(const char *)p, n}}};
    return push_node(r, text, e);
}

static enum err op_float(struct reader *r, struct errinfo *e)
{
    const uint8_t *p = NULL;
    uint64_t bits = 0;
    struct node n = {.kind = PICKLE_FLOAT};
    TRY(take(r, 8, &p, e));
    for (size_t i = 0; i < 8; i++) { /* the one big-endian number of the format */
        bits = bits << 8 | p[i];
    }
    memcpy(&n.v.f, &bits, sizeof bits);
    return push_node(r, n, e);
}

/* LONG1: as many bytes as it says, two's complement. */
static enum err op_long(struct reader *r, struct errinfo *e)
{
    uint8_t wide[8];
    uint32_t n = 0;
    const uint8_t *p = NULL;
    TRY(take_u32(r, 1, &n, e));
    TRY(take(r, n, &p, e));
    if (n > sizeof wide) {
        return refuse(r, "an integer of more than 64 bits", e);
    }
    memset(wide, n > 0 && p[n - 1] & 0x80 ? 0xFF : 0, sizeof wide);
    if (n > 0) {
        memcpy(wide, p, n);
    }
    return push_int(r, PICKLE_INT, elem_to_i64(ELEM_I64, wide), e);
}

static enum err op_int(struct reader *r, size_t bytes, struct errinfo *e)
{
    uint32_t v = 0;
    TRY(take_u32(r, bytes, &v, e));
    const int64_t i = bytes == 4 && v > INT32_MAX ? (int64_t)v - (1LL << 32) : v;
    return push_int(r, PICKLE_INT, i, e);
}

/* OrderedDict's attributes (a state dict's _metadata) say nothing about the tensors. */
static enum err op_build(struct reader *r, struct errinfo *e)
{
    uint32_t state = 0, to = 0;
    TRY(pop(r, &state, e));
    return peek(r, PICKLE_DICT, &to, e);
}

static enum err op_protocol(struct reader *r, struct errinfo *e)
{
    uint32_t v = 0;
    TRY(take_u32(r, 1, &v, e));
    if (v != 2) {
        return err_set(e, ERR_FORMAT,
                       "%s: byte %zu: found pickle protocol %u, expected 2 as "
                       "torch.save writes it",
                       r->name, r->op_at, v);
    }
    return OK;
}

/* The longer half of the opcodes: containers and calls. */
static enum err run_structure(struct reader *r, uint8_t op, struct errinfo *e)
{
    size_t first = 0;
    switch (op) {
    case '(': return push(r, MARK, e);
    case ')': return push_node(r, container(PICKLE_TUPLE), e);
    case ']': return push_node(r, container(PICKLE_LIST), e);
    case '}': return push_node(r, container(PICKLE_DICT), e);
    case 't': TRY(find_mark(r, &first, e)); return op_tuple(r, first, true, e);
    case 0x85:
    case 0x86:
    case 0x87:
        if (r->depth < op - 0x84u) {
            return refuse(r, "nothing on the stack to take", e);
        }
        return op_tuple(r, r->depth - (op - 0x84u), false, e);
    case 'a': return op_add_one(r, PICKLE_LIST, e);
    case 'e': return op_add_many(r, PICKLE_LIST, e);
    case 's': return op_add_one(r, PICKLE_DICT, e);
    case 'u': return op_add_many(r, PICKLE_DICT, e);
    case 'c': return op_global(r, e);
    case 'Q': return op_storage(r, e);
    case 'R': return op_reduce(r, e);
    case 'b': return op_build(r, e);
    default: return refuse(r, "not one of those that a state dict needs", e);
    }
}

static enum err run_op(struct reader *r, uint8_t op, struct errinfo *e)
{
    uint32_t v = 0;
    switch (op) {
    case 0x80: return op_protocol(r, e);
    case 'q':
    case 'r': TRY(take_u32(r, op == 'q' ? 1 : 4, &v, e)); return op_put(r, v, e);
    case 'h':
    case 'j': TRY(take_u32(r, op == 'h' ? 1 : 4, &v, e)); return op_get(r, v, e);
    case 'X': return op_text(r, e);
    case 'K': return op_int(r, 1, e);
    case 'M': return op_int(r, 2, e);
    case 'J': return op_int(r, 4, e);
    case 0x8a: return op_long(r, e);
    case 'G': return op_float(r, e);
    case 'N': return push_int(r, PICKLE_NONE, 0, e);
    case 0x88:
    case 0x89: return push_int(r, PICKLE_BOOL, op == 0x88, e);
    default: return run_structure(r, op, e);
    }
}

static enum err run(struct reader *r, struct errinfo *e)
{
    while (r->at < r->len) {
        r->op_at = r->at++;
        const uint8_t op = r->data[r->op_at];
        if (op == '.') {
            return r->depth == 1 ? pop(r, &r->p->root, e)
                                 : refuse(r, "ends with other than one value", e);
        }
        TRY(run_op(r, op, e));
    }
    return err_set(e, ERR_FORMAT, "%s: byte %zu: ends without a STOP opcode", r->name,
                   r->len);
}

/* ---- interface ---- */

enum err pickle_parse(const uint8_t *data, size_t len, const char *name,
                      struct pickle **out, struct errinfo *e)
{
    if (len >= UINT32_MAX / 8) {
        return err_set(e, ERR_LIMIT, "%s: a pickle of %zu bytes", name, len);
    }
    struct pickle *p = NULL;
    TRY(mem_new(&p, 1, sizeof *p, name, e));
    struct reader r = {.p = p, .name = name, .data = data, .len = len};
    const enum err rc = run(&r, e);
    mem_free(r.stack);
    mem_free(r.memo);
    if (rc != OK) {
        pickle_free(p);
        return rc;
    }
    *out = p;
    return OK;
}

void pickle_free(struct pickle *p)
{
    if (p) {
        mem_free(p->node);
        mem_free(p->link);
        mem_free(p->tensor);
        mem_free(p);
    }
}

uint32_t pickle_root(const struct pickle *p)
{
    return p->root;
}

enum pickle_kind pickle_kind_of(const struct pickle *p, uint32_t v)
{
    return p->node[v].kind;
}

int64_t pickle_int(const struct pickle *p, uint32_t v)
{
    return p->node[v].v.i;
}

double pickle_float(const struct pickle *p, uint32_t v)
{
    return p->node[v].v.f;
}

const char *pickle_text(const struct pickle *p, uint32_t v, size_t *len)
{
    *len = p->node[v].v.text.len;
    return p->node[v].v.text.p;
}

const struct pickle_tensor *pickle_tensor(const struct pickle *p, uint32_t v)
{
    return &p->tensor[p->node[v].v.at];
}

bool pickle_next(const struct pickle *p, uint32_t v, uint32_t *at, uint32_t *item)
{
    /* *at: 0 at first, then the link that comes next + 1, or NONE after the last. */
    const uint32_t link = *at == 0      ? p->node[v].v.items.first
                          : *at == NONE ? NONE
                                        : *at - 1;
    if (link == NONE) {
        return false;
    }
    *item = p->link[link].value;
    *at = p->link[link].next == NONE ? NONE : p->link[link].next + 1;
    return true;
}
