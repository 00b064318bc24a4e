import { type VendorKind, vendor } from './form.js';

/** Hashes of passwords: who has one can try passwords against it without end. */
export const HASH: readonly VendorKind[] = [
  vendor(
    'password_hash',
    'Hashes of passwords: crypt(5), bcrypt, yescrypt, Argon2, scrypt, PBKDF2, LDAP, SCRAM verifiers',
    'manpages.debian.org/bookworm/libcrypt-dev/crypt.5.en.html',
    ['$2a$', 'crypt', 55, 56],
    ['$2b$', 'crypt', 55, 56],
    ['$2y$', 'crypt', 55, 56],
    ['$2x$', 'crypt', 55, 56],
    ['$1$', 'crypt', 24, 31],
    ['$apr1$', 'crypt', 24, 31],
    ['$5$', 'crypt', 45, 80],
    ['$6$', 'crypt', 87, 125],
    ['$y$', 'crypt', 48, 150],
    ['$gy$', 'crypt', 48, 150],
    ['$7$', 'crypt', 50, 150],
    ['$sha1$', 'crypt', 36, 120],
    // wordpress.org and drupal.org keep phpass's portable form
    ['$P$', 'crypt', 30, 31],
    ['$H$', 'crypt', 30, 31],
    ['$S$', 'crypt', 51, 52],
    // the PHC string format
    ['$argon2id$', 'phc', 40, 300],
    ['$argon2i$', 'phc', 40, 300],
    ['$argon2d$', 'phc', 40, 300],
    ['$scrypt$', 'phc', 40, 300],
    ['$pbkdf2-sha256$', 'phc', 40, 300],
    ['$pbkdf2-sha512$', 'phc', 60, 300],
    ['$bcrypt-sha256$', 'phc', 50, 120],
    // docs.djangoproject.com/en/stable/topics/auth/passwords
    ['pbkdf2_sha256$', 'phc', 40, 120],
    ['pbkdf2_sha1$', 'phc', 30, 120],
    // RFC 2307, openldap.org/doc/admin26/security.html
    ['{SHA}', 'base64', 27, 28],
    ['{SSHA}', 'base64', 30, 64],
    ['{SSHA256}', 'base64', 48, 90],
    ['{SSHA512}', 'base64', 90, 130],
    // postgresql.org/docs/current/catalog-pg-authid.html
    ['SCRAM-SHA-256$', 'scram', 100, 160],
  ),
];
