/** Owns what the config tests start from: a folder with a configuration in it, and key material made on the spot. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { generate } from 'selfsigned';
import { formatProblem, loadConfig, type LoadRequest, type LoadResult } from '../../../src/config/index.js';
import type { ConfigSnapshot } from '../../../src/contracts/config.js';

/** 2030-01-01: certificates made here are valid around it. */
export const NOW = Date.UTC(2030, 0, 1);
const DAY = 86_400_000;

export const SECRET = 'not-a-real-secret-but-long-enough-for-hs256';

/** A temporary working directory; `dispose` removes it. */
export class Workspace {
  readonly cwd = mkdtempSync(join(tmpdir(), 'torus-config-'));

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.cwd, name)), { recursive: true });
    writeFileSync(join(this.cwd, name), text);
  }

  async writeCertificate(directory = 'certs', validForDays = 30): Promise<void> {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      curve: 'P-256',
      notBeforeDate: new Date(NOW - 60 * DAY),
      notAfterDate: new Date(NOW + validForDays * DAY),
    });
    this.write(`${directory}/cert.pem`, cert);
    this.write(`${directory}/key.pem`, key);
  }

  load(request: Partial<LoadRequest> = {}): Promise<LoadResult> {
    return loadConfig({ cwd: this.cwd, env: {}, now: () => NOW, ...request });
  }

  /** Loads `text` as torus.yaml. */
  yaml(text: string, env: NodeJS.ProcessEnv = {}): Promise<LoadResult> {
    this.write('torus.yaml', text);
    return this.load({ env });
  }

  dispose(): void {
    rmSync(this.cwd, { recursive: true, force: true });
  }
}

/** A file with a plain listener, one upstream `users` and the given lines of one route, indented for the list item. */
export function withRoute(...lines: readonly string[]): string {
  return withRoutes([lines.length === 0 ? ['match: { path: /* }'] : lines]);
}

/** As `withRoute`; the routes are named r0, r1 ... and use upstream `users`. */
export function withRoutes(routes: readonly (readonly string[])[]): string {
  const entries = routes.map((lines, index) => [
    `  - name: r${index}`,
    '    upstream: users',
    ...lines.map((line) => `    ${line}`),
  ]);
  return [
    'listeners: [{ name: plain, address: "127.0.0.1:0" }]',
    'upstreams: { users: { endpoints: ["http://127.0.0.1:9000"] } }',
    'routes:',
    ...entries.flat(),
    '',
  ].join('\n');
}

export function snapshotOf(result: LoadResult): ConfigSnapshot {
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.snapshot;
}

/** Errors as people see them; empty when the configuration is good. */
export const errorsOf = (result: LoadResult): string[] =>
  result.ok ? [] : result.problems.filter((problem) => problem.severity === 'error').map(formatProblem);

export const warningsOf = (result: LoadResult): string[] =>
  (result.ok ? result.warnings : result.problems.filter((problem) => problem.severity === 'warning')).map(
    formatProblem,
  );

export function rsaKey(modulusLength = 2048): {
  publicPem: string;
  privatePem: string;
  jwk: Record<string, unknown>;
} {
  return exported(generateKeyPairSync('rsa', { modulusLength }));
}

export function ecKey(namedCurve = 'P-256'): {
  publicPem: string;
  privatePem: string;
  jwk: Record<string, unknown>;
} {
  return exported(generateKeyPairSync('ec', { namedCurve }));
}

export function exported({ publicKey, privateKey }: ReturnType<typeof generateKeyPairSync>) {
  return {
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    jwk: privateKey.export({ format: 'jwk' }) as Record<string, unknown>,
  };
}
