/* SPDX-License-Identifier: Apache-2.0 */
/* A map, and behind a NUL a CSV file of a district. Whatever they are: a refusal names code and sentence; every row of the map's makes one
 * line, which reads back as a row with as many fields as the header, or an empty one. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct source {
    const uint8_t *data;
    size_t n;
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
    if (n > 0)
        memcpy(buf, s->data, n);
    s->data += n;
    s->n -= n;
    return (ssize_t)n;
}

/* How many fields the line has; 0: it is empty. */
static size_t fields_of(const struct kith_bytes *line)
{
    struct source s = {.data = line->data, .n = line->n};
    kith_auto(ingest_csv) csv = NULL;
    struct ingest_row row = {0};
    struct ingest_csv_fault fault;
    check(line->n > 0 && line->data[line->n - 1] == '\n' &&
          memchr(line->data, '\n', line->n) == line->data + line->n - 1);
    check(ingest_csv_new(give, &s, &csv) == KITH_OK);
    /* a line that is too long for its reader is refused there */
    return ingest_csv_next(csv, &row, &fault) == KITH_OK ? row.n : SIZE_MAX;
}

static void run(struct ingest_map *m, size_t file, const uint8_t *data, size_t n)
{
    struct source s = {.data = data, .n = n};
    kith_auto(ingest_csv) csv = NULL;
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    struct ingest_row row = {0};
    struct ingest_csv_fault fault;
    struct kith_bytes line = {0};
    check(receipt && ingest_csv_new(give, &s, &csv) == KITH_OK);
    check(ingest_map_header(m, file, &line) == KITH_OK);
    size_t columns = fields_of(&line);
    check(columns > 0);
    kith_err err = ingest_csv_next(csv, &row, &fault);
    if (err == KITH_OK && row.n > 0 && !ingest_map_bind(m, file, &row, receipt))
        check(receipt->errors > 0);
    else
        while (err == KITH_OK && row.n > 0) {
            err = ingest_csv_next(csv, &row, &fault);
            if (err != KITH_OK || row.n == 0)
                break;
            line.n = 0;
            check(ingest_map_row(m, file, &row, &line) == KITH_OK);
            size_t fields = fields_of(&line);
            check(fields == 0 || fields == columns || fields == SIZE_MAX);
        }
    kith_bytes_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *end = n > 0 ? memchr(data, '\0', n) : NULL;
    size_t text = end ? (size_t)(end - data) : n;
    kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
    kith_auto(ingest_map) m = NULL;
    check(receipt != NULL);
    kith_err err = ingest_map_parse((const char *)data, text, receipt, &m);
    check((err == KITH_OK) == (receipt->errors == 0));
    for (size_t i = 0; i < receipt->findings_n; i++)
        check(receipt->findings[i].code[0] && receipt->findings[i].text[0]);
    for (size_t i = 0; m && i < ingest_map_n(m); i++)
        run(m, i, end ? end + 1 : data + n, end ? n - text - 1 : 0);
    if (m)
        free(ingest_map_manifest(m));
    return 0;
}
