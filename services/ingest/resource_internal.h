/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of each resource (resource_fields.c), for resource.c alone. {0}-terminated. */
#ifndef INGEST_RESOURCE_INTERNAL_H
#define INGEST_RESOURCE_INTERNAL_H

#include "ingest/resource.h"

extern const struct ingest_field ingest_fields_local_education_agency[];
extern const struct ingest_field ingest_fields_school[];
extern const struct ingest_field ingest_fields_calendar[];
extern const struct ingest_field ingest_fields_calendar_date[];
extern const struct ingest_field ingest_fields_grading_period[];
extern const struct ingest_field ingest_fields_session[];
extern const struct ingest_field ingest_fields_class_period[];
extern const struct ingest_field ingest_fields_course[];
extern const struct ingest_field ingest_fields_course_offering[];
extern const struct ingest_field ingest_fields_section[];
extern const struct ingest_field ingest_fields_student[];
extern const struct ingest_field ingest_fields_staff[];
extern const struct ingest_field ingest_fields_cohort[];
extern const struct ingest_field ingest_fields_staff_school_association[];
extern const struct ingest_field ingest_fields_staff_section_association[];
extern const struct ingest_field ingest_fields_staff_cohort_association[];
extern const struct ingest_field ingest_fields_staff_assignment_association[];
extern const struct ingest_field ingest_fields_student_school_association[];
extern const struct ingest_field ingest_fields_student_cohort_association[];
extern const struct ingest_field ingest_fields_student_school_attendance[];
extern const struct ingest_field ingest_fields_student_section_attendance[];
extern const struct ingest_field ingest_fields_discipline_incident[];

#endif
