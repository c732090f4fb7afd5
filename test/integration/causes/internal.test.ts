/** Causes that lie with Torus itself: a filter that cannot do its work, a shutdown that does not wait any longer. */
import { generateKeyPairSync } from 'node:crypto';
import { freePort, requestHead, startScriptedUpstream, token, until } from '../../support/index.js';
import { CauseStage, answered } from './cause-stage.js';

let reached = 0;

const stage = new CauseStage(async () => {
  const upstream = await startScriptedUpstream({ hang: () => void (reached += 1) });
  const jwksUrl = `http://127.0.0.1:${String(await freePort())}/keys`;
  return {
    upstreams: [upstream],
    config: {
      shutdown: { timeout: '300ms' },
      upstreams: { main: { endpoints: [upstream.url] } },
      routes: [
        { name: 'all', match: { path: '/*' }, upstream: 'main' },
        {
          name: 'keys',
          match: { path: '/keys/*' },
          upstream: 'main',
          filters: [{ 'jwt-auth': { jwksUrl, algorithms: ['RS256'] } }],
        },
      ],
    },
  };
});

stage.drives('internal.filter.failed', 'the keys of the issuer cannot be fetched', async () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const bearer = token({ sub: 'a' }, privateKey, { algorithm: 'RS256', keyid: 'one' });
  return answered(await stage.ask('keys', requestHead('GET PATH', `Authorization: Bearer ${bearer}`)));
});

stage.drives('internal.exchange.killed', 'an operator ends an exchange that waits', async () => {
  const before = reached;
  const client = await stage.connect();
  await client.send(requestHead(`GET ${stage.path('hang')}`));
  await until(() => reached === before + 1);
  const { streams } = (await (await stage.torus.admin('/streams')).json()) as { streams: { id: string }[] };
  await stage.torus.admin(`/streams/${streams[0]?.id ?? ''}`, { method: 'DELETE' });
  return answered(await client.response());
});

stage.drives('internal.drain.cut', 'an exchange that outlasts the shutdown of its worker', async () => {
  const before = reached;
  const client = await stage.connect();
  await client.send(requestHead(`GET ${stage.path('hang')}`));
  await until(() => reached === before + 1);
  const [worker] = stage.torus.workers();
  process.kill(worker!, 'SIGTERM');
  await client.ended();
  expect(client.receivedBytes).toBe(0);
  await until(() => stage.torus.workers().length === 1 && stage.torus.workers()[0] !== worker);
  await stage.torus.ready();
  return { saw: 'nothing', status: 0 };
});
