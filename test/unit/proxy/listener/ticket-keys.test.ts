import { ticketKeysOf } from '../../../../src/proxy/listener/ticket-keys.js';

const ONE = Buffer.alloc(48, 1).toString('base64');
const OTHER = Buffer.alloc(48, 2).toString('base64');

describe('the ticket keys of a listener', () => {
  it('are 48 bytes, the same in every worker', () => {
    expect(ticketKeysOf('edge', ONE)).toHaveLength(48);
    expect(ticketKeysOf('edge', ONE)).toEqual(ticketKeysOf('edge', ONE));
  });
  it('differ from those of other listeners and of other secrets', () => {
    const keys = [ticketKeysOf('edge', ONE), ticketKeysOf('inner', ONE), ticketKeysOf('edge', OTHER)];
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(3);
  });
});
