import { joinedRules } from '../../http/joined-masks.js';
import { KeyTable, readTree } from '../../http/json-tree.js';
import type { BodyMask } from '../../http/masking.js';
import type { JoinedRules } from '../../mask/joined.js';
import type { KubernetesFacts } from '../facts.js';
import { applied, type Edit } from './edits.js';
import { coverOf, type ObjectMask } from './marks.js';
import { TOKEN_STATUS, Walk } from './walk.js';

/** What is masked in objects: by where it stands, and by what detectors find; both strongest first. */
export interface ObjectMasks {
  objects: readonly ObjectMask[];
  detectors: readonly BodyMask[];
}

/** What covers an object, and which of its values. */
export interface Covered {
  cover: ObjectMask;
  kind: 'secrets' | 'configmaps' | 'token';
}

/** A shorter text is no Secret with a value in it, bytes. */
const MANIFEST_BYTES_MIN = 24;
/** Of one object so much text is read as manifests, bytes: the YAML library takes its time. */
const MANIFEST_BYTES_MAX = 256 * 1024;

/** What a request says of the objects in its answer. */
export type AskedObject = Pick<KubernetesFacts, 'resource' | 'group' | 'subresource'> & Partial<Pick<KubernetesFacts, 'name'>>;

/** The columns of a Table by their names: a watch names them in its first event alone, so that all its events share one of these. */
export interface TableColumns {
  columns: readonly string[];
}

/** Masks JSON of the Kubernetes API. What is not masked stays the same bytes. */
export class ObjectMasker {
  hits = 0;
  /** what detectors find; undefined where nothing is looked for */
  readonly rules: JoinedRules | undefined;
  private readonly covered = new Map<string, number>();
  readonly keys = new KeyTable();
  /** of texts of the object that were read as manifests */
  private manifest_bytes = 0;
  private readonly secrets: ObjectMask | undefined;
  private readonly configMaps: ObjectMask | undefined;
  private readonly releases: ObjectMask | undefined;

  constructor(
    private readonly masks: ObjectMasks,
    /** what was asked for: objects in lists do not say their kind */
    private readonly asked: AskedObject,
    readonly table: TableColumns = { columns: [] },
  ) {
    this.rules = masks.detectors.length === 0 ? undefined : joinedRules(masks.detectors);
    this.secrets = coverOf(masks.objects, 'secrets');
    this.configMaps = coverOf(masks.objects, 'configmaps');
    this.releases = coverOf(masks.objects, 'releases');
  }

  /** A document, or an element of a list of `listKind`. Throws MidstreamError where it can't be read. */
  mask(json: Buffer, listKind = ''): Buffer {
    const edits: Edit[] = [];
    // An object in which the word does not stand is not looked through for it text by text.
    this.manifest_bytes = json.includes('Secret') ? 0 : MANIFEST_BYTES_MAX;
    new Walk(this, json, edits, 0).root(readTree(json, this.keys), listKind);
    return applied(json, edits);
  }

  /** undefined where nothing covers that object. What was asked for tells about the document's `own` objects alone, not about what is inside. */
  coverFor(kind: string, listKind: string, own: boolean, release = false): Covered | undefined {
    const { group, resource, subresource } = this.asked;
    const plain = own && group === '' && subresource === '';
    if (this.secrets !== undefined) {
      if (kind === 'Secret' || listKind === 'SecretList' || (plain && resource === 'secrets'))
        return { cover: this.secrets, kind: 'secrets' };
      if (kind === 'TokenRequest' || listKind === TOKEN_STATUS || subresource === 'token') return { cover: this.secrets, kind: 'token' };
    }
    if (release && this.releases !== undefined) return { cover: this.releases, kind: 'secrets' };
    if (this.configMaps !== undefined && (kind === 'ConfigMap' || listKind === 'ConfigMapList' || (plain && resource === 'configmaps')))
      return { cover: this.configMaps, kind: 'configmaps' };
    return undefined;
  }

  /** what covers releases of Helm's */
  get packed(): ObjectMask | undefined {
    return this.releases ?? this.secrets;
  }

  /** The name that was asked for as errors quote it; empty for none. */
  get name(): string {
    const { name = '' } = this.asked;
    return /^[a-z0-9][a-z0-9.-]{0,252}$/.test(name) ? `"${name}"` : '';
  }

  /** What covers Secrets in a text that may be a manifest of some; undefined where it is none, or where as much of the object was read so as may be. */
  secretsIn(buf: Buffer, start: number, end: number): ObjectMask | undefined {
    if (this.secrets === undefined || end - start < MANIFEST_BYTES_MIN) return undefined;
    const at = buf.subarray(start, end).indexOf('Secret');
    if (at < 0 || this.manifest_bytes + end - start > MANIFEST_BYTES_MAX) return undefined;
    this.manifest_bytes += end - start;
    return this.secrets;
  }

  /** They are looked into, and what their Secrets hold is covered; else all of them is. */
  get opensReleases(): boolean {
    return this.releases === undefined;
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
