/** Owns one GET on one new connection, for the clients that count connections and not requests. */
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tlsClientOptions } from './tls-client.mjs';

/**
 * @param {{ port: number, tls: boolean, session?: Buffer }} target
 * @returns {import('node:net').Socket}
 */
export const openSocket = ({ port, tls, session }) => {
  const address = { host: '127.0.0.1', port };
  return tls
    ? connectTls({ ...address, ...tlsClientOptions, session })
    : connect({ ...address, noDelay: true });
};

/** @param {{ path: string, headers: Record<string, string>, close: boolean }} request @returns {string} */
export const requestBytes = ({ path, headers, close }) =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(close ? ['Connection: close'] : []),
    '\r\n',
  ].join('\r\n');

/** Whether these bytes are a whole 200 answer: by Content-Length, or by the last chunk. @param {string} text */
export const isWholeAnswer = (text) => {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1 || !text.startsWith('HTTP/1.1 200')) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end + 2))?.[1];
  return length === undefined ? text.endsWith('0\r\n\r\n') : text.length - end - 4 >= Number(length);
};
