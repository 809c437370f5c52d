/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP door's answers for failures, its documents without a token, and OAuth2 client credentials. */
#include "ingest/handlers_http.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ingest/discovery.h"
#include "ingest/oauth.h"
#include "ingest/store.h"
#include "kith/clock.h"

static const struct {
    kith_err err;
    int status;
    const char *type;
    const char *title;
} statuses[] = {
    {KITH_EINVAL, 400, "urn:ed-fi:api:bad-request:data-validation-failed",
     "Data Validation Failed"},
    {KITH_EDECODE, 400, "urn:ed-fi:api:bad-request", "Bad Request"},
    {KITH_ETOOBIG, 413, "urn:ed-fi:api:bad-request", "Payload Too Large"},
    {KITH_EDENIED, 403, "urn:ed-fi:api:security:authorization", "Authorization Denied"},
    {KITH_ENOTFOUND, 404, "urn:ed-fi:api:not-found", "Not Found"},
    {KITH_ECONFLICT, 409, "urn:ed-fi:api:data-conflict:unresolved-reference",
     "Unresolved Reference"},
    {KITH_EEXIST, 409, "urn:ed-fi:api:data-conflict:dependent-item-exists",
     "Dependent Item Exists"},
    {KITH_EPRECONDITION, 412, "urn:ed-fi:api:optimistic-lock-failed", "Optimistic Lock Failed"},
    {KITH_EDB, 503, "urn:ed-fi:api:system", "Service Unavailable"},
    {KITH_EBUSY, 503, "urn:ed-fi:api:system", "Service Unavailable"},
    {KITH_ENOMEM, 503, "urn:ed-fi:api:system", "Service Unavailable"},
    {KITH_EFENCED, 503, "urn:ed-fi:api:system", "Service Unavailable"},
    {KITH_ECHANGED, 503, "urn:ed-fi:api:system", "Service Unavailable"},
};

void ingest_http_refuse(struct kith_req *req, kith_err err, const char *detail)
{
    for (size_t i = 0; i < KITH_LEN(statuses); i++) {
        if (statuses[i].err != err)
            continue;
        /* a database's own words may quote data; only our sentences go out */
        const char *text = statuses[i].status == 503 ? kith_err_advice(err)
                           : detail && detail[0]     ? detail
                                                     : kith_err_text(err);
        if (statuses[i].status == 503)
            kith_req_add_header(req, "Retry-After", "1");
        kith_req_problem(req, statuses[i].status, statuses[i].type, statuses[i].title, text);
        return;
    }
    kith_req_problem(req, 500, "urn:ed-fi:api:system", "Internal Error", kith_err_text(err));
}

void ingest_http_invalid(struct kith_req *req, const struct ingest_problems *problems)
{
    struct kith_id random;
    char correlation[33];
    randombytes_buf(random.b, sizeof(random.b));
    kith_id_format(&random, correlation);
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:i, s:s, s:o, s:[]}", "type",
        "urn:ed-fi:api:bad-request:data-validation-failed", "title", "Data Validation Failed",
        "detail", "The request is not valid; validationErrors says where and why.", "status", 400,
        "correlationId", correlation, "validationErrors", ingest_problems_json(problems), "errors");
    kith_auto_mem char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (text)
        kith_req_reply(req, 400, "application/problem+json", text, strlen(text));
    else
        ingest_http_refuse(req, KITH_ENOMEM, NULL);
}

void ingest_http_base(const struct ingest *ingest, struct kith_req *req, char *text, size_t n)
{
    const char *host = kith_req_header(req, "Host");
    if (ingest->public_url && ingest->public_url[0])
        (void)snprintf(text, n, "%s", ingest->public_url);
    else
        (void)snprintf(text, n, "http://%s", host ? host : "localhost");
}

static void reply_made(struct kith_req *req, kith_err err, char *text, const char *type)
{
    if (err != KITH_OK)
        ingest_http_refuse(req, err, NULL);
    else
        kith_req_reply(req, 200, type, text, strlen(text));
    free(text);
}

void ingest_http_discovery(void *ctx, struct kith_req *req)
{
    char base[256];
    char *text = NULL;
    ingest_http_base(ctx, req, base, sizeof(base));
    kith_err err = ingest_discovery_json(base, &text);
    reply_made(req, err, text, "application/json");
}

void ingest_http_metadata(void *ctx, struct kith_req *req)
{
    char base[256];
    char *text = NULL;
    const char *path = kith_req_path(req);
    const char *type = "application/json";
    kith_err err;
    ingest_http_base(ctx, req, base, sizeof(base));
    const char *accept = kith_req_header(req, "Accept");
    if (strcmp(path, INGEST_DEPENDENCIES_PATH) == 0 && accept && strstr(accept, "graphml")) {
        err = ingest_dependencies_graphml(&text);
        type = "application/graphml";
    } else if (strcmp(path, INGEST_DEPENDENCIES_PATH) == 0)
        err = ingest_dependencies_json(&text);
    else if (strcmp(path, INGEST_RESOURCES_PATH) == 0)
        err = ingest_openapi_resources_json(base, &text);
    else if (strcmp(path, INGEST_DESCRIPTORS_PATH) == 0)
        err = ingest_openapi_descriptors_json(base, &text);
    else
        err = ingest_openapi_list_json(base, &text);
    reply_made(req, err, text, type);
}

/* ---- OAuth2 ---- */

struct token_call {
    struct ingest *ingest;
    struct kith_req *req;
    char client_id[INGEST_CLIENT];
    char token[44];
    uint8_t hash[INGEST_HASH];
    int64_t expires_us;
};

static void oauth_refuse(struct kith_req *req, const struct ingest_oauth_error *error)
{
    kith_auto_mem char *text = NULL;
    if (ingest_oauth_error_json(error, &text) != KITH_OK) {
        ingest_http_refuse(req, KITH_ENOMEM, NULL);
        return;
    }
    if (error->status == 401)
        kith_req_add_header(req, "WWW-Authenticate", "Basic realm=\"kith\"");
    kith_req_reply(req, error->status, "application/json", text, strlen(text));
}

static void on_token(void *ctx, kith_err err, const struct kith_why *why)
{
    struct token_call *t = ctx;
    (void)why;
    kith_auto_mem char *text = NULL;
    if (err == KITH_OK)
        err = ingest_tokens_put(t->ingest->districts, t->hash, t->client_id, t->expires_us);
    if (err == KITH_OK)
        err = ingest_oauth_token_json(t->token, t->ingest->token_life_ms / 1000, &text);
    if (err == KITH_OK) {
        kith_req_add_header(t->req, "Cache-Control", "no-store");
        kith_req_reply(t->req, 200, "application/json", text, strlen(text));
        sodium_memzero(text, strlen(text));
    } else
        ingest_http_refuse(t->req, err, NULL);
    sodium_memzero(t, sizeof(*t));
    free(t);
}

static void issue(struct ingest *ingest, struct kith_req *req, const struct ingest_client *client)
{
    struct token_call *t = calloc(1, sizeof(*t));
    struct kith_job *job = NULL;
    if (!t || kith_job_new(&job) != KITH_OK) {
        free(t);
        ingest_http_refuse(req, KITH_ENOMEM, NULL);
        return;
    }
    int64_t now = kith_clock_now_us();
    t->ingest = ingest;
    t->req = req;
    t->expires_us = now + ingest->token_life_ms * 1000;
    memcpy(t->client_id, client->id, sizeof(t->client_id));
    ingest_secret_make(t->token);
    ingest_secret_hash(t->token, t->hash);
    ingest_store_tokens_purge(job, client->district, now);
    ingest_store_token_insert(job, client->district, t->hash, client->id, t->expires_us);
    kith_err err = kith_db_run(kith_daemon_db(ingest->daemon), job, on_token, t);
    if (err != KITH_OK) {
        free(t);
        ingest_http_refuse(req, err, NULL);
    }
}

void ingest_http_token(void *ctx, struct kith_req *req)
{
    struct ingest *ingest = ctx;
    struct ingest_oauth oauth;
    struct ingest_oauth_error error;
    size_t n = 0;
    const char *body = kith_req_body(req, &n);
    kith_err err =
        ingest_oauth_parse(kith_req_header(req, "Authorization"),
                           kith_req_header(req, "Content-Type"), body, n, &oauth, &error);
    if (err != KITH_OK) {
        oauth_refuse(req, &error);
        return;
    }
    const struct ingest_client *client = ingest_clients_find(ingest->districts, oauth.client_id);
    bool good = client && !client->revoked && ingest_secret_fits(client, oauth.client_secret);
    ingest_oauth_done(&oauth);
    if (good)
        issue(ingest, req, client);
    else
        oauth_refuse(req, &ingest_oauth_bad_client);
}
