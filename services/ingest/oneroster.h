/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a roster package, as data: OneRoster 1.1 and 1.2 (CSV binding) and Microsoft School Data Sync 2.1, a close cousin. Files that
 * are not described here (resources, user profiles, score scales, ...) belong to the formats too; they are recognised and not read.
 * Pure: static tables only. */
#ifndef INGEST_ONEROSTER_H
#define INGEST_ONEROSTER_H

#include <stdbool.h>
#include <stddef.h>

#include "kith/err.h"

enum ingest_roster_format { INGEST_ONEROSTER_11, INGEST_ONEROSTER_12, INGEST_SDS_21 };

enum ingest_cell {
    INGEST_CELL_TEXT,
    INGEST_CELL_GUID,     /* sourcedId: opaque, no blanks at its ends */
    INGEST_CELL_REF,      /* sourcedId of a row in `refers` */
    INGEST_CELL_REFS,     /* comma list of them */
    INGEST_CELL_DATE,     /* YYYY-MM-DD */
    INGEST_CELL_DATETIME, /* YYYY-MM-DDTHH:MM:SS.sssZ */
    INGEST_CELL_BOOL,     /* true | false */
    INGEST_CELL_YEAR,     /* YYYY */
    INGEST_CELL_NUMBER,
    INGEST_CELL_ENUM, /* one of `values` */
};

struct ingest_roster_column {
    const char *name;
    enum ingest_cell cell;
    bool required;
    const char *refers;        /* file name without ".csv" */
    const char *const *values; /* NULL-terminated */
    const char *old;           /* another spelling that is met in the field; NULL */
};

struct ingest_roster_file {
    const char *name; /* without ".csv" */
    const struct ingest_roster_column *
        columns; /* {0}-terminated; after sourcedId, status, dateLastModified where there are these */
    bool keyed;    /* has a sourcedId that is unique in the file */
    bool required; /* no roster without it */
};

/* The files of a format, in the order in which they are read: what is referred to comes first. {0}-terminated. */
const struct ingest_roster_file *ingest_roster_files(enum ingest_roster_format format);
/* Does the format know this file ("resources") although it is not read? */
bool ingest_roster_knows(enum ingest_roster_format format, const char *name);

/* Is the text a value of this kind? REF and REFS: of the form only. A value that a lenient reader takes ("8/17/2026", "TRUE") gives
 * KITH_OK and its proper form in `fixed` (else ""). Errors: KITH_EINVAL, `why` completes "<column> ...". */
KITH_MUST_CHECK kith_err ingest_roster_cell(const struct ingest_roster_column *column,
                                            const char *text, char fixed[static 32],
                                            struct kith_why *why);

#endif
