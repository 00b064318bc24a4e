import assert from 'node:assert/strict';
import { applyMask, createDetector, createMasker, maskText } from '../../../filters/mask/index.js';
import { STREAM_LIMITS } from '../../../filters/mask/stream/limits.js';
import { StreamMasker } from '../../../filters/mask/stream/masker.js';
import type { Detector, Masker } from '../../../filters/mask/types.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { composed } from './corpus.js';

const ROUNDS = 300;
/** so small that a text of a page has many segments; what is read around them is as ever, for evidence may stand that far away */
const SMALL = { window: 128, left: STREAM_LIMITS.left, right: STREAM_LIMITS.right, grown: 64 * 1024 };

const detectors: Detector[] = [
  createDetector({ detect: ['all'] }),
  createDetector({ detect: ['all'], regions: ['US', 'GB', 'DE', 'FR'] }),
  createDetector({ detect: ['pii'] }),
];
const maskers: Masker[] = [createMasker('redact'), createMasker('partial'), createMasker('hash', { key: Buffer.alloc(32, 7) })];

function page(r: Random, parts: number): Buffer {
  const between = [
    Buffer.from('\n'),
    Buffer.from(' '),
    Buffer.from(' and then some more words of no interest follow here, until '),
    Buffer.from('\r\n\r\n'),
  ];
  return Buffer.concat(Array.from({ length: parts }, () => [composed(r), r.pick(between)]).flat());
}

function streamed(
  detector: Detector,
  masker: Masker,
  text: Buffer,
  sizes: () => number,
  options: { limits?: object; flush?: () => boolean } = {},
): Buffer {
  const out: Buffer[] = [];
  const stream = new StreamMasker({ detector, masker, write: (bytes) => out.push(Buffer.from(bytes)), limits: options.limits ?? {} });
  for (let at = 0; at < text.length; ) {
    const size = Math.max(1, sizes());
    stream.push(text.subarray(at, at + size));
    at += size;
    if (options.flush?.()) stream.flush();
  }
  stream.end();
  return Buffer.concat(out);
}

const said = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1'));

describe('stream masker, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(300_000);

  it('gives what masking the whole gives, wherever the stream is cut', () => {
    forSeeds(count(ROUNDS), (r) => {
      const [detector, masker] = [r.pick(detectors), r.pick(maskers)];
      const text = page(r, 1 + r.int(6));
      const whole = maskText(detector, masker, text, 0, text.length) ?? text;
      for (const sizes of [() => 1, () => 1 + r.int(7), () => 1 + r.int(100)]) {
        const cut = streamed(detector, masker, text, sizes);
        assert.ok(cut.equals(whole), `${said(text)} gave ${said(cut)} and not ${said(whole)}`);
      }
    });
  });

  it('gives the same at every single cut', () => {
    forSeeds(count(ROUNDS / 10), (r) => {
      const [detector, masker] = [r.pick(detectors), r.pick(maskers)];
      const text = page(r, 2);
      const whole = maskText(detector, masker, text, 0, text.length) ?? text;
      for (let cut = 1; cut < text.length; cut++) {
        const sizes = [cut];
        const got = streamed(detector, masker, text, () => sizes.shift() ?? text.length);
        assert.ok(got.equals(whole), `cut at ${cut}: ${said(text)} gave ${said(got)} and not ${said(whole)}`);
      }
    });
  });

  it('gives the same where a text has many segments', () => {
    forSeeds(count(ROUNDS / 4), (r) => {
      const [detector, masker] = [r.pick(detectors), r.pick(maskers)];
      const text = page(r, r.int(4) === 0 ? 150 : 20);
      const whole = maskText(detector, masker, text, 0, text.length) ?? text;
      const once = streamed(detector, masker, text, () => text.length, { limits: SMALL });
      const cut = streamed(detector, masker, text, () => 1 + r.int(300), { limits: SMALL });
      assert.ok(cut.equals(once), `cuts changed ${said(text)}`);
      if (cut.equals(whole)) return;
      // What was redacted may itself be read as a name (`[azure_client_secret]=x`), and by segments it is read at another time than in the
      // whole: then nothing may be left to find.
      const left = masker.as === 'redact' ? detector.find(cut, 0, cut.length) : undefined;
      assert.deepEqual(left, [], `${said(text)} gave ${said(cut)} and not ${said(whole)}`);
    });
  });

  it('gives the same with a flush at any place', () => {
    forSeeds(count(ROUNDS), (r) => {
      const [detector, masker] = [r.pick(detectors), r.pick(maskers)];
      const text = page(r, 1 + r.int(5));
      const whole = maskText(detector, masker, text, 0, text.length) ?? text;
      // what is found only because its neighbour was redacted first can't be found before the neighbour has come
      if (!applyMask(masker, detector.find(text, 0, text.length), text, 0, text.length).equals(whole)) return;
      const often = 1 + r.int(5);
      const got = streamed(detector, masker, text, () => 1 + r.int(30), { flush: () => r.int(often) === 0 });
      assert.ok(got.equals(whole), `${said(text)} gave ${said(got)} and not ${said(whole)}`);
    });
  });
});
