/* SPDX-License-Identifier: Apache-2.0 */
/* The school while it is made. Every array has a fixed room, asked for at the start, so that only us_generate() meets a lack of memory;
 * `full` says that a room did not suffice. */
#ifndef SCHEDULING_US_GENERATE_INTERNAL_H
#define SCHEDULING_US_GENERATE_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>

#include "scheduling/random.h"
#include "scheduling/us_generate.h"
#include "scheduling/us_ids.h"

#define US_GEN_CELLS         14
#define US_GEN_SEATS         24 /* of a student, at most */
#define US_GEN_SUBJECTS      20
#define US_GEN_NONE          (-1)
#define US_GEN_CORE_SUBJECTS 4

enum us_gen_subject {
    US_GEN_ENGLISH,
    US_GEN_MATH,
    US_GEN_SCIENCE,
    US_GEN_SOCIAL, /* the four of a team */
    US_GEN_PE,
    US_GEN_HEALTH,
    US_GEN_SPANISH,
    US_GEN_FRENCH,
    US_GEN_LATIN,
    US_GEN_CHINESE,
    US_GEN_ART,
    US_GEN_MUSIC,
    US_GEN_THEATRE,
    US_GEN_CS,
    US_GEN_BUSINESS,
    US_GEN_SHOP,
    US_GEN_CARE,
    US_GEN_SUPPORT
};
enum us_gen_room_type {
    US_GEN_GENERAL,
    US_GEN_LAB,
    US_GEN_GYM,
    US_GEN_STUDIO,
    US_GEN_MUSIC_ROOM,
    US_GEN_WORKSHOP,
    US_GEN_COMPUTER
};
enum us_gen_kind {
    US_GEN_SINGLE,
    US_GEN_DOUBLE,
    US_GEN_YEAR,
    US_GEN_HALF,
    US_GEN_KINDS
}; /* of patterns */
enum us_gen_profile {
    US_GEN_P_ARTS = 1,
    US_GEN_P_STEM = 2,
    US_GEN_P_CTE = 4,
    US_GEN_P_SPORT = 8,
    US_GEN_P_WORDS = 16
};
enum us_gen_flag {
    US_GEN_F_GRADUATION = 1,
    US_GEN_F_AP = 2,
    US_GEN_F_ENSEMBLE = 4,
    US_GEN_F_SUPPORT = 8
};

struct us_gen_pattern {
    char id[16];
    uint64_t cells;
    enum us_gen_kind kind;
};
struct us_gen_course {
    char id[16];
    enum us_gen_subject subject;
    enum us_gen_room_type room;
    enum us_gen_kind kind;
    const char *level; /* regular, honors, ap */
    uint32_t grades;
    bool owned; /* by communities: a core course of teams */
    unsigned profiles, flags;
    int language_level; /* 0 = no language */
    int niche;          /* US_GEN_NONE: for all */
    int min, ideal, max;
    double weight;
    unsigned coteach; /* 0, 2 sped, 4 ell: as us_role */
    int n_sections;
};
struct us_gen_section {
    int course, slc, team, pattern;
    bool coteach, dropped;
    int teacher, second, room, lunch;
    int n, need; /* students, those who need co-teaching */
};
struct us_gen_team {
    int slc, grade, n_students;
    int teachers[US_GEN_CORE_SUBJECTS];
    uint64_t planning;
    int n_blocks;
    int blocks[8]; /* patterns in which the team teaches */
    int k;         /* sections a subject */
};
struct us_gen_seat {
    int section;
    bool need;
};
struct us_gen_student {
    int grade, slc, team;
    unsigned flags; /* us_flag */
    double ability; /* about -2 to 2 */
    unsigned profiles;
    int niche;
    int language, language_level; /* subject, 0 = takes none */
    int ensemble;                 /* course, US_GEN_NONE */
    bool support;
    uint64_t free_cells;
    int n_seats;
    struct us_gen_seat seats[US_GEN_SEATS];
    int advisor, advisor_before;
};
struct us_gen_teacher {
    int slc, team;
    uint32_t certs; /* bit = subject */
    unsigned roles; /* us_role */
    uint64_t busy, blocked, avail;
    int loads[2]; /* by term */
    int n_sections;
    int advisees;
};
struct us_gen_room {
    enum us_gen_room_type type;
    int zone; /* a community; n_slcs = the part that all share */
    int cap;
    uint64_t busy;
};

struct us_gen {
    struct us_generate_opts opts;
    struct us_arena arena;
    struct random random;
    bool full;
    /* calendar */
    int n_cells, n_terms, n_days, n_patterns;
    const char *cells[US_GEN_CELLS];
    int cell_slot[US_GEN_CELLS];
    uint64_t term_cells[2], day_cells[2];
    int max_load, day_load, lunch_slot, minutes;
    struct us_gen_pattern patterns[48];
    /* counts and rooms */
    int n_slcs, n_teams, n_courses, n_sections, n_students, n_teachers, n_rooms;
    int room_teams, room_courses, room_sections, room_teachers, room_rooms;
    struct us_gen_team *teams;
    struct us_gen_course *courses;
    struct us_gen_section *sections;
    struct us_gen_student *students;
    struct us_gen_teacher *teachers;
    struct us_gen_room *rooms;
    int *slc_students;
    int *order;                                  /* of students, a scratch list */
    int core_course[2][US_GEN_CORE_SUBJECTS][4]; /* honors, subject, grade - 9 */
    int first_shared;                            /* the first course that all share */
    int lunch_waves, lunch_seats;
    int n_niches; /* circles of students who want the same few small courses */
};

double us_gen_unit(struct us_gen *g);      /* 0 <= x < 1 */
int us_gen_below(struct us_gen *g, int n); /* 0 <= i < n */
double us_gen_normal(struct us_gen *g);    /* about normal, variance 1 */
void us_gen_shuffle(struct us_gen *g, int *items, int n);

/* generate_school.c */
void us_gen_calendar(struct us_gen *g);
void us_gen_teams_and_students(struct us_gen *g);
int us_gen_patterns_of(const struct us_gen *g, enum us_gen_kind kind,
                       int *ret); /* ret: room for 48 */
/* generate_catalog.c */
void us_gen_catalog(struct us_gen *g);
double us_gen_interest(const struct us_gen *g, const struct us_gen_student *s, int course);
/* generate_core.c */
void us_gen_core(struct us_gen *g);
int us_gen_section_add(struct us_gen *g, int course, int pattern); /* US_GEN_NONE: no room */
void us_gen_seat_add(struct us_gen *g, struct us_gen_student *s, int section, bool need);
void us_gen_seat_drop(struct us_gen *g, struct us_gen_student *s, int seat);
/* generate_shared.c */
void us_gen_shared(struct us_gen *g);
/* generate_staff.c */
void us_gen_staff(struct us_gen *g);
int us_gen_teacher_add(struct us_gen *g, int slc, uint32_t certs, unsigned roles);
/* generate_care.c: lunch, advisory, part time */
void us_gen_care(struct us_gen *g);
/* generate_write.c, generate_planted.c */
KITH_MUST_CHECK kith_err us_gen_write(struct us_gen *g, const char *dir, struct kith_why *why);
KITH_MUST_CHECK kith_err us_gen_write_requests(struct us_gen *g, FILE *requests, FILE *roster,
                                               FILE *unmet);

const char *us_gen_subject_name(enum us_gen_subject subject);
static inline bool us_gen_has_course(const struct us_gen *g, const struct us_gen_student *s,
                                     int course)
{
    for (int i = 0; i < s->n_seats; i++)
        if (g->sections[s->seats[i].section].course == course)
            return true;
    return false;
}

#endif
