/* SPDX-License-Identifier: Apache-2.0 */
/* Zips written by hand, so that every byte of them can be wrong. Entries are stored, not deflated. */
#ifndef INGEST_ZIP_H
#define INGEST_ZIP_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct zipw_entry {
    const char *name;
    const char *data;
    size_t n;            /* 0 = strlen(data) */
    uint16_t flags;      /* 1 = encrypted */
    uint32_t attributes; /* of Unix, shifted by 16 */
};

struct zipw {
    size_t n;
    unsigned char bytes[1 << 18];
    /* the directory */
    size_t dir_n;
    unsigned char dir[1 << 14];
    uint16_t entries;
};

static inline uint32_t zipw_crc(const char *data, size_t n)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned char)data[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static inline void zipw_put(unsigned char *to, size_t *at, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[(*at)++] = (unsigned char)(v >> (8 * i));
}

/* The part that local and central headers share: from "version needed" to "extra field length". */
static inline void zipw_head(unsigned char *to, size_t *at, const struct zipw_entry *e, size_t n)
{
    zipw_put(to, at, 20, 2);
    zipw_put(to, at, e->flags, 2);
    zipw_put(to, at, 0, 2);          /* stored */
    zipw_put(to, at, 0x5A210000, 4); /* 2025-01-01 */
    zipw_put(to, at, zipw_crc(e->data, n), 4);
    zipw_put(to, at, n, 4);
    zipw_put(to, at, n, 4);
    zipw_put(to, at, strlen(e->name), 2);
    zipw_put(to, at, 0, 2);
}

/* An entry of the directory for a local header at `where`. */
static inline void zipw_list(struct zipw *w, const struct zipw_entry *e, size_t where)
{
    size_t n = e->n ? e->n : strlen(e->data);
    zipw_put(w->dir, &w->dir_n, 0x02014B50, 4);
    zipw_put(w->dir, &w->dir_n, 0x0314, 2); /* made by Unix */
    zipw_head(w->dir, &w->dir_n, e, n);
    zipw_put(w->dir, &w->dir_n, 0, 6); /* comment, disk, internal attributes */
    zipw_put(w->dir, &w->dir_n, (uint64_t)e->attributes << 16, 4);
    zipw_put(w->dir, &w->dir_n, where, 4);
    memcpy(w->dir + w->dir_n, e->name, strlen(e->name));
    w->dir_n += strlen(e->name);
    w->entries++;
}

/* A local header with its data; returns where. */
static inline size_t zipw_local(struct zipw *w, const struct zipw_entry *e)
{
    size_t n = e->n ? e->n : strlen(e->data);
    size_t where = w->n;
    zipw_put(w->bytes, &w->n, 0x04034B50, 4);
    zipw_head(w->bytes, &w->n, e, n);
    memcpy(w->bytes + w->n, e->name, strlen(e->name));
    w->n += strlen(e->name);
    memcpy(w->bytes + w->n, e->data, n);
    w->n += n;
    return where;
}

static inline void zipw_add(struct zipw *w, const struct zipw_entry *e)
{
    zipw_list(w, e, zipw_local(w, e));
}

static inline void zipw_finish(struct zipw *w)
{
    size_t where = w->n;
    memcpy(w->bytes + w->n, w->dir, w->dir_n);
    w->n += w->dir_n;
    zipw_put(w->bytes, &w->n, 0x06054B50, 4);
    zipw_put(w->bytes, &w->n, 0, 4);
    zipw_put(w->bytes, &w->n, w->entries, 2);
    zipw_put(w->bytes, &w->n, w->entries, 2);
    zipw_put(w->bytes, &w->n, w->dir_n, 4);
    zipw_put(w->bytes, &w->n, where, 4);
    zipw_put(w->bytes, &w->n, 0, 2);
}

#endif
