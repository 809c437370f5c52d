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
    char *sample = NULL;
    assert_int_equal(kith_cfg_sample(sections, &sample), KITH_OK);
    const char *header = strstr(sample, "[risk]");
    assert_non_null(header);
    assert_null(strstr(header + 1, "[risk]"));
    free(sample);
}

#define CFG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CFG_TEST(defaults_file_and_order),
        CFG_TEST(every_error_names_line_and_key),
        CFG_TEST(one_section_with_two_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
