/* SPDX-License-Identifier: Apache-2.0 */
/* Every Ed-Fi resource that ingest serves, as data: Ed-Fi Data Standard 5.2 names, types, lengths and natural keys. One table
 * describes a resource and one piece of code (canon.c, document.c, query.c, discovery.c, openapi.c) serves them all.
 * Fields that are not in the table are dropped from a document. Pure domain code: static tables only; any thread. */
#ifndef INGEST_RESOURCE_H
#define INGEST_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INGEST_KEY_MAX     12 /* parts of a natural key */
#define INGEST_KEY_PATHS   3  /* places in a body where one part may stand */
#define INGEST_TARGETS_MAX 2  /* alternative targets of one reference */
#define INGEST_PARTS_MAX   8  /* fields of a reference */

enum ingest_type {
    INGEST_TEXT,   /* max: characters */
    INGEST_INT64,  /* never negative; max: the largest value, 0 = 64 bits */
    INGEST_NUMBER, /* decimal; 15 significant digits are kept */
    INGEST_BOOL,
    INGEST_DATE,       /* "YYYY-MM-DD" */
    INGEST_TIME,       /* "HH:MM:SS", up to microseconds */
    INGEST_DESCRIPTOR, /* "namespace#code", at most 255 + 1 + 50 characters */
    INGEST_LIST,       /* of objects with `fields` */
    INGEST_OBJECT,     /* with `fields` */
    INGEST_REFERENCE,  /* to another resource: `reference` */
};

/* A field of a reference and the part of the target's natural key that it holds. */
struct ingest_part {
    const char *name;
    const char *key;
};

/* What a reference points at. With two targets the value may belong to either (educationOrganizationReference: a school or a local
 * education agency). The parts of all targets have the same names and types, in alphabetical order. */
struct ingest_target {
    const char *resource;
    const struct ingest_part *parts; /* {0}-terminated */
};
struct ingest_reference {
    struct ingest_target targets[INGEST_TARGETS_MAX]; /* unused: resource NULL */
};

struct ingest_field {
    const char *name;
    enum ingest_type type;
    bool required;
    bool key;                                 /* (holds parts) of the natural key of the resource */
    int64_t max;                              /* see ingest_type; LIST: ignored */
    const struct ingest_field *fields;        /* LIST, OBJECT: nested, {0}-terminated */
    const struct ingest_reference *reference; /* REFERENCE */
    const char *bare; /* DESCRIPTOR: the namespace that a code without one gets; NULL = refused */
};

/* One part of a natural key. Parts are in alphabetical order of their names: that is the order of ingest_key_id's values.
 * A part may stand in several places of a body (schoolReference.schoolId and sessionReference.schoolId); all must agree. */
struct ingest_key_part {
    const char *name;      /* "schoolId": also the query argument */
    enum ingest_type type; /* TEXT, INT64, DATE or DESCRIPTOR */
    int64_t max;           /* as in the field */
    const char *paths
        [INGEST_KEY_PATHS]; /* "studentReference.studentUniqueId"; the first is always present; NULL = unused */
};

enum ingest_attendance {
    INGEST_ATTENDANCE_NONE = 0,
    INGEST_ATTENDANCE_SCHOOL,
    INGEST_ATTENDANCE_SECTION,
};

struct ingest_resource {
    const char *name; /* "studentSchoolAssociations" */
    size_t name_n;
    const char *singular; /* "studentSchoolAssociation" */
    int order;            /* 1..; a resource's references point at lower orders (or at itself) */
    bool numbered;        /* Kith gives its rows an int64: what other daemons must name */
    bool rekeyable;       /* a PUT may change its natural key */
    bool descriptor;      /* one of the descriptor resources, which come first */
    enum ingest_attendance attendance;
    const struct ingest_field *fields; /* {0}-terminated; references among them */
    const struct ingest_key_part *key; /* key_n of them */
    size_t key_n;
};

/* By name, exactly as in the URL; NULL when there is none. */
const struct ingest_resource *ingest_resource_find(const char *name);
/* In dependency order, i < ingest_resource_count(). */
const struct ingest_resource *ingest_resource_at(size_t i);
size_t ingest_resource_count(void);

/* The descriptor resource whose values a DESCRIPTOR field of this name holds: the longest name that the field's ends with
 * ("nextYearGradeLevelDescriptor": gradeLevelDescriptors); NULL when there is none. */
const struct ingest_resource *ingest_resource_descriptor(const char *field);

/* The part of the (first) target's key that a part of a reference holds: its type and length. Never NULL. */
const struct ingest_key_part *ingest_reference_part(const struct ingest_reference *reference,
                                                    const struct ingest_part *part);

#endif
