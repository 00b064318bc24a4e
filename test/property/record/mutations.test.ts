import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { RecordingFs } from '../../../extproc/stores/recordings/index.js';
import { verifyRecordings } from '../../../extproc/stores/recordings/verify/index.js';
import { formatLine, parseLine, sha256Hex } from '../../../filters/record/chain.js';
import { verifierKey } from '../../../filters/record/signed-note.js';
import { count } from '../../support/long.js';
import { Random } from '../../support/random.js';
import { SAID } from '../../support/seed.js';
import { events, open, temporaryDirectory } from '../../unit/record/harness.js';

const COUNT = count(1_000, 10_000);

type Files = Map<string, Buffer>;

/** The directory in memory: thousands of mutations, no disk. */
function memoryFs(files: Files): RecordingFs {
  const handles = new Map<number, Buffer>();
  let next = 100;
  const content = (path: string): Buffer => {
    const found = files.get(path.slice(path.lastIndexOf('/') + 1));
    if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return found;
  };
  return {
    ...fs,
    readdirSync: (() => [...files.keys()].map((name) => ({ name, isFile: () => true }))) as never,
    readFileSync: ((path: string, encoding?: BufferEncoding) => (encoding ? content(path).toString(encoding) : content(path))) as never,
    openSync: ((path: string) => {
      next += 1;
      handles.set(next, content(path));
      return next;
    }) as never,
    readSync: ((fd: number, into: Buffer, offset: number, length: number, position: number) =>
      handles.get(fd)!.copy(into, offset, position, position + length)) as never,
    closeSync: ((fd: number) => handles.delete(fd)) as never,
  };
}

const linesOf = (bytes: Buffer): string[] => bytes.toString('latin1').split('\n').slice(0, -1);
const fileOf = (lines: string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1');

interface Mutation {
  name: string;
  /** the changed files, or undefined where it would change nothing */
  apply(files: Files, below: (n: number) => number): Files | undefined;
}

const pick = <T>(all: readonly T[], below: (n: number) => number): T => all[below(all.length)]!;
const evidence = (files: Files): string[] => [...files.keys()];
const segments = (files: Files): string[] => evidence(files).filter((name) => name.endsWith('.ndjson'));
const withFile = (files: Files, name: string, bytes: Buffer): Files => new Map(files).set(name, bytes);

function onLines(change: (lines: string[], below: (n: number) => number) => void): Mutation['apply'] {
  return (files, below) => {
    const name = pick(
      evidence(files).filter((file) => !file.endsWith('.zst') && linesOf(files.get(file)!).length > 1),
      below,
    );
    const lines = linesOf(files.get(name)!);
    change(lines, below);
    const bytes = fileOf(lines);
    return bytes.equals(files.get(name)!) ? undefined : withFile(files, name, bytes);
  };
}

/** Edits an event and makes the session's chain right again behind it: what someone without the signing key can do. */
function rehash(files: Files, below: (n: number) => number, alsoLeaf: boolean): Files {
  const name = pick(segments(files), below);
  const target = parseLine(pick(linesOf(files.get(name)!), below));
  const changed: Files = new Map(files);
  let prev = '';
  let found = false;
  for (const file of segments(files).sort()) {
    const lines = linesOf(changed.get(file)!).map((line) => {
      const event = parseLine(line);
      if (event.session !== target.session) return line;
      const { v: _v, session, seq, t, prev: old, type, ...rest } = event;
      if (event.seq === target.seq) found = true;
      const body = JSON.stringify(event.seq === target.seq ? { ...rest, forged: true } : rest).slice(1, -1);
      const written = found ? formatLine(session, seq, t, prev === '' ? old : prev, type, `,${body}`) : line;
      prev = sha256Hex(written);
      return written;
    });
    changed.set(file, fileOf(lines));
  }
  if (alsoLeaf) {
    for (const [file, bytes] of changed) {
      if (!file.endsWith('.leaves')) continue;
      changed.set(
        file,
        fileOf(
          linesOf(bytes).map((line) => {
            const leaf = JSON.parse(line) as { session?: string; segment?: string; last?: string; sha256?: string; bytes?: number };
            if (leaf.session === target.session) leaf.last = prev;
            const segment = leaf.segment === undefined ? undefined : changed.get(leaf.segment);
            if (segment) Object.assign(leaf, { bytes: segment.length, sha256: sha256Hex(segment) });
            return JSON.stringify(leaf);
          }),
        ),
      );
    }
  }
  return changed;
}

const mutations: Mutation[] = [
  {
    name: 'flip a bit',
    apply: (files, below) => {
      const name = pick(evidence(files), below);
      const bytes = Buffer.from(files.get(name)!);
      const at = below(bytes.length);
      bytes[at]! ^= 1 << below(8);
      return withFile(files, name, bytes);
    },
  },
  { name: 'delete a line', apply: onLines((lines, below) => void lines.splice(below(lines.length), 1)) },
  {
    name: 'swap two lines',
    apply: onLines((lines, below) => {
      const i = below(lines.length);
      const j = below(lines.length);
      [lines[i], lines[j]] = [lines[j]!, lines[i]!];
    }),
  },
  { name: 'duplicate a line', apply: onLines((lines, below) => void lines.splice(below(lines.length), 0, pick(lines, below))) },
  {
    name: 'truncate a file',
    apply: (files, below) => {
      const name = pick(evidence(files), below);
      const bytes = files.get(name)!;
      return withFile(files, name, bytes.subarray(0, below(bytes.length)));
    },
  },
  {
    name: 'insert bytes',
    apply: (files, below) => {
      const name = pick(evidence(files), below);
      const bytes = files.get(name)!;
      const at = below(bytes.length + 1);
      return withFile(
        files,
        name,
        Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(['\n', ' ', '{}\n', '0', '\0'], below)), bytes.subarray(at)]),
      );
    },
  },
  { name: 'edit an event and hash its chain again', apply: (files, below) => rehash(files, below, false) },
  { name: 'edit an event, hash its chain, its leaf and its segment again', apply: (files, below) => rehash(files, below, true) },
  {
    name: 'drop a session',
    apply: (files, below) => {
      const { session } = parseLine(pick(linesOf(files.get(pick(segments(files), below))!), below));
      const changed: Files = new Map(files);
      for (const name of segments(files))
        changed.set(name, fileOf(linesOf(files.get(name)!).filter((line) => !line.includes(`"session":"${session}"`))));
      return changed;
    },
  },
  {
    name: 'drop a session with its leaf',
    apply: (files, below) => {
      const { session } = parseLine(pick(linesOf(files.get(pick(segments(files), below))!), below));
      const changed: Files = new Map();
      for (const [name, bytes] of files)
        changed.set(
          name,
          name.endsWith('.zst') ? bytes : fileOf(linesOf(bytes).filter((line) => !line.includes(`"session":"${session}"`))),
        );
      return changed;
    },
  },
  {
    name: 'remove a file',
    apply: (files, below) => {
      const changed = new Map(files);
      changed.delete(pick(evidence(files), below));
      return changed;
    },
  },
  {
    name: 'remove a whole log',
    apply: (files, below) => {
      const log = pick(['w1', 'w2'], below);
      return new Map([...files].filter(([name]) => !name.startsWith(`${log}.`)));
    },
  },
  {
    name: 'put one segment in the place of another',
    apply: (files, below) => {
      const [from, to] = [pick(segments(files), below), pick(segments(files), below)];
      return from === to ? undefined : withFile(files, to, files.get(from)!);
    },
  },
  {
    name: 'add a session',
    apply: (files, below) => {
      const name = pick(segments(files), below);
      const line = formatLine('forged', 0, 0, '0'.repeat(64), 'session.open', ',"resource":"shop"');
      return withFile(files, name, Buffer.concat([files.get(name)!, Buffer.from(`${line}\n`)]));
    },
  },
  {
    name: 'go back to an older checkpoint',
    apply: (files, below) => {
      const log = pick(['w1', 'w2'], below);
      const history = linesOf(files.get(`${log}.checkpoints`)!);
      const notes = history.map((line) => (JSON.parse(line) as { note: string }).note);
      const note = pick(notes.slice(0, -1), below);
      return note === undefined ? undefined : withFile(files, `${log}.checkpoint`, Buffer.from(note));
    },
  },
];

describe('recordings: what was tampered with is found', function () {
  this.timeout(600_000);
  const directory = temporaryDirectory();

  async function recorded(): Promise<{ files: Files; key: string }> {
    const [one, two] = [await open(directory.path(), { worker: 1, compress: 'none' }), await open(directory.path(), { worker: 2 })];
    for (let round = 0; round < 3; round++) {
      events(one, 3, 8, `a${round}x`);
      events(two, 2, 6, `b${round}x`);
      // A segment ends with the batch that crosses its limit: waiting lets there be several.
      for (const recordings of [one, two, one]) {
        await recordings.rotate();
        await recordings.checkpoint();
      }
    }
    const key = one.verifier_key;
    await one.close();
    await two.close();
    return { files: new Map(fs.readdirSync(directory.path()).map((name) => [name, fs.readFileSync(join(directory.path(), name))])), key };
  }

  /** The same recording with plain segments, so that mutations can edit lines; leaves and checkpoints made for it. */
  it(`finds every one of ${COUNT} seeded mutations`, async () => {
    const random = new Random();
    const below = (n: number) => random.int(n);
    const { files, key } = await recorded();
    const whole = await verifyRecordings('/memory', { fs: memoryFs(files), public_keys: [key] });
    assert.deepEqual(whole.problems, []);
    assert.equal(whole.sessions, 15);
    assert.ok(whole.segments >= 6, `${whole.segments} segments`);
    const counts = new Map<string, number>();
    for (let n = 0; n < COUNT; ) {
      const mutation = pick(mutations, below);
      const changed = mutation.apply(files, below);
      if (changed === undefined) continue;
      n += 1;
      counts.set(mutation.name, (counts.get(mutation.name) ?? 0) + 1);
      // Half of them with the directory's own list of keys.
      const report = await verifyRecordings('/memory', {
        fs: memoryFs(changed),
        public_keys: changed.get('verifier-keys')?.equals(files.get('verifier-keys')!) && below(2) === 0 ? [key] : [],
      });
      const what = [...new Set([...files.keys(), ...changed.keys()])].filter(
        (name) => !changed.get(name)?.equals(files.get(name) ?? Buffer.alloc(0)),
      );
      assert.ok(!report.ok, `${SAID}, mutation ${n} (${mutation.name}; ${what.join(', ')}) was not found`);
      for (const problem of report.problems)
        assert.ok(problem.what !== '' && (problem.file !== '' || problem.log !== ''), `${SAID}, mutation ${n}: a problem without a place`);
    }
    assert.equal(counts.size, mutations.length, `some kind of mutation never came: ${[...counts.keys()].join(', ')}`);
  });

  it('a key of the attacker signs nothing that the given key vouches for', async () => {
    const { files } = await recorded();
    const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const report = await verifyRecordings('/memory', { fs: memoryFs(files), public_keys: [verifierKey('midstream/other/w1', other)] });
    assert.ok(!report.ok);
    assert.match(report.problems[0]!.what, /not signed by/);
  });
});
