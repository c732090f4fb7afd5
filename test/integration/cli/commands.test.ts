/** The commands of `torus`, run as a person would run them. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  ENTRY,
  makeTempDir,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  TEST_SECRET,
} from '../../support/index.js';

interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const { PATH = '' } = process.env;

const run = (args: readonly string[], options: { cwd?: string; env?: object } = {}): Finished => {
  const { cwd = makeTempDir('cli'), env = {} } = options;
  return spawnSync(process.execPath, [ENTRY, ...args], { cwd, env: { PATH, ...env }, encoding: 'utf8' });
};

/** In a shell, without blocking: what it talks to may live in this process. */
const shell = (line: string, cwd: string): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', line], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });

describe('torus dev', () => {
  it('makes what it needs and prints a curl line that works when it is pasted', async () => {
    const cwd = makeTempDir('dev');
    const torus = await startTorus({
      args: ['dev'],
      cwd,
      env: { PORT: '0', TORUS_ADMIN: '127.0.0.1:0', TORUS_WORKERS: '2', TORUS_LOG_FORMAT: 'json' },
    });
    const url = (await torus.waitForLog('Torus is ready: ')).msg.replace('Torus is ready: ', '');
    const token = (await torus.waitForLog(/^Token/)).msg.split(': ')[1];
    const curl = (await torus.waitForLog(/^ *curl /)).msg.trim();
    expect(url).toMatch(/^https:\/\/localhost:\d+$/);
    expect(curl).toContain(url);
    expect(curl).toContain(token);
    expect(statSync(path.join(cwd, 'certs/key.pem')).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(cwd, 'certs/cert.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
    const pasted = await shell(`${curl} --silent --show-error --write-out '%{http_code}' --max-time 10`, cwd);
    expect(pasted).toMatchObject({ status: 0, stderr: '' });
    expect(pasted.stdout).toMatch(/200$/);
    expect(pasted.stdout).toContain('"path": "/hello"');
    const unauthorised = await shell(
      `curl --silent --cacert certs/cert.pem --write-out '%{http_code}' --max-time 10 ${url}/hello`,
      cwd,
    );
    expect(unauthorised.stdout).toMatch(/401$/);
    expect(await torus.stop()).toEqual({ code: 0, signal: null });
  });

  it('uses the certificate that is there, and stops when its terminal closes', async () => {
    const cwd = makeTempDir('dev');
    const options = {
      args: ['dev'],
      cwd,
      env: { PORT: '0', TORUS_ADMIN: '127.0.0.1:0', TORUS_WORKERS: '1', TORUS_LOG_FORMAT: 'json' },
    };
    const before = await startTorus(options);
    await before.stop();
    const certificate = readFileSync(path.join(cwd, 'certs/cert.pem'), 'utf8');
    const torus = await startTorus(options);
    expect(readFileSync(path.join(cwd, 'certs/cert.pem'), 'utf8')).toBe(certificate);
    process.kill(-torus.pid, 'SIGHUP');
    expect(await torus.exit).toEqual({ code: 0, signal: null });
    await torus.stop();
  });
});

describe('torus token', () => {
  it('prints a token, alone, that a route accepts', async () => {
    const upstream = await startHttpUpstream();
    const torus = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        upstreams: { app: { endpoints: [upstream.url] } },
        routes: [
          {
            name: 'all',
            match: { path: '/*' },
            filters: [
              {
                'jwt-auth': {
                  secret: '${JWT_SECRET}',
                  scopes: ['read'],
                  requiredClaims: { admin: true },
                  claimsToHeaders: { sub: 'x-auth-subject' },
                },
              },
            ],
            upstream: 'app',
          },
        ],
      },
      env: { JWT_SECRET: TEST_SECRET },
    });
    const args = [
      'token',
      '--sub',
      'ada',
      '--scope',
      'read write',
      '--claim',
      'admin=true',
      '--expires',
      '5m',
    ];
    const made = run(args, { env: { JWT_SECRET: TEST_SECRET } });
    expect(made).toMatchObject({ status: 0, stderr: '' });
    const client = await rawClient({ port: torus.port() });
    const response = await client.exchange(
      requestHead('GET /', `Authorization: Bearer ${made.stdout.trim()}`),
    );
    expect(response.status).toBe(200);
    expect(JSON.parse(response.text())).toMatchObject({ headers: { 'x-auth-subject': 'ada' } });
    await client.close();
    await torus.stop();
    await upstream.close();
  });

  it('refuses without a secret, and with an algorithm that no shared secret can sign', () => {
    expect(run(['token'])).toMatchObject({ status: 1, stdout: '' });
    const { status, stderr } = run(['token', '--secret', TEST_SECRET, '--algorithm', 'RS256']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('HS256')]);
  });
});

describe('torus check', () => {
  const write = (config: object): string => {
    const dir = makeTempDir('check');
    writeFileSync(path.join(dir, 'torus.yaml'), JSON.stringify(config, null, 2));
    return dir;
  };
  const good = {
    workers: 3,
    listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
    upstreams: { app: { endpoints: ['http://127.0.0.1:9'] } },
    routes: [
      {
        name: 'all',
        match: { path: '/*' },
        filters: [{ 'jwt-auth': { secret: '${JWT_SECRET}' } }],
        upstream: 'app',
      },
    ],
  };

  it('says OK to what run would accept, and prints it without secrets', () => {
    const cwd = write(good);
    const { status, stdout, stderr } = run(['check', '--print'], { cwd, env: { JWT_SECRET: TEST_SECRET } });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('1 listener, 1 route, 1 upstream, 3 workers');
    expect(stdout).not.toContain(TEST_SECRET);
    expect(JSON.parse(stdout.slice(0, stdout.lastIndexOf('OK ')))).toMatchObject({ workers: 3 });
  });

  it('takes a configuration written as code, which imports defineConfig from torus', () => {
    const cwd = makeTempDir('check');
    mkdirSync(path.join(cwd, 'node_modules'));
    symlinkSync(path.resolve(ENTRY, '../..'), path.join(cwd, 'node_modules/torus'));
    const code = `import { defineConfig } from 'torus';\nexport default defineConfig(${JSON.stringify(good)});`;
    writeFileSync(path.join(cwd, 'torus.config.mjs'), code);
    const args = ['check', '--config', 'torus.config.mjs'];
    const { status, stdout, stderr } = run(args, { cwd, env: { JWT_SECRET: TEST_SECRET } });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('1 listener, 1 route, 1 upstream, 3 workers');
  });

  it('has the types that an editor knows the keys by', () => {
    const home = path.resolve(ENTRY, '../..');
    const { exports } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8')) as {
      readonly exports: { readonly '.': { readonly types: string } };
    };
    const types = readFileSync(path.join(home, exports['.'].types), 'utf8');
    expect(types).toContain('defineConfig: (config: TorusConfig)');
  });

  it('names every problem with its line, and exits with 1', () => {
    const cwd = write({ ...good, wrokers: 3, routes: [{ ...good.routes[0], upstream: 'ap' }] });
    const { status, stdout, stderr } = run(['check'], { cwd, env: { JWT_SECRET: TEST_SECRET } });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^torus\.yaml:\d+: .*wrokers.*workers/m);
  });
});

describe('what a command prints', () => {
  const torus = `exec '${process.execPath}' '${ENTRY}'`;
  const cwd = makeTempDir('cli-output');

  it.each(['cause', '--help', '--version'])(
    'and cannot be written, of %s, is said on stderr, with exit code 2',
    async (words) => {
      const { status, stderr } = await shell(`${torus} ${words} > /dev/full`, cwd);
      expect(stderr).toMatch(/^torus: the output cannot be written: .*ENOSPC.*\n$/);
      expect(status).toBe(2);
    },
  );

  it('and nobody reads to its end, is no failure', async () => {
    const line = `{ ${torus} cause; } | true; { ${torus} --help; echo "exit code $?" >&2; } | head -n 1`;
    const { stdout, stderr } = await shell(line.replaceAll('exec ', ''), cwd);
    expect(stdout).toMatch(/^Torus.*\n$/);
    expect(stderr).toBe('exit code 0\n');
  });

  it('is an exit code alone where stderr takes nothing either', async () => {
    expect(await shell(`${torus} nonsense 2> /dev/full`, cwd)).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('torus --help and --version', () => {
  it('print and exit with 0', () => {
    const { version } = JSON.parse(
      readFileSync(path.resolve(__dirname, '../../../package.json'), 'utf8'),
    ) as {
      version: string;
    };
    expect(run(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n` });
    const help = run(['--help']);
    expect(help.status).toBe(0);
    for (const verb of ['run', 'dev', 'check', 'token'])
      expect(help.stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
  });
});
