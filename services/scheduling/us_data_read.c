/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_data_internal.h"

#include <stdarg.h>
#include <string.h>

#define ID_MAX 40

const char *const us_role_words[] = {"general", "sped", "ell", NULL};
const char *const us_priority_words[] = {"core", "graduation", "elective", NULL};
const char *const us_flag_words[] = {"iep", "ell", "need", NULL};

kith_err us_reader_open(struct us_reader *r, const char *file, const char *const *columns,
                        bool optional)
{
    r->t = NULL;
    kith_err err = us_csv_read(r->dir, file, columns, &r->t, r->problems);
    if (err == KITH_ENOTFOUND && optional)
        return KITH_OK;
    if (err == KITH_ENOTFOUND)
        us_problems_add(r->problems, "%s is missing in the folder %s", file, r->dir);
    return err;
}

int us_reader_rows(const struct us_reader *r)
{
    return r->t ? (int)us_csv_rows(r->t) : 0;
}

void us_reader_close(struct us_reader *r)
{
    us_csv_free(r->t);
    r->t = NULL;
}

void us_reader_at(struct us_reader *r, int row)
{
    r->row = (size_t)row;
    r->about[0] = '\0';
}

const char *us_reader_text(const struct us_reader *r, size_t column)
{
    return us_csv_cell(r->t, r->row, column);
}

void us_reader_problem(struct us_reader *r, const char *format, ...)
{
    char text[192];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    us_problems_add(r->problems, "%s line %zu: %s%s%s%s", us_csv_file(r->t),
                    us_csv_line(r->t, r->row), text, r->about[0] ? " (" : "", r->about,
                    r->about[0] ? ")" : "");
}

int us_reader_int(struct us_reader *r, size_t column, int min, int max, int fallback)
{
    const char *text = us_reader_text(r, column);
    if (!*text)
        return fallback;
    char *end;
    long v = strtol(text, &end, 10);
    if (*end || v < min || v > max) {
        us_reader_problem(r, "'%.40s' is no whole number from %d to %d", text, min, max);
        return fallback;
    }
    return (int)v;
}

bool us_reader_bool(struct us_reader *r, size_t column)
{
    return us_reader_int(r, column, 0, 1, 0) == 1;
}

const char *us_reader_item(const char **at, size_t *n)
{
    const char *item = *at + strspn(*at, " \t");
    *n = strcspn(item, " \t");
    *at = item + *n;
    return *n > 0 ? item : NULL;
}

int us_reader_ref(struct us_reader *r, size_t column, const struct us_ids *ids, const char *what)
{
    const char *text = us_reader_text(r, column);
    if (!*text)
        return US_NONE;
    int i = us_ids_find(ids, text, strlen(text));
    if (i < 0)
        us_reader_problem(r, "there is no %s '%.40s'", what, text);
    return i;
}

int us_reader_needed(struct us_reader *r, size_t column, const struct us_ids *ids, const char *what)
{
    if (!*us_reader_text(r, column))
        us_reader_problem(r, "it names no %s", what);
    return us_reader_ref(r, column, ids, what);
}

struct us_list us_reader_refs(struct us_reader *r, size_t column, const struct us_ids *ids,
                              const char *what)
{
    struct us_list list = {0};
    const char *at = us_reader_text(r, column);
    int room = (int)(strlen(at) / 2 + 1);
    list.at = us_reader_get(r, room, sizeof(*list.at));
    if (!list.at)
        return list;
    size_t n;
    for (const char *item; (item = us_reader_item(&at, &n));) {
        int i = us_ids_find(ids, item, n);
        if (i < 0)
            us_reader_problem(r, "there is no %s '%.*s'", what, (int)(n < ID_MAX ? n : ID_MAX),
                              item);
        else
            list.at[list.n++] = i;
    }
    return list;
}

static int word_of(const char *text, size_t n, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strlen(words[i]) == n && memcmp(words[i], text, n) == 0)
            return i;
    return US_NONE;
}

int us_reader_word(struct us_reader *r, size_t column, const char *const *words, int fallback)
{
    const char *text = us_reader_text(r, column);
    if (!*text)
        return fallback;
    int i = word_of(text, strlen(text), words);
    if (i < 0)
        us_reader_problem(r, "'%.40s' is none of the words of this column (%s, ...)", text,
                          words[0]);
    return i < 0 ? fallback : i;
}

unsigned us_reader_words(struct us_reader *r, size_t column, const char *const *words)
{
    unsigned bits = 0;
    const char *at = us_reader_text(r, column);
    size_t n;
    for (const char *item; (item = us_reader_item(&at, &n));) {
        int i = word_of(item, n, words);
        if (i < 0)
            us_reader_problem(r, "'%.*s' is none of the words of this column (%s, ...)",
                              (int)(n < ID_MAX ? n : ID_MAX), item, words[0]);
        else
            bits |= 1U << i;
    }
    return bits;
}

int us_reader_id(struct us_reader *r, size_t column, struct us_ids *ids, const char *what)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const char *text = us_reader_text(r, column);
    size_t n = strlen(text);
    if (n < 1 || n > ID_MAX || strspn(text, allowed) != n) {
        us_reader_problem(r, "'%.60s' is no id: 1 to %d of A-Z a-z 0-9 . _ -", text, ID_MAX);
        return US_NONE;
    }
    (void)snprintf(r->about, sizeof(r->about), "%s %s", what, text);
    int i = us_ids_add(ids, r->arena, text, n);
    if (i == US_IDS_DUPLICATE)
        us_reader_problem(r, "the id '%s' is there twice", text);
    else if (i == US_IDS_NO_MEMORY)
        r->no_memory = true;
    return i < 0 ? US_NONE : i;
}

int us_reader_name(struct us_reader *r, size_t column, struct us_ids *ids)
{
    const char *text = us_reader_text(r, column);
    size_t n = strlen(text);
    if (n == 0)
        return US_NONE;
    int i = us_ids_find(ids, text, n);
    if (i >= 0)
        return i;
    i = us_ids_add(ids, r->arena, text, n);
    if (i < 0)
        r->no_memory = true;
    return i < 0 ? US_NONE : i;
}

void *us_reader_get(struct us_reader *r, int n, size_t size)
{
    void *p = us_arena_get(r->arena, (size_t)n, size);
    if (!p)
        r->no_memory = true;
    return p;
}

bool us_reader_init(struct us_reader *r, struct us_ids *ids, int room)
{
    if (!us_ids_init(ids, r->arena, room))
        r->no_memory = true;
    return !r->no_memory;
}
