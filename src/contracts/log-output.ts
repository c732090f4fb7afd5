/** How lines of a log reach the system. Only config/ touches files, so it is handed in. */
export interface LogOutput {
  /** Opened for appending; made where there is none. */
  open(path: string): Promise<number>;
  /** Whether the path still leads to the file that is open as `fd`. Never rejects. */
  isSameFile(path: string, fd: number): Promise<boolean>;
  /** `done` is told how many of the bytes were taken. */
  write(fd: number, bytes: Uint8Array, done: (error: Error | null, count: number) => void): void;
  /** The same before it returns. Throws. */
  writeNow(fd: number, bytes: Uint8Array): number;
  close(fd: number): void;
}
