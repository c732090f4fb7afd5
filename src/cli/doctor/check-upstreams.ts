/** Owns the checks of upstreams: a connection to each endpoint, its TLS as configured, its certificate. */
import { readEndpointFile } from '../../config/index.js';
import type { EndpointConfig, UpstreamConfig } from '../../contracts/config.js';
import { endpointLabel } from '../../http/endpoint-address.js';
import { validity } from './check-certificates.js';
import { DialFailure, dial } from './dial.js';
import type { Dialled } from './dial.js';
import { ok, problem, warning } from './finding.js';
import type { Finding } from './finding.js';
import type { Task } from './task.js';

/** Of one upstream; the rest is like them. */
const MAX_ENDPOINTS = 8;
/** Longer than this is another continent. */
const SLOW_CONNECT_MS = 300;

export const upstreamTasks = (upstreams: readonly UpstreamConfig[], nowMs: number): Task[] =>
  upstreams.flatMap((upstream) => {
    const { endpoints, finding } = endpointsOf(upstream);
    const shown = endpoints
      .slice(0, MAX_ENDPOINTS)
      .map((endpoint) => endpointTask(upstream, endpoint, nowMs));
    const subject = `upstream ${upstream.name}`;
    const left = endpoints.length - shown.length;
    const note = left > 0 ? [ok(subject, `${left} more endpoints were not tried`)] : [];
    return [...shown, ...[...finding, ...note].map((one): Task => ({ subject, run: () => [one] }))];
  });

/** Those of a list in a file too; those that DNS finds are what a check of names is for. */
const endpointsOf = (
  upstream: UpstreamConfig,
): { readonly endpoints: readonly EndpointConfig[]; readonly finding: readonly Finding[] } => {
  const { discovery, name } = upstream;
  if (discovery?.kind !== 'file') return { endpoints: upstream.endpoints, finding: [] };
  const content = readEndpointFile(discovery.file);
  const subject = `upstream ${name}`;
  if (!content.ok) {
    const found = content.problems.map((text) => `${discovery.shown}${text}`).join('; ');
    return {
      endpoints: [],
      finding: [problem(subject, found, 'Until then the list that was read last stays.')],
    };
  }
  const empty = [
    warning(subject, `${discovery.shown} lists no endpoint`, 'Requests are answered 503 until it does.'),
  ];
  return { endpoints: content.endpoints, finding: content.endpoints.length === 0 ? empty : [] };
};

const endpointTask = (upstream: UpstreamConfig, endpoint: EndpointConfig, nowMs: number): Task => {
  const subject = `upstream ${upstream.name}`;
  const label = endpointLabel(endpoint);
  return {
    subject: `${subject}, ${label}`,
    run: async (signal) => {
      try {
        return reached(subject, { upstream, label, nowMs }, await dial(endpoint, upstream, signal));
      } catch (error) {
        if (!(error instanceof DialFailure)) throw error;
        return failed(subject, label, error);
      }
    },
  };
};

interface Place {
  readonly upstream: UpstreamConfig;
  readonly label: string;
  readonly nowMs: number;
}

const reached = (subject: string, { upstream, label, nowMs }: Place, dialled: Dialled): Finding[] => {
  const { connectMs, tlsMs, protocol, certificate } = dialled;
  const took = `${Math.round(connectMs)} ms${tlsMs === undefined ? '' : ` and ${Math.round(tlsMs)} ms for TLS`}`;
  const text = `${label} takes connections (${took})`;
  const slow = warning(subject, text, 'Every new connection waits for that: is there an endpoint nearer by?');
  const expiring =
    certificate === undefined ? [] : validity(subject, `the certificate of ${label}`, certificate, nowMs);
  return [
    connectMs < SLOW_CONNECT_MS ? ok(subject, text) : slow,
    ...expiring.filter(({ level }) => level !== 'ok'),
    ...(upstream.protocol === 'http2' && tlsMs !== undefined && protocol !== 'h2'
      ? [
          problem(
            subject,
            `${label} does not offer HTTP/2 by ALPN`,
            'Set protocol: auto or http1, or turn HTTP/2 on there.',
          ),
        ]
      : []),
  ];
};

const failed = (subject: string, label: string, { step, code, message }: DialFailure): Finding[] => {
  // A check of names says so already.
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return [];
  if (step === 'connect')
    return [
      problem(
        subject,
        `${label}: ${CONNECT[code]?.[0] ?? code}`,
        CONNECT[code]?.[1] ?? 'Look at the network in between.',
      ),
    ];
  const [what, advice] = TLS[code] ?? [
    message,
    'Compare the tls section of the upstream with what the endpoint shows: openssl s_client -connect.',
  ];
  return [problem(subject, `${label}: TLS failed: ${what}`, advice)];
};

type Words = Readonly<Record<string, readonly [what: string, advice: string]>>;

const CONNECT: Words = {
  ECONNREFUSED: ['nobody listens there', 'Start the service, or correct the port in endpoints.'],
  ETIMEDOUT: ['no answer', 'A firewall drops the packets, or the host is down.'],
  EHOSTUNREACH: ['there is no way to that host', 'Look at routes and firewalls: ip route get ADDRESS.'],
  ENETUNREACH: ['there is no way to that network', 'Look at routes: ip route get ADDRESS.'],
  ECONNRESET: ['the connection was reset', 'A firewall or the service itself refuses this host.'],
};

const TRUST = 'Set tls.ca of the upstream to the authority that signed it.';
const NO_TLS = [
  'nobody speaks TLS on that port',
  'Write http:// in endpoints, or name the TLS port.',
] as const;
const TLS: Words = {
  CERT_HAS_EXPIRED: ['the certificate has expired', 'Renew it on that service.'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'the certificate is for other names',
    'Set tls.serverName of the upstream to one of them.',
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['the certificate is self-signed', TRUST],
  SELF_SIGNED_CERT_IN_CHAIN: ['the authority is not known here', TRUST],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['the authority is not known here', TRUST],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['the authority is not known here', TRUST],
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
  EPROTO: NO_TLS,
  closed: [
    'it closed the connection within the handshake',
    'Does it want a PROXY header, or another name (tls.serverName)?',
  ],
  ECONNRESET: [
    'it closed the connection within the handshake',
    'Does it want a PROXY header, or another name (tls.serverName)?',
  ],
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: [
    'it does not speak the protocol',
    'Set protocol: auto or http1.',
  ],
};
