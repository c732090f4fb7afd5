import { redactSnapshot } from '../../../src/config/index.js';
import { SECRET, snapshotOf, withRoute, Workspace } from './configuration-fixture.js';

describe('redactSnapshot', () => {
  const workspace = new Workspace();
  beforeAll(() => workspace.writeCertificate());
  afterAll(() => workspace.dispose());

  it('hides secrets, private keys, credential headers and queries of URLs, and keeps the rest', async () => {
    const text = withRoute(
      'match: { path: /* }',
      'filters:',
      `  - jwt-auth: { secret: "${SECRET}" }`,
      '  - jwt-auth: { jwksUrl: "https://issuer.example/keys?key=abcdef" }',
      '  - headers: { request: { set: { authorization: "Basic Zm9vOmJhcg==", x-plain: kept } } }',
    ).replace(/^listeners.*\n/, '');
    const printed = JSON.stringify(redactSnapshot(snapshotOf(await workspace.yaml(text))));
    expect(printed).not.toMatch(new RegExp(`${SECRET}|PRIVATE KEY|abcdef|Zm9vOmJhcg`));
    expect(printed).toContain('https://issuer.example/keys?[redacted]');
    expect(printed).toContain('"x-plain":"kept"');
  });

  it('hides what a route asks of a field or parameter with the name of a secret, and nothing else of it', async () => {
    const text = withRoute(
      'match:',
      '  path: /*',
      '  headers: { x-vault-token: hidden-1, x-tenant: blue }',
      '  query: { api_key: hidden-2, page: start }',
    ).replace(/^listeners.*\n/, '');
    const { routes } = redactSnapshot(snapshotOf(await workspace.yaml(text)));
    expect(routes[0]?.match).toMatchObject({
      headers: [
        { name: 'x-vault-token', value: '[redacted]' },
        { name: 'x-tenant', value: 'blue' },
      ],
      query: [
        { name: 'api_key', value: '[redacted]' },
        { name: 'page', value: 'start' },
      ],
    });
  });

  it('leaves out the notes on who wrote what', async () => {
    const snapshot = snapshotOf(
      await workspace.yaml(withRoute('match: { path: /* }', 'timeouts: { request: 5s }')),
    );
    expect(snapshot).toHaveProperty('written');
    expect(redactSnapshot(snapshot)).not.toHaveProperty('written');
  });
});
