/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/risk.h"
#include "risk/store.h"

static const struct kith_cfg_key cfg[] = {
    {"consecutive_days", KITH_CFG_UINT, offsetof(struct risk, params.consecutive_days), "3",
     "unexcused absences in a row that raise a flag", 1, 60, false},
    {"consecutive_clear_days", KITH_CFG_UINT, offsetof(struct risk, params.consecutive_clear_days),
     "3", "school days after them that clear it", 1, 60, false},
    {"low_attendance", KITH_CFG_PERMILLE, offsetof(struct risk, params.low_permille), "90%",
     "attendance below this raises a flag", 1, 1000, false},
    {"low_attendance_clear", KITH_CFG_PERMILLE, offsetof(struct risk, params.low_clear_permille),
     "92%", "attendance at or above this clears it; not below low_attendance", 1, 1000, false},
    {"min_days", KITH_CFG_UINT, offsetof(struct risk, params.min_days), "20",
     "enrolled days before a rate of attendance means something", 1, 200, false},
    {"no_contact_days", KITH_CFG_UINT, offsetof(struct risk, params.no_contact_days), "20",
     "school days without a conversation that raise a flag", 1, 400, false},
    {"sweep_every", KITH_CFG_MS, offsetof(struct risk, sweep_every_ms), "30s",
     "how often to look whether a new day has begun in a district", 10, 3600000, false},
    {0},
};

static const struct kith_command commands[] = {
    {"contact.add", risk_on_contact_add},
    {0},
};

int main(int argc, char **argv)
{
    struct risk risk = {0};
    return kith_daemon_main(&(struct kith_daemon_spec){.name = "risk",
                                                       .ctx = &risk,
                                                       .cfg = cfg,
                                                       .statements = risk_statements,
                                                       .commands = commands,
                                                       .start = risk_start,
                                                       .drain = risk_drain,
                                                       .idle = risk_idle,
                                                       .stop = risk_stop},
                            argc, argv);
}
