import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { formatVerifier, loadPasswordTables, makeVerifier } from '../../filters/postgres/auth/scram.js';
import { accessDecider } from '../config/access.js';
import { loadConfig } from '../config/load.js';
import { hashToken, newToken } from '../console/tokens.js';
import { openCredentials } from '../identity/credentials.js';
import { openIdentities } from '../identity/index.js';
import { action, green, line, printable, printJson, red } from './io.js';

/** Longest secret that is read from standard input, characters. */
const SECRET_CHARACTERS_MAX = 65_535;

/** `midstream identity`: what agents show to say who they are. Secrets are read from standard input, so that no list of processes shows them. */
export function register(program: Command): void {
  const identity = program
    .command('identity')
    .description('who agents are: tokens, SCRAM verifiers, and what a token says; each command has --json')
    .addHelpText(
      'after',
      `
Examples:
  midstream identity token --id agent-7 --group agents
  midstream identity scram --user agent-7 --json < password.txt
  midstream identity check --config midstream.yaml --database shop < token.txt`,
    );
  identity
    .command('token')
    .description('make a token for an agent; the configuration keeps its hash alone')
    .requiredOption('--id <id>', 'the agent')
    .option('--group <group>', 'a group of the agent (may be repeated)', gather, [] as string[])
    .option('--expires <date>', 'when it ends, for example 2030-01-31')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  midstream identity token --id agent-7 --group agents --group reporting')
    .action(action(token));
  identity
    .command('scram')
    .description('make the verifier of a password, for an agent that logs in by SCRAM; the password comes from standard input')
    .requiredOption('--user <name>', 'its user name')
    .option('--group <group>', 'a group of the agent (may be repeated)', gather, [] as string[])
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  midstream identity scram --user agent-7 < password.txt')
    .action(action(scram));
  identity
    .command('check')
    .description('who a token says somebody is, and as which role each listener would let it in; the token comes from standard input')
    .requiredOption('--config <file>', 'midstream.yaml')
    .option('--database <name>', 'the database that is asked for', 'postgres')
    .option('--user <name>', 'the user name that is asked for', '')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  midstream identity check --config midstream.yaml --database shop < token.txt\n\nThe exit code is 1 when the token is refused.',
    )
    .action(action(check));
}

const gather = (group: string, before: string[]): string[] => [...before, group];

async function token({ id, group, expires, json }: { id: string; group: string[]; expires?: string; json?: boolean }): Promise<void> {
  if (expires !== undefined && Number.isNaN(Date.parse(expires)))
    throw new MidstreamError('bad_input', `--expires ${expires} is no date`, { hint: 'Write a date, for example 2030-01-31.' });
  const made = newToken();
  const entry = { id, groups: group, hash: hashToken(made), ...(expires === undefined ? {} : { expires }) };
  if (json) return printJson({ token: made, entry });
  line(`token   ${made}`);
  line(`        (give it to the agent; it is shown once)`);
  line('');
  line('Under identity.tokens of midstream.yaml:');
  line(`    - ${JSON.stringify(entry)}`);
}

async function scram({ user, group, json }: { user: string; group: string[]; json?: boolean }): Promise<void> {
  await loadPasswordTables();
  const entry = { user, groups: group, verifier: formatVerifier(makeVerifier(await secret('password'), randomBytes(16))) };
  if (json) return printJson({ entry });
  line('Under identity.scram of midstream.yaml:');
  line(`    - ${JSON.stringify(entry)}`);
}

async function check(flags: { config: string; database: string; user: string; json?: boolean }): Promise<void> {
  const config = await loadConfig(resolve(flags.config));
  const quiet = { warn: () => undefined, info: () => undefined };
  const identities = await openIdentities(config.identity, quiet);
  try {
    const verified = await identities.verify(await secret('token'), 'this command');
    if (!verified.ok) {
      process.exitCode = 1;
      if (flags.json) return printJson(verified);
      return line(`${red('refused')}  ${verified.reason}`);
    }
    const { id, kind, issuer, groups, proof } = verified.identity;
    // Where somebody comes from is not known here: rules count by whom they name.
    const mayReach = accessDecider({ ...config, access: config.access?.map((rule) => ({ ...rule, sources: undefined })) });
    const logins = await Promise.all(
      config.listeners.map(async ({ name, authentication }) => {
        if (authentication === undefined) return { listener: name, role: undefined, why: 'the client’s own log-in passes through' };
        if (!mayReach({ listener: name, address: '', principal: id, proven: true }).allowed)
          return { listener: name, role: undefined, why: 'no access rule' };
        try {
          const found = await openCredentials(authentication.logins).find(verified.identity, flags.database, flags.user);
          return found === undefined
            ? { listener: name, role: undefined, why: 'no login rule' }
            : { listener: name, role: found.role, why: '' };
        } catch (error) {
          return { listener: name, role: undefined, why: error instanceof MidstreamError ? error.message : 'the credential can’t be had' };
        }
      }),
    );
    if (flags.json)
      return printJson({ ok: true, identity: { id, kind, issuer, groups, proof }, expires_s: verified.expires_s ?? null, logins });
    line(`${green('known')}    ${printable(id)}  (${kind}, proof ${proof}${issuer === '' ? '' : `, issuer ${printable(issuer)}`})`);
    line(`groups   ${groups.map(printable).join(', ') || 'none'}`);
    if (verified.expires_s !== undefined) line(`ends     ${new Date(verified.expires_s * 1000).toISOString()}`);
    for (const { listener, role, why } of logins)
      line(`${listener}  ${role === undefined ? `not let in: ${why}` : `as ${printable(role)}`}`);
  } finally {
    identities.close();
  }
}

/** One line of standard input. */
async function secret(what: string): Promise<string> {
  const given = (await readAll(process.stdin)).replace(/\r?\n$/, '');
  if (given === '')
    throw new MidstreamError('bad_input', `no ${what} came on standard input`, {
      hint: `Write it there: midstream identity … < ${what}.txt`,
    });
  if (given.length > SECRET_CHARACTERS_MAX || given.includes('\n'))
    throw new MidstreamError('bad_input', `the ${what} on standard input is no single line of at most ${SECRET_CHARACTERS_MAX} characters`);
  return given;
}
