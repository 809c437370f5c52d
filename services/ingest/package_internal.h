/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by package.c (files as they are) and package_map.c (files as a map makes them of those). */
#ifndef INGEST_PACKAGE_INTERNAL_H
#define INGEST_PACKAGE_INTERNAL_H

#include <stdio.h>
#include <zip.h>

#include "ingest/map.h"
#include "ingest/package.h"

struct package_member {
    char *name;     /* without folder */
    zip_int64_t at; /* in the zip */
    uint64_t packed;
    uint64_t seen; /* the most that was read of it */
};

struct ingest_package {
    char *path;
    zip_t *zip; /* NULL: a folder or one file */
    bool folder;
    size_t n;
    struct package_member members[INGEST_PACKAGE_FILES];
    /* being read */
    zip_file_t *in_zip;
    FILE *in_file;
    struct package_member *reading;
    uint64_t got;   /* of this file */
    uint64_t total; /* of all files, whatever is read again */
    uint64_t limit;
    const char *code;
    const char *text;
    /* read through a map: what there is, is what it makes */
    struct ingest_map *map; /* NULL: none */
    char *manifest;         /* NULL: the format has none */
    struct {
        size_t file;
        struct ingest_csv *csv; /* of theirs; NULL: there is none, or it is at its end */
        bool constants;         /* the one row without a file is due */
        uint64_t line;          /* of what was made last */
        struct kith_bytes text;
        size_t at; /* of it, given out */
    } made;
};

/* ---- package.c: the files as they are ---- */
size_t package_find(const struct ingest_package *p, const char *name); /* p->n: none */
KITH_MUST_CHECK kith_err package_begin(struct ingest_package *p, const char *name);
ssize_t package_read(void *ctx, void *buf, size_t n); /* ingest_read_fn */
void package_end(struct ingest_package *p);

/* ---- package_map.c ---- */
/* Reads the map and compares it with the files; what is wrong is in `receipt`. Errors: KITH_EINVAL, KITH_EIO, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err package_map_open(struct ingest_package *p, struct ingest_receipt *receipt);

#endif
