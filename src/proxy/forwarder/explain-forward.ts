import type { ExplainedForward, ExplainedRetry } from '../../contracts/explanation.js';
import type { ForwardExplanation, ForwardQuestion } from '../../contracts/forwarder.js';
import { copyOf } from '../../http/field-block.js';
import { serialiseRequestHead } from '../codec/http1/request-serialiser.js';
import { isRefusedConnect, tunnelProtocolOf } from './connect-tunnel.js';
import { deadlineLines, takeClaimedDeadline } from './deadline-field.js';
import type { ForwardedLines } from './forwarded-lines.js';
import type { LoopGuard } from './loop-guard.js';
import { hostFor, targetOf } from './request-target.js';
import { mayRepeat } from './retry-policy.js';

/** Owns the account of what an upstream would be sent, made by the very parts that write it. */

export interface ForwardRules {
  readonly forwardedLines: ForwardedLines;
  readonly isLooping: LoopGuard;
}

export function explainForward(question: ForwardQuestion, rules: ForwardRules): ForwardExplanation {
  const { head } = question.downstream;
  if (rules.isLooping(head.fields)) return { refused: 'downstream.route.loop', detail: undefined };
  if (isRefusedConnect(question))
    return { refused: 'downstream.route.upgrade-refused', detail: head.upgrade };
  return { forwarded: describe(question, rules), retry: retryOf(question) };
}

/** Nobody knows it before there is an endpoint. */
const UNKNOWN_HOST = { authority: '(that of the endpoint)' };

function describe(question: ForwardQuestion, rules: ForwardRules): ExplainedForward {
  const { exchange, route, downstream, endpointHost } = question;
  const { head } = downstream;
  const target = targetOf(question);
  const upgrade = tunnelProtocolOf(head, route.config.upgrades);
  const place = {
    method: head.method,
    target,
    rewritten: target !== `${head.path}${head.query}`,
    upgrade,
    ...(head.upgrade !== undefined && upgrade === undefined ? { ignoredUpgrade: head.upgrade } : {}),
  };
  // What follows a CONNECT is bare bytes: no request is written.
  if (head.connect === 'tcp') return { ...place, fields: [] };
  const fields = copyOf(question.fields);
  const claimedMs = takeClaimedDeadline({ exchange, fields }, route.config.timeouts.deadlineField);
  // Of an attempt that begins at once.
  const deadline = deadlineLines(question, claimedMs, exchange.startedAt);
  const host = hostFor(question, endpointHost === undefined ? UNKNOWN_HOST : { authority: endpointHost });
  const addedLines = `host: ${host}\r\n${rules.forwardedLines(exchange)}${deadline}`;
  const body = { kind: 'none' } as const;
  const text = serialiseRequestHead({ method: head.method, target, head, fields, upgrade, addedLines, body });
  return { ...place, fields: pairsIn(text) };
}

function retryOf({ route, downstream }: ForwardQuestion): ExplainedRetry | undefined {
  const { retry } = route.config;
  if (retry === undefined) return undefined;
  return {
    attempts: retry.attempts,
    on: [...retry.on, ...retry.statuses.map(String)],
    repeatable: mayRepeat(retry, downstream.head.method),
    perTryTimeoutMs: retry.perTryTimeoutMs,
    hedgeAfterMs: retry.hedge?.afterMs,
    from: 'route',
  };
}

function pairsIn(headText: string): readonly (readonly [name: string, value: string])[] {
  const [, ...lines] = headText.split('\r\n').filter((line) => line !== '');
  return lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
}
