/* SPDX-License-Identifier: Apache-2.0 */
/* What Ed-Fi clients read before they push: the discovery document, the order of resources, the list of API descriptions. All made from
 * the resource table. `base` is the public base URL without a slash at its end ("http://127.0.0.1:7410").
 * Pure domain code. All results are NUL-terminated text that the caller frees. Errors: KITH_ENOMEM. */
#ifndef INGEST_DISCOVERY_H
#define INGEST_DISCOVERY_H

#include "kith/err.h"

#define INGEST_DATA_PATH         "/data/v3/ed-fi"
#define INGEST_OAUTH_PATH        "/oauth/token"
#define INGEST_DEPENDENCIES_PATH "/metadata/data/v3/dependencies"
#define INGEST_OPENAPI_PATH      "/metadata"
#define INGEST_RESOURCES_PATH    "/metadata/data/v3/resources/swagger.json"
#define INGEST_DESCRIPTORS_PATH  "/metadata/data/v3/descriptors/swagger.json"

/* GET /: {version, informationalVersion, dataModels, urls}. */
KITH_MUST_CHECK kith_err ingest_discovery_json(const char *base, char **ret);
/* GET urls.dependencies: [{resource, order, operations}], with old names (alias.h) at its end: clients send what they find here. */
KITH_MUST_CHECK kith_err ingest_dependencies_json(char **ret);
/* The same for Accept: application/graphml: an edge from what a document may need (resources it refers to, descriptors it holds) to it. Without
 * old names: who asks for this copies from a server that has no such resources. */
KITH_MUST_CHECK kith_err ingest_dependencies_graphml(char **ret);
/* GET urls.openApiMetadata: [{name, endpointUri, prefix}]. */
KITH_MUST_CHECK kith_err ingest_openapi_list_json(const char *base, char **ret);
/* The OpenAPI 3.0 descriptions that the list names: schemas with x-Ed-Fi-isIdentity, paths with the key as query arguments. */
KITH_MUST_CHECK kith_err ingest_openapi_resources_json(const char *base, char **ret);
KITH_MUST_CHECK kith_err ingest_openapi_descriptors_json(const char *base, char **ret);

#endif
