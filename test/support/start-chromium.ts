/** A real browser from the system's package, without a window. */
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { chromium, type Browser } from 'playwright-core';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const executable = (): string | undefined => EXECUTABLES.find((file) => existsSync(file));

/** For `describe`: skips where Chromium is not installed, but never on CI, where a missing one must be seen. */
export const describeWithChromium = (title: string, body: () => void): void => {
  const run = executable() !== undefined || process.env['CI'] !== undefined ? describe : describe.skip;
  run(title, body);
};

/** Takes every certificate. Close it before the test file ends. */
export const startChromium = async (): Promise<Browser> => {
  const executablePath = executable();
  if (executablePath === undefined)
    throw new Error('Chromium is not installed (Debian: apt-get install chromium)');
  // Its sandbox does not start for root.
  const sandbox = userInfo().uid === 0 ? ['--no-sandbox'] : [];
  const args = [...sandbox, '--ignore-certificate-errors', '--disable-gpu', '--disable-dev-shm-usage'];
  return chromium.launch({
    executablePath,
    args,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
};
