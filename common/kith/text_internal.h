/* SPDX-License-Identifier: Apache-2.0 */
/* Text forms that log, metrics and table share. Not for services. */
#ifndef KITH_TEXT_INTERNAL_H
#define KITH_TEXT_INTERNAL_H

#include <stddef.h>

#define KITH_REAL_TEXT 32

/* Length in bytes (1..4) of the well-formed UTF-8 character that `s` starts with, of which `n` >= 1 bytes may be read; 0 = the
 * first byte starts none. Source: Unicode 15, table 3-7. */
size_t kith_utf8_length(const char *s, size_t n);

/* A heap copy in which every byte that is no part of well-formed UTF-8 became U+FFFD; NULL when memory is exhausted. */
char *kith_utf8_clean(const char *s);

/* The shortest of 15 or 17 digits that reads back as `v`, with a point whatever the locale. `v` must be finite. Returns the length. */
size_t kith_real_format(double v, char text[static KITH_REAL_TEXT]);

#endif
