/** Owns what an explainer is made of: the parts of one snapshot that serve, and what the listener stage knows of requests. */
import type { Cause } from '../../contracts/cause.js';
import type { ListenerConfig, WrittenKeys } from '../../contracts/config.js';
import type { ExplainedCheck, ExplainQuestion } from '../../contracts/explanation.js';
import type { ExplainingForwarder } from '../../contracts/forwarder.js';
import type { RequestHead } from '../../contracts/message.js';
import type { Overload } from '../../contracts/overload.js';
import type { CompiledRoute, ExplainingRouter } from '../../contracts/router.js';
import type { IpSet } from '../../http/ip-set.js';

export interface ExplainerParts {
  readonly configVersion: number;
  /** A running instance is asked. */
  readonly live: boolean;
  readonly listeners: readonly ListenerConfig[];
  readonly written: WrittenKeys | undefined;
  readonly router: ExplainingRouter<CompiledRoute>;
  readonly forwarder: Pick<ExplainingForwarder, 'explain'>;
  /** Undefined where no worker runs that could be overloaded. */
  readonly overload: Pick<Overload, 'shed' | 'shedBy'> | undefined;
  readonly trusted: IpSet;
  readonly requestIdField: string;
  /** The listener stage: reads the request as it would a client's. */
  readQuestion(
    question: ExplainQuestion,
    listener: ListenerConfig,
  ): RequestHead | { readonly cause: Cause; readonly rule: string };
  describeConnection(
    question: ExplainQuestion,
    listener: ListenerConfig,
    peer: string,
  ): readonly ExplainedCheck[];
  /** Monotonic milliseconds. */
  now(): number;
}
