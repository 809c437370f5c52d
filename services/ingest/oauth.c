/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/oauth.h"

#include <assert.h>
#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "ingest/json.h"
#include "kith/cleanup.h"

static const struct ingest_oauth_error malformed = {
    400, "invalid_request",
    "The body must be a form or a JSON object that names each parameter once."};
static const struct ingest_oauth_error no_grant = {400, "invalid_request",
                                                   "The parameter grant_type is missing."};
static const struct ingest_oauth_error other_grant = {400, "unsupported_grant_type",
                                                      "Only client_credentials is supported."};
static const struct ingest_oauth_error both = {
    400, "invalid_client",
    "Credentials came in the Authorization header and in the body; send them in one place."};
static const struct ingest_oauth_error none = {
    401, "invalid_client", "No client credentials were sent; use HTTP Basic or the body."};
const struct ingest_oauth_error ingest_oauth_bad_client = {
    401, "invalid_client", "The client is unknown, revoked, or its secret is wrong."};

/* What a body may say. A value that is too long is no client's: `too_long`. */
struct params {
    bool has_grant;
    bool has_id;
    bool has_secret;
    bool too_long;
    char grant[64];
    struct ingest_oauth client;
};

static bool copy(struct params *p, bool *has, char *to, size_t size, const char *value, size_t n)
{
    if (*has || memchr(value, '\0', n))
        return false;
    *has = true;
    if (n >= size) {
        p->too_long = true;
        return true;
    }
    memcpy(to, value, n);
    to[n] = '\0';
    return true;
}

/* Names in any case: early Ed-Fi clients say Client_id. Others are ignored (scope). False: repeated. */
static bool set_param(struct params *p, const char *name, size_t name_n, const char *value,
                      size_t n)
{
    if (name_n == 10 && strncasecmp(name, "grant_type", 10) == 0)
        return copy(p, &p->has_grant, p->grant, sizeof(p->grant), value, n);
    if (name_n == 9 && strncasecmp(name, "client_id", 9) == 0)
        return copy(p, &p->has_id, p->client.client_id, sizeof(p->client.client_id), value, n);
    if (name_n == 13 && strncasecmp(name, "client_secret", 13) == 0)
        return copy(p, &p->has_secret, p->client.client_secret, sizeof(p->client.client_secret),
                    value, n);
    return true;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* application/x-www-form-urlencoded. False: a bad escape. `to` holds n bytes. */
static bool decode_form(const char *from, size_t n, char *to, size_t *ret_n)
{
    size_t out = 0;
    for (size_t i = 0; i < n; i++) {
        char c = from[i] == '+' ? ' ' : from[i];
        if (c == '%') {
            int high = i + 2 < n ? hex(from[i + 1]) : -1;
            int low = i + 2 < n ? hex(from[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        to[out++] = c;
    }
    *ret_n = out;
    return true;
}

static bool parse_form(const char *body, size_t n, struct params *p)
{
    char name[64];
    char value[3 * INGEST_CLIENT_SECRET_MAX + 1];
    bool good = true;
    while (n > 0 && good) {
        const char *amp = memchr(body, '&', n);
        size_t pair_n = amp ? (size_t)(amp - body) : n;
        const char *equals = memchr(body, '=', pair_n);
        size_t name_n = equals ? (size_t)(equals - body) : pair_n;
        const char *raw = equals ? equals + 1 : body + pair_n;
        size_t raw_n = pair_n - (size_t)(raw - body);
        size_t value_n = 0;
        if (name_n < sizeof(name) && raw_n < sizeof(value)) {
            good = decode_form(body, name_n, name, &name_n) &&
                   decode_form(raw, raw_n, value, &value_n) &&
                   set_param(p, name, name_n, value, value_n);
        } else {
            p->too_long =
                p->too_long || name_n < sizeof(name); /* an unknown long name is ignored */
        }
        body += pair_n + (amp ? 1 : 0);
        n -= pair_n + (amp ? 1 : 0);
    }
    sodium_memzero(value, sizeof(value));
    return good;
}

static bool parse_json(const char *body, size_t n, struct params *p)
{
    json_t *root = NULL;
    if (ingest_json_load(body, n, &root, NULL) != KITH_OK)
        return false;
    const char *name = NULL;
    json_t *value = NULL;
    bool good = true;
    json_object_foreach(root, name, value)
    {
        if (json_is_string(value) && good)
            good = set_param(p, name, strlen(name), json_string_value(value),
                             json_string_length(value));
    }
    json_decref(root);
    return good;
}

/* The part after "Basic " in any case; NULL when the header is absent or of another scheme. */
static const char *after_scheme(const char *header, const char *scheme)
{
    size_t n = strlen(scheme);
    if (!header || strncasecmp(header, scheme, n) != 0 || header[n] != ' ')
        return NULL;
    header += n;
    return header + strspn(header, " ");
}

static bool parse_basic(const char *encoded, struct ingest_oauth *ret)
{
    char plain[INGEST_CLIENT_ID_MAX + 1 + INGEST_CLIENT_SECRET_MAX + 1];
    size_t n = 0;
    const char *end = NULL;
    size_t encoded_n = strlen(encoded);
    bool good = sodium_base642bin((unsigned char *)plain, sizeof(plain) - 1, encoded, encoded_n,
                                  " ", &n, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                end == encoded + encoded_n;
    const char *colon = good ? memchr(plain, ':', n) : NULL;
    struct params p = {0};
    if (colon) {
        size_t id_n = (size_t)(colon - plain);
        good = copy(&p, &p.has_id, p.client.client_id, sizeof(p.client.client_id), plain, id_n) &&
               copy(&p, &p.has_secret, p.client.client_secret, sizeof(p.client.client_secret),
                    colon + 1, n - id_n - 1) &&
               !p.too_long;
        if (good)
            *ret = p.client;
    }
    sodium_memzero(plain, sizeof(plain));
    sodium_memzero(&p, sizeof(p));
    return good && colon;
}

static const struct ingest_oauth_error *judge(const struct params *p, const char *basic,
                                              struct ingest_oauth *ret)
{
    if (!p->has_grant)
        return &no_grant;
    if (strcmp(p->grant, "client_credentials") != 0)
        return &other_grant;
    if (basic && (p->has_id || p->has_secret))
        return &both;
    if (basic)
        return parse_basic(basic, ret) ? NULL : &ingest_oauth_bad_client;
    if (!p->has_id || !p->has_secret)
        return &none;
    if (p->too_long)
        return &ingest_oauth_bad_client;
    *ret = p->client;
    return NULL;
}

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t n = sizeof(json) - 1;
    return content_type && strncasecmp(content_type, json, n) == 0 &&
           (content_type[n] == '\0' || content_type[n] == ';' || content_type[n] == ' ');
}

kith_err ingest_oauth_parse(const char *authorization, const char *content_type, const char *body,
                            size_t n, struct ingest_oauth *ret, struct ingest_oauth_error *error)
{
    assert((body || n == 0) && ret && error);
    struct params p = {0};
    bool good =
        is_json(content_type) ? parse_json(body ? body : "", n, &p) : parse_form(body, n, &p);
    const struct ingest_oauth_error *wrong =
        good ? judge(&p, after_scheme(authorization, "Basic"), ret) : &malformed;
    sodium_memzero(&p, sizeof(p));
    if (!wrong)
        return KITH_OK;
    *error = *wrong;
    return KITH_EINVAL;
}

void ingest_oauth_done(struct ingest_oauth *o)
{
    sodium_memzero(o, sizeof(*o));
}

static kith_err dump(json_t *object, char **ret)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        return KITH_ENOMEM;
    *ret = text;
    return KITH_OK;
}

kith_err ingest_oauth_token_json(const char *token, int64_t expires_in_s, char **ret)
{
    assert(token && ret);
    return dump(json_pack("{s:s, s:I, s:s}", "access_token", token, "expires_in",
                          (json_int_t)expires_in_s, "token_type", "bearer"),
                ret);
}

kith_err ingest_oauth_error_json(const struct ingest_oauth_error *error, char **ret)
{
    assert(error && ret);
    return dump(
        json_pack("{s:s, s:s}", "error", error->error, "error_description", error->description),
        ret);
}

const char *ingest_oauth_bearer(const char *authorization)
{
    const char *token = after_scheme(authorization, "Bearer");
    return token && token[0] != '\0' && !strchr(token, ' ') ? token : NULL;
}
