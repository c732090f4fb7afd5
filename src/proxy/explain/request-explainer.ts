/**
 * Owns the answer to "what would become of this request?". It goes the way that a request goes in `http-proxy.ts`, past the same
 * router, filters, upstreams and forwarder of one snapshot, and asks each of them instead of having it act.
 */
import { CAUSES } from '../../errors/causes.js';
import type { Cause } from '../../contracts/cause.js';
import type { ClientInfo } from '../../contracts/exchange.js';
import type { ExplainAnswer, ExplainQuestion } from '../../contracts/explanation.js';
import type { RequestHead } from '../../contracts/message.js';
import { canonicalAddress } from '../../http/ip-set.js';
import { clientBehind } from '../client-behind.js';
import { unmatched } from '../unmatched.js';
import { Account } from './account.js';
import { chooseListener } from './choose-listener.js';
import type { ExplainerParts } from './explainer-parts.js';
import { followRoute } from './follow-route.js';
import { missWords, refused } from './verdict.js';

/** Routes that are told one by one; the nearest ones. */
const MAX_CANDIDATES = 20;
const DEFAULT_PEER = '127.0.0.1';

export class RequestExplainer {
  private readonly parts: ExplainerParts;

  constructor(parts: ExplainerParts) {
    this.parts = parts;
  }

  readonly explain = (question: ExplainQuestion): ExplainAnswer => {
    const choice = chooseListener(this.parts.listeners, question);
    if ('problem' in choice) return choice;
    const peer = canonicalAddress(question.client ?? DEFAULT_PEER);
    if (peer === undefined) return { problem: `client ${question.client ?? ''} is no IP address` };
    const account = new Account(this.parts, { question, listener: choice.listener, peer });
    if (choice.assumed !== undefined) account.assumed.push(choice.assumed);
    if (question.client === undefined) account.assumed.push(`the client is ${peer}`);
    this.follow(account);
    return { explanation: account.result() };
  };

  /** Until something ends it. */
  private follow(account: Account): void {
    const { question, listener, peer } = account;
    account.checks.push(...this.parts.describeConnection(question, listener, peer));
    const failed = account.checks.find(({ passed }) => !passed);
    if (failed !== undefined) {
      account.verdict = refused({ status: undefined, cause: undefined, because: failed.detail });
      return;
    }
    const head = this.parts.readQuestion(question, listener);
    if ('rule' in head) this.refuseHead(account, head);
    else this.route(account, head);
  }

  private refuseHead(
    account: Account,
    { cause, rule }: { readonly cause: Cause; readonly rule: string },
  ): void {
    const { status, title } = CAUSES[cause];
    const detail = `${title} (${rule})`;
    account.checks.push({ name: 'request', passed: false, detail });
    account.verdict = refused({ status, cause, because: `the request cannot be read: ${detail}` });
  }

  private route(account: Account, head: RequestHead): void {
    const client = this.clientOf(account, head);
    // As the beginning of an exchange does: a client's own is never passed on.
    if (this.parts.requestIdField !== 'x-request-id') head.fields.remove(this.parts.requestIdField);
    account.begin(head, client);
    account.checks.push({ name: 'request', passed: true, detail: 'it can be read, and in one way only' });
    const { match, total, candidates } = this.parts.router.explain(head, MAX_CANDIDATES);
    const allow = match.kind === 'method-not-allowed' ? match.allow : undefined;
    account.routes = { total, candidates, allow };
    if (match.kind === 'matched') followRoute(account, match.target, this.parts);
    else account.verdict = refused({ ...unmatched(match.kind, head), because: missWords(account.routes) });
  }

  private clientOf({ listener, peer }: Account, head: RequestHead): ClientInfo {
    const { trusted } = this.parts;
    const info: ClientInfo = {
      address: peer,
      peerAddress: peer,
      peerPort: 0,
      trusted: trusted.has(peer),
      listener: listener.name,
      tls: listener.tls !== undefined,
    };
    return clientBehind(info, head.fields, trusted);
  }
}
