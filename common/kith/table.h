/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print: a table on the terminal (libsmartcols) or, with --json, one JSON object a line (jansson), numbers as numbers. */
#ifndef KITH_TABLE_H
#define KITH_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "kith/err.h"

struct kith_table;

struct kith_column {
    const char *name;  /* JSON key */
    const char *title; /* column heading */
    bool number;       /* right-aligned; cells are integers */
};

/* Columns end with {0}; borrowed until the table is freed. Errors: KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_table_new(const struct kith_column *columns, struct kith_table **ret);
/* One cell a column, in order; strings are copied; NULL prints "-" (JSON null). */
KITH_MUST_CHECK kith_err kith_table_row(struct kith_table *t, const char *const *cells);
/* The whole table to `out`. An empty table prints `empty` (terminal only; NULL = the headings). */
KITH_MUST_CHECK kith_err kith_table_print(struct kith_table *t, FILE *out, bool json,
                                          const char *empty);
void kith_table_free(struct kith_table *t);
KITH_DEFINE_AUTO(kith_table)

/* A progress bar on stderr, only when it is a terminal; redrawn at most 10 times a second; `total` 0 = unknown. */
struct kith_progress {
    const char *label;
    uint64_t total;
    uint64_t done;
    int64_t started_ms;
    int64_t drawn_ms;
    bool enabled;
};
void kith_progress_start(struct kith_progress *p, const char *label, uint64_t total);
void kith_progress_update(struct kith_progress *p, uint64_t done);
void kith_progress_end(struct kith_progress *p); /* clears the line */

#endif
