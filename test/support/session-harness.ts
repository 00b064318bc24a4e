import assert from 'node:assert/strict';
import type { Decision, Policy } from '../../filters/policy/types.js';
import type { CatalogueView } from '../../filters/postgres/rows/origin.js';
import type { MaskSet } from '../../filters/postgres/rows/plan.js';
import type { Effects } from '../../filters/postgres/session/effects.js';
import { type Analyzer, Judge } from '../../filters/postgres/session/judge.js';
import { Session, type SessionOptions } from '../../filters/postgres/session/session.js';

/** A session with a hand-made policy, for tests that look at the machine alone. */
export interface HarnessOptions {
  analyzer: Analyzer;
  decide?: (text: string, params: (string | null | undefined)[] | undefined) => 'allow' | 'approve' | 'deny';
  masks?: MaskSet | undefined;
  catalogue?: CatalogueView | undefined;
  policy?: Partial<Policy>;
  limits?: Partial<SessionOptions['limits']>;
  originals?: boolean;
  maskText?: (text: string) => string;
  login?: SessionOptions['login'];
}

const limits = {
  statement_bytes_max: 1 << 20,
  message_bytes_max: 1 << 26,
  held_bytes_max: 1 << 20,
  unpacked_bytes_max: 1 << 30,
  unpacked_ratio_max: 200,
};

export function makeSession(options: HarnessOptions): Session {
  let ids = 0;
  const decide = options.decide ?? (() => 'allow' as const);
  const policy: Policy = {
    version: 'p1',
    transparent: false,
    usesParams: false,
    usesBody: false,
    asksBody: () => false,
    usesMethod: false,
    sqlPlaces: [],
    usesColumns: false,
    masksUseAge: false,
    grammar: 'pin',
    unparsed: 'deny',
    opaque: 'approve',
    limits,
    masksFor: () => [],
    decide: (facts) => {
      assert.ok(facts.on === 'postgres');
      const texts =
        facts.sql.statements.length > 0
          ? facts.sql.statements.map((s) => `${s.kind} ${s.object}`.trim())
          : [facts.sql.unparsed === '' ? '' : 'unparsed'];
      const verdict = texts
        .map((text) => decide(text, facts.params))
        .reduce<Decision['verdict']>((worst, one) => (rank[one] > rank[worst] ? one : worst), 'allow');
      return {
        verdict,
        matches: verdict === 'allow' ? [] : [{ rule: 'test', verdict, mode: 'enforce' }],
        rule: verdict === 'allow' ? '' : 'test',
        message: verdict === 'allow' ? '' : 'not here',
        hint: '',
      };
    },
    ...options.policy,
  } as Policy;
  const maskText = options.maskText ?? ((text: string) => text);
  return new Session({
    id: 'session',
    resource: 'shop',
    transport: 'ext_proc',
    peer: { identity: undefined, source: '127.0.0.1:1', tls: {} },
    gateway_version: 'test',
    originals: options.originals ?? false,
    now: () => 1_700_000_000_000,
    newId: () => (++ids).toString(16).padStart(32, '0'),
    rules: (caller) => ({
      policy,
      judge: new Judge(policy, options.analyzer, caller, maskText, { cache_entries_max: 100, cache_units_max: 100_000 }),
      masks: options.masks,
      maskText,
      maskName: maskText,
    }),
    catalogue: () => options.catalogue,
    login: options.login,
    limits: {
      message_bytes_max: 1 << 26,
      wire_bytes_max: 4096,
      names_max: 1000,
      queued_bytes_max: 1 << 20,
      notice_every_ms: 30_000,
      ...options.limits,
    },
  });
}

const rank = { allow: 0, approve: 1, deny: 2 };

/** The bytes of one side of a step. */
export function bytesOf(effects: Effects, side: 'upstream' | 'downstream'): Buffer {
  return Buffer.concat(effects[side].take());
}
