/* SPDX-License-Identifier: Apache-2.0 */
/* Communities for the teachers whom all share, advisors, lunch waves, part time. */
#include "scheduling/us_generate_internal.h"

#include <string.h>

#include "scheduling/us_data.h"

#define ADVISEES 17 /* between 12 and 20 whatever the community's size from 80 on */
#define WAVES    3

static int teachers_of(const struct us_gen *g, int slc)
{
    int n = 0;
    for (int i = 0; i < g->n_teachers; i++)
        n += g->teachers[i].slc == slc;
    return n;
}

/* Each goes to the community that has most students for a teacher. */
static void join_communities(struct us_gen *g)
{
    for (int i = 0; i < g->n_teachers; i++) {
        if (g->teachers[i].slc >= 0)
            continue;
        int best = 0;
        for (int slc = 1; slc < g->n_slcs; slc++)
            if ((int64_t)g->slc_students[slc] * (teachers_of(g, best) + 1) >
                (int64_t)g->slc_students[best] * (teachers_of(g, slc) + 1))
                best = slc;
        g->teachers[i].slc = best;
    }
}

static int advisors_of(const struct us_gen *g, int slc)
{
    return (g->slc_students[slc] + ADVISEES - 1) / ADVISEES;
}

/* A community's students in the order of teams, cut into equal groups. */
static void advise(struct us_gen *g, int slc)
{
    int wanted = advisors_of(g, slc);
    while (teachers_of(g, slc) < wanted)
        if (us_gen_teacher_add(g, slc, UINT32_C(1) << US_GEN_HEALTH, US_GENERAL) < 0)
            return;
    int number = 0;
    int done = 0;
    int teacher = US_GEN_NONE;
    for (int i = 0; i < g->n_students; i++) {
        struct us_gen_student *s = &g->students[i];
        if (s->slc != slc)
            continue;
        if (done == (int)((int64_t)g->slc_students[slc] * number / wanted)) {
            number++;
            do
                teacher++;
            while (g->teachers[teacher].slc != slc);
        }
        done++;
        s->advisor = teacher;
        g->teachers[teacher].advisees++;
    }
}

/* Most keep the advisor of last year; the ninth grade had none. */
static void remember(struct us_gen *g)
{
    for (int i = 0; i < g->n_students; i++) {
        struct us_gen_student *s = &g->students[i];
        if (s->grade == 9)
            continue;
        s->advisor_before = s->advisor;
        int other = us_gen_below(g, g->n_teachers);
        if (us_gen_unit(g) < 0.12 && g->teachers[other].slc == s->slc)
            s->advisor_before = other;
    }
}

static uint64_t lunch_cells(const struct us_gen *g)
{
    uint64_t cells = 0;
    for (int i = 0; i < g->n_cells; i++)
        if (g->cell_slot[i] == g->lunch_slot)
            cells |= UINT64_C(1) << i;
    return cells;
}

/* Students in each wave's cells so far. */
struct waves {
    int students[WAVES][US_GEN_CELLS];
    int most;
};

/* To the wave that is emptiest in its fullest cell. */
static void feed(const struct us_gen *g, struct waves *w, struct us_gen_section *x, uint64_t cells)
{
    int best = 0;
    int best_load = INT_MAX;
    for (int wave = 0; wave < WAVES; wave++) {
        int load = 0;
        for (int cell = 0; cell < g->n_cells; cell++)
            if ((cells >> cell & 1) && w->students[wave][cell] > load)
                load = w->students[wave][cell];
        if (load < best_load) {
            best_load = load;
            best = wave;
        }
    }
    x->lunch = best + 1;
    for (int cell = 0; cell < g->n_cells; cell++)
        if (cells >> cell & 1)
            w->students[best][cell] += x->n;
    w->most = best_load + x->n > w->most ? best_load + x->n : w->most;
}

/* The largest section first. */
static void feed_all(struct us_gen *g)
{
    struct waves w = {0};
    for (int size = 100; size >= 0; size--) {
        for (int i = 0; i < g->n_sections; i++) {
            struct us_gen_section *x = &g->sections[i];
            uint64_t cells = g->patterns[x->pattern].cells & lunch_cells(g);
            if (!x->dropped && cells != 0 && x->n == size)
                feed(g, &w, x, cells);
        }
    }
    int even = g->n_students * 107 / 100 / WAVES + 1;
    g->lunch_waves = WAVES;
    g->lunch_seats = w.most > even ? w.most : even;
}

/* Those who teach little in one half of the day are there in that half only. */
static void part_time(struct us_gen *g)
{
    uint64_t morning = 0;
    for (int i = 0; i < g->n_cells; i++)
        if (g->cell_slot[i] <= g->n_cells / 4)
            morning |= UINT64_C(1) << i;
    uint64_t all = (UINT64_C(1) << g->n_cells) - 1;
    for (int i = 0; i < g->n_teachers; i++) {
        struct us_gen_teacher *t = &g->teachers[i];
        t->avail = all;
        if (t->team >= 0 || t->n_sections == 0 || us_gen_unit(g) >= 0.5)
            continue;
        if ((t->busy & ~morning) == 0)
            t->avail = morning;
        else if ((t->busy & morning) == 0)
            t->avail = all & ~morning;
    }
}

void us_gen_care(struct us_gen *g)
{
    join_communities(g);
    for (int slc = 0; slc < g->n_slcs; slc++)
        advise(g, slc);
    remember(g);
    feed_all(g);
    part_time(g);
}
