-- SPDX-License-Identifier: Apache-2.0
-- Natural keys that were changed by PUT. A document keeps the id that was made from its first key; `key` is the hash of another one, `id` the
-- document that has it now (or would have it: what a changed key names is exchanged, so both columns are one to one). A key that is
-- not here names the document with the same id.
CREATE TABLE ingest.renamed (
  district_id int NOT NULL,
  key uuid NOT NULL,
  id uuid NOT NULL,
  PRIMARY KEY (district_id, key),
  UNIQUE (district_id, id));
ALTER TABLE ingest.renamed OWNER TO kith_owner;
GRANT SELECT, INSERT, DELETE ON ingest.renamed TO kith_ingest;
