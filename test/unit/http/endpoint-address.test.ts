import type { EndpointConfig } from '../../../src/contracts/upstream-config.js';
import {
  endpointAuthority,
  endpointKey,
  endpointLabel,
  endpointName,
  endpointUrl,
} from '../../../src/http/endpoint-address.js';

const endpoint = (changes: Partial<EndpointConfig> = {}): EndpointConfig => ({
  scheme: 'http',
  host: '10.0.0.1',
  port: 9000,
  weight: 1,
  ...changes,
});

describe('the address of an endpoint', () => {
  it('is written as a URL, a label and an authority', () => {
    const it = endpoint();
    expect([endpointUrl(it), endpointLabel(it), endpointAuthority(it)]).toEqual([
      'http://10.0.0.1:9000',
      '10.0.0.1:9000',
      '10.0.0.1:9000',
    ]);
  });

  it.each([
    ['http', 80],
    ['https', 443],
  ] as const)('has no port in its authority where it is that of %s', (scheme, port) => {
    expect(endpointAuthority(endpoint({ scheme, port }))).toBe('10.0.0.1');
    expect(endpointAuthority(endpoint({ scheme, port: 9000 }), port)).toBe('10.0.0.1');
  });

  it('is bracketed where it is of version 6, with brackets or without as it came', () => {
    expect(endpointUrl(endpoint({ host: '::1' }))).toBe('http://[::1]:9000');
    expect(endpointUrl(endpoint({ host: '[::1]' }))).toBe('http://[::1]:9000');
  });

  it('goes by its name, and is another endpoint under another name', () => {
    const named = endpoint({ hostname: 'users.test' });
    expect([endpointName(named), endpointAuthority(named)]).toEqual(['users.test', 'users.test:9000']);
    expect(endpointKey(named)).not.toBe(endpointKey(endpoint()));
  });
});
