/* SPDX-License-Identifier: Apache-2.0 */
/* kith-risk-cmd: the subcommands of `kith` that risk owns. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/clock.h"
#include "kith/daemon.h"
#include "kith/table.h"
#include "risk/answer.h"
#include "risk/contacts.h"
#include "risk/store.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 };

#define ANSWER_MS 10000

static const char contact_help[] =
    "Usage: kith contact add --student N --by WHO [--kind KIND] [--date YYYY-MM-DD]\n"
    "                        [--note TEXT] [--district N]\n"
    "       kith contact add --file FILE [--district N]\n"
    "\n"
    "Logs that an adult spoke with a student. N is Kith's number of the student, as `kith risk "
    "list` shows it and `kith student find` finds it. KIND: conversation (the\n"
    "default), call, visit, message. DATE: a local school day, the district's today by default. "
    "The note stays with risk: no message, log\n"
    "or mail holds it. --district is needed when there are several.\n"
    "FILE holds a JSON object a line: student, date, kind, by, note (as above); the same line "
    "again "
    "changes nothing.\n"
    "Exit status: 0 logged, 1 refused or failed, 2 usage.\n";

static const char list_help[] =
    "Usage: kith risk list [--district N] [--all] [--json]\n"
    "\n"
    "The open flags, urgent ones first; with --all also those that were cleared. value and "
    "threshold: days in a row, permille of attended\n"
    "days, or school days without contact, by rule.\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

static int usage(const char *help, const char *what)
{
    (void)fprintf(stderr, "kith: %s\n%s", what, help);
    return USAGE;
}

static int fail(const char *what, kith_err err, const struct kith_why *why)
{
    (void)fprintf(stderr, "kith: %s: %s\n", what, why->text[0] ? why->text : kith_err_text(err));
    return FAILED;
}

/* ---- questions to the database ---- */

struct question {
    bool done;
    kith_err err;
    struct kith_why why;
};

static void on_done(void *ctx, kith_err err, const struct kith_why *why)
{
    struct question *q = ctx;
    q->done = true;
    q->err = err;
    if (err != KITH_OK && why)
        q->why = *why;
}

/* Run `job` and wait. `q` must outlive the pool when this fails. */
static kith_err ask(struct kith_client *client, struct kith_db *db, struct kith_job *job,
                    struct question *q, struct kith_why *why)
{
    kith_err err = kith_db_run(db, job, on_done, q);
    if (err == KITH_OK)
        err = kith_loop_run_until(kith_client_loop(client), &q->done, ANSWER_MS);
    if (err == KITH_OK && q->err != KITH_OK) {
        err = q->err;
        *why = q->why;
    }
    return err;
}

struct districts {
    int32_t number[1024];
    int32_t as_of[1024];
    size_t n;
};

static void on_district(void *ctx, const struct risk_district_row *row)
{
    struct districts *list = ctx;
    if (list->n == KITH_LEN(list->number))
        return;
    list->number[list->n] = row->district;
    list->as_of[list->n++] = row->as_of;
}

static kith_err find_districts(struct kith_client *client, struct kith_db *db, struct question *q,
                               struct districts *list, struct kith_why *why)
{
    struct risk_district_query query = {on_district, list};
    struct kith_job *job = NULL;
    kith_err err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    risk_store_list_districts(job, &query);
    return ask(client, db, job, q, why);
}

/* ---- kith risk list ---- */

static void on_flag(void *ctx, const struct risk_flag_row *row)
{
    struct kith_table *table = ctx;
    const struct risk_flag *f = &row->flag;
    char number[6][24];
    char since[11];
    char opened[25];
    (void)snprintf(number[0], sizeof(number[0]), "%" PRId32, row->district);
    (void)snprintf(number[1], sizeof(number[1]), "%" PRId64, f->student_id);
    (void)snprintf(number[2], sizeof(number[2]), "%" PRId64, f->school_id);
    (void)snprintf(number[3], sizeof(number[3]), "%" PRId32, f->value);
    (void)snprintf(number[4], sizeof(number[4]), "%" PRId32, f->threshold);
    (void)snprintf(number[5], sizeof(number[5]), "%" PRId32, f->episode);
    kith_date_format(f->since, since);
    kith_instant_format(row->opened_us, opened);
    const char *cells[] = {number[0], number[1], number[2], risk_rule_name(f->rule),
                           since,     number[3], number[4], f->open ? "open" : "cleared",
                           number[5], opened};
    (void)!kith_table_row(table, cells);
}

static kith_err list_flags(struct kith_client *client, struct kith_db *db, int32_t district,
                           bool all, struct kith_table *table, struct kith_why *why)
{
    static struct question questions[2]; /* static: a pool that answers late finds them */
    static struct districts list;
    struct risk_flag_query query = {on_flag, table};
    struct kith_job *job = NULL;
    kith_err err = KITH_OK;
    if (district > 0)
        list = (struct districts){.number = {district}, .n = 1};
    else
        err = find_districts(client, db, &questions[0], &list, why);
    if (err == KITH_OK)
        err = kith_job_new(&job);
    if (err != KITH_OK || list.n == 0) {
        kith_job_free(job);
        return err;
    }
    kith_job_scope(job, list.number, list.n);
    for (size_t i = 0; i < list.n; i++)
        risk_store_list_flags(job, list.number[i], all, &query);
    return ask(client, db, job, &questions[1], why);
}

static int risk_list(int32_t district, bool all, bool json)
{
    static const struct kith_column columns[] = {
        {"district_id", "DISTRICT", true},
        {"student_id", "STUDENT", true},
        {"school_id", "SCHOOL", true},
        {"rule", "RULE", false},
        {"since", "SINCE", false},
        {"value", "VALUE", true},
        {"threshold", "THRESHOLD", true},
        {"state", "STATE", false},
        {"episode", "EPISODE", true},
        {"opened_at", "OPENED", false},
        {0},
    };
    struct kith_why why = {0};
    kith_auto(kith_client) client = NULL;
    kith_auto(kith_table) table = NULL;
    struct kith_db *db = NULL;
    kith_err err = kith_table_new(columns, &table);
    if (err == KITH_OK)
        err = kith_client_open(NULL, &client, &why);
    if (err == KITH_OK)
        err = kith_client_db(client, risk_console_statements, &db, &why);
    if (err == KITH_OK)
        err = list_flags(client, db, district, all, table, &why);
    kith_db_free(db);
    if (err == KITH_OK)
        err = kith_table_print(table, stdout, json, "no flags");
    return err == KITH_OK ? DONE : fail("risk list", err, &why);
}

/* ---- kith contact add ---- */

struct contact_options {
    const char *student, *date, *kind, *by, *note, *district;
    char found_district[12]; /* what `district` and `date` point to when they were left out */
    char found_date[11];
};

/* What was left out: the only district there is, its date. Returns NULL, or what is missing. */
static const char *complete(struct contact_options *o, const struct districts *list)
{
    size_t at = 0;
    if (!o->district) {
        if (list->n == 0)
            return "risk has judged no district yet";
        if (list->n > 1)
            return "there are several districts; name one with --district";
        (void)snprintf(o->found_district, sizeof(o->found_district), "%" PRId32, list->number[0]);
        o->district = o->found_district;
    }
    while (at < list->n && strtol(o->district, NULL, 10) != list->number[at])
        at++;
    if (!o->date) {
        if (at == list->n)
            return "risk has not judged this district yet; give the day with --date";
        kith_date_format(list->as_of[at], o->found_date);
        o->date = o->found_date;
    }
    return NULL;
}

static kith_err send_contact(struct kith_client *client, struct contact_options *o,
                             struct risk_answer *answer, struct kith_why *why)
{
    static struct question question;
    static struct districts list;
    if (!o->district || !o->date) {
        struct kith_db *db = NULL;
        kith_err err = kith_client_db(client, risk_console_statements, &db, why);
        if (err == KITH_OK)
            err = find_districts(client, db, &question, &list, why);
        kith_db_free(db);
        if (err != KITH_OK)
            return err;
        const char *missing = complete(o, &list);
        if (missing) {
            kith_why_set(why, "%s", missing);
            return KITH_EINVAL;
        }
    }
    const char *args[] = {"district",
                          o->district,
                          "student",
                          o->student,
                          "date",
                          o->date,
                          "kind",
                          o->kind,
                          "by",
                          o->by,
                          o->note ? "note" : NULL,
                          o->note,
                          NULL};
    return risk_ask(client, "contact.add", args, answer, why);
}

static int contact_add(struct contact_options *o)
{
    struct kith_why why = {0};
    struct risk_answer answer = {0};
    kith_auto(kith_client) client = NULL;
    kith_err err = kith_client_open(NULL, &client, &why);
    if (err == KITH_OK)
        err = send_contact(client, o, &answer, &why);
    if (err != KITH_OK)
        return fail("contact add", err, &why);
    if (!answer.done) {
        (void)fprintf(stderr, "kith: contact add: %s\n", answer.text);
        return FAILED;
    }
    (void)printf("%s\n", answer.text);
    return DONE;
}

static int contact_file(const char *path, const char *district)
{
    struct kith_why why = {0};
    static struct question question;
    static struct districts list;
    struct contact_options only = {.date = ""};
    kith_auto(kith_client) client = NULL;
    kith_err err = kith_client_open(NULL, &client, &why);
    if (err == KITH_OK && !district) {
        struct kith_db *db = NULL;
        err = kith_client_db(client, risk_console_statements, &db, &why);
        if (err == KITH_OK)
            err = find_districts(client, db, &question, &list, &why);
        kith_db_free(db);
        const char *missing = err == KITH_OK ? complete(&only, &list) : NULL;
        if (missing) {
            kith_why_set(&why, "%s", missing);
            err = KITH_EINVAL;
        }
        district = only.district;
    }
    if (err == KITH_OK)
        err = risk_contacts_send(client, path, district, &why);
    return err == KITH_OK ? DONE : fail("contact add", err, &why);
}

/* ---- options ---- */

static int contact_main(int argc, char **argv)
{
    static const struct option options[] = {
        {"student", required_argument, NULL, 's'},
        {"date", required_argument, NULL, 'd'},
        {"kind", required_argument, NULL, 'k'},
        {"by", required_argument, NULL, 'b'},
        {"note", required_argument, NULL, 'n'},
        {"district", required_argument, NULL, 'D'},
        {"file", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct contact_options o = {.kind = "conversation"};
    const char *file = NULL;
    int c;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (c) {
        case 's':
            o.student = optarg;
            break;
        case 'd':
            o.date = optarg;
            break;
        case 'k':
            o.kind = optarg;
            break;
        case 'b':
            o.by = optarg;
            break;
        case 'n':
            o.note = optarg;
            break;
        case 'f':
            file = optarg;
            break;
        case 'D':
            o.district = optarg;
            break;
        case 'h':
            (void)fputs(contact_help, stdout);
            return DONE;
        default:
            (void)fputs(contact_help, stderr);
            return USAGE;
        }
    }
    if (optind + 1 != argc || strcmp(argv[optind], "add") != 0)
        return usage(contact_help, "contact: the only verb is `add`");
    if (file)
        return contact_file(file, o.district);
    if (!o.student || !o.by)
        return usage(contact_help, "contact add: --student and --by are needed");
    return contact_add(&o);
}

static int list_main(int argc, char **argv)
{
    static const struct option options[] = {
        {"district", required_argument, NULL, 'D'},
        {"all", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int32_t district = 0;
    bool all = false;
    bool json = false;
    int c;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        char *end = NULL;
        long number = 0;
        switch (c) {
        case 'D':
            errno = 0;
            number = strtol(optarg, &end, 10);
            if (errno != 0 || *end != '\0' || number < 1 || number > INT32_MAX)
                return usage(list_help, "risk list: --district needs a number");
            district = (int32_t)number;
            break;
        case 'a':
            all = true;
            break;
        case 'j':
            json = true;
            break;
        case 'h':
            (void)fputs(list_help, stdout);
            return DONE;
        default:
            (void)fputs(list_help, stderr);
            return USAGE;
        }
    }
    if (optind + 1 != argc || strcmp(argv[optind], "list") != 0)
        return usage(list_help, "risk: the only verb is `list`");
    return risk_list(district, all, json);
}

/* Called by `kith` with the subcommand as argv[1]. */
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "contact") == 0)
        return contact_main(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "risk") == 0)
        return list_main(argc - 1, argv + 1);
    return usage("", "kith-risk-cmd knows the subcommands `contact` and `risk`; use `kith`");
}
