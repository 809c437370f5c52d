/* SPDX-License-Identifier: Apache-2.0 */
/* Attendance events: studentSchoolAttendanceEvents (for the day) and studentSectionAttendanceEvents (a section meeting), as typed values.
 * Natural key: student, school + session (daily) or section, date, category.
 * Pure domain code: no I/O, no clock, no log; any thread. */
#ifndef INGEST_EVENT_H
#define INGEST_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingest/problems.h"
#include "ingest/resource.h"
#include "kith/err.h"
#include "kith/id.h"

#define INGEST_CATEGORY_SIZE 307  /* namespace 255 + '#' + code 50 + NUL, in bytes */
#define INGEST_REASON_SIZE   1021 /* 255 characters of UTF-8 + NUL */
#define INGEST_TIME_NONE     (-1)

struct ingest_event {
    bool section;
    struct kith_id student;       /* of students */
    struct kith_id school;        /* of schools */
    struct kith_id session;       /* of sessions */
    struct kith_id place_section; /* of sections; zeroes when !section */
    int64_t school_id;            /* the SIS's */
    int32_t date;                 /* local school date, days since 1970-01-01 */
    int64_t arrival_us;           /* microseconds since local midnight; INGEST_TIME_NONE */
    int64_t departure_us;         /* same */
    char *reason;   /* heap; NULL = none: few have one, and a batch holds thousands of events */
    char *extra;    /* canonical JSON object of the remaining known fields; heap; NULL = none */
    int64_t digest; /* >= 0, of reason, times and extra */
    char category[INGEST_CATEGORY_SIZE];
};

/* Parse a POST body. On success `ret` goes to ingest_event_done(); on failure it is untouched. Errors as ingest_doc_parse. */
KITH_MUST_CHECK kith_err ingest_event_parse(const struct ingest_resource *r, const char *json,
                                            size_t n, struct ingest_event *ret,
                                            struct ingest_problems *why);
/* Parse a PUT body: an `id` in it must be `id`, that of the URL. */
KITH_MUST_CHECK kith_err ingest_event_parse_put(const struct ingest_resource *r, const char *json,
                                                size_t n, const struct kith_id *id,
                                                struct ingest_event *ret,
                                                struct ingest_problems *why);

/* e->digest, from reason, times and extra. */
void ingest_event_set_digest(struct ingest_event *e);

/* What need not be hashed again: neighbours in a batch mostly share school, session and section, and most events have nothing but their
 * key. Start from {0}. */
#define INGEST_MEMO_TEXT 80
struct ingest_memo {
    bool has_session;
    bool has_section;
    bool has_plain;
    int64_t plain; /* digest of an event without reason, times and extra */
    int64_t school_id;
    int32_t school_year;
    char session_name[INGEST_MEMO_TEXT];
    char local_course_code[INGEST_MEMO_TEXT];
    char section_identifier[INGEST_MEMO_TEXT];
    struct kith_id school;
    struct kith_id session;
    struct kith_id section;
};

/* The same from the values of the native door's messages (strings; NULL or "" = none). No JSON unless there is extra_json.
 * Errors: KITH_EINVAL with `why`, KITH_ENOMEM. */
struct ingest_native {
    bool section;
    const char *student_unique_id;
    int64_t school_id;
    int32_t school_year;
    const char *session_name;
    const char *local_course_code;  /* section */
    const char *section_identifier; /* section */
    int32_t date;
    const char *category;
    const char *reason;
    const char *arrival_time;
    const char *departure_time;
    const char *extra_json;
    struct ingest_memo *memo; /* NULL = none */
};
KITH_MUST_CHECK kith_err ingest_event_from_native(const struct ingest_native *in,
                                                  struct ingest_event *ret, struct kith_why *why);
void ingest_event_done(struct ingest_event *e); /* frees reason and extra */

/* A descriptor as it is kept: the full URI, or uri://ed-fi.org/AttendanceEventCategoryDescriptor#<code> for a bare code.
 * Errors: KITH_EINVAL empty, too long, blank at an end. */
KITH_MUST_CHECK kith_err ingest_event_category(const char *text,
                                               char ret[static INGEST_CATEGORY_SIZE]);

/* What the REST document is rendered from. */
struct ingest_event_view {
    bool section;
    const char *student_unique_id;
    int64_t school_id;
    int32_t school_year;
    const char *session_name;
    const char *local_course_code;  /* section */
    const char *section_identifier; /* section */
    const char *category;
    int32_t date;
    const char *reason;   /* NULL = none */
    int64_t arrival_us;   /* INGEST_TIME_NONE */
    int64_t departure_us; /* INGEST_TIME_NONE */
    const char *extra;    /* NULL = none */
    const char *id;       /* 32 hex digits; NULL = leave out */
    const char *etag;     /* NULL = leave out */
};
/* The document, compact; the caller frees. Parsing it again gives the same event. Errors: KITH_EINVAL extra is not a JSON object, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_event_json(const struct ingest_event_view *v, char **ret);

/* The natural key in Kith's numbers, packed reversibly into the event's public id, so that finding an event by id needs no index:
 * student 32 bits, place 32, session 24, category 15, section 1, date 24. */
struct ingest_event_key {
    int64_t student;  /* 1..2^32-1 */
    int64_t place;    /* number of the school (daily) or the section; 1..2^32-1 */
    int64_t session;  /* 1..2^24-1; 0 when section */
    int32_t category; /* 1..2^15-1 */
    int32_t date;     /* years 1..9999 */
    bool section;
};
/* Errors: KITH_EINVAL a number is out of range (a district has used up its numbers). */
KITH_MUST_CHECK kith_err ingest_event_id(const struct ingest_event_key *key, struct kith_id *ret);
/* Errors: KITH_EINVAL no event can have this id. */
KITH_MUST_CHECK kith_err ingest_event_unpack_id(const struct kith_id *id,
                                                struct ingest_event_key *ret);

#endif
