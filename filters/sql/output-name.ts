/** The name PostgreSQL gives an output column without AS (FigureColname in parse_target.c). */
import { type Body, bodyOf, itemsOf, listOf, stringOf, stringsOf, textOf, unwrap } from './node.js';

/** The name, or '?column?'. */
export function outputName(value: unknown): string {
  return figure(value).name || '?column?';
}

interface Figure {
  name: string;
  /** 2: certain, 1: only where nothing better comes from inside, 0: none */
  strength: 0 | 1 | 2;
}

const NONE: Figure = { name: '', strength: 0 };

const FIXED: Readonly<Record<string, string>> = {
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

const XML: Readonly<Record<string, string>> = {
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
  IS_XMLSERIALIZE: 'xmlserialize',
};

function sure(name: string): Figure {
  return name === '' ? NONE : { name, strength: 2 };
}

function figure(value: unknown): Figure {
  const node = unwrap(value);
  if (node === undefined) return NONE;
  const [type, body] = node;
  const fixed = FIXED[type];
  if (fixed !== undefined) return sure(fixed);
  switch (type) {
    case 'ColumnRef':
      return sure(lastString(body.fields));
    case 'A_Indirection': {
      const name = lastString(body.indirection);
      return name === '' ? figure(body.arg) : sure(name);
    }
    case 'FuncCall':
      return sure(stringsOf(body.funcname).pop() ?? '');
    case 'A_Expr':
      return body.kind === 'AEXPR_NULLIF' ? sure('nullif') : NONE;
    case 'TypeCast':
      return weak(figure(body.arg), stringsOf((body.typeName as Body | undefined)?.names).pop() ?? '');
    case 'CollateClause':
      return figure(body.arg);
    case 'CaseExpr':
      return weak(figure(body.defresult), 'case');
    case 'MinMaxExpr':
      return sure(body.op === 'IS_LEAST' ? 'least' : 'greatest');
    case 'SQLValueFunction':
      return sure(valueFunctionName(textOf(body.op)));
    case 'XmlExpr':
      return sure(XML[textOf(body.op)] ?? '');
    case 'JsonFuncExpr':
      return sure(textOf(body.op).replace(/_OP$/, '').toLowerCase());
    case 'SubLink':
      return subLinkName(body);
    default:
      return NONE;
  }
}

function weak(inner: Figure, name: string): Figure {
  return inner.strength > 1 || name === '' ? inner : { name, strength: 1 };
}

/** The last field that is a name; a trailing star gives none. */
function lastString(list: unknown): string {
  let name = '';
  for (const item of listOf(list)) name = stringOf(item) ?? name;
  return name;
}

function valueFunctionName(op: string): string {
  return op
    .replace(/^SVFOP_/, '')
    .replace(/_N$/, '')
    .toLowerCase();
}

function subLinkName(body: Body): Figure {
  if (body.subLinkType === 'EXISTS_SUBLINK') return sure('exists');
  if (body.subLinkType === 'ARRAY_SUBLINK') return sure('array');
  if (body.subLinkType !== 'EXPR_SUBLINK') return NONE;
  let select = bodyOf(body.subselect, 'SelectStmt');
  // PostgreSQL looks at the analysed query's first column; for set operations that is the leftmost arm's.
  while (select?.larg !== undefined) select = select.larg as Body;
  if (select === undefined) return NONE;
  if (select.valuesLists !== undefined) return itemsOf(listOf(select.valuesLists)[0]).length > 0 ? sure('column1') : NONE;
  const target = bodyOf(listOf(select.targetList)[0], 'ResTarget');
  if (target === undefined) return NONE;
  return sure(textOf(target.name) || outputName(target.val));
}
