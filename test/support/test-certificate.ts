/** A certificate authority of the test run, and a certificate it signed for localhost, 127.0.0.1, ::1 and *.example.test. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from 'selfsigned';
import { makeTempDir } from './temp-dir.js';

export interface TestCertificate {
  /** To trust, as `ca`. */
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Makes a CA and a leaf for these names. Takes some ten milliseconds. */
export const makeCertificate = async (
  names: readonly string[] = ['localhost', '*.example.test'],
  addresses: readonly string[] = ['127.0.0.1', '::1'],
): Promise<TestCertificate> => {
  const ca = await generate([{ name: 'commonName', value: 'Torus test authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: names[0] ?? addresses[0] ?? 'test' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          ...names.map((value) => ({ type: DNS_NAME, value }) as const),
          ...addresses.map((ip) => ({ type: IP_ADDRESS, ip }) as const),
        ],
      },
    ],
  });
  return {
    caPem: ca.cert,
    certPem: leaf.cert,
    keyPem: leaf.private,
    ...store(ca.cert, leaf.cert, leaf.private),
  };
};

const store = (
  ca: string,
  cert: string,
  key: string,
): Pick<TestCertificate, 'caFile' | 'certFile' | 'keyFile'> => {
  const dir = makeTempDir('certs');
  const put = (name: string, text: string): string => {
    const file = path.join(dir, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return { caFile: put('ca.pem', ca), certFile: put('cert.pem', cert), keyFile: put('key.pem', key) };
};

let shared: Promise<TestCertificate> | undefined;

/** The one certificate that all tests of a file share. */
export const testCertificate = (): Promise<TestCertificate> => (shared ??= makeCertificate());
