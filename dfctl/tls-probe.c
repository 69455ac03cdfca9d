/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/tls-probe.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "timeval.h"
#include "util.h"

/* How long a server is given to refuse a certificate after the handshake. */
#define SILENCE_MS 500

/* --- Files -------------------------------------------------------------- */

static char *
check_readable(const char *option, const char *file)
{
    if (!file) {
        return xasprintf("ssl: needs --private-key, --certificate and --ca-cert: --%s is missing",
                         option);
    }
    FILE *stream = fopen(file, "r");
    if (!stream) {
        return xasprintf("--%s: %s: %s", option, file, ovs_strerror(errno));
    }
    fclose(stream);
    return NULL;
}

static X509 *
read_certificate(const char *file)
{
    FILE *stream = fopen(file, "r");
    X509 *certificate = stream ? PEM_read_X509(stream, NULL, NULL, NULL) : NULL;

    if (stream) {
        fclose(stream);
    }
    ERR_clear_error();
    return certificate;
}

static char *
check_pair(const struct tls_files *files)
{
    X509 *certificate = read_certificate(files->certificate);
    FILE *stream = fopen(files->private_key, "r");
    EVP_PKEY *key = stream ? PEM_read_PrivateKey(stream, NULL, NULL, NULL) : NULL;
    char *error = NULL;

    if (!certificate) {
        error = xasprintf("--certificate: %s is not a certificate in PEM", files->certificate);
    } else if (!key) {
        error = xasprintf("--private-key: %s is not a key in PEM", files->private_key);
    } else if (!X509_check_private_key(certificate, key)) {
        error = xasprintf("%s is not the key of certificate %s", files->private_key,
                          files->certificate);
    }
    if (stream) {
        fclose(stream);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return error;
}

char *
tls_check_files(const struct tls_files *files)
{
    char *error = check_readable("private-key", files->private_key);
    if (!error) {
        error = check_readable("certificate", files->certificate);
    }
    if (!error && !(files->bootstrap && files->ca_cert)) {
        error = check_readable("ca-cert", files->ca_cert);
        X509 *ca = error ? NULL : read_certificate(files->ca_cert);
        if (!error && !ca) {
            error = xasprintf("--ca-cert: %s is not a certificate in PEM", files->ca_cert);
        }
        X509_free(ca);
    }
    return error ? error : check_pair(files);
}

/* --- Handshake ---------------------------------------------------------- */

/* Waits until what 'ssl' needed last can be done. */
static bool
wait_for(SSL *ssl, int retval, int fd, long long int deadline)
{
    int error = SSL_get_error(ssl, retval);
    long long int left = deadline - time_msec();
    struct pollfd pfd = {.fd = fd,
                         .events = error == SSL_ERROR_WANT_READ    ? POLLIN
                                   : error == SSL_ERROR_WANT_WRITE ? POLLOUT
                                                                   : 0};

    return pfd.events && left > 0 && poll(&pfd, 1, left) > 0;
}

static bool
is_expired(const char *file)
{
    X509 *certificate = read_certificate(file);
    bool expired = certificate && X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
    X509_free(certificate);
    return expired;
}

/* Why the handshake failed, or what followed it ('shaken'), if the server's certificate is
 * not to blame. */
static char *
explain_failure(const struct tls_files *files, bool shaken, bool timed_out)
{
    unsigned long error = ERR_peek_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;

    if (is_expired(files->certificate)) {
        return xasprintf("certificate %s has expired: renew it", files->certificate);
    } else if (timed_out) {
        return xstrdup("no answer to a TLS handshake: does the server speak TLS there?");
    } else if (shaken || (reason && strstr(reason, "alert"))) {
        return xasprintf("the server does not accept certificate %s (%s): is it signed by the "
                         "authority that the server trusts?",
                         files->certificate, reason ? reason : "it closes the connection");
    } else if (reason && strstr(reason, "wrong version")) {
        return xstrdup("the server does not speak TLS there: is tcp: meant?");
    }
    return xasprintf("the TLS handshake failed (%s): does the server speak TLS there?",
                     reason ? reason : "the server closed the connection");
}

static char *
explain_verification(const struct tls_files *files, long result)
{
    const char *reason = X509_verify_cert_error_string(result);

    return (result == X509_V_ERR_CERT_HAS_EXPIRED
                ? xstrdup("the server's certificate has expired: renew it there")
            : result == X509_V_ERR_CERT_NOT_YET_VALID
                ? xstrdup("the server's certificate is not valid yet: compare the clocks")
                : xasprintf("the server's certificate is not accepted (%s): is the authority that "
                            "signed it the one in --ca-cert=%s?",
                            reason, files->ca_cert));
}

static char *
shake_hands(const struct tls_files *files, SSL *ssl, int fd, long long int deadline)
{
    int retval;

    while ((retval = SSL_connect(ssl)) != 1) {
        if (!wait_for(ssl, retval, fd, deadline)) {
            long result = SSL_get_verify_result(ssl);
            return (result != X509_V_OK ? explain_verification(files, result)
                                        : explain_failure(files, false, time_msec() >= deadline));
        }
    }
    /* With TLS 1.3 the server judges the certificate after that.  It says nothing if it
     * likes it. */
    char byte;
    deadline = MIN(deadline, time_msec() + SILENCE_MS);
    while ((retval = SSL_read(ssl, &byte, 1)) <= 0) {
        if (!wait_for(ssl, retval, fd, deadline)) {
            return time_msec() >= deadline ? NULL : explain_failure(files, true, false);
        }
    }
    return NULL;
}

char *
tls_probe(const struct tls_files *files, int fd, long long int deadline)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    bool has_ca = !files->bootstrap || !access(files->ca_cert, R_OK);
    char *error = NULL;

    ERR_clear_error();
    if (!ctx || SSL_CTX_use_PrivateKey_file(ctx, files->private_key, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_use_certificate_file(ctx, files->certificate, SSL_FILETYPE_PEM) != 1
        || (has_ca && SSL_CTX_load_verify_locations(ctx, files->ca_cert, NULL) != 1)) {
        error = xstrdup("keys or certificates cannot be used");
    } else {
        SSL_CTX_set_verify(ctx, has_ca ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
        SSL *ssl = SSL_new(ctx);
        SSL_set_fd(ssl, fd);
        error = shake_hands(files, ssl, fd, deadline);
        SSL_free(ssl);
    }
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return error;
}
