/* SPDX-License-Identifier: Apache-2.0 */
/* What an SMTP dialogue came to, and what follows for the mail.
 *
 * Pure domain code: no I/O, no clock, no log. */
#ifndef NOTIFICATION_OUTCOME_H
#define NOTIFICATION_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "kith/id.h"

/* XX(name, word in the database and in metrics) */
#define NOTIF_RESULT_MAP(XX)                                                                       \
    XX(NOTIF_ACCEPTED, "accepted") /* the relay said 250 to the whole mail */                      \
    XX(NOTIF_DEFERRED, "deferred") /* it said 4yz to this mail: later */                           \
    XX(NOTIF_FAILED, "failed")     /* it said 5yz to this mail: never */                           \
    XX(NOTIF_LOST, "unknown")      /* the connection broke after the body had been begun */        \
    XX(NOTIF_AWAY,                                                                                 \
       "relay_away") /* the relay is not there, busy, or refuses us: not this mail's fault */

enum notif_result {
#define XX(name, word) name,
    NOTIF_RESULT_MAP(XX)
#undef XX
};
/* "accepted" ... Static storage. */
const char *notif_result_word(enum notif_result r);

/* How a dialogue ended, before any look at the reply. */
enum notif_ending {
    NOTIF_END_DONE,    /* the relay took the mail */
    NOTIF_END_REFUSED, /* the relay answered something else than was hoped for */
    NOTIF_END_BROKEN,  /* no connection, no login, no encryption, connection lost, too slow */
};

/* How far a dialogue came and how it ended. */
struct notif_dialogue {
    enum notif_ending ending;
    long reply;           /* last reply code; stale when `ending` is not REFUSED */
    bool recipient_named; /* RCPT TO was sent: what is refused from here on is this mail */
    bool body_begun;      /* DATA was answered with 354 and the body was handed over */
};

/* The ending first, then the reply. 421 is the relay's own trouble (RFC 5321 3.8). */
enum notif_result notif_classify(const struct notif_dialogue *d);

enum notif_mail_state {
    NOTIF_MAIL_SENDING,
    NOTIF_MAIL_ACCEPTED,
    NOTIF_MAIL_DEFERRED,
    NOTIF_MAIL_FAILED,
    NOTIF_MAIL_UNKNOWN,
    NOTIF_MAIL_CANCELLED,
};
/* "sending" ... as in the database. Static storage. */
const char *notif_mail_state_word(enum notif_mail_state s);

struct notif_progress {
    enum notif_mail_state state;
    uint32_t deferrals;
    uint32_t losses;
};

/* What follows from the result of one attempt. Writes the new state to *p and returns the milliseconds until the next attempt, or -1 when the
 * mail has come to its end. `pause_ms`: how long the relay is given when it is away (that counts as no deferral).
 * A mail lost after its body is sent once more, with the same Message-ID, then left as unknown. A mail deferred for about five days
 * (RFC 5321 4.5.4.1) has failed. */
int64_t notif_follow_up(struct notif_progress *p, enum notif_result result,
                        const struct kith_id *mail_id, int64_t pause_ms);

/* The ladder: 30 s, 2 m, 10 m, 30 m, 1 h, 2 h, 4 h, then 4 h again; +-20 % by a hash of the mail's id and the step, so that it can be computed
 * again and mails deferred together do not come back together. step 1 = the first wait. */
int64_t notif_retry_ms(uint32_t step, const struct kith_id *mail_id);

/* Steps of 4 h that make the ladder about five days long. */
#define NOTIF_DEFERRALS_MAX 34

/* How long to leave a relay alone that is away: 500 ms, doubling to 60 s. `failures` in a row, 1 = the first. */
int64_t notif_relay_pause_ms(uint32_t failures);

#endif
