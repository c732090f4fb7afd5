import { Channel } from '../../../../src/server/ipc/channel.js';
import { parsePrimaryMessage, parseWorkerMessage } from '../../../../src/server/ipc/messages.js';

describe('IPC messages', () => {
  it('takes known messages', () => {
    expect(parseWorkerMessage({ type: 'pong', sequence: 3 })).toEqual({ type: 'pong', sequence: 3 });
    expect(parsePrimaryMessage({ type: 'shutdown', reason: 'SIGTERM' })).toBeDefined();
  });
  it.each([
    [null],
    ['hello'],
    [[]],
    [{}],
    [{ type: 'constructor' }],
    [{ type: '__proto__' }],
    [{ type: 'pong' }],
    [{ type: 'pong', sequence: '3' }],
    [{ type: 'ready', listeners: {} }],
    [{ type: 'shutdown', reason: 'only the primary says so' }],
  ])('refuses %j from a worker', (value) => expect(parseWorkerMessage(value)).toBeUndefined());
});

describe('Channel', () => {
  const open = (send: (message: object, onSent: (error: Error | null) => void) => void, connected = true) => {
    const seen = { messages: [] as unknown[], unknown: [] as unknown[], failed: [] as string[] };
    const channel = new Channel({
      peer: { isConnected: () => connected, send },
      parse: parseWorkerMessage,
      onMessage: (message) => void seen.messages.push(message),
      onUnknown: (value) => void seen.unknown.push(value),
      onSendFailed: (error) => void seen.failed.push(error.message),
    });
    return { channel, seen };
  };
  it('passes on known messages only', () => {
    const { channel, seen } = open(() => undefined);
    channel.receive({ type: 'hello' });
    channel.receive({ cmd: 'other' });
    expect(seen).toMatchObject({ messages: [{ type: 'hello' }], unknown: [{ cmd: 'other' }] });
  });
  it('reports a send that fails later, one that throws, and one without a connection', () => {
    const sent: boolean[] = [];
    const late = open((_, onSent) => onSent(new Error('EPIPE')));
    late.channel.send({ type: 'x' }, (ok) => void sent.push(ok));
    const thrown = open(() => {
      throw new Error('closed');
    });
    thrown.channel.send({ type: 'x' }, (ok) => void sent.push(ok));
    open(() => undefined, false).channel.send({ type: 'x' }, (ok) => void sent.push(ok));
    expect([late.seen.failed, thrown.seen.failed, sent]).toEqual([
      ['EPIPE'],
      ['closed'],
      [false, false, false],
    ]);
  });
});
