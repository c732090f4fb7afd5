/** Properties of the HTTP/1.x codec that hold for every message and every byte string. */
import fc from 'fast-check';
import { FieldBlock, fieldsOf } from '../../src/http/field-block.js';
import { BodyDecoder } from '../../src/proxy/codec/http1/body-decoder.js';
import { HeadFault } from '../../src/proxy/codec/http1/head-fault.js';
import { chunkedWhole } from '../../src/proxy/codec/http1/message-writer.js';
import { Http1RequestHead, parseRequestHead } from '../../src/proxy/codec/http1/request-head.js';
import { serialiseRequestHead } from '../../src/proxy/codec/http1/request-serialiser.js';
import { parseResponseHead } from '../../src/proxy/codec/http1/response-head.js';
import { serialiseResponseHead } from '../../src/proxy/codec/http1/response-serialiser.js';
import { isLongRun, seed } from './run-options.js';

const LIMITS = { requestLineBytes: 8192, headerCount: 100, allowUnderscores: false };
const settings = { seed, numRuns: isLongRun ? 20_000 : 300 };

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^`|~-]{1,12}$/);
/** Names that mean nothing to Torus, so that they are passed on. */
const name = token.map((text) => `q-${text.toLowerCase()}`);
const value = fc.stringMatching(
  /^[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\t\xa1-\xff]{0,20}[\x21-\x7e\xa1-\xff])?$|^$/,
);
const fields = fc.array(fc.tuple(name, value), { maxLength: 12 });
const body = fc.oneof(
  fc.record({ framing: fc.constant('none' as const), contentLength: fc.constant(0) }),
  fc.record({ framing: fc.constant('length' as const), contentLength: fc.nat() }),
  fc.record({ framing: fc.constant('chunked' as const), contentLength: fc.constant(0) }),
);
const method = token.filter((text) => text !== 'CONNECT' && text !== 'TRACE');
const target = fc.stringMatching(/^\/(?:[a-z0-9]{1,9}(?:\/[a-z0-9]{1,5}){0,3})?(?:\?[a-z0-9=&/]{0,12})?$/);

const range = (text: Buffer): { start: number; end: number } => ({ start: 0, end: text.length });
const own = (block: FieldBlock): (readonly [string, string])[] =>
  [...block.entries()].filter(([key]) => key.startsWith('q-'));

describe('the HTTP/1.x codec', () => {
  it('reads back the request head that it wrote', () => {
    const property = fc.property(method, target, fields, body, (verb, path, pairs, framing) => {
      const head = Object.assign(new Http1RequestHead(), framing);
      const request = { method: verb, target: path, head, fields: fieldsOf(pairs), upgrade: undefined };
      const text = serialiseRequestHead({ ...request, addedLines: 'host: h\r\n', body: { kind: 'none' } });
      const written = Buffer.from(text, 'latin1');
      const parsed = parseRequestHead(written, range(written), 'http', LIMITS);
      if (parsed instanceof HeadFault) throw new Error(parsed.rule);
      expect(parsed).toMatchObject({ method: verb, host: 'h', ...framing });
      expect(parsed.path + parsed.query).toBe(path);
      expect(own(parsed.fields)).toEqual(pairs);
    });
    fc.assert(property, settings);
  });

  it('reads back the response head that it wrote', () => {
    const status = fc.integer({ min: 200, max: 599 }).filter((code) => code !== 204 && code !== 304);
    const property = fc.property(status, value, fields, body, (code, reason, pairs, framing) => {
      const head = { status: code, reason, fields: fieldsOf(pairs), ...framing };
      const length = framing.framing === 'length' ? framing.contentLength : -1;
      const writing = { framing: framing.framing, contentLength: length, connection: '', nowMs: 0 } as const;
      const written = Buffer.from(serialiseResponseHead(head, writing), 'latin1');
      const method = framing.framing === 'none' ? 'HEAD' : 'GET';
      const parsed = parseResponseHead(written, range(written), method);
      if (parsed instanceof HeadFault) throw new Error(parsed.rule);
      expect(parsed).toMatchObject({ status: code, reason, framing: framing.framing, contentLength: length });
      expect(own(parsed.fields)).toEqual(pairs);
    });
    fc.assert(property, settings);
  });

  it('reads back the chunked body and trailers that it wrote, in whatever pieces', () => {
    const property = fc.property(
      bytes,
      fields,
      fc.array(fc.nat(400), { maxLength: 6 }),
      (data, trailers, cuts) => {
        const written = chunkedWhole(data, fieldsOf(trailers));
        const decoder = new BodyDecoder('chunked', 0);
        const places = [0, ...cuts.filter((at) => at < written.length).sort((a, b) => a - b), written.length];
        const pieces = places.slice(1).map((end, index) => Buffer.from(written.subarray(places[index], end)));
        const decoded = pieces.map((piece) => {
          decoder.decode(piece, 0, piece.length);
          return piece.subarray(decoder.dataStart, decoder.dataEnd);
        });
        expect([decoder.fault, decoder.done]).toEqual(['', true]);
        expect(Buffer.concat(decoded)).toEqual(data);
        expect(own(decoder.trailers ?? new FieldBlock())).toEqual(trailers);
      },
    );
    fc.assert(property, settings);
  });

  it('is total: arbitrary bytes are a head or a fault, and never an exception', () => {
    const prefix = fc.constantFrom(
      '',
      'GET / HTTP/1.1\r\n',
      'HTTP/1.1 200 OK\r\n',
      'GET / HTTP/1.1\r\nHost: h\r\n',
    );
    const property = fc.property(prefix, bytes, (start, rest) => {
      const head = Buffer.concat([Buffer.from(start), rest, Buffer.from('\r\n\r\n')]);
      parseRequestHead(head, range(head), 'http', LIMITS);
      parseResponseHead(head, range(head), 'GET');
      const decoder = new BodyDecoder('chunked', 0);
      const next = decoder.decode(rest, 0, rest.length);
      expect(next).toBeLessThanOrEqual(rest.length);
      expect(decoder.done || decoder.fault !== '' || next === rest.length).toBe(true);
    });
    fc.assert(property, settings);
  });
});
