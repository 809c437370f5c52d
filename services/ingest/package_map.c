/* SPDX-License-Identifier: Apache-2.0 */
/* A package as its readers see it: its files, or where a map lies among them what that makes of them, line by line while it is read. */
#include <stdlib.h>
#include <string.h>

#include "ingest/package_internal.h"

#define MANIFEST "manifest.csv"

/* ---- opening ---- */

static kith_err read_map(struct ingest_package *p, struct ingest_receipt *receipt)
{
    static const struct ingest_place place = {.file = INGEST_MAP_NAME};
    kith_auto_mem char *text = malloc(INGEST_MAP_BYTES);
    size_t n = 0;
    ssize_t got = 1;
    if (!text)
        return KITH_ENOMEM;
    kith_err err = package_begin(p, INGEST_MAP_NAME);
    while (err == KITH_OK && got > 0 && n < INGEST_MAP_BYTES) {
        got = package_read(p, text + n, INGEST_MAP_BYTES - n);
        n += got > 0 ? (size_t)got : 0;
    }
    package_end(p);
    if (err == KITH_OK && got < 0)
        err = KITH_EIO;
    if (err == KITH_OK && n == INGEST_MAP_BYTES) {
        ingest_receipt_add(receipt, INGEST_ERROR, &place, "map_large",
                           "A map has less than 64 KiB.");
        err = KITH_EINVAL;
    }
    return err == KITH_OK ? ingest_map_parse(text, n, receipt, &p->map) : err;
}

/* The header of theirs, bound. */
static kith_err begin_theirs(struct ingest_package *p, size_t i, struct ingest_receipt *receipt)
{
    struct ingest_row header = {0};
    struct ingest_csv_fault fault = {.code = ""};
    struct ingest_place at = {.file = ingest_map_source(p->map, i), .line = 1};
    kith_err err = package_begin(p, at.file);
    if (err == KITH_OK)
        err = ingest_csv_new(package_read, p, &p->made.csv);
    if (err == KITH_OK)
        err = ingest_csv_next(p->made.csv, &header, &fault);
    if (err == KITH_ENOTFOUND && receipt)
        ingest_receipt_add(receipt, INGEST_ERROR, &at, "file_missing",
                           "%s is made of this file, which is not in the package.",
                           ingest_map_file(p->map, i));
    if (err == KITH_EDECODE && receipt)
        ingest_receipt_add(receipt, INGEST_ERROR, &at, fault.code, "%s", fault.text);
    if (err == KITH_OK && !ingest_map_bind(p->map, i, &header, receipt))
        err = KITH_EINVAL;
    return err == KITH_ENOTFOUND || err == KITH_EDECODE ? KITH_EINVAL : err;
}

kith_err package_map_open(struct ingest_package *p, struct ingest_receipt *receipt)
{
    kith_err err = read_map(p, receipt);
    kith_err first = err;
    for (size_t i = 0; err == KITH_OK && i < ingest_map_n(p->map); i++) {
        err = ingest_map_source(p->map, i) ? begin_theirs(p, i, receipt) : KITH_OK;
        ingest_package_end(p);
        first = first == KITH_OK ? err : first;
        err = err == KITH_EINVAL ? KITH_OK : err; /* all that is wrong is said */
    }
    if (first == KITH_OK)
        p->manifest = ingest_map_manifest(p->map);
    return first;
}

/* ---- what there is ---- */

size_t ingest_package_n(const struct ingest_package *p)
{
    return p->map ? ingest_map_n(p->map) + (p->manifest != NULL) : p->n;
}

const char *ingest_package_name(const struct ingest_package *p, size_t i)
{
    if (!p->map)
        return p->members[i].name;
    return i < ingest_map_n(p->map) ? ingest_map_file(p->map, i) : MANIFEST;
}

bool ingest_package_has(const struct ingest_package *p, const char *name)
{
    for (size_t i = 0; i < ingest_package_n(p); i++)
        if (strcmp(ingest_package_name(p, i), name) == 0)
            return true;
    return false;
}

/* ---- reading ---- */

kith_err ingest_package_begin(struct ingest_package *p, const char *name)
{
    ingest_package_end(p);
    if (!p->map)
        return package_begin(p, name);
    p->code = NULL;
    p->made.line = 1;
    if (p->manifest && strcmp(name, MANIFEST) == 0)
        return kith_bytes_add(&p->made.text, p->manifest, strlen(p->manifest));
    size_t i = 0;
    while (i < ingest_map_n(p->map) && strcmp(ingest_map_file(p->map, i), name) != 0)
        i++;
    if (i == ingest_map_n(p->map))
        return KITH_ENOTFOUND;
    p->made.file = i;
    p->made.constants = !ingest_map_source(p->map, i);
    kith_err err = ingest_map_header(p->map, i, &p->made.text);
    return err == KITH_OK && !p->made.constants ? begin_theirs(p, i, NULL) : err;
}

/* A line that cannot be read is passed on as one that cannot be read for the same reason. */
static kith_err pass_on(struct ingest_package *p, const struct ingest_csv_fault *fault)
{
    const char *line = strcmp(fault->code, "not_utf8") == 0 ? "\xff\n" : "\"\n";
    return kith_bytes_add(&p->made.text, line, strlen(line));
}

/* The next line of theirs, as one of ours with the same number. False: there is none. */
static bool make_line(struct ingest_package *p, kith_err *err)
{
    static const struct ingest_row nothing = {0};
    struct ingest_row in = {0};
    struct ingest_csv_fault fault;
    if (p->made.constants) {
        p->made.constants = false;
        *err = ingest_map_row(p->map, p->made.file, &nothing, &p->made.text);
        return *err == KITH_OK;
    }
    if (!p->made.csv)
        return false;
    *err = ingest_csv_next(p->made.csv, &in, &fault);
    if (*err != KITH_EDECODE && (*err != KITH_OK || in.n == 0))
        return false;
    bool bad = *err == KITH_EDECODE;
    uint64_t line = bad ? fault.line : in.line;
    *err = KITH_OK;
    for (; p->made.line + 1 < line && *err == KITH_OK; p->made.line++)
        *err = kith_bytes_add(&p->made.text, "\n", 1);
    p->made.line = line;
    if (*err == KITH_OK)
        *err = bad ? pass_on(p, &fault) : ingest_map_row(p->map, p->made.file, &in, &p->made.text);
    return *err == KITH_OK;
}

ssize_t ingest_package_read(void *ctx, void *buf, size_t n)
{
    struct ingest_package *p = ctx;
    kith_err err = KITH_OK;
    if (!p->map)
        return package_read(p, buf, n);
    if (p->made.at == p->made.text.n) {
        p->made.at = p->made.text.n = 0;
        while (p->made.text.n < n && make_line(p, &err))
            ;
    }
    if (err != KITH_OK) {
        if (!p->code) {
            p->code = "map_failed";
            p->text = "The map could not be applied to a line.";
        }
        return -1;
    }
    size_t left = p->made.text.n - p->made.at;
    size_t got = left < n ? left : n;
    if (got > 0)
        memcpy(buf, p->made.text.data + p->made.at, got);
    p->made.at += got;
    return (ssize_t)got;
}

void ingest_package_end(struct ingest_package *p)
{
    ingest_csv_free(KITH_TAKE(p->made.csv));
    kith_bytes_done(&p->made.text);
    p->made.at = 0;
    package_end(p);
}
