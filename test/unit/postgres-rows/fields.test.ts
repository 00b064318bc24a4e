import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import {
  maskFields,
  maskFunctionResult,
  maskNotification,
  maskRowDescriptionNames,
  maskStatusValue,
} from '../../../filters/postgres/rows/fields.js';
import { encodeRowDescription } from '../../../filters/postgres/wire/row-description.js';
import { CARD, EMAIL, masksOf, message } from './support.js';

const masks = masksOf([['email', 'credit_card', 'high_entropy'], 'redact']);
const nulls = masksOf([['email', 'credit_card'], 'null']);

type Mask = (buf: Buffer, start: number, body: number, end: number, set: typeof masks) => Buffer | undefined;
/** Runs with bytes around the message, so that reading beyond it would show. */
const run = (mask: Mask, one: Buffer, set = masks) => {
  const buf = Buffer.concat([Buffer.from(`${EMAIL}\0`), one, Buffer.from(`${EMAIL}\0`)]);
  const start = EMAIL.length + 1;
  return mask(buf, start, start + 5, start + one.length, set);
};

const error = (fields: Record<string, string>, type = 'E') =>
  message(type, Buffer.concat([...Object.entries(fields).map(([code, value]) => Buffer.from(`${code}${value}\0`)), Buffer.from('\0')]));

describe('masking of ErrorResponse and NoticeResponse', () => {
  it('masks every field that may hold a value, in its place', () => {
    const before = {
      S: 'ERROR',
      V: 'ERROR',
      C: '22P02',
      M: `invalid input syntax for type integer: "${CARD}"`,
      D: `Key (mail)=(${EMAIL})`,
      H: EMAIL,
      W: `at ${EMAIL}`,
      q: `select '${EMAIL}'`,
      s: 'public',
      t: EMAIL,
      c: EMAIL,
      d: EMAIL,
      n: EMAIL,
      P: '5',
      F: 'a.c',
      L: '1',
      R: 'f',
    };
    const after = {
      ...before,
      M: 'invalid input syntax for type integer: "[credit_card]"',
      D: 'Key (mail)=([email])',
      H: '[email]',
      W: 'at [email]',
      q: "select '[email]'",
      t: '[email]',
      c: '[email]',
      d: '[email]',
      n: '[email]',
    };
    assert.deepEqual(run(maskFields, error(before)), error(after));
    assert.deepEqual(run(maskFields, error({ S: 'NOTICE', M: EMAIL }, 'N')), error({ S: 'NOTICE', M: '[email]' }, 'N'));
  });

  it('has no NULL, so it redacts', () =>
    assert.deepEqual(run(maskFields, error({ S: 'ERROR', M: `a ${EMAIL}` }), nulls), error({ S: 'ERROR', M: 'a [email]' })));

  it('is read through escapes, markup and controls, as all other text', () => {
    for (const hidden of [EMAIL.replace('@', '\\u0040'), EMAIL.replace('@', '&#64;'), EMAIL.replace('@', '\u001b[1m@\u001b[0m')]) {
      const said = run(maskFields, error({ S: 'ERROR', M: `invalid input: "${hidden}"` }))?.toString() ?? '';
      assert.match(said, /invalid input: "\[email\]/);
      assert.ok(!said.includes('example'), said);
    }
  });

  it('passes what is clean', () =>
    assert.equal(run(maskFields, error({ S: 'ERROR', C: '42P01', M: 'relation "x" does not exist' })), undefined));

  it('refuses fields without their end', () => {
    assert.throws(
      () => run(maskFields, message('E', Buffer.from(`M${EMAIL}`))),
      (e) => e instanceof MidstreamError && e.code === 'protocol_violation',
    );
  });
});

describe('masking of other messages', () => {
  const notification = (channel: string, payload: string) =>
    message('A', Buffer.concat([Buffer.from([0, 0, 1, 2]), Buffer.from(`${channel}\0${payload}\0`)]));
  it('NotificationResponse: channel and payload', () => {
    assert.deepEqual(run(maskNotification, notification(EMAIL, `{"mail":"${EMAIL}"}`)), notification('[email]', '{"mail":"[email]"}'));
    assert.equal(run(maskNotification, notification('orders', '42')), undefined);
  });

  it('ParameterStatus: the value', () => {
    assert.deepEqual(
      run(maskStatusValue, message('S', Buffer.from(`application_name\0${EMAIL}\0`))),
      message('S', Buffer.from('application_name\0[email]\0')),
    );
    assert.equal(run(maskStatusValue, message('S', Buffer.from('TimeZone\0Europe/Berlin\0'))), undefined);
  });

  it('RowDescription: the names of columns, and nothing else of them', () => {
    const describe = (name: string) =>
      encodeRowDescription({
        columns: [name, 'plain'].map((one) => ({
          name: Buffer.from(one),
          table_oid: 1,
          attribute: 2,
          type_oid: 25,
          type_size: -1,
          type_modifier: -1,
          format: 0 as const,
        })),
      });
    assert.deepEqual(run(maskRowDescriptionNames, describe(EMAIL)), describe('[email]'));
    assert.equal(run(maskRowDescriptionNames, describe('x')), undefined);
  });

  it('FunctionCallResponse: text is masked, other bytes become NULL', () => {
    const value = (bytes: Buffer | null) =>
      message('V', bytes === null ? Buffer.from([255, 255, 255, 255]) : Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]));
    assert.deepEqual(run(maskFunctionResult, value(Buffer.from(`x ${EMAIL}`))), value(Buffer.from('x [email]')));
    assert.deepEqual(
      run(maskFunctionResult, value(Buffer.concat([Buffer.from([0, 1, 255]), Buffer.from(EMAIL), Buffer.from([0])]))),
      value(null),
    );
    assert.deepEqual(run(maskFunctionResult, value(Buffer.from(EMAIL)), nulls), value(null));
    assert.equal(run(maskFunctionResult, value(Buffer.from([0, 0, 0, 7]))), undefined);
    assert.equal(run(maskFunctionResult, value(null)), undefined);
    assert.throws(
      () => run(maskFunctionResult, message('V', Buffer.from([0, 0, 0, 9, 1]))),
      (e) => e instanceof MidstreamError && e.code === 'protocol_violation',
    );
  });
});
