/* SPDX-License-Identifier: Apache-2.0 */
/* The dialogues, and the record of what became of them. */
#include <stdio.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/log.h"
#include "notification/decode.h"
#include "notification/service_internal.h"

/* ---- the queue before the connections ---- */

void notif_mail_ready(struct notif_mail *mail)
{
    struct notif_service *s = mail->lane->service;
    mail->place = NOTIF_READY;
    mail->next_ready = NULL;
    if (s->ready_last)
        s->ready_last->next_ready = mail;
    else
        s->ready_first = mail;
    s->ready_last = mail;
}

static struct notif_mail *take_ready(struct notif_service *s)
{
    struct notif_mail *m = s->ready_first;
    if (m) {
        s->ready_first = m->next_ready;
        if (!s->ready_first)
            s->ready_last = NULL;
    }
    return m;
}

/* ---- the relay as a whole ---- */

/* It is away: leave it alone for a while. Dialogues that were under way together count as one failure. Returns the pause. */
static int64_t relay_away(struct notif_service *s, const char *reply)
{
    if (s->relay_away)
        return notif_relay_pause_ms(s->relay_failures);
    s->relay_failures++;
    s->relay_away = true;
    int64_t pause_ms = notif_relay_pause_ms(s->relay_failures);
    kith_timer_start(s->relay_timer, pause_ms, 0);
    kith_log(KITH_LOG_WARN, "relay_away", KITH_INT("failures", s->relay_failures),
             KITH_INT("pause_ms", pause_ms), KITH_INT("reply", strtol(reply, NULL, 10)));
    return pause_ms;
}

/* ---- the end of a dialogue ---- */

static void record(struct notif_mail *mail, enum notif_result result, const char *reply,
                   int64_t pause_ms)
{
    struct notif_lane *lane = mail->lane;
    struct notif_service *s = lane->service;
    int64_t wait_ms = notif_follow_up(&mail->row.progress, result, &mail->row.mail_id, pause_ms);
    mail->place = NOTIF_ENDED;
    mail->due_ms = wait_ms < 0 ? -1 : kith_clock_mono_ms() + wait_ms;
    kith_metric_add(s->metrics.results[result], 1);
    struct notif_outcome *o = notif_list_add(&lane->outcomes);
    if (!o) { /* no memory: it stays recorded as sending and is sent again by the next run */
        kith_log(KITH_LOG_ERROR, "outcome_lost", KITH_INT("district", lane->district));
        return;
    }
    *o = (struct notif_outcome){.mail_id = mail->row.mail_id,
                                .staff_id = mail->row.staff_id,
                                .attempt = mail->row.attempts,
                                .result = result,
                                .progress = mail->row.progress,
                                .next_try_us =
                                    wait_ms < 0 ? 0 : kith_clock_now_us() + wait_ms * 1000};
    (void)snprintf(o->reply, sizeof(o->reply), "%s", reply);
}

static void log_result(const struct notif_mail *mail, enum notif_result result, long reply)
{
    char id[33];
    kith_id_format(&mail->row.mail_id, id);
    kith_log(result == NOTIF_ACCEPTED ? KITH_LOG_DEBUG : KITH_LOG_WARN, "mail",
             KITH_INT("district", mail->lane->district), KITH_STR("mail", id),
             KITH_INT("staff", mail->row.staff_id), KITH_INT("attempt", mail->row.attempts),
             KITH_STR("outcome", notif_result_word(result)), KITH_INT("reply", reply));
}

static void on_sent(void *ctx, const struct notif_dialogue *d, const char *reply)
{
    struct notif_mail *mail = ctx;
    struct notif_lane *lane = mail->lane;
    struct notif_service *s = lane->service;
    enum notif_result result = notif_classify(d);
    int64_t pause_ms = 0;
    if (result == NOTIF_AWAY) {
        pause_ms = relay_away(s, reply);
    } else if (result != NOTIF_LOST) {
        s->relay_failures = 0;
    }
    if (result == NOTIF_ACCEPTED)
        kith_metric_observe(s->metrics.latency,
                            (double)(kith_clock_now_us() - mail->row.flag_us) / 1e6);
    log_result(mail, result, d->reply);
    record(mail, result, reply, pause_ms);
    notif_dispatch(s);
    notif_pump(lane);
}

static kith_err talk(struct notif_service *s, struct notif_mail *mail)
{
    const struct notif_mail_row *row = &mail->row;
    struct notif_mailtext m = {.mail_id = row->mail_id,
                               .from = s->settings->mail_from,
                               .to = row->address,
                               .domain = s->domain,
                               .link = s->settings->link_base,
                               .at_us = row->created_us,
                               .items = row->items,
                               .top_items = row->top_items,
                               .urgency = (enum notif_urgency)row->urgency};
    kith_auto_mem char *text = NULL;
    size_t n = 0;
    kith_err err = notif_mailtext_render(&m, &text, &n);
    if (err == KITH_OK)
        err = notif_smtp_send(s->smtp, m.from, m.to, text, n, on_sent, mail);
    if (err == KITH_OK)
        (void)KITH_TAKE(text);
    return err;
}

void notif_dispatch(struct notif_service *s)
{
    while (!s->draining && !s->relay_away && s->ready_first && notif_smtp_free_slots(s->smtp) > 0) {
        struct notif_mail *mail = take_ready(s);
        mail->place = NOTIF_TALKS;
        kith_err err = talk(s, mail);
        if (err == KITH_EINVAL) /* an address that got past routing: nobody can be reached there */
            record(mail, NOTIF_FAILED, "the address is refused here", 0);
        else if (err != KITH_OK)
            record(mail, NOTIF_AWAY, kith_err_text(err), 1000);
        if (err != KITH_OK)
            notif_pump(mail->lane);
    }
}

void notif_drain_mails(struct notif_service *s)
{
    for (struct notif_mail *m; (m = take_ready(s));)
        record(m, NOTIF_AWAY, "stopped before it was sent", 0);
}

bool notif_mails_idle(const struct notif_service *s)
{
    for (const struct notif_lane *l = s->lanes; l; l = l->next) {
        if (l->outcomes.n > 0)
            return false;
        for (const struct notif_mail *m = l->mails; m; m = m->next)
            if (m->place == NOTIF_TALKS)
                return false;
    }
    return true;
}

/* ---- recording ---- */

struct outcome_work {
    struct notif_lane *lane;
    struct notif_list outcomes; /* struct notif_outcome */
    struct notif_read failed;   /* struct notif_failed: the alerts of mails that failed */
};

static void put_back(struct outcome_work *w, kith_err err, const struct kith_why *why)
{
    struct notif_lane *lane = w->lane;
    /* what came meanwhile goes behind; recording the same twice would do no harm */
    const struct notif_outcome *later = lane->outcomes.items;
    for (size_t i = 0; i < lane->outcomes.n; i++) {
        struct notif_outcome *o = notif_list_add(&w->outcomes);
        if (o)
            *o = later[i];
    }
    notif_list_done(&lane->outcomes);
    lane->outcomes = w->outcomes;
    notif_list_done(&w->failed.list);
    free(w);
    notif_work_done(lane, "record_outcomes", err, why);
}

static void settle(struct notif_lane *lane, const struct notif_outcome *o)
{
    struct notif_service *s = lane->service;
    s->under_way--;
    kith_metric_set(s->metrics.under_way, s->under_way);
    struct notif_mail *m = notif_find_mail(lane, &o->mail_id);
    if (!m)
        return;
    if (m->due_ms < 0)
        notif_forget_mail(m);
    else
        m->place = NOTIF_WAITS;
}

static void on_recorded(void *ctx, kith_err err, const struct kith_why *why)
{
    struct outcome_work *w = ctx;
    struct notif_lane *lane = w->lane;
    struct notif_service *s = lane->service;
    if (err != KITH_OK) {
        put_back(w, err, why);
        return;
    }
    const struct notif_outcome *o = w->outcomes.items;
    for (size_t i = 0; i < w->outcomes.n; i++)
        settle(lane, &o[i]);
    if (w->failed.list.n)
        kith_owner_committed(s->owner, lane->district, 0, 0);
    lane->queued = true; /* more may have come for those who are free now */
    notif_list_done(&w->outcomes);
    notif_list_done(&w->failed.list);
    free(w);
    notif_work_done(lane, "record_outcomes", KITH_OK, NULL);
    notif_pump_all(s); /* there is room in the window */
}

static kith_err append_failed(struct outcome_work *w, struct kith_job *job, int64_t now_us)
{
    struct kith_bytes payload = {0};
    const struct notif_failed *f = w->failed.list.items;
    size_t n = w->failed.list.n;
    kith_err err = KITH_OK;
    for (size_t i = 0; i < n && err == KITH_OK; i++)
        err = notif_encode_alert(&payload, &f[i].alert_id, f[i].student_id, f[i].staff_id,
                                 f[i].reason);
    if (err == KITH_OK && n > 0)
        kith_owner_append(w->lane->service->owner, job, w->lane->district, 0, notif_record_failed,
                          (int32_t)n, now_us, payload.data, payload.n);
    kith_bytes_done(&payload);
    return err;
}

static kith_err write_outcomes(struct outcome_work *w)
{
    struct notif_service *s = w->lane->service;
    int32_t district = w->lane->district;
    int64_t now_us = kith_clock_now_us();
    kith_auto(kith_job) job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    notif_store_fence(job, district, kith_owner_epoch(s->owner, district, 0));
    notif_store_outcomes(job, district, w->outcomes.items, w->outcomes.n, now_us);
    notif_store_fall_back(job, district, w->failed.list.items, w->failed.list.n, now_us);
    err = append_failed(w, job, now_us);
    if (err == KITH_OK)
        err = kith_db_run(s->db, KITH_TAKE(job), on_recorded, w);
    return err;
}

static void on_failed(void *ctx, kith_err err, const struct kith_why *why)
{
    struct outcome_work *w = ctx;
    err = err != KITH_OK ? err : w->failed.err;
    if (err == KITH_OK) {
        err = write_outcomes(w);
        why = NULL;
    }
    if (err != KITH_OK)
        put_back(w, err, why);
}

static kith_err read_failed(struct outcome_work *w)
{
    kith_auto(kith_job) job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    notif_store_read_failed(job, w->lane->district, w->outcomes.items, w->outcomes.n, &w->failed);
    return kith_db_run(w->lane->service->db, KITH_TAKE(job), on_failed, w);
}

static bool any_failed(const struct outcome_work *w)
{
    const struct notif_outcome *o = w->outcomes.items;
    for (size_t i = 0; i < w->outcomes.n; i++)
        if (o[i].progress.state == NOTIF_MAIL_FAILED)
            return true;
    return false;
}

bool notif_turn_outcomes(struct notif_lane *lane)
{
    if (lane->outcomes.n == 0)
        return false;
    lane->busy = true;
    struct outcome_work *w = calloc(1, sizeof(*w));
    if (!w) {
        notif_work_done(lane, "record_outcomes", KITH_ENOMEM, NULL);
        return true;
    }
    w->lane = lane;
    w->outcomes = lane->outcomes;
    lane->outcomes = (struct notif_list){.size = sizeof(struct notif_outcome)};
    kith_err err = any_failed(w) ? read_failed(w) : write_outcomes(w);
    if (err != KITH_OK)
        put_back(w, err, NULL);
    return true;
}
