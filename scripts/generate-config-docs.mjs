// Owns docs/configuration.md and docs/torus.schema.json: both are written from src/config/schema, or checked with --check.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSource } from './load-source.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { configJsonSchema, ENVIRONMENT_VARIABLES } = await loadSource('config/index.ts');

const EXAMPLE = `workers: auto
listeners:
  - { name: edge, address: "0.0.0.0:8443", tls: { certificates: [{ cert: certs/cert.pem, key: certs/key.pem }] } }
  - { name: plain, address: "127.0.0.1:8080" }
admin: { address: "127.0.0.1:9901" }
shutdown: { delay: 0s, timeout: 10s }
upstreams:
  users: { endpoints: [{ url: "http://127.0.0.1:9000" }], balancer: least-request }
routes:
  - name: users
    match: { host: api.example.com, path: /users/*, methods: [GET, POST] }
    filters:
      - jwt-auth: { secret: "\${JWT_SECRET}", algorithms: [HS256], claimsToHeaders: { sub: x-auth-subject } }
    upstream: users
    timeouts: { request: 30s }
  - name: rest
    match: { path: /* }
    upstream: users
`;

const INTRODUCTION = `# Configuration

<!-- Written by scripts/generate-config-docs.mjs from src/config/schema. Change it there. -->

Torus reads \`--config FILE\`, else \`torus.yaml\`, \`torus.yml\` or \`torus.json\` in the working directory, else the environment
alone. \`torus check\` says what is wrong with a configuration without starting anything, by the very path that \`torus run\`
takes. Editors know the keys from [torus.schema.json](torus.schema.json):
\`# yaml-language-server: $schema=docs/torus.schema.json\`.

\`\`\`yaml
${EXAMPLE}\`\`\`

A configuration may also be code: a \`.js\` or \`.mjs\` file (or \`.ts\` from Node 22.18 on) whose default export is plain data.
\`defineConfig\` makes an editor know the keys:

\`\`\`js
import { defineConfig } from 'torus'; // where Torus is a dependency; else by its path, '/opt/torus/dist/config.js'

export default defineConfig({ listeners: [{ name: 'edge', address: ':8080' }], upstreams: {}, routes: [] });
\`\`\`

## How values are written

| Kind | Written as |
|---|---|
| duration | \`250ms\`, \`10s\`, \`5m\`, \`1h\`; \`0\` needs no unit |
| size | \`500B\`, \`16KiB\` (16384), \`1MiB\`, \`1MB\` (1000000); \`0\` needs no unit |
| address | \`host:port\`, \`:port\` (every IPv4 address), \`[::]:port\`; port 0 lets the system choose, and the choice is logged |
| URL | \`http://host:port\` or \`https://host:port\`, no path |
| CIDR | \`10.0.0.0/8\`, \`fd00::/8\`, or one address |
| host | \`api.example.com\`, or \`*.example.com\` for every name below it |
| path pattern | \`/users\` exactly; \`/users/*\` at and below; \`/users/:id\` one segment; \`/*\` everything |
| percentage | \`10%\`, \`0.5%\` |
| key of requests | \`{ header: x-user }\`, \`{ cookie: uid }\`, \`{ query: tenant }\`, \`client-address\`, \`path\` (without query), or \`subject\` (\`sub\` of the token that \`jwt-auth\` verified) |
| file | relative to the directory of the configuration file |

Objects are closed: an unknown key is an error with its line and the nearest valid key. A key that is there twice is an error.

## Variables in the file

Any string may hold \`\${NAME}\` or \`\${NAME:-default}\`. The default also stands in for an empty variable. A variable that is
not set and has no default is an error. \`$\${\` stands for a plain \`\${\`. In the \`location\` of a redirect, \`\${scheme}\`,
\`\${host}\`, \`\${path}\` and \`\${query}\` are left alone: they are parts of the request. Put quotes around a value that begins
with a variable. Variables are replaced after the file was parsed, so that no value can change its structure.

## Environment

Torus reads \`.env\` in the working directory too; what is really set wins. An empty variable counts as not set. Without a file,
these make one HTTPS listener and one route for every path, protected by a JWT (HS256).
`;

const code = (value) =>
  typeof value === 'string' ? `\`${value === '' ? '""' : value}\`` : `\`${JSON.stringify(value)}\``;
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const row = (cells) => `| ${cells.map(cell).join(' | ')} |`;

function environmentTable() {
  const rows = ENVIRONMENT_VARIABLES.map((one) =>
    row([code(one.name), one.default, one.withFile, one.description]),
  );
  return ['| Variable | Default | Beside a file | What it does |', '|---|---|---|---|', ...rows].join('\n');
}

/** The object that a node is, or holds, or is a list or a map of; with the path that leads to it. */
function objectsIn(node, path) {
  if (node.properties !== undefined) return Object.keys(node.properties).length === 0 ? [] : [{ node, path }];
  if (node.items !== undefined) return objectsIn(node.items, `${path}[]`);
  if (typeof node.additionalProperties === 'object')
    return objectsIn(node.additionalProperties, `${path}.<name>`);
  return (node.anyOf ?? []).flatMap((alternative) => objectsIn(alternative, path));
}

function typeOf(node) {
  if (node['x-type'] !== undefined) return node['x-type'];
  if (node.enum !== undefined) return node.enum.map(code).join(', ');
  if (node.const !== undefined) return code(node.const);
  if (node.items !== undefined) return `list of ${typeOf(node.items)}`;
  if (node.properties !== undefined) return 'object';
  if (typeof node.additionalProperties === 'object') return `map of ${typeOf(node.additionalProperties)}`;
  if (node.anyOf !== undefined) return [...new Set(node.anyOf.map(typeOf))].join(' or ');
  return [node.type ?? 'any'].flat().join(' or ');
}

function defaultOf(key, node, parent) {
  if ((parent.required ?? []).includes(key)) return 'required';
  if (node.default === undefined) return '';
  return typeof node.default === 'object' &&
    Object.keys(node.default).length === 0 &&
    !Array.isArray(node.default)
    ? ''
    : code(node.default);
}

/** Its own examples; for a scalar without, its default shows how it is written. */
function exampleOf(node) {
  if (node.examples !== undefined) return node.examples.map(code).join(', ');
  return node.default === undefined || typeof node.default === 'object' ? '' : code(node.default);
}

function section({ node, path }, depth) {
  const entries = Object.entries(node.properties);
  const rows = entries.map(([key, child]) =>
    row([code(key), typeOf(child), defaultOf(key, child, node), child.description ?? '', exampleOf(child)]),
  );
  const heading = path === '' ? '## Every key' : `${'#'.repeat(Math.min(depth, 5))} \`${path}\``;
  const table = [
    heading,
    '',
    '| Key | Type | Default | What it does | Example |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
  const inner = entries.flatMap(([key, child]) => objectsIn(child, path === '' ? key : `${path}.${key}`));
  return [table, ...inner.map((object) => section(object, depth + 1))].join('\n');
}

const missing = [];
function requireDescriptions({ node, path }) {
  for (const [key, child] of Object.entries(node.properties)) {
    const place = path === '' ? key : `${path}.${key}`;
    if (child.description === undefined) missing.push(place);
    objectsIn(child, place).forEach(requireDescriptions);
  }
}

const schema = configJsonSchema();
requireDescriptions({ node: schema, path: '' });
if (missing.length > 0) {
  console.error(`Keys without a description: ${missing.join(', ')}`);
  process.exit(1);
}

const outputs = [
  [
    'docs/configuration.md',
    `${INTRODUCTION}\n${environmentTable()}\n\n${section({ node: schema, path: '' }, 2)}`,
  ],
  ['docs/torus.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
];

function currentText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

const stale = outputs.filter(([name, text]) => currentText(join(root, name)) !== text);
if (process.argv.includes('--check')) {
  for (const [name] of stale) console.error(`${name} is stale: run node scripts/generate-config-docs.mjs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  mkdirSync(join(root, 'docs'), { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(root, name), text);
}
