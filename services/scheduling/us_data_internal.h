/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of tables share: the checker reads results with them too. */
#ifndef SCHEDULING_US_DATA_INTERNAL_H
#define SCHEDULING_US_DATA_INTERNAL_H

#include "scheduling/us_data.h"

/* The reader of one folder. Cells that are wrong become a problem and read as nothing, so that the next cell is looked at too. */
struct us_reader {
    const char *dir;
    struct us_data *d;
    struct us_arena *arena;
    struct us_problems *problems;
    struct us_csv *t; /* the open table */
    size_t row;
    char about[112]; /* the row in words: "request r811 of student s104" */
    bool no_memory;
};

/* Opens a table; ret untouched and KITH_OK when it is missing and `optional`: then us_reader_rows() is 0. */
KITH_MUST_CHECK kith_err us_reader_open(struct us_reader *r, const char *file,
                                        const char *const *columns, bool optional);
int us_reader_rows(const struct us_reader *r);
void us_reader_close(struct us_reader *r);
void us_reader_at(struct us_reader *r, int row);
const char *us_reader_text(const struct us_reader *r, size_t column);
void us_reader_problem(struct us_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int us_reader_int(struct us_reader *r, size_t column, int min, int max, int fallback);
bool us_reader_bool(struct us_reader *r, size_t column);
/* The index of the thing that the cell names; US_NONE = empty or (a problem) there is none. `what`: "course". */
int us_reader_ref(struct us_reader *r, size_t column, const struct us_ids *ids, const char *what);
int us_reader_needed(struct us_reader *r, size_t column, const struct us_ids *ids,
                     const char *what); /* empty is a problem */
struct us_list us_reader_refs(struct us_reader *r, size_t column, const struct us_ids *ids,
                              const char *what);
/* One of `words` (ends with NULL), its place; `fallback` when empty. */
int us_reader_word(struct us_reader *r, size_t column, const char *const *words, int fallback);
/* The bits 1 << place of a list of words. */
unsigned us_reader_words(struct us_reader *r, size_t column, const char *const *words);
/* The next item of a list of words separated by blanks; NULL = no more. */
const char *us_reader_item(const char **at, size_t *n);
/* Adds the id in `column` of the open row: a new index or, with a problem said, US_NONE. */
int us_reader_id(struct us_reader *r, size_t column, struct us_ids *ids, const char *what);
/* The index of a word that needs no table of its own (a zone), added when new; US_NONE = empty. */
int us_reader_name(struct us_reader *r, size_t column, struct us_ids *ids);
void *us_reader_get(struct us_reader *r, int n, size_t size);
bool us_reader_init(struct us_reader *r, struct us_ids *ids, int room);

extern const char *const us_role_words[], *const us_priority_words[], *const us_flag_words[];

/* data_calendar.c, data_people.c, data_courses.c, data_rules.c */
KITH_MUST_CHECK kith_err us_data_read_calendar(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_patterns(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_slcs(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_rooms(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_courses(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_teachers(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_teams(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_sections(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_students(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_requests(struct us_reader *r);
KITH_MUST_CHECK kith_err us_data_read_rules(struct us_reader *r);

#endif
