/** Owns the reading of a JSON Web Key Set from a file (RFC 7517): its usable public keys and the algorithms they fit. */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { JwtAlgorithm } from '../../contracts/config.js';
import { isRecord, type ConfigPath } from '../config-path.js';
import { loadFile, type CompileContext, type LoadedFile } from './compile-context.js';
import { algorithmsFor, type KeyFit } from './key-algorithms.js';

export interface KeySetFile {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
  readonly file: string;
  readonly shown: string;
  /** Everything that at least one key fits. */
  readonly algorithms: readonly JwtAlgorithm[];
  /** What to use unless told otherwise: the first choice of each key. */
  readonly preferred: readonly JwtAlgorithm[];
}

/** Members of private keys (RFC 7518 section 6): they never enter the snapshot. */
const PRIVATE_MEMBERS = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']);

/** Undefined once a problem is reported. Keys that cannot verify are left out with a warning. */
export function loadKeySet(name: string, path: ConfigPath, context: CompileContext): KeySetFile | undefined {
  const loaded = loadFile(name, 'JWKS file', path, context);
  if (loaded === undefined) return undefined;
  const entries = parseKeySet(loaded.text);
  if (entries === undefined) {
    context.report.error(path, `JWKS file ${loaded.shown} is not a JSON Web Key Set: { "keys": [ ... ] }`);
    return undefined;
  }
  const usable = entries.flatMap((entry, index) => usableKey(entry, { index, loaded, path, context }));
  if (usable.length > 0) return summarise(usable, loaded);
  context.report.error(path, `JWKS file ${loaded.shown} holds no key that can verify tokens`);
  return undefined;
}

function parseKeySet(text: string): readonly unknown[] | undefined {
  try {
    const document = JSON.parse(text) as unknown;
    return isRecord(document) && Array.isArray(document['keys']) ? document['keys'] : undefined;
  } catch {
    // The parser quotes the text; the caller names the file instead.
    return undefined;
  }
}

interface UsableKey {
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly algorithms: readonly JwtAlgorithm[];
}

interface Place {
  readonly index: number;
  readonly loaded: LoadedFile;
  readonly path: ConfigPath;
  readonly context: CompileContext;
}

function usableKey(entry: unknown, place: Place): readonly UsableKey[] {
  if (isRecord(entry) && entry['use'] === 'enc') return [];
  const warn = (message: string): void => {
    place.context.report.warn(
      place.path,
      `JWKS file ${place.loaded.shown}: key ${String(place.index)} ${message}`,
    );
  };
  if (!isRecord(entry) || entry['kty'] === 'oct') {
    warn(
      isRecord(entry)
        ? 'is a shared secret and is left out: use `secret`'
        : 'is not an object and is left out',
    );
    return [];
  }
  const publicPart = Object.fromEntries(
    Object.entries(entry).filter(([member]) => !PRIVATE_MEMBERS.has(member)),
  );
  if ('d' in entry) warn('is a private key: only its public half is used, keep the rest away');
  const fit = fitOf(publicPart);
  if (fit.ok) return [{ jwk: publicPart, algorithms: narrowed(fit.algorithms, publicPart['alg']) }];
  warn(`${fit.message} and is left out`);
  return [];
}

function fitOf(jwk: Record<string, unknown>): KeyFit {
  try {
    return algorithmsFor(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }));
  } catch {
    return { ok: false, message: 'cannot be read' };
  }
}

/** A key that names its algorithm is for that one only. */
function narrowed(algorithms: readonly JwtAlgorithm[], named: unknown): readonly JwtAlgorithm[] {
  return typeof named === 'string' ? algorithms.filter((algorithm) => algorithm === named) : algorithms;
}

function summarise(usable: readonly UsableKey[], loaded: LoadedFile): KeySetFile {
  return {
    keys: usable.map((key) => key.jwk),
    file: loaded.file,
    shown: loaded.shown,
    algorithms: [...new Set(usable.flatMap((key) => key.algorithms))],
    preferred: [...new Set(usable.flatMap((key) => key.algorithms.slice(0, 1)))],
  };
}
