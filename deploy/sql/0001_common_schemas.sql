-- SPDX-License-Identifier: Apache-2.0
-- Roles, schemas and the three stream tables that every service has. One object per statement; forward-only.
-- kith_owner owns everything and cannot log in; a service's login role owns nothing and writes only its own schema.

DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['kith_owner'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I NOLOGIN', r); END IF;
  END LOOP;
  FOREACH r IN ARRAY ARRAY['kith_ingest', 'kith_scheduling', 'kith_risk', 'kith_notification', 'kith_console'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I LOGIN', r); END IF;
  END LOOP;
END $$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA ingest AUTHORIZATION kith_owner;
CREATE SCHEMA scheduling AUTHORIZATION kith_owner;
CREATE SCHEMA risk AUTHORIZATION kith_owner;
CREATE SCHEMA notification AUTHORIZATION kith_owner;
GRANT USAGE ON SCHEMA ingest TO kith_ingest, kith_console;
GRANT USAGE ON SCHEMA scheduling TO kith_scheduling, kith_console;
GRANT USAGE ON SCHEMA risk TO kith_risk, kith_console;
GRANT USAGE ON SCHEMA notification TO kith_notification, kith_console;

-- The stream tables. Written out by a loop because four schemas hold the same three; common/kith/stream.h says what they mean.
DO $$
DECLARE s text;
BEGIN
  FOREACH s IN ARRAY ARRAY['ingest', 'scheduling', 'risk', 'notification'] LOOP
    EXECUTE format($f$
      CREATE TABLE %1$I.stream_head (
        district_id int NOT NULL, shard int NOT NULL, epoch bigint NOT NULL, pos bigint NOT NULL,
        PRIMARY KEY (district_id, shard))$f$, s);
    EXECUTE format($f$
      CREATE TABLE %1$I.log (
        district_id int NOT NULL, shard int NOT NULL, pos bigint NOT NULL, count int NOT NULL CHECK (count > 0),
        type int NOT NULL, epoch bigint NOT NULL, at timestamptz NOT NULL, payload bytea NOT NULL,
        PRIMARY KEY (district_id, shard, pos))$f$, s);
    EXECUTE format($f$
      CREATE TABLE %1$I.consumer_offset (
        district_id int NOT NULL, stream text NOT NULL, shard int NOT NULL, pos bigint NOT NULL,
        PRIMARY KEY (district_id, stream, shard))$f$, s);
    EXECUTE format('ALTER TABLE %I.stream_head OWNER TO kith_owner', s);
    EXECUTE format('ALTER TABLE %I.log OWNER TO kith_owner', s);
    EXECUTE format('ALTER TABLE %I.consumer_offset OWNER TO kith_owner', s);
    -- one row that is updated by every batch: leave room on its page for HOT updates
    EXECUTE format('ALTER TABLE %I.stream_head SET (fillfactor = 10)', s);
    EXECUTE format('ALTER TABLE %I.consumer_offset SET (fillfactor = 10)', s);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I.stream_head TO kith_%s', s, s);
    EXECUTE format('GRANT SELECT, INSERT ON %I.log TO kith_%s', s, s);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I.consumer_offset TO kith_%s', s, s);
    -- what the console and the CLI may see of the streams: positions and times, no content
    EXECUTE format('CREATE VIEW %1$I.pub_stream_head WITH (security_invoker = true) AS SELECT district_id, shard, epoch, pos FROM %1$I.stream_head', s);
    EXECUTE format('CREATE VIEW %1$I.pub_log WITH (security_invoker = true) AS SELECT district_id, shard, pos, count, type, at FROM %1$I.log', s);
    EXECUTE format('CREATE VIEW %1$I.pub_consumer_offset WITH (security_invoker = true) AS SELECT district_id, stream, shard, pos FROM %1$I.consumer_offset', s);
    EXECUTE format('ALTER VIEW %I.pub_stream_head OWNER TO kith_owner', s);
    EXECUTE format('ALTER VIEW %I.pub_log OWNER TO kith_owner', s);
    EXECUTE format('ALTER VIEW %I.pub_consumer_offset OWNER TO kith_owner', s);
    EXECUTE format('GRANT SELECT (district_id, shard, epoch, pos) ON %I.stream_head TO kith_console', s);
    EXECUTE format('GRANT SELECT (district_id, shard, pos, count, type, at) ON %I.log TO kith_console', s);
    EXECUTE format('GRANT SELECT ON %I.consumer_offset TO kith_console', s);
    EXECUTE format('GRANT SELECT ON %I.pub_stream_head TO kith_console', s);
    EXECUTE format('GRANT SELECT ON %I.pub_log TO kith_console', s);
    EXECUTE format('GRANT SELECT ON %I.pub_consumer_offset TO kith_console', s);
  END LOOP;
END $$;
