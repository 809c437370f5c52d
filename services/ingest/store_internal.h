/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the statements in ingest_statements[]; for store*.c only. */
#ifndef INGEST_STORE_INTERNAL_H
#define INGEST_STORE_INTERNAL_H

#include "ingest/store.h"

enum ingest_statement {
    INGEST_S_districts_all,
    INGEST_S_clients_all,
    INGEST_S_tokens_all,
    INGEST_S_meanings_all,
    INGEST_S_categories_all,
    INGEST_S_numbers_page,
    INGEST_S_items_page,
    INGEST_S_states,
    INGEST_S_owned,
    INGEST_S_item_upsert,
    INGEST_S_number_insert,
    INGEST_S_ref_delete,
    INGEST_S_ref_insert,
    INGEST_S_unreferred,
    INGEST_S_student_unmarked,
    INGEST_S_place_unmarked,
    INGEST_S_item_delete,
    INGEST_S_category_insert,
    INGEST_S_mark_insert,
    INGEST_S_mark_upsert,
    INGEST_S_mark_delete,
    INGEST_S_mark_exists,
    INGEST_S_mark_match,
    INGEST_S_quarantine_insert,
    INGEST_S_item_get,
    INGEST_S_item_list,
    INGEST_S_item_count,
    INGEST_S_events_list,
    INGEST_S_events_count,
    INGEST_S_district_insert,
    INGEST_S_zone_exists,
    INGEST_S_meaning_upsert,
    INGEST_S_client_insert,
    INGEST_S_client_revoke,
    INGEST_S_token_insert,
    INGEST_S_tokens_purge,
    INGEST_S_import_insert,
    INGEST_S_import_list,
    INGEST_S_import_get,
    INGEST_S_import_waiting,
    INGEST_S_import_state,
    INGEST_S_import_confirm,
    INGEST_S_import_discard,
    INGEST_S_import_sets,
    INGEST_S_import_set_put,
    INGEST_S_import_bodies,
    INGEST_S_items_insert,
    INGEST_S_refs_insert,
    INGEST_S_items_delete,
    INGEST_S_missing_put,
    INGEST_S_missing_back,
    INGEST_S_renamed_page,
    INGEST_S_renamed_delete,
    INGEST_S_renamed_insert,
    INGEST_S_referrers,
    INGEST_S_items_load,
    INGEST_S_items_rewrite,
    INGEST_S_places_unmarked,
    INGEST_S_extra_page,
    INGEST_S_extra_rewrite,
};

static inline void step(struct kith_job *job, enum ingest_statement s, kith_db_rows_fn rows,
                        void *ctx)
{
    kith_job_step(job, &ingest_statements[s], rows, ctx);
}

#endif
