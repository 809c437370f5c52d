/* SPDX-License-Identifier: Apache-2.0 */
/* Every statement of every program, against a migrated database; run by prepare_test.sh and lint_test.sh.
 *
 *   prepare_dbtest list                   "TABLE ROLE SCHEMA STATEMENTS", one a line
 *   prepare_dbtest check CONNINFO         opens a pool for each table with its role, as the programs do: all statements are prepared
 *   prepare_dbtest explain TABLE SCHEMA   psql text that plans each statement: planning checks privileges, preparing does not
 *   prepare_dbtest text                   the statements, one a line */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "kith/db.h"
#include "kith/stream.h"

#define TABLE(table, room) extern const struct kith_stmt table[];
#include "statement_tables.h"
#undef TABLE
#ifdef HAVE_CLI_STATEMENTS
extern const struct kith_stmt *const cli_statements;
#endif

struct entry {
    const char *name;
    const char *room; /* "ingest"; the console's tables name schemas themselves */
    const struct kith_stmt *statements;
};

static size_t gather(struct entry entries[64])
{
    size_t n = 0;
    static const char *const rooms[] = {"ingest", "scheduling", "risk", "notification"};
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++)
        entries[n++] = (struct entry){"kith_stream_statements", rooms[i], kith_stream_statements};
#define TABLE(table, room) entries[n++] = (struct entry){#table, #room, table};
#include "statement_tables.h"
#undef TABLE
#ifdef HAVE_CLI_STATEMENTS
    entries[n++] = (struct entry){"cli_statements", "cli", cli_statements};
#endif
    return n;
}

/* A service's own table is ROOM_statements; any other is for commands, under the console's role. */
static bool of_console(const struct entry *e)
{
    char own[64];
    (void)snprintf(own, sizeof(own), "%s_statements", e->room);
    return strcmp(e->room, "cli") == 0 ||
           (strcmp(e->name, own) != 0 && strcmp(e->name, "kith_stream_statements") != 0);
}

static const char *role_of(const struct entry *e)
{
    return of_console(e) ? "console" : e->room;
}

static const char *schema_of(const struct entry *e)
{
    return of_console(e) ? "pg_catalog" : e->room;
}

static size_t count(const struct kith_stmt *s)
{
    size_t n = 0;
    while (s[n].name)
        n++;
    return n;
}

static int list(const struct entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)printf("%s kith_%s %s %zu\n", entries[i].name, role_of(&entries[i]),
                     schema_of(&entries[i]), count(entries[i].statements));
    return 0;
}

static kith_err check_one(struct kith_loop *loop, const struct entry *e, const char *conninfo,
                          struct kith_why *why)
{
    char full[512];
    (void)snprintf(full, sizeof(full), "%s user=kith_%s", conninfo, role_of(e));
    const struct kith_stmt *const tables[] = {e->statements, NULL};
    struct kith_db_opts opts = {
        .conninfo = full, .search_path = schema_of(e), .connections = 1, .tables = tables};
    struct kith_db *db = NULL;
    kith_err err = kith_db_new(loop, &opts, &db);
    if (!err)
        err = kith_db_wait_ready(db, 10000, why);
    kith_db_free(db);
    return err;
}

static int check(const struct entry *entries, size_t n, const char *conninfo)
{
    int bad = 0;
    struct kith_loop *loop = NULL;
    if (kith_loop_new(&loop) != KITH_OK)
        return 1;
    for (size_t i = 0; i < n; i++) {
        struct kith_why why = {""};
        kith_err err = check_one(loop, &entries[i], conninfo, &why);
        if (!err)
            continue;
        bad = 1;
        (void)printf("%s as kith_%s: %s: %s\n", entries[i].name, role_of(&entries[i]),
                     kith_err_name(err), why.text);
    }
    kith_loop_free(loop);
    return bad;
}

static const char *type_name(char letter)
{
    static const char letters[] = "bsilftydzujoBSILFTYDZUJO";
    static const char *const names[] = {
        "bool",    "int2",   "int4",          "int8",   "float8",   "text",
        "bytea",   "date",   "timestamptz",   "uuid",   "jsonb",    "time",
        "bool[]",  "int2[]", "int4[]",        "int8[]", "float8[]", "text[]",
        "bytea[]", "date[]", "timestamptz[]", "uuid[]", "jsonb[]",  "time[]"};
    const char *at = strchr(letters, letter);
    return at ? names[at - letters] : "unknown";
}

static void explain_one(const struct kith_stmt *s)
{
    size_t n = strlen(s->params);
    (void)printf("\\echo %s\nPREPARE \"%s\"", s->name, s->name);
    for (size_t i = 0; i < n; i++)
        (void)printf("%s%s%s", i ? ", " : " (", type_name(s->params[i]), i + 1 == n ? ")" : "");
    (void)printf(" AS %s;\nEXPLAIN EXECUTE \"%s\"", s->sql, s->name);
    for (size_t i = 0; i < n; i++)
        (void)printf("%sNULL%s", i ? ", " : " (", i + 1 == n ? ")" : "");
    (void)printf(" \\g /dev/null\n");
}

static int explain(const struct entry *entries, size_t n, const char *table, const char *schema)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(entries[i].name, table) != 0 || strcmp(schema_of(&entries[i]), schema) != 0)
            continue;
        (void)printf("SET search_path TO %s;\n", schema);
        for (const struct kith_stmt *s = entries[i].statements; s->name; s++)
            explain_one(s);
        return 0;
    }
    return 1;
}

static int text(const struct entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (const struct kith_stmt *s = entries[i].statements; s->name; s++)
            (void)printf("%s: %s\n", s->name, s->sql);
    return 0;
}

int main(int argc, char **argv)
{
    struct entry entries[64];
    size_t n = gather(entries);
    const char *verb = argc > 1 ? argv[1] : "";
    if (argc == 2 && strcmp(verb, "list") == 0)
        return list(entries, n);
    if (argc == 3 && strcmp(verb, "check") == 0)
        return check(entries, n, argv[2]);
    if (argc == 4 && strcmp(verb, "explain") == 0)
        return explain(entries, n, argv[2], argv[3]);
    if (argc == 2 && strcmp(verb, "text") == 0)
        return text(entries, n);
    (void)fprintf(stderr,
                  "usage: prepare_dbtest list | check CONNINFO | explain TABLE SCHEMA | text\n");
    return 2;
}
