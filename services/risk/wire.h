/* SPDX-License-Identifier: Apache-2.0 */
/* Log records to plain structs and back: with the handlers, the only place of this service that knows protobuf. */
#ifndef RISK_WIRE_H
#define RISK_WIRE_H

#include "kith/stream.h"
#include "risk/store.h"

/* What `n` records of ingest's log say, in their order; record types that are not ours are counted in ret->skipped. An element that
 * cannot be true (a date outside the calendar, a number that is none) is counted in ret->invalid and left out.
 * Errors: KITH_EDECODE a payload is not the message that its type promises (why: type and position); KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_decode(const struct kith_record *records, size_t n,
                                     struct risk_changes *ret, struct kith_why *why);

/* Append to our own log, in `job`: the flags that turned. cause_pos: position in ingest's log up to which they are judged.
 * Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_append_turns(struct kith_owner *owner, struct kith_job *job,
                                           int32_t district, int64_t at_us,
                                           const struct risk_flag_turns *turns, int64_t cause_pos);
/* The same for a contact: who spoke and what was said stays in the table. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_append_contact(struct kith_owner *owner, struct kith_job *job,
                                             int32_t district, int64_t at_us,
                                             const struct risk_contact *contact);

#endif
