/* SPDX-License-Identifier: Apache-2.0 */
/* From queued deliveries to SMTP dialogues: a mail is recorded as sending, with the number of the attempt, before its dialogue begins. */
#include <string.h>

#include "kith/clock.h"
#include "kith/log.h"
#include "notification/service_internal.h"

#define SETTLE_LOOK_MS 1000

/* ---- mails under way, in memory ---- */

struct notif_mail *notif_find_mail(struct notif_lane *lane, const struct kith_id *mail_id)
{
    for (struct notif_mail *m = lane->mails; m; m = m->next)
        if (memcmp(&m->row.mail_id, mail_id, sizeof(*mail_id)) == 0)
            return m;
    return NULL;
}

void notif_forget_mail(struct notif_mail *mail)
{
    struct notif_mail **at = &mail->lane->mails;
    while (*at != mail)
        at = &(*at)->next;
    *at = mail->next;
    free(mail);
}

static struct notif_mail *remember(struct notif_lane *lane, const struct notif_mail_row *row,
                                   enum notif_mail_place place)
{
    struct notif_mail *m = calloc(1, sizeof(*m));
    if (!m)
        return NULL;
    m->lane = lane;
    m->row = *row;
    m->place = place;
    m->next = lane->mails;
    lane->mails = m;
    return m;
}

static void set_under_way(struct notif_service *s, int64_t change)
{
    s->under_way = (uint32_t)(s->under_way + change);
    kith_metric_set(s->metrics.under_way, s->under_way);
}

/* ---- a former run's mails ---- */

struct reload_work {
    struct notif_lane *lane;
    struct notif_read mails;
    struct notif_read recent;
};

/* Sending: the outcome is unknown, it is sent again now. Deferred: at the time that was set, though not later than the ladder says from now, as
 * wall time may have been driven. */
static int64_t due_of(const struct notif_mail_row *row)
{
    int64_t now_ms = kith_clock_mono_ms();
    if (row->progress.state == NOTIF_MAIL_SENDING)
        return now_ms;
    int64_t wait_ms = (row->next_try_us - kith_clock_now_us()) / 1000;
    uint32_t step = row->progress.deferrals > 0 ? row->progress.deferrals : 1;
    int64_t most_ms = notif_retry_ms(step, &row->mail_id);
    return now_ms + (wait_ms < 0 ? 0 : wait_ms > most_ms ? most_ms : wait_ms);
}

static kith_err rest_until(struct notif_lane *lane, int64_t staff_id, int64_t until_ms)
{
    struct notif_rest *r = notif_list_add(&lane->resting);
    if (!r)
        return KITH_ENOMEM;
    *r = (struct notif_rest){staff_id, until_ms};
    return KITH_OK;
}

static kith_err adopt(struct reload_work *w)
{
    const struct notif_mail_row *row = w->mails.list.items;
    for (size_t i = 0; i < w->mails.list.n; i++) {
        if (notif_find_mail(w->lane, &row[i].mail_id))
            continue;
        struct notif_mail *m = remember(w->lane, &row[i], NOTIF_WAITS);
        if (!m)
            return KITH_ENOMEM;
        m->due_ms = due_of(&row[i]);
    }
    const struct notif_person_time *p = w->recent.list.items;
    int64_t gap_us = w->lane->service->settings->mail_gap_ms * 1000;
    w->lane->resting.n = 0;
    for (size_t i = 0; i < w->recent.list.n; i++) {
        int64_t left_ms = (p[i].at_us + gap_us - kith_clock_now_us()) / 1000;
        kith_err err = rest_until(w->lane, p[i].staff_id, kith_clock_mono_ms() + left_ms);
        if (err != KITH_OK)
            return err;
    }
    return KITH_OK;
}

static void on_reloaded(void *ctx, kith_err err, const struct kith_why *why)
{
    struct reload_work *w = ctx;
    struct notif_lane *lane = w->lane;
    err = err != KITH_OK ? err : w->mails.err != KITH_OK ? w->mails.err : w->recent.err;
    if (err == KITH_OK)
        err = adopt(w);
    lane->reload = err != KITH_OK;
    notif_list_done(&w->mails.list);
    notif_list_done(&w->recent.list);
    free(w);
    notif_work_done(lane, "read_mails", err, why);
}

static kith_err reload(struct notif_lane *lane)
{
    struct notif_service *s = lane->service;
    kith_auto_mem struct reload_work *w = calloc(1, sizeof(*w));
    kith_auto(kith_job) job = NULL;
    kith_err err = w ? kith_job_new(&job) : KITH_ENOMEM;
    if (err != KITH_OK)
        return err;
    w->lane = lane;
    /* the lock waits for a transaction that the server may still be at after nobody here heard its end */
    notif_store_fence(job, lane->district, kith_owner_epoch(s->owner, lane->district, 0));
    notif_store_read_mails(job, lane->district, &w->mails);
    if (s->settings->mail_gap_ms > 0)
        notif_store_read_recent(job, lane->district,
                                kith_clock_now_us() - s->settings->mail_gap_ms * 1000, &w->recent);
    err = kith_db_run(s->db, KITH_TAKE(job), on_reloaded, w);
    if (err == KITH_OK)
        (void)KITH_TAKE(w);
    return err;
}

/* ---- beginning mails ---- */

struct begin_work {
    struct notif_lane *lane;
    int32_t people;          /* how many new mails at most */
    struct notif_read queue; /* struct notif_queued */
    struct notif_bundle *bundles;
    size_t n_bundles;
    struct kith_id *again; /* mails that are due again */
    size_t n_again;
    struct notif_read begun; /* those of `again` that are to be sent */
    int64_t now_us;
};

static void free_begin(struct begin_work *w)
{
    notif_list_done(&w->queue.list);
    notif_list_done(&w->begun.list);
    free(w->bundles);
    free(w->again);
    free(w);
}

/* The transaction was not, or perhaps not, committed: what it made is read from the database. */
static void begin_failed(struct begin_work *w, kith_err err, const struct kith_why *why)
{
    struct notif_lane *lane = w->lane;
    for (size_t i = 0; i < w->n_again; i++) {
        struct notif_mail *m = notif_find_mail(lane, &w->again[i]);
        m->place = NOTIF_WAITS;
        m->due_ms = kith_clock_mono_ms();
    }
    set_under_way(lane->service, -(int64_t)w->n_again);
    lane->reload = true;
    lane->queued = true;
    free_begin(w);
    notif_work_done(lane, "begin_mails", err, why);
}

static kith_err send_new(struct begin_work *w)
{
    struct notif_lane *lane = w->lane;
    for (size_t i = 0; i < w->n_bundles; i++) {
        const struct notif_bundle *b = &w->bundles[i];
        struct notif_mail_row row = {.mail_id = b->mail_id,
                                     .staff_id = b->staff_id,
                                     .items = b->items,
                                     .top_items = b->top_items,
                                     .urgency = b->urgency,
                                     .progress.state = NOTIF_MAIL_SENDING,
                                     .attempts = 1,
                                     .flag_us = b->flag_us,
                                     .created_us = w->now_us};
        memcpy(row.address, b->address, sizeof(row.address));
        struct notif_mail *m = remember(lane, &row, NOTIF_READY);
        if (!m)
            return KITH_ENOMEM;
        set_under_way(lane->service, 1);
        notif_mail_ready(m);
        if (lane->service->settings->mail_gap_ms > 0) {
            int64_t until_ms = kith_clock_mono_ms() + lane->service->settings->mail_gap_ms;
            kith_err err = rest_until(lane, b->staff_id, until_ms);
            if (err != KITH_OK)
                return err;
        }
    }
    return KITH_OK;
}

static void send_again(struct begin_work *w)
{
    const struct notif_mail_row *begun = w->begun.list.items;
    for (size_t i = 0; i < w->n_again; i++) {
        struct notif_mail *m = notif_find_mail(w->lane, &w->again[i]);
        const struct notif_mail_row *row = NULL;
        for (size_t k = 0; k < w->begun.list.n && !row; k++)
            if (memcmp(&begun[k].mail_id, &w->again[i], sizeof(w->again[i])) == 0)
                row = &begun[k];
        if (row) {
            m->row.attempts = row->attempts;
            notif_mail_ready(m);
        } else { /* everything in it was resolved meanwhile */
            kith_metric_add(w->lane->service->metrics.cancelled, 1);
            set_under_way(w->lane->service, -1);
            notif_forget_mail(m);
        }
    }
}

static void on_begun(void *ctx, kith_err err, const struct kith_why *why)
{
    struct begin_work *w = ctx;
    struct notif_lane *lane = w->lane;
    err = err != KITH_OK ? err : w->begun.err;
    if (err != KITH_OK) {
        begin_failed(w, err, why);
        return;
    }
    lane->queued = w->people > 0 && w->n_bundles == (size_t)w->people;
    send_again(w);
    if (send_new(w) != KITH_OK)
        lane->reload = true; /* no memory: they are read again as sending */
    free_begin(w);
    notif_work_done(lane, "begin_mails", KITH_OK, NULL);
    notif_dispatch(lane->service);
}

static kith_err write_begin(struct begin_work *w)
{
    struct notif_service *s = w->lane->service;
    int32_t district = w->lane->district;
    kith_auto(kith_job) job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    w->now_us = kith_clock_now_us();
    notif_store_fence(job, district, kith_owner_epoch(s->owner, district, 0));
    if (w->n_bundles)
        notif_store_make_mails(job, district, w->bundles, w->n_bundles, w->queue.list.items,
                               w->now_us);
    if (w->n_again)
        notif_store_begin_again(job, district, w->again, w->n_again, w->now_us, &w->begun);
    return kith_db_run(s->db, KITH_TAKE(job), on_begun, w);
}

static void on_queue(void *ctx, kith_err err, const struct kith_why *why)
{
    struct begin_work *w = ctx;
    struct notif_lane *lane = w->lane;
    err = err != KITH_OK ? err : w->queue.err;
    if (err == KITH_OK)
        err = notif_bundle(w->queue.list.items, w->queue.list.n, &w->bundles, &w->n_bundles);
    if (err == KITH_OK && w->n_bundles == 0 && w->n_again == 0) {
        lane->queued = false;
        free_begin(w);
        notif_work_done(lane, "begin_mails", KITH_OK, NULL);
        return;
    }
    if (err == KITH_OK) {
        err = write_begin(w);
        why = NULL;
    }
    if (err != KITH_OK)
        begin_failed(w, err, why);
}

/* Who gets no mail now: those who rest, and those with a mail under way. */
static size_t not_now(const struct notif_lane *lane, int64_t *staff_ids)
{
    const struct notif_rest *r = lane->resting.items;
    size_t n = 0;
    for (size_t i = 0; i < lane->resting.n; i++)
        staff_ids[n++] = r[i].staff_id;
    for (const struct notif_mail *m = lane->mails; m; m = m->next)
        staff_ids[n++] = m->row.staff_id;
    return n;
}

/* Flags raised until then may be mailed: all of them, unless they must settle. (Risk's clock may be a little ahead of ours.) */
static int64_t settled_until(const struct notif_service *s)
{
    static const int64_t ever_us = INT64_C(253370764800000000); /* the year 9999 */
    return s->settings->settle_ms ? kith_clock_now_us() - s->settings->settle_ms * 1000 : ever_us;
}

static kith_err read_queue(struct begin_work *w)
{
    struct notif_lane *lane = w->lane;
    size_t n = lane->resting.n;
    for (const struct notif_mail *m = lane->mails; m; m = m->next)
        n++;
    kith_auto_mem int64_t *but = calloc(n ? n : 1, sizeof(*but));
    kith_auto(kith_job) job = NULL;
    kith_err err = but ? kith_job_new(&job) : KITH_ENOMEM;
    if (err != KITH_OK)
        return err;
    notif_store_read_queue(job, lane->district, but, not_now(lane, but), w->people,
                           settled_until(lane->service), &w->queue);
    return kith_db_run(lane->service->db, KITH_TAKE(job), on_queue, w);
}

/* Those who have rested may get a mail; the next one of them sets the clock. */
static void wake_resting(struct notif_lane *lane, int64_t now_ms, int64_t *next_ms)
{
    struct notif_rest *r = lane->resting.items;
    size_t kept = 0;
    for (size_t i = 0; i < lane->resting.n; i++) {
        if (r[i].until_ms <= now_ms) {
            lane->queued = true;
            continue;
        }
        if (r[i].until_ms < *next_ms)
            *next_ms = r[i].until_ms;
        r[kept++] = r[i];
    }
    lane->resting.n = kept;
}

/* Flags that had to settle may have by now. They settle in the district's time, which a test may drive: looked at each second. */
static void look_at_settled(struct notif_lane *lane, int64_t now_ms, int64_t *next_ms)
{
    if (lane->service->settings->settle_ms == 0)
        return;
    if (now_ms >= lane->look_ms) {
        lane->queued = true;
        lane->look_ms = now_ms + SETTLE_LOOK_MS;
    }
    *next_ms = lane->look_ms < *next_ms ? lane->look_ms : *next_ms;
}

/* Up to `room` mails that are due; *next_ms is lowered to when the next will be. Returns how many; their place is NOTIF_BEGINS. */
static size_t take_due(struct notif_lane *lane, int64_t now_ms, size_t room, struct kith_id *ids,
                       int64_t *next_ms)
{
    size_t n = 0;
    for (struct notif_mail *m = lane->mails; m; m = m->next) {
        if (m->place != NOTIF_WAITS)
            continue;
        if (m->due_ms > now_ms) {
            if (m->due_ms < *next_ms)
                *next_ms = m->due_ms;
        } else if (n < room) {
            ids[n++] = m->row.mail_id;
            m->place = NOTIF_BEGINS;
        }
    }
    return n;
}

/* The work that there is to begin now; NULL with KITH_OK: none. */
static kith_err plan_begin(struct notif_lane *lane, size_t room, struct begin_work **ret)
{
    struct begin_work *w = calloc(1, sizeof(*w));
    struct kith_id *again = calloc(room, sizeof(*again));
    if (!w || !again) {
        free(w);
        free(again);
        return KITH_ENOMEM;
    }
    int64_t now_ms = kith_clock_mono_ms();
    int64_t next_ms = INT64_MAX;
    w->lane = lane;
    w->again = again;
    w->n_again = take_due(lane, now_ms, room, again, &next_ms);
    set_under_way(lane->service, (int64_t)w->n_again);
    wake_resting(lane, now_ms, &next_ms);
    look_at_settled(lane, now_ms, &next_ms);
    if (next_ms != INT64_MAX)
        notif_wake_at(lane, next_ms);
    w->people = lane->queued ? (int32_t)(room - w->n_again) : 0;
    if (w->people == 0 && w->n_again == 0) {
        free_begin(w);
        w = NULL;
    }
    *ret = w;
    return KITH_OK;
}

bool notif_turn_mail(struct notif_lane *lane)
{
    struct notif_service *s = lane->service;
    if (s->draining)
        return false;
    if (lane->reload) {
        lane->busy = true;
        kith_err err = reload(lane);
        if (err != KITH_OK)
            notif_work_done(lane, "read_mails", err, NULL);
        return true;
    }
    uint32_t window = s->settings->smtp_connections * NOTIF_WINDOW_PER_CONNECTION;
    if (s->relay_away || s->under_way >= window)
        return false; /* the relay's timer, or the next outcomes, pump again */
    struct begin_work *w = NULL;
    kith_err err = plan_begin(lane, window - s->under_way, &w);
    if (err == KITH_OK && !w)
        return false;
    lane->busy = true;
    if (err != KITH_OK) {
        notif_work_done(lane, "begin_mails", err, NULL);
        return true;
    }
    err = w->people > 0 ? read_queue(w) : write_begin(w);
    if (err != KITH_OK)
        begin_failed(w, err, NULL);
    return true;
}
