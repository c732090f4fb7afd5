/** Every configuration shipped as an example or in a manifest passes `torus check`. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';
import { ENTRY, makeTempDir, testCertificate } from '../support/index.js';

const ROOT = path.resolve(__dirname, '../..');

const check = (file: string): { status: number | null; output: string } => {
  const env = { PATH: process.env['PATH'] ?? '', JWT_SECRET: 'only-for-tests-'.repeat(5) };
  const args = [ENTRY, 'check', '--config', file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: path.dirname(file),
    env,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
};

/** The ConfigMap's file, with the certificate paths of the pod replaced by ones that exist here. */
const configMapFile = (manifest: string): string => {
  const documents = parseAllDocuments(readFileSync(manifest, 'utf8')).map(
    (document) => document.toJS() as Manifest,
  );
  const text = documents.find(({ kind }) => kind === 'ConfigMap')?.data?.['torus.yaml'];
  if (text === undefined) throw new Error(`${manifest} holds no torus.yaml`);
  return text
    .replace('/etc/torus/tls/tls.crt', '../certs/cert.pem')
    .replace('/etc/torus/tls/tls.key', '../certs/key.pem');
};

interface Manifest {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
}

describe('shipped configurations', () => {
  let dir: string;

  beforeAll(async () => {
    dir = makeTempDir('examples');
    const certificate = await testCertificate();
    mkdirSync(path.join(dir, 'certs'));
    cpSync(certificate.certFile, path.join(dir, 'certs/cert.pem'));
    cpSync(certificate.keyFile, path.join(dir, 'certs/key.pem'));
    cpSync(path.join(ROOT, 'examples'), path.join(dir, 'examples'), { recursive: true });
    writeFileSync(
      path.join(dir, 'examples/kubernetes.yaml'),
      configMapFile(path.join(ROOT, 'deploy/kubernetes/torus.yaml')),
    );
  });

  it('are all valid', () => {
    const files = readdirSync(path.join(dir, 'examples')).filter((name) => name.endsWith('.yaml'));
    expect(files.length).toBeGreaterThanOrEqual(3);
    const results = files.map((name) => ({ name, ...check(path.join(dir, 'examples', name)) }));
    expect(results.filter(({ status }) => status !== 0)).toEqual([]);
  });
});
