import assert from 'node:assert/strict';
import { createDetector, createMasker } from '../../../filters/mask/index.js';
import { heldMax, PHRASE_HELD_MAX, QUOTED_HELD_MAX } from '../../../filters/mask/stream/limits.js';
import { StreamMasker } from '../../../filters/mask/stream/masker.js';

const detector = createDetector({ detect: ['all'] });
const redact = createMasker('redact');

class Run {
  out = '';
  bytes = 0;
  readonly stream: StreamMasker;

  constructor(kept = true, of = detector) {
    const write = (bytes: Buffer): void => {
      this.bytes += bytes.length;
      if (kept) this.out += bytes.toString('latin1');
    };
    this.stream = new StreamMasker({ detector: of, masker: redact, write });
  }

  push(text: string): this {
    this.stream.push(Buffer.from(text, 'latin1'));
    return this;
  }

  flush(): this {
    this.stream.flush();
    return this;
  }

  end(): string {
    this.stream.end();
    return this.out;
  }
}

describe('stream masker', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(300_000);

  describe('a flush lets go what is sure, and no half of a value', () => {
    const cases: [string, string, string, string][] = [
      ['a card between its groups', 'she paid by card with 4111 1111 ', '1111 1111 then', 'she paid by card with [credit_card] then'],
      ['a card inside a group', 'paid with 4111 11', '11 1111 1111', 'paid with [credit_card]'],
      ['a card in floating point, before its exponent', 'a total of 4.111111111111111', 'e+15 then', 'a total of [credit_card] then'],
      ['a card in floating point, inside it', 'a total of 4.111111111111111e+1', '5 then', 'a total of [credit_card] then'],
      ['an address before its @', 'write them soon jane.d', 'oe@example.com', 'write them soon [email]'],
      ['an address behind its @', 'write them soon jane@exam', 'ple.com', 'write them soon [email]'],
      ['a password in quotes', 'password="correct horse ', 'battery"', 'password="[password]"'],
      ['a key between its lines', 'a\n-----BEGIN PRIVATE KEY-----\nMIGH\n', 'AgEA\n-----END PRIVATE KEY-----\nb', 'a\n[private_key]\nb'],
      ['a key in the middle of its mark', 'a\n-----BEGIN PRI', 'VATE KEY-----\nMIGH\n-----END PRIVATE KEY-----', 'a\n[private_key]'],
      [
        'a damaged key before another',
        'a\n-----BEGIN PRIVATE KEY-----\nMI*GH\n-----END-----\nx\n-----BEGIN PRIVATE KEY-----\nMIGH\n',
        'AgEA\n-----END PRIVATE KEY-----\nb',
        'a\n[private_key]\nb',
      ],
      ['a password of a URL', 'postgres://app:s3cr3t', '-Pw@db:5432/app', 'postgres://app:[connection_string]@db:5432/app'],
      ['an account number', 'wire this to DE89 3704 0044 ', '0532 0130 00 today', 'wire this to [iban] today'],
      ['a date of birth', 'she was born on 12 ', 'March 1984.', 'she was born on [date_of_birth].'],
    ];
    for (const [name, first, second, masked] of cases) {
      it(name, () => {
        const run = new Run().push(first).flush();
        assert.ok(masked.startsWith(run.out), `let go ${run.out}`);
        assert.equal(run.push(second).flush().end(), masked);
      });
    }

    it('prose but for its last words', () => {
      const run = new Run().push('The quick brown foxes jumped over lazy dogs while nobody looked their way').flush();
      assert.ok(run.out.length > 50, run.out);
    });

    it('no more is held than the limits of the kinds', () => {
      const words = 'Aa1 '.repeat(20_000);
      const run = new Run().push(words).flush();
      assert.ok(run.stream.held <= PHRASE_HELD_MAX, `${run.stream.held}`);
      const quoted = new Run().push(`x = "${'word word '.repeat(2000)}`).flush();
      assert.ok(quoted.stream.held <= QUOTED_HELD_MAX, `${quoted.stream.held}`);
      assert.ok(new Run().push('a'.repeat(300_000)).flush().stream.held <= heldMax('jwt'));
    });
  });

  it('masks a value however long it is, without keeping it', () => {
    for (const [before, unit, after, kind] of [
      ['k: eyJhbGciOiJIUzI1NiJ9.eyJzdWIi', 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldY', ' z', 'jwt'],
      ['password="', 'k9Qz7Lm2Xv8Rt4Wp1Ys6Nd3Bf5Hj0Gc', '" z', 'password'],
      ['password=', 'k9Qz7Lm2Xv8Rt4Wp1Ys6Nd3Bf5Hj0Gc', ' z', 'password'],
      ['-----BEGIN PRIVATE KEY-----\n', `${'MIGHAgEA'.repeat(8)}\n`, '-----END PRIVATE KEY-----\nz', 'private_key'],
    ] as const) {
      const run = new Run().push(before);
      let held = 0;
      for (let n = 0; n < 120; n++) {
        run.push(unit.repeat(1000));
        held = Math.max(held, run.stream.held);
      }
      const masked = run.push(after).end();
      assert.ok(held < 1_300_000, `${held} bytes were held`);
      assert.ok(masked.includes(`[${kind}]`), kind);
      assert.ok(!masked.includes(unit.slice(0, 16).repeat(2)) && masked.length < 400, `${kind}: ${masked.length} bytes came out`);
      assert.ok(masked.endsWith('z'));
    }
  });

  describe('what is longer than a flush holds', () => {
    const line = 'MIIEpAIBAAKCAQEA7bq1vXk2Qm9Lw3Rt8Yz5Nc6Pd4Hs0Jf1Gb7Ua2We9Ix5Ov3K\n';
    const key = (headers: string, last: string): string => `before\n-----BEGIN RSA PRIVATE KEY-----\n${headers}${line.repeat(2500)}${last}`;
    const chunks = [1000, 16_384, 50_000];

    for (const headers of ['', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n'])
      for (const bytes of chunks)
        for (const last of ['', '-----END RSA PRIVATE KEY-----\nafter'])
          it(`no line of a key passes, flushed every ${bytes} bytes${headers === '' ? '' : ', with headers'}${last === '' ? ', without an end' : ''}`, () => {
            const run = new Run();
            const text = key(headers, last);
            for (let k = 0; k < text.length; k += bytes) run.push(text.slice(k, k + bytes)).flush();
            const out = run.end();
            assert.ok(out.startsWith('before\n[private_key]'), out.slice(0, 80));
            assert.ok(out.length < 200 && !out.includes('MII') && !out.includes('\0'), out.slice(0, 200));
            if (last !== '') assert.ok(out.endsWith('after'), out.slice(-80));
          });

    for (const text of [
      key('', '-----END RSA PRIVATE KEY-----\n'),
      'a'.repeat(300_000),
      `x = "${'b c '.repeat(60_000)}"`,
      `${'word '.repeat(50_000)}\n`,
    ])
      for (const bytes of chunks)
        it(`${JSON.stringify(text.slice(0, 12))}… that nobody looks for comes out as it is, flushed every ${bytes} bytes`, () => {
          const run = new Run(true, createDetector({ detect: ['email'] }));
          for (let k = 0; k < text.length; k += bytes) run.push(text.slice(k, k + bytes)).flush();
          assert.equal(run.end(), text);
        });
  });

  it('cuts no character of UTF-8', () => {
    const text = '名前é\u{1f600}'.repeat(40_000);
    for (const flushed of [false, true]) {
      const pieces: Buffer[] = [];
      const stream = new StreamMasker({ detector, masker: redact, write: (bytes) => pieces.push(Buffer.from(bytes)) });
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; at += 5001) {
        stream.push(bytes.subarray(at, at + 5001));
        if (flushed) stream.flush();
      }
      stream.end();
      assert.ok(pieces.length > 3);
      for (const piece of pieces) assert.ok(!piece.toString('utf8').includes('\ufffd'));
      assert.equal(Buffer.concat(pieces).toString('utf8'), text);
    }
  });

  it('takes a line of 100 MB, NULs and bytes that are no text', () => {
    const run = new Run(false);
    const piece = Buffer.alloc(1024 * 1024, 'a b\0\xff\xed\xa0\x80 ', 'latin1');
    for (let n = 0; n < 100; n++) run.stream.push(piece);
    run.push(' 4111111111111111');
    run.end();
    assert.equal(run.bytes, 100 * 1024 * 1024 + ' [credit_card]'.length);
  });

  describe('work grows with the stream and no faster', () => {
    const hostile = [
      '4111 ',
      'a',
      'password="',
      '-----BEGIN PRIVATE KEY-----\n',
      'eyJhbGciOiJ.',
      'a://b:',
      'born 1 ',
      'DE89 ',
      '"@',
      'Aa1 ',
      "='",
    ];
    for (const part of hostile) {
      for (const flushed of [false, true]) {
        it(`${JSON.stringify(part)}${flushed ? ', flushed every 4 KB' : ''}`, () => {
          const work = (length: number): number => {
            const of = createDetector({ detect: ['all'] });
            const run = new Run(false, of);
            for (let at = 0; at < length; at += 4096) {
              run.push(part.repeat(Math.ceil(4096 / part.length)).slice(0, 4096));
              if (flushed) run.flush();
            }
            run.end();
            return of.steps;
          };
          const small = work(1 << 18);
          const large = work(1 << 20);
          assert.ok(large <= 5.5 * small + 1_000_000, `${small} steps for 256 KiB, ${large} for 1 MiB`);
        });
      }
    }
  });
});
