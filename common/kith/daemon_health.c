/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/daemon_internal.h"
#include "kith/metrics.h"

#define STUCK_MS 5000

enum { HTTP_OK = 200, HTTP_UNAVAILABLE = 503 };

/* Takes `body`. */
static void answer(struct kith_req *req, int status, json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    const char *sent = text ? text : "{}";
    kith_req_reply(req, status, "application/json", sent, strlen(sent));
    free(text);
}

static void healthz(void *ctx, struct kith_req *req)
{
    const struct kith_daemon *d = ctx;
    bool well = d->gap_ms < STUCK_MS;
    answer(req, well ? HTTP_OK : HTTP_UNAVAILABLE,
           json_pack("{s:b, s:I}", "ok", well, "turn_ms", (json_int_t)d->gap_ms));
}

static void add_reason(json_t *reasons, const char *text)
{
    (void)json_array_append_new(reasons, json_string(text));
}

static void readyz(void *ctx, struct kith_req *req)
{
    const struct kith_daemon *d = ctx;
    json_t *reasons = json_array();
    if (!d->serving)
        add_reason(reasons, "starting");
    if (d->stop_asked)
        add_reason(reasons, "draining: this process is about to end");
    if (!kith_db_ready(d->db)) {
        char text[96];
        (void)snprintf(text, sizeof(text), "database: no connection for %lld ms",
                       (long long)kith_db_away_ms(d->db));
        add_reason(reasons, text);
    }
    bool ready = json_array_size(reasons) == 0;
    answer(req, ready ? HTTP_OK : HTTP_UNAVAILABLE,
           json_pack("{s:b, s:o}", "ready", ready, "reasons", reasons));
}

static void metrics(void *ctx, struct kith_req *req)
{
    (void)ctx;
    char *text;
    size_t n;
    if (kith_metrics_text(&text, &n) != KITH_OK) {
        kith_req_problem(req, HTTP_UNAVAILABLE, "urn:kith:memory", "Out of memory",
                         kith_err_advice(KITH_ENOMEM));
        return;
    }
    kith_req_reply(req, HTTP_OK, "text/plain; version=0.0.4", text, n);
    free(text);
}

const struct kith_http_route kith_daemon_pages[] = {
    {"GET", "/healthz", healthz},
    {"GET", "/readyz", readyz},
    {"GET", "/metrics", metrics},
    {0},
};
