-- SPDX-License-Identifier: Apache-2.0
-- What a SIS pushed. Only kith_ingest writes here.

CREATE TABLE ingest.district (
  district_id int PRIMARY KEY,
  name text NOT NULL,
  time_zone text NOT NULL,
  default_email text NOT NULL,
  created_at timestamptz NOT NULL);

-- Who may push: an Ed-Fi client (secret_hash) or a native sender (curve_key). Secrets are 256 random bits, so a plain hash is enough.
CREATE TABLE ingest.client (
  district_id int NOT NULL REFERENCES ingest.district,
  client_id text NOT NULL,
  label text NOT NULL,
  secret_hash bytea,
  curve_key text,
  created_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (district_id, client_id),
  CHECK ((secret_hash IS NULL) <> (curve_key IS NULL)));

CREATE TABLE ingest.token (
  district_id int NOT NULL,
  token_hash bytea NOT NULL,
  client_id text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (district_id, token_hash),
  FOREIGN KEY (district_id, client_id) REFERENCES ingest.client);

-- What a district's descriptors mean. kind: 'attendance', 'calendar', 'staff', 'cohort'. Unmapped codes are stored, counted, shown.
CREATE TABLE ingest.descriptor_map (
  district_id int NOT NULL REFERENCES ingest.district,
  kind text NOT NULL,
  code text NOT NULL,
  meaning text NOT NULL,
  PRIMARY KEY (district_id, kind, code));

-- Every Ed-Fi resource but attendance: the current document by natural key. id is made from the key; num is Kith's own number of
-- a student, staff, school, section, session, calendar or cohort (dense, given at first sight, never used twice).
CREATE TABLE ingest.item (
  district_id int NOT NULL,
  resource text NOT NULL,
  id uuid NOT NULL,
  num bigint,
  digest bigint NOT NULL,
  body jsonb NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (district_id, resource, id));
CREATE UNIQUE INDEX item_num ON ingest.item (district_id, num) WHERE num IS NOT NULL;

-- Numbers outlive their item: a student deleted and sent again keeps the number, so that no history is orphaned.
CREATE TABLE ingest.number (
  district_id int NOT NULL,
  num bigint NOT NULL,
  resource text NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (district_id, num),
  UNIQUE (district_id, resource, id));

-- Which document refers to which: an unresolved reference is 409, so is the deletion of what is still referred to.
CREATE TABLE ingest.item_ref (
  district_id int NOT NULL,
  target_resource text NOT NULL,
  target_id uuid NOT NULL,
  resource text NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (district_id, target_resource, target_id, resource, id));
CREATE INDEX item_ref_source ON ingest.item_ref (district_id, resource, id);

-- Attendance event descriptors, numbered at first sight.
CREATE TABLE ingest.category (
  district_id int NOT NULL,
  category_id int NOT NULL,
  uri text NOT NULL,
  PRIMARY KEY (district_id, category_id),
  UNIQUE (district_id, uri));

-- The hot path. One row per event by natural key; place_id is the number of the school (daily) or of the section, session_id 0 for the
-- latter. first_pos and pos: positions in the log of its first record and of the last change. digest: hash of the content outside the key, so that a re-send changes nothing.
-- One index only: it carries the insert rate. By school year, so that a year is dropped in one step.
CREATE TABLE ingest.attendance (
  district_id int NOT NULL,
  event_date date NOT NULL,
  student_id bigint NOT NULL,
  place_id bigint NOT NULL,
  session_id bigint NOT NULL,
  category_id int NOT NULL,
  section boolean NOT NULL,
  school_id bigint NOT NULL,
  first_pos bigint NOT NULL,
  pos bigint NOT NULL,
  digest bigint NOT NULL,
  reason text,
  arrival time,
  departure time,
  extra jsonb,
  PRIMARY KEY (district_id, event_date, student_id, place_id, session_id, category_id))
  PARTITION BY RANGE (event_date);
DO $$
BEGIN
  FOR y IN 2018..2039 LOOP
    EXECUTE format('CREATE TABLE ingest.attendance_%s PARTITION OF ingest.attendance FOR VALUES FROM (%L) TO (%L)',
                   y + 1, make_date(y, 7, 1), make_date(y + 1, 7, 1));
    EXECUTE format('ALTER TABLE ingest.attendance_%s OWNER TO kith_owner', y + 1);
  END LOOP;
END $$;
CREATE TABLE ingest.attendance_other PARTITION OF ingest.attendance DEFAULT;

-- What could not be understood, kept as it came. num orders it within a district.
CREATE TABLE ingest.quarantine (
  district_id int NOT NULL,
  num bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL,
  client_id text NOT NULL,
  code int NOT NULL,
  reason text NOT NULL,
  bytes bytea NOT NULL,
  PRIMARY KEY (district_id, num));

ALTER TABLE ingest.district OWNER TO kith_owner;
ALTER TABLE ingest.client OWNER TO kith_owner;
ALTER TABLE ingest.token OWNER TO kith_owner;
ALTER TABLE ingest.descriptor_map OWNER TO kith_owner;
ALTER TABLE ingest.item OWNER TO kith_owner;
ALTER TABLE ingest.number OWNER TO kith_owner;
ALTER TABLE ingest.item_ref OWNER TO kith_owner;
ALTER TABLE ingest.category OWNER TO kith_owner;
ALTER TABLE ingest.attendance OWNER TO kith_owner;
ALTER TABLE ingest.attendance_other OWNER TO kith_owner;
ALTER TABLE ingest.quarantine OWNER TO kith_owner;

GRANT SELECT, INSERT, UPDATE ON ingest.district TO kith_ingest;
GRANT SELECT, INSERT, UPDATE ON ingest.client TO kith_ingest;
GRANT SELECT, INSERT, DELETE ON ingest.token TO kith_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest.descriptor_map TO kith_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest.item TO kith_ingest;
GRANT SELECT, INSERT ON ingest.number TO kith_ingest;
GRANT SELECT, INSERT, DELETE ON ingest.item_ref TO kith_ingest;
GRANT SELECT, INSERT ON ingest.category TO kith_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest.attendance TO kith_ingest;
GRANT SELECT, INSERT, DELETE ON ingest.quarantine TO kith_ingest;

-- What the console and the CLI may read. Counts and codes; no name, no document.
ALTER TABLE ingest.attendance ENABLE ROW LEVEL SECURITY;
CREATE POLICY attendance_owner ON ingest.attendance TO kith_ingest USING (true);
CREATE POLICY attendance_console ON ingest.attendance FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));
ALTER TABLE ingest.quarantine ENABLE ROW LEVEL SECURITY;
CREATE POLICY quarantine_owner ON ingest.quarantine TO kith_ingest USING (true);
CREATE POLICY quarantine_console ON ingest.quarantine FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));

GRANT SELECT (district_id, name, time_zone) ON ingest.district TO kith_console;
GRANT SELECT (district_id, event_date, school_id, category_id, section) ON ingest.attendance TO kith_console;
GRANT SELECT ON ingest.category TO kith_console;
GRANT SELECT ON ingest.descriptor_map TO kith_console;
GRANT SELECT (district_id, resource, num) ON ingest.item TO kith_console;
GRANT SELECT (district_id, num, at, client_id, code, reason) ON ingest.quarantine TO kith_console;

CREATE VIEW ingest.pub_district WITH (security_invoker = true) AS
  SELECT district_id, name, time_zone FROM ingest.district;
CREATE VIEW ingest.pub_item_count WITH (security_invoker = true) AS
  SELECT district_id, resource, count(*) AS n FROM ingest.item GROUP BY district_id, resource;
CREATE VIEW ingest.pub_attendance_count WITH (security_invoker = true) AS
  SELECT a.district_id, a.section, c.uri, m.meaning, count(*) AS n
  FROM ingest.attendance a
  JOIN ingest.category c ON c.district_id = a.district_id AND c.category_id = a.category_id
  LEFT JOIN ingest.descriptor_map m ON m.district_id = c.district_id AND m.kind = 'attendance'
    AND m.code = regexp_replace(c.uri, '^.*#', '')
  GROUP BY a.district_id, a.section, c.uri, m.meaning;
CREATE VIEW ingest.pub_quarantine WITH (security_invoker = true) AS
  SELECT district_id, num, at, client_id, code, reason FROM ingest.quarantine;
ALTER VIEW ingest.pub_district OWNER TO kith_owner;
ALTER VIEW ingest.pub_item_count OWNER TO kith_owner;
ALTER VIEW ingest.pub_attendance_count OWNER TO kith_owner;
ALTER VIEW ingest.pub_quarantine OWNER TO kith_owner;
GRANT SELECT ON ingest.pub_district TO kith_console;
GRANT SELECT ON ingest.pub_item_count TO kith_console;
GRANT SELECT ON ingest.pub_attendance_count TO kith_console;
GRANT SELECT ON ingest.pub_quarantine TO kith_console;
