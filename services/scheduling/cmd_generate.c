/* SPDX-License-Identifier: Apache-2.0 */
/* kith schedule generate */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "scheduling/cmd.h"
#include "scheduling/us_generate.h"

static const char help[] = "Usage: kith schedule generate --students N --communities K --calendar "
                           "4x4|ab|periods7 [--seed S] --out DIR\n"
                           "\n"
                           "Writes a synthetic school: CSV files as services/scheduling/README.md "
                           "describes them, and in DIR/planted a schedule for it with no\n"
                           "hard violation, so that a lower bound of what can be reached is known. "
                           "The same options give the same school.\n"
                           "Exit status: 0 done, 1 refused or failed, 2 usage.\n";

static int usage(const char *what)
{
    (void)fprintf(stderr, "kith schedule generate: %s\n%s", what, help);
    return CMD_USAGE;
}

static bool read_number(const char *text, int *ret)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    *ret = (int)n;
    return end != text && *end == '\0' && errno == 0 && n > 0 && n <= 1000000;
}

static bool read_seed(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && text[0] != '-';
}

static const char *take(struct us_generate_opts *o, const char **out, int c, const char *text)
{
    switch (c) {
    case 'n':
        return read_number(text, &o->students) ? NULL : "--students takes a whole number above 0";
    case 'k':
        return read_number(text, &o->communities) ? NULL
                                                  : "--communities takes a whole number above 0";
    case 'c':
        return us_calendar_parse(text, &o->calendar) == KITH_OK
                   ? NULL
                   : "--calendar takes 4x4, ab or periods7";
    case 's':
        return read_seed(text, &o->seed) ? NULL : "--seed takes a whole number from 0 on";
    case 'o':
        *out = text;
        return NULL;
    default:
        return "the option is not known or lacks its value";
    }
}

int cmd_generate(int argc, char **argv)
{
    static const struct option long_options[] = {{"students", required_argument, NULL, 'n'},
                                                 {"communities", required_argument, NULL, 'k'},
                                                 {"calendar", required_argument, NULL, 'c'},
                                                 {"seed", required_argument, NULL, 's'},
                                                 {"out", required_argument, NULL, 'o'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    struct us_generate_opts o = {.communities = 1, .calendar = US_CALENDAR_4X4, .seed = 1};
    struct kith_why why = {""};
    const char *out = NULL;
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return CMD_DONE;
        }
        const char *wrong = take(&o, &out, c, optarg);
        if (wrong)
            return usage(wrong);
    }
    if (optind < argc || !out || o.students == 0)
        return usage(optind < argc ? "too many arguments" : "--students and --out are needed");
    kith_err err = us_generate(&o, out, &why);
    if (err == KITH_OK) {
        (void)printf("%d students in %d communities, in %s; a schedule without a hard violation is "
                     "in %s/planted\n",
                     o.students, o.communities, out, out);
        return CMD_DONE;
    }
    (void)fprintf(stderr, "kith schedule generate: %s\n",
                  why.text[0] ? why.text : kith_err_text(err));
    return CMD_FAILED;
}
