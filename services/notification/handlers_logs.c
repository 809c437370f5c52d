/* SPDX-License-Identifier: Apache-2.0 */
/* The two logs that are read: ingest's into the projection, risk's into alerts. */
#include <string.h>

#include "kith/clock.h"
#include "kith/log.h"
#include "notification/decode.h"
#include "notification/service_internal.h"

static const struct kith_batch *take(struct notif_waiting **list)
{
    struct notif_waiting *w = *list;
    const struct kith_batch *batch = w->batch;
    *list = w->next;
    free(w);
    return batch;
}

static void count_skipped(struct notif_service *s, int32_t district, const char *stream,
                          uint64_t unknown, uint64_t bad)
{
    kith_metric_add(s->metrics.skipped_unknown, (double)unknown);
    kith_metric_add(s->metrics.skipped_bad, (double)bad);
    if (bad)
        kith_log(KITH_LOG_ERROR, "records_not_understood", KITH_INT("district", district),
                 KITH_STR("stream", stream), KITH_INT("count", bad));
}

/* ---- a batch of either log ---- */

struct log_work {
    struct notif_lane *lane;
    const char *stream; /* "ingest", "risk" */
    struct kith_consumer *consumer;
    const struct kith_batch *batch;
    int64_t pos;                  /* the batch is handled up to here */
    struct notif_changes changes; /* of ingest: the projection */
    struct notif_flags flags;     /* of risk, or notices of ingest */
    struct notif_alerts alerts;
    struct notif_known known;
    bool appended; /* our own log grows */
};

static void work_end(struct log_work *w, kith_err err, const struct kith_why *why)
{
    struct notif_lane *lane = w->lane;
    const char *stream = w->stream;
    kith_consumer_done(w->consumer, w->batch, err, err == KITH_OK ? w->pos : w->batch->after_pos);
    notif_changes_done(&w->changes);
    notif_flags_done(&w->flags);
    notif_alerts_done(&w->alerts);
    notif_known_done(&w->known);
    free(w);
    notif_work_done(lane, stream, err, why);
}

static void count_alerts(struct notif_service *s, const struct notif_alerts *a)
{
    const struct notif_alert *alert = a->list.items;
    for (size_t i = 0; i < a->list.n; i++, alert++) {
        kith_metric_add(s->metrics.opened, alert->opened);
        kith_metric_add(s->metrics.resolved, alert->resolved);
        kith_metric_add(s->metrics.open, (alert->opened && alert->open) + alert->reopened);
        kith_metric_add(s->metrics.open, -(double)(alert->resolved && !alert->is_new));
        kith_metric_add(s->metrics.unrouted, alert->opened && !alert->route.address[0]);
    }
    kith_metric_add(s->metrics.orphans, (double)a->orphans);
}

static void work_written(void *ctx, kith_err err, const struct kith_why *why)
{
    struct log_work *w = ctx;
    struct notif_service *s = w->lane->service;
    if (err == KITH_OK) {
        if (w->appended)
            kith_owner_committed(s->owner, w->lane->district, 0, 0);
        count_alerts(s, &w->alerts);
        count_skipped(s, w->lane->district, w->stream,
                      w->flags.skipped_unknown + w->changes.skipped_unknown,
                      w->flags.skipped_bad + w->changes.skipped_bad);
        /* new alerts, or what waited for a default address or a feed */
        if (w->flags.list.n > 0 || w->changes.has_district || w->changes.feeds.n > 0)
            w->lane->queued = true;
    }
    work_end(w, err, why);
}

/* One run of ALERT_OPENED or ALERT_RESOLVED in our own log. */
static kith_err append(struct log_work *w, struct kith_job *job, bool opened, int64_t now_us)
{
    struct kith_bytes payload = {0};
    int32_t count = 0;
    const struct notif_alert *alert = w->alerts.list.items;
    kith_err err = KITH_OK;
    for (size_t i = 0; i < w->alerts.list.n && err == KITH_OK; i++, alert++) {
        if (!(opened ? alert->opened : alert->resolved))
            continue;
        err = notif_encode_alert(&payload, &alert->alert_id, alert->flag.student_id,
                                 alert->route.staff_id, alert->route.reason);
        count++;
    }
    if (err == KITH_OK && count > 0) {
        kith_owner_append(w->lane->service->owner, job, w->lane->district, 0,
                          opened ? notif_record_opened : notif_record_resolved, count, now_us,
                          payload.data, payload.n);
        w->appended = true;
    }
    kith_bytes_done(&payload);
    return err;
}

static kith_err work_job(struct log_work *w, struct kith_job *job)
{
    struct notif_service *s = w->lane->service;
    int64_t now_us = kith_clock_now_us();
    kith_err err = KITH_OK;
    if (w->flags.list.n > 0)
        notif_store_fence(job, w->lane->district, kith_owner_epoch(s->owner, w->lane->district, 0));
    notif_store_changes(job, w->lane->district, &w->changes);
    if (w->flags.list.n > 0)
        err = notif_store_alerts(job, w->lane->district, &w->alerts, now_us);
    if (err == KITH_OK)
        err = append(w, job, true, now_us);
    if (err == KITH_OK)
        err = append(w, job, false, now_us);
    kith_consumer_advance(w->consumer, job, w->batch, w->pos);
    return err;
}

static kith_err work_write(struct log_work *w)
{
    kith_auto(kith_job) job = NULL;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK)
        err = work_job(w, job);
    if (err == KITH_OK)
        err = kith_db_run(w->lane->service->db, KITH_TAKE(job), work_written, w);
    return err;
}

static void work_known(void *ctx, kith_err err, const struct kith_why *why)
{
    struct log_work *w = ctx;
    if (err == KITH_OK)
        err = w->known.err;
    if (err == KITH_OK) {
        struct notif_people people = notif_known_people(&w->known);
        const struct notif_flag *flags = w->flags.list.items;
        notif_alerts_apply(&w->alerts, flags, w->flags.list.n);
        notif_alerts_route(&w->alerts, &people);
        err = work_write(w);
        why = NULL;
    }
    if (err != KITH_OK)
        work_end(w, err, why);
}

static kith_err work_read(struct log_work *w)
{
    const struct notif_flag *flags = w->flags.list.items;
    size_t n = w->flags.list.n;
    int64_t now_us = kith_clock_now_us();
    kith_err err = notif_alerts_gather(&w->alerts, flags, n);
    if (err != KITH_OK)
        return err;
    notif_known_init(&w->known, &w->alerts, (int32_t)(now_us / INT64_C(86400000000)));
    if (n == 0)
        return work_write(w); /* the projection, or only the position moves */
    kith_auto(kith_job) job = NULL;
    err = kith_job_new(&job);
    if (err == KITH_OK)
        err = notif_store_read_known(job, w->lane->district, flags, n, now_us, &w->known);
    if (err == KITH_OK)
        err = kith_db_run(w->lane->service->db, KITH_TAKE(job), work_known, w);
    return err;
}

/* ---- ingest ---- */

bool notif_turn_ingest(struct notif_lane *lane)
{
    if (!lane->ingest)
        return false;
    const struct kith_batch *batch = take(&lane->ingest);
    struct notif_service *s = lane->service;
    lane->busy = true;
    struct log_work *w = calloc(1, sizeof(*w));
    if (!w) {
        kith_consumer_done(s->ingest, batch, KITH_ENOMEM, batch->after_pos);
        notif_work_done(lane, "ingest", KITH_ENOMEM, NULL);
        return true;
    }
    *w = (struct log_work){.lane = lane,
                           .stream = "ingest",
                           .consumer = s->ingest,
                           .batch = batch,
                           .pos = batch->records[batch->n - 1].pos};
    notif_changes_init(&w->changes);
    notif_flags_init(&w->flags);
    kith_err err = notif_decode_changes(batch->records, batch->n, &w->changes);
    if (err == KITH_OK) {
        notif_changes_compact(&w->changes);
        w->flags.list = w->changes.notices;
        w->changes.notices = (struct notif_list){.size = w->changes.notices.size};
        err = work_read(w);
    }
    if (err != KITH_OK)
        work_end(w, err, NULL);
    return true;
}

/* ---- risk ---- */

/* How many of the batch's records may be handled: those whose cause we have read, too. Their flags go to `flags`; *pos is the last one's. */
static kith_err eligible(struct notif_lane *lane, const struct kith_batch *batch,
                         struct notif_flags *flags, int64_t *pos)
{
    int64_t read_pos = kith_consumer_pos(lane->service->ingest, lane->district, batch->shard);
    for (size_t i = 0; i < batch->n; i++) {
        struct notif_flags before = *flags;
        kith_err err = notif_decode_flags(&batch->records[i], flags);
        if (err != KITH_OK)
            return err;
        const struct notif_flag *flag = flags->list.items;
        for (size_t k = before.list.n; k < flags->list.n; k++) {
            if (flag[k].cause_pos > read_pos) {
                flags->list.n = before.list.n;
                flags->skipped_bad = before.skipped_bad;
                return KITH_OK;
            }
        }
        *pos = batch->records[i].pos;
    }
    return KITH_OK;
}

bool notif_turn_risk(struct notif_lane *lane)
{
    if (!lane->risk)
        return false;
    const struct kith_batch *batch = lane->risk->batch;
    struct notif_flags flags;
    notif_flags_init(&flags);
    int64_t pos = batch->after_pos;
    kith_err err = eligible(lane, batch, &flags, &pos);
    if (err == KITH_OK && pos == batch->after_pos) {
        /* ingest's commit pumps this lane; the timer covers positions that were committed before a restart */
        notif_flags_done(&flags);
        notif_wake_at(lane, kith_clock_mono_ms() + 50);
        return false;
    }
    (void)take(&lane->risk);
    lane->busy = true;
    struct log_work *w = err == KITH_OK ? calloc(1, sizeof(*w)) : NULL;
    if (!w) {
        notif_flags_done(&flags);
        kith_consumer_done(lane->service->risk, batch, KITH_ENOMEM, batch->after_pos);
        notif_work_done(lane, "risk", KITH_ENOMEM, NULL);
        return true;
    }
    *w = (struct log_work){.lane = lane,
                           .stream = "risk",
                           .consumer = lane->service->risk,
                           .batch = batch,
                           .pos = pos,
                           .flags = flags};
    notif_changes_init(&w->changes);
    err = work_read(w);
    if (err != KITH_OK)
        work_end(w, err, NULL);
    return true;
}
