/** Owns what a peer is, and the part of starting one that all share: a folder, two ports, a child, waiting until it listens. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Child } from '../processes/child-processes.mjs';
import { freePort, waitForPorts } from '../processes/ports.mjs';

/**
 * @typedef {object} Stage what every peer is given, the same for all
 * @property {string} scratch folder that is removed at the end
 * @property {import('../fixtures/upstream.mjs').Upstream} upstream
 * @property {import('../fixtures/certificate.mjs').Certificate} certificate
 *
 * @typedef {{ http: number, https: number }} Ports
 * @typedef {{ ports: Ports, rootPid: number, stop: () => Promise<void>, tail: () => string }} Instance a running peer
 * @typedef {{ version: string } | { missing: string }} Found
 *
 * @typedef {object} Peer
 * @property {string} name as in the report
 * @property {string} product what the version is of
 * @property {() => Promise<Found>} find is it there, and which version; says why not otherwise
 * @property {(stage: Stage) => Promise<Instance>} start one worker, access log off, kept-alive upstream connections
 *
 * @typedef {object} Launch how one peer differs from the others
 * @property {string} name
 * @property {string} command
 * @property {(folder: string) => readonly string[]} args
 * @property {(folder: string, ports: Ports) => Record<string, string>} files name -> text, written into the folder
 * @property {Record<string, string>} [env]
 */

/** @param {Stage} stage @param {Launch} launch @returns {Promise<Instance>} */
export const launch = async (stage, { name, command, args, files, env = {} }) => {
  const folder = mkdtempSync(path.join(stage.scratch, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}-`));
  const ports = { http: await freePort(), https: await freePort() };
  for (const [file, text] of Object.entries(files(folder, ports)))
    writeFileSync(path.join(folder, file), text, { mode: 0o600 });
  const logFile = path.join(folder, 'log');
  // Homes are private, so that no peer reads or leaves anything in the one of the user.
  const child = new Child({
    name,
    command,
    args: args(folder),
    env: { HOME: folder, ...env },
    cwd: folder,
    logFile,
  });
  const stop = () => child.stop();
  try {
    await waitForPorts(child, Object.values(ports));
  } catch (error) {
    await stop();
    throw error;
  }
  return { ports, rootPid: child.pid, stop, tail: () => child.tail() };
};

/**
 * Asks a program for its version.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RegExp} pattern its first group is the version
 * @returns {Found}
 */
export const findProgram = (command, args, pattern) => {
  const { error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  if (error !== undefined)
    return { missing: `${command} is not installed (Debian: apt-get install ${command})` };
  return { version: pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown' };
};
