import { readEnvironment } from '../../../src/config/index.js';
import { errorsOf, SECRET, snapshotOf, warningsOf, withRoute, Workspace } from './configuration-fixture.js';

describe('readEnvironment', () => {
  const workspace = new Workspace();
  afterEach(() => delete process.env['TORUS_TEST_REAL']);
  afterAll(() => workspace.dispose());

  it('lays the real environment over .env and changes neither', () => {
    workspace.write('.env', 'TORUS_TEST_REAL=file\nTORUS_TEST_FILE="from file" # comment\n');
    process.env['TORUS_TEST_REAL'] = 'real';
    const env = readEnvironment(workspace.cwd);
    expect(env['TORUS_TEST_REAL']).toBe('real');
    expect(env['TORUS_TEST_FILE']).toBe('from file');
    expect(process.env['TORUS_TEST_FILE']).toBeUndefined();
  });

  it('does without .env', () => {
    expect(readEnvironment(`${workspace.cwd}/absent`)['PATH']).toBe(process.env['PATH']);
  });
});

describe('the environment alone', () => {
  const workspace = new Workspace();
  beforeAll(() => workspace.writeCertificate());
  afterAll(() => workspace.dispose());

  const env = { JWT_SECRET: SECRET, TORUS_UPSTREAM: 'http://127.0.0.1:9000' };

  it('makes one HTTPS listener and one route behind a JWT', async () => {
    const result = await workspace.load({ env });
    const snapshot = snapshotOf(result);
    expect(warningsOf(result)).toEqual([]);
    expect(snapshot.listeners).toMatchObject([
      { host: '0.0.0.0', port: 8443, tls: { minVersion: 'TLSv1.2' } },
    ]);
    expect(snapshot.admin).toEqual({ host: '127.0.0.1', port: 9901, mayMove: true });
    expect(snapshot.upstreams).toMatchObject([
      { name: 'default', endpoints: [{ scheme: 'http', host: '127.0.0.1', port: 9000, weight: 1 }] },
    ]);
    expect(snapshot.routes).toMatchObject([
      {
        match: { path: '/*', hosts: [] },
        upstream: 'default',
        filters: [{ name: 'jwt-auth', options: { algorithms: ['HS256'] } }],
      },
    ]);
  });

  it.each([{}, { JWT_SECRET: '' }])(
    'refuses to boot without a JWT secret, in the agreed words (%j)',
    async (given) => {
      const result = await workspace.load({ env: given });
      expect(
        result.ok ? [] : result.problems.filter((one) => one.severity === 'error').map((one) => one.message),
      ).toEqual(['JWT Secret is required to boot JWT Authenticator.']);
    },
  );

  it('starts without an upstream, with a warning', async () => {
    const result = await workspace.load({ env: { JWT_SECRET: SECRET } });
    expect(snapshotOf(result).routes[0]?.upstream).toBeUndefined();
    expect(warningsOf(result)).toEqual(['TORUS_UPSTREAM: is not set: every request will be answered 503']);
  });

  it('reads every variable it documents', async () => {
    await workspace.writeCertificate('other');
    const snapshot = snapshotOf(
      await workspace.load({
        env: {
          ...env,
          HOST: '::1',
          PORT: '0',
          CERT_FILE: 'other/cert.pem',
          KEY_FILE: 'other/key.pem',
          WORKERS: '3',
          LOG_LEVEL: 'WARN',
          TORUS_ACCESS_LOG: 'off',
          TORUS_LOG_FORMAT: 'pretty',
          ADMIN_PORT: '0',
          TORUS_SHUTDOWN_DELAY: '1s',
          TORUS_SHUTDOWN_TIMEOUT: '2s',
        },
      }),
    );
    expect(snapshot).toMatchObject({
      workers: 3,
      listeners: [
        { host: '::1', port: 0, tls: { certificates: [{ certFile: `${workspace.cwd}/other/cert.pem` }] } },
      ],
      log: { level: 'warn', access: undefined, pretty: true },
      admin: { host: '127.0.0.1', port: 0 },
      shutdown: { delayMs: 1000, timeoutMs: 2000 },
    });
  });

  it('prefers TORUS_WORKERS to WORKERS and TORUS_ADMIN to ADMIN_PORT', async () => {
    const snapshot = snapshotOf(
      await workspace.load({
        env: { ...env, TORUS_WORKERS: '2', WORKERS: '5', TORUS_ADMIN: 'off', ADMIN_PORT: '1' },
      }),
    );
    expect(snapshot.workers).toBe(2);
    expect(snapshot.admin).toBeUndefined();
  });

  it('names the variable that is wrong', async () => {
    const result = await workspace.load({
      env: {
        ...env,
        PORT: '99999',
        TORUS_WORKERS: '0',
        TORUS_ACCEPT: 'both',
        LOG_LEVEL: 'loud',
        TORUS_SHUTDOWN_TIMEOUT: '10',
      },
    });
    expect(errorsOf(result)).toEqual([
      expect.stringMatching(/^TORUS_WORKERS: must be auto or a whole number/),
      expect.stringMatching(/^TORUS_ACCEPT: must be one of shared/),
      expect.stringMatching(/^PORT: must end in a port/),
      expect.stringMatching(/^TORUS_SHUTDOWN_TIMEOUT: must be a duration with a unit/),
      expect.stringMatching(/^LOG_LEVEL: must be one of fatal/),
    ]);
  });

  it('treats an empty variable as not set', async () => {
    expect(
      snapshotOf(await workspace.load({ env: { ...env, PORT: '', ADMIN_PORT: '' } })).listeners[0]?.port,
    ).toBe(8443);
  });

  it('names the certificate file that is missing', async () => {
    expect(errorsOf(await workspace.load({ env: { ...env, CERT_FILE: 'nowhere/cert.pem' } }))).toEqual([
      'CERT_FILE: certificate file nowhere/cert.pem does not exist',
    ]);
  });
});

describe('the environment beside a file', () => {
  const workspace = new Workspace();
  beforeAll(() => workspace.writeCertificate());
  afterAll(() => workspace.dispose());

  it('wins for operational keys, and leaves listeners alone', async () => {
    const text = `workers: 4\nlog: { level: error, format: pretty }\nshutdown: { timeout: 5s }\n${withRoute()}`;
    const snapshot = snapshotOf(
      await workspace.yaml(text, {
        WORKERS: '1',
        LOG_LEVEL: 'debug',
        TORUS_SHUTDOWN_TIMEOUT: '1s',
        TORUS_ADMIN: ':1',
        PORT: '1',
      }),
    );
    expect(snapshot).toMatchObject({
      workers: 1,
      log: { level: 'debug', pretty: true },
      shutdown: { timeoutMs: 1000 },
      admin: { host: '0.0.0.0', port: 1, mayMove: false },
      listeners: [{ name: 'plain', port: 0 }],
    });
  });

  it('makes the HTTPS listener when the file has none', async () => {
    const text = withRoute().replace(/^listeners.*\n/, '');
    expect(snapshotOf(await workspace.yaml(text, { PORT: '0' })).listeners).toMatchObject([
      { port: 0, tls: { certificates: [{}] } },
    ]);
  });
});
