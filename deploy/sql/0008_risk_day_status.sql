-- SPDX-License-Identifier: Apache-2.0
-- How a district wants days to be made of marks; '' = as risk does by itself (services/risk/day.h).
ALTER TABLE risk.district ADD COLUMN day_status text NOT NULL DEFAULT '';
