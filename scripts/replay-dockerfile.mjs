// Replays the Dockerfile without a container engine: `node scripts/replay-dockerfile.mjs FOLDER` lays each stage out below
// FOLDER and runs its steps there. Prints, as JSON on the last line, how the final stage is to be run. An instruction or a
// flag it does not know is an error, so that nothing in the Dockerfile goes unchecked.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const out = path.resolve(process.argv[2] ?? '');
if (process.argv[2] === undefined) throw new Error('usage: replay-dockerfile.mjs FOLDER');

const instructions = readFileSync(path.join(root, 'Dockerfile'), 'utf8')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  .map((line) => /^(\w+)\s+(.*)$/.exec(line).slice(1));

const stages = new Map();
let stage;
const here = (name) => path.join(stage.dir, path.posix.resolve(stage.workdir, name));

const run = (command) => {
  console.log(`RUN ${command}`);
  // The cache of packages is the machine's; the rest of the environment is that of the stage.
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    npm_config_prefer_offline: 'true',
    ...stage.env,
  };
  const result = spawnSync('sh', ['-c', command], { cwd: here('.'), env, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`RUN ${command}\n${result.stdout}${result.stderr}`);
};

const copy = (args) => {
  const words = args.split(/\s+/);
  const from = words[0].startsWith('--from=') ? stages.get(words.shift().slice('--from='.length)).dir : root;
  if (words.some((word) => word.startsWith('--'))) throw new Error(`COPY ${args}: unknown flag`);
  const target = words.pop();
  for (const source of words) {
    const origin = path.join(from, source);
    if (!existsSync(origin)) throw new Error(`COPY ${args}: ${source} is missing`);
    // A folder's content goes into the target; a file goes below a target that ends with a slash.
    const isFile = statSync(origin).isFile();
    cpSync(
      origin,
      isFile && target.endsWith('/') ? path.join(here(target), path.basename(source)) : here(target),
      {
        recursive: true,
        verbatimSymlinks: true,
      },
    );
  }
};

const healthcheck = (args) => {
  const [, flags, command] = /^((?:--\S+\s+)*)CMD\s+(.*)$/.exec(args);
  return { flags: flags.trim(), command: JSON.parse(command) };
};

const actions = {
  FROM: (args) => {
    const [image, , name = 'final'] = args.split(/\s+/);
    stage = { image, dir: path.join(out, name), workdir: '/', env: {}, user: 'root' };
    mkdirSync(stage.dir, { recursive: true });
    stages.set(name, stage);
  },
  WORKDIR: (args) => {
    stage.workdir = args;
    mkdirSync(here('.'), { recursive: true });
  },
  COPY: copy,
  RUN: run,
  ENV: (args) => {
    const [, name, value] = /^(\w+)=(\S*)$/.exec(args);
    stage.env[name] = value;
  },
  LABEL: () => undefined,
  USER: (args) => (stage.user = args),
  EXPOSE: (args) => (stage.expose = Number(args)),
  STOPSIGNAL: (args) => (stage.stopSignal = args),
  HEALTHCHECK: (args) => (stage.healthcheck = healthcheck(args)),
  CMD: (args) => (stage.command = JSON.parse(args)),
};

for (const [name, args] of instructions) {
  const action = actions[name];
  if (action === undefined) throw new Error(`the Dockerfile uses ${name}, which is not replayed`);
  action(args);
}
console.log(JSON.stringify({ ...stage, workdir: here('.') }));
