/* SPDX-License-Identifier: Apache-2.0 */
#include "notification/store.h"
#include "notification/store_internal.h"

/* clang-format off */
const struct kith_stmt notification_statements[] = {
    [S_FENCE] = {"notification_fence",
        "SELECT pos FROM stream_head WHERE district_id = $1 AND shard = 0 AND epoch = $2 FOR UPDATE", "il", "l"},

    /* an unknown zone would break every question about today: UTC until ingest sends a real one */
    [S_DISTRICT] = {"notification_district",
        "INSERT INTO district (district_id, time_zone, default_email)"
        " SELECT $1::int4, CASE WHEN EXISTS (SELECT FROM pg_timezone_names WHERE name = $2::text) THEN $2 ELSE 'UTC' END, $3::text"
        " ON CONFLICT (district_id) DO UPDATE SET time_zone = excluded.time_zone, default_email = excluded.default_email",
        "itt", ""},
    [S_SCHOOL] = {"notification_school",
        "INSERT INTO school (district_id, school_id, name) SELECT $1::int4, t.* FROM unnest($2::int8[], $3::text[]) t"
        " ON CONFLICT (district_id, school_id) DO UPDATE SET name = excluded.name", "iLT", ""},
    [S_SCHOOL_GONE] = {"notification_school_gone",
        "DELETE FROM school WHERE district_id = $1 AND school_id = ANY ($2::int8[])", "iL", ""},
    [S_FEED] = {"notification_feed",
        "INSERT INTO feed (district_id, school_id, late) SELECT $1::int4, t.* FROM unnest($2::int8[], $3::bool[]) t"
        " ON CONFLICT (district_id, school_id) DO UPDATE SET late = excluded.late", "iLB", ""},
    [S_STAFF] = {"notification_staff",
        "INSERT INTO staff (district_id, staff_id, email) SELECT $1::int4, t.* FROM unnest($2::int8[], $3::text[]) t"
        " ON CONFLICT (district_id, staff_id) DO UPDATE SET email = excluded.email", "iLT", ""},
    [S_STAFF_GONE] = {"notification_staff_gone",
        "DELETE FROM staff WHERE district_id = $1 AND staff_id = ANY ($2::int8[])", "iL", ""},
    [S_ROLE] = {"notification_role",
        "INSERT INTO staff_role (district_id, school_id, role, staff_id, begin_date, end_date)"
        " SELECT $1::int4, t.* FROM unnest($2::int8[], $3::text[], $4::int8[], $5::date[], $6::date[]) t"
        " ON CONFLICT (district_id, school_id, role, staff_id, begin_date) DO UPDATE SET end_date = excluded.end_date",
        "iLTLDD", ""},
    [S_ROLE_GONE] = {"notification_role_gone",
        "DELETE FROM staff_role r USING unnest($2::int8[], $3::text[], $4::int8[], $5::date[]) t(school_id, role, staff_id, begin_date)"
        " WHERE r.district_id = $1 AND r.school_id = t.school_id AND r.role = t.role AND r.staff_id = t.staff_id"
        " AND r.begin_date = t.begin_date", "iLTLD", ""},
    [S_ENROLLMENT] = {"notification_enrollment",
        "INSERT INTO enrollment (district_id, student_id, school_id, entry_date, exit_date)"
        " SELECT $1::int4, t.* FROM unnest($2::int8[], $3::int8[], $4::date[], $5::date[]) t"
        " ON CONFLICT (district_id, student_id, school_id, entry_date) DO UPDATE SET exit_date = excluded.exit_date",
        "iLLDD", ""},
    [S_ENROLLMENT_GONE] = {"notification_enrollment_gone",
        "DELETE FROM enrollment e USING unnest($2::int8[], $3::int8[], $4::date[]) t(student_id, school_id, entry_date)"
        " WHERE e.district_id = $1 AND e.student_id = t.student_id AND e.school_id = t.school_id"
        " AND e.entry_date = t.entry_date", "iLLD", ""},
    [S_COHORT] = {"notification_cohort",
        "INSERT INTO cohort (district_id, cohort_id, advisory) SELECT $1::int4, t.* FROM unnest($2::int8[], $3::bool[]) t"
        " ON CONFLICT (district_id, cohort_id) DO UPDATE SET advisory = excluded.advisory", "iLB", ""},
    [S_COHORT_GONE] = {"notification_cohort_gone",
        "DELETE FROM cohort WHERE district_id = $1 AND cohort_id = ANY ($2::int8[])", "iL", ""},
    [S_COHORT_STUDENT] = {"notification_cohort_student",
        "INSERT INTO cohort_student (district_id, cohort_id, student_id, begin_date, end_date)"
        " SELECT $1::int4, t.* FROM unnest($2::int8[], $3::int8[], $4::date[], $5::date[]) t"
        " ON CONFLICT (district_id, student_id, cohort_id, begin_date) DO UPDATE SET end_date = excluded.end_date",
        "iLLDD", ""},
    [S_COHORT_STUDENT_GONE] = {"notification_cohort_student_gone",
        "DELETE FROM cohort_student m USING unnest($2::int8[], $3::int8[], $4::date[]) t(cohort_id, member_id, begin_date)"
        " WHERE m.district_id = $1 AND m.student_id = t.member_id AND m.cohort_id = t.cohort_id"
        " AND m.begin_date = t.begin_date", "iLLD", ""},
    [S_COHORT_STAFF] = {"notification_cohort_staff",
        "INSERT INTO cohort_staff (district_id, cohort_id, staff_id, begin_date, end_date)"
        " SELECT $1::int4, t.* FROM unnest($2::int8[], $3::int8[], $4::date[], $5::date[]) t"
        " ON CONFLICT (district_id, cohort_id, staff_id, begin_date) DO UPDATE SET end_date = excluded.end_date",
        "iLLDD", ""},
    [S_COHORT_STAFF_GONE] = {"notification_cohort_staff_gone",
        "DELETE FROM cohort_staff m USING unnest($2::int8[], $3::int8[], $4::date[]) t(cohort_id, member_id, begin_date)"
        " WHERE m.district_id = $1 AND m.staff_id = t.member_id AND m.cohort_id = t.cohort_id"
        " AND m.begin_date = t.begin_date", "iLLD", ""},

    [S_KNOWN_ALERTS] = {"notification_known_alerts",
        "SELECT alert_id, flag_pos, state = 'open', staff_id, reason FROM alert"
        " WHERE district_id = $1 AND alert_id = ANY ($2::uuid[])", "iU", "ulblt"},
    /* OFFSET 0 keeps the order of the joins, each a look-up by primary key: without statistics (a first load) the planner
     * would rather begin with all cohorts of the district */
    [S_KNOWN_ADVISERS] = {"notification_known_advisers",
        "SELECT q.student_id, s.cohort_id, t.staff_id, greatest(s.begin_date, t.begin_date), least(s.end_date, t.end_date), p.email"
        " FROM unnest($2::int8[]) q(student_id)"
        " CROSS JOIN LATERAL (SELECT cohort_id, begin_date, end_date FROM cohort_student"
        "  WHERE district_id = $1 AND student_id = q.student_id OFFSET 0) s"
        " CROSS JOIN LATERAL (SELECT FROM cohort WHERE district_id = $1 AND cohort_id = s.cohort_id AND advisory OFFSET 0) c"
        " CROSS JOIN LATERAL (SELECT staff_id, begin_date, end_date FROM cohort_staff"
        "  WHERE district_id = $1 AND cohort_id = s.cohort_id OFFSET 0) t"
        " CROSS JOIN LATERAL (SELECT email FROM staff WHERE district_id = $1 AND staff_id = t.staff_id AND email <> '' OFFSET 0) p",
        "iL", "lllddt"},
    [S_KNOWN_PRINCIPALS] = {"notification_known_principals",
        "SELECT r.school_id, r.staff_id, r.begin_date, r.end_date, p.email FROM staff_role r"
        " JOIN staff p ON p.district_id = $1 AND p.staff_id = r.staff_id AND p.email <> ''"
        " WHERE r.district_id = $1 AND r.role = $2 AND r.school_id IN (SELECT unnest($3::int8[]) UNION"
        " SELECT school_id FROM enrollment WHERE district_id = $1 AND student_id = ANY ($4::int8[]))", "itLL", "llddt"},
    [S_KNOWN_PLACES] = {"notification_known_places",
        "SELECT student_id, school_id, entry_date, exit_date FROM enrollment"
        " WHERE district_id = $1 AND student_id = ANY ($2::int8[])", "iL", "lldd"},
    [S_KNOWN_DISTRICT] = {"notification_known_district",
        "SELECT default_email, ($2::timestamptz AT TIME ZONE time_zone)::date FROM district WHERE district_id = $1", "iz", "td"},

    [S_ALERT_OPEN] = {"notification_alert_open",
        "INSERT INTO alert (district_id, state, opened_at, resolved_at, alert_id, flag_id, student_id, school_id, rule, episode,"
        " urgency, since, value, threshold, flag_pos, flag_at, staff_id, reason)"
        " SELECT $1::int4, CASE WHEN open THEN 'open' ELSE 'resolved' END, $2::timestamptz, CASE WHEN open THEN NULL ELSE $2 END,"
        " alert_id, flag_id, student_id, school_id, rule, episode, urgency, since, value, threshold, flag_pos, flag_at, staff_id, reason"
        " FROM unnest($3::uuid[], $4::uuid[], $5::int8[], $6::int8[], $7::int4[], $8::int4[], $9::int4[], $10::date[], $11::int4[],"
        " $12::int4[], $13::int8[], $14::timestamptz[], $15::bool[], $16::int8[], $17::text[])"
        " t(alert_id, flag_id, student_id, school_id, rule, episode, urgency, since, value, threshold, flag_pos, flag_at, open, staff_id, reason)"
        " ON CONFLICT (district_id, alert_id) DO NOTHING", "izUULLIIIDIILZBLT", ""},
    [S_ALERT_CHANGE] = {"notification_alert_change",
        "UPDATE alert a SET school_id = t.school_id, urgency = t.urgency, since = t.since, value = t.value, threshold = t.threshold,"
        " flag_pos = t.flag_pos, state = CASE WHEN t.open THEN 'open' ELSE 'resolved' END,"
        " resolved_at = CASE WHEN t.open THEN NULL ELSE coalesce(a.resolved_at, $2::timestamptz) END"
        " FROM unnest($3::uuid[], $4::int8[], $5::int4[], $6::date[], $7::int4[], $8::int4[], $9::int8[], $10::bool[])"
        " t(alert_id, school_id, urgency, since, value, threshold, flag_pos, open)"
        " WHERE a.district_id = $1 AND a.alert_id = t.alert_id AND a.flag_pos < t.flag_pos", "izULIDIILB", ""},
    [S_INBOX] = {"notification_inbox",
        "INSERT INTO inbox (district_id, at, alert_id, staff_id) SELECT $1::int4, $2::timestamptz, t.*"
        " FROM unnest($3::uuid[], $4::int8[]) t ON CONFLICT (district_id, staff_id, alert_id) DO NOTHING", "izUL", ""},
    [S_DELIVERY] = {"notification_delivery",
        "INSERT INTO delivery (district_id, channel, queued_at, step, delivery_id, alert_id, staff_id, address, urgency, flag_at, state)"
        " SELECT $1::int4, 'email', $2::timestamptz, $3::int4, delivery_id, alert_id, staff_id, address, urgency, flag_at,"
        " CASE WHEN open THEN 'queued' ELSE 'cancelled' END"
        " FROM unnest($4::uuid[], $5::uuid[], $6::int8[], $7::text[], $8::int4[], $9::timestamptz[], $10::bool[])"
        " t(delivery_id, alert_id, staff_id, address, urgency, flag_at, open)"
        " ON CONFLICT (district_id, delivery_id) DO NOTHING", "iziUULTIZB", ""},
    [S_DELIVERY_URGENCY] = {"notification_delivery_urgency",
        "UPDATE delivery d SET urgency = t.urgency FROM unnest($2::uuid[], $3::int4[]) t(alert_id, urgency)"
        " WHERE d.district_id = $1 AND d.alert_id = t.alert_id AND d.state <> 'mailed' AND d.urgency <> t.urgency", "iUI", ""},
    [S_DELIVERY_CANCEL] = {"notification_delivery_cancel",
        "UPDATE delivery SET state = 'cancelled' WHERE district_id = $1 AND alert_id = ANY ($2::uuid[]) AND state = 'queued'",
        "iU", ""},

    /* back before anybody was told */
    [S_DELIVERY_AGAIN] = {"notification_delivery_again",
        "UPDATE delivery SET state = 'queued' WHERE district_id = $1 AND alert_id = ANY ($2::uuid[]) AND state = 'cancelled'",
        "iU", ""},

    [S_START_DISTRICTS] = {"notification_start_districts",
        "SELECT district_id FROM delivery WHERE state = 'queued'"
        " UNION SELECT district_id FROM mail WHERE next_try IS NOT NULL", "", "i"},
    [S_START_OPEN] = {"notification_start_open", "SELECT count(*) FROM alert WHERE state = 'open'", "", "l"},
    [S_MAILS] = {"notification_mails",
        "SELECT mail_id, staff_id, address, items, top_items, urgency, state, attempts, deferrals, losses, next_try, flag_at, created_at"
        " FROM mail WHERE district_id = $1 AND next_try IS NOT NULL ORDER BY next_try", "i", "ultiiitiiizzz"},
    [S_RECENT] = {"notification_recent",
        "SELECT staff_id, max(created_at) FROM mail WHERE district_id = $1 AND created_at > $2 GROUP BY staff_id", "iz", "lz"},
    /* one pass over the queue, whatever the planner believes about its size */
    [S_QUEUE] = {"notification_queue",
        "WITH queued AS (SELECT delivery_id, staff_id, coalesce(address, default_email) AS address, urgency, flag_at,"
        "  max(urgency) OVER person AS most, min(queued_at) OVER person AS since"
        "  FROM delivery d LEFT JOIN district c ON c.district_id = $1"
        "  WHERE d.district_id = $1 AND d.state = 'queued' AND staff_id <> ALL ($2::int8[]) AND coalesce(address, default_email) <> ''"
        "  AND d.flag_at <= $4::timestamptz"
        /* attendance is not judged in public where it has not come: rules 1 and 2 */
        "  AND NOT EXISTS (SELECT FROM feed f JOIN alert a ON a.district_id = $1 AND a.school_id = f.school_id AND a.rule IN (1, 2)"
        "   WHERE f.district_id = $1 AND f.late AND a.alert_id = d.alert_id)"
        "  WINDOW person AS (PARTITION BY staff_id)),"
        " ranked AS (SELECT *, dense_rank() OVER (ORDER BY most DESC, since, staff_id) AS place FROM queued)"
        " SELECT delivery_id, staff_id, address, urgency, flag_at FROM ranked WHERE place <= $3::int8", "iLlz", "ultiz"},

    [S_MAIL_MAKE] = {"notification_mail_make",
        "INSERT INTO mail (district_id, state, attempts, deferrals, losses, next_try, created_at, changed_at,"
        " mail_id, staff_id, address, items, top_items, urgency, flag_at)"
        " SELECT $1::int4, 'sending', 1, 0, 0, $2::timestamptz, $2, $2, t.*"
        " FROM unnest($3::uuid[], $4::int8[], $5::text[], $6::int4[], $7::int4[], $8::int4[], $9::timestamptz[]) t",
        "izULTIIIZ", ""},
    [S_DELIVERY_MAILED] = {"notification_delivery_mailed",
        "UPDATE delivery d SET state = 'mailed', mail_id = t.mail_id FROM unnest($2::uuid[], $3::uuid[]) t(delivery_id, mail_id)"
        " WHERE d.district_id = $1 AND d.delivery_id = t.delivery_id AND d.state <> 'mailed'", "iUU", ""},
    [S_ATTEMPT] = {"notification_attempt",
        "INSERT INTO attempt (district_id, mail_id, attempt, started_at)"
        " SELECT $1::int4, m, 1, $2::timestamptz FROM unnest($3::uuid[]) m", "izU", ""},
    [S_MAIL_CANCEL] = {"notification_mail_cancel",
        "UPDATE mail m SET state = 'cancelled', next_try = NULL, changed_at = $2 WHERE m.district_id = $1 AND m.mail_id = ANY ($3::uuid[])"
        " AND m.state = 'deferred' AND NOT EXISTS (SELECT FROM delivery d JOIN alert a ON a.district_id = $1 AND a.alert_id = d.alert_id"
        " WHERE d.district_id = $1 AND d.mail_id = m.mail_id AND a.state = 'open')", "izU", ""},
    [S_MAIL_AGAIN] = {"notification_mail_again",
        "WITH again AS (UPDATE mail SET state = 'sending', attempts = attempts + 1, next_try = $2, changed_at = $2"
        "  WHERE district_id = $1 AND mail_id = ANY ($3::uuid[]) AND next_try IS NOT NULL RETURNING mail_id, attempts)"
        " INSERT INTO attempt (district_id, mail_id, attempt, started_at) SELECT $1, mail_id, attempts, $2 FROM again"
        " RETURNING mail_id, attempt", "izU", "ui"},
    [S_MAIL_OUTCOME] = {"notification_mail_outcome",
        "UPDATE mail m SET state = t.state, deferrals = t.deferrals, losses = t.losses, next_try = t.next_try, changed_at = $2"
        " FROM unnest($3::uuid[], $4::text[], $5::int4[], $6::int4[], $7::timestamptz[]) t(mail_id, state, deferrals, losses, next_try)"
        " WHERE m.district_id = $1 AND m.mail_id = t.mail_id", "izUTIIZ", ""},
    [S_ATTEMPT_OUTCOME] = {"notification_attempt_outcome",
        "UPDATE attempt a SET ended_at = $2, outcome = t.outcome, reply = t.reply"
        " FROM unnest($3::uuid[], $4::int4[], $5::text[], $6::text[]) t(mail_id, attempt, outcome, reply)"
        " WHERE a.district_id = $1 AND a.mail_id = t.mail_id AND a.attempt = t.attempt", "izUITT", ""},
    [S_FAILED] = {"notification_failed",
        "SELECT d.mail_id, a.alert_id, a.student_id, d.staff_id, a.state = 'open', a.reason, a.urgency, a.flag_at FROM delivery d"
        " JOIN alert a ON a.district_id = $1 AND a.alert_id = d.alert_id"
        /* not those that a COMMIT of unknown outcome did record */
        " JOIN mail m ON m.district_id = $1 AND m.mail_id = d.mail_id AND m.state <> 'failed'"
        " WHERE d.district_id = $1 AND d.mail_id = ANY ($2::uuid[]) ORDER BY a.alert_id", "iU", "uullbtiz"},
    {0},
};

#define ALERT_COLUMNS                                                                                                        \
    "SELECT a.alert_id, a.district_id, a.student_id, a.school_id, s.name, a.rule, a.episode, a.urgency, a.since, a.value,"  \
    " a.threshold, a.state, a.opened_at, a.resolved_at, a.staff_id, a.reason FROM notification.pub_alert a"                 \
    " LEFT JOIN notification.pub_school s ON s.district_id = a.district_id AND s.school_id = a.school_id"

const struct kith_stmt notification_cmd_statements[] = {
    [CMD_DISTRICTS] = {"notification_cmd_districts",
        "SELECT DISTINCT district_id FROM notification.pub_stream_head ORDER BY 1", "", "i"},
    [CMD_ALERTS] = {"notification_cmd_alerts",
        ALERT_COLUMNS " WHERE a.district_id = ANY ($1::int4[]) AND ($2::bool OR a.state = 'open')"
        " ORDER BY a.state, a.urgency DESC, a.opened_at, a.alert_id", "Ib", "uilltiiidiitzzlt"},
    [CMD_ALERT] = {"notification_cmd_alert",
        ALERT_COLUMNS " WHERE a.district_id = ANY ($1::int4[]) AND a.alert_id = $2", "Iu", "uilltiiidiitzzlt"},
    [CMD_INBOX] = {"notification_cmd_inbox",
        "SELECT staff_id, at FROM notification.pub_inbox WHERE district_id = ANY ($1::int4[]) AND alert_id = $2 ORDER BY at, staff_id",
        "Iu", "lz"},
    [CMD_DELIVERIES] = {"notification_cmd_deliveries",
        "SELECT d.staff_id, d.channel, d.step, d.state, d.queued_at, d.mail_id, m.address, m.alerts, m.attempts, m.next_try"
        " FROM notification.pub_delivery d"
        " LEFT JOIN notification.pub_mail m ON m.district_id = d.district_id AND m.mail_id = d.mail_id"
        " WHERE d.district_id = ANY ($1::int4[]) AND d.alert_id = $2 ORDER BY d.step, d.staff_id", "Iu", "ltitzutiiz"},
    [CMD_ATTEMPTS] = {"notification_cmd_attempts",
        "SELECT t.mail_id, t.attempt, t.started_at, t.ended_at, t.outcome, t.reply FROM notification.pub_delivery d"
        " JOIN notification.pub_attempt t ON t.district_id = d.district_id AND t.mail_id = d.mail_id"
        " WHERE d.district_id = ANY ($1::int4[]) AND d.alert_id = $2 ORDER BY t.started_at, t.attempt", "Iu", "uizztt"},
    {0},
};
/* clang-format on */
