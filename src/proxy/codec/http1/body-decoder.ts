import type { Cause } from '../../../contracts/cause.js';
import type { BodyFraming } from '../../../contracts/message.js';
import { CR, FIELD_VALUE, LF } from '../../../http/characters.js';
import type { FieldBlock } from '../../../http/field-block.js';
import { scanTrailers } from './trailers.js';

/**
 * Owns the removal of transfer coding from one body (RFC 9112 sections 6 and 7), whatever the pieces it arrives in. Chunked
 * data is compacted in place: a read full of one-byte chunks leaves as one piece, so that tiny chunks cost the next hop nothing.
 */

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILERS = 6;

const SEMICOLON = 59;
/** Digits of a chunk size, leading zeros included. */
const MAX_SIZE_DIGITS = 16;
/** Extension bytes of one chunk. They are dropped, so nobody should send many. */
const MAX_EXTENSION_BYTES = 16 * 1024;
/**
 * How far chunk framing may exceed twice the data of a body. Framing is read byte by byte, so a flood of it costs a hundred
 * times what its data would. Go's net/http has the same rule with 16 KiB, and 16 bytes of each chunk for nothing.
 */
const MAX_EXCESS_BYTES = 64 * 1024;
/** Framing that each read has for nothing: whoever sends what happens, as it happens, may do so in tiny chunks for ever. */
const READ_ALLOWANCE_BYTES = 128;
/** CR LF behind a chunk's size, and behind its data. */
const LINE_ENDS_BYTES = 4;
const MAX_TRAILER_BYTES = 16 * 1024;

/** Value of a hex digit by byte, 255 for anything else. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[0-9a-f]/i.test(character) ? parseInt(character, 16) : 255;
});

export class BodyDecoder {
  readonly framing: BodyFraming;
  /** The body has ended; bytes past the returned position belong to the next message. */
  done: boolean;
  /** The rule that was broken; empty when all is well. Nothing may be decoded after a fault. */
  fault = '';
  /** Where the last call left its decoded bytes, in the buffer it was given. */
  dataStart = 0;
  dataEnd = 0;
  /** Body bytes decoded so far. */
  decodedBytes = 0;
  trailers: FieldBlock | undefined = undefined;

  private remaining: number;
  private state = SIZE;
  private digits = 0;
  private extensionBytes = 0;
  private excessBytes = 0;
  private trailerBytes: Buffer | undefined = undefined;
  private trailerLength = 0;

  constructor(framing: BodyFraming, contentLength: number) {
    this.framing = framing;
    this.remaining = framing === 'length' ? contentLength : 0;
    this.done = framing === 'none' || (framing === 'length' && contentLength === 0);
  }

  /** Decodes `bytes[start, end)`. Returns the position after the last byte used: less than `end` only when done or at fault. */
  decode(bytes: Buffer, start: number, end: number): number {
    this.dataStart = start;
    this.dataEnd = start;
    const next =
      this.framing === 'chunked' ? this.decodeChunked(bytes, start, end) : this.decodePlain(start, end);
    this.decodedBytes += this.dataEnd - this.dataStart;
    return next;
  }

  /** The sender has closed its side. True when that is a proper end of this body. */
  finish(): boolean {
    if (this.framing === 'close') this.done = true;
    return this.done;
  }

  private decodePlain(start: number, end: number): number {
    if (this.framing === 'close') {
      this.dataEnd = end;
      return end;
    }
    const taken = Math.min(this.remaining, end - start);
    this.remaining -= taken;
    this.dataEnd = start + taken;
    if (this.remaining === 0) this.done = true;
    return this.dataEnd;
  }

  private decodeChunked(bytes: Buffer, start: number, end: number): number {
    let at = start;
    this.excessBytes = Math.max(0, this.excessBytes - READ_ALLOWANCE_BYTES);
    while (at < end && !this.done && this.fault === '') {
      if (this.state === DATA) at = this.takeData(bytes, at, end);
      else if (this.state === TRAILERS) at = this.takeTrailerByte(bytes, at, end);
      else at = this.takeFramingByte(bytes[at] ?? 0, at);
    }
    return at;
  }

  private takeData(bytes: Buffer, at: number, end: number): number {
    const taken = Math.min(this.remaining, end - at);
    if (this.dataEnd === this.dataStart) {
      this.dataStart = at;
      this.dataEnd = at + taken;
    } else {
      bytes.copyWithin(this.dataEnd, at, at + taken);
      this.dataEnd += taken;
    }
    this.remaining -= taken;
    if (this.remaining === 0) this.state = DATA_CR;
    return at + taken;
  }

  private takeFramingByte(byte: number, at: number): number {
    switch (this.state) {
      case SIZE:
        this.takeSizeByte(byte);
        break;
      case EXTENSION:
        this.takeExtensionByte(byte);
        break;
      case SIZE_LF:
        if (byte !== LF) this.fault = 'chunk-size-line';
        else this.endSizeLine();
        break;
      case DATA_CR:
        if (byte !== CR) this.fault = 'chunk-data-end';
        else this.state = DATA_LF;
        break;
      default:
        if (byte !== LF) this.fault = 'chunk-data-end';
        else this.state = SIZE;
    }
    return at + 1;
  }

  private takeSizeByte(byte: number): void {
    const digit = HEX[byte] ?? 255;
    if (digit !== 255) {
      this.digits += 1;
      this.remaining = this.remaining * 16 + digit;
      if (this.digits > MAX_SIZE_DIGITS || this.remaining > Number.MAX_SAFE_INTEGER)
        this.fault = 'chunk-size';
    } else if (this.digits === 0) this.fault = 'chunk-size';
    else if (byte === CR) this.state = SIZE_LF;
    else if (byte === SEMICOLON) this.state = EXTENSION;
    else this.fault = 'chunk-size';
  }

  private takeExtensionByte(byte: number): void {
    this.extensionBytes += 1;
    if (byte === CR) this.state = SIZE_LF;
    else if (FIELD_VALUE[byte] === 0) this.fault = 'chunk-extension';
    else if (this.extensionBytes > MAX_EXTENSION_BYTES) this.fault = 'chunk-extension-size';
  }

  private endSizeLine(): void {
    const framingBytes = this.digits + this.extensionBytes + LINE_ENDS_BYTES;
    this.excessBytes = Math.max(0, this.excessBytes + framingBytes - 2 * this.remaining);
    if (this.excessBytes > MAX_EXCESS_BYTES) this.fault = 'chunk-overhead';
    this.digits = 0;
    this.extensionBytes = 0;
    this.state = this.remaining === 0 ? TRAILERS : DATA;
  }

  /** Trailers are rare and small: gathered byte by byte until their empty line, then read like any field lines. */
  private takeTrailerByte(bytes: Buffer, at: number, end: number): number {
    const byte = bytes[at] ?? 0;
    // What stands past `end` in a reused buffer is left over from another read.
    if (this.trailerBytes === undefined && byte === CR && at + 1 < end && bytes[at + 1] === LF) {
      this.done = true;
      return at + 2;
    }
    this.trailerBytes = roomFor(this.trailerBytes, this.trailerLength);
    this.trailerBytes[this.trailerLength] = byte;
    this.trailerLength += 1;
    if (byte === LF) this.endTrailerLine(this.trailerBytes);
    if (this.trailerLength >= MAX_TRAILER_BYTES) this.fault = 'trailer-size';
    return at + 1;
  }

  private endTrailerLine(trailers: Buffer): void {
    const length = this.trailerLength;
    if (trailers[length - 2] !== CR) this.fault = 'trailer-line';
    else if (length === 2) this.done = true;
    else if (trailers[length - 4] === CR && trailers[length - 3] === LF) {
      const block = scanTrailers(trailers.subarray(0, length));
      if (block === undefined) this.fault = 'trailer-line';
      this.trailers = block;
      this.done = this.fault === '';
    }
  }
}

/** What a body that was refused for `fault` ends its exchange with: nonsense, or sense wrapped in too much of nothing. */
export function bodyFaultCause(side: 'downstream' | 'upstream', fault: string): Cause {
  const wasteful = fault === 'chunk-overhead' || fault === 'chunk-extension-size';
  return wasteful ? `${side}.body.overhead` : `${side}.body.malformed`;
}

function roomFor(buffer: Buffer | undefined, length: number): Buffer {
  if (buffer === undefined) return Buffer.alloc(256);
  return length < buffer.length ? buffer : Buffer.concat([buffer], buffer.length * 2);
}
