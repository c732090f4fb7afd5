/** Owns what a reader made of some bytes, and the one question of all this fuzzing: would two readers disagree about them? */

export interface ReadMessage {
  /** `METHOD target`, or the status of a response. */
  line: string;
  body: Buffer;
  complete: boolean;
}

export interface Reading {
  readonly messages: ReadMessage[];
  /** The rule or error code with which it gave up. */
  refused: string | undefined;
  /** The reader will take no further message. */
  closed: boolean;
}

export const emptyReading = (): Reading => ({ messages: [], refused: undefined, closed: false });

/** Takes more of one body. */
export const grow = (message: ReadMessage, piece: Buffer): void => {
  message.body = Buffer.concat([message.body, piece]);
};

const isPrefix = (one: Buffer, other: Buffer): boolean =>
  one.length <= other.length && one.equals(other.subarray(0, one.length));

const shown = (message: ReadMessage): string =>
  `${message.line} ${JSON.stringify(message.body.toString('latin1'))} ${message.complete ? 'complete' : 'unfinished'}`;

function differs(torus: ReadMessage, other: ReadMessage, mayBeCut: boolean): boolean {
  if (torus.line !== other.line) return true;
  if (torus.complete && other.complete) return !torus.body.equals(other.body);
  if (!isPrefix(torus.body, other.body) && !isPrefix(other.body, torus.body)) return true;
  return torus.complete !== other.complete && !mayBeCut;
}

/**
 * Undefined when it is safe that Torus reads these bytes as `torus` while somebody else reads them as `other`: the other refuses
 * what Torus takes, or both see the same messages. Torus may refuse, or close, earlier.
 */
export function disagreement(torus: Reading, other: Reading): string | undefined {
  for (const [index, message] of torus.messages.entries()) {
    const twin = other.messages[index];
    const otherGaveUp = other.refused !== undefined && index >= other.messages.length - 1;
    if (twin === undefined) {
      if (otherGaveUp) return undefined;
      return `only Torus sees message ${String(index)}: ${shown(message)}`;
    }
    const torusGaveUp = torus.refused !== undefined && index === torus.messages.length - 1;
    const mayBeCut = (message.complete && otherGaveUp) || (!message.complete && torusGaveUp);
    if (differs(message, twin, mayBeCut)) return `Torus: ${shown(message)}; other: ${shown(twin)}`;
  }
  if (torus.refused !== undefined || torus.closed || other.messages.length <= torus.messages.length)
    return undefined;
  return `Torus waits for more where the other sees ${other.messages.slice(torus.messages.length).map(shown).join(' and ')}`;
}

const outcome = ({ messages, refused }: Reading): unknown[] => [
  ...messages.map(({ line, body, complete }) => [line, body.toString('latin1'), complete]),
  refused,
];

/** How a faulty message that streams got before the fault depends on the pieces; what was accepted before does not. */
export function splitDifference(whole: Reading, split: Reading): string | undefined {
  const settled = (reading: Reading): Reading =>
    reading.refused === undefined
      ? reading
      : { ...reading, refused: 'refused', messages: reading.messages.filter(({ complete }) => complete) };
  const [one, other] = [outcome(settled(whole)), outcome(settled(split))].map((part) => JSON.stringify(part));
  return one === other ? undefined : `whole: ${String(one)}; in pieces: ${String(other)}`;
}
