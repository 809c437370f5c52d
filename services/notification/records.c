/* SPDX-License-Identifier: Apache-2.0 */
#include "notification/records.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void *notif_list_add(struct notif_list *list)
{
    assert(list->size > 0);
    if (list->n == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        void *items = reallocarray(list->items, room, list->size);
        if (!items)
            return NULL;
        list->items = items;
        list->room = room;
    }
    void *item = (char *)list->items + list->n * list->size;
    memset(item, 0, list->size);
    list->n++;
    return item;
}

void notif_list_done(struct notif_list *list)
{
    free(list->items);
    list->items = NULL;
    list->n = 0;
    list->room = 0;
}

void notif_changes_init(struct notif_changes *c)
{
    *c = (struct notif_changes){
        .schools.size = sizeof(struct notif_school),
        .staff.size = sizeof(struct notif_staff),
        .roles.size = sizeof(struct notif_role),
        .enrollments.size = sizeof(struct notif_enrollment),
        .cohorts.size = sizeof(struct notif_cohort),
        .members.size = sizeof(struct notif_member),
        .feeds.size = sizeof(struct notif_feed),
        .notices.size = sizeof(struct notif_flag),
    };
}

void notif_changes_done(struct notif_changes *c)
{
    notif_list_done(&c->schools);
    notif_list_done(&c->staff);
    notif_list_done(&c->roles);
    notif_list_done(&c->enrollments);
    notif_list_done(&c->cohorts);
    notif_list_done(&c->members);
    notif_list_done(&c->feeds);
    notif_list_done(&c->notices);
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_school(const void *a, const void *b)
{
    return order(((const struct notif_school *)a)->school_id,
                 ((const struct notif_school *)b)->school_id);
}

static int by_feed(const void *a, const void *b)
{
    return order(((const struct notif_feed *)a)->school_id,
                 ((const struct notif_feed *)b)->school_id);
}

static int by_staff(const void *a, const void *b)
{
    return order(((const struct notif_staff *)a)->staff_id,
                 ((const struct notif_staff *)b)->staff_id);
}

static int by_role(const void *a, const void *b)
{
    const struct notif_role *x = a;
    const struct notif_role *y = b;
    int o = order(x->school_id, y->school_id);
    o = o ? o : strcmp(x->role, y->role);
    o = o ? o : order(x->staff_id, y->staff_id);
    return o ? o : order(x->begin_date, y->begin_date);
}

static int by_enrollment(const void *a, const void *b)
{
    const struct notif_enrollment *x = a;
    const struct notif_enrollment *y = b;
    int o = order(x->student_id, y->student_id);
    o = o ? o : order(x->school_id, y->school_id);
    return o ? o : order(x->entry_date, y->entry_date);
}

static int by_cohort(const void *a, const void *b)
{
    return order(((const struct notif_cohort *)a)->cohort_id,
                 ((const struct notif_cohort *)b)->cohort_id);
}

static int by_member(const void *a, const void *b)
{
    const struct notif_member *x = a;
    const struct notif_member *y = b;
    int o = order(x->cohort_id, y->cohort_id);
    o = o ? o : order(x->student_id, y->student_id);
    o = o ? o : order(x->staff_id, y->staff_id);
    return o ? o : order(x->begin_date, y->begin_date);
}

typedef int (*order_fn)(const void *, const void *);

static int by_key_then_seq(const void *a, const void *b, void *key)
{
    int o = ((struct { order_fn fn; } *)key)->fn(a, b);
    return o ? o : order(((const struct notif_head *)a)->seq, ((const struct notif_head *)b)->seq);
}

static void compact(struct notif_list *list, order_fn fn)
{
    if (list->n < 2)
        return;
    struct {
        order_fn fn;
    } key = {fn};
    qsort_r(list->items, list->n, list->size, by_key_then_seq, &key);
    size_t kept = 0;
    char *items = list->items;
    for (size_t i = 0; i < list->n; i++) {
        char *item = items + i * list->size;
        if (i + 1 < list->n && fn(item, item + list->size) == 0)
            continue; /* a newer one follows */
        if (kept != i)
            memcpy(items + kept * list->size, item, list->size);
        kept++;
    }
    list->n = kept;
}

void notif_changes_compact(struct notif_changes *c)
{
    compact(&c->schools, by_school);
    compact(&c->staff, by_staff);
    compact(&c->roles, by_role);
    compact(&c->enrollments, by_enrollment);
    compact(&c->cohorts, by_cohort);
    compact(&c->members, by_member);
    compact(&c->feeds, by_feed);
}

void notif_flags_init(struct notif_flags *f)
{
    *f = (struct notif_flags){.list.size = sizeof(struct notif_flag)};
}

void notif_flags_done(struct notif_flags *f)
{
    notif_list_done(&f->list);
}
