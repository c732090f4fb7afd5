/** Owns which Host a request to the admin listener may name, so that a web page cannot reach it by DNS rebinding. */
import { isLoopback } from '../../http/loopback.js';

/** True when a request with that Host field may be answered by a listener bound to `boundHost`. */
export const isAllowedHost = (hostField: string | undefined, boundHost: string): boolean => {
  // Bound to the network on purpose: probes come under any name.
  if (!isLoopback(boundHost)) return true;
  if (hostField === undefined) return false;
  const host = withoutPort(hostField.trim().toLowerCase());
  return host === boundHost.toLowerCase() || isLoopback(host);
};

const withoutPort = (host: string): string => {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host);
  if (bracketed !== null) return bracketed[1] ?? '';
  return host.replace(/:\d+$/, '');
};
