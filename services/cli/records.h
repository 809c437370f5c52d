/* SPDX-License-Identifier: Apache-2.0 */
/* Log records as JSON, by protobuf's own description of them, so that a new record type needs one line here. Records hold no student's
 * identity; addresses of adults are shown without the part before the @. */
#ifndef CLI_RECORDS_H
#define CLI_RECORDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* "ATTENDANCE_RECORDED"; NULL for a type that this version does not know. Static storage. */
const char *cli_record_name(int32_t type);

/* The items of a record's payload: a new JSON array, the caller's (json_decref). NULL for an unknown type, a payload that does not
 * decode, or no memory. */
json_t *cli_record_items(int32_t type, const uint8_t *payload, size_t n);

#endif
