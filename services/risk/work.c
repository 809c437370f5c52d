/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of a district's work: each is judged in memory, then written in one transaction. */
#include <stdio.h>
#include <stdlib.h>

#include "kith/clock.h"
#include "kith/log.h"
#include "kith/metrics.h"
#include "risk/district_internal.h"
#include "risk/wire.h"

void risk_work_fail(struct risk_district *d, struct risk_work *work, kith_err err, const char *text)
{
    (void)d;
    if (work->kind == RISK_WORK_BATCH)
        kith_consumer_done(work->consumer, work->batch, err, 0);
    else if (work->kind == RISK_WORK_CONTACT)
        kith_call_refuse(work->call, err, text);
    free(work);
}

/* Run the piece's transaction; done is called also when it could not be sent. */
static void run(struct risk_district *d, struct kith_job *job, kith_err err, kith_db_done_fn done,
                const struct kith_why *why)
{
    if (err == KITH_OK)
        err = kith_db_run(d->risk->db, job, done, d);
    else
        kith_job_free(job);
    if (err != KITH_OK)
        done(d, err, why);
}

/* The flags that turned, into their table and our log. */
static kith_err add_turns(struct risk_district *d, struct kith_job *job, int64_t cause_pos)
{
    risk_store_flags(job, d->number, d->at_us, &d->turns);
    return risk_append_turns(d->risk->owner, job, d->number, d->at_us, &d->turns, cause_pos);
}

/* ---- a batch ---- */

static void batch_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct risk_district *d = ctx;
    struct risk_work *work = d->now;
    if (err != KITH_OK) {
        risk_district_lost(d, "batch_failed", err, why);
        kith_consumer_done(work->consumer, work->batch, err, 0);
        risk_district_ended(d);
        return;
    }
    kith_metric_add(kith_counter("kith_risk_batches_total", "Batches of ingest's log taken in", ""),
                    1);
    kith_metric_add(kith_counter("kith_risk_unmapped_marks_total",
                                 "Marks whose descriptor the district has not explained", ""),
                    d->changes.unmapped);
    kith_metric_add(kith_counter("kith_risk_skipped_records_total",
                                 "Records of types that risk does not read", ""),
                    d->changes.skipped);
    kith_metric_add(
        kith_counter("kith_risk_invalid_total", "Elements of records that cannot be true", ""),
        d->changes.invalid);
    d->read_pos = d->pos;
    risk_district_count(d);
    if (d->turns.n > 0)
        kith_owner_committed(d->risk->owner, d->number, 0, 0);
    if (d->changes.zone[0]) { /* perhaps another zone, so another day: look at the date again */
        d->zoned = true;
        (void)risk_precedence_parse(d->changes.precedence,
                                    &d->precedence); /* checked when it was decoded */
        d->from_us = d->until_us = 0;
    }
    bool look = d->changes.zone[0] != '\0';
    kith_consumer_done(work->consumer, work->batch, KITH_OK, d->pos);
    risk_district_ended(d);
    if (look)
        risk_district_tick(d);
}

static void do_batch(struct risk_district *d)
{
    const struct kith_batch *batch = d->now->batch;
    struct kith_job *job = NULL;
    struct kith_why why = {0};
    d->at_us = kith_clock_now_us();
    d->pos = batch->records[batch->n - 1].pos;
    kith_err err = risk_decode(batch->records, batch->n, &d->changes, &why);
    if (err == KITH_OK) {
        risk_changes_settle(&d->changes);
        err = risk_world_apply(d->world, &d->changes);
    }
    if (err == KITH_OK)
        err = risk_world_judge(d->world, &d->turns);
    if (err == KITH_OK)
        err = risk_district_job(d, &job);
    if (err == KITH_OK) {
        risk_store_changes(job, d->number, &d->changes);
        err = add_turns(d, job, d->pos);
        kith_consumer_advance(d->now->consumer, job, batch, d->pos);
    }
    run(d, job, err, batch_done, &why);
}

void risk_district_batch(struct risk_district *d, struct kith_consumer *c,
                         const struct kith_batch *batch)
{
    struct risk_work *work = NULL;
    kith_err err = risk_work_new(RISK_WORK_BATCH, &work);
    if (err != KITH_OK) {
        kith_consumer_done(c, batch, err, 0);
        return;
    }
    work->consumer = c;
    work->batch = batch;
    risk_district_queue(d, work);
}

/* ---- a contact ---- */

static void contact_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct risk_district *d = ctx;
    struct kith_call *call = d->now->call;
    if (err == KITH_OK) {
        risk_district_count(d);
        kith_owner_committed(d->risk->owner, d->number, 0, 0);
        kith_call_done(call, "contact logged");
    } else if (err ==
               KITH_EEXIST) { /* the world has it twice; what the first call said is in the table */
        risk_world_free(d->world);
        d->world = NULL;
        kith_call_done(call, "this contact was logged before; nothing changed");
    } else {
        risk_district_lost(d, "contact_failed", err, why);
        kith_call_refuse(call, err, "the contact was not logged; ask again");
    }
    risk_district_ended(d);
}

static void refuse_contact(struct risk_district *d, kith_err err, const char *text)
{
    kith_call_refuse(d->now->call, err, text);
    risk_district_ended(d);
}

static void do_contact(struct risk_district *d)
{
    const struct risk_contact *contact = &d->now->contact;
    if (!risk_world_knows(d->world, contact->student_id)) {
        refuse_contact(d, KITH_ENOTFOUND,
                       "risk has heard nothing of this student in this district; use Kith's number "
                       "of the student, as in `kith risk list`");
        return;
    }
    if (contact->date > d->as_of) {
        refuse_contact(d, KITH_EINVAL, "the date is in the future of the district");
        return;
    }
    struct kith_job *job = NULL;
    d->at_us = kith_clock_now_us();
    kith_err err = risk_world_contact(d->world, contact->student_id, contact->date);
    if (err == KITH_OK)
        err = risk_world_judge(d->world, &d->turns);
    if (err == KITH_OK)
        err = risk_district_job(d, &job);
    if (err == KITH_OK) {
        risk_store_contact(job, d->number, d->at_us, contact);
        err = risk_append_contact(d->risk->owner, job, d->number, d->at_us, contact);
    }
    if (err == KITH_OK)
        err = add_turns(d, job, d->read_pos);
    run(d, job, err, contact_done, NULL);
}

void risk_district_contact(struct risk_district *d, struct kith_call *call,
                           const struct risk_contact *contact)
{
    struct risk_work *work = NULL;
    kith_err err = risk_work_new(RISK_WORK_CONTACT, &work);
    if (err != KITH_OK) {
        kith_call_refuse(call, err, kith_err_text(err));
        return;
    }
    work->call = call;
    work->contact = *contact;
    (void)snprintf(work->contact_kind, sizeof(work->contact_kind), "%s", contact->kind);
    (void)snprintf(work->by, sizeof(work->by), "%s", contact->by);
    (void)snprintf(work->note, sizeof(work->note), "%s", contact->note ? contact->note : "");
    work->contact.kind = work->contact_kind;
    work->contact.by = work->by;
    work->contact.note = contact->note ? work->note : NULL;
    risk_district_queue(d, work);
}

/* ---- a chunk of a sweep ---- */

static void sweep_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct risk_district *d = ctx;
    if (err != KITH_OK) { /* where it stands is read with the world */
        risk_district_lost(d, "sweep_failed", err, why);
        risk_district_ended(d);
        return;
    }
    risk_district_count(d);
    if (d->turns.n > 0)
        kith_owner_committed(d->risk->owner, d->number, 0, 0);
    d->swept_to = d->sweep_last;
    d->sweeping = d->sweep_more;
    if (!d->sweeping)
        kith_log(KITH_LOG_INFO, "swept", KITH_INT("district", d->number),
                 KITH_INT("students", d->tally.students));
    risk_district_ended(d);
    if (d->sweeping && !d->risk->draining)
        risk_district_tick(d);
}

static void do_sweep(struct risk_district *d)
{
    if (!d->sweeping) {
        risk_district_ended(d);
        return;
    }
    struct kith_job *job = NULL;
    d->at_us = kith_clock_now_us();
    kith_err err = risk_world_sweep(d->world, d->swept_to, RISK_SWEEP_STUDENTS, &d->turns,
                                    &d->sweep_last, &d->sweep_more);
    if (err == KITH_OK)
        err = risk_district_job(d, &job);
    if (err == KITH_OK) {
        risk_store_sweep_to(job, d->number, d->as_of, d->sweep_last, d->sweep_more);
        err = add_turns(d, job, d->read_pos);
    }
    run(d, job, err, sweep_done, NULL);
}

void risk_district_work(struct risk_district *d)
{
    switch (d->now->kind) {
    case RISK_WORK_BATCH:
        do_batch(d);
        break;
    case RISK_WORK_CONTACT:
        do_contact(d);
        break;
    case RISK_WORK_SWEEP:
        do_sweep(d);
        break;
    case RISK_WORK_LOOK:
        risk_district_ended(d);
        break;
    }
}
