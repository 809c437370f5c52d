-- SPDX-License-Identifier: Apache-2.0
-- What a district expects of its feeds, and which schools' are late.

-- A setting of a district (school_id 0) or of one school, which wins. name: 'attendance_due', by when attendance is expected ('10:00', 'never').
CREATE TABLE ingest.policy (
  district_id int NOT NULL REFERENCES ingest.district,
  school_id bigint NOT NULL, -- the SIS's
  name text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (district_id, school_id, name));

-- What was said last of a school's feed, with its log record. since: the first day that is, or was, missing; episode: how often.
CREATE TABLE ingest.feed (
  district_id int NOT NULL,
  school_id bigint NOT NULL,
  late boolean NOT NULL,
  since date NOT NULL,
  episode int NOT NULL,
  PRIMARY KEY (district_id, school_id));

ALTER TABLE ingest.policy OWNER TO kith_owner;
ALTER TABLE ingest.feed OWNER TO kith_owner;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest.policy TO kith_ingest;
GRANT SELECT, INSERT, UPDATE ON ingest.feed TO kith_ingest;
