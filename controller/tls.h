/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLS_H
#define TLS_H 1

/* Keys and certificates of this daemon for ssl: connections.
 *
 * They are files that the command line names, or else the SSL table of the local Open
 * vSwitch database ("ovs-vsctl set-ssl").  Files that are replaced are read again
 * without a restart, and count from the next connection on.  A key and a certificate
 * that do not belong together, as between the two renames of a renewal, are not
 * taken: what was in force stays until they do.
 *
 * OpenSSL's context is the library's (stream-ssl.h), and so one for the process.
 *
 * Not thread-safe. */

#include <stdbool.h>

struct chassis_tls;
struct ds;
struct tls;

/* 'options' is what the command line says; members that it does not are NULL. */
struct tls *tls_create(const struct chassis_tls *options);
void tls_destroy(struct tls *);

/* Looks at the files, at most once a second.  'configured' is what the local database
 * says. */
void tls_run(struct tls *, const struct chassis_tls *configured);

/* Appends a sentence for each thing that is wrong with the files, if 'used' (there is an ssl:
 * connection).  'chassis' as below. */
struct svec;
void tls_problems(const struct tls *, const char *chassis, bool used, struct svec *problems);

/* For "status": the name in the certificate in force, and the end of its
 * validity. 'chassis' (or NULL) is the name that it should have. */
void tls_format_status(const struct tls *, const char *chassis, struct ds *);

#endif /* tls.h */
