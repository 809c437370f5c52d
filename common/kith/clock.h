/* SPDX-License-Identifier: Apache-2.0 */
/* The only source of time. Wall time can be driven: by a test (kith_clock_set) or by a file that holds an instant, so that
 * a week of school can be played in seconds. Monotonic time is never driven: timeouts and token lives use it or wall time
 * deliberately, as their headers say. Process-wide; call from any thread. */
#ifndef KITH_CLOCK_H
#define KITH_CLOCK_H

#include <stdint.h>

#include "kith/err.h"

/* Wall time, microseconds since 1970-01-01 UTC. */
int64_t kith_clock_now_us(void);
/* Monotonic milliseconds since an arbitrary start. */
int64_t kith_clock_mono_ms(void);
/* Monotonic microseconds, for latencies. */
int64_t kith_clock_mono_us(void);
/* CPU time that this process has used, all of its threads together. */
int64_t kith_clock_cpu_us(void);

/* Wall time stands still at `us` until the next call; us < 0 returns to the system's clock. */
void kith_clock_set(int64_t us);
/* Wall time is the RFC 3339 UTC instant in the file ("2026-09-14T15:00:00Z"), read again when kith_clock_poll() sees that the
 * file changed; between, it stands still. NULL or "" returns to the system's clock.
 * Errors: KITH_EIO unreadable, KITH_EINVAL no instant in it. */
KITH_MUST_CHECK kith_err kith_clock_use_file(const char *path);
/* Look at the file again; cheap (one stat). The daemon skeleton calls it every 100 ms. An unreadable file keeps the last instant. */
void kith_clock_poll(void);

/* Days since 1970-01-01 of a civil date and back (proleptic Gregorian). Algorithm: H. Hinnant, "chrono-compatible low-level
 * date algorithms". */
int32_t kith_date_from_civil(int year, int month, int day);
void kith_date_to_civil(int32_t days, int *year, int *month, int *day);
/* "YYYY-MM-DD", strict (10 characters, a real date). Errors: KITH_EINVAL. */
KITH_MUST_CHECK kith_err kith_date_parse(const char *text, int32_t *ret);
/* Writes "YYYY-MM-DD" and a NUL. Years 0..9999; beyond, the nearest of these. */
void kith_date_format(int32_t days, char text[static 11]);
/* RFC 3339 UTC with optional fraction, "2026-09-14T15:00:00Z" ("+00:00" is fine too); a leap second is the next second. Errors: KITH_EINVAL. */
KITH_MUST_CHECK kith_err kith_instant_parse(const char *text, int64_t *ret_us);
/* Writes "YYYY-MM-DDTHH:MM:SS.mmmZ" and a NUL. */
void kith_instant_format(int64_t us, char text[static 25]);

#endif
