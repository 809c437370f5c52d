/* SPDX-License-Identifier: Apache-2.0 */
/* The courses: the core of each grade, then what all share, by falling popularity; and how much a student wants each. */
#include "scheduling/generate_internal.h"

#include <string.h>

#define G9    (UINT32_C(1) << 9)
#define G10   (UINT32_C(1) << 10)
#define G11   (UINT32_C(1) << 11)
#define G12   (UINT32_C(1) << 12)
#define ALL   (G9 | G10 | G11 | G12)
#define UPPER (G11 | G12)
#define NOT9  (G10 | G11 | G12)

struct offer {
    const char *id;
    enum gen_subject subject;
    enum gen_room_type room;
    enum gen_kind kind;
    uint32_t grades;
    unsigned profiles, flags;
    int language_level;
};

/* clang-format off */
static const struct offer offers[] = {
    {"PE1", GEN_PE, GEN_GYM, GEN_SINGLE, G9 | G10, GEN_P_SPORT, GEN_F_GRADUATION, 0},
    {"HEALTH", GEN_HEALTH, GEN_GENERAL, GEN_HALF, G9 | G10, GEN_P_SPORT | GEN_P_CTE, GEN_F_GRADUATION, 0},
    {"SPA1", GEN_SPANISH, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_WORDS, GEN_F_GRADUATION, 1},
    {"PE2", GEN_PE, GEN_GYM, GEN_SINGLE, NOT9, GEN_P_SPORT, 0, 0},
    {"ART1", GEN_ART, GEN_STUDIO, GEN_SINGLE, ALL, GEN_P_ARTS, 0, 0},
    {"SPA2", GEN_SPANISH, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_WORDS, GEN_F_GRADUATION, 2},
    {"CS1", GEN_CS, GEN_COMPUTER, GEN_SINGLE, ALL, GEN_P_STEM, 0, 0},
    {"FINANCE", GEN_BUSINESS, GEN_GENERAL, GEN_HALF, UPPER, GEN_P_CTE, GEN_F_GRADUATION, 0},
    {"PSYCH", GEN_SOCIAL, GEN_GENERAL, GEN_HALF, UPPER, GEN_P_WORDS, 0, 0},
    {"SPA3", GEN_SPANISH, GEN_GENERAL, GEN_SINGLE, NOT9, GEN_P_WORDS, 0, 3},
    {"WEIGHTS", GEN_PE, GEN_GYM, GEN_SINGLE, ALL, GEN_P_SPORT, 0, 0},
    {"FOODS", GEN_CARE, GEN_WORKSHOP, GEN_SINGLE, ALL, GEN_P_CTE, 0, 0},
    {"SUPPORT", GEN_SUPPORT, GEN_GENERAL, GEN_SINGLE, ALL, 0, GEN_F_SUPPORT, 0},
    {"BUSINESS1", GEN_BUSINESS, GEN_COMPUTER, GEN_SINGLE, ALL, GEN_P_CTE, 0, 0},
    {"BAND", GEN_MUSIC, GEN_MUSIC_ROOM, GEN_YEAR, ALL, GEN_P_ARTS, GEN_F_ENSEMBLE, 0},
    {"FRE1", GEN_FRENCH, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_WORDS, GEN_F_GRADUATION, 1},
    {"DRAMA1", GEN_THEATRE, GEN_STUDIO, GEN_SINGLE, ALL, GEN_P_ARTS | GEN_P_WORDS, 0, 0},
    {"CHOIR", GEN_MUSIC, GEN_MUSIC_ROOM, GEN_YEAR, ALL, GEN_P_ARTS, GEN_F_ENSEMBLE, 0},
    {"SPEECH", GEN_ENGLISH, GEN_GENERAL, GEN_HALF, ALL, GEN_P_WORDS, 0, 0},
    {"SOCIOLOGY", GEN_SOCIAL, GEN_GENERAL, GEN_HALF, UPPER, GEN_P_WORDS, 0, 0},
    {"WOOD1", GEN_SHOP, GEN_WORKSHOP, GEN_SINGLE, ALL, GEN_P_CTE, 0, 0},
    {"AUTO1", GEN_SHOP, GEN_WORKSHOP, GEN_DOUBLE, NOT9, GEN_P_CTE, 0, 0},
    {"FRE2", GEN_FRENCH, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_WORDS, GEN_F_GRADUATION, 2},
    {"ART2", GEN_ART, GEN_STUDIO, GEN_SINGLE, NOT9, GEN_P_ARTS, 0, 0},
    {"STATS", GEN_MATH, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_STEM | GEN_P_SPORT, 0, 0},
    {"APLIT", GEN_ENGLISH, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_WORDS, GEN_F_AP, 0},
    {"APCALC", GEN_MATH, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_STEM, GEN_F_AP, 0},
    {"ANATOMY", GEN_SCIENCE, GEN_LAB, GEN_SINGLE, UPPER, GEN_P_STEM | GEN_P_SPORT, 0, 0},
    {"NURSING", GEN_CARE, GEN_WORKSHOP, GEN_DOUBLE, UPPER, GEN_P_CTE, 0, 0},
    {"APBIO", GEN_SCIENCE, GEN_LAB, GEN_SINGLE, UPPER, GEN_P_STEM, GEN_F_AP, 0},
    {"APPSYCH", GEN_SOCIAL, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_WORDS, GEN_F_AP, 0},
    {"CERAMICS", GEN_ART, GEN_STUDIO, GEN_SINGLE, ALL, GEN_P_ARTS, 0, 0},
    {"FRE3", GEN_FRENCH, GEN_GENERAL, GEN_SINGLE, NOT9, GEN_P_WORDS, 0, 3},
    {"SPA4", GEN_SPANISH, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_WORDS, 0, 4},
    {"ORCHESTRA", GEN_MUSIC, GEN_MUSIC_ROOM, GEN_YEAR, ALL, GEN_P_ARTS, GEN_F_ENSEMBLE, 0},
    {"LAT1", GEN_LATIN, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_WORDS, GEN_F_GRADUATION, 1},
    {"LAT2", GEN_LATIN, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_WORDS, GEN_F_GRADUATION, 2},
    {"CHI1", GEN_CHINESE, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_STEM, GEN_F_GRADUATION, 1},
    {"CHI2", GEN_CHINESE, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_STEM, GEN_F_GRADUATION, 2},
    {"APCS", GEN_CS, GEN_COMPUTER, GEN_SINGLE, UPPER, GEN_P_STEM, GEN_F_AP, 0},
    {"FORENSICS", GEN_SCIENCE, GEN_LAB, GEN_SINGLE, NOT9, GEN_P_STEM, 0, 0},
    {"YEARBOOK", GEN_ENGLISH, GEN_COMPUTER, GEN_SINGLE, NOT9, GEN_P_WORDS | GEN_P_ARTS, 0, 0},
    {"PHOTO", GEN_ART, GEN_COMPUTER, GEN_SINGLE, ALL, GEN_P_ARTS, 0, 0},
    {"JAZZ", GEN_MUSIC, GEN_MUSIC_ROOM, GEN_SINGLE, NOT9, GEN_P_ARTS, 0, 0},
    {"APPHYSICS", GEN_SCIENCE, GEN_LAB, GEN_SINGLE, UPPER, GEN_P_STEM, GEN_F_AP, 0},
    {"DRAMA2", GEN_THEATRE, GEN_STUDIO, GEN_SINGLE, NOT9, GEN_P_ARTS | GEN_P_WORDS, 0, 0},
    {"ROBOTICS", GEN_CS, GEN_WORKSHOP, GEN_SINGLE, NOT9, GEN_P_STEM | GEN_P_CTE, 0, 0},
    {"BUSINESS2", GEN_BUSINESS, GEN_COMPUTER, GEN_SINGLE, NOT9, GEN_P_CTE, 0, 0},
    {"CREATIVE", GEN_ENGLISH, GEN_GENERAL, GEN_SINGLE, NOT9, GEN_P_WORDS, 0, 0},
    {"DEBATE", GEN_ENGLISH, GEN_GENERAL, GEN_SINGLE, ALL, GEN_P_WORDS, 0, 0},
    {"AUTO2", GEN_SHOP, GEN_WORKSHOP, GEN_DOUBLE, UPPER, GEN_P_CTE, 0, 0},
    {"APGOV", GEN_SOCIAL, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_WORDS, GEN_F_AP, 0},
    {"ECOLOGY", GEN_SCIENCE, GEN_LAB, GEN_SINGLE, NOT9, GEN_P_STEM, 0, 0},
    {"CHILDCARE", GEN_CARE, GEN_WORKSHOP, GEN_SINGLE, NOT9, GEN_P_CTE, 0, 0},
    {"WOOD2", GEN_SHOP, GEN_WORKSHOP, GEN_SINGLE, NOT9, GEN_P_CTE, 0, 0},
    {"DANCE", GEN_PE, GEN_GYM, GEN_SINGLE, ALL, GEN_P_ARTS | GEN_P_SPORT, 0, 0},
    {"FILM", GEN_THEATRE, GEN_COMPUTER, GEN_SINGLE, NOT9, GEN_P_ARTS, 0, 0},
    {"FRE4", GEN_FRENCH, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_WORDS, 0, 4},
    {"APART", GEN_ART, GEN_STUDIO, GEN_SINGLE, UPPER, GEN_P_ARTS, GEN_F_AP, 0},
    {"APCHEM", GEN_SCIENCE, GEN_LAB, GEN_SINGLE, UPPER, GEN_P_STEM, GEN_F_AP, 0},
    {"LAT3", GEN_LATIN, GEN_GENERAL, GEN_SINGLE, NOT9, GEN_P_WORDS, 0, 3},
    {"CHI3", GEN_CHINESE, GEN_GENERAL, GEN_SINGLE, NOT9, GEN_P_STEM, 0, 3},
    {"ART3", GEN_ART, GEN_STUDIO, GEN_SINGLE, UPPER, GEN_P_ARTS, 0, 0},
    {"ECONOMICS", GEN_SOCIAL, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_STEM | GEN_P_CTE, 0, 0},
};
/* clang-format on */

const char *gen_subject_name(enum gen_subject subject)
{
    static const char *const names[] = {
        "english", "math", "science", "social",  "pe", "health",   "spanish", "french", "latin",
        "chinese", "art",  "music",   "theatre", "cs", "business", "shop",    "care",   "support"};
    return names[subject];
}

static struct gen_course *add_course(struct gen *g)
{
    static const struct gen_course plain = {
        .level = "regular", .grades = ALL, .min = 18, .ideal = 25, .max = 30};
    struct gen_course *c = &g->courses[g->n_courses++];
    *c = plain;
    return c;
}

/* Repeaters come one grade late; in math, able students one early. */
static void add_core(struct gen *g, int honors, int subject, int grade)
{
    static const char *const ids[GEN_CORE_SUBJECTS][4] = {{"ENG9", "ENG10", "ENG11", "ENG12"},
                                                          {"ALG1", "GEOM", "ALG2", "PRECALC"},
                                                          {"BIO", "CHEM", "PHYS", "ENVSCI"},
                                                          {"GEOG", "WHIST", "USHIST", "CIVICS"}};
    g->core_course[honors][subject][grade - 9] = g->n_courses;
    struct gen_course *c = add_course(g);
    (void)snprintf(c->id, sizeof(c->id), "%s%s", ids[subject][grade - 9], honors ? "H" : "");
    c->subject = (enum gen_subject)subject;
    c->room = subject == GEN_SCIENCE ? GEN_LAB : GEN_GENERAL;
    c->level = honors ? "honors" : "regular";
    c->owned = true;
    c->grades = UINT32_C(1) << grade;
    if (grade < 12)
        c->grades |= UINT32_C(1) << (grade + 1);
    if (subject == GEN_MATH && grade > 9)
        c->grades |= UINT32_C(1) << (grade - 1);
    if (!honors && subject != GEN_SCIENCE)
        c->coteach = subject == GEN_SOCIAL ? 4 : 2; /* ell : sped */
}

static void sizes(struct gen_course *c)
{
    if (c->subject == GEN_PE) {
        c->min = 20;
        c->ideal = 34;
        c->max = 40;
    } else if (c->flags & GEN_F_ENSEMBLE) {
        c->min = 15;
        c->ideal = 45;
        c->max = 70;
    } else if (c->flags & GEN_F_SUPPORT) {
        c->min = 6;
        c->ideal = 14;
        c->max = 18;
    } else if (c->room == GEN_WORKSHOP || c->room == GEN_STUDIO) {
        c->min = 15;
        c->ideal = 22;
        c->max = 26;
    } else if (c->flags & GEN_F_AP || c->language_level >= 3) {
        c->min = 12;
        c->ideal = 24;
    }
}

static void add_shared(struct gen *g, const struct offer *o)
{
    struct gen_course *c = add_course(g);
    (void)snprintf(c->id, sizeof(c->id), "%s", o->id);
    c->subject = o->subject;
    c->room = o->room;
    c->kind = o->kind;
    c->grades = o->grades;
    c->profiles = o->profiles;
    c->flags = o->flags;
    c->language_level = o->language_level;
    if (o->flags & GEN_F_AP)
        c->level = "ap";
    sizes(c);
}

/* A big school has more electives than the list has: further ones of the same kind. */
static void add_topic(struct gen *g, int number)
{
    static const struct offer topics[] = {
        {"", GEN_ENGLISH, GEN_GENERAL, GEN_SINGLE, UPPER, GEN_P_WORDS, 0, 0},
        {"", GEN_SOCIAL, GEN_GENERAL, GEN_HALF, UPPER, GEN_P_WORDS, 0, 0},
        {"", GEN_SCIENCE, GEN_LAB, GEN_SINGLE, NOT9, GEN_P_STEM, 0, 0},
        {"", GEN_ART, GEN_STUDIO, GEN_SINGLE, ALL, GEN_P_ARTS, 0, 0},
        {"", GEN_CS, GEN_COMPUTER, GEN_SINGLE, NOT9, GEN_P_STEM, 0, 0},
        {"", GEN_BUSINESS, GEN_GENERAL, GEN_SINGLE, NOT9, GEN_P_CTE, 0, 0},
        {"", GEN_SHOP, GEN_WORKSHOP, GEN_SINGLE, NOT9, GEN_P_CTE, 0, 0},
        {"", GEN_PE, GEN_GYM, GEN_SINGLE, ALL, GEN_P_SPORT, 0, 0},
    };
    struct offer o = topics[number % (int)KITH_LEN(topics)];
    char id[16];
    (void)snprintf(id, sizeof(id), "TOPIC%d", number + 1);
    o.id = id;
    add_shared(g, &o);
}

/* 1 / (rank + 2.5), which is near enough to a power of 0.95 and needs no libm. */
static void weigh(struct gen *g)
{
    for (int i = g->first_shared; i < g->n_courses; i++)
        g->courses[i].weight = 1.0 / (i - g->first_shared + 2.5);
}

/* About two electives for each square root of the students. */
void gen_catalog(struct gen *g)
{
    for (int honors = 0; honors < 2; honors++)
        for (int subject = 0; subject < GEN_CORE_SUBJECTS; subject++)
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

static double language_interest(const struct gen_student *s, const struct gen_course *c)
{
    if (s->language_level == 0)
        return c->language_level == 1 ? 0.15 : 0;
    return s->language == (int)c->subject && s->language_level == c->language_level ? 40 : 0;
}

double gen_interest(const struct gen *g, const struct gen_student *s, int course)
{
    const struct gen_course *c = &g->courses[course];
    if ((c->grades & (UINT32_C(1) << s->grade)) == 0)
        return 0;
    double interest = c->weight;
    if (c->language_level > 0)
        return interest * language_interest(s, c);
    if (c->flags & GEN_F_SUPPORT)
        return s->support ? interest * 60 : 0;
    if (c->flags & GEN_F_ENSEMBLE)
        return s->ensemble == course ? interest * 80 : 0;
    /* the two profiles of a student make the same few courses wanted together */
    interest *= 0.35 + 3.0 * __builtin_popcount(c->profiles & s->profiles);
    if (c->flags & GEN_F_AP)
        interest *= s->ability > 0.2 ? 1 + 3 * s->ability : 0.03;
    if (c->flags & GEN_F_GRADUATION)
        interest *= 6;
    return interest;
}
