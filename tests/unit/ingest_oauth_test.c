/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <jansson.h>

#include "ingest/oauth.h"
#include "kith/cleanup.h"

#define GRANT "grant_type=client_credentials"
/* abc:s3cret */
#define BASIC "Basic YWJjOnMzY3JldA=="

static const struct {
    const char *authorization;
    const char *type;
    const char *body;
    const char *error; /* NULL: accepted as abc / s3cret */
    int status;
} rows[] = {
    {BASIC, "application/x-www-form-urlencoded", GRANT, NULL, 0},
    {"bAsIc  YWJjOnMzY3JldA==", NULL, GRANT, NULL, 0},
    {NULL, NULL, GRANT "&client_id=abc&client_secret=s3cret", NULL, 0},
    {NULL, NULL, "Client_id=abc&Client_secret=s3cret&Grant_type=client_credentials", NULL, 0},
    {NULL, NULL, "client_id=%61bc&client_secret=s3%63ret&" GRANT "&scope=a+b&&x", NULL, 0},
    {NULL, "application/json; charset=utf-8",
     "{\"grant_type\":\"client_credentials\",\"client_id\":\"abc\",\"client_secret\":\"s3cret\"}",
     NULL, 0},
    {BASIC, "application/json", "{\"grant_type\":\"client_credentials\",\"scope\":null}", NULL, 0},
    {"Bearer old", NULL, GRANT "&client_id=abc&client_secret=s3cret", NULL, 0},
    {BASIC, NULL, GRANT "&client_id=abc&client_secret=s3cret", "invalid_client", 400},
    {BASIC, NULL, GRANT "&client_id=abc", "invalid_client", 400},
    {NULL, NULL, GRANT, "invalid_client", 401},
    {NULL, NULL, GRANT "&client_id=abc", "invalid_client", 401},
    {NULL, NULL, GRANT "&client_secret=abc", "invalid_client", 401},
    {"Bearer old", NULL, GRANT, "invalid_client", 401},
    {"Basic", NULL, GRANT, "invalid_client", 401},
    {"Basic ", NULL, GRANT, "invalid_client", 401},
    {"Basic !!!", NULL, GRANT, "invalid_client", 401},
    {"Basic YWJj", NULL, GRANT, "invalid_client", 401}, /* no colon */
    {"Basic YWJjOnMzY3JldA==x", NULL, GRANT, "invalid_client", 401},
    {"Basic YQBiOng=", NULL, GRANT, "invalid_client", 401}, /* a NUL */
    {BASIC, NULL, "", "invalid_request", 400},
    {BASIC, NULL, "grant_type=password", "unsupported_grant_type", 400},
    {BASIC, NULL, "grant_type=", "unsupported_grant_type", 400},
    {BASIC, NULL, GRANT "&" GRANT, "invalid_request", 400},
    {NULL, NULL, GRANT "&client_id=a&client_id=b&client_secret=c", "invalid_request", 400},
    {BASIC, NULL, GRANT "%zz", "invalid_request", 400},
    {BASIC, NULL, GRANT "%6", "invalid_request", 400},
    {NULL, NULL, GRANT "&client_id=a%00&client_secret=c", "invalid_request", 400},
    {BASIC, "application/json", GRANT, "invalid_request", 400},
    {BASIC, "application/json", "{\"grant_type\":1}", "invalid_request", 400},
    {BASIC, "application/json", "{\"grant_type\":\"client_credentials\",\"Grant_Type\":\"x\"}",
     "invalid_request", 400},
    {BASIC, "application/jsonp", "{}", "invalid_request", 400},
};

static void table(void **state)
{
    (void)state;
    for (size_t i = 0; i < KITH_LEN(rows); i++) {
        struct ingest_oauth o = {.client_id = "untouched"};
        struct ingest_oauth_error error = {0};
        kith_err err = ingest_oauth_parse(rows[i].authorization, rows[i].type, rows[i].body,
                                          strlen(rows[i].body), &o, &error);
        if (!rows[i].error) {
            if (err != KITH_OK)
                fail_msg("%s: %s %s", rows[i].body, error.error, error.description);
            assert_string_equal(o.client_id, "abc");
            assert_string_equal(o.client_secret, "s3cret");
            continue;
        }
        if (err != KITH_EINVAL || strcmp(error.error, rows[i].error) != 0)
            fail_msg("%s %s: %s", rows[i].authorization, rows[i].body, error.error);
        assert_int_equal(error.status, rows[i].status);
        assert_string_equal(o.client_id, "untouched");
    }
}

static void too_long(void **state)
{
    (void)state;
    char body[2000] = GRANT "&client_secret=s&client_id=";
    size_t n = strlen(body);
    struct ingest_oauth o;
    struct ingest_oauth_error error;
    memset(body + n, 'x', INGEST_CLIENT_ID_MAX);
    assert_ok(ingest_oauth_parse(NULL, NULL, body, n + INGEST_CLIENT_ID_MAX, &o, &error));
    assert_int_equal(strlen(o.client_id), INGEST_CLIENT_ID_MAX);
    for (size_t more = INGEST_CLIENT_ID_MAX + 1; more < 1500; more += 500) {
        memset(body + n, 'x', more);
        assert_err(ingest_oauth_parse(NULL, NULL, body, n + more, &o, &error), KITH_EINVAL);
        assert_string_equal(error.error, "invalid_client");
        assert_int_equal(error.status, 401);
    }
    ingest_oauth_done(&o);
    for (size_t i = 0; i < sizeof(o); i++)
        assert_int_equal(((const char *)&o)[i], 0);
}

static void answers(void **state)
{
    (void)state;
    kith_auto_mem char *token = NULL;
    assert_ok(ingest_oauth_token_json("t0k\"en", 1800, &token));
    assert_string_equal(
        token, "{\"access_token\":\"t0k\\\"en\",\"expires_in\":1800,\"token_type\":\"bearer\"}");
    kith_auto_mem char *error = NULL;
    assert_ok(ingest_oauth_error_json(&ingest_oauth_bad_client, &error));
    json_t *tree = json_loads(error, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(tree, "error")), "invalid_client");
    assert_true(json_is_string(json_object_get(tree, "error_description")));
    json_decref(tree);
    assert_int_equal(ingest_oauth_bad_client.status, 401);
}

static void bearer(void **state)
{
    (void)state;
    assert_string_equal(ingest_oauth_bearer("Bearer abc"), "abc");
    assert_string_equal(ingest_oauth_bearer("bearer   abc"), "abc");
    assert_null(ingest_oauth_bearer(NULL));
    assert_null(ingest_oauth_bearer(""));
    assert_null(ingest_oauth_bearer("Bearer"));
    assert_null(ingest_oauth_bearer("Bearer "));
    assert_null(ingest_oauth_bearer("Bearerabc"));
    assert_null(ingest_oauth_bearer("Bearer a b"));
    assert_null(ingest_oauth_bearer("Basic abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(too_long),
        cmocka_unit_test(answers),
        cmocka_unit_test(bearer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
