/* SPDX-License-Identifier: Apache-2.0 */
/* Files that `kith import` was given, as one zip. Blocks. */
#ifndef INGEST_CMD_PACK_H
#define INGEST_CMD_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "kith/err.h"

/* Must they be packed: several, a folder, or with a map? */
bool cmd_pack_needed(const char *const *files, size_t n, const char *map);
/* A zip in a file of its own, which the caller unlinks and frees; `map` (NULL: none) goes in as kith.map, of a folder its CSV files and its own
 * kith.map. Errors, said in `why`: KITH_EIO, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err cmd_pack_zip(const char *const *files, size_t n, const char *map,
                                      char **ret, struct kith_why *why);

#endif
