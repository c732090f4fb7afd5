import { RequestIds } from '../../../src/proxy/request-id.js';

describe('RequestIds', () => {
  it('makes ids that can be pasted behind any command: none begins like an option', () => {
    for (let process = 0; process < 500; process += 1)
      expect(new RequestIds().next()).toMatch(/^[A-Za-z0-9]{12}-1$/);
  });
  it('makes each id once, in one process and in another', () => {
    const ids = new RequestIds();
    expect(new Set([ids.next(), ids.next(), new RequestIds().next()]).size).toBe(3);
  });
  it('takes a short token that a peer claims, and nothing else', () => {
    const ids = new RequestIds();
    expect(ids.adopt('from-the-edge.1')).toBe('from-the-edge.1');
    for (const claimed of [undefined, '', 'two words', 'a'.repeat(129), 'line\nbreak'])
      expect(ids.adopt(claimed)).toMatch(/^[A-Za-z0-9]{12}-/);
  });
});
