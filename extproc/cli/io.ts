import { MidstreamError, type ReasonCode } from '../../filters/errors.js';

/** Exit codes of every command; a script can tell what went wrong without reading words. Numbers follow sysexits where one fits. */
export const exitCodes = {
  bad_input: 64,
  config_invalid: 78,
  policy_invalid: 65,
  unparsed: 65,
  not_found: 66,
  unavailable: 69,
  unauthenticated: 77,
  forbidden: 77,
  tampered: 3,
  conflict: 4,
} as const satisfies Partial<Record<ReasonCode, number>>;

const onTerminal = (stream: NodeJS.WriteStream) => stream.isTTY === true && !process.env.NO_COLOR;

const style =
  (open: number, close: number) =>
  (text: string, stream: NodeJS.WriteStream = process.stdout) =>
    onTerminal(stream) ? `\u001b[${open}m${text}\u001b[${close}m` : text;

/** Colours, only where a terminal reads. */
export const bold = style(1, 22);
export const dim = style(2, 22);
export const red = style(31, 39);
export const green = style(32, 39);
export const yellow = style(33, 39);
export const cyan = style(36, 39);

/**
 * Control characters (terminal escapes in data), what turns the order of letters, and what nobody sees (zero width, tags, halves of a pair) become visible: recorded
 * data can't drive the reader's terminal, and an approver sees two texts that differ as two.
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, (c) => {
    const code = c.codePointAt(0)!;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]|\p{Bidi_Control}|\p{Default_Ignorable_Code_Point}|\p{Surrogate}/gu;

/** The name of a file that holds a secret, for error messages: a token or key that was given in its place is not shown. */
export const shownFile = (file: string): string =>
  /^(mst_|AGE-SECRET-KEY-)/i.test(file) ? 'of that name (is it the secret itself?)' : file;

export function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Left-aligned columns; the last one is not padded. */
export function table(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('  ')).join('\n');
}

/** Wraps a command's action: errors are one clear line (or one JSON object), and an exit code. */
export function action<A extends unknown[]>(run: (...args: A) => Promise<void> | void): (...args: A) => Promise<void> {
  return async (...args: A) => {
    try {
      await run(...args);
    } catch (error) {
      report(error, process.argv.includes('--json'));
    }
  };
}

/** The same for a command that stays: what was started until an error came must not keep the process alive. */
export function serving<A extends unknown[]>(run: (...args: A) => Promise<void>): (...args: A) => Promise<void> {
  return async (...args: A) => {
    try {
      await run(...args);
    } catch (error) {
      report(error, process.argv.includes('--json'));
      process.exit();
    }
  };
}

export function report(error: unknown, json: boolean): void {
  const known = error instanceof MidstreamError;
  const code: ReasonCode = known ? error.code : 'internal';
  const message = error instanceof Error ? error.message : String(error);
  const hint = known ? error.hint : '';
  if (json) process.stderr.write(`${JSON.stringify({ error: { code, message, hint } })}\n`);
  else {
    process.stderr.write(`${red('midstream:', process.stderr)} ${printable(message)}\n`);
    if (hint) process.stderr.write(`  ${printable(hint)}\n`);
    if (!known && error instanceof Error && error.stack) process.stderr.write(`${dim(error.stack, process.stderr)}\n`);
  }
  process.exitCode = (exitCodes as Partial<Record<ReasonCode, number>>)[code] ?? 70;
}
