/** The page of the admin API in a real browser, against a running instance with real traffic and real faults. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import {
  rawClient,
  requestHead,
  startHttpUpstream,
  startTorus,
  testCertificate,
  until,
  type RunningTorus,
  type TestUpstream,
} from '../../support/index.js';
import { describeWithChromium, startChromium } from '../../support/start-chromium.js';

jest.setTimeout(60_000);

const TOKEN = 'a-token-of-the-dashboard-test';
/** `TORUS_SCREENSHOTS=DIR` keeps what the page looked like. */
const SCREENSHOTS = process.env['TORUS_SCREENSHOTS'];

/** Everything that a page must not do: complain, ask another origin, break its own policy. */
interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly faults: string[];
}

describeWithChromium('the dashboard', () => {
  let browser: Browser;
  let torus: RunningTorus;
  let good: TestUpstream;
  let fragile: TestUpstream;
  let origin: string;
  let stopTraffic: () => Promise<void>;

  beforeAll(async () => {
    browser = await startChromium();
    const answer = startHttpUpstream((request, response) => {
      if (request.url !== '/held') response.end('hello');
    });
    [good, fragile] = await Promise.all([
      answer,
      startHttpUpstream((_request, response) => void response.end('hello')),
    ]);
    const certificate = await testCertificate();
    torus = await startTorus({
      config: {
        workers: 1,
        listeners: [
          { name: 'edge', address: '127.0.0.1:0' },
          {
            name: 'secure',
            address: '127.0.0.1:0',
            tls: { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] },
          },
        ],
        admin: { address: '127.0.0.1:0' },
        upstreams: {
          main: { endpoints: [good.url] },
          pair: {
            endpoints: [good.url, fragile.url],
            balancer: 'round-robin',
            outlierEjection: { consecutive5xx: 2, maxEjected: '50%' },
          },
        },
        routes: [
          { name: 'pair', match: { path: '/pair' }, upstream: 'pair', retry: false },
          { name: 'main', match: { path: '/main/*' }, upstream: 'main' },
          { name: 'held', match: { path: '/held' }, upstream: 'main' },
        ],
      },
    });
    origin = `http://127.0.0.1:${String(torus.adminPort)}`;
    stopTraffic = steady(torus, ['/main/x', '/pair']);
  });

  afterAll(async () => {
    await stopTraffic();
    await browser.close();
    await torus.stop();
    await Promise.all([good.close(), fragile.close()]);
  });

  const open = async (options: BrowserContextOptions = {}, at = origin): Promise<Watched> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${at}/`) && !request.url().startsWith('data:'))
        faults.push(`asks ${request.url()}`);
    });
    // A refusal of the content security policy is an error of the console.
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
    });
    await page.goto(`${at}/dashboard`);
    return { page, context, faults };
  };

  const textOf = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();

  /** Waits until the text of that part matches. */
  const says = async (page: Page, selector: string, words: RegExp): Promise<void> => {
    let seen = '';
    await until(async () => words.test((seen = await textOf(page, selector))), 15_000).catch(() => {
      throw new Error(`${selector} does not say ${String(words)}:\n${seen}`);
    });
  };

  const picture = async (page: Page, name: string): Promise<void> => {
    if (SCREENSHOTS === undefined) return;
    mkdirSync(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: path.join(SCREENSHOTS, `${name}.png`), fullPage: true });
  };

  it('leads a browser from / to the page, and a program to the list', async () => {
    const { page, context, faults } = await open();
    await page.goto(`${origin}/`);
    expect(page.url()).toBe(`${origin}/dashboard`);
    expect(await (await torus.admin('/')).text()).toContain('GET    /dashboard ');
    expect(faults).toEqual([]);
    await context.close();
  });

  it('shows rate, latency, workers, endpoints, connections, generation and certificates of a living instance', async () => {
    const { page, context, faults } = await open();
    await says(page, '#figures', /Requests\s+[1-9][\d.]*k?\s+\/ s/i);
    await says(page, '#figures', /Latency p99\s+[\d.]+ m?s/i);
    await says(page, '#rate-chart', /2xx 3xx\s*[1-9]/);
    await says(page, '#latency-chart', /p99\s*[\d.]+ m?s/);
    await says(page, '#workers', /1 of 1 ready[^]*\d+\s+ready[^]*MiB/);
    await says(page, '#upstreams', /3 of 3 endpoints in 2 upstreams available/);
    await says(page, '#connections', /127\.0\.0\.1/);
    await says(page, '#config', /Generation\s+1[^]*Last reload\s+none/i);
    await says(page, '#config', /secure\s+3\d\d/);
    await says(page, '#verdict', /All is well\s+1 worker ready, 3 endpoints available/);
    expect(await page.locator('#verdict').getAttribute('data-level')).toBe('good');
    // Something is drawn: not every pixel of the chart is alike.
    expect(await page.evaluate(DRAWN)).toBe(true);
    expect(faults).toEqual([]);
    await picture(page, 'light');
    await context.close();
  });

  it('writes what an instance says as text, never as markup', async () => {
    const { page, context, faults } = await open();
    await page.route('**/status', async (route) => {
      const response = await route.fetch();
      const status = (await response.json()) as { upstreams: { name: string }[] };
      status.upstreams[0]!.name = '<img src=x onerror=alert(1)><b>bold</b>';
      await route.fulfill({ response, json: status });
    });
    await says(page, '#upstreams', /<img src=x onerror=alert\(1\)><b>bold<\/b>/);
    expect(await page.locator('#upstreams img, #upstreams b').count()).toBe(0);
    expect(faults).toEqual([]);
    await context.close();
  });

  it('shows what runs long, and ends it after a question', async () => {
    await using client = await rawClient({ port: torus.port('edge') });
    await client.send(requestHead('GET /held'));
    const { page, context, faults } = await open();
    await says(page, '#streams', /GET [^\n]*\/held/);
    await page.getByRole('button', { name: /^End: GET .*\/held$/ }).click();
    await page.getByRole('button', { name: 'Leave it' }).click();
    await says(page, '#streams', /GET [^\n]*\/held/);
    await page.getByRole('button', { name: /^End: GET .*\/held$/ }).click();
    expect(await textOf(page, '#kill-what')).toMatch(/GET .*\/held, for 127\.0\.0\.1/);
    await page.getByRole('button', { name: 'End it' }).click();
    expect((await client.response()).status).toBe(503);
    await says(page, '#streams', /Nothing has been running/);
    await says(page, '#causes', /internal\.exchange\.killed/);
    expect(faults).toEqual([]);
    await context.close();
  });

  it('explains a request that it does not send, in the words of torus explain', async () => {
    const { page, context, faults } = await open();
    const explain = async (url: string): Promise<void> => {
      await page.getByRole('textbox', { name: 'URL' }).fill(url);
      await page.getByRole('button', { name: 'Explain' }).click();
    };
    await page.getByRole('textbox', { name: 'Headers' }).fill('x-note: one\nx-other: two');
    await explain('http://api.example.test/main/users');
    await says(page, '#explain-answer', /route main → upstream main[^]*routes[^]*✓ +main[^]*x-note: one/);
    expect(await page.locator('#explain-answer .answer').getAttribute('data-level')).toBe('good');
    await explain('http://api.example.test/nowhere');
    await says(page, '#explain-answer', /404/);
    expect(await page.locator('#explain-answer .answer').getAttribute('data-level')).toBe('bad');
    expect(faults).toEqual([]);
    await picture(page, 'explain');
    await context.close();
  });

  it('is usable at 390 pixels: nothing sticks out sideways', async () => {
    const { page, context, faults } = await open({ viewport: { width: 390, height: 844 }, isMobile: true });
    await says(page, '#figures', /Requests\s+[1-9]/i);
    await says(page, '#upstreams', /healthy/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await page.evaluate(STICKING_OUT)).toEqual([]);
    expect(faults).toEqual([]);
    await picture(page, 'phone');
    await context.close();
  });

  it('follows the system from light to dark, and the reader against it', async () => {
    const { page, context, faults } = await open({ colorScheme: 'light' });
    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    await until(async () => (await ground()) !== light, 5_000, 'dark colours');
    await page.getByRole('button', { name: 'Switch to light colours' }).click();
    expect(await ground()).toBe(light);
    await page.reload();
    expect(await ground()).toBe(light);
    await page.getByRole('button', { name: 'Switch to dark colours' }).click();
    await says(page, '#figures', /Requests\s+[1-9]/i);
    await picture(page, 'dark');
    expect(faults).toEqual([]);
    await context.close();
  });

  it('does not move anything from one poll to the next', async () => {
    const { page, context } = await open();
    await says(page, '#figures', /Latency p99\s+[\d.]+ m?s/i);
    await says(page, '#connections', /127\.0\.0\.1/);
    const places = (): Promise<number[]> => page.evaluate(PLACES);
    const polled = (): Promise<unknown> =>
      page.waitForResponse((response) => response.url().endsWith('/status'));
    const before = await places();
    for (let poll = 0; poll < 4; poll += 1) await polled();
    expect(await places()).toEqual(before);
    await context.close();
  });

  it('asks nothing while the reader pauses it', async () => {
    const { page, context } = await open();
    await says(page, '#figures', /Requests\s+[1-9]/i);
    await page.getByRole('button', { name: 'Pause' }).click();
    let asked = 0;
    page.on('request', () => (asked += 1));
    // Another page goes on meanwhile, so that time is measured by polls.
    const other = await open();
    for (let poll = 0; poll < 3; poll += 1)
      await other.page.waitForResponse((response) => response.url().endsWith('/status'));
    expect(asked).toBe(0);
    await page.getByRole('button', { name: 'Go on' }).click();
    await until(() => asked > 0, 5_000, 'a question');
    await Promise.all([context.close(), other.context.close()]);
  });

  it('shows the endpoint that was killed as ejected, why, and the cause that clients met', async () => {
    const { page, context, faults } = await open();
    await says(page, '#upstreams', /3 of 3 endpoints/);
    await fragile.refuse();
    await says(
      page,
      '#upstreams',
      new RegExp(`pair\\s+127\\.0\\.0\\.1:${String(fragile.port)}\\s+ejected\\s+.*connect`),
    );
    await says(page, '#causes', /upstream\.connect\.refused[^]*5xx/);
    await says(page, '#verdict', /Upstream pair: 1 of 2 endpoints out of use|requests of the last/);
    // The first row is the one to look at.
    expect(await textOf(page, '#upstreams-table tbody tr:first-child')).toContain('ejected');
    expect(faults).toEqual([]);
    await picture(page, 'fault');
    await context.close();
  });

  it('asks for the token once, refuses a wrong one, and keeps it in the tab alone', async () => {
    await using guarded = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'edge', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0', token: TOKEN },
        upstreams: { main: { endpoints: [good.url] } },
        routes: [{ name: 'main', match: { path: '/*' }, upstream: 'main' }],
      },
    });
    const { page, context } = await open({}, `http://127.0.0.1:${String(guarded.adminPort)}`);
    const field = page.getByRole('textbox', { name: 'Token' });
    await field.fill('not-the-token-at-all');
    await page.getByRole('button', { name: 'Continue' }).click();
    await says(page, '#token-dialog', /That was not it/);
    await field.fill(TOKEN);
    await page.getByRole('button', { name: 'Continue' }).click();
    await says(page, '#verdict', /All is well\s+1 worker ready, 1 endpoint available/);
    await page.reload();
    await says(page, '#verdict', /All is well/);
    expect(await page.locator('#token-dialog').isVisible()).toBe(false);
    expect(await page.evaluate('[document.cookie, JSON.stringify(localStorage)].join()')).not.toContain(
      TOKEN,
    );
    await context.close();
  });

  it('says that the instance does not answer when it is gone', async () => {
    const gone = await startTorus({
      config: {
        workers: 1,
        listeners: [{ name: 'edge', address: '127.0.0.1:0' }],
        admin: { address: '127.0.0.1:0' },
        upstreams: { main: { endpoints: [good.url] } },
        routes: [{ name: 'main', match: { path: '/*' }, upstream: 'main' }],
      },
    });
    const { page, context } = await open({}, `http://127.0.0.1:${String(gone.adminPort)}`);
    await says(page, '#verdict', /All is well|Worth a look/);
    await gone.stop();
    await says(page, '#verdict', /No answer from the instance/);
    expect(await page.locator('#verdict').getAttribute('data-level')).toBe('bad');
    await context.close();
  });

  it('is read when it is first asked for, and not sent again unchanged', async () => {
    const first = await torus.admin('/dashboard/app.js');
    const etag = first.headers.get('etag')!;
    expect(first.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
    expect((await first.text()).length).toBeGreaterThan(10_000);
    const again = await torus.admin('/dashboard/app.js', { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });
});

/** Asks for the targets again and again, over one connection each, until it is stopped. */
const steady = (torus: RunningTorus, targets: readonly string[]): (() => Promise<void>) => {
  let running = true;
  const clients = targets.map(async (target) => {
    while (running) await (await fetch(`${torus.url('edge')}${target}`)).arrayBuffer();
  });
  return async () => {
    running = false;
    await Promise.allSettled(clients);
  };
};

const DRAWN = `(() => {
  const canvas = document.querySelector('#rate-chart canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  return new Set(new Uint32Array(data.buffer)).size > 3;
})()`;

/** What lies beyond the window, outside of the parts that scroll by themselves. */
const STICKING_OUT = `[...document.querySelectorAll('body *')]
  .filter((element) => element.closest('.rows, .skip, .area') === null && element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 80))`;

const PLACES = `[...document.querySelectorAll('section, #figures, h2')].map((element) => Math.round(element.getBoundingClientRect().top))`;
