/** Owns what the span of an exchange says: the stable HTTP semantic conventions of OpenTelemetry for servers, and `torus.*`. */
import type { Exchange } from '../../contracts/exchange.js';
import { shownFieldValue } from '../../http/shown-text.js';
import { intAttribute, knownAttribute, remembered, textAttribute } from './otlp-json.js';

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

const withMethod = knownAttribute('http.request.method');
const withScheme = knownAttribute('url.scheme');
const withPattern = knownAttribute('http.route');
const withAgent = remembered((agent: string) => textAttribute('user_agent.original')(shownFieldValue(agent)));
const withServer = knownAttribute('server.address');
const withVersion = knownAttribute('network.protocol.version');
const withError = knownAttribute('error.type');
const withCause = knownAttribute('torus.cause');
const withListener = knownAttribute('torus.listener');
const withRoute = knownAttribute('torus.route');
const withUpstream = knownAttribute('torus.upstream');
const withEndpoint = knownAttribute('torus.endpoint');
const withOriginalMethod = textAttribute('http.request.method_original');
const withPath = textAttribute('url.path');
const withClient = textAttribute('client.address');
const withPeer = textAttribute('network.peer.address');
const withPeerPort = intAttribute('network.peer.port');
const withServerPort = remembered(intAttribute('server.port'));
const withStatus = remembered(intAttribute('http.response.status_code'));
const withRequestSize = intAttribute('http.request.body.size');
const withResponseSize = intAttribute('http.response.body.size');
const withRequestId = textAttribute('torus.request_id');
const withDetail = textAttribute('torus.detail');
const withAttempts = remembered(intAttribute('torus.attempts'));
const withRpcSystem = knownAttribute('rpc.system');
const withRpcService = knownAttribute('rpc.service');
const withRpcMethod = knownAttribute('rpc.method');
const withRpcStatus = remembered(intAttribute('rpc.grpc.status_code'));

export const methodAttributes = (method: string): string =>
  METHODS.has(method) ? withMethod(method) : withMethod('_OTHER') + withOriginalMethod(method);

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
    methodAttributes(request.method) +
    withScheme(request.scheme) +
    withPath(request.path) +
    (route === undefined ? '' : withPattern(route.config.match.path)) +
    (agent === undefined ? '' : withAgent(agent))
  );
};

const networkAttributes = ({ request, client }: Exchange): string =>
  serverAttributes(request.host, request.authority) +
  withClient(client.address) +
  // Of a client that came by itself this says it all.
  (client.peerAddress === client.address ? '' : withPeer(client.peerAddress)) +
  withPeerPort(client.peerPort) +
  withVersion(request.httpVersion);

/** Who was asked: of `host[:port]` the port only where it was said. */
const serverAttributes = (host: string, authority: string): string => {
  if (host === '') return '';
  if (authority.length === host.length) return withServer(host);
  const port = /:(\d{1,5})$/.exec(authority)?.[1];
  return port === undefined ? withServer(host) : withServer(host) + withServerPort(Number(port));
};

const outcomeAttributes = (exchange: Exchange, failed: boolean): string => {
  const { cause = 'ok', status, route, upstream, endpoint, detail } = exchange;
  return (
    (status === 0 ? '' : withStatus(status)) +
    (failed ? withError(cause === 'ok' ? errorOfStatus(exchange) : cause) : '') +
    (exchange.requestBytes === 0 ? '' : withRequestSize(exchange.requestBytes)) +
    (exchange.responseBytes === 0 ? '' : withResponseSize(exchange.responseBytes)) +
    grpcAttributes(exchange) +
    withRequestId(exchange.id) +
    withCause(cause) +
    withListener(exchange.client.listener) +
    (route === undefined ? '' : withRoute(route.name)) +
    (upstream === undefined ? '' : withUpstream(upstream)) +
    (endpoint === undefined ? '' : withEndpoint(endpoint)) +
    (detail === undefined ? '' : withDetail(detail)) +
    withAttempts(exchange.attempts)
  );
};

const errorOfStatus = ({ status, grpc }: Exchange): string =>
  status < 500 && grpc !== undefined ? String(grpc.status) : String(status);

/** `/package.Service/Method` names both. */
export const grpcAttributes = ({ request, grpc }: Exchange): string => {
  if (grpc === undefined) return '';
  const slash = request.path.lastIndexOf('/');
  return (
    withRpcSystem('grpc') +
    (slash > 0 ? withRpcService(request.path.slice(1, slash)) : '') +
    withRpcMethod(request.path.slice(slash + 1)) +
    (grpc.status < 0 ? '' : withRpcStatus(grpc.status))
  );
};
