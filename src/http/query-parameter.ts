/** Owns the reading of one parameter out of a query string, without parsing the rest. Pure. */

/** True when one of the parameters called `name` has that value (`value` undefined: any). `query` begins with `?` or is empty. */
export function queryMatches(query: string, name: string, value: string | undefined): boolean {
  for (let start = 1; start < query.length;) {
    const end = pairEnd(query, start);
    const found = valueIn(query.slice(start, end), name);
    if (found !== undefined && (value === undefined || found === value)) return true;
    start = end + 1;
  }
  return false;
}

/** Every value of that parameter, decoded, in order. At most `limit` of them. */
export function queryValues(query: string, name: string, limit: number): readonly string[] {
  const values: string[] = [];
  for (let start = 1; start < query.length && values.length < limit;) {
    const end = pairEnd(query, start);
    const found = valueIn(query.slice(start, end), name);
    if (found !== undefined) values.push(found);
    start = end + 1;
  }
  return values;
}

function pairEnd(query: string, start: number): number {
  const end = query.indexOf('&', start);
  return end < 0 ? query.length : end;
}

function valueIn(pair: string, name: string): string | undefined {
  const equals = pair.indexOf('=');
  const key = equals < 0 ? pair : pair.slice(0, equals);
  if (decoded(key) !== name || pair === '') return undefined;
  return equals < 0 ? '' : decoded(pair.slice(equals + 1));
}

/** As forms write it: `+` is a space. Text with a bad escape stands for itself. */
function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
