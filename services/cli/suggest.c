/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suggest.h"

#include <assert.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t cli_distance(const char *a, const char *b)
{
    assert(a && b);
    size_t a_n = strlen(a), b_n = strlen(b);
    if (a_n > CLI_WORD_MAX || b_n > CLI_WORD_MAX)
        return CLI_WORD_MAX;
    size_t cost[CLI_WORD_MAX + 1][CLI_WORD_MAX + 1];
    for (size_t i = 0; i <= a_n; i++)
        cost[i][0] = i;
    for (size_t j = 0; j <= b_n; j++)
        cost[0][j] = j;
    for (size_t i = 1; i <= a_n; i++) {
        for (size_t j = 1; j <= b_n; j++) {
            size_t replace = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            cost[i][j] = least(replace, least(cost[i - 1][j], cost[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a_n][b_n];
}

const char *cli_nearest(const char *word, const char *const *words)
{
    assert(word && words);
    if (strlen(word) > CLI_WORD_MAX)
        return NULL;
    size_t best = 1 + strlen(word) / 3;
    const char *nearest = NULL;
    for (; *words; words++) {
        size_t distance = cli_distance(word, *words);
        if (distance < best || (distance == best && !nearest)) {
            best = distance;
            nearest = *words;
        }
    }
    return nearest;
}
