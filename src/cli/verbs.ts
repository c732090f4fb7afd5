/** Owns the list of commands. Each loads only itself. */
import { STREAM_OPTIONS } from './options.js';
import { targetOf } from './target.js';
import type { CommandLine, Verb } from './verb.js';

/** In the order of the help. */
export const VERBS: Readonly<Record<string, Verb>> = {
  run: {
    summary: 'serve (the default)',
    options: ['config'],
    run: async ({ options, cwd, entry }) => {
      const { run } = await import('./run.js');
      return run({ file: options.config, cwd, entry });
    },
  },
  dev: {
    summary: 'serve with a self-signed certificate, a random secret and an embedded echo upstream',
    options: ['config'],
    run: async ({ options, cwd, entry, output }) => {
      const { dev } = await import('./dev.js');
      return dev({ file: options.config, cwd, entry }, output);
    },
  },
  check: {
    summary: 'validate the configuration by the path that run uses',
    options: ['config', 'print'],
    run: async ({ options, cwd, output }) => {
      const [{ checkConfig }, { readEnvironment }] = await Promise.all([
        import('./check.js'),
        import('../config/index.js'),
      ]);
      const print = options.print === true;
      return checkConfig({ file: options.config, print, cwd, env: readEnvironment(cwd) }, output);
    },
  },
  doctor: {
    summary:
      'look for what keeps the configuration from serving well, and say what to do; exit code 1 when there are problems',
    options: ['config', 'admin', 'json'],
    run: async (line) => {
      const { examine } = await import('./doctor/doctor.js');
      return examine({ ...targetOf(line), json: line.options.json === true }, line.output);
    },
  },
  cause: {
    summary: 'what a cause in the access log means and what to do; without a word, all of them',
    words: '[WORD]',
    options: [],
    most: 1,
    run: async ({ words, output }) => {
      const { explainCause } = await import('./cause.js');
      return explainCause(words[0], output);
    },
  },
  explain: {
    summary: 'what would become of a request, and why; exit code 1 when it would be refused',
    words: '[METHOD] URL',
    options: [
      ...(['header', 'client', 'listener', 'http2', 'show-values'] as const),
      ...(['config', 'live', 'admin', 'json'] as const),
    ],
    least: 1,
    most: 2,
    run: async (line) => {
      const { explain } = await import('./explain.js');
      const { header = [], client, listener, http2 = false, live = false, json = false } = line.options;
      const showValues = line.options['show-values'] === true;
      const options = { headers: header, client, listener, http2, showValues, live, json };
      const { words, entry, output } = line;
      return explain({ ...targetOf(line), words, entry, ...options }, output);
    },
  },
  upstreams: {
    summary:
      'the endpoints of a running instance, their states and why; exit code 1 when an upstream has none that works',
    options: ['config', 'admin', 'json'],
    run: async (line) => {
      const { showUpstreams } = await import('./upstreams.js');
      return showUpstreams({ ...targetOf(line), json: line.options.json === true }, line.output);
    },
  },
  diff: {
    summary:
      'what a configuration changes: of two files, or of a file (default: the one that serves) and the running instance',
    words: '[[OLD] NEW]',
    options: ['config', 'admin', 'json'],
    most: 2,
    run: async (line) => {
      const { diff } = await import('./diff.js');
      return diff({ ...targetOf(line), words: line.words, json: line.options.json === true }, line.output);
    },
  },
  apply: {
    summary: 'serve a configuration in a running instance, all workers or none, until its own file changes',
    words: 'FILE',
    options: ['config', 'admin', 'json'],
    least: 1,
    most: 1,
    run: async (line) => {
      const { apply } = await import('./diff.js');
      return apply({ ...targetOf(line), words: line.words, json: line.options.json === true }, line.output);
    },
  },
  streams: {
    summary: 'what runs now and which side blocks it; kill ID ends one exchange',
    words: '[kill ID]',
    options: ['config', 'admin', 'json', ...STREAM_OPTIONS],
    most: 2,
    run: async (line) => {
      const { streams } = await import('./streams.js');
      return streams(line);
    },
  },
  connections: {
    summary: 'who holds the connections: listeners, clients, endpoints',
    options: ['config', 'admin', 'json', 'limit'],
    run: async (line) => {
      const { showConnections } = await import('./connections.js');
      const { json, limit } = line.options;
      return showConnections({ ...targetOf(line), json: json === true, limit }, line.output);
    },
  },
  overload: {
    summary: 'how near each worker is to its limits, and what it does about it; exit code 1 when one sheds',
    options: ['config', 'admin', 'json'],
    run: async (line) => {
      const { showOverload } = await import('./overload.js');
      return showOverload({ ...targetOf(line), json: line.options.json === true }, line.output);
    },
  },
  workers: {
    summary:
      'the workers of a running instance: phase, age, sockets, memory; exit code 1 when one is missing',
    options: ['config', 'admin', 'json'],
    run: async (line) => {
      const { showWorkers } = await import('./workers.js');
      return showWorkers({ ...targetOf(line), json: line.options.json === true }, line.output);
    },
  },
  recycle: {
    summary: 'replace one worker, or all one after the other, without losing a request',
    options: ['config', 'admin', 'worker'],
    run: async (line) => {
      const { recycle } = await import('./workers.js');
      return recycle({ ...targetOf(line), worker: line.options.worker }, line.output);
    },
  },
  top: {
    summary: 'what an instance does now: rate, latency, errors, workers, endpoints, slowest streams',
    options: ['config', 'admin', 'once'],
    run: async (line) => {
      const { top } = await import('./top/top.js');
      return top({ ...targetOf(line), once: line.options.once === true }, line.output);
    },
  },
  'log-level': {
    summary: 'log more or less, until the next reload',
    words: 'LEVEL',
    options: ['config', 'admin', 'worker'],
    least: 1,
    most: 1,
    run: async (line) => {
      const { setLogLevel } = await import('./log-level.js');
      const [level = ''] = line.words;
      return setLogLevel({ ...targetOf(line), level, worker: line.options.worker }, line.output);
    },
  },
  profile: {
    summary: 'record where the time of one worker goes',
    options: ['config', 'admin', 'worker', 'seconds', 'out'],
    run: (line) => recordBy('/cpu-profile', line),
  },
  heap: {
    summary: 'record what is in the heap of one worker; it stands still meanwhile',
    options: ['config', 'admin', 'worker', 'out'],
    run: (line) => recordBy('/heap-snapshot', line),
  },
  token: {
    summary: 'print a signed test token',
    options: ['secret', 'sub', 'claim', 'scope', 'expires', 'algorithm'],
    run: async ({ options, cwd, output }) => {
      const [{ printToken }, { readEnvironment }] = await Promise.all([
        import('./token.js'),
        import('../config/index.js'),
      ]);
      return printToken(options, readEnvironment(cwd), output);
    },
  },
};

const recordBy = async (route: '/cpu-profile' | '/heap-snapshot', line: CommandLine): Promise<number> => {
  const { record } = await import('./record.js');
  const { worker, seconds, out } = line.options;
  return record({ ...targetOf(line), route, worker, seconds, out }, line.output);
};
