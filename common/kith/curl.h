/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's multi interface on our loop: SMTP and HTTP out, connections kept and reused. */
#ifndef KITH_CURL_H
#define KITH_CURL_H

#include <curl/curl.h>

#include "kith/err.h"
#include "kith/loop.h"

struct kith_curl;
/* The transfer ended; `easy` is the caller's again (read its info, reset or clean it up). */
typedef void (*kith_curl_done_fn)(void *ctx, CURL *easy, CURLcode code);

/* `max_connections`: to one host at a time; more transfers wait. */
KITH_MUST_CHECK kith_err kith_curl_new(struct kith_loop *loop, long max_connections,
                                       struct kith_curl **ret);
/* Start a configured easy handle. done is called from the loop, never from inside, and may start, free anything, also `c`. Sets
 * CURLOPT_NOSIGNAL; give every handle a timeout of its own. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_curl_start(struct kith_curl *c, CURL *easy, kith_curl_done_fn done,
                                         void *ctx);
unsigned kith_curl_running(const struct kith_curl *c);
/* Running transfers are dropped without done(); their easy handles are cleaned up. */
void kith_curl_free(struct kith_curl *c);
KITH_DEFINE_AUTO(kith_curl)

#endif
