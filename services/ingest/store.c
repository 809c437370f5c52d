/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/store.h"

#include "ingest/store_internal.h"

/* unnest in the select list feeds all arrays in lockstep without the tuple stores of FROM unnest(...); a shorter array gives nulls, so a
 * column that no row of the batch has is passed empty. The log record is the concatenation of the elements of the rows that changed: all
 * of them (the common case) is the parameter itself. */
#define MARK_HEAD                                                                                  \
    "WITH head AS (UPDATE stream_head SET pos = pos + $5::int4 WHERE district_id = $1::int4"       \
    " AND shard = $2::int4 AND epoch = $3::int8 RETURNING pos - $5::int4 AS base, pos),"

#define MARK_ROWS                                                                                  \
    " up AS (INSERT INTO attendance AS a (district_id, event_date, student_id, place_id,"          \
    " session_id, category_id, section, school_id, first_pos, pos, digest, reason, arrival,"       \
    " departure, extra)"                                                                           \
    " SELECT $1::int4, unnest($6::date[]), unnest($7::int8[]), unnest($8::int8[]),"                \
    " unnest($9::int8[]), unnest($10::int4[]), unnest($11::bool[]), unnest($12::int8[]),"          \
    " generate_series(head.base + 1, head.pos), generate_series(head.base + 1, head.pos),"         \
    " unnest($13::int8[]), unnest($14::text[]), unnest($15::time[]), unnest($16::time[]),"         \
    " unnest($17::text[])::jsonb FROM head"

#define MARK_LOG(type)                                                                             \
    " ch AS (SELECT count(*)::int4 AS n, count(*) FILTER (WHERE fresh)::int4 AS fresh FROM up),"   \
    " lg AS (INSERT INTO log (district_id, shard, pos, count, type, epoch, at, payload)"           \
    " SELECT $1::int4, $2::int4, head.pos, ch.n, " type ", $3::int8, $4::timestamptz,"             \
    " CASE WHEN ch.n = $5::int4 THEN $18::bytea ELSE (SELECT string_agg(substring($18::bytea"      \
    " FROM ($19::int4[])[o] + 1 FOR ($19::int4[])[o + 1] - ($19::int4[])[o]), ''::bytea"           \
    " ORDER BY o) FROM (SELECT up.ord FROM up) u(o)) END"                                          \
    " FROM head, ch WHERE ch.n > 0)"                                                               \
    " SELECT head.pos, ch.n, ch.fresh, CASE WHEN ch.fresh = $5::int4 THEN NULL ELSE"               \
    " (SELECT array_agg(CASE WHEN fresh THEN ord ELSE -ord END) FROM up) END FROM head, ch"

#define MARK_RETURNING                                                                             \
    " RETURNING (a.pos - (SELECT base FROM head))::int4 AS ord, a.pos = a.first_pos AS fresh),"

#define KEY_IS                                                                                     \
    " district_id = $1 AND event_date = $2 AND student_id = $3 AND place_id = $4"                  \
    " AND session_id = $5 AND category_id = $6"

#define EVENTS_FROM                                                                                \
    " FROM attendance a"                                                                           \
    " JOIN item s ON s.district_id = a.district_id AND s.num = a.student_id"                       \
    " JOIN item p ON p.district_id = a.district_id"                                                \
    "  AND p.num = CASE WHEN a.section THEN a.place_id ELSE a.session_id END"                      \
    " JOIN category c ON c.district_id = a.district_id AND c.category_id = a.category_id"          \
    " WHERE a.district_id = $1 AND a.section = $2 AND a.event_date BETWEEN $3 AND $4"              \
    " AND ($5::int8 = 0 OR a.student_id = $5) AND ($6::int8 = 0 OR a.place_id = $6)"               \
    " AND ($7::int8 = 0 OR a.session_id = $7) AND ($8::int4 = 0 OR a.category_id = $8)"            \
    " AND ($9::int8 = 0 OR a.school_id = $9) AND ($10::jsonb IS NULL OR p.body @> $10)"            \
    " AND ($11::text IS NULL OR a.reason = $11)"

/* A document's references are a slice of all of them: from $8 + 1 to $9. */
#define ITEMS_INSERT                                                                               \
    "INSERT INTO item (district_id, resource, id, num, digest, body, refs, changed_at)"            \
    " SELECT $1::int4, unnest($2::text[]), unnest($3::uuid[]), nullif(unnest($4::int8[]), 0),"     \
    " unnest($5::int8[]), unnest($6::text[])::jsonb,"                                              \
    " ($7::uuid[])[unnest($8::int4[]) + 1 : unnest($9::int4[])], $10::timestamptz"

#define S(id, text, in, out) [INGEST_S_##id] = {"ingest_" #id, text, in, out}

const struct kith_stmt ingest_statements[] = {
    S(districts_all, "SELECT district_id, name, time_zone, default_email FROM district ORDER BY 1",
      "", "ittt"),
    S(clients_all,
      "SELECT district_id, client_id, label, secret_hash, curve_key, created_at,"
      " revoked_at IS NOT NULL FROM client ORDER BY created_at",
      "", "ittytzb"),
    S(tokens_all, "SELECT token_hash, client_id, expires_at FROM token WHERE expires_at > $1", "z",
      "ytz"),
    S(meanings_all, "SELECT kind, code, meaning FROM descriptor_map WHERE district_id = $1", "i",
      "ttt"),
    S(categories_all,
      "SELECT category_id, uri FROM category WHERE district_id = $1 ORDER BY category_id", "i",
      "it"),
    S(numbers_page,
      "SELECT num, id FROM number WHERE district_id = $1 AND num > $2 ORDER BY num LIMIT $3::int4",
      "ili", "lu"),
    S(items_page,
      "SELECT resource, id, coalesce(num, 0), digest FROM item"
      " WHERE district_id = $1 AND (resource, id) > ($2, $3) ORDER BY resource, id LIMIT $4::int4",
      "itui", "tull"),
    S(states,
      "SELECT u.id, coalesce(n.num, 0), coalesce(i.digest, -1)"
      " FROM unnest($2::text[], $3::uuid[]) u(resource, id)"
      " LEFT JOIN number n ON n.district_id = $1::int4 AND n.resource = u.resource AND n.id = u.id"
      " LEFT JOIN item i ON i.district_id = $1::int4 AND i.resource = u.resource AND i.id = u.id",
      "iTU", "ull"),
    S(owned,
      "SELECT 1 FROM stream_head WHERE district_id = $1 AND shard = $2 AND epoch = $3"
      " FOR NO KEY UPDATE",
      "iil", "i"),
    S(item_upsert,
      ITEMS_INSERT
      " ON CONFLICT (district_id, resource, id) DO UPDATE SET digest = excluded.digest,"
      " body = excluded.body, refs = excluded.refs, changed_at = excluded.changed_at",
      "iTULLTUIIz", ""),
    S(number_insert,
      "INSERT INTO number (district_id, num, resource, id)"
      " SELECT $1::int4, unnest($2::int8[]), unnest($3::text[]), unnest($4::uuid[])",
      "iLTU", ""),
    S(ref_delete,
      "DELETE FROM item_ref r USING item i, unnest($2::text[], $3::uuid[]) u(resource, id),"
      " unnest(i.refs) t(id) WHERE i.district_id = $1::int4 AND i.resource = u.resource"
      " AND i.id = u.id AND r.district_id = $1::int4 AND r.target_id = t.id AND r.id = i.id",
      "iTU", ""),
    S(ref_insert,
      "INSERT INTO item_ref (district_id, target_id, resource, id)"
      " SELECT $1::int4, unnest($2::uuid[]), unnest($3::text[]), unnest($4::uuid[])"
      " ON CONFLICT DO NOTHING",
      "iUTU", ""),
    /* what refers to itself alone is referred to by nobody */
    S(unreferred,
      "SELECT 1 WHERE NOT EXISTS (SELECT FROM item_ref WHERE district_id = $1 AND target_id = $2"
      " AND id <> $2)",
      "iu", "i"),
    /* attendance has one index, by date and student: look into it day by day, over the years that have a partition of their own; what
     * lies outside them is little */
    S(student_unmarked,
      "SELECT 1 WHERE NOT EXISTS (SELECT FROM (SELECT greatest(min(event_date), '2018-07-01') AS a,"
      " least(max(event_date), '2040-06-30') AS b FROM attendance WHERE district_id = $1) span,"
      " generate_series(0, span.b - span.a) k, LATERAL (SELECT FROM attendance"
      " WHERE district_id = $1 AND event_date = span.a + k AND student_id = $2 LIMIT 1) m)"
      " AND NOT EXISTS (SELECT FROM attendance WHERE district_id = $1 AND student_id = $2"
      " AND (event_date < '2018-07-01' OR event_date > '2040-06-30'))",
      "il", "i"),
    /* no index helps here; a place or a session is deleted once in a while */
    S(place_unmarked,
      "SELECT 1 WHERE NOT EXISTS (SELECT FROM attendance WHERE district_id = $1"
      " AND (place_id = $2 OR session_id = $2))",
      "il", "i"),
    S(item_delete, "DELETE FROM item WHERE district_id = $1 AND resource = $2 AND id = $3", "itu",
      ""),
    S(category_insert, "INSERT INTO category (district_id, category_id, uri) VALUES ($1, $2, $3)",
      "iit", ""),
    S(mark_insert, MARK_HEAD MARK_ROWS MARK_RETURNING MARK_LOG("8"), "iilziDLLLIBLLTOOTyI", "liiI"),
    S(mark_upsert,
      MARK_HEAD MARK_ROWS
      " ON CONFLICT (district_id, event_date, student_id, place_id, session_id, category_id)"
      " DO UPDATE SET pos = excluded.pos, digest = excluded.digest, school_id = excluded.school_id,"
      " reason = excluded.reason, arrival = excluded.arrival, departure = excluded.departure,"
      " extra = excluded.extra WHERE a.digest <> excluded.digest" MARK_RETURNING MARK_LOG("8"),
      "iilziDLLLIBLLTOOTyI", "liiI"),
    S(mark_delete,
      MARK_HEAD
      " up AS (DELETE FROM attendance a USING (SELECT unnest($6::date[]) AS d,"
      " unnest($7::int8[]) AS s, unnest($8::int8[]) AS p, unnest($9::int8[]) AS se,"
      " unnest($10::int4[]) AS c, generate_series(1, $5::int4) AS o FROM head) u"
      " WHERE a.district_id = $1::int4 AND a.event_date = u.d AND a.student_id = u.s"
      " AND a.place_id = u.p AND a.session_id = u.se AND a.category_id = u.c"
      " RETURNING u.o AS ord, true AS fresh),"
      " ch AS (SELECT count(*)::int4 AS n FROM up),"
      " lg AS (INSERT INTO log (district_id, shard, pos, count, type, epoch, at, payload)"
      " SELECT $1::int4, $2::int4, head.pos, ch.n, 9, $3::int8, $4::timestamptz,"
      " (SELECT string_agg(substring($11::bytea FROM ($12::int4[])[ord] + 1"
      " FOR ($12::int4[])[ord + 1] - ($12::int4[])[ord]), ''::bytea ORDER BY ord) FROM up)"
      " FROM head, ch WHERE ch.n > 0)"
      " SELECT head.pos, ch.n, ch.n, (SELECT array_agg(ord) FROM up) FROM head, ch",
      "iilziDLLLIyI", "liiI"),
    S(mark_exists, "SELECT 1 FROM attendance WHERE" KEY_IS, "idllli", "i"),
    S(mark_match, "SELECT 1 FROM attendance WHERE" KEY_IS " AND digest = $7", "idlllil", "i"),
    S(quarantine_insert,
      "INSERT INTO quarantine (district_id, at, client_id, code, reason, bytes)"
      " SELECT $1::int4, $2::timestamptz, unnest($3::text[]), unnest($4::int4[]), "
      "unnest($5::text[]),"
      " unnest($6::bytea[])",
      "izTITY", ""),
    S(item_get,
      "SELECT id, body, digest FROM item WHERE district_id = $1 AND resource = $2 AND id = $3"
      " AND ($4::jsonb IS NULL OR body @> $4)",
      "ituj", "ujl"),
    S(item_list,
      "SELECT id, body, digest FROM item WHERE district_id = $1 AND resource = $2"
      " AND ($3::jsonb IS NULL OR body @> $3) ORDER BY id LIMIT $4::int4 OFFSET $5::int4",
      "itjii", "ujl"),
    S(item_count,
      "SELECT count(*) FROM item WHERE district_id = $1 AND resource = $2"
      " AND ($3::uuid IS NULL OR id = $3) AND ($4::jsonb IS NULL OR body @> $4)",
      "ituj", "l"),
    S(events_list,
      "SELECT a.event_date, a.student_id, a.place_id, a.session_id, a.category_id, a.section,"
      " a.school_id, a.digest, a.reason, a.arrival, a.departure, a.extra, c.uri,"
      " s.body ->> 'studentUniqueId',"
      " coalesce(p.body #>> '{courseOfferingReference,schoolYear}',"
      "  p.body #>> '{schoolYearTypeReference,schoolYear}', '0')::int4,"
      " coalesce(p.body #>> '{courseOfferingReference,sessionName}', p.body ->> 'sessionName', ''),"
      " p.body #>> '{courseOfferingReference,localCourseCode}',"
      " p.body ->> 'sectionIdentifier'" EVENTS_FROM
      " ORDER BY a.event_date, a.student_id, a.place_id, a.session_id, a.category_id"
      " LIMIT $12::int4 OFFSET $13::int4",
      "ibddllliljtii", "dllliblltoojttittt"),
    S(events_count, "SELECT count(*)" EVENTS_FROM, "ibddllliljt", "l"),
    S(district_insert,
      "INSERT INTO district (district_id, name, time_zone, default_email, created_at)"
      " VALUES ($1, $2, $3, $4, $5)",
      "itttz", ""),
    S(zone_exists, "SELECT 1 FROM pg_timezone_names WHERE name = $1", "t", "i"),
    S(meaning_upsert,
      "INSERT INTO descriptor_map (district_id, kind, code, meaning)"
      " SELECT $1::int4, unnest($2::text[]), unnest($3::text[]), unnest($4::text[])"
      " ON CONFLICT (district_id, kind, code) DO UPDATE SET meaning = excluded.meaning",
      "iTTT", ""),
    S(client_insert,
      "INSERT INTO client (district_id, client_id, label, secret_hash, curve_key, created_at)"
      " VALUES ($1, $2, $3, $4, $5, $6)",
      "ittytz", ""),
    S(client_revoke,
      "UPDATE client SET revoked_at = $3 WHERE district_id = $1 AND client_id = $2"
      " AND revoked_at IS NULL",
      "itz", ""),
    S(token_insert,
      "INSERT INTO token (district_id, token_hash, client_id, expires_at) VALUES ($1, $2, $3, $4)",
      "iytz", ""),
    S(tokens_purge, "DELETE FROM token WHERE district_id = $1 AND expires_at <= $2", "iz", ""),
    /* packages of rosters */
    S(import_insert,
      "INSERT INTO import (district_id, import_id, name, door, file, bytes, strict, state, "
      "created_at)"
      " SELECT $1::int4, (SELECT coalesce(max(import_id), 0) + 1 FROM import WHERE district_id = "
      "$1),"
      " $2, $3, $4, $5, $6, 'received', $7 RETURNING import_id",
      "itttlbz", "l"),
    S(import_list,
      "SELECT import_id, name, state, created_at, done_at FROM import WHERE district_id = $1"
      " ORDER BY import_id DESC LIMIT 100",
      "i", "lttzz"),
    S(import_get,
      "SELECT import_id, name, state, created_at, done_at, receipt FROM import"
      " WHERE district_id = $1 AND import_id = $2",
      "il", "lttzzj"),
    S(import_waiting,
      "SELECT district_id, import_id, name, file, strict, confirmed, state, kept FROM import"
      " WHERE state IN ('received', 'quarantined') OR kept ORDER BY district_id, import_id",
      "", "ilttbbtb"),
    S(import_applied,
      "UPDATE import SET state = 'applied', origin = $3, kept = $4, receipt = $5, done_at = $6"
      " WHERE district_id = $1 AND import_id = $2",
      "iltbjz", ""),
    S(import_unkeep,
      "UPDATE import SET kept = false WHERE district_id = $1 AND origin = $2 AND kept"
      " RETURNING file",
      "it", "t"),
    S(import_state,
      "UPDATE import SET state = $3, receipt = $4, done_at = $5"
      " WHERE district_id = $1 AND import_id = $2",
      "iltjz", ""),
    S(import_confirm,
      "UPDATE import SET state = 'received', confirmed = true, done_at = NULL"
      " WHERE district_id = $1 AND import_id = $2 AND state = 'quarantined'",
      "il", ""),
    S(import_discard,
      "UPDATE import SET state = 'discarded', done_at = $3"
      " WHERE district_id = $1 AND import_id = $2 AND state = 'quarantined' RETURNING file",
      "ilz", "t"),
    S(import_sets, "SELECT resource, ids FROM import_set WHERE district_id = $1 AND origin = $2",
      "it", "ty"),
    S(import_set_put,
      "INSERT INTO import_set (district_id, origin, resource, ids) VALUES ($1, $2, $3, $4)"
      " ON CONFLICT (district_id, origin, resource) DO UPDATE SET ids = excluded.ids",
      "itty", ""),
    S(import_bodies,
      "SELECT i.id, coalesce(i.num, 0), i.body, EXISTS (SELECT FROM item_ref r WHERE"
      " r.district_id = i.district_id AND r.target_id = i.id AND r.id <> i.id)"
      " FROM item i WHERE i.district_id = $1 AND i.resource = $2 AND i.id = ANY ($3::uuid[])",
      "itU", "uljb"),
    /* documents that are not there yet: nobody else writes them meanwhile */
    S(items_insert, ITEMS_INSERT, "iTULLTUIIz", ""),
    S(refs_insert,
      "INSERT INTO item_ref (district_id, target_id, resource, id)"
      " SELECT $1::int4, unnest($2::uuid[]), unnest($3::text[]), unnest($4::uuid[])",
      "iUTU", ""),
    S(items_delete,
      "DELETE FROM item WHERE district_id = $1 AND resource = $2 AND id = ANY ($3::uuid[])", "itU",
      ""),
    S(missing_put,
      "INSERT INTO missing (district_id, resource, id, num, since, import_id)"
      " SELECT $1::int4, $2::text, u.id, i.num, $4::timestamptz, $5::int8 FROM unnest($3::uuid[]) "
      "u(id)"
      " JOIN item i ON i.district_id = $1::int4 AND i.resource = $2::text AND i.id = u.id"
      " ON CONFLICT DO NOTHING",
      "itUzl", ""),
    S(missing_back,
      "DELETE FROM missing WHERE district_id = $1 AND resource = $2 AND id = ANY ($3::uuid[])",
      "itU", ""),
    /* attendance files */
    S(terms_sessions,
      "SELECT (body #>> '{schoolReference,schoolId}')::int8,"
      " (body #>> '{schoolYearTypeReference,schoolYear}')::int4, body ->> 'sessionName',"
      " (body ->> 'beginDate')::date, (body ->> 'endDate')::date"
      " FROM item WHERE district_id = $1 AND resource = 'sessions'",
      "i", "litdd"),
    S(terms_sections,
      "SELECT (body #>> '{courseOfferingReference,schoolId}')::int8,"
      " (body #>> '{courseOfferingReference,schoolYear}')::int4,"
      " body #>> '{courseOfferingReference,sessionName}',"
      " body #>> '{courseOfferingReference,localCourseCode}', body ->> 'sectionIdentifier'"
      " FROM item WHERE district_id = $1 AND resource = 'sections'",
      "i", "littt"),
    S(marks_of,
      "SELECT a.event_date, a.student_id, a.place_id, a.session_id, a.category_id, a.section"
      " FROM (SELECT DISTINCT unnest($2::date[]) AS d, unnest($3::int8[]) AS s) u"
      " JOIN attendance a ON a.district_id = $1::int4 AND a.event_date = u.d AND a.student_id = "
      "u.s",
      "iDL", "dlllib"),
    S(parked_page,
      "SELECT student, school_id, section, event_date, said, code FROM parked"
      " WHERE district_id = $1 AND (event_date, school_id, section, student) > ($2, $3, $4, $5)"
      " ORDER BY event_date, school_id, section, student LIMIT 1000",
      "idltt", "tltdit"),
    S(park,
      "INSERT INTO parked (district_id, event_date, school_id, section, student, said, code, "
      "since, "
      "import_id)"
      " SELECT $1::int4, unnest($2::date[]), unnest($3::int8[]), unnest($4::text[]), "
      "unnest($5::text[]), unnest($6::int4[]), unnest($7::text[]), $8::timestamptz, $9::int8"
      " ON CONFLICT (district_id, event_date, school_id, section, student)"
      " DO UPDATE SET said = excluded.said, code = excluded.code",
      "iDLTTITzl", ""),
    S(unpark,
      "DELETE FROM parked p USING (SELECT unnest($2::date[]) AS d, unnest($3::int8[]) AS c,"
      " unnest($4::text[]) AS e, unnest($5::text[]) AS s) u WHERE p.district_id = $1::int4"
      " AND p.event_date = u.d AND p.school_id = u.c AND p.section = u.e AND p.student = u.s",
      "iDLTT", ""),
    /* feeds: counts of three weeks, by school and day */
    S(feeds,
      "WITH t AS (SELECT ($2::timestamptz AT TIME ZONE time_zone)::date AS today,"
      " (extract(hour FROM $2::timestamptz AT TIME ZONE time_zone) * 60"
      " + extract(minute FROM $2::timestamptz AT TIME ZONE time_zone))::int4 AS minute"
      " FROM district WHERE district_id = $1),"
      " m AS (SELECT a.school_id, a.event_date, count(*) AS n FROM t JOIN attendance a"
      " ON a.district_id = $1 AND a.event_date BETWEEN t.today - 21 AND t.today GROUP BY 1, 2),"
      " c AS (SELECT (i.body #>> '{calendarReference,schoolId}')::int8 AS school,"
      " string_agg(DISTINCT e.v ->> 'calendarEventDescriptor', E'\\n') AS codes"
      " FROM t JOIN item i ON i.district_id = $1 AND i.resource = 'calendarDates'"
      " AND i.body ->> 'date' = t.today::text,"
      " jsonb_array_elements(i.body -> 'calendarEvents') e(v) GROUP BY 1)"
      " SELECT (s.body ->> 'schoolId')::int8, s.body ->> 'nameOfInstitution', t.today, t.minute,"
      " coalesce(c.codes, ''), coalesce((SELECT n FROM m WHERE m.school_id = k.id"
      " AND m.event_date = t.today), 0)::int4,"
      " coalesce((SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY n) FROM m"
      " WHERE m.school_id = k.id AND m.event_date < t.today HAVING count(*) >= 3), -1)::int4,"
      " (SELECT max(event_date) FROM m WHERE m.school_id = k.id),"
      " (SELECT value FROM policy p WHERE p.district_id = $1 AND p.name = 'attendance_due'"
      " AND p.school_id IN (0, k.id) ORDER BY p.school_id <> 0 DESC LIMIT 1),"
      " f.late, f.since, f.episode"
      " FROM item s CROSS JOIN t CROSS JOIN LATERAL (SELECT (s.body ->> 'schoolId')::int8 AS id) k"
      " LEFT JOIN c ON c.school = k.id"
      " LEFT JOIN feed f ON f.district_id = $1 AND f.school_id = k.id"
      " WHERE s.district_id = $1 AND s.resource = 'schools' ORDER BY 1",
      "iz", "ltditiidtbdi"),
    S(feed_put,
      "INSERT INTO feed (district_id, school_id, late, since, episode)"
      " SELECT $1::int4, unnest($2::int8[]), unnest($3::bool[]), unnest($4::date[]),"
      " unnest($5::int4[]) ON CONFLICT (district_id, school_id) DO UPDATE SET late = excluded.late,"
      " since = excluded.since, episode = excluded.episode",
      "iLBDI", ""),
    S(feed_counts,
      "WITH t AS (SELECT ($2::timestamptz AT TIME ZONE time_zone)::date AS today FROM district"
      " WHERE district_id = $1),"
      " e AS (SELECT DISTINCT s.num, (a.body #>> '{schoolReference,schoolId}')::int8 AS school,"
      " (a.body ->> 'entryDate')::date AS entry, (a.body ->> 'exitWithdrawDate')::date AS exit"
      " FROM item a JOIN item s ON s.district_id = $1 AND s.resource = 'students'"
      " AND s.id = ANY (a.refs) WHERE a.district_id = $1"
      " AND a.resource = 'studentSchoolAssociations')"
      " SELECT 'quarantined_messages', count(*) FROM quarantine WHERE district_id = $1"
      " UNION ALL SELECT 'imports_to_confirm', count(*) FROM import WHERE district_id = $1"
      " AND state = 'quarantined'"
      " UNION ALL SELECT 'imports_refused_today', count(*) FROM import, t WHERE district_id = $1"
      " AND state = 'refused' AND done_at::date >= t.today"
      " UNION ALL SELECT 'rows_waiting', count(*) FROM parked WHERE district_id = $1"
      " UNION ALL SELECT 'students_missing', count(*) FROM missing WHERE district_id = $1"
      " AND resource = 'students'"
      " UNION ALL SELECT 'orphans_today', count(*) FROM t JOIN attendance a ON a.district_id = $1"
      " AND a.event_date = t.today WHERE NOT EXISTS (SELECT FROM e WHERE e.num = a.student_id"
      " AND e.school = a.school_id AND e.entry <= t.today AND coalesce(e.exit, t.today) >= t.today)"
      " UNION ALL SELECT 'code: ' || c.uri, count(*) FROM t JOIN attendance a ON a.district_id = $1"
      " AND a.event_date BETWEEN t.today - 21 AND t.today JOIN category c ON c.district_id = $1"
      " AND c.category_id = a.category_id WHERE a.category_id = ANY ($3) GROUP BY c.uri",
      "izI", "tl"),
    S(policy_set,
      "INSERT INTO policy (district_id, school_id, name, value) VALUES ($1, $2, $3, $4)"
      " ON CONFLICT (district_id, school_id, name) DO UPDATE SET value = excluded.value",
      "iltt", ""),
    S(policy_clear, "DELETE FROM policy WHERE district_id = $1 AND school_id = $2 AND name = $3",
      "ilt", ""),
    S(policy_list,
      "SELECT school_id, name, value FROM policy WHERE district_id = $1 ORDER BY name, school_id",
      "i", "ltt"),
    /* changed keys */
    S(renamed_page,
      "SELECT key, id FROM renamed WHERE district_id = $1 AND key > $2 ORDER BY key LIMIT $3::int4",
      "iui", "uu"),
    S(renamed_delete, "DELETE FROM renamed WHERE district_id = $1 AND key = ANY ($2::uuid[])", "iU",
      ""),
    S(renamed_insert,
      "INSERT INTO renamed (district_id, key, id) SELECT $1::int4, u.key, u.id"
      " FROM unnest($2::uuid[], $3::uuid[]) u(key, id) WHERE u.key <> u.id",
      "iUU", ""),
    S(referrers,
      "SELECT DISTINCT resource, id FROM item_ref WHERE district_id = $1"
      " AND target_id = ANY ($2::uuid[]) LIMIT $3::int4",
      "iUi", "tu"),
    S(items_load,
      "SELECT id, coalesce(num, 0), body FROM item WHERE district_id = $1 AND resource = $2"
      " AND id = ANY ($3::uuid[])",
      "itU", "ulj"),
    S(items_rewrite,
      "UPDATE item i SET digest = u.digest, body = u.body::jsonb, changed_at = $6::timestamptz"
      " FROM unnest($3::uuid[], $4::int8[], $5::text[]) u(id, digest, body)"
      " WHERE i.district_id = $1::int4 AND i.resource = $2::text AND i.id = u.id",
      "itULTz", ""),
    S(places_unmarked,
      "SELECT 1 WHERE NOT EXISTS (SELECT FROM attendance WHERE district_id = $1"
      " AND (place_id = ANY ($2::int8[]) OR session_id = ANY ($2::int8[])))",
      "iL", "i"),
    S(extra_page,
      "SELECT event_date, student_id, place_id, category_id, reason, arrival, departure, extra"
      " FROM attendance WHERE district_id = $1 AND section AND extra @> $2::jsonb"
      " AND (event_date, student_id, place_id, session_id, category_id) > ($3, $4, $5, 0, $6::int4)"
      " ORDER BY event_date, student_id, place_id, session_id, category_id LIMIT $7::int4",
      "ijdllii", "dllitooj"),
    S(extra_rewrite,
      "UPDATE attendance a SET digest = u.digest, extra = u.extra::jsonb"
      " FROM unnest($2::date[], $3::int8[], $4::int8[], $5::int4[], $6::int8[], $7::text[])"
      " u(date, student, place, category, digest, extra)"
      " WHERE a.district_id = $1::int4 AND a.event_date = u.date AND a.student_id = u.student"
      " AND a.place_id = u.place AND a.session_id = 0 AND a.category_id = u.category",
      "iDLLILT", ""),
    {0}};

const struct kith_stmt ingest_console_statements[] = {
    {"ingest_console_quarantine",
     "SELECT num, at, client_id, code, reason FROM ingest.pub_quarantine WHERE district_id = $1"
     " ORDER BY num DESC LIMIT 1000",
     "i", "lztit"},
    {0}};
