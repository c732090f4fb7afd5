/** Owns what one frame of `torus top` is made from: the newest document, what happened lately, the streams that run. */
import type { StatusDocument } from '../../contracts/status.js';
import type { StatusChange } from '../../observability/status/change.js';
import type { LiveStreams, StreamOrder } from '../../observability/status/live-streams.js';

export interface TopView {
  readonly status: StatusDocument;
  /** Over the last ten seconds, or as much as there is of them. */
  readonly lately: StatusChange | undefined;
  /** Over all that is remembered. */
  readonly remembered: StatusChange | undefined;
  /** Undefined where the instance does not tell. */
  readonly streams: LiveStreams | undefined;
  readonly order: StreamOrder;
  /** Why the newest document is old: the instance does not answer. */
  readonly problem?: string | undefined;
}

export type Tone = 'good' | 'warning' | 'bad' | 'title' | 'muted' | 'plain';

export interface Line {
  readonly text: string;
  readonly tone: Tone;
}

export const line = (text: string, tone: Tone = 'plain'): Line => ({ text, tone });
