/** Which headers may stand in the access log: none whose name, or whose use by a route, says that it carries a secret. */
import { errorsOf, SECRET, withRoute, Workspace } from './configuration-fixture.js';

describe('log.access.fields', () => {
  const workspace = new Workspace();
  beforeAll(() => workspace.writeCertificate());
  afterAll(() => workspace.dispose());

  const problemsWith = async (header: string, ...route: readonly string[]): Promise<readonly string[]> =>
    errorsOf(
      await workspace.yaml(
        `log: { access: { fields: { it: { header: ${header} } } } }\n${withRoute('match: { path: /* }', ...route)}`,
      ),
    );

  it.each([
    'Authorization',
    'proxy-authorization',
    'cookie',
    'X-Auth-Token',
    'x-access-token',
    'x-vault-token',
    'x-amz-security-token',
    'x-api-key',
    'x-session-id',
    'x-client-secret',
    'x-password',
  ])('refuses %s, and says where', async (header) => {
    expect(await problemsWith(header)).toEqual([
      'torus.yaml:1: log.access.fields.it.header: must not name a header that holds secrets',
    ]);
  });

  it('refuses the header that a route takes its token from, whatever its name', async () => {
    const filter = `  - jwt-auth: { secret: "${SECRET}", from: { header: X-Id } }`;
    expect(await problemsWith('x-id', 'filters:', filter)).toEqual([
      'torus.yaml:1: log.access.fields.it.header: must not name the header that carries the token of route r0',
    ]);
    expect(await problemsWith('x-id')).toEqual([]);
  });

  it.each(['x-tenant', 'referer', 'user-agent', 'x-author', 'idempotency-key'])(
    'takes %s',
    async (header) => {
      expect(await problemsWith(header)).toEqual([]);
    },
  );
});
