/** A question about a request: what it may look like, and what is said of one that is none. */
import fc from 'fast-check';
import { parseQuestion } from '../../../src/http/explain-question.js';

const URL = 'https://a.example.test/x';

const question = (input: object) => {
  const parsed = parseQuestion({ url: URL, ...input });
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.question;
};

const problem = (input: unknown): string => {
  const parsed = parseQuestion(input);
  return 'problem' in parsed ? parsed.problem : 'none';
};

describe('a question about a request', () => {
  it('needs no more than a URL', () => {
    expect(question({})).toEqual({
      method: 'GET',
      url: URL,
      headers: [],
      client: undefined,
      listener: undefined,
      http2: false,
      showValues: false,
    });
  });

  it('takes headers as lines, as pairs and as an object, in order', () => {
    const pairs = [
      ['x-a', '1'],
      ['x-a', '2'],
      ['x-b', ''],
    ];
    expect(question({ headers: ['x-a: 1', 'x-a:2 ', 'x-b:'] }).headers).toEqual(pairs);
    expect(question({ headers: pairs }).headers).toEqual(pairs);
    expect(question({ headers: { 'x-a': ['1', 2], 'x-b': '' } }).headers).toEqual(pairs);
    expect(question({ headers: ['authorization: Bearer a:b'] }).headers).toEqual([
      ['authorization', 'Bearer a:b'],
    ]);
  });

  it('keeps the path as it is written, so that the parser judges it', () => {
    for (const path of ['/a/../b', '/%2e%2e/', '/a//b', '//x', '?q', '/a%zz'])
      expect(question({ url: `http://a${path}` }).url).toBe(`http://a${path}`);
  });

  it.each([
    [undefined, 'must be an object'],
    [[], 'must be an object'],
    [{ url: URL, path: '/' }, 'there is no path: there is method, url'],
    [{}, 'url is missing'],
    [{ url: '/a' }, 'url needs a scheme and a host: https://host/a'],
    [{ url: 'a.test' }, 'url needs a scheme: https://a.test'],
    [{ url: 'ws://a.test' }, 'url must begin with http:// or https://'],
    [{ url: 'http:///a' }, 'url must begin with http:// or https://'],
    [{ url: 'http://a b' }, 'url must hold no spaces'],
    [{ url: URL, method: 'GET /x' }, '"GET /x" is no method'],
    [{ url: URL, method: 'CONNECT' }, 'url must be host:port for CONNECT'],
    [{ url: URL, headers: 'x: y' }, 'headers must be'],
    [{ url: URL, headers: ['x'] }, 'headers must be'],
    [{ url: URL, headers: { x: {} } }, 'headers must be'],
    [{ url: URL, headers: { x: 'a\nb' } }, 'header x must be one line'],
    [{ url: URL, client: '10.0.0.0/8' }, 'client must be an IP address'],
    [{ url: URL, method: 5 }, 'method must be text'],
    [{ url: URL, client: ['10.0.0.1'] }, 'client must be text'],
    [{ url: URL, listener: {} }, 'listener must be text'],
    [{ url: URL, http2: 'yes' }, 'http2 must be true or false'],
    [{ url: URL, showValues: 1 }, 'showValues must be true or false'],
  ])('%j: %s', (input, words) => {
    expect(problem(input)).toContain(words);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (headers, url) => {
        parseQuestion(headers);
        parseQuestion({ url, headers });
        parseQuestion({ url: URL, headers });
      }),
    );
  });
});
