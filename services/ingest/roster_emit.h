/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by roster_emit.c, roster_doc.c, roster_classes.c and roster_members.c: the text of one document at a time, and what documents refer to each other by. */
#ifndef INGEST_ROSTER_EMIT_H
#define INGEST_ROSTER_EMIT_H

#include "ingest/roster_internal.h"
#include "kith/msg.h"

enum roster_role { ROSTER_STUDENT = 1, ROSTER_STAFF = 2, ROSTER_CONTACT = 4 };

/* A term in which a school has classes: an Ed-Fi session. */
struct roster_pair {
    size_t school; /* row of orgs */
    size_t term;   /* row of academicSessions */
    char name[61];
};

/* A class in one of its terms: an Ed-Fi section. */
struct roster_meeting {
    size_t pair;
    int64_t school;
    const char *course;  /* localCourseCode */
    const char *section; /* sourcedId of the class */
    struct kith_id id;   /* of the section document */
};

struct roster_emit {
    struct ingest_roster *r;
    struct ingest_receipt *receipt;
    ingest_emit_fn sink;
    void *ctx;
    kith_err err;
    const struct roster_table *orgs, *users, *roles, *sessions, *courses, *classes, *demographics;
    uint8_t *kinds;   /* of each user: enum roster_role, together */
    uint32_t *births; /* of each user: row of demographics + 1; NULL: there are none */
    struct roster_pair *pairs;
    size_t pairs_n;
    struct roster_meeting
        *meetings; /* of class i: meetings[first[i]] .. meetings[first[i + 1] - 1] */
    size_t meetings_n;
    uint32_t *first;
    struct kith_id *students; /* of each user: the student document's id */
    int64_t year;             /* that most classes belong to */
    char year_begin[11];      /* its first day */
    /* the document */
    struct kith_bytes text;
    bool comma;
    kith_err bad;
    bool quiet; /* an earlier package is read again: what is wrong in it was said then */
};

/* ---- roster_doc.c ---- */
void roster_doc_begin(struct roster_emit *e);
void roster_doc_raw(struct roster_emit *e, const char *text, size_t n);
void roster_doc_key(struct roster_emit *e, const char *key);
/* Cut to `max` characters, blanks at the ends taken off; nothing when nothing is left. */
void roster_doc_text(struct roster_emit *e, const char *key, const char *text, size_t max);
void roster_doc_number(struct roster_emit *e, const char *key, int64_t v);
void roster_doc_descriptor(struct roster_emit *e, const char *key, const char *kind,
                           const char *code);
void roster_doc_open(struct roster_emit *e, const char *key, const char *bracket);
void roster_doc_close(struct roster_emit *e, const char *bracket);
/* A document whose text is canonical already (keys in order, values in form), as enrollments are, of which there are hundreds of thousands:
 * its natural key and references are given, nothing is parsed. It equals what roster_doc_end would make. Falls back on that when the key is
 * not of the form it should have. */
struct roster_doc_ref {
    const char *resource;
    const char *name;
    const struct kith_id *id;
};
bool roster_doc_ready(struct roster_emit *e, const char *resource, const char *const *key,
                      const struct roster_doc_ref *refs, size_t refs_n, const char *file,
                      uint64_t line);
/* To the sink. False: stop, e->err says why. */
bool roster_doc_end(struct roster_emit *e, const char *resource, const char *file, uint64_t line);

void roster_ref_school(struct roster_emit *e, int64_t school);
void roster_ref_organization(struct roster_emit *e, int64_t organization);
void roster_ref_person(struct roster_emit *e, const char *reference, const char *key,
                       const char *id);
void roster_ref_year(struct roster_emit *e, int64_t year);

/* ---- roster_emit.c ---- */
/* A row from which nothing is made: said, so that "taken" never means "ignored". */
void roster_unused(struct roster_emit *e, const char *file, uint64_t line, const char *code,
                   const char *text);
bool roster_org_is_school(const struct roster_table *orgs, size_t row);
bool roster_org_is_agency(const struct roster_table *orgs, size_t row);
enum roster_role roster_role_of(const char *role);
int64_t roster_org_number(const struct roster_table *orgs, size_t row);
/* The school that an organization is or belongs to; SIZE_MAX: none. */
size_t roster_org_school(struct roster_emit *e, const char *id);
void roster_user_id(const struct roster_table *users, size_t row, char ret[static 33]);
const char *roster_grade_level(const char *list); /* of the first of a list of CEDS codes */

/* ---- roster_classes.c ---- */
/* The next element of a comma list, or false. */
bool roster_next_of(const char **list, char one[static 256]);
int64_t roster_term_year(const struct roster_emit *e, size_t term);
size_t roster_class_school(struct roster_emit *e, size_t row); /* SIZE_MAX: none */
bool roster_is_homeroom(const struct roster_emit *e, size_t row);
void roster_ref_cohort(struct roster_emit *e, size_t row, int64_t school);
/* With `section`: to a section, else to its course offering. */
void roster_ref_offering(struct roster_emit *e, const char *reference,
                         const struct roster_meeting *m, bool section);
/* Calls fn for each term of a class; false stops. */
bool roster_each_meeting(struct roster_emit *e, size_t row,
                         bool (*fn)(struct roster_emit *e, size_t row,
                                    const struct roster_meeting *m, void *ctx),
                         void *ctx);
/* Which sections there will be, before any document. */
KITH_MUST_CHECK kith_err roster_pairs(struct roster_emit *e);
bool roster_emit_classes(struct roster_emit *e);

/* ---- roster_members.c ---- */
bool roster_emit_members(struct roster_emit *e);

#endif
