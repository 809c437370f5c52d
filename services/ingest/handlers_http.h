/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP handlers of ingest share: answers for failures, the base URL, counters. */
#ifndef INGEST_HANDLERS_HTTP_H
#define INGEST_HANDLERS_HTTP_H

#include "ingest/ingest.h"
#include "ingest/problems.h"

/* The problem+json that fits `err`; `detail` NULL = the error's own text. Answers the request. */
void ingest_http_refuse(struct kith_req *req, kith_err err, const char *detail);
/* 400 with validationErrors. Answers the request. */
void ingest_http_invalid(struct kith_req *req, const struct ingest_problems *problems);
/* "https://sis.example.org" (public_url) or "http://" + Host. */
void ingest_http_base(const struct ingest *ingest, struct kith_req *req, char *text, size_t n);

/* handlers_edfi.c: who asks, for what; NULL or false = refused already. `*old`: the resource was asked for under a name that Ed-Fi no longer
 * uses (alias.h), and is answered under it. */
struct ingest_district *ingest_http_authenticate(struct ingest *ingest, struct kith_req *req);
const struct ingest_resource *ingest_http_resource(struct kith_req *req, bool *old);
bool ingest_http_path_id(struct kith_req *req, struct kith_id *id);

#endif
