/* SPDX-License-Identifier: Apache-2.0 */
/* How a district's own CSV files are read as those of a format: a text file "kith.map" that lies in the package beside them. A section is a
 * file of the format, made row by row of one of theirs; a line says what stands in a column.
 *
 *   [package]
 *   format = oneroster-1.2         ; or oneroster-1.1, attendance (the default where attendance.csv is the only section)
 *   null = NULL                    ; a text that means: nothing
 *   [users.csv]
 *   file = students.csv            ; theirs; left out: one row of constants
 *   only = status : Active, Pre    ; other rows are left out
 *   needs = local_id, grade        ; rows where one of these is empty are left out
 *   distinct = yes                 ; of rows with the same first column the first is taken
 *   sourcedId = local_id           ; ours = theirs
 *   familyName = full_name | before ", "
 *   enabledUser = "true"           ; a constant
 *   grades = grade | codes grades
 *   [codes grades]
 *   K = KG
 *
 * Functions after "|", in their order: before "T", after "T" (nothing when T is not there), date FORMAT (as strptime), codes NAME (a code that the
 * list does not have stays as it is), prefix "T" (not before nothing), else "T" (where nothing is). Instead of a column: flags absent:absence tardy:tardy (the names whose columns say yes).
 * Pure: no I/O, no clock, no log. */
#ifndef INGEST_MAP_H
#define INGEST_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "ingest/csv.h"
#include "ingest/receipt.h"
#include "kith/cleanup.h"
#include "kith/msg.h"

#define INGEST_MAP_NAME  "kith.map"
#define INGEST_MAP_BYTES 65536

struct ingest_map;

/* What is wrong with the text is in `receipt`, with its line. Errors: KITH_EINVAL, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_map_parse(const char *text, size_t n,
                                          struct ingest_receipt *receipt, struct ingest_map **ret);
void ingest_map_free(struct ingest_map *m); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_map)

size_t ingest_map_n(const struct ingest_map *m);
const char *ingest_map_file(const struct ingest_map *m, size_t i); /* "users.csv" */
/* The manifest of the files that it makes; NULL: the format has none. malloc'ed, the caller's. */
char *ingest_map_manifest(const struct ingest_map *m);

/* Theirs; NULL: one row of constants. */
const char *ingest_map_source(const struct ingest_map *m, size_t i);
/* Where their columns are in this header; before rows. False: some are not there, which `receipt` (NULL: nothing) says. */
bool ingest_map_bind(struct ingest_map *m, size_t i, const struct ingest_row *header,
                     struct ingest_receipt *receipt);
/* Lines of CSV with their end. A row that is left out gives an empty line, so that lines keep their numbers. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_map_header(const struct ingest_map *m, size_t i,
                                           struct kith_bytes *out);
KITH_MUST_CHECK kith_err ingest_map_row(struct ingest_map *m, size_t i, const struct ingest_row *in,
                                        struct kith_bytes *out);

#endif
