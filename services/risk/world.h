/* SPDX-License-Identifier: Apache-2.0 */
/* What risk knows of one district, in memory: schools with their calendars, students with enrollments, daily marks, contacts and flags.
 * The database holds the same; this is its cached reading, so that a batch needs one transaction and no question before it. Whoever
 * changes it must write the same changes, in order, in one transaction at a time, and free it when that fails: then it is read again.
 *
 * The open flags are a function of the facts, the thresholds and the date alone; the order in which the facts came, and how they were
 * cut into batches, matters only for how many episodes there were on the way.
 * About 40 bytes a mark and 300 a student. Pure domain code: no I/O, no clock, no log; one thread at a time. */
#ifndef RISK_WORLD_H
#define RISK_WORLD_H

#include "risk/changes.h"
#include "risk/rules.h"

struct risk_world;

/* One flag: the latest episode of (student, school, rule). */
struct risk_flag {
    int64_t student_id;
    int64_t school_id;
    enum risk_rule rule;
    int32_t episode; /* 1, 2, ... */
    int32_t since;
    int32_t value;
    int32_t threshold;
    bool open;
};

enum risk_turn { RISK_RAISED, RISK_UPDATED, RISK_CLEARED, RISK_TURNS };

struct risk_flag_turn {
    enum risk_turn turn;
    struct risk_flag flag; /* of a cleared flag: as it was last */
};

struct risk_flag_turns {
    struct risk_flag_turn *turn;
    uint32_t n;
    uint32_t size;
};

/* `params` and `precedence` are copied. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_world_new(const struct risk_params *params,
                                        const struct risk_precedence *precedence,
                                        struct risk_world **ret);
void risk_world_free(struct risk_world *w); /* NULL is fine */
KITH_DEFINE_AUTO(risk_world)

/* The day on which we look: nothing later counts. RISK_NO_DATE at first: nothing counts. Judges nobody; the caller sweeps. */
void risk_world_set_as_of(struct risk_world *w, int32_t as_of);
int32_t risk_world_as_of(const struct risk_world *w);
/* Another way to make days of marks; copied. Judges nobody; the caller sweeps. */
void risk_world_set_precedence(struct risk_world *w, const struct risk_precedence *precedence);

/* Take in settled changes. Every student whose verdict they may move will be judged by the next risk_world_judge().
 * Errors: KITH_ENOMEM: half of it may be in. */
KITH_MUST_CHECK kith_err risk_world_apply(struct risk_world *w, const struct risk_changes *c);
/* An adult spoke with the student on that day. Dates after as_of wait. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_world_contact(struct risk_world *w, int64_t student_id, int32_t date);
/* Has anything ever been said about this student? */
bool risk_world_knows(const struct risk_world *w, int64_t student_id);

/* While reading from the database: flags as they stand (episodes ascending; the last stays), and, when all is read, the end: nobody is
 * waiting to be judged. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_world_load_flag(struct risk_world *w, const struct risk_flag *flag);
void risk_world_loaded(struct risk_world *w);

/* Judge every student who waits, in ascending order, and append what turned to `ret` (the caller frees ret->turn). The world holds the new flags.
 * Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err risk_world_judge(struct risk_world *w, struct risk_flag_turns *ret);
/* The same for up to `max` students with a greater number than `after`, waiting or not. *last = the last one judged, `after` when there
 * was none; *more = there are others after it. */
KITH_MUST_CHECK kith_err risk_world_sweep(struct risk_world *w, int64_t after, uint32_t max,
                                          struct risk_flag_turns *ret, int64_t *last, bool *more);

struct risk_tally {
    uint64_t students;
    uint64_t marks;                /* daily */
    uint64_t orphans;              /* daily marks outside every enrollment at their school */
    uint64_t judged;               /* students, since the world was made */
    uint64_t open[RISK_RULES + 1]; /* by rule */
};
struct risk_tally risk_world_tally(const struct risk_world *w);

#endif
