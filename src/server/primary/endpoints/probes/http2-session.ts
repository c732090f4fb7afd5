/** Owns the HTTP/2 connection of one check. */
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { endpointName } from '../../../../http/endpoint-address.js';
import { detailOf, failed, tlsOptionsFor } from './probe.js';
import type { CheckResult, ProbeTarget } from './probe.js';
import { proxiedSocketFor } from './proxied-socket.js';

/** By ALPN to https endpoints, by prior knowledge to others. Its end is a verdict, unless there was one before. */
export const openSession = (
  target: ProbeTarget,
  settle: (result: CheckResult) => void,
): ClientHttp2Session => {
  const { endpoint, port } = target;
  // The address that is dialled is the endpoint's, whatever name it goes by.
  const createConnection = proxiedSocketFor(target, ['h2']);
  const options = {
    ...(createConnection === undefined ? {} : { createConnection }),
    host: endpoint.host,
    port,
    ...(endpoint.scheme === 'https' ? tlsOptionsFor(target) : {}),
  };
  const session = connect(`${endpoint.scheme}://${endpointName(endpoint)}:${port}`, options);
  session.on('error', (error) => settle(failed(detailOf(error))));
  session.on('close', () => settle(failed('closed')));
  return session;
};
