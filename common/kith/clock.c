/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/clock.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECOND_US     INT64_C(1000000)
#define DAY_S         INT64_C(86400)
#define SYSTEM        INT64_MIN /* the system's clock, not a driven instant */
#define TICK_NS       INT64_C(100000000)
#define INSTANT_MAX   64        /* bytes of a clock file that are looked at */
#define YEAR_MAX_DAYS 2932896   /* 9999-12-31 */
#define YEAR_MIN_DAYS (-719528) /* 0000-01-01 */

static _Atomic int64_t driven_us = SYSTEM;

static struct {
    pthread_mutex_t lock;
    char *path; /* NULL: no file */
    struct timespec changed;
    off_t size;
    ino_t inode;
    bool settled; /* the file's time stamp is old enough to show the next change */
} file = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- now ---- */

static int64_t read_us(clockid_t which)
{
    struct timespec now;
    int status = clock_gettime(which, &now);
    assert(status == 0);
    (void)status;
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

int64_t kith_clock_now_us(void)
{
    int64_t us = atomic_load_explicit(&driven_us, memory_order_relaxed);
    return us == SYSTEM ? read_us(CLOCK_REALTIME) : us;
}

int64_t kith_clock_cpu_us(void)
{
    return read_us(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t kith_clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t kith_clock_mono_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

/* ---- driving ---- */

static void drive(int64_t us)
{
    atomic_store_explicit(&driven_us, us, memory_order_relaxed);
}

static void forget_file(void)
{
    free(KITH_TAKE(file.path));
}

void kith_clock_set(int64_t us)
{
    (void)pthread_mutex_lock(&file.lock);
    forget_file();
    drive(us < 0 ? SYSTEM : us);
    (void)pthread_mutex_unlock(&file.lock);
}

/* The instant in a file and the state of the file before it was read. */
static kith_err read_instant(const char *path, struct stat *state, int64_t *ret_us)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return KITH_EIO;
    char text[INSTANT_MAX];
    bool good = fstat(fd, state) == 0;
    ssize_t n = good ? read(fd, text, sizeof(text) - 1) : -1;
    (void)close(fd);
    if (n < 0)
        return KITH_EIO;
    text[n] = '\0';
    text[strcspn(text, " \t\r\n")] = '\0';
    return kith_instant_parse(text, ret_us);
}

/* A file written twice within one tick of the file system's clock shows the same time stamp; so a file that was changed
 * just now counts as changed until the tick is over. */
static void remember_state(const struct stat *state)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t age_ns = (int64_t)(now.tv_sec - state->st_mtim.tv_sec) * SECOND_US * 1000 +
                     (now.tv_nsec - state->st_mtim.tv_nsec);
    file.changed = state->st_mtim;
    file.size = state->st_size;
    file.inode = state->st_ino;
    file.settled = age_ns > TICK_NS;
}

kith_err kith_clock_use_file(const char *path)
{
    if (!path || *path == '\0') {
        kith_clock_set(-1);
        return KITH_OK;
    }
    kith_auto_mem char *copy = strdup(path);
    if (!copy)
        return KITH_ENOMEM;
    struct stat state;
    int64_t us;
    kith_err err = read_instant(copy, &state, &us);
    if (err != KITH_OK)
        return err;
    (void)pthread_mutex_lock(&file.lock);
    forget_file();
    file.path = KITH_TAKE(copy);
    remember_state(&state);
    drive(us);
    (void)pthread_mutex_unlock(&file.lock);
    return KITH_OK;
}

static bool unchanged(const struct stat *state)
{
    return file.settled && state->st_mtim.tv_sec == file.changed.tv_sec &&
           state->st_mtim.tv_nsec == file.changed.tv_nsec && state->st_size == file.size &&
           state->st_ino == file.inode;
}

void kith_clock_poll(void)
{
    (void)pthread_mutex_lock(&file.lock);
    struct stat state;
    int64_t us;
    if (file.path && stat(file.path, &state) == 0 && !unchanged(&state) &&
        read_instant(file.path, &state, &us) == KITH_OK) {
        remember_state(&state);
        drive(us);
    }
    (void)pthread_mutex_unlock(&file.lock);
}

/* ---- dates; years are counted from March, so that the leap day is the last of its year ---- */

int32_t kith_date_from_civil(int year, int month, int day)
{
    assert(month >= 1 && month <= 12);
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * 146097 + day_of_era - 719468);
}

void kith_date_to_civil(int32_t days, int *year, int *month, int *day)
{
    int64_t z = (int64_t)days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

/* Exactly `n` decimal digits; -1 when there is anything else. Does not read past a NUL. */
static int digits(const char *text, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* The date at the start of `text`, whatever follows. */
static kith_err parse_date_part(const char *text, int32_t *ret)
{
    int year = digits(text, 4);
    if (year < 0 || text[4] != '-')
        return KITH_EINVAL;
    int month = digits(text + 5, 2);
    if (month < 1 || month > 12 || text[7] != '-')
        return KITH_EINVAL;
    int day = digits(text + 8, 2);
    if (day < 1)
        return KITH_EINVAL;
    int32_t days = kith_date_from_civil(year, month, day);
    int y, m, d;
    kith_date_to_civil(days, &y, &m, &d);
    if (d != day) /* 31 April is 1 May */
        return KITH_EINVAL;
    *ret = days;
    return KITH_OK;
}

kith_err kith_date_parse(const char *text, int32_t *ret)
{
    assert(text);
    int32_t days;
    if (parse_date_part(text, &days) != KITH_OK || text[10] != '\0')
        return KITH_EINVAL;
    *ret = days;
    return KITH_OK;
}

static void put_digits(char *at, int n, int64_t value)
{
    for (int i = n - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
}

void kith_date_format(int32_t days, char text[static 11])
{
    int32_t kept = days < YEAR_MIN_DAYS   ? YEAR_MIN_DAYS
                   : days > YEAR_MAX_DAYS ? YEAR_MAX_DAYS
                                          : days;
    int year, month, day;
    kith_date_to_civil(kept, &year, &month, &day);
    put_digits(text, 4, year);
    text[4] = '-';
    put_digits(text + 5, 2, month);
    text[7] = '-';
    put_digits(text + 8, 2, day);
    text[10] = '\0';
}

/* ---- instants ---- */

/* ".123" at *at: microseconds, further digits cut off; *at moves behind it. No fraction: 0. -1: a point without digits. */
static int64_t parse_fraction(const char **at)
{
    if (**at != '.')
        return 0;
    const char *p = *at + 1;
    int64_t us = 0;
    int64_t unit = SECOND_US / 10;
    for (; *p >= '0' && *p <= '9'; p++, unit /= 10)
        us += unit * (*p - '0');
    if (p == *at + 1)
        return -1;
    *at = p;
    return us;
}

kith_err kith_instant_parse(const char *text, int64_t *ret_us)
{
    assert(text);
    int32_t days;
    if (parse_date_part(text, &days) != KITH_OK || (text[10] != 'T' && text[10] != 't'))
        return KITH_EINVAL;
    int hour = digits(text + 11, 2);
    if (hour < 0 || hour > 23 || text[13] != ':')
        return KITH_EINVAL;
    int minute = digits(text + 14, 2);
    if (minute < 0 || minute > 59 || text[16] != ':')
        return KITH_EINVAL;
    int second = digits(text + 17, 2);
    int second_max =
        hour == 23 && minute == 59 ? 60 : 59; /* a leap second is the next day's first */
    if (second < 0 || second > second_max)
        return KITH_EINVAL;
    const char *rest = text + 19;
    int64_t fraction_us = parse_fraction(&rest);
    if (fraction_us < 0 ||
        (strcmp(rest, "Z") != 0 && strcmp(rest, "z") != 0 && strcmp(rest, "+00:00") != 0))
        return KITH_EINVAL;
    *ret_us = (days * DAY_S + hour * INT64_C(3600) + minute * INT64_C(60) + second) * SECOND_US +
              fraction_us;
    return KITH_OK;
}

void kith_instant_format(int64_t us, char text[static 25])
{
    int64_t day_us = DAY_S * SECOND_US;
    int64_t least = YEAR_MIN_DAYS * day_us;
    int64_t most = (YEAR_MAX_DAYS + 1) * day_us - 1;
    int64_t kept = us < least ? least : us > most ? most : us;
    int64_t days = kept / day_us - (kept % day_us < 0);
    int64_t ms = (kept - days * day_us) / 1000;
    kith_date_format((int32_t)days, text);
    text[10] = 'T';
    put_digits(text + 11, 2, ms / 3600000);
    text[13] = ':';
    put_digits(text + 14, 2, ms / 60000 % 60);
    text[16] = ':';
    put_digits(text + 17, 2, ms / 1000 % 60);
    text[19] = '.';
    put_digits(text + 20, 3, ms % 1000);
    text[23] = 'Z';
    text[24] = '\0';
}
