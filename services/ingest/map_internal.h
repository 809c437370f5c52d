/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by map.c (the text of a map) and map_row.c (rows). */
#ifndef INGEST_MAP_INTERNAL_H
#define INGEST_MAP_INTERNAL_H

#include "ingest/attendance_csv.h"
#include "ingest/map.h"
#include "ingest/oneroster.h"

#define MAP_FILES   16
#define MAP_COLUMNS 32
#define MAP_STEPS   4
#define MAP_FLAGS   8
#define MAP_CODES   16
#define MAP_TEXT    128

enum map_step { MAP_BEFORE = 1, MAP_AFTER, MAP_DATE, MAP_LOOKUP, MAP_PREFIX, MAP_ELSE };

/* What stands in a column. */
struct map_value {
    unsigned line; /* of the map; 0: nothing stands there */
    bool constant;
    char column[MAP_TEXT]; /* theirs; or the constant */
    int place;
    size_t flags_n;
    struct {
        char name[32];
        char column[MAP_TEXT];
        int place;
    } flags[MAP_FLAGS];
    size_t steps_n;
    struct {
        enum map_step what;
        char text[MAP_TEXT];
    } steps[MAP_STEPS];
};

struct map_file {
    char name[64];
    unsigned line;
    char source[MAP_TEXT];
    bool distinct;
    char only[MAP_TEXT]; /* column */
    int only_place;
    char only_values[MAP_TEXT * 4]; /* each ended by a NUL, then another */
    size_t needs_n;                 /* columns without which a row is left out */
    struct {
        char column[MAP_TEXT];
        int place;
    } needs[MAP_FLAGS];
    size_t columns_n;
    bool ordered; /* columns are those of the format; before, the map's own copies */
    const char *columns[MAP_COLUMNS];
    struct map_value values[MAP_COLUMNS];
    struct {
        size_t n, size;
        uint64_t *hashes;
    } seen;
};

struct map_code {
    char list[MAP_TEXT];
    char code[MAP_TEXT];
    char text[MAP_TEXT];
};

struct ingest_map {
    char format[24];
    char null[MAP_TEXT];
    size_t files_n;
    struct map_file files[MAP_FILES];
    size_t codes_n, codes_size;
    struct map_code *codes;
};

#endif
