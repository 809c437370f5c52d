/* SPDX-License-Identifier: Apache-2.0 */
/* `kith push`: options, files in dependency order, what became of every row. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ingest/cmd.h"
#include "ingest/cmd_login.h"
#include "ingest/push.h"

static const char help[] =
    "Usage: kith push [options] FOLDER|FILE.jsonl...\n"
    "\n"
    "Sends Ed-Fi JSON lines as a SIS does. A file is named by its resource (students.jsonl); files "
    "go\n"
    "in dependency order, whatever the order given. Sending the same again changes nothing.\n"
    "\n"
    "  --url URL             base URL of ingest (default: client.conf of KITH_HOME, else "
    "kith.conf)\n"
    "  --client-id ID        OAuth2 client (default: KITH_CLIENT_ID, else client.conf)\n"
    "  --secret-file FILE    its secret (default: KITH_CLIENT_SECRET, else client.conf)\n"
    "  --connections N       HTTP requests at a time, 1..64 (default 8)\n"
    "  --zmq                 the native door: batches over ZeroMQ with CURVE\n"
    "  --endpoint E          with --zmq: tcp://HOST:PORT (default: kith.conf)\n"
    "  --server-key KEY      with --zmq: ingest's public key (default: the keys folder)\n"
    "  --key FILE            with --zmq: our key pair (default: client.key of KITH_HOME)\n"
    "  --batch N             with --zmq: rows in a batch, 1..5000 (default 500)\n"
    "  --spool FOLDER        with --zmq: where rows lie until they are acknowledged (default: "
    "push-spool of\n"
    "                        KITH_HOME); what an earlier push left there is sent first\n"
    "  --tries N             of one row or batch, before it is left unsent (default 10)\n"
    "  --kept FOLDER         where unsent and rejected rows are kept (default: kith-push-kept)\n"
    "  --json                one JSON object a resource\n"
    "\n"
    "Exit status: 0 every row arrived; 1 some were rejected or not sent (see FOLDER); 2 usage.\n"
    "`kith push FOLDER/unsent` sends the unsent ones later; those of the native door wait in the "
    "spool.\n";

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signum)
{
    (void)signum;
    interrupted = 1;
}

/* ---- rows ---- */

bool push_stopped(struct push *p)
{
    p->stop = p->stop || interrupted;
    return p->stop;
}

char *push_next(struct push *p, size_t *n, uint64_t *line)
{
    (void)push_stopped(p);
    char *text = NULL;
    size_t size = 0;
    for (;;) {
        ssize_t got = getline(&text, &size, p->in);
        if (got < 0)
            break;
        p->line++;
        while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == '\r' || text[got - 1] == ' '))
            text[--got] = '\0';
        if (got == 0)
            continue;
        if (p->stop) { /* interrupted: the rest of the file is unsent */
            push_settle(p, PUSH_UNSENT, text, p->line, "interrupted");
            continue;
        }
        *n = (size_t)got;
        *line = p->line;
        return text;
    }
    free(text);
    return NULL;
}

static FILE *kept_file(const struct push *p, const char *what)
{
    char path[PATH_MAX];
    (void)mkdir(p->options->kept, 0700);
    (void)snprintf(path, sizeof(path), "%s/%s", p->options->kept, what);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof(path), "%s/%s/%s.jsonl", p->options->kept, what, p->resource->name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "a") : NULL;
    if (!file) {
        if (fd >= 0)
            (void)close(fd);
        (void)fprintf(stderr, "kith push: cannot keep rows in %s: %s\n", path, strerror(errno));
    }
    return file;
}

void push_settle(struct push *p, enum push_fate fate, const char *row, uint64_t line,
                 const char *reason)
{
    p->fates[fate]++;
    kith_progress_update(&p->progress, p->line);
    if (fate != PUSH_REJECTED && fate != PUSH_UNSENT)
        return;
    if (!p->first_reason[0]) {
        (void)snprintf(p->first_reason, sizeof(p->first_reason), "%s", reason ? reason : "");
        p->first_line = line;
    }
    FILE **file = fate == PUSH_REJECTED ? &p->rejected : &p->unsent;
    if (!*file)
        *file = kept_file(p, fate == PUSH_REJECTED ? "rejected" : "unsent");
    if (*file)
        (void)fprintf(*file, "%s\n", row);
}

/* ---- files ---- */

struct source {
    char *path;
    const struct ingest_resource *resource;
};

struct sources {
    struct source *items;
    size_t n;
    bool unknown; /* a file named by no resource */
};

static bool add_file(struct sources *all, const char *path)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    size_t n = strlen(name);
    char resource[128];
    if (n < 7 || strcmp(name + n - 6, ".jsonl") != 0 || n - 6 >= sizeof(resource)) {
        (void)fprintf(stderr, "kith push: %s: a file is named RESOURCE.jsonl\n", path);
        return false;
    }
    memcpy(resource, name, n - 6);
    resource[n - 6] = '\0';
    const struct ingest_resource *r = ingest_resource_find(resource);
    if (!r) {
        (void)fprintf(stderr, "kith push: %s: there is no resource '%s'; the file is left out\n",
                      path, resource);
        all->unknown = true;
        return true;
    }
    struct source *bigger = realloc(all->items, (all->n + 1) * sizeof(*bigger));
    if (!bigger)
        return false;
    all->items = bigger;
    all->items[all->n] = (struct source){strdup(path), r};
    return all->items[all->n++].path != NULL;
}

static int is_jsonl(const struct dirent *entry)
{
    size_t n = strlen(entry->d_name);
    return n > 6 && strcmp(entry->d_name + n - 6, ".jsonl") == 0;
}

static bool add_path(struct sources *all, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        (void)fprintf(stderr, "kith push: %s: %s\n", path, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode))
        return add_file(all, path);
    struct dirent **entries;
    int n = scandir(path, &entries, is_jsonl, alphasort);
    bool ok = n > 0;
    if (!ok)
        (void)fprintf(stderr, "kith push: %s: no *.jsonl in it\n", path);
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];
        (void)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        ok = add_file(all, file) && ok;
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return ok;
}

static int by_order(const void *a, const void *b)
{
    const struct source *x = a;
    const struct source *y = b;
    int d = x->resource->order - y->resource->order;
    return d ? d : strcmp(x->path, y->path);
}

static uint64_t lines_in(FILE *file)
{
    uint64_t n = 0;
    char buffer[65536];
    size_t got;
    while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
        for (size_t i = 0; i < got; i++)
            n += buffer[i] == '\n';
    rewind(file);
    return n;
}

/* ---- one run ---- */

struct session {
    struct push_options options;
    struct kith_client *client; /* configuration of KITH_HOME, when there is one */
    struct kith_loop *loop;
    struct kith_loop *own_loop;
    struct push_http *http;
    struct push_native *native;
    struct kith_table *table;
    bool failed;
    struct cmd_login login;
    char key_path[PATH_MAX];
    char spool_path[PATH_MAX];
};

static kith_err push_one(struct session *s, const struct source *source, struct kith_why *why)
{
    struct push p = {.options = &s->options, .loop = s->loop, .resource = source->resource};
    p.in = fopen(source->path, "re");
    if (!p.in) {
        kith_why_set(why, "%s: %s", source->path, strerror(errno));
        return KITH_EIO;
    }
    kith_progress_start(&p.progress, source->resource->name, lines_in(p.in));
    kith_err err =
        s->options.native ? push_native_run(s->native, &p, why) : push_http_run(s->http, &p, why);
    kith_progress_end(&p.progress);
    (void)fclose(p.in);
    if (p.rejected)
        (void)fclose(p.rejected);
    if (p.unsent)
        (void)fclose(p.unsent);
    char cells[PUSH_FATES][24];
    for (int i = 0; i < PUSH_FATES; i++)
        (void)snprintf(cells[i], sizeof(cells[i]), "%" PRIu64, p.fates[i]);
    kith_err row =
        kith_table_row(s->table, (const char *const[]){source->resource->name, cells[0], cells[1],
                                                       cells[2], cells[3], cells[4]});
    if (p.fates[PUSH_REJECTED] + p.fates[PUSH_UNSENT] > 0) {
        s->failed = true;
        (void)fprintf(stderr, "kith push: %s:%" PRIu64 ": %s\n", source->path, p.first_line,
                      p.first_reason);
    }
    return err != KITH_OK ? err : row;
}

static const struct kith_column columns[] = {
    {"resource", "RESOURCE", false},
    {"accepted", "NEW", true},
    {"updated", "CHANGED", true},
    {"duplicate", "UNCHANGED", true},
    {"rejected", "REJECTED", true},
    {"unsent", "UNSENT", true},
    {0},
};

static kith_err push_all(struct session *s, struct sources *all, struct kith_why *why)
{
    kith_err err = kith_table_new(columns, &s->table);
    if (err == KITH_OK)
        err = s->options.native ? push_native_new(s->loop, &s->options, &s->native, why)
                                : push_http_new(s->loop, &s->options, &s->http, why);
    for (size_t i = 0; i < all->n && err == KITH_OK; i++)
        err = push_one(s, &all->items[i], why);
    kith_err printed =
        s->table ? kith_table_print(s->table, stdout, s->options.json, NULL) : KITH_OK;
    return err != KITH_OK ? err : printed;
}

/* ---- settings ---- */

static void use_home(struct session *s)
{
    struct kith_why why;
    struct push_options *o = &s->options;
    if (getenv("KITH_HOME") && kith_client_open(NULL, &s->client, &why) == KITH_OK) {
        s->loop = kith_client_loop(s->client);
        const char *endpoint = NULL;
        const char *key = NULL;
        if (kith_client_peer(s->client, "ingest", &endpoint, &key) == KITH_OK) {
            o->endpoint = o->endpoint ? o->endpoint : endpoint;
            o->server_key = o->server_key ? o->server_key : key;
        }
    }
    cmd_login_complete(&s->login, s->client);
    o->url = s->login.url;
    o->client_id = s->login.client_id;
    o->client_secret = s->login.client_secret;
    if (!o->key_file && ingest_cmd_home_file("client.key", s->key_path, sizeof(s->key_path)))
        o->key_file = s->key_path;
    if (!o->spool)
        o->spool = ingest_cmd_home_file("push-spool", s->spool_path, sizeof(s->spool_path))
                       ? s->spool_path
                       : "kith-push-spool";
}

static bool complete(const struct push_options *o)
{
    const char *missing = NULL;
    if (o->native && (!o->endpoint || !o->server_key))
        missing = "--endpoint and --server-key, or KITH_HOME of the running system";
    else if (o->native && !o->key_file)
        missing = "--key FILE; `kith key new --zmq` makes one";
    else if (!o->native && !o->url)
        missing = "--url, or KITH_HOME of the running system";
    else if (!o->native && (!o->client_id[0] || !o->client_secret[0]))
        missing = "--client-id and --secret-file; `kith key new` makes them";
    if (missing)
        (void)fprintf(stderr, "kith push: missing: %s\n", missing);
    return !missing;
}

static bool number(const char *text, unsigned most, unsigned *ret)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || value < 1 || value > most) {
        (void)fprintf(stderr, "kith push: '%s' is not a number from 1 to %u\n", text, most);
        return false;
    }
    *ret = (unsigned)value;
    return true;
}

enum {
    URL = 256,
    ID,
    SECRET,
    CONNECTIONS,
    ZMQ,
    ENDPOINT,
    SERVER_KEY,
    KEY,
    BATCH,
    TRIES,
    KEPT,
    SPOOL,
    JSON
};

static const struct option long_options[] = {
    {"url", required_argument, NULL, URL},
    {"client-id", required_argument, NULL, ID},
    {"secret-file", required_argument, NULL, SECRET},
    {"connections", required_argument, NULL, CONNECTIONS},
    {"zmq", no_argument, NULL, ZMQ},
    {"endpoint", required_argument, NULL, ENDPOINT},
    {"server-key", required_argument, NULL, SERVER_KEY},
    {"key", required_argument, NULL, KEY},
    {"batch", required_argument, NULL, BATCH},
    {"tries", required_argument, NULL, TRIES},
    {"kept", required_argument, NULL, KEPT},
    {"spool", required_argument, NULL, SPOOL},
    {"json", no_argument, NULL, JSON},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* 0 go on; else an exit status + 1 */
static int parse_options(struct session *s, int argc, char **argv)
{
    struct push_options *o = &s->options;
    bool ok = true;
    for (int c; ok && (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        switch (c) {
        case URL:
            s->login.url = optarg;
            break;
        case ID:
            s->login.client_id = optarg;
            break;
        case SECRET:
            if (!cmd_login_secret(&s->login, "push", optarg))
                return CMD_FAILED + 1;
            break;
        case CONNECTIONS:
            ok = number(optarg, 64, &o->connections);
            break;
        case ZMQ:
            o->native = true;
            break;
        case ENDPOINT:
            o->endpoint = optarg;
            break;
        case SERVER_KEY:
            o->server_key = optarg;
            break;
        case KEY:
            o->key_file = optarg;
            break;
        case BATCH:
            ok = number(optarg, 5000, &o->batch);
            break;
        case TRIES:
            ok = number(optarg, 1000, &o->tries);
            break;
        case KEPT:
            o->kept = optarg;
            break;
        case SPOOL:
            o->spool = optarg;
            break;
        case JSON:
            o->json = true;
            break;
        case 'h':
            (void)fputs(help, stdout);
            return CMD_DONE + 1;
        default:
            ok = false;
        }
    }
    if (!ok || optind >= argc)
        return ingest_cmd_usage("push") + 1;
    return 0;
}

static void session_done(struct session *s, struct sources *all)
{
    push_http_free(s->http);
    push_native_free(s->native);
    kith_table_free(s->table);
    kith_client_free(s->client);
    kith_loop_free(s->own_loop);
    for (size_t i = 0; i < all->n; i++)
        free(all->items[i].path);
    free(all->items);
}

int ingest_cmd_push(int argc, char **argv)
{
    struct session s = {
        .options = {
            .connections = 8, .batch = 500, .window = 4, .tries = 10, .kept = "kith-push-kept"}};
    struct sources all = {0};
    struct kith_why why = {{0}};
    int stop = parse_options(&s, argc, argv);
    if (stop)
        return stop - 1;
    bool ok = true;
    for (int i = optind; i < argc; i++)
        ok = add_path(&all, argv[i]) && ok;
    if (all.n > 0)
        qsort(all.items, all.n, sizeof(*all.items), by_order);
    int status = CMD_FAILED;
    if (ok)
        use_home(&s);
    if (ok && complete(&s.options)) {
        (void)signal(SIGINT, on_interrupt);
        kith_err err = s.loop ? KITH_OK : kith_loop_new(&s.own_loop);
        s.loop = s.loop ? s.loop : s.own_loop;
        if (err == KITH_OK)
            err = push_all(&s, &all, &why);
        status = err != KITH_OK ? ingest_cmd_fail("push", err, &why)
                 : s.failed     ? CMD_FAILED
                                : CMD_DONE;
        if (s.failed)
            (void)fprintf(stderr, "kith push: rows that did not arrive are in %s\n",
                          s.options.kept);
    }
    session_done(&s, &all);
    return status;
}
