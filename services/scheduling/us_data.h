/* SPDX-License-Identifier: Apache-2.0 */
/* What a school hands in to be scheduled, as plain structs with dense indices: everything that names another thing holds its index,
 * US_NONE where the file says nothing. README.md of this folder is the format. One us_data owns it all; it is read and not changed after. */
#ifndef SCHEDULING_US_DATA_H
#define SCHEDULING_US_DATA_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "kith/cleanup.h"
#include "kith/err.h"
#include "scheduling/us_csv.h"
#include "scheduling/us_ids.h"

#define US_NONE      (-1)
#define US_CELLS_MAX 64
#define US_GRADES    16 /* 0..15 */
#define US_NO_LIMIT  INT_MAX

enum us_role { US_GENERAL = 1, US_SPED = 2, US_ELL = 4 }; /* bits */
enum us_priority { US_CORE, US_GRADUATION, US_ELECTIVE };
enum us_owner { US_OWNER_SLC, US_OWNER_SHARED };
enum us_flag { US_FLAG_IEP = 1, US_FLAG_ELL = 2, US_FLAG_NEED = 4 }; /* bits */

struct us_list {
    int n;
    int *at;
};

/* Cells are sorted by term and day (in the order in which the file names them first) and then by slot: the cells of a day are
 * neighbours, and the cell after one is the consecutive slot if it has the same day. */
struct us_cell {
    const char *id; /* term/day/slot */
    int term;
    int day; /* a (term, day type) */
    int slot, minutes;
};
struct us_day {
    const char *id; /* term/day */
    int term;
    int first, n; /* its cells */
    uint64_t mask;
};
struct us_pattern {
    const char *id;
    uint64_t cells;
};
struct us_slc {
    const char *id;
    int zone;
    int min, max; /* 0, US_NO_LIMIT */
    bool autonomous;
};
struct us_team {
    const char *id;
    int slc, grade;
    struct us_list teachers;
};
struct us_teacher {
    const char *id;
    int slc, building;
    uint64_t certs; /* bit = subject; a subject that no course has is left out */
    unsigned roles; /* us_role; none named = US_GENERAL */
    int max_load;   /* US_NO_LIMIT */
    uint64_t avail; /* all cells when the file says nothing */
};
struct us_room {
    const char *id;
    int type, zone, building;
    int cap; /* US_NO_LIMIT */
};
struct us_course {
    const char *id;
    int subject, room_type; /* room_type US_NONE: any room */
    const char *level;
    uint32_t grades; /* bit = grade; all when the file says nothing */
    enum us_owner owner;
    bool core;
    int credit_milli;
    struct us_list patterns; /* allowed; all when the file says nothing */
    int min, ideal, max;
    unsigned coteach; /* us_role of the second teacher, 0 = it has no co-taught sections */
    int linked;       /* a course */
};
/* A section of the input: what is filled is a lock. */
struct us_section {
    const char *id;
    int course, slc;
    int coteach; /* 0, 1 or US_NONE */
    int pattern, room;
    struct us_list teachers;
};
struct us_student {
    const char *id;
    int grade, slc, team, advisor;
    unsigned flags; /* us_flag */
    struct us_list requests;
};
struct us_request {
    const char *id;
    int student, course;
    enum us_priority priority;
    struct us_list alternates;
    bool coteach;
    int locked; /* a section of the input */
};

struct us_rule {
    bool on, hard;
    int weight; /* a soft unit's cost */
};
struct us_pair {
    int a, b;
    struct us_rule rule;
};
struct us_purity {
    int floor; /* percent */
    struct us_rule rule;
};
struct us_rules {
    struct us_rule planning, coteach_share, zone, preps, travel, lunch, advisory, load_day;
    struct us_purity purity[US_GRADES];
    int coteach_percent;
    int preps_max;
    int lunch_slot, lunch_waves, lunch_seats;
    int advisory_min, advisory_max;
    int load_day_max;
    int n_apart, n_not_with;
    struct us_pair *apart;    /* students */
    struct us_pair *not_with; /* a student, b teacher */
};

struct us_data {
    struct us_arena arena;
    /* id -> index, and by index the names; n of each is the number of things */
    struct us_ids terms, day_ids, cell_ids, pattern_ids, slc_ids, team_ids, teacher_ids, room_ids;
    struct us_ids course_ids, section_ids, student_ids, request_ids;
    struct us_ids subjects, zones, buildings, room_types;
    int n_terms, n_days, n_cells, n_patterns, n_slcs, n_teams, n_teachers, n_rooms;
    int n_courses, n_sections, n_students, n_requests;
    uint64_t *term_cells; /* mask by term */
    uint64_t all_cells;
    struct us_day *days;
    struct us_cell *cells;
    struct us_pattern *patterns;
    struct us_slc *slcs;
    struct us_team *teams;
    struct us_teacher *teachers;
    struct us_room *rooms;
    struct us_course *courses;
    struct us_section *sections;
    struct us_student *students;
    struct us_request *requests;
    struct us_rules rules;
};

/* Reads the folder. slc, team, section and rule.csv may be missing. On failure `why` has the first sentence and how many more there are.
 * Errors: KITH_EDECODE the files say something wrong; KITH_ENOTFOUND a file is missing; KITH_EIO, KITH_ETOOBIG, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err us_data_read(const char *dir, struct us_data **ret, struct kith_why *why);
/* The same with up to US_PROBLEMS_LISTED sentences ("request.csv line 812: there is no course 'BIO9' (request r811 of student s104)"). */
KITH_MUST_CHECK kith_err us_data_read_listed(const char *dir, struct us_data **ret,
                                             struct us_problems *problems);
void us_data_free(struct us_data *d); /* NULL is fine */
KITH_DEFINE_AUTO(us_data)

#endif
