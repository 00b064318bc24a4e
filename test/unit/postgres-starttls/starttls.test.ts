import assert from 'node:assert/strict';
import { AgentsStartTls, type HandshakeStep } from '../../../filters/postgres/starttls/agents.js';
import { ServerStartTls } from '../../../filters/postgres/starttls/server.js';
import { encodeStartupPacket } from '../../../filters/postgres/wire/index.js';

const ssl = encodeStartupPacket({ kind: 'ssl' });
const gssenc = encodeStartupPacket({ kind: 'gssenc' });
const cancel = encodeStartupPacket({ kind: 'cancel', process_id: 1, key: Buffer.alloc(4) });
const startup = encodeStartupPacket({ kind: 'startup', version: 196608, parameters: [{ name: 'user', value: Buffer.from('a') }] });
const hello = Buffer.from('160301000501000001', 'hex');
const shown = ({ toAgent, toServer, next }: HandshakeStep): [string, string, string] => [
  toAgent.toString('latin1').slice(0, 1),
  toServer.toString('hex'),
  next,
];
/** All bytes in pieces of `size`, until a step is more than waiting. */
function run(machine: AgentsStartTls, bytes: Buffer, size = bytes.length): HandshakeStep[] {
  const steps: HandshakeStep[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    steps.push(machine.push(bytes.subarray(at, at + size)));
    if (steps.at(-1)!.next !== 'wait') break;
  }
  return steps;
}
const last = (steps: HandshakeStep[]): [string, string, string] => shown(steps.at(-1)!);

describe('TLS that is asked for in band', () => {
  describe('with agents', () => {
    for (const size of [1, 2, 3, 7, 8]) {
      it(`answers a request in pieces of ${size} bytes, and leaves`, () =>
        assert.deepEqual(last(run(new AgentsStartTls(true), ssl, size)), ['S', '', 'leave']));
      it(`passes a startup packet in pieces of ${size} bytes on as it is`, () => {
        const steps = run(new AgentsStartTls(false), startup, size);
        const sent = Buffer.concat(steps.map(({ toServer }) => toServer));
        assert.equal(steps.at(-1)!.next, 'leave');
        assert.ok(startup.subarray(0, sent.length).equals(sent) && sent.length >= 8);
      });
    }
    it('declines GSSAPI encryption, and waits for what comes next', () => {
      const machine = new AgentsStartTls(true);
      assert.deepEqual(last(run(machine, gssenc)), ['N', '', 'wait']);
      assert.deepEqual(last(run(machine, ssl)), ['S', '', 'leave']);
    });
    it('passes TLS at once on, whatever is required', () =>
      assert.deepEqual(last(run(new AgentsStartTls(true), hello)), ['', hello.toString('hex'), 'leave']));
    it('refuses what goes on in clear where TLS is required, and lets cancel requests pass', () => {
      assert.deepEqual(last(run(new AgentsStartTls(true), startup)), ['E', '', 'close']);
      assert.deepEqual(last(run(new AgentsStartTls(true), cancel)), ['', cancel.toString('hex'), 'leave']);
      const after = new AgentsStartTls(true);
      run(after, gssenc);
      assert.deepEqual(last(run(after, startup)), ['E', '', 'close']);
    });
    for (const [what, packet] of [
      ['SSLRequest', ssl],
      ['GSSENCRequest', gssenc],
    ] as const)
      it(`ends a connection with bytes behind ${what}`, () =>
        assert.deepEqual(last(run(new AgentsStartTls(false), Buffer.concat([packet, startup]))), ['E', '', 'close']));
  });

  describe('with the server', () => {
    it('holds the ClientHello back until the server has said S', () => {
      const machine = new ServerStartTls();
      assert.deepEqual(shown(machine.fromAgent(hello.subarray(0, 4))), ['', ssl.toString('hex'), 'wait']);
      assert.deepEqual(shown(machine.fromAgent(hello.subarray(4))), ['', '', 'wait']);
      assert.deepEqual(shown(machine.fromServer(Buffer.from('S'))), ['', hello.toString('hex'), 'leave']);
    });
    for (const said of ['N', 'E', 'SX', 'x', 'S\u0016'])
      it(`goes on in no way when the server says ${JSON.stringify(said)}`, () => {
        const machine = new ServerStartTls();
        machine.fromAgent(hello);
        assert.deepEqual(shown(machine.fromServer(Buffer.from(said, 'latin1'))), ['', '', 'close']);
      });
    it('sends nothing in clear for bytes that are no TLS, and believes no word that nobody asked for', () => {
      assert.deepEqual(shown(new ServerStartTls().fromAgent(startup)), ['', '', 'close']);
      assert.deepEqual(shown(new ServerStartTls().fromServer(Buffer.from('S'))), ['', '', 'close']);
    });
  });
});
