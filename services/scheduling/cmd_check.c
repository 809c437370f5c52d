/* SPDX-License-Identifier: Apache-2.0 */
/* kith schedule check */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "kith/table.h"
#include "scheduling/cmd.h"
#include "scheduling/us_check.h"

static const char help[] =
    "Usage: kith schedule check --data DIR --schedule DIR [--json]\n"
    "\n"
    "Judges a schedule of a school from its files alone: every hard violation and soft unit that "
    "services/scheduling/README.md names,\n"
    "requests met, seats, purity and sizes.\n"
    "Exit status: 0 no hard violation, 1 some, or a file cannot be understood, 2 usage.\n";

static const struct kith_column columns[] = {{"term", "TERM", false},     {"hard", "HARD", true},
                                             {"soft", "SOFT", true},      {"cost", "COST", true},
                                             {"example", "FIRST", false}, {0}};

/* ---- JSON ---- */

static json_t *terms(const struct us_report *r, bool hard)
{
    json_t *all = json_object();
    for (int k = 0; k < US_KINDS; k++) {
        int64_t n = hard ? r->counts[k].hard : r->counts[k].soft;
        bool of_kind = hard == (k <= (int)US_KIND_HARD_LAST);
        if (of_kind || n > 0)
            (void)json_object_set_new(all, us_kind_name((enum us_kind)k), json_integer(n));
    }
    return all;
}

static json_t *purities(const struct us_report *r)
{
    json_t *all = json_object();
    for (int g = 0; g < US_GRADES; g++) {
        char grade[16];
        (void)snprintf(grade, sizeof(grade), "%d", g);
        if (r->owned_seats[g] > 0)
            (void)json_object_set_new(
                all, grade, json_real((double)r->own_seats[g] / (double)r->owned_seats[g]));
    }
    return all;
}

static json_t *sizes(const struct us_report *r)
{
    json_t *all = json_object();
    for (int n = 0; n < US_SIZES_MAX; n++) {
        char size[16];
        (void)snprintf(size, sizeof(size), "%d", n);
        if (r->sizes[n] > 0)
            (void)json_object_set_new(all, size, json_integer(r->sizes[n]));
    }
    return all;
}

static int print_json(const struct us_report *r)
{
    json_t *unmet = json_pack("{s:i, s:i, s:i, s:i, s:i}", "not_offered", r->unmet_not_offered,
                              "full", r->unmet_full, "conflict", r->unmet_conflict, "rule",
                              r->unmet_rule, "unsaid", r->unmet_unsaid);
    json_t *all = json_pack(
        "{s:I, s:I, s:i, s:f, s:f, s:f, s:f, s:o, s:o, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o}",
        "hard_violations", (json_int_t)r->hard, "soft_cost", (json_int_t)r->soft_cost, "requests",
        r->requests, "requests_met", r->met_share, "core_requests_met", r->core_met_share,
        "students_full", r->full_share, "seat_bound", r->seat_bound, "purity", purities(r), "unmet",
        unmet, "sections", r->sections, "singletons", r->singletons, "sections_under",
        r->size_under, "sections_good", r->size_good, "sections_over", r->size_over,
        "section_sizes", sizes(r), "hard", terms(r, true), "soft", terms(r, false));
    char *text = all ? json_dumps(all, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    json_decref(all);
    if (!text)
        return CMD_FAILED;
    (void)puts(text);
    free(text);
    return r->hard == 0 ? CMD_DONE : CMD_FAILED;
}

/* ---- text ---- */

static kith_err print_terms(const struct us_report *r)
{
    kith_auto(kith_table) table = NULL;
    kith_err err = kith_table_new(columns, &table);
    for (int k = 0; k < US_KINDS && err == KITH_OK; k++) {
        const struct us_count *c = &r->counts[k];
        char text[3][24];
        if (c->hard == 0 && c->soft == 0)
            continue;
        (void)snprintf(text[0], sizeof(text[0]), "%" PRId64, c->hard);
        (void)snprintf(text[1], sizeof(text[1]), "%" PRId64, c->soft);
        (void)snprintf(text[2], sizeof(text[2]), "%" PRId64, c->cost);
        err = kith_table_row(table, (const char *const[]){us_kind_name((enum us_kind)k), text[0],
                                                          text[1], text[2], c->example});
    }
    return err == KITH_OK ? kith_table_print(table, stdout, false, "no violation, no soft unit")
                          : err;
}

static int print_text(const struct us_report *r)
{
    (void)printf("hard violations %" PRId64 ", soft cost %" PRId64 "\n", r->hard, r->soft_cost);
    (void)printf(
        "students with every request %.2f %%, requests met %.2f %% (core %.2f %%), seat bound "
        "%.2f %%\n",
        100 * r->full_share, 100 * r->met_share, 100 * r->core_met_share, 100 * r->seat_bound);
    (void)printf(
        "unmet: %d not offered, %d full, %d in conflict, %d by rule, %d with no reason said\n",
        r->unmet_not_offered, r->unmet_full, r->unmet_conflict, r->unmet_rule, r->unmet_unsaid);
    (void)printf("sections %d (%d singletons): %d below 18, %d of 18 to 30, %d above 30\n",
                 r->sections, r->singletons, r->size_under, r->size_good, r->size_over);
    for (int g = 0; g < US_GRADES; g++)
        if (r->owned_seats[g] > 0)
            (void)printf("purity of grade %d: %.1f %%\n", g,
                         100.0 * r->own_seats[g] / r->owned_seats[g]);
    return print_terms(r) == KITH_OK && r->hard == 0 ? CMD_DONE : CMD_FAILED;
}

static int check(const char *data, const char *schedule, bool json)
{
    struct us_problems problems = {0};
    struct us_report report;
    kith_auto(us_data) d = NULL;
    kith_err err = us_data_read_listed(data, &d, &problems);
    if (err == KITH_OK)
        err = us_check_listed(d, schedule, &report, &problems);
    if (err == KITH_OK)
        return json ? print_json(&report) : print_text(&report);
    if (problems.n > 0)
        us_problems_print(&problems, stderr);
    else
        (void)fprintf(stderr, "kith schedule check: %s\n", kith_err_text(err));
    return CMD_FAILED;
}

int cmd_check(int argc, char **argv)
{
    static const struct option long_options[] = {{"data", required_argument, NULL, 'd'},
                                                 {"schedule", required_argument, NULL, 's'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    const char *data = NULL;
    const char *schedule = NULL;
    bool json = false;
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'd')
            data = optarg;
        else if (c == 's')
            schedule = optarg;
        else if (c == 'j')
            json = true;
        else {
            (void)fputs(help, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if (!data || !schedule || optind < argc) {
        (void)fprintf(stderr, "kith schedule check: --data and --schedule are needed\n%s", help);
        return CMD_USAGE;
    }
    return check(data, schedule, json);
}
