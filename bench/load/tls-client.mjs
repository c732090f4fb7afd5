/** Owns how clients speak TLS, so that every proxy ends up with the same version, suite and curve. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** The one suite offered, in OpenSSL's words. Limiting the client needs no peer to have a setting for it (Caddy has none). */
export const SUITE = 'TLS_AES_128_GCM_SHA256';

/** wrk has no option for suites, but its OpenSSL reads a configuration. @param {string} folder @returns {Record<string, string>} environment */
export const openSslEnvironment = (folder) => {
  const file = path.join(folder, 'openssl.cnf');
  writeFileSync(
    file,
    [
      'openssl_conf = init',
      '[init]',
      'ssl_conf = ssl',
      '[ssl]',
      'system_default = defaults',
      '[defaults]',
      'MinProtocol = TLSv1.3',
      `Ciphersuites = ${SUITE}`,
      'Groups = X25519',
    ].join('\n'),
  );
  return { OPENSSL_CONF: file };
};

/** Options of `tls.connect`. The certificate of the run is self-signed: it is not what is measured, so not verified. */
export const tlsClientOptions = {
  servername: 'localhost',
  rejectUnauthorized: false,
  minVersion: 'TLSv1.3',
  ciphers: SUITE,
  ecdhCurve: 'X25519',
};
