/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/db_internal.h"

#include <assert.h>
#include <endian.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

kith_err kith_job_new(struct kith_job **ret)
{
    struct kith_job *job = calloc(1, sizeof(*job));
    if (!job)
        return KITH_ENOMEM;
    *ret = job;
    return KITH_OK;
}

void kith_job_free(struct kith_job *job)
{
    if (!job)
        return;
    free(job->steps);
    free(job->params);
    free(job->data);
    free(job->scope);
    free(job);
}

/* Only the first mistake is kept: the others follow from it. */
__attribute__((format(printf, 3, 4))) static void mistake(struct kith_job *job, kith_err err,
                                                          const char *format, ...)
{
    if (job->err)
        return;
    job->err = err;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(job->why.text, sizeof(job->why.text), format, args);
    va_end(args);
}

/* The array with room for one more element of `width`; NULL = no memory, the array is as it was. */
static void *grown(struct kith_job *job, void *array, size_t n, size_t *size, size_t width)
{
    if (n < *size)
        return array;
    size_t new_size = *size ? *size * 2 : 8;
    void *p = reallocarray(array, new_size, width);
    if (p)
        *size = new_size;
    else
        mistake(job, KITH_ENOMEM, "no memory for a job");
    return p;
}

/* n more bytes of parameter data, or NULL. */
static uint8_t *more(struct kith_job *job, size_t n)
{
    if (job->data_n + n > job->data_size) {
        size_t size = job->data_size ? job->data_size * 2 : 512;
        while (size < job->data_n + n)
            size *= 2;
        uint8_t *p = realloc(job->data, size);
        if (!p) {
            mistake(job, KITH_ENOMEM, "no memory for %zu bytes of parameters", size);
            return NULL;
        }
        job->data = p;
        job->data_size = size;
    }
    uint8_t *at = job->data + job->data_n;
    job->data_n += n;
    return at;
}

static void store32(uint8_t *at, uint32_t v)
{
    v = htobe32(v);
    memcpy(at, &v, sizeof(v));
}

static void store64(uint8_t *at, uint64_t v)
{
    v = htobe64(v);
    memcpy(at, &v, sizeof(v));
}

static struct db_step *last_step(struct kith_job *job)
{
    return job->steps_n ? &job->steps[job->steps_n - 1] : NULL;
}

static void check_step(struct kith_job *job, const struct db_step *step)
{
    size_t want = strlen(step->stmt->params);
    if (job->array_left)
        mistake(job, KITH_EINTERNAL, "%s: parameter $%zu lacks %zu array elements",
                step->stmt->name, step->params_n, job->array_left);
    else if (step->params_n != want)
        mistake(job, KITH_EINTERNAL, "%s: %zu parameters given, %zu needed", step->stmt->name,
                step->params_n, want);
}

void db_job_check(struct kith_job *job)
{
    const struct db_step *step = last_step(job);
    if (!step)
        mistake(job, KITH_EINTERNAL, "a job without a step");
    else
        check_step(job, step);
}

bool db_job_transaction(const struct kith_job *job)
{
    return job->tx ? !job->tx->begun : job->scope || job->steps_n > 1;
}

void kith_job_step(struct kith_job *job, const struct kith_stmt *stmt, kith_db_rows_fn rows,
                   void *ctx)
{
    assert(job && stmt);
    const struct db_step *before = last_step(job);
    if (before)
        check_step(job, before);
    if (job->err)
        return;
    struct db_step *steps =
        grown(job, job->steps, job->steps_n, &job->steps_size, sizeof(*job->steps));
    if (!steps)
        return;
    job->steps = steps;
    job->steps[job->steps_n++] =
        (struct db_step){.stmt = stmt, .rows = rows, .ctx = ctx, .first_param = job->params_n};
}

void kith_job_guard(struct kith_job *job, kith_err otherwise)
{
    assert(otherwise != KITH_OK);
    struct db_step *step = last_step(job);
    if (!step) {
        mistake(job, KITH_EINTERNAL, "a guard before the first step");
        return;
    }
    step->otherwise = otherwise;
    job->guarded = true;
}

void kith_job_scope(struct kith_job *job, const int32_t *districts, size_t n)
{
    if (job->steps_n || job->scope) {
        mistake(job, KITH_EINTERNAL, "the scope must be first in a job");
        return;
    }
    static const char head[] = "SET LOCAL kith.districts = '{";
    size_t size = sizeof(head) + n * 12 + 3; /* "-2147483648," is 12 */
    char *text = malloc(size);
    if (!text) {
        mistake(job, KITH_ENOMEM, "no memory for a scope of %zu districts", n);
        return;
    }
    size_t at = sizeof(head) - 1;
    memcpy(text, head, sizeof(head));
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, size - at, i ? ",%d" : "%d", districts[i]);
    (void)snprintf(text + at, size - at, "}'");
    job->scope = text;
}

/* ---- parameters ---- */

static bool fits(char wanted, char given)
{
    return wanted == given || (wanted == 'o' && given == 'l') || (wanted == 'O' && given == 'L');
}

/* Open the next parameter, of letter `given` ('\0' = a null of any type); its length is set by close_param(). */
static struct db_param *open_param(struct kith_job *job, char given)
{
    struct db_step *step = last_step(job);
    if (!step) {
        mistake(job, KITH_EINTERNAL, "a parameter before the first step");
        return NULL;
    }
    if (job->err)
        return NULL;
    size_t want_n = strlen(step->stmt->params);
    char wanted = step->params_n < want_n ? step->stmt->params[step->params_n] : '\0';
    if (!wanted)
        mistake(job, KITH_EINTERNAL, "%s: more than %zu parameters given", step->stmt->name,
                want_n);
    else if (given && !fits(wanted, given))
        mistake(job, KITH_EINTERNAL, "%s: parameter $%zu is '%c' in the table, '%c' was given",
                step->stmt->name, step->params_n + 1, wanted, given);
    if (job->err)
        return NULL;
    struct db_param *params =
        grown(job, job->params, job->params_n, &job->params_size, sizeof(*job->params));
    if (!params)
        return NULL;
    job->params = params;
    step->params_n++;
    struct db_param *p = &job->params[job->params_n++];
    *p = (struct db_param){.at = job->data_n, .n = -1};
    return p;
}

static void close_param(struct kith_job *job)
{
    struct db_param *p = &job->params[job->params_n - 1];
    size_t n = job->data_n - p->at;
    if (n > INT_MAX / 2) /* PostgreSQL takes 1 GiB at most */
        mistake(job, KITH_ETOOBIG, "%s: parameter $%zu has %zu bytes", last_step(job)->stmt->name,
                last_step(job)->params_n, n);
    p->n = (int)n;
}

/* Room for a value of n bytes: the next element of the open array, or the next parameter. NULL = a mistake, already noted. */
static uint8_t *put(struct kith_job *job, char letter, size_t n)
{
    if (job->err)
        return NULL;
    if (n > INT_MAX / 2) {
        mistake(job, KITH_ETOOBIG, "a parameter of %zu bytes", n);
        return NULL;
    }
    uint8_t *at;
    if (!job->array_left) {
        if (!open_param(job, letter) || !(at = more(job, n)))
            return NULL;
        close_param(job);
        return at;
    }
    if (!fits(job->array_element, letter)) {
        mistake(job, KITH_EINTERNAL, "%s: parameter $%zu has elements '%c', '%c' was given",
                last_step(job)->stmt->name, last_step(job)->params_n, job->array_element, letter);
        return NULL;
    }
    if (!(at = more(job, 4 + n)))
        return NULL;
    store32(at, (uint32_t)n);
    if (--job->array_left == 0)
        close_param(job);
    return at + 4;
}

void kith_job_null(struct kith_job *job)
{
    if (job->err)
        return;
    if (!job->array_left) {
        (void)open_param(job, '\0');
        return;
    }
    uint8_t *at = more(job, 4);
    if (!at)
        return;
    store32(at, UINT32_MAX);
    store32(job->data + job->params[job->params_n - 1].at + 4, 1); /* "has nulls" */
    if (--job->array_left == 0)
        close_param(job);
}

void kith_job_bool(struct kith_job *job, bool v)
{
    uint8_t *at = put(job, 'b', 1);
    if (at)
        *at = v;
}

void kith_job_i2(struct kith_job *job, int16_t v)
{
    uint8_t *at = put(job, 's', 2);
    if (at) {
        uint16_t u = htobe16((uint16_t)v);
        memcpy(at, &u, sizeof(u));
    }
}

void kith_job_i4(struct kith_job *job, int32_t v)
{
    uint8_t *at = put(job, 'i', 4);
    if (at)
        store32(at, (uint32_t)v);
}

void kith_job_i8(struct kith_job *job, int64_t v)
{
    uint8_t *at = put(job, 'l', 8);
    if (at)
        store64(at, (uint64_t)v);
}

void kith_job_f8(struct kith_job *job, double v)
{
    uint8_t *at = put(job, 'f', 8);
    if (at) {
        uint64_t u;
        memcpy(&u, &v, sizeof(u));
        store64(at, u);
    }
}

/* n bytes behind `head` bytes of their own, which the caller fills in; v NULL = SQL null. */
static uint8_t *put_bytes(struct kith_job *job, char letter, size_t head, const void *v, size_t n)
{
    if (!v) {
        kith_job_null(job);
        return NULL;
    }
    uint8_t *at = put(job, letter, head + n);
    if (at && n)
        memcpy(at + head, v, n);
    return at;
}

void kith_job_text_n(struct kith_job *job, const char *v, size_t n)
{
    (void)put_bytes(job, 't', 0, v, n);
}

void kith_job_text(struct kith_job *job, const char *v)
{
    kith_job_text_n(job, v, v ? strlen(v) : 0);
}

void kith_job_json(struct kith_job *job, const char *v)
{
    uint8_t *at = put_bytes(job, 'j', 1, v, v ? strlen(v) : 0);
    if (at)
        at[0] = 1; /* version of jsonb's binary form */
}

void kith_job_bytes(struct kith_job *job, const void *v, size_t n)
{
    (void)put_bytes(job, 'y', 0, v, n);
}

void kith_job_date(struct kith_job *job, int32_t days)
{
    uint8_t *at = put(job, 'd', 4);
    if (at)
        store32(at, (uint32_t)days - DB_EPOCH_DAYS);
}

void kith_job_instant(struct kith_job *job, int64_t us)
{
    uint8_t *at = put(job, 'z', 8);
    if (at)
        store64(at, (uint64_t)us - (uint64_t)DB_EPOCH_US);
}

void kith_job_uuid(struct kith_job *job, const uint8_t v[16])
{
    uint8_t *at = put(job, 'u', 16);
    if (at)
        memcpy(at, v, 16);
}

/* ---- arrays: dimensions, "has nulls", element type, then length and lower bound, then each element behind its length ---- */

enum { ARRAY_HEAD = 20, EMPTY_ARRAY = 12 };

/* The head of an array of n elements of `letter` (lower case; '\0' = whatever the table says). False = a mistake. */
static bool open_array(struct kith_job *job, char letter, size_t n)
{
    const struct db_step *step = last_step(job);
    if (step && job->array_left)
        mistake(job, KITH_EINTERNAL, "%s: an array inside parameter $%zu", step->stmt->name,
                step->params_n);
    if (!open_param(job, letter ? (char)(letter - 'a' + 'A') : '\0') || !step)
        return false;
    char wanted = step->stmt->params[step->params_n - 1];
    const struct db_type *type = db_type_of(wanted);
    if (!type || wanted == type->letter) {
        mistake(job, KITH_EINTERNAL, "%s: parameter $%zu is '%c', no array", step->stmt->name,
                step->params_n, wanted);
        return false;
    }
    if (n > INT_MAX / 8)
        mistake(job, KITH_ETOOBIG, "%s: parameter $%zu has %zu elements", step->stmt->name,
                step->params_n, n);
    uint8_t *at = job->err ? NULL : more(job, n ? ARRAY_HEAD : EMPTY_ARRAY);
    if (!at)
        return false;
    store32(at, n ? 1 : 0);
    store32(at + 4, 0);
    store32(at + 8, type->oid);
    if (n) {
        store32(at + 12, (uint32_t)n);
        store32(at + 16, 1);
    }
    job->array_element = type->letter;
    return true;
}

void kith_job_array(struct kith_job *job, size_t n)
{
    if (!open_array(job, '\0', n))
        return;
    job->array_left = n;
    if (!n)
        close_param(job);
}

/* A whole array of elements of `width` bytes: room for all, each length in place already. Values go to result + i * (4 + width). */
static uint8_t *whole_array(struct kith_job *job, char letter, size_t n, size_t width)
{
    if (!open_array(job, letter, n))
        return NULL;
    uint8_t *at = more(job, n * (4 + width));
    if (!at)
        return NULL;
    close_param(job);
    for (size_t i = 0; i < n; i++)
        store32(at + i * (4 + width), (uint32_t)width);
    return at + 4;
}

void kith_job_i2s(struct kith_job *job, const int16_t *v, size_t n)
{
    uint8_t *at = whole_array(job, 's', n, 2);
    for (size_t i = 0; at && i < n; i++) {
        uint16_t u = htobe16((uint16_t)v[i]);
        memcpy(at + i * 6, &u, sizeof(u));
    }
}

void kith_job_i4s(struct kith_job *job, const int32_t *v, size_t n)
{
    uint8_t *at = whole_array(job, 'i', n, 4);
    for (size_t i = 0; at && i < n; i++)
        store32(at + i * 8, (uint32_t)v[i]);
}

void kith_job_i8s(struct kith_job *job, const int64_t *v, size_t n)
{
    uint8_t *at = whole_array(job, 'l', n, 8);
    for (size_t i = 0; at && i < n; i++)
        store64(at + i * 12, (uint64_t)v[i]);
}

void kith_job_dates(struct kith_job *job, const int32_t *days, size_t n)
{
    uint8_t *at = whole_array(job, 'd', n, 4);
    for (size_t i = 0; at && i < n; i++)
        store32(at + i * 8, (uint32_t)days[i] - DB_EPOCH_DAYS);
}

void kith_job_bools(struct kith_job *job, const bool *v, size_t n)
{
    uint8_t *at = whole_array(job, 'b', n, 1);
    for (size_t i = 0; at && i < n; i++)
        at[i * 5] = v[i];
}
