/* SPDX-License-Identifier: Apache-2.0 */
#include "kith/stream_internal.h"

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

const struct kith_stmt kith_stream_statements[] = {
    [STREAM_TAKE_ALL] = {"kith_stream_take_all",
                         "UPDATE stream_head SET epoch = epoch + 1 "
                         "RETURNING district_id, shard, epoch, pos",
                         "", "iill"},
    [STREAM_TAKE] = {"kith_stream_take",
                     "INSERT INTO stream_head (district_id, shard, epoch, pos) "
                     "VALUES ($1, $2, 1, 0) "
                     "ON CONFLICT (district_id, shard) DO UPDATE SET epoch = stream_head.epoch + 1 "
                     "RETURNING epoch, pos",
                     "ii", "ll"},
    /* the row of stream_head stays locked to COMMIT: whoever comes next gets higher positions and commits later */
    [STREAM_APPEND] = {"kith_stream_append",
                       "WITH head AS ("
                       " UPDATE stream_head SET pos = pos + $4::int"
                       " WHERE district_id = $1 AND shard = $2 AND epoch = $3 RETURNING pos) "
                       "INSERT INTO log (district_id, shard, pos, count, type, epoch, at, payload) "
                       "SELECT $1, $2, head.pos, $4::int, $5, $3, $6, $7 FROM head "
                       "RETURNING pos",
                       "iiliizy", "l"},
    /* Whole runs up to the credit and to what a frame holds (64 bytes a record for its other fields), at least one; the head is
     * of the same snapshot. octet_length() does not read a payload that is stored out of line. */
    [STREAM_FETCH] =
        {"kith_stream_fetch",
         "SELECT h.pos, r.pos, r.count, r.type, r.at, r.payload "
         "FROM stream_head h LEFT JOIN LATERAL ("
         " SELECT * FROM ("
         "  SELECT l.*, sum(l.count) OVER before - l.count AS records_before,"
         "   sum(octet_length(l.payload) + 64) OVER before AS bytes,"
         "   row_number() OVER before AS n"
         "  FROM (SELECT pos, count, type, at, payload FROM log"
         "   WHERE district_id = $1 AND shard = $2 AND pos > $3"
         "   ORDER BY pos LIMIT $4::int) l"
         "  WINDOW before AS (ORDER BY l.pos ROWS UNBOUNDED PRECEDING)) m"
         " WHERE n = 1 OR (records_before < $4::int"
         "  AND bytes <= " TEXT(
             KITH_RECORD_MAX) ")) r ON true "
                              "WHERE h.district_id = $1 AND h.shard = $2 ORDER BY r.pos",
         "iili", "lliizy"},
    [STREAM_OFFSET] = {"kith_stream_offset",
                       "SELECT pos FROM consumer_offset "
                       "WHERE district_id = $1 AND stream = $2 AND shard = $3",
                       "iti", "l"},
    /* there may be no row yet at position 0 */
    [STREAM_ADVANCE_FIRST] = {"kith_stream_advance_first",
                              "INSERT INTO consumer_offset (district_id, stream, shard, pos) "
                              "VALUES ($1, $2, $3, $4) "
                              "ON CONFLICT (district_id, stream, shard) "
                              "DO UPDATE SET pos = excluded.pos WHERE consumer_offset.pos = 0",
                              "itil", ""},
    [STREAM_ADVANCE] = {"kith_stream_advance",
                        "UPDATE consumer_offset SET pos = $4 "
                        "WHERE district_id = $1 AND stream = $2 AND shard = $3 AND pos = $5",
                        "itill", ""},
    {0},
};
