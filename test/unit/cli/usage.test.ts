import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { registerAll } from '../../../extproc/cli/main.js';
import { packageRoot } from '../../../extproc/process/places.js';

/** A mistake in what was asked has one exit code (64, EX_USAGE) and one form, whoever finds it: commander or a command. */
describe('a mistake in the arguments of a command', function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-usage-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), ...args], { cwd: folder, encoding: 'utf8' });

  for (const args of [
    ['policy', 'check', '--jsn', 'x'],
    ['policy', 'check'],
    ['replay'],
    ['frobnicate'],
    ['sessions', 'list', '--since', 'x'],
  ])
    it(`midstream ${args.join(' ')}: exit code 64, in words and in JSON`, () => {
      const words = run(...args);
      assert.equal(words.status, 64);
      assert.match(words.stderr, /^(error|midstream): /);
      const json = run(...args, '--json');
      assert.equal(json.status, 64);
      const { error } = JSON.parse(json.stderr) as { error: { code: string; message: string; hint: string } };
      assert.equal(error.code, 'bad_input');
      assert.ok(error.message !== '' && !error.message.startsWith('error'));
    });

  it('is none where help or the version is asked for', () => {
    for (const args of [['--help'], ['--version'], ['policy', 'check', '--help']]) assert.equal(run(...args).status, 0, args.join(' '));
  });

  it('verify says that there is no such directory, and looks at no other', () => {
    const { status, stderr } = run('verify', 'recordigns');
    assert.equal(status, 66);
    assert.match(stderr, /there is no directory recordigns/);
  });
});

describe('the help of every command', () => {
  const program = new Command('midstream');
  before(() => registerAll(program));

  function* all(command: Command, path: string): Generator<[path: string, command: Command]> {
    for (const one of command.commands) {
      yield [`${path} ${one.name()}`, one];
      yield* all(one, `${path} ${one.name()}`);
    }
  }
  const helpOf = (command: Command): string => {
    let text = '';
    command.configureOutput({ writeOut: (more) => (text += more) }).outputHelp();
    return text;
  };

  it('has an example that names it, and --json', () => {
    const found = [...all(program, 'midstream')];
    assert.ok(found.length > 30, `only ${found.length} commands were found`);
    for (const [path, command] of found) {
      const help = helpOf(command);
      const example = help.slice(help.search(/^Examples?:/m));
      assert.ok(/^Examples?:/m.test(help) && example.includes(path), `${path}: no example`);
      assert.ok(help.includes('--json'), `${path}: no --json`);
    }
  });

  it('names commands and options in its examples that there are', () => {
    const named = new Map(all(program, 'midstream'));
    for (const [path, command] of named)
      for (const line of helpOf(command).matchAll(/^ *(?:\$ )?(?:\S+=\S+ )?(midstream [^|>&\n]*)/gm)) {
        const words = line[1]!.trim().split(/\s+/);
        let end = 1;
        while (end < words.length && named.has(words.slice(0, end + 1).join(' '))) end++;
        const used = named.get(words.slice(0, end).join(' '));
        assert.ok(used, `${path}: ${line[1]}`);
        for (const word of words.slice(end).filter((one) => /^--[a-z]/.test(one)))
          assert.ok(
            used.options.some(({ long }) => long === word),
            `${path}: there is no ${word} in ${line[1]}`,
          );
      }
  });
});
