/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/terms.h"

#include <stdlib.h>
#include <string.h>

struct session {
    int64_t school;
    int32_t year;
    int32_t begin, end;
    char *name;
};

struct section {
    int64_t school;
    char *name;
    int32_t year;
    char *session;
    char *course;
};

struct ingest_terms {
    size_t sessions_n, sessions_size;
    struct session *sessions; /* ready: by school, length, name */
    size_t sections_n, sections_size;
    struct section *sections; /* ready: by school, name, course */
};

kith_err ingest_terms_new(struct ingest_terms **ret)
{
    *ret = calloc(1, sizeof(**ret));
    return *ret ? KITH_OK : KITH_ENOMEM;
}

void ingest_terms_free(struct ingest_terms *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->sessions_n; i++)
        free(t->sessions[i].name);
    for (size_t i = 0; i < t->sections_n; i++) {
        free(t->sections[i].name);
        free(t->sections[i].session);
        free(t->sections[i].course);
    }
    free(t->sessions);
    free(t->sections);
    free(t);
}

static kith_err grow(void **list, size_t n, size_t *size, size_t each)
{
    if (n < *size)
        return KITH_OK;
    size_t more = *size ? *size * 2 : 64;
    void *grown = reallocarray(*list, more, each);
    if (!grown)
        return KITH_ENOMEM;
    *list = grown;
    *size = more;
    return KITH_OK;
}

kith_err ingest_terms_add_session(struct ingest_terms *t, int64_t school, int32_t year,
                                  const char *name, int32_t begin, int32_t end)
{
    void *list = t->sessions;
    kith_err err = grow(&list, t->sessions_n, &t->sessions_size, sizeof(*t->sessions));
    t->sessions = list;
    char *copy = err == KITH_OK ? strdup(name) : NULL;
    if (!copy)
        return KITH_ENOMEM;
    t->sessions[t->sessions_n++] = (struct session){school, year, begin, end, copy};
    return KITH_OK;
}

kith_err ingest_terms_add_section(struct ingest_terms *t, int64_t school, int32_t year,
                                  const char *session, const char *course, const char *section)
{
    void *list = t->sections;
    kith_err err = grow(&list, t->sections_n, &t->sections_size, sizeof(*t->sections));
    t->sections = list;
    if (err != KITH_OK)
        return err;
    struct section *s = &t->sections[t->sections_n++];
    *s = (struct section){school, strdup(section), year, strdup(session), strdup(course)};
    return s->name && s->session && s->course ? KITH_OK : KITH_ENOMEM;
}

/* ---- order ---- */

static int by(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_sessions(const void *left, const void *right)
{
    const struct session *a = left;
    const struct session *b = right;
    int order = by(a->school, b->school);
    if (order == 0)
        order = by((int64_t)a->end - a->begin, (int64_t)b->end - b->begin);
    return order ? order : strcmp(a->name, b->name);
}

static int compare_names(int64_t school, const char *name, const struct section *s)
{
    int order = by(school, s->school);
    return order ? order : strcmp(name, s->name);
}

static int compare_sections(const void *left, const void *right)
{
    const struct section *a = left;
    const struct section *b = right;
    int order = compare_names(a->school, a->name, b);
    return order ? order : strcmp(a->course, b->course);
}

void ingest_terms_ready(struct ingest_terms *t)
{
    if (t->sessions_n > 0)
        qsort(t->sessions, t->sessions_n, sizeof(*t->sessions), compare_sessions);
    if (t->sections_n > 0)
        qsort(t->sections, t->sections_n, sizeof(*t->sections), compare_sections);
}

/* ---- questions ---- */

static size_t first_session(const struct ingest_terms *t, int64_t school)
{
    size_t low = 0;
    for (size_t high = t->sessions_n; low < high;) {
        size_t at = low + (high - low) / 2;
        if (t->sessions[at].school < school)
            low = at + 1;
        else
            high = at;
    }
    return low;
}

bool ingest_terms_day(const struct ingest_terms *t, int64_t school, int32_t date,
                      struct ingest_term *ret)
{
    for (size_t i = first_session(t, school); i < t->sessions_n && t->sessions[i].school == school;
         i++) {
        const struct session *s = &t->sessions[i];
        if (date < s->begin || date > s->end)
            continue;
        *ret = (struct ingest_term){.year = s->year, .session = s->name, .course = ""};
        return true;
    }
    return false;
}

/* The length of a section's session when it holds the date; -1: it does not. */
static int64_t length_then(const struct ingest_terms *t, const struct section *s, int32_t date)
{
    for (size_t i = first_session(t, s->school);
         i < t->sessions_n && t->sessions[i].school == s->school; i++) {
        const struct session *c = &t->sessions[i];
        if (c->year == s->year && strcmp(c->name, s->session) == 0)
            return date >= c->begin && date <= c->end ? (int64_t)c->end - c->begin : -1;
    }
    return -1;
}

bool ingest_terms_section(const struct ingest_terms *t, int64_t school, const char *section,
                          int32_t date, struct ingest_term *ret)
{
    size_t low = 0;
    for (size_t high = t->sections_n; low < high;) {
        size_t at = low + (high - low) / 2;
        if (compare_names(school, section, &t->sections[at]) > 0)
            low = at + 1;
        else
            high = at;
    }
    int64_t best = -1;
    for (; low < t->sections_n && compare_names(school, section, &t->sections[low]) == 0; low++) {
        const struct section *s = &t->sections[low];
        int64_t length = length_then(t, s, date);
        if (length < 0 || (best >= 0 && length >= best))
            continue;
        best = length;
        *ret = (struct ingest_term){.year = s->year, .session = s->session, .course = s->course};
    }
    return best >= 0;
}
