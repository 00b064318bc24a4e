import { record, text } from '../../foreign-json.js';
import type { StoredEvent } from '../../record/chain.js';
import { strictness } from '../decide.js';
import type { CompiledPolicy } from '../index.js';
import { type MaskChange, ReplayedMasks } from './masks.js';
import { decideRequest, decideStatement, decideWithin, type StatementReaders, statementFacts, type Verdicted } from './operations.js';
import { callerOf, type Judged, judgedOf, type RecordedCaller } from './recorded.js';

export type { MaskChange } from './masks.js';
export type { StatementReaders } from './operations.js';
export type { Judged } from './recorded.js';

/** The recorded operation that something is said of. */
interface About {
  session: string;
  request: string;
  identity: string;
  resource: string;
  /** ISO 8601, of the session's start */
  start: string;
  /** nanoseconds since the session's start */
  t: number;
  /** masked, as it was recorded */
  text: string;
}

/** What another policy makes of it, beside what was decided then. */
export interface Rejudged extends About {
  type: 'judged';
  was: Judged;
  now: Judged;
  /** refused and held: stricter than then; freed: held or allowed where it was stricter */
  change: 'same' | 'refused' | 'held' | 'freed';
}

/** What it masks of a recorded answer that went out, and what it lets out that was masked. */
export interface Remasked extends MaskChange, About {
  type: 'masks';
}

/** An operation that the recording does not hold as it was judged. */
export interface NotJudged extends About {
  type: 'not_judged';
  why: string;
}

export type Replayed = Rejudged | Remasked | NotJudged;

/** Judges recorded sessions by a policy. Events come in the order in which they stand in the recordings; sessions may be mixed. */
export class PolicyReplay {
  private readonly sessions = new Map<string, SessionReplay>();
  /** by the names of those in force: each request over HTTP is a session of its own, and detectors take a while to be made */
  private readonly masks = new Map<string, ReplayedMasks>();

  constructor(
    private readonly policy: CompiledPolicy,
    private readonly readers: StatementReaders,
  ) {}

  push(event: StoredEvent): Replayed[] {
    if (event.type === 'session.open') {
      const caller = callerOf(event);
      if (caller !== undefined)
        this.sessions.set(event.session, new SessionReplay(event.session, caller, this.policy, this.readers, this.masksFor(caller)));
      return [];
    }
    const session = this.sessions.get(event.session);
    if (session === undefined) return [];
    const told = session.push(event);
    if (event.type !== 'session.close') return told;
    this.sessions.delete(event.session);
    return [...told, ...session.end()];
  }

  private masksFor(caller: RecordedCaller): ReplayedMasks {
    const rules = this.policy.masksFor(caller);
    const kubernetes = caller.protocol === 'kubernetes';
    const key = JSON.stringify([kubernetes, ...rules.map(({ name }) => name)]);
    const made = this.masks.get(key) ?? new ReplayedMasks(rules, kubernetes);
    this.masks.set(key, made);
    return made;
  }

  /** Sessions that have no end yet. */
  end(): Replayed[] {
    const told = [...this.sessions.values()].flatMap((session) => session.end());
    this.sessions.clear();
    return told;
  }
}

/** A request of HTTP is judged when its body is known: it may stand behind the decision. */
interface Waiting {
  request: StoredEvent;
  decision: StoredEvent;
}

class SessionReplay {
  /** requests that have no answer yet, and those whose facts later ones use */
  private readonly requests = new Map<string, StoredEvent>();
  private opened: StoredEvent | undefined;
  private body: StoredEvent | undefined;
  private waiting: Waiting | undefined;

  constructor(
    private readonly session: string,
    private readonly caller: RecordedCaller,
    private readonly policy: CompiledPolicy,
    private readonly readers: StatementReaders,
    private readonly masks: ReplayedMasks,
  ) {}

  push(event: StoredEvent): Replayed[] {
    const request = text(event['request']);
    if (event.type === 'request' && text(event['operation']) !== 'copy_data') {
      this.requests.set(request, event);
      if (this.caller.protocol !== 'postgres') this.opened ??= event;
    } else if (event.type === 'request.body') this.body = event;
    else if (event.type === 'decision') return this.decided(event, this.requests.get(request));
    else if (event.type === 'response') return [...this.end(), ...this.over(event, request)];
    return [];
  }

  /** What waited for more of its request waits no longer. */
  end(): Replayed[] {
    const { waiting } = this;
    if (waiting === undefined) return [];
    this.waiting = undefined;
    return this.told(waiting, decideRequest(this.policy, this.caller, waiting.request, this.body, this.readers));
  }

  private decided(decision: StoredEvent, request: StoredEvent | undefined): Replayed[] {
    if (request === undefined) return [];
    const { policy, caller, readers } = this;
    if (caller.protocol === 'postgres')
      return this.told({ request, decision }, decideStatement(policy, caller, request, this.describing(request), readers));
    if (request !== this.opened && this.opened !== undefined)
      return [...this.end(), ...this.told({ request, decision }, decideWithin(policy, caller, request, this.opened))];
    this.waiting = { request, decision };
    return [];
  }

  /** The event that has the statement's facts. */
  private describing(request: StoredEvent): StoredEvent | undefined {
    return this.requests.get(text(request['facts_of']));
  }

  private told({ request, decision }: Waiting, verdicted: Verdicted): Replayed[] {
    const was = judgedOf(decision);
    // what the gateway refuses whatever the policy says is nothing to compare
    if (was === undefined || (was.verdict === 'deny' && was.rules.length === 0)) return [];
    const about = this.about(request);
    if ('unknown' in verdicted) return [{ type: 'not_judged', ...about, why: verdicted.unknown }];
    const { verdict, rule, matches } = verdicted.decision;
    const now: Judged = { verdict, rule, rules: matches.map((match) => match.rule) };
    return [{ type: 'judged', ...about, was, now, change: changeOf(was, now) }];
  }

  /** An answer ends its request; what has facts stays for those that have the same. */
  private over(response: StoredEvent, id: string): Replayed[] {
    const request = this.requests.get(id);
    const told = this.answered(response, request);
    if (request !== undefined && request['facts'] === undefined && request !== this.opened) this.requests.delete(id);
    return told;
  }

  private answered(response: StoredEvent, request: StoredEvent | undefined): Replayed[] {
    if (request === undefined) return [];
    const sql = this.caller.protocol === 'postgres' ? statementFacts(request, this.describing(request), this.readers) : undefined;
    const asked = record(record(request['facts'])['kubernetes']);
    return this.masks.compare(response, sql, asked).map((change) => ({ type: 'masks', ...this.about(request), ...change }));
  }

  private about(request: StoredEvent): About {
    const { identity, resource, start } = this.caller;
    return {
      session: this.session,
      request: text(request['request']),
      identity: identity.id,
      resource,
      start,
      t: request.t,
      text: text(request['text']),
    };
  }
}

function changeOf(was: Judged, now: Judged): Rejudged['change'] {
  const more = strictness[now.verdict] - strictness[was.verdict];
  if (more === 0) return 'same';
  if (more < 0) return 'freed';
  return now.verdict === 'deny' ? 'refused' : 'held';
}
