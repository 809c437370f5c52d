/* SPDX-License-Identifier: Apache-2.0 */
/* A zip, from the outside in: opened, listed, every entry read, then judged as attendance or a roster
 * and, when nothing is wrong, turned into rows or documents; with a map among its entries, through that.
 * Whatever the bytes are: a refusal names a code and a sentence, names are flat, and reading ends. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/attendance_csv.h"
#include "ingest/package.h"
#include "ingest/roster.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_findings(const struct ingest_receipt *r)
{
    for (size_t i = 0; i < r->findings_n; i++)
        check(r->findings[i].code && r->findings[i].code[0] && r->findings[i].text[0]);
}

static bool take(void *ctx, const struct ingest_emitted *e)
{
    size_t *n = ctx;
    check(e->doc && e->file && e->line > 0);
    ingest_doc_free(e->doc);
    return ++*n < 10000;
}

static bool take_row(void *ctx, const struct ingest_said_row *row)
{
    char categories[3][INGEST_CATEGORY_SIZE];
    size_t *n = ctx;
    check(row->student[0] && row->said > 0 && row->said < 8);
    check(ingest_said_categories(row, categories) > 0);
    return ++*n < 10000;
}

static void judge(struct ingest_package *p, bool strict, struct ingest_receipt *receipt)
{
    const char *attendance = ingest_attendance_csv_in(p);
    if (attendance) {
        size_t rows = 0;
        kith_err read = ingest_attendance_csv_read(p, attendance, strict, receipt, take_row, &rows);
        check(read == KITH_OK || read == KITH_EBUSY ||
              (read == KITH_EINVAL && receipt->errors > 0));
        return;
    }
    kith_auto(ingest_roster) roster = NULL;
    struct ingest_roster_opts opts = {.strict = strict};
    size_t taken = 0;
    kith_err err = ingest_roster_check(p, &opts, receipt, &roster);
    check(err == KITH_OK || (err == KITH_EINVAL && receipt->errors > 0) || err == KITH_EIO);
    if (err == KITH_OK && receipt->errors == 0) {
        err = ingest_roster_emit(roster, receipt, take, &taken);
        check(err == KITH_OK || err == KITH_EBUSY || (err == KITH_EINVAL && receipt->errors > 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char path[64];
    char buf[4096];
    int fd = memfd_create("package", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data, n) == (ssize_t)n);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    for (int strict = 0; strict < 2; strict++) {
        kith_auto(ingest_receipt) receipt = calloc(1, sizeof(*receipt));
        kith_auto(ingest_package) p = NULL;
        kith_err err = ingest_package_open(path, strict, receipt, &p);
        check(err == KITH_OK || (err == KITH_EINVAL && receipt->errors > 0));
        for (size_t i = 0; p && i < ingest_package_n(p); i++) {
            const char *name = ingest_package_name(p, i);
            check(name[0] && !strchr(name, '/') && strcmp(name, "..") != 0);
            if (ingest_package_begin(p, name) != KITH_OK)
                continue;
            for (size_t total = 0; total < 1 << 20;) {
                ssize_t got = ingest_package_read(p, buf, sizeof(buf));
                if (got <= 0)
                    break;
                total += (size_t)got;
            }
            ingest_package_end(p);
        }
        if (p)
            judge(p, strict, receipt);
        check_findings(receipt);
    }
    check(close(fd) == 0);
    return 0;
}
