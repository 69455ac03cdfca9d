/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/similar.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "svec.h"
#include "util.h"

static bool
same_letter(char a, char b)
{
    a = a == '_' ? '-' : tolower((unsigned char) a);
    b = b == '_' ? '-' : tolower((unsigned char) b);
    return a == b;
}

/* The least number of letters to insert, delete, replace or exchange with their neighbour
 * that make 'b' of 'a', case and the difference of "-" and "_" aside.  Takes O(length of 'a'
 * times length of 'b'). */
static size_t
edit_distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    /* Rows of the table of distances between beginnings: this one and the two before. */
    size_t *rows = xcalloc(3 * (n + 1), sizeof *rows);
    size_t *row = rows, *previous = rows + n + 1, *second = rows + 2 * (n + 1);

    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1]; i++) {
        size_t *oldest = second;
        second = previous;
        previous = row;
        row = oldest;

        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t replaced = previous[j - 1] + !same_letter(a[i - 1], b[j - 1]);
            row[j] = MIN(replaced, MIN(previous[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2])
                && same_letter(a[i - 2], b[j - 1])) {
                row[j] = MIN(row[j], second[j - 2] + 1);
            }
        }
    }
    size_t distance = row[n];
    free(rows);
    return distance;
}

/* The distance takes time with the product of both lengths; longer words are not typed. */
#define MAX_LENGTH 100

const char *
find_similar(const char *word, const struct svec *words)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 1;

    for (size_t i = 0; i < words->n; i++) {
        size_t length = strlen(words->names[i]);
        if (length > MAX_LENGTH || strlen(word) > MAX_LENGTH) {
            continue;
        }
        size_t distance = edit_distance(word, words->names[i]);
        /* A word of which no letter is left is another word. */
        if (distance < best_distance && distance < length) {
            best = words->names[i];
            best_distance = distance;
        }
    }
    return best;
}
