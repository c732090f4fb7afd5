import fc from 'fast-check';
import { addressOf, appendMember, clientAddressOf, forwardedElement } from '../../../src/http/forwarded.js';
import { compileIpSet } from '../../../src/http/ip-set.js';

const trusted = compileIpSet(['10.0.0.0/8', '2001:db8:ff::/48']);

describe('clientAddressOf', () => {
  it('believes nothing that an untrusted peer says', () => {
    expect(clientAddressOf('203.0.113.9', ['198.51.100.1'], trusted)).toBe('203.0.113.9');
  });

  it('takes the rightmost address that is not a trusted proxy', () => {
    expect(clientAddressOf('10.0.0.1', ['1.1.1.1, 198.51.100.1, 10.0.0.2'], trusted)).toBe('198.51.100.1');
  });

  it('reads several field lines as one list', () => {
    expect(clientAddressOf('10.0.0.1', ['1.1.1.1', '198.51.100.1', '10.0.0.2'], trusted)).toBe(
      '198.51.100.1',
    );
  });

  it('takes the leftmost address when every hop is trusted', () => {
    expect(clientAddressOf('10.0.0.1', ['10.0.0.3, 10.0.0.2'], trusted)).toBe('10.0.0.3');
  });

  it.each(['unknown', '_hidden', '', '999.1.1.1', 'a'.repeat(5000)])(
    'stops at the hop that sent %p instead of an address',
    (junk) => {
      expect(clientAddressOf('10.0.0.1', [`1.1.1.1, ${junk}, 10.0.0.2`], trusted)).toBe('10.0.0.2');
      expect(clientAddressOf('10.0.0.1', [junk], trusted)).toBe('10.0.0.1');
    },
  );

  it('reads ports, brackets and mapped addresses', () => {
    expect(
      clientAddressOf('::ffff:10.0.0.1', ['[2001:db8::7]:4711, [2001:db8:ff::1], 10.0.0.2:99'], trusted),
    ).toBe('2001:db8::7');
    expect(clientAddressOf('10.0.0.1', ['::ffff:198.51.100.1'], trusted)).toBe('198.51.100.1');
  });

  it('says the peer when there is no field', () => {
    expect(clientAddressOf('10.0.0.1', [], trusted)).toBe('10.0.0.1');
    expect(clientAddressOf('::ffff:203.0.113.1', [], trusted)).toBe('203.0.113.1');
  });

  it('always answers with an address, whatever is claimed', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6())), (lines) => {
        expect(addressOf(clientAddressOf('10.0.0.1', lines, trusted))).toBeDefined();
      }),
    );
  });
});

describe('forwardedElement', () => {
  it('quotes what is not a token (RFC 7239 section 4)', () => {
    expect(
      forwardedElement({ for: '2001:db8::1', by: '10.0.0.1', host: 'example.com:8443', proto: 'https' }),
    ).toBe('for="[2001:db8::1]";by=10.0.0.1;host="example.com:8443";proto=https');
  });

  it('leaves out what is not there, and hides what is no address', () => {
    expect(forwardedElement({ for: 'pipe', host: '' })).toBe('for=unknown');
    expect(forwardedElement({ for: '::ffff:192.0.2.1' })).toBe('for=192.0.2.1');
  });

  it('lets nothing out of its quotes', () => {
    expect(forwardedElement({ for: '192.0.2.1', host: 'a";for=1.1.1.1' })).toBe(
      String.raw`for=192.0.2.1;host="a\";for=1.1.1.1"`,
    );
  });
});

describe('appendMember', () => {
  it('adds to what all the lines of the field said', () => {
    expect(appendMember([], '192.0.2.1')).toBe('192.0.2.1');
    expect(appendMember(['a, b', '', 'c'], '192.0.2.1')).toBe('a, b, c, 192.0.2.1');
  });
});
