/* SPDX-License-Identifier: Apache-2.0 */
/* The framing rules of a request head, pure: what may reach a handler and how long its body is. Stricter than the parser below us
 * and than RFC 9112 asks of a server: whatever two parsers could read in two ways is refused, so that nobody in front of us can be
 * made to disagree with us about where a request ends. For http*.c and tests only. */
#ifndef KITH_HTTP_CHECK_H
#define KITH_HTTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KITH_HEAD_FIELDS_MAX 100
#define KITH_BODY_TOO_LARGE  "The body is larger than this server takes; send it in parts."

struct kith_head_field {
    const char *name;
    size_t name_n;
    const char *value; /* leading blanks skipped, trailing ones not */
    size_t value_n;
};

/* A head as the parser left it in its buffer: each part NUL-terminated in place. */
struct kith_head {
    const char *method;
    const char *url;    /* where the target begins; its bytes may have been changed by the parser */
    const char *target; /* the target as it came */
    size_t target_n;
    const char *version;
    struct kith_head_field fields[KITH_HEAD_FIELDS_MAX];
    size_t fields_n; /* as many as came, also beyond KITH_HEAD_FIELDS_MAX */
    size_t size;     /* bytes from the method to the end of the blank line */
};

struct kith_verdict {
    int status;         /* 0 = fine, else 400, 411, 413, 431, 501 or 505 */
    const char *detail; /* a sentence for the client; static storage; NULL when fine */
    bool chunked;
    int64_t length; /* of the body in bytes; 0 without one, -1 when chunked */
};

/* Judge a head; limits in bytes. A body longer than body_max is 413; POST, PUT and PATCH without a length are 411. */
struct kith_verdict kith_head_check(const struct kith_head *head, int64_t head_max,
                                    int64_t body_max);

/* Does the parsed head fill its buffer without a gap: method SP target SP version CRLF (name ":" blanks value CRLF)* CRLF? A NUL or
 * bare LF that ended a part too early, a folded line or a second space leave one. Compares addresses, and looks at the last line ends.
 * It cannot see a NUL in the place of a CR, or of the CR LF CR at the very end, as the parser overwrites these with NUL itself; the head
 * ends at the same LF either way. */
bool kith_head_is_seamless(const struct kith_head *head);

#endif
