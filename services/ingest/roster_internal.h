/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by roster.c (which package is it), roster_read.c (a file, judged row by row), roster_table.c (what is kept of it) and
 * roster_emit.c (documents). */
#ifndef INGEST_ROSTER_INTERNAL_H
#define INGEST_ROSTER_INTERNAL_H

#include "ingest/csv.h"
#include "ingest/roster.h"

#define ROSTER_COLUMNS 24 /* of the longest file */
#define ROSTER_TABLES  12
#define ROSTER_LEAN    2 /* files whose rows are not kept: enrollments, results */

/* Rows of a file that are kept, and their sourcedIds; of a lean one the hashes of sourcedIds alone. */
struct roster_table {
    const struct ingest_roster_file *file;
    bool present;     /* in the package that is read */
    bool delta;       /* there */
    bool complete;    /* every row that there is was read */
    bool faulty;      /* there are errors in it */
    bool keep;        /* not lean */
    size_t columns_n; /* of `file` */
    size_t old_n;     /* rows of earlier packages come first */
    size_t n;
    size_t size;
    const char **cells; /* n * (columns_n + 1): the sourcedId, then the columns; "" = empty */
    uint64_t *lines;    /* 0 = superseded by a later package */
    uint64_t *hashes;
    size_t slots_n;  /* power of two */
    uint32_t *slots; /* row + 1 by hash of the sourcedId */
};

/* A package before this one, and its lean files. */
struct roster_layer {
    struct ingest_package *package;
    struct roster_table lean[ROSTER_LEAN]; /* in the order of `tables`; file NULL: unused */
};

struct roster_block;
struct ingest_roster {
    struct ingest_package *package;
    struct ingest_roster_opts opts;
    enum ingest_roster_format format;
    struct roster_table tables[ROSTER_TABLES];
    size_t tables_n;
    struct roster_layer *layers; /* the earliest first */
    size_t layers_n;
    struct roster_block *blocks; /* text */
    size_t block_left;
    char *block_at;
    uint8_t key[16]; /* of the hash tables */
    bool whole;      /* the present state of every file that the package has is known */
};

/* A row as it is read: cells in the order of the file's columns. */
struct roster_row {
    uint64_t line;
    const char *sourced_id;
    const char *cells[ROSTER_COLUMNS];
    bool deleted; /* status tobedeleted */
};

struct roster_table *roster_table(struct ingest_roster *r, const char *name); /* NULL */
/* The row with this sourcedId; SIZE_MAX: none. */
size_t roster_find(const struct ingest_roster *r, const struct roster_table *t, const char *id);
const char *roster_cell(const struct roster_table *t, size_t row, const char *column);
static inline const char *roster_id(const struct roster_table *t, size_t row)
{
    return t->cells[row * (t->columns_n + 1)];
}

/* Reads a file. `receipt` NULL: nothing is judged (it was), rows that were left out are left out again. `fn` may be NULL; false stops.
 * Errors: KITH_EIO, KITH_ENOMEM, KITH_EBUSY stopped. */
KITH_MUST_CHECK kith_err roster_read(struct ingest_roster *r, struct roster_table *t,
                                     struct ingest_receipt *receipt,
                                     bool (*fn)(void *ctx, const struct roster_row *row),
                                     void *ctx);
/* References within one file, which only its end can tell. */
void roster_check_own(struct ingest_roster *r, struct roster_table *t,
                      struct ingest_receipt *receipt);
/* A row read from the package; supersedes one of an earlier package, or takes it out. */
KITH_MUST_CHECK kith_err roster_table_add(struct ingest_roster *r, struct roster_table *t,
                                          const struct roster_row *row);
/* All rows are superseded. */
void roster_table_forget(struct roster_table *t);
/* Rows that are superseded go; not of a lean table. */
void roster_table_compact(struct roster_table *t);
uint64_t roster_hash(const struct ingest_roster *r, const char *id);
/* Text that lives as long as the roster; NULL when memory is exhausted. */
const char *roster_keep_text(struct ingest_roster *r, const char *text);

#endif
