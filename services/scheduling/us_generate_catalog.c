/* SPDX-License-Identifier: Apache-2.0 */
/* The courses: the core of each grade, then what all share, by falling popularity; and how much a student wants each. */
#include "scheduling/us_generate_internal.h"

#include <string.h>

#define G9    (UINT32_C(1) << 9)
#define G10   (UINT32_C(1) << 10)
#define G11   (UINT32_C(1) << 11)
#define G12   (UINT32_C(1) << 12)
#define ALL   (G9 | G10 | G11 | G12)
#define UPPER (G11 | G12)
#define NOT9  (G10 | G11 | G12)

#define NICHE   80 /* students; so that two small courses of one share many of them */
#define POPULAR 20 /* courses of lower rank belong to a niche */

struct offer {
    const char *id;
    enum us_gen_subject subject;
    enum us_gen_room_type room;
    enum us_gen_kind kind;
    uint32_t grades;
    unsigned profiles, flags;
    int language_level;
};

/* clang-format off */
static const struct offer offers[] = {
    {"PE1", US_GEN_PE, US_GEN_GYM, US_GEN_SINGLE, G9 | G10, US_GEN_P_SPORT, US_GEN_F_GRADUATION, 0},
    {"HEALTH", US_GEN_HEALTH, US_GEN_GENERAL, US_GEN_HALF, G9 | G10, US_GEN_P_SPORT | US_GEN_P_CTE, US_GEN_F_GRADUATION, 0},
    {"SPA1", US_GEN_SPANISH, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_WORDS, US_GEN_F_GRADUATION, 1},
    {"PE2", US_GEN_PE, US_GEN_GYM, US_GEN_SINGLE, NOT9, US_GEN_P_SPORT, 0, 0},
    {"ART1", US_GEN_ART, US_GEN_STUDIO, US_GEN_SINGLE, ALL, US_GEN_P_ARTS, 0, 0},
    {"SPA2", US_GEN_SPANISH, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_WORDS, US_GEN_F_GRADUATION, 2},
    {"CS1", US_GEN_CS, US_GEN_COMPUTER, US_GEN_SINGLE, ALL, US_GEN_P_STEM, 0, 0},
    {"FINANCE", US_GEN_BUSINESS, US_GEN_GENERAL, US_GEN_HALF, UPPER, US_GEN_P_CTE, US_GEN_F_GRADUATION, 0},
    {"PSYCH", US_GEN_SOCIAL, US_GEN_GENERAL, US_GEN_HALF, UPPER, US_GEN_P_WORDS, 0, 0},
    {"SPA3", US_GEN_SPANISH, US_GEN_GENERAL, US_GEN_SINGLE, NOT9, US_GEN_P_WORDS, 0, 3},
    {"WEIGHTS", US_GEN_PE, US_GEN_GYM, US_GEN_SINGLE, ALL, US_GEN_P_SPORT, 0, 0},
    {"FOODS", US_GEN_CARE, US_GEN_WORKSHOP, US_GEN_SINGLE, ALL, US_GEN_P_CTE, 0, 0},
    {"SUPPORT", US_GEN_SUPPORT, US_GEN_GENERAL, US_GEN_SINGLE, ALL, 0, US_GEN_F_SUPPORT, 0},
    {"BUSINESS1", US_GEN_BUSINESS, US_GEN_COMPUTER, US_GEN_SINGLE, ALL, US_GEN_P_CTE, 0, 0},
    {"BAND", US_GEN_MUSIC, US_GEN_MUSIC_ROOM, US_GEN_YEAR, ALL, US_GEN_P_ARTS, US_GEN_F_ENSEMBLE, 0},
    {"FRE1", US_GEN_FRENCH, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_WORDS, US_GEN_F_GRADUATION, 1},
    {"DRAMA1", US_GEN_THEATRE, US_GEN_STUDIO, US_GEN_SINGLE, ALL, US_GEN_P_ARTS | US_GEN_P_WORDS, 0, 0},
    {"CHOIR", US_GEN_MUSIC, US_GEN_MUSIC_ROOM, US_GEN_YEAR, ALL, US_GEN_P_ARTS, US_GEN_F_ENSEMBLE, 0},
    {"SPEECH", US_GEN_ENGLISH, US_GEN_GENERAL, US_GEN_HALF, ALL, US_GEN_P_WORDS, 0, 0},
    {"SOCIOLOGY", US_GEN_SOCIAL, US_GEN_GENERAL, US_GEN_HALF, UPPER, US_GEN_P_WORDS, 0, 0},
    {"WOOD1", US_GEN_SHOP, US_GEN_WORKSHOP, US_GEN_SINGLE, ALL, US_GEN_P_CTE, 0, 0},
    {"AUTO1", US_GEN_SHOP, US_GEN_WORKSHOP, US_GEN_DOUBLE, NOT9, US_GEN_P_CTE, 0, 0},
    {"FRE2", US_GEN_FRENCH, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_WORDS, US_GEN_F_GRADUATION, 2},
    {"ART2", US_GEN_ART, US_GEN_STUDIO, US_GEN_SINGLE, NOT9, US_GEN_P_ARTS, 0, 0},
    {"STATS", US_GEN_MATH, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_STEM | US_GEN_P_SPORT, 0, 0},
    {"APLIT", US_GEN_ENGLISH, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_WORDS, US_GEN_F_AP, 0},
    {"APCALC", US_GEN_MATH, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_STEM, US_GEN_F_AP, 0},
    {"ANATOMY", US_GEN_SCIENCE, US_GEN_LAB, US_GEN_SINGLE, UPPER, US_GEN_P_STEM | US_GEN_P_SPORT, 0, 0},
    {"NURSING", US_GEN_CARE, US_GEN_WORKSHOP, US_GEN_DOUBLE, UPPER, US_GEN_P_CTE, 0, 0},
    {"APBIO", US_GEN_SCIENCE, US_GEN_LAB, US_GEN_SINGLE, UPPER, US_GEN_P_STEM, US_GEN_F_AP, 0},
    {"APPSYCH", US_GEN_SOCIAL, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_WORDS, US_GEN_F_AP, 0},
    {"CERAMICS", US_GEN_ART, US_GEN_STUDIO, US_GEN_SINGLE, ALL, US_GEN_P_ARTS, 0, 0},
    {"FRE3", US_GEN_FRENCH, US_GEN_GENERAL, US_GEN_SINGLE, NOT9, US_GEN_P_WORDS, 0, 3},
    {"SPA4", US_GEN_SPANISH, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_WORDS, 0, 4},
    {"ORCHESTRA", US_GEN_MUSIC, US_GEN_MUSIC_ROOM, US_GEN_YEAR, ALL, US_GEN_P_ARTS, US_GEN_F_ENSEMBLE, 0},
    {"LAT1", US_GEN_LATIN, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_WORDS, US_GEN_F_GRADUATION, 1},
    {"LAT2", US_GEN_LATIN, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_WORDS, US_GEN_F_GRADUATION, 2},
    {"CHI1", US_GEN_CHINESE, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_STEM, US_GEN_F_GRADUATION, 1},
    {"CHI2", US_GEN_CHINESE, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_STEM, US_GEN_F_GRADUATION, 2},
    {"APCS", US_GEN_CS, US_GEN_COMPUTER, US_GEN_SINGLE, UPPER, US_GEN_P_STEM, US_GEN_F_AP, 0},
    {"FORENSICS", US_GEN_SCIENCE, US_GEN_LAB, US_GEN_SINGLE, NOT9, US_GEN_P_STEM, 0, 0},
    {"YEARBOOK", US_GEN_ENGLISH, US_GEN_COMPUTER, US_GEN_SINGLE, NOT9, US_GEN_P_WORDS | US_GEN_P_ARTS, 0, 0},
    {"PHOTO", US_GEN_ART, US_GEN_COMPUTER, US_GEN_SINGLE, ALL, US_GEN_P_ARTS, 0, 0},
    {"JAZZ", US_GEN_MUSIC, US_GEN_MUSIC_ROOM, US_GEN_SINGLE, NOT9, US_GEN_P_ARTS, 0, 0},
    {"APPHYSICS", US_GEN_SCIENCE, US_GEN_LAB, US_GEN_SINGLE, UPPER, US_GEN_P_STEM, US_GEN_F_AP, 0},
    {"DRAMA2", US_GEN_THEATRE, US_GEN_STUDIO, US_GEN_SINGLE, NOT9, US_GEN_P_ARTS | US_GEN_P_WORDS, 0, 0},
    {"ROBOTICS", US_GEN_CS, US_GEN_WORKSHOP, US_GEN_SINGLE, NOT9, US_GEN_P_STEM | US_GEN_P_CTE, 0, 0},
    {"BUSINESS2", US_GEN_BUSINESS, US_GEN_COMPUTER, US_GEN_SINGLE, NOT9, US_GEN_P_CTE, 0, 0},
    {"CREATIVE", US_GEN_ENGLISH, US_GEN_GENERAL, US_GEN_SINGLE, NOT9, US_GEN_P_WORDS, 0, 0},
    {"DEBATE", US_GEN_ENGLISH, US_GEN_GENERAL, US_GEN_SINGLE, ALL, US_GEN_P_WORDS, 0, 0},
    {"AUTO2", US_GEN_SHOP, US_GEN_WORKSHOP, US_GEN_DOUBLE, UPPER, US_GEN_P_CTE, 0, 0},
    {"APGOV", US_GEN_SOCIAL, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_WORDS, US_GEN_F_AP, 0},
    {"ECOLOGY", US_GEN_SCIENCE, US_GEN_LAB, US_GEN_SINGLE, NOT9, US_GEN_P_STEM, 0, 0},
    {"CHILDCARE", US_GEN_CARE, US_GEN_WORKSHOP, US_GEN_SINGLE, NOT9, US_GEN_P_CTE, 0, 0},
    {"WOOD2", US_GEN_SHOP, US_GEN_WORKSHOP, US_GEN_SINGLE, NOT9, US_GEN_P_CTE, 0, 0},
    {"DANCE", US_GEN_PE, US_GEN_GYM, US_GEN_SINGLE, ALL, US_GEN_P_ARTS | US_GEN_P_SPORT, 0, 0},
    {"FILM", US_GEN_THEATRE, US_GEN_COMPUTER, US_GEN_SINGLE, NOT9, US_GEN_P_ARTS, 0, 0},
    {"FRE4", US_GEN_FRENCH, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_WORDS, 0, 4},
    {"APART", US_GEN_ART, US_GEN_STUDIO, US_GEN_SINGLE, UPPER, US_GEN_P_ARTS, US_GEN_F_AP, 0},
    {"APCHEM", US_GEN_SCIENCE, US_GEN_LAB, US_GEN_SINGLE, UPPER, US_GEN_P_STEM, US_GEN_F_AP, 0},
    {"LAT3", US_GEN_LATIN, US_GEN_GENERAL, US_GEN_SINGLE, NOT9, US_GEN_P_WORDS, 0, 3},
    {"CHI3", US_GEN_CHINESE, US_GEN_GENERAL, US_GEN_SINGLE, NOT9, US_GEN_P_STEM, 0, 3},
    {"ART3", US_GEN_ART, US_GEN_STUDIO, US_GEN_SINGLE, UPPER, US_GEN_P_ARTS, 0, 0},
    {"ECONOMICS", US_GEN_SOCIAL, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_STEM | US_GEN_P_CTE, 0, 0},
};
/* clang-format on */

const char *us_gen_subject_name(enum us_gen_subject subject)
{
    static const char *const names[] = {
        "english", "math", "science", "social",  "pe", "health",   "spanish", "french", "latin",
        "chinese", "art",  "music",   "theatre", "cs", "business", "shop",    "care",   "support"};
    return names[subject];
}

static struct us_gen_course *add_course(struct us_gen *g)
{
    static const struct us_gen_course plain = {
        .level = "regular", .grades = ALL, .min = 18, .ideal = 25, .max = 30};
    struct us_gen_course *c = &g->courses[g->n_courses++];
    *c = plain;
    return c;
}

/* Repeaters come one grade late; in math, able students one early. */
static void add_core(struct us_gen *g, int honors, int subject, int grade)
{
    static const char *const ids[US_GEN_CORE_SUBJECTS][4] = {{"ENG9", "ENG10", "ENG11", "ENG12"},
                                                             {"ALG1", "GEOM", "ALG2", "PRECALC"},
                                                             {"BIO", "CHEM", "PHYS", "ENVSCI"},
                                                             {"GEOG", "WHIST", "USHIST", "CIVICS"}};
    g->core_course[honors][subject][grade - 9] = g->n_courses;
    struct us_gen_course *c = add_course(g);
    (void)snprintf(c->id, sizeof(c->id), "%s%s", ids[subject][grade - 9], honors ? "H" : "");
    c->subject = (enum us_gen_subject)subject;
    c->room = subject == US_GEN_SCIENCE ? US_GEN_LAB : US_GEN_GENERAL;
    c->level = honors ? "honors" : "regular";
    c->owned = true;
    c->grades = UINT32_C(1) << grade;
    if (grade < 12)
        c->grades |= UINT32_C(1) << (grade + 1);
    if (subject == US_GEN_MATH && grade > 9)
        c->grades |= UINT32_C(1) << (grade - 1);
    if (!honors && subject != US_GEN_SCIENCE)
        c->coteach = subject == US_GEN_SOCIAL ? 4 : 2; /* ell : sped */
}

static void sizes(struct us_gen_course *c)
{
    if (c->subject == US_GEN_PE) {
        c->min = 20;
        c->ideal = 34;
        c->max = 40;
    } else if (c->flags & US_GEN_F_ENSEMBLE) {
        c->min = 15;
        c->ideal = 45;
        c->max = 70;
    } else if (c->flags & US_GEN_F_SUPPORT) {
        c->min = 6;
        c->ideal = 14;
        c->max = 18;
    } else if (c->room == US_GEN_WORKSHOP || c->room == US_GEN_STUDIO) {
        c->min = 15;
        c->ideal = 22;
        c->max = 26;
    } else if (c->flags & US_GEN_F_AP || c->language_level >= 3) {
        c->min = 12;
        c->ideal = 24;
    }
}

static void add_shared(struct us_gen *g, const struct offer *o)
{
    struct us_gen_course *c = add_course(g);
    (void)snprintf(c->id, sizeof(c->id), "%.15s", o->id);
    c->subject = o->subject;
    c->room = o->room;
    c->kind = o->kind;
    c->grades = o->grades;
    c->profiles = o->profiles;
    c->flags = o->flags;
    c->language_level = o->language_level;
    if (o->flags & US_GEN_F_AP)
        c->level = "ap";
    sizes(c);
}

/* A big school has more electives than the list has: further ones of the same kind. */
static void add_topic(struct us_gen *g, int number)
{
    static const struct offer topics[] = {
        {"", US_GEN_ENGLISH, US_GEN_GENERAL, US_GEN_SINGLE, UPPER, US_GEN_P_WORDS, 0, 0},
        {"", US_GEN_SOCIAL, US_GEN_GENERAL, US_GEN_HALF, UPPER, US_GEN_P_WORDS, 0, 0},
        {"", US_GEN_SCIENCE, US_GEN_LAB, US_GEN_SINGLE, NOT9, US_GEN_P_STEM, 0, 0},
        {"", US_GEN_ART, US_GEN_STUDIO, US_GEN_SINGLE, ALL, US_GEN_P_ARTS, 0, 0},
        {"", US_GEN_CS, US_GEN_COMPUTER, US_GEN_SINGLE, NOT9, US_GEN_P_STEM, 0, 0},
        {"", US_GEN_BUSINESS, US_GEN_GENERAL, US_GEN_SINGLE, NOT9, US_GEN_P_CTE, 0, 0},
        {"", US_GEN_SHOP, US_GEN_WORKSHOP, US_GEN_SINGLE, NOT9, US_GEN_P_CTE, 0, 0},
        {"", US_GEN_PE, US_GEN_GYM, US_GEN_SINGLE, ALL, US_GEN_P_SPORT, 0, 0},
    };
    struct offer o = topics[number % (int)KITH_LEN(topics)];
    char id[24];
    (void)snprintf(id, sizeof(id), "TOPIC%d", number + 1);
    o.id = id;
    add_shared(g, &o);
}

/* 1 / (rank + 2.5), which is near enough to a power of 0.95 and needs no libm. */
static void weigh(struct us_gen *g)
{
    g->n_niches = g->opts.students / NICHE < 3 ? 3 : g->opts.students / NICHE;
    for (int i = g->first_shared; i < g->n_courses; i++) {
        int rank = i - g->first_shared;
        g->courses[i].weight = 1.0 / (rank + 2.5);
        g->courses[i].niche = rank < POPULAR ? US_GEN_NONE : rank % g->n_niches;
    }
}

/* About two electives for each square root of the students. */
void us_gen_catalog(struct us_gen *g)
{
    for (int honors = 0; honors < 2; honors++)
        for (int subject = 0; subject < US_GEN_CORE_SUBJECTS; subject++)
            for (int grade = 9; grade <= 12; grade++)
                add_core(g, honors, subject, grade);
    g->first_shared = g->n_courses;
    int wanted = 1;
    while (wanted * wanted < 4 * g->opts.students && wanted < 300)
        wanted++;
    for (int i = 0; i < wanted; i++) {
        if (i < (int)KITH_LEN(offers))
            add_shared(g, &offers[i]);
        else
            add_topic(g, i - (int)KITH_LEN(offers));
    }
    weigh(g);
}

static double language_interest(const struct us_gen_student *s, const struct us_gen_course *c)
{
    if (s->language_level == 0)
        return c->language_level == 1 ? 0.15 : 0;
    return s->language == (int)c->subject && s->language_level == c->language_level ? 40 : 0;
}

double us_gen_interest(const struct us_gen *g, const struct us_gen_student *s, int course)
{
    const struct us_gen_course *c = &g->courses[course];
    if ((c->grades & (UINT32_C(1) << s->grade)) == 0)
        return 0;
    double interest = c->weight;
    if (c->language_level > 0)
        return interest * language_interest(s, c);
    if (c->flags & US_GEN_F_SUPPORT)
        return s->support ? interest * 60 : 0;
    if (c->flags & US_GEN_F_ENSEMBLE)
        return s->ensemble == course ? interest * 80 : 0;
    /* the two profiles of a student make the same few courses wanted together */
    interest *= 0.35 + 3.0 * __builtin_popcount(c->profiles & s->profiles);
    if (c->niche == s->niche)
        interest *= 10;
    if (c->flags & US_GEN_F_AP)
        interest *= s->ability > 0.2 ? 1 + 3 * s->ability : 0.03;
    if (c->flags & US_GEN_F_GRADUATION)
        interest *= 6;
    return interest;
}
