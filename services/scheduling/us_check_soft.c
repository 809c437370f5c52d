/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_check_internal.h"

#define BIT(cell)    (UINT64_C(1) << (cell))
#define BALANCE_FREE 4 /* students by which sections of a course may differ */

static void requests(struct us_check *c)
{
    static const enum us_kind unmet[] = {US_KIND_unmet_core, US_KIND_unmet_graduation,
                                         US_KIND_unmet_elective};
    for (int i = 0; i < c->d->n_requests; i++) {
        const struct us_request *q = &c->d->requests[i];
        enum us_kind kind = unmet[q->priority];
        int seat = c->request_seat[i];
        us_check_add(c, kind, us_check_soft(kind), seat < 0 ? 1 : 0, "request %s of student %s",
                     q->id, c->d->students[q->student].id);
        bool other = seat >= 0 && c->sections[c->seats[seat].section].course != q->course;
        us_check_add(c, US_KIND_alternate, us_check_soft(US_KIND_alternate), other ? 1 : 0,
                     "request %s of student %s", q->id, c->d->students[q->student].id);
    }
}

/* All cells without a class, of the students who lack a request. */
static void holes(struct us_check *c)
{
    for (int i = 0; i < c->d->n_students; i++) {
        const struct us_student *s = &c->d->students[i];
        bool lacks = false;
        for (int k = 0; k < s->requests.n; k++)
            lacks = lacks || c->request_seat[s->requests.at[k]] < 0;
        uint64_t busy = 0;
        for (int k = 0; k < c->student_seats[i].n; k++)
            busy |= c->sections[c->seats[c->student_seats[i].at[k]].section].cells;
        int empty = __builtin_popcountll(c->d->all_cells & ~busy);
        us_check_add(c, US_KIND_hole, us_check_soft(US_KIND_hole), lacks ? empty : 0, "student %s",
                     s->id);
    }
}

static void purity(struct us_check *c)
{
    struct us_report *r = c->report;
    for (int i = 0; i < c->n_seats; i++) {
        const struct us_student *student = &c->d->students[c->seats[i].student];
        int slc = c->sections[c->seats[i].section].slc;
        if (slc < 0)
            continue;
        r->owned_seats[student->grade]++;
        r->own_seats[student->grade] += student->slc == slc;
    }
    for (int grade = 0; grade < US_GRADES; grade++) {
        const struct us_purity *p = &c->d->rules.purity[grade];
        int foreign = r->owned_seats[grade] - r->own_seats[grade];
        int allowed = r->owned_seats[grade] * (100 - p->floor) / 100;
        us_check_add(c, US_KIND_purity, p->rule, foreign - allowed,
                     "grade %d: %d foreign seats of %d", grade, foreign, r->owned_seats[grade]);
    }
}

static void section_terms(struct us_check *c, const struct us_check_section *s)
{
    const struct us_data *d = c->d;
    int missing = s->seats.n > 0 ? us_check_course(c, s)->min - s->seats.n : 0;
    us_check_add(c, US_KIND_section_under, us_check_soft(US_KIND_section_under), missing,
                 "section %s of %s: %d students", s->id, us_check_course(c, s)->id, s->seats.n);
    bool outside = s->slc >= 0 && s->room >= 0 && d->rooms[s->room].zone != d->slcs[s->slc].zone;
    us_check_add(c, US_KIND_zone, d->rules.zone, outside ? __builtin_popcountll(s->cells) : 0,
                 "section %s in room %s", s->id, s->room >= 0 ? d->rooms[s->room].id : "");
}

static void preps(struct us_check *c, int teacher)
{
    const struct us_list *mine = &c->teacher_sections[teacher];
    for (int term = 0; term < c->d->n_terms; term++) {
        int n = 0;
        for (int i = 0; i < mine->n; i++) {
            const struct us_check_section *s = &c->sections[mine->at[i]];
            bool is_new = (s->cells & c->d->term_cells[term]) != 0;
            for (int k = 0; k < i; k++) /* the first of its course in this term */
                is_new = is_new && !(c->sections[mine->at[k]].course == s->course &&
                                     (c->sections[mine->at[k]].cells & c->d->term_cells[term]));
            n += is_new;
        }
        us_check_add(c, US_KIND_preps, c->d->rules.preps, n - c->d->rules.preps_max,
                     "teacher %s: %d courses in term %s", c->d->teachers[teacher].id, n,
                     c->d->terms.names[term]);
    }
}

/* The building in which the teacher teaches in a cell; US_NONE = none or unknown. */
static int building_in(const struct us_check *c, int teacher, int cell)
{
    const struct us_list *mine = &c->teacher_sections[teacher];
    for (int i = 0; i < mine->n; i++) {
        const struct us_check_section *s = &c->sections[mine->at[i]];
        if ((s->cells & BIT(cell)) && s->room >= 0)
            return c->d->rooms[s->room].building;
    }
    return US_NONE;
}

static void travel(struct us_check *c, int teacher)
{
    for (int cell = 1; cell < c->d->n_cells; cell++) {
        if (c->d->cells[cell].day != c->d->cells[cell - 1].day)
            continue;
        int before = building_in(c, teacher, cell - 1);
        int here = building_in(c, teacher, cell);
        us_check_add(c, US_KIND_travel, c->d->rules.travel,
                     before >= 0 && here >= 0 && before != here ? 1 : 0, "teacher %s before %s",
                     c->d->teachers[teacher].id, c->d->cells[cell].id);
    }
}

static void advisor_changed(struct us_check *c)
{
    for (int i = 0; i < c->d->n_students; i++) {
        int before = c->d->students[i].advisor;
        bool kept = before < 0;
        for (int k = 0; k < c->advisors[i].n; k++)
            kept = kept || c->advisors[i].at[k] == before;
        us_check_add(c, US_KIND_advisor_changed, us_check_soft(US_KIND_advisor_changed),
                     kept ? 0 : 1, "student %s", c->d->students[i].id);
    }
}

/* The sections with students of one course and one community (or of none). */
static void balance(struct us_check *c, int course, int slc)
{
    int min = INT_MAX;
    int max = 0;
    for (int i = 0; i < c->n_sections; i++) {
        const struct us_check_section *s = &c->sections[i];
        if (s->course != course || s->slc != slc || s->seats.n == 0)
            continue;
        min = s->seats.n < min ? s->seats.n : min;
        max = s->seats.n > max ? s->seats.n : max;
    }
    us_check_add(c, US_KIND_balance, us_check_soft(US_KIND_balance),
                 (int64_t)max - min - BALANCE_FREE, "course %s: %d to %d students",
                 c->d->courses[course].id, min, max);
}

static bool has_of_team(const struct us_check *c, const struct us_check_section *s, int team)
{
    const struct us_list *teachers = &c->d->teams[team].teachers;
    for (int i = 0; i < teachers->n; i++)
        if (us_check_teaches(s, teachers->at[i]))
            return true;
    return false;
}

static void team_seats(struct us_check *c, const struct us_check_seat *seat)
{
    int team = c->d->students[seat->student].team;
    const struct us_check_section *s = &c->sections[seat->section];
    if (team < 0 || !us_check_course(c, s)->core || s->teachers.n == 0 || has_of_team(c, s, team))
        return;
    bool taught = false;
    for (int i = 0; i < c->n_sections; i++)
        taught =
            taught || (c->sections[i].course == s->course && has_of_team(c, &c->sections[i], team));
    us_check_add(c, US_KIND_team_seats, us_check_soft(US_KIND_team_seats), taught ? 1 : 0,
                 "student %s in section %s", c->d->students[seat->student].id, s->id);
}

void us_check_soft_all(struct us_check *c)
{
    requests(c);
    holes(c);
    purity(c);
    for (int i = 0; i < c->n_sections; i++)
        section_terms(c, &c->sections[i]);
    for (int i = 0; i < c->d->n_teachers; i++) {
        preps(c, i);
        travel(c, i);
    }
    if (c->d->rules.advisory.on)
        advisor_changed(c);
    for (int course = 0; course < c->d->n_courses; course++)
        for (int slc = US_NONE; slc < c->d->n_slcs; slc++)
            balance(c, course, slc);
    for (int i = 0; i < c->n_seats; i++)
        team_seats(c, &c->seats[i]);
}
