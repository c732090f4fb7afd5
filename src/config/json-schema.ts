/** Owns the JSON Schema of the configuration: for editors, for the documentation, and to know the valid keys of a place. */
import * as z from 'zod';
import type { ConfigPath } from './config-path.js';
import { configSchema } from './schema/document.js';

/** What this module uses of a JSON Schema node; `x-type` names the Torus type of a scalar. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly 'x-type'?: string;
}

let generated: JsonSchema | undefined;

/** JSON Schema (draft 2020-12) of `torus.yaml` as people write it. */
export function configJsonSchema(): JsonSchema {
  generated ??= z.toJSONSchema(configSchema, { io: 'input', override: publishHints }) as JsonSchema;
  return generated;
}

/**
 * zod drops `examples` from every schema that transforms its input, so the schema carries them under another name; so it does
 * the default of a key that must be told from one that was left out.
 */
function publishHints({ jsonSchema }: { readonly jsonSchema: Record<string, unknown> }): void {
  for (const [hidden, name] of HINTS) {
    if (jsonSchema[hidden] === undefined) continue;
    jsonSchema[name] = jsonSchema[hidden];
    Reflect.deleteProperty(jsonSchema, hidden);
  }
}

const HINTS = [
  ['x-examples', 'examples'],
  ['x-default', 'default'],
] as const;

/** The keys that may stand in the object at `path`. */
export function keysAt(path: ConfigPath): readonly string[] {
  let nodes: readonly JsonSchema[] = alternatives(configJsonSchema());
  for (const part of path) nodes = nodes.flatMap((node) => childrenOf(node, part)).flatMap(alternatives);
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

function alternatives(node: JsonSchema): readonly JsonSchema[] {
  return node.anyOf === undefined ? [node] : [node, ...node.anyOf.flatMap(alternatives)];
}

function childrenOf(node: JsonSchema, part: string | number): readonly JsonSchema[] {
  if (typeof part === 'number') return node.items === undefined ? [] : [node.items];
  const named = node.properties?.[part];
  if (named !== undefined) return [named];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}
