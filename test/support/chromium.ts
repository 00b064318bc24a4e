import { existsSync } from 'node:fs';

const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is: what MIDSTREAM_CHROMIUM says, or a usual place; undefined when it is in none. */
export function findChromium(): string | undefined {
  const named = process.env['MIDSTREAM_CHROMIUM'];
  return (named ? [named] : usual).find(existsSync);
}
