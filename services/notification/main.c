/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "notification/notification.h"
#include "notification/store.h"

#define FIELD(member) offsetof(struct notification, member)

static const struct kith_cfg_key settings[] = {
    {"relay", KITH_CFG_STRING, FIELD(relay), "smtp://127.0.0.1:25",
     "the mail relay: smtp://HOST:PORT, or smtps://HOST:PORT for TLS from the first byte"},
    {"mail_from", KITH_CFG_STRING, FIELD(mail_from), NULL,
     "sender of the mails, a plain address of your domain"},
    {"mail_domain", KITH_CFG_STRING, FIELD(mail_domain), "",
     "right side of Message-ID and name in HELO; empty: the domain of mail_from"},
    {"link_base", KITH_CFG_STRING, FIELD(link_base), NULL,
     "public address of the console as staff reach it, https://...; mails link to it"},
    {"mail_gap", KITH_CFG_MS, FIELD(mail_gap_ms), "0s",
     "least time between two mails to one person; what comes meanwhile joins the next", 0, 86400000,
     true},
    {"settle", KITH_CFG_MS, FIELD(settle_ms), "0s",
     "how old a flag must be before anybody is mailed: what a SIS takes back meanwhile (a "
     "correction, a "
     "section sent again under another key) is never told",
     0, 86400000, true},
    {"smtp_connections", KITH_CFG_UINT, FIELD(smtp_connections), "4",
     "connections to the relay at most; some relays allow three", 1, 64},
    {"smtp_timeout", KITH_CFG_MS, FIELD(smtp_timeout_ms), "60s",
     "a whole dialogue; after the body has been sent the outcome is unknown then", 1000, 600000},
    {"smtp_user", KITH_CFG_STRING, FIELD(smtp_user), "", "login at the relay; empty: none"},
    {"smtp_password_file", KITH_CFG_STRING, FIELD(smtp_password_file), "",
     "file with the password, mode 0600"},
    {"smtp_ca_file", KITH_CFG_STRING, FIELD(smtp_ca_file), "",
     "PEM file of the authorities that sign the relay's certificate; empty: those of the system"},
    {"starttls", KITH_CFG_STRING, FIELD(starttls), "opportunistic",
     "none, opportunistic or required (then the certificate is checked)"},
    {0},
};

int main(int argc, char **argv)
{
    struct notification notification = {0};
    return kith_daemon_main(
        &(struct kith_daemon_spec){
            .name = "notification",
            .ctx = &notification,
            .cfg = settings,
            .statements = notification_statements,
            .start = notif_start,
            .drain = notif_drain,
            .idle = notif_idle,
            .stop = notif_stop,
        },
        argc, argv);
}
