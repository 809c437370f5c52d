/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/http_check.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "kith/http_route.h"

#define METHOD_MAX 32

static bool is_alnum(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* token of RFC 9110, 5.6.2 */
static bool is_token(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!is_alnum(c) && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return n > 0;
}

/* field-value of RFC 9110, 5.5: visible, blank, or a byte above ASCII */
static bool is_value(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

static bool is_host(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (!is_alnum(c) && (c == '\0' || !strchr("-._~:[]%", c)))
            return false;
    }
    return n > 0;
}

static bool is_visible_ascii(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7F)
            return false;
    return true;
}

static struct kith_head_field trimmed(struct kith_head_field f)
{
    while (f.value_n > 0 && (f.value[f.value_n - 1] == ' ' || f.value[f.value_n - 1] == '\t'))
        f.value_n--;
    return f;
}

static bool is_named(const struct kith_head_field *f, const char *name)
{
    return strlen(name) == f->name_n && strncasecmp(f->name, name, f->name_n) == 0;
}

static struct kith_verdict refuse(int status, const char *detail)
{
    return (struct kith_verdict){.status = status, .detail = detail};
}

static const struct kith_verdict fine = {0};

bool kith_head_is_seamless(const struct kith_head *head)
{
    assert(head && head->fields_n <= KITH_HEAD_FIELDS_MAX);
    uintptr_t at = (uintptr_t)head->method + strlen(head->method) + 1; /* blank */
    if (at != (uintptr_t)head->url)
        return false;
    at += head->target_n + 1;
    if (at != (uintptr_t)head->version)
        return false;
    const char *end = head->version + strlen(head->version);
    at += strlen(head->version) + 2; /* CR LF */
    for (size_t i = 0; i < head->fields_n; i++) {
        const struct kith_head_field *f = &head->fields[i];
        uintptr_t value = (uintptr_t)f->value;
        if (at != (uintptr_t)f->name || value < at + f->name_n + 1 || value - at > head->size)
            return false;
        at = value + f->value_n + 2;
        end = f->value + f->value_n;
    }
    /* after a bare LF, a line that begins with NUL would pass for the empty one, and what follows the NUL is neither */
    return at + 2 == (uintptr_t)head->method + head->size && memcmp(end, "\0\0\0", 4) == 0;
}

static struct kith_verdict check_line(const struct kith_head *head)
{
    bool is_1_0 = strcmp(head->version, "HTTP/1.0") == 0;
    if (!is_1_0 && strcmp(head->version, "HTTP/1.1") != 0)
        return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    if (strlen(head->method) > METHOD_MAX || !is_token(head->method, strlen(head->method)))
        return refuse(400, "The method is not a token.");
    if (head->target_n == 0 || head->target[0] != '/')
        return refuse(400, "The request target must be a path that begins with a slash.");
    if (!is_visible_ascii(head->target, head->target_n) ||
        memchr(head->target, '#', head->target_n))
        return refuse(400, "The request target holds a byte that must be percent-encoded.");
    if (!kith_target_decodes(head->target, head->target_n))
        return refuse(400, "The request target holds an invalid percent-escape, an encoded NUL or "
                           "bytes that are not UTF-8.");
    return fine;
}

/* What matters of all fields for the framing. */
struct framing {
    size_t hosts;
    size_t lengths;
    size_t codings;
    struct kith_head_field length;
    struct kith_head_field coding;
};

static struct kith_verdict check_fields(const struct kith_head *head, struct framing *ret)
{
    *ret = (struct framing){0};
    for (size_t i = 0; i < head->fields_n; i++) {
        struct kith_head_field f = trimmed(head->fields[i]);
        if (!is_token(f.name, f.name_n))
            return refuse(400, "The name of a header field holds a blank or an invalid byte.");
        if (!is_value(f.value, f.value_n))
            return refuse(400, "The value of a header field holds a control byte.");
        if (is_named(&f, "host")) {
            ret->hosts++;
            if (!is_host(f.value, f.value_n))
                return refuse(400, "The Host field is empty or holds an invalid byte.");
        } else if (is_named(&f, "content-length")) {
            ret->lengths++;
            ret->length = f;
        } else if (is_named(&f, "transfer-encoding")) {
            ret->codings++;
            ret->coding = f;
        }
    }
    return fine;
}

/* Digits only, at most 18 of them. Returns -1 otherwise. */
static int64_t parse_length(const struct kith_head_field *f)
{
    int64_t length = 0;
    if (f->value_n == 0 || f->value_n > 18)
        return -1;
    for (size_t i = 0; i < f->value_n; i++) {
        if (f->value[i] < '0' || f->value[i] > '9')
            return -1;
        length = length * 10 + (f->value[i] - '0');
    }
    return length;
}

static struct kith_verdict check_coding(const struct framing *framing, bool is_1_0)
{
    if (is_1_0)
        return refuse(400, "HTTP/1.0 knows no Transfer-Encoding.");
    if (framing->codings > 1)
        return refuse(400, "There is more than one Transfer-Encoding field.");
    if (framing->coding.value_n != 7 || strncasecmp(framing->coding.value, "chunked", 7) != 0)
        return refuse(501, "The only Transfer-Encoding understood here is chunked.");
    return (struct kith_verdict){.chunked = true, .length = -1};
}

static struct kith_verdict check_body(const struct kith_head *head, const struct framing *framing,
                                      int64_t body_max)
{
    if (framing->codings > 0 && framing->lengths > 0)
        return refuse(400, "Content-Length and Transfer-Encoding exclude each other.");
    if (framing->lengths > 1)
        return refuse(400, "There is more than one Content-Length field.");
    if (framing->codings > 0)
        return check_coding(framing, strcmp(head->version, "HTTP/1.0") == 0);
    if (framing->lengths == 0) {
        bool needs = strcmp(head->method, "POST") == 0 || strcmp(head->method, "PUT") == 0 ||
                     strcmp(head->method, "PATCH") == 0;
        return needs ? refuse(411, "This method needs a body with a Content-Length or "
                                   "Transfer-Encoding: chunked.")
                     : fine;
    }
    int64_t length = parse_length(&framing->length);
    if (length < 0)
        return refuse(400, "Content-Length is not a number of bytes.");
    if (length > body_max)
        return refuse(413, KITH_BODY_TOO_LARGE);
    return (struct kith_verdict){.length = length};
}

struct kith_verdict kith_head_check(const struct kith_head *head, int64_t head_max,
                                    int64_t body_max)
{
    assert(head && head->method && head->url && head->target && head->version);
    if ((int64_t)head->size > head_max || head->fields_n > KITH_HEAD_FIELDS_MAX)
        return refuse(431, "The request head is larger than this server takes.");
    struct kith_verdict verdict = check_line(head);
    if (verdict.status != 0)
        return verdict;
    struct framing framing;
    verdict = check_fields(head, &framing);
    if (verdict.status != 0)
        return verdict;
    if (!kith_head_is_seamless(head))
        return refuse(400,
                      "The head holds a NUL, a folded line, a second blank or a line that does "
                      "not end with CR LF.");
    bool is_1_0 = strcmp(head->version, "HTTP/1.0") == 0;
    if (framing.hosts > 1 || (framing.hosts == 0 && !is_1_0))
        return refuse(400, "There must be exactly one Host field.");
    return check_body(head, &framing, body_max);
}
