/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement of the notification service, as steps of a job. The functions that read keep what they read in the struct they are
 * given, which must live until the job is done; an allocation that fails shows in its `err`, to be looked at in done. */
#ifndef NOTIFICATION_STORE_H
#define NOTIFICATION_STORE_H

#include "kith/db.h"
#include "notification/mailtext.h"
#include "notification/outcome.h"
#include "notification/plan.h"
#include "notification/records.h"

/* For the daemon; unqualified names. */
extern const struct kith_stmt notification_statements[];

/* This process still owns the district's log, else KITH_EFENCED. Holds the log's row to COMMIT. */
void notif_store_fence(struct kith_job *job, int32_t district, int64_t epoch);

/* ---- the projection ---- */
/* Apply compacted changes (notif_changes_compact()); reorders them. */
void notif_store_changes(struct kith_job *job, int32_t district, struct notif_changes *c);

/* ---- alerts ---- */
/* What the database knows about some alerts and the people around them. */
struct notif_known {
    struct notif_alerts *alerts;  /* told by notif_alerts_known() */
    struct notif_list advisers;   /* struct notif_adviser, addresses owned */
    struct notif_list principals; /* struct notif_principal, addresses owned */
    struct notif_list places;     /* struct notif_place */
    char default_address[NOTIF_ADDRESS_SIZE];
    int32_t today;
    kith_err err;
};
/* `today_utc` stands in for a district that ingest has not described yet. */
void notif_known_init(struct notif_known *k, struct notif_alerts *alerts, int32_t today_utc);
void notif_known_done(struct notif_known *k);
struct notif_people notif_known_people(const struct notif_known *k); /* borrowed from k */
/* Read them for the students and schools of `flags`. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err notif_store_read_known(struct kith_job *job, int32_t district,
                                                const struct notif_flag *flags, size_t n,
                                                int64_t now_us, struct notif_known *k);
/* Insert the opened, update the changed, with inbox rows and deliveries; cancel what is queued of the resolved, queue again what was
 * cancelled of the reopened. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err notif_store_alerts(struct kith_job *job, int32_t district,
                                            const struct notif_alerts *a, int64_t now_us);

/* ---- mails ---- */
struct notif_mail_row {
    struct kith_id mail_id;
    int64_t staff_id;
    char address[NOTIF_ADDRESS_SIZE];
    uint32_t items;
    uint32_t top_items;
    int32_t urgency;
    struct notif_progress progress;
    uint32_t attempts;
    int64_t next_try_us;
    int64_t flag_us;
    int64_t created_us;
};
struct notif_person_time {
    int64_t staff_id;
    int64_t at_us;
};
/* Any of the lists that one step reads. */
struct notif_read {
    struct notif_list list;
    kith_err err;
};

/* Districts with work left over (int32_t) and, in all, open alerts (into *open). */
void notif_store_read_start(struct kith_job *job, struct notif_read *districts, int64_t *open);
/* struct notif_mail_row of mails under way. */
void notif_store_read_mails(struct kith_job *job, int32_t district, struct notif_read *ret);
/* struct notif_person_time: the last mail made after `since_us`, by person. */
void notif_store_read_recent(struct kith_job *job, int32_t district, int64_t since_us,
                             struct notif_read *ret);
/* Flags raised until `settled_us` only, and none that is held for its school's feed. struct notif_queued of at most `people` persons that are not among `but` (they have a mail under way, or rest): the most urgent, then the
 * oldest first. */
void notif_store_read_queue(struct kith_job *job, int32_t district, const int64_t *but,
                            size_t n_but, int64_t people, int64_t settled_us,
                            struct notif_read *ret);
/* Make mails of the bundles, state sending, attempt 1. `queued` as notif_bundle() sorted it. */
void notif_store_make_mails(struct kith_job *job, int32_t district,
                            const struct notif_bundle *bundles, size_t n,
                            const struct notif_queued *queued, int64_t now_us);
/* Begin another attempt at these, after cancelling the deferred ones of which every alert was resolved. Reads struct notif_mail_row with
 * mail_id and attempts of those that are to be sent. */
void notif_store_begin_again(struct kith_job *job, int32_t district, const struct kith_id *mail_ids,
                             size_t n, int64_t now_us, struct notif_read *ret);

struct notif_outcome {
    struct kith_id mail_id;
    int64_t staff_id;
    uint32_t attempt;
    enum notif_result result;
    struct notif_progress progress;
    int64_t next_try_us; /* 0 = the end */
    char reply[128];     /* last line of the relay */
};
void notif_store_outcomes(struct kith_job *job, int32_t district, const struct notif_outcome *o,
                          size_t n, int64_t now_us);
/* An alert of a mail that failed. */
struct notif_failed {
    struct kith_id mail_id;
    struct kith_id alert_id;
    int64_t student_id;
    int64_t staff_id; /* who could not be reached */
    bool open;
    int32_t urgency;
    int64_t flag_us;
    char reason[32];
};
void notif_store_read_failed(struct kith_job *job, int32_t district, const struct notif_outcome *o,
                             size_t n, struct notif_read *ret);
/* Tell the district's default adult of the open ones that were not his already; reorders `f`. */
void notif_store_fall_back(struct kith_job *job, int32_t district, struct notif_failed *f, size_t n,
                           int64_t now_us);

/* ---- for the command; qualified names, published views only ---- */
extern const struct kith_stmt notification_cmd_statements[];

/* Steps that read for `kith alerts`; rows as the views name them, see store.c. */
void notif_cmd_read_districts(struct kith_job *job, kith_db_rows_fn rows, void *ctx);
/* alert_id, district, student_id, school_id, school name, rule, episode, urgency, since, value, threshold, state, opened_at,
 * resolved_at, staff_id, reason */
void notif_cmd_read_alerts(struct kith_job *job, const int32_t *districts, size_t n, bool all,
                           kith_db_rows_fn rows, void *ctx);
void notif_cmd_read_alert(struct kith_job *job, const int32_t *districts, size_t n,
                          const struct kith_id *alert_id, kith_db_rows_fn rows, void *ctx);
/* staff_id, at */
void notif_cmd_read_inbox(struct kith_job *job, const int32_t *districts, size_t n,
                          const struct kith_id *alert_id, kith_db_rows_fn rows, void *ctx);
/* staff_id, channel, step, state, queued_at, mail_id (null), address (null), items (null), attempts (null), next_try (null) */
void notif_cmd_read_deliveries(struct kith_job *job, const int32_t *districts, size_t n,
                               const struct kith_id *alert_id, kith_db_rows_fn rows, void *ctx);
/* mail_id, attempt, started_at, ended_at (null), outcome (null), reply (null) */
void notif_cmd_read_attempts(struct kith_job *job, const int32_t *districts, size_t n,
                             const struct kith_id *alert_id, kith_db_rows_fn rows, void *ctx);

#endif
