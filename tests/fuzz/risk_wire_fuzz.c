/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a record holds: no crash, and what is taken can be judged. The first byte is the record's type. */
#include <stdint.h>
#include <stdlib.h>

#include "risk/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct risk_params params = {3, 3, 900, 920, 20, 20};
    if (n == 0)
        return 0;
    struct kith_record record = {
        .pos = 1, .count = 1, .type = data[0], .payload = data + 1, .n = n - 1};
    struct risk_changes changes = {0};
    struct kith_why why = {""};
    kith_err err = risk_decode(&record, 1, &changes, &why);
    if (err != KITH_OK && !why.text[0])
        abort();
    struct risk_world *world = NULL;
    if (err == KITH_OK && risk_world_new(&params, &risk_default_precedence, &world) == KITH_OK) {
        struct risk_flag_turns turns = {0};
        risk_world_set_as_of(world, 20000);
        risk_changes_settle(&changes);
        if (risk_world_apply(world, &changes) != KITH_OK ||
            risk_world_judge(world, &turns) != KITH_OK)
            abort();
        free(turns.turn);
        risk_world_free(world);
    }
    risk_changes_done(&changes);
    return 0;
}
