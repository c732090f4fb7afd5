/** Owns the reading of YAML and JSON text into plain data that remembers its lines. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type Pair,
} from 'yaml';
import type { ConfigPath } from './config-path.js';

export interface TextProblem {
  readonly line: number | undefined;
  readonly message: string;
}

export interface ParsedText {
  readonly value: unknown;
  readonly problems: readonly TextProblem[];
  lineOf(path: ConfigPath): number | undefined;
}

/** More uses of aliases than any honest file has: past this, expanding them is an attack on memory. */
const MAX_ALIASES = 200;

/** One broken line makes many more look broken: the first few say it all. */
const MAX_PROBLEMS = 5;

/** Own words for the parser's errors: its messages quote the text, and the text may hold a secret. */
const MESSAGES: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'this alias names no anchor before it',
  BAD_DQ_ESCAPE: 'this is no escape sequence that double quotes know',
  BAD_INDENT: 'the indentation is wrong here, or a bracket before it is not closed',
  BAD_SCALAR_START: 'a value cannot begin with this character: put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a nested mapping must begin on its own line: put values with ": " in quotes',
  BLOCK_IN_FLOW: 'this cannot stand inside brackets or braces',
  DUPLICATE_KEY: 'this key is here twice',
  MISSING_CHAR: 'a closing quote, bracket, comma or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must fit on one line and be followed by a colon',
  MULTIPLE_DOCS: 'a configuration is one document: remove the --- line',
  TAB_AS_INDENT: 'indent with spaces, not with tabs',
};

export function parseText(text: string): ParsedText {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    merge: true,
    logLevel: 'error',
  });
  const problems = document.errors.slice(0, MAX_PROBLEMS).map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    message: MESSAGES[error.code] ?? `this is not valid YAML (${error.code})`,
  }));
  const lineOf = (path: ConfigPath): number | undefined => {
    const offset = offsetOf(document, path);
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  if (problems.length > 0) return { value: undefined, problems, lineOf };
  try {
    return { value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown, problems, lineOf };
  } catch {
    // toJS fails on aliases only: unresolved, or so many that expanding them would exhaust the memory.
    return {
      value: undefined,
      problems: [{ line: undefined, message: 'its aliases cannot be resolved, or there are too many' }],
      lineOf,
    };
  }
}

/** Offset of the key or item at `path`; of the nearest thing around it when there is none. */
function offsetOf(document: Document, path: ConfigPath): number | undefined {
  let node: Node | null | undefined = document.contents;
  let offset = node?.range?.[0];
  for (const part of path) {
    const found = childOf(resolved(node, document), part);
    if (found === undefined) return offset;
    offset = found.offset ?? offset;
    node = found.node;
  }
  return offset;
}

function resolved(node: Node | null | undefined, document: Document): Node | undefined {
  return isAlias(node) ? node.resolve(document) : (node ?? undefined);
}

function childOf(
  node: Node | undefined,
  part: string | number,
): { node: Node | undefined; offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = (node.items as Pair<Node, Node | null>[]).find(
      (item) => isScalar(item.key) && String(item.key.value) === String(part),
    );
    return pair === undefined ? undefined : { node: pair.value ?? undefined, offset: pair.key.range?.[0] };
  }
  if (!isSeq(node) || typeof part !== 'number') return undefined;
  const item = node.items[part] as Node | undefined;
  return item === undefined ? undefined : { node: item, offset: item.range?.[0] };
}
