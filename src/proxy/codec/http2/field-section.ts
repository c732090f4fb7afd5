import { FIELD_VALUE, TOKEN, consistsOf } from '../../../http/characters.js';
import { FieldBlock } from '../../../http/field-block.js';
import * as known from '../../../http/known-fields.js';

/**
 * Owns the strict reading of one field section (RFC 9113 section 8.2) from the name-value pairs that HPACK gave: lower-case
 * names, nothing of another hop's connection, cookies joined. What it makes is the same block that HTTP/1.1 lines make, so
 * that everything behind it drops and forwards the same fields.
 */

export interface FieldSectionLimits {
  readonly headBytes: number;
  readonly headerCount: number;
  readonly allowUnderscores: boolean;
}

/** What one section held. `fault` is the rule that was broken; empty when all is well. */
export interface FieldSection {
  fault: string;
  readonly pseudo: Map<string, string>;
  fields: FieldBlock;
  hosts: string[];
  contentLengths: string[];
  expects: string[];
  /** Names and values, and as much as HTTP/1.1 would need between them. */
  bytes: number;
}

/** RFC 9113 section 8.2.2: a message with one of these is malformed. */
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
/** `: ` and CRLF. */
const LINE_OVERHEAD = 4;
const UPPER_CASE = /[A-Z]/;

/** `pairs` is name, value, name, value ... in order of arrival. */
export function readFieldSection(pairs: readonly string[], limits: FieldSectionLimits): FieldSection {
  const reader = new SectionReader(limits);
  for (let at = 0; at < pairs.length && reader.section.fault === ''; at += 2)
    reader.take(pairs[at] ?? '', pairs[at + 1] ?? '');
  return reader.finish();
}

class SectionReader {
  readonly section: FieldSection = {
    fault: '',
    pseudo: new Map(),
    fields: new FieldBlock(),
    hosts: [],
    contentLengths: [],
    expects: [],
    bytes: 0,
  };
  private readonly limits: FieldSectionLimits;
  private readonly spans: number[] = [];
  private readonly cookies: string[] = [];
  private text = '';
  private count = 0;

  constructor(limits: FieldSectionLimits) {
    this.limits = limits;
  }

  take(name: string, value: string): void {
    const { section, limits } = this;
    section.bytes += name.length + value.length + LINE_OVERHEAD;
    if (section.bytes > limits.headBytes) section.fault = 'head-size';
    else if (name.charCodeAt(0) === 58) this.takePseudo(name, value);
    else this.takeField(name, value);
  }

  finish(): FieldSection {
    // RFC 9113 section 8.2.3: crumbs of one cookie become one field again before anybody else reads them.
    if (this.cookies.length > 0) this.add('cookie', this.cookies.join('; '));
    this.section.fields = new FieldBlock(this.text, this.spans);
    return this.section;
  }

  private takePseudo(name: string, value: string): void {
    const { section } = this;
    if (section.pseudo.has(name) || this.count > 0) section.fault = 'pseudo-field';
    else section.pseudo.set(name, value);
  }

  private takeField(name: string, value: string): void {
    this.count += 1;
    this.section.fault = this.faultOf(name, value);
    if (this.section.fault !== '') return;
    if (!this.limits.allowUnderscores && name.includes('_')) return;
    if (name === 'cookie') this.cookies.push(value);
    else this.add(name, value);
    this.note(name, value);
  }

  private faultOf(name: string, value: string): string {
    if (this.count > this.limits.headerCount) return 'field-count';
    if (!consistsOf(name, TOKEN) || UPPER_CASE.test(name)) return 'field-name';
    if (value !== '' && (!consistsOf(value, FIELD_VALUE) || value !== value.trim())) return 'field-value';
    if (CONNECTION_SPECIFIC.has(name)) return 'connection-specific';
    return name === 'te' && value.toLowerCase() !== 'trailers' ? 'te' : '';
  }

  private note(name: string, value: string): void {
    const { section } = this;
    if (name === 'host') section.hosts.push(value);
    else if (name === 'content-length') section.contentLengths.push(value);
    else if (name === 'expect') section.expects.push(value);
  }

  private add(name: string, value: string): void {
    const nameStart = this.text.length;
    const nameEnd = nameStart + name.length;
    this.text += `${name}: ${value}\r\n`;
    this.spans.push(known.kindNamed(name), nameStart, nameEnd, nameEnd + 2, nameEnd + 2 + value.length);
  }
}
