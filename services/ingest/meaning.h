/* SPDX-License-Identifier: Apache-2.0 */
/* What descriptors mean. A district's table (kind, code, meaning) decides; a new district starts with the codes of Ed-Fi Data Standard
 * 5.2. Codes that the table does not name are unmapped: kept and counted, never guessed. Pure domain code. */
#ifndef INGEST_MEANING_H
#define INGEST_MEANING_H

#include <stdbool.h>

/* As kith.v1.AttendanceKind. */
enum ingest_kind {
    INGEST_KIND_UNMAPPED = 0,
    INGEST_KIND_PRESENT,
    INGEST_KIND_ABSENT_EXCUSED,
    INGEST_KIND_ABSENT_UNEXCUSED,
    INGEST_KIND_TARDY,
    INGEST_KIND_PARTIAL,
    INGEST_KIND_EARLY_DEPARTURE,
    INGEST_KIND_IGNORE,
    INGEST_KIND_COUNT,
};

/* "uri://x/y#Code" -> "Code"; a text without '#' is its own code. Points into `uri`. */
const char *ingest_descriptor_code(const char *uri);

/* "absent_excused" -> INGEST_KIND_ABSENT_EXCUSED; UNMAPPED when there is no such meaning. */
enum ingest_kind ingest_kind_find(const char *meaning);
/* "absent_excused"; "unmapped" for INGEST_KIND_UNMAPPED and anything unknown. Static. */
const char *ingest_kind_name(enum ingest_kind kind);

/* kind "attendance": meaning is an ingest_kind name.
 * kind "calendar": "instructional" or "no_school".
 * kind "staff": a role: "principal", "assistant_principal", "counselor", "psychologist", "teacher", "substitute", "aide",
 * "support" (other school staff), "district" (works for all schools).
 * kind "cohort": "advisory" or "other". */
struct ingest_meaning {
    const char *kind;
    const char *code;
    const char *meaning;
};
/* {0}-terminated; (kind, code) unique. */
extern const struct ingest_meaning ingest_default_meanings[];

/* May an operator give this meaning to a code of this kind? */
bool ingest_meaning_valid(const char *kind, const char *meaning);

#endif
