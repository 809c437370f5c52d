/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_csv.h"

#include <csv.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a district can need is far below; a limit so that a wrong file cannot take the memory. */
#define FILE_MAX (256L * 1024 * 1024)

struct us_csv {
    const char *file;
    size_t n_columns;  /* asked for */
    size_t *column_at; /* of each asked column its place in the file; SIZE_MAX = missing */
    size_t width;      /* columns of the file */
    size_t n_cells, cells_room;
    size_t *cells; /* offsets into text, width a row, the header first */
    size_t n_lines, lines_room;
    size_t *lines;
    size_t n_text, text_room;
    char *text;
};

/* While a file is parsed. */
struct parse {
    struct us_csv *t;
    struct us_problems *problems;
    size_t line;     /* that is being fed */
    size_t row_line; /* on which the open row started */
    size_t row_cells;
    bool open;
    bool no_memory;
};

void us_problems_add(struct us_problems *p, const char *format, ...)
{
    if (p->n < US_PROBLEMS_LISTED) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(p->text[p->n], sizeof(p->text[0]), format, args);
        va_end(args);
    }
    p->n++;
}

void us_problems_why(const struct us_problems *p, struct kith_why *why)
{
    if (p->n == 1)
        kith_why_set(why, "%s", p->text[0]);
    else if (p->n > 1)
        kith_why_set(why, "%.220s (and %zu more)", p->text[0], p->n - 1);
}

void us_problems_print(const struct us_problems *p, FILE *to)
{
    size_t listed = p->n < US_PROBLEMS_LISTED ? p->n : US_PROBLEMS_LISTED;
    for (size_t i = 0; i < listed; i++)
        (void)fprintf(to, "%s\n", p->text[i]);
    if (p->n > listed)
        (void)fprintf(to, "... and %zu more\n", p->n - listed);
}

/* Room for `more` further items of `size` bytes; doubles. */
static bool grow(void *items, size_t size, size_t n, size_t more, size_t *room)
{
    if (n + more <= *room)
        return true;
    size_t wanted = *room ? *room * 2 : 256;
    while (wanted < n + more)
        wanted *= 2;
    void *p = realloc(*(void **)items, wanted * size);
    if (!p)
        return false;
    *(void **)items = p;
    *room = wanted;
    return true;
}

static void on_cell(void *text, size_t n, void *ctx)
{
    struct parse *p = ctx;
    struct us_csv *t = p->t;
    p->row_cells++;
    if (t->n_lines > 0 && p->row_cells > t->width)
        return; /* said at the end of the row */
    if (!grow(&t->text, 1, t->n_text, n + 1, &t->text_room) ||
        !grow(&t->cells, sizeof(*t->cells), t->n_cells, 1, &t->cells_room)) {
        p->no_memory = true;
        return;
    }
    t->cells[t->n_cells++] = t->n_text;
    if (n > 0)
        memcpy(t->text + t->n_text, text, n);
    t->text[t->n_text + n] = '\0';
    if (memchr(t->text + t->n_text, '\0', n))
        us_problems_add(p->problems, "%s line %zu: a zero byte in a cell", t->file, p->line);
    t->n_text += n + 1;
}

static void on_row(int end, void *ctx)
{
    (void)end;
    struct parse *p = ctx;
    struct us_csv *t = p->t;
    size_t cells = p->row_cells;
    p->row_cells = 0;
    p->open = false;
    if (!grow(&t->lines, sizeof(*t->lines), t->n_lines, 1, &t->lines_room)) {
        p->no_memory = true;
        return;
    }
    if (t->n_lines == 0)
        t->width = cells;
    else if (cells != t->width) {
        us_problems_add(p->problems, "%s line %zu: %zu cells, but the header has %zu", t->file,
                        p->row_line, cells, t->width);
        t->n_cells = t->n_lines * t->width; /* without this row */
        return;
    }
    t->lines[t->n_lines++] = p->row_line;
}

/* Line by line, because libcsv does not say where it is. */
static kith_err parse_text(struct parse *p, const char *text, size_t n)
{
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
        return KITH_ENOMEM;
    bool good = true;
    for (size_t at = 0; at < n && good && !p->no_memory;) {
        const char *end = memchr(text + at, '\n', n - at);
        size_t length = end ? (size_t)(end - (text + at)) + 1 : n - at;
        p->line++;
        if (!p->open)
            p->row_line = p->line;
        p->open = true;
        good = csv_parse(&parser, text + at, length, on_cell, on_row, p) == length;
        /* a line with nothing on it opens no row: libcsv skips it */
        if (length <= 2 && p->row_line == p->line && (text[at] == '\n' || text[at] == '\r'))
            p->open = false;
        at += length;
    }
    if (good && !p->no_memory)
        good = csv_fini(&parser, on_cell, on_row, p) == 0;
    if (!good)
        us_problems_add(p->problems,
                        "%s line %zu: a quotation mark is not closed or stands inside a cell",
                        p->t->file, p->row_line);
    csv_free(&parser);
    return p->no_memory ? KITH_ENOMEM : good ? KITH_OK : KITH_EDECODE;
}

static kith_err slurp(const char *dir, const char *file, char **ret, size_t *n,
                      struct us_problems *p)
{
    kith_auto_mem char *path = NULL;
    if (asprintf(&path, "%s/%s", dir, file) < 0) {
        path = NULL;
        return KITH_ENOMEM;
    }
    FILE *from = fopen(path, "rbe");
    if (!from) {
        if (errno == ENOENT)
            return KITH_ENOTFOUND;
        us_problems_add(p, "%s: %s", path, strerror(errno));
        return KITH_EIO;
    }
    kith_auto_mem char *text = NULL;
    size_t have = 0;
    size_t room = 0;
    kith_err err = KITH_OK;
    while (err == KITH_OK && !feof(from)) {
        if (have > FILE_MAX)
            err = KITH_ETOOBIG;
        else if (!grow(&text, 1, have, 65536, &room))
            err = KITH_ENOMEM;
        else
            have += fread(text + have, 1, 65536, from);
        if (ferror(from))
            err = KITH_EIO;
    }
    if (err == KITH_EIO || err == KITH_ETOOBIG)
        us_problems_add(p, "%s: %s", path,
                        err == KITH_EIO ? strerror(errno) : "larger than 256 MiB");
    (void)fclose(from);
    if (err != KITH_OK)
        return err;
    *ret = KITH_TAKE(text);
    *n = have;
    return KITH_OK;
}

static kith_err find_columns(struct us_csv *t, const char *const *columns, struct us_problems *p)
{
    kith_err err = KITH_OK;
    for (size_t i = 0; columns[i]; i++) {
        bool optional = columns[i][0] == '?';
        const char *name = columns[i] + (optional ? 1 : 0);
        t->column_at[i] = SIZE_MAX;
        for (size_t k = 0; k < t->width; k++) {
            if (strcmp(t->text + t->cells[k], name) != 0)
                continue;
            if (t->column_at[i] != SIZE_MAX) {
                us_problems_add(p, "%s line 1: two columns are named '%s'", t->file, name);
                err = KITH_EDECODE;
            }
            t->column_at[i] = k;
        }
        if (t->column_at[i] == SIZE_MAX && !optional) {
            us_problems_add(p, "%s line 1: there is no column '%s'", t->file, name);
            err = KITH_EDECODE;
        }
    }
    return err;
}

kith_err us_csv_read(const char *dir, const char *file, const char *const *columns,
                     struct us_csv **ret, struct us_problems *p)
{
    kith_auto_mem char *text = NULL;
    size_t n = 0;
    kith_err err = slurp(dir, file, &text, &n, p);
    if (err != KITH_OK)
        return err;
    kith_auto(us_csv) t = calloc(1, sizeof(*t));
    if (!t)
        return KITH_ENOMEM;
    t->file = file;
    while (columns[t->n_columns])
        t->n_columns++;
    t->column_at = calloc(t->n_columns + 1, sizeof(*t->column_at));
    if (!t->column_at)
        return KITH_ENOMEM;
    size_t mark = n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    struct parse parse = {.t = t, .problems = p};
    size_t before = p->n;
    err = parse_text(&parse, text + mark, n - mark);
    if (err != KITH_OK)
        return err;
    if (t->n_lines == 0) {
        us_problems_add(p, "%s: the file is empty; it needs a header", file);
        return KITH_EDECODE;
    }
    err = find_columns(t, columns, p);
    if (err != KITH_OK || p->n != before)
        return KITH_EDECODE;
    *ret = KITH_TAKE(t);
    return KITH_OK;
}

void us_csv_free(struct us_csv *t)
{
    if (!t)
        return;
    free(t->column_at);
    free(t->cells);
    free(t->lines);
    free(t->text);
    free(t);
}

size_t us_csv_rows(const struct us_csv *t)
{
    return t->n_lines - 1;
}

size_t us_csv_line(const struct us_csv *t, size_t row)
{
    return t->lines[row + 1];
}

const char *us_csv_cell(const struct us_csv *t, size_t row, size_t column)
{
    size_t at = t->column_at[column];
    return at == SIZE_MAX ? "" : t->text + t->cells[(row + 1) * t->width + at];
}

const char *us_csv_file(const struct us_csv *t)
{
    return t->file;
}
