import assert from 'node:assert/strict';
import { accessDecider } from '../../../extproc/config/access.js';
import type { AccessRule, ListenerConfig } from '../../../extproc/config/types.js';
import { reachOf } from '../../../filters/http/readings.js';
import { headOf } from '../../../filters/http/request-facts.js';

const listeners = [
  { name: 'a', resource: 'shop' },
  { name: 'b', resource: 'shop-archive' },
] as ListenerConfig[];
const rule = (given: Partial<AccessRule>): AccessRule => ({ resource: '*', identities: undefined, sources: undefined, ...given });
const agent = 'spiffe://shop.example/agent/reporter';

function may(access: AccessRule[] | undefined, question: { listener?: string; address?: string; principal?: string }): boolean {
  return accessDecider({ http: [], access, listeners })({ listener: 'a', address: '10.1.2.3', principal: agent, ...question }).allowed;
}

describe('who may connect', () => {
  it('everybody without rules, nobody with an empty list', () => {
    assert.equal(may(undefined, { principal: '' }), true);
    assert.equal(may([], {}), false);
  });

  it('nobody to a listener that is not known', () => {
    assert.equal(may(undefined, { listener: 'c' }), false);
    assert.equal(may(undefined, { listener: '' }), false, 'with two listeners, no name means none of them');
    const only = accessDecider({ http: [], access: undefined, listeners: listeners.slice(0, 1) });
    assert.equal(only({ listener: '', address: '', principal: '' }).allowed, true);
    assert.equal(only({ listener: 'b', address: '', principal: '' }).allowed, false);
  });

  it('by resource', () => {
    assert.equal(may([rule({ resource: 'shop' })], { listener: 'a' }), true);
    assert.equal(may([rule({ resource: 'shop' })], { listener: 'b' }), false);
    assert.equal(may([rule({ resource: 'shop-*' })], { listener: 'b' }), true);
    assert.equal(may([rule({ resource: 'shop-*' })], { listener: 'a' }), false);
    assert.equal(may([rule({ resource: 'sh.p' })], { listener: 'a' }), false, 'a dot stands for itself');
  });

  it('by identity, one part a star', () => {
    const by = (identity: string, principal = agent) => may([rule({ identities: [identity] })], { principal });
    assert.equal(by(agent), true);
    assert.equal(by('spiffe://shop.example/agent/*'), true);
    assert.equal(by('spiffe://shop.example/*'), false, 'one star is one part');
    assert.equal(by('spiffe://shop.example/**'), true);
    assert.equal(by('spiffe://shop.example/agent/*', `${agent}/../root`), false);
    assert.equal(by('spiffe://shop.example/agent/*', 'spiffe://shop.example.evil/agent/x'), false);
    assert.equal(by('spiffe://shop.example/agent/*', `x${agent}`), false);
    assert.equal(by('**', ''), false, 'nobody is no identity');
    assert.equal(by(agent, `spiffe://other/x,${agent}`), true, 'any of several names will do');
  });

  it('by address', () => {
    const from = (source: string, address: string) => may([rule({ sources: [source] })], { address });
    assert.equal(from('10.0.0.0/8', '10.1.2.3'), true);
    assert.equal(from('10.0.0.0/8', '11.1.2.3'), false);
    assert.equal(from('10.1.2.3', '10.1.2.3'), true);
    assert.equal(from('10.1.2.3', '10.1.2.4'), false);
    assert.equal(from('10.0.0.0/8', '::ffff:10.1.2.3'), true);
    assert.equal(from('fd00::/8', 'fd12::1'), true);
    assert.equal(from('fd00::/8', '2001:db8::1'), false);
    assert.equal(from('0.0.0.0/0', 'unix'), false, 'what is no address is in no network');
    assert.equal(from('0.0.0.0/0', ''), false);
  });

  it('only by everything that one rule says', () => {
    const rules = [
      rule({ resource: 'shop', identities: [agent], sources: ['10.0.0.0/8'] }),
      rule({ resource: 'shop-archive', sources: ['192.168.0.0/16'] }),
    ];
    assert.equal(may(rules, {}), true);
    assert.equal(may(rules, { address: '192.168.1.1' }), false);
    assert.equal(may(rules, { principal: '' }), false);
    assert.equal(may(rules, { listener: 'b', address: '192.168.1.1', principal: '' }), true);
  });

  it('somebody who logs in after the connection is there, and then by who it is', () => {
    const later = [
      { name: 'tokens', resource: 'shop', authentication: { methods: ['certificate', 'token'] } },
      { name: 'certificates', resource: 'shop', authentication: { methods: ['certificate'] } },
    ];
    const decide = accessDecider({
      http: [],
      listeners: later,
      access: [rule({ resource: 'shop', identities: ['ada'], sources: ['10.0.0.0/8'] })],
    });
    const asks = (listener: string, address: string, principal: string, proven?: true): boolean =>
      decide({ listener, address, principal, ...(proven && { proven }) }).allowed;
    assert.equal(asks('tokens', '10.1.2.3', ''), true);
    assert.equal(asks('tokens', '192.0.2.1', ''), false, 'nobody is let in from there');
    assert.equal(asks('tokens', '10.1.2.3', 'ada', true), true);
    assert.equal(asks('tokens', '10.1.2.3', 'eve', true), false);
    assert.equal(asks('tokens', '10.1.2.3', '', true), false);
    assert.equal(asks('certificates', '10.1.2.3', ''), false);
  });

  it('says no reason that would help somebody in', () => {
    const { reason } = accessDecider({ http: [], access: [rule({ identities: [agent] })], listeners })({
      listener: 'a',
      address: '',
      principal: '',
    });
    assert.ok(reason !== '' && !reason.includes('spiffe'));
  });

  describe('and what they may ask of an HTTP server', () => {
    const http = [{ name: 'api', resource: 'api' }];
    const asks = (access: AccessRule[], line: string, headers: [string, string][] = [], listener = 'api'): boolean => {
      const [method, path] = line.split(' ') as [string, string];
      const reach = reachOf(headOf([[':method', method], [':path', path], [':authority', 'API.example:8080'], ...headers]));
      return accessDecider({ http, access, listeners })({ listener, address: '10.1.2.3', principal: agent, reach }).allowed;
    };
    const reads = rule({ methods: ['GET', 'HEAD'], paths: ['/v1/**'], hosts: ['*.example'] });

    it('by method, host and path', () => {
      assert.equal(asks([reads], 'GET /v1/people/7'), true);
      assert.equal(asks([reads], 'POST /v1/people/7'), false);
      assert.equal(asks([reads], 'GET /v2/people'), false);
      assert.equal(asks([{ ...reads, hosts: ['api.other'] }], 'GET /v1/people'), false);
      assert.equal(asks([rule({ paths: ['/v1/*'] })], 'GET /v1/people/7'), false);
      assert.equal(asks([rule({ hosts: ['API.Example'] })], 'GET /'), true);
    });

    it('in every way that it may be read', () => {
      for (const line of [
        'GET /v2/..%2fv1/x',
        'GET /v2/..;/v1/x',
        'GET /v1/..%5cv2/x',
        'GET /v1/%252e%252e/v2',
        'GET /v1/%zz',
        'GET /v1/x?_method=DELETE',
      ])
        assert.equal(asks([reads], line), false, line);
      assert.equal(asks([reads], 'GET /v1/x', [['x-http-method-override', 'DELETE']]), false);
      const deletes = rule({ methods: ['DELETE'] });
      assert.equal(asks([reads, deletes], 'GET /v1/x', [['x-http-method-override', 'DELETE']]), true, 'each of them by a rule');
      assert.equal(asks([rule({})], 'GET /v1/%zz'), true, 'who may ask anything may ask that');
    });

    it('a connection is none of their requests', () => {
      assert.equal(may([reads], {}), false);
      assert.equal(asks([rule({ sources: ['192.168.0.0/16'], methods: ['GET'] })], 'GET /'), false);
    });
  });
});
