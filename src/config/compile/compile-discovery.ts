/** Owns the step from `discovery` as written to the source that is asked. */
import { resolve } from 'node:path';
import type { DiscoveryConfig } from '../../contracts/upstream-config.js';
import type { ConfigPath } from '../config-path.js';
import { displayPath } from '../config-source.js';
import { readEndpointFile } from '../endpoint-file.js';
import type { DiscoveryDocument } from '../schema/upstream/discovery-schema.js';
import type { CompileContext } from './compile-context.js';

const DEFAULT_PORT = { http: 80, https: 443 } as const;

export function compileDiscovery(
  discovery: DiscoveryDocument | undefined,
  path: ConfigPath,
  context: CompileContext,
): DiscoveryConfig | undefined {
  if (discovery?.file !== undefined) return compileFile(discovery.file, [...path, 'file'], context);
  const dns = discovery?.dns;
  if (dns === undefined) return undefined;
  return {
    kind: 'dns',
    name: dns.name,
    records: dns.type,
    scheme: dns.scheme,
    port: dns.port ?? DEFAULT_PORT[dns.scheme],
    servers: dns.servers,
    timeoutMs: dns.timeout,
    minTtlMs: dns.minTtl,
    maxTtlMs: dns.maxTtl,
    keepOnEmptyMs: dns.keepOnEmpty,
  };
}

/** What is wrong with the file is a warning: it may be mended, and must not keep an instance from starting. */
function compileFile(name: string, path: ConfigPath, context: CompileContext): DiscoveryConfig {
  const file = resolve(context.directory, name);
  const shown = displayPath(file, context.cwd);
  const content = readEndpointFile(file);
  if (!content.ok)
    for (const problem of content.problems)
      context.report.warn(path, `endpoint file ${shown}${problem}: there is no endpoint until it is right`);
  return { kind: 'file', file, shown };
}
