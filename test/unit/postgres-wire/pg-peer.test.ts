import assert from 'node:assert/strict';
import { errorField } from '../../../filters/postgres/wire/index.js';
import { back, connectPeer, front, type ScriptedServer, serveScript } from '../../support/pg-peer.js';

describe('scripted peers', () => {
  let server: ScriptedServer | undefined;
  afterEach(async () => {
    await server?.close().catch(() => undefined);
    server = undefined;
  });

  it('hold a conversation: startup with SSLRequest, a query, an extended query, an error, the end', async () => {
    server = await serveScript(async (peer) => {
      await peer.accept();
      await peer.expect('Query', { text: Buffer.from('select 1') });
      peer.send(back.columns('a'), back.row('1'), back.row(null), back.complete('SELECT 2'), back.ready());
      await peer.expect('Parse', { parameter_types: [23] });
      await peer.expect('Bind', { values: [Buffer.from('7'), null] });
      await peer.expect('Describe', { target: 'portal' });
      await peer.expect('Execute', { rows_max: 0 });
      await peer.expect('Sync');
      peer.send(back.error({ severity: 'ERROR', code: '42501', message: 'no' }), back.ready('failed'));
      await peer.expect('Terminate');
      peer.end();
    });
    const client = await connectPeer(server.port);
    const answer = client.receiveByte();
    client.send({ name: 'StartupPacket', value: { kind: 'ssl' } });
    assert.equal(await answer, 0x4e);
    const hello = await client.start({ user: 'agent', database: 'shop' });
    assert.deepEqual([hello[0]?.name, hello.at(-1)?.name], ['Authentication', 'ReadyForQuery']);
    const rows = (await client.query('select 1')).map((m) => m.name);
    assert.deepEqual(rows, ['RowDescription', 'DataRow', 'DataRow', 'CommandComplete', 'ReadyForQuery']);
    client.send(front.parse('select $1', '', [23]), front.bind(['7', null]), front.describe('portal'), front.execute(), front.sync());
    assert.equal(errorField(await client.expect('ErrorResponse'), 'code')?.toString(), '42501');
    await client.expect('ReadyForQuery', { status: 'failed' });
    client.send(front.terminate());
    await client.expectEnd();
    client.destroy();
    await server.close();
    server = undefined;
  });

  it('say what was expected and what came instead', async () => {
    server = await serveScript(async (peer) => {
      await peer.accept();
      await peer.expect('Query');
      peer.send(back.complete('X'));
      await peer.expect('Sync');
    });
    const client = await connectPeer(server.port);
    await client.start();
    client.send(front.query('select 1'), front.flush());
    await assert.rejects(client.expect('ReadyForQuery'), /expected ReadyForQuery, received CommandComplete/);
    await assert.rejects(client.receiveUntil('ReadyForQuery'), /expected ReadyForQuery after nothing, the connection ended/);
    client.destroy();
    const { close } = server;
    server = undefined;
    await assert.rejects(close(), /expected Sync, received Flush/);
  });

  it('send garbage as it is, and see the other side refuse it', async () => {
    server = await serveScript(async (peer) => {
      await peer.accept();
      await assert.rejects(peer.receive(), /the connection ended \(Query: length: expected at least 4, actual 3\)/);
    });
    const client = await connectPeer(server.port);
    await client.start();
    client.sendRaw(Buffer.from('5100000003', 'hex'));
    await client.expectEnd();
    client.destroy();
    assert.equal(server.connections(), 1);
    await server.close();
    server = undefined;
  });

  it('fail on values that differ from what was expected', async () => {
    server = await serveScript(async (peer) => {
      await peer.accept();
      peer.send(back.parameter('a', 'b'));
      await peer.expect('Terminate');
    });
    const client = await connectPeer(server.port);
    await client.start();
    await assert.rejects(client.expect('ParameterStatus', { name: 'b' }), /ParameterStatus\.name/);
    client.send(front.terminate());
    client.destroy();
  });
});
