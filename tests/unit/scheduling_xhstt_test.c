/* SPDX-License-Identifier: Apache-2.0 */
/* The XHSTT reader: the published solutions of the shared instances cost what their README says; what is written reads back; what is wrong is said with its line. */
#include "kith_test.h"

#include <unistd.h>
#include <zlib.h>

#include "scheduling/run.h"
#include "scheduling/xhstt.h"

static char path[600];

/* The file of an instance that is not in this repository; false: it is not on this machine. */
static bool shared_file(const char *id)
{
    const char *shared = getenv("KITH_SHARED");
    char source[400];
    (void)snprintf(source, sizeof(source), "%s", __FILE__);
    for (int up = 0; up < 3 && strrchr(source, '/'); up++) /* tests/unit/x.c -> the source tree */
        *strrchr(source, '/') = '\0';
    (void)snprintf(path, sizeof(path), "%s%s/data/scheduling/xhstt/%s.xml.gz",
                   shared ? shared : source, shared ? "" : "/../shared", id);
    return access(path, R_OK) == 0;
}

/* ---- the archive's solutions ---- */

/* Costs recomputed with KHE's evaluator, from the data's README. */
static const struct {
    const char *id;
    struct state_cost cost[6];
    int n;
} known[] = {
    {"AU-TE-99", {{66, 134}, {13, 140}, {0, 125}, {0, 61}, {0, 39}, {0, 20}}, 6},
    {"BR-SA-00", {{0, 38}, {0, 5}}, 2},
    {"DK-VG-09", {{2, 18862}, {2, 4097}, {2, 2881}, {2, 2731}, {2, 2718}, {2, 2323}}, 6},
    {"FI-WP-06", {{0, 1}, {0, 0}}, 2},
    {"GR-H1-97", {{0, 0}}, 1},
    {"ZA-LW-09", {{0, 58}, {0, 0}}, 2},
};

static void published_costs(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < KITH_LEN(known); i++) {
        struct kith_why why = {""};
        kith_auto(xml_node) archive = NULL;
        kith_auto(problem) p = NULL;
        int n = 0;
        if (!shared_file(known[i].id)) {
            print_message("NOT TESTED: %s is not here; set KITH_SHARED\n", path);
            skip();
        }
        assert_ok(xml_read(path, &archive, &why));
        assert_ok(xhstt_problem(archive, NULL, &p, &why));
        assert_string_equal(p->id, known[i].id);
        for (const struct xml_node *s = xhstt_first(archive, p); s; s = xhstt_next(s, p), n++) {
            kith_auto(state) state = NULL;
            assert_in_range(n, 0, known[i].n - 1);
            assert_ok(xhstt_state(p, s, &state, &why));
            assert_int_equal(state_cost(state).hard, known[i].cost[n].hard);
            assert_int_equal(state_cost(state).soft, known[i].cost[n].soft);
        }
        assert_int_equal(n, known[i].n);
    }
}

/* ---- a small instance of our own ---- */

static char file[64];

#define HEAD                                                                                       \
    "<HighSchoolTimetableArchive><Instances><Instance Id=\"tiny\"><Times><TimeGroups><Day "        \
    "Id=\"d1\"/>"                                                                                  \
    "<Day Id=\"d2\"/></TimeGroups><Time Id=\"t1\"><Day Reference=\"d1\"/></Time><Time "            \
    "Id=\"t2\"><Day "                                                                              \
    "Reference=\"d1\"/></Time><Time Id=\"t3\"><Day Reference=\"d2\"/></Time></Times>"
#define RESOURCES                                                                                  \
    "<Resources><ResourceTypes><ResourceType Id=\"Room\"/></ResourceTypes><ResourceGroups>"        \
    "<ResourceGroup Id=\"all\"><ResourceType "                                                     \
    "Reference=\"Room\"/></ResourceGroup></ResourceGroups>"                                        \
    "<Resource Id=\"a&amp;b\"><ResourceType Reference=\"Room\"/><ResourceGroups><ResourceGroup "   \
    "Reference=\"all\"/></ResourceGroups></Resource></Resources>"
#define EVENTS                                                                                     \
    "<Events><EventGroups><EventGroup Id=\"g\"/></EventGroups><Event "                             \
    "Id=\"e1\"><Duration>2</Duration>"                                                             \
    "<Resources><Resource><Role>room</Role><ResourceType "                                         \
    "Reference=\"Room\"/></Resource></Resources>"                                                  \
    "<EventGroups><EventGroup Reference=\"g\"/></EventGroups></Event></Events>"
#define CONSTRAINT(kind, body)                                                                     \
    "<" kind " Id=\"" kind "\"><Required>true</Required><Weight>3</Weight>"                        \
    "<CostFunction>Linear</CostFunction><AppliesTo><EventGroups><EventGroup Reference=\"g\"/>"     \
    "</EventGroups></AppliesTo>" body "</" kind ">"
#define CONSTRAINTS                                                                                \
    "<Constraints>" CONSTRAINT("AssignTimeConstraint", "")                                         \
        CONSTRAINT("AssignResourceConstraint", "<Role>room</Role>") "</Constraints>"
#define TAIL "</Instance></Instances></HighSchoolTimetableArchive>"

static void put(const char *text)
{
    FILE *to = fopen(file, "we");
    assert_non_null(to);
    assert_int_equal(fwrite(text, 1, strlen(text), to), strlen(text));
    assert_int_equal(fclose(to), 0);
}

static int make_file(void **state)
{
    (void)state;
    (void)strcpy(file, "/tmp/kith-xhstt.XXXXXX");
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int drop_file(void **state)
{
    (void)state;
    return unlink(file);
}

static kith_err read_all(struct problem **p, struct kith_why *why)
{
    kith_auto(xml_node) archive = NULL;
    kith_err err = xml_read(file, &archive, why);
    return err == KITH_OK ? xhstt_problem(archive, NULL, p, why) : err;
}

static void solved_written_read(void **unused)
{
    (void)unused;
    struct kith_why why = {""};
    kith_auto(problem) p = NULL;
    kith_auto(state) s = NULL;
    kith_auto(state) again = NULL;
    kith_auto(xml_node) solution = NULL;
    put(HEAD RESOURCES EVENTS CONSTRAINTS TAIL);
    assert_ok(read_all(&p, &why));
    assert_ok(state_new(p, &s));
    assert_int_equal(state_cost(s).hard, 12); /* 2 times and 2 durations of a room, 3 each */
    state_set_time(s, state_split(s, p->events[0].slot0, 1), 2);
    state_set_resource(s, p->events[0].slot0, 0, 0);
    assert_int_equal(state_cost(s).hard, 6);
    FILE *to = fopen(file, "we");
    assert_non_null(to);
    xhstt_write(to, s, "a < b & c");
    assert_int_equal(fclose(to), 0);
    assert_ok(xml_read(file, &solution, &why));
    assert_ok(xhstt_state(p, xhstt_first(solution, p), &again, &why));
    assert_string_equal(xhstt_contributor(xhstt_first(solution, p)), "Kith");
    assert_int_equal(state_cost(again).hard, 6);
    assert_int_equal(again->meet_n[0], 2);
}

static void says_what_is_wrong(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "no element found"},
        {"<a", "line 1"},
        {"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", "a DOCTYPE is not allowed"},
        {"<HighSchoolTimetableArchive/>", "has no <Instance>"},
        {"<A><Instances><Instance Id=\"i\"/></Instances></A>", "has no <Times>"},
        {HEAD RESOURCES "<Events><Event Id=\"e\"><Duration>4</Duration></Event></Events>" TAIL,
         "longer than the times"},
        {HEAD RESOURCES "<Events><Event Id=\"e\"><Duration>x</Duration></Event></Events>" TAIL,
         "'x' is no whole number"},
        {HEAD RESOURCES "<Events><Event Id=\"e\"/><Event Id=\"e\"/></Events>" TAIL,
         "'e' is there twice"},
        {HEAD RESOURCES "<Events><Event Id=\"e\"><Resources><Resource "
                        "Reference=\"q\"/></Resources></Event></Events>" TAIL,
         "refers to 'q'"},
        {HEAD RESOURCES "<Events><Event "
                        "Id=\"e\"><Resources><Resource><Role>r</Role></Resource></Resources></"
                        "Event></Events>" TAIL,
         "needs a <Role> and a <ResourceType>"},
        {HEAD RESOURCES EVENTS "<Constraints><X Id=\"x\"/></Constraints>" TAIL,
         "<X> is no constraint"},
        {HEAD RESOURCES EVENTS "<Constraints><AssignTimeConstraint><Required>true</"
                               "Required><CostFunction>Cubic</CostFunction>"
                               "</AssignTimeConstraint></Constraints>" TAIL,
         "'Cubic' is not Linear"},
        {HEAD RESOURCES EVENTS "<Constraints><AssignTimeConstraint><Required>yes</Required></"
                               "AssignTimeConstraint></Constraints>" TAIL,
         "neither true nor false"},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        struct kith_why why = {""};
        kith_auto(problem) p = NULL;
        put(cases[i].text);
        assert_int_not_equal(read_all(&p, &why), KITH_OK);
        if (!strstr(why.text, cases[i].said))
            fail_msg("case %zu: '%s' does not say '%s'", i, why.text, cases[i].said);
    }
}

/* A group without events can ask for what nobody can give: it costs, and the search lives with it. */
static void an_empty_group(void **unused)
{
    (void)unused;
    struct kith_why why = {""};
    kith_auto(problem) p = NULL;
    struct run_result r;
    struct run_opts opts = {.seed = 1, .rounds = {{4096}, 1}};
    put(HEAD RESOURCES "<Events><EventGroups><EventGroup Id=\"g\"/></EventGroups><Event "
                       "Id=\"e1\"/></Events><Constraints>" CONSTRAINT(
                           "SpreadEventsConstraint",
                           "<TimeGroups><TimeGroup "
                           "Reference=\"d1\"><Minimum>1</Minimum><Maximum>2</Maximum></TimeGroup>"
                           "</TimeGroups>") "</Constraints>" TAIL);
    assert_ok(read_all(&p, &why));
    assert_ok(run_search(p, &opts, &r));
    assert_int_equal(r.best->cost.hard, 3);
    state_shot_free(r.best);
}

/* Whatever byte is lost or changed, the reader says so or reads a problem that can be searched. */
static void damaged(void **unused)
{
    (void)unused;
    static const char whole[] = HEAD RESOURCES EVENTS CONSTRAINTS TAIL;
    uint64_t seed = 5;
    int read = 0;
    for (int i = 0; i < 1500; i++) {
        char text[sizeof(whole)];
        struct kith_why why = {""};
        kith_auto(problem) p = NULL;
        kith_auto(search) s = NULL;
        memcpy(text, whole, sizeof(whole));
        for (int k = 0; k < 1 + i % 3; k++)
            text[test_random(&seed) % (sizeof(whole) - 1)] =
                "0123456789<>/\"eagt- "[test_random(&seed) % 20];
        put(text);
        if (read_all(&p, &why) != KITH_OK)
            continue;
        read++;
        assert_ok(search_new(p, NULL, 1, &s));
    }
    assert_in_range(read, 50, 1499);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_costs),
        cmocka_unit_test_setup_teardown(solved_written_read, make_file, drop_file),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, make_file, drop_file),
        cmocka_unit_test_setup_teardown(an_empty_group, make_file, drop_file),
        cmocka_unit_test_setup_teardown(damaged, make_file, drop_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
