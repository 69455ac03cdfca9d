/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "tls.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "chassis/settings.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "stream-ssl.h"
#include "svec.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(tls);

#define CHECK_INTERVAL_MS 1000

/* A file as it was when it was last looked at. */
struct watched {
    char *name;
    struct timespec mtime;
};

struct tls {
    struct chassis_tls options;
    struct watched key, certificate;
    char *name;                   /* Common name of the certificate in force, or NULL. */
    char *end;                    /* The end of its validity, for people to read. */
    time_t not_before, not_after; /* Its validity. */
    char *fault;                  /* Why the files as they are were not taken; NULL if they were. */
    long long int next_check;
};

struct tls *
tls_create(const struct chassis_tls *options)
{
    struct tls *tls = xzalloc(sizeof *tls);

    chassis_tls_clone(&tls->options, options);
    return tls;
}

void
tls_destroy(struct tls *tls)
{
    if (tls) {
        chassis_tls_destroy(&tls->options);
        free(tls->key.name);
        free(tls->certificate.name);
        free(tls->name);
        free(tls->end);
        free(tls->fault);
        free(tls);
    }
}

/* Returns true if 'name' is another file, or has changed, since the last call. */
static bool
watch(struct watched *w, const char *name)
{
    struct timespec mtime = {0, 0};
    struct stat s;

    if (!stat(name, &s)) {
        mtime = s.st_mtim;
    }
    if (nullable_string_is_equal(w->name, name) && mtime.tv_sec == w->mtime.tv_sec
        && mtime.tv_nsec == w->mtime.tv_nsec) {
        return false;
    }
    free(w->name);
    w->name = xstrdup(name);
    w->mtime = mtime;
    return true;
}

/* A daemon cannot ask for a passphrase. */
static int
no_passphrase(char *buf OVS_UNUSED, int size OVS_UNUSED, int rwflag OVS_UNUSED,
              void *aux OVS_UNUSED)
{
    return 0;
}

/* Logs and remembers what is wrong.  Takes ownership of 'fault'. */
static void
note_fault(struct tls *tls, char *fault)
{
    VLOG_WARN("%s", fault);
    free(tls->fault);
    tls->fault = fault;
}

/* Opens a file of keys or certificates; NULL if that is impossible, which is noted. */
static FILE *
open_file(struct tls *tls, const char *file_name, const char *what)
{
    FILE *f = fopen(file_name, "r");

    if (!f) {
        note_fault(
            tls, text_format("%s: cannot open the %s (%s)", file_name, what, ovs_strerror(errno)));
    }
    return f;
}

static X509 *
read_certificate(struct tls *tls, const char *file_name)
{
    FILE *f = open_file(tls, file_name, "certificate");
    X509 *x509 = NULL;

    if (f) {
        x509 = PEM_read_X509(f, NULL, no_passphrase, NULL);
        fclose(f);
        if (!x509) {
            note_fault(tls, text_format("%s: this is no certificate", file_name));
        }
    }
    return x509;
}

static EVP_PKEY *
read_key(struct tls *tls, const char *file_name)
{
    FILE *f = open_file(tls, file_name, "private key");
    EVP_PKEY *key = NULL;

    if (f) {
        key = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
        fclose(f);
        if (!key) {
            note_fault(tls, text_format("%s: this is no private key, or one with a passphrase",
                                        file_name));
        }
    }
    return key;
}

static void
remember(struct tls *tls, X509 *certificate)
{
    char name[256] = "";
    char end[64] = "";
    BIO *bio = BIO_new(BIO_s_mem());

    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof name);
    if (bio && ASN1_TIME_print(bio, X509_get0_notAfter(certificate)) > 0) {
        int n = BIO_read(bio, end, sizeof end - 1);

        end[MAX(n, 0)] = '\0';
    }
    BIO_free(bio);

    struct tm from, to;
    bool known = (ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &from)
                  && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &to));
    tls->not_before = known ? timegm(&from) : 0;
    tls->not_after = known ? timegm(&to) : 0;

    free(tls->name);
    free(tls->end);
    tls->name = xstrdup(name);
    tls->end = xstrdup(end);
}

/* Hands the pair on to the library if both are there and belong together. */
static void
load_pair(struct tls *tls, const char *key_file, const char *certificate_file)
{
    free(tls->fault);
    tls->fault = NULL;

    X509 *certificate = read_certificate(tls, certificate_file);
    EVP_PKEY *key = read_key(tls, key_file);

    if (certificate && key) {
        if (X509_check_private_key(certificate, key) == 1) {
            remember(tls, certificate);
            TEXT_LOG(VLOG_INFO, "certificate of \"%s\", valid until %s", tls->name, tls->end);
            /* In this order: OpenSSL forgets a key that is not the certificate's, and
             * refuses one that is not. */
            stream_ssl_set_certificate_file(certificate_file);
            stream_ssl_set_private_key_file(key_file);
        } else {
            note_fault(tls,
                       text_format("%s is not the key of certificate %s; what was in force stays",
                                   key_file, certificate_file));
        }
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void
tls_run(struct tls *tls, const struct chassis_tls *configured)
{
    const struct chassis_tls *o = &tls->options;
    bool own_pair = o->private_key && o->certificate;
    const char *key = own_pair ? o->private_key : configured->private_key;
    const char *certificate = own_pair ? o->certificate : configured->certificate;
    const char *ca_cert = o->ca_cert ? o->ca_cert : configured->ca_cert;

    if (time_msec() < tls->next_check && nullable_string_is_equal(key, tls->key.name)
        && nullable_string_is_equal(certificate, tls->certificate.name)) {
        return;
    }
    tls->next_check = time_msec() + CHECK_INTERVAL_MS;

    if (key && certificate) {
        bool changed = watch(&tls->key, key);

        changed |= watch(&tls->certificate, certificate);
        if (changed) {
            load_pair(tls, key, certificate);
        }
    }
    if (ca_cert) {
        stream_ssl_set_ca_cert_file(ca_cert, o->ca_cert ? o->bootstrap : configured->bootstrap);
    }
}

void
tls_problems(const struct tls *tls, const char *chassis, bool used, struct svec *problems)
{
    time_t now = time_wall();

    if (!used) {
        return;
    }
    if (tls->fault) {
        svec_add_nocopy(problems, text_format("certificate: %.1024s", tls->fault));
    } else if (!tls->name) {
        svec_add(problems, "certificate: there is none for the ssl: connection to the NB database "
                           "(ovs-vsctl set-ssl)");
    }
    if (tls->name && tls->not_after && now > tls->not_after) {
        svec_add_nocopy(problems, text_format("certificate: that of \"%s\" has expired (%s)",
                                              tls->name, tls->end));
    } else if (tls->name && now < tls->not_before) {
        svec_add_nocopy(problems,
                        text_format("certificate: that of \"%s\" is not valid yet; is the "
                                    "clock right?",
                                    tls->name));
    }
    if (tls->name && chassis && strcmp(chassis, tls->name)) {
        svec_add_nocopy(problems, text_format("certificate: it is made out to \"%s\", not to this "
                                              "chassis, \"%s\"",
                                              tls->name, chassis));
    }
}

void
tls_format_status(const struct tls *tls, const char *chassis, struct ds *ds)
{
    if (tls->name) {
        bool other = chassis && strcmp(chassis, tls->name);

        ds_put_format(ds, "certificate: \"%s\", valid until %s%s\n", tls->name, tls->end,
                      other ? " (not the name of this chassis)" : "");
    }
}
