/* SPDX-License-Identifier: Apache-2.0 */
/* Small packages as text, changed at will, written into a folder and judged. */
#ifndef INGEST_ROSTER_PACKAGES_H
#define INGEST_ROSTER_PACKAGES_H

#include "kith_test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "ingest/roster.h"

#define PKG_FILES 14
struct pkg {
    size_t n;
    struct {
        char name[32];
        char text[16384];
    } files[PKG_FILES];
};

static char pkg_folder[64];

static inline void pkg_put(struct pkg *p, const char *name, const char *text)
{
    size_t i = 0;
    while (i < p->n && strcmp(p->files[i].name, name) != 0)
        i++;
    assert_true(i < PKG_FILES && strlen(text) < sizeof(p->files[i].text));
    (void)strcpy(p->files[i].name, name);
    (void)strcpy(p->files[i].text, text);
    p->n += i == p->n;
}

static inline char *pkg_text(struct pkg *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->files[i].name, name) == 0)
            return p->files[i].text;
    fail_msg("%s is not in the package", name);
    return NULL;
}

static inline void pkg_drop(struct pkg *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->files[i].name, name) == 0)
            p->files[i] = p->files[--p->n];
}

/* The first `from` in a file becomes `to`. */
static inline void pkg_edit(struct pkg *p, const char *name, const char *from, const char *to)
{
    char *text = pkg_text(p, name);
    char *at = strstr(text, from);
    if (!at)
        fail_msg("%s does not hold %s", name, from);
    char rest[16384];
    (void)strcpy(rest, at + strlen(from));
    assert_true((size_t)(at - text) + strlen(to) + strlen(rest) < sizeof(p->files[0].text));
    (void)strcpy(stpcpy(at, to), rest);
}

static inline void pkg_add_line(struct pkg *p, const char *name, const char *line)
{
    char *text = pkg_text(p, name);
    assert_true(strlen(text) + strlen(line) + 2 < sizeof(p->files[0].text));
    (void)strcat(strcat(text, line), "\n");
}

/* Writes the package as folder `which` of pkg_folder and opens it. */
static inline struct ingest_package *pkg_open(const struct pkg *p, int which, bool strict,
                                              struct ingest_receipt *r)
{
    char path[128];
    char file[192];
    struct ingest_package *package = NULL;
    (void)snprintf(path, sizeof(path), "%s/%d", pkg_folder, which);
    (void)mkdir(path, 0700);
    for (size_t i = 0; i < p->n; i++) {
        (void)snprintf(file, sizeof(file), "%s/%s", path, p->files[i].name);
        FILE *f = fopen(file, "wb");
        assert_non_null(f);
        assert_true(fputs(p->files[i].text, f) >= 0);
        assert_int_equal(fclose(f), 0);
    }
    kith_err err = ingest_package_open(path, strict, r, &package);
    assert_true(err == KITH_OK || (err == KITH_EINVAL && r->errors > 0));
    return package;
}

static inline void pkg_unlink(const struct pkg *p, int which)
{
    char file[192];
    for (size_t i = 0; i < p->n; i++) {
        (void)snprintf(file, sizeof(file), "%s/%d/%s", pkg_folder, which, p->files[i].name);
        (void)unlink(file);
    }
    (void)snprintf(file, sizeof(file), "%s/%d", pkg_folder, which);
    (void)rmdir(file);
}

static inline const struct ingest_finding *pkg_find(const struct ingest_receipt *r,
                                                    const char *code)
{
    for (size_t i = 0; i < r->findings_n; i++)
        if (strcmp(r->findings[i].code, code) == 0)
            return &r->findings[i];
    return NULL;
}

/* ---- what a package makes ---- */

struct made {
    size_t n;
    size_t size;
    struct ingest_emitted *of;
};

static inline bool made_take(void *ctx, const struct ingest_emitted *e)
{
    struct made *m = ctx;
    if (m->n == m->size) {
        m->size = m->size ? m->size * 2 : 64;
        m->of = reallocarray(m->of, m->size, sizeof(*m->of));
        assert_non_null(m->of);
    }
    m->of[m->n++] = *e;
    return true;
}

static inline void made_done(struct made *m)
{
    for (size_t i = 0; i < m->n; i++)
        ingest_doc_free(m->of[i].doc);
    free(m->of);
    *m = (struct made){0};
}

static inline size_t made_count(const struct made *m, const char *resource)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++)
        n += strcmp(m->of[i].doc->resource->name, resource) == 0;
    return n;
}

/* The i-th document of a resource. */
static inline const struct ingest_emitted *made_of(const struct made *m, const char *resource,
                                                   size_t i)
{
    for (size_t k = 0; k < m->n; k++)
        if (strcmp(m->of[k].doc->resource->name, resource) == 0 && i-- == 0)
            return &m->of[k];
    fail_msg("there are not so many %s", resource);
    return NULL;
}

/* Judges and, when nothing is wrong, emits; packages[n - 1] is the one, the others were before it. */
static inline kith_err pkg_run(const struct pkg *const *packages, size_t n, bool strict,
                               struct ingest_receipt *r, struct made *made)
{
    struct ingest_package *open[8] = {0};
    kith_auto(ingest_roster) roster = NULL;
    assert_true(n > 0 && n <= 8);
    for (size_t i = 0; i < n; i++)
        open[i] = pkg_open(packages[i], (int)i, strict, r);
    struct ingest_roster_opts opts = {.strict = strict, .earlier = open, .earlier_n = n - 1};
    kith_err err = KITH_EINVAL;
    if (open[n - 1])
        err = ingest_roster_check(open[n - 1], &opts, r, &roster);
    if (err == KITH_OK && r->errors == 0 && made)
        err = ingest_roster_emit(roster, r, made_take, made);
    for (size_t i = 0; i < n; i++) {
        ingest_package_free(open[i]);
        pkg_unlink(packages[i], (int)i);
    }
    return err;
}

static inline void pkg_show(const struct ingest_receipt *r)
{
    for (size_t i = 0; i < r->findings_n; i++)
        print_error("%s:%llu:%u %s %s\n", r->findings[i].file,
                    (unsigned long long)r->findings[i].line, r->findings[i].column,
                    r->findings[i].code, r->findings[i].text);
}

static inline int pkg_setup(void **state)
{
    (void)state;
    (void)strcpy(pkg_folder, "/tmp/kith-roster-XXXXXX");
    return mkdtemp(pkg_folder) ? 0 : -1;
}

static inline int pkg_teardown(void **state)
{
    (void)state;
    return rmdir(pkg_folder);
}

/* ---- a district of one school ---- */

#define PKG_HEAD "sourcedId,status,dateLastModified,"

static inline void pkg_people_11(struct pkg *p)
{
    pkg_put(p, "users.csv",
            PKG_HEAD
            "enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
            "identifier,email,sms,phone,"
            "agentSourcedIds,grades,password\n"
            "u1,,,true,s1,student,ann,,Ann,Onym,,1001,,,,g1,09,\n"
            "u2,,,true,s1,student,ben,,Ben,Onym,,1002,,,,,10,\n"
            "123e4567-e89b-12d3-a456-426614174000,,,true,s1,student,cy,,Cy,Pher,,,,,,,11,\n"
            "g1,,,true,s1,guardian,gil,,Gil,Onym,,,gil@example.org,,,,,\n"
            "t1,,,true,s1,teacher,tea,,Tea,Cher,,2001,tea@example.org,,,,,\n"
            "t2,,,true,s1,teacher,co,,Co,Teach,,2002,,,,,,\n"
            "a1,,,true,\"s1,d1\",administrator,adm,,Ad,Min,,2003,,,,,,\n");
    pkg_put(p, "demographics.csv",
            PKG_HEAD "birthDate,sex,americanIndianOrAlaskaNative,asian,blackOrAfricanAmerican,"
                     "nativeHawaiianOrOtherPacificIslander,"
                     "white,demographicRaceTwoOrMoreRaces,hispanicOrLatinoEthnicity,"
                     "countryOfBirthCode,stateOfBirthAbbreviation,"
                     "cityOfBirth,publicSchoolResidenceStatus\n"
                     "u1,,,2012-03-04,female,true,,,,,,,,,,\n");
}

static inline void pkg_school(struct pkg *p)
{
    pkg_put(p, "orgs.csv",
            PKG_HEAD "name,type,identifier,parentSourcedId\n"
                     "d1,,,District,district,100,\n"
                     "s1,,,Lincoln,school,200,d1\n");
    pkg_put(p, "academicSessions.csv",
            PKG_HEAD "title,type,startDate,endDate,parentSourcedId,schoolYear\n"
                     "y27,,,2026-2027,schoolYear,2026-08-24,2027-06-11,,2027\n"
                     "f27,,,Fall,semester,2026-08-24,2026-12-18,y27,2027\n"
                     "p27,,,Spring,semester,2027-01-04,2027-06-11,y27,2027\n");
    pkg_put(p, "courses.csv",
            PKG_HEAD
            "schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes\n"
            "c1,,,y27,Algebra,ALG,09,s1,,\n"
            "c2,,,y27,Homeroom,HR,09,s1,,\n");
    pkg_put(p, "classes.csv",
            PKG_HEAD "title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
                     "termSourcedIds,subjects,"
                     "subjectCodes,periods\n"
                     "k1,,,Algebra 1,09,c1,1,scheduled,,s1,\"f27,p27\",,,\n"
                     "h1,,,Homeroom 9,09,c2,1,homeroom,,s1,f27,,,\n");
    pkg_put(p, "enrollments.csv",
            PKG_HEAD "classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n"
                     "e1,,,k1,s1,u1,student,,2026-08-25,\n"
                     "e2,,,k1,s1,u2,student,,,\n"
                     "e3,,,k1,s1,t1,teacher,true,,\n"
                     "e4,,,k1,s1,t2,teacher,false,,\n"
                     "e5,,,h1,s1,u1,student,,,\n"
                     "e6,,,h1,s1,t1,teacher,true,,\n");
}

static inline void pkg_gradebook(struct pkg *p)
{
    pkg_put(p, "categories.csv", PKG_HEAD "title\nq1,,,Quizzes\n");
    pkg_put(p, "lineItems.csv",
            PKG_HEAD "title,description,assignDate,dueDate,classSourcedId,categorySourcedId,"
                     "gradingPeriodSourcedId,resultValueMin,"
                     "resultValueMax\n"
                     "l1,,,Quiz 1,Fractions,2026-09-01,2026-09-02,k1,q1,f27,0,10\n");
    pkg_put(p, "results.csv",
            PKG_HEAD "lineItemSourcedId,studentSourcedId,scoreStatus,score,scoreDate,comment\n"
                     "r1,,,l1,u1,fully graded,9.5,2026-09-03,\n"
                     "r2,,,l1,u2,not submitted,,2026-09-03,\n");
}

static inline void pkg_manifest(struct pkg *p, const char *version, const char *mode)
{
    char text[2048];
    int n = snprintf(text, sizeof(text),
                     "propertyName,value\nmanifest.version,1.0\noneroster.version,%s\n", version);
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->files[i].name, "manifest.csv") != 0)
            n += snprintf(text + n, sizeof(text) - (size_t)n, "file.%.*s,%s\n",
                          (int)strlen(p->files[i].name) - 4, p->files[i].name, mode);
    pkg_put(p, "manifest.csv", text);
}

static inline struct pkg *pkg_bulk_11(void)
{
    struct pkg *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    pkg_school(p);
    pkg_people_11(p);
    pkg_gradebook(p);
    pkg_manifest(p, "1.1", "bulk");
    return p;
}

#endif
