/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "openvswitch/dynamic-string.h"
#include "util.h"

/* Longer than the escape of one character: "\u001b". */
#define MAX_ESCAPE 8

/* Decodes the character at the beginning of the 'size' > 0 bytes at 's'.  Returns its length
 * and sets '*code', or returns 0 if it is malformed. */
static size_t
decode(const char *s_, size_t size, uint32_t *code)
{
    const uint8_t *s = (const uint8_t *) s_;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (!n || n > size || s[0] > 0xf4) {
        return 0;
    }

    uint32_t c = n == 1 ? s[0] : s[0] & (0xff >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        c = (c << 6) | (s[i] & 0x3f);
    }
    if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || c > 0x10ffff
        || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }
    *code = c;
    return n;
}

/* Writes how the character at the beginning of 's' is shown to 'buf', unless it is shown as
 * it is.  Returns its length, and sets '*shown' to the length in 'buf', 0 if as it is. */
static size_t
escape(const char *s, size_t size, char buf[MAX_ESCAPE], size_t *shown)
{
    uint32_t c;
    size_t n = decode(s, size, &c);

    *shown = 0;
    if (!n) {
        *shown = snprintf(buf, MAX_ESCAPE, "\\x%02x", (unsigned int) (uint8_t) *s);
        return 1;
    }
    if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
        const char *name = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;
        *shown = name ? snprintf(buf, MAX_ESCAPE, "%s", name)
                      : snprintf(buf, MAX_ESCAPE, "\\u%04" PRIx32, c);
    }
    return n;
}

void
text_put(struct ds *ds, const char *s, size_t max)
{
    size_t size = strlen(s);
    size_t start = ds->length;

    for (size_t i = 0, n; i < size; i += n) {
        char buf[MAX_ESCAPE];
        size_t shown;
        n = escape(s + i, size - i, buf, &shown);
        if (ds->length - start + (shown ? shown : n) > max) {
            ds_put_format(ds, "... (%" PRIuSIZE " bytes)", size);
            return;
        }
        if (shown) {
            ds_put_buffer(ds, buf, shown);
        } else {
            ds_put_buffer(ds, s + i, n);
        }
    }
}

char *
text_clean(const char *s, size_t max)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    text_put(&ds, s, max);
    return ds_steal_cstr(&ds);
}

char *
text_clean_in_place(char **s, size_t max)
{
    if (*s) {
        char *clean = text_clean(*s, max);
        free(*s);
        *s = clean;
    }
    return *s;
}

void
text_put_lines(struct ds *ds, const char *s, size_t size)
{
    size_t begin = 0; /* Of what is shown as it is and not yet put. */

    for (size_t i = 0, n; i < size; i += n) {
        char buf[MAX_ESCAPE];
        size_t shown;
        n = escape(s + i, size - i, buf, &shown);
        if (shown && s[i] != '\n' && s[i] != '\t') {
            ds_put_buffer(ds, s + begin, i - begin);
            ds_put_buffer(ds, buf, shown);
            begin = i + n;
        }
    }
    ds_put_buffer(ds, s + begin, size - begin);
}
