/* SPDX-License-Identifier: Apache-2.0 */
/* A CSV file. The first byte is how many bytes the source gives at a time. Whatever the pieces, rows and faults are the same; every field is
 * UTF-8 without line ends; lines only grow; no fault is without a sentence. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct source {
    const uint8_t *data;
    size_t n;
    size_t piece;
};

static void check(bool good)
{
    if (!good)
        abort();
}

static ssize_t give(void *ctx, void *buf, size_t n)
{
    struct source *s = ctx;
    n = n < s->n ? n : s->n;
    n = n < s->piece ? n : s->piece;
    memcpy(buf, s->data, n);
    s->data += n;
    s->n -= n;
    return (ssize_t)n;
}

static void check_row(const struct ingest_row *row)
{
    check(row->n <= INGEST_CSV_FIELDS);
    for (size_t i = 0; i < row->n; i++) {
        size_t length = strlen(row->field[i]);
        check(length <= INGEST_CSV_LINE && ingest_utf8_fault(row->field[i], length) == 0);
        check(!strpbrk(row->field[i], "\r\n"));
    }
}

static void same(const struct ingest_row *a, const struct ingest_row *b)
{
    check(a->n == b->n && (a->n == 0 || a->line == b->line));
    for (size_t i = 0; i < a->n; i++)
        check(strcmp(a->field[i], b->field[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct source whole = {.data = data + 1, .n = n - 1, .piece = SIZE_MAX};
    struct source pieces = {.data = data + 1, .n = n - 1, .piece = (size_t)data[0] + 1};
    kith_auto(ingest_csv) a = NULL;
    kith_auto(ingest_csv) b = NULL;
    check(ingest_csv_new(give, &whole, &a) == KITH_OK &&
          ingest_csv_new(give, &pieces, &b) == KITH_OK);
    uint64_t line = 0;
    for (;;) {
        struct ingest_row x = {0};
        struct ingest_row y = {0};
        struct ingest_csv_fault fx = {0};
        struct ingest_csv_fault fy = {0};
        kith_err err = ingest_csv_next(a, &x, &fx);
        check(err == ingest_csv_next(b, &y, &fy));
        if (err == KITH_EDECODE) {
            check(fx.line == fy.line && strcmp(fx.code, fy.code) == 0 && fx.text[0] &&
                  fx.line > line);
            line = fx.line;
            continue;
        }
        check(err == KITH_OK);
        same(&x, &y);
        if (x.n == 0)
            return 0;
        check_row(&x);
        check(x.line > line);
        line = x.line;
    }
}
