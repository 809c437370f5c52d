/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a district's own files as rows of the format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "ingest/map_internal.h"

#define CELL 1024

/* ---- header ---- */

static int place_of(const struct ingest_row *header, const char *name)
{
    for (size_t i = 0; i < header->n; i++)
        if (strcmp(header->field[i], name) == 0)
            return (int)i;
    return -1;
}

static bool find(const struct map_file *f, unsigned line, const struct ingest_row *header,
                 const char *column, int *place, struct ingest_receipt *receipt)
{
    struct ingest_place at = {.file = INGEST_MAP_NAME, .line = line};
    *place = place_of(header, column);
    if (*place < 0 && receipt)
        ingest_receipt_add(receipt, INGEST_ERROR, &at, "map_header",
                           "%s has no column %s, from which %s is made.", f->source, column,
                           f->name);
    return *place >= 0;
}

bool ingest_map_bind(struct ingest_map *m, size_t i, const struct ingest_row *header,
                     struct ingest_receipt *receipt)
{
    struct map_file *f = &m->files[i];
    bool good = !f->only[0] || find(f, f->line, header, f->only, &f->only_place, receipt);
    for (size_t k = 0; k < f->needs_n; k++)
        good = find(f, f->line, header, f->needs[k].column, &f->needs[k].place, receipt) && good;
    f->seen.n = 0;
    for (size_t k = 0; k < f->columns_n; k++) {
        struct map_value *v = &f->values[k];
        for (size_t g = 0; g < v->flags_n; g++)
            good =
                find(f, v->line, header, v->flags[g].column, &v->flags[g].place, receipt) && good;
        if (v->line && !v->constant && v->flags_n == 0)
            good = find(f, v->line, header, v->column, &v->place, receipt) && good;
    }
    return good;
}

/* ---- cells ---- */

/* The cell of theirs; "" for nothing. */
static const char *field(const struct ingest_map *m, const struct ingest_row *in, int place)
{
    const char *text = in && place >= 0 && (size_t)place < in->n ? in->field[place] : "";
    return m->null[0] && strcmp(text, m->null) == 0 ? "" : text;
}

static bool says_yes(const char *text)
{
    static const char *const yes[] = {"1", "y", "yes", "true", "t", "x"};
    for (size_t k = 0; k < KITH_LEN(yes); k++)
        if (strcasecmp(text, yes[k]) == 0)
            return true;
    return false;
}

static void flags(const struct ingest_map *m, const struct map_value *v,
                  const struct ingest_row *in, char cell[CELL])
{
    size_t n = 0;
    for (size_t g = 0; g < v->flags_n; g++)
        if (says_yes(field(m, in, v->flags[g].place)) && n < CELL - 40)
            n += (size_t)snprintf(cell + n, CELL - n, "%s%s", n ? "," : "", v->flags[g].name);
}

static void date(char cell[CELL], const char *format)
{
    struct tm tm = {0};
    const char *end = strptime(cell, format, &tm);
    if (end && *end == '\0')
        (void)snprintf(cell, CELL, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static void look_up(const struct ingest_map *m, const char *list, char cell[CELL])
{
    for (size_t c = 0; c < m->codes_n; c++)
        if (strcmp(m->codes[c].list, list) == 0 && strcmp(m->codes[c].code, cell) == 0) {
            (void)snprintf(cell, CELL, "%s", m->codes[c].text);
            return;
        }
}

static void take_step(const struct ingest_map *m, enum map_step what, const char *text,
                      char cell[CELL])
{
    char copy[CELL];
    char *found = strstr(cell, text);
    switch (what) {
    case MAP_BEFORE:
        if (found)
            *found = '\0';
        break;
    case MAP_AFTER:
        memmove(cell, found ? found + strlen(text) : "",
                found ? strlen(found + strlen(text)) + 1 : 1);
        break;
    case MAP_DATE:
        date(cell, text);
        break;
    case MAP_LOOKUP:
        look_up(m, text, cell);
        break;
    case MAP_ELSE:
        if (!*cell)
            (void)snprintf(cell, CELL, "%s", text);
        break;
    case MAP_PREFIX:
        memcpy(copy, cell, CELL);
        if (*copy)
            (void)snprintf(cell, CELL, "%s%.*s", text, (int)(CELL - 1 - strlen(text)), copy);
        break;
    }
}

static void make_cell(const struct ingest_map *m, const struct map_value *v,
                      const struct ingest_row *in, char cell[CELL])
{
    cell[0] = '\0';
    if (!v->line)
        return;
    if (v->flags_n > 0)
        flags(m, v, in, cell);
    else
        (void)snprintf(cell, CELL, "%s", v->constant ? v->column : field(m, in, v->place));
    for (size_t s = 0; s < v->steps_n; s++)
        take_step(m, v->steps[s].what, v->steps[s].text, cell);
}

/* ---- rows ---- */

static kith_err add_cell(struct kith_bytes *out, const char *cell)
{
    if (!strpbrk(cell, ",\"") && *cell != ' ')
        return kith_bytes_add(out, cell, strlen(cell));
    kith_err err = kith_bytes_add(out, "\"", 1);
    for (; *cell && err == KITH_OK; cell++) {
        if (*cell == '"')
            err = kith_bytes_add(out, "\"", 1);
        if (err == KITH_OK)
            err = kith_bytes_add(out, cell, 1);
    }
    return err == KITH_OK ? kith_bytes_add(out, "\"", 1) : err;
}

static bool wanted(const struct ingest_map *m, const struct map_file *f,
                   const struct ingest_row *in)
{
    for (size_t k = 0; k < f->needs_n; k++)
        if (!*field(m, in, f->needs[k].place))
            return false;
    if (!f->only[0])
        return true;
    const char *text = field(m, in, f->only_place);
    for (const char *v = f->only_values; *v; v += strlen(v) + 1)
        if (strcmp(v, text) == 0)
            return true;
    return false;
}

/* FNV-1a; two of a district's few thousand distinct names meet once in 10^11 files. */
static uint64_t hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h ? h : 1;
}

static bool put_hash(uint64_t *slots, size_t size, uint64_t h)
{
    size_t at = h & (size - 1);
    while (slots[at] && slots[at] != h)
        at = (at + 1) & (size - 1);
    bool fresh = slots[at] == 0;
    slots[at] = h;
    return fresh;
}

/* Was there a row with this first column? */
static kith_err first_time(struct map_file *f, const char *cell, bool *ret)
{
    if (f->seen.n * 2 >= f->seen.size) {
        size_t size = f->seen.size ? f->seen.size * 2 : 1024;
        uint64_t *slots = calloc(size, sizeof(*slots));
        if (!slots)
            return KITH_ENOMEM;
        for (size_t i = 0; i < f->seen.size && f->seen.n > 0; i++)
            if (f->seen.hashes[i])
                (void)put_hash(slots, size, f->seen.hashes[i]);
        free(f->seen.hashes);
        f->seen.hashes = slots;
        f->seen.size = size;
    } else if (f->seen.n == 0) {
        memset(f->seen.hashes, 0, f->seen.size * sizeof(*f->seen.hashes));
    }
    *ret = put_hash(f->seen.hashes, f->seen.size, hash(cell));
    f->seen.n += *ret;
    return KITH_OK;
}

kith_err ingest_map_header(const struct ingest_map *m, size_t i, struct kith_bytes *out)
{
    const struct map_file *f = &m->files[i];
    kith_err err = KITH_OK;
    for (size_t k = 0; k < f->columns_n && err == KITH_OK; k++) {
        err = k ? kith_bytes_add(out, ",", 1) : KITH_OK;
        if (err == KITH_OK)
            err = kith_bytes_add(out, f->columns[k], strlen(f->columns[k]));
    }
    return err == KITH_OK ? kith_bytes_add(out, "\n", 1) : err;
}

kith_err ingest_map_row(struct ingest_map *m, size_t i, const struct ingest_row *in,
                        struct kith_bytes *out)
{
    struct map_file *f = &m->files[i];
    char cell[CELL];
    bool taken = wanted(m, f, in);
    kith_err err = KITH_OK;
    make_cell(m, &f->values[0], in, cell);
    if (taken && f->distinct)
        err = first_time(f, cell, &taken);
    for (size_t k = 0; k < f->columns_n && taken && err == KITH_OK; k++) {
        make_cell(m, &f->values[k], in, cell);
        err = k ? kith_bytes_add(out, ",", 1) : KITH_OK;
        if (err == KITH_OK)
            err = add_cell(out, cell);
    }
    return err == KITH_OK ? kith_bytes_add(out, "\n", 1) : err;
}

/* ---- the manifest ---- */

char *ingest_map_manifest(const struct ingest_map *m)
{
    static const char head[] = "propertyName,value\nmanifest.version,1.0\n";
    char line[128];
    struct kith_bytes out = {0};
    if (strncmp(m->format, "oneroster-", 10) != 0)
        return NULL;
    kith_err err = kith_bytes_add(&out, head, sizeof(head) - 1);
    int n = snprintf(line, sizeof(line), "oneroster.version,%s\n", m->format + 10);
    if (err == KITH_OK)
        err = kith_bytes_add(&out, line, (size_t)n);
    for (size_t i = 0; i < m->files_n && err == KITH_OK; i++) {
        n = snprintf(line, sizeof(line), "file.%.*s,bulk\n", (int)strlen(m->files[i].name) - 4,
                     m->files[i].name);
        err = kith_bytes_add(&out, line, (size_t)n);
    }
    if (err == KITH_OK)
        err = kith_bytes_add(&out, "", 1);
    if (err != KITH_OK)
        kith_bytes_done(&out);
    return (char *)out.data;
}
