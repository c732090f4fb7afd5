import type { Exchange } from '../../contracts/exchange.js';
import type { ProxyVersion } from '../codec/proxy-protocol/index.js';
import { proxyHeader } from '../codec/proxy-protocol/index.js';

/**
 * Owns what a connection says of its client before anything else (PROXY protocol): the address the exchange counts for, with its
 * port where that is the peer itself, and the address the client connected to. As latin1 text, which the pool compares.
 */
export function clientPreamble(version: ProxyVersion, { client }: Exchange): string {
  const { address, peerAddress, peerPort, local } = client;
  const unspecified = address.includes(':') ? '::' : '0.0.0.0';
  return proxyHeader(version, {
    sourceAddress: address,
    sourcePort: address === peerAddress ? peerPort : 0,
    destinationAddress: local?.localAddress ?? unspecified,
    destinationPort: local?.localPort ?? 0,
  }).toString('latin1');
}
