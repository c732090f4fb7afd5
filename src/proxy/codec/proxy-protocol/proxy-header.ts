/**
 * What a PROXY header (HAProxy's proxy-protocol.txt, versions 1 and 2) says of a connection, and what became of reading one.
 */

export interface ProxiedAddresses {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
}

/**
 * `partial`: more bytes are needed. `absent`: what came is no PROXY header. `fault`: it is a broken one, with the rule it breaks.
 * `header`: `length` bytes of what came were it; `addresses` is undefined where the sender speaks for itself (LOCAL) or names no
 * address of the Internet (UNKNOWN, AF_UNSPEC, AF_UNIX): then those of the connection itself hold.
 */
export type ProxyHeaderReading =
  | { readonly kind: 'partial' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'fault'; readonly rule: string }
  | { readonly kind: 'header'; readonly length: number; readonly addresses: ProxiedAddresses | undefined };

export const PARTIAL: ProxyHeaderReading = { kind: 'partial' };
export const ABSENT: ProxyHeaderReading = { kind: 'absent' };
export const fault = (rule: string): ProxyHeaderReading => ({ kind: 'fault', rule });
