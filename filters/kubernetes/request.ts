import type { HttpFacts } from '../http/facts.js';
import { readJson } from '../http/json.js';
import { bodyFacts } from './body-facts.js';
import { type BodyFacts, type KubernetesFacts, noBody, type RequestInfo } from './facts.js';
import { optionFacts, patchOf } from './options.js';
import { written } from './patches.js';
import { readProtobuf } from './protobuf/decode.js';
import { readTarget, requestInfo } from './request-info.js';
import { scaledTo } from './scale.js';
import { readYaml } from './yaml.js';

/** What the headers of a request say: `path -> facts`. Its body is not read yet, so facts of it can't be had. */
export function headFacts(http: HttpFacts): KubernetesFacts {
  const target = readTarget(http.target);
  const { info, unparsed } = requestInfo(http.method, target);
  return {
    ...info,
    ...optionFacts(info, { ...http, query: target.query }, undefined),
    ...(hasObject(info) ? unreadable('the body was not read') : noBody),
    unparsed,
  };
}

const WRITES = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Its body is an object of the API. Of reads it is nothing to the API server, and of what connects it is for something behind it. */
export const hasObject = ({ verb, connects }: RequestInfo): boolean => WRITES.has(verb) && !connects;

/** The same with the body; `bytes` is all of it. */
export function wholeFacts(http: HttpFacts, bytes: Buffer): KubernetesFacts {
  const head = headFacts(http);
  const target = readTarget(http.target);
  const { facts, unparsed } = readBody(head, http.content_type, bytes);
  const query = head.verb === 'delete' || head.verb === 'deletecollection' ? deleteOptions(facts, target.query) : {};
  return {
    ...head,
    ...optionFacts(head, { ...http, query: target.query }, facts.object),
    ...facts,
    ...query,
    unparsed: head.unparsed || unparsed,
  };
}

/** A delete without a body has its options in the query. */
function deleteOptions({ object }: BodyFacts, query: Record<string, string[]>): Partial<BodyFacts> {
  if (object !== null) return {};
  const grace = query['gracePeriodSeconds']?.[0] ?? '';
  const orphans = query['orphanDependents']?.[0];
  return {
    propagation: query['propagationPolicy']?.[0] ?? (orphans !== undefined && orphans !== 'false' && orphans !== '0' ? 'Orphan' : ''),
    ...(/^\d{1,15}$/.test(grace) ? { grace_seconds: Number(grace) } : {}),
  };
}

interface Read {
  facts: BodyFacts;
  unparsed: string;
}

const unreadable = (why: string): BodyFacts => ({ ...noBody, object: undefined, unreadable: why });

/** Types of bodies that hold objects of the API (apimachinery's serializers). */
function readBody(info: RequestInfo, type: string, bytes: Buffer): Read {
  if (bytes.length === 0 || !hasObject(info)) return { facts: noBody, unparsed: '' };
  try {
    const body = readObject(type, bytes);
    const object = type === 'application/json-patch+json' ? written(body) : body;
    const facts = bodyFacts(object);
    const scales = info.subresource === 'scale' && (info.verb === 'update' || info.verb === 'patch');
    return { facts: scales ? { ...facts, replicas: scaledTo(patchOf(type), body, object) } : facts, unparsed: '' };
  } catch (error) {
    const why = (error as Error).message;
    return { facts: unreadable(why), unparsed: why };
  }
}

/** Throws Error, with a reason that holds nothing of the body. */
function readObject(type: string, bytes: Buffer): unknown {
  switch (type) {
    // Without a type the API server takes its first serializer, JSON, for what it decodes.
    case '':
    case 'application/json':
    case 'application/json-patch+json':
    case 'application/merge-patch+json':
    case 'application/strategic-merge-patch+json':
      return json(bytes);
    case 'application/apply-patch+yaml':
    case 'application/yaml':
      return readYaml(bytes);
    case 'application/vnd.kubernetes.protobuf':
      return readProtobuf(bytes);
    default:
      throw new Error(`a body of type ${/^[\w.+/-]{1,60}$/.test(type) ? type : 'unknown'} is not read`);
  }
}

function json(bytes: Buffer): unknown {
  try {
    return readJson(bytes);
  } catch (error) {
    throw new Error(`the body says that it is JSON, but ${(error as Error).message}`);
  }
}
