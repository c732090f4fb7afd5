/** A client that leaves while a filter waits for somebody else (here: the issuer of the keys): nothing goes upstream for it. */
import { generateKeyPairSync } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  accessLine,
  metricSum,
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  token,
  until,
  whenNothingIsOpen,
} from '../../support/index.js';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keySet = JSON.stringify({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }],
});

it('a client that leaves while its token waits for the keys is forgotten; one that stays is served', async () => {
  const asked: ServerResponse[] = [];
  const issuer = await startHttpUpstream((_request, response) => void asked.push(response));
  const paths: unknown[] = [];
  const upstream = await startHttpUpstream((request, response) => {
    paths.push(request.url);
    response.end('ok');
  });
  const torus = await startTorus({
    config: {
      workers: 1,
      listeners: [{ name: 'plain', address: '127.0.0.1:0' }],
      admin: { address: '127.0.0.1:0' },
      upstreams: { api: { endpoints: [upstream.url] } },
      routes: [
        {
          name: 'api',
          match: { path: '/*' },
          filters: [{ 'jwt-auth': { jwksUrl: `${issuer.url}/keys`, algorithms: ['ES256'] } }],
          upstream: 'api',
        },
      ],
    },
  });
  const inFlight = (count: number): Promise<unknown> =>
    until(async () => (await metricSum(torus, 'torus_http_exchanges_in_flight')) === count);
  const bearer = token({ sub: 'a' }, privateKey, { algorithm: 'ES256', keyid: 'one' });
  const head = (path: string): string => requestHead(`GET ${path}`, `Authorization: Bearer ${bearer}`);
  const [byReset, byFin, staying] = await Promise.all([
    rawClient({ port: torus.port() }),
    rawClient({ port: torus.port() }),
    rawClient({ port: torus.port() }),
  ]);
  await byReset.send(head('/reset'));
  await byFin.send(head('/fin'));
  await staying.send(head('/stays'));
  await inFlight(3);
  byReset.reset();
  byFin.halfClose();
  await inFlight(1);
  for (const path of ['/reset', '/fin'])
    expect(await accessLine(torus, path)).toMatchObject({ cause: 'downstream.wait.aborted', attempts: 0 });

  for (const response of asked) response.end(keySet);
  expect((await staying.response()).status).toBe(200);
  expect(paths).toEqual(['/stays']);

  await Promise.all([staying.close(), byFin.close()]);
  upstream.resetAll();
  await whenNothingIsOpen(torus);
  await torus.stop();
  await Promise.all([issuer.close(), upstream.close()]);
});
