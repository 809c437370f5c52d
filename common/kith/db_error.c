/* SPDX-License-Identifier: Apache-2.0 */
/* What PostgreSQL says of a failure, as an error and a sentence that holds nobody's data. */
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "kith/db_internal.h"

/* libpq ends its sentences with a newline and puts several on several lines. */
void db_why_set(struct kith_why *why, const char *before, const char *text)
{
    kith_why_set(why, "%s%s", before, text);
    size_t n = strlen(why->text);
    while (n && (why->text[n - 1] == '\n' || why->text[n - 1] == ' '))
        why->text[--n] = '\0';
    for (char *at = why->text; (at = strpbrk(at, "\n\t"));)
        *at = ' ';
}

/* Data errors and broken constraints: even the primary line may quote the value ("invalid input syntax for type date: ..."). */
static bool quotes_data(const char *state)
{
    return state && (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0);
}

/* Classes of SQLSTATE: PostgreSQL manual, appendix A. */
static kith_err err_from_state(const char *state)
{
    static const char *const retryable[] = {
        "08",    /* connection */
        "40",    /* serialization failure, deadlock */
        "53",    /* out of disk, memory or connections */
        "57",    /* cancelled (statement_timeout), shutting down, starting up */
        "58",    /* the server's input or output failed */
        "25006", /* read-only: the primary has become a standby */
        "25P03", /* idle too long inside a transaction */
        "55P03", /* lock_timeout */
    };
    if (!state)
        return KITH_EDB;
    for (size_t i = 0; i < KITH_LEN(retryable); i++)
        if (strncmp(state, retryable[i], strlen(retryable[i])) == 0)
            return KITH_EDB;
    return quotes_data(state) ? KITH_EINVAL : KITH_EINTERNAL;
}

/* The message's primary line only, as details could quote a row's content; of what may quote it there too, the constraint's name. */
kith_err db_err_of(const struct pg_result *result, const char *what, struct kith_why *why)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    bool quotes = quotes_data(state);
    const char *text =
        PQresultErrorField(result, quotes ? PG_DIAG_CONSTRAINT_NAME : PG_DIAG_MESSAGE_PRIMARY);
    if (!text)
        text = quotes ? "the database refuses the data" : PQresultErrorMessage(result);
    char before[128];
    (void)snprintf(before, sizeof(before), "%s: %s%s", what, state ? state : "", state ? " " : "");
    db_why_set(why, before, text);
    return err_from_state(state);
}
