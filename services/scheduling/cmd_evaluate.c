/* SPDX-License-Identifier: Apache-2.0 */
/* kith schedule evaluate */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "kith/table.h"
#include "scheduling/cmd.h"
#include "scheduling/xhstt.h"

static const char help[] =
    "Usage: kith schedule evaluate --xhstt FILE[.gz] [--instance ID] [--solution FILE[.gz]] "
    "[--detail] [--json]\n"
    "\n"
    "Prints the cost (infeasibility, objective) of each solution in the archive, or of those in "
    "the given file, for the first instance\n"
    "of the archive or the one with that ID. --detail: what each constraint costs where it costs "
    "anything.\n"
    "Exit status: 0 done, 1 the file cannot be read or holds no solution, 2 usage.\n";

static const struct kith_column columns[] = {{"instance", "INSTANCE", false},
                                             {"contributor", "CONTRIBUTOR", false},
                                             {"infeasibility", "INFEASIBILITY", true},
                                             {"objective", "OBJECTIVE", true},
                                             {0}};
static const struct kith_column detail_columns[] = {{"instance", "INSTANCE", false},
                                                    {"contributor", "CONTRIBUTOR", false},
                                                    {"constraint", "CONSTRAINT", false},
                                                    {"required", "REQUIRED", false},
                                                    {"points", "POINTS", true},
                                                    {"cost", "COST", true},
                                                    {0}};

struct options {
    const char *archive, *instance, *solution;
    bool detail, json;
};

static int complain(kith_err err, const char *path, const struct kith_why *why)
{
    const char *text = why->text[0] ? why->text : kith_err_text(err);
    bool named = strncmp(text, path, strlen(path)) == 0;
    (void)fprintf(stderr, "kith schedule evaluate: %s%s%s\n", named ? "" : path, named ? "" : ": ",
                  text);
    return CMD_FAILED;
}

static kith_err add_cost(struct kith_table *table, const struct state *s, const char *by)
{
    struct state_cost cost = state_recount(s);
    char hard[24];
    char soft[24];
    (void)snprintf(hard, sizeof(hard), "%" PRId64, cost.hard);
    (void)snprintf(soft, sizeof(soft), "%" PRId64, cost.soft);
    return kith_table_row(table, (const char *const[]){s->p->id, by, hard, soft});
}

static kith_err add_detail(struct kith_table *table, const struct state *s, const char *by)
{
    const struct problem *p = s->p;
    kith_err err = KITH_OK;
    for (int c = 0; c < p->constraint_n && err == KITH_OK; c++) {
        int64_t cost = 0;
        int points = 0;
        for (int m = 0; m < p->monitor_n; m++)
            if (p->monitors[m].constraint == c) {
                int64_t one = state_monitor(s, m);
                cost += one;
                points += one > 0;
            }
        if (cost == 0)
            continue;
        char text[2][24];
        (void)snprintf(text[0], sizeof(text[0]), "%d", points);
        (void)snprintf(text[1], sizeof(text[1]), "%" PRId64, cost);
        err = kith_table_row(table, (const char *const[]){p->id, by, p->constraints[c].id,
                                                          p->constraints[c].hard ? "yes" : "no",
                                                          text[0], text[1]});
    }
    return err;
}

static kith_err evaluate_all(const struct problem *p, const struct xml_node *solutions,
                             const struct options *options, struct kith_table *table,
                             struct kith_why *why)
{
    const struct xml_node *solution = xhstt_first(solutions, p);
    kith_err err = KITH_OK;
    if (!solution) {
        kith_why_set(why, "there is no solution of the instance '%s'", p->id);
        return KITH_ENOTFOUND;
    }
    for (; solution && err == KITH_OK; solution = xhstt_next(solution, p)) {
        kith_auto(state) s = NULL;
        const char *by = xhstt_contributor(solution);
        err = xhstt_state(p, solution, &s, why);
        if (err == KITH_OK)
            err = options->detail ? add_detail(table, s, by) : add_cost(table, s, by);
    }
    return err;
}

static int evaluate(const struct options *options)
{
    struct kith_why why = {""};
    kith_auto(xml_node) archive = NULL;
    kith_auto(xml_node) other = NULL;
    kith_auto(problem) p = NULL;
    kith_auto(kith_table) table = NULL;
    kith_err err = xml_read(options->archive, &archive, &why);
    if (err == KITH_OK)
        err = xhstt_problem(archive, options->instance, &p, &why);
    if (err != KITH_OK)
        return complain(err, options->archive, &why);
    const char *path = options->solution ? options->solution : options->archive;
    if (options->solution)
        err = xml_read(options->solution, &other, &why);
    if (err == KITH_OK)
        err = kith_table_new(options->detail ? detail_columns : columns, &table);
    if (err == KITH_OK)
        err = evaluate_all(p, other ? other : archive, options, table, &why);
    if (err == KITH_OK)
        err = kith_table_print(table, stdout, options->json, "no constraint costs anything");
    return err == KITH_OK ? CMD_DONE : complain(err, path, &why);
}

int cmd_evaluate(int argc, char **argv)
{
    static const struct option long_options[] = {{"xhstt", required_argument, NULL, 'x'},
                                                 {"instance", required_argument, NULL, 'i'},
                                                 {"solution", required_argument, NULL, 's'},
                                                 {"detail", no_argument, NULL, 'd'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    struct options options = {0};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'x')
            options.archive = optarg;
        else if (c == 'i')
            options.instance = optarg;
        else if (c == 's')
            options.solution = optarg;
        else if (c == 'd')
            options.detail = true;
        else if (c == 'j')
            options.json = true;
        else {
            (void)fputs(help, c == 'h' ? stdout : stderr);
            return c == 'h' ? CMD_DONE : CMD_USAGE;
        }
    }
    if (!options.archive || optind < argc) {
        (void)fputs(help, stderr);
        return CMD_USAGE;
    }
    return evaluate(&options);
}
