/** Owns what the span of an exchange says: the stable HTTP semantic conventions of OpenTelemetry for servers, and `torus.*`. */
import type { Exchange } from '../../contracts/exchange.js';
import { intAttribute, textAttribute } from './otlp-json.js';

/** The methods that the conventions know (RFC 9110 and PATCH); all others are `_OTHER`. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'TRACE',
  'PATCH',
]);

export const methodAttributes = (method: string): string =>
  METHODS.has(method)
    ? textAttribute('http.request.method', method)
    : textAttribute('http.request.method', '_OTHER') + textAttribute('http.request.method_original', method);

const nameOfMethod = (method: string): string => (METHODS.has(method) ? method : 'HTTP');

/** `GET /users/:id`; the method alone where no route matched. */
export const exchangeSpanName = ({ request, route }: Exchange): string => {
  const method = nameOfMethod(request.method);
  return route === undefined ? method : `${method} ${route.config.match.path}`;
};

export const attemptSpanName = ({ request }: Exchange): string => nameOfMethod(request.method);

/** gRPC statuses that are the server's fault (OpenTelemetry, semantic conventions for gRPC). */
const GRPC_SERVER_ERRORS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** The client's own faults are no errors of the server's span; everything else that did not end well is. */
export const isFailedExchange = ({ cause = 'ok', status, grpc }: Exchange): boolean => {
  if (status >= 500) return true;
  if (cause !== 'ok' && !cause.startsWith('downstream.')) return true;
  return grpc !== undefined && GRPC_SERVER_ERRORS.has(grpc.status);
};

export const exchangeAttributes = (exchange: Exchange, failed: boolean): string =>
  requestAttributes(exchange) + networkAttributes(exchange) + outcomeAttributes(exchange, failed);

const requestAttributes = ({ request, route }: Exchange): string => {
  const agent = request.fields.get('user-agent');
  return (
    `${methodAttributes(request.method)}${textAttribute('url.scheme', request.scheme)}${textAttribute('url.path', request.path)}` +
    (route === undefined ? '' : textAttribute('http.route', route.config.match.path)) +
    (agent === undefined ? '' : textAttribute('user_agent.original', agent))
  );
};

const networkAttributes = ({ request, client }: Exchange): string =>
  `${serverAttributes(request.host, request.authority)}${textAttribute('client.address', client.address)}` +
  `${textAttribute('network.peer.address', client.peerAddress)}${intAttribute('network.peer.port', client.peerPort)}` +
  textAttribute('network.protocol.version', request.httpVersion);

/** Who was asked: of `host[:port]` the port only where it was said. */
const serverAttributes = (host: string, authority: string): string => {
  if (host === '') return '';
  const port = /:(\d{1,5})$/.exec(authority)?.[1];
  const address = textAttribute('server.address', host);
  return port === undefined ? address : address + intAttribute('server.port', Number(port));
};

const outcomeAttributes = (exchange: Exchange, failed: boolean): string => {
  const { cause = 'ok', status, route, upstream, endpoint, detail } = exchange;
  return (
    (status === 0 ? '' : intAttribute('http.response.status_code', status)) +
    (failed ? textAttribute('error.type', cause === 'ok' ? errorOfStatus(exchange) : cause) : '') +
    `${intAttribute('http.request.body.size', exchange.requestBytes)}${intAttribute('http.response.body.size', exchange.responseBytes)}` +
    `${grpcAttributes(exchange)}${textAttribute('torus.request_id', exchange.id)}${textAttribute('torus.cause', cause)}` +
    `${textAttribute('torus.listener', exchange.client.listener)}${maybe('torus.route', route?.name)}` +
    `${maybe('torus.upstream', upstream)}${maybe('torus.endpoint', endpoint)}${maybe('torus.detail', detail)}` +
    intAttribute('torus.attempts', exchange.attempts)
  );
};

const errorOfStatus = ({ status, grpc }: Exchange): string =>
  status < 500 && grpc !== undefined ? String(grpc.status) : String(status);

const maybe = (key: string, value: string | undefined): string =>
  value === undefined ? '' : textAttribute(key, value);

/** `/package.Service/Method` names both. */
export const grpcAttributes = ({ request, grpc }: Exchange): string => {
  if (grpc === undefined) return '';
  const slash = request.path.lastIndexOf('/');
  const service = slash > 0 ? textAttribute('rpc.service', request.path.slice(1, slash)) : '';
  return (
    `${textAttribute('rpc.system', 'grpc')}${service}${textAttribute('rpc.method', request.path.slice(slash + 1))}` +
    (grpc.status < 0 ? '' : intAttribute('rpc.grpc.status_code', grpc.status))
  );
};
