import { rawClient, requestHead } from '../../support/raw-client.js';
import { openFds, rssBytes, socketsOf } from '../../support/process-facts.js';
import { describeWithNginx, startNginx } from '../../support/start-nginx.js';
import { startHttpUpstream, startUpstream } from '../../support/start-upstream.js';
import { testCertificate } from '../../support/test-certificate.js';

describe('the upstream and the raw client', () => {
  it('exchange messages over kept-alive connections and count them', async () => {
    const upstream = await startHttpUpstream();
    const client = await rawClient({ port: upstream.port });
    const first = await client.exchange(`${requestHead('POST /a', 'Content-Length: 2')}hi`);
    const second = await client.exchange(requestHead('GET /b'));
    expect([first.end, second.end, upstream.acceptedSockets, upstream.openSockets]).toEqual([
      'complete',
      'complete',
      1,
      1,
    ]);
    expect(JSON.parse(first.text())).toMatchObject({ method: 'POST', url: '/a', body: 'hi' });
    await client.close();
    await upstream.whenOpenSockets(0);
    await upstream.close();
  });

  it.each([false, true])('tell a reset from a close (tls %p)', async (tls) => {
    const certificate = await testCertificate();
    const options = tls ? { tls: certificate } : {};
    const upstream = await startUpstream((socket) => {
      socket.once('data', (bytes) => {
        if (!bytes.includes('close')) return;
        socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ncut');
      });
    }, options);
    const trust = tls ? { ca: certificate.caPem } : false;
    const closed = await rawClient({ port: upstream.port, tls: trust });
    expect((await closed.exchange('close')).end).toBe('closed');
    expect(await closed.ended()).toBe('fin');
    const reset = await rawClient({ port: upstream.port, tls: trust });
    const pending = reset.exchange('hang');
    upstream.resetAll();
    expect((await pending).end).toBe('reset');
    const silent = await rawClient({ port: upstream.port, tls: trust });
    expect((await silent.exchange('hang', { timeoutMs: 20 })).end).toBe('timeout');
    silent.reset();
    await Promise.all([closed.close(), reset.close(), silent.close()]);
    await upstream.whenOpenSockets(0);
    await upstream.refuse();
    await expect(rawClient({ port: upstream.port })).rejects.toThrow('ECONNREFUSED');
  });
});

describe('process facts', () => {
  it('see the sockets and descriptors of this process', async () => {
    const before = openFds(process.pid);
    const upstream = await startUpstream(() => undefined);
    const states = socketsOf(process.pid).filter(({ localPort }) => localPort === upstream.port);
    expect(states.map(({ state }) => state)).toEqual(['LISTEN']);
    expect(openFds(process.pid)).toBeGreaterThan(before);
    expect(rssBytes(process.pid)).toBeGreaterThan(1e7);
    await upstream.close();
  });
});

describeWithNginx('nginx', () => {
  it('answers from a temporary folder', async () => {
    const nginx = await startNginx('location = /hello { return 200 "hello"; }');
    const client = await rawClient({ port: nginx.port });
    expect((await client.exchange(requestHead('GET /hello'))).text()).toBe('hello');
    await client.close();
    await nginx.stop();
  });
});
