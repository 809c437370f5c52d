/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object a line on stderr: {"at","level","daemon","event",fields...}; with the "<N>" priority prefix when systemd
 * reads it (JOURNAL_STREAM names our stderr). A line is one write of at most 4,096 bytes: what does not fit is left out and "cut":true
 * says so; a line that stderr does not take is lost. Never a student's name or SIS identifier: ids only; there is no field for free text from
 * outside. Library code (common/, domain files) does not log: handlers and the loop log once. */
#ifndef KITH_LOG_H
#define KITH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/err.h"

enum kith_log_level { KITH_LOG_DEBUG, KITH_LOG_INFO, KITH_LOG_WARN, KITH_LOG_ERROR };

struct kith_field {
    const char *key;
    enum { KITH_FIELD_INT, KITH_FIELD_STR, KITH_FIELD_BOOL, KITH_FIELD_REAL } kind;
    union {
        int64_t i;
        const char *s; /* NULL prints null */
        bool b;
        double r;
    };
};
#define KITH_INT(k, v)  ((struct kith_field){.key = (k), .kind = KITH_FIELD_INT, .i = (int64_t)(v)})
#define KITH_STR(k, v)  ((struct kith_field){.key = (k), .kind = KITH_FIELD_STR, .s = (v)})
#define KITH_BOOL(k, v) ((struct kith_field){.key = (k), .kind = KITH_FIELD_BOOL, .b = (v)})
#define KITH_REAL(k, v) ((struct kith_field){.key = (k), .kind = KITH_FIELD_REAL, .r = (v)})
#define KITH_ERR(e)     KITH_STR("err", kith_err_name(e))

/* kith_log(KITH_LOG_INFO, "started", KITH_INT("pid", getpid())); at least one field. */
#define kith_log(level, event, ...)                                                                \
    kith_log_fields((level), (event), (const struct kith_field[]){__VA_ARGS__},                    \
                    sizeof((const struct kith_field[]){__VA_ARGS__}) / sizeof(struct kith_field))

void kith_log_fields(enum kith_log_level level, const char *event, const struct kith_field *fields,
                     size_t n);

/* Once at start. `daemon` is borrowed for the life of the process. */
void kith_log_init(const char *daemon, enum kith_log_level least);
/* "debug", "info", "warn", "error". Errors: KITH_EINVAL. */
KITH_MUST_CHECK kith_err kith_log_level_parse(const char *word, enum kith_log_level *ret);

#endif
