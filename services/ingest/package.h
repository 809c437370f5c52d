/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a package: a zip, a folder, or one CSV file. A zip is not trusted: names are flat, sizes are counted while inflating and
 * held against caps, entries are never written to disk.
 * Blocks; for a worker thread or a command. */
#ifndef INGEST_PACKAGE_H
#define INGEST_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ingest/receipt.h"
#include "kith/cleanup.h"
#include "kith/err.h"

#define INGEST_PACKAGE_FILES 64
#define INGEST_PACKAGE_BYTES                                                                       \
    (UINT64_C(2) << 30)          /* of all its files, inflated; unless limited to less */
#define INGEST_PACKAGE_RATIO 200 /* inflated to deflated, of one file beyond 1 MiB */

struct ingest_package;

/* What is wrong with the package itself is an error in `receipt`, and then KITH_EINVAL. Errors: KITH_EINVAL, KITH_ENOTFOUND no such file,
 * KITH_EIO, KITH_ENOMEM. `strict`: a folder inside the zip is refused too. */
KITH_MUST_CHECK kith_err ingest_package_open(const char *path, bool strict,
                                             struct ingest_receipt *receipt,
                                             struct ingest_package **ret);
void ingest_package_free(struct ingest_package *p); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_package)

void ingest_package_limit(struct ingest_package *p, uint64_t bytes);

/* Names without folder, in the order of the package. */
size_t ingest_package_n(const struct ingest_package *p);
const char *ingest_package_name(const struct ingest_package *p, size_t i);
bool ingest_package_has(const struct ingest_package *p, const char *name);

/* Open a file for reading from its beginning; one at a time. Errors: KITH_ENOTFOUND, KITH_EIO. */
KITH_MUST_CHECK kith_err ingest_package_begin(struct ingest_package *p, const char *name);
/* As ingest_read_fn, `ctx` is the package. -1: the file cannot be read or breaks a cap: ingest_package_fault says it. */
ssize_t ingest_package_read(void *ctx, void *buf, size_t n);
void ingest_package_end(struct ingest_package *p);
/* Why the last read failed: a stable code and a sentence; NULL when none did. */
const char *ingest_package_fault(const struct ingest_package *p, const char **text);

#endif
