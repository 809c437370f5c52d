/* SPDX-License-Identifier: Apache-2.0 */
/* A package of rosters, judged and turned into Ed-Fi documents. Two passes: ingest_roster_check reads every file once, keeps what is small
 * (all but enrollments) and says in the receipt what is wrong; ingest_roster_emit makes documents of what was kept and reads enrollments
 * again. About 250 bytes a user are kept.
 *
 * Identity, the same in every package: schoolId = `identifier` when it is up to 15 digits, else 52 bits of the hash of sourcedId; a
 * student's and a staff member's unique id = `identifier`, or sourcedId where that is empty (dashes of a GUID dropped; longer than 32: its
 * hash); sectionIdentifier = the class's sourcedId, one section for each of its terms.
 * Not pure: reads through the package. For a worker thread or a command. */
#ifndef INGEST_ROSTER_H
#define INGEST_ROSTER_H

#include "ingest/document.h"
#include "ingest/oneroster.h"
#include "ingest/package.h"
#include "ingest/receipt.h"

struct ingest_roster;

/* A delta says what changed since the packages before it: the last bulk one and the deltas since, in their order. With them it is judged and
 * emitted as the whole that it makes; rows of a lean file (enrollments, results) are read again from all of them. Without them it
 * can be judged alone, but not emitted. They are borrowed for the roster's life; a package without delta files ignores them. */
struct ingest_roster_opts {
    bool strict;
    struct ingest_package *const *earlier;
    size_t earlier_n;
};

/* `package` is borrowed for the roster's life. What is wrong is in `receipt`: a package with errors must not be emitted.
 * Errors: KITH_EINVAL the package is of no format that is known here (said in the receipt), KITH_EIO, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_roster_check(struct ingest_package *package,
                                             const struct ingest_roster_opts *opts,
                                             struct ingest_receipt *receipt,
                                             struct ingest_roster **ret);
void ingest_roster_free(struct ingest_roster *r); /* NULL is fine */
KITH_DEFINE_AUTO(ingest_roster)

/* Has it a delta file? Looks at the manifest only. */
bool ingest_roster_is_delta(struct ingest_package *package);
/* Is it a full snapshot: what is not emitted has gone. False: a delta without what was before it. */
bool ingest_roster_whole(const struct ingest_roster *r);
const char *ingest_roster_origin(const struct ingest_roster *r); /* "oneroster", "sds" */

struct ingest_emitted {
    struct ingest_doc *doc; /* the sink's */
    const char *file;
    uint64_t line;
};
/* What is referred to comes first. The sink says false to stop. Errors: KITH_EINVAL a document cannot be made, or the roster is not whole
 * (in the receipt), KITH_EBUSY stopped, KITH_EIO, KITH_ENOMEM. */
typedef bool (*ingest_emit_fn)(void *ctx, const struct ingest_emitted *e);
KITH_MUST_CHECK kith_err ingest_roster_emit(struct ingest_roster *r, struct ingest_receipt *receipt,
                                            ingest_emit_fn sink, void *ctx);

#endif
