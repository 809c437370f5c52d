/* SPDX-License-Identifier: Apache-2.0 */
/* Who is the adult of a student: the advisor today (of the lowest cohort that has one with an address), else the principal of the school
 * today, else the district's default adult. Never nobody.
 *
 * Pure domain code: no I/O, no clock, no log; today is passed in. */
#ifndef NOTIFICATION_ROUTE_H
#define NOTIFICATION_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The role that is asked after the advisor, as ingest names it. */
#define NOTIF_ROLE_PRINCIPAL "principal"

/* Somebody of the staff of an advisory cohort of the student, from begin_date to end_date (the last day on which both are members; 0 = open).
 * `address` "" or one that mail cannot be sent to: not a candidate. Strings are borrowed. */
struct notif_adviser {
    int64_t student_id;
    int64_t cohort_id;
    int64_t staff_id;
    int32_t begin_date;
    int32_t end_date;
    const char *address;
};
/* Somebody who heads a school from begin_date to end_date (the last day; 0 = open). */
struct notif_principal {
    int64_t school_id;
    int64_t staff_id;
    int32_t begin_date;
    int32_t end_date;
    const char *address;
};
/* Where a student is enrolled; asked only for flags that name no school. */
struct notif_place {
    int64_t student_id;
    int64_t school_id;
    int32_t begin_date;
    int32_t end_date;
};

/* What is known about the students and schools of some flags, in any order. */
struct notif_people {
    const struct notif_adviser *advisers;
    size_t n_advisers;
    const struct notif_principal *principals;
    size_t n_principals;
    const struct notif_place *places;
    size_t n_places;
    int32_t today; /* of the district, days since 1970-01-01 */
    const char *
        default_address; /* "" = none: the alert is still the default adult's, but no mail can go out */
};

struct notif_route {
    int64_t staff_id;    /* 0 = the district's default adult */
    const char *address; /* borrowed from notif_people; "" only when even the default is missing */
    const char *reason;  /* "advisor", "principal", "district default"; static */
};

/* The static string that equals `reason`; of something else "district default". */
const char *notif_reason(const char *reason);

/* The adult for one student at one school (school_id 0: the lowest school where the student is enrolled today). Among equals the lowest
 * staff_id. Cost: one pass over the lists. */
struct notif_route notif_route(const struct notif_people *people, int64_t student_id,
                               int64_t school_id);

/* The district's default adult. */
struct notif_route notif_route_default(const struct notif_people *people);

/* May mail be sent to this address, and can it stand in a header and in an SMTP command unquoted? ASCII dot-atom @ domain of LDH labels,
 * lengths of RFC 5321 4.5.3.1. Refuses everything that could end a line or a bracket. */
bool notif_address_ok(const char *address);

#endif
