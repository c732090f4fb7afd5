/** The tour of the README, run line by line with a real nginx, on ports of its own. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeWithNginx, freePort, makeTempDir, testCertificate } from '../support/index.js';

const ROOT = path.resolve(__dirname, '../..');

/** The tour stops Torus itself; this is for a tour that breaks off. */
const KILL_AT_EXIT = "trap 'kill -KILL ${TORUS:-} 2>/dev/null || true' EXIT\n";

/** What the tour itself does at its end, for the case that it did not get there. */
const STOP = 'nginx -p "$PWD" -c "$PWD/examples/tour-nginx.conf" -s stop';

function tourOfReadme(): string {
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const block = /<!-- tour:begin -->\n```sh\n([\s\S]*?)```\n<!-- tour:end -->/.exec(readme)?.[1];
  if (block === undefined) throw new Error('the README has no tour');
  return block;
}

function run(script: string, cwd: string): Promise<{ code: number | null; output: string }> {
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 40_000,
  });
  let output = '';
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.on('data', (piece: Buffer) => {
      output += piece.toString();
    });
  }
  return new Promise((resolve) => {
    // Not 'close': what the script left running in the background holds the pipes open.
    shell.on('exit', (code) => {
      shell.stdout.destroy();
      shell.stderr.destroy();
      resolve({ code, output });
    });
  });
}

describeWithNginx('the tour of the README', () => {
  it('works line by line', async () => {
    const dir = makeTempDir('tour');
    const ports = { '8443': await freePort(), '9000': await freePort(), '9901': await freePort() };
    const onOwnPorts = (text: string): string =>
      Object.entries(ports).reduce((changed, [from, to]) => changed.replaceAll(from, String(to)), text);
    const certificate = await testCertificate();
    mkdirSync(path.join(dir, 'certs'));
    cpSync(certificate.caFile, path.join(dir, 'certs/ca.pem'));
    cpSync(certificate.certFile, path.join(dir, 'certs/cert.pem'));
    cpSync(certificate.keyFile, path.join(dir, 'certs/key.pem'));
    for (const name of ['dist', 'package.json']) symlinkSync(path.join(ROOT, name), path.join(dir, name));
    mkdirSync(path.join(dir, 'examples'));
    for (const name of readdirSync(path.join(ROOT, 'examples'))) {
      const text = readFileSync(path.join(ROOT, 'examples', name), 'utf8').replaceAll(
        '/tmp/torus-tour',
        `${dir}/nginx`,
      );
      writeFileSync(path.join(dir, 'examples', name), onOwnPorts(text));
    }
    // The test certificate is signed by a CA; the one of `npm start` signs itself.
    const script = onOwnPorts(tourOfReadme()).replaceAll(
      '--cacert certs/cert.pem',
      '--silent --show-error --cacert certs/ca.pem',
    );
    const { code, output } = await run(`${KILL_AT_EXIT}${script}`, dir);
    if (code !== 0) await run(onOwnPorts(STOP), dir);
    expect(output).toContain('hello from nginx\n');
    expect(output).toContain('downstream.filter.unauthenticated');
    expect(output).toContain('hello alice, you asked for /v1/me\n');
    expect(output).not.toContain('mallory');
    expect(output).toContain('The request path is ambiguous');
    expect(output).toMatch(/torus_http_requests_total\{[^}]*route="api"[^}]*\} 1\n/);
    expect(output).toContain('All workers stopped. Primary exiting with code 0.');
    expect({ code, output }).toMatchObject({ code: 0 });
  }, 60_000);
});
