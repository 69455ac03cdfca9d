/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_TLS_PROBE_H
#define DFCTL_TLS_PROBE_H 1

/* What is wrong with keys and certificates, in words: libopenvswitch only logs it. */

#include <stdbool.h>

/* The files that ssl: needs; NULL for those not given. */
struct tls_files {
    const char *private_key;
    const char *certificate;
    const char *ca_cert;
    bool bootstrap; /* 'ca_cert' is written if it does not exist. */
};

/* Checks that the files can be read and that key and certificate belong together.
 * Returns NULL, or what is wrong, which the caller must free(). */
char *tls_check_files(const struct tls_files *);

/* Shakes hands over 'fd', a connected socket, until 'deadline' (as of time_msec()).
 * Returns NULL if either side accepts the other's certificate, otherwise what is wrong,
 * which the caller must free().  Leaves 'fd' open. */
char *tls_probe(const struct tls_files *, int fd, long long int deadline);

#endif /* dfctl/tls-probe.h */
