/** Owns what one health check is told and what it answers. */
import type { ConnectionOptions } from 'node:tls';
import { isIP } from 'node:net';
import type {
  EndpointConfig,
  HealthProbeConfig,
  UpstreamTlsConfig,
} from '../../../../contracts/upstream-config.js';

/** `detail` is a status, an errno or a short word; fit for a log. */
export interface CheckResult {
  readonly passed: boolean;
  readonly detail: string;
}

export interface ProbeTarget {
  readonly endpoint: EndpointConfig;
  /** The endpoint's, unless another one is configured. */
  readonly port: number;
  readonly tls: UpstreamTlsConfig;
  /** The endpoint wants a PROXY header first. */
  readonly proxyProtocol?: 'v1' | 'v2' | undefined;
  readonly timeoutMs: number;
  /** The upstream is spoken to over HTTP/2, so its checks are. */
  readonly http2: boolean;
}

export interface RunningProbe {
  /** Never rejects. Resolves within the timeout, when every socket of the probe is destroyed. */
  readonly result: Promise<CheckResult>;
  cancel(): void;
}

export type Probe<Kind extends HealthProbeConfig['kind']> = (
  target: ProbeTarget,
  config: Extract<HealthProbeConfig, { kind: Kind }>,
) => RunningProbe;

export const USER_AGENT = 'torus-health-check';

export const passed = (detail: string): CheckResult => ({ passed: true, detail });
export const failed = (detail: string): CheckResult => ({ passed: false, detail });

/** errno, OpenSSL code, or the message of an error without one. Of a stream that fell with its session: why that fell. */
export const detailOf = (error: unknown): string => {
  const { code, message, cause } = (error ?? {}) as { code?: unknown; message?: unknown; cause?: unknown };
  if (code === 'ERR_HTTP2_STREAM_CANCEL' && cause !== undefined) return detailOf(cause);
  return (typeof code === 'string' ? code : typeof message === 'string' ? message : 'error').slice(0, 100);
};

/** What the data plane does as well: verify unless told otherwise, under the name that stands in SNI. */
export const tlsOptionsFor = ({ endpoint, tls }: ProbeTarget): ConnectionOptions => {
  const name = tls.serverName ?? endpoint.hostname ?? endpoint.host;
  return {
    rejectUnauthorized: tls.verify,
    // RFC 6066 section 3: an address is no server name.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(tls.caPem === undefined ? {} : { ca: tls.caPem }),
  };
};

/** The first verdict counts; `end` releases what the probe holds. */
export const runProbe = (
  timeoutMs: number,
  begin: (settle: (result: CheckResult) => void) => () => void,
): RunningProbe => {
  let settle: (result: CheckResult) => void = () => undefined;
  const result = new Promise<CheckResult>((resolve) => (settle = resolve));
  let end: () => void = () => undefined;
  let isSettled = false;
  const finish = (verdict: CheckResult): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    // A verdict may come before there is anything to release.
    setImmediate(() => {
      end();
      settle(verdict);
    });
  };
  const timer = setTimeout(() => finish(failed('timeout')), timeoutMs);
  try {
    end = begin(finish);
  } catch (error) {
    finish(failed(detailOf(error)));
  }
  return { result, cancel: () => finish(failed('cancelled')) };
};
