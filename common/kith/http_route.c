/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/http_route.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct segment {
    const char *text;
    size_t n;
};

/* The segments of a path "/a/b" are "a" and "b"; "/" has one empty segment. */
struct split {
    struct segment segments[KITH_SEGMENTS_MAX];
    size_t n;
};

struct entry {
    const struct kith_http_route *route;
    void *ctx;
    uint32_t
        literals; /* bit (31 - i) set: segment i is literal. A larger number is the better match. */
    struct split path;
};

struct kith_router {
    size_t n;
    struct entry entries[];
};

/* ---- percent-encoding ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One decoded byte at text[*i], which moves on; -1 for an invalid escape or NUL. */
static int decode_byte(const char *text, size_t n, bool form, size_t *i)
{
    char c = text[(*i)++];
    if (c != '%')
        return form && c == '+' ? ' ' : (unsigned char)c;
    if (n - *i < 2)
        return -1;
    int high = hex(text[*i]);
    int low = hex(text[*i + 1]);
    *i += 2;
    if (high < 0 || low < 0 || high + low == 0)
        return -1;
    return high * 16 + low;
}

long kith_percent_decode(const char *text, size_t n, bool form, char *out)
{
    assert((text || n == 0) && out);
    size_t length = 0;
    for (size_t i = 0; i < n;) {
        int byte = decode_byte(text, n, form, &i);
        if (byte < 0)
            return -1;
        out[length++] = (char)byte;
    }
    out[length] = '\0';
    return (long)length;
}

/* How many bytes must follow this first byte of a UTF-8 sequence, and the range of the second (RFC 3629, 4); -1: none begins so. */
static int utf8_follow(int byte, int *low, int *high)
{
    *low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    *high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    if (byte < 0x80)
        return 0;
    if (byte >= 0xC2 && byte <= 0xDF)
        return 1;
    if (byte >= 0xE0 && byte <= 0xEF)
        return 2;
    return byte >= 0xF0 && byte <= 0xF4 ? 3 : -1;
}

bool kith_target_decodes(const char *target, size_t n)
{
    assert(target || n == 0);
    int follow = 0;
    int low = 0;
    int high = 0;
    for (size_t i = 0; i < n;) {
        /* a separator can never be inside of a sequence, so path and query need no splitting here */
        int byte = decode_byte(target, n, false, &i);
        if (byte <= 0)
            return false;
        if (follow == 0) {
            follow = utf8_follow(byte, &low, &high);
            if (follow < 0)
                return false;
            continue;
        }
        if (byte < low || byte > high)
            return false;
        follow--;
        low = 0x80;
        high = 0xBF;
    }
    return follow == 0;
}

/* ---- routes ---- */

static bool split_path(const char *path, size_t n, struct split *ret)
{
    ret->n = 0;
    if (n == 0 || path[0] != '/')
        return false;
    const char *end = path + n;
    for (const char *at = path + 1;; at++) {
        if (ret->n == KITH_SEGMENTS_MAX)
            return false;
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const char *stop = slash ? slash : end;
        ret->segments[ret->n++] = (struct segment){at, (size_t)(stop - at)};
        if (!slash)
            return true;
        at = slash;
    }
}

static bool is_param(const struct segment *s)
{
    return s->n > 2 && s->text[0] == '{' && s->text[s->n - 1] == '}';
}

static kith_err compile(const struct kith_http_route *route, void *ctx, struct entry *ret,
                        struct kith_why *why)
{
    *ret = (struct entry){.route = route, .ctx = ctx};
    size_t params_n = 0;
    if (!route->method || !route->fn || !split_path(route->path, strlen(route->path), &ret->path)) {
        kith_why_set(why, "route %s: not a method, a path of at most %d segments and a function",
                     route->path, KITH_SEGMENTS_MAX);
        return KITH_EINVAL;
    }
    for (size_t i = 0; i < ret->path.n; i++) {
        if (is_param(&ret->path.segments[i]))
            params_n++;
        else
            ret->literals |= UINT32_C(1) << (31 - i);
    }
    if (params_n > KITH_PARAMS_MAX) {
        kith_why_set(why, "route %s: more than %d parameters", route->path, KITH_PARAMS_MAX);
        return KITH_EINVAL;
    }
    return KITH_OK;
}

kith_err kith_router_new(const struct kith_http_route *const *tables, void *const *ctxs,
                         struct kith_router **ret, struct kith_why *why)
{
    size_t n = 0;
    for (size_t t = 0; tables && tables[t]; t++)
        for (const struct kith_http_route *r = tables[t]; r->path; r++)
            n++;
    kith_auto(kith_router) router = calloc(1, sizeof(*router) + n * sizeof(struct entry));
    if (!router)
        return KITH_ENOMEM;
    for (size_t t = 0; tables && tables[t]; t++) {
        for (const struct kith_http_route *r = tables[t]; r->path; r++) {
            kith_err err = compile(r, ctxs ? ctxs[t] : NULL, &router->entries[router->n++], why);
            if (err != KITH_OK)
                return err;
        }
    }
    *ret = KITH_TAKE(router);
    return KITH_OK;
}

static bool is_literal(const struct segment *literal, const struct segment *s)
{
    if (!memchr(s->text, '%', s->n))
        return s->n == literal->n && memcmp(s->text, literal->text, s->n) == 0;
    size_t at = 0;
    for (size_t i = 0; i < s->n; at++) {
        int byte = decode_byte(s->text, s->n, false, &i);
        if (byte < 0 || at == literal->n || byte != (unsigned char)literal->text[at])
            return false;
    }
    return at == literal->n;
}

static bool fits(const struct entry *e, const struct split *path)
{
    if (e->path.n != path->n)
        return false;
    for (size_t i = 0; i < path->n; i++) {
        bool literal = (e->literals & (UINT32_C(1) << (31 - i))) != 0;
        if (literal ? !is_literal(&e->path.segments[i], &path->segments[i])
                    : path->segments[i].n == 0)
            return false;
    }
    return true;
}

void kith_router_match(const struct kith_router *router, const char *method, const char *path,
                       size_t path_n, struct kith_match *ret)
{
    assert(router && method && path);
    *ret = (struct kith_match){0};
    struct split split;
    if (!split_path(path, path_n, &split))
        return;
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    const struct entry *best = NULL;
    for (size_t i = 0; i < router->n; i++) {
        const struct entry *e = &router->entries[i];
        if (!fits(e, &split))
            continue;
        ret->known = true;
        if (strcmp(e->route->method, method) == 0 && (!best || e->literals > best->literals))
            best = e;
    }
    if (!best)
        return;
    ret->route = best->route;
    ret->ctx = best->ctx;
    for (size_t i = 0; i < split.n; i++) {
        if ((best->literals & (UINT32_C(1) << (31 - i))) != 0)
            continue;
        ret->params[ret->params_n].text = split.segments[i].text;
        ret->params[ret->params_n++].n = split.segments[i].n;
    }
}

/* Is `method` one of the ", "-separated words? */
static bool listed(const char *list, const char *method)
{
    size_t n = strlen(method);
    for (const char *at = strstr(list, method); at; at = strstr(at + 1, method))
        if ((at == list || at[-1] == ' ') && (at[n] == '\0' || at[n] == ','))
            return true;
    return false;
}

static void list_method(const char *method, char *text, size_t room)
{
    size_t n = strlen(text);
    if (!listed(text, method))
        (void)snprintf(text + n, room - n, "%s%s", n ? ", " : "", method);
}

void kith_router_allow(const struct kith_router *router, const char *path, size_t path_n,
                       char *text, size_t room)
{
    assert(router && path && text && room > 0);
    text[0] = '\0';
    struct split split;
    if (!split_path(path, path_n, &split))
        return;
    for (size_t i = 0; i < router->n; i++) {
        const struct entry *e = &router->entries[i];
        if (!fits(e, &split))
            continue;
        list_method(e->route->method, text, room);
        if (strcmp(e->route->method, "GET") == 0)
            list_method("HEAD", text, room);
    }
}

void kith_router_free(struct kith_router *router)
{
    free(router);
}
