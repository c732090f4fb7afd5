import { fieldsOf } from '../../../../src/http/field-block.js';
import { commonLines } from '../../../../src/observability/access-log/common-lines.js';
import { endedExchange } from './ended-exchange.js';

const NOW_MS = Date.UTC(2026, 10, 21, 17, 5, 9, 999);

describe('the Common Log Format', () => {
  const { completed, rejected } = commonLines(false);

  it('holds client, time, request line without the values of the query, status and bytes', () => {
    expect(completed(endedExchange(), NOW_MS)).toBe(
      '10.0.0.1 - - [21/Nov/2026:17:05:09 +0000] "GET /a\\x22b? HTTP/1.1" 200 2\n',
    );
  });

  it('names the user that a filter has verified, as one word', () => {
    const identity = { subject: 'ann "x" [\n', claims: {} };
    expect(completed(endedExchange({ identity }), NOW_MS)).toContain(
      '10.0.0.1 - ann\\x20\\x22x\\x22\\x20[\\x0A [21',
    );
  });

  it('has a dash for a body of no byte', () => {
    expect(completed(endedExchange({ responseBytes: 0 }, { query: '' }), NOW_MS)).toContain(
      '"GET /a\\x22b HTTP/1.1" 200 -\n',
    );
  });

  it('holds requests that never became an exchange', () => {
    const request = { id: 'a', listener: 'l', status: 400, cause: 'c', detail: 'd', client: '10.0.0.2' };
    expect(rejected(request, NOW_MS)).toBe('10.0.0.2 - - [21/Nov/2026:17:05:09 +0000] "-" 400 -\n');
  });

  it('holds what a head asked for that could be read', () => {
    const asked = {
      method: 'GET',
      host: 'h',
      path: '/a%2fb',
      query: '?token=hunter2',
      httpVersion: '2',
    } as const;
    const request = {
      id: 'a',
      listener: 'l',
      status: 400,
      cause: 'c',
      detail: 'd',
      client: '10.0.0.2',
      asked,
    };
    expect(rejected(request, NOW_MS)).toContain('"GET /a%2fb? HTTP/2" 400 -\n');
  });

  it('tells the time of each second', () => {
    expect(completed(endedExchange(), NOW_MS + 1)).toContain('[21/Nov/2026:17:05:10 +0000]');
  });
});

describe('the Combined Log Format', () => {
  const { completed, rejected } = commonLines(true);

  it('adds the referrer without its query, and the user agent with nothing that ends the line', () => {
    expect(completed(endedExchange(), NOW_MS)).toContain(
      ' 200 2 "https://app.example.com/page" "ua \\x22\\xC3\\xA9\\x22"\n',
    );
  });

  it('takes a password out of the referrer', () => {
    const fields = fieldsOf([['referer', 'https://ann:hunter2@a.test/b']]);
    expect(completed(endedExchange({}, { fields }), NOW_MS)).toContain(' "https://a.test/b" "-"\n');
  });

  it('keeps its columns where nothing is known', () => {
    const request = { id: 'a', listener: 'l', status: 400, cause: 'c', detail: 'd', client: '10.0.0.2' };
    expect(rejected(request, NOW_MS)).toContain('"-" 400 - "-" "-"\n');
  });

  it('writes the bytes that came, one by one', () => {
    const fields = fieldsOf([['user-agent', 'caf\xe9 \x9b']]);
    expect(completed(endedExchange({}, { fields }), NOW_MS)).toContain('"caf\\xE9 \\x9B"\n');
  });

  it('writes the name of a user in UTF-8', () => {
    const identity = { subject: 'é', claims: {} };
    expect(completed(endedExchange({ identity }), NOW_MS)).toContain(' - \\xC3\\xA9 [');
  });
});
