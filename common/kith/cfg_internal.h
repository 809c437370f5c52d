/* SPDX-License-Identifier: Apache-2.0 */
/* What cfg.c and cfg_value.c share, and the way into the reader for tests and the fuzzer. Not for services. */
#ifndef KITH_CFG_INTERNAL_H
#define KITH_CFG_INTERNAL_H

#include "kith/cfg.h"

#define KITH_CFG_RANGE_TEXT 64

/* As kith_cfg_load, with the file's `n` bytes from memory; `name` stands for the file in messages. Without the environment when
 * `with_environment` is false. */
KITH_MUST_CHECK kith_err kith_cfg_load_bytes(const struct kith_cfg_section *sections,
                                             const char *name, const char *bytes, size_t n,
                                             const char *const *foreign, bool with_environment,
                                             struct kith_why *why);

/* "1 to 30", "at least 10s" in the file's notation; "" when the key has no range. */
void kith_cfg_range(const struct kith_cfg_key *key, char text[static KITH_CFG_RANGE_TEXT]);
/* "whole number", "duration (ms, s, min, h, d)" ... Static storage. */
const char *kith_cfg_type_text(enum kith_cfg_type type);

#endif
