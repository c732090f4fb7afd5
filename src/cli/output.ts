/** Owns where commands write for people: plain lines on stdout and stderr. */
import { harmlessLines } from '../http/shown-text.js';

export interface Output {
  line(text: string): void;
  problem(text: string): void;
}

/** What an instance says may hold what a stranger sent it. */
export const terminal: Output = {
  line: (text) => void process.stdout.write(`${harmlessLines(text)}\n`),
  problem: (text) => void process.stderr.write(`${harmlessLines(text)}\n`),
};
