/* SPDX-License-Identifier: Apache-2.0 */
/* course and section.csv */
#include "scheduling/us_data_internal.h"

#include <string.h>

#define SUBJECTS_MAX 64 /* a teacher's certs are a word of bits */

enum {
    C_ID,
    C_SUBJECT,
    C_LEVEL,
    C_GRADES,
    C_OWNER,
    C_CORE,
    C_CREDIT,
    C_PATTERNS,
    C_MIN,
    C_IDEAL,
    C_MAX,
    C_COTEACH,
    C_ROOM_TYPE,
    C_LINKED
};

static uint32_t read_grades(struct us_reader *r, size_t column)
{
    const char *at = us_reader_text(r, column);
    uint32_t grades = 0;
    size_t n;
    for (const char *item; (item = us_reader_item(&at, &n));) {
        char *end;
        long grade = strtol(item, &end, 10);
        if (end != item + n || grade < 0 || grade >= US_GRADES)
            us_reader_problem(r, "'%.*s' is no grade from 0 to %d", (int)(n < 40 ? n : 40), item,
                              US_GRADES - 1);
        else
            grades |= UINT32_C(1) << grade;
    }
    return grades ? grades : (UINT32_C(1) << US_GRADES) - 1;
}

static int read_credit(struct us_reader *r, size_t column)
{
    const char *text = us_reader_text(r, column);
    char *end;
    double v = strtod(text, &end);
    if (*end || !(v >= 0 && v <= 1000)) {
        us_reader_problem(r, "'%.40s' is no credit from 0 to 1000", text);
        return 0;
    }
    return (int)(v * 1000 + 0.5);
}

static void all_patterns(struct us_reader *r, struct us_list *list)
{
    list->at = us_reader_get(r, r->d->n_patterns, sizeof(*list->at));
    for (int i = 0; list->at && i < r->d->n_patterns; i++)
        list->at[list->n++] = i;
}

static void read_course(struct us_reader *r, struct us_course *c)
{
    static const char *const owners[] = {"slc", "shared", NULL};
    struct us_data *d = r->d;
    c->subject = us_reader_name(r, C_SUBJECT, &d->subjects);
    if (c->subject < 0)
        us_reader_problem(r, "the course has no subject");
    const char *level = us_reader_text(r, C_LEVEL);
    c->level = us_arena_text(r->arena, level, strlen(level));
    c->grades = read_grades(r, C_GRADES);
    c->owner = (enum us_owner)us_reader_word(r, C_OWNER, owners, US_OWNER_SHARED);
    c->core = us_reader_bool(r, C_CORE);
    c->credit_milli = read_credit(r, C_CREDIT);
    c->patterns = us_reader_refs(r, C_PATTERNS, &d->pattern_ids, "pattern");
    if (!*us_reader_text(r, C_PATTERNS))
        all_patterns(r, &c->patterns);
    c->min = us_reader_int(r, C_MIN, 0, 100000, 0);
    c->max = us_reader_int(r, C_MAX, 1, 100000, US_NO_LIMIT);
    c->ideal = us_reader_int(r, C_IDEAL, 0, 100000, c->max);
    if (c->min > c->max)
        us_reader_problem(r, "its min %d is above its max %d", c->min, c->max);
    int role = us_reader_word(r, C_COTEACH, us_role_words, US_NONE);
    c->coteach = role < 0 ? 0 : 1U << role;
    const char *type = us_reader_text(r, C_ROOM_TYPE);
    c->room_type = us_ids_find(&d->room_types, type, strlen(type));
    if (*type && c->room_type < 0)
        us_reader_problem(r, "no room has the type '%.40s'", type);
}

/* A linked course may stand further down. */
static void read_links(struct us_reader *r)
{
    for (int i = 0; i < us_reader_rows(r); i++) {
        us_reader_at(r, i);
        const char *id = us_reader_text(r, C_ID);
        int at = us_ids_find(&r->d->course_ids, id, strlen(id));
        if (at < 0)
            continue;
        (void)snprintf(r->about, sizeof(r->about), "course %s", id);
        r->d->courses[at].linked = us_reader_ref(r, C_LINKED, &r->d->course_ids, "course");
    }
}

kith_err us_data_read_courses(struct us_reader *r)
{
    static const char *const columns[] = {"id",   "subject",  "?level",     "?grades", "owner",
                                          "core", "?credit",  "?patterns",  "?min",    "?ideal",
                                          "max",  "?coteach", "?room_type", "?linked", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "course.csv", columns, false);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->courses = us_reader_get(r, n, sizeof(*d->courses));
    if (!us_reader_init(r, &d->course_ids, n) || !us_reader_init(r, &d->subjects, n + 1))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, C_ID, &d->course_ids, "course");
        if (at < 0)
            continue;
        d->courses[at].id = d->course_ids.names[at];
        d->courses[at].linked = US_NONE;
        read_course(r, &d->courses[at]);
    }
    d->n_courses = d->course_ids.n;
    if (d->subjects.n > SUBJECTS_MAX)
        us_problems_add(r->problems, "course.csv: %d subjects; there can be %d", d->subjects.n,
                        SUBJECTS_MAX);
    read_links(r);
    return KITH_OK;
}

enum { S_ID, S_COURSE, S_SLC, S_COTEACH, S_PATTERN, S_TEACHERS, S_ROOM };

kith_err us_data_read_sections(struct us_reader *r)
{
    static const char *const columns[] = {"id",       "course",    "?slc",  "?coteach",
                                          "?pattern", "?teachers", "?room", NULL};
    struct us_data *d = r->d;
    kith_err err = us_reader_open(r, "section.csv", columns, true);
    if (err != KITH_OK)
        return err;
    int n = us_reader_rows(r);
    d->sections = us_reader_get(r, n, sizeof(*d->sections));
    if (!us_reader_init(r, &d->section_ids, n))
        return KITH_ENOMEM;
    for (int i = 0; i < n; i++) {
        us_reader_at(r, i);
        int at = us_reader_id(r, S_ID, &d->section_ids, "section");
        if (at < 0)
            continue;
        struct us_section *s = &d->sections[at];
        s->id = d->section_ids.names[at];
        s->course = us_reader_needed(r, S_COURSE, &d->course_ids, "course");
        s->slc = us_reader_ref(r, S_SLC, &d->slc_ids, "community");
        s->coteach = us_reader_int(r, S_COTEACH, 0, 1, US_NONE);
        s->pattern = us_reader_ref(r, S_PATTERN, &d->pattern_ids, "pattern");
        s->teachers = us_reader_refs(r, S_TEACHERS, &d->teacher_ids, "teacher");
        s->room = us_reader_ref(r, S_ROOM, &d->room_ids, "room");
    }
    d->n_sections = d->section_ids.n;
    return KITH_OK;
}
