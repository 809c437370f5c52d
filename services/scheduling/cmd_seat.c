/* SPDX-License-Identifier: Apache-2.0 */
/* kith schedule seat */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kith/clock.h"
#include "scheduling/cmd.h"
#include "scheduling/us_result.h"
#include "scheduling/us_seats.h"

static const char help[] =
    "Usage: kith schedule seat --data DIR --schedule DIR [--rounds N] [--seed S] --out DIR "
    "[--json]\n"
    "\n"
    "Seats the students anew in the sections of a master schedule (section.csv and placement.csv "
    "of --schedule; its roster is not looked\n"
    "at), and prints the value reached, the bound that no seating can pass, and the gap between "
    "them. --rounds: of prices, 80 by default;\n"
    "more prove a smaller gap. Lunch waves follow the new sizes; advisors stay. The same options "
    "give the same files.\n"
    "Exit status: 0 done, 1 refused or failed, 2 usage.\n";

struct options {
    const char *data, *schedule, *out;
    struct us_seats_opts seats;
    bool json, tty;
};

static void progress(void *ctx, int round, double value, double bound)
{
    const struct options *o = ctx;
    int rounds = o->seats.rounds > 0 ? o->seats.rounds : 80;
    if (o->tty)
        (void)fprintf(stderr, "\rround %d of %d  value %.0f  bound %.0f  gap %.2f %%  ", round,
                      rounds, value, bound, bound > 0 ? 100 * (bound - value) / bound : 0);
}

static int complain(kith_err err, const struct us_problems *p, const struct kith_why *why)
{
    if (p->n > 0)
        us_problems_print(p, stderr);
    else if (err == KITH_ETOOBIG)
        (void)fprintf(stderr, "kith schedule seat: a student has more than %d requests\n",
                      US_SEATS_REQUESTS);
    else
        (void)fprintf(stderr, "kith schedule seat: %s\n",
                      why->text[0] ? why->text : kith_err_text(err));
    return CMD_FAILED;
}

static struct us_seats_section *sections_of(const struct us_result *r)
{
    struct us_seats_section *all = calloc((size_t)r->n + 1, sizeof(*all));
    for (int i = 0; all && i < r->n; i++) {
        const struct us_result_section *s = &r->sections[i];
        all[i] = (struct us_seats_section){
            .course = s->course,
            .slc = s->slc,
            .coteach = s->coteach,
            .cells = s->pattern >= 0 ? r->d->patterns[s->pattern].cells : 0,
            .teachers = {s->teachers.n > 0 ? s->teachers.at[0] : US_NONE,
                         s->teachers.n > 1 ? s->teachers.at[1] : US_NONE}};
    }
    return all;
}

static void print_result(const struct options *o, const struct us_data *d, const struct us_seats *s,
                         double seconds)
{
    int met = 0;
    for (int q = 0; q < d->n_requests; q++)
        met += s->section[q] >= 0;
    double gap = s->bound > 0 ? (s->bound - s->value) / s->bound : 0;
    double share = d->n_requests > 0 ? (double)met / d->n_requests : 1;
    if (o->json)
        (void)printf(
            "{\"requests\":%d,\"requests_met\":%.6f,\"value\":%.0f,\"schedule_bound\":%.1f,"
            "\"gap\":%.6f,\"cpu_seconds\":%.2f,\"seed\":%" PRIu64 "}\n",
            d->n_requests, share, s->value, s->bound, gap, seconds, o->seats.seed);
    else
        (void)printf(
            "requests met %d of %d (%.2f %%)\nvalue %.0f, no seating of this schedule above "
            "%.1f: gap %.3f %%, %.1f CPU seconds\n",
            met, d->n_requests, 100 * share, s->value, s->bound, 100 * gap, seconds);
}

static int seat(struct options *o)
{
    struct us_problems problems = {0};
    struct kith_why why = {""};
    kith_auto(us_data) d = NULL;
    kith_auto(us_result) r = NULL;
    kith_auto(us_seats) s = NULL;
    kith_auto_mem struct us_seats_section *sections = NULL;
    kith_auto_mem int *sizes = NULL;
    kith_err err = us_data_read_listed(o->data, &d, &problems);
    if (err == KITH_OK)
        err = us_result_read(d, o->schedule, &r, &problems);
    if (err != KITH_OK)
        return complain(err, &problems, &why);
    sections = sections_of(r);
    sizes = calloc((size_t)r->n + 1, sizeof(*sizes));
    o->tty = isatty(STDERR_FILENO);
    o->seats.progress = progress;
    o->seats.ctx = o;
    err = sections && sizes ? us_seats_find(d, sections, r->n, r->locked, &o->seats, &s)
                            : KITH_ENOMEM;
    if (o->tty)
        (void)fputc('\n', stderr);
    for (int q = 0; err == KITH_OK && q < d->n_requests; q++)
        if (s->section[q] >= 0)
            sizes[s->section[q]]++;
    if (err == KITH_OK) {
        us_result_lunch(r, sizes);
        err = us_result_write(r, s->section, o->out, &why);
    }
    if (err != KITH_OK)
        return complain(err, &problems, &why);
    print_result(o, d, s, (double)kith_clock_cpu_us() / 1e6);
    return CMD_DONE;
}

static int usage(const char *what)
{
    (void)fprintf(stderr, "kith schedule seat: %s\n%s", what, help);
    return CMD_USAGE;
}

static bool read_number(const char *text, uint64_t most, uint64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && text[0] != '-' && *ret <= most;
}

static const char *take(struct options *o, int c, const char *text)
{
    uint64_t n = 0;
    switch (c) {
    case 'd':
        o->data = text;
        return NULL;
    case 'i':
        o->schedule = text;
        return NULL;
    case 'o':
        o->out = text;
        return NULL;
    case 'j':
        o->json = true;
        return NULL;
    case 's':
        return read_number(text, UINT64_MAX, &o->seats.seed)
                   ? NULL
                   : "--seed takes a whole number from 0 on";
    case 'r':
        if (!read_number(text, 100000, &n) || n == 0)
            return "--rounds takes a whole number above 0";
        o->seats.rounds = (int)n;
        return NULL;
    default:
        return "the option is not known or lacks its value";
    }
}

int cmd_seat(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"data", required_argument, NULL, 'd'}, {"schedule", required_argument, NULL, 'i'},
        {"out", required_argument, NULL, 'o'},  {"seed", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},       {"rounds", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    struct options o = {.seats = {.seed = 1}};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return CMD_DONE;
        }
        const char *wrong = take(&o, c, optarg);
        if (wrong)
            return usage(wrong);
    }
    if (optind < argc || !o.data || !o.schedule || !o.out)
        return usage(optind < argc ? "too many arguments"
                                   : "--data, --schedule and --out are needed");
    return seat(&o);
}
