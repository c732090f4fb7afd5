/** Owns the checks of remote key sets: whether they can be fetched, what they hold, and how far the issuer's clock is from ours. */
import type { ConfigSnapshot } from '../../contracts/config.js';
import { fetchKeySet } from '../../server/primary/key-set-fetch.js';
import { counted } from '../../observability/status/format.js';
import { ok, problem, warning } from './finding.js';
import type { Finding } from './finding.js';
import type { Task } from './task.js';

/** What `nbf` and `exp` of a fresh token can bear. */
const MAX_SKEW_MS = 60_000;

/** Each once. */
export const keySetUrls = ({ routes }: ConfigSnapshot): readonly string[] => {
  const urls = routes.flatMap(({ filters }) =>
    filters.flatMap((filter) =>
      filter.name === 'jwt-auth' && filter.options.key.kind === 'jwks-url' ? [filter.options.key.url] : [],
    ),
  );
  return [...new Set(urls)];
};

export const keySetTasks = (snapshot: ConfigSnapshot): Task[] =>
  keySetUrls(snapshot).map((url) => {
    const subject = `keys of ${new URL(url).host}`;
    return { subject, run: () => checkKeySet(subject, url) };
  });

const checkKeySet = async (subject: string, url: string): Promise<Finding[]> => {
  let saysMs = Number.NaN;
  const request: typeof fetch = async (...asked) => {
    const response = await fetch(...asked);
    saysMs = Date.parse(response.headers.get('date') ?? '');
    return response;
  };
  try {
    const keys = await fetchKeySet(url, request);
    return [keyCount(subject, keys.length), ...skew(subject, saysMs - Date.now())];
  } catch (error) {
    return [
      problem(
        subject,
        `${withoutQuery(url)} cannot be fetched: ${reasonOf(error)}`,
        'Until it can, requests with a token are answered 503. Is the URL right, and may this host reach it?',
      ),
    ];
  }
};

const keyCount = (subject: string, count: number): Finding =>
  count > 0
    ? ok(subject, counted(count, 'key'))
    : problem(subject, 'the document holds no key', 'No token can be verified: look at the issuer.');

const skew = (subject: string, offMs: number): Finding[] =>
  Math.abs(offMs) > MAX_SKEW_MS
    ? [
        warning(
          subject,
          `the issuer's clock differs from ours by ${Math.round(offMs / 1000)} s`,
          'Fresh tokens may be refused as not yet valid, and old ones accepted: set the clock of this host (timedatectl set-ntp true).',
        ),
      ]
    : [];

const withoutQuery = (url: string): string => url.split('?')[0] ?? url;

/** `fetch` hides the reason one level down. */
const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
};
