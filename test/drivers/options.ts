import { parseArgs } from 'node:util';
import { defaultWorkFolder } from './work-folder.js';

export const transports = ['ext_proc', 'hop'] as const;
export type Transport = (typeof transports)[number];

export interface DriverOptions {
  /** also run every suite without the gateway, and take its counts as the measure */
  direct: boolean;
  /** run through the gateway too; false with --direct-only */
  gateway: boolean;
  /** again with masks on that cover nothing the suites touch, or with those alone */
  masks: 'no' | 'too' | 'only';
  /** also 1 GB of rows */
  full: boolean;
  /** suites by name; empty for all */
  only: string[];
  transports: Transport[];
  json: boolean;
  /** folder for sources, tools, the server's data and the suites' output */
  work: string;
}

export const usage = `npm run test:drivers -- [options]

Other people's own test suites, and drivers of several languages, through the gateway and real Envoy. Nothing may fail that passes without it.

  --only NAME,...      suites by name: SUITES
  --transport NAME     ext_proc or hop; both otherwise
  --masks              again with masks on, over columns that no suite touches
  --masks-only         with such masks alone
  --direct             first without the gateway; its counts are then the measure instead of the known ones
  --direct-only        only without the gateway
  --full               also 1 GB of rows each way of sending them (suite bulk)
  --work DIR           sources, tools, data and output are kept there, of your own account (WORK); the suites'
                       server runs as the account postgres where you are root, so that account must be able to enter it
  --json               print one JSON object at the end instead of the table

What a suite needs and is not there is said, and the suite skipped.

Example: npm run test:drivers -- --only regress,pipeline --transport hop
`;

/** Throws with words for the user when an option is unknown. */
export function parseOptions(argv: string[], suites: readonly string[]): DriverOptions | 'help' {
  const { values } = parseArgs({
    args: argv,
    options: {
      direct: { type: 'boolean', default: false },
      'direct-only': { type: 'boolean', default: false },
      masks: { type: 'boolean', default: false },
      'masks-only': { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      transport: { type: 'string', default: '' },
      work: { type: 'string', default: process.env['MIDSTREAM_DRIVERS_WORK'] ?? defaultWorkFolder() },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const only = list(values.only);
  for (const name of only) if (!suites.includes(name)) throw new Error(`there is no suite ${name}; they are ${suites.join(', ')}`);
  return {
    direct: values.direct || values['direct-only'],
    gateway: !values['direct-only'],
    masks: values['masks-only'] ? 'only' : values.masks ? 'too' : 'no',
    full: values.full || only.includes('bulk'),
    only,
    transports: values.transport === '' ? [...transports] : list(values.transport).map(transportOf),
    json: values.json,
    work: values.work,
  };
}

function transportOf(name: string): Transport {
  const found = transports.find((known) => known === name);
  if (found === undefined) throw new Error(`there is no transport ${name}; they are ${transports.join(', ')}`);
  return found;
}

const list = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
