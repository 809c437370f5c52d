/* SPDX-License-Identifier: Apache-2.0 */
/* The limit that the doors are measured against: plain COPY BINARY of the very rows that they wrote, into the same tables with the same
 * indexes, in the same number of rows a commit; not idempotent, no positions to hand out, no acknowledgement.
 *
 * copy_bench CONNINFO ROWS_PER_COMMIT
 * Takes the rows of ingest.attendance and ingest.log out (binary), empties the tables, puts them back, and prints rows per second of
 * attendance. The tables end as they were. */
#include <libpq-fe.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct rows {
    char *data;
    size_t *at; /* n + 1 */
    size_t n;
};

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(PGconn *c, const char *sql, ExecStatusType expected)
{
    PGresult *r = PQexec(c, sql);
    if (PQresultStatus(r) != expected) {
        (void)fprintf(stderr, "%s: %s", sql, PQerrorMessage(c));
        exit(1);
    }
    PQclear(r);
}

/* Each row comes as one CopyData message; the first carries the 19-byte header, the last is the trailer. */
static struct rows copy_out(PGconn *c, const char *sql)
{
    struct rows rows = {0};
    size_t size = 0;
    size_t used = 0;
    size_t slots = 0;
    char *piece;
    run(c, sql, PGRES_COPY_OUT);
    for (int n; (n = PQgetCopyData(c, &piece, 0)) > 0; PQfreemem(piece)) {
        size_t skip = used == 0 && rows.n == 0 ? 19 : 0;
        size_t length = (size_t)n - skip;
        if (length <= 2)
            continue; /* the header alone, or the trailer */
        if (used + length > size) {
            size = (used + length) * 2;
            rows.data = realloc(rows.data, size);
        }
        if (rows.n + 2 > slots) {
            slots = (rows.n + 2) * 2;
            rows.at = realloc(rows.at, slots * sizeof(size_t));
        }
        if (!rows.data || !rows.at)
            exit(1);
        memcpy(rows.data + used, piece + skip, length);
        rows.at[rows.n++] = used;
        used += length;
        rows.at[rows.n] = used;
    }
    PQclear(PQgetResult(c));
    PQclear(PQgetResult(c));
    return rows;
}

static void copy_in(PGconn *c, const char *sql, const struct rows *rows, size_t first, size_t n)
{
    static const char header[19] = "PGCOPY\n\377\r\n";
    static const char trailer[2] = {(char)0xff, (char)0xff};
    run(c, sql, PGRES_COPY_IN);
    size_t bytes = rows->at[first + n] - rows->at[first];
    if (PQputCopyData(c, header, sizeof(header)) != 1 ||
        PQputCopyData(c, rows->data + rows->at[first], (int)bytes) != 1 ||
        PQputCopyData(c, trailer, sizeof(trailer)) != 1 || PQputCopyEnd(c, NULL) != 1) {
        (void)fprintf(stderr, "COPY: %s", PQerrorMessage(c));
        exit(1);
    }
    PGresult *r = PQgetResult(c);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        (void)fprintf(stderr, "COPY: %s", PQerrorMessage(c));
        exit(1);
    }
    PQclear(r);
    PQclear(PQgetResult(c));
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fputs("copy_bench CONNINFO ROWS_PER_COMMIT\n", stderr);
        return 2;
    }
    PGconn *c = PQconnectdb(argv[1]);
    size_t step = strtoul(argv[2], NULL, 10);
    if (PQstatus(c) != CONNECTION_OK || step == 0) {
        (void)fprintf(stderr, "%s", PQerrorMessage(c));
        return 1;
    }
    struct rows marks =
        copy_out(c, "COPY (SELECT * FROM ingest.attendance ORDER BY pos) TO STDOUT BINARY");
    struct rows log = copy_out(c, "COPY (SELECT * FROM ingest.log WHERE type = 8 ORDER BY pos) TO "
                                  "STDOUT BINARY");
    run(c, "TRUNCATE ingest.attendance", PGRES_COMMAND_OK);
    run(c, "DELETE FROM ingest.log WHERE type = 8", PGRES_COMMAND_OK);
    run(c, "VACUUM ingest.log", PGRES_COMMAND_OK);
    run(c, "CHECKPOINT", PGRES_COMMAND_OK);
    size_t commits = (marks.n + step - 1) / step;
    double start = now();
    for (size_t i = 0; i < commits; i++) {
        size_t first = i * step;
        size_t log_first = log.n * i / commits;
        size_t log_n = log.n * (i + 1) / commits - log_first;
        run(c, "BEGIN", PGRES_COMMAND_OK);
        copy_in(c, "COPY ingest.attendance FROM STDIN BINARY", &marks, first,
                first + step < marks.n ? step : marks.n - first);
        if (log_n > 0)
            copy_in(c, "COPY ingest.log FROM STDIN BINARY", &log, log_first, log_n);
        run(c, "COMMIT", PGRES_COMMAND_OK);
    }
    double seconds = now() - start;
    printf("{\"rows\":%zu,\"log_rows\":%zu,\"commits\":%zu,\"seconds\":%.3f,\"per_second\":%.0f}\n",
           marks.n, log.n, commits, seconds, (double)marks.n / seconds);
    PQfinish(c);
    return 0;
}
