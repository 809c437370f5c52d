/* SPDX-License-Identifier: Apache-2.0 */
/* One CSV file of a scheduling folder, whole in memory, its columns found by name. UTF-8 with or without a byte order mark, LF or CRLF.
 * What is wrong with the files is collected as sentences for a person (struct us_problems), so that one run names many. */
#ifndef SCHEDULING_US_CSV_H
#define SCHEDULING_US_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "kith/cleanup.h"
#include "kith/err.h"

#define US_PROBLEMS_LISTED 20

struct us_problems {
    size_t n; /* found; the first US_PROBLEMS_LISTED are kept */
    char text[US_PROBLEMS_LISTED][256];
};

void us_problems_add(struct us_problems *p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The first sentence and how many more there are. */
void us_problems_why(const struct us_problems *p, struct kith_why *why);
/* The kept ones, a line each, then the count of the others. */
void us_problems_print(const struct us_problems *p, FILE *to);

struct us_csv;

/* Reads dir/file. `columns` ends with NULL; "?name" may be missing from the header, another may not. Both texts are borrowed.
 * Errors: KITH_ENOTFOUND there is no such file (nothing is added to p: it may be optional); KITH_EIO, KITH_EDECODE, KITH_ETOOBIG
 * (said in p); KITH_ENOMEM. */
KITH_MUST_CHECK kith_err us_csv_read(const char *dir, const char *file, const char *const *columns,
                                     struct us_csv **ret, struct us_problems *p);
void us_csv_free(struct us_csv *t); /* NULL is fine */
KITH_DEFINE_AUTO(us_csv)

size_t us_csv_rows(const struct us_csv *t);
/* The line on which the row starts. */
size_t us_csv_line(const struct us_csv *t, size_t row);
/* `column` counts in `columns`. "" = absent. Valid until the table is freed. */
const char *us_csv_cell(const struct us_csv *t, size_t row, size_t column);
const char *us_csv_file(const struct us_csv *t);

#endif
