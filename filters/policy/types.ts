import type { HttpFacts, HttpReading } from '../http/facts.js';
import type { SqlPlace } from '../http/sql-places.js';
import type { MessageFacts } from '../http/websocket/facts.js';
import type { CoveredObject } from '../kubernetes/answers/marks.js';
import type { KubernetesFacts } from '../kubernetes/facts.js';
import type { TerminalFacts } from '../kubernetes/terminal/facts.js';
import type { Detection } from '../mask/custom/detector.js';
import type { MaskAs } from '../mask/types.js';
import type { McpFacts } from '../mcp/facts.js';
import type { SqlFacts } from '../sql/facts.js';
import type { FormTaste } from './form-values.js';

export type Verdict = 'allow' | 'approve' | 'deny';
export type Mode = 'enforce' | 'observe';

export interface Identity {
  id: string;
  kind: 'spiffe' | 'jwt' | 'service-account' | 'token' | 'password' | 'claimed';
  issuer: string;
  groups: string[];
  claims: Record<string, unknown>;
  /** peer address, host:port */
  source: string;
  /** mtls, jwt, token, scram, claimed */
  proof: string;
  /** whole seconds that the proof was old when it was looked at (a JWT since its `iat`); absent: nobody knows */
  age_s?: number | undefined;
}

/** The operation as a policy sees it. */
export type OperationFacts =
  | PostgresOperation
  | HttpOperation
  | McpOperation
  | KubernetesOperation
  | WebSocketOperation
  | TerminalOperation;

/** One command line of exec or attach, and the request that opened it. */
export interface TerminalOperation {
  on: 'terminal';
  terminal: TerminalFacts;
  k8s: KubernetesFacts;
  http: HttpFacts;
  /** as in HttpOperation, for the query of that request */
  form?: FormTaste;
  identity: Identity;
  resource: string;
}

/** One message of a WebSocket, and the request that opened it. */
export interface WebSocketOperation {
  on: 'websocket';
  message: MessageFacts;
  http: HttpFacts;
  /** as in HttpOperation, for the query of that request */
  form?: FormTaste;
  identity: Identity;
  resource: string;
}

/** One request to a Kubernetes API. */
export interface KubernetesOperation {
  on: 'kubernetes';
  k8s: KubernetesFacts;
  identity: Identity;
  resource: string;
}

/** One message to an MCP server. */
export interface McpOperation {
  on: 'mcp';
  mcp: McpFacts;
  /** other ways to read it: the strictest verdict of all counts */
  also?: readonly McpFacts[];
  /** the same by the name in ASCII that its tool or prompt looks like; absent where it looks like none. No rule need allow it */
  alike?: McpFacts;
  identity: Identity;
  resource: string;
}

/** One HTTP request. The facts of its body are there where the policy asks for them. */
export interface HttpOperation {
  on: 'http';
  http: HttpFacts;
  /** what it asks of a database behind its API; absent where it holds no statement */
  sql?: SqlFacts;
  /** values bound to the statement */
  params?: (string | null | undefined)[];
  /** other ways to read it: the strictest verdict of all counts */
  also?: readonly HttpReading[];
  /** how a form's field and a parameter of the query are taken where a rule asks for one value; absent: as the list of values that it is */
  form?: FormTaste;
  identity: Identity;
  resource: string;
}

/** One message of the Postgres protocol. `params` is present at Execute (extended protocol) only. */
export interface PostgresOperation {
  on: 'postgres';
  sql: SqlFacts;
  identity: Identity;
  resource: string;
  database: string;
  /** role the client logged in as */
  user: string;
  application: string;
  /** bound parameters as text, null for NULL, undefined when they could not be read (a fact that can't be had) */
  params?: (string | null | undefined)[];
}

export interface ApprovalTerms {
  /** groups that may approve; empty: any approver */
  by: string[];
  quorum: number;
  /** milliseconds */
  wait_ms: number;
  lease?: { same: 'shape' | 'text'; for_ms: number; uses: number };
  /** HTTP: accepted: the client is told 202 and asks again; it waits without it */
  respond?: 'accepted';
  /** accepted: milliseconds for which the answer is given; an hour without it */
  keep_ms?: number;
}

export interface RuleMatch {
  /** rule name, or default:unparsed, default:opaque, default:grammar, default:allow */
  rule: string;
  verdict: Verdict;
  mode: Mode;
  /** set when the condition could not be evaluated, so the rule counts as matched */
  error?: string;
}

export interface Decision {
  /** the strictest enforced verdict */
  verdict: Verdict;
  /** every rule that matched, observed ones too */
  matches: RuleMatch[];
  /** the rule that settled the verdict; empty for a plain allow */
  rule: string;
  /** for people, from the rule or made from it; empty for allow */
  message: string;
  hint: string;
  approval?: ApprovalTerms;
}

export interface MaskRule {
  name: string;
  /** kinds and groups; empty for a column rule */
  detect: string[];
  /** schema.table.column, each part may be * ; empty for a detector rule */
  columns: string[];
  /** what is covered by where it stands in objects of Kubernetes; absent for the others */
  kubernetes?: CoveredObject[];
  as: MaskAs;
  /** detector rules: regions for phone numbers in national form, ISO 3166 alpha-2, upper case; absent when the policy names none */
  regions?: string[];
  /** as: fixed, what stands in place of every value */
  value?: string;
  /** as: token, whether check digits are right */
  check?: 'valid' | 'invalid';
  /** as: hash or token, the key's id is shown */
  key_id?: boolean;
  /** detector rules: strings of JSON that are base64 are looked into */
  base64?: boolean;
  /** detector rules: kinds of the policy's own, allow lists and scores; shared by all of them */
  detection?: Detection;
}

/** What the policy asks of the recorder. */
export interface RecordingTerms {
  /** age recipients (`age1…`) that originals are sealed to; empty: originals are not kept */
  sealed: string[];
  /** bytes of one response that are recorded; what is beyond is counted, not kept */
  response_bytes_max: number;
}

/** A compiled policy. Pure; holds no clock. */
export interface Policy {
  /** sha256 of the file's canonical content, hex */
  readonly version: string;
  /** allows everything, masks nothing, follows the grammar: the wire stays byte for byte the same */
  readonly transparent: boolean;
  /** true when some rule reads `params`: then Execute is judged again with the bound values */
  readonly usesParams: boolean;
  /** true when some rule on http reads the body */
  readonly usesBody: boolean;
  /** true when a rule on http that reads the body may match the request, as far as it is known before its body: then it waits until its body is whole */
  asksBody(operation: HttpOperation): boolean;
  /** true when some rule on http reads the method: then forms wait, whose field _method may name another one */
  readonly usesMethod: boolean;
  /** true when some rule on websocket is in force: then each message is judged, when it is whole */
  readonly usesMessages: boolean;
  /** where statements stand in HTTP requests: those wait for their bodies */
  readonly sqlPlaces: readonly SqlPlace[];
  /** true when some rule on terminal is in force: then input goes to exec and attach line by line */
  readonly usesTerminal: boolean;
  /** true when some mask goes by columns: then a catalogue is of use */
  readonly usesColumns: boolean;
  /** true when some mask asks how old the proof of the identity is */
  readonly masksUseAge: boolean;
  readonly grammar: 'pin' | 'follow';
  readonly unparsed: Verdict;
  readonly opaque: Verdict;
  decide(facts: OperationFacts): Decision;
  /** mask rules in force for this caller (`unless` already evaluated; an error in `unless` keeps the mask) */
  masksFor(facts: { identity: Identity; resource: string; database: string; user: string; application: string }): MaskRule[];
  readonly limits: PolicyLimits;
  readonly recording: RecordingTerms;
  /** what the policy says about detection; undefined where it says nothing */
  readonly detection?: Detection | undefined;
}

export interface PolicyLimits {
  /** longest statement that is parsed; longer counts as unparsed */
  statement_bytes_max: number;
  /** largest single protocol message that is inspected; a larger one is refused unless the policy is transparent */
  message_bytes_max: number;
  /** bytes queued behind a held operation before backpressure */
  held_bytes_max: number;
  /** longest body that is unpacked, bytes of it when it is */
  unpacked_bytes_max: number;
  /** how many times as long as it was packed an unpacked body may be */
  unpacked_ratio_max: number;
}
