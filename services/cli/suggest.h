/* SPDX-License-Identifier: Apache-2.0 */
/* What a mistyped word was meant to be. Pure. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

#define CLI_WORD_MAX 32

/* Least number of letters to insert, delete, replace or exchange with a neighbour to make `b` of `a` (the restricted
 * Damerau-Levenshtein distance). Words of more than CLI_WORD_MAX letters: CLI_WORD_MAX. */
size_t cli_distance(const char *a, const char *b);

/* The nearest of `words` (NULL-terminated), the first among equals; NULL when none is within 1 + a third of the word's length. */
const char *cli_nearest(const char *word, const char *const *words);

#endif
