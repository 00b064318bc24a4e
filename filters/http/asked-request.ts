import { KubernetesRequest } from '../kubernetes/conversation.js';
import { McpSide } from '../mcp/side.js';
import { strictestDecision } from '../policy/decide.js';
import type { Decision, HttpOperation, Identity } from '../policy/types.js';
import { nothing } from '../sql/dialects/analyze.js';
import { BINARY_LOOK_BYTES, isBinary } from './binary.js';
import { mayBeBinary } from './body.js';
import type { ExchangeOptions, HttpRules } from './exchange-options.js';
import type { HttpFacts, HttpReading } from './facts.js';
import { opaqueDecision } from './grpc/opaque.js';
import { answerType, type GrpcCall, grpcForm } from './grpc/schema.js';
import { maskPacked } from './masking.js';
import { readingsOf } from './readings.js';
import type { RequestHead } from './request-facts.js';
import type { RequestText } from './request-text.js';
import { placesOf, type SqlPlace } from './sql-places.js';
import { asksBody, grpcOf, mayHoldSql, mayNameMethod, requestOperation } from './waits.js';

/** Bytes of a body by which UTF-32 is told. */
const BINARY_BYTES_MIN = 8;

/** Characters of the shortest id that is looked into, as JSON; shorter ones are counted. */
const MASKED_NAME_MIN = 6;

/** What a request asks for, in every way that it can be read, and by each protocol over HTTP that its server speaks; and the verdict on it. */
export class AskedRequest {
  kube: KubernetesRequest | undefined;
  mcp: McpSide | undefined;
  /** it calls a method of gRPC, or of gRPC-Web */
  readonly grpc: 'native' | 'web' | undefined;
  private call: GrpcCall | undefined;
  /** the beginning of its body was looked at */
  private looked = false;

  /** `readings`: what is known of it before its body; the first is the usual one */
  constructor(
    private readonly options: ExchangeOptions,
    private readonly head: RequestHead,
    private readings: HttpReading[],
    private readonly identity: Identity,
    private readonly rules: HttpRules,
    private readonly text: RequestText,
  ) {
    this.grpc = grpcOf(this.facts.content_type);
    // A rule that asks for the messages of a call is told so. Nobody waits for them: a stream both ways would never be whole.
    if (this.grpc !== undefined)
      this.readings = readings.map((one) => ({ ...one, http: { ...one.http, unreadable: 'messages of gRPC are not read' } }));
  }

  get facts(): HttpFacts {
    return this.readings[0]!.http;
  }

  /** Where its server speaks more than HTTP. */
  open(): void {
    const { kubernetes, mcp, resource } = this.options;
    if (kubernetes !== undefined) {
      this.kube = new KubernetesRequest(this.facts, kubernetes, { objects: this.rules.objects ?? [], detectors: this.rules.masks });
      this.text.tellOperations([this.kube.operation]);
    }
    if (mcp !== undefined) this.mcp = new McpSide(mcp, this.rules.policy, this.identity, resource, this.facts);
  }

  readBody(body: Buffer): void {
    const { places, rules } = this;
    this.kube?.read(body);
    const { held_bytes_max, unpacked_bytes_max, unpacked_ratio_max } = rules.policy.limits;
    const limits = { unpacked_bytes_max: Math.min(held_bytes_max, unpacked_bytes_max), unpacked_ratio_max };
    this.readings = readingsOf(this.head, body, { places, read: rules.sql ?? (() => nothing('SQL is not read here')) }, limits);
    this.text.tellFacts(this.readings[0]!);
  }

  /**
   * Reads what has come of a body that is no text: whatever follows, it stays none. False where that is not known (yet), or asked for before. What is packed,
   * or read by another protocol as well, is waited for.
   */
  readBinary(bytes: Buffer): boolean {
    if (this.looked || bytes.length < BINARY_BYTES_MIN) return false;
    this.looked = bytes.length >= BINARY_LOOK_BYTES;
    const { content_encoding, content_type } = this.head;
    const plain = this.mcp === undefined && this.kube === undefined && content_encoding === '' && !mayHoldSql(this.operation, this.places);
    if (!plain || !mayBeBinary(content_type) || !isBinary(bytes)) return false;
    this.looked = true;
    this.readBody(bytes);
    return true;
  }

  private get places(): readonly SqlPlace[] {
    return placesOf(this.rules.policy.sqlPlaces, this.options.resource);
  }

  /** Everything with a body that goes to an MCP server is read as messages: which methods it looks at is not known. */
  get needsBody(): boolean {
    return this.mcp !== undefined || this.kube?.waits === true || asksBody(this.rules.policy, this.operation, this.places);
  }

  private get operation(): HttpOperation {
    return requestOperation(this.readings, this.identity, this.options.resource);
  }

  get mayNameMethod(): boolean {
    return mayNameMethod(this.rules.policy, this.operation);
  }

  /** `bytes`: the body as it came. */
  readMessages(bytes?: Buffer): void {
    const mcp = this.mcp!;
    const why = mcp.read(this.facts.body, bytes) || this.wouldBeMasked(mcp.names);
    if (why !== '') {
      this.text.tellUnparsed(why);
      this.readings = this.readings.map((one) => ({ ...one, http: { ...one.http, unparsed: one.http.unparsed || why } }));
    }
    if (mcp.operations.length > 0) this.text.tellOperations(mcp.operations);
    if (mcp.changedTools.length > 0) this.text.tellMore('mcp', { tools_changed: mcp.changedTools });
  }

  /** A server answers under the very name that its client gave a request: masked, the answer would be nobody's, and the client would wait for it. */
  private wouldBeMasked(names: readonly string[]): string {
    const long = names.filter((name) => name.length >= MASKED_NAME_MIN);
    const covered = long.some(
      (name) => maskPacked(this.rules.masks, 'application/json', Buffer.from(`{"id":${name}}`), new Map()) !== undefined,
    );
    return covered ? 'the id or progress token of a message is a value that masks cover, so nobody could answer it' : '';
  }

  decide(): Decision {
    const { resource } = this.options;
    const decision = this.rules.policy.decide(this.operation);
    if (this.kube !== undefined) return this.kube.decide(this.rules.policy, decision, this.identity, resource);
    if (this.mcp === undefined && this.grpc === undefined) return decision;
    const more = [this.mcp?.decide(), this.decideOpaque()].filter((one) => one !== undefined);
    return more.length === 0 ? decision : strictestDecision([decision, ...more]);
  }

  /** The answer of a gRPC call without a descriptor can't be looked into: decided before the call, since nobody can be asked after it. */
  private decideOpaque(): Decision | undefined {
    return this.rules.masks.length > 0 && this.grpcCall.judged ? opaqueDecision(this.rules.policy.opaque) : undefined;
  }

  /** A server may answer a call in another form than it was asked in: what was decided is about the one that was asked for. */
  get grpcCall(): GrpcCall {
    this.call ??= this.readCall();
    return this.call;
  }

  private readCall(): GrpcCall {
    const { target, content_type } = this.facts;
    const mark = target.indexOf('?');
    const call: GrpcCall = { schema: this.options.grpc, path: mark < 0 ? target : target.slice(0, mark), judged: false };
    const form = this.grpc !== undefined ? grpcForm(content_type) : undefined;
    if (form !== undefined) call.judged = answerType(call, form) === undefined;
    return call;
  }
}
