/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a mail. It takes no student by type: a count, an urgency, a link and the ids of the mail are all that can be in it.
 *
 * Pure domain code: no I/O, no clock, no log. */
#ifndef NOTIFICATION_MAILTEXT_H
#define NOTIFICATION_MAILTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"
#include "kith/id.h"

enum notif_urgency { NOTIF_ROUTINE = 1, NOTIF_SOON = 2, NOTIF_URGENT = 3 };

struct notif_mailtext {
    struct kith_id mail_id; /* Message-ID: <hex@domain>, the same for every attempt */
    const char *from;       /* addresses: notif_address_ok() */
    const char *to;
    const char *domain;         /* of the Message-ID */
    const char *link;           /* base of the console: notif_link_ok() */
    int64_t at_us;              /* Date: when the mail was made, not when it is sent again */
    uint32_t items;             /* >= 1 */
    uint32_t top_items;         /* of these, how many have the highest urgency */
    enum notif_urgency urgency; /* the highest */
};

/* The whole message as SMTP's DATA wants it but for dot-stuffing (libcurl does that): headers, empty line, text/plain UTF-8, CRLF line ends.
 * No line begins with a dot anyway. `*ret` is malloc'ed, NUL-terminated, the caller's.
 * Errors: KITH_EINVAL an address, domain or link that could end a header line, or no items; KITH_ENOMEM. */
KITH_MUST_CHECK kith_err notif_mailtext_render(const struct notif_mailtext *m, char **ret,
                                               size_t *ret_n);

/* "http://..." or "https://..." of printable ASCII without spaces, quotes and angle brackets, at most 200 bytes. */
bool notif_link_ok(const char *link);
/* A domain as it may stand right of the @. */
bool notif_domain_ok(const char *domain);

#endif
