/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/text_internal.h"

#define LINE_MAX_BYTES                                                                             \
    4096 /* PIPE_BUF: one write of so much is never mixed with another process's */

static const struct {
    const char *word;
    const char *priority; /* as syslog counts */
} levels[] = {
    [KITH_LOG_DEBUG] = {"debug", "<7>"},
    [KITH_LOG_INFO] = {"info", "<6>"},
    [KITH_LOG_WARN] = {"warn", "<4>"},
    [KITH_LOG_ERROR] = {"error", "<3>"},
};

static const char *daemon_name = "kith";
static enum kith_log_level least_level = KITH_LOG_INFO;
static bool to_journal;

static const char cut_mark[] = ",\"cut\":true";

/* A line under construction. Bytes from `limit` on are kept for what ends it. */
struct line {
    char bytes[LINE_MAX_BYTES];
    size_t n;
    size_t limit;
    bool cut;
};

/* All of the bytes or none. */
static bool put(struct line *l, const char *bytes, size_t n)
{
    if (n > l->limit - l->n) {
        l->cut = true;
        return false;
    }
    memcpy(l->bytes + l->n, bytes, n);
    l->n += n;
    return true;
}

static bool put_text(struct line *l, const char *text)
{
    return put(l, text, strlen(text));
}

/* The character at `s` as it stands inside a JSON string; returns the bytes of `s` used up, 0 when there is no room. */
static size_t put_char(struct line *l, const char *s, size_t left)
{
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\')
        return put(l, (const char[]){'\\', *s}, 2);
    if (c < 0x20) {
        char escape[8];
        int n = snprintf(escape, sizeof(escape), "\\u%04x", c);
        return put(l, escape, (size_t)n);
    }
    size_t length = kith_utf8_length(s, left);
    if (length == 0)
        return put(l, "\xef\xbf\xbd", 3); /* U+FFFD for a byte that is no text */
    return put(l, s, length) ? length : 0;
}

/* A JSON string; what does not fit is cut off at a character. */
static bool put_string(struct line *l, const char *s)
{
    if (!put(l, "\"", 1) || l->n == l->limit)
        return false;
    l->limit--; /* the closing quote always fits */
    size_t left = strlen(s);
    size_t used = 1;
    for (; left > 0 && used > 0; s += used, left -= used)
        used = put_char(l, s, left);
    l->limit++;
    return put(l, "\"", 1);
}

static bool put_value(struct line *l, const struct kith_field *f)
{
    char number[KITH_REAL_TEXT];
    switch (f->kind) {
    case KITH_FIELD_INT:
        (void)snprintf(number, sizeof(number), "%" PRId64, f->i);
        return put_text(l, number);
    case KITH_FIELD_STR:
        return f->s ? put_string(l, f->s) : put_text(l, "null");
    case KITH_FIELD_BOOL:
        return put_text(l, f->b ? "true" : "false");
    case KITH_FIELD_REAL:
        if (!isfinite(f->r))
            return put_text(l, "null"); /* JSON has no word for it */
        return put(l, number, kith_real_format(f->r, number));
    }
    assert(false && "kind of field");
    return false;
}

static void put_field(struct line *l, const struct kith_field *f)
{
    size_t before = l->n;
    if ((l->bytes[before - 1] == '{' || put(l, ",", 1)) && put_string(l, f->key) &&
        put(l, ":", 1) && put_value(l, f))
        return;
    l->n = before; /* no half fields */
}

/* One write; a line that the descriptor does not take is lost: logging never holds up the daemon. */
static void emit(const struct line *l)
{
    ssize_t n;
    do
        n = write(STDERR_FILENO, l->bytes, l->n);
    while (n < 0 && errno == EINTR);
}

void kith_log_fields(enum kith_log_level level, const char *event, const struct kith_field *fields,
                     size_t n)
{
    assert(event && (fields || n == 0));
    if (level < least_level)
        return;
    int saved = errno; /* a log call between a failure and the look at errno must not change it */
    struct line l;
    l.n = 0;
    l.limit = sizeof(l.bytes) - sizeof(cut_mark) - sizeof("}\n");
    l.cut = false;
    char at[25];
    kith_instant_format(kith_clock_now_us(), at);
    if (to_journal)
        (void)put_text(&l, levels[level].priority);
    (void)put(&l, "{", 1);
    put_field(&l, &KITH_STR("at", at));
    put_field(&l, &KITH_STR("level", levels[level].word));
    put_field(&l, &KITH_STR("daemon", daemon_name));
    put_field(&l, &KITH_STR("event", event));
    for (size_t i = 0; i < n; i++)
        put_field(&l, &fields[i]);
    l.limit = sizeof(l.bytes);
    if (l.cut)
        (void)put_text(&l, cut_mark);
    (void)put(&l, "}\n", 2);
    emit(&l);
    errno = saved;
}

/* systemd names the device and inode of the stream that it reads; a child whose stderr was redirected inherits the variable too. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat state;
    if (!stream || fstat(STDERR_FILENO, &state) != 0)
        return false;
    char ours[64];
    (void)snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)state.st_dev, (uintmax_t)state.st_ino);
    return strcmp(stream, ours) == 0;
}

void kith_log_init(const char *daemon, enum kith_log_level least)
{
    assert(daemon);
    daemon_name = daemon;
    least_level = least;
    to_journal = stderr_is_journal();
}

kith_err kith_log_level_parse(const char *word, enum kith_log_level *ret)
{
    assert(word);
    for (size_t i = 0; i < KITH_LEN(levels); i++) {
        if (strcmp(levels[i].word, word) == 0) {
            *ret = (enum kith_log_level)i;
            return KITH_OK;
        }
    }
    return KITH_EINVAL;
}
