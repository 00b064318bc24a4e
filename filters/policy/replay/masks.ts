import { list, record, text } from '../../foreign-json.js';
import { maskPacked } from '../../http/masking.js';
import { type ObjectMask, objectMasks } from '../../kubernetes/answers/marks.js';
import { answerMasker } from '../../kubernetes/answers/masker.js';
import { packed, unpacked } from '../../kubernetes/helm/packed.js';
import { buildMaskSet, type MaskSet } from '../../postgres/rows/mask-set.js';
import { matches } from '../../postgres/rows/rule-match.js';
import type { StoredEvent } from '../../record/chain.js';
import { recordedRows } from '../../record/pg-rows.js';
import type { SqlFacts } from '../../sql/facts.js';
import type { MaskRule } from '../types.js';

/** Values of an answer that would be masked now, or would be no more. */
export interface MaskChange {
  change: 'masked' | 'unmasked';
  /** the mask: of the new policy, or the one that masked them then */
  mask: string;
  /** empty where the answer has none */
  column: string;
  kind: string;
  count: number;
}

/** Masks in force, as they would meet what was recorded. */
export class ReplayedMasks {
  private readonly set: MaskSet;
  private readonly kinds: ReadonlySet<string>;
  private readonly objects: readonly ObjectMask[];

  constructor(
    private readonly rules: readonly MaskRule[],
    /** answers hold objects, which are masked by where their values stand too */
    private readonly kubernetes: boolean,
  ) {
    // how a mask writes is of no account here, and a key for hashes is not asked for
    const redacted = rules.map((rule): MaskRule => ({ ...rule, as: 'redact' }));
    this.set = buildMaskSet(redacted, {});
    this.objects = kubernetes ? objectMasks(redacted, {}) : [];
    this.kinds = new Set(this.set.detectors.flatMap(({ detector }) => detector.kinds));
  }

  /**
   * Compares an answer. What the recording holds is masked already: what the old masks took is gone from it, so of values that both mask nothing is said.
   * Columns are told by the names in the statement (`sql`), since the recording has no catalogue. `asked`: what the request said, of Kubernetes.
   */
  compare(response: StoredEvent, sql: SqlFacts | undefined, asked: Record<string, unknown> = {}): MaskChange[] {
    const found = () => (this.kubernetes ? this.foundInObjects(response, asked) : this.foundInBody(response));
    const now = typeof response['wire'] === 'string' ? this.foundInRows(response, sql) : found();
    return [...now, ...this.lost(response, sql)];
  }

  private foundInRows(response: StoredEvent, sql: SqlFacts | undefined): MaskChange[] {
    const counts = new Map<string, MaskChange>();
    const count = (mask: string, column: string, kind: string, more: number): void => {
      const key = JSON.stringify([mask, column, kind]);
      const before = counts.get(key);
      if (before === undefined) counts.set(key, { change: 'masked', mask, column, kind, count: more });
      else before.count += more;
    };
    const before = new Set(list(response['masked']).map((one) => text(record(one)['column'])));
    const names = list(response['columns']).map(text);
    for (const { columns, rows } of recordedRows(text(response['wire']), names).results) {
      const covered = columns.map((column) => (before.has(column) ? undefined : this.covering(column, sql)));
      for (const row of rows)
        row.forEach((cell, i) => {
          if (cell === null || cell === '') return;
          const rule = covered[i];
          if (rule !== undefined) count(rule, columns[i] ?? '', 'column', 1);
          else this.findIn(cell, columns[i] ?? '', count);
        });
    }
    return [...counts.values()];
  }

  private findIn(cell: string, column: string, count: (mask: string, column: string, kind: string, more: number) => void): void {
    const bytes = Buffer.from(withoutMasked(cell));
    for (const { name, detector } of this.set.detectors) {
      const hits = detector.find(bytes, 0, bytes.length, { name: column });
      for (const { kind } of hits) count(name, column, kind, 1);
      if (hits.length > 0) return;
    }
  }

  private foundInBody(response: StoredEvent): MaskChange[] {
    const body = Buffer.from(withoutMasked(bodyOf(response)), 'latin1');
    const fired = new Map<string, number>();
    if (body.length > 0) maskPacked(this.set.detectors, text(response['content_type']), body, fired);
    return [...fired].map(([mask, count]) => ({ change: 'masked', mask, column: '', kind: '', count }));
  }

  /** Of a body that is not whole in the recording, as far as its objects are. What is covered already is an empty value, which nobody covers. */
  private foundInObjects(response: StoredEvent, asked: Record<string, unknown>): MaskChange[] {
    const body = Buffer.from(inReleases(withoutCovered(bodyOf(response)), withoutCovered), 'latin1');
    if (body.length === 0) return [];
    const facts = {
      resource: text(asked['resource']),
      group: text(asked['group']),
      subresource: text(asked['subresource']),
      name: text(asked['name']),
    };
    const masks = { objects: this.objects, detectors: this.set.detectors };
    const masker = answerMasker(text(response['content_type']), masks, facts, body.length, () => undefined);
    try {
      masker.push(body);
      masker.end();
    } catch {
      // its last object is cut
    }
    return masker.fired.map(({ rule, count }) => ({ change: 'masked', mask: rule, column: '', kind: '', count }));
  }

  /** The rule that covers a column of the answer, by what the statement says it comes from. */
  private covering(column: string, sql: SqlFacts | undefined): string | undefined {
    if (sql === undefined) return undefined;
    const sources = sql.statements.flatMap(({ columns }) =>
      columns.filter((one) => one.use === 'output' && (one.column === column || one.column === '*')),
    );
    // a star stands for the table's columns: this one is among them by its name
    return this.set.columnRules.find(({ patterns }) =>
      patterns.some(
        (pattern) =>
          (pattern.column !== '*' || pattern.table !== '*') &&
          sources.some(({ schema, table }) => matches(pattern, { schema, table, column })),
      ),
    )?.name;
  }

  private lost(response: StoredEvent, sql: SqlFacts | undefined): MaskChange[] {
    const changes: MaskChange[] = [];
    for (const one of list(response['masked']).map(record)) {
      const mask = text(one['rule']);
      const column = text(one['column']);
      const kind = text(one['kind']);
      if (this.stillMasks(mask, column, kind, sql) && !this.uncovers(response, mask)) continue;
      changes.push({ change: 'unmasked', mask, column, kind, count: Number(one['count']) || 0 });
    }
    return changes;
  }

  /** Values that stood covered in objects would be seen: detectors find few of them. */
  private uncovers(response: StoredEvent, mask: string): boolean {
    const named = this.rules.some(({ name }) => name === mask);
    if (!this.kubernetes || this.objects.length > 0 || named) return false;
    const body = bodyOf(response);
    return body.search(COVERED) >= 0 || inReleases(body, (said) => said.replace(COVERED, '')) !== inReleases(body, (said) => said);
  }

  private stillMasks(mask: string, column: string, kind: string, sql: SqlFacts | undefined): boolean {
    if (this.rules.some(({ name }) => name === mask)) return kind === '' || kind === 'column' || this.kinds.has(kind);
    if (kind === 'column') return this.covering(column, sql) !== undefined;
    // over HTTP it was not recorded which kinds a mask found
    return kind === '' ? this.set.detectors.length > 0 : this.kinds.has(kind);
  }
}

/** Words that a mask left a part of, such as the domain of an address, are masked already. */
const withoutMasked = (said: string): string =>
  said.includes('**') ? said.replace(/[^\s"'<>,;]+/g, (word) => (word.includes('**') ? '[masked]' : word)) : said;

const withoutCovered = (said: string): string => withoutMasked(said.replace(COVERED, ''));

/** The same in releases of Helm's, which stand packed in a text. */
const inReleases = (said: string, change: (said: string) => string): string =>
  said.replace(PACKED, (word) => {
    const found = unpacked(word);
    return found === undefined ? word : packed({ ...found, bytes: Buffer.from(change(found.bytes.toString('latin1')), 'latin1') });
  });

const PACKED = /\b(?:SDRzS|H4sI)[A-Za-z0-9+/]{60,}={0,2}/g;

const bodyOf = (response: StoredEvent): string => Buffer.from(text(response['body']), 'base64').toString('latin1');

/** A covered value of an object, up to the quote behind it; in a text within JSON that is escaped. */
const COVERED = /(?:\[midstream masked\]|W21pZHN0cmVhbSBtYXNrZWRd)[^"\\]*/g;
