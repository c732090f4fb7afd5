/** The black-box test of the cluster article: kill a worker, see it come back, shut down by IPC, exit with 0. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { makeTempDir } from '../support/temp-dir.js';

/** As the article's pipeline made it. */
const generateDummyCertificates = (dir: string): void => {
  const certs = path.join(dir, 'certs');
  fs.mkdirSync(certs);
  const files = ['-keyout', path.join(certs, 'key.pem'), '-out', path.join(certs, 'cert.pem')];
  const args = ['req', '-nodes', '-new', '-x509', ...files, '-days', '365', '-subj', '/CN=localhost'];
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl failed: ${stderr}`);
};

describe('the cluster, seen from outside', () => {
  let masterProcess: ChildProcess;

  afterEach(() => {
    if (masterProcess.exitCode === null) masterProcess.kill('SIGKILL');
  });

  it('resurrects an assassinated worker and exits with 0 after an IPC shutdown', async () => {
    const workDir = makeTempDir('black-box');
    generateDummyCertificates(workDir);
    const entryPoint = path.resolve(__dirname, '../../dist/index.js');
    const envPath = path.resolve(workDir, '.env');
    const nodeArgs = fs.existsSync(envPath) ? ['--env-file=.env', entryPoint] : [entryPoint];

    await new Promise<void>((resolve, reject) => {
      let targetWorkerPid: number | undefined;
      let workerResurrected = false;
      let shutdownInitiated = false;
      let everything = '';

      masterProcess = spawn('node', nodeArgs, {
        stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
        cwd: workDir,
        env: {
          ...process.env,
          JWT_SECRET: 'dummy_test_secret_for_ci_pipeline_only',
          // The article's proxy had its ports and its upstream built in.
          PORT: '0',
          TORUS_UPSTREAM: 'http://127.0.0.1:9',
          TORUS_ADMIN: '127.0.0.1:0',
        },
      });
      masterProcess.stderr!.on('data', (data: Buffer) => (everything += data.toString()));
      masterProcess.stdout!.on('data', (data: Buffer) => {
        const output = data.toString();
        everything += output;
        if (!targetWorkerPid && output.includes('listening for Secure HTTPS traffic')) {
          const match = /Worker\s+(\d+)\s+listening/.exec(output);
          if (match) {
            targetWorkerPid = parseInt(match[1]!, 10);
            process.kill(targetWorkerPid, 'SIGKILL'); // instant, uninterceptable death
          }
        }
        if (targetWorkerPid && output.includes('crashed. Forking a replacement') && !workerResurrected) {
          workerResurrected = true;
          // Half a second to stabilise, as the article gave it: the replacement may be anywhere in its start by then.
          setTimeout(() => masterProcess.send({ type: 'TEST_SHUTDOWN' }), 500);
        }
        if (output.includes('Broadcasting shutdown to workers')) shutdownInitiated = true;
      });
      masterProcess.on('error', reject);
      masterProcess.on('close', (code) => {
        try {
          expect({ workerResurrected, shutdownInitiated, code }).toEqual({
            workerResurrected: true, // the cluster healed itself
            shutdownInitiated: true, // the broadcast went out
            code: 0, // the primary left cleanly
          });
          resolve();
        } catch (error) {
          reject(new Error(`${String(error)}\n${everything}`));
        }
      });
    });
  });
});
