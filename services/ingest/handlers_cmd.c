/* SPDX-License-Identifier: Apache-2.0 */
/* `kith district`, `kith key`, `kith meaning`, `kith ingest`, `kith quarantine`: commands to the running daemon, and what it answers as a table. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ingest/cmd.h"
#include "ingest/store.h"
#include "kith/clock.h"
#include "kith/msg.h"
#include "kith/table.h"
#include "kith/v1/envelope.pb-c.h"

int ingest_cmd_fail(const char *what, kith_err err, const struct kith_why *why)
{
    (void)fprintf(stderr, "kith %s: %s\n  %s\n", what,
                  why && why->text[0] ? why->text : kith_err_text(err), kith_err_advice(err));
    return CMD_FAILED;
}

int ingest_cmd_usage(const char *what)
{
    (void)fprintf(stderr, "Run `kith %s --help`.\n", what);
    return CMD_USAGE;
}

bool ingest_cmd_home_file(const char *name, char *path, size_t size)
{
    const char *home = getenv("KITH_HOME");
    if (!home)
        return false;
    int n = snprintf(path, size, "%s/%s", home, name);
    return n > 0 && (size_t)n < size;
}

/* Columns that are always numbers, as JSON too. */
static bool is_number(const char *column)
{
    static const char *const names[] = {"district", "today", "count"};
    for (size_t i = 0; i < KITH_LEN(names); i++)
        if (strcmp(names[i], column) == 0)
            return true;
    return false;
}

static kith_err print_reply(const Kith__V1__CommandReply *reply, bool json, const char *empty)
{
    struct kith_column columns[16] = {{0}};
    char titles[15][32];
    if (reply->n_columns == 0)
        return KITH_OK;
    for (size_t i = 0; i < reply->n_columns && i < 15; i++) {
        size_t n = 0;
        for (; reply->columns[i][n] && n < sizeof(titles[i]) - 1; n++) {
            char c = reply->columns[i][n];
            titles[i][n] = (char)(c == '_' ? ' ' : c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        titles[i][n] = '\0';
        columns[i] =
            (struct kith_column){reply->columns[i], titles[i], is_number(reply->columns[i])};
    }
    kith_auto(kith_table) table = NULL;
    kith_err err = kith_table_new(columns, &table);
    for (size_t i = 0; i < reply->n_rows && err == KITH_OK; i++) {
        const char *cells[16] = {NULL};
        for (size_t k = 0; k < reply->rows[i]->n_cells && k < 15; k++)
            cells[k] = reply->rows[i]->cells[k];
        err = kith_table_row(table, cells);
    }
    return err == KITH_OK ? kith_table_print(table, stdout, json, empty) : err;
}

/* Send one command, print its answer. `reply_out` (may be NULL): the caller's, to kith_msg_free. */
static int command(const char *what, const char *verb, const char *const *args, bool json,
                   kith_envelope **reply_out)
{
    kith_auto(kith_client) client = NULL;
    struct kith_why why = {{0}};
    kith_envelope *env = NULL;
    kith_err err = kith_client_open(NULL, &client, &why);
    if (err == KITH_OK)
        err = kith_client_command(client, "ingest", verb, args, &env, &why);
    if (err != KITH_OK)
        return ingest_cmd_fail(what, err, &why);
    int status = CMD_DONE;
    const Kith__V1__CommandReply *reply = env->reply;
    if (reply->status != 0) {
        (void)fprintf(stderr, "kith %s: %s\n", what, reply->text);
        status = CMD_FAILED;
    } else {
        err = print_reply(reply, json, "none");
        if (!json && reply->text[0] && err == KITH_OK)
            (void)printf("%s\n", reply->text);
        if (err != KITH_OK)
            status = ingest_cmd_fail(what, err, NULL);
    }
    if (reply_out && status == CMD_DONE)
        *reply_out = KITH_TAKE(env);
    kith_msg_free(env);
    return status;
}

/* ---- options common to all ---- */

struct options {
    bool json;
    bool native;
    bool save;
    bool help;
    const char *district;
    const char *name;
    const char *zone;
    const char *email;
    const char *label;
    const char *key_file;
    const char *school;
};

enum { JSON = 256, NATIVE, SAVE, DISTRICT, NAME, ZONE, EMAIL, LABEL, KEY, SCHOOL };

static const struct option long_options[] = {
    {"json", no_argument, NULL, JSON},
    {"zmq", no_argument, NULL, NATIVE},
    {"save", no_argument, NULL, SAVE},
    {"district", required_argument, NULL, DISTRICT},
    {"name", required_argument, NULL, NAME},
    {"time-zone", required_argument, NULL, ZONE},
    {"default-adult", required_argument, NULL, EMAIL},
    {"label", required_argument, NULL, LABEL},
    {"key", required_argument, NULL, KEY},
    {"school", required_argument, NULL, SCHOOL},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){.district = "1"};
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (c) {
        case JSON:
            o->json = true;
            break;
        case NATIVE:
            o->native = true;
            break;
        case SAVE:
            o->save = true;
            break;
        case DISTRICT:
            o->district = optarg;
            break;
        case NAME:
            o->name = optarg;
            break;
        case ZONE:
            o->zone = optarg;
            break;
        case EMAIL:
            o->email = optarg;
            break;
        case LABEL:
            o->label = optarg;
            break;
        case KEY:
            o->key_file = optarg;
            break;
        case SCHOOL:
            o->school = optarg;
            break;
        case 'h':
            o->help = true;
            return true;
        default:
            return false;
        }
    }
    return true;
}

static int show_help(const char *text)
{
    (void)fputs(text, stdout);
    return CMD_DONE;
}

/* ---- kith district ---- */

static const char district_help[] =
    "Usage: kith district create --name NAME --time-zone ZONE --default-adult EMAIL [--json]\n"
    "       kith district list [--json]\n"
    "\n"
    "A district is a tenant: its own numbers, keys, clients and alerts. ZONE is an IANA name such "
    "as\n"
    "America/Chicago. EMAIL gets the alerts for which no other adult is known. Creating one of "
    "the\n"
    "same name again changes nothing.\n";

int ingest_cmd_district(int argc, char **argv)
{
    struct options o;
    if (!parse(&o, argc, argv))
        return ingest_cmd_usage("district");
    const char *verb = optind < argc ? argv[optind] : "";
    if (o.help)
        return show_help(district_help);
    if (strcmp(verb, "list") == 0)
        return command("district list", "district.list", (const char *const[]){NULL}, o.json, NULL);
    if (strcmp(verb, "create") != 0 || !o.name || !o.zone || !o.email)
        return ingest_cmd_usage("district");
    return command(
        "district create", "district.create",
        (const char *const[]){"name", o.name, "time_zone", o.zone, "default_email", o.email, NULL},
        o.json, NULL);
}

/* ---- kith key ---- */

static const char key_help[] =
    "Usage: kith key new --label LABEL [--district N] [--save] [--json]\n"
    "       kith key new --zmq --label LABEL [--district N] [--key FILE] [--json]\n"
    "       kith key list [--json]\n"
    "       kith key revoke CLIENT_ID\n"
    "\n"
    "Who may push. `new` makes an Ed-Fi client (id and secret; the secret is shown once) or, with\n"
    "--zmq, a CURVE key pair in FILE (default: client.key of KITH_HOME) whose public half is\n"
    "registered. --save keeps an Ed-Fi client as the default of `kith push` (client.conf of "
    "KITH_HOME).\n"
    "`revoke` ends a client's tokens and connections at once.\n";

static int save_client(const Kith__V1__CommandReply *reply)
{
    char path[PATH_MAX];
    char partial[PATH_MAX];
    if (!ingest_cmd_home_file("client.conf", path, sizeof(path)) ||
        !ingest_cmd_home_file("client.conf.new", partial, sizeof(partial))) {
        (void)fputs("kith key new: --save needs KITH_HOME\n", stderr);
        return CMD_FAILED;
    }
    int fd = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = file && fprintf(file, "client_id = %s\nclient_secret = %s\n",
                              reply->rows[0]->cells[0], reply->rows[0]->cells[1]) > 0;
    ok = file && fclose(file) == 0 && ok;
    ok = ok && rename(partial, path) == 0;
    if (!ok)
        (void)fprintf(stderr, "kith key new: %s: %s\n", path, strerror(errno));
    return ok ? CMD_DONE : CMD_FAILED;
}

static int key_new(const struct options *o)
{
    struct kith_keypair pair;
    struct kith_why why = {{0}};
    char path[PATH_MAX];
    const char *file = o->key_file;
    if (o->native && !file && ingest_cmd_home_file("client.key", path, sizeof(path)))
        file = path;
    if (o->native && !file) {
        (void)fputs("kith key new: --zmq needs --key FILE or KITH_HOME\n", stderr);
        return CMD_USAGE;
    }
    kith_err err = KITH_OK;
    if (o->native && access(file, F_OK) == 0)
        err = kith_keypair_load(file, &pair, &why); /* an existing pair is used, never replaced */
    else if (o->native) {
        err = kith_keypair_make(&pair);
        if (err == KITH_OK)
            err = kith_keypair_save(file, &pair);
    }
    if (err != KITH_OK)
        return ingest_cmd_fail("key new", err, &why);
    kith_envelope *env = NULL;
    int status =
        command("key new", "key.new",
                (const char *const[]){"district", o->district, "label", o->label,
                                      o->native ? "curve_key" : NULL, pair.public_key, NULL},
                o->json, &env);
    if (status == CMD_DONE && o->save && !o->native)
        status = save_client(env->reply);
    kith_msg_free(env);
    return status;
}

int ingest_cmd_key(int argc, char **argv)
{
    struct options o;
    if (!parse(&o, argc, argv))
        return ingest_cmd_usage("key");
    const char *verb = optind < argc ? argv[optind] : "";
    if (o.help)
        return show_help(key_help);
    if (strcmp(verb, "list") == 0)
        return command("key list", "key.list", (const char *const[]){NULL}, o.json, NULL);
    if (strcmp(verb, "revoke") == 0 && optind + 1 < argc)
        return command("key revoke", "key.revoke",
                       (const char *const[]){"client_id", argv[optind + 1], NULL}, o.json, NULL);
    if (strcmp(verb, "new") == 0 && o.label)
        return key_new(&o);
    return ingest_cmd_usage("key");
}

/* ---- kith meaning ---- */

static const char meaning_help[] =
    "Usage: kith meaning set KIND CODE MEANING [--district N]\n"
    "\n"
    "What a district's descriptor code means. KIND attendance: present, absent_excused,\n"
    "absent_unexcused, tardy, partial, early_departure, ignore. KIND calendar: instructional,\n"
    "no_school. KIND staff: a role such as principal. KIND cohort: advisory, other. A code without "
    "a\n"
    "meaning is stored and counted (`kith status` shows it), never guessed.\n";

int ingest_cmd_meaning(int argc, char **argv)
{
    struct options o;
    if (!parse(&o, argc, argv))
        return ingest_cmd_usage("meaning");
    if (o.help)
        return show_help(meaning_help);
    if (argc - optind != 4 || strcmp(argv[optind], "set") != 0)
        return ingest_cmd_usage("meaning");
    return command("meaning set", "meaning.set",
                   (const char *const[]){"district", o.district, "kind", argv[optind + 1], "code",
                                         argv[optind + 2], "meaning", argv[optind + 3], NULL},
                   o.json, NULL);
}

/* ---- kith student ---- */

static const char student_help[] =
    "Usage: kith student find STUDENT_UNIQUE_ID [--district N] [--json]\n"
    "\n"
    "Kith's number of the student whom the SIS calls so: the one that flags, alerts and contacts "
    "use.\n";

int ingest_cmd_student(int argc, char **argv)
{
    struct options o;
    if (!parse(&o, argc, argv))
        return ingest_cmd_usage("student");
    if (o.help)
        return show_help(student_help);
    if (argc - optind != 2 || strcmp(argv[optind], "find") != 0)
        return ingest_cmd_usage("student");
    return command(
        "student find", "student.find",
        (const char *const[]){"district", o.district, "student_unique_id", argv[optind + 1], NULL},
        o.json, NULL);
}

/* ---- kith ingest ---- */

static const char ingest_help[] =
    "Usage: kith ingest health [--district N] [--json]\n"
    "       kith ingest policy set NAME VALUE|default [--school ID] [--district N]\n"
    "       kith ingest policy list [--district N] [--json]\n"
    "\n"
    "health: what each school sent today against what is usual there, and what of the district "
    "needs a\n"
    "look: messages and packages in quarantine, rows that wait for a roster, codes without a "
    "meaning,\n"
    "events of students who are not enrolled. States: ok, thin (less than a quarter of what is "
    "usual),\n"
    "late (nothing by the time it is due; the district's default adult is told, and alerts about\n"
    "attendance there are held), quiet (nothing, which may well be), not_due, no_school, "
    "no_calendar.\n"
    "policy: what the district says of its own ways:\n"
    "  attendance_due  10:00 or never: by when attendance is expected; also of one school\n"
    "  attendance      negative (only what is not presence is sent) or positive (presence too: a "
    "day\n"
    "                  without a mark was not taken, and does not count)\n"
    "  day_status      which of a day's marks is believed, the most believed first; the default "
    "is\n"
    "                  tardy,early_departure,partial,absent_excused,absent_unexcused,present\n"
    "  partial_absent  50% or off: a partial day or early departure counts as an excused absence "
    "when\n"
    "                  its eventDuration says that so much of the day was missed; for what is "
    "pushed\n"
    "                  from then on\n"
    "Exit status of health: 0, also when a school is late; 1 when it cannot be asked.\n";

int ingest_cmd_ingest(int argc, char **argv)
{
    struct options o;
    if (!parse(&o, argc, argv))
        return ingest_cmd_usage("ingest");
    if (o.help)
        return show_help(ingest_help);
    const char *const *words = (const char *const *)argv + optind;
    int n = argc - optind;
    if (n == 1 && strcmp(words[0], "health") == 0) {
        int status = command("ingest health", "ingest.health",
                             (const char *const[]){"district", o.district, NULL}, o.json, NULL);
        if (status == CMD_DONE && !o.json)
            (void)putchar('\n');
        return status == CMD_DONE
                   ? command("ingest health", "ingest.counts",
                             (const char *const[]){"district", o.district, NULL}, o.json, NULL)
                   : status;
    }
    if (n == 2 && strcmp(words[0], "policy") == 0 && strcmp(words[1], "list") == 0)
        return command("ingest policy", "policy.list",
                       (const char *const[]){"district", o.district, NULL}, o.json, NULL);
    if (n == 4 && strcmp(words[0], "policy") == 0 && strcmp(words[1], "set") == 0)
        return command("ingest policy", "policy.set",
                       (const char *const[]){"district", o.district, "name", words[2], "value",
                                             strcmp(words[3], "default") == 0 ? "" : words[3],
                                             "school", o.school ? o.school : "", NULL},
                       o.json, NULL);
    return ingest_cmd_usage("ingest");
}

/* ---- kith quarantine ---- */

static const char quarantine_help[] = "Usage: kith quarantine list [--district N] [--json]\n"
                                      "\n"
                                      "What the native door could not understand: when, from which "
                                      "client, why. The bytes stay in the\n"
                                      "table ingest.quarantine until they are deleted there.\n";

struct listing {
    struct kith_table *table;
    kith_err err;
    bool done;
};

static void on_quarantine(void *ctx, const struct kith_rows *rows)
{
    struct listing *l = ctx;
    for (size_t i = 0; i < kith_rows_n(rows) && l->err == KITH_OK; i++) {
        char num[24];
        char at[25];
        kith_err code = -(kith_err)kith_rows_int(rows, i, 3);
        (void)snprintf(num, sizeof(num), "%lld", (long long)kith_rows_int(rows, i, 0));
        kith_instant_format(kith_rows_int(rows, i, 1), at);
        l->err = kith_table_row(l->table, (const char *const[]){num, at, kith_rows_text(rows, i, 2),
                                                                kith_err_name(code),
                                                                kith_rows_text(rows, i, 4)});
    }
}

static void on_listed(void *ctx, kith_err err, const struct kith_why *why)
{
    struct listing *l = ctx;
    (void)why;
    if (l->err == KITH_OK)
        l->err = err;
    l->done = true;
}

static const struct kith_column quarantine_columns[] = {
    {"num", "NUM", true},    {"at", "AT", false},         {"client_id", "CLIENT", false},
    {"code", "CODE", false}, {"reason", "REASON", false}, {0},
};

static kith_err quarantine_list(const struct options *o, struct kith_why *why)
{
    kith_auto(kith_client) client = NULL;
    kith_auto(kith_db) db = NULL;
    kith_auto(kith_table) table = NULL;
    struct kith_job *job = NULL;
    struct listing l = {0};
    kith_err err = kith_client_open(NULL, &client, why);
    if (err == KITH_OK)
        err = kith_client_db(client, ingest_console_statements, &db, why);
    if (err == KITH_OK)
        err = kith_table_new(quarantine_columns, &table);
    if (err == KITH_OK)
        err = kith_job_new(&job);
    if (err != KITH_OK)
        return err;
    l.table = table;
    ingest_store_quarantine_list(job, (int32_t)strtol(o->district, NULL, 10), on_quarantine, &l);
    err = kith_db_run(db, job, on_listed, &l);
    if (err == KITH_OK)
        err = kith_loop_run_until(kith_client_loop(client), &l.done, 30000);
    if (err == KITH_OK)
        err = l.err;
    return err == KITH_OK ? kith_table_print(table, stdout, o->json, "Nothing is in quarantine.")
                          : err;
}

int ingest_cmd_quarantine(int argc, char **argv)
{
    struct options o;
    struct kith_why why = {{0}};
    if (!parse(&o, argc, argv))
        return ingest_cmd_usage("quarantine");
    if (o.help)
        return show_help(quarantine_help);
    if (optind >= argc || strcmp(argv[optind], "list") != 0)
        return ingest_cmd_usage("quarantine");
    kith_err err = quarantine_list(&o, &why);
    return err == KITH_OK ? CMD_DONE : ingest_cmd_fail("quarantine", err, &why);
}
