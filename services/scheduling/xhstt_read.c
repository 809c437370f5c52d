/* SPDX-License-Identifier: Apache-2.0 */
/* Times, resources and events of an instance. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduling/xhstt_internal.h"

#define TIMES_MOST 10000
#define SLOTS_MOST 4000000

kith_err xhstt_bad(struct xhstt_reader *reader, const struct xml_node *node, const char *format,
                   ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    kith_why_set(reader->why, "line %lu: %s", node->line, text);
    return KITH_EDECODE;
}

kith_err xhstt_number(struct xhstt_reader *reader, const struct xml_node *node, const char *child,
                      long minimum, long missing, long *ret)
{
    const struct xml_node *found = xml_child(node, child);
    char *end = NULL;
    if (!found) {
        *ret = missing;
        return KITH_OK;
    }
    errno = 0;
    *ret = strtol(found->text, &end, 10);
    if (end == found->text || *end != '\0' || errno != 0 || *ret < minimum || *ret > XHSTT_MOST)
        return xhstt_bad(reader, found, "<%s> '%.40s' is no whole number from %ld on", child,
                         found->text, minimum);
    return KITH_OK;
}

kith_err xhstt_reference(struct xhstt_reader *reader, const struct xml_node *node,
                         const struct xhstt_names *names, int *ret)
{
    *ret = xhstt_names_find(names, node->reference);
    if (*ret < 0)
        return xhstt_bad(reader, node, "<%s> refers to '%.60s', which is not there", node->name,
                         node->reference ? node->reference : "");
    return KITH_OK;
}

/* Every child with an Id, but `skip`, gets the next number. */
static kith_err collect(struct xhstt_reader *reader, const struct xml_node *parent,
                        const char *skip, struct xhstt_names *names)
{
    kith_err err = KITH_OK;
    for (const struct xml_node *n = parent ? parent->first : NULL; n && err == KITH_OK; n = n->next)
        if (n->id && (!skip || strcmp(n->name, skip) != 0))
            err = xhstt_names_add(names, n->id, names->n);
    const char *twice = err == KITH_OK ? xhstt_names_sort(names) : NULL;
    return twice ? xhstt_bad(reader, parent, "the id '%.60s' is there twice", twice) : err;
}

static kith_err collect_groups(struct xhstt_reader *reader, const struct xml_node *parent,
                               struct xhstt_groups *groups)
{
    kith_err err = collect(reader, parent, NULL, &groups->names);
    groups->members = calloc((size_t)groups->names.n + 1, sizeof(*groups->members));
    return groups->members ? err : KITH_ENOMEM;
}

static kith_err add_member(struct xhstt_reader *reader, const struct xml_node *reference,
                           struct xhstt_groups *groups, int member)
{
    int g;
    kith_err err = xhstt_reference(reader, reference, &groups->names, &g);
    if (err != KITH_OK)
        return err;
    struct problem_list *list = &groups->members[g];
    if (list->n > 0 && list->items[list->n - 1] == member)
        return KITH_OK; /* said twice */
    return problem_push(list, member);
}

/* The groups that an element names: directly (Day, Week, Course) and in its list of groups. */
static kith_err add_to_groups(struct xhstt_reader *reader, const struct xml_node *node,
                              const char *list, const char *const *direct,
                              struct xhstt_groups *groups, int member)
{
    kith_err err = KITH_OK;
    for (const struct xml_node *n = node->first; n && err == KITH_OK; n = n->next)
        for (int i = 0; direct[i] && err == KITH_OK; i++)
            if (strcmp(n->name, direct[i]) == 0)
                err = add_member(reader, n, groups, member);
    const struct xml_node *in = xml_child(node, list);
    for (const struct xml_node *n = in ? in->first : NULL; n && err == KITH_OK; n = n->next)
        err = add_member(reader, n, groups, member);
    return err;
}

static char **copy_ids(const struct xml_node *parent, const char *element, int n)
{
    char **ids = calloc((size_t)n + 1, sizeof(*ids));
    int i = 0;
    for (const struct xml_node *c = xml_child(parent, element); ids && c && i < n;
         c = xml_beside(c, element))
        if (c->id)
            ids[i++] = strdup(c->id);
    return ids;
}

static kith_err read_times(struct xhstt_reader *reader, const struct xml_node *instance)
{
    static const char *const direct[] = {"Week", "Day", NULL};
    const struct xml_node *times = xml_child(instance, "Times");
    if (!times)
        return xhstt_bad(reader, instance, "the instance has no <Times>");
    kith_err err = collect_groups(reader, xml_child(times, "TimeGroups"), &reader->time_groups);
    if (err == KITH_OK)
        err = collect(reader, times, "TimeGroups", &reader->times);
    if (err != KITH_OK)
        return err;
    reader->p->time_n = reader->times.n;
    if (reader->p->time_n == 0 || reader->p->time_n > TIMES_MOST)
        return xhstt_bad(reader, times, "there are %d times; 1 to %d are possible",
                         reader->p->time_n, TIMES_MOST);
    reader->p->times = copy_ids(times, "Time", reader->p->time_n);
    int i = 0;
    for (const struct xml_node *n = xml_child(times, "Time"); n && err == KITH_OK;
         n = xml_beside(n, "Time"))
        err = add_to_groups(reader, n, "TimeGroups", direct, &reader->time_groups, i++);
    return err;
}

static kith_err read_resources(struct xhstt_reader *reader, const struct xml_node *instance)
{
    static const char *const direct[] = {NULL};
    struct problem *p = reader->p;
    const struct xml_node *all = xml_child(instance, "Resources");
    const struct xml_node *types = xml_child(all, "ResourceTypes");
    kith_err err = collect(reader, types, NULL, &reader->types);
    if (err == KITH_OK)
        err = collect_groups(reader, xml_child(all, "ResourceGroups"), &reader->resource_groups);
    for (const struct xml_node *n = xml_child(all, "Resource"); n && err == KITH_OK;
         n = xml_beside(n, "Resource"))
        err = n->id ? xhstt_names_add(&reader->resources, n->id, p->resource_n++)
                    : xhstt_bad(reader, n, "a resource has no Id");
    const char *twice = err == KITH_OK ? xhstt_names_sort(&reader->resources) : NULL;
    if (twice)
        err = xhstt_bad(reader, all, "the resource '%.60s' is there twice", twice);
    if (err != KITH_OK)
        return err;
    p->type_n = reader->types.n;
    p->types = copy_ids(types, "ResourceType", p->type_n);
    p->resources = copy_ids(all, "Resource", p->resource_n);
    p->resource_type = calloc((size_t)p->resource_n + 1, sizeof(int));
    if (!p->types || !p->resources || !p->resource_type)
        return KITH_ENOMEM;
    int i = 0;
    for (const struct xml_node *n = xml_child(all, "Resource"); n && err == KITH_OK;
         n = xml_beside(n, "Resource"), i++) {
        const struct xml_node *type = xml_child(n, "ResourceType");
        err = type ? xhstt_reference(reader, type, &reader->types, &p->resource_type[i])
                   : xhstt_bad(reader, n, "the resource has no <ResourceType>");
        if (err == KITH_OK)
            err = add_to_groups(reader, n, "ResourceGroups", direct, &reader->resource_groups, i);
    }
    return err;
}

/* ---- events ---- */

static struct problem_task *new_task(struct problem *p, struct problem_event *event)
{
    /* grows by doubling: at powers of two */
    if ((p->task_n & (p->task_n - 1)) == 0) {
        size_t size = p->task_n ? (size_t)p->task_n * 2 : 1;
        struct problem_task *tasks = reallocarray(p->tasks, size, sizeof(*tasks));
        if (!tasks)
            return NULL;
        p->tasks = tasks;
    }
    event->task_n++;
    p->tasks[p->task_n] = (struct problem_task){.resource = -1};
    return &p->tasks[p->task_n++];
}

static kith_err read_task(struct xhstt_reader *reader, const struct xml_node *node,
                          struct problem_event *event, long workload)
{
    struct problem_task *task = new_task(reader->p, event);
    kith_err err = task ? KITH_OK : KITH_ENOMEM;
    long own = workload;
    if (err == KITH_OK)
        err = xhstt_number(reader, node, "Workload", 0, workload, &own);
    if (err != KITH_OK)
        return err;
    task->workload = own;
    const char *role = xml_text(node, "Role");
    if (role[0])
        task->role = strdup(role);
    const struct xml_node *type = xml_child(node, "ResourceType");
    if (node->reference) {
        err = xhstt_reference(reader, node, &reader->resources, &task->resource);
        if (err == KITH_OK)
            task->type = reader->p->resource_type[task->resource];
        return err;
    }
    if (!type || !task->role)
        return xhstt_bad(reader, node, "an open resource needs a <Role> and a <ResourceType>");
    return xhstt_reference(reader, type, &reader->types, &task->type);
}

static kith_err read_tasks(struct xhstt_reader *reader, const struct xml_node *node,
                           struct problem_event *event, long workload)
{
    kith_err err = KITH_OK;
    const struct xml_node *list = xml_child(node, "Resources");
    const struct xml_node *groups = xml_child(node, "ResourceGroups");
    for (const struct xml_node *n = list ? list->first : NULL; n && err == KITH_OK; n = n->next)
        err = read_task(reader, n, event, workload);
    for (const struct xml_node *n = groups ? groups->first : NULL; n && err == KITH_OK;
         n = n->next) {
        int g;
        err = xhstt_reference(reader, n, &reader->resource_groups.names, &g);
        for (int i = 0; err == KITH_OK && i < reader->resource_groups.members[g].n; i++) {
            struct problem_task *task = new_task(reader->p, event);
            if (!task)
                return KITH_ENOMEM;
            task->resource = reader->resource_groups.members[g].items[i];
            task->type = reader->p->resource_type[task->resource];
            task->workload = workload;
        }
    }
    return err;
}

static kith_err read_event(struct xhstt_reader *reader, const struct xml_node *node,
                           struct problem_event *event)
{
    long duration = 1;
    long workload = 0;
    kith_err err = xhstt_number(reader, node, "Duration", 1, 1, &duration);
    if (err == KITH_OK)
        err = xhstt_number(reader, node, "Workload", 0, duration, &workload);
    if (err != KITH_OK)
        return err;
    *event = (struct problem_event){.id = strdup(node->id ? node->id : ""),
                                    .duration = (int)duration,
                                    .time = -1,
                                    .task0 = reader->p->task_n};
    const struct xml_node *time = xml_child(node, "Time");
    if (time)
        err = xhstt_reference(reader, time, &reader->times, &event->time);
    if (err == KITH_OK && (duration > reader->p->time_n ||
                           (event->time >= 0 && event->time + duration > reader->p->time_n)))
        return xhstt_bad(reader, node, "the event is longer than the times there are");
    return err == KITH_OK ? read_tasks(reader, node, event, workload) : err;
}

static kith_err read_events(struct xhstt_reader *reader, const struct xml_node *instance)
{
    static const char *const direct[] = {"Course", NULL};
    struct problem *p = reader->p;
    const struct xml_node *all = xml_child(instance, "Events");
    kith_err err = collect_groups(reader, xml_child(all, "EventGroups"), &reader->event_groups);
    int n = 0;
    int64_t slots = 0;
    for (const struct xml_node *e = xml_child(all, "Event"); e && err == KITH_OK;
         e = xml_beside(e, "Event"))
        err = e->id ? xhstt_names_add(&reader->events, e->id, n++)
                    : xhstt_bad(reader, e, "an event has no Id");
    const char *twice = err == KITH_OK ? xhstt_names_sort(&reader->events) : NULL;
    if (twice)
        err = xhstt_bad(reader, all, "the event '%.60s' is there twice", twice);
    p->events = calloc((size_t)n + 1, sizeof(*p->events));
    if (err == KITH_OK && !p->events)
        err = KITH_ENOMEM;
    for (const struct xml_node *e = xml_child(all, "Event"); e && err == KITH_OK;
         e = xml_beside(e, "Event")) {
        int i = p->event_n++;
        err = read_event(reader, e, &p->events[i]);
        slots += p->events[i].duration * (int64_t)(p->events[i].task_n + 1);
        if (err == KITH_OK && slots > SLOTS_MOST)
            err = xhstt_bad(reader, e, "the instance is too large");
        if (err == KITH_OK)
            err = add_to_groups(reader, e, "EventGroups", direct, &reader->event_groups, i);
    }
    return err;
}

/* ---- the whole ---- */

static void groups_done(struct xhstt_groups *groups)
{
    for (int i = 0; groups->members && i < groups->names.n; i++)
        free(groups->members[i].items);
    free(groups->members);
    free(groups->names.items);
}

static void reader_done(struct xhstt_reader *reader)
{
    groups_done(&reader->time_groups);
    groups_done(&reader->resource_groups);
    groups_done(&reader->event_groups);
    free(reader->times.items);
    free(reader->types.items);
    free(reader->resources.items);
    free(reader->events.items);
    problem_free(reader->p);
}

kith_err xhstt_problem(const struct xml_node *archive, const char *id, struct problem **ret,
                       struct kith_why *why)
{
    struct xhstt_reader reader = {.why = why};
    const struct xml_node *instance = xml_child(xml_child(archive, "Instances"), "Instance");
    while (instance && id && (!instance->id || strcmp(instance->id, id) != 0))
        instance = xml_beside(instance, "Instance");
    if (!instance) {
        kith_why_set(why, id ? "the archive has no instance '%s'" : "the file has no <Instance>%s",
                     id ? id : "");
        return KITH_ENOTFOUND;
    }
    kith_err err = problem_new(&reader.p);
    if (err == KITH_OK) {
        reader.p->id = strdup(instance->id ? instance->id : "");
        err = read_times(&reader, instance);
    }
    if (err == KITH_OK)
        err = read_resources(&reader, instance);
    if (err == KITH_OK)
        err = read_events(&reader, instance);
    reader.p->words = (reader.p->time_n + 63) / 64;
    if (err == KITH_OK)
        err = xhstt_constraints(&reader, instance);
    if (err == KITH_OK)
        err = problem_finish(reader.p);
    if (err == KITH_OK)
        *ret = KITH_TAKE(reader.p);
    reader_done(&reader);
    return err;
}
