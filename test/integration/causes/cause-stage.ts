/**
 * One gateway for the causes of a file, and what is asserted of each of them: what the client saw, one line of the access log, one
 * more in the metric, Proxy-Status and the problem document of an answer, and a ledger that is even afterwards.
 *
 * `stage.drives('some.cause', ...)` is also how test/unit/errors/causes-driven.test.ts knows which causes have a driver.
 */
import type { ClientHttp2Session } from 'node:http2';
import { parseList, type Token } from 'structured-headers';
import type { Cause } from '../../../src/contracts/cause.js';
import { CAUSES } from '../../../src/errors/causes.js';
import { proxyErrorOf } from '../../../src/errors/proxy-errors.js';
import {
  closeHttp2,
  http2Session,
  metricSum,
  rawClient,
  requestHead,
  startTorus,
  until,
  whenNothingIsOpen,
  type Http2Answer,
  type LogLine,
  type RawClient,
  type RawClientOptions,
  type ReadResponse,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';

/**
 * What the client saw. `answer`: a whole response of Torus's own; `cut`: part of a response, and a connection that shows the break;
 * `nothing`: the connection ended without a byte; `left`: it was not there any more.
 */
export interface Seen {
  readonly saw: 'answer' | 'cut' | 'nothing' | 'left';
  /** Of the response, or of what had been sent to a client that left; 0 for none. */
  readonly status: number;
  readonly answer?: { field(name: string): string | undefined; text(): string };
}

export const answered = (response: ReadResponse): Seen => {
  expect(response.end).toBe('complete');
  return { saw: 'answer', status: response.status, answer: response };
};

export const answeredHttp2 = (response: Http2Answer): Seen => {
  const field = (name: string): string | undefined => response.headers[name]?.toString();
  return { saw: 'answer', status: response.status, answer: { field, text: () => response.text() } };
};

export const cut = (response: ReadResponse): Seen => {
  expect(response.end).toMatch(/^(closed|reset)$/);
  return { saw: 'cut', status: response.status };
};

/** `status`: what it had been sent. */
export const left = (status = 0): Seen => ({ saw: 'left', status });

export const sawNothing = async (client: RawClient): Promise<Seen> => {
  await client.ended();
  expect(client.receivedBytes).toBe(0);
  return { saw: 'nothing', status: 0 };
};

export interface StagePlan {
  readonly config: object;
  /** Reset after each case, and closed in the end. */
  readonly upstreams?: readonly TestUpstream[];
  readonly close?: () => Promise<void>;
}

const LISTENERS = [{ name: 'plain', address: '127.0.0.1:0' }];
const SETTLE_MS = 5_000;

export class CauseStage {
  private running: RunningTorus | undefined;
  private plan: StagePlan | undefined;
  private readonly clients: RawClient[] = [];
  private readonly sessions: ClientHttp2Session[] = [];
  private serial = 0;

  constructor(prepare: () => Promise<StagePlan>) {
    beforeAll(async () => {
      this.plan = await prepare();
      const base = { workers: 1, listeners: LISTENERS, admin: { address: '127.0.0.1:0' } };
      this.running = await startTorus({ config: { ...base, ...this.plan.config } });
    });
    afterAll(async () => {
      await this.leave();
      await this.running?.stop();
      await Promise.all((this.plan?.upstreams ?? []).map((upstream) => upstream.close()));
      await this.plan?.close?.();
    });
  }

  get torus(): RunningTorus {
    return this.running!;
  }

  /** A path of its own for each call: `/script/1`. */
  path(script: string): string {
    this.serial += 1;
    return `/${script}/${String(this.serial)}`;
  }

  async connect(listener = 'plain', options: Partial<RawClientOptions> = {}): Promise<RawClient> {
    const client = await rawClient({ port: this.torus.port(listener), ...options });
    this.clients.push(client);
    return client;
  }

  async session(listener = 'plain', tls = false): Promise<ClientHttp2Session> {
    const session = await http2Session({ port: this.torus.port(listener), tls });
    this.sessions.push(session);
    return session;
  }

  /** A GET of that path, or these bytes with PATH replaced, and one response. */
  async ask(script: string, bytes?: string): Promise<ReadResponse> {
    const path = this.path(script);
    const client = await this.connect();
    return client.exchange(bytes === undefined ? requestHead(`GET ${path}`) : bytes.replace('PATH', path));
  }

  /** `how`: the fault, in words. `act` causes it. */
  drives(cause: Cause, how: string, act: () => Promise<Seen>): void {
    it(`${cause}: ${how}`, async () => {
      const linesBefore = this.torus.logs().length;
      const countBefore = await this.countOf(cause);
      const seen = await act();
      const line = await this.lineOf(cause, linesBefore);
      await this.leave();
      await until(async () => (await this.countOf(cause)) > countBefore, SETTLE_MS, `${cause} in /metrics`);
      await whenNothingIsOpen(this.torus, SETTLE_MS);
      expect(this.linesOf(cause, linesBefore)).toHaveLength(1);
      expect(await this.countOf(cause)).toBe(countBefore + 1);
      expect(line['status']).toBe(seen.status);
      if (seen.answer !== undefined) expectAnswer(cause, seen, line);
    });
  }

  private async lineOf(cause: Cause, from: number): Promise<LogLine> {
    try {
      return await until(() => this.linesOf(cause, from)[0], SETTLE_MS);
    } catch {
      throw new Error(`no line of the access log has ${cause}; the last ones:\n${this.torus.log.tail(5)}`);
    }
  }

  private linesOf(cause: Cause, from: number): LogLine[] {
    return this.torus
      .logs()
      .slice(from)
      .filter((line) => line.msg === 'access' && line['cause'] === cause);
  }

  /** A request that never became an exchange is counted elsewhere. */
  private async countOf(cause: Cause): Promise<number> {
    const counts = await Promise.all(
      ['torus_http_requests_total', 'torus_rejected_requests_total'].map((name) =>
        metricSum(this.torus, name, { cause }),
      ),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Nothing of this case stays: no client, no session, no pooled connection. */
  private async leave(): Promise<void> {
    await Promise.all([
      ...this.clients.splice(0).map((client) => client.close()),
      ...this.sessions.splice(0).map((session) => closeHttp2(session)),
    ]);
    for (const upstream of this.plan?.upstreams ?? []) upstream.resetAll();
  }
}

/** The filter says with which status. */
const CHOSEN = /^(downstream\.filter\.(redirected|answered)|internal\.filter\.failed)$/;

/** The same word everywhere: status, Proxy-Status, the problem document, and the id that leads to the line of the log. */
const expectAnswer = (cause: Cause, { status, answer }: Seen, line: LogLine): void => {
  if (status < 400) {
    // What a filter chose is no error.
    expect(answer?.field('proxy-status')).toBeUndefined();
    return;
  }
  if (!CHOSEN.test(cause)) expect(status).toBe(CAUSES[cause].status);
  const [[name, parameters]] = parseList(answer?.field('proxy-status') ?? '') as [
    [Token, Map<string, unknown>],
  ];
  expect(String(name)).toBe('torus');
  expect(String(parameters.get('error'))).toBe(proxyErrorOf(cause));
  expect(parameters.get('details')).toBe(cause);
  expect(answer?.field('content-type')).toBe('application/problem+json');
  const problem: unknown = JSON.parse(answer?.text() ?? '');
  expect(problem).toMatchObject({ status, cause, title: CAUSES[cause].title, requestId: line['id'] });
};
