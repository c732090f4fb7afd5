/** The keys that choose protocols, in the spellings that other gateways taught: what they come to, and what is said of the rest. */
import { formatProblem, type LoadResult } from '../../../src/config/index.js';
import { Workspace } from './configuration-fixture.js';

const workspace = new Workspace();
afterAll(() => workspace.dispose());

const load = ({ listener = '', upstream = '', route = '', log = '{}' }): Promise<LoadResult> =>
  workspace.yaml(
    [
      `log: ${log}`,
      `listeners: [{ name: l, address: "127.0.0.1:0"${listener} }]`,
      `upstreams: { u: { endpoints: ["http://a"]${upstream} } }`,
      `routes: [{ name: r, match: { path: /* }, upstream: u${route} }]`,
    ].join('\n'),
  );

const loaded = async (keys: Parameters<typeof load>[0]) => {
  const result = await load(keys);
  if (!result.ok) throw new Error(result.problems.map(formatProblem).join('\n'));
  return result.snapshot;
};

const problem = async (keys: Parameters<typeof load>[0]): Promise<string> => {
  const result = await load(keys);
  return result.ok ? 'none' : result.problems.map(formatProblem).join('\n');
};

it.each([
  ['[h2, http/1.1]', ['http2', 'http1']],
  ['[http1, h2c]', ['http1', 'http2']],
  ['[h1, http/2, h2]', ['http1', 'http2']],
  ['http2', ['http2']],
  ['h2c', ['http2']],
])('protocols: %s of a listener', async (written, expected) => {
  const { listeners } = await loaded({ listener: `, protocols: ${written}` });
  expect(listeners[0]?.protocols).toEqual(expected);
});

it.each([
  ['true', ['websocket']],
  ['WebSocket', ['websocket']],
  ['[websocket, foo]', ['websocket', 'foo']],
  ['false', []],
])('upgrades: %s of a route', async (written, expected) => {
  const { routes } = await loaded({ route: `, upgrades: ${written}` });
  expect(routes[0]?.upgrades).toEqual(expected);
});

it.each([
  [{ listener: ', protocols: [spdy]' }, 'protocols[0]: must be http1 or http2'],
  [{ listener: ', protocols: spdy' }, 'protocols: must be http1 or http2'],
  [{ listener: ', protocols: []' }, 'protocols: must have at least one entry'],
  [{ listener: ', http2: true' }, 'http2: must be an object of limits; `protocols` says what is spoken'],
  [
    { listener: ', http2: { maxStreams: 1 }' },
    'http2.maxStreams: unknown key (valid here: maxConcurrentStreams',
  ],
  [{ upstream: ', http2: true' }, 'http2: must be an object of limits; `protocol` says what is spoken'],
  [{ route: ', websocket: false' }, 'websocket: must be an object; `upgrades: false` refuses WebSocket'],
  [{ route: ', upgrades: h2c' }, 'upgrades: must not be h2c'],
  [{ route: ', upgrades: 5' }, 'upgrades: must be a list of protocols, or false'],
  [
    { log: '{ access: combined }' },
    'log.access: must be true, false, or an object such as { format: combined }',
  ],
])('%j', async (keys, message) => {
  expect(await problem(keys)).toContain(message);
});
