/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/problem.h"

#include <stdlib.h>
#include <string.h>

#define UNIT_MOST 5040

kith_err problem_new(struct problem **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret ? KITH_OK : KITH_ENOMEM;
}

static void free_strings(char **strings, int n)
{
    for (int i = 0; strings && i < n; i++)
        free(strings[i]);
    free((void *)strings);
}

static void free_lists(struct problem_list *lists, int n)
{
    for (int i = 0; lists && i < n; i++)
        free(lists[i].items);
    free(lists);
}

static void constraint_done(struct problem_constraint *c)
{
    for (int i = 0; c->groups && i < c->group_n; i++)
        free(c->groups[i].mask);
    free(c->groups);
    free(c->preferred);
    free(c->role);
    free(c->id);
}

void problem_free(struct problem *p)
{
    if (!p)
        return;
    for (int i = 0; p->events && i < p->event_n; i++)
        free(p->events[i].id);
    for (int i = 0; p->tasks && i < p->task_n; i++)
        free(p->tasks[i].role);
    for (int i = 0; p->constraints && i < p->constraint_n; i++)
        constraint_done(&p->constraints[i]);
    for (int i = 0; p->monitors && i < p->monitor_n; i++)
        free(p->monitors[i].events);
    free_strings(p->times, p->time_n);
    free_strings(p->resources, p->resource_n);
    free_strings(p->types, p->type_n);
    free_lists(p->of_event, p->event_n);
    free_lists(p->of_task, p->task_n);
    free_lists(p->of_resource, p->resource_n);
    free_lists(p->by_type, p->type_n);
    free(p->events);
    free(p->tasks);
    free(p->constraints);
    free(p->monitors);
    free(p->resource_type);
    free(p->slot_event);
    free(p->slot_place);
    free(p->place_task);
    free(p->cells);
    free(p->id);
    free(p);
}

kith_err problem_push(struct problem_list *list, int value)
{
    if (list->n == list->size) {
        int size = list->size ? list->size * 2 : 8;
        int *items = reallocarray(list->items, (size_t)size, sizeof(*items));
        if (!items)
            return KITH_ENOMEM;
        list->items = items;
        list->size = size;
    }
    list->items[list->n++] = value;
    return KITH_OK;
}

/* Every event has as many slots for meets as it has times, and every slot a place for the resource of each of its tasks. */
static kith_err make_slots(struct problem *p)
{
    for (int e = 0; e < p->event_n; e++) {
        struct problem_event *event = &p->events[e];
        event->slot0 = p->slot_n;
        p->slot_n += event->duration;
        p->place_n += event->duration * event->task_n;
        if (event->duration > p->duration_max)
            p->duration_max = event->duration;
    }
    p->slot_event = calloc((size_t)p->slot_n + 1, sizeof(int));
    p->slot_place = calloc((size_t)p->slot_n + 1, sizeof(int));
    p->place_task = calloc((size_t)p->place_n + 1, sizeof(int));
    if (!p->slot_event || !p->slot_place || !p->place_task)
        return KITH_ENOMEM;
    int place = 0;
    for (int e = 0; e < p->event_n; e++)
        for (int k = 0; k < p->events[e].duration; k++) {
            p->slot_event[p->events[e].slot0 + k] = e;
            p->slot_place[p->events[e].slot0 + k] = place;
            for (int t = 0; t < p->events[e].task_n; t++)
                p->place_task[place++] = p->events[e].task0 + t;
        }
    return KITH_OK;
}

static kith_err make_cells(struct problem *p)
{
    size_t row = (size_t)p->words;
    p->cells = calloc((size_t)p->duration_max * (size_t)p->time_n * row + 1, sizeof(uint64_t));
    if (!p->cells)
        return KITH_ENOMEM;
    for (int d = 1; d <= p->duration_max; d++)
        for (int t = 0; t + d <= p->time_n; t++) {
            uint64_t *mask = p->cells + ((size_t)(d - 1) * (size_t)p->time_n + (size_t)t) * row;
            for (int i = t; i < t + d; i++)
                mask[i / 64] |= UINT64_C(1) << (i % 64);
        }
    return KITH_OK;
}

static int64_t gcd(int64_t a, int64_t b)
{
    return b ? gcd(b, a % b) : a;
}

/* A meet carries its share of the event's workload: count in a unit that every duration divides. */
static void choose_unit(struct problem *p)
{
    p->workload_unit = 1;
    for (int e = 0; e < p->event_n; e++) {
        int64_t d = p->events[e].duration;
        int64_t unit = p->workload_unit / gcd(p->workload_unit, d) * d;
        p->workload_unit = unit <= UNIT_MOST * (int64_t)64 ? unit : p->workload_unit;
    }
}

static bool of_resources(enum problem_kind kind)
{
    return kind == PROBLEM_ASSIGN_RESOURCE || kind == PROBLEM_PREFER_RESOURCES ||
           kind == PROBLEM_AVOID_SPLIT_ASSIGNMENTS;
}

static kith_err link_monitor(struct problem *p, int m)
{
    const struct problem_monitor *monitor = &p->monitors[m];
    const struct problem_constraint *c = &p->constraints[monitor->constraint];
    kith_err err = KITH_OK;
    if (monitor->resource >= 0)
        return problem_push(&p->of_resource[monitor->resource], m);
    for (int i = 0; i < monitor->event_n && err == KITH_OK; i++) {
        const struct problem_event *e = &p->events[monitor->events[i]];
        if (!of_resources(c->kind))
            err = problem_push(&p->of_event[monitor->events[i]], m);
        for (int t = e->task0; of_resources(c->kind) && t < e->task0 + e->task_n && err == KITH_OK;
             t++)
            if (c->role && p->tasks[t].role && strcmp(c->role, p->tasks[t].role) == 0)
                err = problem_push(&p->of_task[t], m);
    }
    return err;
}

kith_err problem_finish(struct problem *p)
{
    p->words = (p->time_n + 63) / 64;
    p->of_event = calloc((size_t)p->event_n + 1, sizeof(*p->of_event));
    p->of_task = calloc((size_t)p->task_n + 1, sizeof(*p->of_task));
    p->of_resource = calloc((size_t)p->resource_n + 1, sizeof(*p->of_resource));
    p->by_type = calloc((size_t)p->type_n + 1, sizeof(*p->by_type));
    if (!p->of_event || !p->of_task || !p->of_resource || !p->by_type)
        return KITH_ENOMEM;
    kith_err err = make_slots(p);
    if (err == KITH_OK)
        err = make_cells(p);
    choose_unit(p);
    for (int m = 0; m < p->monitor_n && err == KITH_OK; m++)
        err = link_monitor(p, m);
    for (int r = 0; r < p->resource_n && err == KITH_OK; r++)
        err = problem_push(&p->by_type[p->resource_type[r]], r);
    return err;
}
