/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/text_internal.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool between(uint8_t byte, uint8_t least, uint8_t most)
{
    return byte >= least && byte <= most;
}

size_t kith_utf8_length(const char *s, size_t n)
{
    assert(s && n >= 1);
    const uint8_t *b = (const uint8_t *)s;
    if (b[0] < 0x80)
        return 1;
    size_t length = between(b[0], 0xc2, 0xdf)   ? 2
                    : between(b[0], 0xe0, 0xef) ? 3
                    : between(b[0], 0xf0, 0xf4) ? 4
                                                : 0;
    if (length == 0 || length > n)
        return 0;
    /* the second byte is narrower after these four: overlong forms, surrogates, beyond U+10FFFF */
    uint8_t least = b[0] == 0xe0 ? 0xa0 : b[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t most = b[0] == 0xed ? 0x9f : b[0] == 0xf4 ? 0x8f : 0xbf;
    if (!between(b[1], least, most))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!between(b[i], 0x80, 0xbf))
            return 0;
    return length;
}

char *kith_utf8_clean(const char *s)
{
    size_t left = strlen(s);
    char *copy = malloc(left * 3 + 1); /* U+FFFD has three bytes */
    if (!copy)
        return NULL;
    char *to = copy;
    while (left > 0) {
        size_t length = kith_utf8_length(s, left);
        to = length ? mempcpy(to, s, length) : mempcpy(to, "\xef\xbf\xbd", 3);
        size_t used = length ? length : 1;
        s += used;
        left -= used;
    }
    *to = '\0';
    return copy;
}

size_t kith_real_format(double v, char text[static KITH_REAL_TEXT])
{
    assert(isfinite(v));
    (void)snprintf(text, KITH_REAL_TEXT, "%.15g", v);
    if (strtod(text, NULL) != v)
        (void)snprintf(text, KITH_REAL_TEXT, "%.17g", v);
    const char *point = localeconv()->decimal_point;
    char *at = strstr(text, point);
    if (at) { /* some locales write a comma, some a character of two bytes */
        size_t width = strlen(point);
        *at = '.';
        memmove(at + 1, at + width, strlen(at + width) + 1);
    }
    return strlen(text);
}
