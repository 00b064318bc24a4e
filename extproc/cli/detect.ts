import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { createPolicyDetector, type Detection } from '../../filters/mask/custom/detector.js';
import type { Detector, Kind } from '../../filters/mask/types.js';
import { detectFiles } from './detect/files.js';
import { printKinds } from './detect/list.js';
import { detectLines } from './detect/ndjson.js';
import { report } from './io.js';

export interface DetectCommandOptions {
  ndjson?: boolean;
  json?: boolean;
  list?: boolean;
  explain?: boolean;
  reveal?: boolean;
  kinds?: string;
  regions?: string;
  minScore?: string;
  policy?: string;
}

/** What is looked for, ready to use. */
export interface Wanted {
  detector: Detector;
  /** hits below it are not told, 0 to 1 */
  score_min: number;
  /** the mask of the policy that a kind falls under; undefined where none does */
  maskOf: (kind: Kind) => { name: string; as: string } | undefined;
}

const FOUND = 1;
const FAILED = 2;

const help = `
Exit codes: 0 nothing was found, 1 something was found, 2 something could not be read or a line was bad.
With --ndjson: 0 every line was answered, 2 a line was bad. With --list: 0.

Values are masked in what is printed, unless --reveal is given.

Examples:
  midstream detect .env src/
  kubectl logs deploy/api | midstream detect --kinds secrets,credit_card
  midstream detect --ndjson < texts.ndjson     # {"text": "…"} a line gives {"hits":[{"kind","start","end","score"}]} a line
  midstream detect --list`;

/** `midstream detect`: what would be masked, where and why. */
export function register(program: Command): void {
  program
    .command('detect')
    .description('find secrets and personal data in files, folders or standard input; the exit code says whether there are any')
    .argument('[file...]', 'files, gzip and UTF-16 too, and folders; none, or -, is standard input')
    .option(
      '--ndjson',
      'read lines {"text": "…"}, with "name" for the field it stands in, and answer each with a line of hits (offsets in UTF-16 units)',
    )
    .option('--json', 'print one JSON object for each hit')
    .option('--explain', 'print the evidence too')
    .option('--list', 'print all kinds with examples')
    .option('--kinds <names>', 'kinds and groups (secrets, pii, all), with commas')
    .option('--regions <codes>', 'regions whose phone numbers are found in national form, with commas: US,DE')
    .option('--min-score <number>', 'leave out hits of a lower score, 0 to 1')
    .option('--policy <file>', 'look for what the masks of this policy look for, and say how each hit would be masked')
    .option('--reveal', 'print the values themselves')
    .addHelpText('after', help)
    // a mistyped option must not look like a find
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : FAILED))
    .action(async (files: string[], options: DetectCommandOptions) => {
      try {
        process.exitCode = await detect(files, options);
      } catch (error) {
        report(error, options.json === true || options.ndjson === true);
        process.exitCode = FAILED;
      }
    });
}

/** Gives the exit code. */
async function detect(files: string[], options: DetectCommandOptions): Promise<number> {
  const wanted = await wantedBy(options);
  if (options.list) {
    printKinds(wanted.detector.kinds, options.json === true);
    return 0;
  }
  const inputs = files.length === 0 ? ['-'] : files;
  if (options.ndjson) return (await detectLines(inputs, wanted)) ? 0 : FAILED;
  const { found, failed } = await detectFiles(inputs, wanted, options);
  return failed ? FAILED : found > 0 ? FOUND : 0;
}

async function wantedBy(options: DetectCommandOptions): Promise<Wanted> {
  const listed = (given: string | undefined): string[] =>
    (given ?? '')
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const score_min = options.minScore === undefined ? 0 : Number(options.minScore);
  if (!(score_min >= 0 && score_min <= 1) || options.minScore?.trim() === '')
    throw new MidstreamError('bad_input', `the score ${options.minScore} is not between 0 and 1`);
  let detect = listed(options.kinds);
  let regions = listed(options.regions);
  let detection: Detection | undefined;
  let maskOf: Wanted['maskOf'] = () => undefined;
  if (options.policy !== undefined) {
    // CEL and the schemas of policies take time to load
    const { readPolicy } = await import('../stores/policy-file.js');
    const policy = await readPolicy(options.policy);
    detection = policy.detection;
    const masks = policy.masks.map((mask) => mask.rule).filter((rule) => rule.detect.length > 0);
    if (masks.length === 0)
      throw new MidstreamError('bad_input', `no mask of ${options.policy} looks for kinds`, {
        hint: 'Masks of columns are of no use here.',
      });
    if (detect.length === 0) detect = masks.flatMap((rule) => rule.detect);
    if (regions.length === 0) regions = [...new Set(masks.flatMap((rule) => rule.regions ?? []))];
    const known = masks.map((rule) => ({
      name: rule.name,
      as: rule.as,
      kinds: new Set(createPolicyDetector({ detect: rule.detect, detection }).kinds),
    }));
    maskOf = (kind) => known.find(({ kinds }) => kinds.has(kind));
  }
  const detector = createPolicyDetector({
    detect: detect.length === 0 ? ['all'] : detect,
    ...(regions.length === 0 ? {} : { regions }),
    detection,
  });
  return { detector, score_min, maskOf };
}
