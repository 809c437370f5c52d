/* SPDX-License-Identifier: Apache-2.0 */
/* Mails to the relay: a few kept connections, one SMTP dialogue a mail, told how far each came. */
#ifndef NOTIFICATION_SMTP_H
#define NOTIFICATION_SMTP_H

#include <stdbool.h>

#include "kith/err.h"
#include "kith/loop.h"
#include "notification/outcome.h"

struct notif_smtp;

struct notif_smtp_opts {
    struct kith_loop *loop;
    const char *relay;         /* "smtp://host:port" or "smtps://host:port" */
    const char *helo;          /* the name we give */
    const char *user;          /* NULL or "" = none */
    const char *password_file; /* its first line; must not be readable by others */
    const char *ca_file;       /* PEM; NULL or "" = the system's */
    const char *starttls;      /* "none", "opportunistic", "required" */
    unsigned connections;
    int64_t timeout_ms; /* of a whole dialogue */
};

/* `reply`: the relay's last line, printable ASCII, "" when it said none; borrowed. */
typedef void (*notif_smtp_done_fn)(void *ctx, const struct notif_dialogue *d, const char *reply);

/* Opens nothing yet. Errors: KITH_ECONFIG relay or starttls not as above, KITH_EIO password_file, KITH_EUNSAFE it is readable by group or
 * others, KITH_ENOMEM. */
KITH_MUST_CHECK kith_err notif_smtp_new(const struct notif_smtp_opts *opts, struct notif_smtp **ret,
                                        struct kith_why *why);
/* How many more dialogues may begin now. */
unsigned notif_smtp_free_slots(const struct notif_smtp *s);
/* Begin one. `text` (malloc'ed, n bytes) is taken on success. done is called once, from the loop.
 * Errors: KITH_EBUSY no free slot, KITH_ENOMEM: text is still the caller's. */
KITH_MUST_CHECK kith_err notif_smtp_send(struct notif_smtp *s, const char *from, const char *to,
                                         char *text, size_t n, notif_smtp_done_fn done, void *ctx);
/* Dialogues under way are cut off; their done is not called. */
void notif_smtp_free(struct notif_smtp *s);
KITH_DEFINE_AUTO(notif_smtp)

#endif
