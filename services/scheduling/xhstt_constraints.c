/* SPDX-License-Identifier: Apache-2.0 */
/* The constraints of an instance, and the points at which each applies. */
#include <stdlib.h>
#include <string.h>

#include "scheduling/xhstt_internal.h"

/* What a kind applies to: events (one monitor each), groups of events (one each), pairs, resources. */
enum applies { TO_EVENTS, TO_GROUPS, TO_PAIRS, TO_RESOURCES };

static const struct {
    const char *element;
    enum applies to;
} kinds[PROBLEM_KINDS] = {
    [PROBLEM_ASSIGN_TIME] = {"AssignTimeConstraint", TO_EVENTS},
    [PROBLEM_ASSIGN_RESOURCE] = {"AssignResourceConstraint", TO_EVENTS},
    [PROBLEM_PREFER_TIMES] = {"PreferTimesConstraint", TO_EVENTS},
    [PROBLEM_PREFER_RESOURCES] = {"PreferResourcesConstraint", TO_EVENTS},
    [PROBLEM_SPLIT_EVENTS] = {"SplitEventsConstraint", TO_EVENTS},
    [PROBLEM_DISTRIBUTE_SPLIT] = {"DistributeSplitEventsConstraint", TO_EVENTS},
    [PROBLEM_AVOID_SPLIT_ASSIGNMENTS] = {"AvoidSplitAssignmentsConstraint", TO_GROUPS},
    [PROBLEM_SPREAD_EVENTS] = {"SpreadEventsConstraint", TO_GROUPS},
    [PROBLEM_LINK_EVENTS] = {"LinkEventsConstraint", TO_GROUPS},
    [PROBLEM_ORDER_EVENTS] = {"OrderEventsConstraint", TO_PAIRS},
    [PROBLEM_AVOID_CLASHES] = {"AvoidClashesConstraint", TO_RESOURCES},
    [PROBLEM_AVOID_UNAVAILABLE] = {"AvoidUnavailableTimesConstraint", TO_RESOURCES},
    [PROBLEM_LIMIT_IDLE] = {"LimitIdleTimesConstraint", TO_RESOURCES},
    [PROBLEM_CLUSTER_BUSY] = {"ClusterBusyTimesConstraint", TO_RESOURCES},
    [PROBLEM_LIMIT_BUSY] = {"LimitBusyTimesConstraint", TO_RESOURCES},
    [PROBLEM_LIMIT_WORKLOAD] = {"LimitWorkloadConstraint", TO_RESOURCES},
};

/* ---- what it says ---- */

static kith_err new_mask(struct problem *p, struct problem_group *group)
{
    group->mask = calloc((size_t)p->words, sizeof(*group->mask));
    return group->mask ? KITH_OK : KITH_ENOMEM;
}

static void set_time(struct problem_group *group, int t)
{
    group->mask[t / 64] |= UINT64_C(1) << (t % 64);
}

static kith_err add_time_group(struct xhstt_reader *reader, const struct xml_node *node,
                               struct problem_group *group)
{
    int g;
    kith_err err = xhstt_reference(reader, node, &reader->time_groups.names, &g);
    for (int i = 0; err == KITH_OK && i < reader->time_groups.members[g].n; i++)
        set_time(group, reader->time_groups.members[g].items[i]);
    return err;
}

/* All the times of <TimeGroups> and <Times>, as one group. */
static kith_err read_times(struct xhstt_reader *reader, const struct xml_node *node,
                           struct problem_constraint *c)
{
    const struct xml_node *groups = xml_child(node, "TimeGroups");
    const struct xml_node *times = xml_child(node, "Times");
    c->groups = calloc(1, sizeof(*c->groups));
    kith_err err = c->groups ? new_mask(reader->p, c->groups) : KITH_ENOMEM;
    c->group_n = c->groups != NULL;
    for (const struct xml_node *n = groups ? groups->first : NULL; n && err == KITH_OK; n = n->next)
        err = add_time_group(reader, n, c->groups);
    for (const struct xml_node *n = times ? times->first : NULL; n && err == KITH_OK; n = n->next) {
        int t;
        err = xhstt_reference(reader, n, &reader->times, &t);
        if (err == KITH_OK)
            set_time(c->groups, t);
    }
    return err;
}

/* The time groups one by one; spread events gives each its own limits. */
static kith_err read_time_groups(struct xhstt_reader *reader, const struct xml_node *node,
                                 struct problem_constraint *c)
{
    const struct xml_node *groups = xml_child(node, "TimeGroups");
    size_t n = 1;
    for (const struct xml_node *g = groups ? groups->first : NULL; g; g = g->next)
        n++;
    c->groups = calloc(n, sizeof(*c->groups));
    kith_err err = c->groups ? KITH_OK : KITH_ENOMEM;
    for (const struct xml_node *g = groups ? groups->first : NULL; g && err == KITH_OK;
         g = g->next) {
        struct problem_group *group = &c->groups[c->group_n++];
        long minimum = 0;
        long maximum = 0;
        err = new_mask(reader->p, group);
        if (err == KITH_OK)
            err = add_time_group(reader, g, group);
        if (err == KITH_OK)
            err = xhstt_number(reader, g, "Minimum", 0, c->minimum, &minimum);
        if (err == KITH_OK)
            err = xhstt_number(reader, g, "Maximum", 0, c->maximum, &maximum);
        group->minimum = (int)minimum;
        group->maximum = (int)maximum;
    }
    return err;
}

static kith_err read_preferred(struct xhstt_reader *reader, const struct xml_node *node,
                               struct problem_constraint *c)
{
    const struct xml_node *groups = xml_child(node, "ResourceGroups");
    const struct xml_node *resources = xml_child(node, "Resources");
    kith_err err = KITH_OK;
    int i;
    c->preferred = calloc((size_t)reader->p->resource_n + 1, 1);
    if (!c->preferred)
        return KITH_ENOMEM;
    for (const struct xml_node *n = groups ? groups->first : NULL; n && err == KITH_OK;
         n = n->next) {
        err = xhstt_reference(reader, n, &reader->resource_groups.names, &i);
        for (int k = 0; err == KITH_OK && k < reader->resource_groups.members[i].n; k++)
            c->preferred[reader->resource_groups.members[i].items[k]] = 1;
    }
    for (const struct xml_node *n = resources ? resources->first : NULL; n && err == KITH_OK;
         n = n->next) {
        err = xhstt_reference(reader, n, &reader->resources, &i);
        if (err == KITH_OK)
            c->preferred[i] = 1;
    }
    return err;
}

static kith_err read_limits(struct xhstt_reader *reader, const struct xml_node *node,
                            struct problem_constraint *c)
{
    bool split = c->kind == PROBLEM_SPLIT_EVENTS;
    long v[5] = {0};
    kith_err err = xhstt_number(reader, node, split ? "MinimumAmount" : "Minimum", 0, 0, &v[0]);
    if (err == KITH_OK)
        err = xhstt_number(reader, node, split ? "MaximumAmount" : "Maximum", 0, XHSTT_MOST, &v[1]);
    if (err == KITH_OK)
        err = xhstt_number(reader, node, "MinimumDuration", 0, 1, &v[2]);
    if (err == KITH_OK)
        err = xhstt_number(reader, node, "MaximumDuration", 0, XHSTT_MOST, &v[3]);
    if (err == KITH_OK)
        err = xhstt_number(reader, node, "Duration", 1, 0, &v[4]);
    c->minimum = (int)v[0];
    c->maximum = (int)v[1];
    c->minimum_duration = (int)v[2];
    c->maximum_duration = (int)v[3];
    c->duration = (int)v[4];
    return err;
}

static kith_err read_head(struct xhstt_reader *reader, const struct xml_node *node,
                          struct problem_constraint *c)
{
    static const char *const names[] = {"Linear", "Quadratic", "Step"};
    const char *cost = xml_text(node, "CostFunction");
    const char *required = xml_text(node, "Required");
    const char *role = xml_text(node, "Role");
    long weight = 0;
    kith_err err = xhstt_number(reader, node, "Weight", 0, 1, &weight);
    if (err != KITH_OK)
        return err;
    c->id = strdup(node->id ? node->id : "");
    c->weight = weight;
    if (role[0])
        c->role = strdup(role);
    if (strcmp(required, "true") != 0 && strcmp(required, "false") != 0)
        return xhstt_bad(reader, node, "<Required> is neither true nor false");
    c->hard = required[0] == 't';
    for (size_t i = 0; i < KITH_LEN(names); i++)
        if (strcmp(cost, names[i]) == 0) {
            c->cost = (enum problem_cost)i;
            return KITH_OK;
        }
    return xhstt_bad(reader, node, "the cost function '%.40s' is not Linear, Quadratic or Step",
                     cost);
}

static kith_err read_body(struct xhstt_reader *reader, const struct xml_node *node,
                          struct problem_constraint *c)
{
    kith_err err = read_limits(reader, node, c);
    if (err != KITH_OK)
        return err;
    switch (c->kind) {
    case PROBLEM_PREFER_TIMES:
    case PROBLEM_AVOID_UNAVAILABLE:
        return read_times(reader, node, c);
    case PROBLEM_SPREAD_EVENTS:
    case PROBLEM_LIMIT_IDLE:
    case PROBLEM_CLUSTER_BUSY:
    case PROBLEM_LIMIT_BUSY:
        return read_time_groups(reader, node, c);
    case PROBLEM_PREFER_RESOURCES:
        return read_preferred(reader, node, c);
    case PROBLEM_ASSIGN_RESOURCE:
    case PROBLEM_AVOID_SPLIT_ASSIGNMENTS:
    case PROBLEM_ASSIGN_TIME:
    case PROBLEM_SPLIT_EVENTS:
    case PROBLEM_DISTRIBUTE_SPLIT:
    case PROBLEM_LINK_EVENTS:
    case PROBLEM_ORDER_EVENTS:
    case PROBLEM_AVOID_CLASHES:
    case PROBLEM_LIMIT_WORKLOAD:
    case PROBLEM_KINDS:
        break;
    }
    return KITH_OK;
}

/* ---- where it applies ---- */

static kith_err add_monitor(struct problem *p, int constraint, int resource, const int *events,
                            int n, int task)
{
    if ((p->monitor_n & (p->monitor_n - 1)) == 0) { /* grows by doubling */
        size_t size = p->monitor_n ? (size_t)p->monitor_n * 2 : 1;
        struct problem_monitor *monitors = reallocarray(p->monitors, size, sizeof(*monitors));
        if (!monitors)
            return KITH_ENOMEM;
        p->monitors = monitors;
    }
    int *own = n > 0 ? malloc((size_t)n * sizeof(*own)) : NULL;
    if (n > 0 && !own)
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++)
        own[i] = events[i];
    p->monitors[p->monitor_n++] = (struct problem_monitor){
        .constraint = constraint, .resource = resource, .events = own, .event_n = n, .task = task};
    return KITH_OK;
}

static int task_with(const struct problem *p, int event, const char *role)
{
    const struct problem_event *e = &p->events[event];
    for (int t = e->task0; t < e->task0 + e->task_n; t++)
        if (role && p->tasks[t].role && strcmp(p->tasks[t].role, role) == 0)
            return t;
    return -1;
}

/* Marks the members of the groups and the single ones. */
static kith_err mark_all(struct xhstt_reader *reader, const struct xml_node *applies,
                         const char *group_list, const struct xhstt_groups *groups,
                         const char *list, const struct xhstt_names *names, uint8_t *marks)
{
    const struct xml_node *in_groups = xml_child(applies, group_list);
    const struct xml_node *singles = xml_child(applies, list);
    kith_err err = KITH_OK;
    int i;
    for (const struct xml_node *n = in_groups ? in_groups->first : NULL; n && err == KITH_OK;
         n = n->next) {
        err = xhstt_reference(reader, n, &groups->names, &i);
        for (int k = 0; err == KITH_OK && k < groups->members[i].n; k++)
            marks[groups->members[i].items[k]] = 1;
    }
    for (const struct xml_node *n = singles ? singles->first : NULL; n && err == KITH_OK;
         n = n->next) {
        err = xhstt_reference(reader, n, names, &i);
        if (err == KITH_OK)
            marks[i] = 1;
    }
    return err;
}

static kith_err apply_to_events(struct xhstt_reader *reader, const struct xml_node *applies, int c)
{
    struct problem *p = reader->p;
    enum problem_kind kind = p->constraints[c].kind;
    bool roles = kind == PROBLEM_ASSIGN_RESOURCE || kind == PROBLEM_PREFER_RESOURCES;
    kith_auto_mem uint8_t *marks = calloc((size_t)p->event_n + 1, 1);
    kith_err err = marks ? mark_all(reader, applies, "EventGroups", &reader->event_groups, "Events",
                                    &reader->events, marks)
                         : KITH_ENOMEM;
    for (int e = 0; e < p->event_n && err == KITH_OK; e++) {
        int task = roles && marks[e] ? task_with(p, e, p->constraints[c].role) : -1;
        if (marks[e] && (!roles || task >= 0))
            err = add_monitor(p, c, -1, &e, 1, task);
    }
    return err;
}

static kith_err apply_to_groups(struct xhstt_reader *reader, const struct xml_node *applies, int c)
{
    const struct xml_node *groups = xml_child(applies, "EventGroups");
    kith_err err = KITH_OK;
    int g;
    for (const struct xml_node *n = groups ? groups->first : NULL; n && err == KITH_OK;
         n = n->next) {
        err = xhstt_reference(reader, n, &reader->event_groups.names, &g);
        if (err == KITH_OK)
            err = add_monitor(reader->p, c, -1, reader->event_groups.members[g].items,
                              reader->event_groups.members[g].n, -1);
    }
    return err;
}

/* Each pair has its own limits: it becomes a constraint of its own, after the first. */
static kith_err apply_to_pairs(struct xhstt_reader *reader, const struct xml_node *applies, int *at)
{
    const struct xml_node *pairs = xml_child(applies, "EventPairs");
    struct problem *p = reader->p;
    kith_err err = KITH_OK;
    bool first = true;
    for (const struct xml_node *n = pairs ? pairs->first : NULL; n && err == KITH_OK; n = n->next) {
        const struct xml_node *a = xml_child(n, "FirstEvent");
        const struct xml_node *b = xml_child(n, "SecondEvent");
        long v[2] = {0};
        int events[2];
        if (!a || !b)
            return xhstt_bad(reader, n, "a pair needs a <FirstEvent> and a <SecondEvent>");
        err = xhstt_reference(reader, a, &reader->events, &events[0]);
        if (err == KITH_OK)
            err = xhstt_reference(reader, b, &reader->events, &events[1]);
        if (err == KITH_OK)
            err = xhstt_number(reader, n, "MinSeparation", -XHSTT_MOST, 0, &v[0]);
        if (err == KITH_OK)
            err = xhstt_number(reader, n, "MaxSeparation", -XHSTT_MOST, XHSTT_MOST, &v[1]);
        if (err != KITH_OK)
            return err;
        if (!first) {
            const struct problem_constraint *before = &p->constraints[*at];
            p->constraints[*at + 1] = (struct problem_constraint){.id = strdup(before->id),
                                                                  .kind = before->kind,
                                                                  .hard = before->hard,
                                                                  .weight = before->weight,
                                                                  .cost = before->cost};
            p->constraint_n = ++*at + 1;
        }
        first = false;
        p->constraints[*at].minimum = (int)v[0];
        p->constraints[*at].maximum = (int)v[1];
        err = add_monitor(p, *at, -1, events, 2, -1);
    }
    return err;
}

static kith_err apply_to_resources(struct xhstt_reader *reader, const struct xml_node *applies,
                                   int c)
{
    struct problem *p = reader->p;
    kith_auto_mem uint8_t *marks = calloc((size_t)p->resource_n + 1, 1);
    kith_err err = marks ? mark_all(reader, applies, "ResourceGroups", &reader->resource_groups,
                                    "Resources", &reader->resources, marks)
                         : KITH_ENOMEM;
    for (int r = 0; r < p->resource_n && err == KITH_OK; r++)
        if (marks[r])
            err = add_monitor(p, c, r, NULL, 0, -1);
    return err;
}

static kith_err read_constraint(struct xhstt_reader *reader, const struct xml_node *node, int *at)
{
    struct problem_constraint *c = &reader->p->constraints[*at];
    const struct xml_node *applies = xml_child(node, "AppliesTo");
    int kind = 0;
    while (kind < PROBLEM_KINDS && strcmp(node->name, kinds[kind].element) != 0)
        kind++;
    if (kind == PROBLEM_KINDS)
        return xhstt_bad(reader, node, "<%.60s> is no constraint", node->name);
    c->kind = (enum problem_kind)kind;
    kith_err err = read_head(reader, node, c);
    if (err == KITH_OK)
        err = read_body(reader, node, c);
    if (err != KITH_OK)
        return err;
    switch (kinds[kind].to) {
    case TO_EVENTS:
        return apply_to_events(reader, applies, *at);
    case TO_GROUPS:
        return apply_to_groups(reader, applies, *at);
    case TO_PAIRS:
        return apply_to_pairs(reader, applies, at);
    case TO_RESOURCES:
        break;
    }
    return apply_to_resources(reader, applies, *at);
}

kith_err xhstt_constraints(struct xhstt_reader *reader, const struct xml_node *instance)
{
    const struct xml_node *all = xml_child(instance, "Constraints");
    size_t n = 1;
    for (const struct xml_node *c = all ? all->first : NULL; c; c = c->next) {
        const struct xml_node *pairs = xml_child(xml_child(c, "AppliesTo"), "EventPairs");
        n++;
        for (const struct xml_node *pair = pairs ? pairs->first : NULL; pair; pair = pair->next)
            n++;
    }
    reader->p->constraints = calloc(n, sizeof(*reader->p->constraints));
    kith_err err = reader->p->constraints ? KITH_OK : KITH_ENOMEM;
    for (const struct xml_node *c = all ? all->first : NULL; c && err == KITH_OK; c = c->next) {
        int at = reader->p->constraint_n++;
        err = read_constraint(reader, c, &at);
    }
    return err;
}
