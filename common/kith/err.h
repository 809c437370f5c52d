/* SPDX-License-Identifier: Apache-2.0 */
/* Every result of Kith, with its policy (may the same input work later?) and, for the operator, what it means and what to do.
 * `kith explain CODE` prints the last two. The absolute value travels in Rejected.code. */
#ifndef KITH_ERR_H
#define KITH_ERR_H

#include <stdbool.h>
#include <stddef.h>

#include "kith/cleanup.h"

/* XX(name, value, retryable, text, meaning and what to do) */
#define KITH_ERR_MAP(XX)                                                                           \
    XX(KITH_OK, 0, false, "ok", "It worked; nothing to do.")                                       \
    XX(KITH_EINVAL, -1, false, "invalid argument",                                                 \
       "A value is missing, of the wrong type or out of range. The message names the field; "      \
       "correct it and send again.")                                                               \
    XX(KITH_ENOMEM, -2, true, "out of memory",                                                     \
       "The host has no memory left. Look at what uses it; Kith's own need is in its README.")     \
    XX(KITH_ESTALE, -3, false, "older than what is kept",                                          \
       "The record was superseded or has left the window that is kept; it may be dropped.")        \
    XX(KITH_EDECODE, -4, false, "message does not decode",                                         \
       "The bytes are not the protobuf or JSON that was announced. Compare the sender's version "  \
       "with proto/README.md; the bytes are in quarantine.")                                       \
    XX(KITH_EVERSION, -5, false, "unsupported message version",                                    \
       "The sender speaks another wire version. Upgrade the older side.")                          \
    XX(KITH_EDB, -6, true, "database unavailable",                                                 \
       "PostgreSQL does not answer or broke the connection. Kith tries again by itself; if it "    \
       "lasts, look at the server's log and at [common] database in kith.conf.")                   \
    XX(KITH_ECONFLICT, -7, true, "unresolved reference",                                           \
       "The record names a student, school, session or section that was not sent yet. Send that "  \
       "first; Ed-Fi clients send again by themselves.")                                           \
    XX(KITH_EEXIST, -8, false, "dependent item exists",                                            \
       "Other records still refer to this one. Delete those first.")                               \
    XX(KITH_ENOTFOUND, -9, false, "not found", "There is no such record, resource or command.")    \
    XX(KITH_EDENIED, -10, false, "not allowed",                                                    \
       "The key, client or token may not do this. `kith key list` shows who may.")                 \
    XX(KITH_EFENCED, -11, false, "another instance owns this shard",                               \
       "A second daemon of this kind took over. Stop one of the two; this one has written "        \
       "nothing since.")                                                                           \
    XX(KITH_EBUSY, -12, true, "busy",                                                              \
       "The queue is full or the database is slow. The sender waits and sends again; if it "       \
       "lasts, `kith status` shows where the records wait.")                                       \
    XX(KITH_ETOOBIG, -13, false, "too large",                                                      \
       "Split it: a batch holds at most 5,000 events and "                                         \
       "4 MiB, an HTTP body 1 MiB, a request head 16 KiB.")                                        \
    XX(KITH_ETIMEOUT, -14, true, "timed out",                                                      \
       "The other side took too long. Try again; if it "                                           \
       "lasts, look whether it runs and whether the network between lets it through.")             \
    XX(KITH_ECONFIG, -15, false, "configuration error",                                            \
       "kith.conf or an environment variable is wrong; the message names file, line and key. "     \
       "`kith check-config` checks without starting.")                                             \
    XX(KITH_EIO, -16, true, "input/output error",                                                  \
       "A file or socket failed. The message names it; look at disk space and permissions.")       \
    XX(KITH_ESCHEMA, -17, false, "the database's schema does not fit this version",                \
       "Run the migrations of this version (scripts/migrate), then start again.")                  \
    XX(KITH_EUNSAFE, -18, false, "refused to start unsafely",                                      \
       "CURVE authentication could not be enforced, or a secret file is readable by others. The "  \
       "message says which; nothing was opened.")                                                  \
    XX(KITH_EINTERNAL, -19, false, "internal error",                                               \
       "A fault of Kith. Nothing was acknowledged. Please report the log lines around it.")        \
    XX(KITH_ECHANGED, -20, true, "changed meanwhile",                                              \
       "The guard of a transaction did not hold (read position or row version moved). It was "     \
       "rolled back; the owner reads again.")                                                      \
    XX(KITH_EPRECONDITION, -21, false, "precondition failed",                                      \
       "If-Match names another version of the record. Read it again, then change it.")

typedef enum {
#define XX(name, value, retryable, text, advice) name = (value),
    KITH_ERR_MAP(XX)
#undef XX
} kith_err;

/* "KITH_EDB"; for an unknown value "KITH_E?". Static storage. */
const char *kith_err_name(kith_err err);
/* "database unavailable". Static storage. */
const char *kith_err_text(kith_err err);
/* What it means and what to do. Static storage. */
const char *kith_err_advice(kith_err err);
/* May the same input work later? */
bool kith_err_retryable(kith_err err);
/* Finds a code by name ("KITH_EDB", "EDB", either case) or number ("6", "-6"). Returns false when there is none. */
bool kith_err_find(const char *word, kith_err *ret);

/* A sentence for a person about one failure, filled by the function that found it. Its size is fixed so that it can live on
 * the stack; text is cut, never overrun. */
struct kith_why {
    char text[256];
};
void kith_why_set(struct kith_why *why, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* why may be NULL */

#endif
