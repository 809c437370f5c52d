/* SPDX-License-Identifier: Apache-2.0 */
/* Attendance: for the day, in a section meeting, and that a meeting was taken at all. */
#include "ingest/resource_internal.h"

#define ATTENDANCE                                                                                 \
    {.name = "attendanceEventCategoryDescriptor",                                                  \
     .type = INGEST_DESCRIPTOR,                                                                    \
     .required = true,                                                                             \
     .key = true,                                                                                  \
     .bare = "uri://ed-fi.org/AttendanceEventCategoryDescriptor"},                                 \
        PLAIN_KEY("eventDate", DATE), REF_KEY("studentReference", student),                        \
        TEXT("attendanceEventReason", 255), PLAIN("arrivalTime", TIME),                            \
        PLAIN("departureTime", TIME), PLAIN("eventDuration", NUMBER),                              \
        DESC("educationalEnvironmentDescriptor")

const struct ingest_field ingest_fields_student_school_attendance[] = {
    ATTENDANCE, REF_KEY("schoolReference", school), REF_KEY("sessionReference", session),
    WHOLE("schoolAttendanceDuration", INT), END};
const struct ingest_field ingest_fields_student_section_attendance[] = {
    ATTENDANCE, REF_KEY("sectionReference", section), WHOLE("sectionAttendanceDuration", INT),
    NEST("classPeriods", LIST, ingest_nested_class_periods), END};
const struct ingest_field ingest_fields_section_attendance_taken[] = {
    REF_KEY("calendarDateReference", calendar_date), REF_KEY("sectionReference", section),
    REF("staffReference", staff), PLAIN_REQ("eventDate", DATE), END};
