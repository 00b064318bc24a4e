import assert from 'node:assert/strict';
import { decide, digestOf, end, expire, isOverdue, leaseOf, release, shapeOf } from '../../../filters/approval/life.js';
import type { HoldRecord } from '../../../filters/approval/types.js';
import { agent, by, held, operation, T0 } from './samples.js';

const code =
  (wanted: string, pattern = /./) =>
  (error: unknown) => {
    const { code: given, message } = error as { code: string; message: string };
    assert.equal(given, wanted);
    assert.match(message, pattern);
    return true;
  };

describe('the life of a held operation', () => {
  it('is approved by its quorum of distinct people', () => {
    let record = held({ terms: { quorum: 2 } });
    record = decide(record, by('alice'));
    assert.equal(record.status, 'pending');
    record = decide(record, by('bob'));
    assert.equal(record.status, 'approved');
    assert.deepEqual(
      record.decisions.map((one) => one.by),
      ['alice', 'bob'],
    );
  });

  it('counts one person once, by whatever name', () => {
    const jane = by('jane@shop.example', { names: ['00u1', 'jane'] });
    const after = decide(held({ terms: { quorum: 2 } }), jane);
    for (const again of [
      by('Jane'),
      by('j-token', { names: ['JANE@shop.example'] }),
      by('other', { names: ['00u1'] }),
      by('ja\u200bne'),
      by('\u00adJANE '),
    ])
      assert.throws(() => decide(after, again), code('conflict', /you have decided/));
    assert.equal(decide(after, by('bob', { names: ['bob@shop.example'] })).status, 'approved');
    assert.throws(() => decide(held(), by('\u200b')), code('bad_input'));
    assert.throws(() => decide(held(), by('approver', { names: ['ann@shop.example'] })), code('forbidden', /of their own/));
  });

  it('ends with one deny, also after an approval', () => {
    const record = decide(decide(held({ terms: { quorum: 2 } }), by('alice')), by('bob', { verdict: 'deny', comment: 'no' }));
    assert.equal(record.status, 'denied');
    assert.equal(release(record, T0 + 2000), undefined);
    assert.throws(() => decide(record, by('carol')), code('conflict', /denied already/));
  });

  it('leaves the record that it was given as it was', () => {
    const before = held();
    const copy = structuredClone(before);
    decide(before, by('alice'));
    end(before, 'cancelled', 'gone');
    assert.deepEqual(before, copy);
  });

  for (const quorum of [0, -1, Number.NaN]) {
    it(`does not run without anybody's approval when the quorum is ${quorum}`, () => {
      const record = held({ terms: { quorum } });
      assert.equal(record.status, 'pending');
      const after = decide(record, by('alice'));
      assert.equal(after.status, Number.isNaN(quorum) ? 'pending' : 'approved');
    });
  }

  const own: [string, string][] = [
    ['the identity itself', 'spiffe://shop.example/agent/billing'],
    ['the subject of its token', 'svc-billing'],
    ['its e-mail, however it is written', ' ann@SHOP.example'],
    ['full-width letters', 'ａｎｎ@shop.example'],
    ['the role it logged in as', 'app'],
  ];
  for (const [what, name] of own) {
    for (const verdict of ['approve', 'deny'] as const) {
      it(`refuses to let an agent ${verdict} its own: ${what}`, () =>
        assert.throws(() => decide(held(), by(name, { verdict })), code('forbidden', /of their own/)));
    }
  }

  it('refuses a decision of nobody, and of somebody outside the groups', () => {
    assert.throws(() => decide(held(), by('  ')), code('bad_input'));
    assert.throws(() => decide(held(), by('eve', { groups: [] })), code('forbidden', /for dba to decide/));
    assert.throws(() => decide(held(), by('eve', { groups: ['DBA', 'dba2'] })), code('forbidden'));
    assert.equal(decide(held({ terms: { by: [] } }), by('eve', { groups: [] })).status, 'approved', 'no group named: any approver');
    assert.equal(decide(held({ terms: { by: ['sec', 'dba'] } }), by('eve')).status, 'approved', 'one group is enough');
  });

  it('takes one decision a person, however the name is written', () => {
    const once = decide(held({ terms: { quorum: 2 } }), by('alice'));
    for (const name of ['alice', 'ALICE', ' Alice '])
      assert.throws(() => decide(once, by(name)), code('conflict', /decided on this operation already/));
    assert.throws(() => decide(once, by('alice', { verdict: 'deny' })), code('conflict'));
  });

  it('refuses decisions that come too late, to the millisecond', () => {
    const { expires_ms } = held().operation;
    assert.equal(decide(held(), by('alice', { at_ms: expires_ms - 1 })).status, 'approved');
    for (const at_ms of [expires_ms, expires_ms + 1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => decide(held(), by('alice', { at_ms })), code('conflict', /time to decide/));
  });

  it('releases once, in time, and only what is approved', () => {
    const approved = decide(held(), by('alice'));
    const released = release(approved, T0 + 2000);
    assert.equal(released?.released_ms, T0 + 2000);
    assert.equal(release(released!, T0 + 2001), undefined);
    assert.equal(release(held(), T0 + 2000), undefined);
    assert.equal(release(approved, approved.operation.expires_ms), undefined);
    assert.equal(release(approved, Number.NaN), undefined);
  });

  it('can be cancelled until it is released, and never released afterwards', () => {
    const approved = decide(held(), by('alice'));
    for (const status of ['cancelled', 'expired'] as const) {
      const ended = end(approved, status, 'the client is gone');
      assert.equal(ended?.status, status);
      assert.equal(ended?.reason, 'the client is gone');
      assert.equal(release(ended!, T0 + 2000), undefined);
      assert.equal(end(ended!, 'cancelled', 'again'), undefined);
    }
    assert.equal(end(release(approved, T0 + 2000)!, 'cancelled', 'late'), undefined);
    assert.equal(end(decide(held(), by('bob', { verdict: 'deny' })), 'cancelled', 'late'), undefined);
  });

  it('expires when its time is over, pending or approved', () => {
    const { expires_ms } = held().operation;
    assert.equal(expire(held(), expires_ms - 1), undefined);
    assert.equal(expire(held(), expires_ms)?.reason, 'nobody decided in time');
    assert.equal(expire(decide(held(), by('alice')), expires_ms)?.reason, 'it was approved, and not run in time');
    assert.equal(expire(release(decide(held(), by('alice')), T0 + 1)!, expires_ms), undefined);
    assert.equal(isOverdue(held(), Number.NaN), true);
  });
});

describe('leases', () => {
  const lease = { same: 'shape' as const, for_ms: 60_000, uses: 3 };
  const approved = (over: Parameters<typeof held>[0]): HoldRecord => decide(held(over), by('alice'));

  it('come from an approval whose terms have one', () => {
    const record = approved({ terms: { lease } });
    assert.deepEqual(leaseOf(record, 'l1', T0), {
      lease: 'l1',
      key: record.operation.shape,
      same: 'shape',
      hold: record.operation.hold,
      uses_left: 3,
      expires_ms: T0 + 60_000,
    });
    const text = approved({ terms: { lease: { ...lease, same: 'text' } } });
    assert.equal(leaseOf(text, 'l1', T0)?.key, text.operation.digest);
    assert.equal(leaseOf(approved({}), 'l1', T0), undefined);
  });

  it('do not come from anything else', () => {
    assert.equal(leaseOf(held({ terms: { lease } }), 'l', T0), undefined);
    assert.equal(leaseOf(decide(held({ terms: { lease } }), by('bob', { verdict: 'deny' })), 'l', T0), undefined);
    assert.equal(leaseOf(end(approved({ terms: { lease } }), 'cancelled', 'gone')!, 'l', T0), undefined);
    for (const broken of [{ uses: 0 }, { uses: Number.NaN }, { for_ms: 0 }, { for_ms: Number.NaN }])
      assert.equal(leaseOf(approved({ terms: { lease: { ...lease, ...broken } } }), 'l', T0), undefined);
  });

  it('hold for the same text alone where there is no shape', () => {
    const record = approved({ fingerprint: '', terms: { lease } });
    const given = leaseOf(record, 'l', T0);
    assert.equal(given?.same, 'text');
    assert.equal(given?.key, record.operation.digest);
  });
});

describe('what an approval is bound to', () => {
  const bound = { identity: agent, resource: 'r', database: 'd', user: 'u', policy_version: 'p' };
  const base = { ...bound, text: 't', params: ['a', 'b'] as (string | null)[] };

  it('changes with every field', () => {
    const others = [
      { identity: { ...agent, id: 'x' } },
      { identity: { ...agent, kind: 'claimed' as const } },
      { identity: { ...agent, issuer: 'x' } },
      { identity: { ...agent, proof: 'claimed' } },
      ...[{ resource: 'x' }, { database: 'x' }, { user: 'x' }, { policy_version: 'x' }, { text: 'x' }],
      ...[
        { params: ['a'] },
        { params: ['a', 'b', ''] },
        { params: ['ab'] },
        { params: ['b', 'a'] },
        { params: ['a', null] },
        { params: ['a', ''] },
        { params: [] },
      ],
    ];
    const digests = [base, ...others.map((over) => ({ ...base, ...over }))].map((what) => digestOf(what));
    assert.equal(new Set(digests).size, digests.length);
    assert.equal(digestOf({ ...base }), digests[0], 'the same again is the same');
    for (const digest of digests) assert.match(digest, /^[0-9a-f]{64}$/);
    assert.equal(
      digestOf({ ...base, identity: { ...agent, source: '10.0.0.9:1', groups: ['x'] } }),
      digests[0],
      'a new connection of the same agent is the same agent',
    );
  });

  it('lets nothing be shifted between fields', () => {
    assert.notEqual(digestOf({ ...base, resource: 'rd', database: '' }), digestOf({ ...base, resource: 'r', database: 'd' }));
    assert.notEqual(digestOf({ ...base, text: 't1:a', params: [] }), digestOf({ ...base, text: 't', params: ['a'] }));
    assert.notEqual(digestOf({ ...base, text: 'é' }), digestOf({ ...base, text: 'e' }));
    assert.notEqual(shapeOf({ ...bound, fingerprint: 'fr', rule: '' }), shapeOf({ ...bound, fingerprint: 'f', rule: 'r' }));
    assert.notEqual(
      shapeOf({ ...bound, fingerprint: 't', rule: '0' }),
      digestOf({ ...bound, text: 't', params: [] }),
      'a shape is never a text',
    );
  });

  it('is a length-prefixed SHA-256 that does not change between versions', () => {
    assert.equal(
      digestOf({ ...base, identity: { ...agent, id: 'i', kind: 'claimed', issuer: '', proof: 'claimed' } }),
      'c55087d4e8353b9e1fa9af46e935465c29e2bc0676ccfa36bb5a96089200c37c',
    );
    assert.equal(operation().shape.length, 64);
  });
});
