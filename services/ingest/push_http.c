/* SPDX-License-Identifier: Apache-2.0 */
/* Rows over HTTP: POST after POST on kept connections. 401: a new token, then the row again. 409 (what it refers to may still be on its
 * way), 429, 5xx and lost connections: again after a pause that doubles, with jitter, or after Retry-After. Other 4xx: rejected. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ingest/discovery.h"
#include "ingest/push.h"
#include "kith/curl.h"
#include "kith/msg.h"

#define FIRST_PAUSE_MS 250
#define MAX_PAUSE_MS   15000
#define CONFLICT_TRIES 3
#define TIMEOUT_S      60L

struct slot {
    struct push_http *http;
    CURL *easy;
    struct kith_timer *timer;
    char *row;
    size_t row_n;
    uint64_t line;
    unsigned tries;
    bool retried_token;
    bool running;
    struct kith_bytes answer;
    char outcome[16];
    long retry_after_s;
};

struct push_http {
    struct kith_loop *loop;
    const struct push_options *options;
    struct kith_curl *curl;
    struct curl_slist *headers;
    struct push *push;
    struct slot *slots;
    unsigned busy;
    bool done;
    /* token */
    CURL *token_easy;
    struct kith_bytes token_answer;
    bool token_running;
    bool token_done;
    kith_err token_err;
    struct kith_why *why;
};

static void slot_send(struct slot *s);
static void slot_next(struct slot *s);

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
    return kith_bytes_add(ctx, data, size * n) == KITH_OK ? size * n : 0;
}

/* ---- token ---- */

static kith_err use_token(struct push_http *h)
{
    json_t *root = json_loadb((const char *)h->token_answer.data, h->token_answer.n, 0, NULL);
    const char *token = json_string_value(json_object_get(root, "access_token"));
    char text[512];
    kith_err err = KITH_EDENIED;
    if (token &&
        snprintf(text, sizeof(text), "Authorization: Bearer %s", token) < (int)sizeof(text)) {
        curl_slist_free_all(h->headers);
        h->headers = curl_slist_append(NULL, "Content-Type: application/json");
        h->headers = curl_slist_append(h->headers, text);
        h->headers = curl_slist_append(h->headers, "Expect:");
        err = h->headers ? KITH_OK : KITH_ENOMEM;
    }
    json_decref(root);
    return err;
}

static void on_token(void *ctx, CURL *easy, CURLcode code)
{
    struct push_http *h = ctx;
    long status = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    h->token_running = false;
    h->token_done = true;
    h->token_err = KITH_OK;
    if (code != CURLE_OK) {
        h->token_err = KITH_EIO;
        kith_why_set(h->why, "%s/oauth/token: %s", h->options->url, curl_easy_strerror(code));
    } else if (status != 200) {
        h->token_err = status >= 500 ? KITH_EBUSY : KITH_EDENIED;
        kith_why_set(h->why, "%s/oauth/token answered %ld: %.*s", h->options->url, status,
                     (int)(h->token_answer.n < 100 ? h->token_answer.n : 100),
                     (const char *)h->token_answer.data);
    } else
        h->token_err = use_token(h);
    for (unsigned i = 0; h->slots && h->push && i < h->options->connections; i++)
        if (h->slots[i].row && !h->slots[i].running)
            slot_send(&h->slots[i]);
}

static kith_err ask_token(struct push_http *h)
{
    if (h->token_running)
        return KITH_OK;
    char url[512];
    (void)snprintf(url, sizeof(url), "%s" INGEST_OAUTH_PATH, h->options->url);
    h->token_answer.n = 0;
    curl_easy_reset(h->token_easy);
    (void)curl_easy_setopt(h->token_easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(h->token_easy, CURLOPT_USERNAME, h->options->client_id);
    (void)curl_easy_setopt(h->token_easy, CURLOPT_PASSWORD, h->options->client_secret);
    (void)curl_easy_setopt(h->token_easy, CURLOPT_COPYPOSTFIELDS, "grant_type=client_credentials");
    (void)curl_easy_setopt(h->token_easy, CURLOPT_TIMEOUT, TIMEOUT_S);
    (void)curl_easy_setopt(h->token_easy, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(h->token_easy, CURLOPT_WRITEDATA, &h->token_answer);
    h->token_done = false;
    kith_err err = kith_curl_start(h->curl, h->token_easy, on_token, h);
    h->token_running = err == KITH_OK;
    return err;
}

/* ---- rows ---- */

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
    struct slot *s = ctx;
    char line[128];
    size_t length = size * n < sizeof(line) - 1 ? size * n : sizeof(line) - 1;
    memcpy(line, data, length);
    line[length] = '\0';
    if (strncasecmp(line, "Kith-Outcome:", 13) == 0)
        (void)sscanf(line + 13, " %15s", s->outcome);
    else if (strncasecmp(line, "Retry-After:", 12) == 0)
        s->retry_after_s = strtol(line + 12, NULL, 10);
    return size * n;
}

static void settle(struct slot *s, enum push_fate fate, const char *reason)
{
    push_settle(s->http->push, fate, s->row, s->line, reason);
    free(s->row);
    s->row = NULL;
    slot_next(s);
}

/* "detail" and validationErrors of a problem document, as one sentence. */
static void reason_of(const struct slot *s, long status, char *text, size_t n)
{
    json_t *root = json_loadb((const char *)s->answer.data, s->answer.n, 0, NULL);
    const char *detail = json_string_value(json_object_get(root, "detail"));
    kith_auto_mem char *errors =
        json_dumps(json_object_get(root, "validationErrors"), JSON_COMPACT);
    (void)snprintf(text, n, "%ld %s%s%s", status, detail ? detail : "", errors ? " " : "",
                   errors ? errors : "");
    json_decref(root);
}

static void again(struct slot *s, const char *reason)
{
    if (s->http->push->stop || s->tries >= s->http->options->tries) {
        settle(s, PUSH_UNSENT, reason);
        return;
    }
    int64_t pause = FIRST_PAUSE_MS;
    for (unsigned i = 1; i < s->tries && pause < MAX_PAUSE_MS; i++)
        pause *= 2;
    if (s->retry_after_s > 0 && s->retry_after_s <= 60)
        pause = s->retry_after_s * 1000;
    /* jitter: up to a quarter more, so that connections do not come back together */
    pause += (int64_t)(s->line * 2654435761U % 1000) * pause / 4000;
    kith_timer_start(s->timer, pause, 0);
}

static void on_answer(void *ctx, CURL *easy, CURLcode code)
{
    struct slot *s = ctx;
    struct push_http *h = s->http;
    long status = 0;
    char reason[256];
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    s->running = false;
    if (code != CURLE_OK) {
        again(s, curl_easy_strerror(code));
    } else if (status == 201) {
        settle(s, PUSH_ACCEPTED, NULL);
    } else if (status == 200) {
        settle(s, strcmp(s->outcome, "unchanged") == 0 ? PUSH_DUPLICATE : PUSH_UPDATED, NULL);
    } else if (status == 401 && !s->retried_token) {
        s->retried_token = true;
        if (ask_token(h) != KITH_OK)
            settle(s, PUSH_UNSENT, "no token");
    } else {
        reason_of(s, status, reason, sizeof(reason));
        bool later = status == 429 || status >= 500 || status == 401;
        if (later || (status == 409 && s->tries < CONFLICT_TRIES))
            again(s, reason);
        else
            settle(s, PUSH_REJECTED, reason);
    }
}

static void slot_send(struct slot *s)
{
    struct push_http *h = s->http;
    char url[512];
    (void)snprintf(url, sizeof(url), "%s" INGEST_DATA_PATH "/%s", h->options->url,
                   h->push->resource->name);
    s->answer.n = 0;
    s->outcome[0] = '\0';
    s->retry_after_s = 0;
    s->tries++;
    curl_easy_reset(s->easy);
    (void)curl_easy_setopt(s->easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, h->headers);
    (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->row_n);
    (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->row);
    (void)curl_easy_setopt(s->easy, CURLOPT_TIMEOUT, TIMEOUT_S);
    (void)curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, &s->answer);
    (void)curl_easy_setopt(s->easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(s->easy, CURLOPT_HEADERDATA, s);
    s->running = kith_curl_start(h->curl, s->easy, on_answer, s) == KITH_OK;
    if (!s->running)
        settle(s, PUSH_UNSENT, "out of memory");
}

static void slot_again(void *ctx)
{
    struct slot *s = ctx;
    if (s->http->push->stop)
        settle(s, PUSH_UNSENT, "interrupted");
    else
        slot_send(s);
}

static void slot_next(struct slot *s)
{
    struct push_http *h = s->http;
    s->row = push_next(h->push, &s->row_n, &s->line);
    s->tries = 0;
    s->retried_token = false;
    if (s->row)
        slot_send(s);
    else if (--h->busy == 0)
        h->done = true;
}

kith_err push_http_run(struct push_http *h, struct push *p, struct kith_why *why)
{
    h->push = p;
    h->why = why;
    h->done = false;
    h->busy = h->options->connections;
    for (unsigned i = 0; i < h->options->connections; i++)
        slot_next(&h->slots[i]);
    kith_err err = KITH_OK;
    while (!h->done) {
        err = kith_loop_run_until(h->loop, &h->done, 3600 * 1000LL);
        if (err != KITH_OK && err != KITH_ETIMEOUT)
            break;
    }
    h->push = NULL;
    return h->done ? KITH_OK : err;
}

kith_err push_http_new(struct kith_loop *loop, const struct push_options *options,
                       struct push_http **ret, struct kith_why *why)
{
    struct push_http *h = calloc(1, sizeof(*h));
    if (!h)
        return KITH_ENOMEM;
    h->loop = loop;
    h->options = options;
    h->why = why;
    h->slots = calloc(options->connections, sizeof(*h->slots));
    h->token_easy = curl_easy_init();
    kith_err err = h->slots && h->token_easy ? KITH_OK : KITH_ENOMEM;
    if (err == KITH_OK)
        err = kith_curl_new(loop, (long)options->connections + 1, &h->curl);
    for (unsigned i = 0; i < options->connections && err == KITH_OK; i++) {
        struct slot *s = &h->slots[i];
        s->http = h;
        s->easy = curl_easy_init();
        err = s->easy ? kith_timer_new(loop, slot_again, s, &s->timer) : KITH_ENOMEM;
    }
    for (unsigned tries = 0; err == KITH_OK; tries++) {
        err = ask_token(h);
        if (err == KITH_OK)
            err = kith_loop_run_until(loop, &h->token_done, TIMEOUT_S * 1000 + 1000);
        if (err == KITH_OK)
            err = h->token_err;
        if (err == KITH_OK || !kith_err_retryable(err) || tries + 1 >= options->tries)
            break;
        bool never = false;
        err = kith_loop_run_until(loop, &never, 1000) == KITH_ETIMEOUT ? KITH_OK : KITH_EINTERNAL;
    }
    if (err != KITH_OK) {
        push_http_free(h);
        return err;
    }
    *ret = h;
    return KITH_OK;
}

void push_http_free(struct push_http *h)
{
    if (!h)
        return;
    kith_curl_free(h->curl);
    for (unsigned i = 0; h->slots && i < h->options->connections; i++) {
        struct slot *s = &h->slots[i];
        kith_timer_free(s->timer);
        if (s->easy)
            curl_easy_cleanup(s->easy);
        kith_bytes_done(&s->answer);
        free(s->row);
    }
    if (h->token_easy)
        curl_easy_cleanup(h->token_easy);
    curl_slist_free_all(h->headers);
    kith_bytes_done(&h->token_answer);
    free(h->slots);
    free(h);
}
