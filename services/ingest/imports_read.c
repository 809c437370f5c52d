/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of a package: it is opened, judged and turned into documents, which go to the loop in chunks. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/imports_internal.h"

static bool collect(void *ctx, const struct ingest_emitted *e)
{
    struct import *i = ctx;
    if (!i->filling)
        i->filling = calloc(1, sizeof(*i->filling));
    if (!i->filling) {
        ingest_doc_free(e->doc);
        return false;
    }
    i->filling->docs[i->filling->n++] = *e;
    if (i->filling->n < IMPORT_CHUNK)
        return true;
    if (!kith_worker_give(i->thread, i->filling))
        return false;
    i->filling = NULL;
    return true;
}

/* The packages before this one, opened. */
struct earlier {
    size_t n;
    struct ingest_package **packages;
};

static void earlier_free(struct earlier *e)
{
    for (size_t k = 0; k < e->n; k++)
        ingest_package_free(e->packages[k]);
    free((void *)e->packages);
    *e = (struct earlier){0};
}

static kith_err open_earlier(struct import *i, struct earlier *ret)
{
    static const struct ingest_place whole = {.file = ""};
    ret->packages = calloc(i->earlier_n + 1, sizeof(struct ingest_package *));
    kith_err err = ret->packages ? KITH_OK : KITH_ENOMEM;
    for (size_t k = 0; k < i->earlier_n && err == KITH_OK; k++) {
        kith_auto(ingest_receipt) ignored = calloc(1, sizeof(*ignored));
        err = ignored ? ingest_package_open(i->earlier[k], false, ignored, &ret->packages[k])
                      : KITH_ENOMEM;
        ret->n += err == KITH_OK;
    }
    if (err != KITH_ENOTFOUND && err != KITH_EIO)
        return err;
    ingest_receipt_add(i->receipt, INGEST_ERROR, &whole, "earlier_missing",
                       "A package that this delta follows is not in the import folder any more; "
                       "send a bulk package.");
    return KITH_EINVAL;
}

static kith_err read_roster(struct import *i, struct ingest_package *package)
{
    kith_auto(ingest_roster) roster = NULL;
    struct earlier earlier = {0};
    bool delta = ingest_roster_is_delta(package);
    kith_err err = delta ? open_earlier(i, &earlier) : KITH_OK;
    struct ingest_roster_opts opts = {
        .strict = i->strict, .earlier = earlier.packages, .earlier_n = earlier.n};
    i->follows = delta;
    if (err == KITH_OK)
        err = ingest_roster_check(package, &opts, i->receipt, &roster);
    if (err == KITH_OK && i->receipt->errors == 0) {
        i->bulk = ingest_roster_whole(roster);
        (void)snprintf(i->origin, sizeof(i->origin), "%s", ingest_roster_origin(roster));
        err = ingest_roster_emit(roster, i->receipt, collect, i);
        if (err == KITH_OK && i->filling && kith_worker_give(i->thread, i->filling))
            i->filling = NULL;
    }
    ingest_roster_free(KITH_TAKE(roster));
    earlier_free(&earlier);
    return err;
}

/* ---- attendance ---- */

static bool say(void *ctx, const struct ingest_said_row *row)
{
    struct import *i = ctx;
    if (!i->saying)
        i->saying = calloc(1, sizeof(*i->saying));
    if (!i->saying)
        return false;
    i->saying->said = true;
    struct import_said_row *to = &i->saying->rows[i->saying->n++];
    *to = (struct import_said_row){
        .line = row->line, .school = row->school, .date = row->date, .said = row->said};
    (void)snprintf(to->student, sizeof(to->student), "%s", row->student);
    (void)snprintf(to->section, sizeof(to->section), "%s", row->section);
    (void)snprintf(to->code, sizeof(to->code), "%s", row->code);
    if (i->saying->n < IMPORT_SAID)
        return true;
    if (!kith_worker_give(i->thread, i->saying))
        return false;
    i->saying = NULL;
    return true;
}

/* Once to judge it, once to use it: a file with an error does nothing. */
static kith_err read_attendance(struct import *i, struct ingest_package *package, const char *file)
{
    i->attendance = true;
    (void)snprintf(i->origin, sizeof(i->origin), "attendance");
    kith_err err = ingest_attendance_csv_read(package, file, i->strict, i->receipt, NULL, NULL);
    if (err == KITH_OK && i->receipt->errors == 0)
        err = ingest_attendance_csv_read(package, file, i->strict, NULL, say, i);
    if (err == KITH_OK && i->saying && kith_worker_give(i->thread, i->saying))
        i->saying = NULL;
    return err;
}

void imports_thread(void *ctx, struct kith_worker *w)
{
    struct import *i = ctx;
    kith_auto(ingest_package) package = NULL;
    i->thread = w;
    kith_err err = ingest_package_open(i->path, i->strict, i->receipt, &package);
    const char *attendance = err == KITH_OK ? ingest_attendance_csv_in(package) : NULL;
    if (err == KITH_OK)
        err = attendance ? read_attendance(i, package, attendance) : read_roster(i, package);
    i->read_err = err == KITH_EINVAL && i->receipt->errors > 0 ? KITH_OK : err;
}

void imports_remove(const char *path)
{
    char file[4600];
    if (unlink(path) == 0 || errno != EISDIR)
        return;
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        (void)snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
        (void)unlink(file);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(path);
}

bool imports_kept(const struct import *i)
{
    return strcmp(i->origin, "oneroster") == 0;
}
