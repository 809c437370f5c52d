/* SPDX-License-Identifier: Apache-2.0 */
/* kith schedule solve */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scheduling/cmd.h"
#include "scheduling/run.h"
#include "scheduling/xhstt.h"

#define SECONDS_DEFAULT 60.0
#define SECONDS_MOST    604800.0

static const char help[] = "Usage: kith schedule solve --xhstt FILE[.gz] [--instance ID] "
                           "[--cpu-seconds T | --iterations N[,N...]]\n"
                           "                           [--seed S] [--threads 1|2] [--start "
                           "SOLUTION.xml] --out SOLUTION.xml [--json]\n"
                           "\n"
                           "Builds a timetable for an XHSTT instance, improves it until the limit "
                           "(60 CPU seconds by default) or cost (0, 0), writes the best and\n"
                           "prints its cost (infeasibility, objective). --iterations: the rounds "
                           "that an earlier run printed; with the same file, seed and\n"
                           "threads they give the same timetable again, byte for byte, unless its "
                           "last round was cut short. --start: begin with that solution.\n"
                           "Interrupted (Ctrl-C), it writes the best so far.\n"
                           "Exit status: 0 done, 1 refused or failed, 2 usage.\n";

struct options {
    const char *archive, *instance, *start, *out;
    struct run_opts run;
    bool json, tty;
};

static volatile sig_atomic_t interrupted; /* set by the handler: a program has one of these */

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

static bool stopped(void *ctx)
{
    (void)ctx;
    return interrupted;
}

static void progress(void *ctx, const struct run_progress *p)
{
    const struct options *o = ctx;
    if (o->tty)
        (void)fprintf(stderr,
                      "\r%6.0f s  %12" PRIu64 " iterations  best (%" PRId64 ", %" PRId64 ")  ",
                      p->cpu_seconds, p->iterations, p->best.hard, p->best.soft);
}

static int complain(kith_err err, const char *path, const struct kith_why *why)
{
    const char *text = why->text[0] ? why->text : kith_err_text(err);
    bool named = strncmp(text, path, strlen(path)) == 0;
    (void)fprintf(stderr, "kith schedule solve: %s%s%s\n", named ? "" : path, named ? "" : ": ",
                  text);
    return CMD_FAILED;
}

/* Beside it first, so that an interrupted write leaves no half file. */
static kith_err write_out(const struct state *s, const char *path, struct kith_why *why)
{
    char beside[4096];
    int n = snprintf(beside, sizeof(beside), "%s.new", path);
    FILE *to = n > 0 && (size_t)n < sizeof(beside) ? fopen(beside, "we") : NULL;
    if (!to) {
        kith_why_set(why, "cannot be written: %s", strerror(errno));
        return KITH_EIO;
    }
    xhstt_write(to, s, "simulated annealing with Kempe chains");
    bool good = ferror(to) == 0;
    good = fclose(to) == 0 && good;
    if (!good || rename(beside, path) != 0) {
        kith_why_set(why, "cannot be written: %s", strerror(errno));
        (void)unlink(beside);
        return KITH_EIO;
    }
    return KITH_OK;
}

static void print_result(const struct options *o, const struct problem *p,
                         const struct run_result *r)
{
    struct state_cost c = r->best->cost;
    char rounds[RUN_ROUNDS_MOST * 21 + 1] = "";
    size_t n = 0;
    for (int i = 0; i < r->rounds.n; i++)
        n += (size_t)snprintf(rounds + n, sizeof(rounds) - n, "%s%" PRIu64, i ? "," : "",
                              r->rounds.length[i]);
    if (o->json) {
        json_t *line =
            json_pack("{s:s, s:I, s:I, s:I, s:f, s:I, s:s}", "instance", p->id, "infeasibility",
                      (json_int_t)c.hard, "objective", (json_int_t)c.soft, "iterations",
                      (json_int_t)r->iterations, "cpu_seconds", r->cpu_seconds, "seed",
                      (json_int_t)o->run.seed, "rounds", rounds);
        (void)json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
        (void)puts("");
        json_decref(line);
    } else
        (void)printf("cost (%" PRId64 ", %" PRId64 ")\n%" PRIu64
                     " iterations, %.1f CPU seconds; again: --seed %" PRIu64
                     " --threads %u --iterations %s\n",
                     c.hard, c.soft, r->iterations, r->cpu_seconds, o->run.seed,
                     o->run.threads ? o->run.threads : 1, rounds);
}

static kith_err read_start(const struct options *o, const struct problem *p,
                           struct state_shot **ret, struct kith_why *why)
{
    kith_auto(xml_node) root = NULL;
    kith_auto(state) s = NULL;
    kith_err err = xml_read(o->start, &root, why);
    const struct xml_node *solution = err == KITH_OK ? xhstt_first(root, p) : NULL;
    if (err == KITH_OK && !solution) {
        kith_why_set(why, "there is no solution of the instance '%s'", p->id);
        err = KITH_ENOTFOUND;
    }
    if (err == KITH_OK)
        err = xhstt_state(p, solution, &s, why);
    if (err == KITH_OK)
        err = state_shot_new(p, ret);
    if (err == KITH_OK)
        state_save(s, *ret);
    return err;
}

static int solve_problem(struct options *o, const struct problem *p, struct kith_why *why)
{
    kith_auto(state_shot) start = NULL;
    kith_auto(state) s = NULL;
    struct run_result result;
    kith_err err = o->start ? read_start(o, p, &start, why) : KITH_OK;
    if (err != KITH_OK)
        return complain(err, o->start, why);
    o->run.start = start;
    err = run_search(p, &o->run, &result);
    if (o->tty)
        (void)fputc('\n', stderr);
    if (err == KITH_OK)
        err = state_new(p, &s);
    if (err == KITH_OK) {
        state_load(s, result.best);
        err = write_out(s, o->out, why);
    }
    if (err == KITH_OK)
        print_result(o, p, &result);
    state_shot_free(result.best);
    return err == KITH_OK ? CMD_DONE : complain(err, o->out, why);
}

static int solve(struct options *o)
{
    struct kith_why why = {""};
    kith_auto(xml_node) archive = NULL;
    kith_auto(problem) p = NULL;
    struct sigaction action = {.sa_handler = on_signal};
    kith_err err = xml_read(o->archive, &archive, &why);
    if (err == KITH_OK)
        err = xhstt_problem(archive, o->instance, &p, &why);
    if (err != KITH_OK)
        return complain(err, o->archive, &why);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    o->tty = isatty(STDERR_FILENO);
    o->run.progress = progress;
    o->run.stopped = stopped;
    o->run.ctx = o;
    return solve_problem(o, p, &why);
}

static int usage(const char *what)
{
    (void)fprintf(stderr, "kith schedule solve: %s\n%s", what, help);
    return CMD_USAGE;
}

static const char *read_seconds(const char *text, double *ret)
{
    char *end;
    *ret = strtod(text, &end);
    bool good = end != text && *end == '\0' && isfinite(*ret) && *ret > 0 && *ret <= SECONDS_MOST;
    return good ? NULL : "--cpu-seconds takes a number above 0";
}

static const char *read_seed(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    bool good = end != text && *end == '\0' && errno == 0 && text[0] != '-';
    return good ? NULL : "--seed takes a whole number from 0 on";
}

/* One option; NULL, or what is wrong with it. */
static const char *take(struct options *o, int c, const char *text)
{
    switch (c) {
    case 'x':
        o->archive = text;
        return NULL;
    case 'i':
        o->instance = text;
        return NULL;
    case 'b':
        o->start = text;
        return NULL;
    case 'o':
        o->out = text;
        return NULL;
    case 'j':
        o->json = true;
        return NULL;
    case 'c':
        return read_seconds(text, &o->run.cpu_seconds);
    case 'n':
        return run_rounds_parse(text, &o->run.rounds) == KITH_OK
                   ? NULL
                   : "--iterations takes whole numbers above 0, with commas between them";
    case 's':
        return read_seed(text, &o->run.seed);
    case 't':
        o->run.threads = strcmp(text, "2") == 0 ? 2 : 1;
        return strcmp(text, "1") == 0 || strcmp(text, "2") == 0 ? NULL : "--threads takes 1 or 2";
    default:
        return "the option is not known or lacks its value";
    }
}

int cmd_solve(int argc, char **argv)
{
    static const struct option long_options[] = {{"xhstt", required_argument, NULL, 'x'},
                                                 {"instance", required_argument, NULL, 'i'},
                                                 {"cpu-seconds", required_argument, NULL, 'c'},
                                                 {"iterations", required_argument, NULL, 'n'},
                                                 {"seed", required_argument, NULL, 's'},
                                                 {"threads", required_argument, NULL, 't'},
                                                 {"start", required_argument, NULL, 'b'},
                                                 {"out", required_argument, NULL, 'o'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    struct options o = {0};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return CMD_DONE;
        }
        const char *wrong = take(&o, c, optarg);
        if (wrong)
            return usage(wrong);
    }
    if (optind < argc || !o.archive || !o.out)
        return usage(optind < argc ? "too many arguments" : "--xhstt and --out are needed");
    if (o.run.cpu_seconds > 0 && o.run.rounds.n > 0)
        return usage("--cpu-seconds and --iterations exclude each other");
    if (o.run.cpu_seconds <= 0 && o.run.rounds.n == 0)
        o.run.cpu_seconds = SECONDS_DEFAULT;
    return solve(&o);
}
