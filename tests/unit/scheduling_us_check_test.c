/* SPDX-License-Identifier: Apache-2.0 */
/* The planted schedule of a generated school has no hard violation; each way to break it is counted under its own kind and no other. */
#include "us_school.h"

enum {
    TEAM,
    TEACHER,
    ROOM,
    COURSE,
    INPUT,
    STUDENT,
    REQUEST,
    RULE,
    SLC,
    SECTION,
    PLACEMENT,
    ROSTER,
    ADVISORY,
    FILES
};
static const char *const files[FILES] = {"team.csv",
                                         "teacher.csv",
                                         "room.csv",
                                         "course.csv",
                                         "section.csv",
                                         "student.csv",
                                         "request.csv",
                                         "rule.csv",
                                         "slc.csv",
                                         "planted/section.csv",
                                         "planted/placement.csv",
                                         "planted/roster.csv",
                                         "planted/advisory.csv"};

struct world {
    struct us_school school;
    struct us_table *t[FILES];
};

/* The n-th way to break the schedule (n from 0), which may turn out not to be one; false: there are no more. */
typedef bool (*break_fn)(struct world *w, int n);

static void load_tables(struct world *w)
{
    for (int i = 0; i < FILES; i++)
        w->t[i] = us_table_read(&w->school, files[i]);
}

static void free_tables(struct world *w)
{
    for (int i = 0; i < FILES; i++)
        us_table_free(w->t[i]);
}

static const char *get(const struct world *w, int file, int row, const char *name)
{
    return us_get(w->t[file], row, name);
}

static int find(const struct world *w, int file, const char *name, const char *value)
{
    int row = us_find(w->t[file], name, value);
    assert_int_not_equal(row, 0);
    return row;
}

static int course_of(const struct world *w, const char *section)
{
    return find(w, COURSE, "id", get(w, SECTION, find(w, SECTION, "id", section), "course"));
}

static void add_rule(struct world *w, const char *type, const char *args)
{
    int row = us_add_row(w->t[RULE]);
    us_set(w->t[RULE], row, "type", type);
    us_set(w->t[RULE], row, "args", args);
    us_set(w->t[RULE], row, "hard", "1");
}

/* Sets a cell of the n-th row. */
static bool set_nth(struct world *w, int file, int n, const char *name, const char *value)
{
    if (n + 1 >= w->t[file]->rows)
        return false;
    us_set(w->t[file], n + 1, name, value);
    return true;
}

static bool clash_student(struct world *w, int n)
{
    if (n + 1 >= w->t[ROSTER]->rows)
        return false;
    int own = find(w, SECTION, "id", get(w, ROSTER, n + 1, "section"));
    for (int row = 1; row < w->t[SECTION]->rows; row++)
        if (row != own &&
            strcmp(get(w, SECTION, row, "course"), get(w, SECTION, own, "course")) == 0 &&
            strcmp(get(w, SECTION, row, "slc"), get(w, SECTION, own, "slc")) == 0)
            us_set(w->t[ROSTER], n + 1, "section", get(w, SECTION, row, "id"));
    return true;
}

/* Row n of the placement gets `what` of another that meets at the same time and whose course has the same `same`. */
static bool share(struct world *w, int n, const char *what, const char *same)
{
    if (n + 1 >= w->t[PLACEMENT]->rows)
        return false;
    int own = course_of(w, get(w, PLACEMENT, n + 1, "section"));
    for (int row = 1; row < w->t[PLACEMENT]->rows; row++) {
        int other = course_of(w, get(w, PLACEMENT, row, "section"));
        if (row == n + 1 || strcmp(get(w, COURSE, own, same), get(w, COURSE, other, same)) != 0 ||
            strcmp(get(w, PLACEMENT, row, "pattern"), get(w, PLACEMENT, n + 1, "pattern")) != 0 ||
            strchr(get(w, PLACEMENT, row, what), ' '))
            continue;
        us_set(w->t[PLACEMENT], n + 1, what, get(w, PLACEMENT, row, what));
        break;
    }
    return true;
}

static bool clash_teacher(struct world *w, int n)
{
    return share(w, n, "teachers", "subject");
}

static bool clash_room(struct world *w, int n)
{
    return share(w, n, "room", "room_type");
}

static bool section_over(struct world *w, int n)
{
    return set_nth(w, COURSE, n, "min", "1") && set_nth(w, COURSE, n, "max", "12");
}

static bool uncertified(struct world *w, int n)
{
    return set_nth(w, TEACHER, n, "certs", "latin");
}

static bool wrong_role(struct world *w, int n)
{
    if (n + 1 >= w->t[TEACHER]->rows)
        return false;
    return strcmp(get(w, TEACHER, n + 1, "roles"), "general sped") != 0 ||
           set_nth(w, TEACHER, n, "roles", "general");
}

static bool unstaffed(struct world *w, int n)
{
    return set_nth(w, PLACEMENT, n, "teachers", "");
}

static bool unplaced(struct world *w, int n)
{
    return set_nth(w, PLACEMENT, n, "pattern", "");
}

static bool roomless(struct world *w, int n)
{
    return set_nth(w, PLACEMENT, n, "room", "");
}

static bool load(struct world *w, int n)
{
    return set_nth(w, TEACHER, n, "max_load", "2");
}

static bool unavailable(struct world *w, int n)
{
    int teams = w->t[TEAM]->rows - 1; /* its teachers come first, and for them it is planning too */
    return set_nth(w, TEACHER, n + 4 * teams, "avail", "S1/D/1");
}

static bool room_type(struct world *w, int n)
{
    bool gym = n + 1 < w->t[ROOM]->rows && strcmp(get(w, ROOM, n + 1, "type"), "gym") == 0;
    return set_nth(w, ROOM, n, "type", gym ? "lab" : "gym");
}

static bool room_small(struct world *w, int n)
{
    return set_nth(w, ROOM, n, "cap", "5");
}

static bool pattern_not_allowed(struct world *w, int n)
{
    return set_nth(w, COURSE, n, "patterns", "a1");
}

static bool planning(struct world *w, int n)
{
    if (n + 1 >= w->t[TEACHER]->rows)
        return false;
    char teachers[128];
    (void)snprintf(teachers, sizeof(teachers), "%s %s", get(w, TEAM, 1, "teachers"),
                   get(w, TEACHER, n + 1, "id"));
    us_set(w->t[TEAM], 1, "teachers", teachers);
    return true;
}

static bool no_second(struct world *w, int n)
{
    if (n + 1 >= w->t[PLACEMENT]->rows)
        return false;
    char teachers[64];
    (void)snprintf(teachers, sizeof(teachers), "%s", get(w, PLACEMENT, n + 1, "teachers"));
    teachers[strcspn(teachers, " ")] = '\0';
    us_set(w->t[PLACEMENT], n + 1, "teachers", teachers);
    return true;
}

static bool needs_second(struct world *w, int n)
{
    return set_nth(w, REQUEST, n, "coteach", "1");
}

static bool coteach_share(struct world *w, int n)
{
    add_rule(w, "coteach_share", "10");
    return n == 0;
}

static bool lock_section(struct world *w, int n)
{
    if (n + 1 >= w->t[SECTION]->rows)
        return false;
    int row = us_add_row(w->t[INPUT]);
    us_set(w->t[INPUT], row, "id", get(w, SECTION, n + 1, "id"));
    us_set(w->t[INPUT], row, "course", get(w, SECTION, n + 1, "course"));
    us_set(w->t[INPUT], row, "room", get(w, ROOM, 1, "id"));
    return true;
}

static bool lock_request(struct world *w, int n)
{
    int row = us_add_row(w->t[INPUT]);
    us_set(w->t[INPUT], row, "id", get(w, SECTION, 1, "id"));
    us_set(w->t[INPUT], row, "course", get(w, SECTION, 1, "course"));
    return set_nth(w, REQUEST, n, "locked", get(w, SECTION, 1, "id"));
}

/* A student of an autonomous community is moved to another on paper only; the advisor is then of the wrong one, which must not count here. */
static bool autonomous(struct world *w, int n)
{
    us_set(w->t[SLC], 1, "autonomous", "1");
    us_set(w->t[RULE], find(w, RULE, "type", "advisory"), "hard", "0");
    return set_nth(w, STUDENT, n, "slc", "c2");
}

static bool no_request(struct world *w, int n)
{
    return set_nth(w, ROSTER, n, "request", "");
}

static bool request_of_another(struct world *w, int n)
{
    int last = w->t[ROSTER]->rows - 1;
    return n < 1 && set_nth(w, ROSTER, n, "request", get(w, ROSTER, last, "request"));
}

static bool grade(struct world *w, int n)
{
    return set_nth(w, COURSE, n, "grades", "8");
}

static bool no_wave(struct world *w, int n)
{
    return set_nth(w, PLACEMENT, n, "lunch", "");
}

static bool wave_full(struct world *w, int n)
{
    us_set(w->t[RULE], find(w, RULE, "type", "lunch"), "args", "3 3 100");
    return n == 0;
}

static bool no_advisor(struct world *w, int n)
{
    if (n + 1 >= w->t[ADVISORY]->rows)
        return false;
    us_drop_row(w->t[ADVISORY], n + 1);
    return true;
}

static bool crowded_advisor(struct world *w, int n)
{
    us_set(w->t[RULE], find(w, RULE, "type", "advisory"), "args", "2 15");
    return n == 0;
}

static bool apart(struct world *w, int n)
{
    if (n + 2 >= w->t[ROSTER]->rows)
        return false;
    for (int row = n + 2; row < w->t[ROSTER]->rows; row++) {
        if (strcmp(get(w, ROSTER, row, "section"), get(w, ROSTER, n + 1, "section")) != 0)
            continue;
        char args[64];
        (void)snprintf(args, sizeof(args), "%s %s", get(w, ROSTER, n + 1, "student"),
                       get(w, ROSTER, row, "student"));
        add_rule(w, "apart", args);
        break;
    }
    return true;
}

static bool not_with(struct world *w, int n)
{
    if (n + 1 >= w->t[ROSTER]->rows)
        return false;
    int row = find(w, PLACEMENT, "section", get(w, ROSTER, n + 1, "section"));
    char args[64];
    (void)snprintf(args, sizeof(args), "%s %.4s", get(w, ROSTER, n + 1, "student"),
                   get(w, PLACEMENT, row, "teachers"));
    add_rule(w, "not_with", args);
    return true;
}

static bool load_day(struct world *w, int n)
{
    add_rule(w, "load_day", "2");
    return n == 0;
}

static const struct {
    const char *name;
    break_fn apply;
    enum us_kind kind;
    int64_t units; /* 0 = however many */
} breaks[] = {
    {"clash_student", clash_student, US_KIND_clash_student, 1},
    {"clash_teacher", clash_teacher, US_KIND_clash_teacher, 1},
    {"clash_room", clash_room, US_KIND_clash_room, 1},
    {"section_over", section_over, US_KIND_section_over, 0},
    {"uncertified", uncertified, US_KIND_uncertified, 0},
    {"wrong_role", wrong_role, US_KIND_uncertified, 0},
    {"unstaffed", unstaffed, US_KIND_unstaffed, 1},
    {"unplaced", unplaced, US_KIND_unplaced, 1},
    {"roomless", roomless, US_KIND_roomless, 1},
    {"load", load, US_KIND_load, 0},
    {"unavailable", unavailable, US_KIND_unavailable, 0},
    {"room_type", room_type, US_KIND_room_type, 0},
    {"room_small", room_small, US_KIND_room_small, 0},
    {"pattern_not_allowed", pattern_not_allowed, US_KIND_pattern_not_allowed, 0},
    {"planning", planning, US_KIND_planning, 0},
    {"no_second", no_second, US_KIND_coteach_missing, 1},
    {"needs_second", needs_second, US_KIND_coteach_missing, 1},
    {"coteach_share", coteach_share, US_KIND_coteach_share, 0},
    {"lock_section", lock_section, US_KIND_lock, 1},
    {"lock_request", lock_request, US_KIND_lock, 1},
    {"autonomous", autonomous, US_KIND_autonomous, 4},
    {"no_request", no_request, US_KIND_foreign_request, 1},
    {"request_of_another", request_of_another, US_KIND_foreign_request, 1},
    {"grade", grade, US_KIND_grade, 0},
    {"no_wave", no_wave, US_KIND_lunch, 1},
    {"wave_full", wave_full, US_KIND_lunch, 0},
    {"no_advisor", no_advisor, US_KIND_advisory, 1},
    {"crowded_advisor", crowded_advisor, US_KIND_advisory, 0},
    {"apart", apart, US_KIND_apart, 0},
    {"not_with", not_with, US_KIND_not_with, 0},
    {"load_day", load_day, US_KIND_load_day, 0},
};

/* Applies a break, checks and takes it back. True: only the wanted kind rose, by the wanted units. */
static bool only_this_rose(struct world *w, size_t b)
{
    for (int i = 0; i < FILES; i++)
        if (w->t[i]->dirty)
            us_table_write(w->t[i]);
    struct us_report *r = us_school_check(&w->school);
    const struct us_count *count = &r->counts[breaks[b].kind];
    bool good = count->hard > 0 && r->hard == count->hard && count->example[0] != '\0' &&
                (breaks[b].units == 0 || count->hard == breaks[b].units);
    free(r);
    return good;
}

static void take_back(struct world *w, struct world *before)
{
    for (int i = 0; i < FILES; i++) {
        if (!w->t[i]->dirty)
            continue;
        us_table_write(before->t[i]);
        us_table_free(w->t[i]);
        w->t[i] = us_table_read(&w->school, files[i]);
    }
}

static void each_break_is_counted(void **state)
{
    (void)state;
    struct world w;
    us_school_new(&w.school, 600, 2, US_CALENDAR_4X4, 7);
    load_tables(&w);
    struct world before = w;
    load_tables(&before);
    bool seen[US_KINDS] = {false};
    for (size_t b = 0; b < KITH_LEN(breaks); b++) {
        bool found = false;
        bool more = true;
        for (int n = 0; more && !found && n < 400; n++) {
            more = breaks[b].apply(&w, n);
            found = more && only_this_rose(&w, b);
            take_back(&w, &before);
        }
        if (!found)
            print_error("no way of '%s' raised %s alone\n", breaks[b].name,
                        us_kind_name(breaks[b].kind));
        assert_true(found);
        seen[breaks[b].kind] = true;
    }
    for (int kind = 0; kind <= US_KIND_HARD_LAST; kind++)
        assert_true(seen[kind]);
    struct us_report *r = us_school_check(&w.school); /* all was taken back */
    assert_int_equal(r->hard, 0);
    free(r);
    free_tables(&w);
    free_tables(&before);
    us_school_done(&w.school);
}

/* The seat of an alternate is no unmet request; without it the request, its priority's weight and the empty cell are there. */
static void a_lost_seat_is_soft(void **state)
{
    (void)state;
    struct world w;
    us_school_new(&w.school, 600, 2, US_CALENDAR_4X4, 7);
    load_tables(&w);
    struct us_report *was = us_school_check(&w.school);
    us_drop_row(w.t[ROSTER], 1); /* the first student's first seat: core */
    us_table_write(w.t[ROSTER]);
    struct us_report *is = us_school_check(&w.school);
    assert_int_equal(is->hard, 0);
    assert_int_equal(is->counts[US_KIND_unmet_core].soft, was->counts[US_KIND_unmet_core].soft + 1);
    assert_int_equal(is->counts[US_KIND_unmet_core].cost,
                     was->counts[US_KIND_unmet_core].cost + 100);
    assert_true(is->counts[US_KIND_hole].soft > was->counts[US_KIND_hole].soft);
    assert_int_equal(is->met, was->met - 1);
    assert_int_equal(is->core_met, was->core_met - 1);
    assert_int_equal(is->unmet_unsaid, was->unmet_unsaid + 1);
    free(was);
    free(is);
    free_tables(&w);
    us_school_done(&w.school);
}

/* A rule that rule.csv makes soft is counted soft. */
static void a_softened_rule(void **state)
{
    (void)state;
    struct world w;
    us_school_new(&w.school, 600, 1, US_CALENDAR_AB, 3);
    load_tables(&w);
    int row = find(&w, RULE, "type", "lunch");
    us_set(w.t[RULE], row, "args", "3 3 100");
    us_set(w.t[RULE], row, "hard", "0");
    us_set(w.t[RULE], row, "weight", "7");
    us_table_write(w.t[RULE]);
    struct us_report *r = us_school_check(&w.school);
    assert_int_equal(r->hard, 0);
    assert_true(r->counts[US_KIND_lunch].soft > 0);
    assert_int_equal(r->counts[US_KIND_lunch].cost, r->counts[US_KIND_lunch].soft * 7);
    free(r);
    free_tables(&w);
    us_school_done(&w.school);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_break_is_counted),
        cmocka_unit_test(a_lost_seat_is_soft),
        cmocka_unit_test(a_softened_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
