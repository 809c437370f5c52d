/* SPDX-License-Identifier: Apache-2.0 */
/* `kith import` as a client of PUT /bulk/oneroster. Blocks. */
#ifndef INGEST_CMD_UPLOAD_H
#define INGEST_CMD_UPLOAD_H

#include <jansson.h>

#include "ingest/cmd_login.h"

/* Send a package (`as`: under the name of this file) and wait until it is applied, refused or quarantined. `*ret`: {"id", "name", "state", "created", "done", "receipt"}, the
 * caller's. Errors, said in `why`: KITH_EDENIED, KITH_EINVAL refused at the door, KITH_EIO, KITH_EBUSY, KITH_ETIMEOUT still on its way. */
KITH_MUST_CHECK kith_err cmd_upload_send(const struct cmd_login *login, const char *file,
                                         const char *as, bool strict, json_t **ret,
                                         struct kith_why *why);
/* A quarantined one. Errors: as above, KITH_ENOTFOUND none of this number is in quarantine. */
KITH_MUST_CHECK kith_err cmd_upload_decide(const struct cmd_login *login, int64_t id, bool confirm,
                                           json_t **ret, struct kith_why *why);
/* The last 100, without receipts. */
KITH_MUST_CHECK kith_err cmd_upload_list(const struct cmd_login *login, json_t **ret,
                                         struct kith_why *why);

#endif
