import { constants, createHash } from 'node:crypto';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { ListenerConfig, ListenerProtocol, ListenerTlsConfig } from '../../contracts/config.js';
import { CertificateChooser } from './certificate-chooser.js';

/** Owns what a TLS listener offers: modern versions, AEAD suites in server order. */

const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** What modern clients have. Others (P-521, X448, finite fields) only make a handshake dearer for the server. */
const GROUPS = 'X25519:P-256:P-384';

/** No handshake inside a connection, which costs a client little and the server much; ChaCha20 for clients that put it first. */
const ALWAYS = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_PRIORITIZE_CHACHA;

/** The server's order decides. */
const ALPN_ORDER: ReadonlyMap<ListenerProtocol, string> = new Map([
  ['http2', 'h2'],
  ['http1', 'http/1.1'],
]);

/** `chooser` holds the certificates of the same settings. */
export function tlsOptionsOf(
  config: ListenerConfig,
  tls: ListenerTlsConfig,
  chooser: CertificateChooser,
): TlsOptions {
  return {
    ...contextOptionsOf(config, tls),
    handshakeTimeout: config.timeouts.tlsHandshakeMs,
    ALPNProtocols: [...ALPN_ORDER]
      .filter(([protocol]) => config.protocols.includes(protocol))
      .map(([, id]) => id),
    SNICallback: chooser.onServerName,
  };
}

/** What changes with the certificates. */
export function contextOptionsOf(config: ListenerConfig, tls: ListenerTlsConfig): SecureContextOptions {
  const first = tls.certificates[0];
  return {
    ...secureOptions(tls),
    cert: first?.certPem,
    key: first?.keyPem,
    // Node's default differs with the command line of the process.
    sessionIdContext: createHash('sha256').update(config.name).digest('base64').slice(0, 32),
  };
}

export function chooserFor(tls: ListenerTlsConfig): CertificateChooser {
  return new CertificateChooser(tls.certificates, secureOptions(tls));
}

function secureOptions(tls: ListenerTlsConfig): SecureContextOptions {
  const noTickets = tls.sessionTickets ? 0 : constants.SSL_OP_NO_TICKET;
  return {
    minVersion: tls.minVersion,
    ciphers: CIPHERS,
    ecdhCurve: groupsFor(process.versions.openssl),
    honorCipherOrder: true,
    secureOptions: ALWAYS | noTickets,
  };
}

/** The hybrid with ML-KEM keeps what is recorded today closed to a later quantum computer. OpenSSL has it from 3.5 on. */
function groupsFor(opensslVersion: string): string {
  const [major = 0, minor = 0] = opensslVersion.split('.').map(Number);
  const hasHybrid = major > 3 || (major === 3 && minor >= 5);
  return hasHybrid ? `X25519MLKEM768:${GROUPS}` : GROUPS;
}
