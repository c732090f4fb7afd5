import { configJsonSchema, ENVIRONMENT_VARIABLES, type JsonSchema } from '../../../src/config/index.js';
import { keysAt } from '../../../src/config/json-schema.js';

const childrenOf = (node: JsonSchema): JsonSchema[] => [
  ...Object.values(node.properties ?? {}),
  ...(node.items === undefined ? [] : [node.items]),
  ...(typeof node.additionalProperties === 'object' ? [node.additionalProperties] : []),
  ...(node.anyOf ?? []),
];

describe('configJsonSchema', () => {
  it('closes every object and describes every key', () => {
    const visit = (node: JsonSchema): void => {
      if (node.properties !== undefined) expect(node.additionalProperties).toBe(false);
      for (const [key, child] of Object.entries(node.properties ?? {}))
        expect([key, child.description]).toEqual([key, expect.any(String)]);
      childrenOf(node).forEach(visit);
    };
    visit(configJsonSchema());
  });

  it('shows defaults the way people write them', () => {
    const timeouts = configJsonSchema().properties?.['listeners']?.items?.properties?.['timeouts'];
    expect(timeouts?.properties?.['requestHead']?.default).toBe('10s');
  });

  it('keeps examples', () => {
    expect(configJsonSchema().properties?.['trustedProxies']?.examples).toEqual([['10.0.0.0/8', 'fd00::/8']]);
  });

  it('knows the keys of any place', () => {
    expect(keysAt(['upstreams', 'any', 'endpoints', 3])).toEqual(['url', 'weight']);
    expect(keysAt(['admin'])).toEqual(['address', 'token', 'tls']);
    expect(keysAt(['nowhere'])).toEqual([]);
  });
});

describe('ENVIRONMENT_VARIABLES', () => {
  it('names each variable once', () => {
    const names = ENVIRONMENT_VARIABLES.map((one) => one.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
