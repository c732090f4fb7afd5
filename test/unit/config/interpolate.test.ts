import { errorsOf, SECRET, snapshotOf, withRoute, Workspace } from './configuration-fixture.js';

describe('variables in a file', () => {
  const workspace = new Workspace();
  afterAll(() => workspace.dispose());

  const pathWith = async (path: string, env: NodeJS.ProcessEnv = {}): Promise<string | undefined> =>
    snapshotOf(await workspace.yaml(withRoute(`match: { path: "${path}" }`), env)).routes[0]?.match.path;

  it('are replaced anywhere in a string', async () => {
    expect(await pathWith('/${A}/${B}/*', { A: 'x', B: 'y' })).toBe('/x/y/*');
  });

  it('may have a default, which also stands in for an empty one', async () => {
    expect(await pathWith('/${A:-x}/${B:-y}', { B: '' })).toBe('/x/y');
    expect(await pathWith('/${A:-x}', { A: 'set' })).toBe('/set');
  });

  it('are not replaced again in what they hold', async () => {
    expect(await pathWith('/${A}', { A: '$$' })).toBe('/$$');
  });

  it('are left alone behind $$', async () => {
    const text = withRoute('match: { path: /*, headers: { x: "$${A}" } }');
    expect(snapshotOf(await workspace.yaml(text)).routes[0]?.match.headers).toEqual([
      { name: 'x', value: '${A}' },
    ]);
  });

  it('may hold numbers and switches', async () => {
    const text = `workers: "\${W}"\nlog: { access: "\${A}" }\n${withRoute()}`;
    expect(snapshotOf(await workspace.yaml(text, { W: '3', A: 'false' }))).toMatchObject({
      workers: 3,
      log: { access: undefined },
    });
  });

  it('are a located problem when unset', async () => {
    expect(errorsOf(await workspace.yaml(withRoute('match: { path: "/${NOPE}" }')))).toEqual([
      'torus.yaml:6: routes[0].match.path: environment variable NOPE is not set (give it a default: ${NOPE:-...})',
    ]);
  });

  it('are a located problem when misspelt', async () => {
    expect(errorsOf(await workspace.yaml(withRoute('match: { path: "/${A-b}" }')))).toEqual([
      expect.stringMatching(/^torus\.yaml:6: routes\[0\]\.match\.path: must refer to variables as/),
    ]);
  });

  it('leave the words of a redirect alone', async () => {
    const text = withRoute(
      'match: { path: /* }',
      'filters: [{ redirect: { location: "https://${host}${path}${query}" } }]',
    );
    expect(snapshotOf(await workspace.yaml(text)).routes[0]?.filters[0]).toMatchObject({
      options: { location: 'https://${host}${path}${query}' },
    });
  });

  it.each([{}, { JWT_SECRET: '' }])(
    'say in the agreed words that the JWT secret is missing (%j)',
    async (env) => {
      const text = withRoute('match: { path: /* }', 'filters: [{ jwt-auth: { secret: "${JWT_SECRET}" } }]');
      expect(errorsOf(await workspace.yaml(text, env))).toEqual([
        'torus.yaml:7: routes[0].filters[0].jwt-auth.secret: JWT Secret is required to boot JWT Authenticator.',
      ]);
    },
  );

  it('never come back in a problem', async () => {
    const text = withRoute('match: { path: /* }').replace('upstream: users', 'upstream: "${JWT_SECRET}"');
    const errors = errorsOf(await workspace.yaml(text, { JWT_SECRET: SECRET }));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('${JWT_SECRET}');
    expect(errors[0]).not.toContain(SECRET);
  });
});
