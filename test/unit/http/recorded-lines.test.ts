import assert from 'node:assert/strict';
import { headOf } from '../../../filters/http/request-facts.js';
import { RequestText } from '../../../filters/http/request-text.js';

const maskText = (text: string): string => text.replaceAll('secret', '[s]');

function fieldsOf(headers: [string, string][], target = '/a?b=secret'): Record<string, unknown> {
  const { facts } = headOf([[':method', 'GET'], [':authority', 'api'], [':path', target], ...headers]);
  const text = new RequestText(facts, { maskText, maskName: maskText }, 100);
  const line = text.requestFields();
  assert.equal(line[0], ',');
  return JSON.parse(`{${line.slice(1)}}`) as Record<string, unknown>;
}

describe('the line of a request', () => {
  it('has each header once, under its own name', () => {
    const { headers, ...rest } = fieldsOf([
      ['x-a', 'one "quoted" \\ secret'],
      ['7', 'seven'],
      ['__proto__', 'p'],
      ['x-request-id', '0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a'],
    ]);
    assert.deepEqual(Object.entries(headers as object), [
      ['7', 'seven'],
      ['x-a', 'one "quoted" \\ [s]'],
      ['__proto__', 'p'],
      // names with _ stand under - as well
      ['--proto--', 'p'],
      ['x-request-id', '0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a'],
    ]);
    assert.deepEqual(rest, {
      request: 'r1',
      operation: 'GET',
      text: 'GET api/a?b=[s]',
      facts: { method: 'GET', host: 'api', path: '/a', content_type: '', unparsed: '' },
      fingerprint: rest['fingerprint'],
      bytes: 0,
    });
  });

  it('has the last of headers whose names are one when they are masked', () => {
    const { headers } = fieldsOf([
      ['x-secret', 'a'],
      ['x-[s]', 'b'],
    ]);
    assert.deepEqual(headers, { 'x-[s]': 'b' });
  });
});
