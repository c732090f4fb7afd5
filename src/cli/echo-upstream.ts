/** Owns the upstream embedded in `torus dev`: answers each request with what it received. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EchoUpstream {
  readonly url: string;
  close(): void;
}

/** Listens on a free port of the loopback address. Rejects when there is none. */
export const startEchoUpstream = (): Promise<EchoUpstream> =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => void echo(request, response));
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        url: `http://127.0.0.1:${port}`,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });

const echo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  try {
    const bodyBytes = await countBytes(request);
    const { method, url: path, headers } = request;
    const text = `${JSON.stringify({ method, path, headers, bodyBytes }, null, 2)}\n`;
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  } catch {
    // The sender left in the middle of its body.
    response.destroy();
  }
};

const countBytes = async (request: IncomingMessage): Promise<number> => {
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
};
