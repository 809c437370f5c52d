/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"
#include "risk/answer.h"

kith_err risk_ask(struct kith_client *client, const char *verb, const char *const *args,
                  struct risk_answer *ret, struct kith_why *why)
{
    kith_envelope *env = NULL;
    kith_err err = kith_client_command(client, "risk", verb, args, &env, why);
    if (err != KITH_OK)
        return err;
    const char *text = NULL;
    if (env->body_case == KITH__V1__ENVELOPE__BODY_REPLY) {
        ret->done = env->reply->status == 0;
        text = env->reply->text;
    } else if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR) {
        ret->done = false;
        text = env->error->text;
    }
    if (text)
        (void)snprintf(ret->text, sizeof(ret->text), "%s", text);
    else
        kith_why_set(why, "the risk daemon answered something else");
    kith_msg_free(env);
    return text ? KITH_OK : KITH_EDECODE;
}
