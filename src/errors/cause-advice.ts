import type { Cause } from '../contracts/cause.js';

/** Owns what an operator does about each cause: read by `torus cause` and written into docs/causes.md. One or two sentences each. */

const CLIENT = 'Nothing, unless there are many: then look at `client` and `userAgent` in the access log.';
const CLIENT_LEFT =
  'Nothing on its own. Many of them, always after the same `durationMs`: a load balancer or client in front has a shorter timeout than the exchange needs.';
const UPSTREAM_LOG = 'Look at the log of the service at `endpoint` at that `time`.';

export const CAUSE_ADVICE: Readonly<Record<Cause, string>> = {
  ok: 'Nothing. A status of 400 or above in such a line is the answer of the upstream.',
  'downstream.proxy-header.malformed':
    '`detail` names the rule. Compare what the load balancer sends (PROXY version 1 or 2) with `proxyProtocol` of the listener.',
  'downstream.proxy-header.missing':
    'Turn the PROXY protocol on at the load balancer, or narrow `proxyProtocol.from` to those that speak it (health checks often do not).',
  'downstream.proxy-header.timeout':
    'The peer connected and sent no whole header within `proxyProtocol.timeout`: as for a missing header.',
  'downstream.tls.failed':
    '`detail` has the code of OpenSSL. `ERR_SSL_HTTP_REQUEST`: plain HTTP to a port of TLS. `…ALERT…`: the client refused, mostly the certificate (is the chain complete, the name in it?). `…VERSION…`, `…PROTOCOL`, `…CIPHER`: it is too old ([tls.md](tls.md)). `no-protocol`: it names none by ALPN where only HTTP/2 is spoken.',
  'downstream.tls.timeout':
    'The client connected and did not shake hands within `listeners[].timeouts.tlsHandshake`. `silent`: it sent nothing at all; is it one that speaks no TLS, and waits for the server?',
  'downstream.head.malformed': `\`detail\` names the rule that was broken. ${CLIENT}`,
  'downstream.head.too-large':
    'Usually cookies that pile up. Make them smaller, or raise `listeners[].limits.head` or `headerCount`: `detail` says which.',
  'downstream.head.target-too-long':
    'Send long queries in a body, or raise `listeners[].limits.requestLine`.',
  'downstream.head.timeout':
    'A slow or hostile client. Only where real ones are that slow: raise `listeners[].timeouts.requestHead`.',
  'downstream.head.version-unsupported': CLIENT,
  'downstream.head.coding-unsupported':
    'The client must send `Transfer-Encoding: chunked`, and nothing before it.',
  'downstream.head.expectation-unsupported': 'The client may expect `100-continue` and nothing else.',
  'downstream.head.method-unsupported':
    'TRACE is never forwarded. CONNECT needs a route for its host with `connect: true` and `match.path` `/*`: [tunnels.md](tunnels.md).',
  'downstream.head.misdirected':
    'Browsers try again over another connection by themselves. Anything else: ask for the name that it made the TLS connection for.',
  'downstream.head.aborted': CLIENT,
  'downstream.route.not-found':
    'Compare `host` and `path` with `match` of the routes: [routing.md](routing.md). A last route for `/*` catches the rest.',
  'downstream.route.method-not-allowed':
    'The answer names in `Allow` what the routes for this path take. Add the method to `match.methods` if it should pass.',
  'downstream.route.ambiguous-path':
    'Encoded slashes, dots or control characters: the client must send the path as it is meant ([routing.md](routing.md)).',
  'downstream.route.loop':
    'An upstream leads back to this gateway: compare its `endpoints` with the addresses of the listeners and what is behind them.',
  'downstream.route.upgrade-refused':
    'Add the protocol to `upgrades` of the route, if it is to be spoken here.',
  'downstream.filter.unauthenticated':
    '`WWW-Authenticate` of the answer says what was wrong with the token. Expired tokens and clocks that differ come first.',
  'downstream.filter.forbidden':
    'The token lacks a scope (`WWW-Authenticate` names it), or the address is not in `ip-allow`: look at `client` of the line, and at `trustedProxies` if it is that of a proxy.',
  'downstream.filter.redirected': 'Nothing: the route was told to.',
  'downstream.filter.too-large':
    'Raise `body-limit` of the route, or what a filter that reads bodies may buffer, if such bodies are meant to pass.',
  'downstream.filter.answered': 'Nothing: the filter was told to. The answer says why.',
  'downstream.body.malformed': `\`detail\` names the rule that was broken. ${CLIENT}`,
  'downstream.body.overhead': 'The client sends chunks of a few bytes: it should buffer before it writes.',
  'downstream.body.timeout':
    'The client paused for longer than `listeners[].timeouts.bodyGap`, or is slower than `limits.bodyRate`: `detail` says which.',
  'downstream.body.aborted': CLIENT_LEFT,
  'downstream.wait.aborted': CLIENT_LEFT,
  'downstream.response.aborted': CLIENT_LEFT,
  'downstream.response.timeout':
    'The client stopped reading for `listeners[].timeouts.writeGap`. Raise it only if clients pause downloads for that long.',
  'downstream.tunnel.aborted': 'Nothing: a client that vanished, or a page that was closed.',
  'upstream.pick.none-available':
    'Look at `/upstreams`: no endpoint at all (`source.problem` says why), or every one unhealthy (`why`) while `panicThreshold` is 0%.',
  'upstream.limit.exceeded':
    'More requests than `limits.maxRequests` and nobody may wait. Let some wait (`maxPending`), raise it, or add endpoints.',
  'upstream.limit.adaptive':
    'The service gets slower under load. Give it more endpoints; `torus_upstream_concurrency_limit` shows what it takes.',
  'upstream.queue.full':
    'More requests than may run and wait: `pool` and `limits` of the upstream. Is it slower than usual?',
  'upstream.queue.timeout': 'Nothing became free within `pendingTimeout`: as for a full queue.',
  'upstream.connect.refused': 'Nothing listens at `endpoint`: is the service up, and on that port?',
  'upstream.connect.timeout':
    'A firewall drops the packets, the host is down, or its accept queue is full. Try `torus doctor` from this host.',
  'upstream.connect.unresolved':
    'Check the name in `endpoints` and the resolver of this host (`torus doctor` asks it).',
  'upstream.connect.failed':
    '`detail` has the errno (no route, network down), or `not-http2`: the endpoint does not speak what `protocol` says.',
  'upstream.tls.failed':
    '`detail` has the error of the certificate check: set `tls.ca` or `tls.serverName`, or renew the certificate. `alpn`: the endpoint does not offer HTTP/2.',
  'upstream.tls.timeout':
    'TCP connects, but nobody shakes hands: is it a port without TLS, or a host that is overloaded?',
  'upstream.request.reset': `It refused to take the rest of a body that was still being sent, or broke down over it: a write failed. Where the reset was noticed by reading, or all was sent, the same is \`upstream.head.reset\`: count the two together. ${UPSTREAM_LOG}`,
  'upstream.request.timeout':
    'The rest of the body waited for `timeouts.idle` of the route, and the endpoint read none of it: is it stuck, or busy with what it has? Raise it only if uploads may pause there for that long.',
  'upstream.head.closed': `It crashed, restarts, or closes idle connections sooner than \`pool.idleTimeout\`. ${UPSTREAM_LOG}`,
  'upstream.head.reset': `It crashed, or something between resets the connection. Of a request whose body is still being sent it may be \`upstream.request.reset\`: that is whichever the system tells of first. ${UPSTREAM_LOG}`,
  'upstream.head.malformed': '`detail` names the rule that the response broke: the service must be mended.',
  'upstream.head.too-large':
    'The service sends more than 64 KiB or 256 fields: often a cookie set again and again.',
  'upstream.head.timeout':
    'The service is slower than `timeouts.responseHead` of the route. For endpoints that are slow by nature set `0s`.',
  'upstream.head.refused':
    'It shuts down, or takes fewer HTTP/2 streams than it says. Torus tried another connection before it gave up.',
  'upstream.upgrade.unsupported':
    'A WebSocket or CONNECT cannot go to a `protocol: http2` upstream: [grpc-and-http2.md](grpc-and-http2.md).',
  'upstream.upgrade.invalid':
    'The service answered 101 for another protocol, or none was asked for. Is it really the one that should answer there?',
  'upstream.body.closed': `It closed before the end that it had announced. ${UPSTREAM_LOG}`,
  'upstream.body.reset': `It crashed in the middle of its response. ${UPSTREAM_LOG}`,
  'upstream.body.malformed': '`detail` names the rule that the body broke: the service must be mended.',
  'upstream.body.overhead': 'The service sends chunks of a few bytes: it should buffer before it writes.',
  'upstream.body.timeout':
    'No byte for `timeouts.idle` of the route. Event streams should send a comment now and then; or raise it.',
  'upstream.attempt.timeout':
    'Every try took longer than `retry.perTryTimeout`: is the service slow, or the limit too tight?',
  'upstream.exchange.timeout':
    '`request-deadline`: the whole took longer than `timeouts.request` of the route, or than the client allowed (`grpc-timeout`). `idle`: before there was an answer, neither side sent a byte to the other for `timeouts.idle`.',
  'upstream.tunnel.reset': `The service broke the connection. ${UPSTREAM_LOG}`,
  'upstream.tunnel.timeout':
    'No byte either way for `timeouts.idle`. WebSockets should ping; or raise it. `half-closed`: one side had ended and the other stayed silent.',
  'internal.filter.failed':
    '503: the keys of the issuer cannot be fetched (the log and `torus doctor` say why). 500: a defect of a filter; `detail` names the error.',
  'internal.exchange.killed':
    'Somebody ended it by `torus streams kill` or the admin API; the log of the worker holds a line with its id.',
  'internal.overload.shed':
    'Descriptors, memory or the event loop of the worker are at their limit: `GET /overload` says which. More workers, more instances, or less load.',
  'internal.overload.descriptors':
    'No connection to the upstream could be opened: raise `ulimit -n` (`LimitNOFILE` of a systemd unit), or lower `limits.maxConnections`.',
  'internal.drain.cut':
    'The exchange ran longer than `shutdown.timeout`. Raise it, and the time that the process manager allows.',
};
