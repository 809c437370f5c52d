/* SPDX-License-Identifier: Apache-2.0 */
/* The work of one district, one piece at a time: batches of ingest's log, contacts, new days. The district's world is read from the
 * database before the first piece and dropped whenever a transaction fails, so that it is never ahead of what is committed.
 *
 * Before every piece the date is looked at: a batch that comes after midnight is judged by the new day. */
#ifndef RISK_DISTRICT_H
#define RISK_DISTRICT_H

#include "risk/risk.h"
#include "risk/store.h"

/* The district of this number, made when there is none. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_district_get(struct risk *risk, int32_t number,
                                           struct risk_district **ret);
/* NULL when ingest has told nothing of it. */
struct risk_district *risk_district_find(struct risk *risk, int32_t number);
struct risk_district *risk_district_next(const struct risk_district *d);

/* Queue a batch; it is given back with kith_consumer_done(). */
void risk_district_batch(struct risk_district *d, struct kith_consumer *c,
                         const struct kith_batch *batch);
/* Queue a contact; the call is answered. Strings are copied. */
void risk_district_contact(struct risk_district *d, struct kith_call *call,
                           const struct risk_contact *contact);
/* Begin what the clock, a failure or a restart left to do: read the district, look at the date, go on sweeping. */
void risk_district_tick(struct risk_district *d);
/* Nothing under way or waiting. */
bool risk_district_idle(const struct risk_district *d);
/* All of them; calls that wait are refused. No transaction may be under way: the skeleton frees the pool before it stops us. */
void risk_districts_free(struct risk *risk);

#endif
