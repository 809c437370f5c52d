/* SPDX-License-Identifier: Apache-2.0 */
/* What was found in a package of CSV files: for each file how many rows there were and what became of them, and findings by file, line
 * and column. A finding's sentence says what is wrong and what to do; it never repeats a cell, which may identify a student.
 * Pure: no I/O, no clock, no log. */
#ifndef INGEST_RECEIPT_H
#define INGEST_RECEIPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/cleanup.h"
#include "kith/err.h"

#define INGEST_FINDINGS_MAX 1000 /* kept; more are counted */

enum ingest_severity {
    INGEST_WARNING, /* taken all the same */
    INGEST_ERROR,   /* the package is refused as a whole */
};

struct ingest_file_receipt {
    char name[64];
    char mode[8]; /* "bulk", "delta"; "" for files that have none */
    uint64_t rows;
    uint64_t warned;
    uint64_t refused;
};

struct ingest_finding {
    enum ingest_severity severity;
    char file[64];
    uint64_t line;   /* 1 = the header; 0 = the file or package as a whole */
    unsigned column; /* 1..; 0 = the row as a whole */
    char column_name[48];
    const char *code; /* static: "date_invalid"; README.md lists them */
    char text[256];
};

struct ingest_receipt {
    char format
        [24]; /* "oneroster-1.1", "oneroster-1.2", "sds-2.1", "attendance"; "" = not recognised */
    size_t files_n;
    struct ingest_file_receipt files[32];
    size_t findings_n;
    size_t findings_size;
    struct ingest_finding *findings;
    uint64_t warnings; /* all, also those that were not kept */
    uint64_t errors;
};

/* NULL is fine. */
void ingest_receipt_free(struct ingest_receipt *r);
KITH_DEFINE_AUTO(ingest_receipt)

/* The file's entry, made at first use; the last entry stands for all when there are too many. */
struct ingest_file_receipt *ingest_receipt_file(struct ingest_receipt *r, const char *name);

/* Where something was found. */
struct ingest_place {
    const char *file; /* "" = the package */
    uint64_t line;
    unsigned column;
    const char *column_name; /* NULL = none */
};
void ingest_receipt_add(struct ingest_receipt *r, enum ingest_severity severity,
                        const struct ingest_place *at, const char *code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* {"format", "warnings", "errors", "files": [...], "findings": [...]}; NULL when memory is exhausted. */
json_t *ingest_receipt_json(const struct ingest_receipt *r);

#endif
