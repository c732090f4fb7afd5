/** Owns the proxies that come from npm: exact versions, installed when first wanted, outside the project's own packages. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const VERSIONS = { 'http-proxy': '1.18.1', fastify: '5.12.8', '@fastify/http-proxy': '11.6.3' };
const INSTALL_TIMEOUT_MS = 300_000;

/** Ignored by git, and kept from run to run. */
export const packagesFolder = path.resolve(import.meta.dirname, '../../.cache/bench-peers');
const manifest = path.join(packagesFolder, 'package.json');

/** @param {string} name @returns {string | undefined} */
const installedVersion = (name) => {
  try {
    return JSON.parse(readFileSync(path.join(packagesFolder, 'node_modules', name, 'package.json'), 'utf8'))
      .version;
  } catch {
    return undefined;
  }
};

const install = () => {
  mkdirSync(packagesFolder, { recursive: true });
  writeFileSync(manifest, JSON.stringify({ private: true, dependencies: VERSIONS }, null, 2));
  const { status, error } = spawnSync('npm install --no-audit --no-fund --no-package-lock', {
    cwd: packagesFolder,
    shell: true,
    encoding: 'utf8',
    timeout: INSTALL_TIMEOUT_MS,
  });
  return status === 0 && error === undefined;
};

/** @type {boolean | undefined} */
let installed;
const allThere = () =>
  Object.entries(VERSIONS).every(([name, version]) => installedVersion(name) === version);

/** @param {string} name @returns {import('./peer.mjs').Found} */
export const findPackage = (name) => {
  installed ??= allThere() || install();
  const version = installedVersion(name);
  return version === undefined ? { missing: `npm could not install ${name}` } : { version };
};

/** Loads a package from there. @param {string} name @returns {any} */
export const loadPackage = (name) => createRequire(manifest)(name);
