/* SPDX-License-Identifier: Apache-2.0 */
/* Solutions of an instance: read and written. */
#include <stdlib.h>
#include <string.h>

#include "scheduling/xhstt_internal.h"

/* ---- which there are ---- */

static bool is_for(const struct xml_node *solution, const struct problem *p)
{
    return solution->reference && strcmp(solution->reference, p->id) == 0;
}

static const struct xml_node *from_group(const struct xml_node *group, const struct problem *p)
{
    for (; group; group = xml_beside(group, "SolutionGroup"))
        for (const struct xml_node *s = xml_child(group, "Solution"); s;
             s = xml_beside(s, "Solution"))
            if (is_for(s, p))
                return s;
    return NULL;
}

const struct xml_node *xhstt_first(const struct xml_node *archive, const struct problem *p)
{
    return from_group(xml_child(xml_child(archive, "SolutionGroups"), "SolutionGroup"), p);
}

const struct xml_node *xhstt_next(const struct xml_node *solution, const struct problem *p)
{
    for (const struct xml_node *s = xml_beside(solution, "Solution"); s;
         s = xml_beside(s, "Solution"))
        if (is_for(s, p))
            return s;
    return from_group(xml_beside(solution->parent, "SolutionGroup"), p);
}

const char *xhstt_contributor(const struct xml_node *solution)
{
    return xml_text(xml_child(solution->parent, "MetaData"), "Contributor");
}

/* ---- reading ---- */

static kith_err collect(const struct problem *p, struct xhstt_names *times,
                        struct xhstt_names *resources, struct xhstt_names *events)
{
    kith_err err = KITH_OK;
    for (int i = 0; i < p->time_n && err == KITH_OK; i++)
        err = xhstt_names_add(times, p->times[i], i);
    for (int i = 0; i < p->resource_n && err == KITH_OK; i++)
        err = xhstt_names_add(resources, p->resources[i], i);
    for (int i = 0; i < p->event_n && err == KITH_OK; i++)
        err = xhstt_names_add(events, p->events[i].id, i);
    (void)xhstt_names_sort(times);
    (void)xhstt_names_sort(resources);
    (void)xhstt_names_sort(events);
    return err;
}

static kith_err assign_resources(struct xhstt_reader *reader, struct state *s,
                                 const struct xml_node *node, int slot)
{
    const struct problem *p = s->p;
    const struct problem_event *e = &p->events[p->slot_event[slot]];
    const struct xml_node *list = xml_child(node, "Resources");
    kith_err err = KITH_OK;
    for (const struct xml_node *n = list ? list->first : NULL; n && err == KITH_OK; n = n->next) {
        const char *role = xml_text(n, "Role");
        int r;
        int k = 0;
        err = xhstt_reference(reader, n, &reader->resources, &r);
        while (k < e->task_n &&
               (!p->tasks[e->task0 + k].role || strcmp(p->tasks[e->task0 + k].role, role) != 0))
            k++;
        if (err == KITH_OK && role[0] && k == e->task_n)
            err = xhstt_bad(reader, n, "the event '%.60s' has no role '%.40s'", e->id, role);
        if (err == KITH_OK && role[0] && p->tasks[e->task0 + k].resource < 0)
            state_set_resource(s, slot, k, r);
    }
    return err;
}

/* One meet: it takes its duration out of what is left of its event. `rest` is by event the slot that holds what is left. */
static kith_err read_meet(struct xhstt_reader *reader, struct state *s, const struct xml_node *node,
                          int *rest)
{
    int e;
    int time = -1;
    long duration = 0;
    kith_err err = xhstt_reference(reader, node, &reader->events, &e);
    if (err == KITH_OK)
        err = xhstt_number(reader, node, "Duration", 1, s->p->events[e].duration, &duration);
    const struct xml_node *at = xml_child(node, "Time");
    if (err == KITH_OK && at)
        err = xhstt_reference(reader, at, &reader->times, &time);
    if (err != KITH_OK)
        return err;
    if (rest[e] < 0 || duration > s->duration[rest[e]])
        return xhstt_bad(reader, node, "the event '%.60s' is longer here than in the instance",
                         s->p->events[e].id);
    if (time >= 0 && !problem_fits(s->p, (int)duration, time))
        return xhstt_bad(reader, node, "the event '%.60s' ends after the last time",
                         s->p->events[e].id);
    int slot = rest[e];
    if (duration == s->duration[slot])
        rest[e] = -1;
    else
        slot = state_split(s, slot, (int)duration);
    if (at)
        state_set_time(s, slot, time);
    return assign_resources(reader, s, node, slot);
}

kith_err xhstt_state(const struct problem *p, const struct xml_node *solution, struct state **ret,
                     struct kith_why *why)
{
    struct xhstt_reader reader = {.why = why};
    kith_auto(state) s = NULL;
    kith_auto_mem int *rest = calloc((size_t)p->event_n + 1, sizeof(*rest));
    kith_err err = rest ? state_new(p, &s) : KITH_ENOMEM;
    for (int e = 0; e < p->event_n && err == KITH_OK; e++)
        rest[e] = p->events[e].slot0;
    if (err == KITH_OK)
        err = collect(p, &reader.times, &reader.resources, &reader.events);
    const struct xml_node *events = xml_child(solution, "Events");
    for (const struct xml_node *n = events ? events->first : NULL; n && err == KITH_OK; n = n->next)
        err = read_meet(&reader, s, n, rest);
    free(reader.times.items);
    free(reader.resources.items);
    free(reader.events.items);
    if (err == KITH_OK && s->failed)
        err = KITH_ENOMEM;
    if (err != KITH_OK)
        return err;
    state_mark(s);
    *ret = KITH_TAKE(s);
    return KITH_OK;
}

/* ---- writing ---- */

static void write_reference(FILE *to, const char *indent, const char *element, const char *id)
{
    (void)fprintf(to, "%s<%s Reference=\"", indent, element);
    xml_escape(to, id);
    (void)fputs("\"", to);
}

static void write_meet(FILE *to, const struct state *s, int slot)
{
    const struct problem *p = s->p;
    const struct problem_event *e = &p->events[p->slot_event[slot]];
    bool open = false;
    write_reference(to, "          ", "Event", e->id);
    (void)fprintf(to, ">\n            <Duration>%d</Duration>\n", s->duration[slot]);
    if (s->start[slot] >= 0 && e->time < 0) {
        write_reference(to, "            ", "Time", p->times[s->start[slot]]);
        (void)fputs("/>\n", to);
    }
    for (int k = 0; k < e->task_n; k++) {
        const struct problem_task *task = &p->tasks[e->task0 + k];
        int r = s->resource[p->slot_place[slot] + k];
        if (task->resource >= 0 || r < 0)
            continue;
        (void)fputs(open ? "" : "            <Resources>\n", to);
        open = true;
        write_reference(to, "              ", "Resource", p->resources[r]);
        (void)fputs("><Role>", to);
        xml_escape(to, task->role);
        (void)fputs("</Role></Resource>\n", to);
    }
    (void)fputs(open ? "            </Resources>\n          </Event>\n" : "          </Event>\n",
                to);
}

void xhstt_write(FILE *to, const struct state *s, const char *description)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HighSchoolTimetableArchive>\n"
                "  <SolutionGroups>\n    <SolutionGroup Id=\"Kith\">\n      <MetaData>\n"
                "        <Contributor>Kith</Contributor>\n        <Date></Date>\n"
                "        <Description>",
                to);
    xml_escape(to, description);
    (void)fputs("</Description>\n      </MetaData>\n", to);
    write_reference(to, "      ", "Solution", s->p->id);
    (void)fputs(">\n        <Events>\n", to);
    for (int slot = 0; slot < s->p->slot_n; slot++)
        if (s->duration[slot] > 0)
            write_meet(to, s, slot);
    (void)fputs("        </Events>\n      </Solution>\n    </SolutionGroup>\n"
                "  </SolutionGroups>\n</HighSchoolTimetableArchive>\n",
                to);
}
