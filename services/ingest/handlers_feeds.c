/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of `kith ingest`: how the feeds are, and what a district expects of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/feeds.h"
#include "ingest/handlers_feeds.h"
#include "ingest/store.h"
#include "kith/clock.h"
#include "kith/msg.h"

struct asking {
    struct ingest *ingest;
    struct kith_call *call;
    kith_err err;
    size_t rows;
};

static struct ingest_district *district_of(struct ingest *ingest, struct kith_call *call)
{
    const char *text = kith_call_arg(call, "district");
    struct ingest_district *d =
        ingest_districts_find(ingest->districts, text ? (int32_t)strtol(text, NULL, 10) : 0);
    if (!d)
        kith_call_refuse(call, KITH_ENOTFOUND,
                         "no such district; `kith district list` shows those there are");
    return d;
}

static struct asking *asking_new(struct ingest *ingest, struct kith_call *call)
{
    struct asking *a = calloc(1, sizeof(*a));
    if (!a)
        kith_call_refuse(call, KITH_ENOMEM, "out of memory");
    else
        *a = (struct asking){.ingest = ingest, .call = call};
    return a;
}

static void asked(void *ctx, kith_err err, const struct kith_why *why)
{
    struct asking *a = ctx;
    if (err != KITH_OK)
        kith_call_refuse(a->call, err, why && why->text[0] ? why->text : kith_err_advice(err));
    else
        kith_call_done(a->call, "");
    free(a);
}

/* ---- schools ---- */

static void school_row(struct kith_call *call, const struct ingest_school_feed *s)
{
    char school[24];
    char today[16];
    char usual[16] = "";
    char due[16] = "never";
    char last[16] = "";
    (void)snprintf(school, sizeof(school), "%" PRId64, s->school);
    (void)snprintf(today, sizeof(today), "%d", (int)s->day.today);
    if (s->day.usual >= 0)
        (void)snprintf(usual, sizeof(usual), "%d", (int)s->day.usual);
    if (s->day.due >= 0)
        (void)snprintf(due, sizeof(due), "%02d:%02d", (int)s->day.due / 60, (int)s->day.due % 60);
    if (s->day.last != INT32_MIN)
        kith_date_format(s->day.last, last);
    kith_call_row(call, (const char *const[]){school, s->name, ingest_feed_name(s->state), today,
                                              usual, due, last, NULL});
}

static void on_schools(void *ctx, kith_err err, const struct ingest_school_feed *schools, size_t n)
{
    struct asking *a = ctx;
    if (err == KITH_OK)
        kith_call_columns(a->call, (const char *const[]){"school", "name", "state", "today",
                                                         "usual", "due", "last", NULL});
    for (size_t i = 0; i < n; i++)
        school_row(a->call, &schools[i]);
    asked(a, err, NULL);
}

void ingest_feeds_health(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    struct ingest_district *d = district_of(ingest, call);
    struct asking *a = d ? asking_new(ingest, call) : NULL;
    kith_err err = a ? ingest_feeds_look(ingest->feeds, d->id, on_schools, a) : KITH_OK;
    if (err != KITH_OK)
        asked(a, err, NULL);
}

/* ---- counts ---- */

static void on_counts(void *ctx, const struct kith_rows *r)
{
    struct asking *a = ctx;
    kith_call_columns(a->call, (const char *const[]){"what", "count", NULL});
    for (size_t i = 0; i < kith_rows_n(r); i++) {
        char count[24];
        (void)snprintf(count, sizeof(count), "%" PRId64, kith_rows_int(r, i, 1));
        kith_call_row(a->call, (const char *const[]){kith_rows_text(r, i, 0), count, NULL});
    }
}

void ingest_feeds_counts(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    struct kith_job *job = NULL;
    struct ingest_district *d = district_of(ingest, call);
    struct asking *a = d ? asking_new(ingest, call) : NULL;
    if (!a)
        return;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK) {
        ingest_store_feed_counts(job, d, kith_clock_now_us(), on_counts, a);
        err = kith_db_run(kith_daemon_db(ingest->daemon), job, asked, a);
    }
    if (err != KITH_OK)
        asked(a, err, NULL);
}

/* ---- policies ---- */

static bool school_arg(struct kith_call *call, int64_t *ret)
{
    const char *text = kith_call_arg(call, "school");
    char *end = NULL;
    *ret = text && *text ? strtoll(text, &end, 10) : 0;
    return !end || (*end == '\0' && *ret > 0);
}

struct setting {
    struct asking asking;
    struct ingest_district *district;
    struct ingest_policy policy; /* as it will be */
    bool told;                   /* with a record */
};

static void policy_written(void *ctx, kith_err err, const struct kith_why *why)
{
    struct setting *s = ctx;
    if (err == KITH_OK)
        s->district->policy = s->policy;
    if (err == KITH_OK && s->told)
        kith_owner_committed(kith_daemon_owner(s->asking.ingest->daemon), s->district->id, 0, 0);
    asked(s, err, why); /* asking is its first member */
}

/* What the readers of the log must know: the district as it will be. */
static kith_err tell(struct setting *s, struct kith_job *job)
{
    struct ingest_district shape = *s->district;
    struct kith_bytes record = {0};
    shape.policy = s->policy;
    kith_err err = ingest_record_district(&shape, &record);
    if (err == KITH_OK)
        kith_owner_append(kith_daemon_owner(s->asking.ingest->daemon), job, s->district->id, 0,
                          ingest_record_district_type, 1, kith_clock_now_us(), record.data,
                          record.n);
    kith_bytes_done(&record);
    s->told = true;
    return err;
}

void ingest_feeds_policy_set(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    struct kith_job *job = NULL;
    struct ingest_district *d = district_of(ingest, call);
    const char *name = kith_call_arg(call, "name");
    const char *value = kith_call_arg(call, "value");
    int64_t school = 0;
    if (!d)
        return;
    if (!name || !value || !school_arg(call, &school) ||
        !ingest_policy_valid(name, value, school > 0)) {
        kith_call_refuse(
            call, KITH_EINVAL,
            "there is no such policy or value (`kith ingest --help` lists them); of one "
            "school, named by its schoolId, only attendance_due can be set");
        return;
    }
    struct setting *s = calloc(1, sizeof(*s));
    kith_err err = s ? kith_job_new(&job) : KITH_ENOMEM;
    if (err != KITH_OK) {
        free(s);
        kith_call_refuse(call, err, "out of memory");
        return;
    }
    *s = (struct setting){
        .asking = {.ingest = ingest, .call = call}, .district = d, .policy = d->policy};
    ingest_store_owned(job, d->id, kith_owner_epoch(kith_daemon_owner(ingest->daemon), d->id, 0));
    ingest_store_policy_set(job, d->id, school, name, value);
    if (school == 0)
        (void)ingest_policy_take(&s->policy, name, value); /* valid, as was seen */
    if (strcmp(name, "attendance_due") != 0)
        err = tell(s, job);
    if (err == KITH_OK)
        err = kith_db_run(kith_daemon_db(ingest->daemon), job, policy_written, s);
    else
        kith_job_free(job);
    if (err != KITH_OK)
        asked(s, err, NULL);
}

static void on_policies(void *ctx, const struct kith_rows *r)
{
    struct asking *a = ctx;
    kith_call_columns(a->call, (const char *const[]){"name", "school", "value", NULL});
    for (size_t i = 0; i < kith_rows_n(r); i++) {
        char school[24] = "all";
        if (kith_rows_int(r, i, 0) > 0)
            (void)snprintf(school, sizeof(school), "%" PRId64, kith_rows_int(r, i, 0));
        kith_call_row(a->call, (const char *const[]){kith_rows_text(r, i, 1), school,
                                                     kith_rows_text(r, i, 2), NULL});
    }
}

void ingest_feeds_policy_list(void *ctx, struct kith_call *call)
{
    struct ingest *ingest = ctx;
    struct kith_job *job = NULL;
    struct ingest_district *d = district_of(ingest, call);
    struct asking *a = d ? asking_new(ingest, call) : NULL;
    if (!a)
        return;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK) {
        ingest_store_policy_list(job, d->id, on_policies, a);
        err = kith_db_run(kith_daemon_db(ingest->daemon), job, asked, a);
    }
    if (err != KITH_OK)
        asked(a, err, NULL);
}
