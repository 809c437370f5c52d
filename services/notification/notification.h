/* SPDX-License-Identifier: Apache-2.0 */
/* The notification daemon: settings and hooks for common/kith/daemon.h. */
#ifndef NOTIFICATION_NOTIFICATION_H
#define NOTIFICATION_NOTIFICATION_H

#include <stdint.h>

#include "kith/daemon.h"

struct notif_service;

/* [notification] of kith.conf; main.c has the table. */
struct notification {
    char *relay;
    char *mail_from;
    char *mail_domain; /* "" = that of mail_from */
    char *link_base;
    char *smtp_user;
    char *smtp_password_file;
    char *smtp_ca_file;
    char *starttls;
    int64_t mail_gap_ms;
    int64_t settle_ms;
    int64_t smtp_timeout_ms;
    uint32_t smtp_connections;
    struct notif_service *service; /* between start and stop */
};

/* Checks the settings, takes over what a former run left (mails under way), begins to read both logs. */
kith_err notif_start(struct kith_daemon *d, void *ctx, struct kith_why *why);
/* No new batches, no new dialogues; those under way end and are recorded. */
void notif_drain(void *ctx);
bool notif_idle(void *ctx);
void notif_stop(void *ctx);

#endif
