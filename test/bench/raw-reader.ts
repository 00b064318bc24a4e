/**
 * Entry of a reader in a process of its own, so that what reads is never what is measured: logs in with node-postgres, then
 * takes the socket over, sends one simple query and looks only at each message's type and length.
 * Argument: a JSON ReadRequest. Prints a JSON ReadReport.
 */
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import pg from 'pg';

export interface ReadRequest {
  url: string;
  sql: string;
  /** after so many bytes the reader pauses for `pause_ms`; 0 for never */
  pause_every_bytes: number;
  pause_ms: number;
}

export interface ReadReport {
  rows: number;
  /** of rows or COPY data, with the five bytes of each message's head */
  bytes: number;
  seconds: number;
  /** text of the first row's message, for a look at whether it was masked */
  first: string;
}

const FIRST_BYTES_MAX = 400;
const HEAD_BYTES = 5;
const [ROW, COPY_DATA, ERROR, READY] = [0x44, 0x64, 0x45, 0x5a];

const request = JSON.parse(process.argv[2]!) as ReadRequest;
const client = new pg.Client({ connectionString: request.url });
client.on('error', fail);
await client.connect();
const socket = (client as unknown as { connection: { stream: Socket } }).connection.stream;
socket.removeAllListeners('data');

const report: ReadReport = { rows: 0, bytes: 0, seconds: 0, first: '' };
const head = Buffer.alloc(HEAD_BYTES);
let headUsed = 0;
let bodyLeft = 0;
let type = 0;
let sincePause = 0;
const began = performance.now();

socket.on('data', (chunk: Buffer) => {
  look(chunk);
  sincePause += chunk.length;
  if (request.pause_every_bytes > 0 && sincePause >= request.pause_every_bytes) {
    sincePause = 0;
    socket.pause();
    setTimeout(() => socket.resume(), request.pause_ms);
  }
});
socket.on('close', () => fail(new Error('the connection ended before the result did')));
socket.write(simpleQuery(request.sql));

/** Walks the messages of one chunk; a message may be cut anywhere. */
function look(chunk: Buffer): void {
  let at = 0;
  while (at < chunk.length) {
    if (bodyLeft === 0) {
      if (headUsed === 0 && chunk.length - at >= HEAD_BYTES) {
        type = chunk[at]!;
        bodyLeft = chunk.readInt32BE(at + 1) - 4;
        at += HEAD_BYTES;
      } else {
        const taken = chunk.copy(head, headUsed, at, at + HEAD_BYTES - headUsed);
        headUsed += taken;
        at += taken;
        if (headUsed < HEAD_BYTES) return;
        headUsed = 0;
        type = head[0]!;
        bodyLeft = head.readInt32BE(1) - 4;
      }
      begin(chunk, at);
      if (bodyLeft > 0) continue;
    }
    const taken = Math.min(bodyLeft, chunk.length - at);
    bodyLeft -= taken;
    at += taken;
  }
}

function begin(chunk: Buffer, at: number): void {
  if (type === ROW || type === COPY_DATA) {
    if (report.rows++ === 0) report.first = chunk.toString('latin1', at, at + Math.min(bodyLeft, FIRST_BYTES_MAX));
    report.bytes += HEAD_BYTES + bodyLeft;
  } else if (type === ERROR) fail(new Error(`the server says ${chunk.toString('latin1', at, at + bodyLeft).replaceAll('\0', ' ')}`));
  else if (type === READY) done();
}

function done(): void {
  report.seconds = (performance.now() - began) / 1000;
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
}

function fail(error: Error): void {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

function simpleQuery(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`);
  const message = Buffer.alloc(HEAD_BYTES + text.length);
  message.write('Q');
  message.writeInt32BE(4 + text.length, 1);
  text.copy(message, HEAD_BYTES);
  return message;
}
