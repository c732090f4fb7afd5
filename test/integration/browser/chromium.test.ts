/** What a real browser does with Torus: a page of a hundred resources over HTTP/2, WebSocket in the same connection, events. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { WebSocketServer } from 'ws';
import {
  metricSum,
  startHttpUpstream,
  startTorus,
  testCertificate,
  within,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { describeWithChromium, startChromium } from '../../support/start-chromium.js';

jest.setTimeout(60_000);

const RESOURCES = 100;

const numbers = Array.from({ length: RESOURCES }, (_resource, at) => at);
const DOT = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
const HTML = `<!doctype html><title>Torus</title>${numbers.map((at) => `<img src="/dot/${String(at)}" alt="">`).join('')}`;

/** Runs in the page: what it loaded, and how. */
const LOOK = `({
  protocols: performance.getEntriesByType('resource').map((entry) => [new URL(entry.name).pathname, entry.nextHopProtocol]),
  widths: [...document.images].map((image) => image.naturalWidth),
  page: performance.getEntriesByType('navigation')[0].nextHopProtocol,
})`;

interface PageReport {
  readonly protocols: readonly (readonly [path: string, protocol: string])[];
  readonly widths: readonly number[];
  readonly page: string;
}

const USE_SOCKET = `new Promise((resolve, reject) => {
  const socket = new WebSocket('wss://' + location.host + '/socket', ['v1.chat', 'v2.chat']);
  const echoed = [];
  socket.onopen = () => {
    for (const word of ['one', 'two', 'x'.repeat(100000)]) socket.send(word);
  };
  socket.onmessage = ({ data }) => {
    echoed.push(data);
    if (echoed.length === 3) resolve({ echoed, protocol: socket.protocol, extensions: socket.extensions });
  };
  socket.onerror = () => reject(new Error('the socket failed'));
  window.ended = new Promise((ended) => {
    socket.onclose = ({ code, wasClean }) => ended({ code, wasClean });
  });
})`;

const USE_EVENTS = `new Promise((resolve, reject) => {
  const source = new EventSource('/events');
  const seen = [];
  source.onmessage = ({ data }) => {
    seen.push(data);
    if (seen.length < 5) return;
    source.close();
    resolve(seen);
  };
  source.onerror = () => reject(new Error('the event stream broke'));
})`;

describeWithChromium('Chromium', () => {
  let torus: RunningTorus;
  let upstream: TestUpstream;
  let server: WebSocketServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const certificate = await testCertificate();
    const http = await startHttpUpstream(async (request, response) => {
      if (request.url === '/') response.setHeader('content-type', 'text/html').end(HTML);
      else if (request.url?.startsWith('/dot/') === true)
        response.setHeader('content-type', 'image/gif').end(DOT);
      else if (request.url === '/events') {
        response.setHeader('content-type', 'text/event-stream');
        for (let id = 0; !response.destroyed; id += 1) {
          response.write(`data: ${String(id)}\n\n`);
          await delay(30);
        }
      } else response.writeHead(404).end();
    });
    upstream = http;
    server = new WebSocketServer({
      server: http.server,
      perMessageDeflate: { threshold: 0 },
      handleProtocols: (offered) => [...offered][1] ?? false,
    });
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('error', () => undefined);
    });
    const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'edge', address: '127.0.0.1:0', tls }],
        admin: { address: '127.0.0.1:0' },
        upstreams: { main: { endpoints: [upstream.url] } },
        routes: [{ name: 'all', match: { path: '/*' }, upstream: 'main', websocket: { closeOnDrain: true } }],
      },
    });
    browser = await startChromium();
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    page = await context.newPage();
  });

  afterAll(async () => {
    await browser.close();
    server.close();
    await torus.stop();
    await upstream.close();
  });

  const accessLine = (path: string) =>
    torus.waitForLog((line) => line.msg === 'access' && line['path'] === path);

  it('loads a page with a hundred resources over HTTP/2, in one connection', async () => {
    const answer = await page.goto(torus.url('edge'), { waitUntil: 'load' });
    expect(answer?.status()).toBe(200);
    const report = await page.evaluate<PageReport>(LOOK);
    expect(report.page).toBe('h2');
    expect(report.widths).toEqual(numbers.map(() => 1));
    const dots = report.protocols.filter(([path]) => path.startsWith('/dot/'));
    expect(new Set(dots.map(([path]) => path)).size).toBe(RESOURCES);
    expect(new Set(dots.map(([, protocol]) => protocol))).toEqual(new Set(['h2']));
    // Chromium may open a second one ahead of need, and not use it.
    expect(await metricSum(torus, 'torus_sockets_opened_total', { side: 'downstream' })).toBeLessThanOrEqual(
      2,
    );
  });

  it('reads an event stream event by event, and leaves it', async () => {
    expect(await page.evaluate(USE_EVENTS)).toEqual(['0', '1', '2', '3', '4']);
    expect(await accessLine('/events')).toMatchObject({
      httpVersion: '2',
      status: 200,
      cause: 'downstream.response.aborted',
    });
  });

  it('opens a WebSocket in its HTTP/2 connection, and is told when the gateway goes', async () => {
    const report = await page.evaluate(USE_SOCKET);
    expect(report).toEqual({
      echoed: ['one', 'two', 'x'.repeat(100_000)],
      protocol: 'v2.chat',
      extensions: expect.stringContaining('permessage-deflate') as string,
    });
    const closing = page.evaluate('window.ended');
    torus.requestShutdown();
    expect(await within(closing, 10_000, 'the close')).toEqual({ code: 1001, wasClean: true });
    expect(await accessLine('/socket')).toMatchObject({
      httpVersion: '2',
      status: 200,
      cause: 'ok',
      detail: 'going-away',
    });
    expect((await within(torus.exit, 10_000, 'the exit')).code).toBe(0);
  });
});
