/* SPDX-License-Identifier: Apache-2.0 */
/* Places of the statements in store.c's tables and what turns them into steps; for store*.c only. */
#ifndef NOTIFICATION_STORE_INTERNAL_H
#define NOTIFICATION_STORE_INTERNAL_H

#include <string.h>

#include "notification/store.h"

/* clang-format off */
enum {
    S_FENCE,
    S_DISTRICT, S_SCHOOL, S_SCHOOL_GONE, S_FEED, S_STAFF, S_STAFF_GONE, S_ROLE, S_ROLE_GONE, S_ENROLLMENT, S_ENROLLMENT_GONE,
    S_COHORT, S_COHORT_GONE, S_COHORT_STUDENT, S_COHORT_STUDENT_GONE, S_COHORT_STAFF, S_COHORT_STAFF_GONE,
    S_KNOWN_ALERTS, S_KNOWN_ADVISERS, S_KNOWN_PRINCIPALS, S_KNOWN_PLACES, S_KNOWN_DISTRICT,
    S_ALERT_OPEN, S_ALERT_CHANGE, S_INBOX, S_DELIVERY, S_DELIVERY_URGENCY, S_DELIVERY_CANCEL, S_DELIVERY_AGAIN,
    S_START_DISTRICTS, S_START_OPEN, S_MAILS, S_RECENT, S_QUEUE,
    S_MAIL_MAKE, S_DELIVERY_MAILED, S_ATTEMPT, S_MAIL_CANCEL, S_MAIL_AGAIN, S_MAIL_OUTCOME, S_ATTEMPT_OUTCOME, S_FAILED,
};

enum { CMD_DISTRICTS, CMD_ALERTS, CMD_ALERT, CMD_INBOX, CMD_DELIVERIES, CMD_ATTEMPTS };
/* clang-format on */

static inline void notif_step(struct kith_job *job, int stmt, kith_db_rows_fn rows, void *ctx)
{
    kith_job_step(job, &notification_statements[stmt], rows, ctx);
}

/* Begin an array parameter of n elements; returns 0, where the loop over them starts. */
static inline size_t notif_array(struct kith_job *job, size_t n)
{
    kith_job_array(job, n);
    return 0;
}

static inline void notif_copy_text(char *to, size_t size, const char *text)
{
    size_t n = strnlen(text, size - 1);
    memcpy(to, text, n);
    to[n] = '\0';
}

static inline struct kith_id notif_row_id(const struct kith_rows *r, size_t row, size_t col)
{
    struct kith_id id = {{0}};
    size_t n = 0;
    const uint8_t *bytes = kith_rows_bytes(r, row, col, &n);
    if (n == sizeof(id.b))
        memcpy(id.b, bytes, n);
    return id;
}

/* A last day; 0 = open. */
static inline int32_t notif_row_open_date(const struct kith_rows *r, size_t row, size_t col)
{
    return kith_rows_null(r, row, col) ? 0 : (int32_t)kith_rows_int(r, row, col);
}

#endif
