-- SPDX-License-Identifier: Apache-2.0
-- Packages of rosters (OneRoster, School Data Sync): what came, what became of it, and what the last one held.

-- One package. state: received (its file waits), refused, quarantined (an operator must confirm or discard it), applied, discarded.
CREATE TABLE ingest.import (
  district_id int NOT NULL REFERENCES ingest.district,
  import_id bigint NOT NULL,
  name text NOT NULL,        -- as the sender called it
  door text NOT NULL CHECK (door IN ('http', 'folder')),
  file text NOT NULL,        -- in the daemon's import folder
  bytes bigint NOT NULL,
  origin text,               -- what it was, once applied: oneroster, sds, attendance
  kept boolean NOT NULL DEFAULT false, -- its file is still there: a delta is read with it
  strict boolean NOT NULL,
  confirmed boolean NOT NULL DEFAULT false,
  state text NOT NULL CHECK (state IN ('received', 'refused', 'quarantined', 'applied', 'discarded')),
  created_at timestamptz NOT NULL,
  done_at timestamptz,
  receipt jsonb,             -- counts, findings by file, line and column; no cell's content
  PRIMARY KEY (district_id, import_id));

-- What the last bulk package of an origin held: ids in order, 16 bytes each. The difference to the next one is what vanished.
CREATE TABLE ingest.import_set (
  district_id int NOT NULL,
  origin text NOT NULL,
  resource text NOT NULL,
  ids bytea NOT NULL,
  PRIMARY KEY (district_id, origin, resource));
ALTER TABLE ingest.import_set ALTER COLUMN ids SET STORAGE EXTERNAL;

-- Documents that vanished from the bulk packages that brought them: kept, and marked.
CREATE TABLE ingest.missing (
  district_id int NOT NULL,
  resource text NOT NULL,
  id uuid NOT NULL,
  num bigint,
  since timestamptz NOT NULL,
  import_id bigint NOT NULL,
  PRIMARY KEY (district_id, resource, id));

-- Rows of attendance files that name a student, school, section or day that is not known yet: tried again after every import.
CREATE TABLE ingest.parked (
  district_id int NOT NULL,
  event_date date NOT NULL,
  school_id bigint NOT NULL, -- the SIS's, as everything here
  section text NOT NULL,     -- '' = the day
  student text NOT NULL,
  said int NOT NULL,         -- 1 absent + 2 tardy + 4 present
  code text NOT NULL,
  since timestamptz NOT NULL,
  import_id bigint NOT NULL,
  PRIMARY KEY (district_id, event_date, school_id, section, student));

-- What a document refers to, with the document: so that its references can be taken back without an index of their own.
ALTER TABLE ingest.item ADD COLUMN refs uuid[] NOT NULL DEFAULT '{}';
UPDATE ingest.item i SET refs = coalesce((SELECT array_agg(r.target_id) FROM ingest.item_ref r
  WHERE r.district_id = i.district_id AND r.resource = i.resource AND r.id = i.id), '{}');
-- An id is made from resource and natural key, so a reference needs no resource beside it: an index of a third of the size, which is what
-- rosters cost. `resource`: of the one that refers.
ALTER TABLE ingest.item_ref DROP CONSTRAINT item_ref_pkey;
DROP INDEX ingest.item_ref_source;
ALTER TABLE ingest.item_ref DROP COLUMN target_resource;
ALTER TABLE ingest.item_ref ADD PRIMARY KEY (district_id, target_id, id);

ALTER TABLE ingest.import OWNER TO kith_owner;
ALTER TABLE ingest.import_set OWNER TO kith_owner;
ALTER TABLE ingest.missing OWNER TO kith_owner;
ALTER TABLE ingest.parked OWNER TO kith_owner;

GRANT SELECT, INSERT, UPDATE ON ingest.import TO kith_ingest;
GRANT SELECT, INSERT, UPDATE ON ingest.import_set TO kith_ingest;
GRANT SELECT, INSERT, DELETE ON ingest.missing TO kith_ingest;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest.parked TO kith_ingest;

-- Counts only: what is missing by name is asked of the daemon.
GRANT SELECT (district_id, resource, since) ON ingest.missing TO kith_console;
CREATE VIEW ingest.pub_missing_count WITH (security_invoker = true) AS
  SELECT district_id, resource, count(*) AS n, min(since) AS since FROM ingest.missing GROUP BY district_id, resource;
ALTER VIEW ingest.pub_missing_count OWNER TO kith_owner;
GRANT SELECT ON ingest.pub_missing_count TO kith_console;
