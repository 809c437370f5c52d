/* SPDX-License-Identifier: Apache-2.0 */
/* The calendar with its patterns, the communities' teams, and who the students are. */
#include "scheduling/us_generate_internal.h"

#include <string.h>

#include "scheduling/us_data.h"

#define TEAM_STUDENTS    125 /* a team's most: five sections of 25 */
#define SECTION_STUDENTS 25

static void add_pattern(struct us_gen *g, enum us_gen_kind kind, const char *id, uint64_t cells)
{
    struct us_gen_pattern *p = &g->patterns[g->n_patterns++];
    (void)snprintf(p->id, sizeof(p->id), "%.15s", id);
    p->cells = cells;
    p->kind = kind;
}

int us_gen_patterns_of(const struct us_gen *g, enum us_gen_kind kind, int *ret)
{
    int n = 0;
    for (int i = 0; i < g->n_patterns; i++)
        if (g->patterns[i].kind == kind)
            ret[n++] = i;
    /* a calendar that has none of the kind meets in single blocks */
    return n > 0 ? n : us_gen_patterns_of(g, US_GEN_SINGLE, ret);
}

/* Eight blocks: two days (terms or day types) of four. */
static void patterns_of_blocks(struct us_gen *g)
{
    char id[32];
    for (int i = 0; i < 8; i++) {
        (void)snprintf(id, sizeof(id), "%c%d", i < 4 ? 'a' : 'b', i % 4 + 1);
        add_pattern(g, US_GEN_SINGLE, id, UINT64_C(1) << i);
    }
    for (int i = 0; i < 8; i += 2) {
        (void)snprintf(id, sizeof(id), "%c%d%d", i < 4 ? 'a' : 'b', i % 4 + 1, i % 4 + 2);
        add_pattern(g, US_GEN_DOUBLE, id, UINT64_C(3) << i);
    }
    for (int i = 0; i < 4; i++) {
        (void)snprintf(id, sizeof(id), "ab%d", i + 1);
        add_pattern(g, US_GEN_YEAR, id, UINT64_C(0x11) << i);
    }
}

/* Two terms of seven periods; a block is a period in both. */
static void patterns_of_periods(struct us_gen *g)
{
    char id[32];
    for (int i = 0; i < 7; i++) {
        (void)snprintf(id, sizeof(id), "p%d", i + 1);
        add_pattern(g, US_GEN_SINGLE, id, UINT64_C(0x81) << i);
    }
    for (int i = 0; i < 6; i++) {
        (void)snprintf(id, sizeof(id), "p%d%d", i + 1, i + 2);
        add_pattern(g, US_GEN_DOUBLE, id, UINT64_C(0x183) << i);
    }
    for (int i = 0; i < 14; i++) {
        (void)snprintf(id, sizeof(id), "t%dp%d", i / 7 + 1, i % 7 + 1);
        add_pattern(g, US_GEN_HALF, id, UINT64_C(1) << i);
    }
}

void us_gen_calendar(struct us_gen *g)
{
    static const char *const ids[3][US_GEN_CELLS] = {
        {"S1/D/1", "S1/D/2", "S1/D/3", "S1/D/4", "S2/D/1", "S2/D/2", "S2/D/3", "S2/D/4"},
        {"Y/A/1", "Y/A/2", "Y/A/3", "Y/A/4", "Y/B/1", "Y/B/2", "Y/B/3", "Y/B/4"},
        {"S1/D/1", "S1/D/2", "S1/D/3", "S1/D/4", "S1/D/5", "S1/D/6", "S1/D/7", "S2/D/1", "S2/D/2",
         "S2/D/3", "S2/D/4", "S2/D/5", "S2/D/6", "S2/D/7"},
    };
    bool periods = g->opts.calendar == US_CALENDAR_PERIODS7;
    int slots = periods ? 7 : 4;
    g->n_cells = 2 * slots;
    g->n_days = 2;
    g->n_terms = g->opts.calendar == US_CALENDAR_AB ? 1 : 2;
    for (int i = 0; i < g->n_cells; i++) {
        g->cells[i] = ids[g->opts.calendar][i];
        g->cell_slot[i] = i % slots + 1;
        g->day_cells[i / slots] |= UINT64_C(1) << i;
        g->term_cells[g->n_terms == 1 ? 0 : i / slots] |= UINT64_C(1) << i;
    }
    g->max_load = periods ? 5 : g->n_terms == 1 ? 6 : 3;
    g->day_load = periods ? 5 : 3;
    g->lunch_slot = periods ? 4 : 3;
    g->minutes = periods ? 50 : 85;
    if (periods)
        patterns_of_periods(g);
    else
        patterns_of_blocks(g);
}

/* Common planning: one block of each day, staggered over the teams so that not all ask for electives at once. The team teaches in the other
 * six, ordered so that neighbours are of different days: a student's four core classes are then spread over both. */
static void plan_team(struct us_gen *g, struct us_gen_team *t, int number)
{
    if (g->opts.calendar == US_CALENDAR_PERIODS7) {
        int planning = number * 3 % 7;
        t->planning = g->patterns[planning].cells;
        for (int i = 1; i < 7; i++)
            t->blocks[t->n_blocks++] = (planning + i) % 7;
        return;
    }
    int first = number % 4;
    int second = (number + number / 4 + 2) % 4;
    t->planning = g->patterns[first].cells | g->patterns[4 + second].cells;
    for (int i = 1; i < 4; i++) {
        t->blocks[t->n_blocks++] = (first + i) % 4;
        t->blocks[t->n_blocks++] = 4 + (second + i) % 4;
    }
}

static double clamp(double x, double min, double max)
{
    return x < min ? min : x > max ? max : x;
}

static void make_student(struct us_gen *g, struct us_gen_student *s, const struct us_gen_team *t)
{
    static const unsigned profiles[] = {US_GEN_P_ARTS, US_GEN_P_STEM, US_GEN_P_CTE, US_GEN_P_SPORT,
                                        US_GEN_P_WORDS};
    static const enum us_gen_subject languages[] = {US_GEN_SPANISH, US_GEN_SPANISH, US_GEN_SPANISH,
                                                    US_GEN_FRENCH,  US_GEN_FRENCH,  US_GEN_LATIN,
                                                    US_GEN_CHINESE};
    s->slc = t->slc;
    s->grade = t->grade;
    s->team = (int)(t - g->teams);
    s->ability = clamp(us_gen_normal(g), -2, 2);
    s->profiles = profiles[us_gen_below(g, 5)];
    s->profiles |= profiles[us_gen_below(g, 5)]; /* may be the same */
    s->niche = us_gen_below(g, g->n_niches);
    /* needs are not spread evenly: less ability, more of them */
    if (us_gen_unit(g) < clamp(0.12 - 0.07 * s->ability, 0.01, 0.4))
        s->flags |= US_FLAG_IEP;
    if (us_gen_unit(g) < clamp(0.10 - 0.04 * s->ability, 0.02, 0.3))
        s->flags |= US_FLAG_ELL;
    if (us_gen_unit(g) < clamp(0.50 - 0.12 * s->ability + 0.06 * (s->slc % 3 - 1), 0.1, 0.9))
        s->flags |= US_FLAG_NEED;
    s->support = (s->flags & (US_FLAG_IEP | US_FLAG_ELL)) && us_gen_unit(g) < 0.5;
    int level = s->grade - 8 - (us_gen_unit(g) < 0.4);
    if (level >= 1 && us_gen_unit(g) < (s->grade <= 10 ? 0.75 : 0.4)) {
        s->language = (int)languages[us_gen_below(g, 7)];
        s->language_level = level > 4 ? 4 : level;
    }
    s->ensemble = US_GEN_NONE;
    s->advisor = US_GEN_NONE;
    s->advisor_before = US_GEN_NONE;
    s->free_cells = (UINT64_C(1) << g->n_cells) - 1;
}

static void make_team(struct us_gen *g, int slc, int grade, int n)
{
    if (g->n_teams >= g->room_teams) {
        g->full = true;
        return;
    }
    struct us_gen_team *t = &g->teams[g->n_teams];
    *t = (struct us_gen_team){.slc = slc, .grade = grade, .n_students = n};
    t->k = (n + SECTION_STUDENTS - 1) / SECTION_STUDENTS;
    plan_team(g, t, g->n_teams++);
    for (int i = 0; i < n; i++)
        make_student(g, &g->students[g->n_students++], t);
    for (int subject = 0; subject < US_GEN_CORE_SUBJECTS; subject++) {
        t->teachers[subject] = us_gen_teacher_add(g, slc, UINT32_C(1) << subject, US_GENERAL);
        if (t->teachers[subject] < 0)
            return;
        g->teachers[t->teachers[subject]].team = (int)(t - g->teams);
        g->teachers[t->teachers[subject]].blocked = t->planning;
    }
}

/* Fewer students in the higher grades; as many teams of a grade as keep each at its most. */
void us_gen_teams_and_students(struct us_gen *g)
{
    static const int percent_below[] = {0, 29, 55, 79, 100};
    int most = SECTION_STUDENTS * (g->opts.calendar == US_CALENDAR_PERIODS7 ? 5 : 6);
    for (int slc = 0; slc < g->n_slcs; slc++) {
        int from = (int)((int64_t)g->opts.students * slc / g->n_slcs);
        int n = (int)((int64_t)g->opts.students * (slc + 1) / g->n_slcs) - from;
        g->slc_students[slc] = n;
        for (int grade = 9; grade <= 12; grade++) {
            int here = n * percent_below[grade - 8] / 100 - n * percent_below[grade - 9] / 100;
            int teams = (here + most - 1) / most;
            for (int i = 0; i < teams; i++)
                make_team(g, slc, grade, here * (i + 1) / teams - here * i / teams);
        }
    }
}
