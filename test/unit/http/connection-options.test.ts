import { parseConnection } from '../../../src/http/connection-options.js';

describe('parseConnection', () => {
  it('knows close, keep-alive and upgrade in any case and position', () => {
    expect(parseConnection('Keep-Alive, UPGRADE')).toMatchObject({
      keepAlive: true,
      upgrade: true,
      close: false,
    });
    expect(parseConnection('foo,close')).toMatchObject({ close: true });
    expect(parseConnection('')).toMatchObject({ close: false, keepAlive: false, upgrade: false, named: [] });
  });

  it('names the fields of this hop in lower case', () => {
    expect(parseConnection('keep-alive, X-Hop ,x-TWO').named).toEqual(['x-hop', 'x-two']);
  });

  it('never names what frames or routes the message', () => {
    expect(parseConnection('Host, content-length, Transfer-Encoding, connection,,').named).toEqual([]);
  });
});
