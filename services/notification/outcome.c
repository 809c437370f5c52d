/* SPDX-License-Identifier: Apache-2.0 */
#include "notification/outcome.h"

#include <assert.h>

#include "kith/cleanup.h"

const char *notif_result_word(enum notif_result r)
{
    static const char *const words[] = {
#define XX(name, word) [name] = (word),
        NOTIF_RESULT_MAP(XX)
#undef XX
    };
    assert((size_t)r < KITH_LEN(words));
    return words[r];
}

const char *notif_mail_state_word(enum notif_mail_state s)
{
    static const char *const words[] = {
        [NOTIF_MAIL_SENDING] = "sending",   [NOTIF_MAIL_ACCEPTED] = "accepted",
        [NOTIF_MAIL_DEFERRED] = "deferred", [NOTIF_MAIL_FAILED] = "failed",
        [NOTIF_MAIL_UNKNOWN] = "unknown",   [NOTIF_MAIL_CANCELLED] = "cancelled",
    };
    assert((size_t)s < KITH_LEN(words));
    return words[s];
}

enum notif_result notif_classify(const struct notif_dialogue *d)
{
    if (d->ending == NOTIF_END_DONE)
        return NOTIF_ACCEPTED;
    bool about_this_mail = d->recipient_named && d->ending == NOTIF_END_REFUSED;
    if (about_this_mail && d->reply >= 500 && d->reply <= 599)
        return NOTIF_FAILED;
    if (about_this_mail && d->reply >= 400 && d->reply <= 499)
        return d->reply == 421 ? NOTIF_AWAY : NOTIF_DEFERRED;
    return d->body_begun ? NOTIF_LOST : NOTIF_AWAY;
}

int64_t notif_follow_up(struct notif_progress *p, enum notif_result result,
                        const struct kith_id *mail_id, int64_t pause_ms)
{
    switch (result) {
    case NOTIF_ACCEPTED:
        p->state = NOTIF_MAIL_ACCEPTED;
        return -1;
    case NOTIF_FAILED:
        p->state = NOTIF_MAIL_FAILED;
        return -1;
    case NOTIF_LOST:
        p->losses++;
        p->state = NOTIF_MAIL_UNKNOWN;
        return p->losses == 1 ? notif_retry_ms(1, mail_id) : -1;
    case NOTIF_AWAY:
        p->state = p->losses ? NOTIF_MAIL_UNKNOWN : NOTIF_MAIL_DEFERRED;
        return pause_ms;
    case NOTIF_DEFERRED:
        p->deferrals++;
        p->state = p->losses ? NOTIF_MAIL_UNKNOWN : NOTIF_MAIL_DEFERRED;
        if (p->deferrals > NOTIF_DEFERRALS_MAX)
            p->state = NOTIF_MAIL_FAILED;
        return p->state == NOTIF_MAIL_FAILED ? -1 : notif_retry_ms(p->deferrals, mail_id);
    }
    assert(false && "a result that does not exist");
    return -1;
}

int64_t notif_retry_ms(uint32_t step, const struct kith_id *mail_id)
{
    static const int64_t ladder_s[] = {30, 120, 600, 1800, 3600, 7200, 14400};
    assert(step >= 1);
    size_t rung = step <= KITH_LEN(ladder_s) ? step - 1 : KITH_LEN(ladder_s) - 1;
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, "retry");
    kith_hash_bytes(&h, mail_id->b, sizeof(mail_id->b));
    kith_hash_int(&h, step);
    struct kith_id hash = kith_hash_end(&h);
    int64_t permille = (hash.b[0] * 256 + hash.b[1]) % 401 - 200; /* -200..200 */
    return ladder_s[rung] * (1000 + permille);
}

int64_t notif_relay_pause_ms(uint32_t failures)
{
    uint32_t doublings = failures > 8 ? 7 : failures > 0 ? failures - 1 : 0;
    int64_t pause_ms = INT64_C(500) << doublings;
    return pause_ms > 60000 ? 60000 : pause_ms;
}
