/* SPDX-License-Identifier: Apache-2.0 */
/* A CSV file as rows, read in one pass with bounded memory: RFC 4180 with a comma, UTF-8, LF or CR LF, a byte order mark tolerated (libcsv
 * splits the rows). A row is one line: a quoted field that does not end on its line is an error of that line, so that one lost quote
 * cannot swallow a file. Blank lines are skipped.
 * Pure but for the reading, which is the caller's. */
#ifndef INGEST_CSV_H
#define INGEST_CSV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kith/cleanup.h"
#include "kith/err.h"

#define INGEST_CSV_FIELDS 64
#define INGEST_CSV_LINE   65536 /* bytes */

/* Up to n bytes into buf; 0 = the end; -1 = failed. */
typedef ssize_t (*ingest_read_fn)(void *ctx, void *buf, size_t n);

struct ingest_row {
    uint64_t line; /* 1.. */
    size_t n;
    const char *field[INGEST_CSV_FIELDS]; /* NUL-terminated, borrowed until the next row */
};

/* What is wrong with a line. */
struct ingest_csv_fault {
    uint64_t line;
    const char *code; /* static */
    char text[160];
};

struct ingest_csv;
KITH_MUST_CHECK kith_err ingest_csv_new(ingest_read_fn read, void *ctx, struct ingest_csv **ret);
void ingest_csv_free(struct ingest_csv *c); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_csv)

/* The next row; ret->n == 0 at the end. Errors: KITH_EDECODE `fault` says where and why: the line is skipped and reading may go on;
 * KITH_EIO the source failed, KITH_ENOMEM: no row comes any more. */
KITH_MUST_CHECK kith_err ingest_csv_next(struct ingest_csv *c, struct ingest_row *ret,
                                         struct ingest_csv_fault *fault);
/* 1-based place of the first byte that is no UTF-8; 0 = all is. */
size_t ingest_utf8_fault(const char *text, size_t n);

#endif
