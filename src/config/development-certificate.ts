/** Owns the self-signed certificate that `torus dev` serves with: made once, kept in `certs/`, never committed. */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface DevelopmentCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** False when there was one already. */
  readonly created: boolean;
}

const LIFETIME_MS = 365 * 24 * 60 * 60 * 1000;
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Uses the certificate in `folder`, or makes one for localhost. `now` is the wall clock. Rejects when it cannot be written. */
export const ensureDevelopmentCertificate = async (
  folder: string,
  now: () => number = Date.now,
): Promise<DevelopmentCertificate> => {
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  if ((await exists(files.certFile)) && (await exists(files.keyFile))) return { ...files, created: false };
  const pems = await selfSign(now());
  await mkdir(folder, { recursive: true });
  await writeFile(files.keyFile, pems.private, { mode: 0o600 });
  await writeFile(files.certFile, pems.cert, { mode: 0o644 });
  return { ...files, created: true };
};

const selfSign = (nowMs: number): Promise<{ readonly private: string; readonly cert: string }> =>
  generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - 60_000),
    notAfterDate: new Date(nowMs + LIFETIME_MS),
    extensions: [
      // Signs itself only: clients that are handed this certificate trust it and nothing it could issue.
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: DNS_NAME, value: 'localhost' },
          { type: IP_ADDRESS, ip: '127.0.0.1' },
          { type: IP_ADDRESS, ip: '::1' },
        ],
      },
    ],
  });

const exists = async (file: string): Promise<boolean> => {
  try {
    await stat(file);
    return true;
  } catch {
    return false;
  }
};
