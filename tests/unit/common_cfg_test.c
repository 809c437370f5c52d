/* SPDX-License-Identifier: Apache-2.0 */
#include "kith_test.h"

#include <unistd.h>

#include "kith/cfg_internal.h"

struct common {
    char *database;
    char *level;
};

struct risk {
    uint32_t min_days;
    bool sweep;
    int64_t every_ms;
    int64_t room_bytes;
    uint32_t present_permille;
    uint32_t any_uint;
    char *note;
};

static const struct kith_cfg_key common_keys[] = {
    {"database", KITH_CFG_STRING, offsetof(struct common, database), NULL, "Where PostgreSQL is.",
     1, 200},
    {"level", KITH_CFG_STRING, offsetof(struct common, level), "info", "How much to log."},
    {0},
};

static const struct kith_cfg_key risk_keys[] = {
    {"min_days", KITH_CFG_UINT, offsetof(struct risk, min_days), "3", "Days in a row.", 1, 30,
     true},
    {"sweep", KITH_CFG_BOOL, offsetof(struct risk, sweep), "yes", "Look again.", 0, 0, true},
    {"every", KITH_CFG_MS, offsetof(struct risk, every_ms), "60s", "How often.", 1000, 3600000},
    {"room", KITH_CFG_BYTES, offsetof(struct risk, room_bytes), "1MiB", "How much.", 512, 1 << 30},
    {"present", KITH_CFG_PERMILLE, offsetof(struct risk, present_permille), "90%", "At least.", 500,
     1000},
    {"any", KITH_CFG_UINT, offsetof(struct risk, any_uint), "0", NULL},
    {"note", KITH_CFG_STRING, offsetof(struct risk, note), "", "Anything."},
    {0},
};

static const char *const foreign[] = {"ingest", "risk_model", NULL};

struct fixture {
    struct common common;
    struct risk risk;
    struct kith_cfg_section sections[3];
    struct kith_why why;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    if (!f)
        return -1;
    f->sections[0] = (struct kith_cfg_section){"common", common_keys, &f->common};
    f->sections[1] = (struct kith_cfg_section){"risk", risk_keys, &f->risk};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    kith_cfg_done(f->sections);
    free(f);
    return 0;
}

static kith_err load(struct fixture *f, const char *text)
{
    kith_cfg_done(f->sections);
    f->why.text[0] = '\0';
    return kith_cfg_load_bytes(f->sections, "kith.conf", text, strlen(text), foreign, true,
                               &f->why);
}

/* ---- whole files ---- */

static void defaults_file_and_order(void **state)
{
    struct fixture *f = *state;
    assert_ok(load(f, "[common]\ndatabase = host=/run\n[risk]\nmin_days = 7\n"));
    assert_string_equal(f->common.database, "host=/run");
    assert_string_equal(f->common.level, "info");
    assert_string_equal(f->risk.note, "");
    assert_int_equal(f->risk.min_days, 7);
    assert_true(f->risk.sweep);
    assert_int_equal(f->risk.every_ms, 60000);
    assert_int_equal(f->risk.room_bytes, 1 << 20);
    assert_int_equal(f->risk.present_permille, 900);
}

#define MINIMAL "[common]\ndatabase=x\n"

struct refused {
    const char *text;
    const char *why;
};

static void every_error_names_line_and_key(void **state)
{
    static const struct refused cases[] = {
        {MINIMAL "[risk]\nmin_day = 3\n", "kith.conf:4: [risk] min_day: unknown key; known are: "
                                          "min_days, sweep, every, room, present, any, note"},
        {MINIMAL "[rsik]\n",
         "kith.conf:3: [rsik]: unknown section; known are: common, risk, ingest, risk_model"},
        {MINIMAL "[rsik]\nmin_days = 3\n",
         "kith.conf:3: [rsik]: unknown section; known are: common, risk, ingest, risk_model"},
        {MINIMAL "[risk] min_days = 3\n", "kith.conf:3: [risk]: text after the section's name"},
        {MINIMAL "[risk\n", "kith.conf:3: neither \"key = value\" nor \"[section]\""},
        {MINIMAL "\n# comment\nnonsense\n",
         "kith.conf:5: neither \"key = value\" nor \"[section]\""},
        {"database = x\n", "kith.conf:1: database: stands before the first [section]"},
        {MINIMAL "[risk]\nmin_days = 3\n\nmin_days = 4\n",
         "kith.conf:6: [risk] min_days: set twice; it stands already in line 4"},
        {MINIMAL "[risk]\nmin_days = 3\n[common]\n[risk]\nmin_days = 3\n",
         "kith.conf:7: [risk] min_days: set twice; it stands already in line 4"},
        {MINIMAL "[risk]\n\nevery = 20\n", "kith.conf:5: [risk] every: \"20\" needs a unit: it is "
                                           "a duration with unit ms, s, min, h or d"},
        {MINIMAL "[risk]\nevery = 20sec\n",
         "kith.conf:4: [risk] every: \"20sec\" is no duration with unit ms, s, min, h or d"},
        {MINIMAL "[risk]\nevery = 2h\n",
         "kith.conf:4: [risk] every: out of range; allowed is 1s to 1h"},
        {MINIMAL "[risk]\nroom = 2GiB\n",
         "kith.conf:4: [risk] room: out of range; allowed is 512B to 1GiB"},
        {MINIMAL "[risk]\npresent = 49.9%\n",
         "kith.conf:4: [risk] present: out of range; allowed is 50% to 100%"},
        {MINIMAL "[risk]\nmin_days =\n",
         "kith.conf:4: [risk] min_days: has no value; needs a whole number"},
        {MINIMAL "[risk]\nmin_days = 3\n 4\n",
         "kith.conf:4: [risk] min_days: \"3 4\" is no whole number"},
        {"[common]\ndatabase =\n",
         "kith.conf:2: [common] database: out of range; allowed is 1 to 200 bytes"},
        {"[risk]\nmin_days = 3\n", "kith.conf: [common] database: is required and not set, here or "
                                   "as KITH_COMMON_DATABASE; a text"},
        {MINIMAL "[risk]\nnote = a\x01z\n",
         "kith.conf:4: control byte 1 in the line; only text is allowed"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        assert_err(load(f, cases[i].text), KITH_ECONFIG);
        assert_string_equal(f->why.text, cases[i].why);
    }
}

static void one_section_with_two_targets(void **state)
{
    struct fixture *f = *state;
    static const struct kith_cfg_key own_keys[] = {
        {"http", KITH_CFG_STRING, 0, "none", "Where to listen."},
        {0},
    };
    char *http = NULL;
    const struct kith_cfg_section sections[] = {
        {"risk", own_keys, &http},
        {"risk", risk_keys, &f->risk},
        {0},
    };
    const char *text = "[risk]\nmin_days = 7\nhttp = 127.0.0.1:1\n";
    assert_int_equal(
        kith_cfg_load_bytes(sections, "kith.conf", text, strlen(text), NULL, false, &f->why),
        KITH_OK);
    assert_string_equal(http, "127.0.0.1:1");
    assert_int_equal(f->risk.min_days, 7);
    kith_cfg_done(sections);
    text = "[risk]\nhttps = x\n";
    assert_int_equal(
        kith_cfg_load_bytes(sections, "kith.conf", text, strlen(text), NULL, false, &f->why),
        KITH_ECONFIG);
    assert_non_null(strstr(f->why.text, "known are: http, min_days, sweep"));
    kith_cfg_done(sections);
    assert_err(kith_cfg_load_bytes(sections, "kith.conf", "[x]", 3, NULL, false, &f->why),
               KITH_ECONFIG);
    assert_string_equal(f->why.text, "kith.conf:1: [x]: unknown section; known are: risk");
    kith_cfg_done(sections);
    char *sample = NULL;
    assert_int_equal(kith_cfg_sample(sections, &sample), KITH_OK);
    const char *header = strstr(sample, "[risk]");
    assert_non_null(header);
    assert_null(strstr(header + 1, "[risk]"));
    free(sample);
}

static void only_the_first_error_is_told(void **state)
{
    struct fixture *f = *state;
    assert_err(load(f, MINIMAL "[risk]\nnonsense\nworse\n[also]\n"), KITH_ECONFIG);
    assert_string_equal(f->why.text, "kith.conf:4: neither \"key = value\" nor \"[section]\"");
    assert_err(load(f, MINIMAL "[risk]\nunknown = 1\nnonsense\n"), KITH_ECONFIG);
    assert_true(strncmp(f->why.text, "kith.conf:4: [risk] unknown: unknown key", 40) == 0);
}

static void comments_blanks_and_line_ends(void **state)
{
    struct fixture *f = *state;
    assert_ok(load(f, "\xef\xbb\xbf[common] ; with the mark that some editors write\r\n"
                      "  database   =   host=/run user=x   ; a comment\r\n"
                      "; a comment\r\n"
                      "\r\n"
                      "[risk]\t# a comment\r\n"
                      "\t# a comment\r\n"
                      "note: a;b#c\r\n"
                      "min_days=30")); /* the last line need not end */
    assert_string_equal(f->common.database, "host=/run user=x");
    assert_string_equal(f->risk.note, "a;b#c");
    assert_int_equal(f->risk.min_days, 30);
}

static void a_value_goes_on_after_a_blank(void **state)
{
    struct fixture *f = *state;
    assert_ok(load(f, "[common]\n"
                      " database = host=/run\n" /* the first of a section goes on with nothing */
                      "\tport=5432 ; comment\n"
                      "  # comment\n"
                      "\n"
                      "  user=kith\n"
                      "level = warn\n"
                      "[ingest]\n"
                      "key = value\n"
                      "  of somebody else\n"
                      "[risk]\n"
                      "note =\n"
                      "  second line only\n"));
    assert_string_equal(f->common.database, "host=/run port=5432 user=kith");
    assert_string_equal(f->common.level, "warn");
    assert_string_equal(f->risk.note, "second line only");
}

static void long_lines_are_refused_not_cut(void **state)
{
    struct fixture *f = *state;
    for (size_t n = 150; n <= 400; n++) {
        char note[401];
        char text[600];
        memset(note, 'n', n);
        note[n] = '\0';
        (void)snprintf(text, sizeof(text), MINIMAL "[risk]\nnote = %s\nmin_days = 4\n", note);
        if (load(f, text) == KITH_OK) {
            assert_int_equal(strlen(f->risk.note), n);
            assert_int_equal(f->risk.min_days, 4);
        } else {
            assert_true(n > 190);
            assert_string_equal(f->why.text,
                                "kith.conf:4: longer than 198 bytes; go on in the next "
                                "line, after a blank");
        }
    }
}

static void foreign_sections_are_skipped(void **state)
{
    struct fixture *f = *state;
    assert_ok(load(f, MINIMAL "[ingest]\nwhatever = 1\nwhatever = 2\n[risk_model]\nx = y\n"));
    assert_err(load(f, MINIMAL "[ingest2]\nx = y\n"), KITH_ECONFIG);
}

static void empty_sections_may_be_repeated(void **state)
{
    struct fixture *f = *state;
    assert_ok(load(f, MINIMAL "[risk]\nmin_days = 4\n[common]\n[risk]\nsweep = off\n"));
    assert_int_equal(f->risk.min_days, 4);
    assert_false(f->risk.sweep);
}

static void a_fault_of_a_default_is_told(void **state)
{
    (void)state;
    static const struct kith_cfg_key keys[] = {{"n", KITH_CFG_UINT, 0, "many", NULL}, {0}};
    uint32_t target = 0;
    struct kith_cfg_section sections[] = {{"x", keys, &target}, {0}};
    struct kith_why why;
    assert_err(kith_cfg_load_bytes(sections, "k", "", 0, NULL, false, &why), KITH_ECONFIG);
    assert_string_equal(why.text, "default: [x] n: \"many\" is no whole number");
}

static void nobody_needs_to_ask_why(void **state)
{
    struct fixture *f = *state;
    assert_err(kith_cfg_load_bytes(f->sections, "kith.conf", "nonsense", 8, NULL, true, NULL),
               KITH_ECONFIG);
}

/* ---- files ---- */

static void files_are_read(void **state)
{
    struct fixture *f = *state;
    char path[] = "/tmp/kith-cfg-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, MINIMAL "[risk]\nmin_days = 99\n", sizeof(MINIMAL) + 20),
                     sizeof(MINIMAL) + 20);
    assert_err(kith_cfg_load(f->sections, path, foreign, &f->why), KITH_ECONFIG);
    char expected[256];
    (void)snprintf(expected, sizeof(expected),
                   "%s:4: [risk] min_days: out of range; allowed is 1 to 30", path);
    assert_string_equal(f->why.text, expected);
    kith_cfg_done(f->sections);
    assert_int_equal(ftruncate(fd, sizeof(MINIMAL) - 1), 0);
    assert_ok(kith_cfg_load(f->sections, path, foreign, &f->why));
    assert_string_equal(f->common.database, "x");
    kith_cfg_done(f->sections);
    assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
    assert_err(kith_cfg_load(f->sections, path, foreign, &f->why), KITH_ECONFIG);
    assert_non_null(strstr(f->why.text, "larger than 1 MiB"));
    (void)close(fd);
    (void)unlink(path);
}

static void missing_files_are_an_error_but_no_file_is_none(void **state)
{
    struct fixture *f = *state;
    assert_err(kith_cfg_load(f->sections, "/nonexistent/kith.conf", NULL, &f->why), KITH_EIO);
    assert_string_equal(f->why.text,
                        "/nonexistent/kith.conf: cannot be opened: No such file or directory");
    assert_string_equal(f->common.level, "info"); /* defaults, and strings to free */
    kith_cfg_done(f->sections);
    assert_err(kith_cfg_load(f->sections, "/tmp", NULL, &f->why), KITH_EIO);
    kith_cfg_done(f->sections);
    assert_err(kith_cfg_load(f->sections, NULL, NULL, &f->why), KITH_ECONFIG);
    assert_string_equal(f->why.text,
                        "configuration: [common] database: is required and not set, here "
                        "or as KITH_COMMON_DATABASE; a text");
    kith_cfg_done(f->sections);
    assert_int_equal(setenv("KITH_COMMON_DATABASE", "from the environment", 1), 0);
    assert_ok(kith_cfg_load(f->sections, NULL, NULL, &f->why));
    assert_string_equal(f->common.database, "from the environment");
    (void)unsetenv("KITH_COMMON_DATABASE");
}

static void long_paths_do_not_hide_the_reason(void **state)
{
    struct fixture *f = *state;
    char folder[250];
    char path[300];
    memset(folder, 'p', sizeof(folder) - 1);
    folder[sizeof(folder) - 1] = '\0';
    (void)snprintf(path, sizeof(path), "%s/kith.conf", folder);
    assert_err(kith_cfg_load_bytes(f->sections, path, "nonsense", 8, NULL, false, &f->why),
               KITH_ECONFIG);
    assert_string_equal(f->why.text, "kith.conf:1: neither \"key = value\" nor \"[section]\"");
}

/* ---- the environment ---- */

struct variable {
    const char *name;
    const char *text;
    const char *why; /* NULL = accepted */
};

static void environment_overrides_and_is_checked(void **state)
{
    static const struct variable cases[] = {
        {"KITH_RISK_MIN_DAYS", "9", NULL},
        {"KITH_HOME", "/srv/kith", NULL},
        {"KITH_BUILD", "/build", NULL},
        {"KITH_INGEST_HTTP", "whatever", NULL},     /* a section of somebody else */
        {"KITH_RISK_MODEL_FILE", "whatever", NULL}, /* likewise, though it starts like ours */
        {"kith_risk_min_days", "nonsense", NULL},   /* variables are upper case */
        {"KITH_RISK_MIN_DAYS", "31",
         "KITH_RISK_MIN_DAYS: [risk] min_days: out of range; allowed is 1 to 30"},
        {"KITH_RISK_EVERY", "20",
         "KITH_RISK_EVERY: [risk] every: \"20\" needs a unit: it is a duration "
         "with unit ms, s, min, h or d"},
        {"KITH_RISK_MINDAYS", "9",
         "KITH_RISK_MINDAYS: [risk] has no such key; known are: min_days, sweep, "
         "every, room, present, any, note"},
        {"KITH_RISK_", "9",
         "KITH_RISK_: [risk] has no such key; known are: min_days, sweep, every, room, "
         "present, any, note"},
        {"KITH_COMMON_DATABASE_", "9",
         "KITH_COMMON_DATABASE_: [common] has no such key; known are: "
         "database, level"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        assert_int_equal(setenv(cases[i].name, cases[i].text, 1), 0);
        kith_err err = load(f, MINIMAL "[risk]\nmin_days = 7\n");
        (void)unsetenv(cases[i].name);
        assert_err(err, cases[i].why ? KITH_ECONFIG : KITH_OK);
        assert_string_equal(f->why.text, cases[i].why ? cases[i].why : "");
        if (!cases[i].why)
            assert_int_equal(f->risk.min_days, i == 0 ? 9 : 7);
    }
}

/* ---- values ---- */

struct value {
    enum kith_cfg_type type;
    const char *text;
    int64_t expected; /* -1 = refused */
};

static const struct value values[] = {
    {KITH_CFG_UINT, "0", 0},
    {KITH_CFG_UINT, "007", 7},
    {KITH_CFG_UINT, "4294967295", UINT32_MAX},
    {KITH_CFG_UINT, "4294967296", -1},
    {KITH_CFG_UINT, "99999999999999999999999", -1},
    {KITH_CFG_UINT, "", -1},
    {KITH_CFG_UINT, "-1", -1},
    {KITH_CFG_UINT, "+1", -1},
    {KITH_CFG_UINT, " 1", -1},
    {KITH_CFG_UINT, "1 ", -1},
    {KITH_CFG_UINT, "1.0", -1},
    {KITH_CFG_UINT, "0x10", -1},
    {KITH_CFG_UINT, "1e3", -1},
    {KITH_CFG_UINT, "one", -1},
    {KITH_CFG_BOOL, "true", 1},
    {KITH_CFG_BOOL, "false", 0},
    {KITH_CFG_BOOL, "yes", 1},
    {KITH_CFG_BOOL, "no", 0},
    {KITH_CFG_BOOL, "on", 1},
    {KITH_CFG_BOOL, "off", 0},
    {KITH_CFG_BOOL, "Yes", 1},
    {KITH_CFG_BOOL, "OFF", 0},
    {KITH_CFG_BOOL, "", -1},
    {KITH_CFG_BOOL, "1", -1},
    {KITH_CFG_BOOL, "0", -1},
    {KITH_CFG_BOOL, "yess", -1},
    {KITH_CFG_BOOL, "tru", -1},
    {KITH_CFG_MS, "0ms", 0},
    {KITH_CFG_MS, "250ms", 250},
    {KITH_CFG_MS, "20s", 20000},
    {KITH_CFG_MS, "15min", 900000},
    {KITH_CFG_MS, "1h", 3600000},
    {KITH_CFG_MS, "2d", 172800000},
    {KITH_CFG_MS, "9223372036854775807ms", INT64_MAX},
    {KITH_CFG_MS, "9223372036854775808ms", -1},
    {KITH_CFG_MS, "9223372036854775s", INT64_C(9223372036854775000)},
    {KITH_CFG_MS, "9223372036854776s", -1},
    {KITH_CFG_MS, "106751991168d", -1},
    {KITH_CFG_MS, "0", -1},
    {KITH_CFG_MS, "20", -1},
    {KITH_CFG_MS, "s", -1},
    {KITH_CFG_MS, "", -1},
    {KITH_CFG_MS, "20 s", -1},
    {KITH_CFG_MS, "20S", -1},
    {KITH_CFG_MS, "20m", -1},
    {KITH_CFG_MS, "1.5s", -1},
    {KITH_CFG_MS, "-1s", -1},
    {KITH_CFG_MS, "1h30min", -1},
    {KITH_CFG_BYTES, "0B", 0},
    {KITH_CFG_BYTES, "512B", 512},
    {KITH_CFG_BYTES, "64KiB", 65536},
    {KITH_CFG_BYTES, "1MiB", 1048576},
    {KITH_CFG_BYTES, "2GiB", INT64_C(2147483648)},
    {KITH_CFG_BYTES, "8589934591GiB", INT64_C(8589934591) << 30},
    {KITH_CFG_BYTES, "8589934592GiB", -1},
    {KITH_CFG_BYTES, "1MB", -1},
    {KITH_CFG_BYTES, "1kib", -1},
    {KITH_CFG_BYTES, "1K", -1},
    {KITH_CFG_BYTES, "100", -1},
    {KITH_CFG_BYTES, "B", -1},
    {KITH_CFG_PERMILLE, "0%", 0},
    {KITH_CFG_PERMILLE, "90%", 900},
    {KITH_CFG_PERMILLE, "87.5%", 875},
    {KITH_CFG_PERMILLE, "0.1%", 1},
    {KITH_CFG_PERMILLE, "100%", 1000},
    {KITH_CFG_PERMILLE, "150.9%", 1509},
    {KITH_CFG_PERMILLE, "429496728.9%", INT64_C(4294967289)},
    {KITH_CFG_PERMILLE, "429496729.0%", -1},
    {KITH_CFG_PERMILLE, "99999999999999999999%", -1},
    {KITH_CFG_PERMILLE, "90", -1},
    {KITH_CFG_PERMILLE, "%", -1},
    {KITH_CFG_PERMILLE, "", -1},
    {KITH_CFG_PERMILLE, "87.55%", -1},
    {KITH_CFG_PERMILLE, "87.%", -1},
    {KITH_CFG_PERMILLE, ".5%", -1},
    {KITH_CFG_PERMILLE, "87,5%", -1},
    {KITH_CFG_PERMILLE, "-1%", -1},
    {KITH_CFG_PERMILLE, "90%%", -1},
};

union place {
    bool b;
    uint32_t u;
    int64_t i;
};

static int64_t stored(enum kith_cfg_type type, const union place *place)
{
    if (type == KITH_CFG_BOOL)
        return place->b;
    return type == KITH_CFG_UINT || type == KITH_CFG_PERMILLE ? place->u : place->i;
}

static void values_of_every_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < KITH_LEN(values); i++) {
        const struct value *v = &values[i];
        const struct kith_cfg_key key = {"key", v->type, 0, NULL, NULL};
        union place place;
        memset(&place, 0, sizeof(place));
        struct kith_why why = {""};
        kith_err err = kith_cfg_parse(&key, v->text, &place, &why);
        if ((err == KITH_OK) != (v->expected >= 0))
            fail_msg("\"%s\" gives %s", v->text, kith_err_name(err));
        if (v->expected >= 0) {
            assert_int_equal(stored(v->type, &place), v->expected);
            continue;
        }
        assert_err(err, KITH_EINVAL);
        assert_true(strlen(why.text) > 0);
        assert_int_equal(place.i, 0); /* untouched */
    }
}

/* Every number in every unit, in the range and out of it, against the multiplication done in 128 bits. */
static void durations_agree_with_wide_arithmetic(void **state)
{
    (void)state;
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    uint64_t seed = 33;
    for (int i = 0; i < 20000; i++) {
        size_t u = test_random(&seed) % KITH_LEN(units);
        uint64_t n = test_random(&seed) >> (test_random(&seed) % 64);
        int64_t min = (int64_t)(test_random(&seed) >> 20);
        int64_t max = min + (int64_t)(test_random(&seed) >> 2 >> (test_random(&seed) % 30));
        const struct kith_cfg_key key = {"key", KITH_CFG_MS, 0, NULL, NULL, min, max};
        char text[64];
        (void)snprintf(text, sizeof(text), "%llu%s", (unsigned long long)n, units[u].unit);
        __extension__ unsigned __int128 wide = (unsigned __int128)n * (uint64_t)units[u].factor;
        bool good = wide <= (uint64_t)max && wide >= (uint64_t)min;
        int64_t ms = -5;
        assert_int_equal(kith_cfg_parse(&key, text, &ms, NULL) == KITH_OK, good);
        assert_true(ms == (good ? (int64_t)wide : -5));
    }
}

static void ranges_hold_at_both_ends(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *line;
        bool good;
    } cases[] = {
        {"min_days = 0", false},
        {"min_days = 1", true},
        {"min_days = 30", true},
        {"min_days = 31", false},
        {"every = 999ms", false},
        {"every = 1s", true},
        {"every = 60min", true},
        {"every = 3600001ms", false},
        {"room = 511B", false},
        {"room = 512B", true},
        {"room = 1GiB", true},
        {"room = 1025MiB", false},
        {"present = 50%", true},
        {"present = 100.0%", true},
        {"present = 100.1%", false},
        {"any = 4294967295", true},
        {"note =", true},
    };
    for (size_t i = 0; i < KITH_LEN(cases); i++) {
        char text[200];
        (void)snprintf(text, sizeof(text), MINIMAL "[risk]\n%s\n", cases[i].line);
        assert_err(load(f, text), cases[i].good ? KITH_OK : KITH_ECONFIG);
    }
}

static void a_string_replaces_and_frees_the_one_before(void **state)
{
    (void)state;
    const struct kith_cfg_key key = {"key", KITH_CFG_STRING, 0, NULL, NULL, 1, 5};
    char *text = NULL;
    assert_ok(kith_cfg_parse(&key, "first", &text, NULL));
    assert_ok(kith_cfg_parse(&key, "next", &text, NULL));
    assert_string_equal(text, "next");
    assert_err(kith_cfg_parse(&key, "longer", &text, NULL), KITH_EINVAL);
    assert_err(kith_cfg_parse(&key, "", &text, NULL), KITH_EINVAL);
    assert_string_equal(text, "next");
    free(text);
}

/* ---- the sample ---- */

/* Takes the "#" off the lines that show a default, and the value of the required key in. */
static void uncomment(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        bool line_start = to == text || to[-1] == '\n';
        if (line_start && *from == '#' && from[1] != ' ')
            from++;
        *to++ = *from;
    }
    *to = '\0';
}

static void the_sample_says_what_the_defaults_are(void **state)
{
    struct fixture *f = *state;
    char *sample = NULL;
    assert_ok(kith_cfg_sample(f->sections, &sample));
    assert_non_null(
        strstr(sample, "\n[common]\n\n# Where PostgreSQL is.\n# text, 1 to 200 bytes, required\n"
                       "database =\n"));
    assert_non_null(strstr(sample,
                           "# How often.\n# duration with unit ms, s, min, h or d, 1s to 1h\n"
                           "#every = 60s\n"));
    assert_non_null(strstr(sample,
                           "# Days in a row.\n# whole number, 1 to 30, read again on SIGHUP\n"
                           "#min_days = 3\n"));
    assert_err(load(f, sample), KITH_ECONFIG); /* the required key is still empty */
    assert_non_null(strstr(f->why.text, "[common] database: out of range"));

    static const char required[] = "\ndatabase =";
    const char *at = strstr(sample, required);
    assert_non_null(at);
    at += sizeof(required) - 1;
    char *filled = NULL;
    assert_true(asprintf(&filled, "%.*s x%s", (int)(at - sample), sample, at) > 0);
    uncomment(filled);
    assert_ok(load(f, filled));
    assert_int_equal(f->risk.every_ms, 60000);
    assert_int_equal(f->risk.present_permille, 900);
    free(filled);
    free(sample);
}

#define CFG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CFG_TEST(defaults_file_and_order),
        CFG_TEST(every_error_names_line_and_key),
        CFG_TEST(one_section_with_two_targets),
        CFG_TEST(only_the_first_error_is_told),
        CFG_TEST(comments_blanks_and_line_ends),
        CFG_TEST(a_value_goes_on_after_a_blank),
        CFG_TEST(long_lines_are_refused_not_cut),
        CFG_TEST(foreign_sections_are_skipped),
        CFG_TEST(empty_sections_may_be_repeated),
        cmocka_unit_test(a_fault_of_a_default_is_told),
        CFG_TEST(nobody_needs_to_ask_why),
        CFG_TEST(files_are_read),
        CFG_TEST(missing_files_are_an_error_but_no_file_is_none),
        CFG_TEST(long_paths_do_not_hide_the_reason),
        CFG_TEST(environment_overrides_and_is_checked),
        cmocka_unit_test(values_of_every_type),
        cmocka_unit_test(durations_agree_with_wide_arithmetic),
        CFG_TEST(ranges_hold_at_both_ends),
        cmocka_unit_test(a_string_replaces_and_frees_the_one_before),
        CFG_TEST(the_sample_says_what_the_defaults_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
