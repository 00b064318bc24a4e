import assert from 'node:assert/strict';
import { writeFrame } from '../../../filters/http/websocket/frames.js';
import { channelMessage } from '../../../filters/kubernetes/terminal/protocol.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { StreamDriver } from '../../unit/http/websocket-support.js';

const masks = 'masks:\n  - { name: pii, detect: [pii], as: partial }\n';
const POLICIES = [
  `version: 1\n${masks}`,
  `version: 1\nrules:\n  - { name: no-rm, on: terminal, when: 'terminal.line.startsWith("rm ")', then: deny }\n${masks}`,
];
const EXEC = '/api/v1/namespaces/prod/pods/db/exec?command=sh&stdin=true&stdout=true&stderr=true';
const PROTOCOLS = [
  { name: 'v5.channel.k8s.io', base64: false, version: 5 },
  { name: 'v4.channel.k8s.io', base64: false, version: 4 },
  { name: 'v4.base64.channel.k8s.io', base64: true, version: 4 },
];
const VALUES: [string, string][] = [
  ['jane.doe@example.com', 'j***@example.com'],
  ['4111 1111 1111 1111', '**** **** **** 1111'],
];
const KEY = Buffer.from('37fa213d', 'hex');

/** A text, and what is left of it. */
function output(random: Random): [string, string] {
  const parts: [string, string][] = [];
  for (let i = random.int(8); i >= 0; i--) {
    const words = random.pick(['words of prose', 'größer 🙂', '$ ', 'x'.repeat(random.int(300))]);
    parts.push(random.chance(0.4) ? random.pick(VALUES) : [words, words], ['\n', '\n']);
  }
  return [parts.map(([text]) => text).join(''), parts.map(([, shown]) => shown).join('')];
}

const heard = (driver: StreamDriver, base64: boolean, channel: number): Buffer[] =>
  driver.heard.client
    .filter(({ opcode, text }) => opcode < 8 && text.charCodeAt(0) === (base64 ? 0x30 + channel : channel))
    .map(({ text }) => Buffer.from(text.slice(1), base64 ? 'base64' : 'latin1'));

describe('terminals in Kubernetes, by chance', () => {
  it('say the same masked text however it is cut into messages, frames and bytes', () => {
    forSeeds(count(150, 5000), (random) => {
      const protocol = random.pick(PROTOCOLS);
      const driver = new StreamDriver(random.pick(POLICIES), EXEC, protocol.name);
      const texts = [output(random), output(random)] as const;
      const wire: Buffer[] = [];
      const left = texts.map(([text]) => Buffer.from(text));
      while (left.some((one) => one.length > 0)) {
        const at = random.int(2);
        const size = Math.min(left[at]!.length, 1 + random.int(random.chance(0.5) ? 4 : 400));
        if (size === 0) continue;
        const message = channelMessage(at + 1, left[at]!.subarray(0, size), protocol);
        left[at] = left[at]!.subarray(size);
        const cut = random.chance(0.2) ? random.int(message.length) : message.length;
        const code = protocol.base64 ? 1 : 2;
        if (cut === message.length) wire.push(...writeFrame(code, message));
        else wire.push(...writeFrame(code, message.subarray(0, cut), undefined, false), ...writeFrame(0, message.subarray(cut)));
      }
      wire.push(...writeFrame(protocol.base64 ? 1 : 2, channelMessage(3, Buffer.from('{"status":"Success"}'), protocol)));
      const all = Buffer.concat(wire);
      for (let at = 0; at < all.length; ) {
        const end = Math.min(all.length, at + 1 + random.int(random.chance(0.3) ? 5 : 3000));
        driver.bytes('server', Buffer.from(all.subarray(at, end)));
        at = end;
      }
      for (const channel of [1, 2])
        assert.equal(Buffer.concat(heard(driver, protocol.base64, channel)).toString(), texts[channel - 1]![1], protocol.name);
      assert.equal(heard(driver, protocol.base64, 3).length, 1);
    });
  });

  it('pass what is of the protocol, and end with an error for what is not', () => {
    forSeeds(count(300, 10_000), (random) => {
      const protocol = random.pick(PROTOCOLS);
      const driver = new StreamDriver(random.pick(POLICIES), EXEC, protocol.name);
      for (let i = random.int(12); i >= 0 && driver.exchange.phase === 'upgraded' && !driver.ended.client; i--) {
        const side = random.pick(['client', 'server'] as const);
        const data = Buffer.from(
          random.pick([
            'rm x\n',
            'ls\n',
            '{"Width":80,"Height":24}',
            '{',
            '\u0000',
            '\u0003',
            'rm \\\n',
            'jane.doe@example.com\n',
            '',
            '\xff',
          ]),
          'latin1',
        );
        const message = random.chance(0.8)
          ? channelMessage(random.pick([0, 1, 2, 3, 4, 5, 255]), data, protocol)
          : Buffer.from(Array.from({ length: random.int(9) }, () => random.int(256)));
        const code = random.chance(0.9) ? (protocol.base64 ? 1 : 2) : random.pick([0, 1, 2, 9, 10]);
        driver.bytes(side, Buffer.concat(writeFrame(code, message, side === 'client' ? KEY : undefined, random.chance(0.95))));
        if (random.chance(0.3)) driver.pause();
      }
      driver.bytes('server', Buffer.alloc(0), true).bytes('client', Buffer.alloc(0), true);
      const seen = driver.heard.client.map(({ text }) => Buffer.from(text, 'latin1').toString());
      assert.ok(!seen.some((text) => text.includes('jane.doe@')), seen.join('|'));
      if (driver.events('terminal').length > 0) assert.equal(driver.events('terminal')[0]!['stream'], 'start');
      const lines = driver.heard.server.filter(({ opcode }) => opcode < 8).map(({ text }) => text.slice(1));
      const judged = driver.events('decision').length > 1;
      if (judged) assert.ok(!lines.some((text) => text === 'rm x\n'), lines.join('|'));
    });
  });
});
