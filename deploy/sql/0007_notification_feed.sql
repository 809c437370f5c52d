-- SPDX-License-Identifier: Apache-2.0
-- Schools whose attendance is late: alerts about attendance there wait until it has come.
CREATE TABLE notification.feed (
  district_id int NOT NULL,
  school_id bigint NOT NULL,
  late boolean NOT NULL,
  PRIMARY KEY (district_id, school_id));
ALTER TABLE notification.feed OWNER TO kith_owner;
GRANT SELECT, INSERT, UPDATE ON notification.feed TO kith_notification;
GRANT SELECT ON notification.feed TO kith_console;
ALTER TABLE notification.feed ENABLE ROW LEVEL SECURITY;
CREATE POLICY feed_owner ON notification.feed TO kith_notification USING (true);
CREATE POLICY feed_console ON notification.feed FOR SELECT TO kith_console
  USING (district_id = ANY (nullif(current_setting('kith.districts', true), '')::int[]));

-- state 'held': queued, and waiting for its school's feed. Rules 1 and 2 are about attendance (proto/kith/v1/records.proto).
CREATE OR REPLACE VIEW notification.pub_delivery WITH (security_invoker = true) AS
  SELECT d.district_id, d.alert_id, d.staff_id, d.channel, d.step,
    CASE WHEN d.state = 'queued' AND EXISTS (SELECT FROM notification.alert a JOIN notification.feed f
      ON f.district_id = a.district_id AND f.school_id = a.school_id AND f.late
      WHERE a.district_id = d.district_id AND a.alert_id = d.alert_id AND a.rule IN (1, 2)) THEN 'held'
    ELSE coalesce(m.state, d.state) END AS state,
    d.mail_id, d.queued_at
  FROM notification.delivery d
  LEFT JOIN notification.mail m ON m.district_id = d.district_id AND m.mail_id = d.mail_id;
