/** Owns the typed front door for configuration written as code. */
import type { TorusConfig } from './schema/document.js';

/** Returns its argument: it is there so that an editor knows the keys. `export default defineConfig({ routes: [...] })`. */
export const defineConfig = (config: TorusConfig): TorusConfig => config;
