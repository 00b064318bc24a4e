import { createDetector, kinds } from '../../../filters/mask/index.js';
import { labelled } from './labelled.js';

interface Count {
  tp: number;
  fp: number;
  fn: number;
}

export interface Quality {
  texts: number;
  negatives: number;
  byKind: Map<string, Count>;
  /** texts with a miss or a false alarm, for people */
  wrong: string[];
}

const SECRETS = new Set(kinds.filter((k) => k.group === 'secrets').map((k) => k.kind));

/** Runs the detector over the labelled set. A secret found under another secret's kind counts as found: it is masked all the same. */
export function quality(): Quality {
  const detector = createDetector({ detect: ['all'] });
  const set = labelled();
  const byKind = new Map<string, Count>();
  const wrong: string[] = [];
  const count = (kind: string): Count => {
    let c = byKind.get(kind);
    if (c === undefined) {
      c = { tp: 0, fp: 0, fn: 0 };
      byKind.set(kind, c);
    }
    return c;
  };
  for (const { text, spans } of set) {
    const bytes = Buffer.from(text);
    const hits = detector
      .find(bytes, 0, bytes.length)
      .map((h) => ({ kind: h.kind, start: bytes.toString('utf8', 0, h.start).length, end: bytes.toString('utf8', 0, h.end).length }));
    const used = new Set<unknown>();
    for (const span of spans) {
      const hit = hits.find(
        (h) => h.start <= span.start && h.end >= span.end && (h.kind === span.kind || (SECRETS.has(h.kind) && SECRETS.has(span.kind))),
      );
      if (hit === undefined) {
        count(span.kind).fn++;
        wrong.push(`missed ${span.kind}: ${text}`);
      } else {
        count(span.kind).tp++;
        used.add(hit);
      }
    }
    for (const hit of hits) {
      if (used.has(hit)) continue;
      // a hit that overlaps a labelled value but has another span was counted as the miss already
      if (spans.some((s) => s.start < hit.end && s.end > hit.start)) continue;
      count(hit.kind).fp++;
      wrong.push(`false ${hit.kind} ${JSON.stringify(text.slice(hit.start, hit.end))}: ${text}`);
    }
  }
  return { texts: set.length, negatives: set.filter((l) => l.spans.length === 0).length, byKind, wrong };
}
