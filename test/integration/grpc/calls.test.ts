/** gRPC through the gateway with the reference implementation on both sides: every kind of call, its metadata, end and pace. */
import { credentials, status } from '@grpc/grpc-js';
import { accessLine, startTorus, testCertificate, until, type RunningTorus } from '../../support/index.js';
import { EchoClient, received, startEchoService, type EchoService } from './echo-service.js';

const WAYS = ['cleartext', 'secure'] as const;
type Way = (typeof WAYS)[number];

let plainService: EchoService;
let secureService: EchoService;
let torus: RunningTorus;
const clients: EchoClient[] = [];

const services = (way: Way): EchoService => (way === 'secure' ? secureService : plainService);

beforeAll(async () => {
  const certificate = await testCertificate();
  plainService = await startEchoService();
  secureService = await startEchoService(certificate);
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  torus = await startTorus({
    config: {
      workers: 1,
      listeners: [
        { name: 'secure', address: '127.0.0.1:0', tls, timeouts: { bodyGap: '300ms', writeGap: '1s' } },
        {
          name: 'cleartext',
          address: '127.0.0.1:0',
          protocols: ['http2'],
          timeouts: { bodyGap: '300ms', writeGap: '1s' },
        },
      ],
      admin: { address: '127.0.0.1:0' },
      shutdown: { timeout: '1s' },
      upstreams: {
        cleartext: { endpoints: [plainService.url], protocol: 'http2' },
        secure: { endpoints: [secureService.url], protocol: 'auto', tls: { ca: certificate.caFile } },
      },
      routes: [
        { name: 'secure', match: { path: '/*', host: 'localhost' }, upstream: 'secure' },
        { name: 'cleartext', match: { path: '/*' }, upstream: 'cleartext' },
      ],
    },
  });
});

afterAll(async () => {
  for (const client of clients) client.close();
  await torus.stop();
  await Promise.all([plainService.stop(), secureService.stop()]);
});

const connect = async (way: Way): Promise<EchoClient> => {
  const certificate = await testCertificate();
  const client =
    way === 'secure'
      ? new EchoClient(
          `localhost:${String(torus.port('secure'))}`,
          credentials.createSsl(Buffer.from(certificate.caPem)),
        )
      : new EchoClient(`127.0.0.1:${String(torus.port('cleartext'))}`);
  clients.push(client);
  return client;
};

describe.each(WAYS)('over %s connections', (way) => {
  let client: EchoClient;
  beforeAll(async () => {
    client = await connect(way);
  });

  it('a unary call brings its reply, the metadata of both sides and the trailers', async () => {
    const result = await client.unary('hello', { metadata: { 'x-client': 'of-client' } });
    expect([result.code, result.messages]).toEqual([status.OK, ['hello']]);
    expect(result.head?.get('x-head')).toEqual(['of-server']);
    expect(result.trailers.get('x-trailer')).toEqual(['hello']);
    expect(result.trailers.get('x-trailer-bin')).toEqual([Buffer.from([0, 255, 1])]);
    expect(services(way).metadata()?.get('x-client')).toEqual(['of-client']);
  });

  it('messages of eight megabytes pass both ways', async () => {
    const large = 'torus'.repeat(1_600_000);
    const result = await client.unary(large);
    expect([result.code, result.messages[0] === large]).toEqual([status.OK, true]);
  });

  it('a status of the service arrives with its message, in trailers alone', async () => {
    const result = await client.unary(`fail ${String(status.ALREADY_EXISTS)}`);
    expect([result.code, result.details]).toEqual([status.ALREADY_EXISTS, 'refused: 100 % and ü']);
  });

  it('a stream of the client is answered when it ends', async () => {
    const { call, result } = client.collect();
    for (let at = 0; at < 100; at += 1) call.write('x'.repeat(10_000));
    call.end();
    expect(await result).toEqual({ code: status.OK, reply: '1000000' });
  });

  it('a stream of the server arrives in order, and then its status', async () => {
    const ended = await received(client.count('1000'));
    expect([ended.messages.length, ended.messages.at(-1), ended.status.code]).toEqual([
      1000,
      '1000',
      status.OK,
    ]);
    expect(ended.status.metadata.get('x-trailer')).toEqual(['1000']);
  });

  it('a stream of the server that fails in the middle says so', async () => {
    const ended = await received(client.count(`3 ${String(status.DATA_LOSS)}`));
    expect([ended.messages, ended.status.code, ended.status.details]).toEqual([
      ['1', '2', '3'],
      status.DATA_LOSS,
      'broke off',
    ]);
  });

  it('both sides speak while neither has finished', async () => {
    const call = client.chat();
    const answers: string[] = [];
    call.on('data', (text: string) => answers.push(text));
    const ended = received(call);
    for (const text of ['one', 'two', 'three']) {
      call.write(text);
      await until(() => answers.includes(`re: ${text}`));
    }
    call.end();
    expect((await ended).status.code).toBe(status.OK);
    expect(answers).toEqual(['re: one', 're: two', 're: three']);
  });

  it('a client that cancels is heard by the server at once, and the connection serves on', async () => {
    const name = `hang ${way}`;
    const call = client.count('endless');
    const streaming = received(call);
    await until(() => services(way).written() > 0);
    call.cancel();
    expect((await streaming).status.code).toBe(status.CANCELLED);
    await until(() => services(way).cancelled.includes('endless'));
    const deadline = client.unary(name, { deadline: Date.now() + 200 });
    expect((await deadline).code).toBe(status.DEADLINE_EXCEEDED);
    await until(() => services(way).cancelled.includes(name));
    expect((await client.unary('after')).messages).toEqual(['after']);
  });

  it('a stream of large messages arrives whole at a client that reads slowly', async () => {
    const call = client.count('large 200');
    const lengths: number[] = [];
    const ended = received(call);
    call.on('data', (text: string) => {
      lengths.push(text.length);
      if (lengths.length % 20 !== 0) return;
      call.pause();
      setTimeout(() => call.resume(), 20);
    });
    expect((await ended).status.code).toBe(status.OK);
    expect([lengths.length, new Set(lengths)]).toEqual([200, new Set([64 * 1024])]);
  });

  it('a call in which the client is silent for long goes on', async () => {
    const call = client.chat();
    const ended = received(call);
    const answers: string[] = [];
    call.on('data', (text: string) => answers.push(text));
    call.write('one');
    await until(() => answers.length === 1);
    // Three times as long as a request body may pause.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    call.write('two');
    await until(() => answers.length === 2);
    call.end();
    expect((await ended).status.code).toBe(status.OK);
  });

  it('a stream whose server is silent in the middle for longer than a client may be goes on', async () => {
    const call = client.chat();
    const answers: string[] = [];
    const ended = received(call);
    call.on('data', (text: string) => answers.push(text));
    call.write('one');
    call.write('wait');
    await until(() => answers.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    services(way).open();
    await until(() => answers.includes('at last'));
    call.end();
    expect((await ended).status.code).toBe(status.OK);
  });
});

it('writes the status of every call to the access log, whoever gave it', async () => {
  const client = await connect('cleartext');
  const seen = (grpcStatus: number) =>
    torus.waitForLog((line) => line.msg === 'access' && line['grpcStatus'] === grpcStatus);
  await client.unary('fail 10');
  expect(await seen(10)).toMatchObject({ status: 200, cause: 'ok', path: '/test.Echo/Unary' });
  await received(client.count('2 15'));
  expect(await seen(15)).toMatchObject({ status: 200, cause: 'ok', path: '/test.Echo/Count' });
});

it('logs no such status for other requests', async () => {
  const response = await fetch(`http://127.0.0.1:${String(torus.port('cleartext'))}/`).catch(() => undefined);
  expect(response).toBeUndefined();
  const client = await connect('cleartext');
  await client.unary('x');
  expect(await accessLine(torus, '/test.Echo/Unary')).toHaveProperty('grpcStatus');
});
