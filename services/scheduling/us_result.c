/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduling/us_result.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- reading ---- */

static int find_or_say(const struct us_ids *ids, const char *name, const struct us_csv *t,
                       size_t row, const char *what, struct us_problems *p)
{
    if (!name[0])
        return US_NONE;
    int at = us_ids_find(ids, name, strlen(name));
    if (at < 0)
        us_problems_add(p, "%s line %zu: there is no %s '%.40s'", us_csv_file(t),
                        us_csv_line(t, row), what, name);
    return at;
}

static kith_err read_sections(struct us_result *r, const char *dir, struct us_problems *p)
{
    static const char *const columns[] = {"id", "course", "slc", "coteach", NULL};
    kith_auto(us_csv) t = NULL;
    kith_err err = us_csv_read(dir, "section.csv", columns, &t, p);
    if (err != KITH_OK)
        return err;
    int n = (int)us_csv_rows(t);
    r->sections = us_arena_get(&r->arena, (size_t)n, sizeof(*r->sections));
    if (!r->sections || !us_ids_init(&r->ids, &r->arena, n))
        return KITH_ENOMEM;
    for (size_t row = 0; row < (size_t)n; row++) {
        const char *id = us_csv_cell(t, row, 0);
        struct us_result_section *s = &r->sections[r->n];
        int at = us_ids_add(&r->ids, &r->arena, id, strlen(id));
        if (at == US_IDS_NO_MEMORY)
            return KITH_ENOMEM;
        if (at == US_IDS_DUPLICATE || !id[0]) {
            us_problems_add(p, "section.csv line %zu: the section '%.40s' %s", us_csv_line(t, row),
                            id, id[0] ? "is there twice" : "has no id");
            continue;
        }
        r->n++;
        s->id = us_arena_text(&r->arena, id, strlen(id));
        s->course = find_or_say(&r->d->course_ids, us_csv_cell(t, row, 1), t, row, "course", p);
        s->slc = find_or_say(&r->d->slc_ids, us_csv_cell(t, row, 2), t, row, "community", p);
        s->coteach = us_csv_cell(t, row, 3)[0] == '1';
        s->pattern = s->room = US_NONE;
        if (s->course < 0)
            us_problems_add(p, "section.csv line %zu: the section '%.40s' has no course",
                            us_csv_line(t, row), id);
    }
    return p->n > 0 ? KITH_EDECODE : KITH_OK;
}

static kith_err read_teachers(struct us_result *r, const struct us_csv *t, size_t row,
                              struct us_list *list, struct us_problems *p)
{
    char text[256];
    char *rest = NULL;
    (void)snprintf(text, sizeof(text), "%s", us_csv_cell(t, row, 2));
    list->n = 0;
    list->at = us_arena_get(&r->arena, 8, sizeof(int));
    if (!list->at)
        return KITH_ENOMEM;
    for (char *word = strtok_r(text, " ", &rest); word && list->n < 8;
         word = strtok_r(NULL, " ", &rest)) {
        int at = find_or_say(&r->d->teacher_ids, word, t, row, "teacher", p);
        if (at >= 0)
            list->at[list->n++] = at;
    }
    return KITH_OK;
}

static kith_err read_placement(struct us_result *r, const char *dir, struct us_problems *p)
{
    static const char *const columns[] = {"section", "pattern", "teachers", "room", "?lunch", NULL};
    kith_auto(us_csv) t = NULL;
    kith_err err = us_csv_read(dir, "placement.csv", columns, &t, p);
    for (size_t row = 0; err == KITH_OK && row < us_csv_rows(t); row++) {
        int at = find_or_say(&r->ids, us_csv_cell(t, row, 0), t, row, "section", p);
        if (at < 0)
            continue;
        struct us_result_section *s = &r->sections[at];
        s->pattern = find_or_say(&r->d->pattern_ids, us_csv_cell(t, row, 1), t, row, "pattern", p);
        s->room = find_or_say(&r->d->room_ids, us_csv_cell(t, row, 3), t, row, "room", p);
        err = read_teachers(r, t, row, &s->teachers, p);
    }
    return err == KITH_OK && p->n > 0 ? KITH_EDECODE : err;
}

static kith_err find_locked(struct us_result *r)
{
    r->locked = us_arena_get(&r->arena, (size_t)r->d->n_sections + 1, sizeof(int));
    if (!r->locked)
        return KITH_ENOMEM;
    for (int i = 0; i < r->d->n_sections; i++)
        r->locked[i] = us_ids_find(&r->ids, r->d->sections[i].id, strlen(r->d->sections[i].id));
    return KITH_OK;
}

kith_err us_result_read(const struct us_data *d, const char *dir, struct us_result **ret,
                        struct us_problems *problems)
{
    static const char *const columns[] = {"student", "teacher", NULL};
    static const char *const files[] = {"section.csv", "placement.csv"};
    kith_auto(us_result) r = calloc(1, sizeof(*r));
    if (!r)
        return KITH_ENOMEM;
    r->d = d;
    kith_err err = read_sections(r, dir, problems);
    int file = 0;
    if (err == KITH_OK) {
        file = 1;
        err = read_placement(r, dir, problems);
    }
    if (err == KITH_ENOTFOUND)
        us_problems_add(problems, "%s is missing in the folder %.120s", files[file], dir);
    if (err == KITH_OK)
        err = find_locked(r);
    if (err != KITH_OK)
        return err;
    err = us_csv_read(dir, "advisory.csv", columns, &r->advisory, problems);
    if (err != KITH_OK && err != KITH_ENOTFOUND)
        return err;
    *ret = KITH_TAKE(r);
    return KITH_OK;
}

void us_result_free(struct us_result *r)
{
    if (!r)
        return;
    us_csv_free(r->advisory);
    us_arena_done(&r->arena);
    free(r);
}

/* ---- lunch ---- */

static bool at_lunch(const struct us_result *r, const struct us_result_section *s, int *day)
{
    uint64_t cells = s->pattern >= 0 ? r->d->patterns[s->pattern].cells : 0;
    for (int c = 0; c < r->d->n_cells; c++)
        if (cells >> c & 1 && r->d->cells[c].slot == r->d->rules.lunch_slot) {
            *day = r->d->cells[c].day;
            return true;
        }
    return false;
}

void us_result_lunch(struct us_result *r, const int *sizes)
{
    enum { WAVES = 16 };
    int taken[US_CELLS_MAX][WAVES] = {{0}};
    int waves = r->d->rules.lunch_waves < WAVES ? r->d->rules.lunch_waves : WAVES;
    for (int i = 0; i < r->n; i++)
        r->sections[i].lunch = 0;
    for (int size = r->d->rules.lunch.on ? r->d->n_students : -1; size >= 0; size--)
        for (int i = 0; i < r->n; i++) {
            int day;
            int best = 0;
            if (sizes[i] != size || !at_lunch(r, &r->sections[i], &day))
                continue;
            for (int w = 1; w < waves; w++)
                best = taken[day][w] < taken[day][best] ? w : best;
            taken[day][best] += size;
            r->sections[i].lunch = best + 1;
        }
}

/* ---- writing ---- */

static FILE *open_in(const char *dir, const char *file, struct kith_why *why)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s/%s", dir, file);
    FILE *to = n > 0 && (size_t)n < sizeof(path) ? fopen(path, "we") : NULL;
    if (!to)
        kith_why_set(why, "%s/%s cannot be written: %s", dir, file, strerror(errno));
    return to;
}

static bool close_well(FILE *to)
{
    bool good = ferror(to) == 0;
    return fclose(to) == 0 && good;
}

static bool write_sections(const struct us_result *r, const char *dir, struct kith_why *why)
{
    FILE *to = open_in(dir, "section.csv", why);
    if (!to)
        return false;
    (void)fputs("id,course,slc,coteach\n", to);
    for (int i = 0; i < r->n; i++) {
        const struct us_result_section *s = &r->sections[i];
        (void)fprintf(to, "%s,%s,%s,%d\n", s->id, r->d->course_ids.names[s->course],
                      s->slc >= 0 ? r->d->slc_ids.names[s->slc] : "", s->coteach);
    }
    return close_well(to);
}

static bool write_placement(const struct us_result *r, const char *dir, struct kith_why *why)
{
    FILE *to = open_in(dir, "placement.csv", why);
    if (!to)
        return false;
    (void)fputs("section,pattern,teachers,room,lunch\n", to);
    for (int i = 0; i < r->n; i++) {
        const struct us_result_section *s = &r->sections[i];
        (void)fprintf(to, "%s,%s,", s->id, s->pattern >= 0 ? r->d->patterns[s->pattern].id : "");
        for (int k = 0; k < s->teachers.n; k++)
            (void)fprintf(to, "%s%s", k ? " " : "", r->d->teachers[s->teachers.at[k]].id);
        (void)fprintf(to, ",%s,", s->room >= 0 ? r->d->rooms[s->room].id : "");
        (void)fprintf(to, s->lunch ? "%d\n" : "\n", s->lunch);
    }
    return close_well(to);
}

/* Why a request has no seat: no section of its course or alternates is placed; all are full; or none fits beside the student's other classes. */
static const char *reason_of(const struct us_result *r, const int *seat, const int *sizes, int q)
{
    const struct us_request *request = &r->d->requests[q];
    const struct us_list *others = &r->d->students[request->student].requests;
    uint64_t cells = 0;
    bool offered = false;
    bool room = false;
    for (int k = 0; k < others->n; k++)
        if (seat[others->at[k]] >= 0)
            cells |= r->d->patterns[r->sections[seat[others->at[k]]].pattern].cells;
    for (int i = 0; i < r->n; i++) {
        const struct us_result_section *s = &r->sections[i];
        bool wanted = s->course == request->course;
        for (int a = 0; a < request->alternates.n; a++)
            wanted = wanted || s->course == request->alternates.at[a];
        if (!wanted || s->pattern < 0)
            continue;
        offered = true;
        if (sizes[i] >= r->d->courses[s->course].max)
            continue;
        room = true;
        if (!(cells & r->d->patterns[s->pattern].cells))
            return "rule"; /* a seat, and time for it: a rule keeps the student out */
    }
    return room ? "conflict" : offered ? "full" : "not_offered";
}

static bool write_seats(const struct us_result *r, const int *seat, const int *sizes,
                        const char *dir, struct kith_why *why)
{
    static const char *const details[][2] = {
        {"not_offered", "no section of the course or its alternates is placed"},
        {"full", "every section is full"},
        {"conflict", "every section with a seat meets with another class of the student"},
        {"rule", "a rule keeps the student out of the sections with a seat"}};
    FILE *roster = open_in(dir, "roster.csv", why);
    FILE *unmet = roster ? open_in(dir, "unmet.csv", why) : NULL;
    if (!unmet)
        return roster && fclose(roster) != 0;
    (void)fputs("student,section,request\n", roster);
    (void)fputs("request,reason,detail\n", unmet);
    for (int q = 0; q < r->d->n_requests; q++) {
        const struct us_request *request = &r->d->requests[q];
        if (seat[q] >= 0) {
            (void)fprintf(roster, "%s,%s,%s\n", r->d->students[request->student].id,
                          r->sections[seat[q]].id, request->id);
            continue;
        }
        const char *reason = reason_of(r, seat, sizes, q);
        for (size_t k = 0; k < KITH_LEN(details); k++)
            if (strcmp(reason, details[k][0]) == 0)
                (void)fprintf(unmet, "%s,%s,%s\n", request->id, reason, details[k][1]);
    }
    bool good = close_well(roster);
    return close_well(unmet) && good;
}

static bool write_advisory(const struct us_result *r, const char *dir, struct kith_why *why)
{
    FILE *to = r->advisory ? open_in(dir, "advisory.csv", why) : NULL;
    if (!to)
        return !r->advisory;
    (void)fputs("student,teacher\n", to);
    for (size_t row = 0; row < us_csv_rows(r->advisory); row++)
        (void)fprintf(to, "%s,%s\n", us_csv_cell(r->advisory, row, 0),
                      us_csv_cell(r->advisory, row, 1));
    return close_well(to);
}

kith_err us_result_write(const struct us_result *r, const int *seat, const char *dir,
                         struct kith_why *why)
{
    kith_auto_mem int *sizes = calloc((size_t)r->n + 1, sizeof(*sizes));
    if (!sizes)
        return KITH_ENOMEM;
    for (int q = 0; q < r->d->n_requests; q++)
        if (seat[q] >= 0)
            sizes[seat[q]]++;
    if (mkdir(dir, 0777) != 0 && errno != EEXIST) {
        kith_why_set(why, "%s cannot be made: %s", dir, strerror(errno));
        return KITH_EIO;
    }
    bool good = write_sections(r, dir, why) && write_placement(r, dir, why) &&
                write_seats(r, seat, sizes, dir, why) && write_advisory(r, dir, why);
    if (!good && !why->text[0])
        kith_why_set(why, "%s cannot be written: %s", dir, strerror(errno));
    return good ? KITH_OK : KITH_EIO;
}
