/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of store.c that keep what routing needs of ingest's log, as steps. */
#include <string.h>

#include "notification/store.h"
#include "notification/store_internal.h"

static void open_date(struct kith_job *job, int32_t days)
{
    if (days == 0)
        kith_job_null(job);
    else
        kith_job_date(job, days);
}

void notif_store_fence(struct kith_job *job, int32_t district, int64_t epoch)
{
    notif_step(job, S_FENCE, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_i8(job, epoch);
    kith_job_guard(job, KITH_EFENCED);
}

/* ---- the projection ---- */

/* Changes kept and gone are told apart by moving the gone to the end: the order within each does not matter, keys are unique. */
static size_t split(struct notif_list *list)
{
    char *items = list->items;
    char spare[sizeof(struct notif_staff) + sizeof(struct notif_role)];
    size_t kept = 0;
    for (size_t i = 0; i < list->n; i++) {
        char *item = items + i * list->size;
        if (((const struct notif_head *)(const void *)item)->removed)
            continue;
        char *to = items + kept * list->size;
        if (to != item) {
            memcpy(spare, item, list->size);
            memcpy(item, to, list->size);
            memcpy(to, spare, list->size);
        }
        kept++;
    }
    return kept;
}

static void store_schools(struct kith_job *job, int32_t district, struct notif_list *list)
{
    const struct notif_school *s = list->items;
    size_t kept = split(list);
    size_t gone = list->n - kept;
    if (kept) {
        notif_step(job, S_SCHOOL, NULL, NULL);
        kith_job_i4(job, district);
        for (size_t i = notif_array(job, kept); i < kept; i++)
            kith_job_i8(job, s[i].school_id);
        for (size_t i = notif_array(job, kept); i < kept; i++)
            kith_job_text(job, s[i].name);
    }
    if (gone) {
        notif_step(job, S_SCHOOL_GONE, NULL, NULL);
        kith_job_i4(job, district);
        for (size_t i = notif_array(job, gone); i < gone; i++)
            kith_job_i8(job, s[kept + i].school_id);
    }
}

static void store_feeds(struct kith_job *job, int32_t district, const struct notif_list *list)
{
    const struct notif_feed *f = list->items;
    if (list->n == 0)
        return;
    notif_step(job, S_FEED, NULL, NULL);
    kith_job_i4(job, district);
    for (size_t i = notif_array(job, list->n); i < list->n; i++)
        kith_job_i8(job, f[i].school_id);
    for (size_t i = notif_array(job, list->n); i < list->n; i++)
        kith_job_bool(job, f[i].late);
}

static void store_staff(struct kith_job *job, int32_t district, struct notif_list *list)
{
    const struct notif_staff *s = list->items;
    size_t kept = split(list);
    size_t gone = list->n - kept;
    if (kept) {
        notif_step(job, S_STAFF, NULL, NULL);
        kith_job_i4(job, district);
        for (size_t i = notif_array(job, kept); i < kept; i++)
            kith_job_i8(job, s[i].staff_id);
        for (size_t i = notif_array(job, kept); i < kept; i++)
            kith_job_text(job, s[i].email);
    }
    if (gone) {
        notif_step(job, S_STAFF_GONE, NULL, NULL);
        kith_job_i4(job, district);
        for (size_t i = notif_array(job, gone); i < gone; i++)
            kith_job_i8(job, s[kept + i].staff_id);
    }
}

static void role_keys(struct kith_job *job, const struct notif_role *r, size_t n)
{
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, r[i].school_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_text(job, r[i].role);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, r[i].staff_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_date(job, r[i].begin_date);
}

static void store_roles(struct kith_job *job, int32_t district, struct notif_list *list)
{
    const struct notif_role *r = list->items;
    size_t kept = split(list);
    size_t gone = list->n - kept;
    if (kept) {
        notif_step(job, S_ROLE, NULL, NULL);
        kith_job_i4(job, district);
        role_keys(job, r, kept);
        for (size_t i = notif_array(job, kept); i < kept; i++)
            open_date(job, r[i].end_date);
    }
    if (gone) {
        notif_step(job, S_ROLE_GONE, NULL, NULL);
        kith_job_i4(job, district);
        role_keys(job, r + kept, gone);
    }
}

static void enrollment_keys(struct kith_job *job, const struct notif_enrollment *e, size_t n)
{
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, e[i].student_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, e[i].school_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_date(job, e[i].entry_date);
}

static void store_enrollments(struct kith_job *job, int32_t district, struct notif_list *list)
{
    const struct notif_enrollment *e = list->items;
    size_t kept = split(list);
    size_t gone = list->n - kept;
    if (kept) {
        notif_step(job, S_ENROLLMENT, NULL, NULL);
        kith_job_i4(job, district);
        enrollment_keys(job, e, kept);
        for (size_t i = notif_array(job, kept); i < kept; i++)
            open_date(job, e[i].exit_date);
    }
    if (gone) {
        notif_step(job, S_ENROLLMENT_GONE, NULL, NULL);
        kith_job_i4(job, district);
        enrollment_keys(job, e + kept, gone);
    }
}

static void store_cohorts(struct kith_job *job, int32_t district, struct notif_list *list)
{
    const struct notif_cohort *c = list->items;
    size_t kept = split(list);
    size_t gone = list->n - kept;
    if (kept) {
        notif_step(job, S_COHORT, NULL, NULL);
        kith_job_i4(job, district);
        for (size_t i = notif_array(job, kept); i < kept; i++)
            kith_job_i8(job, c[i].cohort_id);
        for (size_t i = notif_array(job, kept); i < kept; i++)
            kith_job_bool(job, c[i].advisory);
    }
    if (gone) {
        notif_step(job, S_COHORT_GONE, NULL, NULL);
        kith_job_i4(job, district);
        for (size_t i = notif_array(job, gone); i < gone; i++)
            kith_job_i8(job, c[kept + i].cohort_id);
    }
}

/* Students and staff of cohorts come mixed; `students` chooses. m[0..n) are all kept or all gone. */
static void store_members(struct kith_job *job, int32_t district, const struct notif_member *m,
                          size_t n, bool students, bool gone)
{
    size_t hits = 0;
    for (size_t i = 0; i < n; i++)
        hits += (m[i].student_id != 0) == students;
    if (hits == 0)
        return;
    notif_step(job,
               students ? (gone ? S_COHORT_STUDENT_GONE : S_COHORT_STUDENT)
                        : (gone ? S_COHORT_STAFF_GONE : S_COHORT_STAFF),
               NULL, NULL);
    kith_job_i4(job, district);
    for (int column = 0; column < (gone ? 3 : 4); column++) {
        kith_job_array(job, hits);
        for (size_t i = 0; i < n; i++) {
            if ((m[i].student_id != 0) != students)
                continue;
            if (column == 0)
                kith_job_i8(job, m[i].cohort_id);
            else if (column == 1)
                kith_job_i8(job, students ? m[i].student_id : m[i].staff_id);
            else if (column == 2)
                kith_job_date(job, m[i].begin_date);
            else
                open_date(job, m[i].end_date);
        }
    }
}

void notif_store_changes(struct kith_job *job, int32_t district, struct notif_changes *c)
{
    if (c->has_district) {
        notif_step(job, S_DISTRICT, NULL, NULL);
        kith_job_i4(job, district);
        kith_job_text(job, c->district.time_zone);
        kith_job_text(job, c->district.default_email);
    }
    store_schools(job, district, &c->schools);
    store_feeds(job, district, &c->feeds);
    store_staff(job, district, &c->staff);
    store_roles(job, district, &c->roles);
    store_enrollments(job, district, &c->enrollments);
    store_cohorts(job, district, &c->cohorts);
    const struct notif_member *m = c->members.items;
    size_t kept = split(&c->members);
    for (int students = 0; students < 2 && c->members.n; students++) {
        store_members(job, district, m, kept, students, false);
        store_members(job, district, m + kept, c->members.n - kept, students, true);
    }
}
