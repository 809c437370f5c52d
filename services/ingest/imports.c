/* SPDX-License-Identifier: Apache-2.0 */
/* Which package is next, its thread, and how it ends. */
#include "ingest/imports.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ingest/drop.h"
#include "ingest/imports_internal.h"
#include "kith/clock.h"
#include "kith/log.h"

#define AGAIN_MS 2000

/* ---- one package's memory ---- */

static void free_texts(char **texts, size_t n)
{
    for (size_t k = 0; k < n; k++)
        free(texts[k]);
    free((void *)texts);
}

static void import_free(struct import *i)
{
    if (!i)
        return;
    kith_worker_free(i->worker);
    imports_piece_free(i->filling);
    imports_piece_free(i->waiting);
    imports_piece_free(i->saying);
    imports_marks_free(i->marks);
    kith_job_free(i->ready);
    ingest_receipt_free(i->receipt);
    ingest_receipt_free(i->found);
    for (size_t k = 0; k < i->resources_n; k++) {
        free(i->resources[k].ids);
        free(i->resources[k].before);
        free(i->resources[k].gone);
        free(i->resources[k].absent);
    }
    ingest_known_free(i->staged);
    kith_tx_free(i->tx);
    for (size_t k = 0; k < i->records_n; k++)
        kith_bytes_done(&i->records[k].bytes);
    free(i->records);
    for (size_t k = 0; k < IMPORT_HEAPS; k++)
        free(i->heaps[k].refs);
    kith_bytes_done(&i->batch.records.bytes);
    free(i->undo);
    free_texts(i->earlier, i->earlier_n);
    free_texts(i->superseded, i->superseded_n);
    free(i);
}
KITH_DEFINE_AUTO(import)

/* ---- staging ---- */

static void on_sets(void *ctx, const struct kith_rows *rows)
{
    imports_load_sets(ctx, rows);
}

static void sets_loaded(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import *i = ctx;
    (void)why;
    if (i->step_err == KITH_OK)
        i->step_err = err;
    imports_stage(i, KITH_TAKE(i->waiting));
}

/* The district is ours: the transaction begins with what the last package held. */
static void on_held(void *ctx)
{
    struct import *i = ctx;
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK) {
        ingest_store_import_sets(job, i->district->id, i->origin, on_sets, i);
        err = kith_tx_run(i->tx, job, false, sets_loaded, i);
    }
    if (err != KITH_OK) {
        i->step_err = err;
        imports_stage(i, KITH_TAKE(i->waiting));
    }
}

static void on_piece(void *ctx, void *piece)
{
    struct import *i = ctx;
    if (i->attendance) {
        imports_said(i, piece);
        return;
    }
    if (i->holding) {
        imports_stage(i, piece);
        return;
    }
    i->holding = true;
    i->waiting = piece;
    kith_err err = ingest_writer_hold(i->all->opts.writer, i->district->id, on_held, i);
    if (err != KITH_OK) {
        i->holding = false;
        i->step_err = err;
        imports_stage(i, KITH_TAKE(i->waiting));
    }
}

static void on_read(void *ctx)
{
    struct import *i = ctx;
    i->read = true;
    if (!i->flying)
        imports_read(i);
}

void imports_read(struct import *i)
{
    if (i->step_err == KITH_OK)
        i->step_err = i->read_err;
    if (i->step_err == KITH_OK && i->receipt->errors == 0 && i->found->errors == 0 && i->attendance)
        imports_said_end(i);
    else if (i->step_err == KITH_OK && i->receipt->errors == 0 && i->found->errors == 0)
        imports_apply(i);
    else
        imports_end(i, i->step_err == KITH_OK || i->step_err == KITH_EINVAL ||
                               i->step_err == KITH_EINTERNAL || i->step_err == KITH_ENOTFOUND
                           ? IMPORT_REFUSED
                           : IMPORT_AGAIN);
}

/* ---- the end ---- */

static void release(struct import *i)
{
    if (i->holding)
        ingest_writer_release(i->all->opts.writer, i->district->id);
    i->holding = false;
}

static void finished(struct ingest_imports *im, struct import *i, bool again)
{
    im->running = NULL;
    import_free(i);
    if (again)
        kith_timer_start(im->again, AGAIN_MS, 0);
    else
        imports_look(im);
}

void imports_written(struct import *i)
{
    if (i->goes)
        imports_remove(i->path);
    finished(i->all, i, false);
}

static void state_written(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import *i = ctx;
    (void)why;
    if (err == KITH_OK) {
        kith_owner_committed(i->all->opts.owner, i->district->id, 0, 0);
        imports_written(i);
    } else {
        finished(i->all, i, true);
    }
}

static void write_state(struct import *i, const char *state)
{
    struct kith_job *job = NULL;
    kith_auto_mem char *receipt = imports_receipt(i);
    kith_err err = receipt ? kith_job_new(&job) : KITH_ENOMEM;
    if (err == KITH_OK && strcmp(state, "quarantined") == 0) {
        struct kith_owner *owner = i->all->opts.owner;
        ingest_store_owned(job, i->district->id, kith_owner_epoch(owner, i->district->id, 0));
        err = imports_add_notice(i->all, job, i->district->id, i->id, true);
        if (err != KITH_OK)
            kith_job_free(KITH_TAKE(job));
    }
    if (err == KITH_OK) {
        ingest_store_import_state(job, i->district->id, i->id, state, receipt, kith_clock_now_us());
        err = kith_db_run(i->all->opts.db, job, state_written, i);
    }
    if (err != KITH_OK)
        finished(i->all, i, true);
}

/* Whoever watches, with the receipt. */
static void tell(struct import *i, const char *state)
{
    const struct ingest_imports_opts *o = &i->all->opts;
    kith_auto_mem char *receipt = o->on_end ? imports_receipt(i) : NULL;
    const char *slash = strrchr(i->path, '/');
    if (receipt)
        o->on_end(o->ctx, slash ? slash + 1 : i->path, state, receipt);
}

void imports_end(struct import *i, enum import_end end)
{
    static const char *const names[] = {"applied", "refused", "quarantined", "again"};
    kith_tx_free(KITH_TAKE(i->tx)); /* rolls back what was not committed */
    if (end != IMPORT_APPLIED)
        imports_undo(i);
    release(i);
    kith_log(KITH_LOG_INFO, "import", KITH_INT("district", i->district->id),
             KITH_INT("import", i->id), KITH_STR("outcome", names[end]));
    if (end != IMPORT_AGAIN)
        tell(i, names[end]);
    i->goes = (end == IMPORT_APPLIED && !imports_kept(i)) || end == IMPORT_REFUSED;
    if (end == IMPORT_AGAIN)
        finished(i->all, i, true);
    else if (end == IMPORT_APPLIED && !i->attendance) /* its state went with the transaction */
        imports_parked(i, imports_written);
    else
        write_state(i, names[end]);
}

/* ---- an unknown outcome ---- */

struct question {
    struct import *import;
    bool committed;
};

static void on_state(void *ctx, const struct kith_rows *rows)
{
    struct question *q = ctx;
    q->committed = kith_rows_n(rows) > 0 && strcmp(kith_rows_text(rows, 0, 2), "applied") == 0;
}

static void state_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct question *q = ctx;
    struct import *i = q->import;
    bool committed = q->committed;
    (void)why;
    free(q);
    if (err != KITH_OK)
        imports_ask(i);
    else if (committed)
        imports_committed(i);
    else
        imports_end(i, IMPORT_AGAIN);
}

static void ask_now(void *ctx)
{
    struct ingest_imports *im = ctx;
    struct import *i = im->running;
    if (!i) {
        imports_look(im);
        return;
    }
    struct question *q = calloc(1, sizeof(*q));
    struct kith_job *job = NULL;
    kith_err err = q ? kith_job_new(&job) : KITH_ENOMEM;
    if (err == KITH_OK) {
        q->import = i;
        /* waits for a transaction that the server may still be at */
        ingest_store_owned(job, i->district->id,
                           kith_owner_epoch(im->opts.owner, i->district->id, 0));
        ingest_store_import_get(job, i->district->id, i->id, on_state, q);
        err = kith_db_run(im->opts.db, job, state_read, q);
    }
    if (err != KITH_OK) {
        free(q);
        kith_timer_start(im->again, AGAIN_MS, 0);
    }
}

void imports_ask(struct import *i)
{
    kith_timer_start(i->all->again, AGAIN_MS, 0);
}

/* ---- the next one ---- */

/* The packages that a delta is read with: those of the district that are kept. */
static kith_err find_earlier(struct import *i, const struct kith_rows *rows)
{
    i->earlier = calloc(kith_rows_n(rows), sizeof(*i->earlier));
    if (!i->earlier)
        return KITH_ENOMEM;
    for (size_t k = 0; k < kith_rows_n(rows); k++) {
        if (kith_rows_int(rows, k, 0) != i->district->id || !kith_rows_bool(rows, k, 7))
            continue;
        if (asprintf(&i->earlier[i->earlier_n], "%s/%s", i->all->opts.folder,
                     kith_rows_text(rows, k, 3)) < 0)
            return KITH_ENOMEM;
        i->earlier_n++;
    }
    return KITH_OK;
}

static kith_err begin(struct ingest_imports *im, const struct kith_rows *rows, size_t row)
{
    kith_auto(import) i = calloc(1, sizeof(*i));
    if (!i)
        return KITH_ENOMEM;
    i->all = im;
    i->district = ingest_districts_find(im->opts.districts, (int32_t)kith_rows_int(rows, row, 0));
    i->id = kith_rows_int(rows, row, 1);
    (void)snprintf(i->name, sizeof(i->name), "%s", kith_rows_text(rows, row, 2));
    (void)snprintf(i->path, sizeof(i->path), "%s/%s", im->opts.folder,
                   kith_rows_text(rows, row, 3));
    i->strict = kith_rows_bool(rows, row, 4);
    i->confirmed = kith_rows_bool(rows, row, 5);
    i->receipt = calloc(1, sizeof(*i->receipt));
    i->found = calloc(1, sizeof(*i->found));
    if (!i->receipt || !i->found || !i->district || ingest_known_new(&i->staged) != KITH_OK ||
        find_earlier(i, rows) != KITH_OK ||
        kith_tx_new(im->opts.db, IMPORT_PATIENCE, &i->tx) != KITH_OK)
        return KITH_ENOMEM;
    struct kith_worker_opts opts = {.loop = im->opts.loop,
                                    .run = imports_thread,
                                    .piece = on_piece,
                                    .drop = imports_piece_free,
                                    .done = on_read,
                                    .ctx = i};
    kith_err err = kith_worker_new(&opts, &i->worker);
    if (err == KITH_OK)
        im->running = KITH_TAKE(i);
    return err;
}

static bool listed(const struct kith_rows *rows, const char *file)
{
    for (size_t k = 0; k < kith_rows_n(rows); k++)
        if (strcmp(kith_rows_text(rows, k, 3), file) == 0)
            return true;
    return false;
}

/* What a crash left between the commit that finished a package and the end of its file. Once, and only what was there before us. */
static void sweep(struct ingest_imports *im, const struct kith_rows *rows)
{
    char path[4200];
    struct stat st;
    DIR *dir = im->swept ? NULL : opendir(im->opts.folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        (void)snprintf(path, sizeof(path), "%s/%s", im->opts.folder, e->d_name);
        if (strlen(e->d_name) == 32 && strncmp(e->d_name, INGEST_DROP_PREFIX, 5) != 0 &&
            !listed(rows, e->d_name) && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtime < im->started)
            (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    im->swept = true;
}

static void on_waiting(void *ctx, const struct kith_rows *rows)
{
    struct ingest_imports *im = ctx;
    sweep(im, rows);
    for (size_t k = 0; k < kith_rows_n(rows) && !im->running && !im->draining; k++)
        if (strcmp(kith_rows_text(rows, k, 6), "received") == 0 && begin(im, rows, k) != KITH_OK)
            kith_timer_start(im->again, AGAIN_MS, 0);
}

static void waiting_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct ingest_imports *im = ctx;
    (void)why;
    im->looking = false;
    if (err != KITH_OK)
        kith_timer_start(im->again, AGAIN_MS, 0);
}

void imports_look(struct ingest_imports *im)
{
    struct kith_job *job = NULL;
    if (im->running || im->looking || im->draining)
        return;
    kith_err err = kith_job_new(&job);
    if (err == KITH_OK) {
        ingest_store_imports_waiting(job, on_waiting, im);
        err = kith_db_run(im->opts.db, job, waiting_read, im);
    }
    im->looking = err == KITH_OK;
    if (err != KITH_OK)
        kith_timer_start(im->again, AGAIN_MS, 0);
}

/* ---- life ---- */

kith_err ingest_imports_new(const struct ingest_imports_opts *opts, struct ingest_imports **ret)
{
    kith_auto(ingest_imports) im = calloc(1, sizeof(*im));
    if (!im)
        return KITH_ENOMEM;
    im->opts = *opts;
    im->started = time(NULL); /* files have the system's time */
    kith_err err = kith_timer_new(opts->loop, ask_now, im, &im->again);
    if (err != KITH_OK)
        return err;
    imports_look(im);
    *ret = KITH_TAKE(im);
    return KITH_OK;
}

void ingest_imports_free(struct ingest_imports *im)
{
    if (!im)
        return;
    import_free(im->running);
    kith_timer_free(im->again);
    free(im);
}

void ingest_imports_drain(struct ingest_imports *im)
{
    im->draining = true;
}

bool ingest_imports_idle(const struct ingest_imports *im)
{
    return im->open == 0; /* what runs is begun again after the restart */
}
