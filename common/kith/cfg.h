/* SPDX-License-Identifier: Apache-2.0 */
/* Typed configuration: an INI file with sections, overridden by the environment (KITH_<SECTION>_<KEY>, upper case).
 * Durations and sizes need a unit ("20s", "1MiB"); an unknown section or key, a value of the wrong type, a missing or bad unit
 * or a value out of range is an error that names file, line and key. */
#ifndef KITH_CFG_H
#define KITH_CFG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

enum kith_cfg_type {
    KITH_CFG_STRING,   /* char *, heap; owned by the target struct, freed by kith_cfg_done */
    KITH_CFG_UINT,     /* uint32_t */
    KITH_CFG_BOOL,     /* bool: true|false|yes|no|on|off */
    KITH_CFG_MS,       /* int64_t milliseconds: "250ms" "20s" "15min" "1h" "2d" */
    KITH_CFG_BYTES,    /* int64_t bytes: "512B" "64KiB" "1MiB" "2GiB" */
    KITH_CFG_PERMILLE, /* uint32_t permille: "90%" "87.5%" */
};

struct kith_cfg_key {
    const char *name;
    enum kith_cfg_type type;
    size_t offset;        /* into the target struct */
    const char *fallback; /* in the file's own notation; NULL = required */
    const char *help;     /* one line for the sample file and --help */
    int64_t min;          /* in the stored unit, of a string its bytes; min == max == 0: no range */
    int64_t max;
    bool reloadable; /* may change on SIGHUP */
};

/* One section of the file and where its values go. Tables end with {0}. Entries that follow each other may have the same name:
 * one section whose keys go to several targets. */
struct kith_cfg_section {
    const char *name;
    const struct kith_cfg_key *keys;
    void *target;
};

/* Fill every target from defaults, then the file (path NULL: none), then the environment. What string keys held before is
 * overwritten, not freed: give a fresh struct or a copy. A line that starts with a blank continues the value above it. `foreign` names sections that belong
 * to other daemons and are skipped (NULL-terminated; NULL = none). On failure targets hold defaults or half the file and must still
 * go to kith_cfg_done; `why` says "kith.conf:12: [risk] min_days: needs a unit ...".
 * Errors: KITH_ECONFIG, KITH_EIO, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_cfg_load(const struct kith_cfg_section *sections, const char *path,
                                       const char *const *foreign, struct kith_why *why);
/* Free the strings. */
void kith_cfg_done(const struct kith_cfg_section *sections);
/* The sections as a commented sample file; the caller frees. */
KITH_MUST_CHECK kith_err kith_cfg_sample(const struct kith_cfg_section *sections, char **ret);

/* Parse one value as the file would; exported for tests and the CLI. A string's place holds NULL or the heap string that this
 * one replaces. Errors: KITH_EINVAL with `why`, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_cfg_parse(const struct kith_cfg_key *key, const char *text,
                                        void *target, struct kith_why *why);

#endif
