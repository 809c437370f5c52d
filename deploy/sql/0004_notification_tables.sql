-- SPDX-License-Identifier: Apache-2.0
-- Alerts, who got them and the mails that said so. Only kith_notification writes here.

-- The projection of ingest's log that routing needs.
CREATE TABLE notification.district (
  district_id int PRIMARY KEY,
  time_zone text NOT NULL,
  default_email text NOT NULL);

CREATE TABLE notification.school (
  district_id int NOT NULL,
  school_id bigint NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (district_id, school_id));

-- email '' = none known, or none that mail can be sent to.
CREATE TABLE notification.staff (
  district_id int NOT NULL,
  staff_id bigint NOT NULL,
  email text NOT NULL,
  PRIMARY KEY (district_id, staff_id));

CREATE TABLE notification.staff_role (
  district_id int NOT NULL,
  school_id bigint NOT NULL,
  role text NOT NULL,
  staff_id bigint NOT NULL,
  begin_date date NOT NULL,
  end_date date,
  PRIMARY KEY (district_id, school_id, role, staff_id, begin_date));

CREATE TABLE notification.enrollment (
  district_id int NOT NULL,
  student_id bigint NOT NULL,
  school_id bigint NOT NULL,
  entry_date date NOT NULL,
  exit_date date,
  PRIMARY KEY (district_id, student_id, school_id, entry_date));

CREATE TABLE notification.cohort (
  district_id int NOT NULL,
  cohort_id bigint NOT NULL,
  advisory boolean NOT NULL,
  PRIMARY KEY (district_id, cohort_id));

CREATE TABLE notification.cohort_student (
  district_id int NOT NULL,
  student_id bigint NOT NULL,
  cohort_id bigint NOT NULL,
  begin_date date NOT NULL,
  end_date date,
  PRIMARY KEY (district_id, student_id, cohort_id, begin_date));

CREATE TABLE notification.cohort_staff (
  district_id int NOT NULL,
  cohort_id bigint NOT NULL,
  staff_id bigint NOT NULL,
  begin_date date NOT NULL,
  end_date date,
  PRIMARY KEY (district_id, cohort_id, staff_id, begin_date));

-- One row a flag of risk, for ever: alert_id is made from flag_id. flag_pos is the newest record of risk's log that is in it (an older
-- one, replayed, changes nothing); flag_at is when risk raised it. staff_id and reason are the routing as it was decided at
-- opening; 0 = the district's default adult.
CREATE TABLE notification.alert (
  district_id int NOT NULL,
  alert_id uuid NOT NULL,
  flag_id uuid NOT NULL,
  student_id bigint NOT NULL,
  school_id bigint NOT NULL,
  rule int NOT NULL,
  episode int NOT NULL,
  urgency int NOT NULL,
  since date NOT NULL,
  value int NOT NULL,
  threshold int NOT NULL,
  flag_pos bigint NOT NULL,
  flag_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('open', 'resolved')),
  opened_at timestamptz NOT NULL,
  resolved_at timestamptz,
  staff_id bigint NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (district_id, alert_id),
  CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)));
CREATE INDEX alert_open ON notification.alert (district_id, opened_at) WHERE state = 'open';

CREATE TABLE notification.inbox (
  district_id int NOT NULL,
  staff_id bigint NOT NULL,
  alert_id uuid NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (district_id, staff_id, alert_id),
  FOREIGN KEY (district_id, alert_id) REFERENCES notification.alert);
CREATE INDEX inbox_alert ON notification.inbox (district_id, alert_id);

-- One mail to one person with everything that was queued for that person. next_try is set while the mail may still be sent (also
-- while it is being sent), NULL at its end. deferrals counts the relay's 4yz, losses the connections lost after the body.
CREATE TABLE notification.mail (
  district_id int NOT NULL,
  mail_id uuid NOT NULL,
  staff_id bigint NOT NULL,
  address text NOT NULL,
  items int NOT NULL CHECK (items > 0),
  top_items int NOT NULL,
  urgency int NOT NULL,
  state text NOT NULL CHECK (state IN ('sending', 'accepted', 'deferred', 'failed', 'unknown', 'cancelled')),
  attempts int NOT NULL,
  deferrals int NOT NULL,
  losses int NOT NULL,
  next_try timestamptz,
  flag_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (district_id, mail_id));
-- at most one mail to a person under way
CREATE UNIQUE INDEX mail_open ON notification.mail (district_id, staff_id) WHERE next_try IS NOT NULL;
CREATE INDEX mail_recent ON notification.mail (district_id, created_at);

-- Every dialogue, written before it begins. No outcome: the daemon died in it.
CREATE TABLE notification.attempt (
  district_id int NOT NULL,
  mail_id uuid NOT NULL,
  attempt int NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  outcome text,
  reply text,
  PRIMARY KEY (district_id, mail_id, attempt),
  FOREIGN KEY (district_id, mail_id) REFERENCES notification.mail);

-- What one person is to be told about one alert. address NULL: the district's default address at the time of sending.
-- step 0 = as routed, 1 = after the first person could not be reached. urgency and flag_at are the alert's (urgency as long as it is
-- queued), so that the queue is read without a join.
CREATE TABLE notification.delivery (
  district_id int NOT NULL,
  delivery_id uuid NOT NULL,
  alert_id uuid NOT NULL,
  staff_id bigint NOT NULL,
  channel text NOT NULL CHECK (channel IN ('email')),
  step int NOT NULL,
  address text,
  urgency int NOT NULL,
  flag_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'mailed', 'cancelled')),
  mail_id uuid,
  queued_at timestamptz NOT NULL,
  PRIMARY KEY (district_id, delivery_id),
  UNIQUE (district_id, alert_id, staff_id, channel, step),
  FOREIGN KEY (district_id, alert_id) REFERENCES notification.alert,
  FOREIGN KEY (district_id, mail_id) REFERENCES notification.mail,
  CHECK ((state = 'mailed') = (mail_id IS NOT NULL)));
CREATE INDEX delivery_queued ON notification.delivery (district_id, staff_id) WHERE state = 'queued';
CREATE INDEX delivery_mail ON notification.delivery (district_id, mail_id) WHERE mail_id IS NOT NULL;

-- Its statements take whole batches; a plan made while the tables were empty (the first load) would be kept long after.
ALTER ROLE kith_notification SET plan_cache_mode = force_custom_plan;

ALTER TABLE notification.district OWNER TO kith_owner;
ALTER TABLE notification.school OWNER TO kith_owner;
ALTER TABLE notification.staff OWNER TO kith_owner;
ALTER TABLE notification.staff_role OWNER TO kith_owner;
ALTER TABLE notification.enrollment OWNER TO kith_owner;
ALTER TABLE notification.cohort OWNER TO kith_owner;
ALTER TABLE notification.cohort_student OWNER TO kith_owner;
ALTER TABLE notification.cohort_staff OWNER TO kith_owner;
ALTER TABLE notification.alert OWNER TO kith_owner;
ALTER TABLE notification.inbox OWNER TO kith_owner;
ALTER TABLE notification.mail OWNER TO kith_owner;
ALTER TABLE notification.attempt OWNER TO kith_owner;
ALTER TABLE notification.delivery OWNER TO kith_owner;

GRANT SELECT, INSERT, UPDATE ON notification.district TO kith_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON notification.school TO kith_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON notification.staff TO kith_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON notification.staff_role TO kith_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON notification.enrollment TO kith_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON notification.cohort TO kith_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON notification.cohort_student TO kith_notification;
GRANT SELECT, INSERT, UPDATE, DELETE ON notification.cohort_staff TO kith_notification;
GRANT SELECT, INSERT, UPDATE ON notification.alert TO kith_notification;
GRANT SELECT, INSERT ON notification.inbox TO kith_notification;
GRANT SELECT, INSERT, UPDATE ON notification.mail TO kith_notification;
GRANT SELECT, INSERT, UPDATE ON notification.attempt TO kith_notification;
GRANT SELECT, INSERT, UPDATE ON notification.delivery TO kith_notification;

-- What the console and the CLI may read: numbers, states and times. No address but through pub_mail, which is a staff member's.
ALTER TABLE notification.alert ENABLE ROW LEVEL SECURITY;
CREATE POLICY alert_owner ON notification.alert TO kith_notification USING (true);
CREATE POLICY alert_console ON notification.alert FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));
ALTER TABLE notification.inbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY inbox_owner ON notification.inbox TO kith_notification USING (true);
CREATE POLICY inbox_console ON notification.inbox FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));
ALTER TABLE notification.mail ENABLE ROW LEVEL SECURITY;
CREATE POLICY mail_owner ON notification.mail TO kith_notification USING (true);
CREATE POLICY mail_console ON notification.mail FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));
ALTER TABLE notification.attempt ENABLE ROW LEVEL SECURITY;
CREATE POLICY attempt_owner ON notification.attempt TO kith_notification USING (true);
CREATE POLICY attempt_console ON notification.attempt FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));
ALTER TABLE notification.delivery ENABLE ROW LEVEL SECURITY;
CREATE POLICY delivery_owner ON notification.delivery TO kith_notification USING (true);
CREATE POLICY delivery_console ON notification.delivery FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));

GRANT SELECT (district_id, school_id, name) ON notification.school TO kith_console;
GRANT SELECT (district_id, alert_id, student_id, school_id, rule, episode, urgency, since, value, threshold, state, opened_at,
              resolved_at, staff_id, reason) ON notification.alert TO kith_console;
GRANT SELECT (district_id, staff_id, alert_id, at) ON notification.inbox TO kith_console;
GRANT SELECT (district_id, mail_id, staff_id, address, items, urgency, state, attempts, next_try, flag_at, created_at, changed_at)
  ON notification.mail TO kith_console;
GRANT SELECT (district_id, mail_id, attempt, started_at, ended_at, outcome, reply) ON notification.attempt TO kith_console;
GRANT SELECT (district_id, alert_id, staff_id, channel, step, state, mail_id, queued_at) ON notification.delivery TO kith_console;

CREATE VIEW notification.pub_school WITH (security_invoker = true) AS
  SELECT district_id, school_id, name FROM notification.school;
CREATE VIEW notification.pub_alert WITH (security_invoker = true) AS
  SELECT district_id, alert_id, student_id, school_id, rule, episode, urgency, since, value, threshold, state, opened_at,
         resolved_at, staff_id, reason FROM notification.alert;
CREATE VIEW notification.pub_inbox WITH (security_invoker = true) AS
  SELECT district_id, staff_id, alert_id, at FROM notification.inbox;
CREATE VIEW notification.pub_mail WITH (security_invoker = true) AS
  SELECT district_id, mail_id, staff_id, address, items AS alerts, urgency, state, attempts, next_try, flag_at,
         created_at, changed_at AS at FROM notification.mail;
CREATE VIEW notification.pub_attempt WITH (security_invoker = true) AS
  SELECT district_id, mail_id, attempt, started_at, ended_at, outcome, reply FROM notification.attempt;
CREATE VIEW notification.pub_delivery WITH (security_invoker = true) AS
  SELECT d.district_id, d.alert_id, d.staff_id, d.channel, d.step, coalesce(m.state, d.state) AS state, d.mail_id, d.queued_at
  FROM notification.delivery d
  LEFT JOIN notification.mail m ON m.district_id = d.district_id AND m.mail_id = d.mail_id;
ALTER VIEW notification.pub_school OWNER TO kith_owner;
ALTER VIEW notification.pub_alert OWNER TO kith_owner;
ALTER VIEW notification.pub_inbox OWNER TO kith_owner;
ALTER VIEW notification.pub_mail OWNER TO kith_owner;
ALTER VIEW notification.pub_attempt OWNER TO kith_owner;
ALTER VIEW notification.pub_delivery OWNER TO kith_owner;
GRANT SELECT ON notification.pub_school TO kith_console;
GRANT SELECT ON notification.pub_alert TO kith_console;
GRANT SELECT ON notification.pub_inbox TO kith_console;
GRANT SELECT ON notification.pub_mail TO kith_console;
GRANT SELECT ON notification.pub_attempt TO kith_console;
GRANT SELECT ON notification.pub_delivery TO kith_console;
