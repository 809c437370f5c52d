/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/csv.h"

#include <csv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ingest_csv {
    ingest_read_fn read;
    void *ctx;
    struct csv_parser parser;
    uint64_t line;
    bool ended;
    bool failed;
    bool cut;  /* the rest of a line too long is to be skipped */
    size_t at; /* unread bytes: buf[at..n) */
    size_t n;
    char buf[INGEST_CSV_LINE * 2];
    /* the row being split */
    size_t fields;
    size_t text_n;
    size_t starts[INGEST_CSV_FIELDS];
    char text[INGEST_CSV_LINE + INGEST_CSV_FIELDS];
};

kith_err ingest_csv_new(ingest_read_fn read, void *ctx, struct ingest_csv **ret)
{
    struct ingest_csv *c = calloc(1, sizeof(*c));
    if (!c)
        return KITH_ENOMEM;
    if (csv_init(&c->parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        free(c);
        return KITH_ENOMEM;
    }
    c->read = read;
    c->ctx = ctx;
    *ret = c;
    return KITH_OK;
}

void ingest_csv_free(struct ingest_csv *c)
{
    if (!c)
        return;
    csv_free(&c->parser);
    free(c);
}

size_t ingest_utf8_fault(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    for (size_t i = 0; i < n;) {
        size_t more = s[i] < 0x80                   ? 0
                      : s[i] >= 0xC2 && s[i] < 0xE0 ? 1
                      : (s[i] & 0xF0) == 0xE0       ? 2
                                                    : 3;
        if (more == 3 && (s[i] < 0xF0 || s[i] > 0xF4))
            return i + 1;
        if (more > 0 && i + more >= n)
            return i + 1;
        for (size_t k = 1; k <= more; k++)
            if ((s[i + k] & 0xC0) != 0x80)
                return i + 1;
        /* overlong forms, surrogates, beyond U+10FFFF */
        if ((s[i] == 0xE0 && s[i + 1] < 0xA0) || (s[i] == 0xED && s[i + 1] > 0x9F) ||
            (s[i] == 0xF0 && s[i + 1] < 0x90) || (s[i] == 0xF4 && s[i + 1] > 0x8F))
            return i + 1;
        i += more + 1;
    }
    return 0;
}

/* More bytes behind what is unread. */
static void fill(struct ingest_csv *c)
{
    memmove(c->buf, c->buf + c->at, c->n - c->at);
    c->n -= c->at;
    c->at = 0;
    ssize_t got = c->read(c->ctx, c->buf + c->n, sizeof(c->buf) - c->n);
    c->failed = got < 0;
    c->ended = got <= 0;
    c->n += got > 0 ? (size_t)got : 0;
}

/* What is left of a line that was cut. */
static void skip_rest(struct ingest_csv *c)
{
    while (c->cut) {
        const char *end = memchr(c->buf + c->at, '\n', c->n - c->at);
        c->at = end ? (size_t)(end - c->buf) + 1 : c->n;
        c->cut = !end && !c->ended;
        if (c->cut)
            fill(c);
    }
}

/* A line without its end, in buf; NULL: none is left. Of one that is too long the beginning. */
static const char *next_line(struct ingest_csv *c, size_t *n)
{
    size_t scanned = 0;
    skip_rest(c);
    for (;;) {
        char *start = c->buf + c->at;
        char *end = memchr(start + scanned, '\n', c->n - c->at - scanned);
        if (end) {
            *n = (size_t)(end - start);
            c->at += *n + 1;
            c->line++;
            return start;
        }
        scanned = c->n - c->at;
        if (c->ended || scanned > INGEST_CSV_LINE + 1) { /* + 1: its CR */
            c->cut = !c->ended;
            *n = scanned;
            c->at = c->n;
            c->line += scanned > 0;
            return scanned > 0 ? start : NULL;
        }
        fill(c);
    }
}

static void on_field(void *data, size_t n, void *ctx)
{
    struct ingest_csv *c = ctx;
    if (c->fields < INGEST_CSV_FIELDS) {
        c->starts[c->fields] = c->text_n;
        memcpy(c->text + c->text_n, data, n);
        c->text[c->text_n + n] = '\0';
        c->text_n += n + 1;
    }
    c->fields++;
}

static void on_row(int end, void *ctx)
{
    (void)end;
    (void)ctx;
}

/* False, with `fault`: the line cannot be split. */
static bool split(struct ingest_csv *c, const char *line, size_t n, struct ingest_csv_fault *fault)
{
    c->fields = 0;
    c->text_n = 0;
    bool stray = csv_parse(&c->parser, line, n, on_field, on_row, c) != n;
    if (!stray && csv_fini(&c->parser, on_field, on_row, c) == 0)
        return true;
    csv_free(&c->parser);
    (void)csv_init(&c->parser, CSV_STRICT | CSV_STRICT_FINI);
    if (memmem(line, n, "\\\"", 2)) {
        fault->code = "quote_backslash";
        (void)snprintf(fault->text, sizeof(fault->text),
                       "A quote is written as \\\"; inside a quoted field it must be doubled.");
    } else if (!stray) {
        fault->code = "quote_open";
        (void)snprintf(fault->text, sizeof(fault->text),
                       "A quoted field begins on this line and does not end on it; close the quote "
                       "and take line breaks out of fields.");
    } else {
        fault->code = "quote_stray";
        (void)snprintf(
            fault->text, sizeof(fault->text),
            "A quote stands inside a field that is not quoted, or text follows a closing "
            "quote; quote the whole field and double the quotes in it.");
    }
    return false;
}

static bool faulty(struct ingest_csv *c, const char *line, size_t n, struct ingest_csv_fault *fault)
{
    fault->line = c->line;
    size_t bad;
    if (n > INGEST_CSV_LINE) {
        fault->code = "line_long";
        (void)snprintf(fault->text, sizeof(fault->text), "A line has more than %d bytes.",
                       INGEST_CSV_LINE);
    } else if (c->line == 1 && n >= 2 &&
               (memcmp(line, "\xFF\xFE", 2) == 0 || memcmp(line, "\xFE\xFF", 2) == 0)) {
        fault->code = "utf16";
        (void)snprintf(fault->text, sizeof(fault->text),
                       "The file is UTF-16; save it as \"CSV UTF-8\".");
    } else if (memchr(line, '\0', n)) {
        fault->code = "nul";
        (void)snprintf(fault->text, sizeof(fault->text),
                       "The line holds a NUL byte; the file is damaged or not text.");
    } else if ((bad = ingest_utf8_fault(line, n)) > 0) {
        fault->code = "not_utf8";
        (void)snprintf(
            fault->text, sizeof(fault->text),
            "Byte %zu of the line is not UTF-8 (Latin-1 or Windows-1252?); save the file "
            "as \"CSV UTF-8\".",
            bad);
    } else if (memchr(line, '\r', n)) {
        fault->code = "carriage_return";
        (void)snprintf(fault->text, sizeof(fault->text),
                       "The line holds a carriage return before its end; lines end with LF or CR "
                       "LF.");
    } else if (!split(c, line, n, fault)) {
        return true;
    } else if (c->fields > INGEST_CSV_FIELDS) {
        fault->code = "fields_many";
        (void)snprintf(fault->text, sizeof(fault->text), "The line has more than %d fields.",
                       INGEST_CSV_FIELDS);
    } else {
        return false;
    }
    return true;
}

kith_err ingest_csv_next(struct ingest_csv *c, struct ingest_row *ret,
                         struct ingest_csv_fault *fault)
{
    for (;;) {
        size_t n = 0;
        const char *line = next_line(c, &n);
        ret->n = 0;
        if (!line)
            return c->failed ? KITH_EIO : KITH_OK;
        if (n > 0 && line[n - 1] == '\r')
            n--;
        if (c->line == 1 && n >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0) {
            line += 3;
            n -= 3;
        }
        if (n == 0)
            continue;
        if (faulty(c, line, n, fault))
            return KITH_EDECODE;
        ret->line = c->line;
        ret->n = c->fields;
        for (size_t i = 0; i < c->fields; i++)
            ret->field[i] = c->text + c->starts[i];
        return KITH_OK;
    }
}
