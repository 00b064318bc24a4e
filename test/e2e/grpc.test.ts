import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  type Client,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
  type ServiceClientConstructor,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { packageRoot } from '../../extproc/process/places.js';
import { Approver } from '../support/approver.js';
import { eventually } from '../support/gateway.js';
import { atRest, type HttpWorld, httpWorld } from '../support/http-world.js';

const file = join(packageRoot(), 'test/support/grpc/people.proto');
const EMAIL = 'jane.doe@example.com';
const MASKED = 'j***@example.com';
const policy = `
version: 1
rules:
  - { name: no-chat, on: http, when: 'http.path.endsWith("/Get") && "x-forbidden" in http.headers', then: deny, message: Not so. }
  - { name: no-body, on: http, when: 'http.path.endsWith("/Get") && "x-asks" in http.headers && http.body.name == "x"', then: deny, message: Not x. }
masks:
  - { name: pii, detect: [pii], as: partial }
`;

interface Person {
  id?: number;
  email?: string;
  notes?: string[];
}

describe('gRPC through Envoy and the gateway, by the library that most use', function () {
  this.timeout(60_000);
  let server: Server;
  let world: HttpWorld;
  let blind: HttpWorld;
  let client: Client & Record<string, (...args: never[]) => unknown>;
  let direct: (port: number) => typeof client;

  before(async () => {
    const loaded = loadPackageDefinition(loadSync(file)) as GrpcObject;
    const People = ((loaded['people'] as GrpcObject)['v1'] as GrpcObject)['People'] as ServiceClientConstructor;
    server = new Server();
    server.addService(People.service, {
      Get(call: { request: { name: string } }, done: sendUnaryData<Person>) {
        if (call.request.name !== 'error') return done(null, { id: 7, email: EMAIL, notes: [call.request.name, `to ${EMAIL}`] });
        const trailers = new Metadata();
        trailers.set('x-mail', EMAIL);
        trailers.set('detail-bin', Buffer.from(`details of ${EMAIL}`));
        done({ code: 5, details: `nobody called ${EMAIL} – sorry`, metadata: trailers });
      },
      List(call: ServerWritableStream<unknown, Person>) {
        for (let id = 0; id < 200; id++) call.write({ id, email: EMAIL });
        call.end();
      },
      Chat(call: ServerDuplexStream<{ name: string }, Person>) {
        call.on('data', ({ name }: { name: string }) => call.write({ notes: [`${name} ${EMAIL}`] }));
        call.on('end', () => call.end());
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    const url = `http://127.0.0.1:${port}`;
    const listen = { host: '127.0.0.1', port: 0 };
    [world, blind] = await Promise.all([
      httpWorld(url, policy, { http: { url, listen, grpcDescriptors: [file] } }),
      httpWorld(url, policy),
    ]);
    direct = (at) => new People(`127.0.0.1:${at}`, credentials.createInsecure()) as typeof client;
    client = direct(world.port);
  });
  after(async () => {
    client?.close();
    server?.forceShutdown();
    await Promise.all([world?.stop(), blind?.stop()]);
  });

  const get = (of: typeof client, name: string, metadata = new Metadata()): Promise<Person> =>
    new Promise((resolve, reject) => {
      of['Get']!(
        { name } as never,
        metadata as never,
        ((error: ServiceError | null, person: Person) => (error ? reject(error) : resolve(person))) as never,
      );
    });

  it('masks an answer of one message', async () => {
    const { id, email, notes } = await get(client, 'x');
    assert.deepEqual({ id, email, notes }, { id: 7, email: MASKED, notes: ['x', `to ${MASKED}`] });
  });

  it('masks the words of an error and its trailers, and keeps its code', async () => {
    const error = await get(client, 'error').then(
      () => assert.fail('no error'),
      (failed: ServiceError) => failed,
    );
    assert.equal(error.code, 5);
    assert.equal(error.details, `nobody called ${MASKED} – sorry`);
    assert.deepEqual(error.metadata.get('x-mail'), [MASKED]);
    assert.doesNotMatch(Buffer.concat(error.metadata.get('detail-bin') as Buffer[]).toString(), /jane/);
  });

  it('masks each message of a stream', async () => {
    const emails: string[] = [];
    for await (const { email } of client['List']!({} as never) as AsyncIterable<Person>) emails.push(email!);
    assert.deepEqual(
      emails,
      Array.from({ length: 200 }, () => MASKED),
    );
  });

  it('streams both ways: an answer comes while the call goes on, though a rule asks for bodies', async () => {
    const chat = client['Chat']!() as unknown as AsyncIterable<Person> & { write(query: { name: string }): void; end(): void };
    const answers = chat[Symbol.asyncIterator]();
    for (let n = 0; n < 5; n++) {
      chat.write({ name: `turn ${n}` });
      assert.deepEqual((await answers.next()).value.notes, [`turn ${n} ${MASKED}`]);
    }
    chat.end();
    assert.equal((await answers.next()).done, true);
  });

  it('refuses as gRPC does: by a rule, and a method whose answer nobody can look into', async () => {
    const metadata = new Metadata();
    metadata.set('x-forbidden', '1');
    const refused = await get(client, 'x', metadata).catch((error: ServiceError) => error);
    assert.equal((refused as ServiceError).code, 7);
    assert.match((refused as ServiceError).details, /^Refused by policy: Not so\. \(rule no-chat, request [0-9a-f]{32}\)$/);
    const asks = new Metadata();
    asks.set('x-asks', '1');
    const unread = (await get(client, 'y', asks).catch((error: ServiceError) => error)) as ServiceError;
    assert.match(unread.details, /the rule no-body asks about what can’t be read \(messages of gRPC are not read\)/);
    const undescribed = direct(blind.port);
    // defaults.opaque is approve: it waits, and goes when its caller goes
    let leave = (): void => undefined;
    const ended = new Promise<ServiceError>((resolve) => {
      const call = undescribed['Get']!({ name: 'x' } as never, ((error: ServiceError) => resolve(error)) as never) as { cancel(): void };
      leave = () => call.cancel();
    });
    await eventually('the hold', async () => ((await new Approver(blind.up).pending()).length === 1 ? true : undefined));
    leave();
    assert.equal((await ended).code, 1);
    await eventually('the hold ends', async () => ((await new Approver(blind.up).pending()).length === 0 ? true : undefined));
    undescribed.close();
  });

  it('and leaves nothing open', async () => {
    client.close();
    await atRest(world);
    await atRest(blind);
  });
});
