import assert from 'node:assert/strict';
import { isCopy } from '../../../filters/kubernetes/terminal/protocol.js';
import { Driver } from '../http/support.js';
import { ACCEPT, KEY, StreamDriver } from '../http/websocket-support.js';

const masks = 'masks:\n  - { name: pii, detect: [pii], as: partial }\n  - { name: keys, detect: [secrets], as: redact }\n';
const plain = `version: 1\n${masks}`;
const judged = `version: 1
rules:
  - { name: no-rm, on: terminal, when: 'terminal.line.matches("\\\\brm\\\\s+-")', then: deny, message: Nothing is removed here. }
  - { name: restarts, on: terminal, when: 'terminal.line.startsWith("restart") && k8s.namespace == "prod"', then: approve }
${masks}`;
const EXEC = '/api/v1/namespaces/prod/pods/db/exec?command=sh&stdin=true&stdout=true&stderr=true';
const TTY = '/api/v1/namespaces/prod/pods/db/exec?command=sh&stdin=true&stdout=true&tty=true';
const V5 = 'v5.channel.k8s.io';
const OK = '{"metadata":{},"status":"Success"}';

const on = (channel: number, text: string): Buffer => Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);

/** What one channel said, in one text. */
function channelText(driver: StreamDriver, side: 'client' | 'server', channel: number): string {
  return driver.heard[side]
    .filter(({ opcode, text }) => opcode === 2 && text.charCodeAt(0) === channel)
    .map(({ text }) => Buffer.from(text.slice(1), 'latin1').toString())
    .join('');
}

describe('a terminal in Kubernetes', () => {
  const stdout = (driver: StreamDriver): string => channelText(driver, 'client', 1);
  const stdin = (driver: StreamDriver): string => channelText(driver, 'server', 0);

  it('is masked as a stream, however output is cut into messages', () => {
    const driver = new StreamDriver(plain, EXEC, V5);
    const text = 'card 4111 1111 1111 1111 for jane.doe@example.com\nnext\n';
    for (const character of text) driver.say('server', on(1, character)).pause();
    driver.say('server', on(2, 'oops: 4111111111111111')).say('server', on(3, OK)).bytes('server', Buffer.alloc(0), true);
    assert.equal(stdout(driver), 'card **** **** **** 1111 for j***@example.com\nnext\n');
    assert.equal(channelText(driver, 'client', 2), 'oops: ************1111');
    // the end is told behind all output
    assert.deepEqual(driver.texts('client').at(-1), `\u0003${OK}`);
    assert.equal(driver.events('terminal').at(-1)!['code'], 0);
  });

  it('gives no half of a value where the stream breaks off before the server says how the process ended', () => {
    const said = (protocol: string, finish: (driver: StreamDriver) => void): string => {
      const driver = new StreamDriver(plain, EXEC, protocol);
      driver.say('server', on(1, 'one\nand two words\nthree\ncard 4111 1111 1111 11'));
      finish(driver);
      return stdout(driver);
    };
    const closed = (driver: StreamDriver) => driver.say('server', Buffer.from([0x03, 0xe8]), 8);
    for (const protocol of [V5, 'v4.channel.k8s.io']) {
      assert.match(
        said(protocol, (driver) => driver.bytes('server', Buffer.alloc(0), true)),
        /^one\nand two words\nthree\n[a-z ]*$/,
        protocol,
      );
      assert.match(said(protocol, closed), /^one\nand two words\nthree\n[a-z ]*$/, protocol);
      assert.equal(
        said(protocol, (driver) => closed(driver.say('server', on(3, OK)))),
        'one\nand two words\nthree\ncard 4111 1111 1111 11',
      );
    }
    assert.equal(said('channel.k8s.io', closed), 'one\nand two words\nthree\ncard 4111 1111 1111 11', 'older ones say nothing at the end');
  });

  it('in a protocol of channels that is not known is refused, where a Kubernetes API chose it', () => {
    const answered = (kubernetes: boolean, protocol: string) => {
      const options = kubernetes ? { credential: () => '', impersonation: false } : undefined;
      const driver = new Driver(plain, undefined, false, undefined, options, { transport: 'hop' });
      driver.request(`GET ${EXEC}`, [
        ['connection', 'Upgrade'],
        ['upgrade', 'websocket'],
        ['sec-websocket-key', KEY],
        ['sec-websocket-version', '13'],
        ['sec-websocket-protocol', protocol],
      ]);
      driver.step({
        type: 'response_headers',
        end: false,
        headers: [
          [':status', '101'],
          ['connection', 'Upgrade'],
          ['upgrade', 'websocket'],
          ['sec-websocket-accept', ACCEPT],
          ['sec-websocket-protocol', protocol],
        ],
      });
      return driver;
    };
    assert.match(JSON.stringify(answered(true, 'v6.channel.k8s.io').refusal().problem), /not known here/);
    assert.equal(answered(true, V5).exchange.phase, 'upgraded');
    assert.equal(answered(false, 'v6.channel.k8s.io').exchange.phase, 'upgraded');
  });

  it('shows in recordings no password that a command is given, one word behind another', () => {
    const run = (...words: string[]) => {
      const query = words.map((word) => `command=${encodeURIComponent(word)}`).join('&');
      const driver = new StreamDriver(plain, `/api/v1/namespaces/prod/pods/db/exec?${query}&stdout=true`, V5);
      const { text } = driver.events('request')[0]!;
      return { text: String(text).replace(/^.*\?|&stdout=true$/g, ''), command: driver.events('terminal')[0]!['command'] };
    };
    assert.deepEqual(run('tool', '--password', 'tiger-and-lion', 'x'), {
      text: 'command=tool --password [password] x',
      command: ['tool --password [password] x'],
    });
    assert.deepEqual(run('ls', '-l', 'a b'), { text: 'command=ls&command=-l&command=a b', command: ['ls', '-l', 'a b'] });
    assert.deepEqual(run('sh', '-c', 'mail jane.doe@example.com').command, ['sh -c mail [email]']);
  });

  it('tells the exit code as it came', () => {
    const status =
      '{"metadata":{},"status":"Failure","message":"command terminated with exit code 7","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"7"}]}}';
    const driver = new StreamDriver(plain, EXEC, V5);
    driver
      .say('server', on(1, 'x'))
      .say('server', on(3, status))
      .say('server', Buffer.from([0x03, 0xe8]), 8);
    assert.deepEqual(driver.texts('client'), ['\u0001x', `\u0003${status}`, '1000 ']);
    assert.equal(driver.events('terminal').at(-1)!['code'], 7);
  });

  it('shows prompts, and each key as the terminal echoes it', () => {
    const driver = new StreamDriver(plain, TTY, V5);
    driver.say('server', on(1, 'root@db-0:/var/lib# ')).pause();
    assert.equal(stdout(driver), 'root@db-0:/var/lib# ');
    let shown = 'root@db-0:/var/lib# ';
    for (const key of 'psql4') {
      driver.say('client', on(0, key)).say('server', on(1, key)).pause();
      shown += key;
      assert.equal(stdout(driver), shown);
    }
    // what was not typed here is no echo
    driver.say('client', on(0, '\r')).say('server', on(1, '\r\n4111 1111 ')).pause();
    assert.equal(stdout(driver), `${shown}\r\n`);
    driver.say('server', on(1, '1111 1111\r\n')).pause();
    assert.equal(stdout(driver), `${shown}\r\n**** **** **** 1111\r\n`);
    assert.deepEqual(
      driver
        .events('terminal')
        .filter(({ stream }) => stream === 'stdin')
        .map(({ text }) => text),
      ['psql4'],
    );
  });

  it('keeps a private key that comes line by line, and the end of a line that is not whole', () => {
    const driver = new StreamDriver(plain, EXEC, V5);
    const body = Array.from(
      { length: 40 },
      (_, i) => `${String.fromCharCode(65 + (i % 26)).repeat(20)}${i}abcdefghijklmnopqrstuvwxyz0123456789/+AbCd`,
    );
    const key = ['-----BEGIN RSA PRIVATE KEY-----', ...body, '-----END RSA PRIVATE KEY-----', 'done 42'];
    for (const line of key) {
      driver.say('server', on(1, `${line}\n`));
      for (let i = 0; i < 12; i++) driver.pause();
    }
    assert.ok(!stdout(driver).includes('abcdefghijklmnop'), stdout(driver));
    assert.equal(stdout(driver).slice(-60), '[private_key]\ndone 42\n');
    const quiet = new StreamDriver(plain, EXEC.replace('stdin=true', 'stdin=false'), V5);
    quiet.say('server', on(1, 'jane.doe@exam'));
    for (let i = 0; i < 12; i++) quiet.pause();
    assert.equal(stdout(quiet), '');
  });

  it('records no password that was typed unseen', () => {
    const driver = new StreamDriver(plain, TTY, V5);
    driver.say('server', on(1, 'Password: ')).pause();
    for (const key of 'hunter2 and more\r') driver.say('client', on(0, key));
    driver.say('server', on(1, '\r\n'));
    assert.ok(!JSON.stringify(driver.records).includes('hunter'));
    assert.equal(driver.events('terminal').find(({ stream }) => stream === 'stdin')!['text'], '[not shown: 16 characters]');
  });

  it('lets only lines through that were judged, and lives on after a refusal', () => {
    const driver = new StreamDriver(judged, EXEC, V5);
    driver.say('client', on(0, 'ls /tmp\nrm ')).say('client', on(0, '-rf /\necho ok')).say('client', on(255, '\0'));
    assert.equal(stdin(driver), 'ls /tmp\necho ok');
    assert.equal(channelText(driver, 'client', 2), 'midstream: refused: Nothing is removed here. (no-rm)\n');
    assert.equal(driver.heard.server.at(-1)!.text, '\u00ff\0');
    assert.deepEqual(
      driver.events('decision').map(({ verdict }) => verdict),
      ['allow', 'allow', 'deny', 'allow'],
    );
    assert.deepEqual(
      driver
        .events('request')
        .slice(1)
        .map(({ text }) => text),
      ['ls /tmp', 'rm -rf /', 'echo ok'],
    );
  });

  it('judges a line that backslashes join as one', () => {
    const driver = new StreamDriver(judged, EXEC, V5);
    driver.say('client', on(0, 'r\\\nm \\\n-rf /\n'));
    assert.equal(stdin(driver), '');
    driver.say('client', on(0, 'echo a\\\\\nls\n'));
    assert.equal(stdin(driver), 'echo a\\\\\nls\n');
  });

  it('holds a line, and what comes behind it waits', () => {
    const driver = new StreamDriver(judged, EXEC, V5);
    driver.say('client', on(0, 'restart db\nls\n'));
    assert.equal(stdin(driver), '');
    assert.match(channelText(driver, 'client', 2), /held by restarts/);
    driver.say('client', on(0, 'pwd\n'));
    driver.decide('approved');
    assert.equal(stdin(driver), 'restart db\nls\npwd\n');
    driver.say('client', on(0, 'restart cache\nls\n')).decide('denied', 'not now');
    assert.equal(stdin(driver), 'restart db\nls\npwd\nls\n');
    assert.match(channelText(driver, 'client', 2), /refused: denied by jane: not now \(restarts\)\n$/);
    driver.say('client', on(0, 'restart all\n')).bytes('client', Buffer.alloc(0), true);
    assert.deepEqual(
      driver.last.ended.map(({ status }) => status),
      ['cancelled'],
    );
    assert.equal(driver.exchange.held, undefined);
  });

  it('edits the line itself at a terminal whose lines are judged, so that the shell gets it whole or not at all', () => {
    const driver = new StreamDriver(judged, TTY, V5);
    driver.say('server', on(1, '$ ')).pause();
    driver.say('client', on(0, 'lz')).say('client', on(0, '\u007fs\u001b[A'));
    assert.equal(stdin(driver), '');
    assert.equal(stdout(driver), '$ lz\b \bs\u0007');
    driver.say('client', on(0, '\r'));
    assert.equal(stdin(driver), 'ls\r');
    // the terminal shows it again, and what it printed
    driver.say('server', on(1, 'ls\r\nfile\r\n$ ')).pause();
    assert.equal(stdout(driver), '$ lz\b \bs\u0007\r\nfile\r\n$ ');
    driver.say('client', on(0, 'rm -rf x\r'));
    assert.equal(stdin(driver), 'ls\r');
    assert.ok(stdout(driver).endsWith('$ rm -rf x\r\nmidstream: refused: Nothing is removed here. (no-rm)\r\n$ '));
    driver.say('client', on(0, 'restart db\r')).say('client', on(0, '\u0003'));
    assert.equal(driver.exchange.held, undefined);
    driver.say('client', on(0, '\u0003'));
    assert.equal(stdin(driver), 'ls\r\u0003');
  });

  it('ends a stream whose input is no text, where lines are judged', () => {
    const driver = new StreamDriver(judged, EXEC, V5);
    driver.say('client', Buffer.from([0, 0xff, 0xfe, 0x0a]));
    assert.equal(stdin(driver), '');
    assert.ok(
      driver.heard.client.at(-2)!.text.startsWith('\u0003{"metadata":{},"status":"Failure","message":"midstream: The line could not be'),
    );
    assert.equal(driver.heard.client.at(-1)!.text, '1000 ');
    assert.deepEqual(driver.ended, { client: true, server: true });
  });

  it('leaves what kubectl cp pipes alone, and nothing that only looks like it', () => {
    assert.ok(isCopy(['tar', '-xmf', '-', '-C', '/tmp']));
    assert.ok(isCopy(['tar', 'xmf', '-', '--no-same-permissions', '--no-same-owner']));
    assert.ok(!isCopy(['tar', '-xmf', '-', '--to-command=sh']));
    assert.ok(!isCopy(['sh', '-c', 'tar xmf -']));
    const driver = new StreamDriver(
      judged,
      '/api/v1/namespaces/prod/pods/db/exec?command=tar&command=-xmf&command=-&command=-C&command=%2Ftmp&stdin=true',
      V5,
    );
    driver.say('client', Buffer.from([0, 0xff, 0x0a, 0x00]));
    assert.equal(driver.texts('server')[0], '\0\u00ff\n\0');
  });

  it('speaks base64 as well', () => {
    const driver = new StreamDriver(plain, EXEC, 'v4.base64.channel.k8s.io');
    driver.say('server', `1${Buffer.from('mail jane.doe@example.com\n').toString('base64')}`).pause();
    assert.deepEqual(driver.texts('client'), [`1${Buffer.from('mail j***@example.com\n').toString('base64')}`]);
    driver.say('client', `0${Buffer.from('ls\n').toString('base64')}`);
    assert.deepEqual(driver.texts('server'), [`0${Buffer.from('ls\n').toString('base64')}`]);
    driver.say('client', '0***');
    assert.match(driver.heard.client.at(-1)!.text, /^1007 /);
  });
});
