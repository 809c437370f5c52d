/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the running daemon, shared by handlers*.c and mailer*.c.
 *
 * Work on a district goes one piece after the other, in its lane: a batch of ingest's log, a batch of risk's log, a set of mails to begin, a
 * set of outcomes to record. Each is at most one read and one transaction, so no piece ever sees half of another, and routing
 * depends only on what was read before. Lanes of different districts overlap. */
#ifndef NOTIFICATION_SERVICE_INTERNAL_H
#define NOTIFICATION_SERVICE_INTERNAL_H

#include "kith/daemon.h"
#include "kith/metrics.h"
#include "notification/notification.h"
#include "notification/plan.h"
#include "notification/smtp.h"
#include "notification/store.h"

/* Mails that may be between "sending" and their outcome, for each connection: enough that the connections never wait for a
 * COMMIT, few enough that a crash repeats little and that what comes meanwhile joins the next mail to the same person. */
#define NOTIF_WINDOW_PER_CONNECTION 32

/* A batch in our hands that was not begun. */
struct notif_waiting {
    struct notif_waiting *next;
    const struct kith_batch *batch;
};

enum notif_mail_place {
    NOTIF_WAITS,  /* for due_ms */
    NOTIF_BEGINS, /* in the transaction that says so */
    NOTIF_READY,  /* recorded as sending, for a connection */
    NOTIF_TALKS,  /* SMTP */
    NOTIF_ENDED,  /* its outcome is to be recorded */
};

/* A mail under way. */
struct notif_mail {
    struct notif_mail *next;       /* of the lane */
    struct notif_mail *next_ready; /* of the service's queue */
    struct notif_lane *lane;
    enum notif_mail_place place;
    int64_t due_ms; /* monotonic */
    struct notif_mail_row row;
};

/* Somebody who got a mail less than mail_gap ago. */
struct notif_rest {
    int64_t staff_id;
    int64_t until_ms; /* monotonic */
};

enum notif_turn { NOTIF_TURN_OUTCOMES, NOTIF_TURN_INGEST, NOTIF_TURN_RISK, NOTIF_TURN_MAIL };
#define NOTIF_TURNS 4

struct notif_lane {
    struct notif_lane *next;
    struct notif_service *service;
    int32_t district;
    bool busy;        /* a piece of work is being done */
    bool ours;        /* the head of our own log of this district is ours */
    int turn;         /* whose turn was it last */
    int64_t pause_ms; /* our own work failed: not before (monotonic); 0 = none */
    int64_t wake_ms;  /* when `timer` will pump (monotonic); 0 = it is stopped */
    struct kith_timer *timer;

    struct notif_waiting *ingest;
    struct notif_waiting *risk;

    bool reload;     /* mails under way must be read from the database */
    bool queued;     /* there may be deliveries to make mails of */
    int64_t look_ms; /* when settle is set: when to look for them again (monotonic) */
    struct notif_mail *mails;
    struct notif_list resting;  /* struct notif_rest */
    struct notif_list outcomes; /* struct notif_outcome, to be recorded */
};

struct notif_metrics {
    struct kith_metric *open;
    struct kith_metric *opened;
    struct kith_metric *resolved;
    struct kith_metric *unrouted;
    struct kith_metric *orphans;
    struct kith_metric *skipped_unknown;
    struct kith_metric *skipped_bad;
    struct kith_metric *under_way;
    struct kith_metric *latency;
    struct kith_metric *results[NOTIF_AWAY + 1];
    struct kith_metric *cancelled;
};

struct notif_service {
    struct notification *settings;
    const char *domain; /* of the Message-ID and HELO */
    struct kith_daemon *daemon;
    struct kith_db *db;
    struct kith_owner *owner;
    struct kith_consumer *ingest;
    struct kith_consumer *risk;
    struct notif_smtp *smtp;
    struct notif_lane *lanes;
    struct notif_mail *ready_first; /* queue of mails in state NOTIF_READY */
    struct notif_mail *ready_last;
    uint32_t under_way;      /* mails between NOTIF_BEGINS and the record of their outcome */
    uint32_t relay_failures; /* in a row */
    bool relay_away;         /* left alone until relay_timer */
    struct kith_timer *relay_timer;
    bool draining;
    struct notif_metrics metrics;
};

/* ---- handlers.c ---- */
/* Do the next piece of work, if there is one and none is being done. */
void notif_pump(struct notif_lane *lane);
void notif_pump_all(struct notif_service *s);
/* The piece of work has ended. Error: logged with `what`, the daemon stops when fenced, else the lane
 * pauses. Then the next piece. */
void notif_work_done(struct notif_lane *lane, const char *what, kith_err err,
                     const struct kith_why *why);
/* Look at the lane again at this monotonic time at the latest. */
void notif_wake_at(struct notif_lane *lane, int64_t at_ms);

/* ---- handlers_logs.c ---- */
/* Begin a piece of work if there is one: true = lane->busy is set. */
bool notif_turn_ingest(struct notif_lane *lane);
bool notif_turn_risk(struct notif_lane *lane);

/* ---- mailer.c: making and beginning mails; outcomes.c: what became of them ---- */
bool notif_turn_mail(struct notif_lane *lane);
bool notif_turn_outcomes(struct notif_lane *lane);
/* Put a mail that is recorded as sending into the queue; give the connections something to do. */
void notif_mail_ready(struct notif_mail *mail);
void notif_dispatch(struct notif_service *s);
/* What is in the queue goes back to the database as deferred. */
void notif_drain_mails(struct notif_service *s);
struct notif_mail *notif_find_mail(struct notif_lane *lane, const struct kith_id *mail_id);
void notif_forget_mail(struct notif_mail *mail);
bool notif_mails_idle(const struct notif_service *s);

#endif
