/** Owns the checks of TLS material: that it can be read, fits together and is still valid. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { CertificateConfig } from '../../contracts/config.js';
import type { ConfigPath } from '../config-path.js';
import { loadFile, type CompileContext, type LoadedFile } from './compile-context.js';

/** A certificate with its key, or undefined once a problem is reported. */
export function loadCertificate(
  files: { readonly cert: string; readonly key: string },
  path: ConfigPath,
  context: CompileContext,
): CertificateConfig | undefined {
  const certFile = loadFile(files.cert, 'certificate file', [...path, 'cert'], context);
  const keyFile = loadFile(files.key, 'key file', [...path, 'key'], context);
  const certificate = certFile && readCertificate(certFile, [...path, 'cert'], context);
  const key = keyFile && readPrivateKey(keyFile, [...path, 'key'], context);
  if (!certFile || !keyFile || !certificate || !key) return undefined;
  if (!certificate.checkPrivateKey(key)) {
    context.report.error(
      [...path, 'key'],
      `key file ${keyFile.shown} does not belong to certificate file ${certFile.shown}`,
    );
    return undefined;
  }
  return { certPem: certFile.text, keyPem: keyFile.text, certFile: certFile.file };
}

function readCertificate(
  loaded: LoadedFile,
  path: ConfigPath,
  context: CompileContext,
): X509Certificate | undefined {
  const certificate = parseCertificates(loaded.text)?.[0];
  if (certificate === undefined) {
    context.report.error(
      path,
      `certificate file ${loaded.shown} holds no certificate in PEM form that can be read`,
    );
    return undefined;
  }
  warnOfValidity(certificate, loaded.shown, path, context);
  return certificate;
}

/** Every certificate in the text; undefined when there is none or one cannot be read. */
export function parseCertificates(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(
    /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g,
  );
  if (blocks === null) return undefined;
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    // The reason is an OpenSSL code that helps nobody; the caller names the file.
    return undefined;
  }
}

/** Out-of-date certificates still let Torus start: clients decide, and a restart at night must not fail. */
export function warnOfValidity(
  certificate: X509Certificate,
  shown: string,
  path: ConfigPath,
  context: CompileContext,
): void {
  if (Date.parse(certificate.validTo) < context.nowMs) {
    context.report.warn(path, `certificate file ${shown} expired on ${certificate.validTo}`);
  } else if (Date.parse(certificate.validFrom) > context.nowMs) {
    context.report.warn(path, `certificate file ${shown} is not valid before ${certificate.validFrom}`);
  }
}

function readPrivateKey(
  loaded: LoadedFile,
  path: ConfigPath,
  context: CompileContext,
): KeyObject | undefined {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(loaded.text)) {
    context.report.error(path, `key file ${loaded.shown} is encrypted with a passphrase: decrypt it first`);
    return undefined;
  }
  try {
    return createPrivateKey(loaded.text);
  } catch {
    // The reason is an OpenSSL code that helps nobody, and must not quote the key.
    context.report.error(path, `key file ${loaded.shown} holds no private key in PEM form that can be read`);
    return undefined;
  }
}
