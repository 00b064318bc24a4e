import { messageEvent } from '../mcp/sse.js';
import type { Header } from './effects.js';
import { EndingExchange } from './exchange-ending.js';
import { mcpAnswer } from './mcp-answer.js';
import { unreadable } from './refusals.js';
import { type BodyFilter, Response } from './response.js';
import type { Side } from './upgrade/tunnel.js';

/** The answer's side of an exchange: what the server says goes through the masks, or opens an upgraded stream. */
export abstract class AnsweredExchange extends EndingExchange {
  protected onResponse(headers: readonly Header[], end: boolean): void {
    if (this.phase !== 'passing') return;
    const switched = headers.some(([name, value]) => name === ':status' && value === '101');
    if (switched) {
      const problem =
        this.options.transport === 'hop'
          ? this.upgraded!.problem(headers, this.kube !== undefined)
          : 'The server upgraded a request that asked for nothing.';
      if (problem !== undefined) return this.refuseAnswer(problem);
    }
    const { policy } = this.rules;
    const response = new Response(
      this.kube === undefined || this.kube.masked ? this.rules.masks : [],
      this.options.body_bytes_max,
      policy,
      this.mcpReader(headers),
      this.kube?.masked === true ? this.kube.answer(policy.limits.held_bytes_max) : undefined,
      this.kube === undefined || this.operation === undefined ? [] : [this.kube.heldWarning(this.operation.rule)],
      this.asked!.grpcCall,
      this.kube?.warnings,
    );
    const why = response.headers(headers, end || switched, this.out);
    if (why !== undefined) return this.refuseAnswer(why);
    this.response = response;
    if (switched) this.upgrade(headers);
    else if (end) this.finish();
  }

  protected mcpReader(headers: readonly Header[]): BodyFilter | undefined {
    if (this.mcp === undefined) return undefined;
    return mcpAnswer(this.mcp, headers, this.rules, {
      session: this.options.id,
      begun: this.begun,
      out: () => this.out,
      record: (type, event, gating) => this.record.event(type, event, gating),
      denied: () => {
        this.denied++;
      },
      opaque: (reason, bytes) => {
        this.opaque ??= new Map();
        this.opaque.set(reason, (this.opaque.get(reason) ?? 0) + bytes);
      },
    });
  }

  /** The server of a request that the gateway sent on itself is not there, or broke off. */
  protected onUnreachable(): void {
    if (this.phase !== 'passing' || this.begun === undefined) return;
    if (this.response === undefined || this.response.refusable) return this.refuse(unreadable('The server can not be reached.'));
    this.out.fail = 'the server broke off';
    this.gone('the server broke off');
  }

  protected tell(message: string): void {
    if (this.phase !== 'passing') return;
    this.response?.inject(messageEvent(message), this.out);
  }

  protected finish(): void {
    const { response } = this;
    if (response !== undefined) {
      this.record.response(response, this.rules);
      if (this.upgraded !== undefined) this.upgradeFailed(() => response.reason);
    }
    this.close('done');
  }

  protected upgrade(headers: readonly Header[]): void {
    this.phase = 'upgraded';
    this.record.response(this.response!, this.rules);
    this.upgraded!.begin(headers, {
      text: this.text,
      identity: this.identity,
      options: this.options,
      out: () => this.out,
      record: (type, event, gating = false) => this.record.event(type, event, gating),
    });
  }

  protected onTunnel(from: Side, bytes: Buffer, end: boolean): void {
    if (this.phase === 'upgraded' && this.upgraded!.receive(from, bytes, end)) this.close('done');
  }
}
