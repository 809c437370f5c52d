/* SPDX-License-Identifier: Apache-2.0 */
#include "notification/plan.h"

#include <stdlib.h>
#include <string.h>

struct kith_id notif_alert_id(const struct kith_id *flag_id)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, "alert");
    kith_hash_bytes(&h, flag_id->b, sizeof(flag_id->b));
    return kith_hash_end(&h);
}

struct kith_id notif_delivery_id(const struct kith_id *alert_id, int64_t staff_id,
                                 const char *channel, int32_t step)
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, "delivery");
    kith_hash_bytes(&h, alert_id->b, sizeof(alert_id->b));
    kith_hash_int(&h, staff_id);
    kith_hash_text(&h, channel);
    kith_hash_int(&h, step);
    return kith_hash_end(&h);
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct kith_id));
}

struct kith_id notif_mail_id(struct kith_id *ids, size_t n)
{
    qsort(ids, n, sizeof(*ids), by_id);
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, "mail");
    for (size_t i = 0; i < n; i++)
        kith_hash_bytes(&h, ids[i].b, sizeof(ids[i].b));
    return kith_hash_end(&h);
}

static int by_alert(const void *a, const void *b)
{
    return by_id(&((const struct notif_alert *)a)->alert_id,
                 &((const struct notif_alert *)b)->alert_id);
}

static struct notif_alert *find(struct notif_alerts *a, const struct kith_id *alert_id)
{
    struct notif_alert key = {.alert_id = *alert_id};
    return a->list.n ? bsearch(&key, a->list.items, a->list.n, sizeof(key), by_alert) : NULL;
}

kith_err notif_alerts_gather(struct notif_alerts *a, const struct notif_flag *flags, size_t n)
{
    *a = (struct notif_alerts){.list.size = sizeof(struct notif_alert)};
    for (size_t i = 0; i < n; i++) {
        struct notif_alert *alert = notif_list_add(&a->list);
        if (!alert) {
            notif_alerts_done(a);
            return KITH_ENOMEM;
        }
        alert->alert_id = notif_alert_id(&flags[i].flag_id);
        alert->flag.pos = -1;
        alert->is_new = true;
    }
    if (n < 2)
        return KITH_OK;
    qsort(a->list.items, a->list.n, sizeof(struct notif_alert), by_alert);
    struct notif_alert *alerts = a->list.items;
    size_t kept = 1;
    for (size_t i = 1; i < a->list.n; i++)
        if (by_alert(&alerts[i], &alerts[kept - 1]) != 0)
            alerts[kept++] = alerts[i];
    a->list.n = kept;
    return KITH_OK;
}

void notif_alerts_known(struct notif_alerts *a, const struct kith_id *alert_id, int64_t pos,
                        bool open, int64_t staff_id, const char *reason)
{
    struct notif_alert *alert = find(a, alert_id);
    if (!alert)
        return;
    alert->is_new = false;
    alert->flag.pos = pos;
    alert->open = open;
    alert->was_open = open;
    alert->route = (struct notif_route){staff_id, "", notif_reason(reason)};
}

static void apply(struct notif_alert *alert, const struct notif_flag *flag)
{
    if (alert->raised_us == 0)
        alert->raised_us = flag->at_us;
    alert->flag = *flag;
    alert->open = flag->kind != NOTIF_FLAG_CLEARED;
    if (alert->is_new)
        alert->opened = true;
    else
        alert->changed = true;
}

void notif_alerts_apply(struct notif_alerts *a, const struct notif_flag *flags, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct kith_id alert_id = notif_alert_id(&flags[i].flag_id);
        struct notif_alert *alert = find(a, &alert_id);
        bool unraised = alert->is_new && !alert->opened;
        if (unraised && flags[i].kind == NOTIF_FLAG_CLEARED) {
            a->orphans++;
            continue;
        }
        /* several records of one run share its position: only what the database has is compared */
        bool replayed = !alert->is_new && !alert->changed && flags[i].pos <= alert->flag.pos;
        if (!replayed)
            apply(alert, &flags[i]);
    }
    struct notif_alert *alerts = a->list.items;
    for (size_t i = 0; i < a->list.n; i++) { /* against the state before the batch, not between */
        struct notif_alert *alert = &alerts[i];
        alert->resolved = !alert->open && (alert->was_open || alert->opened);
        alert->reopened = alert->open && !alert->was_open && !alert->is_new;
    }
}

void notif_alerts_route(struct notif_alerts *a, const struct notif_people *people)
{
    struct notif_alert *alerts = a->list.items;
    for (size_t i = 0; i < a->list.n; i++)
        if (alerts[i].opened)
            alerts[i].route =
                alerts[i].flag.student_id
                    ? notif_route(people, alerts[i].flag.student_id, alerts[i].flag.school_id)
                    : notif_route_default(people);
}

void notif_alerts_done(struct notif_alerts *a)
{
    notif_list_done(&a->list);
}

static int by_person(const void *a, const void *b)
{
    const struct notif_queued *x = a;
    const struct notif_queued *y = b;
    if (x->staff_id != y->staff_id)
        return x->staff_id < y->staff_id ? -1 : 1;
    int o = strcmp(x->address, y->address);
    return o ? o : by_id(&x->delivery_id, &y->delivery_id);
}

static kith_err bundle_one(const struct notif_queued *queued, size_t first, size_t n,
                           struct notif_bundle *ret)
{
    kith_auto_mem struct kith_id *ids = calloc(n, sizeof(*ids));
    if (!ids)
        return KITH_ENOMEM;
    struct notif_bundle b = {.staff_id = queued[first].staff_id,
                             .flag_us = queued[first].flag_us,
                             .items = (uint32_t)n,
                             .first = first};
    memcpy(b.address, queued[first].address, sizeof(b.address));
    for (size_t i = 0; i < n; i++) {
        const struct notif_queued *q = &queued[first + i];
        ids[i] = q->delivery_id;
        if (q->flag_us < b.flag_us)
            b.flag_us = q->flag_us;
        if (q->urgency > b.urgency) {
            b.urgency = q->urgency;
            b.top_items = 0;
        }
        b.top_items += q->urgency == b.urgency;
    }
    b.mail_id = notif_mail_id(ids, n);
    *ret = b;
    return KITH_OK;
}

kith_err notif_bundle(struct notif_queued *queued, size_t n, struct notif_bundle **ret,
                      size_t *ret_n)
{
    kith_auto_mem struct notif_bundle *bundles = calloc(n ? n : 1, sizeof(*bundles));
    if (!bundles)
        return KITH_ENOMEM;
    if (n > 1)
        qsort(queued, n, sizeof(*queued), by_person);
    size_t made = 0;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && queued[end].staff_id == queued[first].staff_id &&
                              strcmp(queued[end].address, queued[first].address) == 0;)
            end++;
        if (made > 0 && bundles[made - 1].staff_id == queued[first].staff_id)
            continue; /* one mail a person at a time */
        kith_err err = bundle_one(queued, first, end - first, &bundles[made]);
        if (err != KITH_OK)
            return err;
        made++;
    }
    *ret_n = made;
    *ret = KITH_TAKE(bundles);
    return KITH_OK;
}
