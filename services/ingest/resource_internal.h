/* SPDX-License-Identifier: Apache-2.0 */
/* How resource_*.c write fields down, and the fields of each resource for resource.c. {0}-terminated.
 * Source of names, lengths and keys: Ed-Fi Data Standard 5.2 (the relational model of its ODS/API and its OpenAPI). Left out on purpose,
 * so that Kith never holds them: identity documents, visas, race and ethnicity, gender identity, home addresses, wages, and who answered
 * an anonymous survey. */
#ifndef INGEST_RESOURCE_INTERNAL_H
#define INGEST_RESOURCE_INTERNAL_H

#include <stddef.h>

#include "ingest/resource.h"

#define YEAR 32767
#define INT  2147483647

#define TEXT(n, m)                                                                                 \
    {                                                                                              \
        .name = (n), .type = INGEST_TEXT, .max = (m)                                               \
    }
#define TEXT_REQ(n, m)                                                                             \
    {                                                                                              \
        .name = (n), .type = INGEST_TEXT, .max = (m), .required = true                             \
    }
#define TEXT_KEY(n, m)                                                                             \
    {                                                                                              \
        .name = (n), .type = INGEST_TEXT, .max = (m), .required = true, .key = true                \
    }
#define ID_KEY(n)                                                                                  \
    {                                                                                              \
        .name = (n), .type = INGEST_INT64, .required = true, .key = true                           \
    }
#define WHOLE(n, m)                                                                                \
    {                                                                                              \
        .name = (n), .type = INGEST_INT64, .max = (m)                                              \
    }
#define WHOLE_REQ(n, m)                                                                            \
    {                                                                                              \
        .name = (n), .type = INGEST_INT64, .max = (m), .required = true                            \
    }
#define PLAIN(n, t)                                                                                \
    {                                                                                              \
        .name = (n), .type = INGEST_##t                                                            \
    }
#define PLAIN_REQ(n, t)                                                                            \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .required = true                                          \
    }
#define PLAIN_KEY(n, t)                                                                            \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .required = true, .key = true                             \
    }
#define DESC(n)     PLAIN(n, DESCRIPTOR)
#define DESC_REQ(n) PLAIN_REQ(n, DESCRIPTOR)
#define NEST(n, t, f)                                                                              \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .fields = (f)                                             \
    }
#define NEST_REQ(n, t, f)                                                                          \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .fields = (f), .required = true                           \
    }
#define NEST_KEY(n, t, f)                                                                          \
    {                                                                                              \
        .name = (n), .type = INGEST_##t, .fields = (f), .required = true, .key = true              \
    }
#define REF(n, r)                                                                                  \
    {                                                                                              \
        .name = (n), .type = INGEST_REFERENCE, .reference = &ingest_ref_##r                        \
    }
#define REF_REQ(n, r)                                                                              \
    {                                                                                              \
        .name = (n), .type = INGEST_REFERENCE, .reference = &ingest_ref_##r, .required = true      \
    }
#define REF_KEY(n, r)                                                                              \
    {                                                                                              \
        .name = (n), .type = INGEST_REFERENCE, .reference = &ingest_ref_##r, .required = true,     \
        .key = true                                                                                \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }
/* One descriptor in an object of a list: gradeLevels, academicSubjects, ... */
#define DESC_LIST(var, n) static const struct ingest_field var[] = {DESC_REQ(n), END}

/* ---- what several subjects use (resource_shared.c) ---- */

extern const struct ingest_reference ingest_ref_lea;
extern const struct ingest_reference ingest_ref_school;
extern const struct ingest_reference ingest_ref_organization;
extern const struct ingest_reference ingest_ref_calendar;
extern const struct ingest_reference ingest_ref_grading_period;
extern const struct ingest_reference ingest_ref_session;
extern const struct ingest_reference ingest_ref_class_period;
extern const struct ingest_reference ingest_ref_course;
extern const struct ingest_reference ingest_ref_course_offering;
extern const struct ingest_reference ingest_ref_section;
extern const struct ingest_reference ingest_ref_student;
extern const struct ingest_reference ingest_ref_staff;
extern const struct ingest_reference ingest_ref_cohort;
extern const struct ingest_reference ingest_ref_calendar_date;
extern const struct ingest_reference ingest_ref_contact;
extern const struct ingest_reference ingest_ref_discipline_incident;
extern const struct ingest_reference ingest_ref_student_section;
extern const struct ingest_reference ingest_ref_gradebook_entry;
extern const struct ingest_reference ingest_ref_academic_record;
extern const struct ingest_reference ingest_ref_student_behavior;
extern const struct ingest_reference ingest_ref_survey;
/* References to what may never be sent: kept, not checked. */
extern const struct ingest_field ingest_nested_year[]; /* a school year is its number */
extern const struct ingest_field ingest_nested_programs[];

extern const struct ingest_field ingest_nested_class_periods[];

/* ---- the fields of each resource ---- */

/* resource_school.c */
extern const struct ingest_field ingest_fields_school_year_type[];
extern const struct ingest_field ingest_fields_local_education_agency[];
extern const struct ingest_field ingest_fields_school[];
extern const struct ingest_field ingest_fields_calendar[];
extern const struct ingest_field ingest_fields_calendar_date[];
extern const struct ingest_field ingest_fields_grading_period[];
extern const struct ingest_field ingest_fields_session[];
extern const struct ingest_field ingest_fields_class_period[];
extern const struct ingest_field ingest_fields_bell_schedule[];
extern const struct ingest_field ingest_fields_course[];
extern const struct ingest_field ingest_fields_course_offering[];
extern const struct ingest_field ingest_fields_section[];
/* resource_people.c */
extern const struct ingest_field ingest_fields_student[];
extern const struct ingest_field ingest_fields_staff[];
extern const struct ingest_field ingest_fields_contact[];
extern const struct ingest_field ingest_fields_student_contact_association[];
/* resource_enrollment.c */
extern const struct ingest_field ingest_fields_cohort[];
extern const struct ingest_field ingest_fields_staff_school_association[];
extern const struct ingest_field ingest_fields_staff_section_association[];
extern const struct ingest_field ingest_fields_staff_cohort_association[];
extern const struct ingest_field ingest_fields_staff_assignment_association[];
extern const struct ingest_field ingest_fields_student_school_association[];
extern const struct ingest_field ingest_fields_student_section_association[];
extern const struct ingest_field ingest_fields_student_cohort_association[];
/* resource_attendance.c */
extern const struct ingest_field ingest_fields_student_school_attendance[];
extern const struct ingest_field ingest_fields_student_section_attendance[];
extern const struct ingest_field ingest_fields_section_attendance_taken[];
/* resource_grading.c */
extern const struct ingest_field ingest_fields_grade[];
extern const struct ingest_field ingest_fields_gradebook_entry[];
extern const struct ingest_field ingest_fields_student_gradebook_entry[];
extern const struct ingest_field ingest_fields_student_academic_record[];
extern const struct ingest_field ingest_fields_course_transcript[];
extern const struct ingest_field ingest_fields_graduation_plan[];
/* resource_discipline.c */
extern const struct ingest_field ingest_fields_discipline_incident[];
extern const struct ingest_field ingest_fields_student_discipline_incident_behavior_association[];
extern const struct ingest_field ingest_fields_discipline_action[];
/* resource_survey.c */
extern const struct ingest_field ingest_fields_survey[];
extern const struct ingest_field ingest_fields_survey_response[];
/* resource_descriptor.c: all descriptor resources have the same fields and key; in alphabetical order of their names */
extern const struct ingest_resource ingest_descriptors[];
size_t ingest_descriptors_count(void);

#endif
