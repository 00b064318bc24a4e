/** What was found wrong, and where: as exactly as the evidence allows. */
export interface Problem {
  /**
   * changed: bytes are not what was recorded; missing: something recorded is gone; truncated: the end of it is gone; reordered: it stands elsewhere;
   * added: it was not recorded by the gateway; unsigned: nothing vouches for it
   */
  kind: 'changed' | 'missing' | 'truncated' | 'reordered' | 'added' | 'unsigned';
  log: string;
  /** file in the directory; empty when the thing is gone with its file */
  file: string;
  /** line in the unpacked file, from 1; 0 when no single line is meant */
  line: number;
  session: string;
  /** event in the session; -1 when no single event is meant */
  seq: number;
  what: string;
}

export interface VerifyReport {
  ok: boolean;
  directory: string;
  logs: number;
  segments: number;
  sessions: number;
  events: number;
  checkpoints: number;
  problems: Problem[];
  /** what is no proof of tampering but should be known */
  notes: string[];
}

export type Report = (problem: Pick<Problem, 'kind' | 'what'> & Partial<Problem>) => void;
