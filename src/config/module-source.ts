/** Owns the reading of configuration written as code: the default export of a JavaScript or TypeScript module. */
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export type ModuleResult =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

const isTypeScript = (file: string): boolean => /\.[cm]?ts$/.test(file);
const canStripTypes = (): boolean =>
  Boolean((process.features as { readonly typescript?: unknown }).typescript);

/** Imports the module anew when the file has changed, and takes plain data from it. */
export async function importConfig(file: string): Promise<ModuleResult> {
  if (isTypeScript(file) && !canStripTypes()) {
    return {
      ok: false,
      message: `a TypeScript configuration needs Node 22.18, 23.6 or newer (this is ${process.version}); use .js, .yaml or .json here`,
    };
  }
  try {
    const url = pathToFileURL(file);
    url.searchParams.set('changed', String(statSync(file).mtimeMs));
    const exported = ((await import(url.href)) as { readonly default?: unknown }).default;
    if (exported === undefined)
      return { ok: false, message: 'must have a default export: export default defineConfig({ ... })' };
    return { ok: true, value: structuredClone(exported) };
  } catch (error) {
    return { ok: false, message: `cannot be loaded: ${kindOf(error)}` };
  }
}

/** The kind of failure only: messages of module loading quote source text. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the module threw';
  if (error.name === 'DataCloneError')
    return 'the configuration must be plain data, without functions or class instances';
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return `the module failed with ${error.name}${code}`;
}
