import type { ClientInfo } from '../contracts/exchange.js';
import type { Fields } from '../contracts/fields.js';
import { clientAddressOf } from '../http/forwarded.js';
import type { IpSet } from '../http/ip-set.js';

/** Owns whom an exchange counts for: the peer, or the client that trusted peers report. */
export function clientBehind(client: ClientInfo, fields: Fields, trusted: IpSet): ClientInfo {
  if (!client.trusted || trusted.empty) return client;
  return {
    ...client,
    address: clientAddressOf(client.peerAddress, fields.getAll('x-forwarded-for'), trusted),
  };
}
