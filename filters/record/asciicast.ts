import type { StoredEvent } from './chain.js';

/** asciicast v3: a header line, then `[seconds since the event before, "o", text]` lines. https://docs.asciinema.org/manual/asciicast/v3/ */

const COLUMNS = 120;
const ROWS = 40;

/** The header; `first` is the session's first event and tells when it began. */
export function asciicastHeader(session: string, first: StoredEvent, term = { cols: COLUMNS, rows: ROWS }): string {
  const start = typeof first['start'] === 'string' ? Math.floor(Date.parse(first['start']) / 1000) : Number.NaN;
  return JSON.stringify({
    version: 3,
    term,
    ...(Number.isNaN(start) ? {} : { timestamp: start }),
    title: `session ${session}`,
  });
}

/** Output after so many nanoseconds. */
export function asciicastLine(after_ns: number, text: string): string {
  return asciicastEvent(after_ns, 'o', text);
}

/** o: output, i: input, r: size, m: marker, x: exit code; after so many nanoseconds. */
export function asciicastEvent(after_ns: number, code: string, data: string): string {
  return JSON.stringify([Math.round(after_ns / 1e3) / 1e6, code, data]);
}
