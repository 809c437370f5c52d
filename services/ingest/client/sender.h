/* SPDX-License-Identifier: Apache-2.0 */
/* A small client of Kith's native door, so that "no lost event" begins at the sender: what is put lies in a spool on disk before it is sent, and goes out of it
 * when Kith has acknowledged it after its own COMMIT.
 *
 *   struct ingest_sender *s;
 *   struct kith_why why;
 *   struct ingest_sender_opts opts = {.endpoint = "tcp://kith.district.example:7001", .server_key = "...Z85...", .key_file = "sis.key",
 *                                     .spool = "/var/spool/sis-to-kith", .settled = on_settled};
 *   if (ingest_sender_open(&opts, &s, &why) != KITH_OK) ...
 *   kith_err err = ingest_sender_put(s, "studentSchoolAttendanceEvents", json, strlen(json), false);
 *   if (err == KITH_OK)
 *       err = ingest_sender_sync(s);          // from here on it is not lost, whatever is killed
 *   while (ingest_sender_run(s, 0, 60000, &why) == KITH_ETIMEOUT)
 *       ;                                     // Kith is away: it waits in the spool
 *   ingest_sender_close(s);
 *
 * Rows arrive in the order in which they were put: when Kith asks for a batch again, all that were sent after it are sent again, too, so that a
 * retraction and the row that replaces it never change places. A row may arrive twice; Kith's natural keys absorb that ("duplicate").
 * One process a spool; one thread a sender. Link kith_sender, kith_common and what that needs. */
#ifndef INGEST_CLIENT_SENDER_H
#define INGEST_CLIENT_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kith/cleanup.h"
#include "kith/err.h"
#include "kith/loop.h"

struct ingest_sender;

/* A batch was acknowledged. Rows are of one resource; json is borrowed. The spool forgets the rows after this call: keep what was rejected (durably) in it.
 * A crash before it returns tells the same again. */
struct ingest_settled {
    const char *resource;
    uint32_t rows, accepted, updated, duplicate;
    size_t rejected_n;
    const struct ingest_rejected {
        uint32_t index; /* among the rows */
        const char *json;
        bool retract;
        int code; /* KITH_E*, positive */
        const char *reason;
    } * rejected; /* they are not sent again. Kith has them in quarantine, but for those with an unresolved reference (KITH_ECONFLICT): send these again when
                   * what they refer to has arrived */
};

struct ingest_sender_opts {
    const char *endpoint;
    const char *server_key; /* ingest's public key, Z85 */
    const char *key_file;   /* our pair, as `kith key new --zmq` writes it */
    const char *spool;      /* folder; made when it is not there */
    uint64_t spool_bytes;   /* 0 = 1 GiB: more waits in front of put */
    unsigned window;        /* batches on their way; 0 = 4 */
    unsigned batch;         /* rows in one; 0 = 500 */
    void (*settled)(void *ctx,
                    const struct ingest_settled *s); /* from ingest_sender_run; may be NULL */
    void *ctx;
    struct kith_loop *loop; /* NULL = its own */
};

/* What an earlier run left in the spool is sent first. Errors, said in `why`: KITH_EBUSY another process has the spool, KITH_EDECODE it is damaged, KITH_EINVAL
 * endpoint or key, KITH_EIO, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err ingest_sender_open(const struct ingest_sender_opts *opts,
                                            struct ingest_sender **ret, struct kith_why *why);
void ingest_sender_close(struct ingest_sender *s); /* NULL is fine; what waits stays in the spool */

/* `json`: the body that a POST of the resource would carry; `retract`: the row with this natural key goes. Durable after the next sync. Errors: KITH_EBUSY the
 * spool is full (run first), KITH_ETOOBIG above 1 MiB, KITH_EINVAL no name of a resource, KITH_EIO the disk. */
KITH_MUST_CHECK kith_err ingest_sender_put(struct ingest_sender *s, const char *resource,
                                           const char *json, size_t n, bool retract);
KITH_MUST_CHECK kith_err ingest_sender_sync(struct ingest_sender *s);
/* Sends until at most `left` rows wait. Errors: KITH_ETIMEOUT (call again: nothing is lost), KITH_EDENIED Kith does not know our key, KITH_EDECODE or
 * KITH_EIO the spool cannot be read; said in `why`. */
KITH_MUST_CHECK kith_err ingest_sender_run(struct ingest_sender *s, uint64_t left,
                                           int64_t timeout_ms, struct kith_why *why);

struct ingest_sender_stats {
    uint64_t waiting; /* rows in the spool */
    uint64_t cut;     /* bytes of a half-written row that a crash left */
    int64_t away_ms;  /* so long nothing was acknowledged although something waits */
};
struct ingest_sender_stats ingest_sender_stats(const struct ingest_sender *s);

#endif
