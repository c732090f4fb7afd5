/** Owns the reading of a JWT public key from PEM: a public key, a certificate, or the public half of a private key. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { ConfigPath } from '../config-path.js';
import { parseCertificates, warnOfValidity } from './certificates.js';
import { loadFile, type CompileContext, type LoadedFile } from './compile-context.js';
import { algorithmsFor, type KeyFit } from './key-algorithms.js';

export interface PublicKeyFile {
  /** SubjectPublicKeyInfo, whatever the file held: a private key never enters the snapshot. */
  readonly pem: string;
  readonly file: string;
  readonly shown: string;
  readonly fit: Extract<KeyFit, { ok: true }>;
}

/** Undefined once a problem is reported. */
export function loadPublicKey(
  name: string,
  path: ConfigPath,
  context: CompileContext,
): PublicKeyFile | undefined {
  const loaded = loadFile(name, 'public key file', path, context);
  const key = loaded && readKey(loaded, path, context);
  if (!loaded || !key) return undefined;
  const fit = algorithmsFor(key);
  if (!fit.ok) {
    context.report.error(path, `public key file ${loaded.shown} ${fit.message}`);
    return undefined;
  }
  return {
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
    file: loaded.file,
    shown: loaded.shown,
    fit,
  };
}

function readKey(loaded: LoadedFile, path: ConfigPath, context: CompileContext): KeyObject | undefined {
  try {
    if (/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(loaded.text))
      return fromCertificate(loaded, path, context);
    if (!/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(loaded.text)) return createPublicKey(loaded.text);
    const key = createPublicKey(createPrivateKey(loaded.text));
    context.report.warn(
      path,
      `public key file ${loaded.shown} holds a private key: verifying needs the public half only, keep the rest away`,
    );
    return key;
  } catch {
    // The reason is an OpenSSL code that helps nobody, and must not quote the key.
    context.report.error(
      path,
      `public key file ${loaded.shown} holds no key or certificate in PEM form that can be read`,
    );
    return undefined;
  }
}

function fromCertificate(loaded: LoadedFile, path: ConfigPath, context: CompileContext): KeyObject {
  const certificate = parseCertificates(loaded.text)?.[0];
  if (certificate === undefined) throw new Error('no readable certificate');
  warnOfValidity(certificate, loaded.shown, path, context);
  return certificate.publicKey;
}
