import assert from 'node:assert/strict';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  Tree,
  verifyConsistency,
  verifyInclusion,
} from '../../../filters/record/merkle.js';

// The leaves and roots that Certificate Transparency's own implementations test RFC 6962 with.
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = inputs.map((hex) => leafHash(Buffer.from(hex, 'hex')));
const root = (size: number): Buffer => rootOf(leaves.slice(0, size));
const hex = (hashes: Buffer[]): string[] => hashes.map((hash) => hash.toString('hex'));

describe('Merkle trees (RFC 6962)', () => {
  it('has the known roots, grown leaf by leaf', () => {
    const tree = new Tree();
    assert.equal(tree.root().toString('hex'), roots[0]);
    for (const [i, leaf] of leaves.entries()) {
      tree.append(leaf);
      assert.equal(tree.size, i + 1);
      assert.equal(tree.root().toString('hex'), roots[i + 1]);
    }
  });

  it('has the known inclusion path of leaf 0 of 8 and 5 of 8', () => {
    assert.deepEqual(hex(inclusionProof(leaves, 0)), [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    assert.deepEqual(hex(inclusionProof(leaves, 5)), [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('has the known consistency proof from 6 to 8', () => {
    assert.deepEqual(hex(consistencyProof(leaves, 6)), [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('proves every leaf of every tree up to 40, and nothing else', () => {
    const many = Array.from({ length: 40 }, (_, i) => leafHash(`leaf ${i}`));
    for (let size = 1; size <= many.length; size++) {
      const some = many.slice(0, size);
      const head = rootOf(some);
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(some, index);
        assert.ok(verifyInclusion(many[index]!, index, size, proof, head), `${index} of ${size}`);
        assert.ok(!verifyInclusion(leafHash('another'), index, size, proof, head));
        assert.ok(!verifyInclusion(many[index]!, index, size, [...proof, head], head));
        if (proof.length > 0) assert.ok(!verifyInclusion(many[index]!, index, size, proof.slice(1), head));
        if (size > 1) assert.ok(!verifyInclusion(many[index]!, (index + 1) % size, size, proof, head));
      }
      assert.throws(() => inclusionProof(some, size), RangeError);
    }
  });

  it('proves every prefix of every tree up to 40, and nothing else', () => {
    const many = Array.from({ length: 40 }, (_, i) => leafHash(`leaf ${i}`));
    for (let size = 1; size <= many.length; size++) {
      const some = many.slice(0, size);
      for (let first = 1; first <= size; first++) {
        const proof = consistencyProof(some, first);
        const [small, large] = [rootOf(some.slice(0, first)), rootOf(some)];
        assert.ok(verifyConsistency(first, small, size, large, proof), `${first} of ${size}`);
        if (first < size) {
          assert.ok(!verifyConsistency(first, large, size, large, proof));
          assert.ok(!verifyConsistency(first, small, size, small, proof));
          assert.ok(!verifyConsistency(first, small, size, large, proof.slice(0, -1)));
        }
      }
      assert.throws(() => consistencyProof(some, 0), RangeError);
      assert.throws(() => consistencyProof(some, size + 1), RangeError);
    }
    assert.ok(!verifyConsistency(0, root(0), 3, root(3), []));
  });
});
