/** Owns what is known of one question so far; each step of the way writes down what it found. */
import type { ListenerConfig } from '../../contracts/config.js';
import type { ClientInfo } from '../../contracts/exchange.js';
import type {
  ExplainedCheck,
  ExplainedFilter,
  ExplainedForward,
  ExplainedRetry,
  ExplainedRoutes,
  ExplainedSetting,
  ExplainedSplit,
  ExplainedUpstream,
  ExplainedVerdict,
  ExplainQuestion,
  Explanation,
} from '../../contracts/explanation.js';
import type { RequestHead } from '../../contracts/message.js';
import { shownQuery } from '../../http/secret-value.js';
import { ProxyExchange } from '../exchange.js';
import type { ExplainerParts } from './explainer-parts.js';
import { listenerLimits, listenerTimeouts, Origins } from './settings.js';
import { refused } from './verdict.js';

export interface AccountSubject {
  readonly question: ExplainQuestion;
  readonly listener: ListenerConfig;
  readonly peer: string;
}

/** Nobody sends it: there is no id that it could have. */
const EXCHANGE_ID = '(a new one)';

export class Account {
  readonly question: ExplainQuestion;
  readonly listener: ListenerConfig;
  readonly peer: string;
  readonly origins: Origins;
  readonly assumed: string[] = [];
  readonly checks: ExplainedCheck[] = [];
  verdict: ExplainedVerdict = refused({
    status: undefined,
    cause: undefined,
    because: 'nobody looked at it',
  });
  exchange: ProxyExchange | undefined = undefined;
  routes: ExplainedRoutes | undefined = undefined;
  filters: readonly ExplainedFilter[] = [];
  split: ExplainedSplit | undefined = undefined;
  upstreams: readonly ExplainedUpstream[] = [];
  forwarded: ExplainedForward | undefined = undefined;
  retry: ExplainedRetry | undefined = undefined;
  concealed: ReadonlySet<string> = new Set();
  readonly timeouts: ExplainedSetting[];
  readonly limits: ExplainedSetting[];
  private readonly parts: Pick<ExplainerParts, 'configVersion' | 'live' | 'now' | 'written'>;

  constructor(parts: Account['parts'], { question, listener, peer }: AccountSubject) {
    this.parts = parts;
    this.question = question;
    this.listener = listener;
    this.peer = peer;
    this.origins = new Origins(parts.written);
    this.timeouts = [...this.origins.place(listenerTimeouts(listener), listener.name)];
    this.limits = [...this.origins.place(listenerLimits(listener), listener.name)];
  }

  /** A running instance is asked. */
  get live(): boolean {
    return this.parts.live;
  }

  /** It could be read: from here on it is an exchange, but for the sending. */
  begin(head: RequestHead, client: ClientInfo): ProxyExchange {
    this.exchange = new ProxyExchange(
      { head, requestBytes: 0 },
      { id: EXCHANGE_ID, client, startedAt: this.parts.now() },
    );
    return this.exchange;
  }

  result(): Explanation {
    const { configVersion, live } = this.parts;
    const { verdict, assumed, checks, routes, filters, split, upstreams, forwarded, retry } = this;
    const { timeouts, limits } = this;
    return {
      ...{ configVersion, live, verdict, request: this.request(), assumed, checks, routes, filters, split },
      ...{ upstreams, forwarded, timeouts, limits, retry },
    };
  }

  private request(): Explanation['request'] {
    const { exchange, question, listener, peer, concealed } = this;
    const common = {
      protocol: question.http2 ? ('HTTP/2' as const) : ('HTTP/1.1' as const),
      listener: listener.name,
      peer,
    };
    if (exchange === undefined) {
      const scheme = listener.tls === undefined ? 'http' : 'https';
      const unread = { method: question.method, scheme, host: '', path: '', query: '' } as const;
      return { ...unread, ...common, client: peer, peerTrusted: false };
    }
    const { method, scheme, host, path, query } = exchange.request;
    const { address, trusted } = exchange.client;
    const shown = { method, scheme, host, path, query: shownQuery(query, concealed) };
    return { ...shown, ...common, client: address, peerTrusted: trusted };
  }
}
