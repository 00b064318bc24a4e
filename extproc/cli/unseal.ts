import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { readSession } from '../stores/recordings/query.js';
import { Unsealer } from '../stores/recordings/unseal.js';
import { action, line, printable, printJson, shownFile } from './io.js';
import { withRecord } from './sessions.js';

interface UnsealOptions {
  record: string;
  json?: boolean;
  identity: string;
  out?: string;
}

/** Lines of an age identity file, without its comments. */
function identitiesOf(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new MidstreamError('not_found', `cannot read the identity file ${shownFile(path)}`, { cause: error });
  }
  const identities = text
    .split('\n')
    .map((key) => key.trim())
    .filter((key) => key !== '' && !key.startsWith('#'));
  if (identities.length === 0) throw new MidstreamError('bad_input', `${path} holds no identity`);
  return identities;
}

async function unseal(session: string, options: UnsealOptions): Promise<void> {
  const unsealer = new Unsealer(identitiesOf(options.identity));
  if (options.out !== undefined) mkdirSync(options.out, { recursive: true, mode: 0o700 });
  let count = 0;
  for await (const event of readSession(options.record, session)) {
    const sealed = event.sealed as { header?: string; body: string } | undefined;
    if (typeof sealed !== 'object' || typeof sealed.body !== 'string') continue;
    const original = await unsealer.open(sealed);
    count += 1;
    if (options.out !== undefined)
      writeFileSync(join(options.out, `${String(event.seq).padStart(6, '0')}-${event.type}`), original, { mode: 0o600 });
    else if (options.json) printJson({ session: event.session, seq: event.seq, type: event.type, original: original.toString('base64') });
    else line(`#${event.seq} ${event.type} ${printable(original.toString('utf8')).replaceAll('\n', '\\n')}`);
  }
  if (count === 0)
    throw new MidstreamError('not_found', `session ${session} has no sealed originals`, {
      hint: 'Originals are kept where the policy names recipients (recording.sealed).',
    });
  if (options.out !== undefined && !options.json) line(`${count} originals written to ${options.out}`);
}

export function register(program: Command): void {
  withRecord(program.command('unseal <session>'))
    .description('opens the sealed originals of a session, where the age identity is')
    .requiredOption('--identity <file>', 'age identity file')
    .option('--out <dir>', 'write the raw bytes there, one file an event, instead of text')
    .addHelpText('after', '\nExample:\n  $ midstream unseal 5f0c2a9e71d84b36a2c7e0d915b84f6a --identity key.txt --json')
    .action(action(unseal));
}
