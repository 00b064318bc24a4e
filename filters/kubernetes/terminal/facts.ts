/** One command line that is typed, or piped, into exec or attach, as a policy sees it. */
export interface TerminalFacts {
  /** without its line end; lines that a backslash joins are one */
  line: string;
  /** why the line could not be understood; empty when it could */
  unparsed: string;
}

/** Longest line that is judged, bytes. */
export const LINE_BYTES_MAX = 64 * 1024;
