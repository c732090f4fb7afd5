/** `torus doctor`, run as a person would run it: what is wrong is found, and what to do is said. */
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from 'selfsigned';
import {
  BUSY_MS,
  ENTRY,
  describeWithDnsmasq,
  freePort,
  makeTempDir,
  runCli,
  startBlackHole,
  startDnsmasq,
  startHttpUpstream,
  startTorus,
  startUpstream,
  testCertificate,
  type TestUpstream,
} from '../../support/index.js';

interface Finding {
  readonly subject: string;
  readonly level: 'ok' | 'warning' | 'problem';
  readonly message: string;
  readonly advice?: string;
}

interface Report {
  readonly status: number | null;
  readonly ok: boolean;
  readonly problems: number;
  readonly warnings: number;
  readonly findings: readonly Finding[];
}

const { PATH = '' } = process.env;
const dir = makeTempDir('doctor');

/** Not blocking: what it connects to lives in this process. `before`: of the shell. */
const doctor = async (config: object, args: readonly string[] = [], before = 'true') => {
  const file = path.join(dir, 'torus.yaml');
  writeFileSync(file, JSON.stringify(config));
  const line = `${before}; exec "$@"`;
  const words = [process.execPath, ENTRY, 'doctor', '--config', file, ...args];
  const child = spawn('sh', ['-c', line, 'sh', ...words], { cwd: dir, env: { PATH } });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, out, err };
};

const examine = async (config: object, before?: string): Promise<Report> => {
  const { status, out, err } = await doctor(config, ['--json'], before);
  if (out === '') throw new Error(err);
  return { status, ...(JSON.parse(out) as Omit<Report, 'status'>) };
};

/** Everything a configuration needs, with port 0: nothing to complain about. */
const base = (more: object = {}): object => ({
  workers: 1,
  listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
  admin: { address: '127.0.0.1:0' },
  ...more,
});

const behind = (upstream: object, more: object = {}): object =>
  base({
    upstreams: { main: upstream },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
    ...more,
  });

const MOVED = [{ redirect: { location: '/' } }];
const alone = (more: object = {}): object =>
  base({ routes: [{ name: 'all', match: { path: '/*' }, filters: MOVED }], ...more });

const about = ({ findings }: Report, subject: string): readonly string[] =>
  findings
    .filter((finding) => finding.subject === subject)
    .map(({ level, message }) => `${level}: ${message}`);

const problemsOf = ({ findings }: Report): readonly Finding[] =>
  findings.filter(({ level }) => level === 'problem');

/** One problem, of that subject, with that message and advice; and the exit code of problems. */
const expectProblem = (report: Report, subject: string, message: RegExp, advice: RegExp): void => {
  expect(problemsOf(report)).toEqual([
    {
      subject,
      level: 'problem',
      message: expect.stringMatching(message),
      advice: expect.stringMatching(advice),
    },
  ]);
  expect(report).toMatchObject({ status: 1, ok: false, problems: 1 });
};

const open: TestUpstream[] = [];
const opened = async (upstream: Promise<TestUpstream>): Promise<TestUpstream> => {
  open.push(await upstream);
  return open.at(-1)!;
};
afterAll(() => Promise.all(open.map((upstream) => upstream.close())));

describe('a host and a configuration that are well', () => {
  it('are said to be, with exit code 0, the time of each connection and the state of each file', async () => {
    const upstream = await opened(startHttpUpstream());
    const report = await examine(behind({ endpoints: [upstream.url] }));
    expect(problemsOf(report)).toEqual([]);
    expect(report).toMatchObject({ status: 0, ok: true, problems: 0 });
    expect(about(report, 'upstream main')[0]).toMatch(/^ok: 127\.0\.0\.1:\d+ takes connections \(\d+ ms\)$/);
    expect(about(report, 'node')[0]).toContain(`Node.js ${process.versions.node}`);
    for (const subject of [
      'configuration',
      'files',
      'open files',
      'memory',
      'clock',
      'listener plain',
      'admin',
    ])
      expect(about(report, subject).length).toBeGreaterThan(0);
  });

  it('are shown to people line by line, with a sum', async () => {
    const { status, out } = await doctor(alone());
    expect(status).toBe(0);
    expect(out).toMatch(/^✓ configuration +\S+torus\.yaml: 1 listener, 1 route, 0 upstreams, 1 worker$/m);
    expect(out).toMatch(/(All is well|0 problems, \d+ warnings?)\.\n$/);
  });
});

describe('a configuration', () => {
  it('that run would refuse is a problem with its place, and the host is looked at all the same', async () => {
    const report = await examine(alone({ worker: 2 }));
    expectProblem(
      report,
      'configuration',
      /torus\.yaml:1: worker: unknown key \(did you mean "workers"\?\)/,
      /docs/,
    );
    expect(about(report, 'open files')).toHaveLength(1);
  });

  it('that run would refuse says what was not looked at for want of it', async () => {
    const { findings } = await examine(alone({ worker: 2 }));
    expect(findings.filter(({ message }) => message.includes('not looked at'))).toEqual([
      {
        subject: 'configuration',
        level: 'warning',
        message: expect.stringMatching(/ports, certificates, names, upstreams and key sets/) as string,
        advice: expect.stringMatching(/again/) as string,
      },
    ]);
  });

  const adviceIn = async (cwd: string, words: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await runCli(['doctor', '--json', ...words], { cwd });
    return problemsOf(JSON.parse(stdout) as Report).map(({ advice }) => advice ?? '');
  };

  it('that is not there is to be created or named, and it is said where it was looked for', async () => {
    const cwd = makeTempDir('doctor-none');
    const [named = ''] = await adviceIn(cwd, ['--config', 'nope.yaml']);
    expect(named).toContain(path.join(cwd, 'nope.yaml'));
    expect(named).toContain('--config');
    const [unnamed = ''] = await adviceIn(cwd, []);
    expect(unnamed).toContain(`There is no torus.yaml, torus.yml, torus.json in ${cwd}`);
  });

  it('that names a certificate that is not there has it created where it was looked for', async () => {
    const cwd = makeTempDir('doctor-no-certificate');
    const certificates = [{ cert: 'tls/cert.pem', key: 'tls/key.pem' }];
    const listeners = [{ name: 'edge', address: '127.0.0.1:0', tls: { certificates } }];
    writeFileSync(path.join(cwd, 'torus.yaml'), JSON.stringify(alone({ listeners })));
    const [cert, key] = await adviceIn(cwd, []);
    expect(cert).toContain(`at ${path.join(cwd, 'tls/cert.pem')}. Create it`);
    expect(key).toContain(`at ${path.join(cwd, 'tls/key.pem')}. Create it`);
  });

  it('that asks for more connections than there are file descriptors is a warning', async () => {
    const report = await examine(alone({ limits: { maxConnections: 4_000 } }), 'ulimit -n 2048');
    expect(about(report, 'configuration')[1]).toMatch(
      /^warning: .*limits\.maxConnections: is cut to 1024.*LimitNOFILE or ulimit -n to 8000/,
    );
    expect(about(report, 'open files')).toEqual([
      'warning: the limit of 2048 lets a worker hold 1024 clients',
    ]);
    expect(report.status).toBe(0);
  });

  it('that is to be served with hardly any file descriptors is a problem', async () => {
    const report = await examine(alone(), 'ulimit -n 200');
    expectProblem(report, 'open files', /limit of 200 is not enough/, /LimitNOFILE=65536/);
  });

  it('that is open to a network without a token is a warning', async () => {
    const report = await examine(alone({ admin: { address: '0.0.0.0:0' } }));
    expect(about(report, 'configuration').join()).toMatch(/warning: .*admin\.address: is open to a network/);
  });
});

describe('what is believed', () => {
  it('by a configuration that trusts everybody, takes keys in clear text, or leads back to itself is warned of', async () => {
    const port = await freePort();
    const report = await examine(
      base({
        listeners: [{ name: 'edge', address: `0.0.0.0:${String(port)}` }],
        trustedProxies: ['10.0.0.0/8', '0.0.0.0/0'],
        upstreams: { main: { endpoints: [`http://localhost:${String(port)}`] } },
        routes: [
          {
            name: 'all',
            match: { path: '/*' },
            filters: [{ 'jwt-auth': { jwksUrl: 'http://keys.invalid/keys', algorithms: ['ES256'] } }],
            upstream: 'main',
          },
        ],
      }),
    );
    expect(about(report, 'trustedProxies')).toEqual([
      expect.stringMatching(/^warning: 0\.0\.0\.0\/0 is everybody/),
    ]);
    expect(about(report, 'keys of keys.invalid')[0]).toMatch(/^warning: come over http/);
    expect(about(report, 'upstream main')[0]).toMatch(
      /^warning: localhost:\d+ is this gateway's own listener edge$/,
    );
  });
});

describe('an address', () => {
  it('that another process has is a problem', async () => {
    const taken = await opened(startUpstream((socket) => socket.destroy()));
    const listeners = [{ name: 'edge', address: `127.0.0.1:${String(taken.port)}` }];
    const report = await examine(alone({ listeners }));
    expectProblem(
      report,
      'listener edge',
      /already in use/,
      new RegExp(`ss -ltnp 'sport = :${String(taken.port)}'`),
    );
  });

  it('that an instance of this configuration has is as it should be', async () => {
    const admin = { address: `127.0.0.1:${String(await freePort())}` };
    const listeners = [{ name: 'edge', address: `127.0.0.1:${String(await freePort())}` }];
    await using torus = await startTorus({ config: alone({ listeners, admin }) });
    expect(torus.port('edge')).toBeGreaterThan(0);
    const report = await examine(alone({ listeners, admin }));
    expect(about(report, 'listener edge')[0]).toMatch(
      /^ok: .* is in use, and an instance of this configuration is running/,
    );
    expect(about(report, 'instance')[0]).toBe(
      'ok: runs configuration 1: 1 worker ready, 0 replaced since its start',
    );
    expect(report.status).toBe(0);
  });

  it('of the admin API that is a socket needs its directory', async () => {
    const report = await examine(alone({ admin: { address: 'unix:/no/such/dir/admin.sock' } }));
    expectProblem(
      report,
      'admin',
      /unix:\/no\/such\/dir\/admin\.sock: .*(does not exist|permission)/,
      /RuntimeDirectory/,
    );
    const fine = await examine(alone({ admin: { address: `unix:${path.join(dir, 'admin.sock')}` } }));
    expect(about(fine, 'admin')).toEqual([expect.stringMatching(/^ok: unix:.*admin\.sock can be made$/)]);
    expect(readdirSync(dir).filter((name) => name.includes('.sock'))).toEqual([]);
  });

  it('that this host has not is a problem', async () => {
    const report = await examine(alone({ listeners: [{ name: 'edge', address: '192.0.2.1:8443' }] }));
    expectProblem(report, 'listener edge', /this machine has no such address/, /ip address/);
  });
});

describe('a certificate', () => {
  const DAY_MS = 86_400_000;

  const listening = async (
    from: number,
    to: number,
    change: (files: { cert: string; key: string }) => void = () => undefined,
  ): Promise<Report> => {
    const files = await make(from, to);
    change(files);
    return examine(
      base({
        listeners: [{ name: 'edge', address: '127.0.0.1:0', tls: { certificates: [files] } }],
        routes: [{ name: 'all', match: { host: 'shop.example.test', path: '/*' }, filters: MOVED }],
      }),
    );
  };

  const make = async (from: number, to: number): Promise<{ cert: string; key: string }> => {
    const now = Date.now();
    const made = await generate([{ name: 'commonName', value: 'shop.example.test' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      // As `openssl req -x509` writes it.
      extensions: [{ name: 'basicConstraints', cA: true, critical: true }],
      notBeforeDate: new Date(now + from * DAY_MS),
      notAfterDate: new Date(now + to * DAY_MS),
    });
    const files = { cert: path.join(dir, 'cert.pem'), key: path.join(dir, 'key.pem') };
    writeFileSync(files.cert, made.cert);
    writeFileSync(files.key, made.private, { mode: 0o600 });
    chmodSync(files.key, 0o600);
    return files;
  };

  it('that has expired is a problem', async () => {
    const report = await listening(-20, -1);
    expectProblem(report, 'listener edge', /cert\.pem expired on/, /Renew/);
    const advice = report.findings.filter(({ message }) => message.includes('expired on'));
    expect(advice.map(({ advice: what }) => what)).toEqual(
      advice.map(() => expect.stringMatching(/^Renew it/)),
    );
  });

  it('of the admin API that has expired is a problem too', async () => {
    const tls = await make(-20, -1);
    const report = await examine(alone({ admin: { address: '127.0.0.1:0', tls } }));
    expectProblem(report, 'admin', /cert\.pem expired on/, /Renew/);
  });

  it('that is not valid yet is a problem, perhaps of the clock', async () => {
    expectProblem(await listening(2, 20), 'listener edge', /is not valid before/, /clock/);
  });

  it('that expires soon, that nobody knows, and whose key everybody may read are warnings', async () => {
    const report = await listening(-1, 5.5, ({ key }) => chmodSync(key, 0o644));
    expect(about(report, 'listener edge').slice(0, 2)).toEqual([
      expect.stringMatching(/^warning: .*cert\.pem expires in 5 days$/),
      expect.stringMatching(/^warning: .*cert\.pem is self-signed/),
    ]);
    expect(about(report, 'files')[0]).toMatch(
      /^warning: everybody on this host may read the private key in .*key\.pem$/,
    );
    expect(report.status).toBe(0);
  });

  it('with a chain in the wrong order is a problem', async () => {
    const { certPem } = await testCertificate();
    const report = await listening(-1, 90, ({ cert }) =>
      writeFileSync(cert, `${readFileSync(cert, 'utf8')}\n${certPem}`),
    );
    expectProblem(report, 'listener edge', /certificate 2 did not sign certificate 1/, /leaf/);
  });

  it('that is for none of the hosts of a route is a warning', async () => {
    const { certFile, keyFile } = await testCertificate();
    const report = await listening(-1, 90, ({ cert, key }) => {
      copyFileSync(certFile, cert);
      copyFileSync(keyFile, key);
    });
    expect(about(report, 'host shop.example.test')).toEqual([]);
    const other = await examine(
      base({
        listeners: [
          { name: 'edge', address: '127.0.0.1:0', tls: { certificates: [{ cert: certFile, key: keyFile }] } },
        ],
        routes: [{ name: 'all', match: { host: 'deep.shop.example.test', path: '/*' }, filters: MOVED }],
      }),
    );
    expect(about(other, 'host deep.shop.example.test')[0]).toMatch(
      /^warning: no certificate of a listener is for it/,
    );
    expect(about(other, 'listener edge')[1]).toMatch(/^warning: .*which no browser knows by itself/);
  });
});

describe('an upstream', () => {
  it('that nobody listens for is a problem', async () => {
    const url = `http://127.0.0.1:${String(await freePort())}`;
    expectProblem(
      await examine(behind({ endpoints: [url] })),
      'upstream main',
      /nobody listens there/,
      /Start the service/,
    );
  });

  it('whose name does not resolve is a problem, once', async () => {
    const report = await examine(behind({ endpoints: ['http://no-such-name.invalid:80'] }));
    expectProblem(report, 'name no-such-name.invalid', /does not resolve/, /endpoints/);
  });

  it('whose packets are dropped is a problem after three seconds, and many of them after ten', async () => {
    const hole = await startBlackHole();
    const startedAt = performance.now();
    const upstreams = Object.fromEntries(
      Array.from({ length: 80 }, (_, at) => [`hole${String(at)}`, { endpoints: [hole.url] }]),
    );
    const routes = Object.keys(upstreams).map((name) => ({
      name,
      match: { path: `/${name}` },
      upstream: name,
    }));
    const report = await examine(base({ upstreams, routes }));
    await hole.close();
    expect(performance.now() - startedAt).toBeLessThan(10_000 + BUSY_MS);
    expect(about(report, 'upstream hole0, 127.0.0.1:' + String(hole.port))).toEqual([
      'problem: no answer within 3.0 s',
    ]);
    expect(report.findings.at(-1)).toMatchObject({
      level: 'warning',
      message: 'was not looked at: the time was up',
    });
    expect(report.status).toBe(1);
  }, 40_000);

  it('whose certificate is not trusted, is for another name, or is none at all is a problem with its way out', async () => {
    const certificate = await testCertificate();
    const tls = await opened(startUpstream((socket) => socket.end(), { tls: certificate }));
    const plain = await opened(startHttpUpstream());
    expectProblem(
      await examine(behind({ endpoints: [tls.url] })),
      'upstream main',
      /TLS failed: the authority is not known here/,
      /tls\.ca/,
    );
    expectProblem(
      await examine(
        behind({ endpoints: [tls.url], tls: { ca: certificate.caFile, serverName: 'other.test' } }),
      ),
      'upstream main',
      /TLS failed: the certificate is for other names/,
      /tls\.serverName/,
    );
    expectProblem(
      await examine(behind({ endpoints: [plain.url.replace('http:', 'https:')] })),
      'upstream main',
      /TLS failed: nobody speaks TLS on that port/,
      /http:\/\//,
    );
    const fine = await examine(behind({ endpoints: [tls.url], tls: { ca: certificate.caFile } }));
    expect(about(fine, 'upstream main')).toEqual([expect.stringMatching(/ms for TLS\)$/)]);
    const blind = await examine(behind({ endpoints: [tls.url], tls: { verify: false } }));
    expect(about(blind, 'upstream main')).toContain(
      'warning: the certificates of its endpoints are not verified (tls.verify: false)',
    );
    expect(blind.status).toBe(0);
    expectProblem(
      await examine(behind({ endpoints: [tls.url], tls: { ca: certificate.caFile }, protocol: 'http2' })),
      'upstream main',
      /does not offer HTTP\/2 by ALPN/,
      /protocol: auto/,
    );
  }, 60_000);

  it('whose list is a file is looked at through it', async () => {
    const upstream = await opened(startHttpUpstream());
    const file = path.join(dir, 'endpoints.json');
    writeFileSync(file, JSON.stringify([upstream.url]));
    expect(about(await examine(behind({ discovery: { file } })), 'upstream main')[0]).toContain(
      'takes connections',
    );
    writeFileSync(file, '[]');
    const report = await examine(behind({ discovery: { file } }));
    expect(about(report, 'upstream main')).toEqual([expect.stringMatching(/^warning: .* lists no endpoint/)]);
  });

  describeWithDnsmasq('that DNS finds', () => {
    it('is asked for at its own name server', async () => {
      await using dns = await startDnsmasq(['--host-record=here.test,127.0.0.7,10']);
      const discovery = (name: string): object => ({
        discovery: { dns: { name, port: 80, servers: [dns.server] } },
      });
      const found = await examine(behind(discovery('here.test')));
      expect(about(found, 'upstream main')).toEqual([
        expect.stringMatching(/^ok: resolves to 127\.0\.0\.7:80/),
      ]);
      expectProblem(
        await examine(behind(discovery('gone.test'))),
        'upstream main',
        /no such name/,
        /discovery/,
      );
    });
  });
});

describe('the keys of an issuer', () => {
  const guarded = (jwksUrl: string): object =>
    alone({
      routes: [
        {
          name: 'all',
          match: { path: '/*' },
          filters: [{ 'jwt-auth': { jwksUrl, algorithms: ['ES256'] } }, ...MOVED],
        },
      ],
    });

  it('that cannot be fetched are a problem', async () => {
    const port = String(await freePort());
    const report = await examine(guarded(`http://127.0.0.1:${port}/keys?secret=1`));
    expectProblem(
      report,
      `keys of 127.0.0.1:${port}`,
      /^http:\/\/127\.0\.0\.1:\d+\/keys cannot be fetched: .*ECONNREFUSED/,
      /503/,
    );
  });

  it('are counted, and the clock of the issuer is compared with ours', async () => {
    const issuer = await opened(
      startHttpUpstream((_request, response) => {
        response.setHeader('date', new Date(Date.now() - 600_000).toUTCString());
        response.end(JSON.stringify({ keys: [{ kty: 'EC' }] }));
      }),
    );
    const report = await examine(guarded(`${issuer.url}/keys`));
    expect(about(report, `keys of 127.0.0.1:${String(issuer.port)}`)).toEqual([
      'ok: 1 key',
      expect.stringMatching(/^warning: the issuer's clock differs from ours by -(59\d|60\d) s$/),
    ]);
    expect(report.status).toBe(0);
  });
});
