import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { formatCheckpoint, parseCheckpoint } from '../../../filters/record/checkpoint.js';
import { openNote, parseVerifierKey, privateKeyOf, publicBytesOf, signNote, verifierKey } from '../../../filters/record/signed-note.js';

// The example of the signed-note format's first implementation: its key, its text, its signature.
const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SEED = Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1);
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const NOTE = `${TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const tampered = (error: unknown): boolean => error instanceof MidstreamError && error.code === 'tampered';

describe('signed notes (C2SP signed-note) and checkpoints (tlog-checkpoint)', () => {
  const { name, publicKey } = parseVerifierKey(VKEY);

  it('reads and writes the known verifier key', () => {
    assert.equal(name, 'PeterNeumann');
    assert.equal(verifierKey(name, publicKey), VKEY);
    assert.deepEqual(publicBytesOf(privateKeyOf(SEED)), publicKey);
  });

  it('signs the known note, byte for byte, and opens it', () => {
    assert.equal(signNote(TEXT, name, privateKeyOf(SEED)), NOTE);
    assert.equal(openNote(NOTE, name, publicKey), TEXT);
  });

  it('passes over signatures of others', () => {
    const other = signNote(TEXT, 'someone/else', privateKeyOf(Buffer.alloc(32, 7))).split('\n\n')[1];
    assert.equal(openNote(`${NOTE}${other}`, name, publicKey), TEXT);
  });

  it('opens no note that was changed, anywhere', () => {
    for (let i = 0; i < NOTE.length; i++) {
      const changed = `${NOTE.slice(0, i)}${NOTE[i] === 'A' ? 'B' : 'A'}${NOTE.slice(i + 1)}`;
      assert.throws(() => openNote(changed, name, publicKey), tampered, `character ${i}`);
    }
    assert.throws(() => openNote(NOTE, 'another', publicKey), tampered);
    assert.throws(() => openNote(TEXT, name, publicKey), tampered);
  });

  it('refuses verifier keys that do not fit together', () => {
    for (const key of [
      '',
      'x',
      VKEY.replace('c74f', 'c74e'),
      VKEY.replace('PeterNeumann', 'PeterNeuman'),
      VKEY.replace('+ARpc', '+AhpC'),
      VKEY.slice(0, -4),
      `${VKEY}0`,
      `${VKEY}=`,
      `${VKEY} `,
    ]) {
      assert.throws(
        () => parseVerifierKey(key),
        (error) => error instanceof MidstreamError && error.code === 'bad_input',
        key,
      );
    }
  });

  it('a checkpoint is origin, size, root, and what it saw of its neighbours', () => {
    const root = Buffer.alloc(32, 1);
    const text = formatCheckpoint({
      origin: 'midstream/1a2b3c4d/w1',
      size: 7,
      root,
      seen: [{ origin: 'midstream/1a2b3c4d/w2', size: 3, root }],
    });
    assert.equal(
      text,
      'midstream/1a2b3c4d/w1\n7\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\nseen midstream/1a2b3c4d/w2 3 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n',
    );
    assert.deepEqual(parseCheckpoint(text), {
      origin: 'midstream/1a2b3c4d/w1',
      size: 7,
      root,
      seen: [{ origin: 'midstream/1a2b3c4d/w2', size: 3, root }],
    });
    assert.equal(parseCheckpoint(`${text}another extension\n`).size, 7);
    for (const bad of [
      '',
      'x\n',
      'x\n1\n',
      'x\n01\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n',
      'x\n-1\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n',
      'x\n1\nAQE=\n',
      text.slice(0, -1),
    ]) {
      assert.throws(() => parseCheckpoint(bad), tampered, JSON.stringify(bad));
    }
  });
});
