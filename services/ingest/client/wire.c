/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/client/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/cleanup.h"
#include "kith/msg.h"
#include "kith/v1/envelope.pb-c.h"

kith_err wire_pack(uint64_t seq, const struct wire_row *rows, size_t n, uint8_t **ret,
                   size_t *ret_n)
{
    kith_auto_mem Kith__V1__Event *events = calloc(n, sizeof(*events));
    kith_auto_mem Kith__V1__Item *items = calloc(n, sizeof(*items));
    kith_auto_mem Kith__V1__Event **list = calloc(n, sizeof(struct Kith__V1__Event *));
    if (!events || !items || !list)
        return KITH_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        kith__v1__item__init(&items[i]);
        items[i].resource = (char *)rows[i].resource;
        items[i].json = (char *)rows[i].json;
        kith__v1__event__init(&events[i]);
        events[i].retract = rows[i].retract;
        events[i].body_case = KITH__V1__EVENT__BODY_ITEM;
        events[i].item = &items[i];
        list[i] = &events[i];
    }
    uint8_t id[KITH_MSG_ID];
    kith_msg_new_id(id);
    Kith__V1__EventBatch batch = KITH__V1__EVENT_BATCH__INIT;
    batch.seq = seq;
    batch.n_events = n;
    batch.events = list;
    Kith__V1__Envelope env = KITH__V1__ENVELOPE__INIT;
    env.msg_id.data = id;
    env.msg_id.len = sizeof(id);
    env.body_case = KITH__V1__ENVELOPE__BODY_EVENTS;
    env.events = &batch;
    return kith_msg_pack(&env, ret, ret_n);
}

static void take_ack(const Kith__V1__Ack *ack, struct wire_reply *ret)
{
    ret->ack = true;
    ret->seq = ack->seq;
    ret->accepted = ack->accepted;
    ret->updated = ack->updated;
    ret->duplicate = ack->duplicate;
    ret->retry_after_ms = ack->retry_after_ms;
    ret->rejected = calloc(ack->n_rejected ? ack->n_rejected : 1, sizeof(*ret->rejected));
    for (size_t i = 0; i < ack->n_rejected && ret->rejected; i++) {
        struct wire_rejected *r = &ret->rejected[ret->rejected_n++];
        r->index = ack->rejected[i]->index;
        r->code = (int)ack->rejected[i]->code;
        (void)snprintf(r->text, sizeof(r->text), "%s", ack->rejected[i]->text);
    }
}

bool wire_unpack(const uint8_t *data, size_t n, struct wire_reply *ret)
{
    kith_envelope *env = NULL;
    struct kith_why why;
    *ret = (struct wire_reply){0};
    if (kith_msg_unpack(data, n, &env, NULL, &why) != KITH_OK)
        return false;
    bool ours = env->body_case == KITH__V1__ENVELOPE__BODY_ACK ||
                env->body_case == KITH__V1__ENVELOPE__BODY_ERROR;
    if (env->body_case == KITH__V1__ENVELOPE__BODY_ACK)
        take_ack(env->ack, ret);
    if (env->body_case == KITH__V1__ENVELOPE__BODY_ERROR) {
        ret->denied = env->error->code == KITH__V1__ERROR__CODE__DENIED;
        (void)snprintf(ret->text, sizeof(ret->text), "%s", env->error->text);
    }
    kith_msg_free(env);
    if (ret->ack && !ret->rejected)
        return false; /* no memory for it: as if it had not come, the batch is sent again */
    return ours;
}

void wire_reply_done(struct wire_reply *r)
{
    free(r->rejected);
    r->rejected = NULL;
}
