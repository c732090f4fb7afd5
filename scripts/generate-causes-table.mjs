// Owns docs/causes.md: written from src/errors, or checked with --check.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSource } from './load-source.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = join(root, 'docs', 'causes.md');
const { CAUSES } = await loadSource('errors/causes.ts');
const { CAUSE_ADVICE } = await loadSource('errors/cause-advice.ts');
const { proxyErrorOf } = await loadSource('errors/proxy-errors.ts');

const INTRODUCTION = `# Causes

<!-- Written by scripts/generate-causes-table.mjs from src/errors. Change it there. -->

Every request ends with one of these words, \`side.phase.reason\`. The same word stands

- in the **access log**, as \`cause\` (with a technical \`detail\`: an errno, a rule, the way it left),
- in the **metrics**, as the label \`cause\` of \`torus_http_requests_total\`, and of \`torus_rejected_requests_total\` for what never became a request,
- in the **problem document** that Torus answers, as \`cause\`, beside the \`requestId\` that the access log has as \`id\`,
- in **\`Proxy-Status\`** (RFC 9209) of that answer, as \`details\`, beside the registered error type that comes nearest:
  \`Proxy-Status: torus;error=connection_refused;details="upstream.connect.refused"\`. The name is that of the gateway in \`Via\`
  (\`forwarded.via\`), so that tiers can be told apart. What an upstream says in that field passes as it is.

\`torus cause WORD\` prints a row of these tables in a terminal.

**Side** says whom to ask: \`downstream\` is the client, or what it sent; \`upstream\` is the service behind, or the way to it; \`internal\` is Torus.
**Status** is what Torus answers while it still can. \`none\` means that nothing can be answered any more. Once a response has begun, the connection is
broken instead (HTTP/2: the stream is reset), so that nobody takes a part for the whole; the access log then has the status that was sent.
The set is closed: a new word comes with a new version, its row here, and a test that drives it by a real fault (\`test/integration/causes\`).

## Which one do I look at?

| You want to know | Ask |
|---|---|
| Why was this request refused? | \`grep '"id":"THE-ID"'\` in the access log, then its \`cause\` below. The id is in the answer, as \`requestId\` and \`X-Request-Id\`. |
| What fails most, right now? | \`topk(5, sum by (cause) (rate(torus_http_requests_total{cause!="ok"}[5m])))\` |
| Is it us or them? | The first part of the word, summed: \`sum by (side) (label_replace(rate(torus_http_requests_total[5m]), "side", "$1", "cause", "([a-z]+).*"))\` |
`;

const PHASES = {
  ok: [
    'The good end',
    'Also when the upstream answered with an error of its own: that is its answer, and not a failure of the exchange.',
  ],
  'downstream.proxy-header': [
    'downstream.proxy-header',
    'The PROXY header that a load balancer should have sent first.',
  ],
  'downstream.tls': [
    'downstream.tls',
    'The TLS handshake with the client. It never became a request: such lines have no method, path or route. Who leaves without a word has no line: [tls.md](tls.md).',
  ],
  'downstream.head': [
    'downstream.head',
    'The request head. Such requests never became an exchange, and their lines have no method, path or route (over HTTP/2 neither). Those that could be read have what is known: `downstream.head.misdirected`, a CONNECT that no route takes (`downstream.head.method-unsupported`), and a `Max-Forwards` that is no number (`downstream.head.malformed`).',
  ],
  'downstream.route': ['downstream.route', 'Where the request wanted to go.'],
  'downstream.filter': ['downstream.filter', 'What a filter of the route decided.'],
  'downstream.body': ['downstream.body', 'While the request body came.'],
  'downstream.wait': ['downstream.wait', 'While the client waited for an answer.'],
  'downstream.response': ['downstream.response', 'While the response was sent.'],
  'downstream.tunnel': ['downstream.tunnel', 'A WebSocket, another upgrade or CONNECT, after it was opened.'],
  'upstream.pick': ['upstream.pick', 'The choice of an endpoint.'],
  'upstream.limit': ['upstream.limit', 'The limits that protect an upstream.'],
  'upstream.queue': ['upstream.queue', 'The wait for a place.'],
  'upstream.connect': ['upstream.connect', 'The connection to an endpoint.'],
  'upstream.tls': ['upstream.tls', 'The TLS handshake with an endpoint.'],
  'upstream.request': ['upstream.request', 'While the request was sent.'],
  'upstream.head': ['upstream.head', 'The wait for the response head.'],
  'upstream.upgrade': ['upstream.upgrade', 'The switch of protocols.'],
  'upstream.body': ['upstream.body', 'The response body.'],
  'upstream.attempt': ['upstream.attempt', 'One try of several.'],
  'upstream.exchange': ['upstream.exchange', 'The whole, with all its tries.'],
  'upstream.tunnel': ['upstream.tunnel', 'A WebSocket, another upgrade or CONNECT, after it was opened.'],
  'internal.filter': ['internal.filter', 'A filter of Torus.'],
  'internal.drain': ['internal.drain', 'The shutdown of a worker.'],
};

const cell = (text) => text.replaceAll('|', '\\|');
const phaseOf = (cause) => cause.split('.').slice(0, 2).join('.');

function row(cause) {
  const { status, title } = CAUSES[cause];
  const error = status >= 400 ? `\`${proxyErrorOf(cause)}\`` : '–';
  return `| \`${cause}\` | ${status === 0 ? 'none' : status} | ${error} | ${cell(title)}. | ${cell(CAUSE_ADVICE[cause])} |`;
}

function section(phase) {
  const [title, what] = PHASES[phase] ?? [phase, ''];
  const rows = Object.keys(CAUSES)
    .filter((cause) => phaseOf(cause) === phase)
    .map(row);
  return [
    `## ${title}`,
    ...(what === '' ? [] : ['', what]),
    '',
    '| Cause | Status | `Proxy-Status` error | What happened | What to do |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const phases = [...new Set(Object.keys(CAUSES).map(phaseOf))];
const text = `${INTRODUCTION}\n${phases.map(section).join('\n\n')}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    console.error('docs/causes.md is stale: run node scripts/generate-causes-table.mjs');
    process.exit(1);
  }
} else writeFileSync(page, text);
