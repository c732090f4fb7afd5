/** Owns how the keys of one listener's session tickets come from those of the instance. */
import { hkdfSync } from 'node:crypto';

/** What OpenSSL takes: 16 bytes that name the key, 16 for HMAC, 16 for AES. */
const TICKET_KEY_BYTES = 48;

/** Other listeners have other keys: a session must not carry over to a listener that asks more of its clients. */
export const ticketKeysOf = (listener: string, ticketKeys: string): Buffer => {
  const secret = Buffer.from(ticketKeys, 'base64');
  const purpose = `torus session tickets of listener ${listener}`;
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, TICKET_KEY_BYTES));
};
