/* SPDX-License-Identifier: Apache-2.0 */
/* kith-ingest: what a student information system pushes becomes rows and log records. */
#include "ingest/ingest.h"
#include "ingest/store.h"

int main(int argc, char **argv)
{
    static struct ingest ingest;
    return kith_daemon_main(&(struct kith_daemon_spec){.name = "ingest",
                                                       .ctx = &ingest,
                                                       .cfg = ingest_cfg,
                                                       .statements = ingest_statements,
                                                       .commands = ingest_commands,
                                                       .routes = ingest_routes,
                                                       .http = &ingest.http,
                                                       .on_request = ingest_on_request,
                                                       .on_undecodable = ingest_on_undecodable,
                                                       .allow = ingest_allow,
                                                       .start = ingest_start,
                                                       .drain = ingest_drain,
                                                       .idle = ingest_idle,
                                                       .stop = ingest_stop},
                            argc, argv);
}
