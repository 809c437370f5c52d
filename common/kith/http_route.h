/* SPDX-License-Identifier: Apache-2.0 */
/* Which handler serves a request target, and percent-decoding, pure. For http*.c and tests only. */
#ifndef KITH_HTTP_ROUTE_H
#define KITH_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "kith/err.h"
#include "kith/http.h"

#define KITH_PARAMS_MAX   8
#define KITH_SEGMENTS_MAX 24

/* ---- percent-encoding ---- */

/* Decode `n` bytes into `out` (room for n + 1), NUL-terminated; with `form`, "+" is a blank, as in a query.
 * Returns the decoded length, or -1 when an escape is invalid or encodes NUL. */
long kith_percent_decode(const char *text, size_t n, bool form, char *out);
/* Would path and query of this target decode, to UTF-8 without NUL? */
bool kith_target_decodes(const char *target, size_t n);

/* ---- routes ---- */

struct kith_router;

struct kith_match {
    const struct kith_http_route *route; /* NULL: none */
    void *ctx;                           /* of the route's table */
    bool known;                          /* the path exists, perhaps with other methods */
    size_t params_n;
    struct { /* undecoded, in the path that was matched */
        const char *text;
        size_t n;
    } params[KITH_PARAMS_MAX];
};

/* Compile tables (as in kith_http_opts), which must outlive the router.
 * Errors: KITH_EINVAL a path does not begin with a slash, has too many segments or parameters; KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_router_new(const struct kith_http_route *const *tables,
                                         void *const *ctxs, struct kith_router **ret,
                                         struct kith_why *why);
/* Match an undecoded path. Among routes of the method that fit, the one whose leftmost differing segment is literal wins; HEAD is
 * looked up as GET. Literal segments are compared with the decoded segment of the path; a parameter fits any segment but the empty. */
void kith_router_match(const struct kith_router *router, const char *method, const char *path,
                       size_t path_n, struct kith_match *ret);
/* Methods that a known path has: "GET, HEAD, POST". Cut at `room`. */
void kith_router_allow(const struct kith_router *router, const char *path, size_t path_n,
                       char *text, size_t room);
void kith_router_free(struct kith_router *router); /* NULL is fine */
KITH_DEFINE_AUTO(kith_router)

#endif
