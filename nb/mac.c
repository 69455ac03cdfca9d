/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/mac.h"

#include <ctype.h>
#include <string.h>

#include "nb/text.h"
#include "packets.h"

char *
mac_parse(const char *s, struct eth_addr *mac)
{
    /* eth_addr_from_string() takes single digits as well, so that one address
     * could be written in several ways. */
    bool well_formed = strlen(s) == ETH_ADDR_STRLEN;
    for (size_t i = 0; well_formed && i < ETH_ADDR_STRLEN; i++) {
        well_formed = i % 3 == 2 ? s[i] == ':' : isxdigit((unsigned char) s[i]);
    }
    if (!well_formed || !eth_addr_from_string(s, mac)) {
        return text_format("\"%s\" is not a MAC address (aa:bb:cc:dd:ee:ff)", s);
    }
    if (eth_addr_is_zero(*mac)) {
        return text_format("\"%s\" is the all-zero MAC address", s);
    }
    if (eth_addr_is_multicast(*mac)) {
        return text_format("\"%s\" is a multicast MAC address", s);
    }
    return NULL;
}
