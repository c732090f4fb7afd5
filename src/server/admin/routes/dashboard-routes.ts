/** Owns the routes of the page: its three files, read when they are first asked for, and what a browser may do with them. */
import { createHash } from 'node:crypto';
import { AdminProblem } from '../admin-route.js';
import type { AdminAnswer, AdminRequest, AdminRoute } from '../admin-route.js';

export interface DashboardSources {
  /** Rejects where the build left no such file. */
  readonly readPageFile: (name: string) => Promise<Buffer>;
}

interface PageFile {
  readonly body: Buffer;
  readonly etag: string;
}

type ReadFile = (name: string) => Promise<PageFile>;

/** Nothing but its own files, nothing inline, no frame around it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const dashboardRoutes = (sources: DashboardSources): AdminRoute[] => {
  const read = reader(sources);
  return [
    pageRoute(
      '/dashboard',
      'the page: everything at a glance, in a browser',
      serve(read, 'index.html', 'text/html'),
    ),
    pageRoute('/dashboard/app.js', 'program of the page', serve(read, 'app.js', 'text/javascript')),
    pageRoute('/dashboard/app.css', 'style of the page', serve(read, 'app.css', 'text/css')),
  ];
};

const pageRoute = (path: string, summary: string, handle: AdminRoute['handle']): AdminRoute => ({
  ...{ method: 'GET', path, summary, access: 'page' },
  handle,
});

/** Each file is read once. A failure is not remembered. */
const reader = ({ readPageFile }: DashboardSources): ReadFile => {
  const files = new Map<string, Promise<PageFile>>();
  return (name) => {
    const known = files.get(name);
    if (known !== undefined) return known;
    const file = readPageFile(name).then((body) => ({ body, etag: etagOf(body) }));
    file.catch(() => files.delete(name));
    files.set(name, file);
    return file;
  };
};

const etagOf = (body: Buffer): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;

const serve =
  (read: ReadFile, name: string, contentType: string) =>
  async ({ ifNoneMatch }: AdminRequest): Promise<AdminAnswer> => {
    const { body, etag } = await read(name).catch(() => {
      throw new AdminProblem(404, 'this installation was built without the page');
    });
    const fields = {
      etag,
      'cache-control': 'no-cache',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    };
    const isKnown = ifNoneMatch.split(',').some((known) => known.trim() === etag);
    return {
      status: isKnown ? 304 : 200,
      body: isKnown ? '' : body,
      contentType: `${contentType}; charset=utf-8`,
      fields,
    };
  };
