/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of store.c that concern mails, and those of the command, as steps. */
#include <assert.h>
#include <string.h>

#include "notification/store.h"
#include "notification/store_internal.h"

static void read_into(struct notif_read *ret, size_t size)
{
    *ret = (struct notif_read){.list.size = size};
}

static void *add_row(struct notif_read *read)
{
    void *item = notif_list_add(&read->list);
    if (!item)
        read->err = KITH_ENOMEM;
    return item;
}

/* ---- at start ---- */

static void on_district(void *ctx, const struct kith_rows *rows)
{
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        int32_t *district = add_row(ctx);
        if (!district)
            return;
        *district = (int32_t)kith_rows_int(rows, i, 0);
    }
}

static void on_open(void *ctx, const struct kith_rows *rows)
{
    *(int64_t *)ctx = kith_rows_int(rows, 0, 0);
}

void notif_store_read_start(struct kith_job *job, struct notif_read *districts, int64_t *open)
{
    read_into(districts, sizeof(int32_t));
    notif_step(job, S_START_DISTRICTS, on_district, districts);
    notif_step(job, S_START_OPEN, on_open, open);
}

static enum notif_mail_state state_of(const char *word)
{
    for (int s = NOTIF_MAIL_SENDING; s <= NOTIF_MAIL_CANCELLED; s++)
        if (strcmp(word, notif_mail_state_word((enum notif_mail_state)s)) == 0)
            return (enum notif_mail_state)s;
    assert(false && "a state that the table's check forbids");
    return NOTIF_MAIL_CANCELLED;
}

static void on_mail(void *ctx, const struct kith_rows *rows)
{
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct notif_mail_row *m = add_row(ctx);
        if (!m)
            return;
        m->mail_id = notif_row_id(rows, i, 0);
        m->staff_id = kith_rows_int(rows, i, 1);
        notif_copy_text(m->address, sizeof(m->address), kith_rows_text(rows, i, 2));
        m->items = (uint32_t)kith_rows_int(rows, i, 3);
        m->top_items = (uint32_t)kith_rows_int(rows, i, 4);
        m->urgency = (int32_t)kith_rows_int(rows, i, 5);
        m->progress.state = state_of(kith_rows_text(rows, i, 6));
        m->attempts = (uint32_t)kith_rows_int(rows, i, 7);
        m->progress.deferrals = (uint32_t)kith_rows_int(rows, i, 8);
        m->progress.losses = (uint32_t)kith_rows_int(rows, i, 9);
        m->next_try_us = kith_rows_int(rows, i, 10);
        m->flag_us = kith_rows_int(rows, i, 11);
        m->created_us = kith_rows_int(rows, i, 12);
    }
}

void notif_store_read_mails(struct kith_job *job, int32_t district, struct notif_read *ret)
{
    read_into(ret, sizeof(struct notif_mail_row));
    notif_step(job, S_MAILS, on_mail, ret);
    kith_job_i4(job, district);
}

static void on_recent(void *ctx, const struct kith_rows *rows)
{
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct notif_person_time *p = add_row(ctx);
        if (!p)
            return;
        *p = (struct notif_person_time){kith_rows_int(rows, i, 0), kith_rows_int(rows, i, 1)};
    }
}

void notif_store_read_recent(struct kith_job *job, int32_t district, int64_t since_us,
                             struct notif_read *ret)
{
    read_into(ret, sizeof(struct notif_person_time));
    notif_step(job, S_RECENT, on_recent, ret);
    kith_job_i4(job, district);
    kith_job_instant(job, since_us);
}

/* ---- from queue to mail ---- */

static void on_queued(void *ctx, const struct kith_rows *rows)
{
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct notif_queued *q = add_row(ctx);
        if (!q)
            return;
        q->delivery_id = notif_row_id(rows, i, 0);
        q->staff_id = kith_rows_int(rows, i, 1);
        notif_copy_text(q->address, sizeof(q->address), kith_rows_text(rows, i, 2));
        q->urgency = (int32_t)kith_rows_int(rows, i, 3);
        q->flag_us = kith_rows_int(rows, i, 4);
    }
}

void notif_store_read_queue(struct kith_job *job, int32_t district, const int64_t *but,
                            size_t n_but, int64_t people, int64_t settled_us,
                            struct notif_read *ret)
{
    read_into(ret, sizeof(struct notif_queued));
    notif_step(job, S_QUEUE, on_queued, ret);
    kith_job_i4(job, district);
    kith_job_i8s(job, but, n_but);
    kith_job_i8(job, people);
    kith_job_instant(job, settled_us);
}

/* Both arrays have an element for each delivery; its mail is its bundle's. */
static void mark_mailed(struct kith_job *job, int32_t district, const struct notif_bundle *b,
                        size_t n, const struct notif_queued *queued)
{
    size_t deliveries = 0;
    for (size_t i = 0; i < n; i++)
        deliveries += b[i].items;
    notif_step(job, S_DELIVERY_MAILED, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_array(job, deliveries);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < b[i].items; k++)
            kith_job_uuid(job, queued[b[i].first + k].delivery_id.b);
    kith_job_array(job, deliveries);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < b[i].items; k++)
            kith_job_uuid(job, b[i].mail_id.b);
}

void notif_store_make_mails(struct kith_job *job, int32_t district, const struct notif_bundle *b,
                            size_t n, const struct notif_queued *queued, int64_t now_us)
{
    notif_step(job, S_MAIL_MAKE, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, b[i].mail_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, b[i].staff_id);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_text(job, b[i].address);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, (int32_t)b[i].items);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, (int32_t)b[i].top_items);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, b[i].urgency);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_instant(job, b[i].flag_us);

    mark_mailed(job, district, b, n, queued);

    notif_step(job, S_ATTEMPT, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, b[i].mail_id.b);
}

static void on_again(void *ctx, const struct kith_rows *rows)
{
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct notif_mail_row *m = add_row(ctx);
        if (!m)
            return;
        m->mail_id = notif_row_id(rows, i, 0);
        m->attempts = (uint32_t)kith_rows_int(rows, i, 1);
    }
}

void notif_store_begin_again(struct kith_job *job, int32_t district, const struct kith_id *mail_ids,
                             size_t n, int64_t now_us, struct notif_read *ret)
{
    read_into(ret, sizeof(struct notif_mail_row));
    for (int again = 0; again < 2; again++) {
        notif_step(job, again ? S_MAIL_AGAIN : S_MAIL_CANCEL, again ? on_again : NULL, ret);
        kith_job_i4(job, district);
        kith_job_instant(job, now_us);
        for (size_t i = notif_array(job, n); i < n; i++)
            kith_job_uuid(job, mail_ids[i].b);
    }
}

/* ---- outcomes ---- */

void notif_store_outcomes(struct kith_job *job, int32_t district, const struct notif_outcome *o,
                          size_t n, int64_t now_us)
{
    notif_step(job, S_MAIL_OUTCOME, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, o[i].mail_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_text(job, notif_mail_state_word(o[i].progress.state));
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, (int32_t)o[i].progress.deferrals);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, (int32_t)o[i].progress.losses);
    kith_job_array(job, n);
    for (size_t i = 0; i < n; i++)
        if (o[i].next_try_us)
            kith_job_instant(job, o[i].next_try_us);
        else
            kith_job_null(job);

    notif_step(job, S_ATTEMPT_OUTCOME, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, o[i].mail_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, (int32_t)o[i].attempt);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_text(job, notif_result_word(o[i].result));
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_text(job, o[i].reply);
}

static void on_failed(void *ctx, const struct kith_rows *rows)
{
    for (size_t i = 0; i < kith_rows_n(rows); i++) {
        struct notif_failed *f = add_row(ctx);
        if (!f)
            return;
        f->mail_id = notif_row_id(rows, i, 0);
        f->alert_id = notif_row_id(rows, i, 1);
        f->student_id = kith_rows_int(rows, i, 2);
        f->staff_id = kith_rows_int(rows, i, 3);
        f->open = kith_rows_bool(rows, i, 4);
        notif_copy_text(f->reason, sizeof(f->reason), kith_rows_text(rows, i, 5));
        f->urgency = (int32_t)kith_rows_int(rows, i, 6);
        f->flag_us = kith_rows_int(rows, i, 7);
    }
}

void notif_store_read_failed(struct kith_job *job, int32_t district, const struct notif_outcome *o,
                             size_t n, struct notif_read *ret)
{
    size_t failed = 0;
    for (size_t i = 0; i < n; i++)
        failed += o[i].progress.state == NOTIF_MAIL_FAILED;
    read_into(ret, sizeof(struct notif_failed));
    notif_step(job, S_FAILED, on_failed, ret);
    kith_job_i4(job, district);
    kith_job_array(job, failed);
    for (size_t i = 0; i < n; i++)
        if (o[i].progress.state == NOTIF_MAIL_FAILED)
            kith_job_uuid(job, o[i].mail_id.b);
}

/* Those that are to be told to the default adult now come to the front; how many. */
static size_t to_fall_back(struct notif_failed *f, size_t n)
{
    size_t hits = 0;
    for (size_t i = 0; i < n; i++) {
        if (!f[i].open || f[i].staff_id == 0)
            continue;
        struct notif_failed hit = f[i];
        f[i] = f[hits];
        f[hits++] = hit;
    }
    return hits;
}

void notif_store_fall_back(struct kith_job *job, int32_t district, struct notif_failed *f, size_t n,
                           int64_t now_us)
{
    n = to_fall_back(f, n);
    if (n == 0)
        return;
    notif_step(job, S_INBOX, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, f[i].alert_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, 0);

    notif_step(job, S_DELIVERY, NULL, NULL);
    kith_job_i4(job, district);
    kith_job_instant(job, now_us);
    kith_job_i4(job, 1);
    for (size_t i = notif_array(job, n); i < n; i++) {
        struct kith_id id = notif_delivery_id(&f[i].alert_id, 0, "email", 1);
        kith_job_uuid(job, id.b);
    }
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_uuid(job, f[i].alert_id.b);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i8(job, 0);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_null(job);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_i4(job, f[i].urgency);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_instant(job, f[i].flag_us);
    for (size_t i = notif_array(job, n); i < n; i++)
        kith_job_bool(job, true);
}

/* ---- the command ---- */

static void cmd_step(struct kith_job *job, int stmt, const int32_t *districts, size_t n,
                     kith_db_rows_fn rows, void *ctx)
{
    kith_job_step(job, &notification_cmd_statements[stmt], rows, ctx);
    kith_job_i4s(job, districts, n);
}

void notif_cmd_read_districts(struct kith_job *job, kith_db_rows_fn rows, void *ctx)
{
    kith_job_step(job, &notification_cmd_statements[CMD_DISTRICTS], rows, ctx);
}

void notif_cmd_read_alerts(struct kith_job *job, const int32_t *districts, size_t n, bool all,
                           kith_db_rows_fn rows, void *ctx)
{
    cmd_step(job, CMD_ALERTS, districts, n, rows, ctx);
    kith_job_bool(job, all);
}

void notif_cmd_read_alert(struct kith_job *job, const int32_t *districts, size_t n,
                          const struct kith_id *alert_id, kith_db_rows_fn rows, void *ctx)
{
    cmd_step(job, CMD_ALERT, districts, n, rows, ctx);
    kith_job_uuid(job, alert_id->b);
}

void notif_cmd_read_inbox(struct kith_job *job, const int32_t *districts, size_t n,
                          const struct kith_id *alert_id, kith_db_rows_fn rows, void *ctx)
{
    cmd_step(job, CMD_INBOX, districts, n, rows, ctx);
    kith_job_uuid(job, alert_id->b);
}

void notif_cmd_read_deliveries(struct kith_job *job, const int32_t *districts, size_t n,
                               const struct kith_id *alert_id, kith_db_rows_fn rows, void *ctx)
{
    cmd_step(job, CMD_DELIVERIES, districts, n, rows, ctx);
    kith_job_uuid(job, alert_id->b);
}

void notif_cmd_read_attempts(struct kith_job *job, const int32_t *districts, size_t n,
                             const struct kith_id *alert_id, kith_db_rows_fn rows, void *ctx)
{
    cmd_step(job, CMD_ATTEMPTS, districts, n, rows, ctx);
    kith_job_uuid(job, alert_id->b);
}
