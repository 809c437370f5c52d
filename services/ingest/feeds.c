/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/feeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/ingest.h"
#include "ingest/store.h"
#include "kith/clock.h"
#include "kith/log.h"

struct ingest_feeds {
    struct ingest_feeds_opts opts;
    struct kith_timer *timer;
    size_t at; /* the district that is looked at */
    bool busy;
    bool draining;
};

/* ---- looking ---- */

struct look {
    struct ingest_feeds *feeds;
    struct ingest_district *district;
    ingest_feeds_fn done;
    void *ctx;
    size_t n;
    struct ingest_school_feed *schools;
    kith_err err;
};

static void look_free(struct look *l)
{
    free(l->schools);
    free(l);
}

/* Does one of the codes (one a line) say that there is school? */
static bool instructional(const struct ingest_district *d, const char *uris)
{
    char uri[512];
    while (*uris) {
        size_t n = strcspn(uris, "\n");
        (void)snprintf(uri, sizeof(uri), "%.*s", (int)(n < 511 ? n : 511), uris);
        const char *meaning = ingest_district_meaning(d, "calendar", ingest_descriptor_code(uri));
        if (meaning && strcmp(meaning, "instructional") == 0)
            return true;
        uris += n + (uris[n] == '\n');
    }
    return false;
}

static void read_school(const struct look *l, const struct kith_rows *r, size_t k,
                        struct ingest_school_feed *s)
{
    const char *codes = kith_rows_text(r, k, 4);
    const char *due = kith_rows_null(r, k, 8) ? l->feeds->opts.due : kith_rows_text(r, k, 8);
    s->school = kith_rows_int(r, k, 0);
    (void)snprintf(s->name, sizeof(s->name), "%s", kith_rows_text(r, k, 1));
    s->date = (int32_t)kith_rows_int(r, k, 2);
    s->day.minute = (int32_t)kith_rows_int(r, k, 3);
    s->day.known = *codes != '\0';
    s->day.school = instructional(l->district, codes);
    s->day.today = (int32_t)kith_rows_int(r, k, 5);
    s->day.usual = (int32_t)kith_rows_int(r, k, 6);
    s->day.last = kith_rows_null(r, k, 7) ? INT32_MIN : (int32_t)kith_rows_int(r, k, 7);
    if (!ingest_feed_due(due, &s->day.due))
        s->day.due = INGEST_FEED_NEVER;
    s->day.late = !kith_rows_null(r, k, 9) && kith_rows_bool(r, k, 9);
    s->day.late_since = kith_rows_null(r, k, 10) ? 0 : (int32_t)kith_rows_int(r, k, 10);
    s->episode = kith_rows_null(r, k, 11) ? 0 : (int32_t)kith_rows_int(r, k, 11);
    s->state = ingest_feed_judge(&s->day);
}

static void on_schools(void *ctx, const struct kith_rows *r)
{
    struct look *l = ctx;
    l->schools = calloc(kith_rows_n(r) + 1, sizeof(*l->schools));
    if (!l->schools) {
        l->err = KITH_ENOMEM;
        return;
    }
    for (size_t k = 0; k < kith_rows_n(r); k++)
        read_school(l, r, k, &l->schools[l->n++]);
}

static void looked(void *ctx, kith_err err, const struct kith_why *why)
{
    struct look *l = ctx;
    (void)why;
    if (err == KITH_OK)
        err = l->err;
    l->done(l->ctx, err, l->schools, err == KITH_OK ? l->n : 0);
    look_free(l);
}

kith_err ingest_feeds_look(struct ingest_feeds *f, int32_t district, ingest_feeds_fn done,
                           void *ctx)
{
    struct ingest_district *d = ingest_districts_find(f->opts.districts, district);
    struct look *l = d ? calloc(1, sizeof(*l)) : NULL;
    struct kith_job *job = NULL;
    if (!l || kith_job_new(&job) != KITH_OK) {
        free(l);
        return KITH_ENOMEM;
    }
    *l = (struct look){.feeds = f, .district = d, .done = done, .ctx = ctx};
    ingest_store_feeds(job, district, kith_clock_now_us(), on_schools, l);
    kith_err err = kith_db_run(f->opts.db, job, looked, l);
    if (err != KITH_OK)
        look_free(l);
    return err;
}

/* ---- telling ---- */

static void next_district(struct ingest_feeds *f);

/* The notice of one time that a school was late: the same id for its begin and its end. */
static struct kith_id notice_id(int32_t district, int64_t school, int32_t episode)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, "feed");
    kith_hash_int(&h, district);
    kith_hash_int(&h, school);
    kith_hash_int(&h, episode);
    return kith_hash_end(&h);
}

struct telling {
    struct ingest_feeds *feeds;
    int32_t district;
};

static void told(void *ctx, kith_err err, const struct kith_why *why)
{
    struct telling *t = ctx;
    struct ingest_feeds *f = t->feeds;
    (void)why;
    if (err == KITH_OK)
        kith_owner_committed(f->opts.owner, t->district, 0, 0);
    free(t); /* on an error the next look finds the same change */
    next_district(f);
}

/* What changed of the schools; how many. */
static size_t changes_of(const struct ingest_school_feed *schools, size_t n, int32_t district,
                         struct ingest_feed_change *changes, struct kith_bytes *records)
{
    size_t changed = 0;
    for (size_t i = 0; i < n; i++) {
        const struct ingest_school_feed *s = &schools[i];
        bool late = s->state == INGEST_FEED_LATE;
        if (late == s->day.late)
            continue;
        struct ingest_feed_change *c = &changes[changed];
        *c = (struct ingest_feed_change){.school = s->school,
                                         .late = late,
                                         .since = late ? s->date : s->day.late_since,
                                         .episode = s->episode + late};
        struct kith_id notice = notice_id(district, s->school, c->episode);
        if (ingest_record_feed(records, &notice, c, &s->day) != KITH_OK)
            return 0;
        changed++;
        kith_log(late ? KITH_LOG_WARN : KITH_LOG_INFO, late ? "feed_late" : "feed_back",
                 KITH_INT("district", district), KITH_INT("school", s->school));
    }
    return changed;
}

static void on_looked(void *ctx, kith_err err, const struct ingest_school_feed *schools, size_t n)
{
    struct ingest_feeds *f = ctx;
    int32_t district = ingest_districts_at(f->opts.districts, f->at)->id;
    struct ingest_feed_change *changes = calloc(n + 1, sizeof(*changes));
    struct telling *t = calloc(1, sizeof(*t));
    struct kith_bytes records = {0};
    struct kith_job *job = NULL;
    f->at++;
    size_t changed =
        err == KITH_OK && changes && t ? changes_of(schools, n, district, changes, &records) : 0;
    if (changed > 0 && kith_job_new(&job) == KITH_OK) {
        int64_t now = kith_clock_now_us();
        *t = (struct telling){f, district};
        ingest_store_owned(job, district, kith_owner_epoch(f->opts.owner, district, 0));
        ingest_store_feed_put(job, district, changes, changed);
        kith_owner_append(f->opts.owner, job, district, 0, ingest_record_feed_type,
                          (int32_t)changed, now, records.data, records.n);
        if (kith_db_run(f->opts.db, job, told, t) == KITH_OK)
            t = NULL;
    } else {
        changed = 0;
    }
    bool waits = changed > 0 && !t;
    free(t);
    free(changes);
    kith_bytes_done(&records);
    if (!waits)
        next_district(f);
}

static void next_district(struct ingest_feeds *f)
{
    while (!f->draining && f->at < ingest_districts_n(f->opts.districts)) {
        const struct ingest_district *d = ingest_districts_at(f->opts.districts, f->at);
        if (ingest_feeds_look(f, d->id, on_looked, f) == KITH_OK)
            return;
        f->at++;
    }
    f->busy = false;
}

static void on_timer(void *ctx)
{
    struct ingest_feeds *f = ctx;
    if (f->busy || f->draining || !kith_db_ready(f->opts.db))
        return;
    f->busy = true;
    f->at = 0;
    next_district(f);
}

/* ---- life ---- */

kith_err ingest_feeds_new(const struct ingest_feeds_opts *opts, struct ingest_feeds **ret)
{
    kith_auto(ingest_feeds) f = calloc(1, sizeof(*f));
    if (!f)
        return KITH_ENOMEM;
    f->opts = *opts;
    kith_err err = kith_timer_new(opts->loop, on_timer, f, &f->timer);
    if (err != KITH_OK)
        return err;
    kith_timer_start(f->timer, opts->every_ms, opts->every_ms);
    *ret = KITH_TAKE(f);
    return KITH_OK;
}

void ingest_feeds_free(struct ingest_feeds *f)
{
    if (!f)
        return;
    kith_timer_free(f->timer);
    free(f);
}

void ingest_feeds_drain(struct ingest_feeds *f)
{
    f->draining = true;
}

bool ingest_feeds_idle(const struct ingest_feeds *f)
{
    return !f->busy;
}
