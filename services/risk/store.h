/* SPDX-License-Identifier: Apache-2.0 */
/* Risk's tables (deploy/sql/0003_risk_tables.sql): reading a district into a world, and the steps that write what a world learnt.
 * The only file of this service with SQL. Steps are added to a job; whoever runs it decides what belongs together. */
#ifndef RISK_STORE_H
#define RISK_STORE_H

#include "kith/db.h"
#include "kith/id.h"
#include "risk/world.h"

extern const struct kith_stmt risk_statements[];
/* For the command, under the console's role. */
extern const struct kith_stmt risk_console_statements[];

/* ---- districts and the date ---- */
struct risk_district_row {
    int32_t district;
    const char *zone;       /* borrowed */
    const char *precedence; /* risk_precedence_parse; borrowed */
    int32_t as_of;          /* RISK_NO_DATE = never judged */
    int64_t rules;          /* risk_params_digest of that time */
    bool sweeping;
    int64_t swept_to; /* last student judged; when sweeping */
    int64_t pos;      /* in ingest's log, up to which it is read */
};
typedef void (*risk_district_fn)(void *ctx, const struct risk_district_row *row);

/* One question and where its rows go; must live until the job is done. */
struct risk_district_query {
    risk_district_fn fn;
    void *ctx;
};
/* Every district that ingest has told of; or one (0 = all). */
void risk_store_districts(struct kith_job *job, int32_t district, struct risk_district_query *q);

/* The local date of an instant and the instants between which it lasts. Without rows (found stays false) the district is unknown. A time
 * zone that PostgreSQL does not know fails the job with KITH_EINVAL. */
struct risk_today {
    bool found;
    int32_t date;
    int64_t from_us;
    int64_t until_us; /* exclusive */
};
void risk_store_today(struct kith_job *job, int32_t district, int64_t now_us,
                      struct risk_today *ret);

/* First in every job that writes: the log is ours at this epoch and stays so until the job has ended, else KITH_EFENCED. Appends say
 * the same, but not every job has one, and a world that another daemon's writes passed by must write nothing. */
void risk_store_fence(struct kith_job *job, int32_t district, int64_t epoch);

/* A new day (or new thresholds): from now on judged by `as_of`, nobody swept yet. Guarded by the date that was there (RISK_NO_DATE = none):
 * KITH_ECHANGED. */
void risk_store_sweep_begin(struct kith_job *job, int32_t district, int32_t as_of, int64_t rules,
                            int32_t before);
/* Judged up to `to`; or the end of it. Guarded by the date: KITH_ECHANGED. */
void risk_store_sweep_to(struct kith_job *job, int32_t district, int32_t as_of, int64_t to,
                         bool more);

/* ---- reading a district ---- */
/* Page by page, so that memory is bounded: add the step, run the job, repeat until done. */
struct risk_reading {
    struct risk_world *world; /* borrowed */
    int32_t district;
    kith_err err; /* of the world; KITH_OK so far */
    bool done;
    int part;
    struct {
        int64_t a, b, c;
        int32_t date, e;
        struct kith_id id;
    } after; /* key of the last row */
};
void risk_reading_start(struct risk_reading *r, struct risk_world *world, int32_t district);
void risk_store_read(struct kith_job *job, struct risk_reading *r);

/* ---- writing ---- */
/* Settled changes: no step for what is empty. */
void risk_store_changes(struct kith_job *job, int32_t district, const struct risk_changes *c);
/* Flags as they turned. */
void risk_store_flags(struct kith_job *job, int32_t district, int64_t at_us,
                      const struct risk_flag_turns *turns);

struct risk_contact {
    uint8_t call_id[16]; /* chosen by the client: the same again is the same contact */
    int64_t student_id;
    int32_t date;
    const char *kind;
    const char *by;
    const char *note; /* NULL = none */
};
/* Guarded: KITH_EEXIST when this call was written before. */
void risk_store_contact(struct kith_job *job, int32_t district, int64_t at_us,
                        const struct risk_contact *contact);

/* ---- for the command (console role, scope set by the caller) ---- */
struct risk_flag_row {
    int32_t district;
    struct risk_flag flag;
    int64_t opened_us;
};
typedef void (*risk_flag_fn)(void *ctx, const struct risk_flag_row *row);
struct risk_flag_query {
    risk_flag_fn fn;
    void *ctx;
};
void risk_store_list_flags(struct kith_job *job, int32_t district, bool all,
                           struct risk_flag_query *q);
/* The districts that were judged; fn gets the number and the date. */
void risk_store_list_districts(struct kith_job *job, struct risk_district_query *q);

/* The id of a flag, made of district, student, school, rule and episode. */
struct kith_id risk_flag_id(int32_t district, const struct risk_flag *flag);

#endif
