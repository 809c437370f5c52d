/* SPDX-License-Identifier: Apache-2.0 */
/* A file of attendance as data managers export it: eight columns in any order (the form that Clever takes), a row for the state of a
 * student on a day or in a section's meeting. Incremental: a row says how it is now, whatever was said before; who is not in
 * the file is not spoken of.
 *   Student_id, School_id, Section_id (daily: empty), Attendance_date, Attendance_type (daily | section),
 *   Attendance_status (absent | tardy | present; a row may hold several, by commas), Excuse_code, Sis_id
 * Reads through the package; for a worker thread or a command. */
#ifndef INGEST_ATTENDANCE_CSV_H
#define INGEST_ATTENDANCE_CSV_H

#include "ingest/event.h"
#include "ingest/package.h"
#include "ingest/receipt.h"

extern const char *const ingest_attendance_columns[]; /* NULL-terminated */

enum ingest_said { INGEST_SAID_ABSENT = 1, INGEST_SAID_TARDY = 2, INGEST_SAID_PRESENT = 4 };

/* Texts are the reader's until the next row. */
struct ingest_said_row {
    uint64_t line;
    const char *student; /* studentUniqueId */
    int64_t school;      /* schoolId */
    const char *section; /* sectionIdentifier; "" = the day */
    int32_t date;
    unsigned said;    /* enum ingest_said, together */
    const char *code; /* why; "" = none */
};

/* The file of the package that holds attendance: attendance.csv, or the only file when it is CSV and no roster's; NULL: it has none. */
const char *ingest_attendance_csv_in(struct ingest_package *package);
/* Every row to `fn` (NULL: to nobody; false stops). Rows with errors are in `receipt` and go to nobody; a file with errors must not be used.
 * `receipt` NULL: it was judged before. Errors: KITH_EINVAL the file is not of this form, KITH_EBUSY stopped, KITH_EIO, KITH_ENOMEM. */
typedef bool (*ingest_said_fn)(void *ctx, const struct ingest_said_row *row);
KITH_MUST_CHECK kith_err ingest_attendance_csv_read(struct ingest_package *package,
                                                    const char *file, bool strict,
                                                    struct ingest_receipt *receipt,
                                                    ingest_said_fn fn, void *ctx);

/* The attendance categories that a row stands for, as descriptors; how many. "absent" is an unexcused absence unless its code says
 * "excused"; a code that is neither "excused" nor "unexcused" makes a category of its own, which the district's table must give a meaning. */
size_t ingest_said_categories(const struct ingest_said_row *row,
                              char ret[static 3][INGEST_CATEGORY_SIZE]);

#endif
