/* SPDX-License-Identifier: Apache-2.0 */
/* What cfg.c, cfg_file.c and cfg_value.c share, and the way into the reader for tests and the fuzzer. Not for services. */
#ifndef KITH_CFG_INTERNAL_H
#define KITH_CFG_INTERNAL_H

#include "kith/cfg.h"

#define KITH_CFG_RANGE_TEXT 64

/* ---- cfg_file.c: what stands in the file ---- */

/* One setting of the file. All are kept until the whole file was read, because a value may go on in the next line. */
struct kith_cfg_setting {
    const struct kith_cfg_section *section;
    const struct kith_cfg_key *key;
    unsigned line;
    char *text;
};

struct kith_cfg_settings {
    struct kith_cfg_setting *all;
    size_t n;
    size_t room;
};

/* The settings of our sections, in order; values are not looked at. On failure *ret may hold some: kith_cfg_settings_done frees
 * them in any case. Errors: KITH_ECONFIG with "name:line: ...", KITH_ENOMEM. */
KITH_MUST_CHECK kith_err kith_cfg_read(const struct kith_cfg_section *sections,
                                       const char *const *foreign, const char *name,
                                       const char *bytes, size_t n, struct kith_cfg_settings *ret,
                                       struct kith_why *why);
void kith_cfg_settings_done(struct kith_cfg_settings *settings);

/* ---- cfg.c ---- */

/* The first entry of this name; NULL when there is none. */
const struct kith_cfg_section *kith_cfg_find_section(const struct kith_cfg_section *sections,
                                                     const char *name);
/* `section` is the first entry of its name; becomes the entry that holds the key. NULL when none does. */
const struct kith_cfg_key *kith_cfg_find_key(const struct kith_cfg_section **section,
                                             const char *name);
bool kith_cfg_is_foreign(const char *const *foreign, const char *name);
/* "a, b" for a sentence; what does not fit is cut off. */
void kith_cfg_append(char *list, size_t room, const char *word);
/* The keys of every entry of this name from `section` on. */
void kith_cfg_list_keys(const struct kith_cfg_section *section, char *list, size_t room);

/* As kith_cfg_load, with the file's `n` bytes from memory; `name` stands for the file in messages. Without the environment when
 * `with_environment` is false. */
KITH_MUST_CHECK kith_err kith_cfg_load_bytes(const struct kith_cfg_section *sections,
                                             const char *name, const char *bytes, size_t n,
                                             const char *const *foreign, bool with_environment,
                                             struct kith_why *why);

/* ---- cfg_value.c ---- */

/* "1 to 30", "10s to 1h" in the file's notation; "" when the key has no range. */
void kith_cfg_range(const struct kith_cfg_key *key, char text[static KITH_CFG_RANGE_TEXT]);
/* "whole number", "duration (ms, s, min, h, d)" ... Static storage. */
const char *kith_cfg_type_text(enum kith_cfg_type type);

#endif
