import {
  type BackendMessage,
  buildErrorResponse,
  decodeFrontend,
  type ErrorValues,
  encodeBackend,
  FrameReader,
  type FrontendMessage,
} from '../../filters/postgres/wire/index.js';

/**
 * A model of a Postgres backend: small, exact about order ("Message Flow" of the protocol chapter), and deterministic.
 * It knows a handful of statements and writes down what it ran. Not a mock of the server's SQL: of its protocol.
 */
export interface ModelOptions {
  /** refuse these as the gateway would, to have what a client should see */
  refuses?: (text: string) => ErrorValues | undefined;
  /** the same, where something is about to run: the text of a Query, or of what is executed, with SQL EXECUTE resolved */
  refusesToRun?: (text: string) => ErrorValues | undefined;
}

interface Prepared {
  text: string;
}

type Mode = 'startup' | 'ready' | 'skip' | 'copy-simple' | 'copy-extended';

export class ModelServer {
  readonly ran: string[] = [];
  private readonly reader = new FrameReader('frontend', { message_bytes_max: 1 << 20, stream_bytes_max: 1 << 20 }, { startup: true });
  private readonly statements = new Map<string, Prepared>();
  private readonly portals = new Map<string, Prepared>();
  private mode: Mode = 'startup';
  private status: 'idle' | 'in_transaction' | 'failed' = 'idle';
  private out: Buffer[] = [];
  private rest: string[] = [];
  private copied = 0;

  constructor(private readonly options: ModelOptions = {}) {}

  receive(bytes: Buffer): Buffer {
    this.out = [];
    this.reader.push(Buffer.from(bytes));
    for (let frame = this.reader.next(); frame !== undefined; frame = this.reader.next()) {
      const message = decodeFrontend(frame);
      if (message.name === 'StartupPacket') this.reader.startupDone();
      this.handle(message);
    }
    return Buffer.concat(this.out);
  }

  private send(message: BackendMessage): void {
    this.out.push(encodeBackend(message));
  }

  private done(name: 'ParseComplete' | 'BindComplete' | 'CloseComplete' | 'NoData' | 'EmptyQueryResponse' | 'CopyDone'): void {
    this.send({ name, value: {} });
  }

  private ready(): void {
    // Portals end with their transaction ("Extended Query").
    if (this.status === 'idle') this.portals.clear();
    this.send({ name: 'ReadyForQuery', value: { status: this.status } });
  }

  private fail(values: ErrorValues): void {
    this.out.push(buildErrorResponse(values));
    if (this.status === 'in_transaction') this.status = 'failed';
  }

  private handle(message: FrontendMessage): void {
    if (this.mode === 'startup') return this.startup();
    if (this.mode === 'skip') {
      if (message.name !== 'Sync') return;
      this.mode = 'ready';
      return this.ready();
    }
    if (this.mode === 'copy-simple' || this.mode === 'copy-extended') return this.copying(message);
    switch (message.name) {
      case 'Query':
        this.rest = message.value.text
          .toString()
          .split(';')
          .map((one) => one.trim());
        if (this.rest.length > 1 && this.rest.at(-1) === '') this.rest.pop();
        if (!this.syntaxOf(message.value.text.toString()) || !this.mayRun(this.rest)) {
          this.rest = [];
          return this.ready();
        }
        return this.goOn();
      case 'Parse':
        if (!this.syntaxOf(message.value.text.toString())) return this.skip();
        if (message.value.statement !== '' && this.statements.has(message.value.statement))
          return this.extendedError('42P05', 'prepared statement already exists');
        this.statements.set(message.value.statement, { text: message.value.text.toString() });
        return this.done('ParseComplete');
      case 'Bind': {
        const prepared = this.statements.get(message.value.statement);
        if (prepared === undefined) return this.extendedError('26000', 'prepared statement does not exist');
        this.portals.set(message.value.portal, prepared);
        return this.done('BindComplete');
      }
      case 'Describe': {
        const found = message.value.target === 'statement' ? this.statements.get(message.value.name) : this.portals.get(message.value.name);
        if (found === undefined) return this.extendedError(message.value.target === 'statement' ? '26000' : '34000', 'does not exist');
        if (message.value.target === 'statement') this.send({ name: 'ParameterDescription', value: { parameter_types: [] } });
        return this.describe(found.text);
      }
      case 'Execute': {
        const portal = this.portals.get(message.value.portal);
        if (portal === undefined) return this.extendedError('34000', 'does not exist');
        if (!this.mayRun([portal.text])) return this.skip();
        const result = this.run(portal.text, false);
        if (result === 'failed') return this.skip();
        if (result === 'copy') this.mode = 'copy-extended';
        return;
      }
      case 'Close':
        (message.value.target === 'statement' ? this.statements : this.portals).delete(message.value.name);
        return this.done('CloseComplete');
      case 'Sync':
        return this.ready();
      default:
        return;
    }
  }

  private startup(): void {
    this.mode = 'ready';
    this.send({ name: 'Authentication', value: { kind: 'Ok' } });
    this.ready();
  }

  /** Errors that come before anything runs: the word of a refusal, and what the oracle refuses. */
  private syntaxOf(text: string): boolean {
    const refused = this.options.refuses?.(text);
    if (refused !== undefined) {
      this.fail(refused);
      return false;
    }
    if (!text.startsWith('__midstream_')) return true;
    this.fail({ severity: 'ERROR', code: '42601', message: `syntax error at or near "${text}"`, position: '1' });
    return false;
  }

  private mayRun(texts: string[]): boolean {
    const local = new Map<string, string>();
    for (const text of texts) {
      const prepare = /^prepare (\w+) as (.*)$/.exec(text);
      if (prepare) local.set(prepare[1]!, prepare[2]!);
      const execute = /^execute (\w+)$/.exec(text);
      const refused = this.options.refusesToRun?.((execute && local.get(execute[1]!)) ?? this.resolve(text));
      if (refused === undefined) continue;
      this.fail(refused);
      return false;
    }
    return true;
  }

  private skip(): void {
    this.mode = 'skip';
  }

  private extendedError(code: string, message: string): void {
    this.fail({ severity: 'ERROR', code, message });
    this.skip();
  }

  /** The statements of a simple Query, until the end, an error or a COPY. */
  private goOn(): void {
    for (let text = this.rest.shift(); text !== undefined; text = this.rest.shift()) {
      const result = this.run(text, true);
      if (result === 'failed') {
        this.rest = [];
        break;
      }
      if (result === 'copy') {
        this.mode = 'copy-simple';
        return;
      }
    }
    this.ready();
  }

  private describe(text: string): void {
    if (/^select/.test(this.resolve(text))) {
      this.send({
        name: 'RowDescription',
        value: {
          columns: [{ name: Buffer.from('x'), table_oid: 0, attribute: 0, type_oid: 25, type_size: -1, type_modifier: -1, format: 0 }],
        },
      });
    } else this.done('NoData');
  }

  private resolve(text: string): string {
    const execute = /^execute (\w+)$/.exec(text);
    return execute ? (this.statements.get(execute[1]!)?.text ?? text) : text;
  }

  private run(text: string, described: boolean): 'ok' | 'failed' | 'copy' {
    const what = this.resolve(text);
    if (text === '') {
      this.done('EmptyQueryResponse');
      return 'ok';
    }
    if (/^execute /.test(what) || /^select 1\/0/.test(what)) {
      this.fail({ severity: 'ERROR', code: /^execute/.test(what) ? '26000' : '22012', message: 'failed' });
      return 'failed';
    }
    this.ran.push(what);
    const rows = /^select (\d+)/.exec(what);
    const prepare = /^prepare (\w+) as (.*)$/.exec(what);
    if (rows) {
      if (described) this.describe(what);
      for (let i = 0; i < Number(rows[1]); i++) this.send({ name: 'DataRow', value: { values: [Buffer.from(`row ${i}`)] } });
      return this.complete(`SELECT ${rows[1]}`);
    }
    if (prepare) {
      if (this.statements.has(prepare[1]!)) {
        this.fail({ severity: 'ERROR', code: '42P05', message: 'exists' });
        return 'failed';
      }
      this.statements.set(prepare[1]!, { text: prepare[2]! });
      return this.complete('PREPARE');
    }
    if (/^deallocate all/.test(what)) {
      this.statements.clear();
      return this.complete('DEALLOCATE ALL');
    }
    if (/from stdin$/.test(what)) {
      this.send({ name: 'CopyInResponse', value: { format: 0, column_formats: [0] } });
      this.copied = 0;
      return 'copy';
    }
    return this.complete(what.split(' ')[0]!.toUpperCase());
  }

  private complete(tag: string): 'ok' {
    this.send({ name: 'CommandComplete', value: { tag } });
    return 'ok';
  }

  private copying(message: FrontendMessage): void {
    if (message.name === 'CopyData') {
      this.copied++;
      return;
    }
    if (message.name === 'Sync' || message.name === 'Flush') return;
    const simple = this.mode === 'copy-simple';
    this.mode = 'ready';
    if (message.name === 'CopyDone') {
      this.complete(`COPY ${this.copied}`);
      if (simple) this.goOn();
      return;
    }
    this.fail({ severity: 'ERROR', code: message.name === 'CopyFail' ? '57014' : '08P01', message: 'COPY from stdin failed' });
    this.rest = [];
    if (simple) this.ready();
    else this.skip();
  }
}
