-- SPDX-License-Identifier: Apache-2.0
-- What risk keeps of ingest's log, what adults logged, and the flags. Only kith_risk writes here.

CREATE TABLE risk.district (
  district_id int PRIMARY KEY,
  time_zone text NOT NULL);

-- The day up to which a district was judged. Rules depend on the date, so the date is data: stored before anything is judged by it.
-- rules: digest of the thresholds. swept_to: last student judged anew since the date or the thresholds changed; null = all were.
CREATE TABLE risk.as_of (
  district_id int PRIMARY KEY,
  as_of date NOT NULL,
  rules bigint NOT NULL,
  swept_to bigint);

CREATE TABLE risk.calendar_day (
  district_id int NOT NULL,
  school_id bigint NOT NULL,
  calendar_id bigint NOT NULL,
  date date NOT NULL,
  instructional boolean NOT NULL,
  PRIMARY KEY (district_id, school_id, calendar_id, date));

CREATE TABLE risk.enrollment (
  district_id int NOT NULL,
  student_id bigint NOT NULL,
  school_id bigint NOT NULL,
  entry_date date NOT NULL,
  exit_date date,              -- last day enrolled; null = open
  calendar_id bigint NOT NULL, -- 0 = any calendar of the school
  PRIMARY KEY (district_id, student_id, school_id, entry_date));

-- Attendance by the natural key of ingest. kind: AttendanceKind of proto/kith/v1/records.proto; marks of section meetings are kept
-- and counted but say nothing of a day.
CREATE TABLE risk.mark (
  district_id int NOT NULL,
  student_id bigint NOT NULL,
  event_date date NOT NULL,
  place_id bigint NOT NULL,
  session_id bigint NOT NULL,
  category_id int NOT NULL,
  school_id bigint NOT NULL,
  kind smallint NOT NULL,
  section boolean NOT NULL,
  PRIMARY KEY (district_id, student_id, event_date, place_id, session_id, category_id));

-- An adult spoke with a student. call_id is chosen by the client: the same call twice is one contact.
CREATE TABLE risk.contact (
  district_id int NOT NULL,
  student_id bigint NOT NULL,
  contact_date date NOT NULL,
  call_id uuid NOT NULL,
  kind text NOT NULL,
  logged_by text NOT NULL,
  note text,
  logged_at timestamptz NOT NULL,
  PRIMARY KEY (district_id, call_id));
CREATE INDEX contact_student ON risk.contact (district_id, student_id, contact_date, call_id);

-- One row an episode: opened once, changed, cleared. rule: RiskRule of proto/kith/v1/records.proto.
CREATE TABLE risk.flag (
  district_id int NOT NULL,
  student_id bigint NOT NULL,
  school_id bigint NOT NULL,
  rule smallint NOT NULL,
  episode int NOT NULL,
  flag_id uuid NOT NULL,
  since date NOT NULL,
  value int NOT NULL,
  threshold int NOT NULL,
  urgency smallint NOT NULL,
  opened_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  cleared_at timestamptz,
  PRIMARY KEY (district_id, student_id, school_id, rule, episode),
  UNIQUE (district_id, flag_id));
CREATE INDEX flag_open ON risk.flag (district_id, rule) WHERE cleared_at IS NULL;

ALTER TABLE risk.district OWNER TO kith_owner;
ALTER TABLE risk.as_of OWNER TO kith_owner;
ALTER TABLE risk.calendar_day OWNER TO kith_owner;
ALTER TABLE risk.enrollment OWNER TO kith_owner;
ALTER TABLE risk.mark OWNER TO kith_owner;
ALTER TABLE risk.contact OWNER TO kith_owner;
ALTER TABLE risk.flag OWNER TO kith_owner;

GRANT SELECT, INSERT, UPDATE ON risk.district TO kith_risk;
GRANT SELECT, INSERT, UPDATE ON risk.as_of TO kith_risk;
GRANT SELECT, INSERT, UPDATE, DELETE ON risk.calendar_day TO kith_risk;
GRANT SELECT, INSERT, UPDATE, DELETE ON risk.enrollment TO kith_risk;
GRANT SELECT, INSERT, UPDATE, DELETE ON risk.mark TO kith_risk;
GRANT SELECT, INSERT ON risk.contact TO kith_risk;
GRANT SELECT, INSERT, UPDATE ON risk.flag TO kith_risk;

-- What the console and the CLI may read: Kith's own numbers, never a name. Not the note of a contact.
ALTER TABLE risk.enrollment ENABLE ROW LEVEL SECURITY;
CREATE POLICY enrollment_owner ON risk.enrollment TO kith_risk USING (true);
CREATE POLICY enrollment_console ON risk.enrollment FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));
ALTER TABLE risk.mark ENABLE ROW LEVEL SECURITY;
CREATE POLICY mark_owner ON risk.mark TO kith_risk USING (true);
CREATE POLICY mark_console ON risk.mark FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));
ALTER TABLE risk.contact ENABLE ROW LEVEL SECURITY;
CREATE POLICY contact_owner ON risk.contact TO kith_risk USING (true);
CREATE POLICY contact_console ON risk.contact FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));
ALTER TABLE risk.flag ENABLE ROW LEVEL SECURITY;
CREATE POLICY flag_owner ON risk.flag TO kith_risk USING (true);
CREATE POLICY flag_console ON risk.flag FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));

GRANT SELECT ON risk.as_of TO kith_console;
GRANT SELECT ON risk.enrollment TO kith_console;
GRANT SELECT (district_id, student_id, event_date, school_id, kind, section) ON risk.mark TO kith_console;
GRANT SELECT (district_id, student_id, contact_date, kind, logged_at) ON risk.contact TO kith_console;
GRANT SELECT ON risk.flag TO kith_console;

CREATE VIEW risk.pub_as_of WITH (security_invoker = true) AS
  SELECT district_id, as_of, swept_to IS NULL AS complete FROM risk.as_of;
CREATE VIEW risk.pub_flag WITH (security_invoker = true) AS
  SELECT district_id, student_id, school_id, rule, episode, flag_id, since, value, threshold, urgency, opened_at, changed_at, cleared_at
  FROM risk.flag;
CREATE VIEW risk.pub_contact WITH (security_invoker = true) AS
  SELECT district_id, student_id, contact_date, kind, logged_at FROM risk.contact;
-- What is kept and flags nobody is counted here.
CREATE VIEW risk.pub_count WITH (security_invoker = true) AS
  SELECT m.district_id, 'marks' AS what, count(*) AS n FROM risk.mark m WHERE NOT m.section GROUP BY m.district_id
  UNION ALL
  SELECT m.district_id, 'section marks', count(*) FROM risk.mark m WHERE m.section GROUP BY m.district_id
  UNION ALL
  SELECT m.district_id, 'unmapped marks', count(*) FROM risk.mark m WHERE NOT m.section AND m.kind NOT BETWEEN 1 AND 7
  GROUP BY m.district_id
  UNION ALL
  SELECT m.district_id, 'marks without enrollment', count(*) FROM risk.mark m
  WHERE NOT m.section AND NOT EXISTS (
    SELECT 1 FROM risk.enrollment e
    WHERE e.district_id = m.district_id AND e.student_id = m.student_id AND e.school_id = m.school_id
      AND e.entry_date <= m.event_date AND (e.exit_date IS NULL OR e.exit_date >= m.event_date))
  GROUP BY m.district_id
  UNION ALL
  SELECT e.district_id, 'enrollments', count(*) FROM risk.enrollment e GROUP BY e.district_id
  UNION ALL
  SELECT c.district_id, 'contacts', count(*) FROM risk.contact c GROUP BY c.district_id
  UNION ALL
  SELECT f.district_id, 'open flags', count(*) FROM risk.flag f WHERE f.cleared_at IS NULL GROUP BY f.district_id;
ALTER VIEW risk.pub_as_of OWNER TO kith_owner;
ALTER VIEW risk.pub_flag OWNER TO kith_owner;
ALTER VIEW risk.pub_contact OWNER TO kith_owner;
ALTER VIEW risk.pub_count OWNER TO kith_owner;
GRANT SELECT ON risk.pub_as_of TO kith_console;
GRANT SELECT ON risk.pub_flag TO kith_console;
GRANT SELECT ON risk.pub_contact TO kith_console;
GRANT SELECT ON risk.pub_count TO kith_console;
