/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever a web client sends, it is answered or waited for; and what it is depends on the
 * request alone, not on the pieces in which it arrives. */
#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "metrics/http.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int first = 0;

    size = MIN(size, HTTP_MAX_REQUEST);
    for (size_t i = 0; i <= size; i++) {
        char *piece = xmemdup(data, i); /* So that reading too far is noticed. */
        bool head = false;
        int status = http_parse_request(piece, i, &head);

        free(piece);
        ovs_assert(!status || (status >= 200 && status <= 505));
        ovs_assert(!head || status == 200 || status == 0);
        if (!first) {
            first = status;
        } else {
            ovs_assert(status == first);
        }
    }
    return 0;
}
