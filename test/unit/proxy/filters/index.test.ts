import type { FilterConfig } from '../../../../src/contracts/config.js';
import { createFilter } from '../../../../src/proxy/filters/index.js';
import { jwtAuthOptions } from '../../../support/jwt-auth-options.js';

const services = {
  now: () => 1,
  keySets: { current: () => undefined, refresh: () => Promise.resolve(undefined) },
};
const noEdits = { remove: [], set: {}, append: {} };

describe('createFilter', () => {
  const configs: readonly FilterConfig[] = [
    { name: 'jwt-auth', options: jwtAuthOptions({ key: { kind: 'secret', secret: 'shared in this test' } }) },
    { name: 'headers', options: { request: noEdits, response: noEdits } },
    { name: 'body-limit', options: { maxBytes: 1 } },
    { name: 'ip-allow', options: { allow: [], deny: [] } },
    { name: 'redirect', options: { status: 301, location: '/' } },
  ];

  it.each(configs.map((config) => [config.name, config] as const))('makes the %s filter', (name, config) => {
    expect(createFilter(config, services).name).toBe(name);
  });
});
