/**
 * Owns how text that strangers chose is shown to people. Fields hold bytes, one character each (latin1): what people see is the UTF-8
 * text that they are. What a terminal would act upon is escaped, as in JSON: `\u009b`.
 */
import { isUtf8 } from 'node:buffer';

const BEYOND_ASCII = /[\u0080-\uffff]/;
/** Control characters of C0 and C1, and those that turn the order of what is read around. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
/** The same but for what lines are made of: line feeds, tabs, colours. */
const CONTROLS_IN_LINES =
  /\u001b(?!\[\d{1,3}m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** In one line. */
export const harmlessText = (text: string): string => text.replace(CONTROLS, escaped);

/** Whole lines, of JSON too: what is escaped stands in its strings only. */
export const harmlessLines = (lines: string): string => lines.replace(CONTROLS_IN_LINES, escaped);

/** `text` with each character beyond ASCII escaped. */
export const escapedBytes = (text: string): string => text.replace(/[\u007f-\uffff]/g, escaped);

/** The text that the bytes of a field value are; undefined where they are none. */
export const textOfBytes = (value: string): string | undefined => {
  if (!BEYOND_ASCII.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : undefined;
};

/** The value of a field in one line: its text, or its bytes escaped where they are none. */
export const shownFieldValue = (value: string): string => {
  const text = textOfBytes(value);
  return harmlessText(text ?? escapedBytes(value));
};
