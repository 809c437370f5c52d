/* SPDX-License-Identifier: Apache-2.0 */
/* Log records to plain structs and back; the only place of this service that knows protobuf. What does not decode, or cannot be kept (an
 * id of another length, a date outside the calendar), is counted and left out: one bad element must not stop the log. An address to
 * which no mail can be sent becomes "". */
#ifndef NOTIFICATION_DECODE_H
#define NOTIFICATION_DECODE_H

#include "kith/msg.h"
#include "kith/stream.h"
#include "notification/plan.h"
#include "notification/records.h"

/* Adds what routing needs of `n` records of ingest's log to `ret` (initialised by the caller). Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err notif_decode_changes(const struct kith_record *records, size_t n,
                                              struct notif_changes *ret);
/* Adds the flags of one record of risk's log to `ret`. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err notif_decode_flags(const struct kith_record *record,
                                            struct notif_flags *ret);

/* Adds an Alert to the payload of an ALERT_OPENED, ALERT_RESOLVED or DELIVERY_FAILED. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err notif_encode_alert(struct kith_bytes *payload,
                                            const struct kith_id *alert_id, int64_t student_id,
                                            int64_t staff_id, const char *reason);

/* Record types of our own log. */
extern const int32_t notif_record_opened;
extern const int32_t notif_record_resolved;
extern const int32_t notif_record_failed;

#endif
