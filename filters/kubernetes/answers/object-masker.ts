import { joinedRules } from '../../http/joined-masks.js';
import { KeyTable, readTree } from '../../http/json-tree.js';
import type { BodyMask } from '../../http/masking.js';
import type { JoinedRules } from '../../mask/joined.js';
import type { KubernetesFacts } from '../facts.js';
import { type CoveredObject, coverOf, type ObjectMask } from './marks.js';
import { applied, type Edit, TOKEN_STATUS, Walk } from './walk.js';

/** What is masked in objects: by where it stands, and by what detectors find; both strongest first. */
export interface ObjectMasks {
  objects: readonly ObjectMask[];
  detectors: readonly BodyMask[];
}

/** Masks JSON of the Kubernetes API. What is not masked stays the same bytes. */
export class ObjectMasker {
  hits = 0;
  /** what detectors find; undefined where nothing is looked for */
  readonly rules: JoinedRules | undefined;
  private readonly covered = new Map<string, number>();
  readonly keys = new KeyTable();
  private readonly secrets: ObjectMask | undefined;
  private readonly configMaps: ObjectMask | undefined;

  constructor(
    private readonly masks: ObjectMasks,
    /** what was asked for: objects in lists do not say their kind */
    private readonly asked: Pick<KubernetesFacts, 'resource' | 'group' | 'subresource'>,
  ) {
    this.rules = masks.detectors.length === 0 ? undefined : joinedRules(masks.detectors);
    this.secrets = coverOf(masks.objects, 'secrets');
    this.configMaps = coverOf(masks.objects, 'configmaps');
  }

  /** A document, or an element of a list of `listKind`. Throws MidstreamError where it can't be read. */
  mask(json: Buffer, listKind = ''): Buffer {
    const edits: Edit[] = [];
    new Walk(this, json, edits, 0).root(readTree(json, this.keys), listKind);
    return applied(json, edits);
  }

  /** undefined where nothing covers that object. What was asked for tells about the document's `own` objects alone, not about what is inside. */
  coverFor(kind: string, listKind: string, own: boolean): { cover: ObjectMask; kind: CoveredObject | 'token' } | undefined {
    const { group, resource, subresource } = this.asked;
    const plain = own && group === '' && subresource === '';
    if (this.secrets !== undefined) {
      if (kind === 'Secret' || listKind === 'SecretList' || (plain && resource === 'secrets'))
        return { cover: this.secrets, kind: 'secrets' };
      if (kind === 'TokenRequest' || listKind === TOKEN_STATUS || subresource === 'token') return { cover: this.secrets, kind: 'token' };
    }
    if (this.configMaps !== undefined && (kind === 'ConfigMap' || listKind === 'ConfigMapList' || (plain && resource === 'configmaps')))
      return { cover: this.configMaps, kind: 'configmaps' };
    return undefined;
  }

  get packed(): ObjectMask | undefined {
    return this.secrets;
  }

  /** values masked so far, by rule */
  get fired(): { rule: string; count: number }[] {
    const counts = this.rules?.counts ?? [];
    const found = counts.map((count, n) => ({ rule: this.masks.detectors[n]!.name, count })).filter(({ count }) => count > 0);
    return [...[...this.covered].map(([rule, count]) => ({ rule, count })), ...found];
  }

  found(rule: string): void {
    this.hits++;
    this.covered.set(rule, (this.covered.get(rule) ?? 0) + 1);
  }
}
