import { inWords } from '../../../filters/mask/explain.js';
import { Segments } from '../../../filters/mask/stream/segments.js';
import type { DetectCommandOptions, Wanted } from '../detect.js';
import { cyan, dim, printable, report, yellow } from '../io.js';
import { Columns, hasColumns } from './columns.js';
import { filesOf, type Input, openInput, PassedOver } from './input.js';
import { type Found, Locator } from './locate.js';
import { Output } from './output.js';
import { Progress } from './progress.js';

/**
 * Searches files, and the files of folders, one after the other and prints what is found. A file that can't be read is told, and the rest go
 * on; so is what a folder holds that is packed or binary, at the end.
 */
export async function detectFiles(
  paths: readonly string[],
  wanted: Wanted,
  options: DetectCommandOptions,
): Promise<{ found: number; failed: boolean }> {
  const output = new Output();
  const json = options.json === true;
  const print = json ? asJson : asText;
  const passedOver: string[] = [];
  let found = 0;
  let failed = false;
  for await (const { path, walked, error: unread } of filesOf(paths)) {
    try {
      if (unread !== undefined) throw unread;
      await search(await openInput(path), walked, wanted, options, output, (name, hit) => {
        found++;
        output.add(print(name, hit, options, wanted));
      });
    } catch (error) {
      await output.drain();
      if (error instanceof PassedOver) passedOver.push(path);
      else {
        report(error, json);
        failed = true;
      }
    }
    await output.drain();
  }
  tellPassedOver(passedOver, json);
  return { found, failed };
}

async function search(
  input: Input,
  walked: boolean,
  wanted: Wanted,
  options: DetectCommandOptions,
  output: Output,
  tell: (name: string, hit: Found) => void,
): Promise<void> {
  const progress = new Progress(input.name, input.size);
  const columns = hasColumns(input.name) ? new Columns(wanted.detector) : undefined;
  const told = (hit: Found): void => tell(input.name, input.utf16 ? inUtf16(hit) : hit);
  const locator = new Locator(wanted, told, options.explain ? (hit) => columns?.nameOf(hit) ?? '' : undefined);
  const segments = new Segments(wanted.detector, (segment) => locator.settle(columns?.read(segment) ?? segment));
  try {
    for await (const chunk of input.chunks(walked)) {
      segments.push(chunk);
      progress.at(input.read);
      if (output.add('')) {
        progress.clear();
        await output.drain();
      }
    }
    segments.end();
  } finally {
    progress.clear();
  }
}

/** Offsets in the file as it is stored: two bytes a unit, its mark counted. */
function inUtf16(hit: Found): Found {
  return { ...hit, start: 2 * hit.units, end: 2 * (hit.units + hit.value_units) };
}

const NAMED_MAX = 3;

function tellPassedOver(paths: readonly string[], json: boolean): void {
  if (paths.length === 0) return;
  const more = paths.length > NAMED_MAX ? ` and ${paths.length - NAMED_MAX} more` : '';
  const names = paths.slice(0, NAMED_MAX).map(printable).join(', ');
  process.stderr.write(
    json
      ? `${JSON.stringify({ passed_over: paths })}\n`
      : `${dim(`passed over, packed or binary: ${names}${more}; name a file to have it read`, process.stderr)}\n`,
  );
}

function asJson(file: string, hit: Found, options: DetectCommandOptions, wanted: Wanted): string {
  const mask = wanted.maskOf(hit.kind);
  const told = {
    file,
    line: hit.line,
    column: hit.column,
    kind: hit.kind,
    score: hit.score,
    /** offsets in bytes from the beginning of the file */
    start: hit.start,
    end: hit.end,
    masked: hit.masked,
    ...(mask === undefined ? {} : { mask: mask.name, as: mask.as }),
    ...(options.explain ? { before: hit.before, after: hit.after, why: why(hit), evidence: hit.explanation } : {}),
    ...(options.reveal ? { value: hit.value } : {}),
  };
  return `${JSON.stringify(told)}\n`;
}

function asText(file: string, hit: Found, options: DetectCommandOptions, wanted: Wanted): string {
  const shown = options.reveal ? hit.value : hit.masked;
  const mask = wanted.maskOf(hit.kind);
  const by = mask === undefined ? '' : dim(` by ${mask.name}, as ${mask.as}`);
  const context = `${dim(printable(hit.before))}${yellow(printable(shown).replaceAll('\n', '\\n'))}${dim(printable(hit.after))}`;
  let text = `${printable(file)}:${hit.line}:${hit.column}: ${cyan(hit.kind)} ${hit.score.toFixed(2)}${by}  ${context}\n`;
  if (options.explain) for (const reason of why(hit)) text += `    ${dim(printable(reason))}\n`;
  return text;
}

/** What spoke for the value and against it, in words. */
function why({ description, explanation }: Found): string[] {
  return [description, ...(explanation === undefined ? [] : inWords(explanation))];
}
