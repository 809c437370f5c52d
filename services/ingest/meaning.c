/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/meaning.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "kith/cleanup.h"

static const char *const kinds[INGEST_KIND_COUNT] = {
    "unmapped", "present", "absent_excused",  "absent_unexcused",
    "tardy",    "partial", "early_departure", "ignore",
};

const char *ingest_descriptor_code(const char *uri)
{
    assert(uri);
    const char *hash = strrchr(uri, '#');
    return hash ? hash + 1 : uri;
}

enum ingest_kind ingest_kind_find(const char *meaning)
{
    assert(meaning);
    for (int i = INGEST_KIND_PRESENT; i < INGEST_KIND_COUNT; i++) {
        if (strcmp(kinds[i], meaning) == 0)
            return (enum ingest_kind)i;
    }
    return INGEST_KIND_UNMAPPED;
}

const char *ingest_kind_name(enum ingest_kind kind)
{
    if (kind <= INGEST_KIND_UNMAPPED || kind >= INGEST_KIND_COUNT)
        return kinds[INGEST_KIND_UNMAPPED];
    return kinds[kind];
}

/* Source of the codes: the default descriptors of Ed-Fi Data Standard 5.2 (and, for staff, those it deprecated, which are still sent).
 * Calendar "Other" and staff "Other", "Missing" are left unmapped: they say nothing. Ed-Fi has no code for advisory; "Advisory" and
 * "Homeroom" are what districts add. "School Administrator" is what Ed-Fi 5 has instead of "Principal". */
const struct ingest_meaning ingest_default_meanings[] = {
    {"attendance", "Present", "present"},
    {"attendance", "In Attendance", "present"},
    {"attendance", "Excused Absence", "absent_excused"},
    {"attendance", "Unexcused Absence", "absent_unexcused"},
    {"attendance", "Tardy", "tardy"},
    {"attendance", "Partial", "partial"},
    {"attendance", "Early departure", "early_departure"},

    {"calendar", "Instructional day", "instructional"},
    {"calendar", "Make-up day", "instructional"},
    {"calendar", "Student late arrival/early dismissal", "instructional"},
    {"calendar", "Emergency day", "no_school"},
    {"calendar", "Holiday", "no_school"},
    {"calendar", "Non-instructional day", "no_school"},
    {"calendar", "Strike", "no_school"},
    {"calendar", "Teacher only day", "no_school"},
    {"calendar", "Weather day", "no_school"},

    {"staff", "Principal", "principal"},
    {"staff", "School Administrator", "principal"},
    {"staff", "School Leader", "principal"},
    {"staff", "Assistant Principal", "assistant_principal"},
    {"staff", "Counselor", "counselor"},
    {"staff", "School Counselor", "counselor"},
    {"staff", "Elementary School Counselor", "counselor"},
    {"staff", "Secondary School Counselor", "counselor"},
    {"staff", "School Psychologist", "psychologist"},
    {"staff", "Teacher", "teacher"},
    {"staff", "Pre-Kindergarten Teacher", "teacher"},
    {"staff", "Kindergarten Teacher", "teacher"},
    {"staff", "Elementary Teacher", "teacher"},
    {"staff", "Secondary Teacher", "teacher"},
    {"staff", "Ungraded Teacher", "teacher"},
    {"staff", "Substitute Teacher", "substitute"},
    {"staff", "Instructional Aide", "aide"},
    {"staff", "Paraprofessional/Instructional Aide", "aide"},
    {"staff", "Librarian/Media Specialist", "support"},
    {"staff", "Library/Media Support Staff", "support"},
    {"staff", "School Administrative Support Staff", "support"},
    {"staff", "School Specialist", "support"},
    {"staff", "Student Support Services Staff (w/o Psychology)", "support"},
    {"staff", "Support Services Staff", "support"},
    {"staff", "All Other Support Staff", "support"},
    {"staff", "Operational Support", "support"},
    {"staff", "Superintendent", "district"},
    {"staff", "Assistant Superintendent", "district"},
    {"staff", "LEA Administrator", "district"},
    {"staff", "LEA Administrative Support Staff", "district"},
    {"staff", "LEA Specialist", "district"},
    {"staff", "LEA System Administrator", "district"},
    {"staff", "Instr Coordinator and Supervisor to the Staff", "district"},
    {"staff", "Instructional Coordinator", "district"},

    {"cohort", "Advisory", "advisory"},
    {"cohort", "Homeroom", "advisory"},
    {"cohort", "Academic Intervention", "other"},
    {"cohort", "Attendance Intervention", "other"},
    {"cohort", "Classroom Pullout", "other"},
    {"cohort", "Counselor List", "other"},
    {"cohort", "Discipline Intervention", "other"},
    {"cohort", "Extracurricular Activity", "other"},
    {"cohort", "Field Trip", "other"},
    {"cohort", "In-school Suspension", "other"},
    {"cohort", "Other", "other"},
    {"cohort", "Principal Watch List", "other"},
    {"cohort", "Study Hall", "other"},
    {NULL, NULL, NULL},
};

bool ingest_meaning_valid(const char *kind, const char *meaning)
{
    assert(kind && meaning);
    if (strcmp(kind, "attendance") == 0)
        return ingest_kind_find(meaning) != INGEST_KIND_UNMAPPED;
    /* the meanings in use are those of the defaults: every reader knows them */
    for (const struct ingest_meaning *m = ingest_default_meanings; m->kind; m++) {
        if (strcmp(m->kind, kind) == 0 && strcmp(m->meaning, meaning) == 0)
            return true;
    }
    return false;
}
