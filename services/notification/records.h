/* SPDX-License-Identifier: Apache-2.0 */
/* What the other daemons' logs tell us, as plain structs: the changes of ingest that routing needs, and the flags of risk.
 *
 * Pure domain code: no I/O, no clock, no log. Lists grow by kith_err functions and are freed by notif_changes_done() and
 * notif_flags_done(). Dates are days since 1970-01-01; 0 as an end means open. */
#ifndef NOTIFICATION_RECORDS_H
#define NOTIFICATION_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"
#include "kith/id.h"

#define NOTIF_ADDRESS_SIZE 255 /* 254 octets (RFC 5321 4.5.3.1.3 less the brackets) and NUL */
#define NOTIF_ZONE_SIZE    64
#define NOTIF_ROLE_SIZE    64
#define NOTIF_NAME_SIZE    128

/* First member of every change: its place in the log, and whether the thing is gone. */
struct notif_head {
    uint32_t seq;
    bool removed;
};

struct notif_district {
    char time_zone[NOTIF_ZONE_SIZE];
    char default_email[NOTIF_ADDRESS_SIZE]; /* "" = none */
};
struct notif_school {
    struct notif_head head;
    int64_t school_id;
    char name[NOTIF_NAME_SIZE];
};
struct notif_staff {
    struct notif_head head;
    int64_t staff_id;
    char email[NOTIF_ADDRESS_SIZE]; /* "" = none */
};
struct notif_role {
    struct notif_head head;
    int64_t staff_id;
    int64_t school_id;
    int32_t begin_date;
    int32_t end_date; /* last day; 0 = open */
    char role[NOTIF_ROLE_SIZE];
};
struct notif_enrollment {
    struct notif_head head;
    int64_t student_id;
    int64_t school_id;
    int32_t entry_date;
    int32_t exit_date; /* last day; 0 = open */
};
struct notif_cohort {
    struct notif_head head;
    int64_t cohort_id;
    bool advisory;
};
/* Exactly one of student_id and staff_id is set. */
struct notif_member {
    struct notif_head head;
    int64_t cohort_id;
    int64_t student_id;
    int64_t staff_id;
    int32_t begin_date;
    int32_t end_date; /* last day; 0 = open */
};

/* A school's attendance: alerts about it are held while it is late. */
struct notif_feed {
    struct notif_head head; /* never removed */
    int64_t school_id;
    bool late;
};

/* A growing array of one of the structs above; `size` is the size of one. */
struct notif_list {
    void *items;
    size_t n;
    size_t room;
    size_t size;
};

struct notif_changes {
    bool has_district;
    struct notif_district district; /* the newest */
    struct notif_list schools;      /* struct notif_school */
    struct notif_list staff;        /* struct notif_staff */
    struct notif_list roles;        /* struct notif_role */
    struct notif_list enrollments;  /* struct notif_enrollment */
    struct notif_list cohorts;      /* struct notif_cohort */
    struct notif_list members;      /* struct notif_member */
    struct notif_list feeds;        /* struct notif_feed */
    struct notif_list
        notices; /* struct notif_flag, in the order of the log: what a data manager is told */
    uint64_t skipped_unknown; /* records of a type we do not know */
    uint64_t skipped_bad;     /* elements or payloads that cannot be understood */
};

void notif_changes_init(struct notif_changes *c);
void notif_changes_done(struct notif_changes *c);
/* Keep only the newest change of each key (staff; school; student, school, entry date; ...), in the order of the keys, so that
 * one statement can apply them all. */
void notif_changes_compact(struct notif_changes *c);

/* Room for one more at the end, zeroed; NULL: no memory. */
void *notif_list_add(struct notif_list *list);
void notif_list_done(struct notif_list *list);

/* Rules beyond those of risk (RiskRule): what ingest says of the feeds. student_id is 0. */
#define NOTIF_RULE_FEED_LATE                                                                       \
    64 /* value: events on a usual day; threshold: the minute of the day when they are due */
#define NOTIF_RULE_IMPORT_QUARANTINED 65 /* value: the import's number */

enum notif_flag_kind { NOTIF_FLAG_RAISED, NOTIF_FLAG_UPDATED, NOTIF_FLAG_CLEARED };

struct notif_flag {
    enum notif_flag_kind kind;
    struct kith_id flag_id;
    int64_t student_id;
    int64_t school_id;
    int32_t rule; /* RiskRule of proto/kith/v1/records.proto */
    int32_t episode;
    int32_t since;
    int32_t value;
    int32_t threshold;
    int32_t urgency;   /* 1 routine, 2 soon, 3 urgent */
    int64_t cause_pos; /* ingest's log must have been read up to here before this is handled */
    int64_t pos;       /* in risk's log */
    int64_t at_us;     /* when risk wrote it */
};

struct notif_flags {
    struct notif_list list; /* struct notif_flag, in order */
    uint64_t skipped_unknown;
    uint64_t skipped_bad;
};

void notif_flags_init(struct notif_flags *f);
void notif_flags_done(struct notif_flags *f);

#endif
