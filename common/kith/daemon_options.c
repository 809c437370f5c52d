/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/daemon_internal.h"

enum { DONE = 0, USAGE = 2 };

static void print_help(const char *name, const struct kith_cfg_section *sections)
{
    printf("Usage: kith-%s [--config FILE]\n\n"
           "  --config FILE    configuration (default: $KITH_HOME/kith.conf; without both, the\n"
           "                   environment alone)\n"
           "  --check-config   say whether the configuration is good, and end\n"
           "  --sample-config  print a configuration with every setting explained, and end\n"
           "  --version        print the version, and end\n"
           "  --help           print this, and end\n",
           name);
    const char *last = "";
    for (const struct kith_cfg_section *s = sections; s->name; s++) {
        if (strcmp(last, s->name) != 0)
            printf("\nSettings of [%s], in the file or as KITH_<SECTION>_<KEY>:\n", s->name);
        last = s->name;
        for (const struct kith_cfg_key *k = s->keys; k->name; k++)
            printf("  %-22s %s%s%s%s\n", k->name, k->help ? k->help : "",
                   k->fallback && *k->fallback ? " Default: " : "",
                   k->fallback && *k->fallback ? k->fallback : "", k->fallback ? "" : " Required.");
    }
    printf("\nSIGTERM drains and ends, SIGHUP reads keys and reloadable settings again.\n"
           "Exit status: 0 ended as asked, 1 failed with a message, 2 wrong use.\n");
}

/* One option; false = end with *status. */
static bool take(struct kith_options *o, int option, const struct kith_cfg_section *sections,
                 const char *name, int *status)
{
    *status = DONE;
    switch (option) {
    case 'c':
        o->config = optarg;
        return true;
    case 'k':
        o->check_config = true;
        return true;
    case 's':
        o->sample_config = true;
        return true;
    case 'v':
        printf("kith-%s %s\n", name, KITH_VERSION);
        return false;
    case 'h':
        print_help(name, sections);
        return false;
    default: /* getopt has said what is wrong */
        (void)fprintf(stderr, "kith-%s: see --help\n", name);
        *status = USAGE;
        return false;
    }
}

bool kith_options_parse(struct kith_options *o, const struct kith_cfg_section *sections,
                        const char *name, int argc, char **argv, int *status)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"check-config", no_argument, NULL, 'k'},
        {"sample-config", no_argument, NULL, 's'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},          {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take(o, option, sections, name, status))
            return false;
    if (optind < argc) {
        (void)fprintf(stderr, "kith-%s: unexpected argument '%s'; see --help\n", name,
                      argv[optind]);
        *status = USAGE;
        return false;
    }
    return true;
}
