/** Owns the PROXY header of connections that stand for no client, such as health checks: LOCAL, in version 1 UNKNOWN. */

const HEADERS = {
  v1: 'PROXY UNKNOWN\r\n',
  /** The signature, version 2 and LOCAL, AF_UNSPEC, and no bytes more. */
  v2: '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0',
};

/** As latin1 text. */
export const localProxyHeader = (version: 'v1' | 'v2'): string => HEADERS[version];
