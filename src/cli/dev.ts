/** Owns `torus dev`: everything that is needed to see Torus work, made on the spot. */
import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import { ensureDevelopmentCertificate } from '../config/development-certificate.js';
import { readEnvironment } from '../config/index.js';
import type { BoundListener, ConfigSnapshot } from '../contracts/config.js';
import { runPrimary } from '../server/primary/run-primary.js';
import { startEchoUpstream } from './echo-upstream.js';
import { isPortFree } from './free-port.js';
import type { Output } from './output.js';
import { loadOrExplain } from './load-or-explain.js';
import type { RunRequest } from './run.js';
import { signToken } from './token.js';

const DEFAULT_PORT = 8443;
const SECRET_BYTES = 32;

/** Serves until told to stop. Returns the exit code. */
export const dev = async ({ file, cwd, entry }: RunRequest, output: Output): Promise<number> => {
  const certificate = await ensureDevelopmentCertificate(join(cwd, 'certs'));
  if (certificate.created)
    output.line(`Made a self-signed certificate: ${relative(cwd, certificate.certFile)}`);
  const echo = await startEchoUpstream();
  try {
    const env = await developmentEnvironment(readEnvironment(cwd), echo.url, output);
    const { snapshot } = await loadOrExplain(() => ({ file, cwd, env }));
    if (snapshot === undefined) return 1;
    return await runPrimary({
      snapshot,
      entry,
      onAllReady: (listeners) =>
        printWelcome({ listeners, snapshot, output, certFile: relative(cwd, certificate.certFile) }),
    });
  } finally {
    echo.close();
  }
};

const developmentEnvironment = async (
  env: NodeJS.ProcessEnv,
  echoUrl: string,
  output: Output,
): Promise<NodeJS.ProcessEnv> => ({
  TORUS_LOG_FORMAT: 'pretty',
  TORUS_UPSTREAM: echoUrl,
  PORT: env['PORT'] ?? (await choosePort(env['HOST'], output)),
  ...env,
  JWT_SECRET: present(env['JWT_SECRET']) ?? randomBytes(SECRET_BYTES).toString('hex'),
});

const choosePort = async (host: string | undefined, output: Output): Promise<string> => {
  if (await isPortFree(present(host) ?? '0.0.0.0', DEFAULT_PORT)) return String(DEFAULT_PORT);
  output.line(`Port ${DEFAULT_PORT} is taken: a free one is used instead.`);
  return '0';
};

const present = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

interface Welcome {
  readonly listeners: readonly BoundListener[];
  readonly snapshot: ConfigSnapshot;
  readonly output: Output;
  readonly certFile: string;
}

const printWelcome = ({ listeners, snapshot, output, certFile }: Welcome): void => {
  const listener = listeners.find(({ tls }) => tls) ?? listeners[0];
  if (listener === undefined) return;
  const url = `${listener.tls ? 'https' : 'http'}://localhost:${listener.port}`;
  const token = tokenFor(snapshot);
  const trust = listener.tls ? ` --cacert ${certFile}` : '';
  const bearer = token === undefined ? '' : ` -H "Authorization: Bearer ${token}"`;
  output.line(`\nTorus is ready: ${url}`);
  if (token !== undefined) output.line(`Token (24 h): ${token}`);
  output.line(`Try it:\n\n  curl${trust}${bearer} ${url}/hello\n`);
};

/** A token that the first route with a shared secret accepts; undefined when no route has one. */
const tokenFor = (snapshot: ConfigSnapshot): string | undefined => {
  for (const filter of snapshot.routes.flatMap((route) => route.filters)) {
    if (filter.name !== 'jwt-auth' || filter.options.key.kind !== 'secret') continue;
    const algorithm = filter.options.algorithms.find(
      (name) => name === 'HS256' || name === 'HS384' || name === 'HS512',
    );
    if (algorithm === undefined) continue;
    const request = { subject: 'developer', claims: {}, scope: undefined, expires: '24h' };
    return signToken(request, filter.options.key.secret, algorithm);
  }
  return undefined;
};
