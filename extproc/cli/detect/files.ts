import { inWords } from '../../../filters/mask/explain.js';
import { Segments } from '../../../filters/mask/stream/segments.js';
import type { DetectCommandOptions, Wanted } from '../detect.js';
import { cyan, dim, printable, report, yellow } from '../io.js';
import { openInput } from './input.js';
import { type Found, Locator } from './locate.js';
import { Output } from './output.js';
import { Progress } from './progress.js';

/** Searches files one after the other and prints what is found. A file that can't be read is told, and the rest go on. */
export async function detectFiles(
  paths: readonly string[],
  wanted: Wanted,
  options: DetectCommandOptions,
): Promise<{ found: number; failed: boolean }> {
  const output = new Output();
  const json = options.json === true;
  let found = 0;
  let failed = false;
  for (const path of paths) {
    try {
      const input = await openInput(path);
      const progress = new Progress(input.name, input.size);
      const print = json ? asJson : asText;
      const tell = (hit: Found): void => {
        found++;
        output.add(print(input.name, hit, options, wanted));
      };
      const locator = new Locator(wanted, tell, options.explain === true);
      const segments = new Segments(wanted.detector, (segment) => locator.settle(segment));
      let bytes = 0;
      for await (const chunk of input.chunks) {
        segments.push(chunk);
        bytes += chunk.length;
        progress.at(bytes);
        if (output.add('')) {
          progress.clear();
          await output.drain();
        }
      }
      segments.end();
      progress.clear();
    } catch (error) {
      await output.drain();
      report(error, json);
      failed = true;
    }
    await output.drain();
  }
  return { found, failed };
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
