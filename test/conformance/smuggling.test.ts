/** Two readers, two opinions: nothing of a hidden request reaches the upstream, and the next client gets its own answer. */
import { requestHead } from '../support/index.js';
import { LISTENERS, probe, startConformanceFixture, type ConformanceFixture } from './conformance-fixture.js';

let fixture: ConformanceFixture;
beforeAll(async () => {
  fixture = await startConformanceFixture();
});
afterAll(() => fixture.stop());

const HIDDEN = requestHead('GET /hidden', 'X-Hidden: 1');
const SIZED = `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`;

/** How one of two readers may be brought to overlook a Transfer-Encoding. */
const DISGUISES: readonly (readonly [string, string])[] = [
  ['a space before the colon', 'Transfer-Encoding : chunked'],
  ['a tab before the colon', 'Transfer-Encoding\t: chunked'],
  ['a space before the name', ' Transfer-Encoding: chunked'],
  ['a vertical tab before the value', 'Transfer-Encoding:\x0bchunked'],
  ['a form feed after the value', 'Transfer-Encoding: chunked\x0c'],
  ['a fold', 'Transfer-Encoding:\r\n chunked'],
  ['a fold in the field before', 'X-A: b\r\n\tTransfer-Encoding: chunked'],
  ['a bare LF before the name', 'X-A: b\nTransfer-Encoding: chunked'],
  ['a bare CR before the name', 'X-A: b\rTransfer-Encoding: chunked'],
  ['a NUL in the value', 'Transfer-Encoding: chunked\0'],
  ['a NUL in the name', 'Transfer\0-Encoding: chunked'],
  ['quotes', 'Transfer-Encoding: "chunked"'],
  ['single quotes', "Transfer-Encoding: 'chunked'"],
  ['a parameter', 'Transfer-Encoding: chunked; x=1'],
  ['a longer word', 'Transfer-Encoding: xchunked'],
  ['a shorter word', 'Transfer-Encoding: chunke'],
  ['identity', 'Transfer-Encoding: identity'],
  ['identity before it', 'Transfer-Encoding: identity, chunked'],
  ['identity after it', 'Transfer-Encoding: chunked, identity'],
  ['a comma before it', 'Transfer-Encoding: ,chunked'],
  ['a comma after it', 'Transfer-Encoding: chunked,'],
  ['an empty value', 'Transfer-Encoding:'],
  ['two lines, the second unknown', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: x'],
  ['two lines, the first unknown', 'Transfer-Encoding: x\r\nTransfer-Encoding: chunked'],
  ['an underscore for the hyphen', 'Transfer_Encoding: chunked'],
  ['a name in obs-text', 'Transf\xe9r-Encoding: chunked'],
  ['a value in obs-text', 'Transfer-Encoding: chunked\xa0'],
  ['a value in capitals', 'Transfer-Encoding: CHUNKED'],
];

describe.each(LISTENERS)('%s listener', (listener) => {
  /** Whatever is answered: the upstream sees no hidden request, and no more requests than were answered. */
  const hides = async (bytes: string): Promise<number> => {
    const { response, forwarded } = await fixture.send(listener, bytes);
    const lines = forwarded.map(({ line }) => line);
    expect(lines.filter((line) => line !== 'POST /probe HTTP/1.1')).toEqual([]);
    expect(forwarded.filter(({ head }) => head.includes('X-Hidden'))).toHaveLength(0);
    expect(lines).toHaveLength(response.status === 200 ? 1 : 0);
    return response.status;
  };

  it.each(DISGUISES)('RFC 9112 section 11.2: CL.TE with %s smuggles nothing', async (_title, line) => {
    await hides(`${probe('POST', `Content-Length: ${String(SIZED.length)}`, line)}${SIZED}`);
  });

  it.each(DISGUISES)('RFC 9112 section 11.2: TE.CL with %s smuggles nothing', async (_title, line) => {
    await hides(`${probe('POST', line, `Content-Length: ${String(SIZED.length)}`)}${SIZED}`);
  });

  it.each(
    DISGUISES.filter(([title]) => title !== 'a value in capitals' && !title.startsWith('an underscore')),
  )('RFC 9112 section 11.2: TE.TE with %s is refused', async (_title, line) => {
    expect(
      await hides(`${probe('POST', 'Transfer-Encoding: chunked', line)}${SIZED}`),
    ).toBeGreaterThanOrEqual(400);
  });

  it.each([
    ['two lengths, the first short', 'Content-Length: 0', `Content-Length: ${String(HIDDEN.length)}`],
    ['two lengths, the second short', `Content-Length: ${String(HIDDEN.length)}`, 'Content-Length: 0'],
    [
      'a length and one with a space before the colon',
      `Content-Length: ${String(HIDDEN.length)}`,
      'Content-Length : 0',
    ],
    ['a length and a folded one', `Content-Length: ${String(HIDDEN.length)}`, 'X-A: b\r\n Content-Length: 0'],
    ['a list of lengths', `Content-Length: 0, ${String(HIDDEN.length)}`, 'X-A: b'],
    ['a length with a plus', `Content-Length: +${String(HIDDEN.length)}`, 'X-A: b'],
  ])('RFC 9112 section 11.2: CL.CL with %s is refused', async (_title, ...lines) => {
    expect(await hides(`${probe('POST', ...lines)}${HIDDEN}`)).toBe(400);
  });

  it.each([
    ['a bare LF after the chunk size', `0\n\r\n${HIDDEN}`],
    ['a bare LF after the last chunk', `0\r\n\n${HIDDEN}`],
    ['an extension with a bare LF', `2;\nxx\r\n${HIDDEN.length.toString(16)}\r\n0\r\n\r\n${HIDDEN}`],
    ['an overflowing size', `10000000000000000\r\n\r\n${HIDDEN}`],
    ['a negative size', `-1\r\n\r\n${HIDDEN}`],
    ['no line break after the data', `1\r\nZ0\r\n\r\n${HIDDEN}`],
    ['other bytes for the line break after the data', `1\r\nZXX0\r\n\r\n${HIDDEN}`],
  ])('RFC 9112 section 11.2: chunked with %s is refused', async (_title, body) => {
    expect(await hides(`${probe('POST', 'Transfer-Encoding: chunked')}${body}`)).toBe(400);
  });

  it('RFC 9112 section 11.2: a chunked DELETE is framed for the upstream as for the gateway', async () => {
    const request = await fixture.forward(
      listener,
      `${probe('DELETE', 'Transfer-Encoding: chunked')}${SIZED}`,
    );
    expect(request.values('transfer-encoding')).toEqual(['chunked']);
    expect(request.wire.toString()).toBe(SIZED);
  });

  it.each([
    ['Transfer-Encoding', 'Transfer-Encoding: chunked', SIZED],
    ['Content-Length', `Content-Length: ${String(HIDDEN.length)}`, HIDDEN],
    ['Host', `Content-Length: ${String(HIDDEN.length)}`, HIDDEN],
  ])('RFC 9110 section 7.6.1: %s named in Connection still frames the message', async (name, line, body) => {
    const request = await fixture.forward(listener, `${probe('POST', line, `Connection: ${name}`)}${body}`);
    expect([request.wire.toString(), request.values('host')]).toEqual([body, ['example.test']]);
  });

  it.each([
    ['a method', 'G\r\nX-Hidden: 1\r\nET /probe HTTP/1.1\r\nHost: example.test\r\n\r\n'],
    ['a target', 'GET /probe\r\nX-Hidden:1 HTTP/1.1\r\nHost: example.test\r\n\r\n'],
    [
      'an escaped target that stays escaped',
      'GET /probe%0d%0aX-Hidden:%201 HTTP/1.1\r\nHost: example.test\r\n\r\n',
    ],
    ['a host', 'GET /probe HTTP/1.1\r\nHost: example.test\nX-Hidden: 1\r\n\r\n'],
  ])('RFC 9110 section 5.5: a line break in %s starts no new field upstream', async (_title, bytes) => {
    const { response, forwarded } = await fixture.send(listener, bytes);
    expect([response.status, forwarded.length]).toEqual([400, 0]);
  });

  it('RFC 9112 section 11.1: an answer is split by nothing that the upstream puts into a field', async () => {
    const { response, next } = await fixture.relay(
      listener,
      'HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 0\n\nHTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 0\r\n\r\n',
    );
    expect([response.status, next.field('x-poison')]).toEqual([502, undefined]);
  });
});
