/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of an attendance file become operations of the writer, as if they had come one by one: a row says how a student's day or meeting is
 * now, so what is stored of it and not said any more is retracted. Read again after a crash, all of it is a duplicate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/imports_internal.h"
#include "ingest/terms.h"
#include "kith/clock.h"

#define PAUSE_MS    50
#define OP_BYTES    512 /* against the queue's limit */
#define OPS_A_ROW   3   /* at most that are written; retractions come on top */
#define PARKED_SAID 20  /* findings of rows that wait; more are counted */

/* What is stored of a student on a day. */
struct stored {
    int64_t student, place, session;
    int32_t date, category;
    bool section;
};

/* A row whose names are known. */
struct resolved {
    const struct import_said_row *row;
    struct ingest_event event; /* its category is set for each operation */
    int64_t student, place;
};

struct import_marks {
    struct import *import;
    struct ingest_terms *terms;
    kith_err err; /* while something is read */
    struct kith_timer *pause;
    uint64_t parked;
    bool retrying; /* rows that waited, not the file's */
    bool more;     /* there may be another page of them */
    bool unpark;   /* some were there when this began */
    struct import_said_row last;
    void (*then)(struct import *i);
    /* the chunk */
    struct import_said *said;
    size_t resolved_n;
    struct resolved resolved[IMPORT_SAID];
    size_t waiting_n;
    const struct import_said_row *waiting[IMPORT_SAID];
    size_t stored_n, stored_size;
    struct stored *stored;
    size_t ops_n, ops_size, sent;
    struct ingest_op *ops;
    size_t open; /* sent and not answered */
};

static void chunk_done(struct import_marks *m);
static void send_ops(struct import_marks *m);

static void forget_chunk(struct import_marks *m)
{
    for (size_t k = 0; k < m->ops_n; k++)
        ingest_event_done(&m->ops[k].event);
    free(m->ops);
    free(m->stored);
    imports_piece_free(m->said);
    m->ops = NULL;
    m->stored = NULL;
    m->said = NULL;
    m->ops_n = m->ops_size = m->sent = m->stored_n = m->stored_size = 0;
    m->resolved_n = m->waiting_n = 0;
}

void imports_marks_free(struct import_marks *m)
{
    if (!m)
        return;
    forget_chunk(m);
    ingest_terms_free(m->terms);
    kith_timer_free(m->pause);
    free(m);
}

static void on_pause(void *ctx)
{
    send_ops(ctx);
}

static kith_err marks_of(struct import *i)
{
    if (i->marks)
        return KITH_OK;
    i->marks = calloc(1, sizeof(*i->marks));
    if (!i->marks)
        return KITH_ENOMEM;
    i->marks->import = i;
    return kith_timer_new(i->all->opts.loop, on_pause, i->marks, &i->marks->pause);
}

/* ---- what names mean ---- */

static void on_sessions(void *ctx, const struct kith_rows *r)
{
    struct import_marks *m = ctx;
    for (size_t k = 0; k < kith_rows_n(r) && m->err == KITH_OK; k++)
        m->err = ingest_terms_add_session(m->terms, kith_rows_int(r, k, 0),
                                          (int32_t)kith_rows_int(r, k, 1), kith_rows_text(r, k, 2),
                                          (int32_t)kith_rows_int(r, k, 3),
                                          (int32_t)kith_rows_int(r, k, 4));
}

static void on_sections(void *ctx, const struct kith_rows *r)
{
    struct import_marks *m = ctx;
    for (size_t k = 0; k < kith_rows_n(r) && m->err == KITH_OK; k++)
        m->err = ingest_terms_add_section(m->terms, kith_rows_int(r, k, 0),
                                          (int32_t)kith_rows_int(r, k, 1), kith_rows_text(r, k, 2),
                                          kith_rows_text(r, k, 3), kith_rows_text(r, k, 4));
}

static void park(struct import_marks *m, const struct import_said_row *row, const char *code,
                 const char *text)
{
    struct ingest_place at = {.file = "attendance.csv", .line = row->line};
    m->waiting[m->waiting_n++] = row;
    if (!m->retrying && m->parked++ < PARKED_SAID)
        ingest_receipt_add(m->import->found, INGEST_WARNING, &at, code,
                           "%s The row waits and is tried again after every import.", text);
}

static bool number(const struct import_marks *m, const struct kith_id *id, int64_t *ret)
{
    const struct ingest_known_row *row = ingest_district_present(m->import->district, id);
    *ret = row ? row->num : 0;
    return row != NULL;
}

static void resolve(struct import_marks *m, const struct import_said_row *row)
{
    bool section = row->section[0] != '\0';
    struct ingest_term term;
    struct kith_why why = {""};
    if (section ? !ingest_terms_section(m->terms, row->school, row->section, row->date, &term)
                : !ingest_terms_day(m->terms, row->school, row->date, &term)) {
        park(m, row, section ? "section_unknown" : "session_unknown",
             section ? "There is no such section in this school then."
                     : "The school is not known, or no session of it holds the date.");
        return;
    }
    struct resolved *r = &m->resolved[m->resolved_n];
    struct ingest_native in = {
        .section = section,
        .student_unique_id = row->student,
        .school_id = row->school,
        .school_year = term.year,
        .session_name = term.session,
        .local_course_code = term.course,
        .section_identifier = row->section,
        .date = row->date,
        .category = "Unknown", /* not of the key's other parts */
    };
    *r = (struct resolved){.row = row};
    if (ingest_event_from_native(&in, &r->event, &why) != KITH_OK) {
        park(m, row, "row_unusable", "The row cannot be used.");
        return;
    }
    if (!number(m, &r->event.student, &r->student))
        park(m, row, "student_unknown", "The student is not known here.");
    else if (!number(m, section ? &r->event.place_section : &r->event.school, &r->place))
        park(m, row, "school_unknown", "The school is not known here.");
    else
        m->resolved_n++;
    ingest_event_done(&r->event); /* nothing of it is on the heap but this */
}

static int compare_rows(const void *left, const void *right)
{
    const struct resolved *a = left;
    const struct resolved *b = right;
    if (a->student != b->student)
        return a->student < b->student ? -1 : 1;
    if (a->row->date != b->row->date)
        return a->row->date < b->row->date ? -1 : 1;
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    return (a->row->line > b->row->line) - (a->row->line < b->row->line);
}

/* Of rows that say something of the same, the last one holds. */
static void keep_last(struct import_marks *m)
{
    size_t n = 0;
    if (m->resolved_n > 0)
        qsort(m->resolved, m->resolved_n, sizeof(*m->resolved), compare_rows);
    for (size_t k = 0; k < m->resolved_n; k++) {
        const struct resolved *next = k + 1 < m->resolved_n ? &m->resolved[k + 1] : NULL;
        if (!next || next->student != m->resolved[k].student ||
            next->row->date != m->resolved[k].row->date || next->place != m->resolved[k].place)
            m->resolved[n++] = m->resolved[k];
    }
    m->resolved_n = n;
}

/* ---- operations ---- */

static void on_stored(void *ctx, const struct kith_rows *r)
{
    struct import_marks *m = ctx;
    size_t n = kith_rows_n(r);
    m->stored = calloc(n + 1, sizeof(*m->stored));
    if (!m->stored)
        m->err = KITH_ENOMEM;
    for (size_t k = 0; k < n && m->stored; k++)
        m->stored[m->stored_n++] = (struct stored){.date = (int32_t)kith_rows_int(r, k, 0),
                                                   .student = kith_rows_int(r, k, 1),
                                                   .place = kith_rows_int(r, k, 2),
                                                   .session = kith_rows_int(r, k, 3),
                                                   .category = (int32_t)kith_rows_int(r, k, 4),
                                                   .section = kith_rows_bool(r, k, 5)};
}

static void on_answer(void *ctx, struct ingest_op *op)
{
    struct import_marks *m = ctx;
    struct import *i = m->import;
    const struct ingest_resource *resource = ingest_resource_find(
        op->key.section ? "studentSectionAttendanceEvents" : "studentSchoolAttendanceEvents");
    struct import_resource *r = imports_of(i, resource);
    m->open--;
    if (op->err == KITH_OK && r) {
        r->created += op->outcome == INGEST_CREATED;
        r->updated += op->outcome == INGEST_UPDATED;
        r->unchanged += op->outcome == INGEST_UNCHANGED;
        r->removed += op->outcome == INGEST_DELETED;
    } else if (op->err != KITH_ENOTFOUND && i->step_err == KITH_OK) {
        /* what it refers to went meanwhile, or the database did: all of the file is tried again */
        i->step_err = op->err == KITH_ECONFLICT || r == NULL ? KITH_EBUSY : op->err;
    }
    if (m->open == 0 && (m->sent == m->ops_n || i->step_err != KITH_OK))
        chunk_done(m);
}

static struct ingest_op *new_op(struct import_marks *m)
{
    if (m->ops_n == m->ops_size) {
        m->import->step_err = KITH_EINTERNAL; /* counted before */
        return NULL;
    }
    struct ingest_op *op = &m->ops[m->ops_n++];
    op->district = m->import->district->id;
    op->size = sizeof(*op) + OP_BYTES;
    op->done = on_answer;
    op->ctx = m;
    return op;
}

static void retract(struct import_marks *m, const struct resolved *r, const struct stored *s)
{
    struct ingest_op *op = new_op(m);
    if (!op)
        return;
    op->kind = INGEST_OP_EVENT_DELETE;
    op->has_key = true;
    op->school_id = r->row->school;
    op->key = (struct ingest_event_key){.student = s->student,
                                        .place = s->place,
                                        .session = s->session,
                                        .category = s->category,
                                        .date = s->date,
                                        .section = s->section};
}

static void write_event(struct import_marks *m, const struct resolved *r, const char *category)
{
    struct ingest_op *op = new_op(m);
    struct ingest_term term;
    struct kith_why why = {""};
    const struct import_said_row *row = r->row;
    bool section = row->section[0] != '\0';
    if (!op)
        return;
    if (section)
        (void)ingest_terms_section(m->terms, row->school, row->section, row->date, &term);
    else
        (void)ingest_terms_day(m->terms, row->school, row->date, &term);
    struct ingest_native in = {.section = section,
                               .student_unique_id = row->student,
                               .school_id = row->school,
                               .school_year = term.year,
                               .session_name = term.session,
                               .local_course_code = term.course,
                               .section_identifier = row->section,
                               .date = row->date,
                               .category = category,
                               .reason = row->code};
    op->kind = INGEST_OP_EVENT;
    kith_err err = ingest_event_from_native(&in, &op->event, &why);
    if (err != KITH_OK && m->import->step_err == KITH_OK)
        m->import->step_err = err;
}

static bool is_of(const struct stored *s, const struct resolved *r)
{
    return s->student == r->student && s->date == r->row->date && s->place == r->place &&
           s->section == (r->row->section[0] != '\0');
}

/* Is what is stored among what the row says? */
static bool still_said(struct import_marks *m, const struct resolved *r, const struct stored *s,
                       char (*categories)[INGEST_CATEGORY_SIZE], size_t n)
{
    const struct ingest_category *c =
        ingest_district_category_by_id(m->import->district, s->category);
    int64_t session = 0;
    if (!s->section && !number(m, &r->event.session, &session))
        return false;
    for (size_t k = 0; k < n; k++)
        if (c && strcmp(c->uri, categories[k]) == 0 && s->session == session)
            return true;
    return false;
}

static void make_row(struct import_marks *m, const struct resolved *r, size_t from, size_t to)
{
    char categories[3][INGEST_CATEGORY_SIZE];
    struct ingest_said_row said = {.said = r->row->said, .code = r->row->code};
    size_t n = ingest_said_categories(&said, categories);
    for (size_t k = from; k < to; k++)
        if (!still_said(m, r, &m->stored[k], categories, n))
            retract(m, r, &m->stored[k]);
    for (size_t k = 0; k < n; k++)
        write_event(m, r, categories[k]);
}

static int compare_stored(const void *left, const void *right)
{
    const struct stored *a = left;
    const struct stored *b = right;
    if (a->student != b->student)
        return a->student < b->student ? -1 : 1;
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static bool before(const struct stored *s, const struct resolved *r)
{
    struct stored key = {.student = r->student, .date = r->row->date, .place = r->place};
    return compare_stored(s, &key) < 0;
}

static kith_err make_ops(struct import_marks *m)
{
    size_t at = 0;
    m->ops_size = m->resolved_n * OPS_A_ROW + m->stored_n;
    m->ops = calloc(m->ops_size + 1, sizeof(*m->ops));
    if (!m->ops)
        return KITH_ENOMEM;
    if (m->stored_n > 0)
        qsort(m->stored, m->stored_n, sizeof(*m->stored), compare_stored);
    for (size_t k = 0; k < m->resolved_n; k++) {
        const struct resolved *r = &m->resolved[k];
        while (at < m->stored_n && before(&m->stored[at], r))
            at++;
        size_t from = at;
        while (at < m->stored_n && is_of(&m->stored[at], r))
            at++;
        make_row(m, r, from, at);
    }
    return m->import->step_err;
}

static void send_ops(struct import_marks *m)
{
    struct import *i = m->import;
    struct ingest_writer *w = i->all->opts.writer;
    while (m->sent < m->ops_n && i->step_err == KITH_OK) {
        kith_err err = ingest_writer_submit(w, &m->ops[m->sent]);
        if (err == KITH_EBUSY) {
            kith_timer_start(m->pause, PAUSE_MS, 0);
            ingest_writer_kick(w);
            return;
        }
        if (err != KITH_OK) {
            i->step_err = err;
            break;
        }
        m->sent++;
        m->open++;
    }
    ingest_writer_kick(w);
    if (m->open == 0)
        chunk_done(m);
}

/* ---- a chunk ---- */

static void chunk_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import_marks *m = ctx;
    struct import *i = m->import;
    (void)why;
    if (err == KITH_OK)
        err = m->err;
    if (err == KITH_OK)
        err = make_ops(m);
    if (err != KITH_OK && i->step_err == KITH_OK)
        i->step_err = err;
    send_ops(m);
}

/* What is stored of its rows is asked for, and what waits is put away. */
static kith_err look_up(struct import_marks *m)
{
    struct import *i = m->import;
    const struct import_said_row *done[IMPORT_SAID];
    struct ingest_day days[IMPORT_SAID];
    struct kith_job *job = NULL;
    for (size_t k = 0; k < m->said->n; k++)
        resolve(m, &m->said->rows[k]);
    for (size_t k = 0; k < m->resolved_n; k++)
        done[k] = m->resolved[k].row;
    size_t done_n = m->resolved_n;
    keep_last(m);
    for (size_t k = 0; k < m->resolved_n; k++)
        days[k] = (struct ingest_day){m->resolved[k].student, m->resolved[k].row->date};
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    if (m->waiting_n > 0 && !m->retrying)
        ingest_store_park(job, i, m->waiting, m->waiting_n, kith_clock_now_us());
    if (done_n > 0)
        ingest_store_unpark(job, i->district->id, done, done_n);
    ingest_store_marks_of(job, i->district->id, days, m->resolved_n, on_stored, m);
    return kith_db_run(i->all->opts.db, job, chunk_read, m);
}

static void begin_chunk(struct import_marks *m)
{
    struct import *i = m->import;
    kith_err err = i->step_err == KITH_OK ? look_up(m) : i->step_err;
    if (err == KITH_OK)
        return;
    if (i->step_err == KITH_OK)
        i->step_err = err;
    chunk_done(m);
}

static void terms_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import_marks *m = ctx;
    (void)why;
    if (err == KITH_OK)
        err = m->err;
    if (err == KITH_OK)
        ingest_terms_ready(m->terms);
    else if (m->import->step_err == KITH_OK)
        m->import->step_err = err;
    begin_chunk(m);
}

/* The names are read before the first chunk. */
static void take_chunk(struct import_marks *m)
{
    struct import *i = m->import;
    struct kith_job *job = NULL;
    if (m->terms) {
        begin_chunk(m);
        return;
    }
    kith_err err = ingest_terms_new(&m->terms);
    if (err == KITH_OK)
        err = kith_job_new(&job);
    if (err == KITH_OK) {
        ingest_store_terms(job, i->district->id, on_sessions, on_sections, m);
        err = kith_db_run(i->all->opts.db, job, terms_read, m);
    }
    if (err == KITH_OK)
        return;
    if (i->step_err == KITH_OK)
        i->step_err = err;
    begin_chunk(m);
}

void imports_said(struct import *i, struct import_said *said)
{
    kith_err err = marks_of(i);
    if (err != KITH_OK && i->step_err == KITH_OK)
        i->step_err = err;
    if (i->step_err != KITH_OK) { /* the rest is only read to its end */
        imports_piece_free(said);
        kith_worker_next(i->worker);
        return;
    }
    i->marks->said = said;
    take_chunk(i->marks);
}

/* ---- rows that waited ---- */

static void next_page(struct import_marks *m);

static void chunk_done(struct import_marks *m)
{
    bool retrying = m->retrying;
    forget_chunk(m);
    if (m->import->all->draining)
        return; /* read again after the restart */
    if (retrying)
        next_page(m);
    else
        kith_worker_next(m->import->worker);
}

static void on_page(void *ctx, const struct kith_rows *r)
{
    struct import_marks *m = ctx;
    size_t n = kith_rows_n(r) < IMPORT_SAID ? kith_rows_n(r) : IMPORT_SAID;
    m->more = n == IMPORT_SAID;
    m->said = n > 0 ? calloc(1, sizeof(*m->said)) : NULL;
    for (size_t k = 0; k < n && m->said; k++) {
        struct import_said_row *row = &m->said->rows[m->said->n++];
        row->school = kith_rows_int(r, k, 1);
        row->date = (int32_t)kith_rows_int(r, k, 3);
        row->said = (unsigned)kith_rows_int(r, k, 4);
        (void)snprintf(row->student, sizeof(row->student), "%s", kith_rows_text(r, k, 0));
        (void)snprintf(row->section, sizeof(row->section), "%s", kith_rows_text(r, k, 2));
        (void)snprintf(row->code, sizeof(row->code), "%s", kith_rows_text(r, k, 5));
        m->last = *row;
    }
}

static void page_read(void *ctx, kith_err err, const struct kith_why *why)
{
    struct import_marks *m = ctx;
    (void)why;
    if (err != KITH_OK || !m->said) {
        m->then(m->import);
        return;
    }
    m->said->said = true;
    take_chunk(m);
}

static void next_page(struct import_marks *m)
{
    struct import *i = m->import;
    struct kith_job *job = NULL;
    if (!m->more || i->step_err != KITH_OK || kith_job_new(&job) != KITH_OK) {
        m->then(i);
        return;
    }
    ingest_store_parked_page(job, i->district->id, m->last.student[0] ? &m->last : NULL, on_page,
                             m);
    if (kith_db_run(i->all->opts.db, job, page_read, m) != KITH_OK)
        m->then(i);
}

void imports_parked(struct import *i, void (*then)(struct import *i))
{
    if (marks_of(i) != KITH_OK) {
        then(i);
        return;
    }
    i->marks->retrying = true;
    i->marks->more = true;
    i->marks->then = then;
    next_page(i->marks);
}

static void said_end(struct import *i)
{
    struct ingest_place at = {.file = "attendance.csv"};
    if (i->marks && i->marks->parked > PARKED_SAID)
        ingest_receipt_add(i->found, INGEST_WARNING, &at, "rows_wait",
                           "%llu rows name what is not known here; they wait.",
                           (unsigned long long)i->marks->parked);
    imports_end(i, i->step_err == KITH_OK ? IMPORT_APPLIED : IMPORT_AGAIN);
}

void imports_said_end(struct import *i)
{
    imports_parked(i, said_end);
}
