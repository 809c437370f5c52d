/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_generate.h"

#include <string.h>

#include "scheduling/us_generate_internal.h"

double us_gen_unit(struct us_gen *g)
{
    return random_unit(&g->random);
}

int us_gen_below(struct us_gen *g, int n)
{
    return random_below(&g->random, n);
}

/* A sum of twelve uniforms: no libm, so the same everywhere. */
double us_gen_normal(struct us_gen *g)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += us_gen_unit(g);
    return sum;
}

void us_gen_shuffle(struct us_gen *g, int *items, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int k = us_gen_below(g, i + 1);
        int item = items[i];
        items[i] = items[k];
        items[k] = item;
    }
}

kith_err us_calendar_parse(const char *word, enum us_calendar *ret)
{
    static const char *const words[] = {"4x4", "ab", "periods7"};
    for (size_t i = 0; i < KITH_LEN(words); i++) {
        if (strcmp(word, words[i]) == 0) {
            *ret = (enum us_calendar)i;
            return KITH_OK;
        }
    }
    return KITH_EINVAL;
}

static kith_err check_opts(const struct us_generate_opts *o, struct kith_why *why)
{
    if (o->students < US_STUDENTS_MIN || o->students > US_STUDENTS_MAX)
        kith_why_set(why, "students must be %d to %d, not %d", US_STUDENTS_MIN, US_STUDENTS_MAX,
                     o->students);
    else if (o->communities < 1 || o->students / o->communities < 80)
        kith_why_set(why, "communities must be 1 to %d, so that each has at least 80 students",
                     o->students / 80);
    else if ((unsigned)o->calendar > US_CALENDAR_PERIODS7)
        kith_why_set(why, "the calendar must be 4x4, ab or periods7");
    else
        return KITH_OK;
    return KITH_EINVAL;
}

static bool make_room(struct us_gen *g)
{
    int n = g->opts.students;
    g->room_teams = g->n_slcs * 8 + n / 50;
    g->room_courses = 512;
    g->room_sections = n + 1000;
    g->room_teachers = n / 4 + 500;
    g->room_rooms = n / 4 + 500;
    struct us_arena *a = &g->arena;
    g->teams = us_arena_get(a, (size_t)g->room_teams, sizeof(*g->teams));
    g->courses = us_arena_get(a, (size_t)g->room_courses, sizeof(*g->courses));
    g->sections = us_arena_get(a, (size_t)g->room_sections, sizeof(*g->sections));
    g->students = us_arena_get(a, (size_t)n, sizeof(*g->students));
    g->teachers = us_arena_get(a, (size_t)g->room_teachers, sizeof(*g->teachers));
    g->rooms = us_arena_get(a, (size_t)g->room_rooms, sizeof(*g->rooms));
    g->slc_students = us_arena_get(a, (size_t)g->n_slcs, sizeof(*g->slc_students));
    g->order = us_arena_get(a, (size_t)n, sizeof(*g->order));
    return g->teams && g->courses && g->sections && g->students && g->teachers && g->rooms &&
           g->slc_students && g->order;
}

static kith_err make_school(struct us_gen *g, const char *dir, struct kith_why *why)
{
    if (!make_room(g)) {
        kith_why_set(why, "out of memory for a school of %d students", g->opts.students);
        return KITH_ENOMEM;
    }
    us_gen_calendar(g);
    us_gen_catalog(g);
    us_gen_teams_and_students(g);
    us_gen_core(g);
    us_gen_shared(g);
    us_gen_staff(g);
    us_gen_care(g);
    if (g->full) {
        kith_why_set(why, "the school of %d students needs more than the room set aside for it",
                     g->opts.students);
        return KITH_EINTERNAL;
    }
    return us_gen_write(g, dir, why);
}

kith_err us_generate(const struct us_generate_opts *opts, const char *dir, struct kith_why *why)
{
    kith_err err = check_opts(opts, why);
    if (err != KITH_OK)
        return err;
    kith_auto_mem struct us_gen *g = calloc(1, sizeof(*g));
    if (!g)
        return KITH_ENOMEM;
    g->opts = *opts;
    g->n_slcs = opts->communities;
    random_seed(&g->random, opts->seed * 3 + opts->calendar); /* other calendar, other school */
    err = make_school(g, dir, why);
    us_arena_done(&g->arena);
    return err;
}
