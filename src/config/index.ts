/** Owns what the rest of Torus may use of config: everything else in this folder is its own business. */
export { DEFAULT_FILES, describeReadError, readConfigText, TEXT_NAME } from './config-source.js';
export { availableCpus } from './available-cpus.js';
export { formatProblem } from './config-report.js';
export { diffSnapshots, type ConfigChange } from './diff/snapshot-diff.js';
export { defineConfig } from './define-config.js';
export { readEndpointFile, watchEndpointFile, type EndpointFile } from './endpoint-file.js';
export { readEnvironment } from './environment.js';
export { ENVIRONMENT_VARIABLES, type EnvironmentVariable } from './environment-variables.js';
export { fileDescriptorLimit } from './file-descriptor-limit.js';
export {
  makePrivateFolder,
  openPrivateFile,
  readAndRemove,
  removeFolder,
  writePrivateFile,
} from './private-file.js';
export { installationOf, type Installation } from './installation.js';
export { configJsonSchema, type JsonSchema } from './json-schema.js';
export { inputFactsOf, readHostFacts, type HostFacts } from './host-facts.js';
export { InputWatch } from './input-watch.js';
export { loadConfig, type LoadRequest, type LoadResult } from './load-config.js';
export { parseAdminAddress, type AdminAddress } from './parse/admin-address.js';
export { parseDuration } from './parse/duration.js';
export { redactSnapshot } from './redact-snapshot.js';
export { removeFile } from './remove-file.js';
export type { TorusConfig } from './schema/document.js';
