/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes: no crash, no touched result on failure; what is taken can be packed and taken again. */
#include <stdint.h>
#include <stdlib.h>

#include "kith/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    kith_envelope *env = NULL;
    uint8_t id[KITH_MSG_ID];
    struct kith_why why = {""};
    kith_err err = kith_msg_unpack(data, n, &env, id, &why);
    if (err != KITH_OK) {
        if (env || !why.text[0])
            abort();
        return 0;
    }
    uint8_t *packed;
    size_t packed_n;
    /* unknown fields are kept, so only a longer form of the same numbers can be shorter when packed */
    if (kith_msg_pack(env, &packed, &packed_n) == KITH_OK) {
        kith_envelope *again;
        if (kith_msg_unpack(packed, packed_n, &again, NULL, &why) != KITH_OK)
            abort();
        kith_msg_free(again);
        free(packed);
    }
    kith_msg_free(env);
    return 0;
}
