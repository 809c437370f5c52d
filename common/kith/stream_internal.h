/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the stream module share; nobody else includes it. stream.c holds the SQL, stream_owner.c answers,
 * stream_consumer.c asks. */
#ifndef KITH_STREAM_INTERNAL_H
#define KITH_STREAM_INTERNAL_H

#include "kith/stream.h"

/* Indexes of kith_stream_statements. */
enum {
    STREAM_TAKE_ALL,
    STREAM_TAKE,
    STREAM_APPEND,
    STREAM_FETCH,
    STREAM_OFFSET,
    STREAM_ADVANCE_FIRST,
    STREAM_ADVANCE,
};
#define STREAM_STMT(i) (&kith_stream_statements[i])

/* Columns of STREAM_FETCH; all but the first are null in the one row of an empty answer. */
enum { FETCH_HEAD, FETCH_POS, FETCH_COUNT, FETCH_TYPE, FETCH_AT, FETCH_PAYLOAD };

#define STREAM_WAIT_MAX_MS 30000 /* stream.proto */

#endif
