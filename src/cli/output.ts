/** Owns where commands write for people: plain lines on stdout and stderr. */

export interface Output {
  line(text: string): void;
  problem(text: string): void;
}

export const terminal: Output = {
  line: (text) => void process.stdout.write(`${text}\n`),
  problem: (text) => void process.stderr.write(`${text}\n`),
};
