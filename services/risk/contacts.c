/* SPDX-License-Identifier: Apache-2.0 */
#include "risk/contacts.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kith/id.h"
#include "kith/table.h"
#include "risk/answer.h"

struct contact {
    char student[24];
    const char *date;
    const char *kind;
    const char *by;
    const char *note;
};

/* Points into `row`. */
static bool read_contact(const json_t *row, struct contact *c)
{
    const json_t *student = json_object_get(row, "student");
    const char *kind = json_string_value(json_object_get(row, "kind"));
    (void)snprintf(c->student, sizeof(c->student), "%lld", (long long)json_integer_value(student));
    c->date = json_string_value(json_object_get(row, "date"));
    c->kind = kind ? kind : "conversation";
    c->by = json_string_value(json_object_get(row, "by"));
    c->note = json_string_value(json_object_get(row, "note"));
    return json_is_integer(student) && c->date && c->by;
}

static void name_of(const struct contact *c, const char *district, char text[static 33])
{
    struct kith_hasher h;
    kith_hash_begin(&h);
    kith_hash_text(&h, "contact");
    kith_hash_text(&h, district);
    kith_hash_text(&h, c->student);
    kith_hash_text(&h, c->date);
    kith_hash_text(&h, c->kind);
    kith_hash_text(&h, c->by);
    kith_hash_text(&h, c->note ? c->note : "");
    struct kith_id id = kith_hash_end(&h);
    kith_id_format(&id, text);
}

static kith_err send_line(struct kith_client *client, const char *line, const char *district,
                          struct kith_why *why)
{
    struct contact c;
    struct risk_answer answer = {0};
    char id[33];
    json_t *row = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    kith_err err = KITH_EINVAL;
    if (!read_contact(row, &c)) {
        kith_why_set(why, "needs a JSON object with student (a number), date and by");
    } else {
        name_of(&c, district, id);
        const char *args[] = {"id",
                              id,
                              "district",
                              district,
                              "student",
                              c.student,
                              "date",
                              c.date,
                              "kind",
                              c.kind,
                              "by",
                              c.by,
                              c.note ? "note" : NULL,
                              c.note,
                              NULL};
        err = risk_ask(client, "contact.add", args, &answer, why);
        if (err == KITH_OK && !answer.done) {
            kith_why_set(why, "%s", answer.text);
            err = KITH_EINVAL;
        }
    }
    json_decref(row);
    return err;
}

kith_err risk_contacts_send(struct kith_client *client, const char *path, const char *district,
                            struct kith_why *why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        kith_why_set(why, "%s: %s", path, strerror(errno));
        return KITH_EIO;
    }
    struct kith_progress progress;
    kith_progress_start(&progress, "contacts", 0);
    char *line = NULL;
    size_t size = 0;
    unsigned long at = 0;
    kith_err err = KITH_OK;
    while (err == KITH_OK && getline(&line, &size, file) > 0) {
        struct kith_why one = {{0}};
        at++;
        err = send_line(client, line, district, &one);
        if (err != KITH_OK)
            kith_why_set(why, "%s:%lu: %s", path, at, one.text);
        kith_progress_update(&progress, at);
    }
    kith_progress_end(&progress);
    free(line);
    (void)fclose(file);
    if (err == KITH_OK)
        printf("%lu contacts logged\n", at);
    return err;
}
