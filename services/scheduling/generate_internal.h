/* SPDX-License-Identifier: Apache-2.0 */
/* The school while it is made. Every array has a fixed room, asked for at the start, so that only us_generate() meets a lack of memory;
 * `full` says that a room did not suffice. */
#ifndef SCHEDULING_GENERATE_INTERNAL_H
#define SCHEDULING_GENERATE_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>

#include "scheduling/generate.h"
#include "scheduling/ids.h"

#define GEN_CELLS         14
#define GEN_SEATS         24 /* of a student, at most */
#define GEN_SUBJECTS      20
#define GEN_NONE          (-1)
#define GEN_CORE_SUBJECTS 4

enum gen_subject {
    GEN_ENGLISH,
    GEN_MATH,
    GEN_SCIENCE,
    GEN_SOCIAL, /* the four of a team */
    GEN_PE,
    GEN_HEALTH,
    GEN_SPANISH,
    GEN_FRENCH,
    GEN_LATIN,
    GEN_CHINESE,
    GEN_ART,
    GEN_MUSIC,
    GEN_THEATRE,
    GEN_CS,
    GEN_BUSINESS,
    GEN_SHOP,
    GEN_CARE,
    GEN_SUPPORT
};
enum gen_room_type {
    GEN_GENERAL,
    GEN_LAB,
    GEN_GYM,
    GEN_STUDIO,
    GEN_MUSIC_ROOM,
    GEN_WORKSHOP,
    GEN_COMPUTER
};
enum gen_kind { GEN_SINGLE, GEN_DOUBLE, GEN_YEAR, GEN_HALF, GEN_KINDS }; /* of patterns */
enum gen_profile {
    GEN_P_ARTS = 1,
    GEN_P_STEM = 2,
    GEN_P_CTE = 4,
    GEN_P_SPORT = 8,
    GEN_P_WORDS = 16
};
enum gen_flag { GEN_F_GRADUATION = 1, GEN_F_AP = 2, GEN_F_ENSEMBLE = 4, GEN_F_SUPPORT = 8 };

struct gen_pattern {
    char id[16];
    uint64_t cells;
    enum gen_kind kind;
};
struct gen_course {
    char id[16];
    enum gen_subject subject;
    enum gen_room_type room;
    enum gen_kind kind;
    const char *level; /* regular, honors, ap */
    uint32_t grades;
    bool owned; /* by communities: a core course of teams */
    unsigned profiles, flags;
    int language_level; /* 0 = no language */
    int min, ideal, max;
    double weight;
    unsigned coteach; /* 0, 2 sped, 4 ell: as us_role */
    int n_sections;
};
struct gen_section {
    int course, slc, team, pattern;
    bool coteach, dropped;
    int teacher, second, room, lunch;
    int n, need; /* students, those who need co-teaching */
};
struct gen_team {
    int slc, grade, n_students;
    int teachers[GEN_CORE_SUBJECTS];
    uint64_t planning;
    int n_blocks;
    int blocks[8]; /* patterns in which the team teaches */
    int k;         /* sections a subject */
};
struct gen_seat {
    int section;
    bool need;
};
struct gen_student {
    int grade, slc, team;
    unsigned flags; /* us_flag */
    double ability; /* about -2 to 2 */
    unsigned profiles;
    int language, language_level; /* subject, 0 = takes none */
    int ensemble;                 /* course, GEN_NONE */
    bool support;
    uint64_t free_cells;
    int n_seats;
    struct gen_seat seats[GEN_SEATS];
    int advisor, advisor_before;
};
struct gen_teacher {
    int slc, team;
    uint32_t certs; /* bit = subject */
    unsigned roles; /* us_role */
    uint64_t busy, blocked, avail;
    int loads[2]; /* by term */
    int n_sections;
    int advisees;
};
struct gen_room {
    enum gen_room_type type;
    int zone; /* a community; n_slcs = the part that all share */
    int cap;
    uint64_t busy;
};

struct gen {
    struct us_generate_opts opts;
    struct us_arena arena;
    uint64_t random[4];
    bool full;
    /* calendar */
    int n_cells, n_terms, n_days, n_patterns;
    const char *cells[GEN_CELLS];
    int cell_slot[GEN_CELLS];
    uint64_t term_cells[2], day_cells[2];
    int max_load, day_load, lunch_slot, minutes;
    struct gen_pattern patterns[48];
    /* counts and rooms */
    int n_slcs, n_teams, n_courses, n_sections, n_students, n_teachers, n_rooms;
    int room_teams, room_courses, room_sections, room_teachers, room_rooms;
    struct gen_team *teams;
    struct gen_course *courses;
    struct gen_section *sections;
    struct gen_student *students;
    struct gen_teacher *teachers;
    struct gen_room *rooms;
    int *slc_students;
    int *order;                               /* of students, a scratch list */
    int core_course[2][GEN_CORE_SUBJECTS][4]; /* honors, subject, grade - 9 */
    int first_shared;                         /* the first course that all share */
    int lunch_waves, lunch_seats;
};

/* xoshiro256** of Blackman and Vigna, seeded by splitmix64 (generate.c). */
uint64_t gen_random(struct gen *g);
double gen_unit(struct gen *g);      /* 0 <= x < 1 */
int gen_below(struct gen *g, int n); /* 0 <= i < n */
double gen_normal(struct gen *g);    /* about normal, variance 1 */
void gen_shuffle(struct gen *g, int *items, int n);

/* generate_school.c */
void gen_calendar(struct gen *g);
void gen_teams_and_students(struct gen *g);
int gen_patterns_of(const struct gen *g, enum gen_kind kind, int *ret); /* ret: room for 48 */
/* generate_catalog.c */
void gen_catalog(struct gen *g);
double gen_interest(const struct gen *g, const struct gen_student *s, int course);
/* generate_core.c */
void gen_core(struct gen *g);
int gen_section_add(struct gen *g, int course, int pattern); /* GEN_NONE: no room */
void gen_seat_add(struct gen *g, struct gen_student *s, int section, bool need);
void gen_seat_drop(struct gen *g, struct gen_student *s, int seat);
/* generate_shared.c */
void gen_shared(struct gen *g);
/* generate_staff.c */
void gen_staff(struct gen *g);
int gen_teacher_add(struct gen *g, int slc, uint32_t certs, unsigned roles);
/* generate_care.c: lunch, advisory, part time */
void gen_care(struct gen *g);
/* generate_write.c, generate_planted.c */
KITH_MUST_CHECK kith_err gen_write(struct gen *g, const char *dir, struct kith_why *why);
KITH_MUST_CHECK kith_err gen_write_requests(struct gen *g, FILE *requests, FILE *roster,
                                            FILE *unmet);

const char *gen_subject_name(enum gen_subject subject);
static inline bool gen_has_course(const struct gen *g, const struct gen_student *s, int course)
{
    for (int i = 0; i < s->n_seats; i++)
        if (g->sections[s->seats[i].section].course == course)
            return true;
    return false;
}

#endif
