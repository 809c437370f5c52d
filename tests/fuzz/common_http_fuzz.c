/* SPDX-License-Identifier: Apache-2.0 */
/* The framing check against a second reading of the raw bytes: whatever head is let through must be one that no two parsers can read
 * in two ways. And targets: what decodes must match routes without leaving its buffer. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_split.h"
#include "kith/http_route.h"

#define HEAD_MAX 16384
#define BODY_MAX 1048576

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int fact, const char *what)
{
    if (fact)
        return;
    (void)fprintf(stderr, "broken: %s\n", what);
    abort();
}

struct counts {
    int hosts;
    int lengths;
    int codings;
    long long length;
};

static void count_line(const char *line, size_t n, struct counts *c)
{
    const char *colon = memchr(line, ':', n);
    must(colon != NULL && colon > line, "a field has a name");
    for (const char *at = line; at < colon; at++)
        must(isgraph((unsigned char)*at), "a name has no blank");
    for (const char *at = colon + 1; at < line + n; at++)
        must(*at == '\t' || (unsigned char)*at >= 0x20, "a value has no control byte");
    size_t name_n = (size_t)(colon - line);
    c->hosts += name_n == 4 && strncasecmp(line, "host", 4) == 0;
    c->codings += name_n == 17 && strncasecmp(line, "transfer-encoding", 17) == 0;
    if (name_n == 14 && strncasecmp(line, "content-length", 14) == 0) {
        c->lengths++;
        c->length = strtoll(colon + 1, NULL, 10);
    }
}

/* `raw` is the head from its method on, as it came. */
static void check_accepted(const char *raw, size_t n, const struct kith_head *head,
                           const struct kith_verdict *verdict)
{
    must(n >= 4 && memcmp(raw + n - 4, "\r\n\r\n", 4) == 0, "it ends with an empty line");
    must(memmem(raw, n - 1, "\r\n\r\n", 4) == NULL, "it has no other");
    must(memchr(raw, '\0', n) == NULL, "it has no NUL");
    const char *line = memmem(raw, n, "\r\n", 2);
    char request[2 * HEAD_MAX];
    int request_n = snprintf(request, sizeof(request), "%s %.*s %s", head->method,
                             (int)head->target_n, head->target, head->version);
    must(line - raw == request_n && memcmp(raw, request, (size_t)request_n) == 0,
         "the request line is the three parts");
    struct counts c = {0};
    for (line += 2; line < raw + n - 2;) {
        const char *end = memmem(line, (size_t)(raw + n - line), "\r\n", 2);
        must(memchr(line, '\n', (size_t)(end - line)) == NULL, "no line holds a bare LF");
        count_line(line, (size_t)(end - line), &c);
        line = end + 2;
    }
    must(c.hosts == 1 || (c.hosts == 0 && strcmp(head->version, "HTTP/1.0") == 0), "one Host");
    must(c.lengths + c.codings <= 1, "one length");
    must(verdict->chunked == (c.codings == 1), "the coding is what was found");
    must(verdict->chunked || verdict->length == c.length, "the length is what was found");
}

/* What the check says it cannot see: NULs among the line ends. */
static const char *ended(char *raw, size_t n)
{
    bool tail = n >= 4;
    for (size_t i = 1; i <= 4 && tail; i++)
        tail = memchr("\r\n", raw[n - i], 3) != NULL;
    if (tail)
        memcpy(raw + n - 4, "\r\n\r\n", 4);
    for (size_t i = 1; i < n; i++)
        if (raw[i] == '\n' && raw[i - 1] == '\0')
            raw[i - 1] = '\r';
    return raw;
}

static void fuzz_head(const uint8_t *data, size_t n)
{
    char *raw = malloc(n + 1);
    char *copy = malloc(n + 1);
    struct kith_head *head = calloc(1, sizeof(*head));
    if (!raw || !copy || !head)
        abort();
    memcpy(raw, data, n);
    memcpy(copy, data, n);
    raw[n] = copy[n] = '\0';
    if (split_head(copy, n, head)) {
        struct kith_verdict verdict = kith_head_check(head, HEAD_MAX, BODY_MAX);
        must((verdict.status == 0) == (verdict.detail == NULL), "a refusal says why");
        if (verdict.status == 0)
            check_accepted(ended(raw + (head->method - copy), head->size), head->size, head,
                           &verdict);
    }
    free(head);
    free(copy);
    free(raw);
}

static void never(void *ctx, struct kith_req *req)
{
    (void)ctx;
    (void)req;
}

static void fuzz_target(const uint8_t *data, size_t n)
{
    static const struct kith_http_route routes[] = {
        {"GET", "/", never},
        {"GET", "/a/{x}", never},
        {"POST", "/a/b", never},
        {"GET", "/{x}/{y}", never},
        {"GET", "/a/{x}/c", never},
        {"GET", "/{x}/b/{y}", never},
        {"PUT", "/{x}/{y}/{z}", never},
        {0},
    };
    static const struct kith_http_route *const tables[] = {routes, NULL};
    static struct kith_router *router;
    const char *text = (const char *)data;
    if (!router && kith_router_new(tables, NULL, &router, NULL) != KITH_OK)
        abort();
    char *out = malloc(n + 1);
    if (!out)
        abort();
    long length = kith_percent_decode(text, n, n % 2 == 0, out);
    must(length <= (long)n, "decoding does not grow");
    must(length < 0 || memchr(data, 0, n) || strlen(out) == (size_t)length, "no encoded NUL");
    must(length >= 0 || !kith_target_decodes(text, n), "what does not decode is refused");
    struct kith_match m;
    kith_router_match(router, "GET", text, n, &m);
    must(m.params_n <= 2 && (!m.route || m.known), "as the routes say");
    for (size_t i = 0; i < m.params_n; i++)
        must(m.params[i].text >= text && m.params[i].text + m.params[i].n <= text + n,
             "a parameter is in the path");
    char allow[32];
    kith_router_allow(router, text, n, allow, sizeof(allow));
    must(m.known == (allow[0] != '\0'), "a known path has methods");
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_head(data, n);
    fuzz_target(data, n);
    return 0;
}
