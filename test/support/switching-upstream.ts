/** An upstream that switches to another protocol whatever it is asked, and then sends back what comes. */
import { startUpstream, type TestUpstream } from './start-upstream.js';

/** The answer to an upgrade. */
export const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

export const startEchoTunnel = (): Promise<TestUpstream> =>
  startUpstream((socket) => {
    socket.once('data', () => {
      socket.write(SWITCH);
      socket.on('data', (chunk) => socket.write(chunk));
    });
    socket.on('end', () => socket.end());
  });
