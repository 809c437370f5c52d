/* SPDX-License-Identifier: Apache-2.0 */
/* Many contacts from a file, for `kith contact add --file`. */
#ifndef RISK_CONTACTS_H
#define RISK_CONTACTS_H

#include "kith/daemon.h"
#include "kith/err.h"

/* Sends every line ({"student": N, "date": "YYYY-MM-DD", "kind", "by", "note"}; kind and note may be left out) as contact.add, one after the
 * other, and prints how many were logged. The id of a contact is made from its content, so a line sent again changes nothing. Stops at the first
 * that is refused. Errors: KITH_EIO the file, KITH_EINVAL a line or a refusal (why: FILE:LINE and the reason), those of kith_client_command. */
KITH_MUST_CHECK kith_err risk_contacts_send(struct kith_client *client, const char *path,
                                            const char *district, struct kith_why *why);

#endif
