/* SPDX-License-Identifier: Apache-2.0 */
/* A batch in its handler's hands: given out, its offset moved, given back; and how far behind that leaves us. */
#include <assert.h>
#include <stdlib.h>

#include "kith/clock.h"
#include "kith/stream_internal.h"
#include "kith/v1/envelope.pb-c.h"

/* A district's lag is the sum over its shards, its age the greatest. */
void stream_consumer_show_lag(const struct kith_consumer *c, const struct consumer_shard *of)
{
    int64_t lag = 0;
    int64_t oldest_us = 0;
    for (size_t i = stream_consumer_place(c, of->district, INT32_MIN);
         i < c->shards_n && c->shards[i]->district == of->district; i++) {
        const struct consumer_shard *s = c->shards[i];
        lag += s->lag;
        if (s->oldest_us && (!oldest_us || s->oldest_us < oldest_us))
            oldest_us = s->oldest_us;
    }
    int64_t age_us = oldest_us ? kith_clock_now_us() - oldest_us : 0;
    kith_metric_set(of->lag_records, (double)lag);
    kith_metric_set(of->lag_seconds, age_us > 0 ? (double)age_us / 1e6 : 0);
}

void stream_consumer_pause(struct consumer_shard *s)
{
    int64_t pause_ms = s->pause_ms ? s->pause_ms * 2 : CONSUMER_PAUSE_MS;
    s->pause_ms = pause_ms < CONSUMER_PAUSE_MAX_MS ? pause_ms : CONSUMER_PAUSE_MAX_MS;
    s->state = CONSUMER_UNKNOWN;
    s->due_ms = kith_clock_mono_ms() + s->pause_ms;
}

/* Positions must rise from ours on, or the answer is not one to our question. */
static bool in_order(const struct consumer_shard *s, const Kith__V1__LogBatch *log)
{
    int64_t before = s->pos;
    for (size_t i = 0; i < log->n_records; i++) {
        if (log->records[i]->pos <= before)
            return false;
        before = log->records[i]->pos;
    }
    return true;
}

/* Takes env over. */
void stream_consumer_on_records(struct consumer_shard *s, kith_envelope *env)
{
    const Kith__V1__LogBatch *log = env->log;
    struct kith_record *records = calloc(log->n_records, sizeof(*records));
    if (!records || !in_order(s, log)) {
        free(records);
        kith_msg_free(env);
        stream_consumer_pause(s);
        return;
    }
    for (size_t i = 0; i < log->n_records; i++) {
        const Kith__V1__Record *r = log->records[i];
        records[i] = (struct kith_record){.pos = r->pos,
                                          .count = r->count,
                                          .type = r->type,
                                          .at_us = r->at_us,
                                          .payload = r->payload.data,
                                          .n = r->payload.len};
    }
    s->state = CONSUMER_HANDLED;
    s->env = env;
    s->records = records;
    s->batch = (struct kith_batch){.district = s->district,
                                   .shard = s->number,
                                   .after_pos = s->pos,
                                   .head_pos = log->head_pos,
                                   .n = log->n_records,
                                   .records = records};
    s->lag = log->head_pos - s->pos;
    s->oldest_us = records[0].at_us;
    stream_consumer_show_lag(s->consumer, s);
    s->consumer->on_batch(s->consumer->ctx, s->consumer, &s->batch);
}

/* ---- the handler's side ---- */

void kith_consumer_advance(struct kith_consumer *c, struct kith_job *job,
                           const struct kith_batch *batch, int64_t pos)
{
    assert(pos > batch->after_pos && pos <= batch->records[batch->n - 1].pos);
    bool first = batch->after_pos == 0;
    kith_job_step(job, STREAM_STMT(first ? STREAM_ADVANCE_FIRST : STREAM_ADVANCE), NULL, NULL);
    kith_job_guard(job, KITH_ECHANGED);
    kith_job_i4(job, batch->district);
    kith_job_text(job, c->stream);
    kith_job_i4(job, batch->shard);
    kith_job_i8(job, pos);
    if (!first)
        kith_job_i8(job, batch->after_pos);
}

/* What is left of the batch after `pos`, for the metrics. */
static void note_progress(struct consumer_shard *s, int64_t pos)
{
    const struct kith_batch *b = &s->batch;
    size_t i = 0;
    while (i < b->n && b->records[i].pos <= pos)
        i++;
    s->lag = b->head_pos > pos ? b->head_pos - pos : 0;
    if (s->lag == 0)
        s->oldest_us = 0;
    else
        s->oldest_us = b->records[i < b->n ? i : b->n - 1].at_us;
    stream_consumer_show_lag(s->consumer, s);
}

void kith_consumer_done(struct kith_consumer *c, const struct kith_batch *batch, kith_err err,
                        int64_t pos)
{
    struct consumer_shard *s = stream_consumer_shard(c, batch->district, batch->shard);
    assert(s && s->state == CONSUMER_HANDLED && batch == &s->batch);
    if (!err)
        note_progress(s, pos);
    kith_msg_free(KITH_TAKE(s->env));
    free(KITH_TAKE(s->records));
    if (err) {
        stream_consumer_pause(s);
        return;
    }
    s->pause_ms = 0;
    int64_t hold_ms = s->hold_ms;
    if (!hold_ms && pos == s->pos)
        hold_ms = CONSUMER_PAUSE_MS; /* the same would come again at once */
    s->hold_ms = 0;
    s->pos = pos;
    s->state = CONSUMER_READY;
    s->due_ms = hold_ms ? kith_clock_mono_ms() + hold_ms : 0;
    stream_consumer_step(s);
}

void kith_consumer_hold(struct kith_consumer *c, const struct kith_batch *batch, int64_t ms)
{
    struct consumer_shard *s = stream_consumer_shard(c, batch->district, batch->shard);
    assert(s && s->state == CONSUMER_HANDLED);
    s->hold_ms = ms;
}

int64_t kith_consumer_pos(const struct kith_consumer *c, int32_t district, int32_t shard)
{
    const struct consumer_shard *s = stream_consumer_shard(c, district, shard);
    return s ? s->pos : 0;
}

void kith_consumer_drain(struct kith_consumer *c)
{
    c->draining = true;
}

bool kith_consumer_idle(const struct kith_consumer *c)
{
    for (size_t i = 0; i < c->shards_n; i++)
        if (c->shards[i]->state == CONSUMER_HANDLED)
            return false;
    return true;
}
