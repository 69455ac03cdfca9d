/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_TLS_PROBE_H
#define DFCTL_TLS_PROBE_H 1

/* What is wrong with keys and certificates, in words: libopenvswitch only logs it. */

struct tls_files;

/* Checks that the files can be read and that key and certificate belong together.
 * Returns NULL, or what is wrong, which the caller must free(). */
char *tls_check_files(const struct tls_files *);

/* Shakes hands over 'fd', a connected socket, until 'deadline' (as of time_msec()).
 * Returns NULL if either side accepts the other's certificate, otherwise what is wrong,
 * which the caller must free().  Leaves 'fd' open. */
char *tls_probe(const struct tls_files *, int fd, long long int deadline);

#endif /* dfctl/tls-probe.h */
