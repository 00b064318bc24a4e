/**
 * What is asked of a server's catalogue. Every name is qualified and search_path is empty, so that nothing a user created can
 * stand in for it, and view definitions come back with every name qualified. Works from PostgreSQL 10 on: columns that came
 * later are read through to_jsonb.
 */

/** Relations asked for at once; a name that stands for more is left unknown. */
export const RELATIONS_MAX = 2000;

export interface RelationRow {
  oid: number;
  schema: string;
  name: string;
  kind: string;
  /** attnum, name, type, generated */
  columns: [number, string, number, boolean][] | null;
  definition: string | null;
  /** a view of which materialized views were made, at whatever remove */
  kept: boolean;
}

const RELATION = `
select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind,
  (select pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.atttypid::pg_catalog.int8,
      coalesce(pg_catalog.to_jsonb(a) operator(pg_catalog.->>) 'attgenerated', '') operator(pg_catalog.<>) '') order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end as definition,
  c.relkind = 'v' and exists (
    with recursive made(oid) as (
        select r.ev_class from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
        where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          and d.refobjid = c.oid and r.ev_class <> c.oid
      union
        select r.ev_class from made join pg_catalog.pg_depend d on d.refobjid = made.oid join pg_catalog.pg_rewrite r on r.oid = d.objid
        where d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
    select from made join pg_catalog.pg_class m on m.oid = made.oid where m.relkind = 'm') as kept
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 't')`;

/** $1 OIDs */
export const RELATIONS_BY_OID = `${RELATION} and c.oid = any($1::pg_catalog.oid[])`;

/** $1 names, $2 their schemas, '' for any */
export const RELATIONS_BY_NAME = `${RELATION} and exists (
  select from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) as w(name, schema)
  where c.relname = w.name and (w.schema = '' or n.nspname = w.schema))
limit ${RELATIONS_MAX + 1}`;

export interface FamilyRow {
  root: number;
  schema: string;
  name: string;
}

/** Members of one family that are kept; a larger one matches by column name alone. */
export const FAMILY_MAX = 500;

/** Parents of parents and children of children of $1, a row for each. */
export const FAMILIES = `
with recursive up(root, oid) as (
    select i.inhrelid, i.inhparent from pg_catalog.pg_inherits i where i.inhrelid = any($1::pg_catalog.oid[])
    union select up.root, i.inhparent from up join pg_catalog.pg_inherits i on i.inhrelid = up.oid),
  down(root, oid) as (
    select i.inhparent, i.inhrelid from pg_catalog.pg_inherits i where i.inhparent = any($1::pg_catalog.oid[])
    union select down.root, i.inhrelid from down join pg_catalog.pg_inherits i on i.inhparent = down.oid),
  family as (select root, oid from up union select root, oid from down),
  counted as (select root, oid, pg_catalog.row_number() over (partition by root) as place from family)
select f.root, n.nspname as schema, c.relname as name
from counted f join pg_catalog.pg_class c on c.oid = f.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f') and f.place <= ${FAMILY_MAX + 1}`;

export interface DependencyRow {
  /** the view, or the table of a generated column */
  oid: number;
  /** 0 for a view: any of its columns */
  attribute: number;
  schema: string;
  name: string;
  /** null: any column */
  column: string | null;
}

/** Columns that the definitions of the views $1 use, and those that generated columns of the tables $1 are made of. */
export const DEPENDENCIES = `
with used(oid, attribute, base, base_attribute) as (
    select r.ev_class, 0, d.refobjid, d.refobjsubid
    from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
    where r.ev_class = any($1::pg_catalog.oid[]) and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
  union
    select ad.adrelid, ad.adnum, d.refobjid, d.refobjsubid
    from pg_catalog.pg_attrdef ad join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = ad.oid
    where ad.adrelid = any($1::pg_catalog.oid[]) and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      and d.refobjid = ad.adrelid and d.refobjsubid > 0 and d.refobjsubid <> ad.adnum
  union
    select d.objid, d.objsubid, d.refobjid, d.refobjsubid from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = any($1::pg_catalog.oid[]) and d.objsubid > 0
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = d.objid and d.refobjsubid > 0)
select u.oid, u.attribute, n.nspname as schema, c.relname as name, a.attname as column
from used u join pg_catalog.pg_class c on c.oid = u.base join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attribute a on a.attrelid = u.base and a.attnum = u.base_attribute and u.base_attribute <> 0
where c.relkind in ('r', 'p', 'v', 'm', 'f')`;

export interface TypeRow {
  oid: number;
  schema: string;
  name: string;
  kind: string;
  category: string;
  element: number;
  delimiter: string;
  base: number;
  attributes: [string, number][] | null;
}

/** $1 OIDs */
export const TYPES = `
select t.oid, n.nspname as schema, t.typname as name, t.typtype as kind, t.typcategory as category,
  case when t.typcategory = 'A' then t.typelem else 0::pg_catalog.oid end as element,
  coalesce(e.typdelim, ',') as delimiter,
  case t.typtype when 'd' then t.typbasetype
    when 'r' then (select r.rngsubtype from pg_catalog.pg_range r where r.rngtypid = t.oid)
    when 'm' then (select r.rngtypid from pg_catalog.pg_range r
      where (pg_catalog.to_jsonb(r) operator(pg_catalog.->>) 'rngmultitypid')::pg_catalog.oid = t.oid)
    else 0::pg_catalog.oid end as base,
  case when t.typtype = 'c' then (select pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, a.atttypid::pg_catalog.int8) order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end as attributes
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_type e on e.oid = t.typelem
where t.oid = any($1::pg_catalog.oid[])`;

export interface CoveredRow {
  schema: string;
  table: string;
  column: string;
}

/** Those of the patterns $1.$2.$3 (schemas, tables, columns; * for any) that some column falls under, system columns too. */
export const COVERED = `
select w.schema, w."table", w."column"
from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[]))
  as w(schema, "table", "column")
where exists (
  select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 't') and not a.attisdropped and (w."table" = '*' or c.relname = w."table")
    and (w.schema = '*' or n.nspname = w.schema) and (w."column" = '*' or a.attname = w."column"))`;

export interface FunctionRow {
  oid: number;
  schema: string;
  name: string;
  volatility: string;
}

/** $1 OIDs */
export const FUNCTIONS = `
select p.oid, n.nspname as schema, p.proname as name, p.provolatile as volatility
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.oid = any($1::pg_catalog.oid[])`;
