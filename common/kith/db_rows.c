/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/db_internal.h"

#include <assert.h>
#include <ctype.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* OIDs of built-in types never change (pg_type.dat). */
static const struct db_type types[] = {
    {'b', 16, 1000, "bool"},   {'s', 21, 1005, "int2"},    {'i', 23, 1007, "int4"},
    {'l', 20, 1016, "int8"},   {'f', 701, 1022, "float8"}, {'t', 25, 1009, "text"},
    {'y', 17, 1001, "bytea"},  {'d', 1082, 1182, "date"},  {'z', 1184, 1185, "timestamptz"},
    {'u', 2950, 2951, "uuid"}, {'j', 3802, 3807, "jsonb"}, {'o', 1083, 1183, "time"},
};

const struct db_type *db_type_of(char letter)
{
    for (size_t i = 0; i < KITH_LEN(types); i++)
        if (types[i].letter == tolower((unsigned char)letter))
            return &types[i];
    return NULL;
}

unsigned db_type_oid(char letter)
{
    const struct db_type *type = db_type_of(letter);
    if (!type)
        return 0;
    return letter == type->letter ? type->oid : type->array_oid;
}

void db_type_name(unsigned oid, char *text, size_t size)
{
    (void)snprintf(text, size, "OID %u", oid);
    for (size_t i = 0; i < KITH_LEN(types); i++) {
        if (types[i].oid == oid)
            (void)snprintf(text, size, "%s", types[i].name);
        else if (types[i].array_oid == oid)
            (void)snprintf(text, size, "%s[]", types[i].name);
    }
}

struct kith_rows db_rows_of(struct pg_result *result, const struct kith_stmt *stmt)
{
    return (struct kith_rows){
        .result = result,
        .columns = stmt->columns,
        .rows_n = (size_t)PQntuples(result),
        .affected = (size_t)strtoull(PQcmdTuples(result), NULL, 10),
    };
}

size_t kith_rows_n(const struct kith_rows *r)
{
    return r->rows_n;
}

size_t kith_rows_affected(const struct kith_rows *r)
{
    return r->affected;
}

/* The letter of a column; asking for what is not there is our bug. */
static char letter_of(const struct kith_rows *r, size_t row, size_t col)
{
    assert(row < r->rows_n && col < strlen(r->columns));
    (void)row;
    return r->columns[col];
}

static const uint8_t *value(const struct kith_rows *r, size_t row, size_t col)
{
    return (const uint8_t *)PQgetvalue(r->result, (int)row, (int)col);
}

static uint32_t load32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof(v));
    return be32toh(v);
}

static uint64_t load64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, sizeof(v));
    return be64toh(v);
}

bool kith_rows_null(const struct kith_rows *r, size_t row, size_t col)
{
    (void)letter_of(r, row, col);
    return PQgetisnull(r->result, (int)row, (int)col);
}

bool kith_rows_bool(const struct kith_rows *r, size_t row, size_t col)
{
    char letter = letter_of(r, row, col);
    assert(letter == 'b');
    (void)letter;
    return !kith_rows_null(r, row, col) && value(r, row, col)[0];
}

int64_t kith_rows_int(const struct kith_rows *r, size_t row, size_t col)
{
    char letter = letter_of(r, row, col);
    if (kith_rows_null(r, row, col))
        return 0;
    const uint8_t *at = value(r, row, col);
    switch (letter) {
    case 's': {
        uint16_t v;
        memcpy(&v, at, sizeof(v));
        return (int16_t)be16toh(v);
    }
    case 'i':
        return (int32_t)load32(at);
    case 'l':
    case 'o':
        return (int64_t)load64(at);
    case 'd':
        return (int64_t)(int32_t)load32(at) + DB_EPOCH_DAYS;
    case 'z':
        return (int64_t)(load64(at) + (uint64_t)DB_EPOCH_US);
    default:
        assert(false && "no integer column");
        return 0;
    }
}

double kith_rows_f8(const struct kith_rows *r, size_t row, size_t col)
{
    char letter = letter_of(r, row, col);
    assert(letter == 'f');
    (void)letter;
    if (kith_rows_null(r, row, col))
        return 0;
    uint64_t bits = load64(value(r, row, col));
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

const char *kith_rows_text(const struct kith_rows *r, size_t row, size_t col)
{
    char letter = letter_of(r, row, col);
    assert(letter == 't' || letter == 'j');
    const char *text = PQgetvalue(r->result, (int)row, (int)col);
    /* libpq puts a NUL behind every value; jsonb starts with its version byte */
    return letter == 'j' && *text ? text + 1 : text;
}

const uint8_t *kith_rows_bytes(const struct kith_rows *r, size_t row, size_t col, size_t *n)
{
    char letter = letter_of(r, row, col);
    assert(letter == 'y' || letter == 'u');
    (void)letter;
    *n = (size_t)PQgetlength(r->result, (int)row, (int)col);
    return value(r, row, col);
}

size_t kith_rows_ints(const struct kith_rows *r, size_t row, size_t col, int64_t *values,
                      size_t max)
{
    char letter = letter_of(r, row, col);
    assert(letter == 'I' || letter == 'L');
    if (kith_rows_null(r, row, col))
        return 0;
    const uint8_t *at = value(r, row, col);
    if (load32(at) == 0) /* no dimension: empty */
        return 0;
    assert(load32(at) == 1 && load32(at + 4) == 0);
    size_t n = load32(at + 12);
    size_t width = letter == 'I' ? 4 : 8;
    at += 20;
    for (size_t i = 0; i < n && i < max; i++, at += 4 + width)
        values[i] = letter == 'I' ? (int64_t)(int32_t)load32(at + 4) : (int64_t)load64(at + 4);
    return n;
}
