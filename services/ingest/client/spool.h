/* SPDX-License-Identifier: Apache-2.0 */
/* A queue of records on disk, for one process: append-only files ("segments") of about 16 MiB in a folder of its own (0700), a lock, and a position up to
 * which everything is done. A record is its length and CRC-32 (4 bytes each, little endian) and its bytes. What spool_sync() has confirmed survives a
 * crash of the process and of the machine; a record that a crash cut off at the end is dropped when the spool is opened; damage anywhere else is an
 * error, never skipped. Segments of which everything is done are deleted. Blocks on the disk. */
#ifndef INGEST_CLIENT_SPOOL_H
#define INGEST_CLIENT_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "kith/cleanup.h"
#include "kith/err.h"

#define SPOOL_RECORD_MAX (4u << 20)

struct spool;
struct spool_pos {
    uint64_t segment;
    uint64_t offset;
};

/* Made when it is not there. `max_bytes`: of all that is not done. Errors, said in `why`: KITH_EBUSY another process has it, KITH_EDECODE it is damaged (where),
 * KITH_EIO, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err spool_open(const char *folder, uint64_t max_bytes, struct spool **ret,
                                    struct kith_why *why);
void spool_free(struct spool *s); /* NULL is fine */
KITH_DEFINE_AUTO(spool)

/* At the end. Errors: KITH_EBUSY the spool is full, KITH_ETOOBIG, KITH_EIO (disk full: nothing was added). */
KITH_MUST_CHECK kith_err spool_append(struct spool *s, const void *record, size_t n);
/* Everything that was appended is durable. Errors: KITH_EIO. */
KITH_MUST_CHECK kith_err spool_sync(struct spool *s);

/* The record at *at, malloc'ed, the caller's; *at moves behind it. Errors: KITH_ENOTFOUND the end, KITH_EDECODE damaged, KITH_EIO, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err spool_next(struct spool *s, struct spool_pos *at, uint8_t **ret,
                                    size_t *n);
struct spool_pos spool_begin(const struct spool *s); /* of what is not done */
/* Everything before `to` is done; `records` of them. May be forgotten by a crash: then they come again. Errors: KITH_EIO. */
KITH_MUST_CHECK kith_err spool_done(struct spool *s, struct spool_pos to, uint64_t records);

uint64_t spool_waiting(const struct spool *s); /* records that are not done */
uint64_t
spool_cut(const struct spool *s); /* bytes that a crash left half-written and opening dropped */

#endif
