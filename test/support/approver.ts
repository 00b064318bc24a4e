import { eventually } from './gateway.js';

export interface Held {
  hold: string;
  text: string;
}

/** Somebody who may decide, over the gateway's API. */
export class Approver {
  private readonly headers: Record<string, string>;

  constructor(private readonly at: { api: string; operatorToken: string }) {
    this.headers = { authorization: `Bearer ${at.operatorToken}`, 'content-type': 'application/json' };
  }

  /** What waits for a decision. */
  async pending(): Promise<Held[]> {
    const answer = await fetch(`${this.at.api}/v1/approvals?status=pending`, { headers: this.headers });
    return ((await answer.json()) as { approvals: { operation: Held }[] }).approvals.map(({ operation }) => operation);
  }

  /** As many as are waited for. */
  holds(count: number): Promise<Held[]> {
    return eventually(`${count} holds`, async () => {
      const all = await this.pending();
      return all.length === count ? all : undefined;
    });
  }

  /** The one operation that waits. */
  async held(): Promise<Held> {
    return (await this.holds(1))[0]!;
  }

  decide(hold: string, verdict: 'approve' | 'deny', body: object = { comment: 'as asked' }): Promise<Response> {
    return fetch(`${this.at.api}/v1/approvals/${hold}/${verdict}`, { method: 'POST', headers: this.headers, body: JSON.stringify(body) });
  }

  /** Decides on the one operation that waits, or will. */
  async decideNext(verdict: 'approve' | 'deny'): Promise<Held> {
    const held = await this.held();
    await this.decide(held.hold, verdict);
    return held;
  }
}
