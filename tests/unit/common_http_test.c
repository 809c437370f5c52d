/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of the HTTP server: framing rules, percent-decoding, routes. */
#include "http_split.h"
#include "kith/http_check.h"
#include "kith/http_route.h"
#include "kith_test.h"

#define HEAD_MAX 4096
#define BODY_MAX 1000

/* ---- framing ---- */

/* Judge a raw head; -1 when it does not even come apart. */
static int judge(const char *raw, size_t n, struct kith_verdict *ret)
{
    char *copy = malloc(n + 1);
    struct kith_head *head = calloc(1, sizeof(*head));
    if (!copy || !head)
        abort();
    memcpy(copy, raw, n);
    copy[n] = '\0';
    int status = -1;
    if (split_head(copy, n, head)) {
        *ret = kith_head_check(head, HEAD_MAX, BODY_MAX);
        status = ret->status;
        assert_true((status == 0) == (ret->detail == NULL));
    }
    free(head);
    free(copy);
    return status;
}

#define HOST "Host: a\r\n"
#define CASE(s, raw)                                                                               \
    {                                                                                              \
        s, raw, sizeof(raw) - 1                                                                    \
    }

static void test_head_check(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *raw;
        size_t n;
    } cases[] = {
        CASE(0, "GET / HTTP/1.1\r\n" HOST "\r\n"),
        CASE(0, "\r\nGET / HTTP/1.1\r\n" HOST "\r\n"),
        CASE(0, "GET / HTTP/1.0\r\n\r\n"),
        CASE(0, "GET /%C3%A9?a=%F0%9F%98%80 HTTP/1.1\r\nhOsT:a.b:80  \r\n\r\n"),
        CASE(0, "PATCH /a HTTP/1.1\r\n" HOST "Content-Length:  10\t\r\n\r\n"),
        CASE(0, "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n"),
        CASE(0, "GET / HTTP/1.1\r\n" HOST "X:\r\nY: \t \r\nZ: \xC3\xA9\r\n\r\n"),
        CASE(0, "DELETE / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
        CASE(400, "GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"),
        CASE(400, "GET / HTTP/1.1\r\n" HOST "X: a\r\n\0Y: b\r\n\r\n"),
        CASE(400, "GET / HTTP/1.1\r\nHost: a\n\0b\n"),
        CASE(400, "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"),
        CASE(400, "GET / HTTP/1.1\n" HOST "\r\n"),
        CASE(400, "GET / HTTP/1.1\r\n" HOST "\n"),
        CASE(400, "GET / HTTP/1.1\r\nHost: a\n\r\n"),
        CASE(400, "GET /  HTTP/1.1\r\n" HOST "\r\n"),
        CASE(400, "GET /a\tb HTTP/1.1\r\n" HOST "\r\n"),
        CASE(400, "GET /a#b HTTP/1.1\r\n" HOST "\r\n"),
        CASE(400, "GET * HTTP/1.1\r\n" HOST "\r\n"),
        CASE(400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"),
        CASE(400, "GET / HTTP/1.0\r\n" HOST HOST "\r\n"),
        CASE(400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        CASE(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1234567890123456789\r\n\r\n"),
        CASE(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1 0\r\n\r\n"),
        CASE(413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 123456789012345678\r\n\r\n"),
        CASE(413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n"),
        CASE(411, "PUT / HTTP/1.1\r\n" HOST "\r\n"),
        CASE(501, "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;a\r\n\r\n"),
        CASE(501, "PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n"),
        CASE(505, "GET / HTTP/1.9\r\n" HOST "\r\n"),
        CASE(-1, "GET / HTTP/1.1\r\n" HOST),
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        struct kith_verdict verdict = {0};
        int status = judge(cases[i].raw, cases[i].n, &verdict);
        if (status != cases[i].status)
            fail_msg("case %zu: wanted %d, got %d (%s)", i, cases[i].status, status,
                     verdict.detail ? verdict.detail : "-");
    }
}

static void test_body_length(void **state)
{
    (void)state;
    struct kith_verdict verdict = {0};
    const char get[] = "GET / HTTP/1.1\r\n" HOST "\r\n";
    const char counted[] = "POST / HTTP/1.1\r\n" HOST "Content-Length: 0017\r\n\r\n";
    const char chunked[] = "POST / HTTP/1.1\r\n" HOST "transfer-encoding: CHUNKED\r\n\r\n";
    assert_int_equal(judge(get, sizeof(get) - 1, &verdict), 0);
    assert_int_equal(verdict.length, 0);
    assert_false(verdict.chunked);
    assert_int_equal(judge(counted, sizeof(counted) - 1, &verdict), 0);
    assert_int_equal(verdict.length, 17);
    assert_int_equal(judge(chunked, sizeof(chunked) - 1, &verdict), 0);
    assert_int_equal(verdict.length, -1);
    assert_true(verdict.chunked);
}

static void test_head_limits(void **state)
{
    (void)state;
    char raw[2 * HEAD_MAX] = "GET / HTTP/1.1\r\n" HOST "X: ";
    struct kith_verdict verdict = {0};
    size_t n = strlen(raw);
    memset(raw + n, 'x', HEAD_MAX - 4 - n);
    memcpy(raw + HEAD_MAX - 4, "\r\n\r\n", 5);
    assert_int_equal(judge(raw, HEAD_MAX, &verdict), 0);
    memcpy(raw + HEAD_MAX - 4, "x\r\n\r\n", 6);
    assert_int_equal(judge(raw, HEAD_MAX + 1, &verdict), 431);

    n = (size_t)snprintf(raw, sizeof(raw), "GET / HTTP/1.1\r\n" HOST);
    for (int i = 1; i < KITH_HEAD_FIELDS_MAX; i++)
        n += (size_t)snprintf(raw + n, sizeof(raw) - n, "X:\r\n");
    (void)snprintf(raw + n, sizeof(raw) - n, "\r\n");
    assert_int_equal(judge(raw, n + 2, &verdict), 0);
    (void)snprintf(raw + n, sizeof(raw) - n, "X:\r\n\r\n");
    assert_int_equal(judge(raw, n + 6, &verdict), 431);
}

/* Every byte at every place of a sound head: only bytes that a token, a target or a value may hold are let through. */
static void test_every_byte(void **state)
{
    (void)state;
    const char sound[] = "GET /ab HTTP/1.1\r\nHost: a\r\nXy: ab\r\n\r\n";
    const size_t n = sizeof(sound) - 1;
    const size_t value = (size_t)(strstr(sound, "ab\r\n\r\n") - sound);
    for (size_t at = 0; at < n; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char raw[sizeof(sound)];
            struct kith_verdict verdict = {0};
            memcpy(raw, sound, sizeof(raw));
            raw[at] = (char)byte;
            int status = judge(raw, n, &verdict);
            bool control = byte < 0x20 || byte == 0x7F;
            bool in_value = at >= value && at < value + 2;
            bool blank_value = byte == '\t' && (in_value || (at > 17 && sound[at] == ' '));
            bool empty_line =
                at == 0 && byte == '\n'; /* skipped (RFC 9112, 2.2): the method is "ET" */
            bool as_cr = byte == 0 && sound[at] == '\r'; /* see kith_head_is_seamless */
            if (status == 0 && byte != sound[at] && control && !as_cr && !blank_value &&
                !empty_line)
                fail_msg("byte %d at %zu was let through", byte, at);
            if (in_value && !control)
                assert_int_equal(status, 0);
        }
    }
}

/* ---- percent-encoding ---- */

static void test_percent_decode(void **state)
{
    (void)state;
    char out[32];
    assert_int_equal(kith_percent_decode("a%20b+c%2f", 10, false, out), 6);
    assert_string_equal(out, "a b+c/");
    assert_int_equal(kith_percent_decode("a%20b+c%2F", 10, true, out), 6);
    assert_string_equal(out, "a b c/");
    assert_int_equal(kith_percent_decode("", 0, true, out), 0);
    assert_string_equal(out, "");
    assert_int_equal(kith_percent_decode("%0A%01", 6, true, out), 2);
    const char *bad[] = {"%", "%2", "%zz", "%2g", "a%", "%00", "a%00b", "%-1", "% 1"};
    for (size_t i = 0; i < KITH_LEN(bad); i++) {
        assert_int_equal(kith_percent_decode(bad[i], strlen(bad[i]), false, out), -1);
        assert_false(kith_target_decodes(bad[i], strlen(bad[i])));
    }
}

/* Whatever bytes without NUL are encoded come back. */
static void test_percent_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int run = 0; run < 2000; run++) {
        char raw[20];
        char text[61] = "";
        char out[61];
        size_t n = test_random(&seed) % sizeof(raw);
        for (size_t i = 0; i < n; i++) {
            uint64_t random = test_random(&seed);
            unsigned byte = 1 + (unsigned)(random % 255);
            raw[i] = (char)byte;
            bool plain =
                (random & 0x100000) && byte > ' ' && byte < 0x7F && byte != '%' && byte != '+';
            (void)snprintf(text + strlen(text), 4, plain ? "%c" : "%%%02X", byte);
        }
        assert_int_equal(kith_percent_decode(text, strlen(text), run % 2, out), n);
        assert_memory_equal(out, raw, n);
    }
}

static void test_target_utf8(void **state)
{
    (void)state;
    const char *sound[] = {"/", "/%C3%A9", "/%E2%82%AC", "/%F0%9F%98%80", "/%ED%9F%BF", "/%7F"};
    const char *bad[] = {"/%C3",          "/%C3/%A9",   "/%80",          "/%C0%AF",
                         "/%E0%80%AF",    "/%ED%A0%80", "/%F4%90%80%80", "/%F5%80%80%80",
                         "/%E2%82?a=%AC", "/%FF"};
    for (size_t i = 0; i < KITH_LEN(sound); i++)
        assert_true(kith_target_decodes(sound[i], strlen(sound[i])));
    for (size_t i = 0; i < KITH_LEN(bad); i++)
        assert_false(kith_target_decodes(bad[i], strlen(bad[i])));
}

/* ---- routes ---- */

static void nothing(void *ctx, struct kith_req *req)
{
    (void)ctx;
    (void)req;
}

static struct kith_match match(const struct kith_router *router, const char *method,
                               const char *path)
{
    struct kith_match m;
    kith_router_match(router, method, path, strlen(path), &m);
    return m;
}

static void assert_param(const struct kith_match *m, size_t i, const char *text)
{
    assert_true(i < m->params_n);
    assert_int_equal(m->params[i].n, strlen(text));
    assert_memory_equal(m->params[i].text, text, strlen(text));
}

static void test_routes(void **state)
{
    (void)state;
    static const struct kith_http_route first[] = {
        {"GET", "/", nothing},
        {"GET", "/data/v3/ed-fi/{resource}", nothing},
        {"POST", "/data/v3/ed-fi/{resource}", nothing},
        {"GET", "/data/v3/ed-fi/{resource}/{id}", nothing},
        {0},
    };
    static const struct kith_http_route second[] = {
        {"GET", "/data/v3/ed-fi/deletes", nothing},
        {"GET", "/data/{v}/ed-fi/{resource}/deletes", nothing},
        {0},
    };
    const struct kith_http_route *const tables[] = {first, second, NULL};
    int one;
    int two;
    void *const ctxs[] = {&one, &two};
    struct kith_why why = {""};
    kith_auto(kith_router) router = NULL;
    assert_ok(kith_router_new(tables, ctxs, &router, &why));

    struct kith_match m = match(router, "GET", "/data/v3/ed-fi/students");
    assert_ptr_equal(m.route, &first[1]);
    assert_ptr_equal(m.ctx, &one);
    assert_param(&m, 0, "students");
    m = match(router, "GET", "/data/v3/ed-fi/deletes"); /* a literal wins */
    assert_ptr_equal(m.route, &second[0]);
    assert_ptr_equal(m.ctx, &two);
    assert_int_equal(m.params_n, 0);
    m = match(router, "GET", "/data/v3/ed-fi/%64eletes"); /* encoded or not */
    assert_ptr_equal(m.route, &second[0]);
    m = match(router, "POST", "/data/v3/ed-fi/deletes"); /* the literal one has no POST */
    assert_ptr_equal(m.route, &first[2]);
    m = match(router, "GET", "/data/v3/ed-fi/x/deletes"); /* the leftmost literal decides */
    assert_ptr_equal(m.route, &first[3]);
    m = match(router, "GET", "/data/v4/ed-fi/x/deletes");
    assert_ptr_equal(m.route, &second[1]);
    m = match(router, "HEAD", "/data/v3/ed-fi/x/a%2Fb");
    assert_ptr_equal(m.route, &first[3]);
    assert_param(&m, 0, "x");
    assert_param(&m, 1, "a%2Fb");
    assert_ptr_equal(match(router, "GET", "/").route, &first[0]);

    m = match(router, "DELETE", "/data/v3/ed-fi/students");
    assert_null(m.route);
    assert_true(m.known);
    const char *unknown[] = {"/data",
                             "/data/v3/ed-fi/",
                             "/data/v3/ed-fi",
                             "//",
                             "",
                             "x",
                             "/data/v3/ed-fi/x/",
                             "/DATA/v3/ed-fi/x",
                             "/data/v3/ed-fi/a/b/c"};
    for (size_t i = 0; i < KITH_LEN(unknown); i++)
        assert_false(match(router, "GET", unknown[i]).known);

    char text[64];
    const char *path = "/data/v3/ed-fi/deletes";
    kith_router_allow(router, path, strlen(path), text, sizeof(text));
    assert_string_equal(text, "GET, HEAD, POST");
    kith_router_allow(router, path, strlen(path), text, 4);
    assert_string_equal(text, "GET");
    kith_router_allow(router, "/x", 2, text, sizeof(text));
    assert_string_equal(text, "");
}

static void test_bad_routes(void **state)
{
    (void)state;
    static const struct kith_http_route bad[][2] = {
        {{"GET", "data", nothing}},
        {{"GET", "", nothing}},
        {{NULL, "/a", nothing}},
        {{"GET", "/a", NULL}},
        {{"GET", "/{a}/{a}/{a}/{a}/{a}/{a}/{a}/{a}/{a}", nothing}},
        {{"GET", "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", nothing}},
    };
    for (size_t i = 0; i < KITH_LEN(bad); i++) {
        const struct kith_http_route *const tables[] = {bad[i], NULL};
        struct kith_why why = {""};
        struct kith_router *router = NULL;
        assert_err(kith_router_new(tables, NULL, &router, &why), KITH_EINVAL);
        assert_null(router);
        assert_true(strlen(why.text) > 0);
    }
}

/* ---- routes against a naive model: paths as lists of letters, compared one by one ---- */

#define ROUTES 8
#define DEPTH  3

struct model_route {
    size_t n;
    int parts[DEPTH]; /* 'a', 'b' or 0 for a parameter */
    int method;       /* 0 GET, 1 POST */
    char path[32];
};

static void make_route(uint64_t *seed, struct model_route *r)
{
    r->n = 1 + test_random(seed) % DEPTH;
    r->method = (int)(test_random(seed) % 2);
    r->path[0] = '\0';
    for (size_t i = 0; i < r->n; i++) {
        static const int kinds[] = {'a', 'b', 0};
        r->parts[i] = kinds[test_random(seed) % 3];
        (void)snprintf(r->path + strlen(r->path), 8, r->parts[i] ? "/%c" : "/{x}", r->parts[i]);
    }
}

static bool model_fits(const struct model_route *r, const int *parts, size_t n)
{
    if (r->n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (r->parts[i] != parts[i] && r->parts[i] != 0)
            return false;
    return true;
}

/* Is `a` the better match than `b`? The first that has a literal where the other has a parameter. */
static bool model_better(const struct model_route *a, const struct model_route *b)
{
    for (size_t i = 0; i < a->n; i++)
        if ((a->parts[i] == 0) != (b->parts[i] == 0))
            return a->parts[i] != 0;
    return false;
}

static void check_against_model(uint64_t *seed, const struct kith_router *router,
                                const struct kith_http_route *routes,
                                const struct model_route *model)
{
    int parts[DEPTH];
    size_t n = 1 + test_random(seed) % DEPTH;
    int method = (int)(test_random(seed) % 2);
    char path[32] = "";
    for (size_t i = 0; i < n; i++) {
        parts[i] = 'a' + (int)(test_random(seed) % 3);
        (void)snprintf(path + strlen(path), 8, test_random(seed) % 4 ? "/%c" : "/%%%02x", parts[i]);
    }
    int best = -1;
    bool known = false;
    for (int i = 0; i < ROUTES; i++) {
        if (!model_fits(&model[i], parts, n))
            continue;
        known = true;
        if (model[i].method == method && (best < 0 || model_better(&model[i], &model[best])))
            best = i;
    }
    struct kith_match m = match(router, method ? "POST" : "GET", path);
    assert_int_equal(m.known, known);
    assert_ptr_equal(m.route, best < 0 ? NULL : &routes[best]);
}

static void test_routes_against_model(void **state)
{
    (void)state;
    uint64_t seed = 20260914;
    for (int run = 0; run < 500; run++) {
        struct model_route model[ROUTES];
        struct kith_http_route routes[ROUTES + 1] = {0};
        for (size_t i = 0; i < ROUTES; i++) {
            make_route(&seed, &model[i]);
            routes[i] =
                (struct kith_http_route){model[i].method ? "POST" : "GET", model[i].path, nothing};
        }
        const struct kith_http_route *const tables[] = {routes, NULL};
        kith_auto(kith_router) router = NULL;
        assert_ok(kith_router_new(tables, NULL, &router, NULL));
        for (int i = 0; i < 50; i++)
            check_against_model(&seed, router, routes, model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head_check),     cmocka_unit_test(test_body_length),
        cmocka_unit_test(test_head_limits),    cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_percent_decode), cmocka_unit_test(test_percent_round_trip),
        cmocka_unit_test(test_target_utf8),    cmocka_unit_test(test_routes),
        cmocka_unit_test(test_bad_routes),     cmocka_unit_test(test_routes_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
