/* SPDX-License-Identifier: Apache-2.0 */
/* A generated school in a temporary folder, and its CSV files as cells that a test may change (they hold no quotation marks). */
#ifndef US_SCHOOL_H
#define US_SCHOOL_H

#include <sys/stat.h>
#include <unistd.h>

#include "kith_test.h"
#include "scheduling/us_check.h"
#include "scheduling/us_generate.h"

#define US_COLUMNS 16

struct us_table {
    char path[128];
    int rows, cols; /* row 0 is the header */
    char *(*cells)[US_COLUMNS];
    bool dirty;
};

static const char *const us_tables[] = {
    "calendar.csv",          "pattern.csv",        "slc.csv",           "team.csv",
    "teacher.csv",           "room.csv",           "course.csv",        "section.csv",
    "student.csv",           "request.csv",        "rule.csv",          "planted/section.csv",
    "planted/placement.csv", "planted/roster.csv", "planted/unmet.csv", "planted/advisory.csv",
};

struct us_school {
    char dir[64], planted[80];
};

static inline char *us_slurp(const char *path)
{
    FILE *from = fopen(path, "rb");
    assert_non_null(from);
    assert_int_equal(fseek(from, 0, SEEK_END), 0);
    long n = ftell(from);
    rewind(from);
    char *text = calloc(1, (size_t)n + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)n, from), n);
    (void)fclose(from);
    return text;
}

static inline void us_spit(const char *path, const char *text)
{
    FILE *to = fopen(path, "wb");
    assert_non_null(to);
    assert_true(fputs(text, to) >= 0);
    assert_int_equal(fclose(to), 0);
}

static inline void us_school_new(struct us_school *s, int students, int communities,
                                 enum us_calendar calendar, uint64_t seed)
{
    (void)snprintf(s->dir, sizeof(s->dir), "/tmp/kith-us-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(s->planted, sizeof(s->planted), "%s/planted", s->dir);
    struct us_generate_opts opts = {students, communities, calendar, seed};
    struct kith_why why = {{0}};
    kith_err err = us_generate(&opts, s->dir, &why);
    if (err != KITH_OK)
        print_error("%s\n", why.text);
    assert_ok(err);
}

static inline void us_school_done(struct us_school *s)
{
    for (size_t i = 0; i < KITH_LEN(us_tables); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", s->dir, us_tables[i]);
        (void)unlink(path);
    }
    (void)rmdir(s->planted);
    (void)rmdir(s->dir);
}

/* Reads and checks; the report is the caller's to free. */
static inline struct us_report *us_school_check(const struct us_school *s)
{
    struct us_problems *problems = calloc(1, sizeof(*problems));
    struct us_report *report = calloc(1, sizeof(*report));
    struct us_data *d = NULL;
    assert_non_null(problems);
    assert_non_null(report);
    kith_err err = us_data_read_listed(s->dir, &d, problems);
    if (err == KITH_OK)
        err = us_check_listed(d, s->planted, report, problems);
    if (problems->n > 0)
        print_error("%s\n", problems->text[0]);
    assert_ok(err);
    us_data_free(d);
    free(problems);
    return report;
}

static inline struct us_table *us_table_read(const struct us_school *s, const char *file)
{
    struct us_table *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    (void)snprintf(t->path, sizeof(t->path), "%s/%s", s->dir, file);
    char *text = us_slurp(t->path);
    for (const char *at = text; *at; at++)
        t->rows += *at == '\n';
    t->cells = calloc((size_t)t->rows + 8, sizeof(*t->cells)); /* a few rows may be added */
    assert_non_null(t->cells);
    char *line = text;
    for (int row = 0; row < t->rows; row++) {
        char *end = strchr(line, '\n');
        *end = '\0';
        int col = 0;
        for (char *cell = line; cell; col++) {
            char *comma = strchr(cell, ',');
            if (comma)
                *comma = '\0';
            t->cells[row][col] = strdup(cell);
            cell = comma ? comma + 1 : NULL;
        }
        t->cols = col;
        line = end + 1;
    }
    free(text);
    return t;
}

static inline int us_column(const struct us_table *t, const char *name)
{
    int col = 0;
    while (col < t->cols && strcmp(t->cells[0][col], name) != 0)
        col++;
    assert_true(col < t->cols);
    return col;
}

static inline const char *us_get(const struct us_table *t, int row, const char *name)
{
    return t->cells[row][us_column(t, name)];
}

static inline void us_set(struct us_table *t, int row, const char *name, const char *value)
{
    char **cell = &t->cells[row][us_column(t, name)];
    char *copy = strdup(value);
    free(*cell);
    *cell = copy;
    t->dirty = true;
}

/* A row of empty cells at the end. */
static inline int us_add_row(struct us_table *t)
{
    for (int col = 0; col < t->cols; col++)
        t->cells[t->rows][col] = strdup("");
    t->dirty = true;
    return t->rows++;
}

static inline void us_drop_row(struct us_table *t, int row)
{
    for (int col = 0; col < t->cols; col++)
        free(t->cells[row][col]);
    memmove(&t->cells[row], &t->cells[row + 1], (size_t)(t->rows - row - 1) * sizeof(t->cells[0]));
    t->rows--;
    t->dirty = true;
}

/* The row whose `name` is `value`; 0 = none. */
static inline int us_find(const struct us_table *t, const char *name, const char *value)
{
    int col = us_column(t, name);
    for (int row = 1; row < t->rows; row++)
        if (strcmp(t->cells[row][col], value) == 0)
            return row;
    return 0;
}

static inline void us_table_write(const struct us_table *t)
{
    FILE *to = fopen(t->path, "wb");
    assert_non_null(to);
    for (int row = 0; row < t->rows; row++)
        for (int col = 0; col < t->cols; col++)
            (void)fprintf(to, "%s%c", t->cells[row][col], col + 1 < t->cols ? ',' : '\n');
    assert_int_equal(fclose(to), 0);
}

static inline void us_table_free(struct us_table *t)
{
    for (int row = 0; row < t->rows; row++)
        for (int col = 0; col < t->cols; col++)
            free(t->cells[row][col]);
    free(t->cells);
    free(t);
}

#endif
