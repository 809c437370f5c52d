/* SPDX-License-Identifier: Apache-2.0 */
/* Log records as another daemon might send them: first byte the type, the rest its payload. Whatever the bytes, what is kept obeys the limits of
 * records.h, so that the database takes it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "notification/decode.h"
#include "notification/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool good)
{
    if (!good)
        abort();
}

static bool date_ok(int32_t days)
{
    return days >= -719162 && days <= 2932896;
}

static void check_changes(struct notif_changes *c)
{
    const struct notif_staff *staff = c->staff.items;
    for (size_t i = 0; i < c->staff.n; i++)
        check(!staff[i].email[0] || notif_address_ok(staff[i].email));
    const struct notif_role *role = c->roles.items;
    for (size_t i = 0; i < c->roles.n; i++)
        check(date_ok(role[i].begin_date) && date_ok(role[i].end_date) &&
              memchr(role[i].role, '\0', sizeof(role[i].role)));
    const struct notif_member *member = c->members.items;
    for (size_t i = 0; i < c->members.n; i++)
        check((member[i].student_id == 0) != (member[i].staff_id == 0));
    size_t before = c->staff.n + c->roles.n + c->members.n;
    notif_changes_compact(c);
    check(c->staff.n + c->roles.n + c->members.n <= before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct kith_record record = {
        .pos = 1, .count = 1, .type = data[0], .at_us = 1, .payload = data + 1, .n = n - 1};
    struct notif_changes changes;
    notif_changes_init(&changes);
    if (notif_decode_changes(&record, 1, &changes) == KITH_OK)
        check_changes(&changes);
    notif_changes_done(&changes);

    struct notif_flags flags;
    notif_flags_init(&flags);
    if (notif_decode_flags(&record, &flags) == KITH_OK) {
        const struct notif_flag *flag = flags.list.items;
        for (size_t i = 0; i < flags.list.n; i++)
            check(date_ok(flag[i].since) && flag[i].urgency >= 1 && flag[i].urgency <= 3);
        struct notif_alerts alerts;
        if (notif_alerts_gather(&alerts, flag, flags.list.n) == KITH_OK) {
            notif_alerts_apply(&alerts, flag, flags.list.n);
            notif_alerts_done(&alerts);
        }
    }
    notif_flags_done(&flags);
    return 0;
}
