/** Owns finding out what TLS a proxy and the clients of the bench agree on. */
import { connect } from 'node:tls';
import { tlsClientOptions } from '../load/tls-client.mjs';

const TIMEOUT_MS = 5_000;

/** @param {number} port @returns {Promise<string>} version, suite, curve, type of the certificate's key */
export const tlsAgreement = (port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...tlsClientOptions, timeout: TIMEOUT_MS });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('the TLS handshake takes too long')));
    socket.once('secureConnect', () => {
      const { asn1Curve = 'not elliptic' } = socket.getPeerCertificate();
      const { name = 'no curve' } = socket.getEphemeralKeyInfo() ?? {};
      resolve(`${socket.getProtocol()} ${socket.getCipher().name} ${name} ${asn1Curve}`);
      socket.destroy();
    });
  });
