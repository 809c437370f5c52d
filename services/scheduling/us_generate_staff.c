/* SPDX-License-Identifier: Apache-2.0 */
/* Who teaches what the teams do not, and where everything meets. Teachers and rooms are hired and built when no one is free: so there are
 * enough, and not many more. */
#include "scheduling/us_generate_internal.h"

#include <string.h>

#include "scheduling/us_data.h"

#define PREPS 3

int us_gen_teacher_add(struct us_gen *g, int slc, uint32_t certs, unsigned roles)
{
    if (g->n_teachers >= g->room_teachers) {
        g->full = true;
        return US_GEN_NONE;
    }
    g->teachers[g->n_teachers] =
        (struct us_gen_teacher){.slc = slc, .team = US_GEN_NONE, .certs = certs, .roles = roles};
    return g->n_teachers++;
}

static uint64_t cells_of(const struct us_gen *g, int section)
{
    return g->patterns[g->sections[section].pattern].cells;
}

static bool is_free(const struct us_gen *g, const struct us_gen_teacher *t, uint64_t cells)
{
    if ((t->busy | t->blocked) & cells)
        return false;
    for (int term = 0; term < g->n_terms; term++)
        if ((g->term_cells[term] & cells) && t->loads[term] >= g->max_load)
            return false;
    for (int day = 0; day < g->n_days; day++)
        if (__builtin_popcountll((t->busy | cells) & g->day_cells[day]) > g->day_load &&
            (cells & g->day_cells[day]))
            return false;
    return true;
}

static void teach(struct us_gen *g, int teacher, uint64_t cells)
{
    struct us_gen_teacher *t = &g->teachers[teacher];
    t->busy |= cells;
    t->n_sections++;
    for (int term = 0; term < g->n_terms; term++)
        t->loads[term] += (g->term_cells[term] & cells) != 0;
}

/* Different courses that a teacher has in the terms of `cells` (in the fuller one), and is `course` one of them? */
static int preps_of(const struct us_gen *g, int teacher, int course, uint64_t cells, bool *has)
{
    int most = 0;
    *has = false;
    for (int term = 0; term < g->n_terms; term++) {
        bool seen[512] = {false};
        int n = 0;
        uint64_t mask = g->term_cells[term];
        for (int i = 0; (mask & cells) && i < g->n_sections; i++) {
            const struct us_gen_section *x = &g->sections[i];
            if (x->teacher != teacher || x->dropped || (cells_of(g, i) & mask) == 0)
                continue;
            n += !seen[x->course];
            seen[x->course] = true;
        }
        *has = *has || seen[course];
        most = n > most ? n : most;
    }
    return most;
}

/* A subject's hall: what its teachers are also certified for. */
static enum us_gen_subject hall_of(enum us_gen_subject subject)
{
    static const enum us_gen_subject halls[] = {
        US_GEN_THEATRE, US_GEN_CS,      US_GEN_HEALTH,  US_GEN_BUSINESS, US_GEN_HEALTH,
        US_GEN_PE,      US_GEN_FRENCH,  US_GEN_SPANISH, US_GEN_SPANISH,  US_GEN_FRENCH,
        US_GEN_CS,      US_GEN_THEATRE, US_GEN_ENGLISH, US_GEN_MATH,     US_GEN_SOCIAL,
        US_GEN_CARE,    US_GEN_SHOP,    US_GEN_SUPPORT};
    return halls[subject];
}

static bool may_learn(const struct us_gen_teacher *t, enum us_gen_subject subject)
{
    if (__builtin_popcount(t->certs) != 1)
        return false;
    enum us_gen_subject own = (enum us_gen_subject)__builtin_ctz(t->certs);
    return hall_of(own) == subject || hall_of(subject) == own;
}

/* The busiest teacher of the subject who has not too many courses already; with `learn`, one of another subject of its hall. */
static int find_teacher(const struct us_gen *g, int course, uint64_t cells, bool learn)
{
    enum us_gen_subject subject = g->courses[course].subject;
    int best = US_GEN_NONE;
    int best_score = 0;
    for (int i = 0; i < g->n_teachers; i++) {
        const struct us_gen_teacher *t = &g->teachers[i];
        bool able = learn ? may_learn(t, subject) : (t->certs >> subject & 1) != 0;
        if (!able || (t->roles & US_GENERAL) == 0 || !is_free(g, t, cells))
            continue;
        bool has;
        int preps = preps_of(g, i, course, cells, &has);
        if (!has && preps >= PREPS)
            continue;
        int score = 17 + t->n_sections + (has ? 8 : 0) - 2 * preps;
        if (score > best_score) {
            best_score = score;
            best = i;
        }
    }
    return best;
}

static void staff_shared(struct us_gen *g, int section)
{
    struct us_gen_section *x = &g->sections[section];
    enum us_gen_subject subject = g->courses[x->course].subject;
    uint64_t cells = cells_of(g, section);
    int best = find_teacher(g, x->course, cells, false);
    if (best < 0) {
        best = find_teacher(g, x->course, cells, true);
        if (best >= 0)
            g->teachers[best].certs |= UINT32_C(1) << subject;
    }
    if (best < 0)
        best = us_gen_teacher_add(g, US_GEN_NONE, UINT32_C(1) << subject,
                                  subject == US_GEN_SUPPORT ? US_GENERAL | US_SPED : US_GENERAL);
    if (best < 0)
        return;
    x->teacher = best;
    teach(g, best, cells);
}

/* The second teacher is of the community, the busiest who is free. */
static void staff_second(struct us_gen *g, int section)
{
    struct us_gen_section *x = &g->sections[section];
    unsigned role = g->courses[x->course].coteach;
    int best = US_GEN_NONE;
    for (int i = 0; i < g->n_teachers; i++) {
        const struct us_gen_teacher *t = &g->teachers[i];
        if (t->slc == x->slc && (t->roles & role) && is_free(g, t, cells_of(g, section)) &&
            (best < 0 || t->n_sections > g->teachers[best].n_sections))
            best = i;
    }
    if (best < 0)
        best = us_gen_teacher_add(g, x->slc, UINT32_C(1) << US_GEN_SUPPORT, US_GENERAL | role);
    if (best < 0)
        return;
    x->second = best;
    teach(g, best, cells_of(g, section));
}

static int build_room(struct us_gen *g, enum us_gen_room_type type, int zone)
{
    static const int caps[] = {32, 32, 60, 30, 80, 30, 32};
    if (g->n_rooms >= g->room_rooms) {
        g->full = true;
        return US_GEN_NONE;
    }
    g->rooms[g->n_rooms] = (struct us_gen_room){.type = type, .zone = zone, .cap = caps[type]};
    return g->n_rooms++;
}

/* A community's section in its zone; a shared one anywhere, first where all share. */
static void house(struct us_gen *g, int section)
{
    struct us_gen_section *x = &g->sections[section];
    enum us_gen_room_type type = g->courses[x->course].room;
    uint64_t cells = cells_of(g, section);
    int zone = x->slc < 0 ? g->n_slcs : x->slc;
    int best = US_GEN_NONE;
    for (int i = 0; i < g->n_rooms; i++) {
        const struct us_gen_room *room = &g->rooms[i];
        if (room->type != type || (room->busy & cells) || room->cap < g->courses[x->course].max)
            continue;
        if (room->zone == zone) {
            best = i;
            break;
        }
        if (x->slc < 0 && best < 0)
            best = i;
    }
    if (best < 0)
        best = build_room(g, type, zone);
    if (best < 0)
        return;
    x->room = best;
    g->rooms[best].busy |= cells;
}

/* Long patterns first: they fit least. */
static int hardness(const struct us_gen *g, int section)
{
    return __builtin_popcountll(cells_of(g, section));
}

void us_gen_staff(struct us_gen *g)
{
    for (int i = 0; i < g->n_sections; i++) {
        if (g->sections[i].slc < 0)
            continue;
        teach(g, g->sections[i].teacher, cells_of(g, i));
        house(g, i);
    }
    for (int i = 0; i < g->n_sections; i++)
        if (g->sections[i].slc >= 0 && g->sections[i].coteach)
            staff_second(g, i);
    for (int size = 4; size > 0; size--) {
        for (int c = g->first_shared; c < g->n_courses; c++) {
            for (int i = 0; i < g->n_sections; i++) {
                const struct us_gen_section *x = &g->sections[i];
                if (x->course != c || x->slc >= 0 || x->dropped || hardness(g, i) != size)
                    continue;
                staff_shared(g, i);
                house(g, i);
            }
        }
    }
}
