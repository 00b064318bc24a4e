import { type ApprovalInput, approvalFields, holdFields } from '../../approval/recorded.js';
import type { HeldOperation } from '../../approval/types.js';
import { notApproved } from '../../http/refusals.js';
import type { TunnelContext } from '../../http/upgrade/tunnel.js';
import { SHOWN_UNITS_MAX, streamOperation } from '../../http/websocket/hold.js';
import type { Port } from '../../http/websocket/tunnel.js';
import type { Decision } from '../../policy/types.js';
import type { KubernetesFacts } from '../facts.js';
import { LineEditor, type Typed } from './editor.js';
import { type CommandLine, PipedLines } from './lines.js';

/** What judged input may do with the stream that it belongs to. */
export interface InputHost {
  readonly port: Port;
  readonly k8s: KubernetesFacts;
  /** bytes for the process */
  toProcess(bytes: Buffer): void;
  /** a line is on its way to a terminal, which will show it again */
  sendLine(line: CommandLine): void;
  /** text of the gateway's own for whoever types */
  tell(text: string): void;
  /** shown as it is, for it was typed */
  show(text: string): void;
  /** the last line of output asks for a secret */
  asksSecret(): boolean;
  /** ends the stream as one that failed */
  fail(message: string): void;
  /** standard input is over */
  closed(): void;
}

interface Waiting {
  request: string;
  line: CommandLine;
  operation: HeldOperation;
}

/** Standard input that is judged line by line: nothing reaches the process before its line was. */
export class JudgedInput {
  private readonly piped: PipedLines | undefined;
  private readonly editor: LineEditor | undefined;
  private waiting: Waiting | undefined;
  /** what came behind a line that waits for a person */
  private backlog: Buffer[] = [];
  backlog_bytes = 0;
  private ending = false;
  private count = 0;

  constructor(private readonly host: InputHost) {
    if (host.k8s.tty) this.editor = new LineEditor(() => !host.asksSecret());
    else this.piped = new PipedLines();
  }

  get held(): HeldOperation | undefined {
    return this.waiting?.operation;
  }

  push(bytes: Buffer): void {
    if (this.waiting !== undefined) {
      // An interrupt takes back the line that waits.
      if (this.editor !== undefined && bytes.includes(0x03)) return this.interrupt();
      this.backlog.push(Buffer.from(bytes));
      this.backlog_bytes += bytes.length;
      return;
    }
    if (this.piped !== undefined) this.queue(this.piped.push(bytes).map((line) => ({ line })));
    else this.queue(this.editor!.push(bytes));
  }

  /** Standard input has ended: what is left of it is a line too. */
  end(): void {
    this.ending = true;
    if (this.waiting !== undefined) return;
    const last = this.piped?.end();
    if (last !== undefined) this.queue([{ line: last }]);
    if (this.waiting === undefined) this.host.closed();
  }

  private steps: Typed[] = [];

  private queue(steps: Typed[]): void {
    this.steps.push(...steps);
    while (this.steps.length > 0 && this.waiting === undefined) {
      const step = this.steps.shift()!;
      if ('show' in step) this.host.show(step.show);
      else if ('key' in step) this.host.toProcess(step.key);
      else this.judge(step.line);
    }
  }

  private judge(line: CommandLine): void {
    const { port, k8s } = this.host;
    const { context } = port;
    const { policy, maskText } = context.rules();
    port.totals.requests++;
    const request = `l${++this.count}`;
    const facts = { line: line.line, unparsed: line.unparsed };
    const decision = policy.decide({
      on: 'terminal',
      terminal: facts,
      k8s,
      http: context.http,
      identity: context.identity,
      resource: context.resource,
    });
    const text = this.host.asksSecret() ? '[not shown]' : maskText(line.line);
    context.record('request', { request, operation: 'line', text, facts: { unparsed: line.unparsed }, bytes: line.bytes.length });
    context.decided(request, decision);
    if (decision.verdict === 'allow') this.host.sendLine(line);
    else if (decision.verdict === 'approve') this.hold(request, line, decision);
    else this.refuse(request, line, decision.message, decision.rule);
  }

  private hold(request: string, line: CommandLine, decision: Decision): void {
    const { port } = this.host;
    const { context, totals } = port;
    const shown = context.rules().maskText(line.line);
    if (line.unparsed !== '' || shown.length > SHOWN_UNITS_MAX)
      return this.refuse(request, line, 'this line needs an approval, and it can not be shown to an approver whole', decision.rule);
    const operation = streamOperation(context, { request, bytes: line.bytes, shown, shape: `line ${line.line}`, decision });
    this.waiting = { request, line, operation };
    totals.held++;
    context.record('hold', fieldsOf(holdFields(operation)), true);
    context.out().holds.push(operation);
    this.host.tell(`held by ${decision.rule}: waits for an approval`);
  }

  approval(input: ApprovalInput): void {
    const { waiting } = this;
    if (waiting === undefined || waiting.operation.hold !== input.hold) return;
    const { context } = this.host.port;
    recordApproval(context, waiting.operation, input.outcome === 'unavailable' ? 'cancelled' : input.outcome, input);
    this.waiting = undefined;
    if (input.outcome === 'approved' && context.rules().policy.version === waiting.operation.policy_version)
      this.host.sendLine(waiting.line);
    else {
      const { detail } = notApproved(input, waiting.operation.rule, context.rules().maskText);
      this.refuse(waiting.request, waiting.line, detail, waiting.operation.rule);
    }
    this.goOn();
  }

  private goOn(): void {
    this.queue([]);
    const { backlog } = this;
    this.backlog = [];
    this.backlog_bytes = 0;
    for (const bytes of backlog) this.push(bytes);
    if (this.ending && this.waiting === undefined) this.end();
  }

  private interrupt(): void {
    this.cancel('the caller interrupted it');
    this.backlog = [];
    this.backlog_bytes = 0;
    this.steps = [];
    this.host.tell('taken back');
  }

  cancel(reason: string): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    this.waiting = undefined;
    const { context } = this.host.port;
    context.out().ended.push({ hold: waiting.operation.hold, status: 'cancelled', reason });
    recordApproval(context, waiting.operation, 'cancelled', { decisions: [], lease: '' });
  }

  /** The line does not reach the process. What is no text can't be left out of the midst of something: then the stream ends. */
  private refuse(request: string, line: CommandLine, why: string, rule: string): void {
    const { port, k8s } = this.host;
    port.totals.denied++;
    const message = rule === '' ? why : `${why} (${rule})`;
    port.context.record('error', { request, severity: 'ERROR', sqlstate: '403', message: why, own: true }, true);
    if (line.unparsed !== '' && !k8s.tty) this.host.fail(message);
    else this.host.tell(`refused: ${message}`);
  }
}

const fieldsOf = (json: string): object => JSON.parse(`{${json.slice(1)}}`) as object;

function recordApproval(
  context: TunnelContext,
  operation: HeldOperation,
  outcome: Parameters<typeof approvalFields>[1],
  { decisions, lease }: Pick<ApprovalInput, 'decisions' | 'lease'>,
): void {
  context.record('approval', fieldsOf(approvalFields(operation, outcome, decisions, lease, context.rules().maskText)), true);
}
