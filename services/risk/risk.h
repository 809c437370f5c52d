/* SPDX-License-Identifier: Apache-2.0 */
/* The risk daemon: its state and hooks. main.c holds the tables, handlers.c what the skeleton calls, district.c the work of one district. */
#ifndef RISK_RISK_H
#define RISK_RISK_H

#include "kith/daemon.h"
#include "risk/rules.h"

struct risk_district;

struct risk {
    /* configuration */
    struct risk_params params;
    int64_t sweep_every_ms;
    /* what start made */
    struct kith_daemon *daemon;
    struct kith_loop *loop;
    struct kith_db *db;
    struct kith_owner *owner;
    struct kith_consumer *ingest;
    struct kith_timer *timer;
    struct risk_district *districts; /* a list */
    bool turning;                    /* districts wait for their next piece */
    bool draining;
};

/* Hooks of the skeleton; ctx is the struct risk. */
kith_err risk_start(struct kith_daemon *d, void *ctx, struct kith_why *why);
void risk_drain(void *ctx);
bool risk_idle(void *ctx);
void risk_stop(void *ctx);

/* contact.add district student date kind by [note]: an adult spoke with a student. Answered after COMMIT; the same call again is one
 * contact. */
void risk_on_contact_add(void *ctx, struct kith_call *call);

#endif
