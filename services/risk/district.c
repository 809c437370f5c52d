/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/district.h"

#include <stdio.h>
#include <stdlib.h>

#include "kith/clock.h"
#include "kith/log.h"
#include "kith/metrics.h"
#include "risk/district_internal.h"

#define RETRY_MS 1000 /* after a failure that nobody else will repeat */

static void turn(struct risk_district *d);

/* ---- the list ---- */

struct risk_district *risk_district_find(struct risk *risk, int32_t number)
{
    struct risk_district *d = risk->districts;
    while (d && d->number != number)
        d = d->next;
    return d;
}

struct risk_district *risk_district_next(const struct risk_district *d)
{
    return d->next;
}

kith_err risk_district_get(struct risk *risk, int32_t number, struct risk_district **ret)
{
    struct risk_district *d = risk_district_find(risk, number);
    if (!d) {
        d = calloc(1, sizeof(*d));
        if (!d)
            return KITH_ENOMEM;
        d->risk = risk;
        d->number = number;
        d->as_of = RISK_NO_DATE;
        d->next = risk->districts;
        risk->districts = d;
    }
    *ret = d;
    return KITH_OK;
}

static void district_free(struct risk_district *d)
{
    free(d->now);
    risk_world_free(d->world);
    risk_world_free(d->read);
    risk_changes_done(&d->changes);
    free(d->turns.turn);
    free(d);
}

void risk_districts_free(struct risk *risk)
{
    while (risk->districts) {
        struct risk_district *d = risk->districts;
        risk->districts = d->next;
        while (d->first) {
            struct risk_work *work = d->first;
            d->first = work->next;
            if (work->kind == RISK_WORK_CONTACT)
                risk_work_fail(d, work, KITH_EBUSY, "risk is stopping; ask again");
            else
                free(work);
        }
        district_free(d);
    }
}

bool risk_district_idle(const struct risk_district *d)
{
    return !d->busy && !d->first;
}

/* ---- the queue ---- */

kith_err risk_work_new(enum risk_work_kind kind, struct risk_work **ret)
{
    struct risk_work *work = calloc(1, sizeof(*work));
    if (!work)
        return KITH_ENOMEM;
    work->kind = kind;
    *ret = work;
    return KITH_OK;
}

void risk_district_queue(struct risk_district *d, struct risk_work *work)
{
    work->next = NULL;
    if (d->first)
        d->last->next = work;
    else
        d->first = work;
    d->last = work;
    turn(d);
}

static bool is_queued(const struct risk_district *d, enum risk_work_kind kind)
{
    for (const struct risk_work *work = d->first; work; work = work->next) {
        if (work->kind == kind)
            return true;
    }
    return d->now && d->now->kind == kind;
}

/* Queue a piece of no content; without memory the next tick does. */
static void queue_plain(struct risk_district *d, enum risk_work_kind kind)
{
    struct risk_work *work = NULL;
    if (!is_queued(d, kind) && risk_work_new(kind, &work) == KITH_OK)
        risk_district_queue(d, work);
}

/* Everything that waits is given back: whoever sent it will send it again. */
static void give_up(struct risk_district *d, const char *event, kith_err err,
                    const struct kith_why *why)
{
    risk_district_lost(d, event, err, why);
    struct risk_work *work = d->first;
    d->first = NULL;
    while (work) {
        struct risk_work *next = work->next;
        risk_work_fail(d, work, err, "the district could not be read; ask again");
        work = next;
    }
    risk_district_ended(d);
}

/* The daemon's, not a district's: the loop runs what was deferred also when it is freed, after the districts are. */
static void turn_all(void *ctx)
{
    struct risk *risk = ctx;
    risk->turning = false;
    for (struct risk_district *d = risk->districts; d; d = d->next) {
        if (d->resting)
            d->busy = d->resting = false;
        turn(d);
    }
}

void risk_district_ended(struct risk_district *d)
{
    free(d->now);
    d->now = NULL;
    risk_changes_done(&d->changes);
    d->turns.n = 0;
    /* not from inside: a queue of pieces must not become a stack */
    if (!d->risk->turning && kith_loop_defer(d->risk->loop, turn_all, d->risk) == KITH_OK)
        d->risk->turning = true;
    d->busy = d->resting = d->risk->turning; /* else the next piece or tick turns it */
}

kith_err risk_district_job(struct risk_district *d, struct kith_job **ret)
{
    kith_err err = kith_job_new(ret);
    if (err == KITH_OK)
        risk_store_fence(*ret, d->number, kith_owner_epoch(d->risk->owner, d->number, 0));
    return err;
}

void risk_district_lost(struct risk_district *d, const char *event, kith_err err,
                        const struct kith_why *why)
{
    risk_world_free(d->world);
    risk_world_free(d->read);
    d->world = d->read = NULL;
    kith_log(KITH_LOG_WARN, event, KITH_INT("district", d->number), KITH_ERR(err),
             KITH_STR("why", why && why->text[0] ? why->text : kith_err_text(err)));
    if (err == KITH_EFENCED)
        kith_daemon_fail(d->risk->daemon, err, "another risk daemon took over the log");
    else if (!d->risk->draining)
        kith_timer_start(d->risk->timer, RETRY_MS, d->risk->sweep_every_ms);
}

void risk_district_count(struct risk_district *d)
{
    struct risk_tally before = d->tally;
    d->tally = risk_world_tally(d->world);
    uint64_t judged = d->tally.judged - (before.judged < d->tally.judged ? before.judged : 0);
    kith_metric_add(kith_counter("kith_risk_evaluations_total", "Students judged", ""),
                    (double)judged);
    for (uint32_t i = 0; i < d->turns.n; i++) {
        static const char *const labels[RISK_TURNS] = {"turn=\"raised\"", "turn=\"updated\"",
                                                       "turn=\"cleared\""};
        kith_metric_add(kith_counter("kith_risk_turns_total", "Flags raised, updated, cleared",
                                     labels[d->turns.turn[i].turn]),
                        1);
    }
    struct risk_tally sum = {0};
    for (const struct risk_district *x = d->risk->districts; x; x = x->next) {
        sum.students += x->tally.students;
        sum.marks += x->tally.marks;
        sum.orphans += x->tally.orphans;
        for (int rule = 1; rule <= RISK_RULES; rule++)
            sum.open[rule] += x->tally.open[rule];
    }
    kith_metric_set(kith_gauge("kith_risk_students", "Students known", ""), (double)sum.students);
    kith_metric_set(kith_gauge("kith_risk_marks", "Daily marks held", ""), (double)sum.marks);
    kith_metric_set(kith_gauge("kith_risk_orphan_marks", "Daily marks without an enrollment", ""),
                    (double)sum.orphans);
    for (int rule = 1; rule <= RISK_RULES; rule++) {
        char label[64];
        (void)snprintf(label, sizeof(label), "rule=\"%s\"", risk_rule_name((enum risk_rule)rule));
        kith_metric_set(kith_gauge("kith_risk_flags_open", "Open flags", label),
                        (double)sum.open[rule]);
    }
}

/* ---- reading ---- */

static void read_on(struct risk_district *d);

static void read_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct risk_district *d = ctx;
    if (err == KITH_OK)
        err = d->reading.err;
    if (err != KITH_OK) {
        give_up(d, "reading_failed", err, why);
        return;
    }
    if (!d->reading.done) {
        read_on(d);
        return;
    }
    risk_world_loaded(d->read);
    d->world = KITH_TAKE(d->read);
    d->tally = (struct risk_tally){0};
    risk_district_count(d);
    kith_log(KITH_LOG_INFO, "district_read", KITH_INT("district", d->number),
             KITH_INT("students", d->tally.students), KITH_INT("marks", d->tally.marks));
    if (d->sweeping)
        queue_plain(d, RISK_WORK_SWEEP);
    risk_district_ended(d);
}

static void read_on(struct risk_district *d)
{
    kith_auto(kith_job) job = NULL;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK) {
        risk_store_read(job, &d->reading);
        err = kith_db_run(d->risk->db, KITH_TAKE(job), read_done, d);
    }
    if (err != KITH_OK)
        give_up(d, "reading_failed", err, NULL);
}

static void on_row(void *ctx, const struct risk_district_row *row)
{
    struct risk_district *d = ctx;
    d->zoned = true;
    d->as_of = row->as_of;
    d->rules = row->rules;
    if (!risk_precedence_parse(row->precedence, &d->precedence))
        d->precedence = risk_default_precedence; /* it was checked before it was written */
    d->sweeping = row->sweeping;
    d->swept_to = row->swept_to;
    d->read_pos = row->pos;
}

static void row_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct risk_district *d = ctx;
    risk_world_free(d->read);
    d->read = NULL;
    if (err == KITH_OK)
        err = risk_world_new(&d->risk->params, &d->precedence, &d->read);
    if (err != KITH_OK) {
        give_up(d, "reading_failed", err, why);
        return;
    }
    risk_world_set_as_of(d->read, d->as_of);
    risk_reading_start(&d->reading, d->read, d->number);
    read_on(d);
}

static void owner_taken(void *ctx, kith_err err, const struct kith_why *why)
{
    struct risk_district *d = ctx;
    kith_auto(kith_job) job = NULL;
    /* fenced as a write is: the lock waits for a transaction that the server may still be at after nobody here heard its end */
    if (err == KITH_OK)
        err = risk_district_job(d, &job);
    if (err == KITH_OK) {
        d->zoned = d->sweeping = false;
        d->precedence = risk_default_precedence;
        d->as_of = RISK_NO_DATE;
        d->read_pos = 0;
        d->query = (struct risk_district_query){on_row, d};
        risk_store_districts(job, d->number, &d->query);
        err = kith_db_run(d->risk->db, KITH_TAKE(job), row_done, d);
    }
    if (err != KITH_OK)
        give_up(d, "reading_failed", err, why);
}

/* ---- the date ---- */

static bool day_passed(const struct risk_district *d)
{
    int64_t now = kith_clock_now_us();
    return d->zoned && (now < d->from_us || now >= d->until_us);
}

static void sweep_begun(void *ctx, kith_err err, const struct kith_why *why)
{
    struct risk_district *d = ctx;
    if (err != KITH_OK) {
        d->from_us = d->until_us = 0; /* look again */
        give_up(d, "new_day_failed", err, why);
        return;
    }
    d->as_of = d->today.date;
    d->rules = risk_params_digest(&d->risk->params, &d->precedence);
    d->sweeping = true;
    d->swept_to = INT64_MIN;
    risk_world_set_as_of(d->world, d->as_of);
    risk_world_set_precedence(d->world, &d->precedence);
    queue_plain(d, RISK_WORK_SWEEP);
    risk_district_ended(d);
}

static void today_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct risk_district *d = ctx;
    if (err ==
        KITH_EINVAL) { /* PostgreSQL does not know the zone: judge by the old day until ingest sends another */
        kith_log(KITH_LOG_ERROR, "time_zone_unknown", KITH_INT("district", d->number),
                 KITH_STR("why", why ? why->text : NULL));
        d->from_us = kith_clock_now_us();
        d->until_us = d->from_us + d->risk->sweep_every_ms * 1000;
        risk_district_ended(d);
        return;
    }
    if (err != KITH_OK) {
        give_up(d, "new_day_failed", err, why);
        return;
    }
    d->zoned = d->today.found;
    d->from_us = d->today.from_us;
    d->until_us = d->today.until_us;
    int64_t rules = risk_params_digest(&d->risk->params, &d->precedence);
    if (!d->zoned || (d->today.date == d->as_of && rules == d->rules)) {
        risk_district_ended(d);
        return;
    }
    kith_auto(kith_job) job = NULL;
    err = risk_district_job(d, &job);
    if (err == KITH_OK) {
        risk_store_sweep_begin(job, d->number, d->today.date, rules, d->as_of);
        err = kith_db_run(d->risk->db, KITH_TAKE(job), sweep_begun, d);
    }
    if (err != KITH_OK)
        sweep_begun(d, err, NULL);
}

static void look_at_date(struct risk_district *d)
{
    kith_auto(kith_job) job = NULL;
    d->today = (struct risk_today){0};
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK) {
        risk_store_today(job, d->number, kith_clock_now_us(), &d->today);
        err = kith_db_run(d->risk->db, KITH_TAKE(job), today_done, d);
    }
    if (err != KITH_OK)
        today_done(d, err, NULL);
}

/* ---- one piece after the other ---- */

static void turn(struct risk_district *d)
{
    if (d->busy || !d->first)
        return;
    d->busy = true;
    if (!d->world) {
        if (kith_owner_has(d->risk->owner, d->number, 0))
            owner_taken(d, KITH_OK, NULL);
        else
            kith_owner_take(d->risk->owner, d->number, 0, owner_taken, d);
        return;
    }
    if (day_passed(d)) {
        look_at_date(d);
        return;
    }
    d->now = d->first;
    d->first = d->now->next;
    d->now->next = NULL;
    risk_district_work(d);
}

void risk_district_tick(struct risk_district *d)
{
    if (!d->world || day_passed(d))
        queue_plain(d, RISK_WORK_LOOK);
    else if (d->sweeping)
        queue_plain(d, RISK_WORK_SWEEP);
}
