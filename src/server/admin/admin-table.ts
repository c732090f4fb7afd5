/** Owns which route of the admin listener a method and a path belong to. */
import { problem, text } from './admin-route.js';
import type { AdminAnswer, AdminRoute } from './admin-route.js';

export type AdminMatch =
  { readonly route: AdminRoute; readonly parameter: string } | { readonly answer: AdminAnswer };

export class AdminTable {
  readonly #routes: readonly AdminRoute[];

  constructor(routes: readonly AdminRoute[]) {
    this.#routes = routes;
  }

  match(method: string, path: string): AdminMatch {
    const atPath = this.#routes.flatMap((route) => {
      const parameter = parameterOf(route.path, path);
      return parameter === undefined ? [] : [{ route, parameter }];
    });
    const wanted = method === 'HEAD' ? 'GET' : method;
    const found = atPath.find(({ route }) => route.method === wanted);
    if (found !== undefined) return found;
    if (atPath.length === 0) return { answer: problem(404, 'not found') };
    const allow = atPath.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]));
    return { answer: problem(405, 'method not allowed', { allow: allow.join(', ') }) };
  }

  /** Every route in a line. */
  list(): AdminAnswer {
    const width = Math.max(...this.#routes.map(({ path }) => path.length));
    const lines = this.#routes.map(
      ({ method, path, summary }) => `${method.padEnd(6)} ${path.padEnd(width)}  ${summary}`,
    );
    return text(`${lines.join('\n')}\n`);
  }
}

/** Empty where a path without parameter is the same; undefined where the path is another one. */
const parameterOf = (pattern: string, path: string): string | undefined => {
  const colon = pattern.indexOf(':');
  if (colon < 0) return pattern === path ? '' : undefined;
  const slash = pattern.indexOf('/', colon);
  const tail = slash < 0 ? '' : pattern.slice(slash);
  if (!path.startsWith(pattern.slice(0, colon)) || !path.endsWith(tail)) return undefined;
  const segment = path.slice(colon, path.length - tail.length);
  return segment === '' || segment.includes('/') ? undefined : decoded(segment);
};

const decoded = (segment: string): string | undefined => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
};
