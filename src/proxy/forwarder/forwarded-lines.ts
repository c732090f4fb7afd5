import type { ForwardedConfig } from '../../contracts/config.js';
import type { Exchange } from '../../contracts/exchange.js';
import { FIELD_VALUE, consistsOf } from '../../http/characters.js';
import { appendMember, forwardedElement } from '../../http/forwarded.js';

/**
 * Owns what Torus tells the upstream about the client and about itself: field lines made from what was seen on the socket,
 * and from the peer's own claims only where the peer is trusted.
 */

export type ForwardedLines = (exchange: Exchange) => string;

export function forwardedLinesFor(config: ForwardedConfig): ForwardedLines {
  const withX = config.style === 'x-forwarded' || config.style === 'both';
  const withForwarded = config.style === 'forwarded' || config.style === 'both';
  return (exchange) => {
    let lines = `${viaLine(exchange, config.via)}${config.requestIdField}: ${exchange.id}\r\n`;
    if (withX) lines += xForwardedLines(exchange);
    if (withForwarded) lines += forwardedLine(exchange);
    return lines;
  };
}

/** RFC 9110 section 7.6.3: this hop after those before it. */
function viaLine({ request }: Exchange, pseudonym: string): string {
  const before = request.fields.getAll('via');
  const own = `${request.httpVersion} ${pseudonym}`;
  if (pseudonym !== '')
    return before.length === 0 ? `via: ${own}\r\n` : `via: ${appendMember(before, own)}\r\n`;
  return before.length === 0 ? '' : `via: ${before.join(', ')}\r\n`;
}

function xForwardedLines(exchange: Exchange): string {
  const { client, request } = exchange;
  if (client.trusted) return trustedXForwardedLines(exchange);
  const host = request.authority === '' ? '' : `x-forwarded-host: ${request.authority}\r\n`;
  return `x-forwarded-for: ${client.peerAddress}\r\nx-forwarded-proto: ${request.scheme}\r\n${host}`;
}

/** A trusted peer's chain is kept and extended by the peer itself; what it says of scheme and host stands. */
function trustedXForwardedLines(exchange: Exchange): string {
  const { client, request } = exchange;
  const chain = appendMember(request.fields.getAll('x-forwarded-for'), client.peerAddress);
  const scheme = claimed(exchange, 'x-forwarded-proto') ?? request.scheme;
  const host = claimed(exchange, 'x-forwarded-host') ?? request.authority;
  const hostLine = host === '' ? '' : `x-forwarded-host: ${host}\r\n`;
  return `x-forwarded-for: ${chain}\r\nx-forwarded-proto: ${scheme}\r\n${hostLine}`;
}

function claimed(exchange: Exchange, name: string): string | undefined {
  const value = exchange.request.fields.get(name);
  return value !== undefined && consistsOf(value, FIELD_VALUE) ? value : undefined;
}

/** RFC 7239: one element for this hop, after those of a trusted peer. */
function forwardedLine(exchange: Exchange): string {
  const { client, request } = exchange;
  const own = forwardedElement({ for: client.peerAddress, proto: request.scheme, host: request.authority });
  return `forwarded: ${appendMember(client.trusted ? request.fields.getAll('forwarded') : [], own)}\r\n`;
}
