/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/domain-name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "nb/text.h"
#include "util.h"

/* The length of 's' without a dot at its end. */
static size_t
name_length(const char *s)
{
    size_t len = strlen(s);

    return len && s[len - 1] == '.' ? len - 1 : len;
}

static bool
is_label(const char *s, size_t len)
{
    if (!len || len > DOMAIN_LABEL_MAX || s[0] == '-' || s[len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = s[i];

        if (c >= 128 || (!isalnum(c) && c != '-' && c != '_')) {
            return false;
        }
    }
    return true;
}

char *
domain_name_check(const char *s)
{
    size_t len = name_length(s);
    bool valid = len <= DOMAIN_NAME_MAX;

    for (size_t start = 0; valid && start <= len;) {
        const char *dot = memchr(s + start, '.', len - start);
        size_t end = dot ? dot - s : len;

        valid = is_label(s + start, end - start);
        start = end + 1;
    }
    return valid ? NULL : text_format("\"%s\" is not a domain name", s);
}

char *
domain_name_normalize(const char *s)
{
    char *name = xmemdup0(s, name_length(s));

    for (char *p = name; *p; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p += 'a' - 'A';
        }
    }
    return name;
}
