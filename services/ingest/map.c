/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a map. */
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ingest/map_internal.h"

/* ---- reading it ---- */

struct parsing {
    struct ingest_map *m;
    struct ingest_receipt *receipt;
    const char *at;
    size_t left;
    unsigned line;
    kith_err err;
};

__attribute__((format(printf, 3, 4))) static bool wrong(struct parsing *p, const char *code,
                                                        const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct ingest_place at = {.file = INGEST_MAP_NAME, .line = p->line};
    ingest_receipt_add(p->receipt, INGEST_ERROR, &at, code, "%s", text);
    p->err = KITH_EINVAL;
    return false;
}

/* inih's reader, as fgets. */
static char *read_line(char *to, int room, void *ctx)
{
    struct parsing *p = ctx;
    if (p->left == 0)
        return NULL;
    const char *end = memchr(p->at, '\n', p->left);
    size_t n = end ? (size_t)(end - p->at) : p->left;
    p->line++;
    if (n + 2 > (size_t)room || memchr(p->at, '\0', n)) {
        wrong(p, "map_line", "The line is longer than %d bytes or is no text.", room - 2);
        return NULL;
    }
    memcpy(to, p->at, n);
    to[n] = '\0';
    p->at += end ? n + 1 : n;
    p->left -= end ? n + 1 : n;
    return to;
}

/* ---- values ---- */

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

static bool copy(struct parsing *p, char to[MAP_TEXT], const char *from, size_t n)
{
    while (n > 0 && strchr(" \t", from[n - 1]))
        n--;
    if (n >= MAP_TEXT)
        return wrong(p, "map_value", "A name or text may have %d bytes.", MAP_TEXT - 1);
    memcpy(to, from, n);
    to[n] = '\0';
    return true;
}

/* "TEXT" at *at; moves behind it. */
static bool quoted(struct parsing *p, const char **at, char to[MAP_TEXT])
{
    const char *end = strchr(*at + 1, '"');
    size_t n = end ? (size_t)(end - *at - 1) : 0;
    if (!end || n >= MAP_TEXT)
        return wrong(p, "map_value", "A text in quotes does not end, or has more than %d bytes.",
                     MAP_TEXT - 1);
    memcpy(to, *at + 1, n); /* with blanks at its ends */
    to[n] = '\0';
    *at = skip_blanks(end + 1);
    return true;
}

static bool add_flag(struct parsing *p, struct map_value *v, const char *word, size_t n)
{
    const char *colon = memchr(word, ':', n);
    char name[MAP_TEXT];
    if (!colon || v->flags_n == MAP_FLAGS)
        return wrong(p, "map_value", "flags are at most %d of the form name:column.", MAP_FLAGS);
    if (!copy(p, name, word, (size_t)(colon - word)) ||
        !copy(p, v->flags[v->flags_n].column, colon + 1, n - (size_t)(colon + 1 - word)))
        return false;
    (void)snprintf(v->flags[v->flags_n++].name, sizeof(v->flags[0].name), "%.31s", name);
    return true;
}

static bool take_source(struct parsing *p, struct map_value *v, const char **at)
{
    const char *text = *at;
    if (*text == '"') {
        v->constant = true;
        return quoted(p, at, v->column);
    }
    size_t n = strcspn(text, "|");
    *at = text + n;
    if (strncmp(text, "flags ", 6) != 0)
        return copy(p, v->column, text, n) &&
               (v->column[0] || wrong(p, "map_value", "Which of their columns?"));
    for (const char *end = text + n, *word = skip_blanks(text + 6); word < end;) {
        size_t length = strcspn(word, " \t|");
        if (length > 0 && !add_flag(p, v, word, length))
            return false;
        word = skip_blanks(word + length);
    }
    return v->flags_n > 0 || wrong(p, "map_value", "flags needs name:column.");
}

static bool take_step(struct parsing *p, struct map_value *v, const char **at)
{
    static const struct {
        const char *name;
        enum map_step what;
    } known[] = {{"before", MAP_BEFORE}, {"after", MAP_AFTER},   {"date", MAP_DATE},
                 {"codes", MAP_LOOKUP},  {"prefix", MAP_PREFIX}, {"else", MAP_ELSE}};
    const char *text = skip_blanks(*at + 1);
    size_t n = strcspn(text, " \t|");
    for (size_t k = 0; k < KITH_LEN(known); k++) {
        if (strlen(known[k].name) != n || strncmp(text, known[k].name, n) != 0)
            continue;
        if (v->steps_n == MAP_STEPS)
            return wrong(p, "map_value", "At most %d functions.", MAP_STEPS);
        char *to = v->steps[v->steps_n].text;
        v->steps[v->steps_n++].what = known[k].what;
        *at = skip_blanks(text + n);
        if (**at == '"')
            return quoted(p, at, to);
        size_t length = strcspn(*at, "|");
        text = *at;
        *at += length;
        return copy(p, to, text, length) &&
               (*to || wrong(p, "map_value", "%s needs a text.", known[k].name));
    }
    return wrong(p, "map_value",
                 "There is no function %.*s; there are before, after, date, codes, prefix, else.",
                 (int)(n > 40 ? 40 : n), text);
}

static bool take_value(struct parsing *p, struct map_value *v, const char *text)
{
    const char *at = skip_blanks(text);
    v->line = p->line;
    bool good = take_source(p, v, &at);
    while (good && *at == '|')
        good = take_step(p, v, &at);
    return good && (*at == '\0' || wrong(p, "map_value", "After the value stands: %.40s", at));
}

/* ---- sections ---- */

static struct map_file *file_of(struct parsing *p, const char *name)
{
    struct ingest_map *m = p->m;
    for (size_t i = 0; i < m->files_n; i++)
        if (strcmp(m->files[i].name, name) == 0)
            return &m->files[i];
    if (m->files_n == MAP_FILES) {
        wrong(p, "map_section", "At most %d files.", MAP_FILES);
        return NULL;
    }
    struct map_file *f = &m->files[m->files_n++];
    f->line = p->line;
    (void)snprintf(f->name, sizeof(f->name), "%.63s", name);
    return f;
}

/* Columns are looked up in the end, when the format is known; until then their names lie in the order of the lines. */
static bool take_column(struct parsing *p, struct map_file *f, const char *name, const char *text)
{
    for (size_t k = 0; k < f->columns_n; k++)
        if (strcmp(f->columns[k], name) == 0)
            return wrong(p, "map_column", "%s is said twice.", name);
    if (f->columns_n == MAP_COLUMNS)
        return wrong(p, "map_column", "At most %d columns.", MAP_COLUMNS);
    char *kept = strdup(name);
    if (!kept) {
        p->err = KITH_ENOMEM;
        return false;
    }
    f->columns[f->columns_n] = kept;
    return take_value(p, &f->values[f->columns_n++], text);
}

static bool take_only(struct parsing *p, struct map_file *f, const char *text)
{
    const char *colon = strchr(text, ':');
    size_t at = 0;
    if (!colon)
        return wrong(p, "map_value", "only needs COLUMN : VALUE, VALUE.");
    if (!copy(p, f->only, text, (size_t)(colon - text)))
        return false;
    for (const char *one = colon + 1; *one;) {
        one = skip_blanks(one);
        size_t n = strcspn(one, ",");
        size_t kept = n;
        while (kept > 0 && strchr(" \t", one[kept - 1]))
            kept--;
        if (at + kept + 2 > sizeof(f->only_values))
            return wrong(p, "map_value", "Too many values.");
        memcpy(f->only_values + at, one, kept);
        at += kept + 1; /* zeroes are there already */
        one += n + (one[n] == ',');
    }
    return true;
}

static bool take_needs(struct parsing *p, struct map_file *f, const char *text)
{
    while (*text) {
        text = skip_blanks(text);
        size_t n = strcspn(text, ",");
        if (f->needs_n == MAP_FLAGS)
            return wrong(p, "map_value", "At most %d columns.", MAP_FLAGS);
        if (!copy(p, f->needs[f->needs_n].column, text, n))
            return false;
        f->needs_n += f->needs[f->needs_n].column[0] != '\0';
        text += n + (text[n] == ',');
    }
    return true;
}

static bool take_code(struct parsing *p, const char *list, const char *code, const char *text)
{
    struct ingest_map *m = p->m;
    if (m->codes_n == m->codes_size) {
        size_t size = m->codes_size ? m->codes_size * 2 : 32;
        struct map_code *codes = reallocarray(m->codes, size, sizeof(*codes));
        if (!codes) {
            p->err = KITH_ENOMEM;
            return false;
        }
        m->codes = codes;
        m->codes_size = size;
    }
    struct map_code *c = &m->codes[m->codes_n];
    if (!copy(p, c->list, list, strlen(list)) || !copy(p, c->code, code, strlen(code)) ||
        !copy(p, c->text, text, strlen(text)))
        return false;
    m->codes_n++;
    return true;
}

static bool take_package(struct parsing *p, const char *name, const char *text)
{
    struct ingest_map *m = p->m;
    if (strcmp(name, "null") == 0)
        return copy(p, m->null, text, strlen(text));
    if (strcmp(name, "format") != 0)
        return wrong(p, "map_key", "[package] has format and null, not %.40s.", name);
    if (strcmp(text, "oneroster-1.1") != 0 && strcmp(text, "oneroster-1.2") != 0 &&
        strcmp(text, "attendance") != 0)
        return wrong(p, "map_value", "format must be oneroster-1.1, oneroster-1.2 or attendance.");
    (void)snprintf(m->format, sizeof(m->format), "%s", text);
    return true;
}

static int take_line(void *ctx, const char *section, const char *name, const char *value)
{
    struct parsing *p = ctx;
    size_t n = strlen(section);
    struct map_file *f = NULL;
    if (p->err != KITH_OK)
        return 1;
    if (strcmp(section, "package") == 0) {
        (void)take_package(p, name, value);
    } else if (strncmp(section, "codes ", 6) == 0) {
        (void)take_code(p, skip_blanks(section + 6), name, value);
    } else if (n > 4 && strcmp(section + n - 4, ".csv") == 0) {
        if (!(f = file_of(p, section)))
            return 1;
        if (strcmp(name, "file") == 0)
            (void)copy(p, f->source, value, strlen(value));
        else if (strcmp(name, "distinct") == 0)
            f->distinct = strcmp(value, "yes") == 0;
        else if (strcmp(name, "needs") == 0)
            (void)take_needs(p, f, value);
        else if (strcmp(name, "only") == 0)
            (void)take_only(p, f, value);
        else
            (void)take_column(p, f, name, value);
    } else {
        (void)wrong(p, "map_section",
                    "There is no section [%.40s]: [package], [NAME.csv], "
                    "[codes NAME].",
                    section);
    }
    return 1;
}

/* ---- the whole ---- */

static const struct ingest_roster_file *roster_file(const struct ingest_map *m, const char *name)
{
    enum ingest_roster_format format =
        strcmp(m->format, "oneroster-1.1") == 0 ? INGEST_ONEROSTER_11 : INGEST_ONEROSTER_12;
    size_t n = strlen(name) - 4;
    for (const struct ingest_roster_file *f = ingest_roster_files(format); f->name; f++)
        if (strlen(f->name) == n && strncmp(f->name, name, n) == 0)
            return f;
    return NULL;
}

/* The columns of the format, in its order. */
static size_t columns_of(const struct ingest_map *m, const struct map_file *f,
                         const char *ret[MAP_COLUMNS])
{
    static const char *const base[] = {"sourcedId", "status", "dateLastModified"};
    size_t n = 0;
    if (strcmp(m->format, "attendance") == 0) {
        for (; strcmp(f->name, "attendance.csv") == 0 && ingest_attendance_columns[n]; n++)
            ret[n] = ingest_attendance_columns[n];
        return n;
    }
    const struct ingest_roster_file *file = roster_file(m, f->name);
    if (!file)
        return 0;
    for (; n < KITH_LEN(base); n++)
        ret[n] = base[n];
    for (const struct ingest_roster_column *c = file->columns; c->name && n < MAP_COLUMNS; c++)
        ret[n++] = c->name;
    return n;
}

static void forget_columns(struct map_file *f)
{
    for (size_t k = 0; k < f->columns_n && !f->ordered; k++)
        free((void *)f->columns[k]);
    f->columns_n = 0;
}

static bool order_columns(struct parsing *p, struct map_file *f)
{
    const char *names[MAP_COLUMNS];
    struct map_value *values = calloc(MAP_COLUMNS, sizeof(*values));
    size_t n = columns_of(p->m, f, names);
    bool good = true;
    if (!values) {
        p->err = KITH_ENOMEM;
        return false;
    }
    p->line = f->line;
    if (n == 0)
        good = wrong(p, "map_section", "The format %s has no file %s.", p->m->format, f->name);
    for (size_t k = 0; k < f->columns_n && good; k++) {
        size_t at = 0;
        while (at < n && strcmp(names[at], f->columns[k]) != 0)
            at++;
        p->line = f->values[k].line;
        if (at == n)
            good = wrong(p, "map_column", "%s has no column %.40s.", f->name, f->columns[k]);
        else
            values[at] = f->values[k];
    }
    forget_columns(f);
    f->ordered = true;
    if (good) {
        memcpy((void *)f->columns, (const void *)names, sizeof(names));
        memcpy(f->values, values, sizeof(f->values));
        f->columns_n = n;
    }
    free(values);
    if (good && !f->source[0])
        for (size_t k = 0; k < n; k++)
            if (f->values[k].line && !f->values[k].constant) {
                p->line = f->values[k].line;
                return wrong(p, "map_value",
                             "Without file = NAME a section has only constants, in quotes.");
            }
    return good;
}

static bool known_codes(struct parsing *p, const struct map_file *f)
{
    for (size_t k = 0; k < f->columns_n; k++)
        for (size_t s = 0; s < f->values[k].steps_n; s++) {
            bool found = f->values[k].steps[s].what != MAP_LOOKUP;
            for (size_t c = 0; c < p->m->codes_n; c++)
                found = found || strcmp(p->m->codes[c].list, f->values[k].steps[s].text) == 0;
            p->line = f->values[k].line;
            if (!found)
                return wrong(p, "map_value", "There is no section [codes %.40s].",
                             f->values[k].steps[s].text);
        }
    return true;
}

kith_err ingest_map_parse(const char *text, size_t n, struct ingest_receipt *receipt,
                          struct ingest_map **ret)
{
    kith_auto(ingest_map) m = calloc(1, sizeof(*m));
    if (!m)
        return KITH_ENOMEM;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    struct parsing p = {.m = m, .receipt = receipt, .at = text, .left = n};
    int failed = ini_parse_stream(read_line, &p, take_line, &p);
    if (failed > 0 && p.err == KITH_OK) {
        p.line = (unsigned)failed;
        wrong(&p, "map_line", "The line is neither [SECTION] nor NAME = VALUE.");
    }
    if (!m->format[0])
        (void)snprintf(m->format, sizeof(m->format), "%s",
                       m->files_n == 1 && strcmp(m->files[0].name, "attendance.csv") == 0
                           ? "attendance"
                           : "oneroster-1.2");
    p.line = 0;
    if (p.err == KITH_OK && m->files_n == 0)
        wrong(&p, "map_empty", "The map names no file.");
    for (size_t i = 0; i < m->files_n && p.err == KITH_OK; i++)
        if (order_columns(&p, &m->files[i]))
            (void)known_codes(&p, &m->files[i]);
    if (p.err == KITH_OK)
        *ret = KITH_TAKE(m);
    return p.err;
}

void ingest_map_free(struct ingest_map *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->files_n; i++) {
        forget_columns(&m->files[i]);
        free(m->files[i].seen.hashes);
    }
    free(m->codes);
    free(m);
}

size_t ingest_map_n(const struct ingest_map *m)
{
    return m->files_n;
}

const char *ingest_map_file(const struct ingest_map *m, size_t i)
{
    return m->files[i].name;
}

const char *ingest_map_source(const struct ingest_map *m, size_t i)
{
    return m->files[i].source[0] ? m->files[i].source : NULL;
}
