import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { CertificateConfig, ListenerConfig } from '../../contracts/config.js';
import type { ExplainedCheck, ExplainQuestion } from '../../contracts/explanation.js';
import type { RequestHead } from '../../contracts/message.js';
import { compileIpSet } from '../../http/ip-set.js';
import { HeadFault } from '../codec/http1/head-fault.js';
import { HeadReader } from '../codec/http1/head-reader.js';
import { parseRequestHead } from '../codec/http1/request-head.js';
import { parseHttp2RequestHead } from '../codec/http2/request-head.js';
import { certificateNaming } from './certificate-chooser.js';
import { PROGRESS_CAUSES } from './request-reader.js';

/**
 * Owns the reading of a request that somebody only asks about: it is written down as a client would send it, and read by the
 * parsers that read clients. What they refuse here, they refuse there.
 */
export function readQuestion(question: ExplainQuestion, listener: ListenerConfig): RequestHead | HeadFault {
  return question.http2 ? readHttp2(question, listener) : readHttp1(question, listener);
}

/** Whoever asks about another URL than an absolute one gets what the parsers say of it. */
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)/is;

interface Target {
  readonly authority: string;
  readonly target: string;
}

function targetOf({ method, url }: ExplainQuestion): Target {
  if (method === 'CONNECT' && !url.includes('/')) return { authority: url, target: url };
  const [, authority = '', rest = ''] = ABSOLUTE.exec(url) ?? [];
  if (method === 'OPTIONS' && rest === '/*') return { authority, target: '*' };
  return { authority, target: rest.startsWith('/') ? rest : `/${rest}` };
}

function readHttp1(question: ExplainQuestion, listener: ListenerConfig): RequestHead | HeadFault {
  const { authority, target } = targetOf(question);
  const { limits } = listener;
  const namesHost = question.headers.some(([name]) => name.toLowerCase() === 'host');
  const lines = question.headers.map(([name, value]) => `${name}: ${value}\r\n`);
  const host = namesHost ? '' : `host: ${authority}\r\n`;
  const bytes = Buffer.from(`${question.method} ${target} HTTP/1.1\r\n${host}${lines.join('')}\r\n`);
  const reader = new HeadReader({ lineBytes: limits.requestLineBytes, headBytes: limits.headBytes });
  const progress = reader.read({ bytes, start: 0, end: bytes.length, reused: false });
  if (progress === 'partial') return new HeadFault('downstream.head.malformed', 'head-end');
  if (progress !== 'complete') return new HeadFault(PROGRESS_CAUSES[progress], progress);
  return parseRequestHead(bytes, reader, schemeOf(listener), limits);
}

/** Names as any HTTP/2 client would write them. */
function readHttp2(question: ExplainQuestion, listener: ListenerConfig): RequestHead | HeadFault {
  const { authority, target } = targetOf(question);
  const scheme = schemeOf(listener);
  const fields = question.headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  const isConnect = question.method === 'CONNECT';
  const pairs = [
    [':method', question.method],
    [':authority', authority],
    ...(isConnect ? [] : [[':scheme', scheme] as const, [':path', target] as const]),
    ...fields.map(([name, value]) => [name, latin1(value)] as const),
  ];
  const endStream = !fields.some(([name, value]) => name === 'content-length' && value !== '0');
  return parseHttp2RequestHead(pairs.flat(), { scheme, endStream, limits: listener.limits });
}

/** The bytes of a text as the parsers hold them: one character each. */
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

const schemeOf = ({ tls }: ListenerConfig): 'http' | 'https' => (tls === undefined ? 'http' : 'https');

/** What a listener does before there is a request: of the connection that would carry it. */
export function describeConnection(
  question: ExplainQuestion,
  listener: ListenerConfig,
  peer: string,
): readonly ExplainedCheck[] {
  const { tls, proxyProtocol } = listener;
  const checks: ExplainedCheck[] = [protocolCheck(question, listener)];
  if (tls !== undefined) checks.push(certificateCheck(tls.certificates, targetOf(question).authority));
  if (proxyProtocol !== undefined && compileIpSet(proxyProtocol.from).has(peer))
    checks.push(passed('proxy-protocol', `connections from ${peer} must begin with a PROXY header`));
  return checks;
}

const passed = (name: string, detail: string): ExplainedCheck => ({ name, passed: true, detail });

function protocolCheck({ http2 }: ExplainQuestion, { name, protocols }: ListenerConfig): ExplainedCheck {
  const wanted = http2 ? 'http2' : 'http1';
  const spoken = protocols.map((protocol) => WORDS[protocol]).join(' and ');
  const detail = `listener ${name} speaks ${spoken}`;
  return { name: 'protocol', passed: protocols.includes(wanted), detail };
}

const WORDS = { http1: 'HTTP/1.1', http2: 'HTTP/2' } as const;

/** By name as the listener chooses it; a wrong one is for the client to refuse. */
function certificateCheck(certificates: readonly CertificateConfig[], authority: string): ExplainedCheck {
  const host = authority
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  // Clients that connect by address ask for no name.
  const byName = isIP(host) > 0 ? undefined : certificateNaming(certificates, host);
  if (byName !== undefined) return passed('certificate', byName.certFile);
  const [first] = certificates;
  if (first === undefined) return { name: 'certificate', passed: false, detail: 'there is none' };
  const covers = isIP(host) > 0 && new X509Certificate(first.certPem).checkIP(host) !== undefined;
  return passed('certificate', `${first.certFile}, the default${covers ? '' : `: it does not name ${host}`}`);
}
