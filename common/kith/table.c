/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/table.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kith/clock.h"
#include "kith/text_internal.h"

#define REDRAW_MS 100
#define BAR_CELLS 30

struct kith_table {
    const struct kith_column *columns;
    size_t columns_n;
    char **cells; /* row after row; NULL = no value */
    size_t rows_n;
    size_t rows_room;
};

static void free_scols(struct libscols_table **t)
{
    scols_unref_table(*t);
}

kith_err kith_table_new(const struct kith_column *columns, struct kith_table **ret)
{
    assert(columns && columns[0].name);
    struct kith_table *t = calloc(1, sizeof(*t));
    if (!t)
        return KITH_ENOMEM;
    t->columns = columns;
    while (columns[t->columns_n].name)
        t->columns_n++;
    *ret = t;
    return KITH_OK;
}

static void clear_row(struct kith_table *t, size_t row)
{
    for (size_t i = 0; i < t->columns_n; i++)
        free(KITH_TAKE(t->cells[row * t->columns_n + i]));
}

kith_err kith_table_row(struct kith_table *t, const char *const *cells)
{
    assert(t && cells);
    if (t->rows_n == t->rows_room) {
        size_t room = t->rows_room ? t->rows_room * 2 : 32;
        char **grown = reallocarray(t->cells, room * t->columns_n, sizeof(char *));
        if (!grown)
            return KITH_ENOMEM;
        t->cells = grown;
        t->rows_room = room;
    }
    char **row = &t->cells[t->rows_n * t->columns_n];
    memset(row, 0, t->columns_n * sizeof(char *));
    for (size_t i = 0; i < t->columns_n; i++) {
        row[i] = cells[i] ? kith_utf8_clean(cells[i]) : NULL;
        if (cells[i] && !row[i]) {
            clear_row(t, t->rows_n);
            return KITH_ENOMEM;
        }
    }
    t->rows_n++;
    return KITH_OK;
}

void kith_table_free(struct kith_table *t)
{
    if (!t)
        return;
    for (size_t row = 0; row < t->rows_n; row++)
        clear_row(t, row);
    free(t->cells);
    free(t);
}

/* ---- JSON ---- */

/* A cell of a number column that is no number after all stays text: better than a wrong number. */
static json_t *json_cell(const struct kith_column *column, const char *cell)
{
    if (!cell)
        return json_null();
    if (column->number) {
        json_t *v = json_loads(cell, JSON_DECODE_ANY, NULL);
        if (json_is_number(v))
            return v;
        json_decref(v);
    }
    return json_string(cell);
}

static kith_err print_json_row(const struct kith_table *t, size_t row, FILE *out)
{
    json_t *object = json_object();
    bool whole = object != NULL;
    for (size_t i = 0; i < t->columns_n && whole; i++)
        whole =
            json_object_set_new(object, t->columns[i].name,
                                json_cell(&t->columns[i], t->cells[row * t->columns_n + i])) == 0;
    kith_auto_mem char *text = whole ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        return KITH_ENOMEM;
    return fprintf(out, "%s\n", text) < 0 ? KITH_EIO : KITH_OK;
}

static kith_err print_json(const struct kith_table *t, FILE *out)
{
    for (size_t row = 0; row < t->rows_n; row++) {
        kith_err err = print_json_row(t, row, out);
        if (err != KITH_OK)
            return err;
    }
    return KITH_OK;
}

/* ---- terminal ---- */

static kith_err fill(const struct kith_table *t, struct libscols_table *scols)
{
    for (size_t i = 0; i < t->columns_n; i++) {
        const struct kith_column *c = &t->columns[i];
        if (!scols_table_new_column(scols, c->title ? c->title : c->name, 0,
                                    c->number ? SCOLS_FL_RIGHT : SCOLS_FL_WRAP))
            return KITH_ENOMEM;
    }
    for (size_t row = 0; row < t->rows_n; row++) {
        struct libscols_line *line = scols_table_new_line(scols, NULL);
        if (!line)
            return KITH_ENOMEM;
        for (size_t i = 0; i < t->columns_n; i++) {
            const char *cell = t->cells[row * t->columns_n + i];
            if (scols_line_set_data(line, i, cell ? cell : "-") != 0)
                return KITH_ENOMEM;
        }
    }
    return KITH_OK;
}

static kith_err print_columns(const struct kith_table *t, FILE *out)
{
    __attribute__((cleanup(free_scols))) struct libscols_table *scols = scols_new_table();
    if (!scols)
        return KITH_ENOMEM;
    kith_err err = fill(t, scols);
    if (err != KITH_OK)
        return err;
    /* libsmartcols looks whether standard output is a terminal, which need not be `out` */
    bool terminal = isatty(fileno(out));
    (void)scols_table_set_termforce(scols, terminal ? SCOLS_TERMFORCE_AUTO : SCOLS_TERMFORCE_NEVER);
    (void)scols_table_set_stream(scols, out);
    return scols_print_table(scols) == 0 ? KITH_OK : KITH_EIO;
}

/* libsmartcols prints nothing at all without rows. */
static kith_err print_empty(const struct kith_table *t, FILE *out, const char *empty)
{
    if (empty)
        return fprintf(out, "%s\n", empty) < 0 ? KITH_EIO : KITH_OK;
    for (size_t i = 0; i < t->columns_n; i++) {
        const struct kith_column *c = &t->columns[i];
        if (fprintf(out, "%s%s", i ? " " : "", c->title ? c->title : c->name) < 0)
            return KITH_EIO;
    }
    return fputc('\n', out) == EOF ? KITH_EIO : KITH_OK;
}

kith_err kith_table_print(struct kith_table *t, FILE *out, bool json, const char *empty)
{
    assert(t && out);
    kith_err err;
    if (json)
        err = print_json(t, out);
    else
        err = t->rows_n ? print_columns(t, out) : print_empty(t, out, empty);
    if (err != KITH_OK)
        return err;
    return fflush(out) == 0 ? KITH_OK : KITH_EIO;
}

/* ---- progress ---- */

static void draw(const struct kith_progress *p)
{
    char cells[BAR_CELLS + 1];
    char of[32] = "";
    size_t full = 0;
    if (p->total > 0) {
        uint64_t done = p->done < p->total ? p->done : p->total;
        full = (size_t)((double)done / (double)p->total * BAR_CELLS);
        (void)snprintf(of, sizeof(of), "/%" PRIu64, p->total);
    }
    memset(cells, '#', full);
    memset(cells + full, ' ', BAR_CELLS - full);
    cells[BAR_CELLS] = '\0';
    int64_t ms = p->drawn_ms - p->started_ms;
    uint64_t rate = ms > 0 ? (uint64_t)((double)p->done * 1000 / (double)ms) : 0;
    char line[256];
    int n = p->total > 0 ? snprintf(line, sizeof(line), "%.80s [%s] %" PRIu64 "%s, %" PRIu64 "/s",
                                    p->label, cells, p->done, of, rate)
                         : snprintf(line, sizeof(line), "%.80s %" PRIu64 ", %" PRIu64 "/s",
                                    p->label, p->done, rate);
    struct winsize size = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && n >= size.ws_col)
        n = size.ws_col - 1; /* a line that wraps could not be drawn over */
    (void)fprintf(stderr, "\r%.*s\033[K", n, line);
    (void)fflush(stderr);
}

void kith_progress_start(struct kith_progress *p, const char *label, uint64_t total)
{
    assert(p && label);
    *p = (struct kith_progress){
        .label = label,
        .total = total,
        .started_ms = kith_clock_mono_ms(),
        .enabled = isatty(STDERR_FILENO),
    };
    p->drawn_ms = p->started_ms;
    if (p->enabled)
        draw(p);
}

void kith_progress_update(struct kith_progress *p, uint64_t done)
{
    assert(p);
    p->done = done;
    int64_t now_ms = kith_clock_mono_ms();
    if (!p->enabled || now_ms - p->drawn_ms < REDRAW_MS)
        return;
    p->drawn_ms = now_ms;
    draw(p);
}

void kith_progress_end(struct kith_progress *p)
{
    assert(p);
    if (p->enabled)
        (void)fputs("\r\033[K", stderr);
    p->enabled = false;
}
