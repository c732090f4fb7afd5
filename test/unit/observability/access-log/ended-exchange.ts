/** An exchange as the log gets it: it has ended. */
import type { Exchange } from '../../../../src/contracts/exchange.js';
import { fieldsOf } from '../../../../src/http/field-block.js';

/** Fields hold bytes, one character each. */
export const onTheWire = (text: string): string => Buffer.from(text).toString('latin1');

export const endedExchange = (changes: object = {}, request: object = {}): Exchange =>
  ({
    id: 'x1',
    request: {
      method: 'GET',
      host: 'h',
      path: '/a"b',
      query: '?token=hunter2',
      httpVersion: '1.1',
      fields: fieldsOf([
        ['user-agent', onTheWire('ua "é"')],
        ['referer', 'https://app.example.com/page?token=hunter2#part'],
        ['x-tenant', 'blue'],
      ]),
      ...request,
    },
    client: { address: '10.0.0.1', listener: 'edge' },
    route: { name: 'r' },
    status: 200,
    cause: 'ok',
    attempts: 1,
    reusedConnection: true,
    endpoint: 'e:1',
    upstream: 'u',
    requestBytes: 1,
    responseBytes: 2,
    durationMs: 1.23456,
    connectedAfterMs: -1,
    responseHeadAfterMs: 1,
    ...changes,
  }) as unknown as Exchange;
