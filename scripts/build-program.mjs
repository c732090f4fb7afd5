// Bundles src/ with the packages that it uses: few files to open and to compile, so that a process starts in half of the time.
// What only some commands or features need stays in chunks of its own, loaded by import().
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');

/** What is run or imported by name, and where it comes from. */
const ENTRIES = {
  index: 'src/index.ts',
  'explain-once': 'src/server/worker/explain-once.ts',
  config: 'src/config/define-config.ts',
};

/** Packages written as CommonJS ask for Node's own modules by require(), which a module does not have. */
const REQUIRE =
  'import { createRequire as createRequireHere } from "node:module"; const require = createRequireHere(import.meta.url);';

/** Writes the program to `outDir`, and the licenses of the packages within. Throws when it does not bundle. Returns how many packages. */
export const buildProgram = (outDir) => {
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: ENTRIES,
    outdir: outDir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.20',
    banner: { js: REQUIRE },
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
  });
  const folders = packageFolders(metafile);
  writeFileSync(path.join(outDir, 'third-party-licenses.txt'), folders.map(licenseOf).join('\n\n'));
  return folders.length;
};

/** Of what really went into the program, sorted. */
const packageFolders = ({ outputs }) => {
  const used = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = used.map((name) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(name)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
};

const licenseOf = (folder) => {
  const { name, version, license } = JSON.parse(
    readFileSync(path.join(root, folder, 'package.json'), 'utf8'),
  );
  const file = readdirSync(path.join(root, folder)).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? '' : readFileSync(path.join(root, folder, file), 'utf8');
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
};
