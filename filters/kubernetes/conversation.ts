import { isJson } from '../http/body.js';
import type { Header } from '../http/effects.js';
import type { HttpFacts } from '../http/facts.js';
import type { HeaderCover } from '../http/header-masking.js';
import type { BodyAsked, BodyMask, ContentMasker } from '../http/masking.js';
import type { Refusal } from '../http/problem.js';
import { denied } from '../http/refusals.js';
import { strictestDecision } from '../policy/decide.js';
import type { Decision, Identity, Policy } from '../policy/types.js';
import { acceptJson } from './accept.js';
import { coveredWarning } from './answers/admission.js';
import type { ObjectMask } from './answers/marks.js';
import { answerMasker, whyUnread } from './answers/masker.js';
import { ObjectMasker } from './answers/object-masker.js';
import { WholeLines } from './answers/whole-lines.js';
import type { KubernetesFacts } from './facts.js';
import { probes } from './probes.js';
import { hasObject, headFacts, wholeFacts } from './request.js';
import { readTarget } from './request-info.js';
import { shownBody } from './shown.js';
import { carriesMasks } from './written-back.js';

/** How the gateway stands before a Kubernetes API. */
export interface KubernetesOptions {
  /** value of the authorization header that goes to the API server; empty: none does (a client certificate at Envoy). Asked for every request */
  credential: () => string;
  /** the caller may ask to be somebody else: with the gateway's credential */
  impersonation: boolean;
}

/** Headers by which a proxy before the API server says who calls: no caller's own may reach it. */
const IDENTITY_HEADERS = /^(authorization|proxy-authorization|x-remote-(user|uid|group|extra-.*)|impersonate-.*)$/;

/** A WebSocket's client may send its token as a subprotocol (kube-apiserver, "Authenticating"): it goes no further. */
function withoutTokens(offered: string | undefined): Header[] {
  if (offered?.includes(BEARER_PROTOCOL) !== true) return [];
  const kept = offered
    .split(',')
    .map((one) => one.trim())
    .filter((one) => !one.startsWith(BEARER_PROTOCOL));
  return [['sec-websocket-protocol', kept.join(', ')]];
}

const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

const noCredential = (why: string): Refusal => ({
  status: 503,
  kind: 'unavailable',
  title: 'The API server can not be called',
  detail: `${why}.`,
  rule: '',
  hint: '',
});

/** One request to a Kubernetes API: what its exchange asks about it. */
export class KubernetesRequest {
  facts: KubernetesFacts;
  private bytes: Buffer = Buffer.alloc(0);

  constructor(
    private readonly http: HttpFacts,
    private readonly options: KubernetesOptions,
    private readonly masks: { objects: readonly ObjectMask[]; detectors: readonly BodyMask[] },
  ) {
    this.facts = headFacts(http);
  }

  /** It is judged when its body is whole: objects are small. What is for something behind the API streams. */
  get waits(): boolean {
    return hasObject(this.facts);
  }

  /** All of the body is there. */
  read(bytes: Buffer): void {
    this.bytes = bytes;
    this.facts = wholeFacts(this.http, bytes);
  }

  /** What no policy lets pass. `hop`: what follows an upgrade is read. */
  refused(hop: boolean): Refusal | undefined {
    try {
      this.options.credential();
    } catch (error) {
      return noCredential((error as Error).message);
    }
    const { impersonates } = this.facts;
    if (impersonates.length > 0 && !this.options.impersonation)
      return denied('Nobody may be impersonated through this gateway.', '', 'Leave out --as and its like.');
    if (!hop && this.http.headers['upgrade'] !== undefined)
      return denied(`Upgraded connections come to the gateway by hop alone, and ${this.facts.subresource || 'this one'} did not.`, '', '');
    // Messages of a log end wherever its bytes do, in the midst of a value too.
    if (this.masked && this.facts.subresource === 'log' && this.http.headers['upgrade'] !== undefined)
      return denied('Logs over WebSocket are not read here.', '', 'Ask for the log without WebSocket.');
    if (this.cut && this.http.headers['upgrade'] !== undefined)
      return denied('Logs over WebSocket are not cut by limitBytes here.', '', 'Leave limitBytes out, or ask without WebSocket.');
    // what is covered is worked out only for who asks so
    const probe = probes(this.facts, this.bytes);
    if (probe !== '' && this.covered !== undefined)
      return denied(
        `This patch has a ${probe} of what is masked in the object: that would tell it.`,
        '',
        'Write the value (add, replace, remove).',
      );
    const where = carriesMasks(this.facts, this.bytes, this.masks.detectors);
    if (where !== '')
      return denied(
        `This write carries ${where}, as the gateway shows it in place of the real one, and would put it there.`,
        '',
        'Send what changes alone (kubectl edit, kubectl patch), or the real value.',
      );
    return undefined;
  }

  /** `patch deployments/scale in prod`: what recordings and approvers read first, and a part of the shape that leases go by. */
  get operation(): string {
    const { verb, group, resource, subresource, namespace, path, patch } = this.facts;
    const what = [group === '' ? resource : `${resource}.${group}`, subresource].filter((part) => part !== '').join('/');
    return `${verb || this.http.method} ${what || path}${namespace === '' ? '' : ` in ${namespace}`}${patch === '' ? '' : ` (${patch})`}`;
  }

  /** What of the facts stands in the recording of the request. */
  get recorded(): Record<string, unknown> {
    const { verb, group, version, resource, subresource, namespace, name, dry_run, field_manager, impersonates } = this.facts;
    return { verb, group, version, resource, subresource, namespace, name, dry_run, field_manager, impersonates: impersonates.length };
  }

  /** The body for recordings and approvers, with Secrets covered whatever the policy says; undefined: it can't be shown. */
  shown(body: Buffer): Buffer | undefined {
    return shownBody(this.facts, this.http.content_type, body);
  }

  /** Rules on kubernetes, and those on http: a request is both. That no rule on http allows it says nothing. */
  decide(policy: Policy, http: Decision, identity: Identity, resource: string): Decision {
    const own = policy.decide({ on: 'kubernetes', k8s: this.facts, identity, resource });
    return http.rule === 'default:allow' ? own : strictestDecision([own, http]);
  }

  /** Changes to the request's headers. The session is the id of the request in the cluster's own audit log too, whatever the caller says. */
  headers(session: string): { set: Header[]; remove: string[] } {
    const remove = Object.keys(this.http.headers).filter(
      (name) => IDENTITY_HEADERS.test(name) && !(this.options.impersonation && name.startsWith('impersonate-')),
    );
    const set: Header[] = withoutTokens(this.http.headers['sec-websocket-protocol']);
    set.push(['audit-id', session]);
    const credential = this.options.credential();
    if (credential !== '') set.push(['authorization', credential]);
    const accept = this.masked ? acceptJson(this.http.headers['accept']) : undefined;
    if (accept !== undefined) set.push(['accept', accept]);
    return { set, remove: remove.filter((name) => !set.some(([one]) => one === name)) };
  }

  /** Something of the answer may be masked. Schemas and health are passed as they are: they hold nothing that is kept in the API. */
  get masked(): boolean {
    return !this.facts.discovery && this.masks.objects.length + this.masks.detectors.length > 0;
  }

  /** kubectl prints it beside the answer (RFC 7234, section 5.5): a person let this pass. */
  heldWarning(rule: string): Header {
    return ['warning', `299 midstream "held by the rule ${rule}, and approved"`];
  }

  /** Warnings about an object that is covered, covered too: by which rule, and how one header leaves. undefined where nothing is covered. */
  get warnings(): HeaderCover | undefined {
    const { covered } = this;
    return covered === undefined ? undefined : { rule: covered.name, value: coveredWarning };
  }

  /** What covers the object that is asked for. */
  private get covered(): ObjectMask | undefined {
    return this.masked ? new ObjectMasker(this.masks, this.facts).coverFor('', '', true)?.cover : undefined;
  }

  /** It asks for a log of the kubelet's that ends wherever its bytes do. */
  private get cut(): boolean {
    return (this.facts.subresource === 'log' || this.facts.connects) && readTarget(this.http.target).query['limitBytes'] !== undefined;
  }

  /** How the answer is masked; a text says why it can't be. */
  answer(held_bytes_max: number): (type: string, write: (bytes: Buffer) => void, asked: BodyAsked) => ContentMasker | string {
    const { cut } = this;
    return (type, write, asked) => {
      const unread = whyUnread(type);
      if (unread !== undefined) return unread;
      const masker = answerMasker(type, this.masks, this.facts, held_bytes_max, write, asked);
      return cut && !isJson(type) ? new WholeLines(masker) : masker;
    };
  }
}
