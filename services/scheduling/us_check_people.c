/* SPDX-License-Identifier: Apache-2.0 */
/* Hard violations of students and teachers: who is where, how much and with whom. */
#include "scheduling/us_check_internal.h"

#define BIT(cell) (UINT64_C(1) << (cell))

static void clash_student(struct us_check *c, int student)
{
    const struct us_list *seats = &c->student_seats[student];
    for (int cell = 0; cell < c->d->n_cells; cell++) {
        int n = 0;
        for (int i = 0; i < seats->n; i++)
            n += (c->sections[c->seats[seats->at[i]].section].cells & BIT(cell)) != 0;
        us_check_add(c, US_KIND_clash_student, us_check_hard, n - 1, "student %s in %s",
                     c->d->students[student].id, c->d->cells[cell].id);
    }
}

static void load(struct us_check *c, int teacher)
{
    const struct us_teacher *t = &c->d->teachers[teacher];
    const struct us_list *mine = &c->teacher_sections[teacher];
    for (int term = 0; term < c->d->n_terms; term++) {
        int n = 0;
        for (int i = 0; i < mine->n; i++)
            n += (c->sections[mine->at[i]].cells & c->d->term_cells[term]) != 0;
        us_check_add(c, US_KIND_load, us_check_hard, (int64_t)n - t->max_load,
                     "teacher %s: %d sections in term %s", t->id, n, c->d->terms.names[term]);
    }
}

static uint64_t taught(const struct us_check *c, int teacher)
{
    uint64_t cells = 0;
    for (int i = 0; i < c->teacher_sections[teacher].n; i++)
        cells |= c->sections[c->teacher_sections[teacher].at[i]].cells;
    return cells;
}

static void load_day(struct us_check *c, int teacher)
{
    for (int day = 0; day < c->d->n_days; day++) {
        int n = __builtin_popcountll(taught(c, teacher) & c->d->days[day].mask);
        us_check_add(c, US_KIND_load_day, c->d->rules.load_day, n - c->d->rules.load_day_max,
                     "teacher %s: %d slots on %s", c->d->teachers[teacher].id, n,
                     c->d->days[day].id);
    }
}

static void planning(struct us_check *c, const struct us_team *team)
{
    uint64_t free_cells = c->d->all_cells;
    for (int i = 0; i < team->teachers.n; i++) {
        int teacher = team->teachers.at[i];
        free_cells &= c->d->teachers[teacher].avail & ~taught(c, teacher);
    }
    for (int day = 0; day < c->d->n_days; day++)
        us_check_add(c, US_KIND_planning, c->d->rules.planning,
                     free_cells & c->d->days[day].mask ? 0 : 1, "team %s on %s", team->id,
                     c->d->days[day].id);
}

static void seat_rules(struct us_check *c, const struct us_check_seat *seat)
{
    const struct us_data *d = c->d;
    const struct us_student *student = &d->students[seat->student];
    const struct us_check_section *s = &c->sections[seat->section];
    const struct us_course *course = us_check_course(c, s);
    bool across =
        s->slc >= 0 && student->slc != s->slc &&
        (d->slcs[s->slc].autonomous || (student->slc >= 0 && d->slcs[student->slc].autonomous));
    us_check_add(c, US_KIND_autonomous, us_check_hard, across ? 1 : 0, "student %s in section %s",
                 student->id, s->id);
    us_check_add(c, US_KIND_foreign_request, us_check_hard, us_check_fills(c, seat) ? 0 : 1,
                 "student %s in section %s", student->id, s->id);
    us_check_add(c, US_KIND_grade, us_check_hard,
                 course->grades & (UINT32_C(1) << student->grade) ? 0 : 1,
                 "student %s of grade %d in %s", student->id, student->grade, course->id);
}

static void filled_twice(struct us_check *c)
{
    for (int i = 0; i < c->d->n_requests; i++)
        us_check_add(c, US_KIND_foreign_request, us_check_hard, c->request_seats[i] - 1,
                     "request %s is filled %d times", c->d->requests[i].id, c->request_seats[i]);
}

/* A student has one advisor, of the own community; an advisor has min to max students or none. */
static void advisory(struct us_check *c)
{
    const struct us_data *d = c->d;
    for (int i = 0; i < d->n_students; i++) {
        const struct us_list *list = &c->advisors[i];
        int slc = list->n > 0 ? d->teachers[list->at[0]].slc : US_NONE;
        bool good = list->n > 0 && (d->students[i].slc < 0 || slc == d->students[i].slc);
        us_check_add(c, US_KIND_advisory, d->rules.advisory, good ? list->n - 1 : 1,
                     "student %s has %d advisors, of the own community is %s", d->students[i].id,
                     list->n, good ? "the first" : "none");
    }
    for (int teacher = 0; teacher < d->n_teachers; teacher++) {
        int n = 0;
        for (int i = 0; i < d->n_students; i++)
            for (int k = 0; k < c->advisors[i].n; k++)
                n += c->advisors[i].at[k] == teacher;
        int outside = n > d->rules.advisory_max            ? n - d->rules.advisory_max
                      : n > 0 && n < d->rules.advisory_min ? d->rules.advisory_min - n
                                                           : 0;
        us_check_add(c, US_KIND_advisory, d->rules.advisory, outside, "teacher %s advises %d",
                     d->teachers[teacher].id, n);
    }
}

static bool sits_in(const struct us_check *c, int student, int section)
{
    const struct us_list *seats = &c->student_seats[student];
    for (int i = 0; i < seats->n; i++)
        if (c->seats[seats->at[i]].section == section)
            return true;
    return false;
}

static void pairs(struct us_check *c)
{
    const struct us_rules *u = &c->d->rules;
    for (int i = 0; i < c->n_sections; i++) {
        for (int k = 0; k < u->n_apart; k++) {
            bool both = sits_in(c, u->apart[k].a, i) && sits_in(c, u->apart[k].b, i);
            us_check_add(c, US_KIND_apart, u->apart[k].rule, both ? 1 : 0,
                         "students %s and %s in section %s", c->d->students[u->apart[k].a].id,
                         c->d->students[u->apart[k].b].id, c->sections[i].id);
        }
        for (int k = 0; k < u->n_not_with; k++) {
            bool both = sits_in(c, u->not_with[k].a, i) &&
                        us_check_teaches(&c->sections[i], u->not_with[k].b);
            us_check_add(c, US_KIND_not_with, u->not_with[k].rule, both ? 1 : 0,
                         "student %s with teacher %s in section %s",
                         c->d->students[u->not_with[k].a].id, c->d->teachers[u->not_with[k].b].id,
                         c->sections[i].id);
        }
    }
}

void us_check_hard_people(struct us_check *c)
{
    for (int i = 0; i < c->d->n_students; i++)
        clash_student(c, i);
    for (int i = 0; i < c->d->n_teachers; i++) {
        load(c, i);
        load_day(c, i);
    }
    for (int i = 0; i < c->d->n_teams; i++)
        planning(c, &c->d->teams[i]);
    for (int i = 0; i < c->n_seats; i++)
        seat_rules(c, &c->seats[i]);
    filled_twice(c);
    if (c->d->rules.advisory.on)
        advisory(c);
    pairs(c);
}
