/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/scalar.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kith/clock.h"

#define SECOND_US INT64_C(1000000)

static kith_err refuse(struct kith_why *why, const char *sentence)
{
    kith_why_set(why, "%s", sentence);
    return KITH_EINVAL;
}

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool digits(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return n > 0;
}

size_t ingest_characters(const char *text, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static kith_err parse_text(int64_t max, const char *text, size_t n, struct kith_why *why)
{
    /* bytes bound characters, so that most texts need no counting */
    if (max > 0 && n > (size_t)max && ingest_characters(text, n) > (size_t)max) {
        kith_why_set(why, "must have at most %" PRId64 " characters", max);
        return KITH_EINVAL;
    }
    return KITH_OK;
}

static kith_err parse_int64(int64_t max, const char *text, size_t n, struct ingest_scalar *ret,
                            struct kith_why *why)
{
    if (!digits(text, n))
        return refuse(why, "must be a whole number, not negative");
    if (max == 0)
        max = INT64_MAX;
    int64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        int digit = text[i] - '0';
        if (v > (max - digit) / 10) {
            kith_why_set(why, "must be at most %" PRId64, max);
            return KITH_EINVAL;
        }
        v = v * 10 + digit;
    }
    while (n > 1 && *text == '0') { /* "007" is 7 */
        text++;
        n--;
    }
    ret->integer = v;
    ret->text = text;
    ret->n = n;
    return KITH_OK;
}

static kith_err parse_number(const char *text, size_t n, struct ingest_scalar *ret,
                             struct kith_why *why)
{
    char copy[64];
    if (n == 0 || n >= sizeof(copy))
        return refuse(why, "must be a number");
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (strspn(copy, "0123456789+-.eE") < n) /* strtod would take "nan", "0x1" and blanks */
        return refuse(why, "must be a number");
    char *end = NULL;
    errno = 0;
    double v = strtod(copy, &end);
    if (end == copy || *end != '\0' || errno == ERANGE || !isfinite(v))
        return refuse(why, "must be a number");
    ret->number = v;
    return KITH_OK;
}

static kith_err parse_bool(const char *text, size_t n, struct ingest_scalar *ret,
                           struct kith_why *why)
{
    bool yes = n == 4 && strncasecmp(text, "true", 4) == 0;
    if (!yes && !(n == 5 && strncasecmp(text, "false", 5) == 0))
        return refuse(why, "must be true or false");
    ret->boolean = yes;
    return KITH_OK;
}

/* What some clients add to a date: "T00:00:00", ".000", "Z". Anything but midnight would need a zone, which dates do not have. */
static bool midnight(const char *text, size_t n)
{
    if (n < 9 || memcmp(text, "T00:00:00", 9) != 0)
        return false;
    text += 9;
    n -= 9;
    if (n > 0 && text[n - 1] == 'Z')
        n--;
    if (n == 0)
        return true;
    if (text[0] != '.' || n < 2)
        return false;
    for (size_t i = 1; i < n; i++) {
        if (text[i] != '0')
            return false;
    }
    return true;
}

static kith_err parse_date(const char *text, size_t n, struct ingest_scalar *ret,
                           struct kith_why *why)
{
    int32_t days = 0;
    bool good = n == 10 || (n > 10 && midnight(text + 10, n - 10));
    if (good) {
        memcpy(ret->buf, text, 10);
        ret->buf[10] = '\0';
        /* there is no year 0, and PostgreSQL knows none */
        good = kith_date_parse(ret->buf, &days) == KITH_OK && memcmp(text, "0000", 4) != 0;
    }
    if (!good)
        return refuse(why, "must be a date as YYYY-MM-DD");
    ret->integer = days;
    ret->text = ret->buf;
    ret->n = 10;
    return KITH_OK;
}

static int two_digits(const char *text, int max)
{
    if (!digits(text, 2))
        return -1;
    int v = (text[0] - '0') * 10 + (text[1] - '0');
    return v <= max ? v : -1;
}

/* ".f" to ".fffffff" as microseconds; -1 = malformed */
static int64_t fraction(const char *text, size_t n)
{
    if (n == 0)
        return 0;
    if (text[0] != '.' || n > 8 || !digits(text + 1, n - 1))
        return -1;
    int64_t us = 0;
    for (size_t i = 1; i <= 6; i++)
        us = us * 10 + (i < n ? text[i] - '0' : 0);
    return us;
}

static kith_err parse_time(const char *text, size_t n, struct ingest_scalar *ret,
                           struct kith_why *why)
{
    static const char sentence[] = "must be a time as HH:MM:SS";
    if (n != 5 && n < 8)
        return refuse(why, sentence);
    int hour = two_digits(text, 23);
    int minute = text[2] == ':' ? two_digits(text + 3, 59) : -1;
    int second = n == 5 ? 0 : -1;
    if (n >= 8 && text[5] == ':')
        second = two_digits(text + 6, 59);
    int64_t us = n > 8 ? fraction(text + 8, n - 8) : 0;
    if (hour < 0 || minute < 0 || second < 0 || us < 0)
        return refuse(why, sentence);
    ret->integer = ((hour * 60 + minute) * INT64_C(60) + second) * SECOND_US + us;
    ingest_time_format(ret->integer, ret->buf);
    ret->text = ret->buf;
    ret->n = strlen(ret->buf);
    return KITH_OK;
}

static kith_err parse_descriptor(const char *text, size_t n, struct kith_why *why)
{
    const char *hash = memrchr(text, '#', n);
    if (!hash || hash == text || hash == text + n - 1 || blank(hash[-1]) || blank(hash[1]))
        return refuse(why, "must be a descriptor as namespace#code");
    size_t space = (size_t)(hash - text);
    if (ingest_characters(text, space) > INGEST_NAMESPACE_MAX)
        return refuse(why, "must have a namespace of at most 255 characters");
    if (ingest_characters(hash + 1, n - space - 1) > INGEST_CODE_MAX)
        return refuse(why, "must have a code of at most 50 characters");
    return KITH_OK;
}

kith_err ingest_scalar_parse(enum ingest_type type, int64_t max, bool identity, const char *text,
                             size_t n, struct ingest_scalar *ret, struct kith_why *why)
{
    assert(text && ret);
    ret->text = text;
    ret->n = n;
    if (identity && n == 0)
        return refuse(why, "is required");
    if ((identity || type == INGEST_DESCRIPTOR) && n > 0 && (blank(text[0]) || blank(text[n - 1])))
        return refuse(why, "must not begin or end with a blank");
    switch (type) {
    case INGEST_TEXT:
        return parse_text(max, text, n, why);
    case INGEST_INT64:
        return parse_int64(max, text, n, ret, why);
    case INGEST_NUMBER:
        return parse_number(text, n, ret, why);
    case INGEST_BOOL:
        return parse_bool(text, n, ret, why);
    case INGEST_DATE:
        return parse_date(text, n, ret, why);
    case INGEST_TIME:
        return parse_time(text, n, ret, why);
    case INGEST_DESCRIPTOR:
        return parse_descriptor(text, n, why);
    case INGEST_LIST:
    case INGEST_OBJECT:
    case INGEST_REFERENCE:
        break;
    }
    assert(false && "not a scalar type");
    return KITH_EINTERNAL;
}

static char *put_digits(char *to, unsigned v, int n)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        to[i] = (char)('0' + v % 10);
    return to + n;
}

void ingest_time_format(int64_t us, char text[static 16])
{
    assert(us >= 0 && us < 86400 * SECOND_US);
    unsigned seconds = (unsigned)(us / SECOND_US);
    char *p = put_digits(text, seconds / 3600, 2);
    *p++ = ':';
    p = put_digits(p, seconds / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, seconds % 60, 2);
    if (us % SECOND_US != 0) {
        *p++ = '.';
        p = put_digits(p, (unsigned)(us % SECOND_US), 6);
        while (p[-1] == '0')
            p--;
    }
    *p = '\0';
}
