/* SPDX-License-Identifier: Apache-2.0 */
/* From risk's flags to alerts, and from queued deliveries to mails: what a batch comes to, decided before anything is written.
 *
 * Pure domain code: no I/O, no clock, no log. The result does not depend on how the log was cut into batches. */
#ifndef NOTIFICATION_PLAN_H
#define NOTIFICATION_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"
#include "kith/id.h"
#include "notification/records.h"
#include "notification/route.h"

/* The ids that are made from content. */
struct kith_id notif_alert_id(const struct kith_id *flag_id);
struct kith_id notif_delivery_id(const struct kith_id *alert_id, int64_t staff_id,
                                 const char *channel, int32_t step);
/* `ids` sorted by the caller or not: they are hashed in the order of their bytes. */
struct kith_id notif_mail_id(struct kith_id *ids, size_t n);

/* An alert before, or after, a batch. */
struct notif_alert {
    struct kith_id alert_id;
    struct notif_flag
        flag;          /* the newest record applied; flag.pos is what a replay is compared with */
    int64_t raised_us; /* at_us of the first */
    bool open;
    bool was_open; /* before the batch */
    struct notif_route
        route; /* of new alerts by notif_alerts_route(), of others as it was (no address) */

    bool is_new;   /* the database does not have it */
    bool changed;  /* it has, and something is different now */
    bool opened;   /* to be logged: ALERT_OPENED */
    bool resolved; /* to be logged: ALERT_RESOLVED; it is not open any more */
    bool reopened; /* it was resolved before the batch and is open now */
};

struct notif_alerts {
    struct notif_list list; /* struct notif_alert, by alert_id */
    uint64_t orphans;       /* cleared without having been raised: nothing to do */
};

/* The alerts that `n` flags concern, one each; flags in order of the log. They are unknown until notif_alerts_known() says otherwise.
 * Errors: KITH_ENOMEM: `a` is empty. */
KITH_MUST_CHECK kith_err notif_alerts_gather(struct notif_alerts *a, const struct notif_flag *flags,
                                             size_t n);
/* The database has this one, at this position and state, routed so. */
void notif_alerts_known(struct notif_alerts *a, const struct kith_id *alert_id, int64_t pos,
                        bool open, int64_t staff_id, const char *reason);
/* Apply the flags, in order. The newest record wins: raised and updated mean open, cleared means resolved; records at or before the position
 * that the database has are skipped. */
void notif_alerts_apply(struct notif_alerts *a, const struct notif_flag *flags, size_t n);
/* Route the new ones. */
void notif_alerts_route(struct notif_alerts *a, const struct notif_people *people);
void notif_alerts_done(struct notif_alerts *a);

/* ---- queued deliveries to mails ---- */
struct notif_queued {
    struct kith_id delivery_id;
    int64_t staff_id;
    char address[NOTIF_ADDRESS_SIZE];
    int32_t urgency;
    int64_t flag_us;
};
struct notif_bundle {
    struct kith_id mail_id;
    int64_t staff_id;
    char address[NOTIF_ADDRESS_SIZE];
    uint32_t items;
    uint32_t top_items;
    int32_t urgency;
    int64_t flag_us; /* the oldest */
    size_t first;    /* its deliveries: queued[first .. first + items) after sorting */
};
/* One mail a person from everything queued. A person whose address changed meanwhile gets the rest with the next mail. `queued` is sorted in
 * place; *ret is a malloc'ed array, the caller's, of *ret_n bundles. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err notif_bundle(struct notif_queued *queued, size_t n,
                                      struct notif_bundle **ret, size_t *ret_n);

#endif
