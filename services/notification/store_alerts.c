/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of store.c that concern alerts, as steps. */
#include <stdlib.h>
#include <string.h>

#include "notification/store.h"
#include "notification/store_internal.h"

/* ---- what is known ---- */

void notif_known_init(struct notif_known *k, struct notif_alerts *alerts, int32_t today_utc)
{
    *k = (struct notif_known){.alerts = alerts,
                              .advisers.size = sizeof(struct notif_adviser),
                              .principals.size = sizeof(struct notif_principal),
                              .places.size = sizeof(struct notif_place),
                              .today = today_utc};
}

void notif_known_done(struct notif_known *k)
{
    struct notif_adviser *advisers = k->advisers.items;
    for (size_t i = 0; i < k->advisers.n; i++)
        free((char *)advisers[i].address);
    struct notif_principal *principals = k->principals.items;
    for (size_t i = 0; i < k->principals.n; i++)
        free((char *)principals[i].address);
    notif_list_done(&k->advisers);
    notif_list_done(&k->principals);
    notif_list_done(&k->places);
}

struct notif_people notif_known_people(const struct notif_known *k)
{
    return (struct notif_people){
        .advisers = k->advisers.items,
        .n_advisers = k->advisers.n,
        .principals = k->principals.items,
        .n_principals = k->principals.n,
        .places = k->places.items,
        .n_places = k->places.n,
        .today = k->today,
        .default_address = k->default_address,
    };
}

static void on_alerts(void *ctx, const struct kith_rows *rows)
{
    struct notif_known *k = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct kith_id id = notif_row_id(rows, i, 0);
        notif_alerts_known(k->alerts, &id, kith_rows_int(rows, i, 1), kith_rows_bool(rows, i, 2),
                           kith_rows_int(rows, i, 3), kith_rows_text(rows, i, 4));
    }
}

static void on_advisers(void *ctx, const struct kith_rows *rows)
{
    struct notif_known *k = ctx;
    for (size_t i = 0; i < kith_rows_n(rows) && k->err == KITH_OK; i++) {
        struct notif_adviser *a = notif_list_add(&k->advisers);
        const char *address = a ? strdup(kith_rows_text(rows, i, 5)) : NULL;
        if (!address) {
            k->err = KITH_ENOMEM;
            return;
        }
        *a = (struct notif_adviser){
            kith_rows_int(rows, i, 0),       kith_rows_int(rows, i, 1),
            kith_rows_int(rows, i, 2),       (int32_t)kith_rows_int(rows, i, 3),
            notif_row_open_date(rows, i, 4), address};
    }
}

static void on_principals(void *ctx, const struct kith_rows *rows)
{
    struct notif_known *k = ctx;
    for (size_t i = 0; i < kith_rows_n(rows) && k->err == KITH_OK; i++) {
        struct notif_principal *p = notif_list_add(&k->principals);
        const char *address = p ? strdup(kith_rows_text(rows, i, 4)) : NULL;
        if (!address) {
            k->err = KITH_ENOMEM;
            return;
        }
        *p = (struct notif_principal){kith_rows_int(rows, i, 0), kith_rows_int(rows, i, 1),
                                      (int32_t)kith_rows_int(rows, i, 2),
                                      notif_row_open_date(rows, i, 3), address};
    }
}

static void on_places(void *ctx, const struct kith_rows *rows)
{
    struct notif_known *k = ctx;
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct notif_place *p = notif_list_add(&k->places);
        if (!p) {
            k->err = KITH_ENOMEM;
            return;
        }
        *p = (struct notif_place){kith_rows_int(rows, i, 0), kith_rows_int(rows, i, 1),
                                  (int32_t)kith_rows_int(rows, i, 2),
                                  notif_row_open_date(rows, i, 3)};
    }
}

static void on_district(void *ctx, const struct kith_rows *rows)
{
    struct notif_known *k = ctx;
    if (kith_rows_n(rows) == 0)
        return;
    notif_copy_text(k->default_address, sizeof(k->default_address), kith_rows_text(rows, 0, 0));
    k->today = (int32_t)kith_rows_int(rows, 0, 1);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static size_t unique(int64_t *numbers, size_t n)
{
    if (n == 0)
        return 0;
    qsort(numbers, n, sizeof(*numbers), by_number);
    size_t kept = 1;
    for (size_t i = 1; i < n; i++)
        if (numbers[i] != numbers[kept - 1])
            numbers[kept++] = numbers[i];
    return kept;
}

/* Distinct students, schools, and students of flags that name no school. */
struct asked {
    int64_t *students;
    int64_t *schools;
    int64_t *homeless;
    size_t n_students;
    size_t n_schools;
    size_t n_homeless;
};

static void gather(const struct notif_flag *flags, size_t n, struct asked *a)
{
    for (size_t i = 0; i < n; i++) {
        a->students[a->n_students++] = flags[i].student_id;
        if (flags[i].school_id != 0)
            a->schools[a->n_schools++] = flags[i].school_id;
        else
            a->homeless[a->n_homeless++] = flags[i].student_id;
    }
    a->n_students = unique(a->students, a->n_students);
    a->n_schools = unique(a->schools, a->n_schools);
    a->n_homeless = unique(a->homeless, a->n_homeless);
}

static void add_known_steps(struct kith_job *job, int32_t district, const struct asked *a,
                            int64_t now_us, struct notif_known *k)
{
    const struct notif_alert *alerts = k->alerts->list.items;
    notif_step(job, S_KNOWN_ALERTS, on_alerts, k);
    kith_job_i4(job, district);
    for (size_t i = notif_array(job, k->alerts->list.n); i < k->alerts->list.n; i++)
        kith_job_uuid(job, alerts[i].alert_id.b);
    notif_step(job, S_KNOWN_ADVISERS, on_advisers, k);
    kith_job_i4(job, district);
    kith_job_i8s(job, a->students, a->n_students);
    notif_step(job, S_KNOWN_PRINCIPALS, on_principals, k);
    kith_job_i4(job, district);
    kith_job_text(job, NOTIF_ROLE_PRINCIPAL);
    kith_job_i8s(job, a->schools, a->n_schools);
    kith_job_i8s(job, a->homeless, a->n_homeless);
    if (a->n_homeless) {
        notif_step(job, S_KNOWN_PLACES, on_places, k);
        kith_job_i4(job, district);
        kith_job_i8s(job, a->homeless, a->n_homeless);
    }
    notif_step(job, S_KNOWN_DISTRICT, on_district, k);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
}

kith_err notif_store_read_known(struct kith_job *job, int32_t district,
                                const struct notif_flag *flags, size_t n, int64_t now_us,
                                struct notif_known *k)
{
    kith_auto_mem int64_t *numbers = calloc(n ? n * 3 : 1, sizeof(*numbers));
    if (!numbers)
        return KITH_ENOMEM;
    struct asked a = {.students = numbers, .schools = numbers + n, .homeless = numbers + 2 * n};
    gather(flags, n, &a);
    add_known_steps(job, district, &a, now_us, k);
    return KITH_OK;
}

/* ---- what is written ---- */

enum which { OPENED, CHANGED, RESOLVED, REOPENED };

static bool is(const struct notif_alert *alert, enum which which)
{
    switch (which) {
    case OPENED:
        return alert->opened;
    case CHANGED:
        return alert->changed;
    case RESOLVED:
        return alert->resolved && !alert->is_new; /* a new one was never queued */
    case REOPENED:
        return alert->reopened;
    }
    return false;
}

static size_t choose(const struct notif_alerts *a, enum which which,
                     const struct notif_alert **chosen)
{
    const struct notif_alert *alerts = a->list.items;
    size_t n = 0;
    for (size_t i = 0; i < a->list.n; i++)
        if (is(&alerts[i], which))
            chosen[n++] = &alerts[i];
    return n;
}

/* What the flag says, in the order of ALERT_OPEN's parameters $7 to $14. */
static void open_values(struct kith_job *job, const struct notif_alert **a, size_t n)
{
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.rule);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.episode);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.urgency);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_date(job, a[i]->flag.since);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.value);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.threshold);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, a[i]->flag.pos);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_instant(job, a[i]->raised_us);
}

static void open_alerts(struct kith_job *job, int32_t district, const struct notif_alert **a,
                        size_t n, int64_t now_us)
{
    notif_step(job, S_ALERT_OPEN, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, a[i]->alert_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, a[i]->flag.flag_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, a[i]->flag.student_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, a[i]->flag.school_id);
    open_values(job, a, n);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_bool(job, a[i]->open);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, a[i]->route.staff_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_text(job, a[i]->route.reason);
}

static void change_alerts(struct kith_job *job, int32_t district, const struct notif_alert **a,
                          size_t n, int64_t now_us)
{
    notif_step(job, S_ALERT_CHANGE, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, a[i]->alert_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, a[i]->flag.school_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.urgency);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_date(job, a[i]->flag.since);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.value);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.threshold);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, a[i]->flag.pos);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_bool(job, a[i]->open);

    notif_step(job, S_DELIVERY_URGENCY, NULL, NULL);
    kith_job_i4(job, district);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, a[i]->alert_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.urgency);
}

/* An inbox row and an e-mail each. */
static void deliver(struct kith_job *job, int32_t district, const struct notif_alert **a, size_t n,
                    int64_t now_us)
{
    notif_step(job, S_INBOX, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, a[i]->alert_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, a[i]->route.staff_id);

    notif_step(job, S_DELIVERY, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    kith_job_i4(job, 0);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++) {
        struct kith_id id = notif_delivery_id(&a[i]->alert_id, a[i]->route.staff_id, "email", 0);
        kith_job_uuid(job, id.b);
    }
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, a[i]->alert_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, a[i]->route.staff_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_text(job, a[i]->route.staff_id ? a[i]->route.address : NULL);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, a[i]->flag.urgency);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_instant(job, a[i]->raised_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_bool(job, a[i]->open);
}

/* Cancel what is queued, or queue again what was cancelled. */
static void requeue(struct kith_job *job, int stmt, int32_t district, const struct notif_alert **a,
                    size_t n)
{
    if (n == 0)
        return;
    notif_step(job, stmt, NULL, NULL);
    kith_job_i4(job, district);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, a[i]->alert_id.b);
}

kith_err notif_store_alerts(struct kith_job *job, int32_t district, const struct notif_alerts *a,
                            int64_t now_us)
{
    kith_auto_mem const struct notif_alert **chosen =
        calloc(a->list.n ? a->list.n : 1, sizeof(struct notif_alert *));
    if (!chosen)
        return KITH_ENOMEM;
    size_t n = choose(a, OPENED, chosen);
    if (n) {
        open_alerts(job, district, chosen, n, now_us);
        deliver(job, district, chosen, n, now_us);
    }
    n = choose(a, CHANGED, chosen);
    if (n)
        change_alerts(job, district, chosen, n, now_us);
    requeue(job, S_DELIVERY_CANCEL, district, chosen, choose(a, RESOLVED, chosen));
    requeue(job, S_DELIVERY_AGAIN, district, chosen, choose(a, REOPENED, chosen));
    return KITH_OK;
}
