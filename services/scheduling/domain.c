/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/domain.h"

#include <stdlib.h>
#include <string.h>

static bool holds(const uint64_t *mask, int t)
{
    return mask[t / 64] >> (t % 64) & 1;
}

static const struct problem_constraint *constraint_of(const struct problem *p, int monitor)
{
    return &p->constraints[p->monitors[monitor].constraint];
}

/* ---- starts ---- */

static bool allowed(const struct problem *p, const struct problem_event *e, int event, int duration,
                    int t)
{
    for (int i = 0; i < p->of_event[event].n; i++) {
        const struct problem_constraint *c = constraint_of(p, p->of_event[event].items[i]);
        if (c->hard && c->kind == PROBLEM_PREFER_TIMES &&
            (c->duration == 0 || c->duration == duration) && !holds(c->groups[0].mask, t))
            return false;
    }
    const uint64_t *cells = problem_cells(p, duration, t);
    for (int k = e->task0; k < e->task0 + e->task_n; k++) {
        int r = p->tasks[k].resource;
        for (int i = 0; r >= 0 && i < p->of_resource[r].n; i++) {
            const struct problem_constraint *c = constraint_of(p, p->of_resource[r].items[i]);
            if (!c->hard || c->kind != PROBLEM_AVOID_UNAVAILABLE)
                continue;
            for (int w = 0; w < p->words; w++)
                if (cells[w] & c->groups[0].mask[w])
                    return false;
        }
    }
    return true;
}

const struct problem_list *domain_starts(struct domain *d, int event, int duration)
{
    const struct problem *p = d->p;
    const struct problem_event *e = &p->events[event];
    struct problem_list *list = &d->starts[e->slot0 + duration - 1];
    for (int strict = 1; list->n == 0 && strict >= 0; strict--)
        for (int t = 0; problem_fits(p, duration, t); t++)
            if ((!strict || allowed(p, e, event, duration, t)) && problem_push(list, t) != KITH_OK)
                return NULL;
    return list;
}

/* ---- resources ---- */

static bool preferred(const struct problem *p, int task, int r)
{
    for (int i = 0; i < p->of_task[task].n; i++) {
        const struct problem_monitor *m = &p->monitors[p->of_task[task].items[i]];
        const struct problem_constraint *c = &p->constraints[m->constraint];
        if (c->hard && c->kind == PROBLEM_PREFER_RESOURCES && !c->preferred[r])
            return false;
    }
    return true;
}

static kith_err find_resources(struct domain *d, int task)
{
    const struct problem *p = d->p;
    const struct problem_list *all = &p->by_type[p->tasks[task].type];
    struct problem_list *list = &d->resources[task];
    kith_err err = KITH_OK;
    for (int strict = 1; list->n == 0 && strict >= 0; strict--)
        for (int i = 0; i < all->n && err == KITH_OK; i++)
            if (!strict || preferred(p, task, all->items[i]))
                err = problem_push(list, all->items[i]);
    return err;
}

/* ---- which go together ---- */

static kith_err link_events(struct domain *d, const struct problem_monitor *m)
{
    kith_err err = KITH_OK;
    for (int i = 0; i < m->event_n; i++)
        for (int j = 0; j < m->event_n && err == KITH_OK; j++)
            if (i != j)
                err = problem_push(&d->linked[m->events[i]], m->events[j]);
    return err;
}

static kith_err link_tasks(struct domain *d, const struct problem_monitor *m, const char *role)
{
    const struct problem *p = d->p;
    struct problem_list tasks = {0};
    kith_err err = KITH_OK;
    for (int i = 0; i < m->event_n; i++) {
        const struct problem_event *e = &p->events[m->events[i]];
        for (int t = e->task0; t < e->task0 + e->task_n && err == KITH_OK; t++)
            if (p->tasks[t].role && strcmp(p->tasks[t].role, role) == 0 && p->tasks[t].resource < 0)
                err = problem_push(&tasks, t);
    }
    for (int i = 0; i < tasks.n; i++)
        for (int j = 0; j < tasks.n && err == KITH_OK; j++)
            if (i != j)
                err = problem_push(&d->together[tasks.items[i]], tasks.items[j]);
    free(tasks.items);
    return err;
}

static kith_err fill(struct domain *d)
{
    const struct problem *p = d->p;
    kith_err err = KITH_OK;
    for (int e = 0; e < p->event_n && err == KITH_OK; e++) {
        const struct problem_event *event = &p->events[e];
        if (event->time < 0)
            err = problem_push(&d->open, e);
        if (event->time < 0 && event->duration > 1 && err == KITH_OK)
            err = problem_push(&d->splittable, e);
        for (int t = event->task0; t < event->task0 + event->task_n && err == KITH_OK; t++) {
            d->task_event[t] = e;
            if (p->tasks[t].resource >= 0 || p->by_type[p->tasks[t].type].n == 0)
                continue;
            err = problem_push(&d->open_tasks, t);
            if (err == KITH_OK)
                err = find_resources(d, t);
        }
    }
    for (int m = 0; m < p->monitor_n && err == KITH_OK; m++) {
        const struct problem_constraint *c = constraint_of(p, m);
        if (c->kind == PROBLEM_LINK_EVENTS)
            err = link_events(d, &p->monitors[m]);
        else if (c->kind == PROBLEM_AVOID_SPLIT_ASSIGNMENTS && c->role)
            err = link_tasks(d, &p->monitors[m], c->role);
    }
    return err;
}

kith_err domain_new(const struct problem *p, struct domain **ret)
{
    kith_auto(domain) d = calloc(1, sizeof(*d));
    if (!d)
        return KITH_ENOMEM;
    d->p = p;
    d->starts = calloc((size_t)p->slot_n + 1, sizeof(*d->starts));
    d->resources = calloc((size_t)p->task_n + 1, sizeof(*d->resources));
    d->linked = calloc((size_t)p->event_n + 1, sizeof(*d->linked));
    d->together = calloc((size_t)p->task_n + 1, sizeof(*d->together));
    d->task_event = calloc((size_t)p->task_n + 1, sizeof(*d->task_event));
    if (!d->starts || !d->resources || !d->linked || !d->together || !d->task_event)
        return KITH_ENOMEM;
    kith_err err = fill(d);
    if (err == KITH_OK)
        *ret = KITH_TAKE(d);
    return err;
}

static void free_lists(struct problem_list *lists, int n)
{
    for (int i = 0; lists && i < n; i++)
        free(lists[i].items);
    free(lists);
}

void domain_free(struct domain *d)
{
    if (!d)
        return;
    free_lists(d->starts, d->p->slot_n);
    free_lists(d->resources, d->p->task_n);
    free_lists(d->linked, d->p->event_n);
    free_lists(d->together, d->p->task_n);
    free(d->open.items);
    free(d->open_tasks.items);
    free(d->splittable.items);
    free(d->task_event);
    free(d);
}
