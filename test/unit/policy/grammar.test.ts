import assert from 'node:assert/strict';
import { compilePolicy } from '../../../filters/policy/index.js';
import type { StatementFacts } from '../../../filters/sql/facts.js';
import { operation, sqlFacts } from './operation.js';

const pinned = compilePolicy('version: 1\n', 'p.yaml');
const follows = compilePolicy('version: 1\ndefaults: { grammar: follow, opaque: allow }\n', 'p.yaml');
const setConfig = { functions: [{ schema: '', name: 'set_config', reaches: ['settings' as const], origin: 'builtin' as const }] };
const set = (setting: string, setting_value: string): Partial<StatementFacts> => ({ kind: 'set', setting, setting_value });

const refused: [string, Partial<StatementFacts>][] = [
  ...['off', 'OFF', 'false', 'no', '0', "'off'", ' off ', 'of', 'f'].map((value): [string, Partial<StatementFacts>] => [
    `standard_conforming_strings = ${value}`,
    set('standard_conforming_strings', value),
  ]),
  ...[
    'SJIS',
    'sjis',
    'Shift_JIS',
    'shift-jis',
    "'SJIS'",
    'ShiftJIS',
    'Mskanji',
    'WIN932',
    'Windows932',
    'BIG5',
    'big-5',
    'WIN950',
    'Windows950',
    'GBK',
    'WIN936',
    'UHC',
    'WIN949',
    'GB18030',
    'gb 18030',
    'JOHAB',
    'SHIFT_JIS_2004',
    'shiftjis2004',
  ].map((value): [string, Partial<StatementFacts>] => [`client_encoding = ${value}`, set('client_encoding', value)]),
  ['backslash_quote = on', set('backslash_quote', 'on')],
  ['backslash_quote = off', set('backslash_quote', 'off')],
  ['a setting in upper case', set('STANDARD_CONFORMING_STRINGS', 'off')],
  ['ALTER ROLE … SET', { kind: 'alter', object: 'role', setting: 'standard_conforming_strings', setting_value: 'off' }],
  ['ALTER DATABASE … SET', { kind: 'alter', object: 'database', setting: 'client_encoding', setting_value: 'SJIS' }],
  ['ALTER SYSTEM SET', { kind: 'alter', object: 'system', setting: 'backslash_quote', setting_value: 'on' }],
  ['CREATE FUNCTION … SET', { kind: 'create', object: 'function', setting: 'standard_conforming_strings', setting_value: 'off' }],
  ['set_config', { ...setConfig, setting: 'standard_conforming_strings', setting_value: 'off' }],
  ['set_config with a value that is not known', { ...setConfig, setting: 'client_encoding', setting_value: '' }],
  ['set_config of a setting that is not known (*)', { ...setConfig, setting: '*' }],
  ['set_config of a setting that is not known (empty)', { ...setConfig }],
  ['UPDATE pg_settings', { kind: 'update', setting: '*', objects: [{ type: 'table', schema: '', name: 'pg_settings', access: 'write' }] }],
];

const passed: [string, Partial<StatementFacts>][] = [
  ...['on', 'true', "'on'", '1', 'yes'].map((value): [string, Partial<StatementFacts>] => [
    `standard_conforming_strings = ${value}`,
    set('standard_conforming_strings', value),
  ]),
  ...['UTF8', "'utf-8'", 'LATIN1', 'EUC_JP', 'SQL_ASCII', 'WIN1252'].map((value): [string, Partial<StatementFacts>] => [
    `client_encoding = ${value}`,
    set('client_encoding', value),
  ]),
  ['backslash_quote = safe_encoding', set('backslash_quote', 'safe_encoding')],
  ['another setting', set('search_path', 'off')],
  ['SET … TO DEFAULT', set('client_encoding', '')],
  ['RESET', { kind: 'reset', setting: 'standard_conforming_strings' }],
  ['RESET ALL', { kind: 'reset', setting: '*' }],
  ['SHOW', { kind: 'show', setting: 'client_encoding' }],
  ['ALTER ROLE … RESET ALL', { kind: 'alter', object: 'role', setting: '*' }],
  ['DISCARD ALL', { kind: 'discard' }],
  ['set_config of another setting', { ...setConfig, setting: 'work_mem', setting_value: '1MB' }],
  ['reading pg_settings', { objects: [{ type: 'view', schema: 'pg_catalog', name: 'pg_settings', access: 'read' }] }],
];

describe('settings that change how SQL is read', function () {
  this.timeout(60_000);

  for (const [what, facts] of refused) {
    it(`${what} is refused where the grammar is pinned`, () => {
      const decision = pinned.decide(operation(sqlFacts([{}, facts])));
      assert.deepEqual([decision.verdict, decision.rule], ['deny', 'default:grammar']);
      assert.equal(follows.decide(operation(sqlFacts([facts]))).verdict, 'allow');
    });
  }
  for (const [what, facts] of passed)
    it(`${what} passes`, () => assert.equal(pinned.decide(operation(sqlFacts([facts]))).verdict, 'allow'));
});
