import type { Cause } from '../../../contracts/cause.js';
import type { AskedFor, RequestHead } from '../../../contracts/message.js';

/** Owns what a parser says instead of a head: which cause it is, and which rule was broken. */
export class HeadFault {
  readonly cause: Cause;
  readonly rule: string;
  /** Only where it is known for sure; of a malformed message nothing is. */
  readonly asked: AskedFor | undefined;

  constructor(cause: Cause, rule: string, asked?: AskedFor) {
    this.cause = cause;
    this.rule = rule;
    this.asked = asked;
  }
}

/** Faults are made once: refusing a hostile message must cost less than serving a good one. */
export const requestFault = (rule: string, cause: Cause = 'downstream.head.malformed'): HeadFault =>
  new HeadFault(cause, rule);
export const responseFault = (rule: string, cause: Cause = 'upstream.head.malformed'): HeadFault =>
  new HeadFault(cause, rule);

/** Of a head whose path has two meanings: `target` is path and query as they were sent. */
export const ambiguousPath = (
  { method, host, httpVersion }: Omit<AskedFor, 'path' | 'query'>,
  target: string,
): HeadFault => {
  const mark = target.indexOf('?');
  const [path, query] = mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark)];
  return new HeadFault('downstream.route.ambiguous-path', 'path', { method, host, path, query, httpVersion });
};

/** Of a head that was read in full, and is not for here. */
export const misdirected = ({ method, host, path, query, httpVersion }: RequestHead): HeadFault =>
  new HeadFault('downstream.head.misdirected', 'authority', { method, host, path, query, httpVersion });
