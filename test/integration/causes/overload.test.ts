/** Causes that lie with a worker that has reached a limit of its own. */
import { execFileSync } from 'node:child_process';
import { requestHead, startScriptedUpstream, until } from '../../support/index.js';
import { answered, CauseStage } from './cause-stage.js';

/** From now on that process can open no more than so many; what it has open stays. */
const limitFiles = (pid: number, most: number): void => {
  execFileSync('prlimit', [`--pid=${String(pid)}`, `--nofile=${String(most)}:`]);
};

const stageWith = (overload: object): CauseStage =>
  new CauseStage(async () => {
    const upstream = await startScriptedUpstream({});
    return {
      upstreams: [upstream],
      config: {
        overload,
        upstreams: { main: { endpoints: [upstream.url] } },
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main' }],
      },
    };
  });

describe('a worker above its limit of memory', () => {
  const stage = stageWith({ memory: { limit: '1MiB' }, interval: '20ms' });

  stage.drives('internal.overload.shed', 'a request comes', async () => {
    const level = async (): Promise<number> =>
      ((await (await stage.torus.admin('/overload')).json()) as { level: number }).level;
    await until(async () => (await level()) === 3);
    return answered(await stage.ask('any'));
  });
});

describe('a worker without a file descriptor', () => {
  const stage = stageWith({ fds: false });

  stage.drives('internal.overload.descriptors', 'a request needs a new connection', async () => {
    const [worker = 0] = stage.torus.workers();
    const client = await stage.connect();
    limitFiles(worker, 0);
    await client.send(requestHead(`GET ${stage.path('any')}`));
    const response = await client.response();
    limitFiles(worker, 1024);
    return answered(response);
  });
});
