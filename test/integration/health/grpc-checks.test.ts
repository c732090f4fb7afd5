/** Checks by the gRPC health checking protocol, judged by a real gRPC server. */
import { Server, ServerCredentials, status, type UntypedHandleCall } from '@grpc/grpc-js';
import { makeCertificate, startTorus } from '../../support/index.js';
import { configFor, factsOf, untilState } from './health-fixture.js';

const SERVING = Buffer.from([0x08, 0x01]);
const NOT_SERVING = Buffer.from([0x08, 0x02]);
/** `HealthCheckRequest { service: "users" }`. */
const USERS = Buffer.concat([Buffer.from([0x0a, 5]), Buffer.from('users')]);

const raw = (bytes: Buffer): Buffer => bytes;
const SERVICE = {
  check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  },
};

const startHealthServer = async (credentials: ServerCredentials) => {
  const state = { answer: SERVING as Buffer | undefined, asked: [] as Buffer[] };
  const check: UntypedHandleCall = (
    call: { readonly request: Buffer },
    respond: (error: object | null, value?: Buffer) => void,
  ) => {
    state.asked.push(call.request);
    if (state.answer === undefined) respond({ code: status.NOT_FOUND });
    else respond(null, state.answer);
  };
  const server = new Server();
  server.addService(SERVICE, { check });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { state, port, address: `127.0.0.1:${String(port)}`, stop: () => server.forceShutdown() };
};

const CHECK = { grpc: { service: 'users' }, interval: '300ms', healthyThreshold: 1, unhealthyThreshold: 1 };

describe('checks over gRPC', () => {
  it('pass when the service is SERVING, fail when it is not, or is not known', async () => {
    const server = await startHealthServer(ServerCredentials.createInsecure());
    const torus = await startTorus({
      config: configFor({ endpoints: [`http://${server.address}`], healthCheck: CHECK }),
    });
    const detail = async () => (await factsOf(torus)).endpoints[0]?.lastCheck?.detail;
    try {
      await untilState(torus, server, 'healthy');
      expect(await detail()).toBe('SERVING');
      expect(server.state.asked[0]).toEqual(USERS);
      server.state.answer = NOT_SERVING;
      await untilState(torus, server, 'unhealthy');
      expect(await detail()).toBe('NOT_SERVING');
      server.state.answer = SERVING;
      await untilState(torus, server, 'healthy');
      server.state.answer = undefined;
      await untilState(torus, server, 'unhealthy');
      expect(await detail()).toBe(`grpc-status ${String(status.NOT_FOUND)}`);
    } finally {
      await torus.stop();
      server.stop();
    }
  });

  it('speak TLS to https endpoints', async () => {
    const { certPem, keyPem, caFile } = await makeCertificate(['grpc.internal'], []);
    const pair = { cert_chain: Buffer.from(certPem), private_key: Buffer.from(keyPem) };
    const server = await startHealthServer(ServerCredentials.createSsl(null, [pair]));
    const torus = await startTorus({
      config: configFor({
        endpoints: [`https://${server.address}`],
        tls: { ca: caFile, serverName: 'grpc.internal' },
        healthCheck: CHECK,
      }),
    });
    try {
      await untilState(torus, server, 'healthy');
    } finally {
      await torus.stop();
      server.stop();
    }
  });
});
