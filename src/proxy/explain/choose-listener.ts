/** Owns which listener a question is about: the one it names, else the first that its URL could have reached. */
import type { ListenerConfig } from '../../contracts/config.js';
import type { ExplainQuestion } from '../../contracts/explanation.js';

export type ListenerChoice =
  { readonly listener: ListenerConfig; readonly assumed: string | undefined } | { readonly problem: string };

export function chooseListener(
  listeners: readonly ListenerConfig[],
  { listener: wanted, url, http2 }: Pick<ExplainQuestion, 'listener' | 'url' | 'http2'>,
): ListenerChoice {
  if (wanted !== undefined) {
    const named = listeners.find(({ name }) => name === wanted);
    if (named !== undefined) return { listener: named, assumed: undefined };
    const names = listeners.map(({ name }) => name).join(', ');
    return { problem: `there is no listener ${wanted}: there is ${names}` };
  }
  const [best] = [...listeners].sort((one, two) => fit(two, url, http2) - fit(one, url, http2));
  if (best === undefined) return { problem: 'the configuration has no listener' };
  return { listener: best, assumed: assumption(best, listeners, url) };
}

/** The scheme says most, then the port, then the protocol. */
function fit({ tls, port, protocols }: ListenerConfig, url: string, http2: boolean): number {
  const scheme = isHttps(url) === (tls !== undefined) ? 4 : 0;
  const atPort = portIn(url) === port ? 2 : 0;
  return scheme + atPort + (protocols.includes(http2 ? 'http2' : 'http1') ? 1 : 0);
}

function assumption(
  best: ListenerConfig,
  listeners: readonly ListenerConfig[],
  url: string,
): string | undefined {
  if (isHttps(url) !== (best.tls !== undefined))
    return `it comes to listener ${best.name}, which speaks ${best.tls === undefined ? 'plain HTTP' : 'TLS'}`;
  return listeners.length === 1 ? undefined : `it comes to listener ${best.name}`;
}

const isHttps = (url: string): boolean => /^https:/i.test(url);

function portIn(url: string): number {
  const port = /^(?:https?:\/\/)?[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(url)?.[1];
  return port === undefined ? (isHttps(url) ? 443 : 80) : Number(port);
}
