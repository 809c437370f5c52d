/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a district into a world, page by page. */
#include <string.h>

#include "risk/store.h"
#include "risk/store_internal.h"

/* A page was read: the next begins after its last row, or the next part begins. */
static void turn_page(struct risk_reading *r, size_t rows)
{
    if (rows == RISK_PAGE)
        return;
    memset(&r->after, 0, sizeof(r->after));
    r->after.a = INT64_MIN;
    r->part++;
    r->done = r->part == RISK_READS;
}

static void take(struct risk_reading *r, struct risk_changes *c)
{
    if (r->err == KITH_OK) {
        risk_changes_settle(c);
        r->err = risk_world_apply(r->world, c);
    }
    risk_changes_done(c);
}

static void on_days(void *ctx, const struct kith_rows *rows)
{
    struct risk_reading *r = ctx;
    struct risk_changes c = {0};
    size_t n = kith_rows_n(rows);
    for (size_t i = 0; i < n && r->err == KITH_OK; i++) {
        struct risk_day_change day = {
            .school_id = kith_rows_int(rows, i, 0),
            .calendar_id = kith_rows_int(rows, i, 1),
            .date = (int32_t)kith_rows_int(rows, i, 2),
            .instructional = kith_rows_bool(rows, i, 3),
        };
        r->err = risk_changes_day(&c, day);
        r->after.a = day.school_id;
        r->after.b = day.calendar_id;
        r->after.date = day.date;
    }
    take(r, &c);
    turn_page(r, n);
}

static void on_enrollments(void *ctx, const struct kith_rows *rows)
{
    struct risk_reading *r = ctx;
    struct risk_changes c = {0};
    size_t n = kith_rows_n(rows);
    for (size_t i = 0; i < n && r->err == KITH_OK; i++) {
        struct risk_enrollment_change e = {
            .student_id = kith_rows_int(rows, i, 0),
            .school_id = kith_rows_int(rows, i, 1),
            .entry = (int32_t)kith_rows_int(rows, i, 2),
            .exit = kith_rows_null(rows, i, 3) ? RISK_OPEN : (int32_t)kith_rows_int(rows, i, 3),
            .calendar_id = kith_rows_int(rows, i, 4),
        };
        r->err = risk_changes_enrollment(&c, e);
        r->after.a = e.student_id;
        r->after.b = e.school_id;
        r->after.date = e.entry;
    }
    take(r, &c);
    turn_page(r, n);
}

static void on_marks(void *ctx, const struct kith_rows *rows)
{
    struct risk_reading *r = ctx;
    struct risk_changes c = {0};
    size_t n = kith_rows_n(rows);
    for (size_t i = 0; i < n && r->err == KITH_OK; i++) {
        struct risk_mark_change m = {
            .student_id = kith_rows_int(rows, i, 0),
            .mark = {.date = (int32_t)kith_rows_int(rows, i, 1),
                     .place_id = kith_rows_int(rows, i, 2),
                     .session_id = kith_rows_int(rows, i, 3),
                     .category_id = (int32_t)kith_rows_int(rows, i, 4),
                     .school_id = kith_rows_int(rows, i, 5),
                     .kind = (uint8_t)kith_rows_int(rows, i, 6)},
        };
        r->err = risk_changes_mark(&c, m);
        r->after.a = m.student_id;
        r->after.date = m.mark.date;
        r->after.b = m.mark.place_id;
        r->after.c = m.mark.session_id;
        r->after.e = m.mark.category_id;
    }
    take(r, &c);
    turn_page(r, n);
}

static void on_contacts(void *ctx, const struct kith_rows *rows)
{
    struct risk_reading *r = ctx;
    size_t n = kith_rows_n(rows);
    for (size_t i = 0; i < n && r->err == KITH_OK; i++) {
        size_t id_n = 0;
        const uint8_t *id = kith_rows_bytes(rows, i, 2, &id_n);
        r->after.a = kith_rows_int(rows, i, 0);
        r->after.date = (int32_t)kith_rows_int(rows, i, 1);
        memcpy(r->after.id.b, id, sizeof(r->after.id.b));
        r->err = risk_world_contact(r->world, r->after.a, r->after.date);
    }
    turn_page(r, n);
}

static void on_flags(void *ctx, const struct kith_rows *rows)
{
    struct risk_reading *r = ctx;
    size_t n = kith_rows_n(rows);
    for (size_t i = 0; i < n && r->err == KITH_OK; i++) {
        struct risk_flag flag = {
            .student_id = kith_rows_int(rows, i, 0),
            .school_id = kith_rows_int(rows, i, 1),
            .rule = (enum risk_rule)kith_rows_int(rows, i, 2),
            .episode = (int32_t)kith_rows_int(rows, i, 3),
            .since = (int32_t)kith_rows_int(rows, i, 4),
            .value = (int32_t)kith_rows_int(rows, i, 5),
            .threshold = (int32_t)kith_rows_int(rows, i, 6),
            .open = kith_rows_bool(rows, i, 7),
        };
        r->after.a = flag.student_id;
        r->after.b = flag.school_id;
        r->after.c = flag.rule;
        r->after.e = flag.episode;
        r->err = risk_world_load_flag(r->world, &flag);
    }
    turn_page(r, n);
}

void risk_reading_start(struct risk_reading *r, struct risk_world *world, int32_t district)
{
    *r = (struct risk_reading){.world = world, .district = district, .after.a = INT64_MIN};
}

void risk_store_read(struct kith_job *job, struct risk_reading *r)
{
    static const kith_db_rows_fn on_page[RISK_READS] = {
        [RISK_READ_DAYS] = on_days,   [RISK_READ_ENROLLMENTS] = on_enrollments,
        [RISK_READ_MARKS] = on_marks, [RISK_READ_CONTACTS] = on_contacts,
        [RISK_READ_FLAGS] = on_flags,
    };
    kith_job_step(job, &risk_statements[r->part], on_page[r->part], r);
    kith_job_i4(job, r->district);
    kith_job_i8(job, r->after.a);
    switch (r->part) {
    case RISK_READ_DAYS:
    case RISK_READ_ENROLLMENTS:
        kith_job_i8(job, r->after.b);
        kith_job_date(job, r->after.date);
        break;
    case RISK_READ_MARKS:
        kith_job_date(job, r->after.date);
        kith_job_i8(job, r->after.b);
        kith_job_i8(job, r->after.c);
        kith_job_i4(job, r->after.e);
        break;
    case RISK_READ_CONTACTS:
        kith_job_date(job, r->after.date);
        kith_job_uuid(job, r->after.id.b);
        break;
    default:
        kith_job_i8(job, r->after.b);
        kith_job_i2(job, (int16_t)r->after.c);
        kith_job_i4(job, r->after.e);
    }
}
