import type { Cause } from '../../../contracts/cause.js';

/** Owns what a parser says instead of a head: which cause it is, and which rule was broken. Never holds message bytes. */
export class HeadFault {
  readonly cause: Cause;
  readonly rule: string;

  constructor(cause: Cause, rule: string) {
    this.cause = cause;
    this.rule = rule;
  }
}

/** Faults are made once: refusing a hostile message must cost less than serving a good one. */
export const requestFault = (rule: string, cause: Cause = 'downstream.head.malformed'): HeadFault =>
  new HeadFault(cause, rule);
export const responseFault = (rule: string, cause: Cause = 'upstream.head.malformed'): HeadFault =>
  new HeadFault(cause, rule);
