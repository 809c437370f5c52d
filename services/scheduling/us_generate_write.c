/* SPDX-License-Identifier: Apache-2.0 */
/* The files. Names: slc "c1", team "m01", teacher "t001", room "G101", section "x00001" (only in planted/), student "s00001". */
#include "scheduling/us_generate_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "scheduling/us_data.h"

typedef void (*us_gen_table_fn)(struct us_gen *g, FILE *to);

static void write_cells(const struct us_gen *g, FILE *to, uint64_t cells)
{
    const char *before = "";
    for (int i = 0; i < g->n_cells; i++) {
        if ((cells >> i & 1) == 0)
            continue;
        (void)fprintf(to, "%s%s", before, g->cells[i]);
        before = " ";
    }
}

static void write_calendar(struct us_gen *g, FILE *to)
{
    (void)fputs("term,day,slot,minutes\n", to);
    for (int i = 0; i < g->n_cells; i++) {
        const char *slash = strchr(g->cells[i], '/');
        (void)fprintf(to, "%.*s,%c,%d,%d\n", (int)(slash - g->cells[i]), g->cells[i], slash[1],
                      g->cell_slot[i], g->minutes);
    }
}

static void write_patterns(struct us_gen *g, FILE *to)
{
    (void)fputs("id,cells\n", to);
    for (int i = 0; i < g->n_patterns; i++) {
        (void)fprintf(to, "%s,", g->patterns[i].id);
        write_cells(g, to, g->patterns[i].cells);
        (void)fputs("\n", to);
    }
}

static void write_slcs(struct us_gen *g, FILE *to)
{
    (void)fputs("id,zone,min,max,autonomous\n", to);
    for (int i = 0; i < g->n_slcs; i++)
        (void)fprintf(to, "c%d,z%d,%d,%d,0\n", i + 1, i + 1, g->slc_students[i] * 9 / 10,
                      g->slc_students[i] * 11 / 10 + 1);
}

static void write_teams(struct us_gen *g, FILE *to)
{
    (void)fputs("id,slc,grade,teachers\n", to);
    for (int i = 0; i < g->n_teams; i++) {
        const struct us_gen_team *t = &g->teams[i];
        (void)fprintf(to, "m%02d,c%d,%d,t%03d t%03d t%03d t%03d\n", i + 1, t->slc + 1, t->grade,
                      t->teachers[0] + 1, t->teachers[1] + 1, t->teachers[2] + 1,
                      t->teachers[3] + 1);
    }
}

/* A big school has a second building, for the later half of the communities. */
static const char *building_of(const struct us_gen *g, int zone)
{
    bool north = g->n_slcs >= 4 && zone < g->n_slcs && zone >= (g->n_slcs + 1) / 2;
    return north ? "north" : "main";
}

static void write_teachers(struct us_gen *g, FILE *to)
{
    static const char *const roles[] = {"",    "general",    "sped", "general sped",
                                        "ell", "general ell"};
    (void)fputs("id,slc,certs,roles,max_load,avail,building\n", to);
    for (int i = 0; i < g->n_teachers; i++) {
        const struct us_gen_teacher *t = &g->teachers[i];
        (void)fprintf(to, "t%03d,c%d,", i + 1, t->slc + 1);
        const char *before = "";
        for (int subject = 0; subject < US_GEN_SUBJECTS; subject++) {
            if ((t->certs >> subject & 1) == 0)
                continue;
            (void)fprintf(to, "%s%s", before, us_gen_subject_name((enum us_gen_subject)subject));
            before = " ";
        }
        (void)fprintf(to, ",%s,%d,", roles[t->roles], g->max_load);
        if (t->avail != (UINT64_C(1) << g->n_cells) - 1)
            write_cells(g, to, t->avail);
        (void)fprintf(to, ",%s\n", building_of(g, t->slc));
    }
}

static const char *type_name(enum us_gen_room_type type)
{
    static const char *const names[] = {"general", "lab",      "gym",     "studio",
                                        "music",   "workshop", "computer"};
    return names[type];
}

static void write_rooms(struct us_gen *g, FILE *to)
{
    (void)fputs("id,type,cap,zone,building\n", to);
    for (int i = 0; i < g->n_rooms; i++) {
        const struct us_gen_room *room = &g->rooms[i];
        (void)fprintf(to, "R%03d,%s,%d,", i + 1, type_name(room->type), room->cap);
        if (room->zone < g->n_slcs)
            (void)fprintf(to, "z%d", room->zone + 1);
        else
            (void)fputs("core", to);
        (void)fprintf(to, ",%s\n", building_of(g, room->zone));
    }
}

static void write_course(struct us_gen *g, FILE *to, const struct us_gen_course *c)
{
    int list[48];
    int n = us_gen_patterns_of(g, c->kind, list);
    int cells = __builtin_popcountll(g->patterns[list[0]].cells);
    int single = g->opts.calendar == US_CALENDAR_PERIODS7 ? 2 : 1;
    (void)fprintf(to, "%s,%s,%s,", c->id, us_gen_subject_name(c->subject), c->level);
    const char *before = "";
    for (int grade = 9; grade <= 12; grade++) {
        if ((c->grades >> grade & 1) == 0)
            continue;
        (void)fprintf(to, "%s%d", before, grade);
        before = " ";
    }
    (void)fprintf(to, ",%s,%d,%s,", c->owned ? "slc" : "shared", c->owned,
                  cells * 2 == single ? "0.5"
                  : cells > single    ? "2"
                                      : "1");
    for (int i = 0; i < n; i++)
        (void)fprintf(to, "%s%s", i > 0 ? " " : "", g->patterns[list[i]].id);
    (void)fprintf(to, ",%d,%d,%d,%s,%s,\n", c->min, c->ideal, c->max,
                  c->coteach == US_SPED ? "sped"
                  : c->coteach          ? "ell"
                                        : "",
                  type_name(c->room));
}

/* A course that no one got is not in the catalog: nothing asks for it. */
static void write_courses(struct us_gen *g, FILE *to)
{
    (void)fputs(
        "id,subject,level,grades,owner,core,credit,patterns,min,ideal,max,coteach,room_type,"
        "linked\n",
        to);
    for (int i = 0; i < g->n_courses; i++)
        if (g->courses[i].n_sections > 0)
            write_course(g, to, &g->courses[i]);
}

static void write_sections(struct us_gen *g, FILE *to)
{
    (void)g;
    (void)fputs("id,course,slc,coteach,pattern,teachers,room\n", to);
}

static void write_students(struct us_gen *g, FILE *to)
{
    (void)fputs("id,grade,slc,team,flags,advisor\n", to);
    for (int i = 0; i < g->n_students; i++) {
        const struct us_gen_student *s = &g->students[i];
        (void)fprintf(to, "s%05d,%d,c%d,m%02d,", i + 1, s->grade, s->slc + 1, s->team + 1);
        const char *before = "";
        for (int flag = 0; flag < 3; flag++) {
            static const char *const names[] = {"iep", "ell", "need"};
            if ((s->flags >> flag & 1) == 0)
                continue;
            (void)fprintf(to, "%s%s", before, names[flag]);
            before = " ";
        }
        (void)fputs(",", to);
        if (s->advisor_before >= 0)
            (void)fprintf(to, "t%03d", s->advisor_before + 1);
        (void)fputs("\n", to);
    }
}

static bool share_section(const struct us_gen_student *a, const struct us_gen_student *b)
{
    for (int i = 0; i < a->n_seats; i++)
        for (int k = 0; k < b->n_seats; k++)
            if (a->seats[i].section == b->seats[k].section)
                return true;
    return false;
}

static bool is_taught_by(const struct us_gen *g, const struct us_gen_student *s, int teacher)
{
    for (int i = 0; i < s->n_seats; i++) {
        const struct us_gen_section *x = &g->sections[s->seats[i].section];
        if (x->teacher == teacher || x->second == teacher)
            return true;
    }
    return false;
}

/* Pairs that would meet easily but do not in the planted schedule. */
static void write_rules(struct us_gen *g, FILE *to)
{
    (void)fprintf(to,
                  "type,args,hard,weight\npurity,9 90,0,5\nadvisory,12 20,1,\nlunch,%d %d %d,1,\n",
                  g->lunch_slot, g->lunch_waves, g->lunch_seats);
    for (int i = 0; i < g->n_students / 4; i++) {
        int a = us_gen_below(g, g->n_students);
        int b = us_gen_below(g, g->n_students);
        const struct us_gen_student *s = &g->students[a];
        if (i % 2 == 0 && a != b && s->team == g->students[b].team &&
            !share_section(s, &g->students[b]))
            (void)fprintf(to, "apart,s%05d s%05d,1,\n", a + 1, b + 1);
        int teacher = us_gen_below(g, g->n_teachers);
        if (i % 16 == 1 && g->teachers[teacher].slc == s->slc && !is_taught_by(g, s, teacher))
            (void)fprintf(to, "not_with,s%05d t%03d,1,\n", a + 1, teacher + 1);
    }
}

static void write_planted_sections(struct us_gen *g, FILE *to)
{
    (void)fputs("id,course,slc,coteach\n", to);
    for (int i = 0; i < g->n_sections; i++) {
        const struct us_gen_section *x = &g->sections[i];
        if (x->dropped)
            continue;
        (void)fprintf(to, "x%05d,%s,", i + 1, g->courses[x->course].id);
        if (x->slc >= 0)
            (void)fprintf(to, "c%d", x->slc + 1);
        (void)fprintf(to, ",%d\n", x->coteach);
    }
}

static void write_placement(struct us_gen *g, FILE *to)
{
    (void)fputs("section,pattern,teachers,room,lunch\n", to);
    for (int i = 0; i < g->n_sections; i++) {
        const struct us_gen_section *x = &g->sections[i];
        if (x->dropped)
            continue;
        (void)fprintf(to, "x%05d,%s,t%03d", i + 1, g->patterns[x->pattern].id, x->teacher + 1);
        if (x->second >= 0)
            (void)fprintf(to, " t%03d", x->second + 1);
        (void)fprintf(to, ",R%03d,", x->room + 1);
        if (x->lunch > 0)
            (void)fprintf(to, "%d", x->lunch);
        (void)fputs("\n", to);
    }
}

static void write_advisory(struct us_gen *g, FILE *to)
{
    (void)fputs("student,teacher\n", to);
    for (int i = 0; i < g->n_students; i++)
        (void)fprintf(to, "s%05d,t%03d\n", i + 1, g->students[i].advisor + 1);
}

static kith_err failed(const char *path, struct kith_why *why)
{
    kith_why_set(why, "%s: %s", path, strerror(errno));
    return KITH_EIO;
}

static kith_err make_folder(const char *path, struct kith_why *why)
{
    return mkdir(path, 0777) == 0 || errno == EEXIST ? KITH_OK : failed(path, why);
}

static FILE *open_file(const char *dir, const char *name, struct kith_why *why)
{
    kith_auto_mem char *path = NULL;
    if (asprintf(&path, "%s/%s", dir, name) < 0) {
        path = NULL;
        return NULL;
    }
    FILE *to = fopen(path, "we");
    if (!to)
        (void)failed(path, why);
    return to;
}

static kith_err close_file(FILE *to, const char *name, struct kith_why *why)
{
    bool bad = ferror(to) != 0;
    if (fclose(to) != 0 || bad)
        return failed(name, why);
    return KITH_OK;
}

static kith_err write_table(struct us_gen *g, const char *dir, const char *name,
                            us_gen_table_fn write, struct kith_why *why)
{
    FILE *to = open_file(dir, name, why);
    if (!to)
        return KITH_EIO;
    write(g, to);
    return close_file(to, name, why);
}

static kith_err write_wishes(struct us_gen *g, const char *dir, const char *planted,
                             struct kith_why *why)
{
    static const char *const names[] = {"request.csv", "roster.csv", "unmet.csv"};
    FILE *files[3] = {NULL};
    kith_err err = KITH_OK;
    for (int i = 0; i < 3 && err == KITH_OK; i++) {
        files[i] = open_file(i == 0 ? dir : planted, names[i], why);
        err = files[i] ? KITH_OK : KITH_EIO;
    }
    if (err == KITH_OK)
        err = us_gen_write_requests(g, files[0], files[1], files[2]);
    for (int i = 0; i < 3; i++) {
        kith_err closed = files[i] ? close_file(files[i], names[i], why) : KITH_OK;
        err = err == KITH_OK ? closed : err;
    }
    return err;
}

kith_err us_gen_write(struct us_gen *g, const char *dir, struct kith_why *why)
{
    static const struct {
        const char *name;
        us_gen_table_fn write;
        bool planted;
    } tables[] = {
        {"calendar.csv", write_calendar, false},
        {"pattern.csv", write_patterns, false},
        {"slc.csv", write_slcs, false},
        {"team.csv", write_teams, false},
        {"teacher.csv", write_teachers, false},
        {"room.csv", write_rooms, false},
        {"course.csv", write_courses, false},
        {"section.csv", write_sections, false},
        {"student.csv", write_students, false},
        {"rule.csv", write_rules, false},
        {"section.csv", write_planted_sections, true},
        {"placement.csv", write_placement, true},
        {"advisory.csv", write_advisory, true},
    };
    kith_auto_mem char *planted = NULL;
    if (asprintf(&planted, "%s/planted", dir) < 0) {
        planted = NULL;
        return KITH_ENOMEM;
    }
    kith_err err = make_folder(dir, why);
    if (err == KITH_OK)
        err = make_folder(planted, why);
    for (size_t i = 0; i < KITH_LEN(tables) && err == KITH_OK; i++)
        err =
            write_table(g, tables[i].planted ? planted : dir, tables[i].name, tables[i].write, why);
    return err == KITH_OK ? write_wishes(g, dir, planted, why) : err;
}
